"""Out-of-fold predictions put together from what each model predicts."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from behavior.frame_sampling import lay_rows, sample_frames
from behavior.learning import out_of_fold
from behavior.learning.learning_data import LearningData
from behavior.learning.out_of_fold import predict_out_of_fold, predict_pairs
from behavior.learning.planning import FitKey
from behavior.sequence.folds import Fold
from behavior.sequence.plans import FitReport, TrainedModel

BOTH = [[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]
NO_JUMP = [[0, 0], [1, 0], [0, 0], [1, 0]]


class Fits:
    """Takes the place of `fit_models`: no model is trained, and each predicts what `predict` returns for its key, recording and column.

    Attributes
    ----------
    plans
        Of all calls together, by key.
    problems
        Why fits have no usable model, by key.
    """

    def __init__(self, predict):
        self.plans = {}
        self.predict = predict
        self.problems = {}
        self.n_epochs = 3

    def __call__(self, study, data, plans, *, follow=None, **options):
        self.plans |= plans
        usable = {key: plan for key, plan in plans.items() if key not in self.problems}
        for epoch in range(1, self.n_epochs + 1) if follow is not None else ():
            follow(epoch, {key: self._predict(data, key, plan, epoch / self.n_epochs) for key, plan in usable.items()})
        models = {}
        for key, plan in plans.items():
            predicted = self._predict(data, key, plan, 1.0) if key in usable else {}
            models[key] = TrainedModel(FitReport(2, 3, (), (0.5,), self.problems.get(key, "")), (), predicted)
        return models, None

    def _predict(self, data, key, plan, share):
        return {
            index: np.stack(
                [np.full(len(data.labels[index].values), share * self.predict(key, index, column), np.float32) for column in plan.outputs],
                axis=1,
            )
            for index in plan.predicted
        }


@pytest.fixture
def pretend(monkeypatch):
    """Put `Fits` in the place of training."""

    def put(predict):
        fits = Fits(predict)
        monkeypatch.setattr(out_of_fold, "fit_models", fits)
        return fits

    return put


def test_each_recording_is_predicted_by_the_fold_that_leaves_it_out(make_study, make_data, pretend):
    data = make_data({"r0": BOTH, "r1": NO_JUMP, "r2": BOTH})
    fits = pretend(lambda key, recording, column: (key.fold + 1) / 10 + column / 100)
    result = predict_out_of_fold(make_study(), data)
    assert list(fits.plans) == [FitKey(0, fold, behavior) for fold in range(3) for behavior in range(2)]
    for fold, values in enumerate(result.probabilities):
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, np.tile([(fold + 1) / 10, (fold + 1) / 10 + 0.01], (len(data.labels[fold]), 1)), rtol=1e-6)
    assert [(record.fold, record.behavior, record.member) for record in result.records] == [
        (f"r{fold}", name, "0") for fold in range(3) for name in ("rear", "jump")
    ]
    assert [record.watched for record in result.records] == ["r1", "", "r2", "r2", "r0", ""]
    assert {(record.best_epoch, record.epochs, record.reason) for record in result.records} == {(2, 3, "")}


def test_folds_of_animals_predict_all_their_recordings(make_study, make_data, pretend):
    data = make_data({"r0": BOTH, "r1": BOTH, "r2": BOTH}, animals="ABA")
    pretend(lambda key, recording, column: key.fold / 2 + recording / 10)
    result = predict_out_of_fold(make_study(crossval={"leave_out": "animal"}), data)
    assert [values[0, 0] for values in result.probabilities] == pytest.approx([0.0, 0.6, 0.2])
    assert [record.fold for record in result.records] == ["A", "A", "B", "B"]


def test_a_shared_head_fills_the_columns_that_it_was_trained_for(make_study, make_data, pretend, caplog):
    data = make_data({"r0": NO_JUMP, "r1": BOTH, "r2": NO_JUMP})
    fits = pretend(lambda key, recording, column: (column + 1) / 4)
    result = predict_out_of_fold(make_study(head={"kind": "lstm", "share": True}), data)
    assert [fit.behavior for fit in fits.plans] == [0, 0, 0]
    for recording, values in enumerate(result.probabilities):
        np.testing.assert_array_equal(values[:, 0], 0.25)
        np.testing.assert_array_equal(values[:, 1], np.nan if recording == 1 else 0.5)
    (gap,) = [record for record in result.records if record.reason]
    assert (gap.fold, gap.behavior, gap.best_epoch, gap.epochs, gap.watched) == ("r1", "jump", None, None, "")
    assert "no positive frame of jump" in gap.reason
    assert "fold r1: no positive frame of jump in the training recordings; jump counts as decided negative there." in caplog.text


def test_a_fit_that_failed_leaves_its_column_empty_and_is_warned_about(make_study, make_data, pretend, caplog):
    data = make_data({"r0": BOTH, "r1": BOTH, "r2": BOTH})
    fits = pretend(lambda key, recording, column: 0.5)
    fits.problems[FitKey(0, 1, 0)] = "the loss is not a number"
    result = predict_out_of_fold(make_study(), data)
    assert [np.isnan(values).all(axis=0).tolist() for values in result.probabilities] == [[False, False], [True, False], [False, False]]
    assert [(record.fold, record.behavior, record.reason) for record in result.records if record.reason] == [
        ("r1", "rear", "the loss is not a number")
    ]
    assert "fold r1: the loss is not a number; rear counts as decided negative there." in caplog.text


@pytest.mark.parametrize(("combine", "expected"), [("mean", [0.35, 0.45]), ("vote", [0.25, 0.5])])
def test_members_are_combined(make_study, make_data, pretend, combine, expected):
    data = make_data({"r0": BOTH, "r1": BOTH})
    pretend(lambda key, recording, column: (0.2, 0.3, 0.3, 0.6)[key.member] + column * (0.1 if key.member != 1 else 0.4) * 4 / 7)
    study = make_study(ensemble={"seeds": 2, "members": [{}, {"windows": {"length": 20}}], "combine": combine})
    result = predict_out_of_fold(study, data)
    if combine == "mean":
        expected = [0.35, 0.35 + (0.1 * 3 + 0.4) * 4 / 7 / 4]
    for values in result.probabilities:
        np.testing.assert_allclose(values, np.tile(expected, (len(values), 1)), rtol=1e-6)
    assert [record.member for record in result.records] == [member for member in "0123" for _ in range(4)]


def test_a_member_without_a_model_counts_nowhere(make_study, make_data, pretend):
    data = make_data({"r0": BOTH, "r1": BOTH})
    fits = pretend(lambda key, recording, column: 0.2 + 0.4 * key.member)
    fits.problems[FitKey(1, 0, 0)] = "the loss is not a number"
    result = predict_out_of_fold(make_study(ensemble={"seeds": 2}), data)
    np.testing.assert_allclose(result.probabilities[0], [[0.2, 0.4]] * 5, rtol=1e-6)
    np.testing.assert_allclose(result.probabilities[1], [[0.4, 0.4]] * 5, rtol=1e-6)


def test_averaged_features_are_predicted_frame_by_frame(make_study, make_data, pretend):
    """Vectors for frames 0 to 3, 4 to 7 and 8 to 9 stand for frames 1.5, 5.5 and 8.5; in between, probabilities rise in a line."""
    shown = [[0, 0]] * 4 + [[1, 1]] * 4 + [[0, 0]] * 2
    data = make_data({"r0": shown, "r1": shown})
    fits = pretend(None)
    fits._predict = lambda data, key, plan, share: {index: np.array([[0.0], [0.4], [1.0]], np.float32) for index in plan.predicted}
    result = predict_out_of_fold(make_study(features={"average": 4}), data)
    expected = np.interp(np.arange(10), [1.5, 5.5, 8.5], [0.0, 0.4, 1.0])
    for values in result.probabilities:
        np.testing.assert_allclose(values, np.stack([expected, expected], axis=1), rtol=1e-6)


def test_predictions_are_followed_epoch_by_epoch_while_one_kind_of_model_is_trained(make_study, make_data, pretend):
    data = make_data({"r0": BOTH, "r1": NO_JUMP})
    pretend(lambda key, recording, column: (1 + key.fold) / 2)
    followed = []
    result = predict_out_of_fold(make_study(), data, follow=lambda epoch, values: followed.append((epoch, values)))
    assert [epoch for epoch, _ in followed] == [1, 2, 3]
    for epoch, values in followed:
        assert [len(part) for part in values] == [5, 4]
        assert [part[0, 0] for part in values] == pytest.approx([epoch / 6, epoch / 3])
    for last, final in zip(followed[-1][1], result.probabilities, strict=True):
        np.testing.assert_array_equal(last, final)
    followed.clear()
    members = make_study(ensemble={"members": [{}, {"windows": {"length": 20}}]})
    predict_out_of_fold(members, data, follow=lambda epoch, values: followed.append(epoch))
    assert followed == []


def test_what_following_raises_ends_the_work(make_study, make_data, pretend):
    pretend(lambda key, recording, column: 0.5)

    def stop(epoch, values):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        predict_out_of_fold(make_study(), make_data({"r0": BOTH, "r1": BOTH}), follow=stop)


def test_folds_may_be_given(make_study, make_data, pretend):
    fits = pretend(lambda key, recording, column: 0.5)
    folds = [Fold("r0", (0,), (1,)), Fold("r1", (1,), (2,)), Fold("r2", (2,), (0,))]
    predict_out_of_fold(make_study(), make_data({"r0": BOTH, "r1": BOTH, "r2": BOTH}), folds=folds)
    assert [fits.plans[FitKey(0, fold, 0)].training for fold in range(3)] == [(1,), (2,), (0,)]


def test_the_models_of_a_pair_are_trained_on_neither_fold(make_study, make_data, pretend):
    data = make_data({f"r{number}": BOTH for number in range(4)})
    pairs = list(combinations(range(4), 2))
    fits = pretend(lambda key, recording, column: key.fold / 10 + recording / 100)
    predicted = predict_pairs(make_study(), data)
    assert [plan.predicted for plan in fits.plans.values()] == [pair for pair in pairs for _ in range(2)]
    for plan in fits.plans.values():
        assert {*plan.training, *plan.validation} == set(range(4)) - set(plan.predicted)
        assert len(plan.validation) == 1
    assert len({plan.seed for plan in fits.plans.values()}) == len(fits.plans)
    assert set(predicted) == {(f"r{fold}", f"r{other}") for fold in range(4) for other in range(4) if fold != other}
    for (fold, other), values in predicted.items():
        pair = pairs.index(tuple(sorted((int(fold[1]), int(other[1])))))
        np.testing.assert_allclose(values, np.full((5, 2), pair / 10 + int(other[1]) / 100), rtol=1e-6)


def test_pairs_of_animals_leave_out_all_their_recordings(make_study, make_data, pretend):
    data = make_data({f"r{number}": BOTH for number in range(4)}, animals="ABAC")
    fits = pretend(lambda key, recording, column: 0.5)
    predicted = predict_pairs(make_study(crossval={"leave_out": "animal"}), data)
    assert set(predicted) == {("A", "r1"), ("A", "r3"), ("B", "r0"), ("B", "r2"), ("B", "r3"), ("C", "r0"), ("C", "r1"), ("C", "r2")}
    for plan in fits.plans.values():
        assert not set(plan.predicted) & {*plan.training, *plan.validation}
        assert {0, 2} <= set(plan.predicted) or not {0, 2} & set(plan.predicted)


def test_predictions_of_sampled_features_are_for_every_frame(make_study, make_data, pretend):
    """Heads see every third frame with its labels; what they predict lies on a line between these frames."""
    labels = np.zeros((31, 2), dtype=np.int8)
    labels[10:20] = 1
    every = make_data({"r0": labels, "r1": labels})
    time_s = np.arange(31) / 30
    rows = lay_rows(time_s, sample_frames(time_s, 10), rate=10, fps=30.0)
    features = [replace(one, values=one.values[rows.frames], time_s=time_s, fps=30.0, rows=rows) for one in every.features]
    data = LearningData(every.recordings, tuple(features), every.labels, every.behaviors)
    seen = {}

    def predict(key, recording, column):
        return 0.5

    fits = pretend(predict)
    fits._predict = lambda data, key, plan, share: {
        index: seen.setdefault(index, data.labels[index].values[:, :1].astype(np.float32)) for index in plan.predicted
    }
    result = predict_out_of_fold(make_study(sampling={"fps": 10}), data)
    for values in result.probabilities:
        assert values.shape == (31, 2)
        np.testing.assert_array_equal(values[rows.frames, 0], labels[rows.frames, 0])
        # Frame 9 is not shown, frame 12 is; of frame 10, a third.
        np.testing.assert_allclose(values[9:13, 0], [0, 1 / 3, 2 / 3, 1], atol=1e-6)
