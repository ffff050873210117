"""Crops by tracklets, from pictures whose animals are bright spots at known places."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from behavior.embedding.tracklet_crops import list_crop_frames, take_tracklet_crops
from behavior.embedding.tracklet_cuts import TrackletCuts
from behavior.recording import Tracklet

N_FRAMES = 20


def draw_pictures() -> list[npt.NDArray[np.uint8]]:
    """Two animals that go right, 40 pixels long and 20 wide, with a bright head; the first is brighter."""
    pictures = []
    for frame in range(N_FRAMES):
        picture = np.full((120, 200, 3), 10, dtype=np.uint8)
        for top, brightness in ((20, 120), (80, 60)):
            left = 30 + 4 * frame
            picture[top : top + 20, left : left + 40] = brightness
            picture[top : top + 20, left + 30 : left + 40] = 255
        pictures.append(picture)
    return pictures


def follow(animal: int, frames: list[int], **changed: npt.NDArray) -> Tracklet:
    steps = np.array(frames)
    positions = np.column_stack((50.0 + 4 * steps, np.full(len(steps), 30.0 + 60 * animal)))
    fields = {"angles": np.zeros(len(steps)), "sizes": np.tile([40.0, 20.0], (len(steps), 1)), "touching": steps == 8}
    return Tracklet(steps, positions, **{**fields, **changed})


def test_crops_are_those_of_the_tracklets_with_heads_up() -> None:
    crops = take_tracklet_crops(enumerate(draw_pictures()), [follow(0, list(range(12))), follow(1, list(range(4, 20)))], every=4)
    assert list(zip(crops.frames.tolist(), crops.owners.tolist(), strict=True)) == [
        *((0, 0), (4, 0), (4, 1), (8, 0), (8, 1)),
        *((12, 1), (16, 1)),
    ]
    assert crops.images.shape == (7, 48, 48, 3)
    assert crops.touching.tolist() == [False, False, False, True, True, False, False]
    assert (crops.starts.tolist(), crops.stops.tolist()) == ([0, 4], [12, 20])
    middle = crops.images[:, 24, 24, 0]
    assert [round(int(value) / 60) for value in middle] == [2 if owner == 0 else 1 for owner in crops.owners]
    # 40 pixels of 60 fill 32 of 48; heads are in the upper quarter of that.
    assert (crops.images[:, 10, 24, 0] > 200).all()
    assert (crops.images[:, 38, 24, 0] < 130).all()
    assert crops.window.sum() == pytest.approx(np.pi / 4 * 32 * 24, rel=0.05)


def test_frames_without_crops_may_be_left_out() -> None:
    tracklets = [follow(0, [5, 6, 7]), follow(1, list(range(4, 20)))]
    frames = list_crop_frames(tracklets, every=10)
    assert frames.tolist() == [6, 10]
    pictures = draw_pictures()
    whole = take_tracklet_crops(enumerate(pictures), tracklets, every=10)
    some = take_tracklet_crops(((frame, pictures[frame]) for frame in frames.tolist()), tracklets, every=10)
    np.testing.assert_array_equal(whole.images, some.images)
    assert list_crop_frames([]).tolist() == []


def test_a_short_tracklet_has_a_crop_too() -> None:
    crops = take_tracklet_crops(enumerate(draw_pictures()), [follow(0, [5, 6, 7])], every=10)
    assert crops.frames.tolist() == [6]


def test_sizes_that_nobody_measured_are_to_be_given() -> None:
    unknown = follow(0, [0, 1], sizes=np.full((2, 2), np.nan), angles=np.full(2, np.nan))
    with pytest.raises(ValueError, match="no tracklet has a size"):
        take_tracklet_crops(enumerate(draw_pictures()), [unknown])
    crops = take_tracklet_crops(enumerate(draw_pictures()), [unknown], length=40, width=20, crop_size=32)
    assert crops.images.shape == (2, 32, 32, 3)
    # As the camera saw it: the head is to the right.
    assert crops.images[0, 16, 24].min() > 200


def test_a_video_that_is_too_short_is_told_and_no_tracklets_are_no_crops() -> None:
    with pytest.raises(ValueError, match="frame 20, in which tracklet 0 has an animal, is not"):
        take_tracklet_crops(enumerate(draw_pictures()), [follow(0, [18, 19, 20, 21])])
    assert take_tracklet_crops(enumerate(draw_pictures()), [], length=40, width=20).images.shape == (0, 48, 48, 3)


def test_crops_of_a_tracklet_that_is_cut_are_those_of_its_parts() -> None:
    crops = take_tracklet_crops(enumerate(draw_pictures()), [follow(0, list(range(12))), follow(1, list(range(4, 20)))], every=4)
    cut = crops.cut(TrackletCuts(np.array([0]), np.array([6]), np.array([4])))
    assert cut.owners.tolist() == [0, 0, 2, 1, 2, 2, 2] and cut.images is crops.images
    assert (cut.starts.tolist(), cut.stops.tolist()) == ([0, 6, 4], [6, 12, 20])
