"""How often, how long and how soon: one behavior in one recording, as a whole or in time bins."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.frame_times import find_gaps, frame_durations, frame_edges, frame_stops
from behavior.recording import find_bouts
from behavior.statistics.time_bins import ROUNDING_S, assign_bins, find_latencies, make_bin_edges, measure_in_bins

__all__ = ["BOUT_METRICS", "BOUT_TABLE_COLUMNS", "WHOLE", "describe_behaviors", "describe_bouts"]

BOUT_METRICS = (
    "observed_s",
    "bout_count",
    "total_s",
    "share",
    "bouts_per_minute",
    "mean_bout_s",
    "median_bout_s",
    "longest_bout_s",
    "latency_s",
    "mean_interval_s",
    "median_interval_s",
)
BOUT_TABLE_COLUMNS = ("behavior", "bin", "metric", "value")
# The bin of values that are of the whole recording; an empty cell in a file.
WHOLE = float("nan")


def describe_bouts(
    values: npt.NDArray[np.bool_],
    edges: npt.NDArray[np.float64],
    *,
    observed: npt.NDArray[np.bool_] | None = None,
    bin_edges: npt.NDArray[np.float64] | None = None,
) -> dict[str, npt.NDArray[np.float64]]:
    """Describe the bouts of one behavior.

    A bout belongs to the bin that it starts in, with all of its length, also where it goes on into the next; durations (`total_s`,
    `share`, `observed_s`) are split at the edges of bins. So both bout counts and total durations of the bins add up to those of the
    whole, but the mean bout of a bin times its count is not its total. A bout that touches the recording's first or last frame, a gap
    in which nothing was recorded (`frame_times.find_gaps`), or a frame that nobody observed, counts as it stands, though it may have been
    longer. Gaps do not count as observed time.

    Parameters
    ----------
    values
        Whether the behavior is shown, shape (T,).
    edges
        Times at which frames start, and at which the last one stops, in seconds, shape (T + 1,), as `frame_edges` gives them.
    observed
        False for frames that nobody observed, shape (T,): they have no place in any duration, no bout lasts over them, and no interval
        is measured across them. Every frame was observed where None.
    bin_edges
        As `make_bin_edges` gives them, shape (K + 1,); one bin, the whole recording, where None.

    Returns
    -------
    Float64 of shape (K,) for each of `BOUT_METRICS`, in seconds where the name ends with `_s`:

    - observed_s: time that was observed; all else is NaN where it is 0
    - bout_count: bouts that start in the bin
    - total_s: time that the behavior is shown
    - share: total_s divided by observed_s
    - bouts_per_minute: bout_count divided by observed_s / 60
    - mean_bout_s, median_bout_s, longest_bout_s: of the bouts that start in the bin; NaN where none does
    - latency_s: from the first observed moment of the bin to the start of its first bout; NaN where none starts
    - mean_interval_s, median_interval_s: from the stop of a bout to the start of the next, of intervals that end in the bin

    Raises
    ------
    ValueError
        If the arrays differ in length.

    Examples
    --------
    >>> metrics = describe_bouts(np.array([0, 1, 1, 0, 1], dtype=bool), np.arange(6) / 2)
    >>> metrics["bout_count"].tolist(), metrics["total_s"].tolist(), metrics["mean_interval_s"].tolist()
    ([2.0], [1.5], [0.5])
    """
    values = np.asarray(values, dtype=bool)
    observed = np.ones(len(values), dtype=bool) if observed is None else np.asarray(observed, dtype=bool)
    if values.ndim != 1 or observed.shape != values.shape or edges.shape != (len(values) + 1,):
        raise ValueError(
            f"values, observed and edges have shapes {values.shape}, {observed.shape} and {edges.shape}, expected (T,), (T,) and (T + 1,)"
        )
    if bin_edges is None:
        bin_edges = make_bin_edges(edges, None)
    shown = values & observed
    gaps, stops, durations = find_gaps(edges), frame_stops(edges), frame_durations(edges)
    observed_s = measure_in_bins(durations * observed, edges, bin_edges)
    total_s = measure_in_bins(durations * shown, edges, bin_edges)

    bouts = find_bouts(shown, gaps)
    starts, ends = edges[bouts[:, 0]], stops[bouts[:, 1] - 1]
    lengths = ends - starts
    bins = assign_bins(starts, bin_edges)
    n_bins = len(bin_edges) - 1
    counts = np.bincount(bins, minlength=n_bins).astype(np.float64)
    seen = observed_s > ROUNDING_S
    nothing = np.full(n_bins, np.nan)
    # Where nobody looked at a frame in between, another bout may have been missed.
    unseen_before = np.concatenate(([0], np.cumsum(~observed | gaps)))
    known = unseen_before[bouts[1:, 0]] == unseen_before[bouts[:-1, 1] - 1]
    intervals, interval_bins = (starts[1:] - ends[:-1])[known], bins[1:][known]
    return {
        "observed_s": observed_s,
        "bout_count": np.where(seen, counts, np.nan),
        "total_s": np.where(seen, total_s, np.nan),
        "share": np.divide(total_s, observed_s, out=nothing.copy(), where=seen),
        "bouts_per_minute": np.divide(60 * counts, observed_s, out=nothing.copy(), where=seen),
        "mean_bout_s": _summarize(lengths, bins, n_bins, np.mean),
        "median_bout_s": _summarize(lengths, bins, n_bins, np.median),
        "longest_bout_s": _summarize(lengths, bins, n_bins, np.max),
        "latency_s": find_latencies(starts, observed, edges, bin_edges),
        "mean_interval_s": _summarize(intervals, interval_bins, n_bins, np.mean),
        "median_interval_s": _summarize(intervals, interval_bins, n_bins, np.median),
    }


def describe_behaviors(
    values: npt.NDArray[np.bool_],
    behaviors: Sequence[str],
    time_s: npt.NDArray[np.float64],
    *,
    observed: npt.NDArray[np.bool_] | None = None,
    bin_s: float | None = None,
    fps: float | None = None,
) -> pd.DataFrame:
    """Describe all behaviors of one recording in a long table.

    Parameters
    ----------
    values, observed
        As `describe_bouts` takes their columns, shape (T, B).
    behaviors
        B names.
    time_s
        Times of the frames in seconds, shape (T,), increasing.
    bin_s
        Length of time bins in seconds; no bins where None.
    fps
        Gives the duration of the only frame where T is 1.

    Returns
    -------
    Table with the columns of `BOUT_TABLE_COLUMNS`. `bin` is the second, counted from the recording's first frame, at which a bin
    starts; NaN for the whole recording, which comes first.

    Examples
    --------
    >>> values = np.array([[1], [1], [0], [0]], dtype=bool)
    >>> table = describe_behaviors(values, ["grooming"], np.arange(4) / 2)
    >>> table.set_index("metric")["value"][["bout_count", "total_s", "share"]].tolist()
    [1.0, 1.0, 0.5]
    """
    edges = frame_edges(time_s, fps)
    if values.shape != (len(time_s), len(behaviors)) or (observed is not None and observed.shape != values.shape):
        raise ValueError(f"values have shape {values.shape}, expected {(len(time_s), len(behaviors))}, and observed the same")
    tables: list[pd.DataFrame] = []
    for bin_edges in [make_bin_edges(edges, None)] + ([] if bin_s is None else [make_bin_edges(edges, bin_s)]):
        is_whole = not tables
        names = np.array([WHOLE]) if is_whole else bin_edges[:-1] - bin_edges[0]
        for column, behavior in enumerate(behaviors):
            seen = None if observed is None else observed[:, column]
            metrics = describe_bouts(values[:, column], edges, observed=seen, bin_edges=bin_edges)
            # A bin's metrics stand together.
            numbers = np.stack([metrics[metric] for metric in BOUT_METRICS], axis=1)
            tables.append(
                pd.DataFrame(
                    {
                        "behavior": behavior,
                        "bin": np.repeat(names, len(BOUT_METRICS)),
                        "metric": np.tile(np.array(BOUT_METRICS, dtype=object), len(names)),
                        "value": numbers.ravel(),
                    }
                )
            )
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(BOUT_TABLE_COLUMNS))


def _summarize(
    amounts: npt.NDArray[np.float64], bins: npt.NDArray[np.int64], n_bins: int, summarize: Callable[[npt.NDArray[np.float64]], float]
) -> npt.NDArray[np.float64]:
    """Return `summarize` of the amounts of each bin, NaN where there is none; `bins` do not decrease."""
    summaries = np.full(n_bins, np.nan)
    numbers, firsts = np.unique(bins, return_index=True)
    for number, first, stop in zip(numbers.tolist(), firsts, np.append(firsts, len(bins))[1:], strict=True):
        summaries[number] = summarize(amounts[first:stop])
    return summaries
