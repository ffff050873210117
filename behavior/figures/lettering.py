"""Words as small pictures, for what is painted frame by frame, where a figure of matplotlib would take too long."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from matplotlib import font_manager
from matplotlib.colors import to_rgb
from PIL import Image, ImageDraw, ImageFont

__all__ = ["Rgb", "choose_text_color", "lighten_until_readable", "measure_contrast", "mix", "parse_color", "shorten_text", "write_word"]

Rgb: TypeAlias = tuple[int, int, int]

_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
# The font that matplotlib ships, and one of its that shows for every character only of which kind it is.
_FONT, _LAST_RESORT = "DejaVu Sans", "Last Resort"
# Of text and its ground: level AA of the W3C's Web Content Accessibility Guidelines.
_READABLE = 4.5


def parse_color(color: str) -> Rgb:
    """Return the red, green and blue of a colour of matplotlib's, each from 0 to 255."""
    red, green, blue = (round(255 * part) for part in to_rgb(color))
    return red, green, blue


def mix(color: Rgb, other: Rgb, share: float) -> Rgb:
    """Return `color` with a `share` from 0 to 1 of `other` in it."""
    red, green, blue = (round((1 - share) * first + share * second) for first, second in zip(color, other, strict=True))
    return red, green, blue


def measure_contrast(color: Rgb, other: Rgb) -> float:
    """Return the contrast ratio of two colours, from 1 to 21, as the W3C's Web Content Accessibility Guidelines 2.1 define it."""
    first, second = _measure_luminance(color), _measure_luminance(other)
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)


def choose_text_color(ground: Rgb) -> Rgb:
    """Return black or white, whichever reads better on `ground`."""
    return max(((0, 0, 0), (255, 255, 255)), key=lambda color: measure_contrast(color, ground))


def lighten_until_readable(color: Rgb, ground: Rgb) -> Rgb:
    """Return `color` with as little white in it as makes it readable on a dark `ground`."""
    shares = (share / 20 for share in range(20))
    return next(
        (lighter for share in shares if measure_contrast(lighter := mix(color, (255, 255, 255), share), ground) >= _READABLE), color
    )


def shorten_text(text: str, size: int, width: int, *, bold: bool = False) -> str:
    """Return `text` on one line, its end replaced by an ellipsis where it is wider than `width` pixels in letters of `size`."""
    text = " ".join(text.split())
    font = _open_font(text, size, bold)
    if font.getlength(text) <= width:
        return text
    fitting = (text[:end].rstrip() + _ELLIPSIS for end in range(len(text) - 1, 0, -1))
    return next((short for short in fitting if font.getlength(short) <= width), _ELLIPSIS)


def write_word(text: str, size: int, color: Rgb, ground: Rgb, *, bold: bool = False) -> npt.NDArray[np.uint8]:
    """Return `text` in letters of `size` pixels on `ground`, uint8 of shape (H, W, 3); H and the baseline are the same for all words."""
    font = _open_font(text, size, bold)
    ascent, descent = _open_font("", size, bold).getmetrics()
    height, width = ascent + descent, max(int(np.ceil(font.getlength(text))), 1)
    image = Image.new("L", (width, height))
    # Letters of a font that stands in may be taller than the line; what leans over its edges is cut off.
    ImageDraw.Draw(image).text((0, ascent), text, fill=255, font=font, anchor="ls")
    ink = np.asarray(image, dtype=np.float32)[..., None] / 255
    blend = np.array(ground, dtype=np.float32) * (1 - ink) + np.array(color, dtype=np.float32) * ink
    return np.rint(blend).astype(np.uint8)


def _measure_luminance(color: Rgb) -> float:
    parts = [part / 255 for part in color]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(maxsize=256)
def _open_font(text: str, size: int, bold: bool) -> ImageFont.FreeTypeFont:
    return _load_font(_find_font(frozenset(text), bold), size)


@lru_cache(maxsize=64)
def _load_font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


@lru_cache(maxsize=256)
def _find_font(characters: frozenset[str], bold: bool) -> str:
    """Return the file of matplotlib's own font, or of another one of this system where it lacks some of `characters`."""
    wanted = font_manager.FontProperties(family=[_FONT], weight="bold" if bold else "normal")
    own = font_manager.findfont(wanted)
    if _has(own, characters):
        return own
    others = sorted(entry.fname for entry in font_manager.fontManager.ttflist if _LAST_RESORT not in entry.name and entry.style == "normal")
    # Where none has them all, boxes stand for what is missing.
    return next((path for path in others if _has(path, characters)), own)


def _has(path: str, characters: frozenset[str]) -> bool:
    known = font_manager.get_font(path)
    return all(known.get_char_index(ord(character)) for character in characters if not character.isspace())
