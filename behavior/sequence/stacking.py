"""Layers of many models at once: every weight, and every value but shared input, has the models as its first axis.

Each function computes for model m what the Keras layer of the same name computes with the m-th slice of the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops

__all__ = [
    "StackedRun",
    "add_batch_normalization",
    "add_convolution",
    "add_dense",
    "add_layer_normalization",
    "add_lstm",
    "multiply",
    "multiply_pairs",
]

# Keras's defaults, which keras-tcn uses too.
NORMALIZATION_EPSILON = 1e-3
MOVING_MOMENTUM = 0.99


class StackedRun:
    """One pass through stacked models, which takes their weights in the order of the plain Keras model's `weights`.

    Parameters
    ----------
    weights
        For each weight of the plain model an array with the models in front, (M, ...).
    training
        Whether normalisation uses the batch's statistics.
    window_counts
        How often each model counts each window of the batch, shape (M, N); 0 where it must not see it. Needed in training only.
    product_dtype
        "float32" or "bfloat16": in what the factors of matrix products are.
    """

    def __init__(self, weights: Sequence[Any], *, training: bool, window_counts: Any = None, product_dtype: str = "float32") -> None:
        self.training = training
        self.window_counts = window_counts
        self.product_dtype = product_dtype
        self.updates: dict[int, Any] = {}
        self._weights = weights
        self._position = 0

    def take(self, count: int = 1) -> list[Any]:
        """Return the next `count` weights."""
        taken = list(self._weights[self._position : self._position + count])
        if len(taken) < count:
            raise ValueError(f"asked for weight {self._position + count} of {len(self._weights)}")
        self._position += count
        return taken

    def remember(self, steps_back: int, value: Any) -> None:
        """Note the new value of a weight that no gradient moves: that taken `steps_back` before the next one."""
        self.updates[self._position - steps_back] = value

    def require_all_taken(self) -> None:
        """Raise ValueError if the plain model has weights that the pass has not used."""
        if self._position != len(self._weights):
            raise ValueError(f"the pass used {self._position} of {len(self._weights)} weights")


def multiply(run: StackedRun, values: Any, kernel: Any) -> Any:
    """Return the products of `values` (M or 1, N, W, C) with `kernel` (M, C, F), shape (M, N, W, F).

    Input shared by all models (first axis 1) is read once for all of their kernels.
    """
    shape = ops.shape(values)
    rows = ops.reshape(values, (shape[0], -1, kernel.shape[1]))
    if run.product_dtype != "float32":
        product = ops.cast(ops.matmul(ops.cast(rows, run.product_dtype), ops.cast(kernel, run.product_dtype)), "float32")
    else:
        product = ops.matmul(rows, kernel)
    return ops.reshape(product, (ops.shape(kernel)[0], shape[1], shape[2], kernel.shape[2]))


def multiply_pairs(run: StackedRun, equation: str, left: Any, right: Any) -> Any:
    """Return the product of two values, as in `einsum`, in the run's precision."""
    if run.product_dtype != "float32":
        return ops.cast(ops.einsum(equation, ops.cast(left, run.product_dtype), ops.cast(right, run.product_dtype)), "float32")
    return ops.einsum(equation, left, right)


def add_dense(run: StackedRun, values: Any) -> Any:
    """Return a dense layer's output (M, N, W, F) for `values` (M or 1, N, W, C), before any activation."""
    kernel, bias = run.take(2)
    return multiply(run, values, kernel) + bias[:, None, None, :]


def add_convolution(run: StackedRun, values: Any, *, kernel_size: int, dilation: int, causal: bool, kernel: Any = None) -> Any:
    """Return the output (M, N, W, F) of a convolution along the frames of `values` (M or 1, N, W, C), as Keras's Conv1D pads it.

    Parameters
    ----------
    kernel
        Shape (M, kernel_size, C, F); the run's next weight where None. The bias always is the run's next weight.

    Notes
    -----
    Where the shapes are those of one model, it is the library's convolution, which is faster than products and shifts.
    """
    if kernel is None:
        (kernel,) = run.take()
    (bias,) = run.take()
    reach = (kernel_size - 1) * dilation
    before = reach if causal else reach // 2
    if kernel.shape[0] == 1 and values.shape[0] == 1 and kernel_size > 1:
        padded = ops.pad(ops.cast(values[0], run.product_dtype), [[0, 0], [before, reach - before], [0, 0]])
        convolved = ops.conv(padded, ops.cast(kernel[0], run.product_dtype), padding="valid", dilation_rate=dilation)
        return ops.cast(convolved, "float32")[None] + bias[:, None, None, :]
    total = bias[:, None, None, :]
    # A product for each tap, shifted afterwards: the input is read but never copied for each tap.
    for tap, factor in enumerate(ops.unstack(kernel, kernel_size, axis=1)):
        shift = before - tap * dilation
        # Taps further apart than the window is long see zeros alone; the middle one is left in, for the sum's shape.
        if not isinstance(values.shape[2], int) or abs(shift) < values.shape[2] or tap == kernel_size // 2:
            total = total + _shift(multiply(run, values, factor), shift)
    return total


def _shift(values: Any, frames: int) -> Any:
    """Return `values` (M, N, W, F) moved `frames` later (earlier where negative), zeros moving in."""
    if frames == 0:
        return values
    position = ops.arange(ops.shape(values)[2])
    stays = position >= frames if frames > 0 else position < ops.shape(values)[2] + frames
    # Rolling and setting to zero what came round is several times faster than slicing and padding, forth and back.
    return ops.roll(values, frames, axis=2) * ops.cast(stays, values.dtype)[:, None]


def add_lstm(run: StackedRun, values: Any, *, reverse: bool = False) -> Any:
    """Return the states (M, N, W, U) of an LSTM layer (Hochreiter and Schmidhuber 1997) for `values` (M or 1, N, W, C).

    Keras's order of gates (input, forget, cell, output) and its activations. With `reverse` the frames are read from the last to the
    first; states stand at the frame that they belong to either way.
    """
    kernel, recurrent, bias = run.take(3)
    inputs = multiply(run, ops.transpose(values, (0, 2, 1, 3)), kernel) + bias[:, None, None, :]
    states = _run_recurrence(inputs, recurrent, reverse=reverse, product_dtype=run.product_dtype)
    return ops.transpose(states, (0, 2, 1, 3))


def _run_recurrence(inputs: Any, recurrent: Any, *, reverse: bool, product_dtype: str) -> Any:
    """Return the states (M, W, N, U) of an LSTM that gets `inputs` (M, W, N, 4 U), with a gradient written out.

    Differentiating the loop step by step would add up a gradient of `recurrent` in every step. Here the steps back through time hold only
    what depends on the step that came after; the rest is computed for all steps at once.
    """

    def multiply_step(values: Any, kernel: Any) -> Any:
        return ops.cast(ops.matmul(ops.cast(values, product_dtype), kernel), "float32")

    @ops.custom_gradient
    def run(inputs: Any, recurrent: Any) -> Any:
        n_models, length, n_windows, _ = ops.shape(inputs)
        kernel = ops.cast(recurrent, product_dtype)
        zeros = ops.zeros((n_models, n_windows, recurrent.shape[1]))
        positions = ops.arange(length)

        def step(carry: Any, position: Any) -> Any:
            state, cell = carry[:2]
            into, forget, candidate, out = ops.split(inputs[:, position] + multiply_step(state, kernel), 4, axis=-1)
            into, forget, candidate, out = ops.sigmoid(into), ops.sigmoid(forget), ops.tanh(candidate), ops.sigmoid(out)
            cell = forget * cell + into * candidate
            found = out * ops.tanh(cell), cell, into, forget, candidate, out
            return found, found

        # Keras asks that what a step gives has the shapes of what it carries.
        _, (states, cells, into, forget, candidate, out) = ops.scan(step, (zeros,) * 6, positions, reverse=reverse)

        def pass_back(of_states: Any) -> tuple[Any, Any]:
            states_before, cells_before = (_delay(values, reverse=reverse) for values in (states, cells))
            squashed = ops.tanh(cells)
            # By how much a cell changes with each of its gates, and a state with its cell and its gate.
            factors = (
                candidate * into * (1.0 - into),
                cells_before * forget * (1.0 - forget),
                into * (1.0 - candidate * candidate),
                squashed * out * (1.0 - out),
                out * (1.0 - squashed * squashed),
            )
            transposed = ops.transpose(kernel, (0, 2, 1))

            def step_back(carry: Any, frame: Any) -> Any:
                of_gates, of_cell = carry
                position, forget, by_into, by_forget, by_candidate, by_out, by_cell = frame
                of_state = of_states[:, position] + multiply_step(of_gates, transposed)
                of_cell = of_cell + of_state * by_cell
                of_gates = ops.concatenate([of_cell * by_into, of_cell * by_forget, of_cell * by_candidate, of_state * by_out], axis=-1)
                return (of_gates, of_cell * forget), (of_gates, of_cell)

            carry = ops.zeros_like(inputs[:, 0]), zeros
            _, (of_inputs, _) = ops.scan(step_back, carry, (positions, forget, *factors), reverse=not reverse)
            of_inputs = ops.transpose(of_inputs, (1, 0, 2, 3))
            left = ops.reshape(ops.transpose(states_before, (1, 3, 0, 2)), (n_models, recurrent.shape[1], -1))
            right = ops.reshape(of_inputs, (n_models, -1, recurrent.shape[2]))
            return of_inputs, multiply_step(left, ops.cast(right, product_dtype))

        return ops.transpose(states, (1, 0, 2, 3)), pass_back

    return run(inputs, recurrent)


def _delay(values: Any, *, reverse: bool) -> Any:
    """Return for each step of `values` (W, ...) what the step before it had, zeros for the first; with `reverse` that is the last frame."""
    zeros = ops.zeros_like(values[:1])
    return ops.concatenate([values[1:], zeros] if reverse else [zeros, values[:-1]], axis=0)


def add_batch_normalization(run: StackedRun, values: Any) -> Any:
    """Return `values` (M, N, W, F) normalised over the batch in training, else with the moving statistics (Ioffe and Szegedy 2015).

    A window that a model does not see has no part in its statistics; a model that sees none keeps its moving statistics.
    """
    gamma, beta, moving_mean, moving_variance = run.take(4)
    if not run.training:
        scale = gamma * ops.rsqrt(moving_variance + NORMALIZATION_EPSILON)
        return values * scale[:, None, None, :] + (beta - moving_mean * scale)[:, None, None, :]
    shape = ops.shape(values)
    n_frames = ops.cast(shape[2], "float32") * ops.sum(run.window_counts, axis=1)[:, None]
    # Means over frames as matrix products, which are several times faster than sums over axes.
    shares = (ops.repeat(run.window_counts, shape[2], axis=1) / ops.maximum(n_frames, 1.0))[:, None, :]
    rows = ops.reshape(values, (shape[0], -1, values.shape[3]))
    mean = ops.matmul(shares, rows)
    centred = rows - mean
    variance = ops.matmul(shares, ops.square(centred))
    momentum = ops.where(n_frames > 0, MOVING_MOMENTUM, 1.0)
    run.remember(2, ops.stop_gradient(moving_mean * momentum + mean[:, 0] * (1 - momentum)))
    run.remember(1, ops.stop_gradient(moving_variance * momentum + variance[:, 0] * (1 - momentum)))
    scale = gamma[:, None, :] * ops.rsqrt(variance + NORMALIZATION_EPSILON)
    return ops.reshape(centred * scale + beta[:, None, :], shape)


def add_layer_normalization(run: StackedRun, values: Any) -> Any:
    """Return `values` (M, N, W, F) normalised over the features of each frame (Ba, Kiros and Hinton 2016)."""
    gamma, beta = run.take(2)
    centred = values - ops.mean(values, axis=-1, keepdims=True)
    variance = ops.mean(ops.square(centred), axis=-1, keepdims=True)
    return centred * ops.rsqrt(variance + NORMALIZATION_EPSILON) * gamma[:, None, None, :] + beta[:, None, None, :]
