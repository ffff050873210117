from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import fbeta_score

from behavior.postprocess import clean_decisions
from behavior.postprocess.fitting import THRESHOLDS, Candidates, choose_settings, compute_f_beta, count_hits, list_lengths

# Near each other and on the candidates, so that runs and ties are common.
LEVELS = np.array([0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0, np.nan], dtype=np.float32)
FALLBACK = (0.5, 3, 2)

recording = st.integers(0, 25).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.float32, n, elements=st.sampled_from(LEVELS.tolist())),
        hnp.arrays(np.int8, n, elements=st.sampled_from([-1, 0, 1])),
    )
)


def make_candidates(thresholds=THRESHOLDS, closing=(0,), shortest=(0,)) -> Candidates:
    return Candidates(np.array(thresholds, dtype=np.float64), np.array(closing), np.array(shortest))


def choose(probabilities, labels, candidates, **changes):
    """Choose for one behavior in recordings given as lists."""
    return choose_settings(
        [np.array(part, dtype=np.float32)[:, np.newaxis] for part in probabilities],
        [np.array(part, dtype=np.int8)[:, np.newaxis] for part in labels],
        **{"candidates": [candidates], "fallback": [FALLBACK], **changes},
    )


@given(st.lists(recording, min_size=1, max_size=3))
def test_counts_are_those_of_deciding_and_counting(recordings: list[tuple[np.ndarray, np.ndarray]]) -> None:
    candidates = make_candidates([0.0, 0.05, 0.3, 0.7, 1.0], (0, 2, 3, 6), (0, 2, 4))
    hits, alarms, n_positive = count_hits([part for part, _ in recordings], [part for _, part in recordings], candidates)
    expected_hits, expected_alarms, expected_positive = np.zeros_like(hits), np.zeros_like(alarms), 0
    for probabilities, labels in recordings:
        counted = ~np.isnan(probabilities)
        expected_positive += np.count_nonzero(counted & (labels == 1))
        for place in product(*(range(n) for n in hits.shape)):
            _, cleaned = clean_decisions(
                probabilities[:, np.newaxis],
                thresholds=[candidates.thresholds[place[0]]],
                closing_frames=[candidates.closing_frames[place[1]]],
                min_bout_frames=[candidates.min_bout_frames[place[2]]],
            )
            expected_hits[place] += np.count_nonzero(cleaned[:, 0] & counted & (labels == 1))
            expected_alarms[place] += np.count_nonzero(cleaned[:, 0] & counted & (labels == 0))
    np.testing.assert_array_equal(hits, expected_hits)
    np.testing.assert_array_equal(alarms, expected_alarms)
    assert n_positive == expected_positive


@given(st.lists(recording, min_size=1, max_size=3), st.sampled_from([0.5, 1.0, 2.0]))
def test_nothing_scores_higher_than_what_is_chosen(recordings: list[tuple[np.ndarray, np.ndarray]], beta: float) -> None:
    candidates = make_candidates((0.1, 0.2, 0.3, 0.6, 0.8), (0, 2, 4), (0, 3))
    probabilities, labels = [part for part, _ in recordings], [part for _, part in recordings]
    found = choose(probabilities, labels, candidates, beta=beta)
    hits, alarms, n_positive = count_hits(probabilities, labels, candidates)
    if found.reasons[0]:
        assert (found.thresholds[0], found.closing_frames[0], found.min_bout_frames[0]) == FALLBACK
    else:
        assert found.scores[0] == pytest.approx(compute_f_beta(hits, alarms, n_positive, beta=beta).max())
    assert np.isnan(found.scores[0]) == (n_positive == 0)
    assert not np.isnan(found.scores[0]) or found.reasons[0]


def test_f_beta_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    labels, decided = rng.random(300) < 0.3, rng.random(300) < 0.4
    hits, alarms = np.sum(labels & decided), np.sum(~labels & decided)
    for beta in (0.5, 1, 2):
        assert compute_f_beta(hits, alarms, labels.sum(), beta=beta) == pytest.approx(fbeta_score(labels, decided, beta=beta))
    assert np.isnan(compute_f_beta(0, 0, 0, beta=1))


def test_the_threshold_that_parts_the_labels_is_found_in_the_middle() -> None:
    found = choose([[0.2, 0.3, 0.6, 0.9]], [[0, 0, 1, 1]], make_candidates())
    # 0.31 to 0.60 all part them.
    assert found.thresholds[0] == pytest.approx(0.45)
    assert found.scores[0] == 1
    assert found.reasons == ("",)


def test_the_longest_run_of_tied_thresholds_wins() -> None:
    # One hit and no alarm, or both hits and two alarms: F1 is 2/3 either way.
    found = choose([[0.9, 0.3, 0.85, 0.85, 0.1]], [[1, 1, 0, 0, 0]], make_candidates())
    assert found.scores[0] == pytest.approx(2 / 3)
    assert 0.11 <= found.thresholds[0] <= 0.3


def test_recall_counts_more_with_a_larger_beta() -> None:
    rng = np.random.default_rng(3)
    labels = (rng.random(2000) < 0.2).astype(np.int8)
    probabilities = np.clip(rng.normal(0.35 + 0.2 * labels, 0.15), 0, 1)
    half, one, two = (choose([probabilities], [labels], make_candidates(), beta=beta).thresholds[0] for beta in (0.5, 1, 2))
    assert half > one > two


def test_flicker_and_short_false_alarms_ask_for_cleaning() -> None:
    labels = np.zeros(60, dtype=np.int8)
    labels[10:30] = 1
    probabilities = np.where(labels == 1, 0.8, 0.1)
    probabilities[[15, 16, 22]] = 0.1
    probabilities[[40, 41, 50]] = 0.8
    found = choose([probabilities], [labels], make_candidates(closing=(0, 2, 3, 5), shortest=(0, 2, 3, 8)))
    assert found.scores[0] == 1
    # The least that fills two frames and drops two: longer ones score as much.
    assert (found.closing_frames[0], found.min_bout_frames[0]) == (3, 3)


def test_nothing_is_joined_across_recordings() -> None:
    probabilities, labels = [[0.1, 0.9], [0.9, 0.1]], [[0, 1], [1, 0]]
    hits, alarms, _ = count_hits(
        [np.array(p, np.float32) for p in probabilities], [np.array(p) for p in labels], make_candidates([0.5], (50,), (2,))
    )
    assert hits.item() == alarms.item() == 0


def test_what_nobody_labelled_and_nan_count_nowhere() -> None:
    given_, truth = [0.2, 0.3, 0.6, 0.9], [0, 0, 1, 1]
    found = choose([given_ + [0.95] * 50, [np.nan] * 9], [truth + [-1] * 50, [1] * 9], make_candidates())
    assert found.thresholds[0] == pytest.approx(0.45)
    assert found.scores[0] == 1


@pytest.mark.parametrize(
    ("probabilities", "labels", "expected", "score"),
    [
        ([0.2, 0.9], [0, 0], "no frame with a probability is labelled positive", np.nan),
        ([0.2, 0.9], [1, 1], "no frame with a probability is labelled negative", 0.0),
        ([0.2, 0.9], [-1, -1], "no labelled frame has a probability", np.nan),
        ([np.nan, np.nan], [1, 0], "no labelled frame has a probability", np.nan),
        ([], [], "no labelled frame has a probability", np.nan),
        ([0.001, 0.001], [1, 0], "no candidate finds a positive frame", 0.0),
    ],
)
def test_what_cannot_be_fitted_falls_back_and_says_why(probabilities, labels, expected: str, score: float) -> None:
    found = choose([probabilities], [labels], make_candidates(closing=(0, 2), shortest=(0, 2)))
    assert (found.thresholds[0], found.closing_frames[0], found.min_bout_frames[0]) == FALLBACK
    assert found.reasons == (expected,)
    np.testing.assert_array_equal(found.scores, [score])


def test_one_threshold_for_all_has_the_best_mean() -> None:
    rng = np.random.default_rng(5)
    labels = (rng.random((3000, 2)) < (0.1, 0.4)).astype(np.int8)
    probabilities = np.clip(rng.normal((0.2, 0.5) + 0.25 * labels, 0.12), 0, 1).astype(np.float32)
    both = make_candidates(closing=(0, 2), shortest=(0, 2))
    alone = choose_settings([probabilities], [labels], candidates=[both] * 2, fallback=[FALLBACK] * 2)
    shared = choose_settings([probabilities], [labels], candidates=[both] * 2, fallback=[FALLBACK] * 2, one_threshold=True)
    assert alone.thresholds[0] < alone.thresholds[1]
    assert shared.thresholds[0] == shared.thresholds[1]
    assert np.all(shared.scores <= alone.scores)
    means = []
    for threshold in THRESHOLDS:
        only = make_candidates([threshold], (0, 2), (0, 2))
        means.append(choose_settings([probabilities], [labels], candidates=[only] * 2, fallback=[FALLBACK] * 2).scores.mean())
    assert shared.scores.mean() == pytest.approx(max(means))


def test_a_behavior_that_cannot_be_fitted_shares_the_threshold_for_all() -> None:
    probabilities = np.array([[0.2, 0.2], [0.3, 0.2], [0.6, 0.2], [0.9, 0.2]], dtype=np.float32)
    labels = np.array([[0, 0], [0, 0], [1, 0], [1, 0]], dtype=np.int8)
    found = choose_settings([probabilities], [labels], candidates=[make_candidates()] * 2, fallback=[FALLBACK] * 2, one_threshold=True)
    np.testing.assert_allclose(found.thresholds, 0.45)
    assert found.reasons == ("", "no frame with a probability is labelled positive")


def test_lengths_in_frames_rise_without_the_one_that_does_nothing() -> None:
    for fps in (2, 5, 10, 25, 29.97, 120):
        lengths = list_lengths(fps)
        assert lengths[0] == 0
        assert lengths[-1] == round(2 * fps)
        assert 1 not in lengths
        assert np.all(np.diff(lengths) > 0)


@pytest.mark.parametrize(
    "wrong", [([0.5, 0.4], (0,), (0,)), ([], (0,), (0,)), ([0.5], (3, 3), (0,)), ([0.5], (0,), (-1,)), ([np.nan], (0,), (0,))]
)
def test_candidates_that_do_not_rise_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match="expected rising numbers"):
        make_candidates(*wrong)


def test_arguments_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="labels of 0"):
        choose([[0.5]], [], make_candidates())
    with pytest.raises(ValueError, match=r"expected \(T, 1\) twice"):
        choose([[0.5]], [[0, 1]], make_candidates())
    with pytest.raises(ValueError, match="beta"):
        choose([[0.5]], [[0]], make_candidates(), beta=0)
    with pytest.raises(ValueError, match="differ from behavior to behavior"):
        choose_settings([], [], candidates=[make_candidates(), make_candidates([0.5])], fallback=[FALLBACK] * 2, one_threshold=True)
