"""Which files a tracked video gets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.files.tracklets import read_tracklets
from behavior.reporting.track_files import write_track
from behavior.tracking.animals import TrackedAnimals

N_FRAMES = 6


@pytest.fixture
def animals() -> TrackedAnimals:
    """Two animals, the second of which is lost after frame 2 and found again."""
    shape = (N_FRAMES, 2)
    seen = np.ones(shape, dtype=bool)
    seen[3, 1] = False
    tracklets = np.array([[0, 1]] * 3 + [[0, -1]] + [[0, 2]] * 2, dtype=np.int32)
    positions = np.arange(N_FRAMES * 4, dtype=float).reshape(N_FRAMES, 2, 2)
    return TrackedAnimals(
        positions, seen, np.zeros(shape), np.full(shape, 8.0), np.full(shape, 4.0), seen * 0.9, np.zeros(shape, dtype=bool), tracklets
    )


def test_files_by_animal_are_written_on_request_and_never_left_from_an_earlier_run(animals: TrackedAnimals, tmp_path: Path) -> None:
    stem = tmp_path / "mouse"

    def write(**options: bool) -> set[str]:
        picture, time_s = np.zeros((40, 40), dtype=np.uint8), np.arange(N_FRAMES + 1) / 25
        write_track(stem, animals, animals.make_tracklets(), None, picture=picture, time_s=time_s, origin={"a": 1}, **options)
        return {path.name for path in tmp_path.iterdir()}

    usual = {"mouse_track.csv", "mouse_track.jpg", "mouse_tracklets.npz"}
    assert write() == usual
    assert write(per_animal=True) == usual | {"mouse_animal1_track.csv", "mouse_animal2_track.csv"}
    assert write() == usual
    stored = read_tracklets(tmp_path / "mouse_tracklets.npz")
    assert stored.animals.tolist() == [0, 1, 1] and stored.origin == {"a": 1}
