"""Means over animals along time, read back from their artists."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.figures.time_curves import draw_time_curves

NAMES = ["groom", "rear"]


def test_time_curves_are_means_with_standard_errors() -> None:
    values = {"saline": np.array([[[1.0, 2.0], [0.0, 0.0]], [[3.0, np.nan], [0.0, 0.0]]]), "drug": np.ones((1, 2, 2))}
    figure = draw_time_curves(values, NAMES, np.array([0.0, 60.0, 120.0]), ylabel="Share (%)", scale=10)
    panel = figure.axes[0]
    np.testing.assert_array_equal(panel.lines[0].get_ydata(), [20, 20])
    np.testing.assert_array_equal(panel.lines[0].get_xdata(), [30, 90])
    low, high = np.nanmin(panel.collections[0].get_paths()[0].vertices[:, 1]), np.nanmax(panel.collections[0].get_paths()[0].vertices[:, 1])
    # Values 10 and 30: a standard deviation of sqrt(200), divided by sqrt(2).
    assert (low, high) == pytest.approx((10, 30))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["saline (n = 2)", "drug (n = 1)"]


def test_only_the_lowest_panels_name_the_time() -> None:
    figure = draw_time_curves({"": np.ones((1, 4, 2))}, list("abcd"), np.array([0.0, 60.0, 120.0]), ylabel="")
    labels = [axes.get_xlabel() for axes in figure.axes if axes.get_visible()]
    assert labels[0] == ""
    assert all(labels[1:])
    assert [axes.get_title(loc="left") for axes in figure.axes if axes.get_visible()] == list("abcd")


@pytest.mark.parametrize("values", [{}, {"a": np.zeros((1, 1, 1))}, {"a": np.zeros((1, 2, 2))}])
def test_what_cannot_be_drawn_is_refused(values: dict[str, np.ndarray]) -> None:
    with pytest.raises(ValueError, match="expected"):
        draw_time_curves(values, NAMES, np.arange(2.0), ylabel="")
