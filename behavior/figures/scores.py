"""How well decisions and probabilities match what people saw."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve

from behavior.figures.rendering import INK, MUTED, PlainFigure, get_color, get_line_style, style_axes
from behavior.metrics import average_precision

__all__ = ["draw_confusion", "draw_precision_recall"]

_PANELS_A_ROW = 4


def draw_confusion(counts: Mapping[str, tuple[int, int, int, int]], *, title: str = "") -> Figure:
    """Draw each behavior's confusion matrix: people in rows, decisions in columns.

    Parameters
    ----------
    counts
        True negatives, false positives, false negatives and true positives, by behavior.
    title
        Shown above.

    Returns
    -------
    A figure whose cells hold the count and the share of their row, which is also their shade. A row without frames is white and
    says so.

    Raises
    ------
    ValueError
        If there is no behavior.
    """
    if not counts:
        raise ValueError("there are no behaviors, expected at least one")
    n_columns = min(len(counts), _PANELS_A_ROW)
    n_rows = -(-len(counts) // n_columns)
    figure = PlainFigure(figsize=(2.9 * n_columns + 0.4, 2.8 * n_rows + (0.4 if title else 0.0)), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for axes, (behavior, cells) in zip(panels, counts.items(), strict=False):
        _draw_matrix(axes, np.array(cells, dtype=np.int64).reshape(2, 2))
        axes.set_title(behavior, fontsize=10, fontweight="bold", color=INK)
    for axes in panels[len(counts) :]:
        axes.set_visible(False)
    if title:
        figure.suptitle(title, fontsize=11, color=INK)
    return figure


def draw_precision_recall(curves: Mapping[str, tuple[npt.NDArray[np.int8], npt.NDArray[np.floating]]], *, title: str = "") -> Figure:
    """Draw each behavior's precision against its recall over all thresholds.

    Parameters
    ----------
    curves
        Labels (T,) of 1, 0 or -1, and probabilities (T,), by behavior; T may differ. Frames with label -1 or without a
        probability (NaN) are left out of the curve.
    title
        Shown above.

    Returns
    -------
    A figure whose legend gives average precision, and prevalence, which is the precision of guessing (dotted line). A behavior
    without a positive, or without any probability, has no curve, and the legend says so.

    Raises
    ------
    ValueError
        If there is no behavior.
    """
    if not curves:
        raise ValueError("there are no behaviors, expected at least one")
    figure = PlainFigure(figsize=(6.4, 5.8 + 0.2 * len(curves) + (0.3 if title else 0.0)), layout="constrained")
    axes = figure.subplots()
    for index, (behavior, (labels, probabilities)) in enumerate(curves.items()):
        known = (labels != -1) & ~np.isnan(probabilities)
        positive = labels[known] == 1
        color, style = get_color(index), get_line_style(index)
        if not positive.any():
            missing = "is labelled positive" if not np.any(labels == 1) else "labelled positive has a probability"
            axes.plot([], [], color=color, linestyle=style, label=f"{behavior}: no curve, no frame {missing}")
            continue
        precision, recall, _ = precision_recall_curve(positive, probabilities[known], drop_intermediate=True)
        # scikit-learn ends the curve at (0, 1), a point that belongs to no threshold and would draw a line up the axis.
        precision[-1] = precision[-2]
        prevalence = float(np.mean(positive))
        label = f"{behavior}: average precision {average_precision(labels, probabilities):.3f}, prevalence {prevalence:.3f}"
        # Average precision is the area under these steps: each precision holds over the recall it adds.
        axes.step(recall, precision, where="post", color=color, linestyle=style, linewidth=1.8, label=label)
        axes.plot([0, 1], [prevalence, prevalence], color=color, linestyle=":", linewidth=1.0)
    axes.plot([], [], color=MUTED, linestyle=":", linewidth=1.0, label="prevalence: the precision of guessing")
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.02)
    axes.set_aspect("equal")
    axes.set_xlabel("Recall", fontsize=10)
    axes.set_ylabel("Precision", fontsize=10)
    style_axes(axes)
    figure.legend(loc="outside lower center", frameon=False, fontsize=9, ncols=1)
    if title:
        figure.suptitle(title, fontsize=11, color=INK)
    return figure


def _draw_matrix(axes: Axes, cells: npt.NDArray[np.int64]) -> None:
    totals = cells.sum(axis=1, keepdims=True)
    shares = np.divide(cells, totals, out=np.zeros((2, 2)), where=totals > 0)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(2):
        for column in range(2):
            share = f"{shares[row, column]:.1%}" if totals[row, 0] else "no frames"
            color = "white" if shares[row, column] > 0.55 else INK
            axes.text(column, row, f"{cells[row, column]:,}\n{share}", ha="center", va="center", fontsize=9, color=color)
    axes.set_xticks([0, 1], ["absent", "present"], fontsize=8)
    axes.set_yticks([0, 1], ["absent", "present"], fontsize=8, rotation=90, va="center")
    axes.set_xlabel("Decided", fontsize=9)
    axes.set_ylabel("People", fontsize=9)
    axes.tick_params(length=0)
    axes.spines[:].set_color(MUTED)
