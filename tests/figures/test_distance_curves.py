"""Distances along time, read back from their artists."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.figures.distance_curves import MOST_POINTS, draw_distance_curves
from behavior.frame_sampling import find_greatest


def test_curves_stand_beneath_each_other_with_the_limit() -> None:
    times = np.arange(4.0)
    figure = draw_distance_curves([np.array([0.5, 0.6, 3.0, 0.5]), np.full(4, 0.5)], [times, times], ["a", "$b"])
    first, second = figure.axes
    np.testing.assert_array_equal(first.lines[0].get_ydata(), [0.5, 0.6, 3.0, 0.5])
    assert [axes.lines[1].get_ydata()[0] for axes in (first, second)] == [1, 1]
    assert [axes.get_title(loc="left") for axes in (first, second)] == ["a", "$b"]
    assert first.get_ylim()[1] > 3
    assert second.get_ylim()[1] == 1.5
    assert (first.get_xlabel(), second.get_xlabel()) == ("", "Time (s)")


def test_a_long_recording_keeps_its_peaks() -> None:
    values = np.zeros(50_000)
    values[31_234] = 7
    figure = draw_distance_curves([values], [np.arange(50_000) / 10], ["a"])
    shown = figure.axes[0].lines[0].get_ydata()
    assert len(shown) == MOST_POINTS
    assert max(shown) == 7
    assert find_greatest(values, 60_000) is values


@pytest.mark.parametrize("distances", [[], [np.empty(0)]])
def test_what_cannot_be_drawn_is_refused(distances: list[np.ndarray]) -> None:
    with pytest.raises(ValueError, match="expected"):
        draw_distance_curves(distances, [np.empty(0)] * len(distances), ["a"] * len(distances))
