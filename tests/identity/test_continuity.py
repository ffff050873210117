"""What looks and motion say together about identities, in contacts whose right sequence is known."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.identity.continuity import Motion, continue_identities
from behavior.recording import Tracklet

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MOTION = Motion(step=5.0, spread=2.0, area=1e4)


def move(start: int, xs: npt.ArrayLike, y: float = 0.0) -> Tracklet:
    positions = np.column_stack((xs, np.full(np.size(xs), y)))
    unknown = np.full(len(positions), np.nan)
    frames = start + np.arange(len(positions))
    return Tracklet(frames, positions, unknown, np.full((len(positions), 2), np.nan), np.zeros(len(positions), dtype=bool))


def stay(start: int, stop: int, x: float) -> Tracklet:
    return move(start, np.full(stop - start, x))


def look(names: Integers, odds: float, n_animals: int) -> Floats:
    """Return log-probabilities by which `names` are as many log-odds more likely than each other one; -1 says nothing."""
    scores = odds * (names[:, None] == np.arange(n_animals))
    log_probabilities: Floats = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    return log_probabilities


def contact(n_frames: int, places: list[float]) -> list[Tracklet]:
    """Animals that sit beside each other: one tracklet each before, one of each frame while they touch, and one each after."""
    during = [move(10 + frame, [x]) for frame in range(n_frames) for x in places]
    return [*(stay(0, 10, x) for x in places), *during, *(stay(10 + n_frames, 20 + n_frames, x) for x in places)]


def add_up(looks: Floats, identities: Integers, tracklets: list[Tracklet]) -> float:
    """Return what identities are worth, way by way."""
    total = sum(looks[row, name] for row, name in enumerate(identities))
    for name in range(looks.shape[1]):
        own = sorted((one for one, given in zip(tracklets, identities, strict=True) if given == name), key=lambda one: one.start_frame)
        for before, after in itertools.pairwise(own):
            n_frames = np.array([after.start_frame - before.stop_frame + 1])
            total += MOTION.weigh(before.positions[-1:], after.positions[:1], n_frames)[0]
    return float(total)


def test_the_longer_nothing_was_seen_the_less_a_place_says() -> None:
    odds = MOTION.weigh(np.zeros((3, 2)), np.full((3, 2), 1.0), np.array([1, 5, 200]))
    assert odds[0] > odds[1] > odds[2] == pytest.approx(0, abs=0.02)


def test_one_wrong_name_cannot_rule_an_animal_out() -> None:
    odds = MOTION.weigh(np.zeros((1, 2)), np.full((1, 2), 1e4), np.array([1]))
    assert odds[0] == pytest.approx(np.log(0.01), abs=0.01)


@pytest.mark.parametrize("n_animals", [2, 3, 5])
def test_names_do_not_flicker_in_a_long_contact_in_which_looks_say_little(n_animals: int) -> None:
    n_frames = 17
    tracklets = contact(n_frames, [20.0 * animal for animal in range(n_animals)])
    right = np.tile(np.arange(n_animals), n_frames + 2)
    rng = np.random.default_rng(0)
    # Crops of animals that touch are taken for any of them.
    during = np.concatenate([rng.permutation(n_animals) for _ in range(n_frames)])
    sure = look(np.arange(n_animals), 20.0, n_animals)
    found, probabilities = continue_identities(np.concatenate([sure, look(during, 1.0, n_animals), sure]), tracklets, MOTION)
    assert (during != right[n_animals:-n_animals]).mean() > 0.2
    assert found.tolist() == right.tolist() and probabilities.max(axis=1).min() > 0.9
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_names_change_once_where_two_are_nearest_if_looks_say_that_they_changed() -> None:
    away = np.abs(np.arange(17) - 8) + 2.0
    during = [move(10 + frame, [side * x]) for frame, x in enumerate(away) for side in (-1, 1)]
    tracklets = [stay(0, 10, -11), stay(0, 10, 11), *during, stay(27, 37, -11), stay(27, 37, 11)]
    looks = look(np.array([0, 1, *[-1] * 34, 1, 0]), 30.0, 2)
    found, probabilities = continue_identities(looks, tracklets, MOTION)
    left = found[::2]
    changes = np.flatnonzero(np.diff(left))
    # Frame 18 is row 9 of those on the left.
    assert len(changes) == 1 and changes[0] in (8, 9) and (found[1::2] == 1 - left).all()
    # It may have been at the frame before or after, but was not at the beginning or the end.
    assert probabilities[18:20].max() < 0.9 < min(probabilities[:6].max(axis=1).min(), probabilities[-6:].max(axis=1).min())


def test_looks_that_say_enough_outweigh_motion() -> None:
    tracklets = contact(3, [0.0, 30.0])
    looks = look(np.array([0, 1, 0, 1, 1, 0, 0, 1, 0, 1]), 40.0, 2)
    found, _ = continue_identities(looks, tracklets, MOTION)
    assert found.tolist() == [0, 1, 0, 1, 1, 0, 0, 1, 0, 1]


def test_names_fit_what_is_seen_later_of_more_animals_than_arrangements_can_be_followed() -> None:
    """Eight animals, of which 40,320 arrangements are open until they part, look like themselves at the end only."""
    tracklets = contact(5, [15.0 * animal for animal in range(8)])
    right = np.tile(np.random.default_rng(1).permutation(8), 7)
    looks = look(np.where(np.arange(56) < 48, -1, right), 20.0, 8)
    found, _ = continue_identities(looks, tracklets, MOTION)
    assert found.tolist() == right.tolist()


def test_an_animal_that_is_not_seen_for_a_while_is_still_where_it_was() -> None:
    tracklets = [stay(0, 5, 0), stay(0, 5, 40), move(5, [1.0]), move(6, [0.0]), stay(9, 15, 0), stay(9, 15, 40)]
    looks = look(np.array([0, 1, -1, -1, -1, -1]), 20.0, 2)
    found, _ = continue_identities(looks, tracklets, MOTION)
    assert found.tolist() == [0, 1, 0, 0, 0, 1]


def test_of_more_tracklets_than_animals_the_last_is_nobody() -> None:
    tracklets = [stay(0, 5, 0), stay(0, 5, 40), stay(3, 5, 80)]
    found, probabilities = continue_identities(look(np.array([1, 0, 0]), 3.0, 2), tracklets, MOTION)
    assert found.tolist() == [1, 0, -1] and not probabilities[2].any()


def test_nothing_is_nothing_and_what_is_ruled_out_is_refused() -> None:
    found, probabilities = continue_identities(np.zeros((0, 2)), [], MOTION)
    assert not len(found) and probabilities.shape == (0, 2)
    with pytest.raises(ValueError, match="NaN or infinite"):
        continue_identities(np.array([[0.0, -np.inf]]), [stay(0, 5, 0)], MOTION)


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.booleans())
def test_of_two_animals_that_are_seen_each_exchange_is_weighed_by_the_best_sequence_with_it(
    seed: int, n_frames: int, is_long: bool
) -> None:
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, 30, (n_frames, 2, 1 + is_long))
    tracklets = [move(3 * frame, places[frame, animal]) for frame in range(n_frames) for animal in range(2)]
    looks = look(rng.integers(-1, 2, 2 * n_frames), 2.0, 2)
    found, probabilities = continue_identities(looks, tracklets, MOTION)
    every = [np.concatenate([([0, 1], [1, 0])[way] for way in ways]) for ways in itertools.product((0, 1), repeat=n_frames)]
    worth = np.array([add_up(looks, one, tracklets) for one in every])
    assert add_up(looks, found, tracklets) == pytest.approx(worth.max())
    is_first = np.array([[one[row] == 0 for one in every] for row in range(2 * n_frames)])
    odds = [worth[first].max() - worth[~first].max() for first in is_first]
    np.testing.assert_allclose(probabilities[:, 0], 1 / (1 + np.exp(-np.array(odds))), atol=1e-9)


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_of_three_animals_some_of_which_are_not_seen_the_best_sequence_is_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_seen = rng.integers(1, 4, 4)
    tracklets = [move(frame, [x]) for frame, n in enumerate(n_seen) for x in rng.uniform(0, 40, n)]
    looks = look(rng.integers(-1, 3, len(tracklets)), 2.0, 3)
    found, _ = continue_identities(looks, tracklets, MOTION)
    every = itertools.product(*(itertools.permutations(range(3), int(n)) for n in n_seen))
    worth = max(add_up(looks, np.concatenate(one), tracklets) for one in every)
    assert add_up(looks, found, tracklets) == pytest.approx(worth)
