"""Words as small pictures, and colours that can be read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import font_manager

from behavior.figures.lettering import (
    choose_text_color,
    lighten_until_readable,
    measure_contrast,
    mix,
    parse_color,
    shorten_text,
    write_word,
)
from behavior.figures.overlay_bars import GROUND
from behavior.figures.rendering import COLORS


@pytest.mark.parametrize("color", COLORS)
def test_words_can_be_read(color: str) -> None:
    ground = parse_color(color)
    assert measure_contrast(choose_text_color(ground), ground) >= 4.5
    assert measure_contrast(lighten_until_readable(ground, GROUND), GROUND) >= 4.5


def test_contrast_is_that_of_the_guidelines() -> None:
    assert measure_contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert measure_contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)
    assert mix((0, 100, 200), (100, 100, 100), 0.25) == (25, 100, 175)


@given(text=st.text(max_size=40), width=st.integers(30, 200))
def test_shortened_words_fit(text: str, width: int) -> None:
    short = shorten_text(text, 15, width)
    assert write_word(short, 15, (255, 255, 255), GROUND).shape[1] <= width
    line = " ".join(text.split())
    assert short == line or line.startswith(short[:-1].rstrip())


def test_words_have_one_height_and_their_colours() -> None:
    words = [write_word(text, 20, (255, 0, 0), (0, 0, 255)) for text in ("a", "Åg|", "")]
    assert len({word.shape[0] for word in words}) == 1
    assert words[1].shape[1] > words[0].shape[1]
    assert (words[1] == (255, 0, 0)).all(axis=2).any()
    # Between letters and ground there are shades of both.
    assert len(np.unique(words[1][..., 0])) > 10
    assert (words[2] == (0, 0, 255)).all()


def test_characters_that_the_usual_font_lacks_come_from_another() -> None:
    own = font_manager.get_font(font_manager.findfont("DejaVu Sans"))
    # Among matplotlib's own fonts, STIX has more of mathematics.
    missing = next(
        chr(code)
        for entry in font_manager.fontManager.ttflist
        if entry.name == "STIXGeneral"
        for code in sorted(font_manager.get_font(entry.fname).get_charmap())
        if code < 0xE000 and not own.get_char_index(code)
    )
    box = write_word("\N{TAMIL LETTER KA}", 20, (255, 255, 255), GROUND)
    assert not np.array_equal(write_word(missing, 20, (255, 255, 255), GROUND), box)
