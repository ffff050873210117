"""How far the frames of recordings are from those that a model was trained on, along time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from behavior.figures.rendering import COLORS, INK, PlainFigure, style_axes
from behavior.figures.timeline import style_time
from behavior.frame_sampling import find_greatest

__all__ = ["draw_distance_curves"]

MOST_POINTS = 1000
_WIDTH, _HEIGHT = 7.2, 1.1


def draw_distance_curves(
    distances: Sequence[npt.NDArray[np.floating]], times_s: Sequence[npt.NDArray[np.floating]], names: Sequence[str]
) -> Figure:
    """Draw a curve for each of R recordings, one beneath the other, and a line at 1, the limit of frames.

    Parameters
    ----------
    distances, times_s
        Of shape (T,) each. Of long recordings, the greatest distance of each of `MOST_POINTS` stretches is shown.
    names
        Above the curves.

    Raises
    ------
    ValueError
        If there is no recording, or one without frames.
    """
    if not distances or not all(map(len, distances)):
        raise ValueError(f"{len(distances)} recordings, expected at least one, and frames in each")
    figure = PlainFigure(figsize=(_WIDTH, _HEIGHT * len(distances) + 0.5), layout="constrained")
    panels = figure.subplots(len(distances), 1, squeeze=False)[:, 0]
    longest = max(float(times[-1]) for times in times_s)
    for axes, values, times, name in zip(panels, distances, times_s, names, strict=True):
        shown = find_greatest(values, MOST_POINTS)
        axes.plot(np.linspace(times[0], times[-1], len(shown)), shown, color=COLORS[0], linewidth=0.8)
        axes.axhline(1.0, color=COLORS[1], linewidth=0.9, linestyle="--")
        axes.set_ylim(0, max(1.5, 1.05 * float(shown.max())))
        axes.set_title(name, loc="left", fontsize=9, color=INK, pad=2)
        style_axes(axes, lines="y")
        axes.tick_params(axis="y", length=2, labelsize=8)
        axes.set_xlim(0, max(longest, 1e-3))
        style_time(axes, longest)
        if axes is not panels[-1]:
            axes.set_xlabel("")
    figure.supylabel("Distance", fontsize=9, color=INK)
    return figure
