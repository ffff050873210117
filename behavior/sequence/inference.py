"""Probabilities of a whole recording from a model that is applied to windows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from behavior.row_blocks import RowBlocks
from behavior.sequence.windows import find_prediction_starts, make_fade, take_windows

__all__ = ["predict_recording", "resample_rows"]

WINDOWS_AT_ONCE = 32


def predict_recording(
    predict_windows: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]],
    features: npt.NDArray[np.floating] | RowBlocks,
    *,
    length: int,
    looks_back: bool = False,
) -> npt.NDArray[np.float32]:
    """Return the probability of each behavior in every frame, float32 of shape (..., T, K).

    Windows overlap by half and are averaged with weights that fade towards their ends, so that a frame at the edge of one window
    is in the middle of another.

    Parameters
    ----------
    predict_windows
        Maps windows (N, length, D) float32 to probabilities (..., N, length, K), the axes in front being models.
    features
        Shape (T, D).
    length
        Frames in a window.
    looks_back
        Whether a frame's probabilities depend on no later frame of its window; then they depend on none of the recording.
    """
    n_frames = len(features)
    starts = find_prediction_starts(n_frames, length, looks_back=looks_back)
    fade = make_fade(length)
    weight = np.zeros(n_frames + length)
    total: npt.NDArray[np.float64] | None = None
    for first in range(0, len(starts), WINDOWS_AT_ONCE):
        chosen = starts[first : first + WINDOWS_AT_ONCE]
        values = predict_windows(take_windows(features, chosen, length).astype(np.float32))
        if total is None:
            total = np.zeros((*values.shape[:-3], n_frames + length, values.shape[-1]))
        for number, start in enumerate(chosen):
            total[..., start : start + length, :] += fade[:, None] * values[..., number, :, :]
            weight[start : start + length] += fade
    assert total is not None
    return np.clip(total[..., :n_frames, :] / weight[:n_frames, None], 0.0, 1.0).astype(np.float32)


def resample_rows(
    values: npt.NDArray[np.floating] | RowBlocks, time_s: npt.NDArray[np.float64], new_time_s: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """Return `values` (T, D), known at `time_s` (T,), at `new_time_s` (N,) by linear interpolation: float32 of shape (N, D).

    Times outside those known get the first or the last row.
    """
    if len(time_s) == 1:
        return np.repeat(values[:].astype(np.float32), len(new_time_s), axis=0)
    right = np.clip(np.searchsorted(time_s, new_time_s), 1, len(time_s) - 1)
    left = right - 1
    # Two frames may carry one stamp; then either will do.
    interval = np.maximum(time_s[right] - time_s[left], np.finfo(np.float64).tiny)
    share = np.clip((new_time_s - time_s[left]) / interval, 0.0, 1.0).astype(np.float32)[:, None]
    return values[left] * (1 - share) + values[right] * share
