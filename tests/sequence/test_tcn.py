"""The TCN head: causal or not, and weight normalisation, which keras-tcn has lost."""

import keras
import numpy as np
import pytest

from behavior.sequence.heads import build_head
from behavior.sequence.tcn import WeightNormalizedConv1D, normalize_kernel

N_FEATURES = 3


@pytest.mark.parametrize("normalization", ["batch", "layer", "weight", "none"])
def test_only_a_causal_tcn_is_blind_to_the_future(find_reach, normalization):
    settings = {"kind": "tcn", "layers": 1, "filters": 8, "kernel_size": 3, "normalization": normalization}
    before, after = find_reach({**settings, "causal": True}, length=30, at=12)
    assert before == 0
    assert after > 0
    before, after = find_reach({**settings, "causal": False}, length=30, at=12)
    assert before > 0
    assert after > 0


def test_weight_normalised_layers_are_those_of_keras_tcn_with_filters_of_a_given_length(draw, draw_weights):
    """Where the gains are the filters' own lengths, nothing but keras-tcn without normalisation is left."""
    settings = {"kind": "tcn", "kernel_size": 3, "layers": 2, "filters": 4, "normalization": "none", "causal": True}
    theirs = build_head(n_features=N_FEATURES, dropout=0.0, **settings)
    ours = build_head(n_features=N_FEATURES, dropout=0.0, **{**settings, "normalization": "weight"})
    theirs.set_weights(draw_weights(theirs, seed=0))
    weights = []
    for weight in theirs.get_weights():
        # A filter's direction alone counts, not its length.
        is_filter = weight.ndim == 3 and weight.shape[0] > 1
        weights += [3.0 * weight, np.sqrt((weight**2).sum(axis=(0, 1)))] if is_filter else [weight]
    ours.set_weights(weights)
    windows = draw(2, 80, N_FEATURES)
    np.testing.assert_allclose(ours(windows), theirs(windows), rtol=0, atol=1e-5)


def test_a_new_weight_normalised_layer_has_the_filters_that_were_drawn(draw):
    layer = WeightNormalizedConv1D(4, 3, padding="same")
    layer.build((None, None, N_FEATURES))
    windows = draw(2, 11, N_FEATURES)
    expected = keras.ops.conv(windows, layer.direction, padding="same")
    np.testing.assert_allclose(layer(windows), expected, rtol=0, atol=1e-5)


def test_a_normalised_kernel_has_filters_of_the_length_of_their_gain(draw):
    kernel = np.asarray(normalize_kernel(draw(2, 3, 5, 4), draw(2, 4, seed=1)))
    np.testing.assert_allclose(np.sqrt((kernel**2).sum(axis=(1, 2))), np.abs(draw(2, 4, seed=1)), rtol=1e-5)
    # A filter of zeros has no direction, and stays one of zeros.
    assert not np.asarray(normalize_kernel(np.zeros((3, 5, 4), np.float32), np.ones(4, np.float32))).any()


@pytest.mark.parametrize("padding", ["causal", "same"])
def test_a_saved_layer_is_made_again_with_its_arguments(padding):
    layer = WeightNormalizedConv1D(4, 3, dilation_rate=2, padding=padding, name="a")
    again = WeightNormalizedConv1D.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert layer.compute_output_shape((None, 7, 3)) == (None, 7, 4)
