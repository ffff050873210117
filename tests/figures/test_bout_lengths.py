"""How long bouts are, read back from the histograms' artists."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.figures.bout_lengths import draw_bout_lengths
from behavior.figures.rendering import render_png

NAMES = ["groom", "rear"]


def test_bout_lengths_are_counted_and_their_medians_marked() -> None:
    lengths = np.array([1.0, 1.0, 2.0, 8.0, 9.0])
    figure = draw_bout_lengths({"": {"groom": lengths}}, NAMES, n_bins=4)
    panel, empty, *_ = figure.axes
    assert panel.get_title(loc="left") == "groom (5)"
    assert panel.patches[0].get_data().values.sum() == 5
    np.testing.assert_array_equal(panel.lines[0].get_xdata(), [2.0, 2.0])
    assert [text.get_text() for text in empty.texts] == ["no bout"]
    several = draw_bout_lengths({"saline": {"groom": lengths}, "drug": {"groom": lengths[:2]}}, NAMES, n_bins=4)
    assert [patch.get_data().values.sum() for patch in several.axes[0].patches] == pytest.approx([100, 100])


def test_bouts_of_one_length_and_of_none_can_be_drawn() -> None:
    # Between two frames of one time stamp a bout lasts no time, for which a logarithmic axis has no room.
    figure = draw_bout_lengths({"": {"groom": np.array([2.0, 2.0, 0.0])}}, ["groom"])
    assert figure.axes[0].get_title(loc="left") == "groom (2)"
    assert figure.axes[0].patches[0].get_data().values.sum() == 2
    assert render_png(figure, dpi=40).startswith(b"\x89PNG")


def test_a_group_without_bouts_has_no_line_in_the_legend() -> None:
    figure = draw_bout_lengths({"saline": {"groom": np.array([1.0, 2.0])}, "drug": {}}, ["groom"])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["saline", "median"]


@pytest.mark.parametrize(("lengths", "names"), [({}, NAMES), ({"": {}}, [])])
def test_what_cannot_be_drawn_is_refused(lengths: dict[str, dict[str, np.ndarray]], names: list[str]) -> None:
    with pytest.raises(ValueError, match="expected"):
        draw_bout_lengths(lengths, names)
