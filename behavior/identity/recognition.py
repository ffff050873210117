"""From fingerprints to log-probabilities: the mean fingerprint of each animal, and how near that of a crop is to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

__all__ = ["Prototypes", "Whitening", "normalize", "score_crops", "score_tracklets"]

Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int64]

# Of the cosines before there is anything to fit it on.
_FIRST_TEMPERATURE = 0.1


def normalize(vectors: Vectors) -> Floats:
    """Return vectors (M, D) at length 1, float64; a vector of zeros stays as it is.

    >>> normalize(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    vectors = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1.0)


@dataclass(frozen=True)
class Whitening:
    """Makes untrained fingerprints comparable: gives less weight to what varies within tracklets of one animal.

    Principal components, scaled so that their covariance within tracklets is the unit matrix (within-class covariance normalization,
    Hatch et al. 2006, Interspeech). No label is needed.

    Attributes
    ----------
    mean
        Of the vectors, float64 of shape (F,).
    matrix
        Float64 of shape (F, D).
    """

    mean: Floats
    matrix: Floats

    @classmethod
    def fit(cls, vectors: Vectors, owners: Integers, *, n_components: int = 32, shrinkage: float = 0.05) -> Whitening:
        """Fit on vectors (M, F) of the tracklets `owners` (M,); `shrinkage` is the share of the unit matrix in the covariance."""
        vectors = np.asarray(vectors, dtype=np.float64)
        mean = vectors.mean(axis=0)
        spread = vectors.std(axis=0)
        scale = np.where(spread > 1e-9 * max(float(spread.max()), 1e-12), 1.0 / np.where(spread > 0, spread, 1.0), 0.0)
        scaled = (vectors - mean) * scale
        if len(scaled) < scaled.shape[1]:
            # Fewer images than features: the same axes from the smaller side.
            kept = np.linalg.svd(scaled, full_matrices=False)[2][:n_components].T
        else:
            values, axes = np.linalg.eigh(scaled.T @ scaled / len(scaled))
            kept = axes[:, np.argsort(-values)[: min(n_components, len(values))]]
        projected = scaled @ kept
        rows = np.unique(owners, return_inverse=True)[1]
        counts = np.bincount(rows)
        sums = np.zeros((len(counts), projected.shape[1]))
        np.add.at(sums, rows, projected)
        within = projected - (sums / counts[:, None])[rows]
        covariance = within.T @ within / max(1, len(within) - len(counts))
        usual = float(np.trace(covariance)) / len(covariance)
        covariance = (1 - shrinkage) * covariance + (shrinkage * usual + 1e-9) * np.eye(len(covariance))
        return cls(mean, scale[:, None] * kept @ np.linalg.cholesky(np.linalg.inv(covariance)))

    def transform(self, vectors: Vectors) -> Floats:
        """Return vectors (M, F) as float64 of shape (M, D), at length 1."""
        return normalize((np.asarray(vectors, dtype=np.float64) - self.mean) @ self.matrix)


@dataclass(frozen=True)
class Prototypes:
    """What each of K animals looks like.

    Attributes
    ----------
    means
        Mean fingerprint at length 1, float64 of shape (K, D).
    temperature
        Of the cosines: small where fingerprints tell animals apart surely.
    trust
        How much the log-probabilities of the crops of one tracklet, which are much alike, count together: 1 if they were independent.
    """

    means: Floats
    temperature: float = _FIRST_TEMPERATURE
    trust: float = 1.0

    def weigh_crops(self, vectors: Vectors) -> Floats:
        """Return the log-probability of each animal for fingerprints (M, D), float64 of shape (M, K)."""
        logs: Floats = log_softmax(normalize(vectors) @ self.means.T / self.temperature, axis=1)
        return logs

    def weigh_tracklets(self, vectors: Vectors, owners: Integers, n_tracklets: int) -> Floats:
        """Return the log-probability of each animal for whole tracklets, float64 of shape (N, K): the sum over their crops.

        `owners` (M,) says which tracklet a crop is of; a tracklet without crops may be any animal.
        """
        sums = _sum_rows(self.weigh_crops(vectors), owners, n_tracklets)
        logs: Floats = log_softmax(self.trust * sums, axis=1)
        return logs


def score_crops(
    vectors: Vectors, owners: Integers, identities: Integers, n_identities: int, *, calibrate: bool
) -> tuple[Prototypes, Floats]:
    """Return the prototypes that tracklets of these identities give, and the log-probabilities (M, K) of each crop by other tracklets.

    A crop is never compared with a prototype that its tracklet is a part of, unless that is the only one of its animal.

    Parameters
    ----------
    vectors
        Fingerprints of shape (M, D).
    owners
        Tracklet of each, (M,).
    identities
        Animal of each tracklet, (N,); negative where it is not known yet.
    n_identities
        Number of animals K.
    calibrate
        Whether to fit temperature and trust, so that the identities given have the largest likelihood.
    """
    vectors = normalize(vectors)
    n_tracklets = len(identities)
    sums = _sum_rows(vectors, owners, n_tracklets)
    known = identities >= 0
    totals = np.zeros((n_identities, vectors.shape[1]))
    np.add.at(totals, identities[known], sums[known])
    n_parts = np.bincount(identities[known & (np.bincount(owners, minlength=n_tracklets) > 0)], minlength=n_identities)
    has_others = known & (n_parts[np.maximum(identities, 0)] > 1)
    cosines = vectors @ normalize(totals).T
    own = identities[owners]
    compared = np.flatnonzero(has_others[owners])
    rest = normalize(totals[own[compared]] - sums[owners[compared]])
    cosines[compared, own[compared]] = (vectors[compared] * rest).sum(axis=1)
    temperature, trust = _FIRST_TEMPERATURE, 1.0
    if calibrate and len(compared):
        temperature = _fit(lambda value: log_softmax(cosines[compared] / value, axis=1)[np.arange(len(compared)), own[compared]], 0.02, 1.0)
    scored: Floats = log_softmax(cosines / temperature, axis=1)
    rows = np.flatnonzero(has_others & (np.bincount(owners, minlength=n_tracklets) > 0))
    if calibrate and len(rows):
        logs = _sum_rows(scored, owners, n_tracklets)
        trust = _fit(lambda value: log_softmax(value * logs[rows], axis=1)[np.arange(len(rows)), identities[rows]], 0.01, 1.0)
    return Prototypes(normalize(totals), temperature, trust), scored


def score_tracklets(
    vectors: Vectors, owners: Integers, identities: Integers, n_identities: int, *, calibrate: bool
) -> tuple[Prototypes, Floats]:
    """Return the prototypes that tracklets of these identities give, and the log-probabilities (N, K) of each tracklet by the others.

    Takes what `score_crops` takes; the crops of a tracklet count together as the prototypes' trust says.
    """
    prototypes, scored = score_crops(vectors, owners, identities, n_identities, calibrate=calibrate)
    logs: Floats = log_softmax(prototypes.trust * _sum_rows(scored, owners, len(identities)), axis=1)
    return prototypes, logs


def _fit(log_likelihoods: object, low: float, high: float) -> float:
    """Return the value between `low` and `high` with the largest mean log-likelihood."""
    assert callable(log_likelihoods)
    found = minimize_scalar(
        lambda log_value: -float(log_likelihoods(np.exp(log_value)).mean()), bounds=(np.log(low), np.log(high)), method="bounded"
    )
    return float(np.exp(found.x))


def _sum_rows(values: Floats, owners: Integers, n_tracklets: int) -> Floats:
    sums = np.zeros((n_tracklets, values.shape[1]))
    np.add.at(sums, owners, values)
    return sums
