"""How well each view does alone, beside what all of them do together: in the same folds, over the frames that it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.config import FIRST_VIEW, Study, list_views
from behavior.learning.fit_store import FitStore
from behavior.learning.learning_data import LearningData, load_variant
from behavior.learning.out_of_fold import OutOfFold, predict_out_of_fold
from behavior.learning.planning import list_folds
from behavior.learning.variants import select_view
from behavior.metrics.tables import MetricIndex, score_study

__all__ = ["TOGETHER", "VIEW_PART", "describe_view_scores", "predict_view", "predict_views", "score_views"]

# Part of a store of fits; the name of the view follows.
VIEW_PART = "view_"
# What the table of scores calls the views together.
TOGETHER = "together"
_METRIC = "average_precision"
_THRESHOLD = 0.5


def predict_views(
    study: Study, data: LearningData, together: OutOfFold, *, store: FitStore | None = None
) -> dict[str, list[npt.NDArray[np.float32]]]:
    """Return the out-of-fold probabilities of each view alone, "" for the first, float32 of shape (T, B) for each recording.

    Models are trained for it where the study's own read all views at once.

    Parameters
    ----------
    study
        With a section `views`.
    data
        Its features and labels.
    together
        The predictions of the study's own models.
    store
        Keeps fits, in a part for each view.
    """
    if together.by_view:
        return dict(together.by_view)
    return {view: predict_view(study, data, view, store=store) for view in list_views(study.streams)}


def predict_view(study: Study, data: LearningData, view: str, *, store: FitStore | None = None) -> list[npt.NDArray[np.float32]]:
    """Return the out-of-fold probabilities of one view alone, of which models are trained; arguments as for `predict_views`."""
    alone = select_view(study, view)
    own = load_variant(study, alone, data)
    part = store.open(f"{VIEW_PART}{view}") if store is not None else None
    predicted = predict_out_of_fold(alone, own, folds=list_folds(study, data), store=part).probabilities
    # What the view does not show is not predicted.
    seen = [features.is_frame_seen for features in own.features]
    return [
        values if frames is None else np.where(frames[:, None], values, np.float32(np.nan))
        for values, frames in zip(predicted, seen, strict=True)
    ]


def score_views(
    data: LearningData, together: Sequence[npt.NDArray[np.float32]], alone: Mapping[str, Sequence[npt.NDArray[np.float32]]]
) -> pd.DataFrame:
    """Return the average precision of each view, and of all together: the columns of `metrics.csv` after one that is called `view`.

    A view is scored over the frames that it shows.

    Parameters
    ----------
    data
        Recordings, features and labels.
    together
        Out-of-fold probabilities (T, B) of each recording.
    alone
        The same of each view, "" for the first.
    """
    tables = []
    for view, predicted in {**alone, TOGETHER: together}.items():
        truth, probabilities, times = {}, {}, {}
        for recording, features, labels, values in zip(data.recordings, data.features, data.labels, predicted, strict=True):
            is_unseen = np.isnan(values).all(axis=1)
            if view != TOGETHER and is_unseen.all():
                continue
            truth[recording.id] = np.where(is_unseen[:, None], np.int8(-1), labels.values)
            probabilities[recording.id] = values
            times[recording.id] = features.time_s
        decisions = {name: np.nan_to_num(values) >= _THRESHOLD for name, values in probabilities.items()}
        table = score_study(truth, probabilities, decisions, data.behaviors, time_s=times)
        table = table[table["metric"] == _METRIC]
        tables.append(table.assign(view=view or FIRST_VIEW)[["view", *table.columns]])
    return pd.concat(tables, ignore_index=True)


def describe_view_scores(table: pd.DataFrame, *, file: str) -> list[str]:
    """Return a sentence for each behavior on how well each view does alone and how well all do together, by the table in `file`."""
    indexes = {view: MetricIndex(table[table["view"] == view].drop(columns="view")) for view in dict.fromkeys(table["view"])}
    sentences = []
    for name in dict.fromkeys(table["behavior"]):
        scores = [f"{view} {_show(index.find(name, _METRIC).value)}" for view, index in indexes.items()]
        sentences.append(f"Average precision of {name} by view, each over the frames that it shows: {', '.join(scores)} ({file}).")
    return sentences


def _show(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "not known"
