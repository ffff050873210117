"""What is suggested, where the right answer is known: doubt, what nobody has seen, a random share, and nothing twice."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.learning.clips import Clips, describe_clips
from behavior.learning.suggestions import suggest_clips

BEHAVIORS = ("groom", "rear")
LENGTH = 10


def make_recording(name: str, kinds: np.ndarray, *, labelled: slice = slice(0), unsure: slice = slice(0), column: int = 0) -> Clips:
    """Clips of some kinds, which look alike but for noise; of some the model is unsure."""
    rng = np.random.default_rng([len(name), *name.encode()])
    n_frames = len(kinds) * LENGTH
    features = np.eye(8)[np.repeat(kinds, LENGTH)] * 5 + rng.normal(0, 0.1, (n_frames, 8))
    probabilities = np.full((n_frames, 2), 0.02, np.float32)
    probabilities[unsure.start or 0 : unsure.stop, column] = 0.48
    looked_at = np.zeros(n_frames, bool)
    looked_at[labelled] = True
    return describe_clips(name, looked_at, length=LENGTH, features=features, members=[probabilities] if unsure.stop else ())


def test_the_model_is_asked_where_it_is_unsure() -> None:
    kinds = np.zeros(40, int)
    recordings = [make_recording("m1", kinds, unsure=slice(100, 130)), make_recording("m2", kinds, unsure=slice(200, 230), column=1)]
    batch = suggest_clips(recordings, BEHAVIORS, count=6, random_share=0, seed=1)
    assert sorted((one.recording, one.start_frame, one.reason) for one in batch) == [
        *(("m1", start, "the model is unsure about groom (0.48)") for start in (100, 110, 120)),
        *(("m2", start, "the model is unsure about rear (0.48)") for start in (200, 210, 220)),
    ]


def test_among_equally_doubtful_clips_those_unlike_what_is_labelled_come_first() -> None:
    kinds = np.array([0] * 20 + [1] * 18 + [2] * 2)
    recording = make_recording("m1", kinds, labelled=slice(0, 100), unsure=slice(0, 400))
    batch = suggest_clips([recording], BEHAVIORS, count=2, random_share=0, seed=1)
    # One of each kind that nobody has labelled.
    assert sorted(kinds[one.start_frame // LENGTH] for one in batch) == [1, 2]


def test_from_nothing_every_kind_is_covered() -> None:
    kinds = np.array([0] * 30 + [1] * 12 + [2] * 6 + [3] * 4)
    recordings = [make_recording(name, kinds) for name in ("m1", "m2")]
    batch = suggest_clips(recordings, BEHAVIORS, count=4, random_share=0, seed=0)
    assert {kinds[one.start_frame // LENGTH] for one in batch} == {0, 1, 2, 3}
    assert {one.reason for one in batch} == {"looks like nothing labelled yet"}


def test_what_is_labelled_is_not_covered_again() -> None:
    kinds = np.array([0] * 30 + [1] * 12 + [2] * 6)
    batch = suggest_clips([make_recording("m1", kinds, labelled=slice(0, 30))], BEHAVIORS, count=2, random_share=0, seed=0)
    assert {kinds[one.start_frame // LENGTH] for one in batch} == {1, 2}


def test_one_recording_does_not_give_all() -> None:
    kinds = np.zeros(40, int)
    recordings = [
        make_recording("m1", kinds, unsure=slice(0, 400)),
        *(make_recording(f"n{n}", kinds, unsure=slice(0, 1)) for n in range(3)),
    ]
    counts = Counter(one.recording for one in suggest_clips(recordings, BEHAVIORS, count=8, random_share=0, seed=0))
    assert counts["m1"] == 4


def test_without_features_clips_are_spread_evenly() -> None:
    recordings = [describe_clips(name, np.zeros(400, bool), length=LENGTH) for name in ("m1", "m2")]
    batch = suggest_clips(recordings, BEHAVIORS, count=6, random_share=0, seed=0)
    assert Counter(one.recording for one in batch) == {"m1": 3, "m2": 3}
    starts = sorted(one.start_frame for one in batch if one.recording == "m1")
    assert min(np.diff(starts)) >= 150
    assert all("nothing distinguishes the clips yet" in one.reason for one in batch)


def test_doubt_is_enough_without_features() -> None:
    probabilities = np.full((400, 2), 0.02, np.float32)
    probabilities[50:60, 1] = 0.5
    clips = describe_clips("m1", np.zeros(400, bool), length=LENGTH, members=[probabilities])
    (one,) = suggest_clips([clips], BEHAVIORS, count=1, random_share=0, seed=0)
    assert (one.start_frame, one.reason) == (50, "the model is unsure about rear (0.50)")


def test_a_recording_without_features_gives_clips_drawn_at_random_only() -> None:
    bare = describe_clips("m2", np.zeros(400, bool), length=LENGTH)
    batch = suggest_clips([make_recording("m1", np.zeros(40, int)), bare], BEHAVIORS, count=20, random_share=0.5, seed=0)
    assert {one.recording for one in batch if not one.is_random} == {"m1"}
    assert {one.recording for one in batch if one.is_random} == {"m1", "m2"}


@settings(max_examples=25, deadline=None)
@given(
    count=st.integers(1, 12),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**40),
    labelled=st.lists(st.tuples(st.integers(0, 390), st.integers(1, 150)), max_size=4),
    is_trained=st.booleans(),
)
def test_nothing_is_suggested_twice_or_after_it_was_looked_at(
    count: int, share: float, seed: int, labelled: list[tuple[int, int]], is_trained: bool
) -> None:
    looked_at = {name: np.zeros(400, bool) for name in ("m1", "m2")}
    for number, (start, size) in enumerate(labelled):
        looked_at[f"m{1 + number % 2}"][start : start + size] = True
    rng = np.random.default_rng(0)
    features = {name: rng.normal(size=(400, 3)) for name in looked_at}
    members = {name: rng.uniform(size=(400, 2)).astype(np.float32) for name in looked_at}
    drawn: set[tuple[str, int]] = set()
    asked = {name: np.zeros(400, bool) for name in looked_at}

    def ask() -> list:
        recordings = [
            describe_clips(
                name,
                looked_at[name],
                length=LENGTH,
                asked=asked[name],
                features=features[name],
                members=[members[name]] if is_trained else (),
            )
            for name in looked_at
        ]
        return suggest_clips(recordings, BEHAVIORS, count=count, random_share=share, seed=seed, drawn=drawn)

    for _ in range(3):
        batch = ask()
        assert batch == ask()
        open_clips = [one for one in batch if not one.is_looked_at]
        assert len(open_clips) <= count
        assert sum(one.is_random for one in open_clips) <= round(count * share)
        for one in open_clips:
            part = slice(one.start_frame, one.stop_frame)
            assert not looked_at[one.recording][part].any()
            assert not asked[one.recording][part].any()
            asked[one.recording][part] = True
            looked_at[one.recording][part] = one.start_frame % 3 > 0
        drawn |= {(one.recording, one.start_frame) for one in batch if one.is_random}
        assert len(drawn) == len({(name, start // LENGTH) for name, start in drawn})


def test_clips_drawn_at_random_are_a_sample_of_all_however_much_is_labelled() -> None:
    looked_at = np.zeros(4000, bool)
    looked_at[:2000] = True
    clips = describe_clips("m1", looked_at, length=LENGTH)
    batch = suggest_clips([clips], BEHAVIORS, count=60, random_share=1, seed=3)
    labelled = [one for one in batch if one.is_looked_at]
    assert len(batch) - len(labelled) == 60
    assert 40 < len(labelled) < 85
    assert all(one.stop_frame <= 2000 for one in labelled)
    # Batch by batch they are the same ones.
    first = suggest_clips([clips], BEHAVIORS, count=30, random_share=1, seed=3)
    drawn = {(one.recording, one.start_frame) for one in first}
    second = suggest_clips([clips], BEHAVIORS, count=30, random_share=1, seed=3, drawn=drawn)
    assert {*first, *second} == set(batch)


def test_arguments_out_of_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="a count of 1 or more"):
        suggest_clips([], BEHAVIORS, count=0, random_share=0, seed=0)
    assert suggest_clips([], BEHAVIORS, count=3, random_share=0.5, seed=0) == []
