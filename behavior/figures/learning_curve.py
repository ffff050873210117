"""Scores against the number of training recordings, and against the minutes that people labelled, as pictures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from behavior.figures.rendering import MUTED, PlainFigure, get_color, get_line_style

__all__ = ["draw_labelling_curves", "draw_learning_curve"]

Curve = tuple[npt.NDArray[np.integer], npt.NDArray[np.floating], npt.NDArray[np.floating], npt.NDArray[np.floating]]


def draw_learning_curve(curves: Mapping[str, Curve]) -> Figure:
    """Draw average precision against the number of training recordings, with intervals as shades.

    Parameters
    ----------
    curves
        By behavior: numbers of recordings, scores, and their lower and upper bounds, each of shape (S,).

    Raises
    ------
    ValueError
        If there is no curve.
    """
    if not curves:
        raise ValueError("there are no curves, expected at least one")
    figure = PlainFigure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    ticks: set[int] = set()
    for index, (name, (numbers, values, low, high)) in enumerate(curves.items()):
        color = get_color(index)
        axes.fill_between(numbers, low, high, color=color, alpha=0.15, linewidth=0)
        axes.plot(numbers, values, color=color, linestyle=get_line_style(index), marker="o", markersize=4, linewidth=1.8, label=name)
        ticks |= {int(number) for number in numbers}
    axes.set_xticks(sorted(ticks))
    axes.set_ylim(0, 1)
    axes.set_xlabel("labelled recordings in training")
    axes.set_ylabel("average precision on recordings never seen")
    axes.set_title("What more labelled recordings bring", loc="left", fontsize=11)
    axes.legend(frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def draw_labelling_curves(
    curves: Mapping[str, tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]], *, complete: float, share: float = 0.9
) -> Figure:
    """Draw mean average precision against minutes of video that people labelled, each run as a thin line and their mean as a thick one.

    Parameters
    ----------
    curves
        By way of choosing what to label: minutes, shape (S,), and scores of R runs, shape (R, S).
    complete
        The score that all labels give.
    share
        Of `complete`; a line marks it.

    Raises
    ------
    ValueError
        If there is no curve.
    """
    if not curves:
        raise ValueError("there are no curves, expected at least one")
    figure = PlainFigure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    for index, (name, (minutes, scores)) in enumerate(curves.items()):
        color = get_color(index)
        axes.plot(minutes, scores.T, color=color, linewidth=0.7, alpha=0.4)
        mean = scores.mean(axis=0)
        axes.plot(minutes, mean, color=color, linestyle=get_line_style(index), marker="o", markersize=4, linewidth=1.8, label=name)
    for value, text in ((complete, "all labels"), (share * complete, f"{share:.0%} of it")):
        axes.axhline(value, color=MUTED, linewidth=0.8, linestyle=":")
        axes.annotate(text, (1, value), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8, color=MUTED)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("minutes labelled")
    axes.set_ylabel("mean average precision on other recordings")
    axes.set_title("What the same minutes of labelling bring", loc="left", fontsize=11)
    axes.legend(frameon=False, fontsize=9, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
