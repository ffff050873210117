"""Stretches of a recording that are described on their own: their edges, and the time that falls into each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from behavior.frame_times import frame_stops

__all__ = ["ROUNDING_S", "assign_bins", "find_latencies", "make_bin_edges", "measure_in_bins"]

Edges = npt.NDArray[np.float64]

# Time stamps are sums and quotients: a frame that starts this much before a bin starts with it, and less time than this is none.
ROUNDING_S = 1e-6


def make_bin_edges(edges: Edges, bin_s: float | None) -> Edges:
    """Return the edges of the time bins of a recording.

    Parameters
    ----------
    edges
        Times at which frames start, and at which the last one stops, in seconds, shape (T + 1,), as `frame_edges` gives them.
    bin_s
        Length of a bin in seconds; None for a single bin that is the whole recording.

    Returns
    -------
    Float64 of shape (K + 1,), K at least 1. Bin k is ``[edges[0] + k * bin_s, edges[0] + (k + 1) * bin_s)``; the last one stops where
    the recording does. A rest of less than half a frame makes no bin of its own but belongs to the bin before it.

    Raises
    ------
    ValueError
        If `bin_s` is not above 0.

    Examples
    --------
    >>> make_bin_edges(np.arange(6.0), 2.0).tolist()
    [0.0, 2.0, 4.0, 5.0]
    """
    start, stop = float(edges[0]), float(edges[-1])
    if bin_s is None:
        return np.array([start, stop])
    if not bin_s > 0:
        raise ValueError(f"a bin is {bin_s} s long, expected more than 0")
    half_a_frame = float(np.median(np.diff(edges))) / 2 if len(edges) > 1 else 0.0
    n_bins = max(1, int(np.ceil((stop - start - half_a_frame) / bin_s)))
    return np.append(start + bin_s * np.arange(n_bins), stop)


def measure_in_bins(amounts: npt.NDArray[np.floating], edges: Edges, bin_edges: Edges) -> npt.NDArray[np.float64]:
    """Return how much of what was amassed frame by frame falls into each bin.

    Parameters
    ----------
    amounts
        Of each frame, shape (T,): its seconds where it counts and 0 where it does not, or a distance. A frame that lies across the edge
        of two bins is split at it, in proportion to time, so that the bins add up to the whole. Nothing falls into a gap
        (`frame_times.find_gaps`).
    edges, bin_edges
        In seconds, shapes (T + 1,) and (K + 1,).

    Returns
    -------
    Float64 of shape (K,).

    Examples
    --------
    >>> measure_in_bins(np.array([1.0, 0.0, 1.0]), np.arange(4.0), np.array([0.0, 2.5, 3.0])).tolist()
    [1.5, 0.5]
    """
    amassed = np.concatenate(([0.0], np.cumsum(amounts, dtype=np.float64)))
    stops = frame_stops(edges)
    # Where a gap follows, a frame stops before the next one starts, and nothing is amassed between the two.
    early = np.flatnonzero(stops < edges[1:])
    return np.diff(np.interp(bin_edges, np.insert(edges, early + 1, stops[early]), np.insert(amassed, early + 1, amassed[early + 1])))


def assign_bins(times: npt.NDArray[np.floating], bin_edges: Edges) -> npt.NDArray[np.int64]:
    """Return the bin, from 0 to K - 1, that each of `times` (N,) lies in; the last bin has its right edge too.

    >>> assign_bins(np.array([0.0, 2.0, 5.0]), np.array([0.0, 2.0, 4.0, 5.0])).tolist()
    [0, 1, 2]
    """
    bins = np.searchsorted(bin_edges, np.asarray(times) + ROUNDING_S, side="right") - 1
    return np.clip(bins, 0, len(bin_edges) - 2).astype(np.int64)


def find_latencies(
    times: npt.NDArray[np.floating], observed: npt.NDArray[np.bool_], edges: Edges, bin_edges: Edges
) -> npt.NDArray[np.float64]:
    """Return how long it takes in each bin until the first of `times` (N,), in seconds.

    The clock starts with the first observed moment of the bin, and runs on over frames that nobody observed, and over gaps; NaN for a bin
    that none of the times lies in. `observed` has shape (T,), `edges` (T + 1,), `bin_edges` (K + 1,); the result (K,).

    >>> find_latencies(np.array([1.5, 3.0]), np.ones(4, dtype=bool), np.arange(5.0), np.array([0.0, 2.0, 4.0])).tolist()
    [1.5, 1.0]
    """
    n_bins = len(bin_edges) - 1
    earliest = np.full(n_bins, np.inf)
    np.minimum.at(earliest, assign_bins(times, bin_edges), times)
    bins, seen = np.flatnonzero(np.isfinite(earliest)), np.flatnonzero(observed)
    # The first observed frame that ends after the bin has begun.
    first = np.searchsorted(frame_stops(edges)[seen], bin_edges[bins] + ROUNDING_S, side="right")
    began = np.maximum(edges[seen[np.minimum(first, len(seen) - 1)]], bin_edges[bins])
    latencies = np.full(n_bins, np.nan)
    latencies[bins] = np.maximum(earliest[bins] - began, 0.0)
    return latencies
