"""Clips of an audit: every frame has the same chance, and animals and groups get the same number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.statistics.audit_clips import draw_cells, share_clips


@given(st.integers(1, 500), st.integers(1, 120), st.integers(0, 30), st.integers(0, 99))
def test_clips_are_apart_within_the_recording_and_not_longer_than_asked(n_frames: int, clip_frames: int, n_clips: int, seed: int) -> None:
    cells = draw_cells([n_frames], [clip_frames], n_clips, np.random.default_rng(seed))[:, 1:]
    assert len(cells) <= n_clips
    assert ((cells[:, 1] - cells[:, 0] >= 1) & (cells[:, 1] - cells[:, 0] <= clip_frames)).all()
    assert (cells[:-1, 1] <= cells[1:, 0]).all()
    if len(cells) < n_clips:
        assert (cells[:, 1] - cells[:, 0]).sum() == n_frames
    assert not len(cells) or (cells[0, 0] >= 0 and cells[-1, 1] <= n_frames)


def test_every_frame_is_as_likely_as_any_other() -> None:
    generator, drawn = np.random.default_rng(0), np.zeros(47)
    for _ in range(4000):
        for recording, start, stop in draw_cells([30, 17], [10, 10], 2, generator):
            drawn[30 * recording + np.arange(start, stop)] += 1
    # Two of about seven pieces: near .3 of the runs each, with a standard deviation of 29.
    assert drawn.min() > drawn.mean() - 150
    assert drawn.max() < drawn.mean() + 150


@given(st.integers(0, 60), st.lists(st.sampled_from("abc"), max_size=12), st.integers(0, 99))
def test_clips_are_shared_evenly(n_clips: int, groups: list[str], seed: int) -> None:
    counts = share_clips(n_clips, groups, np.random.default_rng(seed))
    assert counts.sum() == (n_clips if groups else 0)
    of_groups = [counts[[one == name for one in groups]] for name in set(groups)]
    assert not of_groups or max(one.sum() for one in of_groups) - min(one.sum() for one in of_groups) <= 1
    assert all(one.max() - one.min() <= 1 for one in of_groups)


def test_nothing_can_be_drawn_from_no_frames() -> None:
    with pytest.raises(ValueError, match="from 0"):
        draw_cells([0], [10], 1, np.random.default_rng(0))
