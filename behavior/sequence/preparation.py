"""Optional steps between features and a head: normal scores, standardisation and principal components."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import linalg

from behavior.errors import UsageError
from behavior.row_blocks import RowBlocks
from behavior.sequence.normal_scores import NormalScores, fit_normal_scores, take_rows

__all__ = [
    "Moments",
    "Preparation",
    "PreparedFeatures",
    "Spread",
    "SpreadOfMany",
    "combine_moments",
    "fit_preparation",
    "fit_preparation_of_scores",
    "measure_moments",
    "pad_components",
    "require_components",
    "solve_preparation",
]

# Numbers of a chunk: 64 MiB in double precision.
_CHUNK_VALUES = 2**23


@dataclass(frozen=True)
class Preparation:
    """A map of features, fitted on some recordings: ``((x - mean) / scale) @ components``, x being features, or normal scores of some.

    Attributes
    ----------
    mean, scale
        Float64 of shape (D,).
    components
        Orthonormal columns, float64 of shape (D, P); None where all D features stay.
    normal_scores
        What comes first; None where mean and scale are those of the features themselves.
    """

    mean: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]
    components: npt.NDArray[np.float64] | None = None
    normal_scores: NormalScores | None = None

    def __post_init__(self) -> None:
        n_features = len(self.mean)
        if self.mean.shape != (n_features,) or self.scale.shape != (n_features,):
            raise ValueError(f"mean and scale have shapes {self.mean.shape} and {self.scale.shape}, expected (D,) twice")
        if self.components is not None and (self.components.ndim != 2 or len(self.components) != n_features):
            raise ValueError(f"components have shape {self.components.shape}, expected ({n_features}, P)")
        if self.normal_scores is not None and np.any(self.normal_scores.columns >= n_features):
            raise ValueError(f"normal scores are of feature {self.normal_scores.columns[-1]}, expected one of {n_features}")
        if not np.isfinite(self.mean).all() or not np.isfinite(self.scale).all() or np.any(self.scale <= 0):
            raise ValueError("mean or scale hold a number that is not finite, or a scale that is not above 0")

    @property
    def n_features(self) -> int:
        """Number of features that come in, D."""
        return len(self.mean)

    @property
    def n_outputs(self) -> int:
        """Number of features that go out: P, or D without components."""
        return self.n_features if self.components is None else self.components.shape[1]

    def apply(self, features: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the prepared features, float32 of shape (T, P), from float16 or float32 of shape (T, D).

        A feature that is NaN, as of a view that does not show the frame, counts as the mean.

        Only a chunk of rows at a time is held in single precision besides what is given and returned.

        Raises
        ------
        ValueError
            If the features have another number of columns.
        """
        if features.ndim != 2 or features.shape[1] != self.n_features:
            raise ValueError(f"features have shape {features.shape}, expected (T, {self.n_features})")
        mean, scale = self.mean.astype(np.float32), self.scale.astype(np.float32)
        components = None if self.components is None else self.components.astype(np.float32)
        prepared = np.empty((len(features), self.n_outputs), dtype=np.float32)
        for rows in _split_rows(features):
            chunk = features[rows] if self.normal_scores is None else self.normal_scores.apply(features[rows])
            chunk = (chunk.astype(np.float32, copy=False) - mean) / scale
            chunk[np.isnan(chunk)] = 0.0
            if components is None:
                prepared[rows] = chunk
            else:
                np.matmul(chunk, components, out=prepared[rows])
        return prepared

    def apply_in_blocks(self, features: RowBlocks) -> RowBlocks:
        """Return what `apply` does, block by block: those that it takes itself, so that products are rounded alike."""
        return RowBlocks(
            (len(features), self.n_outputs),
            np.float32,
            lambda start, stop: self.apply(features[start:stop]),
            n_together=_count_rows(self.n_features),
        )

    def to_arrays(self) -> dict[str, npt.NDArray[np.float64]]:
        """Return arrays that `numpy.savez` can hold without pickling, and `from_arrays` reads."""
        arrays = {"mean": self.mean, "scale": self.scale}
        if self.components is not None:
            arrays["components"] = self.components
        if self.normal_scores is not None:
            scores = self.normal_scores
            arrays |= {"columns": scores.columns.astype(np.float64), "knots": scores.knots, "scores": scores.scores}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.float64]]) -> Preparation:
        """Return the preparation that `to_arrays` wrote; ValueError if an array is missing or does not fit."""
        of_scores = ("columns", "knots", "scores")
        has_scores = any(name in arrays for name in of_scores)
        missing = [name for name in ("mean", "scale", *(of_scores if has_scores else ())) if name not in arrays]
        if missing:
            raise ValueError(f"the preparation of features lacks {' and '.join(missing)}")
        if has_scores and not (np.mod(arrays["columns"], 1) == 0).all():
            raise ValueError("the columns that have normal scores are not whole numbers")
        scores = NormalScores(arrays["columns"].astype(np.int64), arrays["knots"], arrays["scores"]) if has_scores else None
        return cls(arrays["mean"], arrays["scale"], arrays.get("components"), scores)


class PreparedFeatures:
    """The features of a recording (T, P) as a preparation makes them, computed for the frames that are asked for."""

    def __init__(self, features: npt.NDArray[np.floating], preparation: Preparation) -> None:
        self._features = features
        self._preparation = preparation

    def __len__(self) -> int:
        return len(self._features)

    def __getitem__(self, frames: npt.NDArray[np.integer]) -> npt.NDArray[np.float32]:
        rows = self._features[frames]
        return self._preparation.apply(rows.reshape(-1, rows.shape[-1])).reshape(*rows.shape[:-1], -1)


@dataclass(frozen=True)
class Moments:
    """What is to be known of features to prepare them: small, and additive over recordings.

    Attributes
    ----------
    n_frames
        Number of rows.
    mean
        Float64 of shape (D,).
    scatter
        Sum over rows of the products of deviations from the mean, float64 of shape (D, D); of squares alone, (D,).
    low, high
        Least and greatest value of each feature, float64 of shape (D,).
    """

    n_frames: int
    mean: npt.NDArray[np.float64]
    scatter: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


def fit_preparation(features: Iterable[npt.NDArray[np.floating]], *, standardize: bool, pca: int | float | None) -> Preparation:
    """Fit standardisation, principal components or both on recordings.

    Parameters
    ----------
    features
        Float16 or float32 of shape (T, D) for each recording; read chunk by chunk, never copied as a whole.
    standardize
        Divide each feature by its standard deviation; by 1 where it is constant.
    pca
        A whole number: of principal components that are kept. A number below 1: the share of variance (after standardisation, where
        there is one) that they have to explain at least. None: features stay as they are.

    Returns
    -------
    The preparation. Features that go through it have mean 0 over the recordings. Components are in the order of their variance, and the
    loading of each that is greatest in size is positive.

    Raises
    ------
    UsageError
        If more components are asked for than there are, or a feature is not a finite number.
    ValueError
        If there is no frame, or numbers of columns differ.

    Notes
    -----
    Pearson (1901), On lines and planes of closest fit to systems of points in space, Philosophical Magazine 2, 559-572; Jolliffe
    (2002), Principal Component Analysis.

    Where many sets of the same recordings are prepared, as folds are, `measure_moments` of each recording is computed once, and
    `solve_preparation` of their combination gives what this gives.
    """
    moments = combine_moments(measure_moments(part, covariance=pca is not None) for part in features)
    return solve_preparation(moments, standardize=standardize, pca=pca)


def fit_preparation_of_scores(
    recordings: Sequence[npt.NDArray[np.floating]], columns: npt.NDArray[np.int64], *, pca: int | float | None
) -> Preparation:
    """Fit normal scores of the features `columns` on recordings, then standardise all, and find principal components where `pca` asks so.

    The other arguments, and errors, are as of `fit_preparation`, but that features have to be finite. Of many frames, some 20,000 are
    fitted on.
    """
    rows = take_rows(recordings)
    normal_scores = fit_normal_scores(rows, columns)
    moments = measure_moments(normal_scores.apply(rows), covariance=pca is not None)
    return replace(solve_preparation(moments, standardize=True, pca=pca), normal_scores=normal_scores)


def measure_moments(features: npt.NDArray[np.floating], *, covariance: bool) -> Moments:
    """Return the moments of one recording's features (T, D): with `covariance` what principal components need, D x D numbers.

    Raises
    ------
    UsageError
        If a feature is not a finite number.
    ValueError
        If there is no frame.
    """
    if features.ndim != 2 or not len(features):
        raise ValueError(f"features have shape {features.shape}, expected (T, D) with at least one frame")
    return combine_moments(_measure_chunk(features[rows], rows.start, covariance) for rows in _split_rows(features))


def combine_moments(parts: Iterable[Moments]) -> Moments:
    """Return the moments of all frames together (Chan, Golub and LeVeque 1983, The American Statistician 37, 242-247).

    Raises
    ------
    ValueError
        If there is nothing to combine, or numbers of features differ.
    """
    total: Moments | None = None
    for part in parts:
        if total is None:
            # The sum below is built in place.
            total = Moments(part.n_frames, part.mean, part.scatter.copy(), part.low, part.high)
            continue
        if part.scatter.shape != total.scatter.shape:
            raise ValueError(f"features of recordings have moments of shapes {total.scatter.shape} and {part.scatter.shape}, expected one")
        n_frames = total.n_frames + part.n_frames
        difference = part.mean - total.mean
        between = total.n_frames * part.n_frames / n_frames
        scatter = total.scatter
        scatter += part.scatter
        if scatter.ndim == 1:
            scatter += difference**2 * between
        else:
            scatter += np.outer(difference * between, difference)
        mean = total.mean + difference * (part.n_frames / n_frames)
        total = Moments(n_frames, mean, scatter, np.minimum(total.low, part.low), np.maximum(total.high, part.high))
    if total is None:
        raise ValueError("there are no features to fit on, expected at least one recording")
    return total


@dataclass(frozen=True)
class Spread:
    """What tells how many components frames have.

    Attributes
    ----------
    n_frames
        Number of rows.
    low, high
        Least and greatest value of each feature, float64 of shape (D,), or any two that are apart where these are.
    """

    n_frames: int
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


class SpreadOfMany:
    """The spread of any of very many recordings together, each time without going through all of them."""

    def __init__(self, parts: Sequence[Moments]) -> None:
        self._n_frames = np.array([part.n_frames for part in parts])
        self._low, self._high = np.stack([part.low for part in parts]), np.stack([part.high for part in parts])
        self._varies = self._low < self._high
        self._n_varying = self._varies.sum(axis=0)

    def combine(self, indexes: Sequence[int]) -> Spread:
        """Return the spread of the recordings `indexes`, at least one, each once."""
        chosen = np.array(indexes, dtype=np.int64)
        others = np.setdiff1d(np.arange(len(self._n_frames)), chosen)
        # What varies within one of them varies; the other features are compared from recording to recording.
        is_open = self._n_varying - self._varies[others].sum(axis=0) == 0
        low, high = np.zeros(is_open.shape), np.ones(is_open.shape)
        if is_open.any():
            low[is_open] = self._low[np.ix_(chosen, is_open)].min(axis=0)
            high[is_open] = self._high[np.ix_(chosen, is_open)].max(axis=0)
        return Spread(int(self._n_frames[chosen].sum()), low, high)


def solve_preparation(moments: Moments, *, standardize: bool, pca: int | float | None) -> Preparation:
    """Return the preparation of frames with these moments; arguments and errors as of `fit_preparation`."""
    n_features = len(moments.mean)
    scale = np.ones(n_features)
    varies = moments.low < moments.high
    if standardize:
        squares = moments.scatter if moments.scatter.ndim == 1 else np.diag(moments.scatter)
        # The population's, as scikit-learn's StandardScaler takes it. Rounding may leave nothing of a tiny spread.
        deviations = np.sqrt(np.maximum(squares, 0) / moments.n_frames)
        scale = np.where(varies & (deviations > 0), deviations, 1.0)
    if pca is None:
        return Preparation(moments.mean, scale)
    if moments.scatter.ndim != 2:
        raise ValueError("principal components need moments with covariance")
    n_there = require_components(moments, pca=pca)
    is_share = 0 < pca < 1
    covariance = moments.scatter / np.outer(scale, scale) / max(moments.n_frames - 1, 1)
    # Only the greatest eigenvalues are sought where their number is known; they come in rising order.
    subset = None if is_share else (n_features - int(pca), n_features - 1)
    total = float(np.trace(covariance))
    variances, vectors = linalg.eigh(covariance, subset_by_index=subset, overwrite_a=True)
    variances, vectors = variances[::-1], vectors[:, ::-1]
    if is_share:
        # All there are explain all, whatever rounding says.
        reached = np.flatnonzero(np.cumsum(np.maximum(variances[:n_there], 0)) >= pca * total)
        vectors = vectors[:, : int(reached[0]) + 1 if len(reached) else n_there]
    signs = np.sign(vectors[np.argmax(np.abs(vectors), axis=0), np.arange(vectors.shape[1])])
    return Preparation(moments.mean, scale, np.ascontiguousarray(vectors * signs))


def require_components(moments: Moments | Spread, *, pca: int | float | None) -> int:
    """Return how many components frames with these moments have; UsageError if `pca` asks for more, or cannot be used."""
    n_features = len(moments.low)
    varies = moments.low < moments.high
    n_there = min(int(np.count_nonzero(varies)), moments.n_frames - 1)
    if pca is None:
        return n_there
    is_share = 0 < pca < 1
    if not is_share and (pca < 1 or pca != int(pca)):
        raise UsageError(f"pca is {pca}; give a whole number of components, or a share of variance between 0 and 1.")
    if not n_there or (not is_share and pca > n_there):
        raise UsageError(
            f"pca asks for {f'{pca:.0%} of the variance' if is_share else f'{int(pca)} components'}, but the {moments.n_frames} training "
            f"frames of {n_features} features, {np.count_nonzero(varies)} of them not constant, have {max(n_there, 0)} components; "
            "ask for less, or leave pca out."
        )
    return n_there


def pad_components(preparations: Sequence[Preparation]) -> list[Preparation]:
    """Return preparations that all give as many features as the largest of them, the new ones being 0."""
    n_outputs = max(preparation.n_outputs for preparation in preparations)
    padded = []
    for preparation in preparations:
        components = preparation.components
        if components is not None:
            components = np.pad(components, ((0, 0), (0, n_outputs - preparation.n_outputs)))
        padded.append(replace(preparation, components=components))
    return padded


def _measure_chunk(rows: npt.NDArray[np.floating], start: int, covariance: bool) -> Moments:
    values = rows.astype(np.float64)
    low, high = values.min(axis=0), values.max(axis=0)
    # NaN spreads through min and max, and infinity is one of them.
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        frame, column = np.argwhere(~np.isfinite(values))[0]
        raise UsageError(f"feature {column} of frame {start + frame} is not a finite number; compute the features again.")
    mean = values.mean(axis=0)
    values -= mean
    squares = np.einsum("td,td->d", values, values)
    if not covariance:
        return Moments(len(rows), mean, squares, low, high)
    # Products in single precision take half the time. Deviations of one chunk are summed, so little is lost; sums over chunks are double.
    single = values.astype(np.float32)
    scatter = (single.T @ single).astype(np.float64)
    np.fill_diagonal(scatter, squares)
    return Moments(len(rows), mean, scatter, low, high)


def _split_rows(features: npt.NDArray) -> Sequence[slice]:
    n_rows = _count_rows(features.shape[1])
    return [slice(start, min(start + n_rows, len(features))) for start in range(0, len(features), n_rows)]


def _count_rows(n_features: int) -> int:
    return max(_CHUNK_VALUES // max(n_features, 1), 1)
