"""How well individuals are found again among several guesses, and how well new ones are told from known ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["auroc_of_new", "map_at_k", "score_guesses", "top_k_accuracy"]


def map_at_k(guesses: npt.ArrayLike, truth: npt.ArrayLike, *, k: int = 5) -> float:
    """Return the mean over queries of 1 / rank of the right guess, 0 where it is not among the first `k`: MAP@k with one right answer.

    It lies between top-k accuracy / k, where every right guess is the last, and top-k accuracy, where every one is the first.

    Parameters
    ----------
    guesses
        Individuals from the likeliest on, integers of shape (Q, G), no individual twice in a row but -1, which is no guess.
    truth
        The individual of each query, integers of shape (Q,), 0 or more.
    k
        How many guesses count.

    Returns
    -------
    A share; NaN where there is no query.

    Raises
    ------
    ValueError
        If shapes differ, a truth is negative, a guess is there twice or `k` is below 1.

    Examples
    --------
    >>> map_at_k([[3, 1], [1, 3], [2, 1]], [3, 3, 3])
    0.5
    """
    ranks = _find_ranks(guesses, truth, k)
    return float(np.mean(np.where(np.isfinite(ranks), 1.0 / ranks, 0.0))) if len(ranks) else float("nan")


def top_k_accuracy(guesses: npt.ArrayLike, truth: npt.ArrayLike, *, k: int = 1) -> float:
    """Return the share of queries with the right individual among the first `k` guesses; takes and raises what `map_at_k` does.

    >>> top_k_accuracy([[3, 1], [1, 3]], [3, 3]), top_k_accuracy([[3, 1], [1, 3]], [3, 3], k=2)
    (0.5, 1.0)
    """
    ranks = _find_ranks(guesses, truth, k)
    return float(np.isfinite(ranks).mean()) if len(ranks) else float("nan")


def auroc_of_new(novelty: npt.ArrayLike, is_new: npt.ArrayLike) -> float:
    """Return the area under the ROC curve of new against known: the share of pairs in which the new one looks newer, ties by half.

    Parameters
    ----------
    novelty
        Higher for what looks like nobody known, shape (Q,).
    is_new
        Bool of shape (Q,).

    Returns
    -------
    A share; NaN where all queries are new, or none is.

    >>> auroc_of_new([0.9, 0.2, 0.4], [True, False, False])
    1.0
    """
    from sklearn.metrics import roc_auc_score

    values, new = np.asarray(novelty, dtype=np.float64), np.asarray(is_new, dtype=np.bool_)
    if values.shape != new.shape or values.ndim != 1:
        raise ValueError(f"novelty and is_new have shapes {values.shape} and {new.shape}, expected one (Q,)")
    if new.all() or not new.any():
        return float("nan")
    return float(roc_auc_score(new, values))


def score_guesses(guesses: npt.ArrayLike, truth: npt.ArrayLike, novelty: npt.ArrayLike) -> dict[str, float]:
    """Return `map_at_5`, `top_1`, `top_5` over the queries of known individuals, and `auroc_of_new` over all.

    Parameters
    ----------
    guesses, novelty
        As `map_at_k` and `auroc_of_new` take them.
    truth
        As `map_at_k` takes it; -1 where the individual is new.
    """
    rows, names = np.asarray(guesses), np.asarray(truth)
    known = names >= 0
    return {
        "map_at_5": map_at_k(rows[known], names[known]),
        "top_1": top_k_accuracy(rows[known], names[known]),
        "top_5": top_k_accuracy(rows[known], names[known], k=5),
        "auroc_of_new": auroc_of_new(novelty, ~known),
    }


def _find_ranks(guesses: npt.ArrayLike, truth: npt.ArrayLike, k: int) -> npt.NDArray[np.float64]:
    """Return the rank of the right guess from 1, (Q,); infinity where it is not among the first `k`."""
    rows, names = np.asarray(guesses), np.asarray(truth)
    if k < 1:
        raise ValueError(f"k is {k}, expected 1 or more")
    if rows.ndim != 2 or names.shape != (len(rows),):
        raise ValueError(f"guesses and truth have shapes {rows.shape} and {names.shape}, expected (Q, G) and (Q,)")
    if (names < 0).any():
        raise ValueError("a query has no true individual, expected numbers from 0; leave out queries of new individuals")
    ordered = np.sort(rows, axis=1)
    if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
        raise ValueError("an individual is guessed twice for one query, expected each once")
    is_right = rows[:, :k] == names[:, None]
    return np.where(is_right.any(axis=1), is_right.argmax(axis=1) + 1.0, np.inf) if is_right.size else np.full(len(rows), np.inf)
