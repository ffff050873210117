"""The transformer head: an encoder (Vaswani et al. 2017, arXiv:1706.03762) whose frames attend to their neighbourhood alone."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from behavior.sequence.stacking import StackedRun, add_dense, add_layer_normalization, multiply_pairs

__all__ = ["LocalAttention", "TransformerKind"]

# Added to the scores of frames that must not be attended to: their weight is exactly 0 in float32, and nothing becomes infinite.
EXCLUDED = -1e9
# How much wider than the rest the layers in between are.
WIDENING = 2


def add_local_attention(run: StackedRun, values: Any, *, heads: int, span: int) -> Any:
    """Return what frames gather from the frames at most `span` away, (M, N, W, U) for `values` (M, N, W, U).

    Scaled dot products plus a learned number for each head and distance (Shaw, Uszkoreit and Vaswani 2018, arXiv:1803.02155, in the
    form of Raffel et al. 2020, arXiv:1910.10683); the position of a frame in its window does not matter. Frames are taken in blocks of
    `span`, each of which sees itself and its two neighbours: memory grows with W x 3 span, not W x W.
    """
    projected = add_dense(run, values)
    (distance_scores,) = run.take()
    shape = ops.shape(projected)
    n_models, n_windows, length = shape[0], shape[1], shape[2]
    n_blocks = (length + span - 1) // span
    width = projected.shape[-1] // (3 * heads)
    blocks = _cut_blocks(projected, span=span, n_blocks=n_blocks)
    blocks = ops.reshape(blocks, (n_models, n_windows, n_blocks + 2, span, 3, heads, width))
    queries, keys, contents = ops.unstack(ops.transpose(blocks, (4, 0, 1, 5, 2, 3, 6)), 3)
    scores = multiply_pairs(run, "mnhbqd,mnhbkd->mnhbqk", queries[..., 1:-1, :, :] * width**-0.5, _see_neighbours(keys))
    scores = scores + _score_distances(distance_scores, span=span) + _exclude_outside(length, span=span, n_blocks=n_blocks)
    # In few axes, because the CPU's softmax takes at most five.
    shares = ops.reshape(ops.softmax(ops.reshape(scores, (-1, 3 * span))), ops.shape(scores))
    gathered = multiply_pairs(run, "mnhbqk,mnhbkd->mnhbqd", shares, _see_neighbours(contents))
    gathered = ops.reshape(ops.transpose(gathered, (0, 1, 3, 4, 2, 5)), (n_models, n_windows, n_blocks * span, heads * width))
    return add_dense(run, gathered[:, :, :length])


def _cut_blocks(values: Any, *, span: int, n_blocks: Any) -> Any:
    """Return `values` (M, N, W, C) with a block of zeros in front, and zeros up to the end of one block more than they fill."""
    # Padded too far and cut back, because a number of frames that is known only in the graph can be cut at but not padded by.
    return ops.pad(values, [[0, 0], [0, 0], [span, 2 * span - 1], [0, 0]])[:, :, : (n_blocks + 2) * span]


def _see_neighbours(blocks: Any) -> Any:
    """Return for each block but the first and the last the frames of the block before, its own and the next, (..., 3 span, C)."""
    return ops.concatenate([blocks[..., :-2, :, :], blocks[..., 1:-1, :, :], blocks[..., 2:, :, :]], axis=-2)


def _score_distances(distance_scores: Any, *, span: int) -> Any:
    """Return `distance_scores` (M, H, 2 span + 1) for each pair in a block, (M, 1, H, 1, span, 3 span); those too far are excluded.

    Query i and key j (counted from the block before) are j - i - span frames apart.
    """
    n_models, n_heads = ops.shape(distance_scores)[0], distance_scores.shape[1]
    row = ops.pad(distance_scores, [[0, 0], [0, 0], [0, span]], constant_values=EXCLUDED)
    # Rows one number longer than those of the matrix: each row of the matrix starts one number earlier than the one before it.
    repeated = ops.tile(row, (1, 1, span))[:, :, : 3 * span * span]
    return ops.reshape(repeated, (n_models, 1, n_heads, 1, span, 3 * span))


def _exclude_outside(length: Any, *, span: int, n_blocks: Any) -> Any:
    """Return what excludes keys that lie outside of the window, (blocks, 1, 3 span)."""
    positions = ops.arange(n_blocks)[:, None] * span + ops.arange(-span, 2 * span)[None, :]
    return ops.where((positions >= 0) & (positions < length), 0.0, EXCLUDED)[:, None, :]


@keras.saving.register_keras_serializable(package="behavior")
class LocalAttention(keras.layers.Layer):
    """Self-attention of frames (N, W, U) to the frames at most `span` away, in `heads` parts."""

    def __init__(self, heads: int, span: int, **options: Any) -> None:
        super().__init__(**options)
        self.heads, self.span = heads, span

    def build(self, input_shape: Any) -> None:
        """Make the weights for values (N, W, U)."""
        units = input_shape[-1]
        if units % self.heads:
            raise ValueError(f"{units} units cannot be divided among {self.heads} heads")
        self.projection = self.add_weight(shape=(units, 3 * units), initializer="glorot_uniform", name="projection")
        self.projection_bias = self.add_weight(shape=(3 * units,), initializer="zeros", name="projection_bias")
        self.distance_scores = self.add_weight(shape=(self.heads, 2 * self.span + 1), initializer="zeros", name="distance_scores")
        self.output_kernel = self.add_weight(shape=(units, units), initializer="glorot_uniform", name="output_kernel")
        self.output_bias = self.add_weight(shape=(units,), initializer="zeros", name="output_bias")

    def call(self, values: Any) -> Any:
        """Return what each frame gathers, (N, W, U)."""
        weights = (self.projection, self.projection_bias, self.distance_scores, self.output_kernel, self.output_bias)
        run = StackedRun([ops.expand_dims(weight, 0) for weight in weights], training=False)
        return add_local_attention(run, ops.expand_dims(values, 0), heads=self.heads, span=self.span)[0]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of `call`'s result."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make the layer again."""
        return {**super().get_config(), "heads": self.heads, "span": self.span}


class TransformerKind:
    """`layers` of normalisation, local attention, normalisation and two dense layers, around which values pass unchanged too."""

    RECURRENT = False

    @staticmethod
    def build(windows: Any, *, n_outputs: int, layers: int, units: int, heads: int, span: int) -> list[Any]:
        """Return the logits of a plain Keras network on `windows`, one stage."""
        values = keras.layers.Dense(units)(windows)
        for _ in range(layers):
            inner = LocalAttention(heads, span)(keras.layers.LayerNormalization()(values))
            values = keras.layers.Add()([values, inner])
            inner = keras.layers.Dense(WIDENING * units)(keras.layers.LayerNormalization()(values))
            inner = keras.layers.Dense(units)(keras.layers.ReLU()(inner))
            values = keras.layers.Add()([values, inner])
        return [keras.layers.Dense(n_outputs)(keras.layers.LayerNormalization()(values))]

    @staticmethod
    def run(run: StackedRun, windows: Any, *, n_outputs: int, layers: int, units: int, heads: int, span: int) -> list[Any]:
        """Return the logits of stacked models for `windows` (M or 1, N, W, D)."""
        values = add_dense(run, windows)
        for _ in range(layers):
            values = values + add_local_attention(run, add_layer_normalization(run, values), heads=heads, span=span)
            inner = ops.relu(add_dense(run, add_layer_normalization(run, values)))
            values = values + add_dense(run, inner)
        return [add_dense(run, add_layer_normalization(run, values))]

    @staticmethod
    def find_steps(**_: Any) -> None:
        """Return None: each frame sees later ones."""

    @staticmethod
    def count_values(*, n_outputs: int, layers: int, units: int, heads: int, span: int) -> int:
        """Return about how many numbers a training step keeps for one frame in one model."""
        # As measured on a processor.
        return (7 * layers + 10) * heads * span + (13 * layers + 12) * units
