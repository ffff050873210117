"""Written videos: the same bytes for the same frames, whole or not at all, in what a file can be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from behavior.errors import OutputError, VideoError
from behavior.files.video import open_video
from behavior.files.video_writer import write_video

HEIGHT, WIDTH = 48, 96


def render(n_frames: int, *, height: int = HEIGHT, width: int = WIDTH) -> Iterator[np.ndarray]:
    """Pictures over a scene that moves and costs bytes."""
    scene = np.random.default_rng(0).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    scene = scene.repeat(8, 0).repeat(8, 1)[:height, :width]
    for index in range(n_frames):
        yield np.roll(scene, 3 * index, axis=1)


@pytest.mark.parametrize("height", [HEIGHT, 64])
def test_the_same_frames_give_the_same_bytes(tmp_path: Path, height: int) -> None:
    images = list(render(20, height=height))
    written = set()
    for _ in range(8):
        write_video(tmp_path / "a.mp4", images, fps=29.97)
        written.add((tmp_path / "a.mp4").read_bytes())
    assert len(written) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_writing_is_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_video(path, render(5), fps=10)
    before = path.read_bytes()
    with pytest.raises(VideoError, match="frame 2 is uint8 of shape"):
        write_video(path, [*render(2), np.zeros((10, 10, 3), np.uint8)], fps=10)
    with pytest.raises(VideoError, match="there is no frame"):
        write_video(path, [], fps=10)
    with pytest.raises(VideoError, match="give a positive number"):
        write_video(path, render(2), fps=0)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.mp4"]
    with pytest.raises(OutputError, match="cannot be written"):
        write_video(tmp_path / "missing" / "a.mp4", render(2), fps=10)


def test_odd_sizes_are_kept(tmp_path: Path) -> None:
    assert write_video(tmp_path / "a.mp4", render(3, height=47, width=97), fps=10) == 3
    with open_video(tmp_path / "a.mp4") as video:
        assert [frame.image.shape for frame in video.frames() if frame.image is not None] == [(47, 97, 3)] * 3


def test_the_index_of_mp4_is_in_front(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", render(10), fps=25)
    content = (tmp_path / "a.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_a_rate_that_is_a_fraction_is_kept(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", render(4), fps=30000 / 1001)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert (container.streams.video[0].average_rate.numerator, container.streams.video[0].average_rate.denominator) == (30000, 1001)


def test_an_encoder_that_refuses_is_named(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"a\.mp4: cannot be encoded with libx264"):
        write_video(tmp_path / "a.mp4", render(2), fps=10, preset="none")
    assert list(tmp_path.iterdir()) == []
