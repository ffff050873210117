from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.recording import Spot, TrackCorrection
from behavior.tracking.corrections import Placement, apply_corrections, name_animal

N_FRAMES, REACH = 40, 3.0


def place(*spans: tuple[int, int, int], n_animals: int | None = None) -> Placement:
    """Tracklets (animal, start, stop); each animal walks right on a line of its own, 10 px from the next."""
    frames = np.concatenate([np.arange(start, stop) for _, start, stop in spans])
    animals = np.concatenate([np.full(stop - start, animal) for animal, start, stop in spans])
    tracklets = np.concatenate([np.full(stop - start, number) for number, (_, start, stop) in enumerate(spans)])
    n_animals = int(animals.max()) + 1 if n_animals is None else n_animals
    positions = np.column_stack((frames, 10.0 * animals))
    names = tuple(name_animal(number) for number in range(n_animals))
    return Placement(frames, positions, tracklets, animals, np.full(len(frames), np.nan), names)


def at(animal: int, frame: int) -> Spot:
    """Where an animal of `place` is in a frame."""
    return Spot(frame, frame, 10.0 * animal)


def apply(placement: Placement, *corrections: TrackCorrection) -> Placement:
    done = apply_corrections(placement, corrections, reach=REACH)
    assert [one.problem for one in done.outcomes] == [""] * len(corrections)
    return done.placement


def refuse(placement: Placement, correction: TrackCorrection) -> str:
    done = apply_corrections(placement, [correction], reach=REACH)
    assert done.placement is placement
    return done.outcomes[0].problem


def owner(placement: Placement, spot: Spot) -> int:
    """Return which animal the detection at a place is."""
    (row,) = np.flatnonzero((placement.frames == spot.frame) & (placement.positions[:, 1] == spot.y))
    return int(placement.animals[row])


def swap(first: int, second: int, frame: int, stop: int | None = None) -> TrackCorrection:
    return TrackCorrection("swap", at(first, frame - 1), at(second, frame), frame, stop)


PAIR = place((0, 0, 40), (1, 0, 40))


def test_a_swap_holds_from_its_frame_to_its_end() -> None:
    done = apply(PAIR, swap(0, 1, 10, 30))
    assert [owner(done, at(0, frame)) for frame in (9, 10, 29, 30)] == [0, 1, 1, 0]
    assert [owner(done, at(1, frame)) for frame in (9, 10, 29, 30)] == [1, 0, 0, 1]
    # Both tracklets are cut where the animals change.
    assert len(done.find_starts()) - 1 == 6


def test_a_swap_that_the_track_does_not_need_changes_nothing() -> None:
    swapped = place((0, 0, 10), (1, 10, 40), (1, 0, 10), (0, 10, 40))
    # These lie on the lines of `place` by animal, so that animal 0 goes on right.
    done = apply(swapped, TrackCorrection("swap", at(0, 9), at(0, 10), 10))
    np.testing.assert_array_equal(done.animals, swapped.animals)


def test_an_assigned_tracklet_changes_places_with_what_was_there() -> None:
    found = place((0, 0, 15), (0, 15, 25), (0, 25, 40), (1, 0, 40))
    done = apply(found, TrackCorrection("assign", at(0, 18), at(1, 2), 15, 25))
    assert [owner(done, at(0, frame)) for frame in (14, 15, 24, 25)] == [0, 1, 1, 0]
    assert [owner(done, at(1, frame)) for frame in (14, 15, 24, 25)] == [1, 0, 0, 1]
    assert done.probabilities[(done.animals == 1) & (done.frames == 20)] == 1
    assert np.isnan(done.probabilities[(done.animals == 0) & (done.frames == 20)])


def test_an_assigned_tracklet_can_be_an_animal_of_its_own() -> None:
    done = apply(place((0, 0, 20), (0, 20, 40)), TrackCorrection("assign", at(0, 30)))
    assert owner(done, at(0, 30)) == 1 and owner(done, at(0, 10)) == 0 and done.names == ("animal1", "animal2")


def test_a_split_ends_a_tracklet_before_its_frame() -> None:
    done = apply(PAIR, TrackCorrection("split", at(1, 12)))
    np.testing.assert_array_equal(done.animals, PAIR.animals)
    assert done.find_starts().tolist() == [0, 40, 52, 80]


def test_merged_animals_are_one_unless_they_are_seen_together() -> None:
    parts = place((0, 0, 18), (1, 20, 40))
    named = apply(parts, TrackCorrection("name", at(1, 30), name="anna"), TrackCorrection("merge", at(0, 3), at(1, 30)))
    assert owner(named, at(1, 30)) == 0 and named.names[0] == "anna"
    assert "are seen together in 40 frames, for the first time in frame 0" in refuse(PAIR, TrackCorrection("merge", at(0, 3), at(1, 30)))


def test_what_is_no_animal_can_become_one_again() -> None:
    removed = apply(PAIR, TrackCorrection("remove", at(1, 5), start_frame=4, stop_frame=8))
    assert [owner(removed, at(1, frame)) for frame in (3, 4, 7, 8)] == [1, -1, -1, 1]
    back = apply(removed, TrackCorrection("assign", at(1, 5), at(1, 30)))
    np.testing.assert_array_equal(back.animals, PAIR.animals)
    assert "animal1 is somewhere else in frame 4" in refuse(removed, TrackCorrection("assign", at(1, 5), at(0, 30)))


def test_an_animal_is_named_once() -> None:
    named = apply(PAIR, TrackCorrection("name", at(1, 5), name="anna"))
    assert named.names == ("animal1", "anna")
    assert "called anna already" in refuse(named, TrackCorrection("name", at(0, 5), name="anna"))


@pytest.mark.parametrize(
    ("correction", "sentence"),
    [
        (TrackCorrection("split", Spot(5, 5, 5.1)), "within 3 px of 5, 5 in frame 5"),
        (TrackCorrection("remove", Spot(99, 5, 0)), "in frame 99"),
        (TrackCorrection("swap", at(0, 5), None, 6), "which other animal"),
        (TrackCorrection("assign", at(0, 5), at(1, 5), 50, 60), "has none of the frames 50 to 59"),
    ],
)
def test_what_does_not_fit_the_track_changes_nothing(correction: TrackCorrection, sentence: str) -> None:
    assert sentence in refuse(PAIR, correction)


def test_corrections_hold_for_another_track_of_the_same_video() -> None:
    """Where other settings number animals otherwise, break tracklets elsewhere and exchange nothing, the same animals come out."""
    wrong = place((0, 0, 40), (1, 0, 20), (1, 20, 40))
    facts = [swap(0, 1, 10), TrackCorrection("name", at(0, 2), name="anna")]
    first = apply(wrong, *facts)
    other = place((1, 0, 5), (1, 5, 40), (0, 0, 33), (0, 33, 40))
    flipped = Placement(other.frames, other.positions, other.tracklets, 1 - other.animals, other.probabilities, other.names)
    second = apply(flipped, *facts)

    def list_anna(done: Placement) -> set[tuple[float, ...]]:
        return set(map(tuple, done.positions[done.animals == done.names.index("anna")]))

    assert list_anna(first) == list_anna(second) == {(*map(float, (frame, 0 if frame < 10 else 10)),) for frame in range(40)}


def draw_placements() -> st.SearchStrategy[Placement]:
    def build(lines: list[list[int]]) -> Placement:
        spans = []
        for animal, cuts in enumerate(lines):
            ends = sorted({0, N_FRAMES, *cuts})
            spans += [(animal, start, stop) for start, stop in pairwise(ends) if (start + animal) % 7]
        return place(*spans, (len(lines), 0, N_FRAMES))

    return st.lists(st.lists(st.integers(1, N_FRAMES - 1), max_size=4), min_size=1, max_size=3).map(build)


def draw_corrections() -> st.SearchStrategy[list[TrackCorrection]]:
    spot = st.builds(at, st.integers(0, 3), st.integers(0, N_FRAMES - 1))
    frame = st.integers(0, N_FRAMES)
    one = st.builds(
        TrackCorrection,
        st.sampled_from(["swap", "assign", "split", "merge", "remove", "name"]),
        spot,
        st.none() | spot,
        st.none() | frame,
        st.none() | frame,
        st.sampled_from(["anna", "berta"]),
    )
    return st.lists(one, max_size=6)


@settings(max_examples=150, deadline=None)
@given(found=draw_placements(), corrections=draw_corrections())
def test_every_detection_stays_once_and_no_animal_is_in_two_places(found: Placement, corrections: list[TrackCorrection]) -> None:
    done = apply_corrections(found, corrections, reach=REACH).placement
    np.testing.assert_array_equal(done.frames, found.frames)
    np.testing.assert_array_equal(done.positions, found.positions)
    kept = done.animals >= 0
    places = done.frames[kept] * 100 + done.animals[kept]
    assert len(np.unique(places)) == kept.sum() and done.animals.max() < len(done.names)
    # A tracklet is of one animal, and within one that was found.
    for start, stop in zip(done.find_starts()[:-1], done.find_starts()[1:], strict=True):
        assert len(set(done.animals[start:stop])) == len(set(found.tracklets[start:stop])) == 1


@settings(max_examples=60, deadline=None)
@given(found=draw_placements(), frame=st.integers(1, N_FRAMES - 1), first=st.integers(0, 3), second=st.integers(0, 3))
def test_a_swap_made_twice_is_none(found: Placement, frame: int, first: int, second: int) -> None:
    once = apply_corrections(found, [swap(first, second, frame)], reach=REACH).placement
    # After the exchange, the animal that was at `first` goes on at `second`; back, it goes on at `first`.
    back = TrackCorrection("swap", at(first, frame - 1), at(first, frame), frame)
    there = apply_corrections(once, [back], reach=REACH)
    if not there.outcomes[0].problem and once is not found:
        np.testing.assert_array_equal(there.placement.animals, found.animals)
