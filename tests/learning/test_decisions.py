"""Fitted decisions, and that nothing of what is scored gets into them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.ndimage import gaussian_filter1d
from scipy.stats import rankdata
from sklearn.metrics import cohen_kappa_score, f1_score

from behavior.config import Decisions, Postprocess
from behavior.errors import ModelError
from behavior.files.model_bundle import CalibrationRecord, DecisionsRecord
from behavior.learning.decisions import (
    FITTED_COLUMNS,
    FittedDecisions,
    count_bouts,
    decide,
    decide_out_of_fold,
    describe_fitting,
    fit_decisions,
)
from behavior.metrics import average_precision
from behavior.provenance import Provenance
from behavior.recording import Annotation, Labels, Probabilities
from behavior.sequence.folds import Fold, leave_out_folds

BEHAVIORS = ("grooming", "rearing")
FPS = 25.0
N_FRAMES = 3000
SOURCE = Path("model/bundle.yaml")
FIXED = Postprocess(threshold=0.5, closing_frames=5)
EVERYTHING = [
    Decisions(fit=fit, threshold_for=threshold_for, calibration=calibration, beta=beta)
    for fit, threshold_for, calibration, beta in (
        (["threshold"], "behavior", "none", 1),
        (["closing", "min_bout"], "behavior", "none", 1),
        (["threshold", "closing", "min_bout"], "behavior", "none", 1),
        (["threshold", "closing", "min_bout"], "all", "none", 2),
        (["threshold", "closing", "min_bout"], "behavior", "isotonic", 1),
        (["threshold", "closing", "min_bout"], "all", "logistic", 1),
        ([], "behavior", "isotonic", 1),
    )
]

Predictions = dict[str, Probabilities]
Truth = dict[str, Labels]


def act(n_recordings: int = 12, *, seed: int = 0, n_frames: int = N_FRAMES) -> tuple[Predictions, Truth]:
    """Bouts of about a second, more of them in some recordings than in others, and probabilities that follow them.

    Probabilities are ranks within a recording, so that they say when, never how often.
    """
    rng = np.random.default_rng(seed)
    predictions, truth = {}, {}
    for index in range(n_recordings):
        waves = gaussian_filter1d(rng.normal(size=(n_frames, 2)), 12, axis=0, mode="wrap")
        noise = gaussian_filter1d(rng.normal(size=(n_frames, 2)), 3, axis=0, mode="wrap")
        # Every second recording has a fifth of the bouts.
        shares = np.array([0.1, 0.3]) * (0.4 if index % 2 else 1.6)
        labels = rankdata(waves, axis=0) > n_frames * (1 - shares)
        evidence = waves / waves.std(axis=0) + 0.7 * noise / noise.std(axis=0)
        ranks = (rankdata(evidence, axis=0) / (n_frames + 1)).astype(np.float32)
        name = f"oft_{index:02}"
        predictions[name] = Probabilities(ranks**2, BEHAVIORS, np.arange(n_frames) / FPS)
        truth[name] = Labels(labels.astype(np.int8), BEHAVIORS)
    return predictions, truth


def shift_in_circles(truth: Mapping[str, Labels], *, seed: int = 1) -> Truth:
    """Each recording's labels, shifted in a circle by a large random offset."""
    rng = np.random.default_rng(seed)
    shifted = {}
    for name, labels in truth.items():
        n_frames = len(labels)
        shifted[name] = Labels(np.roll(labels.values, rng.integers(n_frames // 4, 3 * n_frames // 4), axis=0), labels.behaviors)
    return shifted


def make_folds(predictions: Mapping[str, Probabilities]) -> list[Fold]:
    return leave_out_folds(list(predictions), list(predictions), list(predictions), leave_out="recording")


def find_leaks(annotations: Sequence[Annotation], truth: Mapping[str, Labels], *, tolerance: float = 0.04) -> list[str]:
    """Return what decisions about labels that nothing can be known about get better, or worse, than chance.

    Average precision over all recordings may be lower: calibrated without a recording that has many positives, its frames get a lower
    probability than those of others. Within recordings that makes no difference.
    """
    found = []
    for place, behavior in enumerate(BEHAVIORS):
        labels = [truth[annotation.recording].values[:, place] for annotation in annotations]
        probabilities = [annotation.probabilities.values[:, place] for annotation in annotations]
        decided = np.concatenate([annotation.ethogram.values[:, place] for annotation in annotations])
        pooled = np.concatenate(labels)
        prevalence = pooled.mean()
        kappa = cohen_kappa_score(pooled, decided)
        excess = f1_score(pooled, decided) - 2 * prevalence / (1 + prevalence)
        gain = average_precision(pooled, np.concatenate(probabilities)) - prevalence
        within = np.mean([average_precision(*pair) - pair[0].mean() for pair in zip(labels, probabilities, strict=True)])
        if abs(kappa) > tolerance:
            found.append(f"{behavior}: kappa {kappa:.3f}")
        if excess > tolerance:
            found.append(f"{behavior}: F1 is {excess:.3f} above that of chance")
        if gain > tolerance:
            found.append(f"{behavior}: average precision is {gain:.3f} above prevalence")
        if abs(within) > tolerance:
            found.append(f"{behavior}: average precision within recordings is {within:.3f} off prevalence")
    return found


def decide_leakily(predictions: Predictions, truth: Truth, settings: Decisions) -> list[Annotation]:
    """What must not be: each fold's decisions are fitted on the labels that they are scored on."""
    return [
        fit_decisions({name: found}, truth, settings, fps=FPS, postprocess=FIXED).decide(name, found, fps=FPS)
        for name, found in predictions.items()
    ]


def decide_honestly(predictions: Predictions, truth: Truth, settings: Decisions) -> list[Annotation]:
    return decide_out_of_fold(predictions, truth, make_folds(predictions), settings, fps=FPS, postprocess=FIXED).annotations


def decide_honestly_by_pairs(predictions: Predictions, truth: Truth, settings: Decisions) -> list[Annotation]:
    folds = make_folds(predictions)
    pairs = {(fold.name, name): found for fold in folds for name, found in predictions.items() if name != fold.name}
    nested = settings.model_copy(update={"nested": "pairs"})
    return decide_out_of_fold(predictions, truth, folds, nested, fps=FPS, postprocess=FIXED, pair_predictions=pairs).annotations


@pytest.mark.parametrize(
    "settings", EVERYTHING, ids=lambda settings: "-".join([*settings.fit, settings.threshold_for, settings.calibration])
)
def test_labels_shifted_in_circles_are_decided_by_chance(settings: Decisions) -> None:
    predictions, truth = act()
    shifted = shift_in_circles(truth)
    assert find_leaks(decide_honestly(predictions, shifted, settings), shifted) == []


def test_labels_shifted_in_circles_are_decided_by_chance_with_pairs_too() -> None:
    predictions, truth = act()
    shifted = shift_in_circles(truth)
    assert find_leaks(decide_honestly_by_pairs(predictions, shifted, Decisions(calibration="isotonic")), shifted) == []


def test_the_check_sees_what_there_is_to_know() -> None:
    predictions, truth = act()
    assert len(find_leaks(decide_honestly(predictions, truth, Decisions(calibration="isotonic")), truth)) == 8


@pytest.mark.parametrize(("calibration", "expected"), [("none", ("kappa", "F1")), ("isotonic", ("average precision is",))])
def test_decisions_that_leak_on_purpose_are_found(calibration: str, expected: Sequence[str]) -> None:
    predictions, truth = act()
    shifted = shift_in_circles(truth)
    found = find_leaks(decide_leakily(predictions, shifted, Decisions(calibration=calibration)), shifted)
    for behavior, what in product(BEHAVIORS, expected):
        assert any(sentence.startswith(f"{behavior}: {what}") for sentence in found), (behavior, what, found)


@pytest.mark.parametrize("nested", ["folds", "pairs"])
@pytest.mark.parametrize("leave_out", ["recording", "animal"])
def test_labels_of_a_fold_change_nothing_in_it(nested: str, leave_out: str) -> None:
    predictions, truth = act(6, n_frames=600)
    folds = leave_out_folds(list(predictions), ["m1", "m2", "m1", "m3", "m3", "m2"], list(predictions), leave_out=leave_out)
    settings = Decisions(calibration="logistic", nested=nested)
    pairs = {(fold.name, name): found for fold in folds for name, found in predictions.items()} if nested == "pairs" else None
    before = decide_out_of_fold(predictions, truth, folds, settings, fps=FPS, postprocess=FIXED, pair_predictions=pairs)
    names = list(predictions)
    for fold in folds:
        spoilt = {**truth, **{names[index]: Labels(1 - truth[names[index]].values, BEHAVIORS) for index in fold.left_out}}
        after = decide_out_of_fold(predictions, spoilt, folds, settings, fps=FPS, postprocess=FIXED, pair_predictions=pairs)
        for index in fold.left_out:
            np.testing.assert_array_equal(after.annotations[index].ethogram.values, before.annotations[index].ethogram.values)
            np.testing.assert_array_equal(after.annotations[index].probabilities.values, before.annotations[index].probabilities.values)
        pd.testing.assert_frame_equal(after.table[after.table["fold"] == fold.name], before.table[before.table["fold"] == fold.name])
        assert not after.table.equals(before.table)


def test_pairs_are_fitted_on_what_they_were_given() -> None:
    predictions, truth = act(3, n_frames=900)
    folds = make_folds(predictions)
    # Halved: so are the thresholds.
    halved = {name: Probabilities(found.values / 2, BEHAVIORS, found.time_s) for name, found in predictions.items()}
    pairs = {(fold.name, name): halved[name] for fold in folds for name in predictions if name != fold.name}
    by_folds = decide_out_of_fold(predictions, truth, folds, Decisions(fit=["threshold"]), fps=FPS, postprocess=FIXED)
    nested = Decisions(fit=["threshold"], nested="pairs")
    by_pairs = decide_out_of_fold(predictions, truth, folds, nested, fps=FPS, postprocess=FIXED, pair_predictions=pairs)
    np.testing.assert_allclose(by_pairs.table["threshold"], by_folds.table["threshold"] / 2, atol=0.011)
    assert "were trained on the fold scored" in by_folds.note
    assert "trained neither on them" in by_pairs.note


def test_fitting_pays_on_recordings_like_those_fitted_on() -> None:
    predictions, truth = act()
    fitted = decide_honestly(predictions, truth, Decisions())
    fixed = decide_honestly(predictions, truth, Decisions(fit=[], calibration="isotonic"))
    for place in range(2):
        labels = np.concatenate([truth[found.recording].values[:, place] for found in fitted])
        scores = [f1_score(labels, np.concatenate([found.ethogram.values[:, place] for found in way])) for way in (fitted, fixed)]
        assert scores[0] > scores[1] + 0.02


def test_the_table_says_what_was_fitted_in_each_fold() -> None:
    predictions, truth = act(4, n_frames=600)
    # Nobody groomed but in the first recording.
    truth = {
        name: labels if name == "oft_00" else Labels(labels.values * np.array([0, 1], np.int8), BEHAVIORS) for name, labels in truth.items()
    }
    settings = Decisions(calibration="isotonic")
    found = decide_out_of_fold(predictions, truth, make_folds(predictions), settings, fps=FPS, postprocess=FIXED)
    assert tuple(found.table.columns) == FITTED_COLUMNS
    assert found.table["fold"].tolist() == [name for name in predictions for _ in BEHAVIORS]
    first = found.table.iloc[0]
    assert (first["threshold"], first["closing_frames"], first["min_bout_frames"], first["calibration"]) == (0.5, 5, 0, "none")
    assert "nothing chosen: no frame with a probability is labelled positive; not calibrated" in first["reason"]
    assert (found.table["reason"] != "").tolist() == [True] + [False] * 7
    np.testing.assert_array_equal(found.table["training_f_beta"].isna(), found.table["reason"] != "")
    for annotation, (_, rows) in zip(found.annotations, found.table.groupby("fold"), strict=True):
        raw = annotation.probabilities.values >= rows["threshold"].to_numpy(np.float32)
        np.testing.assert_array_equal(annotation.raw.values, raw)


def test_lengths_hold_at_another_frame_rate() -> None:
    predictions, truth = act(4, n_frames=600)
    fitted = fit_decisions(predictions, truth, Decisions(), fps=FPS, postprocess=FIXED)
    assert fitted.postprocess.closing_frames is None
    slow, fast = (fitted.postprocess.min_bouts(BEHAVIORS, fps) for fps in (FPS, 4 * FPS))
    assert slow.max() > 1
    np.testing.assert_array_equal(fast, 4 * slow)


def test_recordings_of_different_rates_are_fitted_in_seconds() -> None:
    """Every other recording has each frame three times: nothing that is fitted may change, in seconds."""
    predictions, truth = act(4, n_frames=600)
    expected = fit_decisions(predictions, truth, Decisions(), fps=FPS, postprocess=FIXED)
    rates = dict.fromkeys(predictions, FPS)
    for name in list(predictions)[1::4]:
        one = predictions[name]
        times = np.arange(3 * len(one)) / (3 * FPS)
        predictions[name] = Probabilities(np.repeat(one.values, 3, axis=0), BEHAVIORS, times)
        truth[name] = Labels(np.repeat(truth[name].values, 3, axis=0), BEHAVIORS)
        rates[name] = 3 * FPS
    fitted = fit_decisions(predictions, truth, Decisions(), fps=rates, postprocess=FIXED)
    assert fitted.postprocess == expected.postprocess
    decided = decide_out_of_fold(predictions, truth, make_folds(predictions), Decisions(), fps=rates, postprocess=FIXED)
    assert [len(annotation.time_s) for annotation in decided.annotations] == [len(one) for one in predictions.values()]


def test_what_is_not_fitted_stays() -> None:
    predictions, truth = act(4, n_frames=600)
    given = Postprocess(threshold={"grooming": 0.3}, closing_frames=4, min_bout_s=0.2)
    threshold = fit_decisions(predictions, truth, Decisions(fit=["threshold"]), fps=FPS, postprocess=given).postprocess
    assert (threshold.closing_frames, threshold.min_bout_s) == (4, 0.2)
    assert isinstance(threshold.threshold, dict)
    closing = fit_decisions(predictions, truth, Decisions(fit=["closing"]), fps=FPS, postprocess=given).postprocess
    assert (closing.threshold, closing.closing_frames, closing.min_bout_s) == ({"grooming": 0.3}, None, 0.2)


@pytest.mark.parametrize("calibration", ["none", "isotonic", "logistic"])
def test_a_model_decides_as_before_it_was_stored(calibration: str) -> None:
    predictions, truth = act(3, n_frames=600)
    truth["oft_00"].values[:, 0] = 0
    fitted = fit_decisions(predictions, truth, Decisions(calibration=calibration), fps=FPS, postprocess=FIXED)
    given = predictions["oft_02"]
    expected = fitted.decide("oft_02", given, fps=FPS, provenance=Provenance(video="x.mp4"))
    assert expected.provenance == Provenance(video="x.mp4")
    assert (calibration == "none") == np.array_equal(expected.probabilities.values, given.values)
    content = fitted.to_record().model_dump(mode="json", exclude_none=True)
    for stored in (yaml.safe_load(yaml.safe_dump(content)), json.loads(json.dumps(content, allow_nan=False))):
        read = FittedDecisions.from_record(DecisionsRecord.model_validate(stored), source=SOURCE)
        assert read == fitted
        found = read.decide("oft_02", given, fps=FPS)
        np.testing.assert_array_equal(found.probabilities.values, expected.probabilities.values)
        np.testing.assert_array_equal(found.ethogram.values, expected.ethogram.values)


@pytest.mark.parametrize("value", [0, 1, -1])
def test_labels_of_one_kind_are_decided_as_the_study_says(value: int) -> None:
    predictions, _ = act(3, n_frames=300)
    truth = {name: Labels(np.full((300, 2), value, np.int8), BEHAVIORS) for name in predictions}
    for settings in EVERYTHING:
        found = decide_out_of_fold(predictions, truth, make_folds(predictions), settings, fps=FPS, postprocess=FIXED)
        assert set(found.table["threshold"]) == {0.5}
        assert set(found.table["closing_frames"]) == {5}
        assert (found.table["reason"] != "").all()


def test_a_behavior_that_no_model_learned_is_decided_negative() -> None:
    predictions, truth = act(3, n_frames=300)
    unknown = {
        name: Probabilities(found.values * np.array([1, np.nan], np.float32), BEHAVIORS, found.time_s)
        for name, found in predictions.items()
    }
    for settings in EVERYTHING:
        found = decide_out_of_fold(unknown, truth, make_folds(unknown), settings, fps=FPS, postprocess=FIXED)
        assert not any(annotation.ethogram.values[:, 1].any() for annotation in found.annotations)
        assert all(np.isnan(annotation.probabilities.values[:, 1]).all() for annotation in found.annotations)
        assert (found.table.loc[found.table["behavior"] == "rearing", "reason"] != "").all()


def test_the_sentence_names_what_was_fitted() -> None:
    everything = Decisions(beta=2, threshold_for="all", calibration="logistic", nested="pairs")
    assert describe_fitting(everything, cross_validated=False) == (
        "Logistic calibration of the probabilities and one threshold for all behaviors, closing lengths and shortest bouts (for F2) were "
        "fitted on out-of-fold predictions of the training recordings."
    )
    assert describe_fitting(everything, cross_validated=True).endswith("(nested: pairs).")
    assert describe_fitting(Decisions(fit=["threshold"]), cross_validated=True).startswith("Thresholds (for F1) were fitted for each fold")
    alone = Decisions(fit=[], calibration="isotonic")
    assert describe_fitting(alone, cross_validated=False).startswith("Isotonic calibration of the probabilities was fitted on")


def test_a_stored_calibration_that_falls_is_refused() -> None:
    predictions, truth = act(3, n_frames=600)
    record = fit_decisions(predictions, truth, Decisions(calibration="logistic"), fps=FPS, postprocess=FIXED).to_record()
    falling = record.model_copy(update={"calibrations": {"grooming": CalibrationRecord(method="logistic", slope=-1.0)}})
    with pytest.raises(ModelError, match=r"bundle\.yaml: the calibration of 'grooming' cannot be used"):
        FittedDecisions.from_record(falling, source=SOURCE)


def test_arguments_that_do_not_fit_are_refused() -> None:
    predictions, truth = act(3, n_frames=60)
    folds = make_folds(predictions)
    given = {"fps": FPS, "postprocess": FIXED}
    with pytest.raises(ValueError, match="each of 3 recordings once"):
        decide_out_of_fold(predictions, truth, folds[:2], Decisions(), **given)
    with pytest.raises(ValueError, match="nested by pairs, but pair predictions are not given"):
        decide_out_of_fold(predictions, truth, folds, Decisions(nested="pairs"), **given)
    with pytest.raises(ValueError, match="nested by folds, but pair predictions are given"):
        decide_out_of_fold(predictions, truth, folds, Decisions(), **given, pair_predictions={})
    with pytest.raises(ValueError, match="lack the recordings oft_01, oft_02"):
        decide_out_of_fold(predictions, truth, folds, Decisions(nested="pairs"), **given, pair_predictions={})
    with pytest.raises(ValueError, match="leaves out one of them"):
        decide_out_of_fold(predictions, truth, [Fold("all", (0, 1, 2), (0,))], Decisions(), **given)
    with pytest.raises(ValueError, match="at least one"):
        fit_decisions({}, {}, Decisions(), **given)
    with pytest.raises(ValueError, match="not of the behaviors"):
        fit_decisions(predictions, {name: Labels(np.zeros((60, 1), np.int8), ("x",)) for name in truth}, Decisions(), **given)


def test_nothing_is_closed_over_a_pause() -> None:
    values = np.array([[0.9], [0.9], [0.1], [0.1], [0.9], [0.9]], dtype=np.float32)
    settings = Postprocess(closing_s=0.5, min_bout_s=0.2)
    without = decide("a", Probabilities(values, ("rear",), np.arange(6) / 10), fps=10.0, postprocess=settings)
    assert without.ethogram.values[:, 0].tolist() == [True] * 6
    paused = decide("a", Probabilities(values, ("rear",), np.array([0, 0.1, 0.2, 60, 60.1, 60.2])), fps=10.0, postprocess=settings)
    assert paused.ethogram.values[:, 0].tolist() == [True, True, False, False, True, True]
    assert count_bouts(paused) == {"rear": 2}
    running = Probabilities(np.full((4, 1), 0.9, dtype=np.float32), ("rear",), np.array([0, 0.1, 60, 60.1]))
    assert count_bouts(decide("a", running, fps=10.0, postprocess=settings)) == {"rear": 2}
