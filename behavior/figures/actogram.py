"""Actograms and periodograms: days beneath each other, and the periods that they have."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from behavior.figures.rendering import INK, MUTED, PlainFigure, get_color

__all__ = ["PeriodogramPanel", "draw_actograms", "draw_periodograms"]

_DARK, _UNSEEN = "#DCE1E8", "#F3D9B1"
_N_COLUMNS = 3
_DAY_H = 24
_LETTERS_PER_INCH = 13
# The highest values of a series are peaks of a few minutes; all above this share of them is drawn as high.
_HIGHEST = 0.98


@dataclass(frozen=True)
class PeriodogramPanel:
    """A periodogram: periods in hours and power of each, both (F,); its highest peak, its p, and the power that is significant."""

    periods_h: npt.NDArray[np.floating]
    power: npt.NDArray[np.floating]
    period_h: float
    p: float
    threshold: float


def draw_actograms(
    values: npt.NDArray[np.floating],
    dark: npt.NDArray[np.bool_],
    subjects: Sequence[str],
    days: Sequence[str],
    *,
    title: str = "",
) -> Figure:
    """Draw double-plotted actograms, a panel for each subject: a row shows a day, and the day after it on its right.

    Parameters
    ----------
    values
        Of each subject in even bins from midnight on, shape (S, N); NaN where nothing was observed.
    dark
        Whether the lights were off, shape (N,).
    subjects
        S names, shown above the panels with the value that a full bar has.
    days
        Names of the D days; N bins are at most D days, and more than D - 1.
    title
        Shown above all.

    Returns
    -------
    A figure: bars from the bottom of a row, dark hours shaded, stretches without a value in a light orange.

    Raises
    ------
    ValueError
        If there is no subject, no day or no bin, or the shapes do not fit together.
    """
    if values.ndim != 2 or not values.size or len(values) != len(subjects) or dark.shape != values.shape[1:] or not days:
        raise ValueError(
            f"values and dark have shapes {values.shape} and {dark.shape}, of {len(subjects)} subjects and {len(days)} days, expected "
            "(S, N) and (N,)"
        )
    per_day = -(-values.shape[1] // len(days))
    n_columns = min(_N_COLUMNS, len(subjects))
    n_rows = -(-len(subjects) // n_columns)
    height = 0.9 + 0.24 * max(len(days), 3)
    figure = PlainFigure(figsize=(3.7 * n_columns + 0.5, height * n_rows + 0.7), layout="constrained")
    for index, axes in enumerate(figure.subplots(n_rows, n_columns, squeeze=False).flat):
        if index >= len(subjects):
            axes.set_visible(False)
            continue
        _draw_actogram(axes, values[index], dark, days, per_day)
        axes.set_title(subjects[index], loc="left", fontsize=9, color=INK, pad=4)
    _write_beneath(figure, "Hours after midnight of the day on the left; shaded: lights off; orange: not observed")
    if title:
        figure.suptitle(title, fontsize=10, color=INK)
    return figure


def draw_periodograms(panels: Mapping[str, PeriodogramPanel], *, title: str = "") -> Figure:
    """Draw Lomb-Scargle periodograms, a panel for each subject by its name, with the highest peak and the power that is significant.

    Raises
    ------
    ValueError
        If there is no panel.
    """
    if not panels:
        raise ValueError("there are no periodograms, expected at least one")
    n_columns = min(_N_COLUMNS, len(panels))
    n_rows = -(-len(panels) // n_columns)
    figure = PlainFigure(figsize=(3.3 * n_columns + 0.4, 2.3 * n_rows + 0.6), layout="constrained")
    highest = max(max(float(panel.power.max()), panel.threshold) for panel in panels.values())
    drawn = figure.subplots(n_rows, n_columns, squeeze=False).flat
    for (name, panel), axes in zip(panels.items(), drawn, strict=False):
        axes.plot(panel.periods_h, panel.power, color=get_color(0), linewidth=1.4)
        axes.axhline(panel.threshold, color=MUTED, linestyle="--", linewidth=1)
        axes.axvline(panel.period_h, color=get_color(1), linewidth=1)
        p = "p = 0.001 or less" if panel.p <= 0.001 else f"p = {panel.p:.3f}"
        axes.set_title(f"{name}: {panel.period_h:.2f} h, {p}", loc="left", fontsize=8.5, color=INK, pad=3)
        axes.set_ylim(0, 1.08 * highest)
        axes.set_xlim(float(panel.periods_h.min()), float(panel.periods_h.max()))
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(length=2, labelsize=8)
    for axes in list(drawn):
        axes.set_visible(False)
    _write_beneath(figure, "Period (h); dashed: a peak that 5 % of series without a rhythm reach")
    figure.supylabel("Share of variance", fontsize=9, color=INK)
    if title:
        figure.suptitle(title, fontsize=10, color=INK)
    return figure


def _write_beneath(figure: Figure, words: str) -> None:
    """Write words beneath all panels, on as many lines as the figure is narrow."""
    figure.supxlabel(textwrap.fill(words, int(_LETTERS_PER_INCH * figure.get_figwidth())), fontsize=8, color=INK)


def _draw_actogram(axes: Axes, values: npt.NDArray[np.floating], dark: npt.NDArray[np.bool_], days: Sequence[str], per_day: int) -> None:
    n_days = len(days)
    padded = np.full((n_days + 1) * per_day, np.nan)
    padded[: len(values)] = values
    unlit = np.zeros((n_days + 1) * per_day, dtype=bool)
    unlit[: len(dark)] = dark
    known = values[np.isfinite(values) & (values > 0)]
    top = float(np.quantile(known, _HIGHEST)) if len(known) else 1.0
    width = _DAY_H / per_day
    for row in range(n_days):
        # The last row has no day on its right.
        shown = slice(row * per_day, (row + 2) * per_day)
        day, night = padded[shown], unlit[shown]
        starts = width * np.arange(len(day))
        for mask, color in ((night, _DARK), (np.isnan(day), _UNSEEN)):
            if row == n_days - 1:
                mask = mask & (np.arange(len(day)) < per_day)
            axes.broken_barh(_find_stretches(mask, width), (row + 0.02, 0.96), facecolors=color, linewidth=0)
        heights = 0.92 * np.minimum(np.nan_to_num(day), top) / top
        # One outline for a row: a bar for each bin takes minutes for weeks.
        edges = np.append(starts, starts[-1] + width)
        tops = row + 0.98 - np.append(heights, heights[-1])
        axes.fill_between(edges, row + 0.98, tops, step="post", color=INK, linewidth=0)
    axes.set_ylim(n_days, 0)
    axes.set_xlim(0, 2 * _DAY_H)
    axes.axvline(_DAY_H, color=MUTED, linewidth=0.6)
    axes.xaxis.set_major_locator(MultipleLocator(6))
    # As many names as fit beneath each other.
    every = -(-n_days // 14)
    axes.set_yticks(np.arange(0, n_days, every) + 0.5, [days[number] for number in range(0, n_days, every)])
    axes.tick_params(length=2, labelsize=7.5)
    axes.spines[["top", "right"]].set_visible(False)


def _find_stretches(mask: npt.NDArray[np.bool_], width: float) -> list[tuple[float, float]]:
    """Return start and length of each run of True, in hours."""
    steps = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return [(width * start, width * (stop - start)) for start, stop in zip(steps[::2].tolist(), steps[1::2].tolist(), strict=True)]
