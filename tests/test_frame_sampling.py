"""Which frames are taken, and what becomes known of the others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from behavior.frame_sampling import RowLayer, SampledRows, Sampler, lay_rows, sample, sample_frames
from behavior.frame_times import estimate_fps, find_stretches

RATES = st.floats(0.5, 60)


@st.composite
def list_times(draw: st.DrawFn) -> np.ndarray:
    """Draw times of a video of some rate that varies, loses frames, and may pause."""
    fps = draw(st.floats(1, 120))
    n_frames = draw(st.integers(2, 300))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    steps = (1 + draw(st.floats(0, 0.9)) * (rng.random(n_frames - 1) - 0.5)) / fps
    steps[rng.random(n_frames - 1) < draw(st.floats(0, 0.3))] *= 2
    if draw(st.booleans()):
        steps[rng.integers(n_frames - 1)] += 60
    return np.append(0.0, np.cumsum(steps))


@given(list_times(), RATES)
def test_a_grid_point_gets_its_nearest_frame_and_no_frame_is_taken_twice(time_s, rate):
    frames = sample_frames(time_s, rate)
    assert (np.diff(frames) > 0).all()
    taken = time_s[frames]
    points = np.arange(int(time_s[-1] * rate) + 2) / rate
    for point in points[:: max(len(points) // 300, 1)]:
        nearest = np.abs(time_s - point).min()
        if nearest < 0.49 / rate:
            assert np.abs(taken - point).min() == pytest.approx(nearest, abs=2e-6 / rate)


@given(list_times(), RATES)
def test_every_frame_is_within_a_step_and_its_own_interval_of_one_that_is_taken(time_s, rate):
    taken = time_s[sample_frames(time_s, rate)]
    distances = np.abs(time_s[:, None] - taken[None]).min(axis=1)
    # Two frames of one grid point are not further apart than the point's reach.
    assert distances.max() <= 1 / rate + 1e-6


@given(st.floats(1, 120), st.integers(2, 400), st.floats(0, 1), RATES)
def test_a_video_no_faster_than_the_grid_gives_every_frame_once(fps, n_frames, phase, rate):
    time_s = np.arange(n_frames) / min(fps, rate)
    assert sample_frames(time_s, rate).tolist() == list(range(n_frames))
    # Stamps in whole milliseconds, and a pause that ends between two points.
    rounded = np.unique((time_s + np.where(np.arange(n_frames) > n_frames // 2, 60 + phase / rate, 0)).round(3))
    if 1 / min(fps, rate) > 0.03:
        assert len(sample_frames(rounded, rate)) == len(rounded)


@given(st.floats(1, 120), st.integers(2, 400))
def test_equal_rates_leave_everything_as_it_is(fps, n_frames):
    time_s = np.arange(n_frames) / fps
    rows = lay_rows(time_s, sample_frames(time_s, fps), rate=fps, fps=estimate_fps(time_s))
    assert rows.frames.tolist() == rows.find_nearest().tolist() == list(range(n_frames))
    values = np.random.default_rng(n_frames).random((n_frames, 2)).astype(np.float32)
    np.testing.assert_array_equal(rows.spread(values), values)


@given(list_times(), RATES)
def test_rows_are_at_their_rate_and_at_the_nearest_frame_that_is_known(time_s, rate):
    fps = estimate_fps(time_s)
    frames = sample_frames(time_s, rate)
    rows = lay_rows(time_s, frames, rate=rate, fps=fps)
    assert set(rows.frames.tolist()) <= set(frames.tolist())
    assert (np.diff(rows.frames) >= 0).all()
    # So many rows as there are steps in the stretches, each of which may begin and end within a step.
    stretches = np.split(time_s, np.flatnonzero(np.diff(time_s) > 30) + 1)
    if len(stretches) == 1 and np.diff(time_s).max() < 0.5 and len(frames) < len(time_s):
        assert abs(len(rows) - time_s[-1] * rate) <= 1.5


def test_what_thirty_frames_a_second_show_at_ten_is_every_third_frame():
    time_s = np.arange(2998) / 30
    assert sample_frames(time_s, 10).tolist() == list(range(0, 3000, 3))
    rows = lay_rows(time_s, sample_frames(time_s, 10), rate=10, fps=30.0)
    assert rows.frames.tolist() == list(range(0, 3000, 3))
    # NTSC's rate drifts against the grid; no frame is further from its point than half of its own interval.
    time_s = np.arange(30000) * 1001 / 30000
    taken = time_s[sample_frames(time_s, 10)][:-1]
    assert np.abs(taken * 10 - np.rint(taken * 10)).max() <= 0.5 * 1001 / 3000 + 1e-6
    assert len(taken) == pytest.approx(time_s[-1] * 10, abs=1.5)


def test_a_rate_that_changes_within_a_video_gives_rows_at_one_rate():
    time_s = np.concatenate([np.arange(300) / 30, 10 + np.arange(50) / 5, 20 + np.arange(600) / 60])
    frames = sample_frames(time_s, 10)
    assert frames[100:150].tolist() == list(range(300, 350))
    rows = lay_rows(time_s, frames, rate=10, fps=estimate_fps(time_s))
    # The last frame is nearest to the point after the last tenth of a second.
    assert len(rows) == 301
    # The slow part's frames count twice each; of the middle between two, the earlier.
    assert rows.frames[100:106].tolist() == [300, 300, 301, 301, 302, 302]
    assert np.abs(rows.row_time_s - np.arange(301) / 10).max() <= 0.1 + 1e-9


def test_rows_do_not_cross_a_pause():
    time_s = np.concatenate([np.arange(30) / 30, 60.02 + np.arange(30) / 30])
    rows = lay_rows(time_s, sample_frames(time_s, 10), rate=10, fps=30.0)
    (_, first_stop), (second_start, _) = rows.find_stretches()
    assert first_stop == second_start
    assert rows.frames[first_stop - 1] < 30 <= rows.frames[first_stop]
    assert len(rows) == pytest.approx(20, abs=2)
    # Before the pause is all 0, after it all 1, and nothing in between.
    spread = rows.spread((rows.frames >= 30)[:, None].astype(float))
    assert spread[:, 0].tolist() == [0.0] * 30 + [1.0] * 30


def test_a_stretch_without_a_row_takes_the_nearest():
    time_s = np.array([0.0, 0.01, 0.02, 0.03, 0.04, 5.0, 5.01, 20.0])
    rows = SampledRows(np.array([0, 7]), 0.1, time_s)
    assert rows.spread(np.array([[0.0], [1.0]]))[:, 0].tolist() == [0.0] * 7 + [1.0]


@given(list_times(), RATES, arrays.arrays(np.float64, (2,), elements=st.floats(0, 1)))
def test_interpolation_is_exact_for_a_line_and_stays_between_its_rows(time_s, rate, ends):
    frames = sample_frames(time_s, rate)
    rows = SampledRows(frames, rate, time_s)
    line = np.interp(time_s, [time_s[0], max(time_s[-1], 1e-9)], ends)
    spread = rows.spread(line[frames][:, None])[:, 0]
    np.testing.assert_allclose(spread[frames], line[frames], atol=1e-6)
    assert spread.min() >= ends.min() - 1e-6
    assert spread.max() <= ends.max() + 1e-6
    if np.diff(time_s).max() < 0.5:
        inside = (np.arange(len(time_s)) >= frames[0]) & (np.arange(len(time_s)) <= frames[-1])
        np.testing.assert_allclose(spread[inside], line[inside], atol=1e-5)


@given(st.sampled_from([15.0, 20.0, 24.0, 25.0, 30.0, 50.0, 59.94, 60.0]), st.integers(60, 600), st.data())
def test_a_bound_moves_by_half_a_step_and_a_frame_at_most(fps, n_frames, data):
    time_s = np.arange(n_frames) / fps
    bound = data.draw(st.integers(10, n_frames - 10))
    shown = np.arange(n_frames) >= bound
    rows = lay_rows(time_s, sample_frames(time_s, 10), rate=10, fps=fps)
    decided = rows.spread(shown[rows.frames][:, None].astype(float))[:, 0] >= 0.5
    found = int(np.argmax(decided))
    assert decided[found:].all()
    # The rows on both sides are a step apart, and each may be half a frame off its point.
    assert abs(time_s[found] - time_s[bound]) <= 0.05 + 1.0 / fps + 1e-9


def test_what_comes_one_after_the_other_is_sampled_as_what_is_known_at_once():
    time_s = np.arange(500) / 29.97
    assert list(sample(zip(time_s, range(500), strict=True), 7)) == sample_frames(time_s, 7).tolist()
    assert list(sample([], 10)) == []


@pytest.mark.parametrize("frames", [[], [2, 1], [0, 9], [-1, 0]])
def test_rows_at_frames_that_are_not_there_are_refused(frames):
    with pytest.raises(ValueError, match="rows do not stand"):
        SampledRows(np.array(frames, dtype=np.int64), 10, np.arange(5) / 10)


@given(list_times(), RATES, st.booleans())
def test_rows_are_laid_frame_by_frame_as_over_a_whole_recording(time_s, rate, is_patient):
    expected = lay_rows(time_s, sample_frames(time_s, rate), rate=rate, fps=1e9)
    sampler, layer, rows = Sampler(rate), RowLayer(rate, is_patient=is_patient), []
    stretches = find_stretches(time_s).tolist()
    for start, stop in stretches:
        layer.start_stretch(time_s[start])
        for frame in range(start, stop):
            for chosen in sampler.take(time_s[frame], frame):
                rows += layer.take(time_s[chosen], chosen)
        for chosen in sampler.finish():
            rows += layer.take(time_s[chosen], chosen)
        rows += layer.finish(time_s[stop - 1])
    # Frames on both sides of a gap of less than a step may be of one point, and only a patient one waits for what may be nearer.
    is_faster = all((np.diff(time_s[start:stop]) < 0.9 / rate).all() for start, stop in stretches)
    if rate > 2 and (is_patient or is_faster):
        assert rows == expected.frames.tolist()
    assert set(rows) <= set(range(len(time_s)))
