"""Every kind of head keeps one contract: trained as planned, and predicting the same by whatever way it is asked."""

import numpy as np
import pytest

from behavior.sequence.boosting import BoostingTrainer
from behavior.sequence.plans import ModelPlan
from behavior.sequence.training import HeadTrainer
from behavior.sequence.windows import SequenceData

N_FRAMES, N_FEATURES = 90, 3
LSTM = {"kind": "lstm", "layers": 1, "units": 3, "bidirectional": True, "dropout": 0.0}


def make_networks():
    return HeadTrainer(head=LSTM, n_features=N_FEATURES, window_length=20, learning_rate=0.05, batch_size=2)


def make_trees():
    return BoostingTrainer(n_features=N_FEATURES, lengths=[3, 7], min_frames=5)


def make_network(**head):
    return HeadTrainer(head={"dropout": 0.0, **head}, n_features=N_FEATURES, window_length=20, learning_rate=0.05, batch_size=2)


KINDS = {"networks": make_networks, "trees": make_trees}
# One of each kind that a study may ask for, and how many vectors it looks ahead.
HEADS = {
    "lstm": ({"kind": "lstm", "layers": 2, "units": 4}, 0),
    "lstm, bidirectional": (LSTM, 20),
    **{
        f"tcn, {normalization}": ({"kind": "tcn", "layers": 1, "filters": 4, "kernel_size": 3, "normalization": normalization}, 0)
        for normalization in ("batch", "layer", "weight", "none")
    },
    "tcn, not causal": ({"kind": "tcn", "layers": 1, "filters": 4, "kernel_size": 3, "normalization": "none", "causal": False}, 20),
    "mstcn": ({"kind": "mstcn", "stages": 2, "layers": 3, "filters": 4, "kernel_size": 3}, 20),
    "transformer": ({"kind": "transformer", "layers": 1, "units": 4, "heads": 2, "span": 5}, 20),
}


@pytest.fixture(scope="module")
def data():
    """Recordings whose labels are told by one of their features."""
    rng = np.random.default_rng(0)
    labels = [(rng.random((N_FRAMES // 6, 1)) < 0.4).repeat(6, axis=0).astype(np.int8) for _ in range(4)]
    features = [(rng.normal(size=(N_FRAMES, N_FEATURES)) + 3 * shown).astype(np.float32) for shown in labels]
    return SequenceData([features], labels)


@pytest.fixture(scope="module", params=list(KINDS))
def fitted(request, data):
    trainer = KINDS[request.param]()
    plans = [ModelPlan((0,), (0, 1), (2,), (2, 3), epochs=20, seed=1), ModelPlan((0,), (1, 2), (), (3,), epochs=4, seed=1)]
    models = [model for plan in plans for model in trainer.fit(data, [plan], seed=0)]
    return trainer, plans, models


def test_reports_are_of_the_epochs_that_were_run(fitted):
    _, plans, models = fitted
    stopping, fixed = (model.report for model in models)
    assert 1 <= stopping.best_epoch <= stopping.epochs <= plans[0].epochs
    assert stopping.best_epoch == int(np.argmax(stopping.validation_scores)) + 1
    assert len(stopping.validation_scores) == len(stopping.losses) == stopping.epochs
    assert max(stopping.validation_scores) > 0.8
    assert (fixed.best_epoch, fixed.epochs, fixed.validation_scores, len(fixed.losses)) == (4, 4, (), 4)
    assert fixed.losses[-1] < fixed.losses[0]


def test_all_ways_to_predict_agree(fitted, data):
    trainer, plans, models = fitted
    for plan, trained in zip(plans, models, strict=True):
        model = trainer.make_model(trained.weights)
        assert (model.n_features, model.n_outputs) == (N_FEATURES, 1)
        assert set(trained.probabilities) == set(plan.predicted)
        for recording, values in trained.probabilities.items():
            features = data.features[0][recording]
            assert values.dtype == np.float32 and values.shape == (N_FRAMES, 1)
            np.testing.assert_allclose(trainer.predict(trained.weights, features), values, atol=1e-6)
            np.testing.assert_allclose(model.predict(features), values, atol=1e-6)
            np.testing.assert_allclose(model.predict_variants(np.stack([features, features[::-1]]))[0], values, atol=1e-6)
            start, stop = model.find_reach(40, 43, N_FRAMES)
            np.testing.assert_allclose(model.predict(features[start:stop])[40 - start : 44 - start], values[40:44], atol=1e-6)


def follow(model, features):
    stream = model.start_stream()
    parts = [stream.advance(vector) for vector in features]
    # A frame is answered when `n_ahead` others have followed.
    assert [len(part) for part in parts] == [int(frame >= model.n_ahead) for frame in range(len(features))]
    return np.concatenate([*parts, stream.finish()])


def test_vector_by_vector_the_numbers_are_those_of_the_whole(fitted, data):
    trainer, _, models = fitted
    for trained in models:
        model = trainer.make_model(trained.weights)
        np.testing.assert_allclose(follow(model, data.features[0][3]), model.predict(data.features[0][3]), rtol=0, atol=2e-6)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in ("lstm", "tcn, weight", "mstcn") else pytest.mark.slow) for name in HEADS]
)
def test_every_kind_of_network_is_followed_as_it_is_predicted(draw, draw_weights, name):
    """Of whole windows and of others, the trainer's way, the bundle's, and vector by vector."""
    head, n_ahead = HEADS[name]
    trainer = make_network(**head)
    exported = trainer.export(trainer.draw_weights(0))
    weights = draw_weights(exported, seed=2)
    model = trainer.make_model(weights)
    assert model.n_ahead == n_ahead
    for n_frames in (7, 20, 47):
        features = draw(n_frames, N_FEATURES)
        expected = trainer.predict(weights, features)
        np.testing.assert_allclose(model.predict(features), expected, rtol=0, atol=1e-5)
        np.testing.assert_allclose(follow(model, features), expected, rtol=0, atol=1e-5)
        if not n_ahead:
            np.testing.assert_allclose(model.predict(features[:5]), expected[:5], rtol=0, atol=1e-5)


def test_the_same_seed_gives_the_same_model(fitted, data):
    trainer, plans, models = fitted
    (again,) = trainer.fit(data, plans[:1], seed=0)
    assert again.report == models[0].report
    for values, expected in zip(again.weights, models[0].weights, strict=True):
        np.testing.assert_array_equal(values, expected)
