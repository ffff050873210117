"""Pictures become arrays: upright, in RGB, of one size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from video_samples import HEIGHT, SOUND, WIDTH, render

from behavior.errors import VideoError
from behavior.files.video import open_video
from behavior.files.video_pictures import PictureConverter


def test_a_rotated_picture_is_set_upright(tmp_path: Path) -> None:
    upright, rotated = (SOUND[kind].write(tmp_path) for kind in ("h264 with B-frames", "rotated"))
    images = []
    for path in (upright, rotated):
        with open_video(path) as reader:
            row = next(iter(reader.read_rows()))
            assert row.picture is not None
            images.append(reader.pictures.convert(row.picture))
    assert images[1].shape == (WIDTH, HEIGHT, 3)
    # Two encodings of one picture are not equal to the last bit; pictures that are turned otherwise are far apart.
    differences = [np.abs(images[1].astype(int) - np.rot90(images[0], turns)).mean() for turns in (1, 3)]
    assert differences[0] < 3 < 10 < differences[1]


def test_a_lossless_picture_is_what_was_written(tmp_path: Path) -> None:
    path = SOUND["lossless"].write(tmp_path)
    converter = PictureConverter(path)
    assert (converter.width, converter.height) == (WIDTH, HEIGHT)
    with open_video(path) as reader:
        for row, image in zip(reader.read_rows(), render(12), strict=True):
            assert row.picture is not None
            assert not converter.has_other_size(row.picture)
            np.testing.assert_array_equal(converter.convert(row.picture), image)


def test_a_file_without_a_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(VideoError, match="is not a video"):
        PictureConverter(tmp_path / "a.mp4")
