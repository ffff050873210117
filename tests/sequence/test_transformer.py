"""The transformer head: frames attend to the frames within a span, and to no others."""

import numpy as np
import pytest

from behavior.sequence.transformer import LocalAttention

TRANSFORMER = {"kind": "transformer", "layers": 2, "units": 8, "heads": 2, "span": 3}


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_local_attention_sees_its_span_in_each_layer_and_no_further(find_reach, layers):
    assert find_reach({**TRANSFORMER, "layers": layers, "span": 5}) == (5 * layers, 5 * layers)


def attend_one_by_one(values, weights, *, heads, span):
    """What local attention is, a query at a time."""
    projection, bias, distance_scores, kernel, output_bias = weights
    length, units = values.shape
    queries, keys, contents = ((values @ projection + bias).reshape(length, 3, heads, units // heads)).transpose(1, 0, 2, 3)
    result = np.zeros((length, heads, units // heads))
    for frame in range(length):
        near = np.arange(max(frame - span, 0), min(frame + span + 1, length))
        for head in range(heads):
            scores = keys[near, head] @ queries[frame, head] / np.sqrt(units // heads) + distance_scores[head, near - frame + span]
            shares = np.exp(scores - scores.max())
            result[frame, head] = shares / shares.sum() @ contents[near, head]
    return result.reshape(length, units) @ kernel + output_bias


@pytest.mark.parametrize("length", [1, 2, 3, 4, 6, 7, 13])
@pytest.mark.parametrize("span", [1, 3, 20])
def test_local_attention_is_attention_to_the_frames_within_the_span(draw, draw_weights, length, span):
    layer = LocalAttention(heads=2, span=span)
    values = draw(2, length, 6)
    layer.build(values.shape)
    layer.set_weights(draw_weights(layer, seed=1))
    for ours, window in zip(np.asarray(layer(values)), values.astype(np.float64), strict=True):
        expected = attend_one_by_one(window, [weight.astype(np.float64) for weight in layer.get_weights()], heads=2, span=span)
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-5)


def test_units_that_cannot_be_divided_among_heads_are_refused():
    with pytest.raises(ValueError, match="6 units cannot be divided among 4 heads"):
        LocalAttention(heads=4, span=2).build((None, None, 6))


def test_a_saved_layer_is_made_again_with_its_arguments():
    layer = LocalAttention(heads=4, span=2, name="a")
    again = LocalAttention.from_config(layer.get_config())
    assert (again.heads, again.span, again.name) == (4, 2, "a")
    assert layer.compute_output_shape((None, 7, 8)) == (None, 7, 8)
