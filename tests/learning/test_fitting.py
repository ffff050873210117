"""Fitting planned models: in groups, stored, resumed, and the same however they are divided up."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from behavior.errors import UsageError
from behavior.learning import fit_store, fitting
from behavior.learning.fit_store import FitStore
from behavior.learning.fitting import fit_models, hash_learning, make_trainer, prepare_features
from behavior.learning.planning import FitKey, list_folds, plan_fits
from behavior.sequence.preparation import fit_preparation, fit_preparation_of_scores
from behavior.sequence.training import HeadTrainer
from behavior.workflows.crossval import cross_validate

pytestmark = pytest.mark.usefixtures("unpainted")
SECTIONS = {
    "windows": {"length": 20},
    "head": {"kind": "lstm", "layers": 1, "units": 3, "dropout": 0.1},
    "training": {"learning_rate": 0.02, "batch_size": 4, "epochs": 3, "patience": 3},
}


@pytest.fixture
def data(make_data):
    """Three recordings of different lengths whose features tell both behaviors."""
    rng = np.random.default_rng(0)
    labels, features = {}, {}
    for name, n_frames in (("r0", 60), ("r1", 44), ("r2", 75)):
        shown = (rng.random((n_frames // 4 + 1, 2)) < 0.4).repeat(4, axis=0)[:n_frames].astype(np.int8)
        labels[name] = shown
        features[name] = (rng.normal(size=(n_frames, 3)) + 2 * np.pad(shown, ((0, 0), (0, 1)))).astype(np.float32)
    return make_data(labels, features=features)


def plan(study, data):
    fits = plan_fits(study, 0, data, dict(enumerate(list_folds(study, data))))
    return {fit.key: fit.plan for fit in fits if fit.plan is not None}


def fit(study, data, plans, **options):
    preparations = prepare_features(study, data, [fold.training for fold in list_folds(study, data)])
    return fit_models(study, data, plans, title="fitting", preparations=preparations, **options)


def assert_same(models, expected, atol=0.0):
    assert list(models) == list(expected)
    for key, model in models.items():
        assert (model.report.best_epoch, model.report.epochs) == (expected[key].report.best_epoch, expected[key].report.epochs)
        assert set(model.probabilities) == set(expected[key].probabilities)
        for recording, values in model.probabilities.items():
            np.testing.assert_allclose(values, expected[key].probabilities[recording], rtol=0, atol=atol)


def test_each_plan_gets_its_model(make_study, data):
    study = make_study(**SECTIONS)
    plans = plan(study, data)
    models, trainer = fit(study, data, plans)
    assert list(models) == [FitKey(0, fold, behavior) for fold in range(3) for behavior in range(2)]
    for key, model in models.items():
        assert model.report.problem == ""
        assert {index: values.shape for index, values in model.probabilities.items()} == {key.fold: (len(data.labels[key.fold]), 1)}
        assert model.weights == ()
    with_weights, trainer = fit(study, data, plans, with_weights=True)
    assert_same(with_weights, models)
    for key, model in with_weights.items():
        again = trainer.predict(model.weights, data.features[key.fold].values)
        np.testing.assert_allclose(again, model.probabilities[key.fold], rtol=0, atol=1e-6)


def test_nothing_planned_builds_nothing(make_study, data, monkeypatch):
    monkeypatch.setattr(fitting, "make_trainer", None)
    assert fit(make_study(**SECTIONS), data, {}) == ({}, None)


def test_groups_are_nearly_equal_in_size_and_change_no_number(make_study, data, monkeypatch, caplog):
    caplog.set_level("INFO")
    study = make_study(**SECTIONS)
    plans = plan(study, data)
    together, _ = fit(study, data, plans)
    sizes = []
    train = HeadTrainer.fit
    monkeypatch.setattr(HeadTrainer, "count_at_once", lambda self: 4)
    monkeypatch.setattr(
        HeadTrainer, "fit", lambda self, sequence, group, **options: sizes.append(len(group)) or train(self, sequence, group, **options)
    )
    apart, _ = fit(study, data, plans)
    assert sizes == [3, 3]
    assert "6 models in 2 groups" in caplog.text
    assert_same(apart, together, atol=1e-4)


def test_predictions_are_followed_by_key_where_one_group_holds_all_models(make_study, data, monkeypatch):
    study = make_study(**SECTIONS)
    plans = plan(study, data)
    followed = []
    models, _ = fit(study, data, plans, follow=lambda epoch, predictions: followed.append((epoch, dict(predictions))))
    assert [epoch for epoch, _ in followed] == [1, 2, 3]
    assert list(followed[0][1]) == list(plans)
    for key, values in followed[-1][1].items():
        np.testing.assert_allclose(values[key.fold], models[key].probabilities[key.fold], rtol=0, atol=1e-6)
    monkeypatch.setattr(HeadTrainer, "count_at_once", lambda self: 3)
    followed.clear()
    fit(study, data, plans, follow=lambda epoch, predictions: followed.append(epoch))
    assert followed == []


def test_stored_models_are_not_fitted_again(make_study, data, tmp_path, monkeypatch):
    study = make_study(**SECTIONS)
    plans = plan(study, data)
    monkeypatch.setattr(HeadTrainer, "count_at_once", lambda self: 3)
    models, _ = fit(study, data, plans, store=FitStore(tmp_path / "fits", "digest"))
    assert sorted(path.name for path in (tmp_path / "fits").glob("*.npz")) == ["0000.npz", "0001.npz"]
    monkeypatch.setattr(HeadTrainer, "fit", None)
    stored, _ = fit(study, data, plans, store=FitStore(tmp_path / "fits", "digest"))
    assert_same(stored, models)


def test_trainers_are_made_as_the_study_says(make_study):
    study = make_study(
        **{**SECTIONS, "windows": {"length": 23}, "features": {"average": 5}},
    )
    trainer = make_trainer(study, n_features=7, n_outputs=2, rate=10)
    # An LSTM of 3 units in 4 gates on 7 features, and a dense layer.
    shapes = trainer.state_shapes
    assert shapes.weights == [(7, 12), (3, 12), (12,), (3, 2), (2,)]
    assert shapes.moments == [shape for shape in shapes.weights for _ in range(2)]
    weights = trainer.draw_weights(0)
    assert trainer.predict(weights, np.zeros((9, 7), np.float32)).shape == (9, 2)
    assert trainer._length == 4
    # Tracing takes long, so there is one for the same settings.
    assert make_trainer(study, n_features=7, n_outputs=2, rate=10) is trainer
    assert make_trainer(study, n_features=7, n_outputs=1, rate=10) is not trainer


def test_boosted_trees_get_windows_in_seconds_and_no_more_features_than_they_can_take(make_study, data, caplog):
    caplog.set_level("INFO")
    study = make_study(head={"kind": "boosting", "windows_s": [0.5, 2], "components": 2, "leaves": 7})
    trainer = make_trainer(study, n_features=2, n_outputs=1, rate=10)
    assert (trainer._lengths, trainer._settings["max_leaf_nodes"], trainer.state_shapes) == ([5, 21], 7, None)
    (preparation,) = prepare_features(study, data, [(0, 1)])
    assert preparation.n_outputs == 2
    assert "3 features are reduced to 2 principal components" in caplog.text
    wide = make_study(head={"kind": "boosting", "components": 3})
    assert prepare_features(wide, data, [(0, 1)]) is None
    chosen = make_study(head={"kind": "boosting", "components": 2}, features={"pca": 1})
    assert prepare_features(chosen, data, [(0, 1)])[0].n_outputs == 1


def test_trees_that_are_stored_are_not_grown_again(make_study, data, tmp_path, monkeypatch):
    study = make_study(head={"kind": "boosting", "windows_s": [0.5], "trees": 4, "min_frames": 3})
    plans = plan(study, data)
    models, _ = fit(study, data, plans, store=FitStore(tmp_path / "fits", "digest"))
    assert len(list((tmp_path / "fits").glob("*.npz"))) == len(plans)
    assert all(1 <= model.report.best_epoch <= model.report.epochs <= 4 for model in models.values())
    monkeypatch.setattr(fitting.BoostingTrainer, "fit", None)
    stored, _ = fit(study, data, plans, store=FitStore(tmp_path / "fits", "digest"))
    assert_same(stored, models)


@pytest.mark.parametrize("steps", [{"standardize": True}, {"pca": 2}, {"standardize": True, "pca": 2}])
def test_features_are_prepared_on_the_recordings_of_each_group(make_study, data, steps):
    groups = [(1, 2), (0, 2), (0, 1)]
    preparations = prepare_features(make_study(features=steps), data, groups)
    for group, preparation in zip(groups, preparations, strict=True):
        given = {"standardize": False, "pca": None, **steps}
        expected = fit_preparation([data.features[index].values for index in group], **given)
        np.testing.assert_allclose(preparation.mean, expected.mean, atol=1e-9)
        np.testing.assert_allclose(preparation.scale, expected.scale, atol=1e-9)
        if "pca" in steps:
            np.testing.assert_allclose(preparation.components, expected.components, atol=1e-6)


@pytest.mark.parametrize("pca", [None, 2])
def test_all_but_what_is_embedded_has_normal_scores(make_study, data, pca):
    named = ["appearance", "motion", "appearance@side"]
    streams = tuple(data.features[0].streams[0].model_copy(update={"name": name, "n_features": 1}) for name in named)
    views = dataclasses.replace(data, features=tuple(dataclasses.replace(one, streams=streams) for one in data.features))
    study = make_study(features={"standardize": "quantiles", "pca": pca})
    of_first, of_all = prepare_features(study, views, [(0,), (0, 1, 2)])
    expected = fit_preparation_of_scores([data.features[0].values], np.array([1]), pca=pca)
    for name, array in expected.to_arrays().items():
        np.testing.assert_array_equal(of_first.to_arrays()[name], array)
    assert np.any(of_all.normal_scores.knots != of_first.normal_scores.knots)
    # With nothing else, it is standardisation.
    alone = dataclasses.replace(data, features=tuple(dataclasses.replace(one, streams=(streams[0],) * 3) for one in data.features))
    (plain,) = prepare_features(study, alone, [(0, 1)])
    assert plain.normal_scores is None
    np.testing.assert_allclose(plain.scale, np.concatenate([one.values for one in data.features[:2]]).std(axis=0), rtol=1e-5)


def test_all_groups_have_as_many_components(make_study, data):
    features = [data.features[0], *(dataclasses.replace(one, values=one.values * [[1, 0.01, 0.01]]) for one in data.features[1:])]
    flat = dataclasses.replace(data, features=tuple(features))
    preparations = prepare_features(make_study(features={"pca": 0.95}), flat, [(0,), (1, 2)])
    assert [preparation.n_outputs for preparation in preparations] == [3, 3]
    # One component holds nearly all variance of the second group; the others are 0.
    assert [np.abs(column).max() > 0 for column in preparations[1].components.T] == [True, False, False]


def test_features_without_steps_are_left_as_they_are(make_study, data):
    assert prepare_features(make_study(), data, [(0, 1)]) is None


def test_features_that_are_no_numbers_are_refused(make_study, data):
    data.features[1].values[7, 2] = np.nan
    for standardize in (True, "quantiles"):
        with pytest.raises(UsageError, match="feature 2 of frame 7 is not a finite number"):
            prepare_features(make_study(features={"standardize": standardize}), data, [(0, 1)])


def test_a_digest_stands_for_what_fits_follow_from(make_study, data):
    study = make_study(**SECTIONS)
    known = hash_learning(study, data)
    assert hash_learning(make_study(**SECTIONS), data) == known
    # Decisions come after the fits.
    assert hash_learning(make_study(**SECTIONS, postprocess={"threshold": 0.3}), data) == known
    changed = [
        make_study(**{**SECTIONS, "training": {**SECTIONS["training"], "seed": 1}}),
        make_study(**{**SECTIONS, "windows": {"length": 21}}),
        make_study(**SECTIONS, ensemble={"seeds": 2}),
        make_study(**SECTIONS, crossval={"early_stopping_on": "fold"}),
    ]
    others = [hash_learning(other, data) for other in changed]
    data.labels[1].values[3, 0] ^= 1
    others.append(hash_learning(study, data))
    data.labels[1].values[3, 0] ^= 1
    data.features[2].values[0, 0] *= 2
    others.append(hash_learning(study, data))
    data.features[2].values[0, 0] /= 2
    assert hash_learning(study, data) == known
    assert len({known, *others}) == 7


def count_epochs(monkeypatch, *, stop_after=None):
    """Return a list that grows by one with every epoch; the one after `stop_after` is interrupted, as by Ctrl-C."""
    run_epoch = HeadTrainer._run_epoch
    epochs = []

    def counted(self, *arguments, **options):
        if len(epochs) == stop_after:
            raise KeyboardInterrupt
        epochs.append(1)
        return run_epoch(self, *arguments, **options)

    monkeypatch.setattr(HeadTrainer, "_run_epoch", counted)
    monkeypatch.setattr(fit_store, "SECONDS_BETWEEN_STATES", 0.0)
    return epochs


def test_an_interrupted_cross_validation_resumes_and_ends_alike(run, motifs, change, tmp_path, monkeypatch):
    cross_validate(motifs, tmp_path / "whole")
    with monkeypatch.context() as patch:
        count_epochs(patch, stop_after=2)
        with pytest.raises(KeyboardInterrupt):
            cross_validate(motifs, tmp_path / "stopped")
    epochs = count_epochs(monkeypatch)
    ran = run("crossval", motifs, "--out", tmp_path / "stopped")
    assert ran.status == 0
    assert "resuming after epoch 2" in ran.err
    assert len(epochs) == 2
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "stopped" / "metrics.csv"), pd.read_csv(tmp_path / "whole" / "metrics.csv"))
    assert not (tmp_path / "stopped" / ".fits").exists()


@pytest.mark.slow
def test_groups_of_models_that_were_finished_are_not_fitted_again(run, motifs, change, tmp_path, monkeypatch):
    change(motifs, training={"memory_gib": 2e-5})
    with monkeypatch.context() as patch:
        count_epochs(patch, stop_after=5)
        with pytest.raises(KeyboardInterrupt):
            cross_validate(motifs, tmp_path / "stopped")
    monkeypatch.setattr(fit_store, "SECONDS_BETWEEN_STATES", 0.0)
    ran = run("crossval", motifs, "--out", tmp_path / "stopped")
    assert ran.status == 0
    assert "models were finished before" in ran.err
    cross_validate(motifs, tmp_path / "whole")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "stopped" / "metrics.csv"), pd.read_csv(tmp_path / "whole" / "metrics.csv"))


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda content: content[: len(content) // 2], id="cut off"),
        pytest.param(lambda content: bytes(len(content)), id="zeros", marks=pytest.mark.slow),
    ],
)
def test_a_damaged_fit_is_made_again(run, motifs, change, tmp_path, monkeypatch, spoil):
    """A group of models that was finished, and the state of the next: what a power failure may leave."""
    change(motifs, training={"memory_gib": 2e-5})
    cross_validate(motifs, tmp_path / "whole")
    with monkeypatch.context() as patch:
        count_epochs(patch, stop_after=6)
        with pytest.raises(KeyboardInterrupt):
            cross_validate(motifs, tmp_path / "stopped")
    kept = sorted((tmp_path / "stopped" / ".fits" / "folds").glob("variant0/*.npz"))
    assert [path.name for path in kept] == ["0000.npz", "0001.state.npz"]
    for path in kept:
        path.write_bytes(spoil(path.read_bytes()))
    epochs = count_epochs(monkeypatch)
    ran = run("crossval", motifs, "--out", tmp_path / "stopped", "--overwrite")
    assert ran.status == 0
    for path, what in zip(kept, ("models", "state of training"), strict=True):
        assert f"{path}: cannot be read as the {what} of an interrupted run" in ran.err
    assert len(epochs) > 6
    for name in ("metrics.csv", "folds.csv"):
        assert (tmp_path / "stopped" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_how_models_are_grouped_changes_no_score(motifs, change, tmp_path):
    cross_validate(motifs, tmp_path / "together")
    change(motifs, training={"memory_gib": 2e-5})
    cross_validate(motifs, tmp_path / "apart")
    together, apart = (pd.read_csv(tmp_path / name / "metrics.csv") for name in ("together", "apart"))
    pd.testing.assert_frame_equal(together, apart, atol=1e-4)


def test_fits_of_other_labels_are_not_taken_up(motifs, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        count_epochs(patch, stop_after=3)
        with pytest.raises(KeyboardInterrupt):
            cross_validate(motifs, tmp_path / "out")
    table = pd.read_csv(tmp_path / "r0_labels.csv")
    table.loc[0, "rear"] = 1 - table.loc[0, "rear"]
    table.to_csv(tmp_path / "r0_labels.csv", index=False)
    epochs = count_epochs(monkeypatch)
    cross_validate(motifs, tmp_path / "out")
    assert len(epochs) == 4
