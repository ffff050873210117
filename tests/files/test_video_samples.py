from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from behavior.errors import VideoError
from behavior.files import video_samples
from behavior.files.video_samples import sample_grey
from behavior.files.video_writer import write_video


def render(n_frames: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Pictures whose brightness is their number."""
    for frame in range(n_frames):
        yield np.full((32, 48, 3), 40 + frame, dtype=np.uint8)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("samples") / "a.mp4"
    write_video(path, render(120), fps=25)
    return path


def test_samples_are_from_all_over_the_video(video: Path) -> None:
    pictures, frames = sample_grey(video, count=10)
    assert 10 <= len(frames) < 20 and frames[0] == 0 and frames[-1] >= 108
    assert pictures.shape == (len(frames), 32, 48) and pictures.dtype == np.uint8
    assert np.abs(pictures.mean(axis=(1, 2)) - 40 - frames).max() < 3


def test_single_frames_are_the_same_as_those_of_one_reading(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_samples, "_FRAMES_TO_SEEK", 2)
    pictures, frames = sample_grey(video, count=10)
    assert len(frames) == 10 and frames[-1] == 119
    assert np.abs(pictures.mean(axis=(1, 2)) - 40 - frames).max() < 3


def test_frames_before_the_start_are_left_out(video: Path) -> None:
    _, frames = sample_grey(video, count=5, start_frame=60)
    assert frames.min() >= 60


def test_a_video_shorter_than_the_samples_is_taken_whole(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", render(7), fps=25)
    assert sample_grey(tmp_path / "a.mp4")[1].tolist() == list(range(7))


def test_samples_after_the_end_are_refused(video: Path) -> None:
    with pytest.raises(VideoError, match="from frame 500 on"):
        sample_grey(video, start_frame=500)
