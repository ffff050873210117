"""How well several raters of the same recordings agree: what a model that is trained on their labels can reach at best."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.frame_times import frame_durations, frame_edges
from behavior.metrics.bootstrap import N_RESAMPLES
from behavior.metrics.tables import COLUMNS, POOLED, compare_study
from behavior.metrics.tallies import ALL_COUNTS, Comparison

__all__ = ["AGREEMENT_COLUMNS", "CEILING_COLUMNS", "OTHERS", "PAIRS", "score_agreement", "summarize_raters", "vote_majority"]

AGREEMENT_COLUMNS = ("rater", "against", *COLUMNS)
CEILING_COLUMNS = ("against", "behavior", "metric", "value", "low", "high", "raters")
# What a rater is compared with who is not compared with one other: the majority of them all, or one after the other.
OTHERS = "others"
PAIRS = "pairs"

_LabelsByRater = Mapping[str, Mapping[str, npt.NDArray[np.int8]]]


def vote_majority(labels: Sequence[npt.NDArray[np.int8]]) -> npt.NDArray[np.int8]:
    """Return what most raters say: 1 or 0, and -1 where as many say the one as the other, or nobody says anything.

    Parameters
    ----------
    labels
        1, 0, or -1 for a frame that this rater did not label, int8 of one shape; who did not label a frame has no vote on it.

    Examples
    --------
    >>> raters = [np.array([1, 1, 0, -1]), np.array([1, 0, 0, -1]), np.array([1, -1, 1, -1])]
    >>> vote_majority([rater.astype(np.int8) for rater in raters]).tolist()
    [1, -1, 0, -1]
    """
    balance = sum(np.where(rater == -1, 0, 2 * rater.astype(np.int64) - 1) for rater in labels)
    return np.where(balance > 0, 1, np.where(balance < 0, 0, -1)).astype(np.int8)


def score_agreement(
    labels: _LabelsByRater,
    behaviors: Sequence[str],
    *,
    time_s: Mapping[str, npt.NDArray[np.floating]] | None = None,
    n_resamples: int = N_RESAMPLES,
) -> pd.DataFrame:
    """Compare raters with each other, and each with the majority of the others.

    Parameters
    ----------
    labels
        By rater and recording: 1, 0, or -1 for a frame that this rater did not label, int8 of shape (T, B). Not every rater need have
        every recording.
    behaviors
        Names of the B columns.
    time_s
        Times of the frames in seconds, shape (T,), by recording; without them there are no errors in seconds.
    n_resamples
        Of the bootstrap over recordings.

    Returns
    -------
    Table with the columns of `AGREEMENT_COLUMNS`: `rater` and `against`, then what `score_study` says of the former as decisions and
    the latter as labels, without average precision, as people give no probabilities. First each pair, in the order of `labels` and
    both ways round (which exchanges precision and recall and turns the signs of errors, and leaves F1 and kappa as they are), over
    the recordings that both have. Then each rater against ``others``: the majority of the other raters of a recording, of which
    there is at least one.

    Notes
    -----
    Frames that either side did not label are left out, and cut bouts. Frames on which the others are split are left out as well, but
    do not cut bouts: there are some at the ends of almost every bout, where people differ by a few frames, and what is
    left of a bout is compared as one piece. Of a bout that only some of the others saw its ends may be left, which count as a bout: where
    it is bouts that matter, pairs say more. What is left out are the frames that people find hardest, so a rater agrees better with the
    majority of the others than with one of them.

    Raises
    ------
    ValueError
        If there are fewer than two raters, no two have a recording in common, or arrays differ in shape.

    Examples
    --------
    >>> raters = {name: {"m1": np.array([rows], dtype=np.int8).T} for name, rows in (("ann", [1, 1, 0, 0]), ("ben", [1, 0, 0, 0]))}
    >>> table = score_agreement(raters, ["grooming"])
    >>> row = table.query("rater == 'ann' and against == 'ben' and recording == 'pooled' and metric == 'precision'")
    >>> row["value"].tolist()
    [0.5]
    """
    if len(labels) < 2:
        raise ValueError(f"agreement takes at least two raters, found {len(labels)}")
    for name in (OTHERS, PAIRS):
        if name in labels:
            raise ValueError(f"a rater is called {name!r}, a name that the table keeps for itself")
    _require_shapes(labels, len(behaviors))
    parts = []
    for rater, against, sides in _list_comparisons(labels):
        comparisons = {
            behavior: {
                recording: _compare(held[:, column], others[:, column], None if time_s is None else time_s[recording])
                for recording, (held, others) in sides.items()
            }
            for column, behavior in enumerate(behaviors)
        }
        table = compare_study(comparisons, n_resamples=n_resamples)
        table.insert(0, "rater", rater)
        table.insert(1, "against", against)
        parts.append(table)
    if not parts:
        raise ValueError("no two raters have a recording in common")
    return pd.concat(parts, ignore_index=True)


def summarize_raters(table: pd.DataFrame) -> pd.DataFrame:
    """Return how well people agree, in one figure for each behavior and metric: the human ceiling.

    Parameters
    ----------
    table
        As `score_agreement` returns it.

    Returns
    -------
    Table with the columns of `CEILING_COLUMNS`: the mean, least and greatest of the pooled figures of each rater against ``others``,
    and of each against each other, if there are more than two (``pairs``), over those that have one; NaN where none has. `raters` is
    how many raters that are.
    """
    pooled = table[(table.recording == POOLED) & ~table.metric.isin(ALL_COUNTS)].dropna(subset="value")
    kinds = [OTHERS] if pooled.rater.nunique() == 2 else [OTHERS, PAIRS]
    parts = []
    for kind in kinds:
        rows = pooled[(pooled.against == OTHERS) == (kind == OTHERS)]
        grouped = rows.groupby(["behavior", "metric"], sort=False)
        part = grouped.agg(value=("value", "mean"), low=("value", "min"), high=("value", "max"), raters=("rater", "nunique"))
        parts.append(part.reset_index().assign(against=kind)[list(CEILING_COLUMNS)])
    return pd.concat(parts, ignore_index=True)


def _list_comparisons(
    labels: _LabelsByRater,
) -> Iterator[tuple[str, str, dict[str, tuple[npt.NDArray[np.int8], npt.NDArray[np.int8]]]]]:
    """Yield who is compared with whom, with the labels of both, by the recordings that both have."""
    for first, second in permutations(labels, 2):
        shared = {name: (values, labels[second][name]) for name, values in labels[first].items() if name in labels[second]}
        if shared:
            yield first, second, shared
    for rater in labels:
        sides = {}
        for name, values in labels[rater].items():
            others = [labels[other][name] for other in labels if other != rater and name in labels[other]]
            if others:
                # Where nobody voted no frame is known; where votes are equal there is no majority. `_compare` tells the two apart.
                sides[name] = (values, _mark_ties(others))
        if sides:
            yield rater, OTHERS, sides


# A frame on which raters are split, in the labels that a rater is compared with.
_TIE = -2


def _mark_ties(others: Sequence[npt.NDArray[np.int8]]) -> npt.NDArray[np.int8]:
    majority = vote_majority(others)
    somebody = np.any([rater != -1 for rater in others], axis=0)
    return np.where(somebody & (majority == -1), _TIE, majority).astype(np.int8)


def _compare(held: npt.NDArray[np.int8], against: npt.NDArray[np.int8], time_s: npt.NDArray[np.floating] | None) -> Comparison:
    """Return the comparison of one rater's labels of one behavior with others, shape (T,), without the frames of ties."""
    kept = against != _TIE
    labels = np.where(held == -1, -1, against)[kept].astype(np.int8)
    durations = None if time_s is None else frame_durations(frame_edges(np.asarray(time_s, dtype=np.float64)))
    return Comparison(
        labels=labels,
        decisions=held[kept] == 1,
        time_s=None if time_s is None else np.asarray(time_s)[kept],
        durations_s=None if durations is None else durations[kept],
    )


def _require_shapes(labels: _LabelsByRater, n_behaviors: int) -> None:
    lengths: dict[str, int] = {}
    for rater, by_recording in labels.items():
        for recording, values in by_recording.items():
            expected = (lengths.setdefault(recording, len(values)), n_behaviors)
            if values.shape != expected:
                raise ValueError(f"labels of {recording!r} by {rater!r} have shape {values.shape}, expected {expected}")
