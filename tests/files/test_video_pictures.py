"""Pictures become arrays: upright, in RGB, of one size."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from video_samples import HEIGHT, SOUND, WIDTH, render

from behavior.errors import VideoError
from behavior.files.video import open_video
from behavior.files.video_pictures import PictureConverter
from behavior.files.video_writer import write_video


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


@pytest.mark.parametrize("codec", ["libx264", "mjpeg", "ffv1"])
def test_grey_is_the_brightness_of_the_colors(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "a.mkv"
    rows, columns = np.mgrid[:48, :66]
    picture = np.stack((rows * 5, columns * 3, 255 - rows * 5), axis=-1).astype(np.uint8)
    write_video(path, [picture] * 3, fps=25, codec=codec)
    with open_video(path) as colored, open_video(path) as plain:
        for color, grey in zip(colored.frames(), plain.frames(grey=True), strict=True):
            assert grey.image.shape == (48, 66) and grey.image.dtype == np.uint8
            expected = cv2.cvtColor(color.image, cv2.COLOR_RGB2GRAY).astype(float)
            assert np.abs(grey.image - expected).mean() < 2
