"""That no score has seen what it is computed on, shown on labels that nothing can be known about."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.ndimage import gaussian_filter1d
from sklearn.metrics import average_precision_score

from behavior.config import Decisions
from behavior.learning import out_of_fold, planning
from behavior.learning.decisions import OutOfFoldDecisions, decide_out_of_fold, fit_decisions
from behavior.sequence.preparation import fit_preparation
from behavior.workflows import crossval
from behavior.workflows.crossval import cross_validate
from behavior.workflows.train import train_model

pytestmark = pytest.mark.usefixtures("unpainted")
RECORDINGS = [f"r{number}" for number in range(8)]
BEHAVIORS = ("groom", "rear", "jump", "dig", "sniff", "freeze")
N_FRAMES = 750
SHARE = 0.2
SETTINGS = {
    "behaviors": BEHAVIORS,
    "windows": {"length": 50},
    "head": {"kind": "lstm", "layers": 1, "units": 8, "dropout": 0.1},
    "training": {"learning_rate": 0.05, "batch_size": 16, "epochs": 10, "patience": 10},
    "features": {"standardize": True, "pca": 40},
    "decisions": {"calibration": "isotonic"},
}


def draw_waves(rng, count):
    waves = gaussian_filter1d(rng.normal(size=(N_FRAMES, count)), 6, axis=0, mode="wrap")
    return waves / waves.std(axis=0)


def act(seed=0):
    """Bouts of a second or two in a fifth of the frames of every recording, what tells them, and much that changes as slowly.

    The latter is what a model that has seen a recording can find its way about there by.
    """
    rng = np.random.default_rng(seed)
    labels, features = {}, {}
    for name in RECORDINGS:
        waves = draw_waves(rng, len(BEHAVIORS))
        labels[name] = (waves > np.quantile(waves, 1 - SHARE, axis=0)).astype(np.int8)
        told = waves + 0.5 * rng.normal(size=waves.shape)
        features[name] = np.concatenate([told, draw_waves(rng, 48)], axis=1).astype(np.float16)
    return labels, features


def shift_in_circles(labels, seed=10):
    rng = np.random.default_rng(seed)
    return {name: np.roll(values, rng.integers(N_FRAMES // 4, 3 * N_FRAMES // 4), axis=0) for name, values in labels.items()}


def find_leaks(study, out):
    """Cross-validate, and return which scores, means over behaviors, are not those of chance.

    The tolerances are about three times what chance does with some 25 bouts a recording. Within recordings the models' probabilities are
    compared with the same labels shifted on: average precision of so few bouts lies a little above prevalence by chance alone.
    """
    table = cross_validate(study, out)
    values = table[table["recording"] == "pooled"].set_index(["metric", "behavior"])["value"]
    assert values["prevalence"].tolist() == pytest.approx([SHARE] * len(BEHAVIORS), abs=1e-3)
    gains = {
        "average precision": values["average_precision"].mean() - SHARE - 0.03,
        "kappa": abs(values["kappa"].mean()) - 0.05,
        "F1": values["f1"].mean() - 2 * SHARE / (1 + SHARE) - 0.012,
        "average precision within recordings": measure_gain_within(study, out) - 0.028,
    }
    return {name for name, gain in gains.items() if gain > 0}


def measure_gain_within(study, out):
    gains = []
    with np.load(out / "out_of_fold.npz") as predicted:
        for name in RECORDINGS:
            labels = pd.read_csv(study.parent / f"{name}_labels.csv")[list(BEHAVIORS)].to_numpy()
            for truth, said in zip(labels.T, predicted[name].T, strict=True):
                by_chance = [average_precision_score(np.roll(truth, shift), said) for shift in range(75, N_FRAMES - 50, 50)]
                gains.append(average_precision_score(truth, said) - np.mean(by_chance))
    return np.mean(gains)


EVERYTHING = {"average precision", "kappa", "F1", "average precision within recordings"}


@pytest.fixture(scope="module")
def shifted(tmp_path_factory, write_study):
    """A study whose labels are shifted in circles."""
    labels, features = act()
    return write_study(tmp_path_factory.mktemp("shifted"), shift_in_circles(labels), {"waves": features}, **SETTINGS)


class Honest:
    """The honest pipeline's own cross-validation of that study, and what its parts were given."""

    def __init__(self, study, out):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(crossval, "predict_out_of_fold", self._predict)
            patch.setattr(out_of_fold, "fit_models", self._fit)
            self.found = find_leaks(study, out)

    def _predict(self, *arguments, **options):
        self.predicted = out_of_fold.predict_out_of_fold(*arguments, **options)
        return self.predicted

    def _fit(self, study, data, plans, **options):
        self.data, self.plans, self.preparations = data, list(plans.values()), options["preparations"]
        return fit_models(study, data, plans, **options)


fit_models = out_of_fold.fit_models


@pytest.fixture(scope="module")
def honest(shifted, tmp_path_factory):
    return Honest(shifted, tmp_path_factory.mktemp("honest") / "cv")


def test_labels_shifted_in_circles_are_found_by_chance(honest):
    """Features standardised and reduced, early stopping, isotonic calibration, thresholds, closing and shortest bouts: all fitted."""
    assert honest.found == set()


def test_the_check_sees_what_there_is_to_know(tmp_path, write_study):
    labels, features = act()
    study = write_study(tmp_path, labels, {"waves": features}, **{**SETTINGS, "training": BRIEFLY})
    assert find_leaks(study, tmp_path / "cv") == EVERYTHING


@pytest.mark.parametrize(
    "settings",
    [
        Decisions(),
        Decisions(calibration="logistic", threshold_for="all", beta=2),
        Decisions(fit=["closing", "min_bout"]),
        Decisions(fit=[], calibration="isotonic"),
    ],
    ids=["thresholds and lengths", "logistic, one threshold, F2", "lengths", "isotonic alone"],
)
def test_no_way_of_fitting_decisions_finds_anything(shifted, honest, tmp_path, monkeypatch, settings):
    monkeypatch.setattr(crossval, "predict_out_of_fold", lambda *_, **__: honest.predicted)
    study = put(shifted, decisions=settings.model_dump(mode="json"))
    assert find_leaks(study, tmp_path / "cv") == set()


# Enough for models to learn what there is to learn.
BRIEFLY = {**SETTINGS["training"], "epochs": 5}


def put(study, **sections):
    """Return a study file beside `study` with other sections."""
    other = study.with_name("other.yaml")
    other.write_text(yaml.safe_dump(yaml.safe_load(study.read_text()) | sections))
    return other


@pytest.mark.slow
def test_models_that_learn_from_what_they_predict_are_caught(shifted, tmp_path, monkeypatch):
    plan_model = planning.plan_model

    def plan_leakily(study, data, fold, **options):
        return plan_model(study, data, replace(fold, training=tuple(sorted((*fold.training, *fold.left_out)))), **options)

    monkeypatch.setattr(planning, "plan_model", plan_leakily)
    assert find_leaks(put(shifted, training=BRIEFLY), tmp_path / "cv") == EVERYTHING


@pytest.mark.slow
def test_early_stopping_on_what_is_scored_is_caught(shifted, tmp_path):
    """The reference thesis's own protocol, which the study file offers as early_stopping_on: fold."""
    study = put(shifted, crossval={"early_stopping_on": "fold"})
    assert "average precision within recordings" in find_leaks(study, tmp_path / "cv")


@pytest.mark.parametrize(
    ("calibration", "expected"), [("none", {"F1"}), ("isotonic", {"average precision"})], ids=["thresholds", "calibration"]
)
def test_decisions_fitted_on_what_is_scored_are_caught(shifted, honest, tmp_path, monkeypatch, calibration, expected):
    def decide_leakily(predictions, labels, folds, settings, *, fps, postprocess, pair_predictions=None):
        annotations = []
        for name, found in predictions.items():
            fitted = fit_decisions({name: found}, labels, settings, fps=fps, postprocess=postprocess)
            annotations.append(fitted.decide(name, found, fps=fps[name]))
        table = decide_out_of_fold(predictions, labels, folds, settings, fps=fps, postprocess=postprocess).table
        return OutOfFoldDecisions(annotations, table, "")

    monkeypatch.setattr(crossval, "decide_out_of_fold", decide_leakily)
    monkeypatch.setattr(crossval, "predict_out_of_fold", lambda *_, **__: honest.predicted)
    assert find_leaks(put(shifted, decisions={"calibration": calibration}), tmp_path / "cv") >= expected


def test_what_a_fold_is_prepared_and_stopped_with_is_of_its_training_recordings(honest):
    """Preparation knows no labels, so no score would tell."""
    assert len(honest.preparations) == len(RECORDINGS)
    for plan in honest.plans:
        (left_out,) = plan.predicted
        others = [index for index in range(len(RECORDINGS)) if index != left_out]
        assert set(plan.training) | set(plan.validation) == set(others)
        assert not set(plan.training) & set(plan.validation)
        assert len(plan.validation) == 1
        assert plan.preparation == left_out
        if plan.outputs == (0,):
            expected = fit_preparation([honest.data.features[index].values for index in others], standardize=True, pca=40)
            found = honest.preparations[plan.preparation]
            np.testing.assert_allclose(found.mean, expected.mean, atol=1e-9)
            np.testing.assert_allclose(found.scale, expected.scale, atol=1e-9)
            np.testing.assert_allclose(found.components, expected.components, atol=1e-6)


@pytest.fixture
def spoilt(motifs, tmp_path):
    """Turn all labels of a recording round."""

    def spoil(name):
        path = tmp_path / f"{name}_labels.csv"
        table = pd.read_csv(path)
        table[["rear", "jump"]] = 1 - table[["rear", "jump"]]
        table.to_csv(path, index=False)

    return spoil


def test_labels_of_what_is_left_out_change_no_prediction_of_it(motifs, change, spoilt, tmp_path):
    # Models that stop change how those beside them are rounded.
    change(motifs, features={"standardize": True, "pca": 2}, training={"patience": 4})
    cross_validate(motifs, tmp_path / "before")
    spoilt("r1")
    cross_validate(motifs, tmp_path / "after")
    with np.load(tmp_path / "before" / "out_of_fold.npz") as before, np.load(tmp_path / "after" / "out_of_fold.npz") as after:
        np.testing.assert_array_equal(before["r1"], after["r1"])
        assert all(np.abs(before[name] - after[name]).max() > 0.01 for name in ("r0", "r2", "r3"))


def test_test_recordings_have_no_part_in_a_model(motifs, change, spoilt, tmp_path):
    change(motifs, features={"standardize": True, "pca": 2})
    before = train_model(motifs, tmp_path / "before").metrics
    spoilt("r4")
    after = train_model(motifs, tmp_path / "after").metrics
    for name in ("rear.0.npz", "jump.0.npz"):
        with np.load(tmp_path / "before" / name) as one, np.load(tmp_path / "after" / name) as other:
            assert all(np.array_equal(one[key], other[key]) for key in one.files)
    values = [table.set_index(["recording", "behavior", "metric"])["value"] for table in (before, after)]
    for behavior in ("rear", "jump"):
        for metric, turned in (("true_positives", "false_positives"), ("true_negatives", "false_negatives")):
            assert values[0]["r4", behavior, metric] == values[1]["r4", behavior, turned]
