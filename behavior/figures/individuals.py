"""Individuals as pictures: queries beside their guesses, who is taken for whom, and what more images of each bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from behavior.figures.lettering import shorten_text, write_word
from behavior.figures.rendering import INK, PlainFigure, get_color, get_line_style, style_axes

__all__ = ["ShownGuess", "ShownQuery", "draw_answers", "draw_few_shot", "draw_individuals_confusion", "draw_members"]

Image = npt.NDArray[np.uint8]

_GAP, _LINE, _LETTERS = 10, 17, 12
_WHITE, _INK, _GREEN, _RED, _GREY = (255, 255, 255), (34, 34, 34), (0, 120, 70), (190, 60, 0), (130, 130, 130)
_MOST_LABELS, _MOST_COUNTS = 40, 25
_MOST_GUESSES = 5


@dataclass(frozen=True)
class ShownGuess:
    """An individual that a query may be: a picture of it, RGB of shape (S, S, 3), its name and its probability."""

    image: Image
    name: str
    probability: float


@dataclass(frozen=True)
class ShownQuery:
    """A query: a picture, its name, what was decided, whether that is somebody new, and the guesses from the likeliest on."""

    image: Image
    name: str
    decision: str
    is_new: bool
    guesses: Sequence[ShownGuess]


def draw_answers(queries: Sequence[ShownQuery], *, size: int = 96) -> Image:
    """Return a row for each query: its picture at the left with what was decided, its guesses beside it; RGB.

    Raises
    ------
    ValueError
        If there is no query.
    """
    if not queries:
        raise ValueError("there are no queries, expected at least one")
    pitch, height = size + _GAP, size + 2 * _LINE + _GAP
    canvas = np.full((len(queries) * height + _GAP, (_MOST_GUESSES + 1) * pitch + 4 * _GAP, 3), 255, dtype=np.uint8)
    for row, query in enumerate(queries):
        top = row * height + _GAP
        _place(canvas, query.image, _GAP, top, size)
        _write(canvas, query.name, _GAP, top + size, size, _INK)
        _write(canvas, query.decision, _GAP, top + size + _LINE, size, _RED if query.is_new else _GREEN, bold=True)
        for number, guess in enumerate(query.guesses[:_MOST_GUESSES]):
            left = (number + 1) * pitch + 3 * _GAP
            _place(canvas, guess.image, left, top, size)
            _write(canvas, guess.name, left, top + size, size, _INK)
            _write(canvas, f"{guess.probability:.2f}", left, top + size + _LINE, size, _GREY)
    return canvas


def draw_members(members: Mapping[str, Sequence[Image]], counts: Mapping[str, str], *, n_shown: int = 8, size: int = 80) -> Image:
    """Return a row of pictures for each individual, with its name and what there is of it at the left; RGB."""
    pitch, left = size + _GAP, 150
    canvas = np.full((len(members) * pitch + _GAP, left + n_shown * pitch + _GAP, 3), 255, dtype=np.uint8)
    for row, (name, images) in enumerate(members.items()):
        top = row * pitch + _GAP
        _write(canvas, name, _GAP, top, left - 2 * _GAP, _INK, bold=True)
        _write(canvas, counts[name], _GAP, top + _LINE, left - 2 * _GAP, _GREY)
        for number, image in enumerate(images[:n_shown]):
            _place(canvas, image, left + number * pitch, top, size)
    return canvas


def draw_individuals_confusion(counts: npt.NDArray[np.integer], names: Sequence[str], *, title: str = "") -> Figure:
    """Draw who is taken for whom.

    Parameters
    ----------
    counts
        Of shape (N, N): individuals in rows, what they were taken for in columns.
    names
        N names.
    title
        Shown above.

    Returns
    -------
    A figure whose shades are the shares of each row; with counts where there are at most 25 names.
    """
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    side = float(np.clip(1.8 + 0.42 * len(names), 4.2, 14.0))
    figure = PlainFigure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    step = -(-len(names) // _MOST_LABELS)
    places = list(range(0, len(names), step))
    shown = [names[place] if len(names[place]) <= 16 else f"{names[place][:15]}\N{HORIZONTAL ELLIPSIS}" for place in places]
    axes.set_xticks(places, shown, rotation=90, fontsize=8)
    axes.set_yticks(places, shown, fontsize=8)
    if len(names) <= _MOST_COUNTS:
        for row, column in np.argwhere(counts > 0).tolist():
            color = "white" if shares[row, column] > 0.55 else INK
            axes.text(column, row, f"{counts[row, column]:,}", ha="center", va="center", fontsize=7, color=color)
    axes.set_xlabel("Taken for", fontsize=9)
    axes.set_ylabel("Individual", fontsize=9)
    axes.tick_params(length=0)
    if title:
        axes.set_title(title, fontsize=10, color=INK)
    return figure


def draw_few_shot(shots: Sequence[int], curves: Mapping[str, Sequence[float]], *, title: str = "") -> Figure:
    """Draw each metric over the number of enrolled images of an individual; NaN leaves a point out."""
    figure = PlainFigure(figsize=(5.6, 4.2), layout="constrained")
    axes = figure.subplots()
    for index, (name, values) in enumerate(curves.items()):
        axes.plot(shots, values, color=get_color(index), linestyle=get_line_style(index), marker="o", markersize=4, label=name)
    axes.set_xscale("log")
    axes.set_xticks(shots, [str(one) for one in shots])
    axes.minorticks_off()
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("Enrolled images of each individual", fontsize=9)
    style_axes(axes)
    axes.legend(frameon=False, fontsize=9, loc="lower right")
    if title:
        axes.set_title(title, fontsize=10, color=INK)
    return figure


def _place(canvas: Image, image: Image, left: int, top: int, size: int) -> None:
    interpolation = cv2.INTER_AREA if len(image) > size else cv2.INTER_LINEAR
    canvas[top : top + size, left : left + size] = cv2.resize(image, (size, size), interpolation=interpolation)


def _write(canvas: Image, text: str, left: int, top: int, width: int, color: tuple[int, int, int], *, bold: bool = False) -> None:
    word = write_word(shorten_text(text, _LETTERS, width, bold=bold), _LETTERS, color, _WHITE, bold=bold)
    word = word[: canvas.shape[0] - top, : canvas.shape[1] - left]
    canvas[top : top + len(word), left : left + word.shape[1]] = word
