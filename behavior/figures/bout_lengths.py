"""How long bouts are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from behavior.figures.rendering import COLORS, INK, LINE_STYLES, PlainFigure, get_color

__all__ = ["draw_bout_lengths"]

_PANEL = (2.4, 2.0)


def draw_bout_lengths(
    lengths: Mapping[str, Mapping[str, npt.NDArray[np.floating]]], behaviors: Sequence[str], *, title: str = "", n_bins: int = 20
) -> Figure:
    """Draw the distribution of bout lengths, a panel for each behavior.

    Parameters
    ----------
    lengths
        Lengths of bouts in seconds, shape (N,), by group and behavior.
    behaviors
        Names, in the order of the panels.
    title
        Shown above.
    n_bins
        Of each histogram at most, equally wide on a logarithmic axis from the shortest to the longest bout of the behavior; with few bouts
        there are fewer, twice the cube root of their number.

    Returns
    -------
    A figure: with one group the number of bouts, with several the share of each group's bouts. A vertical line is the median.

    Raises
    ------
    ValueError
        If there is no group or no behavior.
    """
    if not lengths or not behaviors:
        raise ValueError(f"there are {len(lengths)} groups and {len(behaviors)} behaviors, expected some of each")
    n_columns = min(3, len(behaviors))
    n_rows = -(-len(behaviors) // n_columns)
    figure = PlainFigure(figsize=(_PANEL[0] * n_columns + 0.4, _PANEL[1] * n_rows + 0.7 + (0.25 if title else 0)), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, squeeze=False)
    is_single = len(lengths) == 1
    handles: dict[str, StepPatch] = {}
    for index, axes in enumerate(panels.flat):
        if index >= len(behaviors):
            axes.set_visible(False)
            continue
        behavior = behaviors[index]
        samples = {group: _keep_positive(by_behavior.get(behavior, np.empty(0))) for group, by_behavior in lengths.items()}
        n_bouts = sum(map(len, samples.values()))
        axes.set_title(f"{behavior} ({n_bouts})", loc="left", fontsize=9, fontweight="bold", color=INK, pad=3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(axis="both", which="both", length=2, labelsize=8)
        if index + n_columns >= len(behaviors):
            axes.set_xlabel("Length of a bout (s)", fontsize=9)
        if not n_bouts:
            axes.set_xticks([])
            axes.set_yticks([])
            axes.text(0.5, 0.5, "no bout", transform=axes.transAxes, ha="center", va="center", fontsize=8, color=INK)
            continue
        handles |= _draw_histograms(axes, samples, n_bins, color=get_color(index) if is_single else None)
    figure.supylabel("Bouts" if is_single else "Bouts (% of the group's)", fontsize=9, color=INK)
    shown = [] if is_single else list(handles.values())
    shown.append(Line2D([], [], color=INK, linewidth=1.0, label="median"))
    figure.legend(handles=shown, loc="outside lower center", ncols=min(len(shown), 4), frameon=False, fontsize=8)
    if title:
        figure.suptitle(title, fontsize=10, color=INK)
    return figure


def _draw_histograms(axes: Axes, samples: Mapping[str, npt.NDArray[np.float64]], n_bins: int, *, color: str | None) -> dict[str, StepPatch]:
    """Draw the histogram and the median of each group with bouts and return their patches; `color` is that of the only group, filled."""
    everything = np.concatenate(list(samples.values()))
    edges = _space_edges(everything, min(n_bins, max(4, round(2 * len(everything) ** (1 / 3)))))
    handles = {}
    for number, (group, sample) in enumerate(samples.items()):
        if not len(sample):
            continue
        group_color = color or COLORS[number % len(COLORS)]
        style = LINE_STYLES[number % len(LINE_STYLES)]
        counts = np.histogram(sample, edges)[0]
        heights = counts if color else 100 * counts / len(sample)
        handles[group] = axes.stairs(
            heights, edges, color=group_color, fill=bool(color), alpha=0.75 if color else 1.0, linestyle=style, linewidth=1.4,
            label=group or "all",
        )  # fmt: skip
        axes.axvline(float(np.median(sample)), color=INK if color else group_color, linestyle=style, linewidth=1.0)
    axes.set_xscale("log")
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0) if edges[-1] / edges[0] < 150 else (1.0,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    return handles


def _keep_positive(lengths: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    # A logarithmic axis has no place for a bout between two frames of one time stamp.
    known: npt.NDArray[np.float64] = np.asarray(lengths, dtype=np.float64)
    return known[known > 0]


def _space_edges(lengths: npt.NDArray[np.float64], n_bins: int) -> npt.NDArray[np.float64]:
    shortest, longest = float(lengths.min()), float(lengths.max())
    if longest <= shortest * 1.01:
        shortest, longest = shortest / 2, longest * 2
    edges = np.asarray(np.geomspace(shortest, longest, n_bins + 1), dtype=np.float64)
    # Rounding must not leave the extremes outside.
    edges[0], edges[-1] = shortest * (1 - 1e-9), longest * (1 + 1e-9)
    return edges
