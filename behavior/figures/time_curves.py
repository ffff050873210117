"""Behavior along time, averaged over the animals of each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from behavior.figures.rendering import COLORS, INK, LINE_STYLES, PlainFigure, style_axes
from behavior.figures.timeline import style_time

__all__ = ["draw_time_curves"]

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_PANEL = (2.4, 2.0)
GROUND = "#E4E8EE"
# Of more bins, points would hide the lines.
_MOST_POINTS = 60


def draw_time_curves(
    values: Mapping[str, npt.NDArray[np.floating]],
    behaviors: Sequence[str],
    bin_edges_s: npt.NDArray[np.floating],
    *,
    ylabel: str,
    scale: float = 1.0,
    shaded: Sequence[tuple[float, float]] = (),
    title: str = "",
) -> Figure:
    """Draw the mean over animals in each time bin, and its standard error as a band, a panel for each behavior.

    Parameters
    ----------
    values
        By group, shape (A, B, K): animals, behaviors, bins; NaN where an animal has no value.
    behaviors
        B names.
    bin_edges_s
        When the K bins start, and the last one ends, in seconds, shape (K + 1,).
    ylabel
        Beside the panels.
    scale
        What values are multiplied with, such as 100 for percent.
    shaded
        Start and stop of stretches with a grey ground, in seconds, such as hours in the dark.
    title
        Shown above.

    Returns
    -------
    A figure; a point stands in the middle of its bin, and lines alone are drawn where bins are many. A bin with one animal has no band.

    Raises
    ------
    ValueError
        If there is no group, no behavior or no bin, or a shape does not match.
    """
    n_bins = len(bin_edges_s) - 1
    if not values or not behaviors or n_bins < 1:
        raise ValueError(f"there are {len(values)} groups, {len(behaviors)} behaviors and {max(n_bins, 0)} bins, expected some of each")
    for group, array in values.items():
        if array.ndim != 3 or array.shape[1:] != (len(behaviors), n_bins):
            raise ValueError(f"values of {group!r} have shape {array.shape}, expected (A, {len(behaviors)}, {n_bins})")
    n_columns = min(3, len(behaviors))
    n_rows = -(-len(behaviors) // n_columns)
    figure = PlainFigure(figsize=(_PANEL[0] * n_columns + 0.4, _PANEL[1] * n_rows + 0.7 + (0.25 if title else 0)), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, sharex=True, squeeze=False)
    handles: list[Line2D] = []
    for index, axes in enumerate(panels.flat):
        if index >= len(behaviors):
            axes.set_visible(False)
            continue
        lines = _draw_groups(axes, {group: array[:, index] * scale for group, array in values.items()}, bin_edges_s)
        handles = handles or lines
        for start, stop in shaded:
            axes.axvspan(start, stop, color=GROUND, linewidth=0, zorder=-1)
        axes.set_title(behaviors[index], loc="left", fontsize=9, fontweight="bold", color=INK, pad=3)
        _style_panel(axes, float(bin_edges_s[0]), float(bin_edges_s[-1]), is_lowest=index + n_columns >= len(behaviors))
    figure.supylabel(ylabel, fontsize=9, color=INK)
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 4), frameon=False, fontsize=8)
    if title:
        figure.suptitle(title, fontsize=10, color=INK)
    return figure


def _draw_groups(axes: Axes, values: Mapping[str, npt.NDArray[np.floating]], bin_edges_s: npt.NDArray[np.floating]) -> list[Line2D]:
    """Draw the mean and the standard error of each group's values (A, K) and return the lines."""
    middles = (bin_edges_s[:-1] + bin_edges_s[1:]) / 2
    lines = []
    for number, (group, array) in enumerate(values.items()):
        mean, sem = _average(array)
        color = COLORS[number % len(COLORS)]
        axes.fill_between(middles, mean - sem, mean + sem, color=color, alpha=0.2, linewidth=0)
        lines += axes.plot(
            middles, mean, color=color, linestyle=LINE_STYLES[number % len(LINE_STYLES)], linewidth=1.4,
            marker=MARKERS[number % len(MARKERS)] if len(middles) <= _MOST_POINTS else "", markersize=3.5,
            label=f"{group or 'all'} (n = {len(array)})",
        )  # fmt: skip
    return lines


def _style_panel(axes: Axes, start_s: float, stop_s: float, *, is_lowest: bool) -> None:
    axes.set_ylim(bottom=0)
    axes.set_xlim(start_s, stop_s)
    style_axes(axes, lines="y")
    axes.tick_params(axis="y", length=2, labelsize=8)
    style_time(axes, stop_s - start_s, n_ticks=5)
    axes.tick_params(axis="x", labelbottom=is_lowest)
    if not is_lowest:
        axes.set_xlabel("")


def _average(values: npt.NDArray[np.floating]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the mean over animals and its standard error, of values (A, K); NaN where there are none, or too few."""
    known = np.isfinite(values)
    counts = known.sum(axis=0)
    sums = np.where(known, values, 0.0).sum(axis=0)
    mean = np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0)
    squares = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0)
    variance = np.divide(squares, counts - 1, out=np.full(len(counts), np.nan), where=counts > 1)
    return mean, np.sqrt(np.divide(variance, counts, out=np.full(len(counts), np.nan), where=counts > 1))
