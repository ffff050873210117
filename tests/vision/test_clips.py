"""Which crops are in a clip."""

import numpy as np
import pytest

from behavior.vision.clips import Clip, ClipBatch, find_clip_rows


@pytest.mark.parametrize(("clip", "offsets"), [(Clip(5), [-2, -1, 0, 1, 2]), (Clip(4), [-2, -1, 0, 1]), (Clip(4, 3), [-6, -3, 0, 3])])
def test_a_clip_is_around_its_middle(clip, offsets):
    assert find_clip_rows(np.array([20]), clip, n_rows=100)[0].tolist() == [20 + offset for offset in offsets]
    assert (clip.before, clip.after) == (-offsets[0], offsets[-1])


def test_the_ends_are_repeated():
    assert find_clip_rows(np.array([0, 9]), Clip(4), n_rows=10).tolist() == [[0, 0, 0, 1], [7, 8, 9, 9]]
    assert find_clip_rows(np.array([9]), Clip(4), n_rows=None).tolist() == [[7, 8, 9, 10]]


def test_clips_are_put_together_when_they_are_asked_for():
    images = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), dtype=np.uint8)
    batch = ClipBatch(images, find_clip_rows(np.arange(5), Clip(2), n_rows=5))
    assert len(batch) == 5
    found = batch[1:3]
    assert found.shape == (2, 2, 2, 2, 3)
    assert found[:, :, 0, 0, 0].tolist() == [[0, 1], [1, 2]]
    assert batch.take_middles()[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4]
