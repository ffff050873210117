"""Where the animal went, and what it did there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon as PolygonPatch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from behavior.figures.rendering import INK, MUTED, PlainFigure, get_color

__all__ = ["FloorPlan", "draw_trajectory"]

# In inches, each column of panels and what is around a panel. Margins that are known beforehand are worth having: to find them out takes as
# long as to draw, and a study has a picture of each recording.
_COLUMN = 2.35
_LEFT, _BESIDE, _TOP, _ABOVE, _BELOW, _LABELS, _LEGEND_ROW = 0.3, 0.1, 0.2, 0.28, 0.06, 0.34, 0.165
_BAR_GAP, _BAR_WIDTH, _BAR_LABELS = 0.08, 0.075, 0.05
# Of a digit in letters of ticks.
_DIGIT = 0.062
_MOST_LEGEND_COLUMNS = 4
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

    maps = [("time", known, INK), *((name, known & ethogram[:, column], get_color(column)) for column, name in enumerate(behaviors))]
    bins = _space_bins(outline if len(outline) else scaled[known], low, high, n_bins)
    seconds = [np.histogramdd(scaled[chosen], bins=bins, weights=np.asarray(durations_s)[chosen])[0] for _, chosen, _ in maps]
    bar_ticks = [_choose_bar_ticks(float(amounts.max())) for amounts in seconds]
    n_digits = max(len(label) for ticks in bar_ticks for label in ticks.values())
    grid = _Grid(1 + len(maps), low, high, n_bar_digits=n_digits, n_legend_entries=1 + len(behaviors), has_title=bool(title))
    figure = PlainFigure(figsize=grid.size)
    panels = [figure.add_axes(grid.place_panel(index)) for index in range(grid.n_panels)]
    _draw_way(panels[0], scaled, ethogram)
    _draw_zone_names(panels[0], zones)
    _name_panel(panels[0], "track")
    for index, (name, chosen, color) in enumerate(maps):
        mesh = _draw_map(panels[1 + index], seconds[index], bins, color)
        _draw_bar(figure.add_axes(grid.place_bar(1 + index)), mesh, bar_ticks[index])
        _name_panel(panels[1 + index], f"{name} ({float(np.asarray(durations_s)[chosen].sum()):.3g} s)")
    unit = "px" if floor.pixels_per_cm is None else "cm"
    for index, axes in enumerate(panels):
        _draw_outlines(axes, outline, zones)
        _style_panel(axes, low, high, unit, is_lowest=grid.is_lowest(index), is_leftmost=grid.is_leftmost(index))
    handles = [Line2D([], [], color=get_color(column), linewidth=2, label=name) for column, name in enumerate(behaviors)]
    handles.append(Line2D([], [], color=_ASIDE, linewidth=2, label="none of these"))
    n_columns = min(len(handles), _MOST_LEGEND_COLUMNS)
    figure.legend(handles=handles, loc="lower center", ncols=n_columns, frameon=False, fontsize=8, borderpad=0.2, borderaxespad=0.2)
    if title:
        figure.suptitle(title, y=1 - 0.04 / grid.size[1], fontsize=10, color=INK)
    return figure


class _Grid:
    """Where panels that are as wide and high as the floor are, row by row, with a bar of colours beside all but the first."""

    def __init__(self, n_panels: int, low: Point, high: Point, *, n_bar_digits: int, n_legend_entries: int, has_title: bool) -> None:
        self.n_panels = n_panels
        self._n_columns = 2 if n_panels == 4 else min(3, n_panels)
        self._n_rows = -(-n_panels // self._n_columns)
        self._left = _LEFT + _DIGIT * _count_digits(low[1], high[1])
        beside_bar = _BAR_GAP + _BAR_WIDTH + _BAR_LABELS + _DIGIT * n_bar_digits
        # The way has no bar, but maps are beneath it where there are several rows.
        self._beside = [_BESIDE + (beside_bar if column or self._n_rows > 1 else 0.0) for column in range(self._n_columns)]
        width = _COLUMN * self._n_columns
        self._width = (width - self._left - sum(self._beside) + _BESIDE - 0.04) / self._n_columns
        self._height = self._width * float(np.clip((high - low)[1] / (high - low)[0], 0.4, 2.0))
        # Where the last row is not full, the axis of the panel above its end has its labels between rows.
        self._between = _ABOVE + (_BELOW if n_panels % self._n_columns == 0 else _LABELS)
        self._bottom = _LABELS + 0.1 + _LEGEND_ROW * -(-n_legend_entries // _MOST_LEGEND_COLUMNS)
        top = _ABOVE + (_TOP if has_title else 0.0)
        self.size = (width, self._bottom + self._n_rows * self._height + (self._n_rows - 1) * self._between + top)

    def is_lowest(self, index: int) -> bool:
        """Return whether no panel is beneath number `index`."""
        return index + self._n_columns >= self.n_panels

    def is_leftmost(self, index: int) -> bool:
        """Return whether panel number `index` is the first of its row."""
        return index % self._n_columns == 0

    def place_panel(self, index: int) -> tuple[float, float, float, float]:
        """Return left, bottom, width and height of panel number `index`, as shares of the figure."""
        row, column = divmod(index, self._n_columns)
        left = self._left + column * self._width + sum(self._beside[:column])
        return self._as_shares(left, self._find_bottom(row), self._width, self._height)

    def place_bar(self, index: int) -> tuple[float, float, float, float]:
        """Return the same of the bar beside panel number `index`."""
        row, column = divmod(index, self._n_columns)
        left = self._left + (column + 1) * self._width + sum(self._beside[:column]) + _BAR_GAP
        return self._as_shares(left, self._find_bottom(row), _BAR_WIDTH, self._height - 0.08)

    def _find_bottom(self, row: int) -> float:
        return self._bottom + (self._n_rows - 1 - row) * (self._height + self._between)

    def _as_shares(self, left: float, bottom: float, width: float, height: float) -> tuple[float, float, float, float]:
        return left / self.size[0], bottom / self.size[1], width / self.size[0], height / self.size[1]


def _count_digits(low: float, high: float) -> int:
    """Return how many characters the longest label of an axis has, about."""
    ticks = MaxNLocator(nbins=9, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return max(len(f"{tick:.6g}") for tick in ticks)


def _choose_bar_ticks(most_s: float) -> dict[float, str]:
    """Return places on a bar, which are square roots of seconds, and the seconds there."""
    values = [0.0, most_s / 4, most_s] if most_s > 0 else [0.0]
    return {float(np.sqrt(value)): f"{value:.2g}" for value in values}


def _name_panel(axes: Axes, name: str) -> None:
    # At a place that is said: to find it out takes a while.
    axes.set_title(name, loc="left", fontsize=9, fontweight="bold", color=INK, pad=3, y=1.0)


def _draw_map(axes: Axes, seconds: npt.NDArray[np.float64], bins: Sequence[npt.NDArray[np.float64]], color: str) -> QuadMesh:
    """Draw the seconds spent in each bin, (X, Y)."""
    ramp = LinearSegmentedColormap.from_list("", ["#FFFFFF", color])
    # A few places where the animal sleeps would leave all others white.
    amounts = np.sqrt(seconds.T)
    return axes.pcolormesh(*bins, amounts, cmap=ramp, rasterized=True, vmin=0, vmax=max(float(amounts.max()), 1e-9))


def _draw_bar(axes: Axes, mesh: QuadMesh, ticks: Mapping[float, str]) -> None:
    """Draw what the colours of a map mean."""
    assert isinstance(axes.figure, Figure)
    bar = axes.figure.colorbar(mesh, cax=axes)
    bar.set_ticks(list(ticks), labels=list(ticks.values()))
    axes.tick_params(labelsize=7, length=2)
    axes.set_title("s", fontsize=7, pad=2, y=1.0)
    bar.outline.set_linewidth(0.5)


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
