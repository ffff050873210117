"""How a search went: the score of every trial, and what the scores depended on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from behavior.figures.rendering import INK, MUTED, PlainFigure, get_color, style_axes

__all__ = ["draw_front", "draw_history", "draw_importance"]


def draw_history(
    numbers: npt.NDArray[np.integer], scores: npt.NDArray[np.floating], pruned: npt.NDArray[np.bool_], *, score: str, title: str = ""
) -> Figure:
    """Draw the score of every trial and the best until then.

    Parameters
    ----------
    numbers
        Of the trials, rising, shape (N,).
    scores
        Of each, shape (N,); of a pruned trial the last before it was given up, NaN where it had none.
    pruned
        Whether it was given up, shape (N,).
    score
        What the scores are.
    title
        Shown above.

    Returns
    -------
    A figure; the line of the best is over trials that were not pruned.

    Raises
    ------
    ValueError
        If there is no trial, or the shapes differ.
    """
    numbers, scores, pruned = np.asarray(numbers), np.asarray(scores, dtype=np.float64), np.asarray(pruned, dtype=bool)
    if numbers.ndim != 1 or not len(numbers) or not numbers.shape == scores.shape == pruned.shape:
        raise ValueError(f"numbers, scores and pruned have shapes {numbers.shape}, {scores.shape} and {pruned.shape}, expected one (N,)")
    figure = PlainFigure(figsize=(7.6, 4.4), layout="constrained")
    axes = figure.subplots()
    if (~pruned).any():
        axes.plot(numbers[~pruned], scores[~pruned], "o", color=get_color(0), markersize=5, label="finished")
        best = np.fmax.accumulate(scores[~pruned])
        axes.step(numbers[~pruned], best, where="post", color=get_color(1), linewidth=1.6, label="best so far")
    if pruned.any():
        axes.plot(numbers[pruned], scores[pruned], "x", color=MUTED, markersize=5, label="pruned (last score)")
    axes.set_xlabel("Trial", fontsize=10)
    axes.set_ylabel(score[:1].upper() + score[1:], fontsize=10)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    style_axes(axes)
    figure.legend(loc="outside lower center", frameon=False, fontsize=9, ncols=3, labelcolor=INK)
    if title:
        figure.suptitle(title, fontsize=11, color=INK)
    return figure


def draw_front(
    seconds: npt.NDArray[np.floating],
    scores: npt.NDArray[np.floating],
    on_front: npt.NDArray[np.bool_],
    numbers: npt.NDArray[np.integer],
    *,
    score: str,
    title: str = "",
) -> Figure:
    """Draw the score of trials against what they took, and the front of those that no other one beats in both.

    Parameters
    ----------
    seconds, scores, on_front, numbers
        Of each trial, shape (N,): its time, its score, whether it is on the front, and its number, shown beside those that are.
    score
        What the scores are.
    title
        Shown above.

    Raises
    ------
    ValueError
        If there is no trial, or the shapes differ.
    """
    if seconds.ndim != 1 or not len(seconds) or not seconds.shape == scores.shape == on_front.shape == numbers.shape:
        raise ValueError(
            f"seconds, scores, on_front and numbers have shapes {seconds.shape}, {scores.shape}, {on_front.shape} and {numbers.shape}, "
            "expected one (N,)"
        )
    figure = PlainFigure(figsize=(7.0, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.plot(seconds[~on_front], scores[~on_front], "o", color=MUTED, markersize=5, label="other trials")
    order = np.flatnonzero(on_front)[np.argsort(seconds[on_front], kind="stable")]
    axes.step(seconds[order], scores[order], where="post", color=get_color(1), linewidth=1.6)
    axes.plot(seconds[order], scores[order], "o", color=get_color(1), markersize=6, label="not beaten")
    for index in order.tolist():
        place = (seconds[index], scores[index])
        axes.annotate(str(numbers[index]), place, xytext=(-5, 4), textcoords="offset points", ha="right", fontsize=8, color=INK)
    axes.set_xlabel("Seconds of a trial", fontsize=10)
    axes.set_ylabel(score[:1].upper() + score[1:], fontsize=10)
    axes.margins(0.08)
    style_axes(axes)
    figure.legend(loc="outside lower center", frameon=False, fontsize=9, ncols=2, labelcolor=INK)
    if title:
        figure.suptitle(title, fontsize=11, color=INK)
    return figure


def draw_importance(importances: Mapping[str, float], *, title: str = "") -> Figure:
    """Draw how much of the differences between scores each setting explains.

    Parameters
    ----------
    importances
        From 0 to 1, by name of a setting.
    title
        Shown above.

    Returns
    -------
    A figure with a bar for each, the longest on top, and its number beside it.

    Raises
    ------
    ValueError
        If there is no setting.
    """
    if not importances:
        raise ValueError("there are no importances, expected at least one")
    names, values = list(importances), list(importances.values())
    order = np.argsort(values, kind="stable")
    figure = PlainFigure(figsize=(7.0, 1.4 + 0.38 * len(names)), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh([names[index] for index in order], [values[index] for index in order], color=get_color(0), height=0.65)
    axes.bar_label(bars, fmt="%.2f", padding=3, fontsize=9, color=INK)
    axes.set_xlim(0, max([*values, 0.01]) * 1.12)
    axes.set_xlabel("Importance", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    if title:
        figure.suptitle(title, fontsize=11, color=INK)
    return figure
