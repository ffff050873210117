"""One recording's ethogram along time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from behavior.figures.rendering import INK, MUTED, NotebookFigure, get_color
from behavior.figures.timeline import style_time
from behavior.frame_times import find_gaps, frame_edges, frame_stops
from behavior.recording import find_bouts

__all__ = ["draw_ethogram"]

# Heights in units of the probability axis: probabilities run from 0 to 1, bars lie above them.
_DECIDED = (1.12, 0.22)
_LABELLED = (1.42, 0.22)


def draw_ethogram(
    time_s: npt.NDArray[np.float64],
    probabilities: npt.NDArray[np.floating],
    ethogram: npt.NDArray[np.bool_],
    behaviors: Sequence[str],
    *,
    labels: npt.NDArray[np.int8] | None = None,
    title: str = "",
) -> Figure:
    """Draw what was decided in one recording, the probabilities beneath it, and what people saw above it.

    Parameters
    ----------
    time_s
        Times of the frames in seconds, shape (T,), increasing; T is at least 1.
    probabilities
        Shape (T, B), in [0, 1]; NaN is left out of the curve.
    ethogram
        Shape (T, B).
    behaviors
        B names, from top to bottom.
    labels
        1, 0, or -1 for frames that nobody labelled, which are hatched; shape (T, B). None where there are no labels.
    title
        Usually the recording's id.

    Raises
    ------
    ValueError
        If a shape does not match, or there is no frame or no behavior.
    """
    expected = (len(time_s), len(behaviors))
    for name, array in (("probabilities", probabilities), ("ethogram", ethogram), ("labels", labels)):
        if array is not None and array.shape != expected:
            raise ValueError(f"{name} have shape {array.shape}, expected {expected}")
    if 0 in expected:
        raise ValueError(f"there are {expected[0]} frames of {expected[1]} behaviors, expected at least one of each")

    # A lone frame has no interval to take its length from.
    edges = frame_edges(time_s, fps=1.0)
    figure = NotebookFigure(figsize=(12, 1.0 + 1.35 * len(behaviors)), layout="constrained")
    rows = figure.subplots(len(behaviors), 1, sharex=True, squeeze=False)[:, 0]
    for index, (axes, behavior) in enumerate(zip(rows, behaviors, strict=True)):
        color = get_color(index)
        axes.set_title(behavior, loc="left", fontsize=10, fontweight="bold", color=INK, pad=3)
        _draw_curve(axes, edges, probabilities[:, index], color)
        _draw_bar(axes, edges, ethogram[:, index], _DECIDED, color)
        if labels is not None:
            _draw_bar(axes, edges, labels[:, index] == 1, _LABELLED, INK)
            _draw_bar(axes, edges, labels[:, index] == -1, _LABELLED, None)
        _style_row(axes, has_labels=labels is not None)
    rows[-1].set_xlim(edges[0], edges[-1])
    style_time(rows[-1], float(edges[-1] - edges[0]), n_ticks=12)
    if title:
        figure.suptitle(title, fontsize=11, color=INK)
    if labels is not None and np.any(labels == -1):
        nobody = Patch(facecolor="white", edgecolor=MUTED, hatch="////", linewidth=0, label="not labelled by anyone")
        figure.legend(handles=[nobody], loc="outside upper right", frameon=False, fontsize=8)
    return figure


def _draw_curve(axes: Axes, edges: npt.NDArray[np.float64], probabilities: npt.NDArray[np.floating], color: str) -> None:
    # A step to each edge, with the last probability held over the last frame; `Axes.stairs` would take seconds for this.
    gaps, stops = np.flatnonzero(find_gaps(edges)), frame_stops(edges)
    held = np.insert(np.append(probabilities, probabilities[-1]).astype(np.float64), gaps + 1, np.nan)
    edges = np.insert(edges, gaps + 1, stops[gaps])
    axes.fill_between(edges, held, step="post", color=color, alpha=0.25, linewidth=0)
    # Thousands of frames at the width that suits hundreds would be one solid block.
    axes.plot(edges, held, drawstyle="steps-post", color=color, linewidth=0.8 if len(probabilities) < 3000 else 0.35)


def _draw_bar(
    axes: Axes, edges: npt.NDArray[np.float64], values: npt.NDArray[np.bool_], lane: tuple[float, float], color: str | None
) -> None:
    stops = frame_stops(edges)
    spans = [(edges[start], stops[stop - 1] - edges[start]) for start, stop in find_bouts(values, find_gaps(edges)).tolist()]
    if color is None:
        axes.broken_barh(spans, lane, facecolor="white", edgecolor=MUTED, hatch="////", linewidth=0)
    else:
        # The edge keeps bouts of a few frames visible in recordings of many minutes.
        axes.broken_barh(spans, lane, facecolor=color, edgecolor=color, linewidth=0.4)


def _style_row(axes: Axes, *, has_labels: bool) -> None:
    lanes = [("decided", _DECIDED)] + ([("people", _LABELLED)] if has_labels else [])
    top = max(bottom + height for _, (bottom, height) in lanes)
    for _, (bottom, height) in lanes:
        axes.axhspan(bottom, bottom + height, facecolor="#F2F2F2", linewidth=0, zorder=0)
    axes.set_ylim(-0.03, top + 0.05)
    axes.set_yticks([0.0, 0.5, 1.0, *(bottom + height / 2 for _, (bottom, height) in lanes)])
    axes.set_yticklabels(["0", "0.5", "1", *(name for name, _ in lanes)], fontsize=8)
    axes.axhline(0.5, color=MUTED, linewidth=0.5, linestyle=":", zorder=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="both", length=2, labelsize=8)
