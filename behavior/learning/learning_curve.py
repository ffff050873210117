"""How scores grow with the number of training recordings: what a lab looks at before it labels more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.config import Study
from behavior.learning.fit_store import FitStore
from behavior.learning.learning_data import LearningData
from behavior.learning.out_of_fold import predict_out_of_fold
from behavior.learning.planning import seed_fit
from behavior.metrics.bootstrap import draw_multiplicities, find_interval, resample_average_precision
from behavior.metrics.frames import average_precision
from behavior.progress import announce
from behavior.sequence.folds import Fold

__all__ = ["CURVE", "measure_learning_curve", "predict_with_fewer"]

N_RESAMPLES = 1000
# What parts of a store are called, with a number behind.
CURVE = "curve"


def measure_learning_curve(
    study: Study, data: LearningData, folds: Sequence[Fold], *, complete: Sequence[npt.NDArray[np.float32]], store: FitStore
) -> pd.DataFrame:
    """Cross-validate with fewer and fewer training recordings in every fold.

    Parameters
    ----------
    complete
        Out-of-fold probabilities of models of all training recordings, one (T, B) for each recording (`predict_out_of_fold`).
    store
        Keeps what is finished for a run that is interrupted.

    Returns
    -------
    Columns recordings (their number in a fold's training set, the validation recording included), behavior, value (pooled average
    precision), low and high (95 % interval over recordings). A larger set holds the smaller ones.
    """
    most = min(len(fold.training) for fold in folds)
    rows: list[dict[str, object]] = []
    for number in _list_sizes(most):
        if number == most:
            probabilities = list(complete)
        else:
            announce(f"learning curve: {number} of {most} training recordings")
            probabilities = predict_with_fewer(study, data, folds, number, store=store)
        rows += _score(data, probabilities, number)
    return pd.DataFrame(rows)


def predict_with_fewer(
    study: Study, data: LearningData, folds: Sequence[Fold], number: int, *, store: FitStore
) -> list[npt.NDArray[np.float32]]:
    """Return out-of-fold probabilities, one (T, B) for each recording, of models with `number` training recordings in each fold."""
    return predict_out_of_fold(
        _scale_batches(study, len(data.recordings), number),
        data,
        folds=[_thin(fold, number, seed_fit(study.training.seed, index)) for index, fold in enumerate(folds)],
        store=store.open(f"{CURVE}{number}"),
    ).probabilities


def _list_sizes(most: int) -> list[int]:
    """Return up to five numbers of recordings from 2 to `most`, evenly spread by their ratio."""
    return sorted({round(float(size)) for size in np.geomspace(min(2, most), most, num=5)})


def _thin(fold: Fold, number: int, seed: int) -> Fold:
    """Return `fold` with `number` of its training recordings; with the same seed, a larger number holds those of a smaller one."""
    order = np.random.default_rng(seed).permutation(len(fold.training))
    kept = {fold.training[index] for index in order[:number]}
    return Fold(fold.name, fold.left_out, tuple(index for index in fold.training if index in kept))


def _scale_batches(study: Study, n_recordings: int, number: int) -> Study:
    """Return `study` with batches that hold as many windows of `number` recordings as the study's hold of all of them."""
    batch_size = max(round(study.training.batch_size * n_recordings / number), 1)
    return study.model_copy(update={"training": study.training.model_copy(update={"batch_size": batch_size})})


def _score(data: LearningData, probabilities: Sequence[npt.NDArray[np.float32]], number: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    multiplicities = draw_multiplicities(len(data.recordings), n_resamples=N_RESAMPLES, seed=0)
    for column, name in enumerate(data.behaviors):
        truth = [labels.values[:, column] for labels in data.labels]
        predicted = [values[:, column] for values in probabilities]
        low, high = find_interval(resample_average_precision(truth, predicted, multiplicities))
        value = average_precision(np.concatenate(truth), np.concatenate(predicted))
        rows.append({"recordings": number, "behavior": name, "value": value, "low": low, "high": high})
    return rows
