"""What tells how far features are from those of the training recordings: some of their frames, and how far left-out recordings lie.

Of one stream: features are standardised and turned into principal components. A frame's distance is that to its nearest reference frames
in the space of the components, and that from this space, as the two sides of a right angle; divided by the distance that one frame in a
hundred of left-out training recordings exceeds. Training recordings are left out in turn, with the others of their animal, and all of this
is fitted on the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.metrics.nearest_frames import measure_distances
from behavior.row_blocks import RowBlocks
from behavior.sequence.preparation import Moments, Preparation, combine_moments, measure_moments, require_components, solve_preparation

__all__ = ["REFERENCE_DTYPES", "StreamReference", "fit_stream_reference"]

Floats = npt.NDArray[np.floating]

N_COMPONENTS = 32
# Frames that are kept, and frames that all is fitted on, over all recordings.
N_REFERENCE, N_FITTED = 2000, 10_000
# Of more animals, several are left out together.
MOST_FOLDS = 10
# Of frames of left-out training recordings.
BEYOND = 0.01
# Frames that are projected at once.
_FRAMES_AT_ONCE = 1 << 14
_ALL = slice(None)

REFERENCE_DTYPES: dict[str, type[np.generic]] = {
    "mean": np.float64,
    "scale": np.float64,
    "components": np.float64,
    "frames": np.float32,
    "limit": np.float64,
    "medians": np.float64,
    "shares": np.float64,
}


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
    """

    preparation: Preparation
    frames: npt.NDArray[np.float32]
    limit: float
    medians: npt.NDArray[np.float64]
    shares: npt.NDArray[np.float64]

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

    def to_arrays(self) -> dict[str, npt.NDArray]:
        """Return the arrays of `REFERENCE_DTYPES`, which `from_arrays` reads."""
        assert self.preparation.components is not None
        arrays: dict[str, npt.NDArray] = {
            "mean": self.preparation.mean,
            "scale": self.preparation.scale,
            "components": self.preparation.components,
            "frames": self.frames,
            "limit": np.array([self.limit]),
            "medians": self.medians,
            "shares": self.shares,
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
    folds = _number_folds(animals if len(set(animals)) > 1 else [str(number) for number in range(len(features))])
    distances: dict[int, npt.NDArray[np.float32]] = {}
    for fold in sorted(set(folds)):
        rest = [number for number, other in enumerate(folds) if other != fold]
        fitted = _fit_projection([samples[number] for number in rest], [moments[number] for number in rest])
        if fitted is None:
            return None
        for number, other in enumerate(folds):
            if other == fold:
                distances[number] = _measure(*fitted, samples[number])
    left_out = [distances[number] for number in range(len(features))]
    limit = float(np.quantile(np.concatenate(left_out), 1 - BEYOND))
    fitted = _fit_projection(samples, moments)
    if fitted is None or limit <= 0:
        return None
    preparation, frames = fitted
    medians = np.array([np.median(part) for part in left_out]) / limit
    shares = np.array([np.mean(part > limit) for part in left_out])
    return StreamReference(preparation, frames, limit, medians, shares)


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


def _number_folds(animals: Sequence[str]) -> list[int]:
    """Return the fold of each recording: one for each animal, up to `MOST_FOLDS`."""
    numbers = {animal: number % MOST_FOLDS for number, animal in enumerate(dict.fromkeys(animals))}
    return [numbers[animal] for animal in animals]


def _take_evenly(rows: Floats, count: int) -> Floats:
    """Return `count` of some rows, at equal distances; all where there are no more."""
    return rows if len(rows) <= count else rows[(np.arange(count) * len(rows)) // count]
