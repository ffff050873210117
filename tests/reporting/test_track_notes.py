from __future__ import annotations

import numpy as np

from behavior.reporting.track_notes import describe_track
from behavior.tracking.animals import TrackedAnimals
from behavior.tracking.equipment import Equipment
from behavior.tracking.reflections import Reflection


def make(seen: np.ndarray) -> TrackedAnimals:
    nothing = np.zeros(seen.shape)
    return TrackedAnimals(
        np.zeros((*seen.shape, 2)),
        seen,
        nothing,
        nothing,
        nothing,
        nothing,
        seen & False,
        np.zeros(seen.shape, np.int32),
        np.zeros(seen.shape, np.int32),
    )


def test_a_whole_track_has_nothing_odd() -> None:
    assert describe_track(make(np.ones((100, 2), dtype=bool)), n_flooded=0, n_expected=2) == []


def test_gaps_and_missing_animals_are_counted() -> None:
    seen = np.ones((100, 2), dtype=bool)
    seen[10:20] = False
    seen[50:60, 1] = False
    first, second = describe_track(make(seen), n_flooded=0, n_expected=2)
    assert "10 of 100 frames, for longest in frames 10 to 19" in first
    assert "fewer than 2 animals are found in 10 of 100 frames" in second


def test_frames_that_differ_all_over_are_counted() -> None:
    (note,) = describe_track(make(np.ones((100, 1), dtype=bool)), n_flooded=3, n_expected=None)
    assert note.startswith("3 of 100 frames differ") and note.endswith("nothing is found there.")


def test_light_that_was_off_is_said_in_one_sentence_with_its_frames() -> None:
    seen = np.ones((100, 1), dtype=bool)
    seen[40:60] = seen[70] = False
    (note,) = describe_track(make(seen), n_flooded=20, n_expected=None)
    assert note.startswith("20 of 100 frames differ") and note.endswith("nothing is found there, for longest in frames 40 to 59.")
    seen[80:] = False
    first, second = describe_track(make(seen), n_flooded=20, n_expected=None)
    assert first.endswith("nothing is found there.") and "no animal is found in 41 of 100 frames" in second


def test_more_than_the_animals_are_counted() -> None:
    n_found = np.full(100, 2)
    n_found[:30] = 3
    (note,) = describe_track(make(np.ones((100, 2), dtype=bool)), n_flooded=0, n_expected=2, n_found=n_found)
    assert note.startswith("more than 2 things that look like an animal are found in 30 of 100 frames")
    assert describe_track(make(np.ones((100, 2), dtype=bool)), n_flooded=0, n_expected=None, n_found=n_found) == []


def test_what_was_left_out_as_equipment_is_said_in_one_sentence() -> None:
    things = [Equipment(10.4 * number, 20.0, 5, 95, 80) for number in range(6)]
    (note,) = describe_track(make(np.ones((100, 2), dtype=bool)), n_flooded=0, n_expected=None, equipment=things[:2])
    assert note.startswith("what is found at 0, 20 (frames 5 to 94); 10, 20 (frames 5 to 94) never moves while others do")
    (note,) = describe_track(make(np.ones((100, 2), dtype=bool)), n_flooded=0, n_expected=2, equipment=things)
    assert "31, 20 (frames 5 to 94) and 2 more places never moves" in note


def test_reflections_are_placed_with_what_to_do() -> None:
    found = [Reflection(470.0, 200.0, 30, 90, 60), Reflection(474.0, 220.0, 300, 340, 40)]
    (note,) = describe_track(make(np.ones((500, 2), dtype=bool)), n_flooded=0, n_expected=None, reflections=found)
    assert note.startswith(
        "what is found around 472, 210 moves as an animal would in a mirror, in 100 frames or more, the first of them 30;"
    )
    assert "--mask" in note and "no animal" in note


def test_animals_that_are_forgotten_in_the_dark_are_told_of() -> None:
    seen = np.ones((400, 2), dtype=bool)
    seen[100:170] = False
    notes = describe_track(make(seen), n_flooded=70, n_expected=None, memory=50)
    assert any(note.startswith("animals are new ones after frame 169, for nothing is found in the 70 frames before") for note in notes)
    for given in ({"n_expected": 2, "memory": 50}, {"n_expected": None, "memory": 70}):
        assert not any("new ones" in note for note in describe_track(make(seen), n_flooded=70, **given))
