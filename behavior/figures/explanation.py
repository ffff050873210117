"""Why a model predicts what it predicts: a map over the picture, moments before and after, and what each kind of feature says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.transforms import Affine2D

from behavior.figures.rendering import COLORS, INK, MUTED, PlainFigure

__all__ = ["AGAINST", "FOR", "color_map", "draw_explanation"]

# Vermillion and blue are told apart with any of the usual colour blindnesses.
FOR, AGAINST = COLORS[1], COLORS[0]
# Of the crop's side, shown around it.
_MARGIN = 0.15
# In a line of small letters.
_LETTERS = 130
# How much of the picture the strongest place hides.
_MOST_OPAQUE = 0.8


def color_map(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return a map (S, S) as colours (S, S, 4) to be laid over a picture: what speaks for the behavior in vermillion, against in blue.

    The larger a change, the less transparent it is; the largest of the map sets the scale.
    """
    largest = float(np.abs(values).max()) or 1.0
    colors = np.where(values[..., None] >= 0, to_rgb(FOR), to_rgb(AGAINST))
    return np.concatenate([colors, _MOST_OPAQUE * np.abs(values[..., None]) / largest], axis=-1)


def draw_explanation(
    edges_s: npt.NDArray[np.floating],
    changes: npt.NDArray[np.floating],
    *,
    picture: npt.NDArray[np.uint8] | None = None,
    values: npt.NDArray[np.floating] | None = None,
    corners: npt.NDArray[np.floating] | None = None,
    contributions: Mapping[str, float] | None = None,
    title: str = "",
    sentences: Sequence[str] = (),
) -> PlainFigure:
    """Draw an explanation.

    Parameters
    ----------
    edges_s, changes
        When moments begin and the last one ends, in seconds from the frame, (M + 1,); changes of the log-odds with each hidden, (M,).
    picture, values, corners
        The frame (H, W, 3), the map (S, S), and where its corners are in the frame (4, 2), upper left first and clockwise; all or none.
    contributions
        Changes by stream of features, or by body part.
    title, sentences
        Above; and what is shown, in small letters below.

    Raises
    ------
    ValueError
        If there is not one edge more than changes.
    """
    if len(edges_s) != len(changes) + 1:
        raise ValueError(f"there are {len(edges_s)} edges of {len(changes)} moments, expected one more")
    bars = contributions or {}
    has_map = picture is not None and values is not None and corners is not None
    lines = [line for sentence in sentences for line in wrap(sentence, _LETTERS)]
    height = (3.6 if has_map else 0.0) + 2.0 + (0.5 + 0.2 * len(bars) if bars else 0.0) + 0.4 + 0.14 * len(lines)
    figure = PlainFigure(figsize=(7.2, height), layout="constrained")
    heights = [*([3.6] if has_map else []), 2.0, *([0.5 + 0.2 * len(bars)] if bars else [])]
    rows = list(figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0])
    if picture is not None and values is not None and corners is not None:
        plain, mapped = rows.pop(0).subplots(1, 2)
        for axes, is_mapped in ((plain, False), (mapped, True)):
            _draw_picture(axes, picture, corners, color_map(values) if is_mapped else None)
        plain.set_title("The picture", loc="left", fontsize=9, color=INK)
        mapped.set_title("What speaks for it, and against it", loc="left", fontsize=9, color=INK)
    _draw_moments(rows.pop(0).subplots(), edges_s, changes)
    if bars:
        _draw_bars(rows.pop(0).subplots(), bars)
    if title:
        figure.suptitle(title, fontsize=10, color=INK)
    if sentences:
        figure.supxlabel("\n".join(lines), fontsize=7.5, color=INK, x=0.02, ha="left")
    return figure


def _draw_picture(
    axes: Axes, picture: npt.NDArray[np.uint8], corners: npt.NDArray[np.floating], colors: npt.NDArray[np.float64] | None
) -> None:
    """Draw the part of a frame around the crop, with the map as the crop lies in the frame."""
    height, width = picture.shape[:2]
    axes.imshow(picture, extent=(0, width, height, 0), interpolation="bilinear")
    if colors is not None:
        right, down = corners[1] - corners[0], corners[3] - corners[0]
        place = Affine2D(np.array([[right[0], down[0], corners[0, 0]], [right[1], down[1], corners[0, 1]], [0, 0, 1]]))
        axes.imshow(colors, extent=(0, 1, 1, 0), transform=place + axes.transData, interpolation="bilinear")
    outline = np.concatenate([corners, corners[:1]])
    axes.plot(*outline.T, color="white", linewidth=1.0)
    axes.plot(*outline.T, color=INK, linewidth=1.0, linestyle=(0, (3, 3)))
    margin = _MARGIN * float(np.linalg.norm(corners[1] - corners[0]))
    low, high = corners.min(axis=0) - margin, corners.max(axis=0) + margin
    axes.set_xlim(max(low[0], 0), min(high[0], width))
    axes.set_ylim(min(high[1], height), max(low[1], 0))
    axes.set_aspect("equal")
    axes.axis("off")


def _draw_moments(axes: Axes, edges_s: npt.NDArray[np.floating], changes: npt.NDArray[np.floating]) -> None:
    for sign, color in ((1, FOR), (-1, AGAINST)):
        axes.stairs(np.maximum(sign * changes, 0) * sign, edges_s, fill=True, color=color)
    axes.stairs(changes, edges_s, color=INK, linewidth=0.6)
    axes.axhline(0, color=MUTED, linewidth=0.6)
    axes.axvline(0, color=INK, linewidth=1.0, linestyle="--")
    axes.set_xlim(float(edges_s[0]), float(edges_s[-1]))
    axes.set_title("Which moments speak for it (above 0), and against it", loc="left", fontsize=9, color=INK)
    axes.set_xlabel("Seconds from the frame", fontsize=9)
    axes.set_ylabel("Log-odds lost\nwhen replaced", fontsize=9)
    _style(axes)


def _draw_bars(axes: Axes, bars: Mapping[str, float]) -> None:
    names, values = list(bars), np.array(list(bars.values()))
    axes.barh(np.arange(len(names)), values, color=[FOR if value >= 0 else AGAINST for value in values], height=0.7)
    axes.axvline(0, color=MUTED, linewidth=0.6)
    axes.set_yticks(np.arange(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("Log-odds lost when replaced around the frame", fontsize=9)
    _style(axes)


def _style(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=2, labelsize=8)
