"""How the training of a backbone went, epoch by epoch."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from behavior.figures.rendering import INK, MUTED, PlainFigure, get_color, get_line_style, style_axes

__all__ = ["draw_training_curves"]


def draw_training_curves(table: pd.DataFrame, *, title: str = "") -> Figure:
    """Draw the loss of each epoch, and average precision and accuracy of each behavior on the validation frames.

    Parameters
    ----------
    table
        Columns stage, epoch, metric (`loss`, `learning_rate`, `average_precision` or `accuracy`), behavior and value; stages in order.
    title
        Shown above.

    Returns
    -------
    A figure of three panels, stages one after the other from left to right with a dotted line where one begins; a panel without values says
    so.

    Raises
    ------
    ValueError
        If there is no loss.
    """
    losses = table[table["metric"] == "loss"]
    if losses.empty:
        raise ValueError("there is no loss, expected one of each epoch")
    figure = PlainFigure(figsize=(10.5, 3.4 + (0.3 if title else 0.0)), layout="constrained")
    panels = figure.subplots(1, 3)
    stages = list(dict.fromkeys(table["stage"]))
    n_epochs = [int(losses.loc[losses["stage"] == stage, "epoch"].max()) for stage in stages]
    starts = dict(zip(stages, [sum(n_epochs[:number]) for number in range(len(stages))], strict=True))
    places = table["epoch"] + table["stage"].map(starts)
    for axes, (metric, words) in zip(
        panels, (("loss", "loss in training"), ("average_precision", "average precision"), ("accuracy", "accuracy")), strict=True
    ):
        _draw_metric(axes, table.assign(place=places)[table["metric"] == metric], stages)
        for start in list(starts.values())[1:]:
            axes.axvline(start, color=MUTED, linewidth=0.8, linestyle=":")
        axes.set_title(words, fontsize=10, color=INK)
        axes.set_xlabel("epoch")
        axes.set_xlim(0, sum(n_epochs) + 0.5)
        style_axes(axes)
        axes.set_ylim(0, None if metric == "loss" else 1.02)
    if panels[1].lines and panels[1].get_legend_handles_labels()[0]:
        panels[1].legend(frameon=False, fontsize=8)
    if title:
        figure.suptitle(title, fontsize=11, color=INK)
    return figure


def _draw_metric(axes: Axes, values: pd.DataFrame, stages: list[str]) -> None:
    known = values.dropna(subset="value")
    if known.empty:
        axes.text(0.5, 0.5, "no validation frames", transform=axes.transAxes, ha="center", va="center", color=MUTED, fontsize=9)
        return
    for index, behavior in enumerate(dict.fromkeys(known["behavior"])):
        of_behavior = known[known["behavior"] == behavior]
        for stage in stages:
            part = of_behavior[of_behavior["stage"] == stage]
            is_first = stage == next(iter(of_behavior["stage"]))
            label = behavior if behavior and is_first else None
            style = {"color": get_color(index) if behavior else INK, "linestyle": get_line_style(index)}
            axes.plot(part["place"], part["value"], linewidth=1.6, marker="o", markersize=3, label=label, **style)
