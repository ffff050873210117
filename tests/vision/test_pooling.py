"""From what a network says of parts of an image to one vector."""

import numpy as np
import pytest

from behavior.errors import WeightsError
from behavior.vision.devices import load_openvino
from behavior.vision.pooling import plan_pooling, pool_with_keras, pool_with_openvino

RNG = np.random.default_rng(0)


def plan(shape, pooling, *, channels_first=True, input_size=224, n_frames=None):
    return plan_pooling(shape, pooling, channels_first=channels_first, input_size=input_size, n_frames=n_frames, source="net.onnx")


def pool_both_ways(values, chosen):
    openvino = load_openvino()
    from openvino import opset13

    parameter = opset13.parameter([-1, *values.shape[1:]], np.float32)
    model = openvino.Model([opset13.result(pool_with_openvino(parameter, chosen, opset13))], [parameter], "pool")
    computed = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(values)[0]
    np.testing.assert_allclose(np.asarray(pool_with_keras(values, chosen)), computed, rtol=1e-5, atol=1e-6)
    return computed


@pytest.mark.parametrize(
    ("n_parts", "input_size", "n_first"),
    # With a class token, with four registers besides, none, and grids of 16 and of 14 pixels in images that both divide.
    [(257, 224, 1), (261, 224, 5), (256, 224, 0), (197, 224, 1), (1370, 518, 1), (9, 28, 5), (2, 16, 1)],
)
def test_parts_before_those_of_the_grid_are_counted(n_parts, input_size, n_first):
    assert plan((None, n_parts, 8), "mean", input_size=input_size).n_first == n_first


@pytest.mark.parametrize("pooling", ["cls", "mean", "both"])
def test_tokens_are_pooled(pooling):
    tokens = RNG.normal(size=(3, 21, 4)).astype(np.float32)
    chosen = plan((None, 21, 4), pooling, input_size=64)
    assert chosen.n_first == 5
    first, mean = tokens[:, 0], tokens[:, 5:].mean(axis=1)
    expected = {"cls": first, "mean": mean, "both": np.concatenate([first, mean], axis=1)}[pooling]
    np.testing.assert_allclose(pool_both_ways(tokens, chosen), expected, rtol=1e-5, atol=1e-6)
    assert chosen.n_features == expected.shape[1]


@pytest.mark.parametrize(
    ("shape", "channels_first", "axes"), [((3, 5, 4, 4), True, (2, 3)), ((3, 4, 4, 5), False, (1, 2)), ((3, 5, 2, 4, 4), True, (2, 3, 4))]
)
def test_maps_are_averaged_over_places(shape, channels_first, axes):
    values = RNG.normal(size=shape).astype(np.float32)
    chosen = plan((None, *shape[1:]), "mean", channels_first=channels_first)
    np.testing.assert_allclose(pool_both_ways(values, chosen), values.mean(axis=axes), rtol=1e-5, atol=1e-6)
    assert chosen.n_features == 5


def test_a_vector_is_left_alone():
    values = RNG.normal(size=(3, 5)).astype(np.float32)
    np.testing.assert_array_equal(pool_both_ways(values, plan((None, 5), None)), values)


def test_all_tokens_of_a_clip_are_places_unless_the_first_is_asked_for():
    assert plan((None, 1568, 8), "mean", n_frames=16).n_first == 0
    assert plan((None, 1569, 8), "both", n_frames=16).n_first == 1


@pytest.mark.parametrize(
    ("shape", "pooling", "complaint"),
    [
        (None, None, "its output is of a length that is not known"),
        ((None,), None, r"its output is of shape \(None\), expected one vector an image"),
        ((None, 5), "mean", "gives one vector an image, so that pooling: mean has nothing to choose from; leave it out"),
        ((None, 257, 8), None, r"its output has shape \(None, 257, 8\), expected one vector an image; choose pooling"),
        ((None, 256, 8), "cls", "its 256 parts are the places of a grid, and none is of the whole image"),
        ((None, 8, 7, 7), "cls", "gives a map of features, which has no vector of the whole image; choose pooling: mean"),
        ((None, None), None, "gives vectors of a length that is not known"),
        ((None, 100_000), None, "gives vectors of 100,000 numbers, expected 1 to 65,536"),
    ],
)
def test_no_vector_is_one_sentence(shape, pooling, complaint):
    with pytest.raises(WeightsError, match=f"^net.onnx: {complaint}"):
        plan(shape, pooling)
