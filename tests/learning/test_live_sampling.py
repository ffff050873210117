"""Values of a few frames are spread over all as they are over a whole recording, and as early as they can be known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.frame_sampling import SampledRows, lay_rows, sample_frames
from behavior.learning.live_sampling import RowSpreader


def follow(rows, values, *, is_patient):
    """Spread values that are known as soon as the frame of their row came."""
    spreader = RowSpreader(values.shape[1], is_patient=is_patient)
    parts, known_at = [], []
    for frame, time_s in enumerate(rows.time_s):
        spreader.add_frame(time_s)
        for row in np.flatnonzero(rows.frames == frame):
            spreader.lay(frame)
            parts.append(spreader.answer(values[row : row + 1]))
            known_at += [frame] * len(parts[-1])
    return np.concatenate([*parts, spreader.finish()]), known_at


@given(st.floats(2.5, 120), st.integers(1, 120), st.floats(2.5, 60), st.integers(0, 2**32))
def test_a_patient_one_gives_what_a_whole_recording_gets(fps, n_frames, rate, seed):
    rng = np.random.default_rng(seed)
    time_s = np.cumsum(rng.uniform(0.8, 1.2, n_frames)) / fps
    rows = lay_rows(time_s - time_s[0], sample_frames(time_s - time_s[0], rate), rate=rate, fps=1e9)
    values = rng.random((len(rows), 2)).astype(np.float32)
    spread, _ = follow(rows, values, is_patient=True)
    np.testing.assert_allclose(spread, rows.spread(values), rtol=0, atol=1e-6)


@pytest.mark.parametrize("fps", [25, 30, 29.97, 50])
def test_a_quick_one_does_so_for_a_camera_that_is_faster_than_the_grid_within_a_step(fps):
    time_s = np.arange(200) / fps
    rows = SampledRows(sample_frames(time_s, 10), 10, time_s)
    values = np.random.default_rng(0).random((len(rows), 2)).astype(np.float32)
    spread, known_at = follow(rows, values, is_patient=False)
    np.testing.assert_allclose(spread, rows.spread(values), rtol=0, atol=1e-6)
    late_s = time_s[known_at] - time_s[: len(known_at)]
    assert late_s.max() <= 0.1 + 1 / fps and late_s.min() == 0


def test_a_stretch_without_a_row_gets_the_values_before_it():
    spreader = RowSpreader(1, before=np.array([0.25]))
    spreader.add_frame(0.0)
    spreader.add_frame(0.1)
    assert spreader.finish()[:, 0].tolist() == [0.25, 0.25]
