from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from behavior.errors import PoseError
from behavior.files.tracklets import GapFilling, StoredTracklets, read_tracklets, write_tracklets
from behavior.recording import Tracklet


def make(n_tracklets: int = 3) -> StoredTracklets:
    rng = np.random.default_rng(0)
    tracklets = tuple(
        Tracklet(
            np.arange(number, 2 * number + 4),
            rng.normal(size=(number + 4, 2)),
            np.full(number + 4, np.nan),
            np.ones((number + 4, 2)),
            rng.random(number + 4) < 0.5,
        )
        for number in range(n_tracklets)
    )
    qualities = tuple(rng.random(len(one)) for one in tracklets)
    origin = {"video": "a.mp4", "animals": 2}
    probabilities = rng.random(n_tracklets) if n_tracklets > 1 else None
    gaps = GapFilling("velocity", 1.0, 0.5, 50)
    return StoredTracklets(tracklets, np.arange(n_tracklets), origin, qualities, probabilities, 20, n_tracklets, gaps)


@pytest.mark.parametrize("n_tracklets", [0, 1, 3])
def test_what_is_written_comes_back(tmp_path: Path, n_tracklets: int) -> None:
    stored = make(n_tracklets)
    write_tracklets(tmp_path / "a_tracklets.npz", stored)
    read = read_tracklets(tmp_path / "a_tracklets.npz")
    assert read.origin == stored.origin and read.animals.tolist() == stored.animals.tolist()
    assert len(read.tracklets) == n_tracklets and (read.n_frames, read.n_animals, read.gaps) == (20, n_tracklets, stored.gaps)
    np.testing.assert_array_equal(np.concatenate((*stored.qualities, [0])), np.concatenate((*read.qualities, [0])))
    assert (read.probabilities is None) == (stored.probabilities is None)
    if stored.probabilities is not None:
        np.testing.assert_array_equal(read.probabilities, stored.probabilities)
    for first, second in zip(stored.tracklets, read.tracklets, strict=True):
        for name in ("frames", "positions", "angles", "sizes", "touching"):
            np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


@pytest.mark.parametrize("content", [b"", b"nonsense", "cut"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes | str) -> None:
    path = tmp_path / "a_tracklets.npz"
    write_tracklets(path, make())
    path.write_bytes(path.read_bytes()[:-200] if isinstance(content, str) else content)
    with pytest.raises(PoseError, match=r"a_tracklets\.npz.*behavior track"):
        read_tracklets(path)


def test_a_missing_file_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(PoseError, match="run `behavior track`"):
        read_tracklets(tmp_path / "a_tracklets.npz")


def test_tracklets_of_another_version_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a_tracklets.npz"
    with monkeypatch.context() as patched:
        patched.setattr("behavior.files.tracklets._VERSION", 2)
        write_tracklets(path, make())
    with pytest.raises(PoseError, match=r"written by another version, format 2, expected 3.*run `behavior track`"):
        read_tracklets(path)


@pytest.mark.parametrize(
    "change",
    [
        {"n_frames": 5},
        {"n_animals": 2},
        {"animals": np.zeros(3, dtype=np.int64)},
        {"qualities": (np.ones(1),) * 3},
    ],
)
def test_what_does_not_fit_together_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"tracklet"):
        replace(make(), **change)
