"""Rows with times: which frame of a video each is of, and what contradicts the video."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.errors import PoseError
from behavior.files.pose_times import place_by_time
from behavior.recording import Frames, Track

PATH = Path("p.nwb")
RATE = 25.0


def make_track(time_s: np.ndarray) -> Track:
    """A point whose x is the time of its row, so that what is placed wrongly shows."""
    positions = np.stack([time_s, np.zeros(len(time_s))], axis=1)[:, np.newaxis]
    return Track(positions, np.ones((len(time_s), 1)), ("nose",), time_s=np.asarray(time_s, dtype=np.float64))


def make_frames(n_frames: int = 100, fps: float = RATE) -> Frames:
    return Frames.from_times(np.arange(n_frames) / fps)


def list_measured(track: Track) -> list[int]:
    np.testing.assert_array_equal(np.isfinite(track.positions[:, 0, 0]), track.likelihoods[:, 0] > 0)
    return np.flatnonzero(track.likelihoods[:, 0]).tolist()


@given(frames=st.sets(st.integers(0, 99), min_size=2))
def test_rows_are_where_their_times_are(frames: set[int]) -> None:
    expected = sorted(frames)
    # Of samples at every third frame, say, what is between them is no gap.
    steps = np.diff(expected)
    if len(set(steps)) == 1 and steps[0] > 1:
        return
    placed, _ = place_by_time(make_track(np.array(expected) / RATE), make_frames(), path=PATH)
    assert len(placed) == 100
    assert placed.time_s is None
    assert list_measured(placed) == expected
    np.testing.assert_allclose(placed.positions[expected, 0, 0], np.array(expected) / RATE)


def test_a_late_start_and_an_early_end_are_said() -> None:
    placed, notes = place_by_time(make_track(np.arange(20, 70) / RATE), make_frames(), path=PATH)
    assert list_measured(placed) == list(range(20, 70))
    assert notes == [
        "p.nwb: its rows begin at 0.8 s, frame 20; the frames before it count as unmeasured.",
        "p.nwb: 30 of 100 frames, the last ones, have no pose row and count as unmeasured.",
    ]
    placed, notes = place_by_time(make_track(np.arange(1, 101) / RATE), make_frames(101), path=PATH)
    assert list_measured(placed) == list(range(1, 101))
    assert len(notes) == 1


def test_rows_of_a_video_that_loses_frames_or_pauses_are_of_their_frames() -> None:
    kept = np.flatnonzero(np.arange(90) % 3 != 2) / RATE
    for times in (kept, np.concatenate((np.arange(50) / RATE, 600 + np.arange(50) / RATE))):
        placed, _ = place_by_time(make_track(times), Frames.from_times(times), path=PATH)
        np.testing.assert_allclose(placed.positions[:, 0, 0], times)
        placed, _ = place_by_time(make_track(times[:-10]), Frames.from_times(times), path=PATH)
        assert list_measured(placed) == list(range(len(times) - 10))


def test_rates_that_are_rounded_do_not_drift() -> None:
    frames = np.setdiff1d(np.arange(500, 20_000), [700, 701, 15_000])
    placed, _ = place_by_time(make_track(frames / 30.0), make_frames(20_000, fps=30_000 / 1001), path=PATH)
    assert list_measured(placed) == frames.tolist()


def test_frames_of_varying_length() -> None:
    rng = np.random.default_rng(0)
    time_s = np.cumsum(rng.uniform(0.03, 0.06, 100))
    time_s -= time_s[0]
    rows = np.setdiff1d(np.arange(4, 90), [10, 50, 51])
    placed, _ = place_by_time(make_track(time_s[rows]), Frames.from_times(time_s), path=PATH)
    assert list_measured(placed) == rows.tolist()


def test_times_of_another_clock() -> None:
    placed, notes = place_by_time(make_track(12.3 + np.arange(100) / RATE), make_frames(), path=PATH)
    assert list_measured(placed) == list(range(100))
    assert notes == []
    placed, notes = place_by_time(make_track(12.3 + np.delete(np.arange(100), 40) / RATE), make_frames(), path=PATH)
    assert list_measured(placed) == np.delete(np.arange(100), 40).tolist()
    assert "begin at 12.3 s" in notes[0]
    with pytest.raises(PoseError, match=r"p.nwb: its times go from 12.3 to 14.26 s, the video's 100 frames from 0 to 3.96 s"):
        place_by_time(make_track(12.3 + np.arange(50) / RATE), make_frames(), path=PATH)


def test_numbers_of_frames_in_place_of_seconds() -> None:
    placed, notes = place_by_time(make_track(np.arange(20.0, 80.0)), make_frames(), path=PATH)
    assert list_measured(placed) == list(range(20, 80))
    assert "taken for numbers of frames" in notes[0]
    with pytest.raises(PoseError, match="can be seconds or numbers of frames"):
        place_by_time(make_track(np.arange(1.0, 4.0)), make_frames(), path=PATH)


def test_samples_lie_on_straight_lines() -> None:
    placed, notes = place_by_time(make_track(np.arange(0, 100, 2) / RATE), make_frames(), path=PATH)
    np.testing.assert_allclose(placed.positions[:99, 0, 0], np.arange(99) / RATE)
    assert "0.08 s apart" in notes[0]
    missing = make_track(np.arange(0, 100, 2) / RATE)
    missing.positions[10] = np.nan
    placed, _ = place_by_time(missing, make_frames(), path=PATH)
    assert np.flatnonzero(np.isnan(placed.positions[:, 0, 0])).tolist() == [19, 20, 21]


def test_a_row_for_each_frame_at_another_rate_is_said() -> None:
    placed, notes = place_by_time(make_track(np.arange(100) / 30), make_frames(), path=PATH)
    assert list_measured(placed) == list(range(100))
    assert "30 rows per second, the video has 25 frames" in notes[0]
    with pytest.raises(PoseError, match=r"both nearest to frame|expected the times of frames"):
        place_by_time(make_track(np.arange(60) / 50), make_frames(), path=PATH)


def test_rows_after_a_video_that_broke_off() -> None:
    frames = Frames.from_times(np.arange(40) / RATE, broke_off=True)
    placed, notes = place_by_time(make_track(np.arange(100) / RATE), frames, path=PATH)
    assert list_measured(placed) == list(range(40))
    assert "60 pose rows are after its end" in notes[0]
    with pytest.raises(PoseError, match="expected times within the video"):
        place_by_time(make_track(np.arange(100) / RATE), make_frames(40), path=PATH)


def test_times_in_milliseconds_are_refused_as_such() -> None:
    with pytest.raises(PoseError, match=r"go from 400 to 3960 s, .*; are they milliseconds\? NWB has seconds"):
        place_by_time(make_track(np.arange(10, 100) / RATE * 1000), make_frames(), path=PATH)


def test_a_pose_without_rows_measures_nothing() -> None:
    placed, notes = place_by_time(make_track(np.empty(0)), make_frames(), path=PATH)
    assert (len(placed), list_measured(placed), notes) == (100, [], [])
