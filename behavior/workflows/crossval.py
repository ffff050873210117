"""`behavior crossval`: every recording (or animal) is predicted by models that have never seen it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.config import Study
from behavior.errors import UsageError
from behavior.figures.learning_curve import draw_learning_curve
from behavior.figures.reliability import draw_reliability
from behavior.figures.rendering import render_png
from behavior.files.atomic import replacing, write_bytes
from behavior.files.ethograms import write_frame_predictions
from behavior.files.study import open_study, write_study
from behavior.learning.crossval_folder import (
    DECISIONS_FILE,
    FITS_FOLDER,
    FOLDS_FILE,
    OUT_OF_FOLD_FILE,
    PREDICTIONS_FOLDER,
    STUDY_COPY,
    name_probabilities,
)
from behavior.learning.decisions import decide, decide_out_of_fold
from behavior.learning.fit_store import FitStore
from behavior.learning.fitting import hash_learning
from behavior.learning.learning_curve import measure_learning_curve
from behavior.learning.learning_data import LearningData, load_learning_data
from behavior.learning.out_of_fold import FoldRecord, predict_out_of_fold, predict_pairs
from behavior.learning.planning import list_folds
from behavior.learning.raters import read_ceiling
from behavior.learning.seen_recordings import refuse_seen_recordings
from behavior.learning.variants import describe_model, list_variants
from behavior.metrics.calibration import reliability_curve
from behavior.progress import warn
from behavior.recording import Annotation, Labels, Probabilities
from behavior.reporting.score_files import mark_optimistic, prepare_results_folder, score_annotations, write_results
from behavior.sequence.folds import Fold

__all__ = ["cross_validate"]

OPTIMISTIC = (
    "Early stopping watched the recordings that are scored (early_stopping_on: fold), as in the reference thesis: these numbers are "
    "optimistic."
)


def cross_validate(path: Path, out: Path, *, overwrite: bool = False, learning_curve: bool = False) -> pd.DataFrame:
    """Cross-validate the study at `path` on its training recordings and write scores and predictions to `out`.

    A run that is interrupted goes on where it was when it is started again.

    Parameters
    ----------
    learning_curve
        Whether to find out too how the score grows with the number of recordings learned from.

    Returns
    -------
    The table of `metrics.csv`.

    Raises
    ------
    UsageError
        If there are fewer than two recordings (or animals) to leave out, or the study cannot be used.
    OutputError
        If `out` holds results already and `overwrite` is not set.
    """
    study, recordings = open_study(path)
    training = [recording for recording in recordings if recording.split == "train"]
    refuse_seen_recordings(study, training, command="crossval")
    prepare_results_folder(out, overwrite=overwrite)
    data = load_learning_data(study, training)
    folds = list_folds(study, data)
    _require_folds(study, data, folds)
    ceiling = read_ceiling(
        data.recordings,
        data.behaviors,
        [features.frames for features in data.features],
        settings=study.labels,
    )
    store = FitStore(out / FITS_FOLDER, hash_learning(study, data))
    found = predict_out_of_fold(study, data, store=store.open("folds"))
    raw = name_probabilities(data, found.probabilities)
    labels = {recording.id: labels for recording, labels in zip(data.recordings, data.labels, strict=True)}
    notes = _describe_protocol(study, folds, found.records)
    annotations = _decide(study, data, folds, raw, labels, out, notes, store)
    for annotation in annotations:
        write_frame_predictions(out / PREDICTIONS_FOLDER / f"{annotation.recording}.csv", annotation, labels[annotation.recording])
    for left in set(out.glob(f"{PREDICTIONS_FOLDER}/*.csv")) - {out / PREDICTIONS_FOLDER / f"{name}.csv" for name in labels}:
        left.unlink()
    with replacing(out / OUT_OF_FOLD_FILE) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **{name: probabilities.values for name, probabilities in raw.items()})
    with replacing(out / FOLDS_FILE) as temporary:
        pd.DataFrame([asdict(record) for record in found.records]).to_csv(temporary, index=False, lineterminator="\n")
    _write_reliability(out, annotations, labels, notes)
    if learning_curve:
        curve = measure_learning_curve(study, data, folds, complete=found.probabilities, store=store)
        with replacing(out / "learning_curve.csv") as temporary:
            curve.to_csv(temporary, index=False, lineterminator="\n")
        write_bytes(out / "learning_curve.png", render_png(draw_learning_curve(_split_curve(curve))))
        notes.append("How average precision grows with the number of training recordings: learning_curve.csv and learning_curve.png.")
    write_study(out / STUDY_COPY, study)
    table = score_annotations(annotations, labels)
    if study.crossval.early_stopping_on == "fold":
        table = mark_optimistic(table)
    write_results(out, table, annotations, labels, title=_make_title(study), notes=notes, ceiling=ceiling)
    store.remove()
    return table


def _require_folds(study: Study, data: LearningData, folds: Sequence[Fold]) -> None:
    if study.crossval.leave_out == "animal" and all(recording.animal == recording.id for recording in data.recordings):
        warn(f"{study.recordings}: the column 'animal' is empty, so every recording counts as an animal of its own.")
    if len(folds) < 2:
        raise UsageError(
            f"{study.recordings}: cross-validation leaves out one {study.crossval.leave_out} after the other and found {len(folds)} with "
            "labels; label at least one more."
        )
    if study.decisions is not None and study.decisions.nested == "pairs" and len(folds) < 3:
        raise UsageError(
            f"{study.recordings}: decisions.nested: pairs leaves out two {study.crossval.leave_out}s at once and found {len(folds)} with "
            "labels; label at least one more, or use nested: folds."
        )


def _decide(
    study: Study,
    data: LearningData,
    folds: Sequence[Fold],
    raw: Mapping[str, Probabilities],
    labels: Mapping[str, Labels],
    out: Path,
    notes: list[str],
    store: FitStore,
) -> list[Annotation]:
    """Return the annotations of all recordings, as the study's settings or those fitted on other recordings make them."""
    if study.decisions is None:
        (out / DECISIONS_FILE).unlink(missing_ok=True)
        return [
            decide(name, probabilities, fps=features.fps, postprocess=study.postprocess)
            for (name, probabilities), features in zip(raw.items(), data.features, strict=True)
        ]
    pairs: dict[tuple[str, str], Probabilities] | None = None
    if study.decisions.nested == "pairs":
        times = {recording.id: features.time_s for recording, features in zip(data.recordings, data.features, strict=True)}
        predicted = predict_pairs(study, data, store=store.open("pairs"))
        pairs = {key: Probabilities(values, data.behaviors, times[key[1]]) for key, values in predicted.items()}
    fitted = decide_out_of_fold(raw, labels, folds, study.decisions, fps=data.fps, postprocess=study.postprocess, pair_predictions=pairs)
    with replacing(out / DECISIONS_FILE) as temporary:
        fitted.table.to_csv(temporary, index=False, lineterminator="\n")
    notes.append(f"{fitted.note} What each fold chose is in {DECISIONS_FILE}.")
    return fitted.annotations


def _write_reliability(out: Path, annotations: Sequence[Annotation], labels: Mapping[str, Labels], notes: list[str]) -> None:
    """Write how often a probability comes true: a table and its picture."""
    truth = np.concatenate([labels[found.recording].values for found in annotations])
    probabilities = np.concatenate([found.probabilities.values for found in annotations])
    curves, rows = {}, []
    for column, name in enumerate(annotations[0].behaviors):
        known = ~np.isnan(probabilities[:, column]) & (truth[:, column] >= 0)
        if not known.any():
            continue
        curve = reliability_curve(truth[known, column], probabilities[known, column])
        curves[name] = curve
        rows += [
            {"behavior": name, "from": low, "to": high, "frames": int(count), "mean_probability": mean, "observed_share": observed}
            for low, high, count, mean, observed in zip(
                curve.edges[:-1], curve.edges[1:], curve.counts, curve.mean_probability, curve.observed_share, strict=True
            )
        ]
    with replacing(out / "reliability.csv") as temporary:
        pd.DataFrame(rows, columns=["behavior", "from", "to", "frames", "mean_probability", "observed_share"]).to_csv(
            temporary, index=False, lineterminator="\n"
        )
    if curves:
        write_bytes(out / "reliability.png", render_png(draw_reliability(curves, title="Out of fold")))
        scores = ", ".join(
            f"{name} {curve.brier_score:.4f} ({curve.prevalence * (1 - curve.prevalence):.4f} for always saying the prevalence)"
            for name, curve in curves.items()
        )
        notes.append(f"Brier score of the probabilities, 0 being perfect: {scores}; reliability.png shows how often they come true.")


def _split_curve(curve: pd.DataFrame) -> dict[str, tuple[npt.NDArray, npt.NDArray, npt.NDArray, npt.NDArray]]:
    """Return numbers of recordings, scores and their intervals, by behavior."""
    return {
        str(name): (part["recordings"].to_numpy(), part["value"].to_numpy(), part["low"].to_numpy(), part["high"].to_numpy())
        for name, part in curve.groupby("behavior", sort=False)
    }


def _make_title(study: Study) -> str:
    return (
        "Cross-validation (optimistic: early stopping watched what is scored)"
        if study.crossval.early_stopping_on == "fold"
        else "Cross-validation"
    )


def _describe_protocol(study: Study, folds: Sequence[Fold], records: Sequence[FoldRecord]) -> list[str]:
    notes = [
        f"{len(folds)} folds; each leaves out one {study.crossval.leave_out}, and everything is fitted on the others alone.",
        describe_model(study),
    ]
    if study.crossval.early_stopping_on == "fold":
        notes.append(OPTIMISTIC)
    elif any(record.watched for record in records):
        notes.append("Early stopping watched a recording of the others (column watched in folds.csv), which was then not learned from.")
    fitted = [record for record in records if not record.reason]
    fixed = dict.fromkeys(f"{record.fold} ({record.behavior})" for record in fitted if not record.watched)
    if fixed:
        names = "every fold" if all(not record.watched for record in fitted) else ", ".join(fixed)
        notes.append(f"No recording was there to be watched, and all {study.training.epochs} epochs were run, in: {names}.")
    failed = dict.fromkeys((record.fold, record.reason) for record in records if record.reason)
    notes += [f"Not learned in fold {fold}, and counted as decided negative: {reason}." for fold, reason in failed]
    if len(list_variants(study)) * study.ensemble.seeds > 1:
        notes.append("The members of the ensemble are numbered in the column member of folds.csv, kinds first, then their seeds.")
    return notes
