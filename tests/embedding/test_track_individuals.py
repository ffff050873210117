"""Crops along a track, from its own video and from no other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gallery_samples import write_tracked_video

from behavior.embedding.track_individuals import read_track_individuals
from behavior.errors import PoseError
from behavior.files.tracklets import read_tracklets, write_tracklets
from behavior.files.video_writer import write_video


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tracked_video(tmp_path_factory.mktemp("tracks"), "pair", [3, 7])


def test_each_animal_has_crops_of_its_own(track: Path) -> None:
    found = read_track_individuals(track, videos=None, crop_size=32)
    assert found.recording == "pair" and [one.name for one in found.animals] == ["animal1", "animal2"]
    assert (found.length, found.width, found.rescaled) == (40, 18, False)
    for number, animal in zip((3, 7), found.animals, strict=True):
        assert 5 < len(animal.images) <= 60 and animal.images.shape[1:] == (32, 32, 3)
        coat = np.random.default_rng(1000 + number).uniform(20, 230, 3)
        np.testing.assert_allclose(np.median(animal.images[:, 15:17, 15:17], axis=(0, 1, 2)), coat, atol=20)
        assert len(animal.frames) == len(animal.images) and (np.diff(animal.frames) > 0).all()


def test_animals_of_the_same_zoom_are_cropped_by_the_size_of_the_gallery(track: Path) -> None:
    larger = read_track_individuals(track, videos=None, crop_size=32, length=50, width=20)
    assert (larger.length, larger.width, larger.rescaled) == (50, 20, False)
    # Four times as long is another camera, not another animal.
    other = read_track_individuals(track, videos=None, crop_size=32, length=160, width=72)
    assert (other.length, other.rescaled) == (160, True)
    own = read_track_individuals(track, videos=None, crop_size=32)
    np.testing.assert_array_equal(other.animals[0].images, own.animals[0].images)


def copy(track: Path, folder: Path) -> Path:
    for path in track.parent.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder / track.name


def test_a_track_of_another_video_is_refused(track: Path, tmp_path: Path) -> None:
    copied = copy(track, tmp_path)
    (tmp_path / "pair.mp4").unlink()
    with pytest.raises(PoseError, match=r"its video pair\.mp4 is not in .*--videos"):
        read_track_individuals(copied, videos=None, crop_size=32)
    assert len(read_track_individuals(copied, videos=track.parent, crop_size=32).animals) == 2
    write_video(tmp_path / "pair.mp4", [np.full((140, 200, 3), 190, dtype=np.uint8)] * 10, fps=25)
    with pytest.raises(PoseError, match="is the track of another video"):
        read_track_individuals(copied, videos=None, crop_size=32)
    # A shorter video of as many bytes as it says.
    stored = read_tracklets(tmp_path / "pair_tracklets.npz")
    origin = {**stored.origin, "bytes": (tmp_path / "pair.mp4").stat().st_size}
    write_tracklets(tmp_path / "pair_tracklets.npz", type(stored)(stored.tracklets, stored.animals, origin))
    with pytest.raises(PoseError, match=r"does not belong to .*is not among the pictures"):
        read_track_individuals(copied, videos=None, crop_size=32)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "/etc/passwd"])
def test_a_track_opens_no_file_elsewhere(track: Path, tmp_path: Path, name: str) -> None:
    copied = copy(track, tmp_path)
    stored = read_tracklets(tmp_path / "pair_tracklets.npz")
    write_tracklets(tmp_path / "pair_tracklets.npz", type(stored)(stored.tracklets, stored.animals, {"video": name}))
    with pytest.raises(PoseError, match=f"{tmp_path}; give the folder"):
        read_track_individuals(copied, videos=None, crop_size=32)


def test_tracklets_of_other_animals_are_refused(track: Path, tmp_path: Path) -> None:
    copied = copy(track, tmp_path)
    stored = read_tracklets(tmp_path / "pair_tracklets.npz")
    write_tracklets(tmp_path / "pair_tracklets.npz", type(stored)(stored.tracklets, np.array([0, 5]), stored.origin))
    with pytest.raises(PoseError, match="tracklets are of other animals than its 2"):
        read_track_individuals(copied, videos=None, crop_size=32)
