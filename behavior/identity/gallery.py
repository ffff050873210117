"""Individuals that were met before: who a picture shows, or that it shows somebody new."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.special import expit, softmax

from behavior.identity.recognition import normalize

__all__ = ["NO_GUESS", "Answer", "Calibration", "Gallery", "average_rows", "decide_together", "draw_shots", "rank_guesses"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NO_GUESS = -1
# An individual is as near as the mean of its nearest few images.
_N_NEAREST = 3
_TEMPERATURES = np.geomspace(0.01, 1.0, 41)
_LEAST_QUERIES = 3


@dataclass(frozen=True)
class Answer:
    """Who Q queries may be.

    Attributes
    ----------
    guesses
        Individuals from the likeliest on, int64 of shape (Q, G); -1 where the gallery has fewer.
    probabilities
        Of the guesses, if the query is one of the gallery's individuals, float64 of shape (Q, G); 0 for no guess.
    new_probability
        How likely the query is somebody new, float64 of shape (Q,); NaN where that was not measured.
    similarity
        Cosine to the nearest individual, float64 of shape (Q,).
    """

    guesses: Integers
    probabilities: Floats
    new_probability: Floats
    similarity: Floats

    @property
    def is_new(self) -> npt.NDArray[np.bool_]:
        """Whether somebody new is likelier than not, bool of shape (Q,); False where that is not known."""
        return self.new_probability > 0.5


@dataclass(frozen=True)
class Calibration:
    """What a similarity means, measured on individuals and recordings that were left out.

    Attributes
    ----------
    temperature
        Of the cosines, for probabilities.
    threshold, steepness
        The similarity at which new and known are equally likely, and how fast that changes; None where it could not be measured.
    """

    temperature: float = 0.1
    threshold: float | None = None
    steepness: float | None = None

    @classmethod
    def fit(cls, similarities: Floats, truth: Integers) -> Calibration:
        """Fit on Q queries whose answer is known.

        Threshold and steepness are those of the logistic curve between known and new queries, both weighing the same; the temperature
        makes the right individuals of known queries likeliest. Fewer than three queries of a kind say nothing.

        Parameters
        ----------
        similarities
            To each individual, float64 of shape (Q, N); -inf to those that could not be an answer.
        truth
            Which individual it is, int64 of shape (Q,); -1 for a new one.
        """
        known = truth >= 0
        nearest = similarities.max(axis=1, initial=-np.inf)
        calibration = cls()
        if known.sum() >= _LEAST_QUERIES:
            rows = np.flatnonzero(known)
            likelihoods = [
                np.log(softmax(similarities[rows] / value, axis=1)[np.arange(len(rows)), truth[rows]] + 1e-12).mean()
                for value in _TEMPERATURES
            ]
            calibration = replace(calibration, temperature=float(_TEMPERATURES[np.argmax(likelihoods)]))
            if (~known).sum() >= _LEAST_QUERIES:
                threshold, steepness = _split(nearest[known], nearest[~known])
                calibration = replace(calibration, threshold=threshold, steepness=steepness)
        return calibration

    def weigh_new(self, similarity: Floats) -> Floats:
        """Return how likely queries with this similarity to the nearest individual are new, float64 of shape (Q,); NaN if not known."""
        if self.threshold is None or self.steepness is None:
            return np.full(len(similarity), np.nan)
        weighed: Floats = expit(self.steepness * (self.threshold - similarity))
        return weighed


@dataclass(frozen=True)
class Gallery:
    """Fingerprints of named individuals.

    Attributes
    ----------
    vectors
        One for each image, at length 1, float64 of shape (M, D).
    owners
        Which individual each is of, int64 of shape (M,), 0 to N - 1.
    names
        Of the N individuals.
    """

    vectors: Floats
    owners: Integers
    names: tuple[str, ...]

    @classmethod
    def enrol(cls, vectors: npt.NDArray[np.floating], owners: Integers, names: tuple[str, ...]) -> Gallery:
        """Return the gallery of `names` with the images' fingerprints (M, D) and their individuals (M,).

        Raises
        ------
        ValueError
            If a name is there twice, or an individual has no image.
        """
        if len(set(names)) != len(names):
            raise ValueError(f"names repeat: {', '.join(names)}; expected each individual once, with all of its images")
        if len(vectors) != len(owners):
            raise ValueError(f"{len(vectors)} vectors with {len(owners)} owners, expected as many of each")
        counts = np.bincount(owners, minlength=len(names)) if len(owners) else np.zeros(len(names), dtype=int)
        if len(counts) != len(names) or (counts == 0).any():
            raise ValueError(f"individuals have {counts.tolist()} images, expected at least one for each of the {len(names)} names")
        return cls(normalize(vectors), owners.astype(np.int64), names)

    def compare(self, vectors: npt.NDArray[np.floating], *, without: npt.NDArray[np.bool_] | None = None) -> Floats:
        """Return the similarity of queries (Q, D) to each individual, float64 of shape (Q, N): the mean cosine of its nearest three images.

        `without` (Q, M) says which images do not count for which query; an individual of whom nothing is left has -inf.
        """
        cosines = normalize(vectors) @ self.vectors.T
        if without is not None:
            cosines = np.where(without, -np.inf, cosines)
        similarities = np.full((len(cosines), len(self.names)), -np.inf)
        for individual in range(len(self.names)):
            nearest = -np.sort(-cosines[:, self.owners == individual], axis=1)[:, :_N_NEAREST]
            found = np.isfinite(nearest)
            totals = np.where(found, nearest, 0.0).sum(axis=1)
            similarities[:, individual] = np.where(found.any(axis=1), totals / np.maximum(found.sum(axis=1), 1), -np.inf)
        return similarities

    def query(
        self,
        vectors: npt.NDArray[np.floating],
        *,
        owners: Integers | None = None,
        calibration: Calibration | None = None,
        n_guesses: int = 5,
    ) -> Answer:
        """Return who the queries may be.

        Parameters
        ----------
        vectors
            Fingerprints of shape (M, D).
        owners
            Which query each belongs to, int64 of shape (M,), 0 to Q - 1, where several images show one animal, such as those of a
            tracklet; None for one query each.
        calibration
            What similarities mean; None where that was not measured: then nobody is new.
        n_guesses
            How many guesses G.
        """
        similarities = self.compare(vectors)
        return self.answer(
            similarities if owners is None else average_rows(similarities, owners), calibration=calibration, n_guesses=n_guesses
        )

    def answer(self, similarities: Floats, *, calibration: Calibration | None = None, n_guesses: int = 5) -> Answer:
        """Return who Q queries may be by their similarity to each individual, float64 of shape (Q, N); the rest as for `query`."""
        calibration = Calibration() if calibration is None else calibration
        guesses = rank_guesses(similarities, n_guesses=n_guesses)
        shares = softmax(similarities / calibration.temperature, axis=1)
        probabilities = np.where(guesses >= 0, np.take_along_axis(shares, np.maximum(guesses, 0), axis=1), 0.0)
        nearest = similarities.max(axis=1)
        return Answer(guesses, probabilities, calibration.weigh_new(nearest), nearest)


def average_rows(similarities: Floats, owners: Integers) -> Floats:
    """Return the mean of the rows (M, N) of each of Q queries, float64 of shape (Q, N); `owners` (M,) says whose each is, 0 to Q - 1."""
    sums = np.zeros((int(owners.max(initial=-1)) + 1, similarities.shape[1]))
    np.add.at(sums, owners, similarities)
    means: Floats = sums / np.maximum(np.bincount(owners, minlength=len(sums)), 1)[:, None]
    return means


def rank_guesses(similarities: Floats, *, n_guesses: int = 5) -> Integers:
    """Return individuals by similarity (Q, N), the nearest first, int64 of shape (Q, n_guesses); -1 for no guess, and where it is -inf.

    >>> rank_guesses(np.array([[0.1, 0.9, -np.inf]])).tolist()
    [[1, 0, -1, -1, -1]]
    """
    order = np.argsort(-similarities, axis=1, kind="stable")[:, :n_guesses]
    guesses = np.full((len(similarities), n_guesses), NO_GUESS, dtype=np.int64)
    guesses[:, : order.shape[1]] = np.where(np.isfinite(np.take_along_axis(similarities, order, axis=1)), order, NO_GUESS)
    return guesses


def decide_together(similarities: Floats, calibration: Calibration) -> Integers:
    """Return who K animals of one video are, int64 of shape (K,), -1 for new ones: no two are one individual.

    The assignment with the largest sum of log-probabilities. One animal alone is new if that is likelier than not, else its first guess;
    one whose first guess is taken is its next guess, less likely by the ratio of their probabilities, or new.

    Parameters
    ----------
    similarities
        To each individual, float64 of shape (K, N).
    calibration
        What similarities mean.

    >>> decide_together(np.array([[0.9, 0.8], [0.9, 0.1]]), Calibration()).tolist()
    [1, 0]
    """
    new = np.clip(np.nan_to_num(calibration.weigh_new(similarities.max(axis=1)), nan=0.0), 1e-9, 1 - 1e-9)
    known = np.log(1 - new)[:, None] + (similarities - similarities.max(axis=1, keepdims=True)) / calibration.temperature
    # Each animal has a place of its own for being new.
    own = np.where(np.eye(len(new), dtype=np.bool_), np.log(new)[:, None], -1e6)
    _, columns = linear_sum_assignment(np.concatenate([known, own], axis=1), maximize=True)
    return np.where(columns < similarities.shape[1], columns, NO_GUESS).astype(np.int64)


def draw_shots(owners: Integers, n_shots: int, rng: np.random.Generator) -> Integers:
    """Return rows of `owners` (M,): `n_shots` of each individual at random, all of those who have fewer.

    >>> draw_shots(np.array([0, 0, 0, 1]), 2, np.random.default_rng(0)).shape
    (3,)
    """
    rows = [np.flatnonzero(owners == one) for one in np.unique(owners)]
    return np.sort(np.concatenate([rng.permutation(some)[:n_shots] for some in rows] or [np.zeros(0, dtype=np.int64)]))


def _split(known: Floats, new: Floats) -> tuple[float, float]:
    """Return threshold and steepness of the logistic curve between the similarities of known and new queries, both weighing the same.

    With means m and a common variance v of two normal distributions, the log-odds are linear: (m1 - m0) / v times the distance from
    the middle of the means.
    """
    middle = (known.mean() + new.mean()) / 2
    variance = max((known.var() + new.var()) / 2, 1e-6)
    # New ones that look nearer than known ones do: similarity says nothing, and every query is as likely new as not.
    return float(middle), float(max(known.mean() - new.mean(), 0.0) / variance)
