"""Where the looks of a tracklet change: a meeting was passed without an end, and it is another animal from there on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["LEAST_EVIDENCE", "find_changes"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# In rendered videos it is at least 30 where the animal changes, and less than 10 where it does not.
LEAST_EVIDENCE = 20.0
# Share of crops that say nothing, whatever they look like: no single one is overwhelming evidence.
_MISLEADING = 0.05


def find_changes(log_probabilities: Floats, owners: Integers, *, least_evidence: float = LEAST_EVIDENCE) -> Integers:
    """Return the crops with which another animal begins within a tracklet, int64 of shape (C,), increasing.

    The likeliest sequence of animals in each tracklet, in which every change costs `least_evidence` (Viterbi's algorithm): so the crops
    on both sides of a change are that much likelier to be two animals than one of the two, and an animal in between twice that. The time
    is linear in the number of crops, and the tracklets are computed side by side.

    Parameters
    ----------
    log_probabilities
        Of each animal, for each crop on its own, float64 of shape (M, K); the crops of a tracklet in order of time.
    owners
        Tracklet of each crop, int64 of shape (M,).
    least_evidence
        Log-odds that a change has to have. A crop brings at most 4 to 6, by the number of animals: on either side of a change are several.

    Raises
    ------
    ValueError
        If shapes do not fit, or a log-probability is NaN or above 0.

    Examples
    --------
    Tracklet 0 has twenty crops of one animal and then twenty of another, tracklet 1 is one animal throughout:

    >>> looks = np.log(np.array([[0.9, 0.1]] * 20 + [[0.1, 0.9]] * 40))
    >>> find_changes(looks, np.repeat([0, 1], [40, 20])).tolist()
    [20]
    """
    log_probabilities = np.asarray(log_probabilities, dtype=np.float64)
    if log_probabilities.ndim != 2 or owners.shape != (len(log_probabilities),):
        raise ValueError(f"log_probabilities and owners have shapes {log_probabilities.shape} and {owners.shape}, expected (M, K) and (M,)")
    n_crops, n_animals = log_probabilities.shape
    if np.isnan(log_probabilities).any() or (log_probabilities > 1e-9).any():
        raise ValueError("log_probabilities hold NaN or values above 0")
    if n_crops < 2 or n_animals < 2:
        return np.zeros(0, dtype=np.int64)
    evidence = np.log((1 - _MISLEADING) * np.exp(log_probabilities) + _MISLEADING / n_animals)
    # The longest tracklet first: those that have a crop at a step are the first rows.
    _, rows, counts = np.unique(owners, return_inverse=True, return_counts=True)
    places = np.argsort(np.argsort(-counts, kind="stable"), kind="stable")
    order = np.lexsort((np.arange(n_crops), places[rows]))
    counts = np.sort(counts)[::-1]
    firsts = np.cumsum(counts) - counts
    n_there = np.searchsorted(-counts, -np.arange(counts[0]), side="left")
    best = evidence[order[firsts]]
    from_other = np.zeros((n_crops, n_animals), dtype=np.bool_)
    likeliest = np.zeros(n_crops, dtype=np.intp)
    for step in range(1, int(counts[0])):
        there = n_there[step]
        crops, before = order[firsts[:there] + step], best[:there]
        likeliest[crops] = before.argmax(axis=1)
        changed = before.max(axis=1, keepdims=True) - least_evidence
        from_other[crops] = changed > before
        best[:there] = np.maximum(before, changed) + evidence[crops]
    changes: list[Integers] = []
    animals = best.argmax(axis=1)
    for step in range(int(counts[0]) - 1, 0, -1):
        there = n_there[step]
        crops = order[firsts[:there] + step]
        is_change = from_other[crops, animals[:there]]
        animals[:there] = np.where(is_change, likeliest[crops], animals[:there])
        changes.append(crops[is_change])
    return np.sort(np.concatenate(changes)).astype(np.int64) if changes else np.zeros(0, dtype=np.int64)
