"""Whether probabilities mean what they say, as a picture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from behavior.figures.rendering import INK, MUTED, PlainFigure, get_color, get_line_style, style_axes
from behavior.metrics.calibration import ReliabilityCurve

__all__ = ["draw_reliability"]

_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def draw_reliability(curves: Mapping[str, ReliabilityCurve], *, title: str = "") -> Figure:
    """Draw the share of frames that is positive against the predicted probability, and below it how many frames have it.

    Parameters
    ----------
    curves
        By behavior, or by behavior and kind of probability.
    title
        Shown above.

    Returns
    -------
    A figure with a point for each bin that has frames, on the diagonal where probabilities mean what they say. The legend gives the
    Brier score, and that of saying the prevalence for every frame. A curve without frames is named as such.

    Raises
    ------
    ValueError
        If there is no curve.
    """
    if not curves:
        raise ValueError("there are no curves, expected at least one")
    figure = PlainFigure(figsize=(6.4, 7.2 + 0.2 * len(curves) + (0.3 if title else 0.0)), layout="constrained")
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    axes.plot([0, 1], [0, 1], color=MUTED, linestyle=":", linewidth=1.0, label="probabilities that mean what they say")
    for index, (name, curve) in enumerate(curves.items()):
        color, style = get_color(index), get_line_style(index)
        filled = curve.counts > 0
        if not filled.any():
            axes.plot([], [], color=color, linestyle=style, label=f"{name}: no labelled frame has a probability")
            continue
        guessing = curve.prevalence * (1 - curve.prevalence)
        axes.plot(
            curve.mean_probability[filled],
            curve.observed_share[filled],
            color=color,
            linestyle=style,
            linewidth=1.8,
            marker=_MARKERS[index % len(_MARKERS)],
            markersize=5,
            label=f"{name}: Brier score {curve.brier_score:.4f}, of guessing {guessing:.4f}",
        )
        below.stairs(curve.counts, curve.edges, color=color, linestyle=style, linewidth=1.5)
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.02, 1.02)
    axes.set_ylabel("Share labelled positive", fontsize=10)
    # From a single frame to all of them: most frames are far from positive, and few bins would show otherwise.
    below.set_yscale("symlog", linthresh=1)
    below.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    below.set_ylim(bottom=0)
    below.set_ylabel("Frames", fontsize=10)
    below.set_xlabel("Probability", fontsize=10)
    below.set_xticks(np.linspace(0, 1, 6))
    for panel in (axes, below):
        style_axes(panel)
    figure.legend(loc="outside lower center", frameon=False, fontsize=9, ncols=1, labelcolor=INK)
    if title:
        figure.suptitle(title, fontsize=11, color=INK)
    return figure
