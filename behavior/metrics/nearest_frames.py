"""How far frames are from the nearest of others, and how far values of a new one may lie from those that were seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = ["find_prediction_limit", "measure_distances"]

# Distances that are in memory at once: 32 MiB in single precision.
_CHUNK_VALUES = 2**23


def measure_distances(
    frames: npt.NDArray[np.float32], reference: npt.NDArray[np.float32], *, n_nearest: int = 5
) -> npt.NDArray[np.float32]:
    """Return how far each of `frames` is from its nearest reference frames, the root of the mean of the squared distances.

    Parameters
    ----------
    frames
        Of shape (T, P); only a chunk of its distances is in memory at a time.
    reference
        Of shape (N, P), at least one.
    n_nearest
        Over how many reference frames the mean is, over all where there are fewer.

    Returns
    -------
    Float32 of shape (T,).

    Raises
    ------
    ValueError
        If there is no reference frame, or numbers of columns differ.

    Notes
    -----
    Distance to the k nearest neighbours tells outliers: Ramaswamy, Rastogi and Shim (2000), Efficient algorithms for mining outliers from
    large data sets, SIGMOD Record 29, 427-438; of features of networks: Sun et al. (2022), Out-of-distribution detection with deep nearest
    neighbors, ICML.

    Examples
    --------
    >>> reference = np.array([[0.0], [1.0], [9.0]], np.float32)
    >>> measure_distances(np.array([[0.0], [4.0]], np.float32), reference, n_nearest=1).tolist()
    [0.0, 3.0]
    """
    if not len(reference) or frames.ndim != 2 or frames.shape[1:] != reference.shape[1:]:
        raise ValueError(f"frames have shape {frames.shape} and reference frames {reference.shape}, expected (T, P) and (N, P), N above 0")
    n_nearest = min(n_nearest, len(reference))
    # Distances are differences of squares, which lose digits far away from the origin.
    middle = reference.mean(axis=0)
    reference = reference - middle
    squares = np.einsum("np,np->n", reference, reference)
    distances = np.empty(len(frames), dtype=np.float32)
    n_rows = max(_CHUNK_VALUES // len(reference), 1)
    for start in range(0, len(frames), n_rows):
        part = frames[start : start + n_rows] - middle
        apart = squares - 2 * (part @ reference.T) + np.einsum("tp,tp->t", part, part)[:, None]
        nearest = apart if n_nearest == len(reference) else np.partition(apart, n_nearest - 1, axis=1)[:, :n_nearest]
        distances[start : start + n_rows] = np.sqrt(np.maximum(nearest, 0).mean(axis=1))
    return distances


def find_prediction_limit(values: npt.NDArray[np.floating], *, rate: float, usual_deviation: float | None = None, worth: int = 0) -> float:
    """Return what a new value exceeds with probability `rate` if it is from the same normal distribution as `values`, shape (R,).

    The fewer values there are, the farther the limit lies: it is the upper end of a prediction interval by Student's t.

    Parameters
    ----------
    rate
        Between 0 and 1.
    usual_deviation
        What the standard deviation is elsewhere; a few values may be alike by chance. None where it is not known.
    worth
        Degrees of freedom that `usual_deviation` counts for, beside R - 1 of the values.

    Raises
    ------
    ValueError
        If there are fewer than two values.

    Notes
    -----
    Hahn and Meeker (1991), Statistical Intervals, section 4.7; with a usual deviation, the variance is that of the scaled inverse
    chi-squared posterior (Gelman et al. 2013, Bayesian Data Analysis, section 3.3).

    Examples
    --------
    >>> round(find_prediction_limit(np.array([-1.0, 0.0, 1.0]), rate=0.05), 3)
    3.372
    """
    n_values = len(values)
    if n_values < 2:
        raise ValueError(f"{n_values} values, expected at least two")
    variance, freedom = float(np.var(values, ddof=1)), n_values - 1
    if usual_deviation is not None:
        variance = (freedom * variance + worth * usual_deviation**2) / (freedom + worth)
        freedom += worth
    return float(np.mean(values) + stats.t.isf(rate, freedom) * np.sqrt(variance * (1 + 1 / n_values)))
