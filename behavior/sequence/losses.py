"""What stacked models are fitted to: one loss per model."""

from __future__ import annotations

from typing import Any

from keras import ops

__all__ = ["compare_frames", "measure_jumps"]

# Farha and Gall (2019) cut a jump's size there.
LARGEST_JUMP = 4.0


def compare_frames(logits: Any, labels: Any, *, class_weights: Any, counts: Any) -> Any:
    """Return each model's weighted binary cross-entropy, shape (M,).

    Parameters
    ----------
    logits
        Shape (M, N, W, K).
    labels
        1, 0, or -1 for a frame without a part, float32 of shape (M, N, W, K).
    class_weights
        Weights of a negative and of a positive frame, shape (M, K, 2).
    counts
        How often a model counts a window, 0 where it must not see it, shape (M, N).

    Returns
    -------
    A window's loss is the mean of weight x loss over the frames that have a part in it, summed over the K behaviors; a model's is the
    mean over the windows that it counts.
    """
    visible = ops.cast(labels >= 0, "float32")
    truth = ops.maximum(labels, 0.0)
    weights = class_weights[:, None, None, :, 0] * (1.0 - truth) + class_weights[:, None, None, :, 1] * truth
    cross_entropy = ops.maximum(logits, 0.0) - logits * truth + ops.log1p(ops.exp(-ops.abs(logits)))
    return _average_windows(weights * cross_entropy * visible, visible, counts)


def measure_jumps(logits: Any, labels: Any, *, counts: Any) -> Any:
    """Return each model's truncated mean squared change of log-probability from frame to frame, shape (M,).

    Arguments as for `compare_frames`. Farha and Gall (2019), MS-TCN, arXiv:1903.01945, equations 8 to 10, with presence and absence
    as the two classes; a frame is compared with its predecessor as it is, and only where both have a part.
    """
    visible = ops.cast((labels[:, :, 1:] >= 0) & (labels[:, :, :-1] >= 0), "float32")
    total: Any = 0.0
    for sign in (1.0, -1.0):
        # The logarithm of a sigmoid.
        log_probability = -ops.softplus(-sign * logits)
        jump = ops.abs(log_probability[:, :, 1:] - ops.stop_gradient(log_probability[:, :, :-1]))
        total = total + ops.square(ops.minimum(jump, LARGEST_JUMP)) / 2.0
    return _average_windows(total * visible, visible, counts)


def _average_windows(losses: Any, visible: Any, counts: Any) -> Any:
    """Return the mean over each window's visible frames, summed over behaviors, averaged over the windows that each model counts."""
    per_window = ops.sum(ops.sum(losses, axis=2) / ops.maximum(ops.sum(visible, axis=2), 1.0), axis=-1)
    return ops.sum(per_window * counts, axis=1) / ops.maximum(ops.sum(counts, axis=1), 1.0)
