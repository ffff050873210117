"""A network over windows predicts whole recordings, pieces of them, and several forms of them alike."""

import numpy as np
import pytest

from behavior.sequence.inference import predict_recording
from behavior.sequence.windowed_network import WindowedNetwork

LENGTH = 20


class Drifting:
    """A network whose probabilities depend on where in its window a frame is, and on the frames around it."""

    input_shape, output_shape = (None, None, 3), (None, None, 2)

    def predict_on_batch(self, windows):
        seen = np.cumsum(windows[..., :2], axis=1) / np.arange(1, windows.shape[1] + 1)[:, None]
        return 0.05 + 0.9 * (seen + windows[:, ::-1, :2]) / 2


@pytest.fixture
def model():
    return WindowedNetwork(Drifting(), LENGTH)


@pytest.mark.parametrize("n_frames", [7, 20, 21, 133])
def test_a_recording_is_predicted_by_overlapping_windows(model, n_frames):
    features = np.random.default_rng(0).random((n_frames, 3)).astype(np.float32)
    expected = predict_recording(Drifting().predict_on_batch, features, length=LENGTH)
    np.testing.assert_array_equal(model.predict(features), expected)
    assert (model.n_features, model.n_outputs) == (3, 2)


@pytest.mark.parametrize(("first", "last"), [(0, 0), (9, 10), (60, 64), (131, 132)])
def test_what_a_frame_depends_on_is_enough_to_predict_it(model, first, last):
    features = np.random.default_rng(1).random((133, 3)).astype(np.float32)
    whole = model.predict(features)
    start, stop = model.find_reach(first, last, 133)
    assert start <= first <= last < stop
    np.testing.assert_allclose(model.predict(features[start:stop])[first - start : last + 1 - start], whole[first : last + 1], rtol=1e-6)
    changed = features.copy()
    changed[:start] += 1
    changed[stop:] += 1
    np.testing.assert_allclose(model.predict(changed)[first : last + 1], whole[first : last + 1], rtol=1e-6)


def test_several_forms_are_predicted_as_each_alone(model):
    variants = np.random.default_rng(2).random((3, 45, 3)).astype(np.float32)
    together = model.predict_variants(variants)
    for one, expected in zip(together, variants, strict=True):
        np.testing.assert_allclose(one, model.predict(expected), rtol=1e-6)


@pytest.mark.parametrize("shape", [(None, 3), (None, None, None), [(None, None, 3)] * 2])
def test_a_network_that_takes_no_windows_is_refused(shape):
    class Other(Drifting):
        input_shape = shape

    with pytest.raises(ValueError, match="expected windows of vectors"):
        WindowedNetwork(Other(), LENGTH)
