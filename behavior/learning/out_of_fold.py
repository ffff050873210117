"""Predictions of recordings by models that have never seen them, of all folds and behaviors side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.config import Study
from behavior.learning.fitting import FitStore, fit_models, hash_learning, prepare_features
from behavior.learning.learning_data import LearningData, load_variant
from behavior.learning.variants import combine_members, list_variants
from behavior.progress import warn
from behavior.sequence.averaging import spread_rows
from behavior.sequence.folds import Fold, choose_inner, leave_out_folds
from behavior.sequence.plans import FitReport, ModelPlan
from behavior.sequence.weighting import count_classes

__all__ = ["FoldRecord", "OutOfFold", "list_folds", "plan_model", "predict_out_of_fold", "predict_pairs", "seed_fit"]

# Draws of recordings with replacement before bagging gives up on finding both classes among them.
MAX_DRAWS = 100


@dataclass(frozen=True)
class FoldRecord:
    """One fit of a cross-validation, a row of `folds.csv`.

    Attributes
    ----------
    fold, behavior
        What was left out, and what was learned.
    member
        Which kind of model in an ensemble, and which of its seeds.
    watched
        Recordings that early stopping watched, separated by spaces; empty where the number of epochs was fixed.
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
    """What was predicted.

    Attributes
    ----------
    probabilities
        For each recording float32 of shape (T, B), combined over the members of an ensemble; NaN where a behavior could not be learned.
    records
        One for each fold, behavior and member.
    """

    probabilities: list[npt.NDArray[np.float32]]
    records: list[FoldRecord]


@dataclass(frozen=True)
class _Planned:
    """A model to fit, or why there is none for these behaviors."""

    fold: int
    member: int
    outputs: tuple[int, ...]
    plan: ModelPlan | None
    reasons: Mapping[int, str]


def list_folds(study: Study, data: LearningData) -> list[Fold]:
    """Return the folds of a cross-validation of `data`."""
    return leave_out_folds(
        [recording.id for recording in data.recordings],
        [recording.animal for recording in data.recordings],
        leave_out=study.crossval.leave_out,
    )


def seed_fit(seed: int, *place: int) -> int:
    """Return the seed of one fit, different for every fold, behavior and member."""
    return int(np.random.SeedSequence([seed, *place]).generate_state(1)[0] >> 1)


def predict_out_of_fold(
    study: Study,
    data: LearningData,
    *,
    folds: Sequence[Fold] | None = None,
    follow: Callable[[int, list[npt.NDArray[np.float32]]], None] | None = None,
    store: FitStore | None = None,
) -> OutOfFold:
    """Fit every behavior in every fold and predict what the fold leaves out.

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

    def gather(predicted: Mapping[tuple[int, int], npt.NDArray[np.float32]]) -> list[npt.NDArray[np.float32]]:
        by_recording = {recording: values for (_, recording), values in predicted.items()}
        return [by_recording[recording] for recording in range(len(data.recordings))]

    predicted, records = _predict_folds(
        study, data, folds, follow=None if follow is None else lambda epoch, found: follow(epoch, gather(found)), store=store
    )
    return OutOfFold(gather(predicted), records)


def predict_pairs(study: Study, data: LearningData, *, store: FitStore | None = None) -> dict[tuple[str, str], npt.NDArray[np.float32]]:
    """Return what models say (T, B) that left out two folds at once, by name of one fold and id of a recording of the other."""
    folds = list_folds(study, data)
    pairs = [(first, second) for place, first in enumerate(folds) for second in folds[place + 1 :]]
    joined = [
        Fold(
            name=f"{first.name} and {second.name}",
            left_out=(*first.left_out, *second.left_out),
            training=tuple(index for index in first.training if index in second.training),
        )
        for first, second in pairs
    ]
    predicted, _ = _predict_folds(study, data, joined, store=store)
    found: dict[tuple[str, str], npt.NDArray[np.float32]] = {}
    for place, (first, second) in enumerate(pairs):
        for fold, other in ((first, second), (second, first)):
            for recording in other.left_out:
                found[fold.name, data.recordings[recording].id] = predicted[place, recording]
    return found


def _predict_folds(
    study: Study,
    data: LearningData,
    folds: Sequence[Fold],
    *,
    follow: Callable[[int, Mapping[tuple[int, int], npt.NDArray[np.float32]]], None] | None = None,
    store: FitStore | None = None,
) -> tuple[dict[tuple[int, int], npt.NDArray[np.float32]], list[FoldRecord]]:
    """Return what the models of each fold say (T, B) about what it leaves out, by fold and recording, and what was fitted."""
    members: list[dict[tuple[int, int], npt.NDArray[np.float32]]] = []
    records: list[FoldRecord] = []
    variants = list_variants(study)
    for number, variant in enumerate(variants):
        seen = load_variant(study, variant, data)
        loaded = seen.average(variant.features.average)
        planned = _plan_folds(study, loaded, folds, variant, number)
        places = [place for place, found in enumerate(planned) if found.plan is not None]
        plans = [found.plan for found in planned if found.plan is not None]

        def fill(
            found: Mapping[int, Mapping[int, npt.NDArray[np.float32]]],
            planned: Sequence[_Planned] = planned,
            places: Sequence[int] = places,
            average: int = variant.features.average,
        ) -> list[dict[tuple[int, int], npt.NDArray[np.float32]]]:
            named = {places[index]: values for index, values in found.items()}
            return _fill(study, data, folds, planned, named, average=average)

        def pass_on(epoch: int, found: Mapping[int, Mapping[int, npt.NDArray[np.float32]]], fill: Any = fill) -> None:
            assert follow is not None
            follow(epoch, _combine(fill(found), study.ensemble.combine))

        fitted, _ = fit_models(
            variant,
            loaded,
            plans,
            preparations=prepare_features(variant, loaded, [fold.training for fold in folds]),
            follow=pass_on if follow is not None and len(variants) == 1 else None,
            # The features of the study itself are in the store's own digest.
            store=store.open(f"variant{number}", also=hash_learning(variant, seen) if seen is not data else "") if store else None,
            title="cross-validating",
        )
        members += fill({index: model.probabilities for index, model in enumerate(fitted)})
        reports = {place: model.report for place, model in zip(places, fitted, strict=True)}
        for place, part in enumerate(planned):
            records += _record(data, folds, part, reports.get(place))
    _warn_of_gaps(records)
    return _combine(members, study.ensemble.combine), records


def _combine(
    members: Sequence[Mapping[tuple[int, int], npt.NDArray[np.float32]]], combine: str
) -> dict[tuple[int, int], npt.NDArray[np.float32]]:
    return {key: combine_members(np.stack([member[key] for member in members]), combine) for key in members[0]}


def plan_model(
    study: Study,
    data: LearningData,
    training: Sequence[int],
    *,
    outputs: tuple[int, ...],
    left_out: Sequence[int] = (),
    seed: int,
    preparation: int = 0,
    epochs: int | None = None,
    name: str = "",
) -> tuple[ModelPlan | None, dict[int, str]]:
    """Return how a model of the behaviors `outputs` is fitted on the recordings `training`, and why for those that cannot be learned.

    Parameters
    ----------
    left_out
        What it predicts; where the study says so, early stopping watches it.
    epochs
        A fixed number, with nothing watched; None to watch a recording.
    name
        The fold's, for the reasons.
    """
    reasons: dict[int, str] = {}
    learnable: set[int] | None = None
    for output in outputs:
        negative, positive = count_classes([data.labels[index].values[:, output] for index in training])
        if not negative or not positive:
            missing = "positive" if not positive else "negative"
            reasons[output] = f"no {missing} frame of {data.behaviors[output]} in the recordings that {name or 'the model'} learns from"
            continue
        found = data.find_learnable(range(len(data.recordings)), output)
        learnable = found if learnable is None else learnable & found or learnable | found
    if learnable is None:
        return None, reasons
    watched: tuple[int, ...] = ()
    if epochs is None and study.crossval.early_stopping_on == "fold" and left_out:
        watched = tuple(index for index in left_out if index in learnable)
    elif epochs is None:
        watched = _choose_watched(
            study,
            data,
            training,
            after=left_out[-1] if left_out else -1,
            outputs=[output for output in outputs if output not in reasons],
            learnable=learnable,
        )
    learned = tuple(index for index in training if index not in watched or index in left_out)
    if study.ensemble.bagging == "recordings":
        learned = _draw_recordings(data, learned, [output for output in outputs if output not in reasons], seed)
    plan = ModelPlan(
        outputs=outputs,
        learned=learned,
        watched=watched,
        predicted=tuple(left_out),
        epochs=epochs or study.training.epochs,
        seed=seed,
        preparation=preparation,
    )
    return plan, reasons


def _choose_watched(
    study: Study, data: LearningData, training: Sequence[int], *, after: int, outputs: Sequence[int], learnable: set[int]
) -> tuple[int, ...]:
    """Return what early stopping watches: recordings without which every one of `outputs` can still be learned; () for none."""
    while True:
        watched = choose_inner(
            training,
            after=after,
            animals=[recording.animal for recording in data.recordings],
            leave_out=study.crossval.leave_out,
            learnable=learnable,
        )
        left = [index for index in training if index not in watched]
        if not watched or all(all(count_classes([data.labels[index].values[:, output] for index in left])) for output in outputs):
            return watched
        learnable = learnable - set(watched)


def _draw_recordings(data: LearningData, learned: Sequence[int], outputs: Sequence[int], seed: int) -> tuple[int, ...]:
    """Return as many recordings, drawn with replacement so that every behavior has frames of both classes; as they were if none do."""
    rng = np.random.default_rng(seed)
    for _ in range(MAX_DRAWS):
        drawn = tuple(sorted(int(index) for index in rng.choice(np.array(learned), size=len(learned))))
        if all(all(count_classes([data.labels[index].values[:, output] for index in drawn])) for output in outputs):
            return drawn
    return tuple(learned)


def _plan_folds(study: Study, data: LearningData, folds: Sequence[Fold], variant: Study, number: int) -> list[_Planned]:
    outputs = [tuple(range(len(data.behaviors)))] if variant.head.share else [(output,) for output in range(len(data.behaviors))]
    planned = []
    for member in range(study.ensemble.seeds):
        for place, fold in enumerate(folds):
            for column, answered in enumerate(outputs):
                where = (place, column) if number == member == 0 else (place, column, number, member)
                plan, reasons = plan_model(
                    variant.model_copy(update={"ensemble": study.ensemble}),
                    data,
                    fold.training,
                    outputs=answered,
                    left_out=fold.left_out,
                    seed=seed_fit(study.training.seed, *where),
                    preparation=place,
                    name=f"fold {fold.name}",
                )
                planned.append(_Planned(place, number * study.ensemble.seeds + member, answered, plan, reasons))
    return planned


def _fill(
    study: Study,
    data: LearningData,
    folds: Sequence[Fold],
    planned: Sequence[_Planned],
    found: Mapping[int, Mapping[int, npt.NDArray[np.float32]]],
    *,
    average: int,
) -> list[dict[tuple[int, int], npt.NDArray[np.float32]]]:
    """Return for each seed what its models say (T, B), by fold and recording; NaN where none was fitted."""
    filled = [
        {
            (place, index): np.full((len(data.labels[index].values), len(data.behaviors)), np.nan, dtype=np.float32)
            for place, fold in enumerate(folds)
            for index in fold.left_out
        }
        for _ in range(study.ensemble.seeds)
    ]
    for place, predicted in found.items():
        part = planned[place]
        for recording, coarse in predicted.items():
            values = spread_rows(coarse, average, len(data.labels[recording].values))
            for column, output in enumerate(part.outputs):
                if output not in part.reasons:
                    filled[part.member % study.ensemble.seeds][part.fold, recording][:, output] = values[:, column]
    return filled


def _record(data: LearningData, folds: Sequence[Fold], planned: _Planned, report: FitReport | None) -> list[FoldRecord]:
    rows = []
    for output in planned.outputs:
        reason = planned.reasons.get(output, "") or (report.problem if report is not None else "")
        learned = report if not reason else None
        watched = planned.plan.watched if planned.plan is not None and not reason else ()
        rows.append(
            FoldRecord(
                fold=folds[planned.fold].name,
                behavior=data.behaviors[output],
                member=str(planned.member),
                watched=" ".join(data.recordings[index].id for index in watched),
                best_epoch=learned.best_epoch if learned is not None else None,
                epochs=learned.epochs if learned is not None else None,
                reason=reason,
            )
        )
    return rows


def _warn_of_gaps(records: Sequence[FoldRecord]) -> None:
    for fold, behavior, reason in dict.fromkeys((record.fold, record.behavior, record.reason) for record in records if record.reason):
        warn(f"fold {fold}: {reason}; {behavior} counts as decided negative there.")
