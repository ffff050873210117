"""How often the right animal is named, frame by frame and tracklet by tracklet."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

__all__ = ["IDENTITY_METRICS", "count_identities", "identity_accuracy", "name_identities"]

IDENTITY_METRICS = ("frame_accuracy", "named", "frame_accuracy_named", "tracklet_accuracy")

UNKNOWN = -1


def count_identities(true_animals: npt.ArrayLike, predicted_animals: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """Count how often each true animal was predicted to be which: the confusion matrix.

    Parameters
    ----------
    true_animals, predicted_animals
        Number of the animal, from 0; -1 where it is not known. Integers of one shape, of any dimensions.

    Returns
    -------
    Counts of shape (true animals, predicted animals). A -1 on either side is left out.

    Raises
    ------
    ValueError
        If the arrays differ in shape or hold anything but integers of at least -1.

    Examples
    --------
    >>> count_identities([0, 0, 0, 1, 1, -1], [1, 1, 0, 0, -1, 0])
    array([[1, 2],
           [1, 0]])
    """
    true, predicted = _check_animals(true_animals, predicted_animals)
    n_true, n_predicted = (int(each.max(initial=UNKNOWN)) + 1 for each in (true, predicted))
    both = (true != UNKNOWN) & (predicted != UNKNOWN)
    counts = np.bincount(true[both] * n_predicted + predicted[both], minlength=n_true * n_predicted)
    return counts.reshape(n_true, n_predicted)


def name_identities(true_animals: npt.ArrayLike, predicted_animals: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """Return which true animal each predicted one is best taken for, no two the same: the naming with the most frames right.

    Parameters
    ----------
    true_animals, predicted_animals
        See `count_identities`.

    Returns
    -------
    The true animal of each predicted one, shape (predicted animals,); -1 where none is left for it or none that it ever was.

    Examples
    --------
    >>> name_identities([0, 0, 0, 1, 1], [1, 1, 0, 0, 0])
    array([1, 0])
    """
    counts = count_identities(true_animals, predicted_animals)
    names = np.full(counts.shape[1], UNKNOWN, dtype=np.intp)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    met = counts[rows, columns] > 0
    names[columns[met]] = rows[met]
    return names


def identity_accuracy(
    true_animals: npt.ArrayLike,
    predicted_animals: npt.ArrayLike,
    *,
    tracklets: npt.ArrayLike | None = None,
    naming: Literal["best", "given"] = "best",
) -> dict[str, float]:
    """Return the share of frames, and of tracklets, in which the predicted animal is the right one.

    An element of the arrays is one animal in one frame. For tracks, `match_animals` says which predicted animal lies on each true one.

    Parameters
    ----------
    true_animals, predicted_animals
        Number of the animal, from 0, integers of one shape. -1 in the truth leaves the element out; predicted -1 is unknown (or not
        found), which is never right.
    tracklets
        Number of the tracklet that each element belongs to, of the same shape; -1 for none. None where there are none.
    naming
        `best`: predicted animals have numbers without a meaning, and are named by `name_identities`, so that most frames are right.
        `given`: predicted animal 3 is true animal 3.

    Returns
    -------
    What `IDENTITY_METRICS` names; NaN where there is nothing to count:

    - frame_accuracy: share of the elements whose predicted animal is right
    - named: share of the elements with a predicted animal
    - frame_accuracy_named: share of those that are right
    - tracklet_accuracy: share of the tracklets whose animal is right, each counted once: the animal that is predicted in most of its
      frames (of two as often, the lower number; -1 is one of them) against the one that it truly is in most; without `tracklets` NaN

    Raises
    ------
    ValueError
        If the arrays differ in shape or hold anything but integers of at least -1, or `naming` is another word.

    Examples
    --------
    Two animals, whose numbers are exchanged; in the last frame one is taken for the other:

    >>> true, predicted = np.array([[0, 1], [0, 1], [0, 1]]), np.array([[1, 0], [1, 0], [1, 1]])
    >>> round(identity_accuracy(true, predicted)["frame_accuracy"], 3)
    0.833
    >>> round(identity_accuracy(true, predicted, naming="given")["frame_accuracy"], 3)
    0.167
    >>> identity_accuracy(true, predicted, tracklets=true)["tracklet_accuracy"]
    1.0
    """
    true, predicted = _check_animals(true_animals, predicted_animals)
    if naming == "best":
        names = name_identities(true, predicted)
        # Unknown stays unknown: the last of the names, which index -1 finds.
        named = np.append(names, UNKNOWN)[predicted]
    elif naming == "given":
        named = predicted
    else:
        raise ValueError(f"naming is {naming!r}, expected 'best' or 'given'")
    known, has_name = true != UNKNOWN, (true != UNKNOWN) & (predicted != UNKNOWN)
    right = known & (named == true)
    accuracies = {
        "frame_accuracy": _share(right, known),
        "named": _share(has_name, known),
        "frame_accuracy_named": _share(right, has_name),
        "tracklet_accuracy": float("nan"),
    }
    if tracklets is not None:
        if np.shape(tracklets) != np.shape(true_animals):
            raise ValueError(f"tracklets has the shape {np.shape(tracklets)}, expected {np.shape(true_animals)}, as the animals")
        pieces = _as_numbers("tracklets", tracklets)
        chosen = known & (pieces != UNKNOWN)
        _, piece = np.unique(pieces[chosen], return_inverse=True)
        piece_is_right = _find_mode(piece, named[chosen]) == _find_mode(piece, true[chosen])
        accuracies["tracklet_accuracy"] = _share(piece_is_right, np.ones(len(piece_is_right), dtype=bool))
    return accuracies


def _find_mode(groups: npt.NDArray[np.intp], values: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return the most frequent value of each group, the lowest of several; groups are numbered from 0 without a gap."""
    (group, value), counts = np.unique(np.stack([groups, values]), axis=1, return_counts=True)
    # Of a group's values the most frequent comes first, then the lowest.
    order = np.lexsort((value, -counts, group))
    firsts = np.flatnonzero(np.diff(group[order], prepend=-1))
    return value[order][firsts]


def _check_animals(true_animals: npt.ArrayLike, predicted_animals: npt.ArrayLike) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    if np.shape(true_animals) != np.shape(predicted_animals):
        raise ValueError(
            f"true_animals has the shape {np.shape(true_animals)} and predicted_animals {np.shape(predicted_animals)}, expected the same"
        )
    return _as_numbers("true_animals", true_animals), _as_numbers("predicted_animals", predicted_animals)


def _as_numbers(name: str, values: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """Return the numbers in one row; they have to be whole and at least -1."""
    numbers = np.asarray(values)
    if numbers.size and not np.issubdtype(numbers.dtype, np.integer):
        raise ValueError(f"{name} holds {numbers.dtype}, expected integers: the number of the animal, or -1")
    if numbers.size and numbers.min() < UNKNOWN:
        raise ValueError(f"{name} holds {numbers.min()}, expected numbers from 0, or -1 where it is not known")
    return numbers.astype(np.intp).ravel()


def _share(chosen: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> float:
    """Return the share of the chosen, NaN among none."""
    return float(chosen.sum() / among.sum()) if among.any() else float("nan")
