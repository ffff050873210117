"""Recordings predicted vector by vector, to the numbers that predicting them as a whole gives (`contracts.FrameStream`)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from behavior.sequence.frame_steps import FrameSteps
from behavior.sequence.windows import make_fade, take_windows

__all__ = ["NeighbourhoodStream", "StepStream", "WindowStream"]

Floats = npt.NDArray[np.float32]


class StepStream:
    """A network that looks back only, in windows that overlap by half: each frame is answered at once.

    The windows are those of `predict_recording`. A network was trained on windows, so it is never shown a longer past than one: a window
    that is over begins again.

    Parameters
    ----------
    make_steps
        Makes the network's steps for a number of lanes.
    length
        Vectors in a window.
    n_outputs
        Number of behaviors, K.
    """

    def __init__(self, make_steps: Callable[[int], FrameSteps], length: int, n_outputs: int) -> None:
        self._n_outputs = n_outputs
        self._step = max(length // 2, 1)
        n_lanes = -(-length // self._step)
        self._steps = make_steps(n_lanes)
        self._fade = make_fade(length)
        self._length, self._n_frames = length, 0
        # The frame at which the window of each lane began; far away for those that did not yet.
        self._begun = np.full(n_lanes, -length, dtype=np.int64)

    def advance(self, vector: npt.NDArray[np.floating]) -> Floats:
        """Take the next vector (D,), and return its probabilities (1, K)."""
        frame = self._n_frames
        if frame % self._step == 0:
            lane = frame // self._step % len(self._begun)
            self._steps.begin(lane)
            self._begun[lane] = frame
        values = expit(self._steps.advance(np.asarray(vector, dtype=np.float32)))
        self._n_frames += 1
        position = frame - self._begun
        is_inside = position < self._length
        weights = self._fade[position[is_inside]].astype(np.float64)
        mean = weights @ values[is_inside] / weights.sum()
        return np.clip(mean, 0.0, 1.0).astype(np.float32)[None]

    def finish(self) -> Floats:
        """Return nothing, (0, K): every frame was answered."""
        return np.empty((0, self._n_outputs), dtype=np.float32)


class WindowStream:
    """A network that looks at later frames, in windows that overlap by half: a frame is answered when no window can reach it any more.

    Parameters
    ----------
    predict_windows
        Maps windows (N, length, D) float32 to probabilities (N, length, K).
    length
        Vectors in a window.
    n_outputs
        Number of behaviors, K.
    """

    def __init__(self, predict_windows: Callable[[Floats], Floats], length: int, n_outputs: int) -> None:
        self._n_outputs = n_outputs
        self._predict_windows = predict_windows
        self._length, self._step = length, max(length // 2, 1)
        self._fade = make_fade(length)
        # Of the frames that are not answered, the first of which is `_first`.
        self._vectors: list[npt.NDArray[np.floating]] = []
        self._total = np.zeros((0, n_outputs))
        self._weight = np.zeros(0)
        self._first = self._next_start = 0

    def advance(self, vector: npt.NDArray[np.floating]) -> Floats:
        """Take the next vector (D,), and return the probabilities (N, K) of the frames that have them now."""
        self._vectors.append(np.asarray(vector))
        n_frames = self._first + len(self._vectors)
        if n_frames == self._next_start + self._length:
            self._add_window(self._next_start)
            self._next_start += self._step
        # Should the recording end now, its last window would begin `length` frames before.
        return self._answer(n_frames - self._length)

    def finish(self) -> Floats:
        """Return the probabilities (N, K) of the frames that are left."""
        if not self._vectors:
            return np.empty((0, self._n_outputs), dtype=np.float32)
        n_frames = self._first + len(self._vectors)
        last = max(n_frames - self._length, 0)
        if last != self._next_start - self._step:
            self._add_window(last)
        return self._answer(n_frames)

    def _add_window(self, start: int) -> None:
        begin = start - self._first
        windows = take_windows(np.stack(self._vectors[begin:]), np.zeros(1, dtype=np.int64), self._length).astype(np.float32)
        values = np.asarray(self._predict_windows(windows))[0]
        n_needed = begin + self._length
        if n_needed > len(self._weight):
            n_new = n_needed - len(self._weight)
            self._total = np.pad(self._total, ((0, n_new), (0, 0)))
            self._weight = np.pad(self._weight, (0, n_new))
        self._total[begin:n_needed] += self._fade[:, None] * values
        self._weight[begin:n_needed] += self._fade

    def _answer(self, stop: int) -> Floats:
        """Return the probabilities of the frames before `stop`, which are forgotten."""
        n_known = max(stop - self._first, 0)
        answered = np.clip(self._total[:n_known] / self._weight[:n_known, None], 0.0, 1.0).astype(np.float32)
        if n_known:
            self._first += n_known
            del self._vectors[:n_known]
            self._total, self._weight = self._total[n_known:], self._weight[n_known:]
        return answered


class NeighbourhoodStream:
    """A model whose answer for a frame depends on the frames at most `reach` away.

    Parameters
    ----------
    predict
        Maps a stretch (T, D) to probabilities (T, K).
    reach
        How far a frame is looked around.
    n_outputs
        Number of behaviors, K.
    """

    def __init__(self, predict: Callable[[npt.NDArray[np.floating]], Floats], reach: int, n_outputs: int) -> None:
        self._n_outputs = n_outputs
        self._predict, self._reach = predict, reach
        # Those of the last frames that a frame to come may ask for, and how many of them are answered.
        self._vectors: list[npt.NDArray[np.floating]] = []
        self._n_answered = 0

    def advance(self, vector: npt.NDArray[np.floating]) -> Floats:
        """Take the next vector (D,), and return the probabilities (N, K) of the frames that have them now."""
        self._vectors.append(np.asarray(vector))
        return self._answer(len(self._vectors) - self._reach)

    def finish(self) -> Floats:
        """Return the probabilities (N, K) of the frames that are left."""
        return self._answer(len(self._vectors))

    def _answer(self, stop: int) -> Floats:
        if stop <= self._n_answered:
            return np.empty((0, self._n_outputs), dtype=np.float32)
        predicted = self._predict(np.stack(self._vectors))[self._n_answered : stop]
        forgotten = max(stop - self._reach, 0)
        del self._vectors[:forgotten]
        self._n_answered = stop - forgotten
        return predicted
