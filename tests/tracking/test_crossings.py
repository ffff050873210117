from __future__ import annotations

import numpy as np

from behavior.recording import Tracklet
from behavior.tracking.crossings import Crossing, find_crossings

LENGTH = 10.0


def follow(start: int, stop: int, x: float) -> Tracklet:
    n = stop - start
    unknown = np.full((n, 2), np.nan)
    return Tracklet(np.arange(start, stop), np.full((n, 2), x), unknown[:, 0], unknown, np.zeros(n, dtype=np.bool_))


def test_animals_that_end_together_and_near_are_one_crossing() -> None:
    tracklets = [follow(0, 20, 0), follow(22, 60, 0), follow(0, 21, 5), follow(21, 60, 5), follow(0, 20, 500), follow(20, 60, 500)]
    found = find_crossings(tracklets, np.array([0, 0, 1, 1, 2, 2]), length=LENGTH)
    assert found == [Crossing(19, 23, (0, 1)), Crossing(19, 21, (2,))]


def test_crossings_apart_in_time_are_two() -> None:
    tracklets = [follow(0, 20, 0), follow(20, 40, 0), follow(0, 35, 5), follow(35, 60, 5)]
    assert [one.animals for one in find_crossings(tracklets, np.array([0, 0, 1, 1]), length=LENGTH)] == [(0,), (1,)]


def test_what_is_no_animal_and_an_animal_of_one_tracklet_cross_nothing() -> None:
    tracklets = [follow(0, 20, 0), follow(20, 40, 0), follow(0, 60, 5)]
    assert find_crossings(tracklets, np.array([-1, -1, 0]), length=LENGTH) == []
    assert find_crossings([], np.zeros(0, dtype=np.int64), length=LENGTH) == []


def test_a_tracklet_within_another_one_of_its_animal_is_a_crossing_of_some_frames() -> None:
    outer = Tracklet(np.r_[0:10, 20:30], *(getattr(follow(0, 20, 0), name) for name in ("positions", "angles", "sizes", "touching")))
    (found,) = find_crossings([outer, follow(12, 18, 0)], np.array([0, 0]), length=LENGTH)
    assert found.start_frame == 12 and found.stop_frame > found.start_frame
