"""Individuals that were met before: who a picture shows, or that it shows somebody new."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax

from behavior.identity.recognition import normalize

__all__ = ["Answer", "Gallery", "draw_shots"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NO_GUESS = -1
# An individual is as near as the mean of its nearest few images.
_N_NEAREST = 3
_TEMPERATURES = np.geomspace(0.01, 1.0, 41)


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
        How likely the query is somebody new, float64 of shape (Q,); NaN where the gallery was not calibrated.
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
    temperature
        Of the cosines.
    threshold, steepness
        The similarity at which new and known are equally likely, and how fast that changes; None if not calibrated.
    """

    vectors: Floats
    owners: Integers
    names: tuple[str, ...]
    temperature: float = 0.1
    threshold: float | None = None
    steepness: float | None = None

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

    def calibrate(self, recordings: Integers) -> Gallery:
        """Return the gallery with a threshold for new individuals and a temperature, found on its own images.

        Each image is asked about as if it came from a new recording: once with the other recordings of its individual (known), once
        without its individual (new). Images of one recording never answer for each other: neighbouring frames are copies. With one
        recording of each individual there is nothing to compare, and with one individual none is new: then the gallery stays as it is.

        Parameters
        ----------
        recordings
            Day or video of each image, int64 of shape (M,).
        """
        own = self.owners[:, None] == self.owners[None, :]
        seen_together = recordings[:, None] == recordings[None, :]
        known = self.compare(self.vectors, without=seen_together & own)
        rows = np.flatnonzero(np.isfinite(known[np.arange(len(known)), self.owners]))
        if not len(rows) or len(self.names) < 2:
            return self
        as_known = known[rows].max(axis=1)
        as_new = self.compare(self.vectors[rows], without=own[rows]).max(axis=1)
        threshold, steepness = _split(as_known, as_new)
        likelihoods = [
            np.log(softmax(known[rows] / value, axis=1)[np.arange(len(rows)), self.owners[rows]] + 1e-12).mean() for value in _TEMPERATURES
        ]
        return replace(self, temperature=float(_TEMPERATURES[np.argmax(likelihoods)]), threshold=threshold, steepness=steepness)

    def query(self, vectors: npt.NDArray[np.floating], *, owners: Integers | None = None, n_guesses: int = 5) -> Answer:
        """Return who the queries may be.

        Parameters
        ----------
        vectors
            Fingerprints of shape (M, D).
        owners
            Which query each belongs to, int64 of shape (M,), 0 to Q - 1, where several images show one animal, such as those of a
            tracklet; None for one query each.
        n_guesses
            How many guesses G.
        """
        similarities = self.compare(vectors)
        if owners is not None:
            sums = np.zeros((int(owners.max(initial=-1)) + 1, len(self.names)))
            np.add.at(sums, owners, similarities)
            similarities = sums / np.maximum(np.bincount(owners, minlength=len(sums)), 1)[:, None]
        order = np.argsort(-similarities, axis=1, kind="stable")[:, :n_guesses]
        shares = softmax(similarities / self.temperature, axis=1)
        guesses = np.full((len(similarities), n_guesses), NO_GUESS, dtype=np.int64)
        probabilities = np.zeros((len(similarities), n_guesses))
        guesses[:, : order.shape[1]] = order
        probabilities[:, : order.shape[1]] = np.take_along_axis(shares, order, axis=1)
        nearest = similarities.max(axis=1)
        if self.threshold is None or self.steepness is None:
            return Answer(guesses, probabilities, np.full(len(nearest), np.nan), nearest)
        return Answer(guesses, probabilities, expit(self.steepness * (self.threshold - nearest)), nearest)


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
