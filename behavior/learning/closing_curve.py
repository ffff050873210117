"""What closing gaps does to scores: the same probabilities scored before closing and at each of many closing lengths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.metrics.frames import count_frames, rate_frames
from behavior.metrics.segments import SEGMENT_COUNTS, count_segments, rate_segments
from behavior.postprocess import clean_decisions
from behavior.recording import Labels

__all__ = ["METRICS", "choose_best", "score_closing"]

_FRAME_METRICS = ("precision", "recall", "f1")
METRICS = (*_FRAME_METRICS, "segment_f1_50", *SEGMENT_COUNTS)

# Scores nearer to each other than this are the same fraction, rounded differently.
_SAME_SCORE = 1e-12


def score_closing(
    labels: Labels,
    probabilities: npt.NDArray[np.floating],
    *,
    threshold: float,
    lengths: Sequence[int] | npt.NDArray[np.integer],
) -> pd.DataFrame:
    """Score one recording's probabilities after the threshold alone, and after closing with each length.

    Parameters
    ----------
    labels
        Frames with -1 count nowhere.
    probabilities
        Shape (T, B), in the order of the labels' behaviors; NaN is decided negative.
    threshold
        Of all behaviors.
    lengths
        Closing lengths in frames, as `close_gaps` takes them, from 1 on.

    Returns
    -------
    Columns behavior, closing_frames and those of `METRICS`; for each behavior a row with closing_frames 0, which is before closing, then
    one for each length. What is undefined is NaN.

    Raises
    ------
    ValueError
        If the shapes do not match, or there is no length from 1 on.
    """
    closings = np.asarray(lengths, dtype=np.int64)
    if closings.ndim != 1 or not len(closings) or closings.min() < 1:
        raise ValueError(f"closing lengths are {closings.tolist()}, expected numbers of frames from 1 on")
    if probabilities.shape != labels.values.shape:
        raise ValueError(f"probabilities and labels have shapes {probabilities.shape} and {labels.values.shape}, expected one shape")
    n_behaviors = len(labels.behaviors)
    rows = []
    for closing in (0, *closings.tolist()):
        _, closed = clean_decisions(
            probabilities,
            thresholds=np.full(n_behaviors, threshold),
            closing_frames=np.full(n_behaviors, closing),
            min_bout_frames=np.zeros(n_behaviors, dtype=np.int64),
        )
        for column, behavior in enumerate(labels.behaviors):
            scores = _score(labels.values[:, column], closed[:, column])
            rows.append({"behavior": behavior, "closing_frames": closing, **scores})
    table = pd.DataFrame(rows, columns=["behavior", "closing_frames", *METRICS])
    order = {behavior: place for place, behavior in enumerate(labels.behaviors)}
    return table.sort_values("behavior", key=lambda names: names.map(order), kind="stable", ignore_index=True)


def choose_best(table: pd.DataFrame, behavior: str, metric: str) -> tuple[float, int, float]:
    """Return a behavior's score before closing, the length that scores highest, the shortest of such, and its score.

    The length is 0 where no length is better than none, and where nothing is defined.

    >>> table = pd.DataFrame({"behavior": "rear", "closing_frames": [0, 1, 2, 3], "f1": [0.5, 0.5, 0.75, 0.75]})
    >>> choose_best(table, "rear", "f1")
    (0.5, 2, 0.75)
    """
    rows = table[table["behavior"] == behavior]
    before = float(rows.loc[rows["closing_frames"] == 0, metric].iloc[0])
    best = float(rows[metric].max())
    is_best = rows[metric] >= best - _SAME_SCORE
    return before, int(rows.loc[is_best, "closing_frames"].min()) if is_best.any() else 0, best


def _score(labels: npt.NDArray[np.int8], decisions: npt.NDArray[np.bool_]) -> dict[str, float]:
    frames, segments = rate_frames(count_frames(labels, decisions)), count_segments(labels, decisions)
    return {
        **{name: float(frames[name]) for name in _FRAME_METRICS},
        "segment_f1_50": float(rate_segments(segments)["segment_f1_50"]),
        **{name: segments[name] for name in SEGMENT_COUNTS},
    }
