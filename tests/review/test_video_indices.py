"""Indices of videos are kept as long as the files stay the same."""

from __future__ import annotations

import os
from pathlib import Path

from behavior.review.video_indices import VideoIndices


def test_an_index_is_kept_until_its_file_is_another(videos: Path) -> None:
    indices = VideoIndices()
    first = indices.open(videos / "mouse_1.mp4")
    assert indices.open(videos / "mouse_1.mp4") is first
    os.utime(videos / "mouse_1.mp4", (1, 1))
    second = indices.open(videos / "mouse_1.mp4")
    assert second is not first
    assert second.n_frames == first.n_frames


def test_the_indices_used_last_are_kept_as_far_as_there_is_room(videos: Path) -> None:
    paths = [videos / f"mouse_{number}.mp4" for number in (1, 2)]
    size = VideoIndices().open(paths[0]).n_bytes
    assert 60 * 8 < size < 60 * 200
    roomy, narrow = VideoIndices(3 * size), VideoIndices(size + 1)
    for indices, is_kept in ((roomy, True), (narrow, False)):
        first = indices.open(paths[0])
        indices.open(paths[1])
        assert (indices.open(paths[0]) is first) == is_kept
