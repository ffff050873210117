"""Shapes of the networks, and that their vectors have length 1."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.identity.networks import build_cnn, build_dense, embed_inputs


@pytest.mark.parametrize(("network", "shape"), [(build_dense, (40,)), (build_cnn, (30, 14, 1)), (build_cnn, (7, 5, 3))])
def test_vectors_have_length_one(network: object, shape: tuple[int, ...]) -> None:
    import keras

    keras.utils.set_random_seed(0)
    model = build_dense(shape[0], n_features=8) if network is build_dense else build_cnn(shape, n_features=8)
    vectors = np.asarray(model.predict_on_batch(np.random.default_rng(0).normal(size=(4, *shape)).astype(np.float32)))
    assert vectors.shape == (4, 8)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


def test_inputs_are_embedded_in_parts_as_at_once() -> None:
    import keras

    keras.utils.set_random_seed(0)
    network = build_dense(5)
    inputs = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    done: list[int] = []
    parts = embed_inputs(network, inputs, n_at_once=3, on_progress=done.append)
    np.testing.assert_allclose(parts, np.asarray(network.predict_on_batch(inputs)), atol=1e-5)
    assert done == [3, 3, 1]
    assert embed_inputs(network, inputs[:0]).shape == (0, 32)
