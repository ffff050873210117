"""Ethograms of many recordings beneath each other, along one axis of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from behavior.figures.rendering import INK, MUTED, PlainFigure, get_color
from behavior.figures.timeline import style_time
from behavior.frame_times import find_gaps, frame_durations, frame_edges, frame_stops
from behavior.recording import find_bouts
from behavior.statistics.time_bins import measure_in_bins

__all__ = ["RasterRow", "draw_ethogram_raster", "fill_pages"]

# Heights in inches.
_LANE = 0.085
_GAP = 0.05
_BETWEEN = 0.16
_MARGINS = 1.15
_WIDTH = 7.2
# What a page of A4 or US letter has room for, beside a caption.
_PAGE = 9.5
# More columns than a printer resolves on this width tell nothing more.
_IMAGE_COLUMNS = 2000


@dataclass(frozen=True)
class RasterRow:
    """One recording of a raster.

    Attributes
    ----------
    name, group
        What stands beside it; the group may be empty.
    time_s
        Times of the frames in seconds, shape (T,).
    decided
        Shape (T, B).
    probabilities
        Shape (T, B), in [0, 1]; None where there are none.
    labels
        1, 0 or -1 for frames that nobody labelled, shape (T, B), by rater; the only rater may be called "".
    first_frame
        Number of its first frame in the recording, of which the T are a part where it is not 0.
    """

    name: str
    time_s: npt.NDArray[np.float64]
    decided: npt.NDArray[np.bool_]
    probabilities: npt.NDArray[np.floating] | None = None
    labels: Mapping[str, npt.NDArray[np.int8]] = field(default_factory=dict)
    group: str = ""
    first_frame: int = 0


def fill_pages(rows: Sequence[RasterRow], n_behaviors: int) -> list[list[RasterRow]]:
    """Return the rows of each page that is needed to show them all, in their order, at least one on each."""
    pages: list[list[RasterRow]] = []
    room = 0.0
    for row in rows:
        height = _measure_row(row, n_behaviors) + _BETWEEN
        if not pages or height > room:
            pages.append([])
            room = _PAGE - _MARGINS
        pages[-1].append(row)
        room -= height
    return pages


def draw_ethogram_raster(rows: Sequence[RasterRow], behaviors: Sequence[str], *, title: str = "") -> Figure:
    """Draw what was decided in each recording, the probabilities beneath it, and what people saw above it.

    Parameters
    ----------
    rows
        Recordings, from top to bottom; where the group changes there is a line.
    behaviors
        B names; each has a colour, and a lane of its own in every strip, so that overlapping behaviors show.
    title
        Shown above.

    Raises
    ------
    ValueError
        If there is no recording or no behavior, or a shape does not match.
    """
    if not rows or not behaviors:
        raise ValueError(f"there are {len(rows)} recordings of {len(behaviors)} behaviors, expected at least one of each")
    for row in rows:
        expected = (len(row.time_s), len(behaviors))
        arrays = {"decided": row.decided, "probabilities": row.probabilities, **row.labels}
        for name, array in arrays.items():
            if array is not None and array.shape != expected:
                raise ValueError(f"{name!r} of {row.name!r} have shape {array.shape}, expected {expected}")

    strip = _LANE * len(behaviors)
    colors = [get_color(index) for index in range(len(behaviors))]
    heights = [_measure_row(row, len(behaviors)) for row in rows]
    total = sum(heights) + _BETWEEN * (len(rows) - 1)
    figure = PlainFigure(figsize=(_WIDTH, total + _MARGINS + (0.25 if title else 0.0)), layout="constrained")
    axes = figure.subplots()
    top, last_s, first_s = 0.0, 0.0, 0.0
    centers = []
    for index, (row, height) in enumerate(zip(rows, heights, strict=True)):
        if index and row.group != rows[index - 1].group:
            axes.axhline(-top + _BETWEEN / 2, color=MUTED, linewidth=0.8)
        edges = frame_edges(row.time_s, fps=1.0)
        first_s, last_s = min(first_s, float(edges[0])), max(last_s, float(edges[-1]))
        for number, (name, kind) in enumerate(_list_strips(row)):
            upper = -top - number * (strip + _GAP)
            _draw_strip(axes, row, edges, kind, upper, strip, colors)
            axes.annotate(
                name, (1.0, upper - strip / 2), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points", va="center",
                fontsize=7, color=INK,
            )  # fmt: skip
        centers.append(-top - (height - _GAP) / 2)
        top += height + _BETWEEN
    axes.set_xlim(first_s, last_s)
    axes.set_ylim(-total + _GAP - 0.04, 0.04)
    axes.set_yticks(centers, [f"{row.name}\n{row.group}" if row.group else row.name for row in rows], fontsize=8)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    style_time(axes, last_s - first_s)
    handles = [Patch(facecolor=color, label=name) for name, color in zip(behaviors, colors, strict=True)]
    if any((labels == -1).any() for row in rows for labels in row.labels.values()):
        handles.append(Patch(facecolor="white", edgecolor=MUTED, hatch="//////", linewidth=0, label="not labelled by anyone"))
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 4), frameon=False, fontsize=8, handlelength=1.2)
    if title:
        figure.suptitle(title, fontsize=10, color=INK)
    return figure


def _measure_row(row: RasterRow, n_behaviors: int) -> float:
    return len(_list_strips(row)) * (_LANE * n_behaviors + _GAP)


def _list_strips(row: RasterRow) -> list[tuple[str, str]]:
    """Return the words beside each strip of a recording, and what it shows: a rater, or one of two words that no rater can have."""
    people = [(rater or "people", f"rater {rater}") for rater in row.labels]
    return [*people, ("decided", "decided"), *([] if row.probabilities is None else [("probability", "probability")])]


def _draw_strip(
    axes: Axes, row: RasterRow, edges: npt.NDArray[np.float64], kind: str, upper: float, height: float, colors: Sequence[str]
) -> None:
    lane = height / len(colors)
    axes.broken_barh([(edges[0], edges[-1] - edges[0])], (upper - height, height), facecolor="#F1F1F1", linewidth=0)
    if kind == "probability":
        assert row.probabilities is not None
        image = _paint_probabilities(row.probabilities, edges, colors)
        extent = (float(edges[0]), float(edges[-1]), upper - height, upper)
        axes.imshow(image, extent=extent, aspect="auto", interpolation="nearest", origin="upper", zorder=2)
        return
    labels = None if kind == "decided" else row.labels[kind.removeprefix("rater ")]
    shown = row.decided if labels is None else labels == 1
    for column, color in enumerate(colors):
        span = (upper - (column + 1) * lane, lane)
        _draw_bouts(axes, edges, shown[:, column], span, facecolor=color, edgecolor=color, linewidth=0.25)
        if labels is not None:
            _draw_bouts(axes, edges, labels[:, column] == -1, span, facecolor="white", edgecolor=MUTED, hatch="//////", linewidth=0)


def _draw_bouts(
    axes: Axes, edges: npt.NDArray[np.float64], values: npt.NDArray[np.bool_], lane: tuple[float, float], **style: object
) -> None:
    bouts, stops = find_bouts(values, find_gaps(edges)), frame_stops(edges)
    if len(bouts):
        axes.broken_barh(_join_close(edges[bouts[:, 0]], stops[bouts[:, 1] - 1], float(edges[-1] - edges[0])), lane, zorder=2, **style)


def _join_close(starts: npt.NDArray[np.float64], stops: npt.NDArray[np.float64], duration_s: float) -> list[tuple[float, float]]:
    """Return start and length of each bout; of more than a printer resolves, those with less between them than it resolves are one."""
    if len(starts) > _IMAGE_COLUMNS:
        is_apart = starts[1:] - stops[:-1] > duration_s / _IMAGE_COLUMNS
        starts, stops = starts[np.append(True, is_apart)], stops[np.append(is_apart, True)]
    return list(zip(starts.tolist(), (stops - starts).tolist(), strict=True))


def _paint_probabilities(
    probabilities: npt.NDArray[np.floating], edges: npt.NDArray[np.float64], colors: Sequence[str]
) -> npt.NDArray[np.float64]:
    """Return RGB (B, C, 3): white where a behavior is impossible, its colour where it is certain; columns of equal time."""
    n_columns = min(len(probabilities), _IMAGE_COLUMNS)
    times = np.linspace(edges[0], edges[-1], n_columns + 1)
    durations = frame_durations(edges)
    image = np.ones((len(colors), n_columns, 3))
    width = max(float(times[1] - times[0]), 1e-12)
    for column, color in enumerate(colors):
        mean = measure_in_bins(np.nan_to_num(probabilities[:, column]) * durations, edges, times) / width
        image[column] = 1 - np.clip(mean, 0, 1)[:, None] * (1 - np.array(to_rgb(color)))
    return image
