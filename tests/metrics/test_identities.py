from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from track_samples import draw_walks

from behavior.metrics import IDENTITY_METRICS, count_identities, identity_accuracy, match_animals, name_identities, pair_tracks

TRUE = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, -1])
PREDICTED = np.array([1, 1, 1, 2, 0, 0, -1, 2, 2, 0])
Animals = npt.NDArray[np.int64]


def test_frames_are_right_under_the_best_naming() -> None:
    assert count_identities(TRUE, PREDICTED).tolist() == [[0, 3, 1], [2, 0, 0], [0, 0, 2]]
    assert name_identities(TRUE, PREDICTED).tolist() == [1, 0, 2]
    scores = identity_accuracy(TRUE, PREDICTED)
    assert tuple(scores) == IDENTITY_METRICS
    assert scores == pytest.approx(
        {"frame_accuracy": 7 / 9, "named": 8 / 9, "frame_accuracy_named": 7 / 8, "tracklet_accuracy": np.nan}, nan_ok=True
    )


def test_given_names_are_taken_at_their_word() -> None:
    scores = identity_accuracy(TRUE, PREDICTED, naming="given")
    assert (scores["frame_accuracy"], scores["frame_accuracy_named"]) == (pytest.approx(2 / 9), 2 / 8)


def test_a_tracklet_counts_once_with_what_most_of_it_says() -> None:
    one_tracklet = {
        "right": ([0, 0], [0, 0], 1),
        "right but in one frame": ([1, 1, 1], [1, 1, 0], 1),
        "wrong": ([0], [1], 0),
        "mostly unknown": ([1, 1, 1], [-1, -1, 1], 0),
        "of two as often the lower": ([0, 1], [1, 0], 1),
    }
    for name, (true, predicted, expected) in one_tracklet.items():
        found = identity_accuracy(true, predicted, tracklets=[7] * len(true), naming="given")["tracklet_accuracy"]
        assert found == expected, name
    # A frame outside the truth, and one in no tracklet, do not count.
    true, predicted, tracklets = [0, 0, 1, 1, 0, -1], [0, 0, 0, 0, 1, 1], [9, 9, 4, 4, -1, 5]
    assert identity_accuracy(true, predicted, tracklets=tracklets, naming="given")["tracklet_accuracy"] == 1 / 2


def test_two_predicted_animals_are_never_one_true_animal() -> None:
    true, predicted = np.zeros(10, dtype=int), np.repeat([0, 1], [6, 4])
    assert name_identities(true, predicted).tolist() == [0, -1]
    assert identity_accuracy(true, predicted)["frame_accuracy"] == 0.6


def test_tracks_are_scored_through_what_lies_where() -> None:
    truth = draw_walks(50, 3, seed=1, arena_px=1000)
    predicted = truth[:, [2, 0, 1]] + 1
    predicted[40:, [0, 1]] = predicted[40:, [1, 0]]
    found = match_animals(pair_tracks(truth, predicted, body_length_px=20))
    scores = identity_accuracy(np.broadcast_to(np.arange(3), found.shape), found)
    assert scores["frame_accuracy"] == pytest.approx(1 - 2 * 10 / 150)


def test_nothing_to_count_is_undefined() -> None:
    for true in ([], [-1, -1]):
        predicted = np.zeros(len(true), dtype=int)
        assert np.isnan(list(identity_accuracy(true, predicted, tracklets=predicted).values())).all()
    scores = identity_accuracy([0, 1], [-1, -1], tracklets=[0, 1])
    assert (scores["frame_accuracy"], scores["named"], scores["tracklet_accuracy"]) == (0, 0, 0)
    assert np.isnan(scores["frame_accuracy_named"])


def test_what_is_no_number_of_an_animal_is_refused() -> None:
    with pytest.raises(ValueError, match="expected the same"):
        identity_accuracy([0, 1], [0])
    with pytest.raises(ValueError, match=r"predicted_animals holds float64, expected integers"):
        identity_accuracy([0, 1], [0.0, 1.0])
    with pytest.raises(ValueError, match="true_animals holds -2"):
        identity_accuracy([0, -2], [0, 1])
    with pytest.raises(ValueError, match=r"tracklets has the shape \(3,\)"):
        identity_accuracy([0, 1], [0, 1], tracklets=[0, 1, 2])
    with pytest.raises(ValueError, match="naming is 'worst'"):
        identity_accuracy([0, 1], [0, 1], naming="worst")  # type: ignore[arg-type]


ANIMALS = arrays(np.int64, 20, elements=st.integers(-1, 3))


@given(ANIMALS, ANIMALS, st.permutations(range(4)))
def test_renaming_predicted_animals_changes_nothing_and_no_naming_is_better(true: Animals, predicted: Animals, order: list[int]) -> None:
    best = identity_accuracy(true, predicted)
    renamed = np.append(order, -1)[predicted]
    assert identity_accuracy(true, renamed) == pytest.approx(best, nan_ok=True)
    as_given = identity_accuracy(true, renamed, naming="given")["frame_accuracy"]
    assert np.isnan(best["frame_accuracy"]) or as_given <= best["frame_accuracy"]


@given(ANIMALS)
def test_the_truth_is_right_and_a_tracklet_of_each_frame_says_the_same(true: Animals) -> None:
    assume((true >= 0).any())
    scores = identity_accuracy(true, true, tracklets=np.arange(20), naming="given")
    assert scores == dict.fromkeys(IDENTITY_METRICS, 1.0)
