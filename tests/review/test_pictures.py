"""Frames on their way to the page."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from behavior.files.frame_rows import Frame
from behavior.files.video import open_video
from behavior.files.video_index import VideoIndex
from behavior.review.pictures import FrameViews, OpenReaders, encode_picture, pack_frames


def unpack(content: bytes) -> dict[int, np.ndarray | None]:
    frames, place = {}, 0
    while place < len(content):
        row, length = struct.unpack_from("<II", content, place)
        picture = np.frombuffer(content[place + 8 : place + 8 + length], np.uint8)
        frames[row] = cv2.cvtColor(cv2.imdecode(picture, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB) if length else None
        place += 8 + length
    return frames


def test_a_picture_keeps_its_colors_and_is_only_scaled_down() -> None:
    image = np.broadcast_to(np.array([200, 90, 30], np.uint8), (48, 96, 3))
    for width, shape in ((None, (48, 96, 3)), (48, (24, 48, 3)), (500, (48, 96, 3))):
        picture = unpack(struct.pack("<II", 0, len(encode_picture(image, width=width))) + encode_picture(image, width=width))[0]
        assert picture is not None
        assert picture.shape == shape
        assert np.abs(picture.astype(int) - [200, 90, 30]).max() <= 4


def test_a_frame_that_cannot_be_decoded_has_no_bytes() -> None:
    assert pack_frames([Frame(7, 0.7, None)]) == struct.pack("<II", 7, 0)


def test_viewers_do_not_disturb_each_other(rendered: Path) -> None:
    with open_video(rendered) as reader:
        expected = list(reader.frames())
    views = FrameViews(VideoIndex(rendered), OpenReaders())
    for viewer, row in [(viewer, row) for row in (0, 50, 51, 10) for viewer in "abcde"]:
        for frame in views.read(viewer, range(row, row + 3)):
            np.testing.assert_array_equal(frame.image, expected[frame.index].image)
    assert [frame.index for frame in views.read("a", range(57, 65))] == [57, 58, 59]
    with pytest.raises(IndexError):
        views.read("a", [60])
    views.close()


def test_readers_of_all_videos_share_their_memory_and_show_the_same_frames(rendered: Path) -> None:
    with open_video(rendered) as reader:
        expected = list(reader.frames())
    index = VideoIndex(rendered)
    alone = OpenReaders()
    FrameViews(index, alone).read("a", range(30))
    readers = OpenReaders(alone.n_bytes * 3 // 2)
    recordings = [FrameViews(index, readers) for _ in range(3)]
    for views, row in [(views, row) for row in (0, 40, 20, 41) for views in recordings]:
        for frame in views.read("a", range(row, row + 15)):
            np.testing.assert_array_equal(frame.image, expected[frame.index].image)
        assert 0 < readers.n_bytes <= alone.n_bytes * 3 // 2
    for views in recordings:
        views.close()
    assert readers.n_bytes == 0
