"""How long frames last, where nothing was recorded, and how many frames there are in a second."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.frame_times import (
    count_lost,
    estimate_fps,
    find_gaps,
    find_rate_change,
    frame_edges,
    frame_stops,
    have_same_rate,
    measure_recorded,
)


def test_the_last_frame_ends_after_the_median_interval() -> None:
    assert frame_edges(np.array([0.0, 1.0, 2.0, 10.0])).tolist() == [0.0, 1.0, 2.0, 10.0, 11.0]
    assert frame_edges(np.array([3.0]), fps=4.0).tolist() == [3.0, 3.25]
    assert frame_edges(np.array([3.0])).tolist() == [3.0, 3.0]
    assert frame_edges(np.zeros(0)).tolist() == [0.0]


def test_a_frame_rate_is_estimated_without_gaps_and_equal_stamps() -> None:
    # As cameras write 30 frames per second in whole milliseconds.
    milliseconds = np.cumsum([0, *[33, 34, 33] * 10]) / 1000
    assert estimate_fps(milliseconds) == pytest.approx(30.0)
    assert estimate_fps(np.concatenate((milliseconds, milliseconds + 100))) == pytest.approx(30.0)
    assert estimate_fps(np.array([0.0, 0.1, 0.1, 0.2])) == pytest.approx(10.0)
    with pytest.raises(ValueError, match="at least 2 frames, found 1"):
        estimate_fps(np.zeros(1))
    with pytest.raises(ValueError, match="all frames have one time"):
        estimate_fps(np.zeros(3))


def test_rates_within_a_hundredth_are_the_same() -> None:
    assert have_same_rate(30.0, 30.29)
    assert not have_same_rate(30.0, 30.4)


@pytest.mark.parametrize("fps", [15.0, 25.0, 29.97, 30.0, 60.0])
@pytest.mark.parametrize("pattern", ["110", "11110", "1110111", "11011010"])
@pytest.mark.parametrize("unit", [1e-3, 1 / 90000])
def test_a_camera_that_loses_frames_has_the_rate_of_one_that_does_not(fps: float, pattern: str, unit: float) -> None:
    stamps = np.round(np.arange(600) / fps / unit) * unit
    kept = stamps[[pattern[frame % len(pattern)] == "1" for frame in range(600)]]
    assert have_same_rate(estimate_fps(kept), fps)
    assert estimate_fps(kept) == pytest.approx(fps, rel=1e-3)
    n_lost = sum(pattern[frame % len(pattern)] == "0" for frame in range(600)) - (pattern[599 % len(pattern)] == "0")
    assert count_lost(kept) == n_lost


@pytest.mark.parametrize("kept_share", [0.9, 0.6, 0.4])
def test_frames_lost_at_random_do_not_change_the_rate(kept_share: float) -> None:
    stamps = np.round(np.arange(900) * 1000 / 30) / 1000
    kept = stamps[np.random.default_rng(3).random(900) < kept_share]
    assert estimate_fps(kept) == pytest.approx(30.0, rel=2e-3)


def test_intervals_that_vary_are_averaged() -> None:
    times = np.cumsum([0.0, *[1 / 30, 1 / 20] * 100])
    assert estimate_fps(times) == pytest.approx(24.0, rel=1e-3)
    assert count_lost(times) == 0


def test_an_hour_without_frames_is_a_gap_and_a_lost_frame_is_none() -> None:
    times = np.concatenate((np.arange(50) / 10, 3600 + np.arange(50) / 10))
    edges = frame_edges(times)
    assert np.flatnonzero(find_gaps(edges)).tolist() == [49]
    assert frame_stops(edges)[49] == pytest.approx(5.0)
    assert measure_recorded(times) == pytest.approx(10.0)
    assert estimate_fps(times) == pytest.approx(10.0)
    assert count_lost(times) == 0
    lossy = np.delete(np.arange(100) / 10, [3, 50, 51])
    assert not find_gaps(frame_edges(lossy)).any()
    assert measure_recorded(lossy) == pytest.approx(10.0)
    assert count_lost(lossy) == 3
    assert find_gaps(frame_edges(np.zeros(0))).shape == (0,)
    # At one frame in two seconds, two seconds are no gap.
    assert not find_gaps(frame_edges(np.arange(10) * 2.0)).any()


def test_two_intervals_that_are_nothing_alike_have_a_rate_all_the_same() -> None:
    assert estimate_fps(np.array([0.0, 0.1, 10.1])) == pytest.approx(10)


def test_a_rate_that_changes_is_found_and_lost_frames_and_pauses_are_no_change():
    steady = np.arange(900) / 30
    assert find_rate_change(steady) is None
    assert find_rate_change(steady[:40]) is None
    assert find_rate_change(np.append(steady, steady + 90)) is None
    rng = np.random.default_rng(0)
    assert find_rate_change(np.delete(steady, rng.choice(900, 200, replace=False))) is None
    assert find_rate_change(np.cumsum((1 + 0.5 * (rng.random(900) - 0.5)) / 30)) is None
    assert find_rate_change(np.append(steady, 30 + np.arange(450) / 15)) == (900, 30.0, 15.0)
    frame, before, after = find_rate_change(np.append(steady, 90 + np.arange(900) / 60))
    assert (frame, before, after) == (900, 30.0, 60.0)
