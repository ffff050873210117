"""Tracklets that share a frame, checked frame by frame."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from behavior.identity.overlaps import TrackletRelations, find_coexisting, link_overlaps

INTERVALS = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6)), min_size=1, max_size=8)


def unpack(intervals: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    starts = np.array([start for start, _ in intervals])
    return starts, starts + np.array([length for _, length in intervals])


@given(INTERVALS)
def test_overlaps_are_frames_in_common(intervals: list[tuple[int, int]]) -> None:
    starts, stops = unpack(intervals)
    overlaps = link_overlaps(starts, stops).toarray()
    frames = [set(range(start, stop)) for start, stop in zip(starts, stops, strict=True)]
    for first in range(len(frames)):
        for second in range(len(frames)):
            assert overlaps[first, second] == (first != second and bool(frames[first] & frames[second]))
    relations = TrackletRelations(starts, stops).relate(np.arange(len(starts)))
    np.testing.assert_array_equal(relations, np.eye(len(starts), dtype=int) - overlaps)


@given(INTERVALS)
def test_coexisting_tracklets_are_the_largest_sets_of_any_frame(intervals: list[tuple[int, int]]) -> None:
    starts, stops = unpack(intervals)
    present = {frozenset(np.flatnonzero((starts <= frame) & (frame < stops)).tolist()) for frame in range(20)} - {frozenset()}
    largest = {rows for rows in present if not any(rows < other for other in present)}
    assert {frozenset(rows.tolist()) for rows in find_coexisting(starts, stops)} == largest


def test_sure_identities_relate_tracklets_that_never_meet() -> None:
    starts, stops = np.array([0, 0, 10, 10]), np.array([5, 5, 15, 15])
    everything = np.arange(4)

    def relate(*identities: int) -> list[int]:
        return TrackletRelations(starts, stops, np.array(identities)).relate(everything)[0].tolist()

    assert relate(0, 1, 0, -1) == [1, -1, 1, 0]
    # Seen together, they are two, whatever was decided.
    assert relate(0, 0, 0, 1) == [1, -1, 1, -1]
    assert relate(-1, 1, -1, 1) == [1, -1, 0, 0]


def test_crops_of_one_tracklet_are_one_animal() -> None:
    relations = TrackletRelations(np.array([0, 0]), np.array([5, 5]), np.array([-1, 3]))
    assert relations.relate(np.array([1, 0, 1])).tolist() == [[1, -1, 1], [-1, 1, -1], [1, -1, 1]]
