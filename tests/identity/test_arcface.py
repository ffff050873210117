"""Training on names: the loss by hand, balanced batches, and coloured squares that are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.errors import TrainingError
from behavior.identity.arcface import MARGIN, SCALE, arcface_loss, draw_balanced, train_on_names


def test_the_loss_is_that_of_the_paper() -> None:
    cosines = np.array([[0.6, 0.2, -0.3], [0.1, 0.9, 0.0]])
    names = np.eye(3)[[0, 2]]
    expected = []
    for row, right in zip(cosines, (0, 2), strict=True):
        logits = SCALE * row
        logits[right] = SCALE * np.cos(np.arccos(row[right]) + MARGIN)
        expected.append(np.log(np.exp(logits).sum()) - logits[right])
    assert float(arcface_loss(names.astype("float32"), cosines.astype("float32"))) == pytest.approx(np.mean(expected), rel=1e-4)


def test_a_margin_costs_something_and_more_similar_costs_less() -> None:
    names = np.array([[1.0, 0.0]], dtype="float32")
    losses = [float(arcface_loss(names, np.array([[own, 0.0]], dtype="float32"))) for own in (-1.0, -0.99, 0.0, 0.5, 1.0)]
    assert losses == sorted(losses, reverse=True)
    assert np.isfinite(losses).all()


def test_each_individual_and_each_of_its_recordings_is_drawn_as_often() -> None:
    owners = np.repeat([0, 1], [90, 10])
    recordings = np.concatenate([np.repeat([0, 1], [80, 10]), np.zeros(10, dtype=int)])
    rows = draw_balanced(owners, recordings, 4000, np.random.default_rng(0))
    assert np.mean(owners[rows] == 0) == pytest.approx(0.5, abs=0.03)
    assert np.mean(recordings[rows][owners[rows] == 0] == 0) == pytest.approx(0.5, abs=0.03)


def build_linear() -> object:
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input((6,))
    return keras.Model(inputs, keras.layers.UnitNormalization()(keras.layers.Dense(4)(inputs)))


def test_individuals_come_apart_and_the_same_seed_gives_the_same() -> None:
    rng = np.random.default_rng(0)
    owners = np.tile(np.arange(3), 40)
    # What tells them apart is small beside what does not.
    inputs = np.concatenate([0.5 * np.eye(3)[owners], rng.normal(0, 1.0, (120, 3))], axis=1).astype(np.float32)
    vectors = []
    for _ in range(2):
        network = build_linear()
        losses = train_on_names(network, inputs, owners, np.zeros(120, dtype=np.int64), n_steps=150, seed=1, learning_rate=0.02)
        vectors.append(np.asarray(network.predict_on_batch(inputs)))  # type: ignore[attr-defined]
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:10])
    np.testing.assert_array_equal(*vectors)
    cosines = vectors[0] @ vectors[0].T
    same = owners[:, None] == owners[None, :]
    assert cosines[same].mean() > cosines[~same].mean() + 0.5


def test_a_loss_that_is_no_number_is_told() -> None:
    inputs = np.full((8, 6), np.nan, dtype=np.float32)
    with pytest.raises(TrainingError, match="in step 1, expected a number"):
        train_on_names(build_linear(), inputs, np.arange(8) % 2, np.zeros(8, dtype=np.int64), n_steps=2)
