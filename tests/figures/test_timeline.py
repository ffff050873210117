"""The axis of time."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from behavior.figures.timeline import style_time


def make_axis(duration_s: float, **options: int) -> tuple[str, list[float], list[str]]:
    """Return the axis's title, its ticks within the recording, and what stands beside them."""
    axes = Figure().subplots()
    axes.set_xlim(0, duration_s)
    style_time(axes, duration_s, **options)
    ticks = [float(tick) for tick in axes.get_xticks() if 0 <= tick <= duration_s]
    return axes.get_xlabel(), ticks, [axes.xaxis.get_major_formatter()(tick) for tick in ticks]


def test_short_recordings_have_seconds() -> None:
    title, ticks, _ = make_axis(120.0)
    assert title == "Time (s)"
    assert len(ticks) <= 10


@pytest.mark.parametrize(("duration_s", "step"), [(180.0, 30), (600.0, 120), (3600.0, 600), (14400.0, 1800)])
def test_long_recordings_have_minutes_in_steps_that_add_up(duration_s: float, step: int) -> None:
    title, ticks, _ = make_axis(duration_s)
    assert title == "Time (min:s)"
    assert set(np.diff(ticks)) == {step}
    assert len(ticks) <= 10


def test_minutes_are_written_with_seconds() -> None:
    assert make_axis(300.0)[2] == ["0:00", "1:00", "2:00", "3:00", "4:00", "5:00"]
    assert make_axis(200.0)[2][:3] == ["0:00", "0:30", "1:00"]


def test_days_are_written_in_hours() -> None:
    title, ticks, words = make_axis(86400.0)
    assert title == "Time (h:min)"
    assert set(np.diff(ticks)) == {14400}
    assert words[:3] == ["0:00", "4:00", "8:00"]


@pytest.mark.parametrize(("days", "step_h"), [(4, 24), (9, 48), (30, 168), (300, 1344)])
def test_ticks_of_many_days_are_few(days: int, step_h: int) -> None:
    _, ticks, words = make_axis(86400.0 * days, n_ticks=5)
    assert set(np.diff(ticks)) == {3600 * step_h}
    assert len(ticks) <= 6
    assert words[1] == f"{step_h}:00"


def test_fewer_ticks_can_be_asked_for() -> None:
    assert len(make_axis(600.0, n_ticks=5)[1]) <= 6
