"""Scores against the length of the closing, as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from behavior.figures.rendering import INK, MUTED, get_color, get_line_style

__all__ = ["draw_closing_curve"]

# Tell lines apart without colour.
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_MARKED_LENGTHS = 10


def draw_closing_curve(
    lengths: npt.NDArray[np.integer],
    behaviors: Sequence[str],
    scores: Mapping[str, npt.NDArray[np.floating]],
    before: Mapping[str, npt.NDArray[np.floating]],
    *,
    fps: float,
    title: str = "",
) -> Figure:
    """Draw how scores change with the closing length, a panel for each score and a line for each behavior.

    Parameters
    ----------
    lengths
        Closing lengths in frames, shape (L,), rising.
    behaviors
        B names, as the legend shows them.
    scores
        By name of the score: shape (L, B); NaN where it is undefined.
    before
        By name of the score: its values without closing, shape (B,).
    fps
        Frames per second, for the axis in seconds.
    title
        Shown above.

    Returns
    -------
    A figure whose dotted lines are the scores before closing. A star is on a line's highest point, the first of such, where that is higher
    than the score before closing.

    Raises
    ------
    ValueError
        If there is no length, behavior or score, a shape does not match, or `fps` is not above 0.
    """
    if not len(lengths) or not behaviors or not scores or not fps > 0:
        raise ValueError(
            f"there are {len(lengths)} lengths, {len(behaviors)} behaviors, {len(scores)} scores and {fps} frames per second, "
            "expected some of each"
        )
    for name, values in scores.items():
        shapes = (values.shape, before[name].shape if name in before else None)
        if shapes != ((len(lengths), len(behaviors)), (len(behaviors),)):
            raise ValueError(
                f"{name!r} has shape {shapes[0]}, before closing {shapes[1]}, expected ({len(lengths)}, {len(behaviors)}) and "
                f"({len(behaviors)},)"
            )
    figure = Figure(figsize=(3.5 * len(scores) + 0.1, 3.7 + (0.25 if title else 0.0)), layout="constrained")
    figure.get_layout_engine().set(wspace=0.06)
    panels = figure.subplots(1, len(scores), sharey=True, squeeze=False).ravel()
    for axes, (name, values) in zip(panels, scores.items(), strict=True):
        for index in range(len(behaviors)):
            _draw_line(axes, lengths, values[:, index], float(before[name][index]), index)
        _style(axes, lengths, fps)
        axes.set_ylabel(name, fontsize=9, color=INK)
    lines = [Line2D([], [], **_get_look(index), label=behavior) for index, behavior in enumerate(behaviors)]
    handles = [
        *lines,
        Line2D([], [], color=MUTED, linestyle=":", linewidth=1.2, label="before closing"),
        Line2D([], [], **_get_star(MUTED), label="best length, where closing helps"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=8, labelcolor=INK)
    if title:
        figure.suptitle(title, fontsize=10, color=INK)
    return figure


def _draw_line(axes: Axes, lengths: npt.NDArray[np.integer], values: npt.NDArray[np.floating], before: float, index: int) -> None:
    # Markers of different lines do not stand on top of each other.
    marked = (3 * index % _MARKED_LENGTHS, _MARKED_LENGTHS)
    axes.axhline(before, color=get_color(index), linestyle=":", linewidth=1.2)
    axes.plot(lengths, values, **_get_look(index), markevery=marked, clip_on=False)
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return
    best = known[np.argmax(values[known])]
    if not values[best] <= before:
        axes.plot(lengths[best], values[best], **_get_star(get_color(index)), zorder=3, clip_on=False)


def _get_look(index: int) -> dict[str, Any]:
    marker = _MARKERS[index % len(_MARKERS)]
    return {"color": get_color(index), "linestyle": get_line_style(index), "linewidth": 1.6, "marker": marker, "markersize": 4}


def _get_star(color: str) -> dict[str, Any]:
    return {"color": color, "linestyle": "", "marker": "*", "markersize": 10, "markeredgecolor": INK, "markeredgewidth": 0.6}


def _style(axes: Axes, lengths: npt.NDArray[np.integer], fps: float) -> None:
    axes.set_xlim(float(lengths[0]) - 1, float(lengths[-1]) + 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("Closing length (frames)", fontsize=9)
    axes.yaxis.set_tick_params(labelleft=True)
    seconds = axes.secondary_xaxis("top", functions=(lambda frames: frames / fps, lambda seconds: seconds * fps))
    seconds.set_xlabel("Closing length (s)", fontsize=9)
    seconds.tick_params(length=2, labelsize=8)
    axes.tick_params(length=2, labelsize=8)
    axes.grid(axis="y", color="#E6E6E6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines["right"].set_visible(False)
