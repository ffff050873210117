"""Whether probabilities mean what they say: of the frames at 0.3, three in ten should be positive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["ReliabilityCurve", "brier_score", "reliability_curve"]


@dataclass(frozen=True)
class ReliabilityCurve:
    """Probabilities and the share of frames that are positive, by bins of probability.

    Attributes
    ----------
    edges
        Of the N bins, float64 of shape (N + 1,), from 0 to 1. A bin holds its lower edge; the last one holds 1 too.
    counts
        Labelled frames in each bin, int64 of shape (N,).
    mean_probability, observed_share
        Of the frames of each bin: mean probability, and share that is labelled positive, float64 of shape (N,); NaN in an empty bin.
    brier_score
        Over all frames, see the function of that name.
    """

    edges: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    mean_probability: npt.NDArray[np.float64]
    observed_share: npt.NDArray[np.float64]
    brier_score: float

    @property
    def prevalence(self) -> float:
        """Share of the labelled frames that is positive; NaN without a frame."""
        total = int(self.counts.sum())
        return float(np.nansum(self.counts * self.observed_share) / total) if total else float("nan")


def brier_score(labels: npt.NDArray[np.int8], probabilities: npt.NDArray[np.floating]) -> float:
    """Return the mean squared difference of probability and label (1 or 0); NaN without a frame that has both.

    Parameters
    ----------
    labels
        1, 0, or -1 for a frame that nobody labelled, shape (T,).
    probabilities
        Shape (T,). Frames with label -1, and those with NaN, are left out.

    Raises
    ------
    ValueError
        If the arrays differ in shape.

    Notes
    -----
    Brier (1950), Verification of forecasts expressed in terms of probability, Monthly Weather Review 78, 1-3, in the form for one
    event, which is half of his. Saying the prevalence p for every frame scores p (1 - p).

    Examples
    --------
    >>> brier_score(np.array([1, 0, -1]), np.array([0.5, 0.5, 1.0]))
    0.25
    """
    positive, given = _select(labels, probabilities)
    return float(np.mean((given - positive) ** 2)) if len(given) else float("nan")


def reliability_curve(labels: npt.NDArray[np.int8], probabilities: npt.NDArray[np.floating], *, n_bins: int = 10) -> ReliabilityCurve:
    """Compare, in bins of equal width, the mean probability with the share of frames that is positive.

    Parameters
    ----------
    labels, probabilities
        As `brier_score` takes them, probabilities in [0, 1].
    n_bins
        Number of bins.

    Raises
    ------
    ValueError
        If the arrays differ in shape, probabilities lie outside [0, 1], or there is no bin.

    Notes
    -----
    Murphy and Winkler (1977), Reliability of subjective probability forecasts of precipitation and temperature, Applied Statistics
    26, 41-47.

    Examples
    --------
    >>> curve = reliability_curve(np.array([0, 1, 1, 1]), np.array([0.25, 0.25, 0.75, 0.75]), n_bins=2)
    >>> curve.counts.tolist(), curve.mean_probability.tolist(), curve.observed_share.tolist()
    ([2, 2], [0.25, 0.75], [0.5, 1.0])
    """
    if n_bins < 1:
        raise ValueError(f"n_bins is {n_bins}, expected 1 or more")
    positive, given = _select(labels, probabilities)
    if np.any((given < 0) | (given > 1)):
        raise ValueError("probabilities lie outside [0, 1]")
    edges = np.arange(n_bins + 1) / n_bins
    # Compared with the edges in the precision they were given in: a float32 of 0.3 belongs to the bin from 0.3.
    bins = np.searchsorted(edges[1:-1].astype(np.asarray(probabilities).dtype).astype(np.float64), given, side="right")
    counts = np.bincount(bins, minlength=n_bins)
    sums = np.bincount(bins, weights=given, minlength=n_bins)
    seen = np.bincount(bins, weights=positive, minlength=n_bins)
    nothing = np.full(n_bins, np.nan)
    return ReliabilityCurve(
        edges=edges,
        counts=counts.astype(np.int64),
        mean_probability=np.divide(sums, counts, out=nothing.copy(), where=counts > 0),
        observed_share=np.divide(seen, counts, out=nothing, where=counts > 0),
        brier_score=brier_score(labels, probabilities),
    )


def _select(labels: npt.NDArray, probabilities: npt.NDArray) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return 1 or 0, and the probability, of the frames that have both."""
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    if labels.ndim != 1 or labels.shape != probabilities.shape:
        raise ValueError(f"labels and probabilities have shapes {labels.shape} and {probabilities.shape}, expected one shape (T,)")
    used = (labels != -1) & ~np.isnan(probabilities)
    return (labels[used] == 1).astype(np.float64), probabilities[used].astype(np.float64)
