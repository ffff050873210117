"""Predictions of recordings by models that were not trained on them, of all folds and behaviors side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from behavior.config import Study, split_stream
from behavior.learning.fit_store import FitStore
from behavior.learning.fitting import fit_models, hash_learning, prepare_features
from behavior.learning.learning_data import LearningData, load_variant
from behavior.learning.planning import FitKey, PlannedFit, list_folds, plan_fits
from behavior.learning.recording_features import RecordingFeatures
from behavior.learning.variants import combine_members, list_variants
from behavior.progress import warn
from behavior.sequence.folds import Fold
from behavior.sequence.plans import TrainedModel

__all__ = ["FoldRecord", "OutOfFold", "predict_out_of_fold", "predict_pairs"]

# Probabilities (T, B) by the index of the recording, for each fold.
FoldPredictions = list[dict[int, npt.NDArray[np.float32]]]


@dataclass(frozen=True)
class FoldRecord:
    """One fit of a cross-validation, a row of `folds.csv`.

    Attributes
    ----------
    fold, behavior
        What was left out, and what was trained.
    member
        Number of the ensemble's member.
    watched
        Ids of the validation recordings of early stopping, separated by spaces; empty where the number of epochs was fixed.
    best_epoch, epochs
        The epoch whose weights predicted, and how many were run.
    reason
        Why there was no fit; empty where there was one.
    """

    fold: str
    behavior: str
    member: str
    watched: str
    best_epoch: int | None
    epochs: int | None
    reason: str


@dataclass(frozen=True)
class OutOfFold:
    """Out-of-fold predictions.

    Attributes
    ----------
    probabilities
        For each recording float32 of shape (T, B), combined over the members of an ensemble; NaN where a behavior could not be trained.
    records
        One for each member, fold and behavior.
    by_view
        Those of the models of each view alone, "" for the first, where each view has models of its own; NaN also in frames that it does
        not show.
    """

    probabilities: list[npt.NDArray[np.float32]]
    records: list[FoldRecord]
    by_view: Mapping[str, list[npt.NDArray[np.float32]]] = field(default_factory=dict)


def predict_out_of_fold(
    study: Study,
    data: LearningData,
    *,
    folds: Sequence[Fold] | None = None,
    follow: Callable[[int, list[npt.NDArray[np.float32]]], None] | None = None,
    store: FitStore | None = None,
) -> OutOfFold:
    """Train every behavior in every fold and predict what the fold leaves out.

    Parameters
    ----------
    study
        Its head, windows, training, features, ensemble and crossval sections are used.
    data
        The recordings.
    folds
        `list_folds` where None; a fold may have fewer training recordings than there are.
    follow
        Called after every epoch with its number and the out-of-fold probabilities of the best weights so far, where all models train
        together (one kind of model, and memory for all); what it raises ends the work.
    store
        Keeps finished models, and the state of those in training, for a run that is interrupted.
    """
    folds = list_folds(study, data) if folds is None else folds

    def order(predictions: FoldPredictions) -> list[npt.NDArray[np.float32]]:
        by_recording = {recording: values for of_fold in predictions for recording, values in of_fold.items()}
        return [by_recording[recording] for recording in range(len(data.recordings))]

    def follow_folds(epoch: int, predictions: FoldPredictions) -> None:
        assert follow is not None
        follow(epoch, order(predictions))

    predictions, records, by_view = _predict_folds(study, data, folds, follow=follow_folds if follow is not None else None, store=store)
    return OutOfFold(order(predictions), records, {view: order(of_view) for view, of_view in by_view.items()})


def predict_pairs(study: Study, data: LearningData, *, store: FitStore | None = None) -> dict[tuple[str, str], npt.NDArray[np.float32]]:
    """Return probabilities (T, B) of models that left out two folds at once, by name of one fold and id of a recording of the other."""
    folds = list_folds(study, data)
    pairs = [(first, second) for number, first in enumerate(folds) for second in folds[number + 1 :]]
    joined = [
        Fold(
            name=f"{first.name} and {second.name}",
            left_out=(*first.left_out, *second.left_out),
            training=tuple(index for index in first.training if index in second.training),
        )
        for first, second in pairs
    ]
    predictions, _, _ = _predict_folds(study, data, joined, store=store)
    return {
        (fold.name, data.recordings[recording].id): of_pair[recording]
        for (first, second), of_pair in zip(pairs, predictions, strict=True)
        for fold, other in ((first, second), (second, first))
        for recording in other.left_out
    }


def _predict_folds(
    study: Study,
    data: LearningData,
    folds: Sequence[Fold],
    *,
    follow: Callable[[int, FoldPredictions], None] | None = None,
    store: FitStore | None = None,
) -> tuple[FoldPredictions, list[FoldRecord], dict[str, FoldPredictions]]:
    """Return for each fold the probabilities of what it leaves out, what was trained, and probabilities by the models of each view."""
    planned: list[PlannedFit] = []
    models: dict[FitKey, TrainedModel] = {}
    layouts: list[list[RecordingFeatures]] = []
    n_variants = len(list_variants(study))
    for variant in range(n_variants):
        if store is not None and not store.is_part_wanted(_name_part(variant)):
            continue
        fits, of_variant, layout = _fit_variant(study, data, folds, variant, follow=follow if n_variants == 1 else None, store=store)
        planned += fits
        models |= of_variant
        layouts.append(layout)
    records = [record for fit in planned for record in _record(data, folds, fit, models.get(fit.key))]
    _warn_of_gaps(records)
    predicted = {key: model.probabilities for key, model in models.items()}
    by_view: dict[str, FoldPredictions] = {}
    for view, members in _list_members_of_views(study).items():
        of_view = [fit for fit in planned if fit.key.member in members]
        by_view[view] = _combine(study, data, folds, of_view, layouts, predicted)
    return _combine(study, data, folds, planned, layouts, predicted), records, by_view


def _list_members_of_views(study: Study) -> dict[str, set[int]]:
    """Return the numbers of the members of each view, "" for the first; none where models read several views at once."""
    if study.views is None or study.views.combine == "features":
        return {}
    members: dict[str, set[int]] = {}
    for number, variant in enumerate(list_variants(study)):
        view = split_stream(variant.streams[0])[1]
        members.setdefault(view, set()).update(range(number * study.ensemble.seeds, (number + 1) * study.ensemble.seeds))
    return members


def _name_part(variant: int) -> str:
    """Return what the store of one kind of model is called."""
    return f"variant{variant}"


def _fit_variant(
    study: Study,
    data: LearningData,
    folds: Sequence[Fold],
    variant: int,
    *,
    follow: Callable[[int, FoldPredictions], None] | None,
    store: FitStore | None,
) -> tuple[list[PlannedFit], dict[FitKey, TrainedModel], list[RecordingFeatures]]:
    """Train one kind of model in all folds; return what was planned, the models without their weights, and what their rows are of."""
    settings = list_variants(study)[variant]
    variant_data = load_variant(study, settings, data)
    # Features fill memory; what is needed of them in the end is which frames they are of.
    layout = [replace(features, values=features.values[:, :0]) for features in variant_data.features]
    averaged = variant_data.to_vectors(settings.features.average)
    planned = plan_fits(study, variant, averaged, dict(enumerate(folds)))

    def follow_fits(epoch: int, predictions: Mapping[FitKey, Mapping[int, npt.NDArray[np.float32]]]) -> None:
        assert follow is not None
        follow(epoch, _combine(study, data, folds, planned, [layout], predictions))

    models, _ = fit_models(
        settings,
        averaged,
        {fit.key: fit.plan for fit in planned if fit.plan is not None},
        preparations=prepare_features(settings, averaged, [fold.training for fold in folds]),
        follow=follow_fits if follow is not None else None,
        # The features of the study itself are in the store's own digest.
        store=store.open(_name_part(variant), also=hash_learning(settings, variant_data) if variant_data is not data else "")
        if store
        else None,
        title="cross-validating",
    )
    return planned, models, layout


def _combine(
    study: Study,
    data: LearningData,
    folds: Sequence[Fold],
    planned: Sequence[PlannedFit],
    layouts: Sequence[Sequence[RecordingFeatures]],
    predictions: Mapping[FitKey, Mapping[int, npt.NDArray[np.float32]]],
) -> FoldPredictions:
    """Return for each fold the probabilities (T, B) of each recording that it leaves out; NaN where no member was trained.

    `layouts` has for each kind of model which frames the rows of each recording are of.
    """
    n_members = len(list_variants(study)) * study.ensemble.seeds
    members: FoldPredictions = [
        {
            recording: np.full((n_members, len(data.labels[recording].values), len(data.behaviors)), np.nan, dtype=np.float32)
            for recording in fold.left_out
        }
        for fold in folds
    ]
    for fit in planned:
        for recording, values in predictions.get(fit.key, {}).items():
            of_member = members[fit.key.fold][recording][fit.key.member]
            per_frame = layouts[fit.key.member // study.ensemble.seeds][recording].spread(values, average=fit.average)
            for column, output in enumerate(fit.outputs):
                if output in fit.trained_outputs:
                    of_member[:, output] = per_frame[:, column]
    return [{recording: combine_members(values, study.ensemble.combine) for recording, values in of_fold.items()} for of_fold in members]


def _record(data: LearningData, folds: Sequence[Fold], fit: PlannedFit, model: TrainedModel | None) -> list[FoldRecord]:
    """Return a row for each behavior of a fit."""
    rows = []
    for output in fit.outputs:
        reason = fit.reasons.get(output, "") or (model.report.problem if model is not None else "")
        usable = model.report if model is not None and not reason else None
        validation = fit.plan.validation if fit.plan is not None and not reason else ()
        rows.append(
            FoldRecord(
                fold=folds[fit.key.fold].name,
                behavior=data.behaviors[output],
                member=str(fit.key.member),
                watched=" ".join(data.recordings[index].id for index in validation),
                best_epoch=usable.best_epoch if usable is not None else None,
                epochs=usable.epochs if usable is not None else None,
                reason=reason,
            )
        )
    return rows


def _warn_of_gaps(records: Sequence[FoldRecord]) -> None:
    for fold, behavior, reason in dict.fromkeys((record.fold, record.behavior, record.reason) for record in records if record.reason):
        warn(f"fold {fold}: {reason.removesuffix(f' of fold {fold}')}; {behavior} counts as decided negative there.")
