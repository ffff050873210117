"""Ethograms of very many recordings at once, read back from their artists."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.figures.ethogram_overview import draw_ethogram_overview, measure_shares
from behavior.figures.rendering import render_png

NAMES = ["groom", "rear", "dig", "walk"]


def test_shares_are_of_what_was_recorded() -> None:
    # 2 s at 10 frames a second, then nothing for 8 s, then 1 s; the behavior is shown in the first second and in the last one.
    time_s = np.concatenate([np.arange(20) / 10, 10 + np.arange(10) / 10])
    values = np.zeros((30, 1), dtype=bool)
    values[:10], values[20:] = True, True
    shares = measure_shares(values, time_s, np.array([0.0, 1.0, 2.0, 5.0, 9.5, 11.0, 20.0]))
    np.testing.assert_allclose(shares, [[1, 0, np.nan, np.nan, 1, np.nan]], atol=1e-6)


def test_there_is_a_panel_for_each_behavior_and_a_line_between_groups() -> None:
    shares = np.zeros((50, 4, 10), dtype=np.float32)
    shares[:, 1] = 1
    shares[40:, :, 5:] = np.nan
    figure = draw_ethogram_overview(shares, np.arange(11.0), NAMES, ["saline"] * 30 + ["drug"] * 20)
    panels = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in panels] == NAMES
    assert [len(axes.lines) for axes in panels] == [1] * 4
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["saline\n(30)", "drug\n(20)"]
    first, second = (axes.images[0].get_array() for axes in panels[:2])
    assert first.shape == (50, 10, 3)
    assert (first[0, 0] == 1).all()
    np.testing.assert_allclose(second[0, 0], np.array([0xD5, 0x5E, 0x00]) / 255)
    np.testing.assert_allclose(second[45, 7], 0.91)


def test_a_thousand_recordings_fit_on_a_page_in_few_bytes() -> None:
    rng = np.random.default_rng(0)
    figure = draw_ethogram_overview(rng.random((1000, 2, 300)) < 0.2, np.arange(301.0), NAMES[:2], [""] * 1000)
    assert figure.get_size_inches()[1] < 9.5
    # Noise is what compresses least.
    assert len(render_png(figure)) < 3_000_000


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        draw_ethogram_overview(np.zeros((2, 1, 5)), np.arange(5.0), NAMES[:1], ["", ""])
    with pytest.raises(ValueError, match="some of each"):
        draw_ethogram_overview(np.zeros((0, 1, 4)), np.arange(5.0), NAMES[:1], [])
