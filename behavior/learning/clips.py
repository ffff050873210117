"""Recordings cut into clips of a few seconds, and what is known of each: labels, features, and how unsure a model is of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.recording import find_bouts

__all__ = ["Clips", "describe_clips"]

# Of the frames of a clip, so many that nobody has looked at make it worth a look.
_LEAST_NEW = 0.5


@dataclass(frozen=True)
class Clips:
    """A recording cut into clips, and what is known about each.

    Attributes
    ----------
    recording
        Its id.
    spans
        Frames [start, stop) of each clip, int64 of shape (N, 2); they follow on each other and cover the recording.
    new
        The longest part [start, stop) of each clip that nobody has looked at or was asked to, int64 of shape (N, 2); empty where that is
        less than half of it.
    is_looked_at
        Whether people have looked at the whole clip, bool of shape (N,).
    vectors
        Mean and standard deviation of each feature over the clip, float32 of shape (N, V); None without features.
    doubt
        How unsure the model is of each behavior, in bits a frame, float32 of shape (N, B); None without a model. NaN for a behavior that
        it does not know.
    doubtful
        The probability of each behavior in the frame of the clip where the model is most unsure of it, float32 of shape (N, B).
    """

    recording: str
    spans: npt.NDArray[np.int64]
    new: npt.NDArray[np.int64]
    is_looked_at: npt.NDArray[np.bool_]
    vectors: npt.NDArray[np.float32] | None = None
    doubt: npt.NDArray[np.float32] | None = None
    doubtful: npt.NDArray[np.float32] | None = None

    @property
    def is_new(self) -> npt.NDArray[np.bool_]:
        """Whether a clip may be suggested, shape (N,)."""
        return self.new[:, 0] < self.new[:, 1]


def describe_clips(
    recording: str,
    looked_at: npt.NDArray[np.bool_],
    *,
    length: int,
    asked: npt.NDArray[np.bool_] | None = None,
    features: npt.NDArray[np.floating] | None = None,
    row_frames: npt.NDArray[np.int64] | None = None,
    members: Sequence[npt.NDArray[np.float32]] = (),
) -> Clips:
    """Cut a recording of T frames into clips of `length` frames, the last one shorter or up to half longer.

    Parameters
    ----------
    recording
        Its id.
    looked_at
        Bool of shape (T,): frames whose labels are known.
    asked
        Bool of shape (T,): frames of clips that people were asked to label before, whatever they decided; None for none.
    features
        Shape (N, D); None where there are none.
    row_frames
        The frame of each row of features, shape (N,), never decreasing; None where each of T frames has its row.
    members
        The calibrated probabilities (T, B) of each member of an ensemble, at least one; none without a model.

    Raises
    ------
    ValueError
        If `length` is below 1, or an array has another number of frames.
    """
    n_frames = len(looked_at)
    asked = np.zeros(n_frames, dtype=np.bool_) if asked is None else asked
    n_rows = n_frames if row_frames is None else len(row_frames)
    if length < 1 or any(len(array) != n_frames for array in (asked, *members)) or (features is not None and len(features) != n_rows):
        raise ValueError(f"clips of {length} frames cannot be cut from arrays of other lengths than {n_frames}")
    spans = _cut(n_frames, length)
    known = looked_at | asked
    doubt, doubtful = _measure_doubt(spans, members) if len(members) else (None, None)
    return Clips(
        recording,
        spans,
        np.array([_find_new(known[start:stop], start) for start, stop in spans.tolist()], dtype=np.int64).reshape(-1, 2),
        np.array([bool(looked_at[start:stop].all()) for start, stop in spans.tolist()], dtype=np.bool_),
        None if features is None else _summarise(_find_rows(spans, row_frames), features),
        doubt,
        doubtful,
    )


def _cut(n_frames: int, length: int) -> npt.NDArray[np.int64]:
    starts = np.arange(0, n_frames, length)
    if len(starts) > 1 and n_frames - starts[-1] < length / 2:
        starts = starts[:-1]
    return np.column_stack((starts, np.append(starts[1:], n_frames))).astype(np.int64)[: len(starts)]


def _find_new(known: npt.NDArray[np.bool_], first: int) -> tuple[int, int]:
    """Return the longest run of frames that are not known, which begin at frame `first`; an empty one if it is short."""
    runs = find_bouts(~known)
    if not len(runs):
        return first, first
    start, stop = runs[np.argmax(runs[:, 1] - runs[:, 0])].tolist()
    return (first + start, first + stop) if stop - start >= _LEAST_NEW * len(known) else (first, first)


def _find_rows(spans: npt.NDArray[np.int64], row_frames: npt.NDArray[np.int64] | None) -> npt.NDArray[np.int64]:
    """Return the rows [start, stop) of the frames of clips, shape (N, 2): of a clip in which there is none, the one before it."""
    if row_frames is None:
        return spans
    rows = np.searchsorted(row_frames, spans)
    is_empty = rows[:, 0] == rows[:, 1]
    rows[is_empty, 0] = np.maximum(rows[is_empty, 0] - 1, 0)
    rows[:, 1] = np.maximum(rows[:, 1], rows[:, 0] + 1)
    return rows.astype(np.int64)


def _summarise(spans: npt.NDArray[np.int64], features: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Return mean and standard deviation of features (R, D) over the rows of clips, float32 of shape (N, 2 D)."""
    rows = np.empty((len(spans), 2 * features.shape[1]), dtype=np.float32)
    for number, (start, stop) in enumerate(spans.tolist()):
        part = features[start:stop].astype(np.float32)
        rows[number] = np.concatenate((part.mean(axis=0), part.std(axis=0)))
    return rows


def _measure_doubt(
    spans: npt.NDArray[np.int64], members: Sequence[npt.NDArray[np.float32]]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return how unsure an ensemble is of each behavior in each clip, and its probability where it is most unsure, both (N, B).

    Doubt is the entropy of the mean of the members, which is what they doubt themselves and what they disagree on (Houlsby et al. 2011,
    arXiv:1112.5745), plus the latter once more: labels settle a disagreement, but not what looks the same to people, too.
    """
    stacked = np.stack(members).astype(np.float64)
    n_known = np.maximum((~np.isnan(stacked)).sum(axis=0), 1)
    mean = np.where(np.isnan(stacked).all(axis=0), np.nan, np.nansum(stacked, axis=0) / n_known)
    total = _entropy(mean)
    disagreement = total - np.nansum(_entropy(stacked), axis=0) / n_known
    doubt = total + np.maximum(disagreement, 0.0)
    worst = np.array([start + np.nan_to_num(doubt[start:stop], nan=-1.0).argmax(axis=0) for start, stop in spans.tolist()])
    doubtful = mean[worst, np.arange(mean.shape[1])]
    return np.array([doubt[start:stop].mean(axis=0) for start, stop in spans.tolist()], dtype=np.float32), doubtful.astype(np.float32)


def _entropy(probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the entropy in bits of events with these probabilities."""
    values = np.clip(probabilities, 1e-7, 1 - 1e-7)
    return -(values * np.log2(values) + (1 - values) * np.log2(1 - values))
