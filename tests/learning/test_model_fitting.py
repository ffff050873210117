"""The networks of a bundle: how they are planned, what they predict of the test recordings, and how the bundle describes them."""

import numpy as np
import pytest

from behavior.config import Postprocess
from behavior.files.feature_sources import Signature
from behavior.files.model_bundle import StreamDescription
from behavior.learning import model_fitting
from behavior.learning.crossval_folder import FitEpochs
from behavior.learning.decisions import FittedDecisions
from behavior.learning.model_fitting import (
    describe_bundle,
    describe_stopping,
    fit_members,
    list_members,
    list_validation,
    predict_test,
    predict_training,
)
from behavior.learning.planning import FitKey
from behavior.sequence.plans import FitReport, TrainedModel
from behavior.sequence.preparation import fit_preparation

BOTH = [[0, 0], [1, 1], [0, 1], [1, 0]]
NO_JUMP = [[0, 0], [1, 0], [0, 0], [1, 0]]


class Trainer:
    """Takes the place of a `HeadTrainer`: the weights of a model are the probability that it predicts, and the number of its outputs."""

    def __init__(self):
        self.predicted_from = []

    def predict(self, weights, values):
        self.predicted_from.append(values)
        value, n_outputs = weights
        return np.full((len(values), int(n_outputs)), value, dtype=np.float32)


class Fits:
    """Takes the place of `fit_models`: nothing is trained.

    Attributes
    ----------
    plans
        Of all calls together.
    value
        Probability that a model predicts, of its key.
    problems
        Why models are not usable, by key.
    """

    def __init__(self):
        self.plans = {}
        self.value = lambda key: 0.5
        self.problems = {}
        self.trainer = Trainer()

    def __call__(self, study, data, plans, *, with_weights, **options):
        assert with_weights
        self.plans |= plans
        models = {}
        for key, plan in plans.items():
            report = FitReport(min(2, plan.epochs), plan.epochs, (), (0.5,) * plan.epochs, self.problems.get(key, ""))
            models[key] = TrainedModel(report, (np.float32(self.value(key)), np.float32(len(plan.outputs))), {})
        return models, self.trainer


@pytest.fixture
def fits(monkeypatch):
    pretended = Fits()
    monkeypatch.setattr(model_fitting, "fit_models", pretended)
    return pretended


@pytest.fixture
def data(make_data):
    return make_data({"r0": BOTH, "r1": BOTH, "r2": BOTH})


def test_every_behavior_gets_a_network_of_all_training_recordings(make_study, data, fits):
    members, missing = fit_members(make_study(), data, None, {})
    assert missing == {}
    assert list(fits.plans) == [FitKey(0, 3, 0), FitKey(0, 3, 1)]
    for member, (key, plan) in zip(members, fits.plans.items(), strict=True):
        assert (member.outputs, member.trained_outputs, member.plan) == ((key.behavior,), (key.behavior,), plan)
        assert {*plan.training, *plan.validation} == {0, 1, 2}
        assert (plan.predicted, member.tested, member.preparation) == ((), [], None)
    assert list_validation(data, members, "jump") == ["r0"]
    assert list_members(make_study(), members, "jump") == members[1:]


def test_known_epochs_are_run_on_every_recording(make_study, data, fits, caplog):
    members, _ = fit_members(make_study(), data, None, {("0", "rear"): 7, ("0", "jump"): 9})
    assert [(member.plan.epochs, member.plan.validation, member.plan.training) for member in members] == [
        (7, (), (0, 1, 2)),
        (9, (), (0, 1, 2)),
    ]
    assert list_validation(data, members, "rear") == []
    assert caplog.text == ""


def test_a_network_that_no_recording_can_be_spared_for_is_warned_about(make_study, make_data, fits, caplog):
    fit_members(make_study(training={"epochs": 12}), make_data({"r0": BOTH}), None, {})
    assert [record.getMessage() for record in caplog.records] == [
        f"{name}: no recording can be spared for early stopping; all 12 epochs are run." for name in ("rear", "jump")
    ]


def test_a_behavior_without_a_network_is_given_a_reason(make_study, make_data, fits):
    members, missing = fit_members(make_study(), make_data({"r0": NO_JUMP, "r1": NO_JUMP}), None, {})
    assert [member.outputs for member in members] == [(0,)]
    assert missing == {"jump": "no positive frame of jump in the training recordings"}


def test_a_fit_that_failed_is_no_member(make_study, data, fits):
    fits.problems[FitKey(0, 3, 1)] = "the loss is not a number"
    members, missing = fit_members(make_study(), data, None, {})
    assert [member.outputs for member in members] == [(0,)]
    assert missing == {"jump": "jump: the loss is not a number"}
    # Another seed makes up for it.
    members, missing = fit_members(make_study(ensemble={"seeds": 2}), data, None, {})
    assert missing == {}
    assert [member.fit.key.member for member in members] == [0, 1, 1]


def test_the_test_recordings_are_predicted_by_all_members_together(make_study, make_data, data, fits):
    fits.value = lambda key: 0.2 + 0.4 * key.member + 0.1 * key.behavior
    test = make_data({"t0": BOTH, "t1": BOTH[:3]})
    study = make_study(ensemble={"seeds": 2}, postprocess={"threshold": {"rear": 0.3, "jump": 0.6}})
    members, _ = fit_members(study, data, test, {})
    annotations, labels = predict_test(study, test, members, ["rear", "jump"], None)
    assert [annotation.recording for annotation in annotations] == list(labels) == ["t0", "t1"]
    for annotation, n_frames in zip(annotations, (4, 3), strict=True):
        np.testing.assert_allclose(annotation.probabilities.values, np.tile([0.4, 0.5], (n_frames, 1)), rtol=1e-6)
        assert annotation.ethogram.values.all(axis=0).tolist() == [True, False]
    np.testing.assert_array_equal(labels["t0"].values, BOTH)


def test_the_training_recordings_are_predicted_by_all_members_together(make_study, data, fits):
    fits.value = lambda key: 0.2 + 0.4 * key.member + 0.1 * key.behavior
    study = make_study(ensemble={"seeds": 2})
    members, _ = fit_members(study, data, None, {})
    predicted = predict_training(study, members, ["jump", "rear"])
    assert [len(one) for one in predicted] == [len(one.time_s) for one in data.features]
    for one in predicted:
        np.testing.assert_allclose(one, np.tile([0.5, 0.4], (len(one), 1)), rtol=1e-6)


def test_only_the_behaviors_asked_for_are_predicted(make_study, make_data, data, fits):
    test = make_data({"t0": BOTH})
    members, _ = fit_members(make_study(), data, test, {})
    annotations, labels = predict_test(make_study(), test, members, ["jump"], None)
    assert annotations[0].behaviors == ("jump",)
    np.testing.assert_array_equal(labels["t0"].values, np.array(BOTH)[:, 1:])


def test_fitted_decisions_decide_on_the_test_recordings(make_study, make_data, data, fits):
    fits.value = lambda key: 0.4
    study = make_study(decisions={})
    test = make_data({"t0": BOTH})
    members, _ = fit_members(study, data, test, {})
    decisions = FittedDecisions(study.decisions, Postprocess(threshold={"rear": 0.35, "jump": 0.45}))
    annotations, _ = predict_test(study, test, members, ["rear", "jump"], decisions)
    assert annotations[0].ethogram.values.all(axis=0).tolist() == [True, False]


def test_test_features_are_averaged_and_prepared_as_the_training_features(make_study, make_data, fits):
    rng = np.random.default_rng(0)
    shown = np.array([[0, 0]] * 4 + [[1, 1]] * 4)
    features = {name: rng.normal(size=(8, 3)).astype(np.float32) for name in ("r0", "r1", "t0")}
    training = make_data(dict.fromkeys(("r0", "r1"), shown), features=features)
    test = make_data({"t0": shown}, features=features)
    study = make_study(features={"average": 2, "standardize": True})
    members, _ = fit_members(study, training, test, {})
    means = [features[name].reshape(4, 2, 3).mean(axis=1) for name in ("r0", "r1", "t0")]
    preparation = fit_preparation(means[:2], standardize=True, pca=None)
    # The test recording, then those that each was trained on.
    for number, values in enumerate(fits.trainer.predicted_from):
        np.testing.assert_allclose(values, preparation.apply(means[(2, 0, 1)[number % 3]]), rtol=1e-4, atol=1e-5)
    assert all(member.preparation is not None for member in members)
    # A vector for every two frames, and a probability for each frame.
    assert [values.shape for member in members for values in member.tested] == [(8, 1), (8, 1)]


def test_a_bundle_describes_its_members_in_order(make_study, make_data, fits):
    data = make_data({name: [[0, 0]] * 2 + [[1, 1]] * 2 for name in ("r0", "r1")})
    study = make_study(
        ensemble={"seeds": 2, "members": [{}, {"head": {"kind": "lstm", "share": True}, "features": {"average": 2, "standardize": True}}]},
        windows={"length": 31},
    )
    members, _ = fit_members(study, data, None, {})
    description, writers = describe_bundle(study, data, members, ["rear", "jump"], None)
    assert [
        (member.file, member.behaviors, member.preparation, member.average, member.window_length) for member in description.members
    ] == [
        ("rear.0.keras", ["rear"], None, 1, 31),
        ("jump.0.keras", ["jump"], None, 1, 31),
        ("rear.1.keras", ["rear"], None, 1, 31),
        ("jump.1.keras", ["jump"], None, 1, 31),
        ("all.0.keras", ["rear", "jump"], "all.0.npz", 2, 15),
        ("all.1.keras", ["rear", "jump"], "all.1.npz", 2, 15),
    ]
    assert set(writers) == {name for member in description.members for name in (member.file, member.preparation) if name}
    assert (description.fps, description.behaviors, description.decisions) == (10.0, ["rear", "jump"], None)
    # Imported features need no crops.
    assert (description.crop, description.arena) == (None, None)


def test_no_file_is_of_two_members(make_study, make_data, fits):
    # A network and trees of one behavior have one name and other suffixes, but their preparations have one suffix.
    data = make_data(dict.fromkeys(("r0", "r1"), NO_JUMP))
    study = make_study(features={"standardize": True}, ensemble={"seeds": 2, "members": [{}, {"head": {"kind": "boosting"}}]})
    members, _ = fit_members(study, data, None, {})
    description, writers = describe_bundle(study, data, members, ["rear"], None)
    files = [name for member in description.members for name in (member.file, member.preparation)]
    assert len(files) == len(set(files)) == 8
    assert set(writers) == set(files)


def test_an_output_that_was_not_trained_has_no_name(make_study, make_data, fits):
    study = make_study(head={"kind": "lstm", "share": True})
    data = make_data({"r0": NO_JUMP, "r1": NO_JUMP})
    members, missing = fit_members(study, data, None, {})
    assert list(missing) == ["jump"]
    description, _ = describe_bundle(study, data, members, ["rear"], None)
    assert [member.behaviors for member in description.members] == [["rear", ""]]


def test_streams_are_those_of_the_features(make_study, data, fits):
    streams = (StreamDescription(name="motifs", signature=Signature("motifs", {"program": "other"}).text, n_features=3),)
    for features in data.features:
        object.__setattr__(features, "streams", streams)
    members, _ = fit_members(make_study(), data, None, {})
    description, _ = describe_bundle(make_study(), data, members, ["rear", "jump"], None)
    assert all(member.streams == list(streams) for member in description.members)


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [
        (FitEpochs(), "rear, jump: early stopping on r0, not trained on."),
        (
            FitEpochs(median={("0", "rear"): 3, ("0", "jump"): 4}),
            "rear, jump: the epochs are the median of the best ones in cross-validation, and every training recording was trained on.",
        ),
        (
            FitEpochs(median={("0", "rear"): 3}, fixed={("0", "jump"): 5}),
            "rear: the epochs are the median of the best ones in cross-validation, and every training recording was trained on; "
            "jump: all 5 epochs were run on every training recording, as in the cross-validation, which could spare none for early "
            "stopping.",
        ),
    ],
    ids=["validation", "median", "fixed"],
)
def test_the_stopping_is_described(make_study, data, fits, epochs, expected):
    study = make_study(training={"epochs": 20})
    members, _ = fit_members(study, data, None, epochs.known)
    assert describe_stopping(study, data, members, epochs) == expected


def test_an_optimistic_cross_validation_is_named_where_its_epochs_are_used(make_study, data, fits):
    study = make_study(crossval={"early_stopping_on": "fold"})
    epochs = FitEpochs(median={("0", "rear"): 3, ("0", "jump"): 4})
    members, _ = fit_members(study, data, None, epochs.known)
    assert "(its early stopping used the recordings that it scored)" in describe_stopping(study, data, members, epochs)


def test_all_epochs_are_run_where_nothing_can_be_spared(make_study, make_data, fits):
    study, data = make_study(training={"epochs": 6}), make_data({"r0": BOTH})
    members, _ = fit_members(study, data, None, {})
    assert describe_stopping(study, data, members, FitEpochs()) == (
        "rear, jump: no recording could be spared for early stopping, so 6 epochs were run."
    )
