"""Vectors of individuals: each way tells painted individuals apart, and what was fitted embeds again alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from gallery_samples import paint_individual

from behavior.compute.messages import decode, decode_call, encode
from behavior.embedding import individual_looks
from behavior.embedding.individual_looks import CNN, CORRELOGRAM, LookSettings, NamedImages, embed_images, fit_looks, is_enough
from behavior.errors import ModelError, WeightsError
from behavior.identity.gallery import rank_guesses
from behavior.identity.leaving_out import ask_left_out, plan_folds
from behavior.metrics.retrieval import top_k_accuracy


def make_images(n_individuals: int, n_each: int, *, size: int = 24) -> NamedImages:
    rng = np.random.default_rng(0)
    rows = [(owner, recording) for owner in range(n_individuals) for recording in range(2) for _ in range(n_each)]
    images = np.stack([paint_individual(owner, rng, size=size) for owner, _ in rows])
    owners, recordings = np.array(rows).T
    return NamedImages(images, owners, recordings, np.ones((size, size), dtype=bool), False)


def call_here(function: Callable[..., Any], **arguments: Any) -> Any:
    """Call `function` in this process, where Keras is loaded, with what would reach another one."""
    called, given = decode_call(encode((function, arguments)))
    return decode(encode(called(**given)))


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(individual_looks, "call_in_child", call_here)


def measure(named: NamedImages, folds: list, vectors: list) -> float:
    asked = ask_left_out(folds, vectors, named.owners)
    known = asked.truth >= 0
    return top_k_accuracy(rank_guesses(asked.similarities)[known], asked.truth[known])


@pytest.mark.parametrize(
    ("settings", "n_individuals", "n_each", "is_trained"),
    [
        (LookSettings(CORRELOGRAM), 4, 4, False),
        pytest.param(LookSettings(CNN), 5, 6, True, marks=pytest.mark.slow),
        (LookSettings("openfield", "packaged"), 4, 3, False),
    ],
)
@pytest.mark.usefixtures("in_this_process")
def test_individuals_are_told_apart_on_what_was_left_out(settings: LookSettings, n_individuals: int, n_each: int, is_trained: bool) -> None:
    named = make_images(n_individuals, n_each)
    folds = plan_folds(named.owners, named.recordings, n_folds=2)
    looks, (vectors, *fold_vectors) = fit_looks(named, folds, settings)
    assert looks.is_trained == is_trained and len(fold_vectors) == 2
    # A fold is fitted on two or three individuals, in 24 pixels; by chance one in four or five is right. The backbone was made to see
    # posture, not coats.
    assert measure(named, folds, fold_vectors) > (0.6 if settings.fingerprint != "openfield" else 0.3)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    again = embed_images(looks, named.images[:5])
    np.testing.assert_allclose(again, vectors[:5], atol=2e-3)


def test_too_few_images_are_compared_without_training() -> None:
    assert not is_enough(np.repeat(np.arange(3), 100)) and not is_enough(np.repeat(np.arange(20), 3))
    assert is_enough(np.repeat(np.arange(6), 10))
    looks, _ = fit_looks(make_images(3, 2), [], LookSettings(CNN))
    assert (looks.fingerprint, looks.is_trained, looks.settings.fingerprint) == (CORRELOGRAM, False, CNN)


@pytest.mark.usefixtures("in_this_process")
def test_weights_that_are_not_those_of_the_gallery_are_refused() -> None:
    named = make_images(2, 1)
    looks, _ = fit_looks(named, [], LookSettings("openfield", "packaged"))
    with pytest.raises(WeightsError, match="are not those that the gallery was made with"):
        embed_images(replace(looks, weights_identity="others"), named.images)
    with pytest.raises(ModelError, match="arrays of other shapes"):
        embed_images(replace(looks, is_trained=True), named.images)


# Keras in a process of its own, as in every use.
@pytest.mark.slow
def test_a_small_backbone_is_trained_with_the_gallery() -> None:
    named = make_images(5, 6, size=64)
    folds = plan_folds(named.owners, named.recordings, n_folds=2)
    looks, (vectors, *fold_vectors) = fit_looks(named, folds, LookSettings("openfield", "packaged"))
    assert looks.is_trained
    # A fold has too few individuals to train on: it shows what the backbone tells apart as it is.
    assert measure(named, folds, fold_vectors) < 0.9
    assert measure(named, folds, [vectors] * len(folds)) > 0.95
    np.testing.assert_allclose(embed_images(looks, named.images[:5]), vectors[:5], atol=2e-3)
