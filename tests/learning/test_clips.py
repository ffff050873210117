"""Recordings cut into clips: what is new in them, and where a model is unsure, by construction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.learning.clips import describe_clips


@settings(max_examples=60, deadline=None)
@given(n_frames=st.integers(1, 200), length=st.integers(1, 50), data=st.data())
def test_clips_cover_the_recording_and_what_is_new_in_them_is_new(n_frames: int, length: int, data: st.DataObject) -> None:
    looked_at, asked = (np.array(data.draw(st.lists(st.booleans(), min_size=n_frames, max_size=n_frames))) for _ in range(2))
    clips = describe_clips("m1", looked_at, length=length, asked=asked)
    assert clips.spans[0, 0] == 0
    assert clips.spans[-1, 1] == n_frames
    np.testing.assert_array_equal(clips.spans[1:, 0], clips.spans[:-1, 1])
    sizes = clips.spans[:, 1] - clips.spans[:, 0]
    assert (sizes[:-1] == length).all()
    assert 0 < sizes[-1] < 1.5 * length or len(sizes) == 1
    for (start, stop), (first, last), whole in zip(clips.spans, clips.new, clips.is_looked_at, strict=True):
        assert start <= first <= last <= stop
        assert not (looked_at | asked)[first:last].any()
        assert first == last or 2 * (last - first) >= stop - start
        assert whole == looked_at[start:stop].all()


def test_doubt_is_entropy_and_what_members_disagree_on() -> None:
    members = [np.full((40, 3), 0.01, np.float32) for _ in range(2)]
    # Both are unsure of the first behavior in the second clip; of the second one, each is sure of something else in the third clip.
    members[0][10:20, 0] = members[1][10:20, 0] = 0.5
    members[0][25, 1], members[1][25, 1] = 1.0, 0.0
    for values in members:
        values[:, 2] = np.nan
    clips = describe_clips("m1", np.zeros(40, bool), length=10, members=members)
    assert clips.doubt is not None
    assert clips.doubtful is not None
    assert clips.doubt[1, 0] == pytest.approx(1.0)
    # One frame of ten, one bit of entropy and one of disagreement.
    low = clips.doubt[0, 1]
    assert clips.doubt[2, 1] - 0.9 * low == pytest.approx(0.2, abs=1e-4)
    assert clips.doubt[:, :2].argmax(axis=0).tolist() == [1, 2]
    assert clips.doubtful[2, 1] == pytest.approx(0.5)
    assert np.isnan(clips.doubt[:, 2]).all()


def test_vectors_are_means_and_deviations() -> None:
    features = np.arange(20, dtype=np.float16).reshape(20, 1) % 4
    clips = describe_clips("m1", np.zeros(20, bool), length=4, features=features)
    np.testing.assert_allclose(clips.vectors, np.tile([1.5, np.std([0, 1, 2, 3])], (5, 1)), rtol=1e-6)


def test_arrays_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be cut"):
        describe_clips("m1", np.zeros(5, bool), length=2, features=np.zeros((4, 1), np.float32))
    with pytest.raises(ValueError, match="clips of 0 frames"):
        describe_clips("m1", np.zeros(5, bool), length=0)


def test_vectors_of_sampled_features_are_those_of_the_frames_in_a_clip() -> None:
    features = np.arange(10, dtype=np.float32)[:, None]
    row_frames = np.arange(0, 30, 3)
    clips = describe_clips("m1", np.zeros(30, bool), length=10, features=features, row_frames=row_frames)
    assert clips.vectors is not None
    # The rows of the frames 0 to 9, 12 to 18, 21 to 27.
    assert clips.vectors[:, 0].tolist() == [1.5, 5.0, 8.0]
    assert clips.vectors[:, 1].tolist() == pytest.approx([np.std([0, 1, 2, 3]), np.std([4, 5, 6]), np.std([7, 8, 9])])
    # A clip without a row has that of the frame before it.
    short = describe_clips("m1", np.zeros(30, bool), length=2, features=features, row_frames=row_frames)
    assert short.vectors is not None
    assert short.vectors[:4, 0].tolist() == [0, 1, 1, 2]
    with pytest.raises(ValueError, match="cannot be cut"):
        describe_clips("m1", np.zeros(30, bool), length=10, features=features)
