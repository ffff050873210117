"""Where the animal went, and what it did there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon as PolygonPatch
from matplotlib.patheffects import withStroke

from behavior.figures.rendering import INK, MUTED, PlainFigure, get_color

__all__ = ["FloorPlan", "draw_trajectory"]

_PANEL = 2.35
# A line for each is drawn; more fill memory.
_MOST_STEPS = 150_000
_ASIDE = "#BDBDBD"
Outline = Sequence[tuple[float, float]]
# x and y.
Point = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FloorPlan:
    """Where the animal could go.

    Attributes
    ----------
    corners
        Corners of the arena in pixels; none where empty.
    zones
        Corners of further zones, by name.
    pixels_per_cm
        Axes are in pixels where None.
    """

    corners: Outline = ()
    zones: Mapping[str, Outline] = field(default_factory=dict)
    pixels_per_cm: float | None = None


def draw_trajectory(
    positions: npt.NDArray[np.float64],
    durations_s: npt.NDArray[np.floating],
    ethogram: npt.NDArray[np.bool_],
    behaviors: Sequence[str],
    *,
    floor: FloorPlan | None = None,
    n_bins: int = 24,
    title: str = "",
) -> Figure:
    """Draw the way of one animal coloured by behavior, and maps of the time that it spent, in all and with each behavior.

    Parameters
    ----------
    positions
        Pixels, shape (T, 2) as x, y with y downwards, as in the video; NaN if unknown.
    durations_s
        How long each frame lasts in seconds, shape (T,).
    ethogram
        Shape (T, B).
    behaviors
        B names.
    floor
        Outlines that are drawn, and the scale; none, and pixels, where None.
    n_bins
        Of the maps, along the longer side.
    title
        Shown above.

    Returns
    -------
    A figure. The colours of maps go with the square root of seconds, so that places that the animal only passed show beside those that it
    slept in.

    Raises
    ------
    ValueError
        If a shape does not match, or no frame has a position.
    """
    if ethogram.shape != (len(positions), len(behaviors)) or durations_s.shape != (len(positions),):
        raise ValueError(
            f"ethogram and durations_s have shapes {ethogram.shape} and {durations_s.shape}, expected {(len(positions), len(behaviors))} "
            f"and {(len(positions),)}"
        )
    floor = floor or FloorPlan()
    scale = 1 / (floor.pixels_per_cm or 1.0)
    scaled = positions * scale
    known = np.isfinite(scaled).all(axis=1)
    if not known.any():
        raise ValueError("no frame has a position, expected at least one")
    outline = np.array(floor.corners, dtype=np.float64).reshape(-1, 2) * scale
    zones = {name: np.array(corners, dtype=np.float64) * scale for name, corners in floor.zones.items()}
    low, high = _find_limits(np.concatenate([scaled[known], outline, *zones.values()]))

    n_panels = 2 + len(behaviors)
    n_columns = 2 if n_panels == 4 else min(3, n_panels)
    figure, panels = _arrange_panels(n_panels, n_columns, low, high, has_title=bool(title))
    _draw_way(panels[0], scaled, ethogram)
    _draw_zone_names(panels[0], zones)
    panels[0].set_title("track", loc="left", fontsize=9, fontweight="bold", color=INK, pad=3)
    maps = [("time", known, INK), *((name, known & ethogram[:, column], get_color(column)) for column, name in enumerate(behaviors))]
    bins = _space_bins(outline if len(outline) else scaled[known], low, high, n_bins)
    for axes, (name, chosen, color) in zip(panels[1:], maps, strict=False):
        _draw_map(figure, axes, scaled[chosen], np.asarray(durations_s)[chosen], bins, name=name, color=color)
    unit = "px" if floor.pixels_per_cm is None else "cm"
    for index, axes in enumerate(panels):
        if index >= n_panels:
            axes.set_visible(False)
            continue
        _draw_outlines(axes, outline, zones)
        _style_panel(axes, low, high, unit, is_lowest=index + n_columns >= n_panels, is_leftmost=index % n_columns == 0)
    handles = [Line2D([], [], color=get_color(column), linewidth=2, label=name) for column, name in enumerate(behaviors)]
    handles.append(Line2D([], [], color=_ASIDE, linewidth=2, label="none of these"))
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 4), frameon=False, fontsize=8)
    if title:
        figure.suptitle(title, fontsize=10, color=INK)
    return figure


def _arrange_panels(n_panels: int, n_columns: int, low: Point, high: Point, *, has_title: bool) -> tuple[Figure, list[Axes]]:
    """Return a figure whose panels are as wide and high as the floor, row by row; the last ones may be too many."""
    n_rows = -(-n_panels // n_columns)
    ratio = float(np.clip((high - low)[1] / (high - low)[0], 0.4, 2.0))
    size = (_PANEL * n_columns, (0.73 * _PANEL * ratio + 0.3) * n_rows + (1.0 if has_title else 0.75))
    figure = PlainFigure(figsize=size, layout="constrained")
    return figure, list(figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False).flat)


def _draw_map(
    figure: Figure,
    axes: Axes,
    positions: npt.NDArray[np.float64],
    durations_s: npt.NDArray[np.floating],
    bins: Sequence[npt.NDArray[np.float64]],
    *,
    name: str,
    color: str,
) -> None:
    """Draw the time spent at `positions`, which takes `durations_s`."""
    seconds, (x_edges, y_edges) = np.histogramdd(positions, bins=bins, weights=durations_s)
    ramp = LinearSegmentedColormap.from_list(name, ["#FFFFFF", color])
    # A few places where the animal sleeps would leave all others white.
    mesh = axes.pcolormesh(x_edges, y_edges, np.sqrt(seconds.T), cmap=ramp, rasterized=True, vmin=0)
    mesh.set_clim(0, max(float(np.sqrt(seconds).max()), 1e-9))
    bar = figure.colorbar(mesh, ax=axes, fraction=0.05, pad=0.02, aspect=18)
    top = float(seconds.max())
    ticks = [0.0, top / 4, top] if top > 0 else [0.0]
    bar.set_ticks(np.sqrt(ticks), labels=[f"{value:.2g}" for value in ticks])
    bar.ax.tick_params(labelsize=7, length=2)
    bar.ax.set_title("s", fontsize=7, pad=2)
    bar.outline.set_linewidth(0.5)
    axes.set_title(f"{name} ({float(durations_s.sum()):.3g} s)", loc="left", fontsize=9, fontweight="bold", color=INK, pad=3)


def _draw_outlines(axes: Axes, outline: npt.NDArray[np.float64], zones: Mapping[str, npt.NDArray[np.float64]]) -> None:
    for corners in ([outline] if len(outline) else []) + list(zones.values()):
        axes.add_patch(
            PolygonPatch(corners, closed=True, fill=False, edgecolor=INK if corners is outline else MUTED, linewidth=0.8, zorder=5)
        )


def _style_panel(axes: Axes, low: Point, high: Point, unit: str, *, is_lowest: bool, is_leftmost: bool) -> None:
    axes.set_aspect("equal")
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(high[1], low[1])
    axes.tick_params(length=2, labelsize=7)
    axes.tick_params(labelbottom=is_lowest, labelleft=is_leftmost)
    axes.spines[["top", "right"]].set_visible(False)
    if is_lowest:
        axes.set_xlabel(f"x ({unit})", fontsize=8, labelpad=2)
    if is_leftmost:
        axes.set_ylabel(f"y ({unit})", fontsize=8, labelpad=2)


def _find_limits(points: npt.NDArray[np.float64]) -> tuple[Point, Point]:
    low, high = points.min(axis=0), points.max(axis=0)
    border = np.maximum(0.03 * (high - low).max(), 1e-6)
    return low - border, high + border


def _space_bins(
    inner: npt.NDArray[np.float64], low: npt.NDArray[np.float64], high: npt.NDArray[np.float64], n_bins: int
) -> list[npt.NDArray[np.float64]]:
    """Return the edges of square bins along x and y, in line with the left and upper ends of `inner` (N, 2), from `low` to `high`."""
    start, stop = inner.min(axis=0), inner.max(axis=0)
    width = max(float((stop - start).max()), 1e-6) / n_bins
    return [
        start[axis] + width * np.arange(np.floor((low[axis] - start[axis]) / width), np.ceil((high[axis] - start[axis]) / width) + 1)
        for axis in range(2)
    ]


def _draw_way(axes: Axes, positions: npt.NDArray[np.float64], ethogram: npt.NDArray[np.bool_]) -> None:
    # Of hours, every so many frames; a behavior that is shown in any of them is shown.
    starts = np.arange(0, len(positions), -(-len(positions) // _MOST_STEPS))
    positions, ethogram = positions[starts], np.logical_or.reduceat(ethogram, starts, axis=0)
    steps = np.stack((positions[:-1], positions[1:]), axis=1)
    known = np.isfinite(steps).all(axis=(1, 2))
    idle = known & ~ethogram[:-1].any(axis=1)
    # In the vector file as pixels: a recording has tens of thousands of steps.
    axes.add_collection(LineCollection(list(steps[idle]), colors=_ASIDE, linewidths=0.4, rasterized=True, zorder=2))
    # What is shown most goes beneath.
    for column in np.argsort(-ethogram.sum(axis=0), kind="stable").tolist():
        chosen = known & ethogram[:-1, column]
        axes.add_collection(
            LineCollection(list(steps[chosen]), colors=get_color(column), linewidths=1.2, capstyle="round", rasterized=True, zorder=3)
        )


def _draw_zone_names(axes: Axes, zones: Mapping[str, npt.NDArray[np.float64]]) -> None:
    for name, corners in zones.items():
        text = axes.text(*corners.mean(axis=0), name, ha="center", va="center", fontsize=7, color=INK, zorder=6)
        text.set_path_effects([withStroke(linewidth=2, foreground="white")])
