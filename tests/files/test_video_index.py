"""What is known of a video's frames before and after it was read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from video_samples import SOUND, TROUBLED

from behavior.files.video import open_video
from behavior.files.video_index import FrameNotReadError, VideoIndex, list_packets, sum_picture


def test_packets_tell_the_rows_of_sound_videos_only(tmp_path: Path) -> None:
    told = {kind: list_packets(sample.write(tmp_path)).tells_rows for kind, sample in (SOUND | TROUBLED).items()}
    assert {kind for kind, tells in told.items() if tells} >= set(SOUND)
    assert not any(told[kind] for kind in ("AVI with B-frames", "damaged MJPEG", "damaged Matroska", "broken off"))


def test_only_pictures_after_which_nothing_before_counts_are_beginnings(tmp_path: Path) -> None:
    closed, refreshed = (list_packets(SOUND[kind].write(tmp_path)) for kind in ("h264 with B-frames", "h264 that refreshes bit by bit"))
    assert np.flatnonzero(closed.may_restart).tolist() == [0, 15, 30, 45]
    assert np.flatnonzero(refreshed.may_restart).tolist() == [0]


def test_rows_become_known_as_the_video_is_read(tmp_path: Path) -> None:
    index = VideoIndex(TROUBLED["AVI with B-frames"].write(tmp_path))
    assert (index.n_frames, index.is_complete) == (0, False)
    with pytest.raises(FrameNotReadError, match="frame 3 is not read yet, 0 frames are"):
        index.look_up(3)
    index.read_through(lambda: index.n_proven < 5)
    assert (index.n_frames, index.is_complete, index.is_proven) == (5, False, False)
    assert index.look_up(3).checksum is not None


def test_what_cannot_be_decoded_is_a_row_without_a_packet(tmp_path: Path) -> None:
    path = TROUBLED["damaged MJPEG"].write(tmp_path)
    with open_video(path) as reader:
        reader.summarize()
        undecodable = reader.undecodable
    assert undecodable
    index = VideoIndex(path)
    index.read_through(lambda: True)
    assert tuple(row for row in range(index.n_frames) if index.look_up(row).stamp is None) == undecodable


def test_distrust_leaves_what_was_read(tmp_path: Path) -> None:
    index = VideoIndex(SOUND["MJPEG AVI"].write(tmp_path))
    index.read_through(lambda: index.n_proven < 7)
    index.distrust()
    assert (index.n_frames, index.is_complete) == (7, False)


def test_a_checksum_tells_pictures_apart(tmp_path: Path) -> None:
    with open_video(SOUND["10 bit"].write(tmp_path)) as reader:
        sums = [sum_picture(row.picture, reader.pictures) for row in reader.read_rows() if row.picture is not None]
    assert len(set(sums)) == len(sums) == 60
