"""Shapes of the networks, and that their vectors have length 1."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.identity.networks import build_cnn, build_dense


@pytest.mark.parametrize(("network", "shape"), [(build_dense, (40,)), (build_cnn, (30, 14, 1)), (build_cnn, (7, 5, 3))])
def test_vectors_have_length_one(network: object, shape: tuple[int, ...]) -> None:
    import keras

    keras.utils.set_random_seed(0)
    model = build_dense(shape[0], n_features=8) if network is build_dense else build_cnn(shape, n_features=8)
    vectors = np.asarray(model.predict_on_batch(np.random.default_rng(0).normal(size=(4, *shape)).astype(np.float32)))
    assert vectors.shape == (4, 8)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
