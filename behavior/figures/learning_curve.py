"""Scores against the number of training recordings, as a picture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from behavior.figures.rendering import PlainFigure, get_color, get_line_style

__all__ = ["draw_learning_curve"]

Curve = tuple[npt.NDArray[np.integer], npt.NDArray[np.floating], npt.NDArray[np.floating], npt.NDArray[np.floating]]


def draw_learning_curve(curves: Mapping[str, Curve], *, title: str = "What more labelled recordings bring") -> Figure:
    """Draw average precision against the number of training recordings, with intervals as shades.

    Parameters
    ----------
    curves
        By behavior: numbers of recordings, scores, and their lower and upper bounds, each of shape (S,).
    title
        Shown above.

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
    axes.set_title(title, loc="left", fontsize=11)
    axes.legend(frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
