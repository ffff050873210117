"""What tells how far features are from those of the training recordings: some of their frames, and how far left-out recordings lie.

Of one stream: features are standardised and turned into principal components. A frame's distance is that to its nearest reference frames
in the space of the components, and that from this space, as the two sides of a right angle; divided by the distance that one frame in a
hundred of left-out training recordings exceeds.

A recording as a whole is compared, too: its shift is how far the mean of its frames is from that of the nearest training recording, in the
space of the components, which are whitened by how they vary within recordings; its spread how far logarithms of the features' standard
deviations are from their means over the training recordings. Both are roots of means of squares, and show what no frame shows by itself.

Training recordings are left out in turn, with the others of their animal, and all of this is fitted on the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from behavior.metrics.nearest_frames import measure_distances
from behavior.row_blocks import RowBlocks
from behavior.sequence.preparation import Moments, Preparation, combine_moments, measure_moments, require_components, solve_preparation

__all__ = [
    "FIRST_REFERENCE_DTYPES",
    "REFERENCE_DTYPES",
    "FeatureDistribution",
    "StreamFigures",
    "StreamReference",
    "fit_stream_reference",
    "number_folds",
]

Floats = npt.NDArray[np.floating]

N_COMPONENTS = 32
# Frames that are kept, and frames that all is fitted on, over all recordings.
N_REFERENCE, N_FITTED = 2000, 10_000
# Of more animals, several are left out together.
MOST_FOLDS = 10
# Of frames of left-out training recordings.
BEYOND = 0.01
# Part of the mean variance of the components that is added to their variances within recordings, some of which are next to nothing.
_RIDGE, _LEAST_VARIANCE = 0.02, 1e-12
# Standard deviations in units of that of all training frames, below which a feature counts as still.
_STILL = 0.05
# Frames that are projected at once.
_FRAMES_AT_ONCE = 1 << 14
_ALL = slice(None)

# Of references of the first version, which have no `FeatureDistribution`.
FIRST_REFERENCE_DTYPES: dict[str, type[np.generic]] = {
    "mean": np.float64,
    "scale": np.float64,
    "components": np.float64,
    "frames": np.float32,
    "limit": np.float64,
    "medians": np.float64,
    "shares": np.float64,
}
_OF_DISTRIBUTION = ("whitening", "middles", "deviations", "shifts", "spreads")
REFERENCE_DTYPES = {
    **FIRST_REFERENCE_DTYPES,
    "whitening": np.float64,
    "middles": np.float64,
    "deviations": np.float64,
    "shifts": np.float64,
    "spreads": np.float64,
}


@dataclass(frozen=True)
class StreamFigures:
    """How far a recording is from the training recordings by one stream.

    Attributes
    ----------
    distances
        Of its frames, float32 of shape (T,).
    shift, spread
        Of the recording; None where they are not known.
    """

    distances: npt.NDArray[np.float32]
    shift: float | None = None
    spread: float | None = None


@dataclass(frozen=True)
class FeatureDistribution:
    """How D features, and P components of them, are distributed within R recordings, and how far left-out ones are from that.

    Attributes
    ----------
    whitening
        What components are multiplied with, so that they vary alike within recordings, float64 of shape (P, P).
    middles
        Mean of each recording's whitened components, float64 of shape (R, P).
    deviations
        Mean over the recordings of the logarithm of each feature's standard deviation, float64 of shape (D,).
    shifts, spreads
        Of each recording when it is left out, float64 of shape (R,).
    """

    whitening: npt.NDArray[np.float64]
    middles: npt.NDArray[np.float64]
    deviations: npt.NDArray[np.float64]
    shifts: npt.NDArray[np.float64]
    spreads: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        n_recordings, n_components = len(self.shifts), len(self.whitening)
        shapes = [values.shape for values in (self.whitening, self.middles, self.shifts, self.spreads)]
        if shapes != [(n_components, n_components), (n_recordings, n_components), (n_recordings,), (n_recordings,)]:
            raise ValueError(f"whitening, middles, shifts and spreads have shapes {shapes}, which do not go together")
        if not all(np.isfinite(values).all() for values in (self.whitening, self.middles, self.deviations, self.shifts, self.spreads)):
            raise ValueError("whitening, middles, deviations, shifts or spreads hold a number that is not finite")
        if (self.shifts < 0).any() or (self.spreads < 0).any():
            raise ValueError("shifts or spreads are below 0")


@dataclass(frozen=True)
class StreamReference:
    """Reference frames of one stream, and the distances of R left-out training recordings.

    Attributes
    ----------
    preparation
        From D features to P principal components.
    frames
        Components of frames of the training recordings, float32 of shape (N, P).
    limit
        Distance that one in a hundred frames of left-out recordings exceeds.
    medians
        Median distance of the frames of each left-out recording in units of `limit`, float64 of shape (R,).
    shares
        Share of its frames that exceed `limit`, float64 of shape (R,).
    distribution
        How features are distributed; None in references of the first version.
    """

    preparation: Preparation
    frames: npt.NDArray[np.float32]
    limit: float
    medians: npt.NDArray[np.float64]
    shares: npt.NDArray[np.float64]
    distribution: FeatureDistribution | None = None

    def __post_init__(self) -> None:
        if self.preparation.components is None or self.frames.shape[1:] != (self.preparation.n_outputs,):
            raise ValueError(f"{self.preparation.n_outputs} components and frames of shape {self.frames.shape} do not go together")
        if not len(self.frames) or not np.isfinite(self.frames).all() or not np.isfinite(self.preparation.components).all():
            raise ValueError("components or frames are none or hold a number that is not finite")
        if not (np.isfinite(self.limit) and self.limit > 0):
            raise ValueError(f"the limit is {self.limit}, expected a number above 0")
        if self.medians.shape != self.shares.shape or not np.isfinite([self.medians, self.shares]).all():
            raise ValueError(
                f"{self.medians.shape} medians and {self.shares.shape} shares, expected finite numbers, one of each a recording"
            )
        if (self.medians < 0).any() or (self.shares < 0).any() or (self.shares > 1).any():
            raise ValueError("medians or shares are below 0 or above 1")
        known = self.distribution
        if known is not None:
            found = (known.deviations.shape, known.shifts.shape, len(known.whitening))
            if found != ((self.n_features,), self.medians.shape, self.preparation.n_outputs):
                raise ValueError(f"deviations and shifts of shapes {found[:2]}, for {found[2]} components, are not of this reference")

    @property
    def n_features(self) -> int:
        """Number of features of the stream, D."""
        return self.preparation.n_features

    def measure(self, features: Floats | RowBlocks, columns: slice = _ALL) -> npt.NDArray[np.float32]:
        """Return the distance of each frame in units of `limit`, float32 of shape (T,).

        Parameters
        ----------
        features
            Of shape (T, A), read part by part.
        columns
            Which of their columns are the stream's D.
        """
        return _measure(self.preparation, self.frames, features, columns) / np.float32(self.limit)

    def compare(self, features: Floats | RowBlocks, columns: slice = _ALL) -> StreamFigures:
        """Return how far the recording with these features is from the training recordings; arguments as for `measure`."""
        distances = self.measure(features, columns)
        if self.distribution is None:
            return StreamFigures(distances)
        starts = range(0, len(features), _FRAMES_AT_ONCE)
        parts = (np.asarray(features[start : start + _FRAMES_AT_ONCE])[:, columns] for start in starts)
        moments = combine_moments(measure_moments(part, covariance=False) for part in parts)
        return StreamFigures(distances, *_compare_moments(self.preparation, self.distribution, moments))

    def predict(self, weights: Floats, features: Floats | RowBlocks, columns: slice = _ALL) -> npt.NDArray[np.float64]:
        """Return the components of each frame times `weights` (P, B), float64 of shape (T, B); other arguments as for `measure`."""
        starts = range(0, len(features), _FRAMES_AT_ONCE)
        parts = (np.asarray(features[start : start + _FRAMES_AT_ONCE])[:, columns] for start in starts)
        return np.concatenate([np.empty((0, weights.shape[1])), *(self.preparation.apply(part) @ weights for part in parts)])

    def to_arrays(self) -> dict[str, npt.NDArray]:
        """Return the arrays of `REFERENCE_DTYPES`, which `from_arrays` reads."""
        assert self.preparation.components is not None
        assert self.distribution is not None
        arrays: dict[str, npt.NDArray] = {
            "mean": self.preparation.mean,
            "scale": self.preparation.scale,
            "components": self.preparation.components,
            "frames": self.frames,
            "limit": np.array([self.limit]),
            "medians": self.medians,
            "shares": self.shares,
            "whitening": self.distribution.whitening,
            "middles": self.distribution.middles,
            "deviations": self.distribution.deviations,
            "shifts": self.distribution.shifts,
            "spreads": self.distribution.spreads,
        }
        return {name: np.asarray(arrays[name], dtype=dtype) for name, dtype in REFERENCE_DTYPES.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray]) -> StreamReference:
        """Return the reference that `to_arrays` gave; ValueError if arrays do not go together."""
        if arrays["limit"].shape != (1,):
            raise ValueError(f"the limit has shape {arrays['limit'].shape}, expected (1,)")
        return cls(
            Preparation(arrays["mean"], arrays["scale"], arrays["components"]),
            arrays["frames"],
            float(arrays["limit"][0]),
            arrays["medians"],
            arrays["shares"],
            FeatureDistribution(*(arrays[name] for name in _OF_DISTRIBUTION)) if "shifts" in arrays else None,
        )


def fit_stream_reference(features: Sequence[Floats], animals: Sequence[str]) -> StreamReference | None:
    """Return the reference of one stream; None where no recording can be left out, or features do not vary.

    Parameters
    ----------
    features
        Of each of R training recordings, float16 or float32 of shape (T, D). Frames at equal distances are looked at, `N_FITTED` in all.
    animals
        The animal of each; recordings are left out with the others of their animal, by themselves where all are of one.
    """
    if len(features) < 2:
        return None
    samples = [_take_evenly(part, max(N_FITTED // len(features), 1)) for part in features]
    moments = [measure_moments(part, covariance=True) for part in samples]
    folds = number_folds(animals)
    distances: dict[int, npt.NDArray[np.float32]] = {}
    apart: dict[int, tuple[float, float]] = {}
    for fold in sorted(set(folds)):
        rest = [number for number, other in enumerate(folds) if other != fold]
        fitted = _fit_projection([samples[number] for number in rest], [moments[number] for number in rest])
        if fitted is None:
            return None
        others = _describe_distribution(fitted[0], [moments[number] for number in rest])
        for number, other in enumerate(folds):
            if other == fold:
                distances[number] = _measure(*fitted, samples[number])
                apart[number] = _compare_moments(fitted[0], others, moments[number])
    left_out = [distances[number] for number in range(len(features))]
    limit = float(np.quantile(np.concatenate(left_out), 1 - BEYOND))
    fitted = _fit_projection(samples, moments)
    if fitted is None or limit <= 0:
        return None
    preparation, frames = fitted
    medians = np.array([np.median(part) for part in left_out]) / limit
    shares = np.array([np.mean(part > limit) for part in left_out])
    shifts, spreads = np.array([apart[number] for number in range(len(features))]).T
    distribution = replace(_describe_distribution(preparation, moments), shifts=shifts, spreads=spreads)
    return StreamReference(preparation, frames, limit, medians, shares, distribution)


def _measure_deviations(preparation: Preparation, moments: Moments) -> npt.NDArray[np.float64]:
    """Return the logarithm of the standard deviation of each feature of a recording, in units of that of all training frames."""
    squares = moments.scatter if moments.scatter.ndim == 1 else np.diagonal(moments.scatter)
    return np.asarray(np.log(np.sqrt(np.maximum(squares, 0) / moments.n_frames) / preparation.scale + _STILL))


def _describe_distribution(preparation: Preparation, moments: Sequence[Moments]) -> FeatureDistribution:
    """Return how features are distributed within recordings whose moments have covariances; shifts and spreads are still 0."""
    assert preparation.components is not None
    scaled = preparation.components / preparation.scale[:, None]
    within = np.mean([scaled.T @ (own.scatter / own.n_frames) @ scaled for own in moments], axis=0)
    ridge = _RIDGE * float(np.trace(within)) / len(within)
    whitening = np.linalg.inv(np.linalg.cholesky(within + max(ridge, _LEAST_VARIANCE) * np.eye(len(within)))).T
    middles = np.stack([_find_middle(preparation, whitening, own) for own in moments])
    deviations = np.mean([_measure_deviations(preparation, own) for own in moments], axis=0)
    return FeatureDistribution(whitening, middles, deviations, np.zeros(len(moments)), np.zeros(len(moments)))


def _find_middle(preparation: Preparation, whitening: npt.NDArray[np.float64], moments: Moments) -> npt.NDArray[np.float64]:
    return np.asarray(preparation.apply(moments.mean[None])[0].astype(np.float64) @ whitening)


def _compare_moments(preparation: Preparation, distribution: FeatureDistribution, moments: Moments) -> tuple[float, float]:
    """Return the shift and the spread of a recording."""
    apart = distribution.middles - _find_middle(preparation, distribution.whitening, moments)
    changed = _measure_deviations(preparation, moments) - distribution.deviations
    return float(np.sqrt(np.mean(apart**2, axis=1)).min()), float(np.sqrt(np.mean(changed**2)))


def _fit_projection(samples: Sequence[Floats], moments: Sequence[Moments]) -> tuple[Preparation, npt.NDArray[np.float32]] | None:
    """Return the components that are fitted on frames, and those of the frames that are kept; None where they do not vary."""
    together = combine_moments(moments)
    n_there = require_components(together, pca=None)
    if n_there < 1:
        return None
    preparation = solve_preparation(together, standardize=True, pca=min(N_COMPONENTS, n_there))
    share = max(N_REFERENCE // len(samples), 1)
    return preparation, np.concatenate([preparation.apply(_take_evenly(part, share)) for part in samples])[:N_REFERENCE]


def _measure(
    preparation: Preparation, frames: npt.NDArray[np.float32], features: Floats | RowBlocks, columns: slice = _ALL
) -> npt.NDArray[np.float32]:
    """Return the distance of some columns of features (T, A) from reference frames (N, P), float32 of shape (T,)."""
    plain = Preparation(preparation.mean, preparation.scale)
    distances = np.empty(len(features), dtype=np.float32)
    for start in range(0, len(features), _FRAMES_AT_ONCE):
        rows = slice(start, start + _FRAMES_AT_ONCE)
        own = features[rows][:, columns]
        components, standard = preparation.apply(own), plain.apply(own)
        off = np.einsum("td,td->t", standard, standard) - np.einsum("tp,tp->t", components, components)
        distances[rows] = np.sqrt(measure_distances(components, frames) ** 2 + np.maximum(off, 0))
    return distances


def number_folds(animals: Sequence[str]) -> list[int]:
    """Return the fold of each recording: one for each animal, or for each recording where all are of one animal, up to `MOST_FOLDS`."""
    if len(set(animals)) < 2:
        animals = [str(number) for number in range(len(animals))]
    numbers = {animal: number % MOST_FOLDS for number, animal in enumerate(dict.fromkeys(animals))}
    return [numbers[animal] for animal in animals]


def _take_evenly(rows: Floats, count: int) -> Floats:
    """Return `count` of some rows, at equal distances; all where there are no more."""
    return rows if len(rows) <= count else rows[(np.arange(count) * len(rows)) // count]
