"""A small recording whose features are known: a bright square that moves one pixel a frame, and the pose of its middle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from behavior.files.pose import write_deeplabcut
from behavior.files.video_writer import write_video
from behavior.recording import Recording, Track

SIZE = 64
N_FRAMES = 40
FPS = 20.0
PARTS = ("nose", "middle", "tail")


def find_middle(n_frames: int) -> np.ndarray:
    """Where the square's middle is, x and y in pixels, of shape (T, 2)."""
    return np.stack([16.0 + np.arange(n_frames), np.full(n_frames, 32.0)], axis=1)


def draw(n_frames: int) -> Iterator[np.ndarray]:
    for x, y in find_middle(n_frames).astype(int):
        image = np.full((SIZE, SIZE + n_frames, 3), 40, dtype=np.uint8)
        image[y - 4 : y + 4, x - 4 : x + 4] = 240
        yield image


@pytest.fixture
def write_recording(tmp_path: Path) -> Callable[..., Recording]:
    """Write a recording of some name; the likelihood is 0.1 in the frames `lost`, and the pose has `n_rows` rows."""

    def write(name: str = "a", *, n_frames: int = N_FRAMES, n_rows: int | None = None, lost: slice = slice(0, 0)) -> Recording:
        # Lossless, so that pixels are known.
        write_video(tmp_path / f"{name}.mkv", draw(n_frames), fps=FPS, codec="ffv1")
        n_rows = n_frames if n_rows is None else n_rows
        positions = find_middle(n_rows)[:, None] + np.array([[8.0, 0.0], [0.0, 0.0], [-8.0, 0.0]])
        likelihoods = np.ones((n_rows, 3))
        likelihoods[lost] = 0.1
        write_deeplabcut(tmp_path / f"{name}.csv", Track(positions, likelihoods, PARTS), scorer="net")
        return Recording(name, video=tmp_path / f"{name}.mkv", pose=tmp_path / f"{name}.csv")

    return write


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the pose files that were parsed, once for each time."""
    from behavior.files import pose

    parsed: list[str] = []
    read = pose._read_table

    def note(path: Path) -> object:
        parsed.append(path.name)
        return read(path)

    monkeypatch.setattr(pose, "_read_table", note)
    return parsed
