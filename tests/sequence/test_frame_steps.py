"""Steps from frame to frame compute what the Keras network of the same weights computes on a window."""

import numpy as np
import pytest
from scipy.special import expit

from behavior.sequence.heads import build_head, find_steps

N_FEATURES, LENGTH = 3, 90
HEADS = {
    "lstm": {"kind": "lstm", "layers": 3, "units": 6},
    **{
        f"tcn, {normalization}": {"kind": "tcn", "layers": 2, "filters": 6, "kernel_size": 3, "normalization": normalization}
        for normalization in ("batch", "layer", "weight", "none")
    },
    "tcn as wide as its features": {"kind": "tcn", "layers": 1, "filters": N_FEATURES, "kernel_size": 2, "normalization": "none"},
}


@pytest.mark.parametrize("name", HEADS)
def test_each_lane_answers_as_the_network_does_on_a_window_that_begins_there(draw, draw_weights, name):
    settings = {"dropout": 0.3, "n_outputs": 2, **HEADS[name]}
    model = build_head(n_features=N_FEATURES, **settings)
    model.set_weights(draw_weights(model, seed=1))
    windows = draw(1, LENGTH, N_FEATURES)
    steps = find_steps(**settings)(model.get_weights(), 2)
    answers = []
    for frame, vector in enumerate(windows[0]):
        if frame in (0, 30):
            steps.begin(frame // 30)
        if frame == 60:
            steps.begin(0)
        answers.append(expit(steps.advance(vector)))
    answers = np.stack(answers)
    assert answers.shape == (LENGTH, 2, 2)
    for lane, start, stop in ((0, 0, 60), (1, 30, 90), (0, 60, 90)):
        expected = np.asarray(model(windows[:, start:stop]))[0]
        np.testing.assert_allclose(answers[start:stop, lane], expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("change", [lambda weights: weights[:-1], lambda weights: [*weights, np.zeros(2)], lambda weights: weights[1:]])
def test_weights_of_another_network_are_refused(draw_weights, change):
    settings = {"kind": "lstm", "layers": 1, "units": 2, "dropout": 0.0}
    model = build_head(n_features=N_FEATURES, **settings)
    with pytest.raises(ValueError, match="head that is described"):
        find_steps(**settings)(change(model.get_weights()), 1)
