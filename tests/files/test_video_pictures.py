"""Pictures become arrays: upright, in RGB, of one size."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from video_samples import HEIGHT, SOUND, WIDTH, render

from behavior.errors import VideoError
from behavior.files.video import open_video
from behavior.files.video_pictures import PictureConverter, ShownPicture
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


@pytest.fixture(scope="module")
def decoded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[PictureConverter, av.VideoFrame]]]:
    """A picture of noise as usual cameras code it, one with a color for each pixel, and what converts them."""
    folder = tmp_path_factory.mktemp("pictures")
    noise = np.random.default_rng(0).integers(0, 256, (48, 66, 3), dtype=np.uint8)
    found = {}
    for codec in ("libx264", "ffv1"):
        path = folder / f"{codec}.mkv"
        write_video(path, [noise], fps=25, codec=codec)
        with open_video(path) as reader:
            (row,) = reader.read_rows()
            found[codec] = reader.pictures, row.picture
    yield found


@pytest.mark.parametrize(("codec", "is_usual"), [("libx264", True), ("ffv1", False)])
@settings(max_examples=60, deadline=None)
@given(quarter_turns=st.integers(0, 3), data=st.data())
def test_a_part_of_a_picture_is_that_part_of_the_whole(codec, is_usual, quarter_turns, data, decoded) -> None:
    converter, picture = decoded[codec]
    converter = copy(converter)
    converter.quarter_turns = quarter_turns
    assert converter.is_usual(picture) is is_usual
    whole = converter.convert(picture)
    height, width, _ = whole.shape
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    part = {"left": left, "top": top, "width": data.draw(st.integers(1, width - left)), "height": data.draw(st.integers(1, height - top))}
    expected = whole[top : top + part["height"], left : left + part["width"]]
    np.testing.assert_array_equal(ShownPicture(converter, picture).cut(**part), expected)
    # The whole is there already.
    shown = ShownPicture(converter, picture)
    np.testing.assert_array_equal(shown.convert(), whole)
    np.testing.assert_array_equal(shown.cut(**part), expected)


def test_no_more_is_converted_than_is_cut(decoded, monkeypatch: pytest.MonkeyPatch) -> None:
    converted = []
    monkeypatch.setattr(PictureConverter, "convert", lambda self, picture: converted.append(picture) or np.zeros((48, 66, 3), np.uint8))
    for codec, n_wholes in (("libx264", 0), ("ffv1", 1)):
        shown = ShownPicture(*decoded[codec])
        for left in (0, 3):
            assert shown.cut(left=left, top=1, width=5, height=7).shape == (7, 5, 3)
        assert len(converted) == n_wholes
