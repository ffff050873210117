"""Parts of tracklets: their numbers, frames, and the moments at which they are cut."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.embedding.tracklet_cuts import TrackletCuts
from behavior.recording import Tracklet


def follow(frames: list[int], x: list[float], touching: list[int] | None = None) -> Tracklet:
    n = len(frames)
    positions = np.column_stack((np.array(x, dtype=np.float64), np.zeros(n)))
    is_touching = np.isin(np.arange(n), touching or [])
    return Tracklet(np.array(frames), positions, np.arange(n) / 10, np.column_stack((np.arange(n), np.arange(n))) * 1.0, is_touching)


def test_cuts_before_crops_take_the_frame_of_the_crop_of_the_same_tracklet_before() -> None:
    owners = np.array([0, 1, 0, 1, 0, 1])
    frames = np.array([0, 0, 3, 3, 9, 6])
    cuts = TrackletCuts.before_crops(np.array([3, 4]), owners, frames)
    assert cuts.numbers.tolist() == [0, 1] and cuts.frames.tolist() == [9, 3] and cuts.since.tolist() == [3, 0]
    assert cuts.renumber(owners, frames).tolist() == [0, 2, 0, 3, 1, 3]
    with pytest.raises(ValueError, match="before its first crop"):
        TrackletCuts.before_crops(np.array([1]), owners, frames)
    with pytest.raises(ValueError, match="before its first crop"):
        TrackletCuts.before_crops(np.array([0]), owners, frames)


def test_parts_are_the_tracklet_in_order_and_have_the_numbers_of_their_frames() -> None:
    tracklets = [follow([0, 1, 2], [0, 1, 2]), follow([4, 5, 7, 8, 9, 12], [0, 1, 2, 3, 4, 5]), follow([1], [9])]
    cuts = TrackletCuts(np.array([1, 1]), np.array([7, 9]), np.array([5, 8]))
    parts = cuts.cut_tracklets(tracklets)
    assert [part.frames.tolist() for part in parts] == [[0, 1, 2], [4, 5], [7, 8], [9, 12], [1]]
    assert [part.angles.tolist() for part in parts[1:4]] == [[0.0, 0.1], [0.2, 0.3], [0.4, 0.5]]
    for number, part in enumerate(parts):
        former = [0, 1, 1, 1, 2][number]
        assert (cuts.renumber(np.full(len(part), former), part.frames) == number).all()
    starts, stops = cuts.cut_spans(np.array([0, 4, 1]), np.array([3, 13, 2]))
    assert starts.tolist() == [0, 4, 7, 9, 1] and stops.tolist() == [3, 7, 9, 13, 2]


def test_no_cut_leaves_all_as_it_is() -> None:
    none = TrackletCuts.before_crops(*np.zeros((3, 0), dtype=np.int64))
    tracklets = [follow([0, 1], [0, 1])]
    assert len(none) == 0 and none.cut_tracklets(tracklets) == tracklets and len(none.move_to_meetings(tracklets)) == 0
    assert none.renumber(np.array([0, 3]), np.array([5, 6])).tolist() == [0, 3]


@pytest.mark.parametrize(
    ("tracklet", "moment"),
    [
        # Where it was not seen for longest, even if it goes further elsewhere.
        (follow([0, 1, 2, 5, 6, 8, 9], [0, 1, 2, 3, 20, 21, 22]), 5),
        # Where it touches another, if it was seen all the time; and there, where it goes furthest.
        (follow(list(range(8)), [0, 1, 9, 10, 11, 13, 14, 15], touching=[4, 5]), 5),
        # Where it goes furthest.
        (follow(list(range(8)), [0, 1, 2, 3, 4, 5, 9, 10]), 6),
        # Not before the last crop that is sure, nor after the first one of the other animal.
        (follow([0, 9, 10, 11, 12, 13, 14], [0, 50, 51, 52, 53, 55, 99], touching=[0]), 13),
    ],
)
def test_a_tracklet_is_cut_at_the_likeliest_moment(tracklet: Tracklet, moment: int) -> None:
    since, stop = (1, 7) if tracklet.frames[1] == 1 else (9, 13)
    if stop not in tracklet.frames:
        stop = 8
    moved = TrackletCuts(np.array([0]), np.array([stop]), np.array([since])).move_to_meetings([tracklet])
    assert moved.frames.tolist() == [moment]
