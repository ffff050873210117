"""Which behavior follows which, as a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.path import Path
from matplotlib.patheffects import withStroke

from behavior.figures.rendering import INK, PlainFigure, get_color
from behavior.statistics.transitions import find_probabilities

__all__ = ["draw_transition_graph"]

_LARGEST = 0.22
_BEND = 0.17
_LOOP = 0.38
# Of a panel, in units of the ring's radius: names of behaviors reach out to both sides.
_WIDTH = 4.2


def draw_transition_graph(
    counts: Mapping[str, npt.NDArray[np.integer]], behaviors: Sequence[str], *, min_probability: float = 0.05, title: str = ""
) -> Figure:
    """Draw behaviors as circles and transitions as arrows, a panel for each group.

    Parameters
    ----------
    counts
        Transitions by group, shape (B, B): from, to.
    behaviors
        B names.
    min_probability
        Rarer transitions are left out, which the figure says.
    title
        Shown above.

    Returns
    -------
    A figure: an arrow is as wide as the transition is probable, with the probability in percent beside it; arrows from a behavior add up
    to 100 %. A circle's area grows with the number of transitions to and from the behavior; one without any is hollow.

    Raises
    ------
    ValueError
        If there is no group or no behavior, or a shape does not match.
    """
    if not counts or not behaviors:
        raise ValueError(f"there are {len(counts)} groups and {len(behaviors)} behaviors, expected some of each")
    for group, matrix in counts.items():
        if matrix.shape != (len(behaviors), len(behaviors)):
            raise ValueError(f"counts of {group!r} have shape {matrix.shape}, expected {(len(behaviors), len(behaviors))}")
    n_columns = min(2, len(counts))
    n_rows = -(-len(counts) // n_columns)
    # Wide enough for the line beneath, and for the arrows of many behaviors.
    panel = min(3.5 + 0.3 * max(len(behaviors) - 4, 0), 7.0)
    low, high = _find_vertical_limits(len(behaviors))
    panel_height = panel * (high - low) / _WIDTH + 0.2
    size = (max(panel * n_columns, 4.6), panel_height * n_rows + 0.3 + (0.25 if title else 0))
    figure = PlainFigure(figsize=size, layout="constrained")
    panels = figure.subplots(n_rows, n_columns, squeeze=False)
    for axes, (group, matrix) in zip(panels.flat, counts.items(), strict=False):
        _draw_panel(axes, matrix, behaviors, min_probability)
        heading = f"{group}: " if group else ""
        axes.set_title(f"{heading}{int(matrix.sum()):,} transitions", fontsize=9, fontweight="bold", color=INK)
    for axes in panels.flat[len(counts) :]:
        axes.set_visible(False)
    figure.supxlabel(
        f"Arrows: how often (%) a behavior is followed by another; below {100 * min_probability:g} % left out", fontsize=8, color=INK
    )
    if title:
        figure.suptitle(title, fontsize=10, color=INK)
    return figure


def _draw_panel(axes: Axes, counts: npt.NDArray[np.integer], behaviors: Sequence[str], min_probability: float) -> None:
    axes.set_aspect("equal")
    axes.axis("off")
    angles = _spread_angles(len(behaviors))
    outward = np.column_stack((np.cos(angles), np.sin(angles)))
    centers = outward * (0.0 if len(behaviors) == 1 else 1.0)
    busy = counts.sum(axis=0) + counts.sum(axis=1)
    # Many circles have to be small to leave room between them.
    largest = min(_LARGEST, 0.9 / len(behaviors))
    radii = largest * np.sqrt(0.35 + 0.65 * busy / max(int(busy.max()), 1))
    for source, probabilities in enumerate(find_probabilities(counts)):
        for target in np.flatnonzero(probabilities >= min_probability).tolist():
            probability, color = float(probabilities[target]), get_color(source)
            if source == target:
                _draw_loop(axes, centers[source], angles[source], radii[source], probability, color)
            else:
                _draw_arrow(axes, centers[[source, target]], radii[[source, target]], probability, color)
    for index, behavior in enumerate(behaviors):
        color = get_color(index)
        fill = color if busy[index] else "white"
        axes.add_patch(Circle(centers[index], radii[index], facecolor=fill, edgecolor=color, linewidth=1.5, zorder=4))
        spot = _place_name(centers[index], outward[index], radii[index])
        _write(axes, spot, behavior, color=INK, fontsize=8, fontweight="bold", ha="center", va="center")
    axes.set_xlim(-_WIDTH / 2, _WIDTH / 2)
    axes.set_ylim(_find_vertical_limits(len(behaviors)))


def _place_name(center: npt.NDArray[np.float64], outward: npt.NDArray[np.float64], radius: float) -> npt.NDArray[np.float64]:
    """Return the middle of a name: beyond the loop, or below it where that leads sideways."""
    if abs(outward[1]) < 0.35:
        return center + np.array([0.45 * outward[0], -(radius + 0.28)])
    return center + (radius + _LOOP + 0.17) * outward + np.array([0.0, 0.08 * np.sign(outward[1])])


def _find_vertical_limits(n_behaviors: int) -> tuple[float, float]:
    """Return where a panel ends below and above, loops and names included."""
    heights = np.sin(_spread_angles(n_behaviors))
    ring = 0.0 if n_behaviors == 1 else 1.0
    names = heights * (ring + _LARGEST + _LOOP + 0.2)
    circles = heights * ring
    return float(min((names - 0.25).min(), (circles - _LARGEST - 0.1).min())), float(names.max() + 0.25)


def _spread_angles(n_behaviors: int) -> npt.NDArray[np.float64]:
    """Return where behaviors stand on the ring, clockwise from the top, in radians."""
    return np.pi / 2 - 2 * np.pi * np.arange(n_behaviors) / n_behaviors


def _draw_arrow(axes: Axes, ends: npt.NDArray[np.float64], radii: npt.NDArray[np.float64], probability: float, color: str) -> None:
    way = ends[1] - ends[0]
    distance = float(np.hypot(*way))
    # Arrows there and back bend to different sides.
    control = ends.mean(axis=0) + _BEND * np.array([way[1], -way[0]])
    start, stop = (_step_towards(end, control, radius + 0.04) for end, radius in zip(ends, radii, strict=True))
    _add_arrow(axes, Path([start, control, stop], [Path.MOVETO, Path.CURVE3, Path.CURVE3]), probability, color)
    # Nearer to where it comes from, because in the middle of the figure all cross.
    part = 0.33 if distance > 1.2 else 0.5
    middle = (1 - part) ** 2 * start + 2 * part * (1 - part) * control + part**2 * stop
    _write(axes, middle, f"{100 * probability:.0f}", color=color, fontsize=8, fontweight="bold", ha="center", va="center")


def _draw_loop(axes: Axes, center: npt.NDArray[np.float64], angle: float, radius: float, probability: float, color: str) -> None:
    foot, knee = ([np.array([np.cos(angle + turn), np.sin(angle + turn)]) for turn in (spread, -spread)] for spread in (0.55, 0.5))
    points = [center + (radius + 0.04) * foot[0], center + (radius + 1.3 * _LOOP) * knee[0], center + (radius + 1.3 * _LOOP) * knee[1]]
    points.append(center + (radius + 0.04) * foot[1])
    _add_arrow(axes, Path(points, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]), probability, color)
    outward = np.array([np.cos(angle), np.sin(angle)])
    _write(
        axes,
        center + (radius + 0.5 * _LOOP) * outward,
        f"{100 * probability:.0f}",
        color=color,
        fontsize=8,
        fontweight="bold",
        ha="center",
        va="center",
    )


def _add_arrow(axes: Axes, path: Path, probability: float, color: str) -> None:
    axes.add_patch(
        FancyArrowPatch(
            path=path, arrowstyle="-|>", mutation_scale=6 + 8 * probability, linewidth=0.6 + 4.4 * probability, color=color, fill=False,
            shrinkA=0, shrinkB=0, zorder=3, joinstyle="miter", capstyle="butt",
        )
    )  # fmt: skip


def _step_towards(start: npt.NDArray[np.float64], stop: npt.NDArray[np.float64], length: float) -> npt.NDArray[np.float64]:
    way = stop - start
    return start + way / np.hypot(*way) * length


def _write(axes: Axes, position: npt.NDArray[np.float64], words: str, **style: object) -> None:
    text = axes.text(*position, words, zorder=6, **style)
    text.set_path_effects([withStroke(linewidth=2.2, foreground="white")])
