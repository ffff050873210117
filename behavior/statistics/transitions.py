"""Which behavior follows which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.frame_times import find_gaps, frame_edges
from behavior.recording import find_bouts
from behavior.statistics.bouts import WHOLE
from behavior.statistics.time_bins import assign_bins, make_bin_edges

__all__ = ["TRANSITION_COLUMNS", "count_transitions", "find_probabilities", "tabulate_transitions"]

TRANSITION_COLUMNS = ("bin", "from", "to", "count", "probability")


def count_transitions(
    values: npt.NDArray[np.bool_],
    edges: npt.NDArray[np.float64],
    *,
    observed: npt.NDArray[np.bool_] | None = None,
    bin_edges: npt.NDArray[np.float64] | None = None,
) -> npt.NDArray[np.int64]:
    """Count how often a bout of one behavior is followed by one of another, or of the same.

    Behaviors may overlap, so what counts are the starts of bouts: a bout is followed by the bout that starts next after it has started,
    whether or not it has stopped by then. Where several bouts start on that next frame, there is a transition to each of them. Frames
    without any behavior lie between transitions and are none themselves.

    Parameters
    ----------
    values
        Which behaviors are shown, shape (T, B).
    edges, bin_edges
        As `describe_bouts` takes them, shapes (T + 1,) and (K + 1,). A transition belongs to the bin in which its second bout starts, so
        that the bins add up to the whole.
    observed
        False for frames that nobody observed, shape (T, B). No transition is counted across a frame on which any of the behaviors was
        not observed, nor across a gap (`frame_times.find_gaps`): a bout may have been missed there.

    Returns
    -------
    Int64 of shape (K, B, B): bin, from, to.

    Examples
    --------
    >>> values = np.array([[1, 0], [0, 0], [0, 1], [1, 1]], dtype=bool)
    >>> count_transitions(values, np.arange(5.0)).tolist()
    [[[0, 1], [1, 0]]]
    """
    values = np.asarray(values, dtype=bool)
    observed = np.ones_like(values) if observed is None else np.asarray(observed, dtype=bool)
    if values.ndim != 2 or observed.shape != values.shape or edges.shape != (len(values) + 1,):
        raise ValueError(
            f"values, observed and edges have shapes {values.shape}, {observed.shape} and {edges.shape}, expected (T, B) twice and (T + 1,)"
        )
    if bin_edges is None:
        bin_edges = make_bin_edges(edges, None)
    n_behaviors = values.shape[1]
    counts = np.zeros((len(bin_edges) - 1, n_behaviors, n_behaviors), dtype=np.int64)
    gaps = find_gaps(edges)
    started = np.zeros(values.shape, dtype=bool)
    for column in range(n_behaviors):
        started[find_bouts(values[:, column] & observed[:, column], gaps)[:, 0], column] = True
    frames = np.flatnonzero(started.any(axis=1))
    unseen_before = np.concatenate(([0], np.cumsum(~observed.all(axis=1) | gaps)))
    known = unseen_before[frames[1:]] == unseen_before[frames[:-1]]
    bins = assign_bins(edges[frames], bin_edges)
    for before, after, number in zip(frames[:-1][known], frames[1:][known], bins[1:][known], strict=True):
        counts[number] += np.outer(started[before], started[after])
    return counts


def find_probabilities(counts: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """Return the share of each transition among all from the same behavior, NaN where there is none from it; shape as `counts`.

    The last two axes of `counts` are from and to.

    >>> find_probabilities(np.array([[0, 3], [0, 0]])).tolist()
    [[0.0, 1.0], [nan, nan]]
    """
    totals = counts.sum(axis=-1, keepdims=True)
    return np.divide(counts, totals, out=np.full(counts.shape, np.nan), where=totals > 0)


def tabulate_transitions(
    values: npt.NDArray[np.bool_],
    behaviors: Sequence[str],
    time_s: npt.NDArray[np.float64],
    *,
    observed: npt.NDArray[np.bool_] | None = None,
    bin_s: float | None = None,
    fps: float | None = None,
) -> pd.DataFrame:
    """Count the transitions of one recording, as a whole and in bins; arguments as `describe_behaviors` takes them.

    Returns
    -------
    Table with the columns of `TRANSITION_COLUMNS` and a row for each pair of behaviors, transitions that never happen included; their
    `probability` is 0 where others from that behavior happen, else NaN. `bin` as in `describe_behaviors`.

    Examples
    --------
    >>> values = np.array([[1, 0], [0, 1], [0, 0], [1, 0]], dtype=bool)
    >>> table = tabulate_transitions(values, ["grooming", "rearing"], np.arange(4.0))
    >>> table.loc[table["count"] > 0, ["from", "to", "count"]].to_numpy().tolist()
    [['grooming', 'rearing', 1], ['rearing', 'grooming', 1]]
    """
    edges = frame_edges(time_s, fps)
    tables = []
    for length in [None] + ([] if bin_s is None else [bin_s]):
        bin_edges = make_bin_edges(edges, length)
        counts = count_transitions(values, edges, observed=observed, bin_edges=bin_edges)
        names = np.array([WHOLE]) if length is None else bin_edges[:-1] - bin_edges[0]
        n_bins, n_behaviors = counts.shape[:2]
        spelled = np.array(list(behaviors), dtype=object)
        tables.append(
            pd.DataFrame(
                {
                    "bin": np.repeat(names, n_behaviors**2),
                    "from": np.tile(np.repeat(spelled, n_behaviors), n_bins),
                    "to": np.tile(spelled, n_bins * n_behaviors),
                    "count": counts.ravel(),
                    "probability": find_probabilities(counts).ravel(),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)
