"""The groups of models of a cross-validation, trained by several workers: each does what one process would, for its group alone."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from behavior.compute.units import Work, run_units
from behavior.compute.where import Where
from behavior.config import Study
from behavior.errors import BehaviorError, TrainingError
from behavior.files.study import open_study
from behavior.learning.fit_store import FitStore, GroupTrainedError, Share
from behavior.learning.fitting import hash_learning
from behavior.learning.learning_curve import CURVE, predict_with_fewer
from behavior.learning.learning_data import LearningData, load_learning_data
from behavior.learning.out_of_fold import predict_out_of_fold, predict_pairs
from behavior.learning.planning import list_folds
from behavior.learning.view_scores import VIEW_PART, predict_view

__all__ = ["FOLDS", "PAIRS", "share_fits"]

# Parts of the store.
FOLDS, PAIRS = "folds", "pairs"


def share_fits(path: Path, folder: Path, where: Where) -> Share | None:
    """Return what has groups of models of the study at `path` trained where work runs; None where that is this process.

    Parameters
    ----------
    folder
        Of the store that models go to.
    """
    return None if where.is_here else partial(_train_elsewhere, path, folder, where)


def _train_elsewhere(path: Path, folder: Path, where: Where, part: str, groups: Sequence[int]) -> None:
    """Have the groups of a part of the work trained, and raise TrainingError if some could not be; the others are kept."""
    work = Work(
        partial(_train_group, path, folder),
        units=[(part, number) for number in groups],
        names=[f"models of group {number + 1} of {part}" for number in groups],
        folder=folder,
        title="training",
        noun="groups of models",
    )
    lost = [name for name, outcome in zip(work.names, run_units(work, where), strict=True) if isinstance(outcome, BehaviorError)]
    if lost:
        raise TrainingError(
            f"{path}: {', '.join(lost)} could not be trained; the others are kept, and the command resumes. If memory ran out, give "
            "workers more, or take fewer models at a time (training.memory_gib)."
        )


def _train_group(path: Path, folder: Path, unit: tuple[str, int]) -> None:
    """Train one group of models, in a worker's process, and leave them in the store at `folder`."""
    study, data, digest = _load_once(path)
    store = FitStore(folder, digest, wanted=unit)
    name = unit[0].partition("/")[0]
    try:
        if name == FOLDS:
            predict_out_of_fold(study, data, store=store.open(FOLDS))
        elif name == PAIRS:
            predict_pairs(study, data, store=store.open(PAIRS))
        elif name.startswith(VIEW_PART):
            predict_view(study, data, name.removeprefix(VIEW_PART), store=store)
        else:
            predict_with_fewer(study, data, list_folds(study, data), int(name.removeprefix(CURVE)), store=store)
    except GroupTrainedError:
        return
    raise AssertionError(f"{unit}: not a group of this cross-validation")


@functools.lru_cache(maxsize=1)
def _load_once(path: Path) -> tuple[Study, LearningData, str]:
    """Load a study in a worker's process, which lives as long as a run."""
    study, recordings = open_study(path)
    data = load_learning_data(study, [recording for recording in recordings if recording.split == "train"], among=recordings)
    return study, data, hash_learning(study, data)
