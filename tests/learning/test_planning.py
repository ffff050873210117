"""Which networks are planned, what each is trained on, and which seed it gets."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from behavior.learning.planning import FitKey, fold_of_everything, list_folds, plan_fits, plan_model, seed_fit
from behavior.sequence.folds import Fold
from behavior.sequence.weighting import count_classes

BOTH = [[0, 0], [1, 1], [0, 1], [1, 0]]
NO_JUMP = [[0, 0], [1, 0], [0, 0], [1, 0]]
NEITHER = [[0, 0]] * 4


@pytest.fixture
def four(make_data):
    """Four recordings of three animals that all show both behaviors."""
    return make_data(dict.fromkeys(("r0", "r1", "r2", "r3"), BOTH), animals="ABCA")


def plan_everything(study, data):
    return plan_fits(study, 0, data, dict(enumerate(list_folds(study, data))))


def test_folds_leave_out_recordings_or_animals(make_study, four):
    assert [(fold.name, fold.left_out) for fold in list_folds(make_study(), four)] == [(f"r{number}", (number,)) for number in range(4)]
    folds = list_folds(make_study(crossval={"leave_out": "animal"}), four)
    assert folds == [Fold("A", (0, 3), (1, 2)), Fold("B", (1,), (0, 2, 3)), Fold("C", (2,), (0, 1, 3))]
    assert fold_of_everything(four) == Fold("", (), (0, 1, 2, 3))


def test_fits_come_by_member_fold_and_behavior(make_study, four):
    study = make_study(ensemble={"seeds": 2, "members": [{}, {"windows": {"length": 20}}]})
    folds = dict(enumerate(list_folds(study, four)))
    keys = [fit.key for variant in range(2) for fit in plan_fits(study, variant, four, folds)]
    assert keys == [FitKey(*numbers) for numbers in product(range(4), range(4), range(2))]
    for fit in plan_fits(study, 1, four, folds):
        assert fit.outputs == fit.trained_outputs == (fit.key.behavior,)
        assert fit.plan.outputs == fit.outputs
        assert fit.plan.predicted == (fit.key.fold,)
        assert fit.plan.preparation == fit.key.fold


def test_a_shared_head_is_one_fit_for_all_behaviors(make_study, four):
    study = make_study(head={"kind": "lstm", "share": True}, features={"average": 5})
    fits = plan_everything(study, four)
    assert [fit.key for fit in fits] == [FitKey(0, fold, 0) for fold in range(4)]
    assert {fit.outputs for fit in fits} == {(0, 1)}
    assert {fit.average for fit in fits} == {5}


def test_kinds_of_models_have_the_heads_of_their_own(make_study, four):
    study = make_study(ensemble={"members": [{"head": {"kind": "lstm", "share": True}}, {"features": {"average": 2}}]})
    folds = dict(enumerate(list_folds(study, four)))
    shared, own = (plan_fits(study, variant, four, folds) for variant in range(2))
    assert (len(shared), len(own)) == (4, 8)
    assert (shared[0].average, own[0].average) == (1, 2)


def test_seeds_are_those_they_always_were():
    """A study trained again with another version of this package starts from the same weights."""
    assert [seed_fit(0, *numbers) for numbers in ((0, 0), (0, 1), (1, 0))] == [1484405855, 1915600865, 1982462498]


def test_every_fit_has_a_seed_of_its_own_and_the_first_member_that_of_a_study_without_an_ensemble(make_study, four):
    alone = plan_everything(make_study(training={"seed": 5}), four)
    assert [fit.plan.seed for fit in alone] == [seed_fit(5, fold, behavior) for fold in range(4) for behavior in range(2)]
    study = make_study(training={"seed": 5}, ensemble={"seeds": 3, "members": [{}, {"windows": {"length": 20}}]})
    folds = dict(enumerate(list_folds(study, four)))
    fits = [fit for variant in range(2) for fit in plan_fits(study, variant, four, folds)]
    assert [fit.plan.seed for fit in fits[: len(alone)]] == [fit.plan.seed for fit in alone]
    assert len({fit.plan.seed for fit in fits}) == len(fits) == 2 * 3 * 4 * 2
    key, last = fits[-1].key, fits[-1]
    assert (key, last.plan.seed) == (FitKey(5, 3, 1), seed_fit(5, 3, 1, 1, 2))


def test_a_model_of_everything_leaves_out_nothing_and_is_prepared_like_a_first_fold(make_study, four):
    fits = plan_fits(make_study(), 0, four, {4: fold_of_everything(four)})
    assert [fit.key for fit in fits] == [FitKey(0, 4, 0), FitKey(0, 4, 1)]
    for fit in fits:
        assert (fit.plan.preparation, fit.plan.predicted) == (0, ())
        assert fit.plan.seed == seed_fit(0, 4, fit.key.behavior)
        assert (fit.plan.training, fit.plan.validation) == ((1, 2, 3), (0,))


def test_known_epochs_take_the_place_of_early_stopping(make_study, four):
    study = make_study(ensemble={"seeds": 2}, training={"epochs": 30})
    epochs = {("0", "rear"): 7, ("1", "jump"): 9}
    fits = plan_fits(study, 0, four, {4: fold_of_everything(four)}, epochs=epochs)
    assert [fit.known_epochs for fit in fits] == [7, None, None, 9]
    assert [fit.plan.epochs for fit in fits] == [7, 30, 30, 9]
    assert [fit.plan.validation for fit in fits] == [(), (0,), (0,), ()]
    assert fits[0].plan.training == (0, 1, 2, 3)
    shared = make_study(head={"kind": "lstm", "share": True})
    (fit,) = plan_fits(shared, 0, four, {4: fold_of_everything(four)}, epochs={("0", "rear"): 4, ("0", "jump"): 9})
    # 6.5, to the even number.
    assert fit.known_epochs == fit.plan.epochs == 6


def test_the_validation_recording_is_the_next_with_both_classes(make_study, make_data):
    data = make_data({"r0": BOTH, "r1": NO_JUMP, "r2": BOTH, "r3": BOTH})
    fits = plan_everything(make_study(), data)
    chosen = {(fit.key.fold, fit.key.behavior): fit.plan.validation for fit in fits}
    assert chosen == {(0, 0): (1,), (0, 1): (2,), (1, 0): (2,), (1, 1): (2,), (2, 0): (3,), (2, 1): (3,), (3, 0): (0,), (3, 1): (0,)}
    for fit in fits:
        assert {*fit.plan.training, *fit.plan.validation} == {0, 1, 2, 3} - {fit.key.fold}
        assert not {*fit.plan.training} & {*fit.plan.validation}


def test_the_validation_recordings_are_of_another_animal(make_study, four):
    fits = plan_everything(make_study(crossval={"leave_out": "animal"}), four)
    assert [fit.plan.validation for fit in fits[::2]] == [(1,), (2,), (0, 3)]
    assert [fit.plan.training for fit in fits[::2]] == [(2,), (0, 3), (1,)]


def test_without_a_recording_to_spare_all_epochs_are_run(make_study, make_data):
    data = make_data({"r0": BOTH, "r1": BOTH})
    for fit in plan_everything(make_study(training={"epochs": 8}), data):
        assert (fit.plan.validation, fit.plan.epochs, fit.known_epochs) == ((), 8, None)


def test_the_only_recording_of_a_behavior_stays_for_training(make_study, make_data):
    """The next recording is the only one with frames of jump, so a shared head is stopped on the one after it."""
    data = make_data({"r0": NO_JUMP, "r1": [[0, 1], [1, 1]], "r2": NO_JUMP, "r3": NO_JUMP})
    left_out = Fold("r0", (0,), (1, 2, 3))
    plan, reasons = plan_model(make_study(), data, left_out, outputs=(0, 1), seed=0)
    assert reasons == {}
    assert (plan.training, plan.validation) == ((1, 3), (2,))
    plan, _ = plan_model(make_study(), data, left_out, outputs=(0,), seed=0)
    assert (plan.training, plan.validation) == ((2, 3), (1,))


def test_the_optimistic_protocol_stops_on_what_is_scored(make_study, make_data):
    data = make_data({"r0": BOTH, "r1": NO_JUMP, "r2": BOTH})
    fits = plan_everything(make_study(crossval={"early_stopping_on": "fold"}), data)
    assert [fit.plan.validation for fit in fits] == [(0,), (0,), (1,), (), (2,), (2,)]
    assert [fit.plan.training for fit in fits[:2]] == [(1, 2), (1, 2)]


@pytest.mark.parametrize("bagging", ["none", "recordings"])
@pytest.mark.parametrize("leave_out", ["recording", "animal"])
@pytest.mark.parametrize("share", [False, True])
def test_labels_that_a_fold_leaves_out_decide_nothing(make_study, make_data, share, leave_out, bagging):
    study = make_study(head={"kind": "lstm", "share": share}, crossval={"leave_out": leave_out}, ensemble={"bagging": bagging})
    rng = np.random.default_rng(0)
    for _ in range(40):
        labels = {f"r{number}": rng.integers(0, 2, size=(2, 2)) for number in range(5)}
        planned = plan_everything(study, make_data(labels, animals="AABCD"))
        for number, fold in enumerate(list_folds(study, make_data(labels, animals="AABCD"))):
            names = [f"r{index}" for index in fold.left_out]
            for other in (BOTH, NO_JUMP, NEITHER, [[1, 1], [1, 1]], [[-1, -1], [-1, -1]]):
                changed = plan_everything(study, make_data({**labels, **dict.fromkeys(names, other)}, animals="AABCD"))
                assert [fit for fit in changed if fit.key.fold == number] == [fit for fit in planned if fit.key.fold == number]


def test_a_behavior_without_both_classes_is_given_a_reason(make_study, make_data):
    data = make_data({"r0": NO_JUMP, "r1": BOTH, "r2": NO_JUMP})
    fits = {(fit.key.fold, fit.key.behavior): fit for fit in plan_everything(make_study(), data)}
    assert fits[1, 1].plan is None
    assert list(fits[1, 1].reasons) == [1]
    assert "no positive frame of jump" in fits[1, 1].reasons[1]
    assert "fold r1" in fits[1, 1].reasons[1]
    assert fits[1, 1].trained_outputs == ()
    assert fits[1, 0].plan is not None
    always = make_data({"r0": [[1, 0], [1, 1]], "r1": [[1, 0], [1, 1]]})
    assert "no negative frame of rear" in plan_model(make_study(), always, fold_of_everything(always), outputs=(0,), seed=0)[1][0]


def test_a_shared_head_is_trained_for_those_behaviors_that_can_be(make_study, make_data):
    study = make_study(head={"kind": "lstm", "share": True})
    data = make_data({"r0": NO_JUMP, "r1": BOTH, "r2": NO_JUMP})
    fits = plan_everything(study, data)
    assert [fit.trained_outputs for fit in fits] == [(0, 1), (0,), (0, 1)]
    assert all(fit.plan.outputs == (0, 1) for fit in fits)
    (fit,) = plan_fits(study, 0, make_data({"r0": NEITHER, "r1": NEITHER}), {2: Fold("", (), (0, 1))})
    assert fit.plan is None
    assert set(fit.reasons) == {0, 1}


def test_bagging_draws_from_the_training_recordings(make_study, four):
    study = make_study(ensemble={"bagging": "recordings"})
    drawn = set()
    for seed in range(30):
        plan, reasons = plan_model(study, four, Fold("r2", (2,), (0, 1, 3)), outputs=(0,), seed=seed)
        assert reasons == {}
        assert plan.validation == (3,)
        drawn.add(plan.training)
        assert plan == plan_model(study, four, Fold("r2", (2,), (0, 1, 3)), outputs=(0,), seed=seed)[0]
    assert drawn == {(0, 0), (0, 1), (1, 1)}


def test_a_draw_holds_both_classes_of_every_behavior(make_study, make_data):
    study = make_study(ensemble={"bagging": "recordings"})
    data = make_data({"r0": BOTH, "r1": NO_JUMP, "r2": NO_JUMP, "r3": NO_JUMP})
    for seed in range(20):
        plan, _ = plan_model(study, data, fold_of_everything(data), outputs=(0, 1), seed=seed)
        assert len(plan.training) + len(plan.validation) == 4
        assert all(count_classes([data.labels[index].values[:, 1] for index in plan.training]))


def test_where_no_draw_shows_every_behavior_all_recordings_are_trained_on(make_study, make_data, monkeypatch):
    """Each behavior shows in one recording of 40, so hardly any draw has both."""
    monkeypatch.setattr("behavior.learning.planning.MAX_DRAWS", 3)
    shown = {f"r{number}": NEITHER for number in range(40)} | {"r7": [[0, 0], [1, 0]], "r9": [[0, 0], [0, 1]]}
    data = make_data(shown)
    study = make_study(ensemble={"bagging": "recordings"})
    plans = [plan_model(study, data, fold_of_everything(data), outputs=(0, 1), seed=seed)[0] for seed in range(10)]
    complete = tuple(range(40))
    assert complete in [plan.training for plan in plans]
    for plan in plans:
        assert plan.training == complete or {7, 9} <= set(plan.training)
        assert len(plan.training) == 40


@pytest.mark.parametrize("leave_out", ["recording", "animal"])
def test_animals_of_one_video_are_never_on_both_sides(make_study, make_data, leave_out, tmp_path) -> None:
    data = make_data(dict.fromkeys(("v1_a", "v1_b", "v2_a", "v2_b", "v3_a", "v3_b"), BOTH), animals="ABCDEF")
    videos = {one.id: tmp_path / f"{one.id[:2]}.mp4" for one in data.recordings}
    data = replace(data, recordings=tuple(replace(one, video=videos[one.id]) for one in data.recordings))
    study = make_study(crossval={"leave_out": leave_out})
    fits = plan_everything(study, data)
    assert len(list_folds(study, data)) == (3 if leave_out == "recording" else 6)
    for fit in fits:
        sides = [
            {videos[data.recordings[index].id] for index in side} for side in (fit.plan.training, fit.plan.validation, fit.plan.predicted)
        ]
        assert all(sides)
        assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
