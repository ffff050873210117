"""Scores of tracks are held to TrackEval's own numbers on the same tracks (`helpers/trackeval_scores.py`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from track_samples import TrackSample, box_around, disturb, draw_walks, make_samples, read_samples
from trackeval_scores import BY_ALPHA, SCORES

from behavior.metrics import HOTA_ALPHAS, TRACKING_METRICS, pair_tracks, score_hota, score_tracks
from behavior.metrics.tracking import score_clear, score_identity

SAMPLES = make_samples()
# Where TrackEval writes 0 for a ratio of nothing (1 for localisation), the value is undefined here.
UNDEFINED = {
    "elsewhere": {"loca", "motp"},
    "nothing_predicted": {"loca", "motp", "precision", "idp"},
    "nothing_true": {"loca", "motp", "mota", "recall", "idr"},
}


def score(sample: TrackSample) -> dict[str, float]:
    return score_tracks(sample.truth, sample.predicted, body_length_px=sample.zero_at_px)


def expect_trackeval(name: str, scores: dict[str, float]) -> None:
    assert tuple(scores) == TRACKING_METRICS
    undefined = UNDEFINED.get(name, set())
    assert {metric for metric, value in scores.items() if np.isnan(value)} == undefined
    for metric, expected in SCORES[name].items():
        if metric not in undefined:
            assert scores[metric] == pytest.approx(expected, abs=1e-6), f"{metric} of {name}"


@pytest.mark.parametrize("name", SAMPLES)
def test_scores_of_made_up_tracks_are_trackevals(name: str) -> None:
    expect_trackeval(name, score(SAMPLES[name]))


def test_scores_of_real_videos_are_trackevals(shared_data: Path) -> None:
    samples = read_samples(shared_data)
    for name, sample in samples.items():
        expect_trackeval(name, score(sample))
    assert set(samples) | set(SAMPLES) == set(SCORES)


def test_hota_at_each_threshold_is_trackevals(shared_data: Path) -> None:
    flies = read_samples(shared_data)["three_flies"]
    for name, sample in (("random_crowd", SAMPLES["random_crowd"]), ("three_flies", flies)):
        scores = score_hota(pair_tracks(sample.truth, sample.predicted))
        for metric, expected in BY_ALPHA[name].items():
            np.testing.assert_allclose(scores[metric], expected, atol=1e-6, err_msg=f"{metric} of {name}")
    np.testing.assert_allclose(HOTA_ALPHAS, np.arange(0.05, 0.99, 0.05))


def test_a_tolerance_is_half_of_a_body_length() -> None:
    sample = SAMPLES["random_points"]
    assert score_tracks(sample.truth, sample.predicted, tolerance_px=7.5) == score(sample)


def test_a_lower_threshold_finds_what_lies_farther_away() -> None:
    truth = draw_walks(20, 2, seed=1)
    pairs = pair_tracks(truth, truth + [6.0, 0.0], body_length_px=10)
    assert score_clear(pairs)["recall"] == score_identity(pairs)["idf1"] == 0
    assert score_clear(pairs, threshold=0.4)["recall"] == score_identity(pairs, threshold=0.4)["idf1"] == 1


def test_a_track_is_continued_though_another_is_nearer() -> None:
    truth = np.array([[[0.0, 0.0]], [[0.0, 0.0]]])
    predicted = np.array([[[0.0, 0.0], [np.nan, np.nan]], [[4.0, 0.0], [1.0, 0.0]]])
    scores = score_clear(pair_tracks(truth, predicted, tolerance_px=5))
    assert (scores["identity_switches"], scores["motp"]) == (0, pytest.approx((1 + 0.6) / 2))


def test_two_empty_sides_have_no_score() -> None:
    for n_frames, n_animals in ((0, 2), (5, 0), (5, 2)):
        nothing = np.full((n_frames, n_animals, 2), np.nan)
        scores = score_tracks(nothing, nothing, tolerance_px=5)
        assert (scores.pop("identity_switches"), scores.pop("fragments")) == (0, 0)
        assert np.isnan(list(scores.values())).all()


Tracks = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


@st.composite
def two_tracks(draw: st.DrawFn) -> Tracks:
    """Boxes of a small arena and what a bad tracker makes of them."""
    n_frames, n_animals, seed = draw(st.integers(1, 12)), draw(st.integers(2, 4)), draw(st.integers(0, 10_000))
    truth = box_around(draw_walks(n_frames, n_animals, seed=seed, arena_px=50))
    predicted = disturb(truth, seed=seed, drop=draw(st.floats(0, 0.6)), jitter_px=draw(st.floats(0.1, 8)), swap=0.1, renew=0.1)
    truth[np.random.RandomState(seed).uniform(size=truth.shape[:2]) < draw(st.floats(0, 0.5))] = np.nan
    return truth, predicted


@given(two_tracks(), st.integers(0, 10_000))
def test_renaming_identities_changes_nothing(tracks: Tracks, seed: int) -> None:
    truth, predicted = tracks
    shuffled = np.random.RandomState(seed).permutation(predicted.shape[1])
    renamed = score_tracks(truth[:, ::-1], predicted[:, shuffled])
    assert renamed == pytest.approx(score_tracks(truth, predicted), abs=1e-9, nan_ok=True)


@given(two_tracks())
def test_the_truth_itself_is_perfect(tracks: Tracks) -> None:
    truth = tracks[0]
    assume(np.isfinite(truth).any())
    scores = score_tracks(truth, truth)
    fragments, switches = scores.pop("fragments"), scores.pop("identity_switches")
    assert switches == 0
    assert fragments >= 0
    assert scores == dict.fromkeys(scores, pytest.approx(1.0))


@given(two_tracks())
def test_every_rate_lies_where_it_has_to(tracks: Tracks) -> None:
    scores = score_tracks(*tracks)
    for name in set(TRACKING_METRICS) - {"mota", "identity_switches", "fragments"}:
        assert np.isnan(scores[name]) or 0 <= scores[name] <= 1 + 1e-12
    assert np.isnan(scores["mota"]) or scores["mota"] <= scores["recall"]
    assert np.isnan(scores["idr"]) or scores["idr"] <= scores["recall"] + 1e-12


@given(two_tracks(), st.integers(0, 10_000))
def test_adding_a_false_positive_lowers_detection_and_raises_nothing(tracks: Tracks, seed: int) -> None:
    truth, predicted = tracks
    # A frame without any prediction is passed over, and a ghost would make it one in which a track is lost.
    frames = np.flatnonzero(np.isfinite(predicted).any(axis=(1, 2)))
    assume(len(frames))
    ghost = np.full((len(truth), 1, 4), np.nan)
    ghost[frames[seed % len(frames)]] = [1000.0, 1000.0, 1020.0, 1012.0]
    before, after = score_tracks(truth, predicted), score_tracks(truth, np.concatenate([predicted, ghost], axis=1))
    for name in ("hota", "deta", "idf1", "idp", "mota", "precision"):
        assert np.isnan(before[name]) or after[name] <= before[name] + 1e-12
    assert (after["deta"] < before["deta"]) or not before["deta"] > 0
    for name in ("recall", "idr", "identity_switches", "fragments"):
        assert after[name] == pytest.approx(before[name], nan_ok=True)


@given(two_tracks())
def test_detection_accuracy_is_the_same_at_exchanged_sides(tracks: Tracks) -> None:
    there, back = score_tracks(*tracks), score_tracks(*tracks[::-1])
    for name, other in (("deta", "deta"), ("assa", "assa"), ("idf1", "idf1"), ("idp", "idr")):
        assert there[name] == pytest.approx(back[other], abs=1e-9, nan_ok=True)
