"""`behavior crossval`: every recording (or animal) is predicted by models that were not trained on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy.typing as npt
import pandas as pd

from behavior.compute.effort import Effort, measure_effort, measure_step, record_steps
from behavior.compute.where import HERE, Where
from behavior.config import Study
from behavior.errors import count_noun
from behavior.files.study import open_study
from behavior.learning.computing_time import Step, count_hours, measure_embedding, tabulate_effort
from behavior.learning.crossval_digest import describe_recordings
from behavior.learning.crossval_files import (
    DECISIONS_FILE,
    FITS_FOLDER,
    VIEWS_FILE,
    claim_crossval_folder,
    prepare_crossval_folder,
)
from behavior.learning.crossval_folder import CrossvalContent, read_crossval, write_crossval
from behavior.learning.decisions import decide, decide_out_of_fold
from behavior.learning.fit_store import FitStore
from behavior.learning.fitting import hash_learning
from behavior.learning.learning_curve import measure_learning_curve
from behavior.learning.learning_data import LearningData, load_learning_data
from behavior.learning.out_of_fold import FoldRecord, predict_out_of_fold, predict_pairs
from behavior.learning.planning import list_folds
from behavior.learning.raters import read_ceiling
from behavior.learning.reliability import describe_reliability, measure_reliability, tabulate_reliability
from behavior.learning.requirements import require_folds
from behavior.learning.seen_recordings import refuse_seen_recordings
from behavior.learning.shared_fits import FOLDS, PAIRS, share_fits
from behavior.learning.variants import describe_epochs, describe_model, list_variants
from behavior.learning.view_scores import describe_view_scores, predict_views, score_views
from behavior.progress import warn
from behavior.recording import Annotation, Labels, Probabilities
from behavior.reporting.crossval_pictures import draw_crossval, make_title
from behavior.reporting.frequency import describe_frequency, find_fold_thresholds
from behavior.reporting.score_files import mark_optimistic, score_annotations
from behavior.reporting.score_summary import format_summary
from behavior.sequence.folds import Fold

__all__ = ["cross_validate", "describe_views"]

OPTIMISTIC = (
    "Early stopping used the recordings that are scored (early_stopping_on: fold), as in the reference thesis: these numbers are "
    "optimistic."
)
LEARNING_CURVE = "How average precision grows with the number of training recordings: learning_curve.csv and learning_curve.png."


def cross_validate(path: Path, out: Path, *, overwrite: bool = False, learning_curve: bool = False, where: Where = HERE) -> pd.DataFrame:
    """Cross-validate the study at `path` on its training recordings and write scores and predictions to `out`.

    A run that is stopped resumes where it left off when it is started again. Earlier results in `out` stay until all new ones are known.

    Parameters
    ----------
    learning_curve
        Whether to measure too how scores grow with the number of training recordings.
    where
        Where models are trained; a unit is a group of models that memory holds.

    Returns
    -------
    The table of `metrics.csv`.

    Raises
    ------
    UsageError
        If there are fewer than two recordings (or animals) to leave out, or the study cannot be used.
    OutputError
        If `out` holds results already and `overwrite` is not set, or another process is writing to it.
    """
    study, recordings = open_study(path)
    training = [recording for recording in recordings if recording.split == "train"]
    refuse_seen_recordings(study, training, command="crossval")
    prepare_crossval_folder(out, study=path, overwrite=overwrite)
    with claim_crossval_folder(out):
        with measure_effort() as reading:
            data = load_learning_data(study, training, among=recordings)
        folds = list_folds(study, data)
        _warn_of_animals(study, data)
        require_folds(study, folds)
        store = FitStore(out / FITS_FOLDER, hash_learning(study, data), share=share_fits(path, out / FITS_FOLDER, where))
        content = _compute(study, data, folds, store, learning_curve=learning_curve, reading=reading.effort)
        write_crossval(out, content)
        store.remove()
    return content.metrics


def describe_views(folder: Path) -> list[str]:
    """Return a sentence for each behavior on how well each view does alone, by the cross-validation in `folder`; none of one view."""
    table = read_crossval(folder).views
    return [] if table is None else describe_view_scores(table, file=str(folder / VIEWS_FILE))


def _compute(
    study: Study, data: LearningData, folds: Sequence[Fold], store: FitStore, *, learning_curve: bool, reading: Effort
) -> CrossvalContent:
    """Return all that the cross-validation of `data` leaves."""
    computed_from = describe_recordings(study, data)
    ceiling = read_ceiling(
        data.recordings,
        data.behaviors,
        [features.frames for features in data.features],
        settings=study.labels,
    )
    fits = store.open(FOLDS)
    # What other processes took is not known here.
    was_begun = fits.is_begun or fits.is_shared
    with record_steps() as efforts, measure_step("train"):
        predicted = predict_out_of_fold(study, data, store=fits)
    steps = {"embed": measure_embedding(study, data.recordings), "features": reading}
    steps |= {} if was_begun else {name: efforts.get(name) for name in ("train", "predict")}
    labels = {recording.id: labels for recording, labels in zip(data.recordings, data.labels, strict=True)}
    annotations, decisions, decision_notes = _decide(study, data, folds, predicted.probabilities, labels, store)
    metrics = score_annotations(annotations, labels)
    if study.crossval.early_stopping_on == "fold":
        metrics = mark_optimistic(metrics)
    curves = measure_reliability(annotations, labels)
    views = None
    if study.views is not None:
        views = score_views(data, predicted.probabilities, predict_views(study, data, predicted, store=store))
    sizes = measure_learning_curve(study, data, folds, complete=predicted.probabilities, store=store) if learning_curve else None
    pictures = draw_crossval(study, metrics, annotations, labels, sizes)
    notes = [
        *_describe_protocol(study, folds, predicted.records),
        *decision_notes,
        *describe_reliability(curves),
        *([LEARNING_CURVE] if sizes is not None else []),
        *(describe_view_scores(views, file=VIEWS_FILE) if views is not None else []),
    ]
    frequency = describe_frequency(metrics, annotations, labels, find_fold_thresholds(study, decisions))
    return CrossvalContent(
        study=study,
        recordings=computed_from,
        annotations=annotations,
        labels=labels,
        out_of_fold=dict(zip(labels, predicted.probabilities, strict=True)),
        folds=predicted.records,
        metrics=metrics,
        summary=format_summary(
            metrics, behaviors=data.behaviors, title=make_title(study), notes=notes, ceiling=ceiling, frequency=frequency
        ),
        ceiling=ceiling,
        decisions=decisions,
        reliability=tabulate_reliability(curves),
        learning_curve=sizes,
        views=views,
        pictures=pictures,
        computing_time=tabulate_effort({name: Step(effort, count_hours(data)) for name, effort in steps.items()}),
    )


def _warn_of_animals(study: Study, data: LearningData) -> None:
    if study.crossval.leave_out == "animal" and all(recording.animal == recording.id for recording in data.recordings):
        warn(f"{study.recordings}: the column 'animal' is empty, so every recording counts as an animal of its own.")


def _decide(
    study: Study,
    data: LearningData,
    folds: Sequence[Fold],
    out_of_fold: Sequence[npt.NDArray],
    labels: Mapping[str, Labels],
    store: FitStore,
) -> tuple[list[Annotation], pd.DataFrame | None, list[str]]:
    """Return the annotations of all recordings, decided without their labels; what was fitted for that, if anything; and notes."""
    times = {recording.id: features.time_s for recording, features in zip(data.recordings, data.features, strict=True)}
    probabilities = {name: Probabilities(values, data.behaviors, times[name]) for name, values in zip(times, out_of_fold, strict=True)}
    if study.decisions is None:
        annotations = [
            decide(name, probabilities[name], fps=features.fps, postprocess=study.postprocess)
            for name, features in zip(probabilities, data.features, strict=True)
        ]
        return annotations, None, []
    pairs: dict[tuple[str, str], Probabilities] | None = None
    if study.decisions.nested == "pairs":
        predicted = predict_pairs(study, data, store=store.open(PAIRS))
        pairs = {key: Probabilities(values, data.behaviors, times[key[1]]) for key, values in predicted.items()}
    fitted = decide_out_of_fold(
        probabilities, labels, folds, study.decisions, fps=data.rates, postprocess=study.postprocess, pair_predictions=pairs
    )
    return fitted.annotations, fitted.table, [f"{fitted.note} What each fold chose is in {DECISIONS_FILE}."]


def _describe_protocol(study: Study, folds: Sequence[Fold], records: Sequence[FoldRecord]) -> list[str]:
    notes = [
        f"{count_noun(len(folds), 'fold')}; each leaves out one {study.crossval.leave_out}, and everything is fitted on the others alone.",
        describe_model(study),
    ]
    if study.crossval.early_stopping_on == "fold":
        notes.append(OPTIMISTIC)
    elif any(record.watched for record in records):
        notes.append("Early stopping used one of the other recordings for validation, not for training (column watched in folds.csv).")
    fitted = [record for record in records if not record.reason]
    fixed = dict.fromkeys(f"{record.fold} ({record.behavior})" for record in fitted if not record.watched)
    if fixed:
        names = "every fold" if all(not record.watched for record in fitted) else ", ".join(fixed)
        notes.append(f"No recording could be spared for validation, so all {describe_epochs(study)} were run, in: {names}.")
    failed = dict.fromkeys((record.fold, record.reason) for record in records if record.reason)
    notes += [f"Not learned in fold {fold}, and counted as decided negative: {reason}." for fold, reason in failed]
    if len(list_variants(study)) * study.ensemble.seeds > 1:
        notes.append("The members of the ensemble are numbered in the column member of folds.csv, kinds first, then their seeds.")
    return notes
