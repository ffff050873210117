"""Crops along a track, from its own video and from no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gallery_samples import write_tracked_video

from behavior.embedding.track_individuals import OpenedTrack, read_track_individuals
from behavior.errors import PoseError
from behavior.files.video_writer import write_video
from behavior.reporting.track_opening import open_track


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory) -> OpenedTrack:
    return open_track(write_tracked_video(tmp_path_factory.mktemp("tracks"), "pair", [3, 7]))


def test_each_animal_has_crops_of_its_own(track: OpenedTrack) -> None:
    found = read_track_individuals(track, videos=None, crop_size=32)
    assert found.recording == "pair" and [one.name for one in found.animals] == ["animal1", "animal2"]
    assert (found.length, found.width, found.rescaled) == (40, 18, False)
    for number, animal in zip((3, 7), found.animals, strict=True):
        assert 5 < len(animal.images) <= 60 and animal.images.shape[1:] == (32, 32, 3)
        coat = np.random.default_rng(1000 + number).uniform(20, 230, 3)
        np.testing.assert_allclose(np.median(animal.images[:, 15:17, 15:17], axis=(0, 1, 2)), coat, atol=20)
        assert len(animal.frames) == len(animal.images) and (np.diff(animal.frames) > 0).all()


def test_animals_of_the_same_zoom_are_cropped_by_the_size_of_the_gallery(track: OpenedTrack) -> None:
    larger = read_track_individuals(track, videos=None, crop_size=32, length=50, width=20)
    assert (larger.length, larger.width, larger.rescaled) == (50, 20, False)
    # Four times as long is another camera, not another animal.
    other = read_track_individuals(track, videos=None, crop_size=32, length=160, width=72)
    assert (other.length, other.rescaled) == (160, True)
    own = read_track_individuals(track, videos=None, crop_size=32)
    np.testing.assert_array_equal(other.animals[0].images, own.animals[0].images)


def test_what_people_say_is_no_animal_is_left_out(track: OpenedTrack) -> None:
    found = read_track_individuals(replace(track, owners=np.array([-1, 1])), videos=None, crop_size=32)
    assert not len(found.animals[0].images) and len(found.animals[1].images)


def test_a_track_of_another_video_is_refused(track: OpenedTrack, tmp_path: Path) -> None:
    moved = replace(track, path=tmp_path / "pair_track.csv")
    with pytest.raises(PoseError, match=r"its video pair\.mp4 is not in .*--videos"):
        read_track_individuals(moved, videos=None, crop_size=32)
    assert len(read_track_individuals(moved, videos=track.path.parent, crop_size=32).animals) == 2
    write_video(tmp_path / "pair.mp4", [np.full((140, 200, 3), 190, dtype=np.uint8)] * 10, fps=25)
    with pytest.raises(PoseError, match="is the track of another video"):
        read_track_individuals(moved, videos=None, crop_size=32)
    # A shorter video of as many bytes as it says.
    with pytest.raises(PoseError, match=r"does not belong to .*is not among the pictures"):
        read_track_individuals(replace(moved, n_bytes=(tmp_path / "pair.mp4").stat().st_size), videos=None, crop_size=32)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "/etc/passwd"])
def test_a_track_opens_no_file_elsewhere(track: OpenedTrack, name: str) -> None:
    with pytest.raises(PoseError, match=f"{track.path.parent}; give the folder"):
        read_track_individuals(replace(track, video=name), videos=None, crop_size=32)


def test_animals_of_unknown_size_are_told(track: OpenedTrack) -> None:
    unknown = tuple(replace(one, sizes=np.full_like(one.sizes, np.nan)) for one in track.tracklets)
    with pytest.raises(PoseError, match="no tracklet has a size"):
        read_track_individuals(replace(track, tracklets=unknown), videos=None, crop_size=32)
