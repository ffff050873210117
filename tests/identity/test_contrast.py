"""Training by contrast: the loss against a loop, and vectors that come to tell animals apart without a label."""

from __future__ import annotations

import numpy as np
import pytest
from identity_samples import WINDOW, cut_tracklets, draw_crops

from behavior.identity.contrast import TEMPERATURE, CropTable, EmbeddingTrainer, contrast_loss, shake_crops
from behavior.identity.networks import build_cnn, build_dense
from behavior.identity.overlaps import TrackletRelations
from behavior.identity.preparation import Preparation
from behavior.identity.recognition import normalize


def test_the_loss_is_that_of_its_formula() -> None:
    rng = np.random.default_rng(0)
    vectors = normalize(rng.normal(size=(7, 4))).astype(np.float32)
    relations = rng.integers(-1, 2, (7, 7)).astype(np.float32)
    relations[6] = 0
    losses = []
    for first in range(7):
        others = np.exp(vectors[relations[first] < 0] @ vectors[first] / TEMPERATURE).sum()
        for second in range(7):
            if second != first and relations[first, second] > 0 and (relations[first] < 0).any():
                own = np.exp(vectors[first] @ vectors[second] / TEMPERATURE)
                losses.append(-np.log(own / (own + others)))
    assert len(losses) > 5
    assert float(contrast_loss(relations, vectors)) == pytest.approx(np.mean(losses), rel=1e-4)


def test_nothing_known_costs_nothing() -> None:
    assert float(contrast_loss(np.zeros((3, 3), dtype=np.float32), np.eye(3, dtype=np.float32))) == 0
    assert float(contrast_loss(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32))) == 0


def make_table(rng: np.random.Generator) -> tuple[CropTable, np.ndarray]:
    starts, stops, animals = cut_tracklets(3, 200, 4, rng)
    owners = np.repeat(np.arange(len(starts)), 12)
    crops = draw_crops(animals[owners], rng)
    return CropTable(Preparation.fit(crops, WINDOW).prepare(crops), owners, starts, stops), animals


def test_a_network_comes_to_tell_animals_apart_that_nobody_named() -> None:
    import keras

    table, animals = make_table(np.random.default_rng(0))
    relations = TrackletRelations(table.starts, table.stops)
    keras.utils.set_random_seed(0)
    trainer = EmbeddingTrainer(build_cnn(table.inputs.shape[1:], width=4), batch_size=48, change=shake_crops)
    losses = trainer.train(table, relations, n_steps=60)
    vectors = trainer.embed(table.inputs)
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:5])
    cosines = vectors @ vectors.T
    same = animals[table.owners][:, None] == animals[table.owners][None, :]
    assert cosines[same].mean() > cosines[~same].mean() + 0.5


def test_the_same_seed_trains_the_same_network() -> None:
    import keras

    table, _ = make_table(np.random.default_rng(0))
    vectors = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        trainer = EmbeddingTrainer(build_cnn(table.inputs.shape[1:], width=4), batch_size=24, change=shake_crops, seed=3)
        trainer.train(table, TrackletRelations(table.starts, table.stops), n_steps=4)
        vectors.append(trainer.embed(table.inputs))
    np.testing.assert_array_equal(vectors[0], vectors[1])


def test_tracklets_that_are_never_together_teach_nothing() -> None:
    table = CropTable(np.zeros((4, 5), dtype=np.float32), np.array([0, 0, 1, 1]), np.array([0, 10]), np.array([5, 15]))
    trainer = EmbeddingTrainer(build_dense(5))
    with pytest.raises(ValueError, match="no two tracklets"):
        trainer.train(table, TrackletRelations(table.starts, table.stops), n_steps=1)
    assert trainer.embed(table.inputs[:0]).shape == (0, 32)


def test_a_table_that_does_not_fit_is_refused() -> None:
    starts, stops = np.array([0]), np.array([5])
    with pytest.raises(ValueError, match="2 inputs with 1 owners"):
        CropTable(np.zeros((2, 3), dtype=np.float32), np.array([0]), starts, stops)
    with pytest.raises(ValueError, match="owners reach from 0 to 1"):
        CropTable(np.zeros((2, 3), dtype=np.float32), np.array([0, 1]), starts, stops)


def test_shaken_crops_are_moved_or_turned_but_never_mirrored() -> None:
    image = np.zeros((1, 9, 7, 1), dtype=np.float32)
    image[0, 4, 3] = 1.0
    image[0, 4, 4] = 0.5
    rng = np.random.default_rng(0)
    shaken = shake_crops(np.repeat(image, 200, axis=0), rng, shift=2, is_turned=True)
    rows, columns = np.divmod(shaken.reshape(200, -1).argmax(axis=1), 7)
    assert set(rows - 4) == set(columns - 3) == {-2, -1, 0, 1, 2}
    assert shaken.sum(axis=(1, 2, 3)).tolist() == [1.5] * 200
    plain = shake_crops(np.repeat(image, 50, axis=0), rng, shift=1)
    rows, columns = np.divmod(plain.reshape(50, -1).argmax(axis=1), 7)
    # The weaker pixel stays to the right of the stronger.
    assert (plain[np.arange(50), rows, columns + 1, 0] == 0.5).all()
