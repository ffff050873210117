"""Plain models of labels that follow from components by construction, and what they make of other predictions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from behavior.learning.plain_model import WORTH_TRAINING, PlainModel, Products, fit_plain_model, sum_products

Parts = list[npt.NDArray]


@pytest.fixture
def parts() -> tuple[Parts, Parts]:
    """Components of four recordings, and labels: the first column's sign, and the second's."""
    rng = np.random.default_rng(0)
    components = [rng.normal(size=(500, 4)) for _ in range(4)]
    return components, [(rows[:, :2] > 0).astype(np.int8) for rows in components]


def fit(components: Parts, labels: Parts, trained: Parts | None = None, folds: range | list[int] = range(4)) -> PlainModel:
    model = fit_plain_model(components, labels, labels if trained is None else trained, folds)
    assert model is not None
    return model


def test_weights_point_where_the_labels_are_and_left_out_recordings_agree(parts: tuple[Parts, Parts]) -> None:
    model = fit(*parts)
    size = model.weights[0, 0]
    # The covariance of a normal number with its sign, 0 or 1, is 1 over the square root of 2 pi; the ridge is a tenth of the variance.
    assert size == pytest.approx(1 / np.sqrt(2 * np.pi) / 1.1, rel=0.05)
    np.testing.assert_allclose(model.weights, [[size, 0], [0, size], [0, 0], [0, 0]], atol=0.03)
    np.testing.assert_allclose(model.disagreements, 1 - np.sqrt(2 / np.pi), atol=0.03)


def test_disagreement_is_that_of_construction(parts: tuple[Parts, Parts]) -> None:
    model = fit(*parts)
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(20_000, 4))
    plain, truth = rows @ model.weights, rows[:, :2] > 0
    usual = 1 - np.sqrt(2 / np.pi)
    assert model.disagree(plain, truth) == pytest.approx(usual, abs=0.01)
    # Of the counts of both, one is of the training frames.
    assert model.disagree(plain, ~truth) == pytest.approx(1 + (1 - usual) * (1 - WORTH_TRAINING) / (1 + WORTH_TRAINING), abs=0.02)
    shuffled = rng.permutation(truth)
    assert model.disagree(plain, shuffled) == pytest.approx(1 - (1 - usual) * WORTH_TRAINING / (1 + WORTH_TRAINING), abs=0.02)
    # Other levels are no disagreement.
    assert model.disagree(plain + 5, truth - 0.5) == pytest.approx(usual, abs=0.01)


def test_a_recording_without_any_behavior_is_as_usual(parts: tuple[Parts, Parts]) -> None:
    model = fit(*parts)
    nothing = np.zeros((300, 2))
    assert model.disagree(nothing, nothing) == pytest.approx(model.products.disagree(Products(0, 0, 0)))
    assert model.disagree(nothing[:0], nothing[:0]) == model.disagree(nothing, nothing)


def test_frames_without_a_prediction_do_not_count(parts: tuple[Parts, Parts]) -> None:
    model = fit(*parts)
    components, labels = parts
    plain, trained = components[0] @ model.weights, labels[0].astype(float)
    expected = model.disagree(plain[100:300], trained[100:300])
    plain[:100], trained[300:] = np.nan, np.nan
    assert model.disagree(plain, trained) == pytest.approx(expected)


def test_frames_that_nobody_labelled_are_not_fitted_on(parts: tuple[Parts, Parts]) -> None:
    components, labels = parts
    wrong = [rows.copy() for rows in labels]
    for rows in wrong:
        rows[:400, 1] = -1
    model = fit(components, wrong, labels)
    np.testing.assert_array_equal(model.weights[:, 0], fit(*parts).weights[:, 0])
    alone = fit([rows[400:] for rows in components], [rows[400:] for rows in labels])
    np.testing.assert_allclose(model.weights[:, 1], alone.weights[:, 1])


def test_a_behavior_of_one_recording_counts_where_that_is_not_left_out(parts: tuple[Parts, Parts]) -> None:
    components, labels = parts
    for rows in labels[1:]:
        rows[:, 1] = 0
    model = fit(components, labels)
    assert model.weights[:, 1].any()
    first = fit(components, [rows[:, :1] for rows in labels])
    assert model.disagreements[0] == pytest.approx(first.disagreements[0], abs=0.02)


def test_recordings_of_one_fold_are_left_out_together(parts: tuple[Parts, Parts]) -> None:
    components, labels = parts
    labels[0], labels[1] = 1 - labels[0], 1 - labels[1]
    apart = fit(components, labels, folds=[0, 0, 1, 1]).disagreements
    assert (apart > 1).all()
    beside = fit(components, labels, folds=[0, 1, 0, 1]).disagreements
    assert (beside[2:] != apart[2:]).all()


def test_nothing_is_fitted_without_another_recording_or_any_prediction(parts: tuple[Parts, Parts]) -> None:
    components, labels = parts
    assert fit_plain_model(components, labels, labels, [0] * 4) is None
    assert fit_plain_model(components, [rows * 0 for rows in labels], labels, range(4)) is None
    assert fit_plain_model(components, labels, [rows * 0.0 for rows in labels], range(4)) is None
    assert fit_plain_model([rows * 0 for rows in components], labels, labels, range(4)) is None


def test_products_are_of_behaviors_with_weights() -> None:
    plain, trained = np.array([[1.0, 9.0], [3.0, 7.0]]), np.array([[0.0, 1.0], [1.0, 1.0]])
    assert sum_products(plain, trained, np.array([[1.0, 0.0]])) == Products(both=0.5, plain=1.0, trained=0.25)
