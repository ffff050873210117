"""How an animal's size in the picture grows from one side of where it goes to the other, which tells a tilted camera."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from behavior.vision.frame_measures import find_parts

__all__ = ["GROWTHS", "measure_growth"]

Floats = npt.NDArray[np.float64]

# The names of the two ratios that `measure_growth` returns, which are kept with features, in reports and in models.
GROWTHS = ("growth to the right", "growth downwards")
# Animals rear and curl up, which makes them shorter and not longer: distances between body parts are compared where they are stretched.
_STRETCHED = 0.9
# Frames that are looked at, at equal distances, and pairs that it takes to say something.
_MOST_FRAMES, _LEAST_PAIRS = 2000, 100
# The range of positions is that without the outermost; pairs farther from its middle than so many ranges are errors of the pose.
_OUTERMOST, _FARTHEST = 0.05, 1.0
# Where the range is less than so many of the animal's lengths, size tells how the animal lies, and where positions are nearly on a
# slanted line, one direction cannot be told from the other.
_LEAST_LENGTHS, _MOST_CORRELATED = 2.0, 0.9
_N_STEPS = 15
# Of logarithms of distances: no pair of body parts is surer than this.
_LEAST_DEVIATION, _LEAST_RESIDUAL = 0.02, 0.01


def measure_growth(positions: Floats, likelihoods: Floats, *, min_likelihood: float) -> tuple[float, float]:
    """Return how many times as large the animal is at the right as at the left of where it goes, and at the bottom as at the top.

    Logarithms of the distances of all pairs of body parts are fitted by one slope along the picture for all pairs, and a size for each:
    the 0.9 quantile, by iteratively weighted least squares. Pairs count by how little they vary, so that two ears count more than nose
    and tail base.

    Parameters
    ----------
    positions
        Pixels, of shape (N, P, 2); NaN where a part was not found.
    likelihoods
        Of shape (N, P).
    min_likelihood
        Parts below it do not count.

    Returns
    -------
    The two ratios, over the range of the animal's positions without the outermost tenth. NaN where it is less than two of the animal's
    lengths, or too few pairs of body parts were found.

    Notes
    -----
    Koenker and Bassett (1978), Regression quantiles, Econometrica 46, 33-50.

    Examples
    --------
    >>> x, y = np.random.default_rng(0).uniform(0, 400, (2, 300))
    >>> nose_and_tail = np.stack([np.stack([x - 10, y], axis=1), np.stack([x + 10, y], axis=1)], axis=1)
    >>> [round(ratio, 2) for ratio in measure_growth(nose_and_tail, np.ones((300, 2)), min_likelihood=0.6)]
    [1.0, 1.0]
    """
    rows = np.unique(np.linspace(0, len(positions) - 1, min(len(positions), _MOST_FRAMES)).astype(int))
    middles, distances, pairs = _pair_parts(find_parts(positions[rows], likelihoods[rows], min_likelihood=min_likelihood))
    unknown = (float("nan"), float("nan"))
    if len(pairs) < _LEAST_PAIRS:
        return unknown
    lowest, highest = np.quantile(middles, [_OUTERMOST, 1 - _OUTERMOST], axis=0)
    ranges = highest - lowest
    length = max(np.median(distances[pairs == pair]) for pair in np.unique(pairs))
    is_wide = ranges >= _LEAST_LENGTHS * length
    if not is_wide.any():
        return unknown
    places = (middles - (lowest + highest) / 2) / np.where(is_wide, ranges, 1.0) * is_wide
    is_near = (np.abs(places) <= _FARTHEST).all(axis=1)
    places, distances, pairs = places[is_near], distances[is_near], pairs[is_near]
    if len(pairs) < _LEAST_PAIRS or (is_wide.all() and abs(np.corrcoef(places.T)[0, 1]) > _MOST_CORRELATED):
        return unknown
    slopes = np.full(2, np.nan)
    slopes[is_wide] = _fit_slopes(places[:, is_wide], np.log(distances), pairs)
    right, down = np.exp(slopes).tolist()
    return right, down


def _pair_parts(points: npt.NDArray[np.complex128]) -> tuple[Floats, Floats, npt.NDArray[np.intp]]:
    """Return the middles (M, 2) and distances (M,) of all pairs of body parts (N, P) that are found and apart, and which pair each is."""
    middles: list[npt.NDArray[np.complex128]] = [np.empty(0, dtype=np.complex128)]
    distances: list[Floats] = [np.empty(0)]
    pairs: list[npt.NDArray[np.intp]] = [np.empty(0, dtype=np.intp)]
    for number, (one, other) in enumerate(combinations(range(points.shape[1]), 2)):
        apart = np.abs(points[:, one] - points[:, other])
        is_known = apart > 0
        middles.append((points[is_known, one] + points[is_known, other]) / 2)
        distances.append(apart[is_known])
        pairs.append(np.full(int(is_known.sum()), number))
    joined = np.concatenate(middles)
    return np.stack([joined.real, joined.imag], axis=1), np.concatenate(distances), np.concatenate(pairs)


def _fit_slopes(places: Floats, values: Floats, pairs: npt.NDArray[np.intp]) -> Floats:
    """Return the slopes (A,) along places (M, A) that values (M,) of all pairs have in common at their `_STRETCHED` quantile."""
    # Pairs may be lacking.
    _, pairs = np.unique(pairs, return_inverse=True)
    order = np.argsort(pairs, kind="stable")
    places, values, pairs = places[order], values[order], pairs[order]
    stops = np.cumsum(np.bincount(pairs))[:-1]
    weights = np.ones(len(values))
    slopes: Floats = np.zeros(places.shape[1])
    for _ in range(_N_STEPS):
        off_places, off_values = _subtract_means(places, pairs, weights), _subtract_means(values[:, None], pairs, weights)[:, 0]
        weighted = off_places * weights[:, None]
        slopes = np.asarray(np.linalg.lstsq(weighted.T @ off_places, weighted.T @ off_values, rcond=None)[0], dtype=np.float64)
        residuals = off_values - off_places @ slopes
        deviations = np.array([np.median(np.abs(part)) for part in np.split(residuals, stops)])
        scales = np.maximum(deviations, _LEAST_DEVIATION)[pairs]
        sides = np.where(residuals > 0, _STRETCHED, 1 - _STRETCHED)
        weights = sides / np.maximum(np.abs(residuals) / scales, _LEAST_RESIDUAL) / scales
    return slopes


def _subtract_means(columns: Floats, pairs: npt.NDArray[np.intp], weights: Floats) -> Floats:
    """Return columns (M, A) without the weighted mean of their pair."""
    sums = np.stack([np.bincount(pairs, weights * column) for column in columns.T], axis=1)
    return np.asarray(columns - (sums / np.bincount(pairs, weights)[:, None])[pairs])
