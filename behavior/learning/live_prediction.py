"""Predicting while a recording goes on: whether a model can, and its probabilities frame by frame, those that the whole recording gets."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from behavior.config import POSE
from behavior.frame_times import have_same_rate
from behavior.learning.opened_model import OpenedMember, OpenedModel
from behavior.learning.prediction import arrange_members
from behavior.learning.variants import combine_members
from behavior.sequence.averaging import average_features

__all__ = ["LivePredictor", "count_ahead", "find_delay", "find_obstacle"]

Floats = npt.NDArray[np.float32]


def find_obstacle(model: OpenedModel, *, delay_s: float = 0.0) -> str:
    """Return why `model` cannot predict while a recording goes on, a sentence; "" where it can.

    Parameters
    ----------
    model
        With its networks.
    delay_s
        How many seconds later than its frame a probability may come.
    """
    description = model.description
    if model.imported:
        return f"{model.folder}: works on imported features ({', '.join(model.imported)}), which no camera gives; train on crops alone."
    if model.views:
        return f"{model.folder}: works on the views {', '.join(model.views)} besides the first, and this is one camera; train on one view."
    if any(stream.name == POSE for member in description.members for stream in member.streams):
        return f"{model.folder}: works on the stream pose, and a camera gives no pose; train with streams: [appearance]."
    if model.crop is None or model.crop.egocentric:
        return (
            f"{model.folder}: its crops are turned by the body axis of a pose, and a camera gives none; train with crop: "
            "{egocentric: false}."
        )
    needed_s = count_ahead(model) / description.fps
    if needed_s > delay_s:
        ahead = max(model.members, key=_count_member).description
        averaged = f" and averages of {ahead.average} frames" if ahead.average > 1 else ""
        return (
            f"{model.folder}: its head ({ahead.head.kind}{averaged}) looks at later frames, up to {needed_s:.4g} s; add --delay "
            f"{math.ceil(needed_s * 10) / 10:g}, or train a head that looks back only (lstm with bidirectional: false, tcn with causal: "
            "true, and features: {average: 1})."
        )
    return ""


def find_delay(model: OpenedModel, *, delay_s: float, fps: float) -> float:
    """Return how many seconds later than its frame a probability may come from a camera of `fps` frames a second, `delay_s` being allowed.

    A model that looks at the frames nearest to a grid in time knows those in between when it knows the next of the grid.
    """
    rate = model.description.sampling_fps
    return delay_s if rate is None or have_same_rate(fps, rate) else delay_s + 1 / rate


def count_ahead(model: OpenedModel) -> int:
    """Return how many frames have to follow one before its probabilities are known; 0 for a model that looks back only."""
    return max(_count_member(member) for member in model.members)


def _count_member(member: OpenedMember) -> int:
    average, n_ahead = member.description.average, member.model.n_ahead
    # A mean stands for the middle of its frames; those beyond are between it and the next one.
    return n_ahead if average == 1 else (n_ahead + 2) * average - 1 - (average - 1) // 2


class LivePredictor:
    """Predicts one stretch of frames without a gap, as `prediction.predict_probabilities` does once it is over.

    Parameters
    ----------
    model
        One that `find_obstacle` says nothing against.

    Raises
    ------
    ValueError
        If the weights of a network are not those of the head that is described.
    """

    def __init__(self, model: OpenedModel) -> None:
        self._description = model.description
        self._streams = [_MemberStream(member) for member in model.members]
        # What members have answered and others have not yet.
        self._waiting: list[Floats] = [np.empty((0, member.model.n_outputs), dtype=np.float32) for member in model.members]

    def advance(self, features: Sequence[npt.NDArray[np.floating]]) -> Floats:
        """Take the features of the next frame, (D,) for each member, and return the probabilities (N, B) that are known now, in order."""
        return self._combine([stream.advance(vector) for stream, vector in zip(self._streams, features, strict=True)])

    def finish(self) -> Floats:
        """Return the probabilities (N, B) of the frames that are left."""
        return self._combine([stream.finish() for stream in self._streams])

    def _combine(self, answered: Sequence[Floats]) -> Floats:
        self._waiting = [np.concatenate(pair) for pair in zip(self._waiting, answered, strict=True)]
        n_known = min(map(len, self._waiting))
        known = [values[:n_known] for values in self._waiting]
        self._waiting = [values[n_known:] for values in self._waiting]
        stacked = np.stack(arrange_members([member.behaviors for member in self._description.members], known, self._description.behaviors))
        return combine_members(stacked, self._description.combine)


class _MemberStream:
    """One member, frame by frame: averages, prepares, predicts, and spreads what was predicted, as `prediction` does for a whole."""

    def __init__(self, member: OpenedMember) -> None:
        self._stream = member.model.start_stream()
        self._preparation = member.preparation
        self._nothing: Floats = np.empty((0, member.model.n_outputs), dtype=np.float32)
        self._average = member.description.average
        self._gathered: list[npt.NDArray[np.floating]] = []
        # Frames that came and that were answered, vectors that were answered, and the last of these.
        self._n_frames = self._n_answered = self._n_predicted = 0
        self._before: Floats | None = None

    def advance(self, vector: npt.NDArray[np.floating]) -> Floats:
        self._n_frames += 1
        self._gathered.append(vector)
        if len(self._gathered) < self._average:
            return self._nothing
        return self._spread(self._take_gathered())

    def finish(self) -> Floats:
        parts = [self._take_gathered()] if self._gathered else []
        parts.append(self._stream.finish())
        spread = [self._spread(part) for part in parts]
        if self._average > 1 and self._before is not None:
            spread.append(np.repeat(self._before[None], self._n_frames - self._n_answered, axis=0))
        return np.concatenate(spread)

    def _take_gathered(self) -> Floats:
        rows = average_features(np.stack(self._gathered), self._average)
        self._gathered.clear()
        return self._stream.advance((rows if self._preparation is None else self._preparation.apply(rows))[0])

    def _spread(self, predicted: Floats) -> Floats:
        """Return the probabilities of the frames up to the middle of the last vector that was predicted."""
        if self._average == 1 or not len(predicted):
            return predicted
        parts: list[Floats] = []
        for values in predicted:
            middle = self._find_middle(self._n_predicted)
            frames = np.arange(self._n_answered, math.floor(middle) + 1)
            before = values if self._before is None else self._before
            knots = [self._find_middle(self._n_predicted - 1), middle]
            columns = [np.interp(frames, knots, pair) for pair in zip(before, values, strict=True)]
            parts.append(np.column_stack(columns).astype(np.float32))
            self._n_answered += len(frames)
            self._n_predicted += 1
            self._before = values
        return np.concatenate(parts)

    def _find_middle(self, vector: int) -> float:
        start = vector * self._average
        return start + (min(start + self._average, self._n_frames) - 1 - start) / 2
