"""`behavior crossval`: every recording (or animal) is predicted by models that have never seen it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.config import APPEARANCE, Study
from behavior.errors import TrainingError, UsageError
from behavior.files.atomic import make_folder, replacing, write_text
from behavior.files.ethograms import Annotation, write_frame_predictions
from behavior.files.study import write_study
from behavior.recording import Probabilities
from behavior.sequence.folds import Fold, choose_inner, leave_out_folds
from behavior.sequence.training import HeadTrainer
from behavior.sequence.weighting import count_classes
from behavior.workflows.learning_data import LearningData, load_learning_data
from behavior.workflows.progress import Advance, announce, show_progress, warn
from behavior.workflows.results import decide, mark_optimistic, prepare_results_folder, score_annotations, write_results
from behavior.workflows.studies import open_study

__all__ = [
    "FOLDS_FILE",
    "PREDICTIONS_FOLDER",
    "STUDY_COPY",
    "FoldRecord",
    "cross_validate",
    "describe_epoch",
    "describe_model",
    "make_trainer",
    "seed_fit",
]

STUDY_COPY = "study.yaml"
FOLDS_FILE = "folds.csv"
PREDICTIONS_FOLDER = "predictions"
# Finished fits of a run that is not; gone when it is.
FITS_FOLDER = ".fits"
OPTIMISTIC = (
    "Early stopping watched the recordings that are scored (early_stopping_on: fold), as in the reference thesis: these numbers are "
    "optimistic."
)


@dataclass(frozen=True)
class FoldRecord:
    """One fit of a cross-validation, a row of `folds.csv`.

    Attributes
    ----------
    fold, behavior
        What was left out, and what was learned.
    watched
        Recordings that early stopping watched, separated by spaces; empty where the number of epochs was fixed.
    best_epoch, epochs
        The epoch whose weights predicted, and how many were run.
    reason
        Why there was no fit; empty where there was one.
    """

    fold: str
    behavior: str
    watched: str
    best_epoch: int | None
    epochs: int | None
    reason: str


def cross_validate(path: Path, out: Path, *, overwrite: bool = False) -> pd.DataFrame:
    """Cross-validate the study at `path` on its training recordings and write scores and predictions to `out`.

    A run that is interrupted goes on where it was when it is started again.

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
    prepare_results_folder(out, overwrite=overwrite)
    data = load_learning_data(study, training)
    folds = leave_out_folds(
        [recording.id for recording in data.recordings],
        [recording.animal for recording in data.recordings],
        leave_out=study.crossval.leave_out,
    )
    if study.crossval.leave_out == "animal" and all(recording.animal == recording.id for recording in data.recordings):
        warn(f"{study.recordings}: the column 'animal' is empty, so every recording counts as an animal of its own.")
    if len(folds) < 2:
        raise UsageError(
            f"{study.recordings}: cross-validation leaves out one {study.crossval.leave_out} after the other and found {len(folds)} with "
            "labels; label at least one more."
        )
    outcomes = _run_folds(study, data, folds, out)
    predictions = _join_predictions(study, data, folds, outcomes)
    records = [outcome.record for outcome in outcomes]
    labels = {recording.id: found for recording, found in zip(data.recordings, data.labels, strict=True)}
    for prediction in predictions:
        write_frame_predictions(out / PREDICTIONS_FOLDER / f"{prediction.recording}.csv", prediction, labels[prediction.recording])
    for left in set(out.glob(f"{PREDICTIONS_FOLDER}/*.csv")) - {out / PREDICTIONS_FOLDER / f"{name}.csv" for name in labels}:
        left.unlink()
    with replacing(out / FOLDS_FILE) as temporary:
        pd.DataFrame([asdict(record) for record in records]).to_csv(temporary, index=False, lineterminator="\n")
    write_study(out / STUDY_COPY, study)
    table = score_annotations(predictions, labels)
    if study.crossval.early_stopping_on == "fold":
        table = mark_optimistic(table)
    write_results(out, table, predictions, labels, title=_make_title(study), notes=_describe_protocol(study, folds, records))
    shutil.rmtree(out / FITS_FOLDER)
    return table


@dataclass(frozen=True)
class _Outcome:
    """What one fit says about the recordings that its fold leaves out, end to end: float32 of shape (sum of T,); NaN without a fit."""

    record: FoldRecord
    probabilities: npt.NDArray[np.float32]


def _run_folds(study: Study, data: LearningData, folds: Sequence[Fold], out: Path) -> list[_Outcome]:
    """Fit every behavior in every fold; what is on disk from a run that was interrupted is not fitted again."""
    store = _open_store(study, data, out / FITS_FOLDER)
    outcomes: list[_Outcome] = []
    trainer: HeadTrainer | None = None
    with show_progress("cross-validating", total=len(folds) * len(data.behaviors), unit="fits") as advance:
        for number, fold in enumerate(folds):
            for behavior in range(len(data.behaviors)):
                path = store / f"{number:04d}.{behavior:04d}.npz"
                if path.is_file():
                    outcomes.append(_load_outcome(path))
                else:
                    trainer = trainer or make_trainer(study, data)
                    outcomes.append(
                        _fit_fold(study, data, fold, behavior, trainer, seed_fit(study.training.seed, number, behavior), advance)
                    )
                    _save_outcome(path, outcomes[-1])
                advance(1)
    return outcomes


def _fit_fold(study: Study, data: LearningData, fold: Fold, behavior: int, trainer: HeadTrainer, seed: int, advance: Advance) -> _Outcome:
    name = data.behaviors[behavior]
    learnable = data.find_learnable(range(len(data.recordings)), behavior)
    nothing = np.full(sum(len(data.features[index].values) for index in fold.left_out), np.nan, dtype=np.float32)
    negative, positive = count_classes(data.select(fold.training, behavior).labels)
    if not negative or not positive:
        missing = "positive" if not positive else "negative"
        return _skip(fold, name, f"no {missing} frame of {name} in the recordings that this fold learns from", nothing)
    if study.crossval.early_stopping_on == "fold":
        watched = tuple(index for index in fold.left_out if index in learnable)
        learned = fold.training
    else:
        watched = choose_inner(
            fold.training,
            after=fold.left_out[-1],
            animals=[recording.animal for recording in data.recordings],
            leave_out=study.crossval.leave_out,
            learnable=learnable,
        )
        learned = tuple(index for index in fold.training if index not in watched)
    try:
        report = trainer.fit(
            data.select(learned, behavior),
            epochs=study.training.epochs,
            seed=seed,
            balanced=study.training.class_weights == "balanced",
            validation=data.select(watched, behavior) if watched else None,
            patience=study.training.patience,
            on_epoch=lambda epoch, score: advance(0, describe_epoch(f"{fold.name}, {name}", epoch, score)),
        )
    except TrainingError as error:
        return _skip(fold, name, str(error).rstrip("."), nothing)
    probabilities = np.concatenate([trainer.predict(data.features[index].values) for index in fold.left_out])
    watched_ids = " ".join(data.recordings[index].id for index in watched)
    return _Outcome(FoldRecord(fold.name, name, watched_ids, report.best_epoch, report.epochs, ""), probabilities)


def _skip(fold: Fold, behavior: str, reason: str, nothing: npt.NDArray[np.float32]) -> _Outcome:
    warn(f"fold {fold.name}: {reason}; {behavior} counts as decided negative there.")
    return _Outcome(FoldRecord(fold.name, behavior, "", None, None, reason), nothing)


def describe_epoch(what: str, epoch: int, score: float | None) -> str:
    """Return the words that tell how far a fit is."""
    return f"{what}: epoch {epoch}" + ("" if score is None else f", average precision {score:.3f}")


def _open_store(study: Study, data: LearningData, folder: Path) -> Path:
    """Return the folder for finished fits, emptied unless it holds those of the same study, features and labels."""
    digest = hashlib.blake2b(digest_size=16)
    sections = study.model_dump(
        mode="json", include={"behaviors", "streams", "crop", "backbone", "windows", "head", "training", "crossval"}
    )
    digest.update(json.dumps(sections, sort_keys=True).encode())
    for recording, features, labels in zip(data.recordings, data.features, data.labels, strict=True):
        digest.update(f"{recording.id} {recording.animal} {features.values.shape}".encode())
        digest.update(np.ascontiguousarray(features.values).data)
        digest.update(np.ascontiguousarray(labels.values).data)
    stamp = folder / "study.hash"
    if folder.is_dir() and not (stamp.is_file() and stamp.read_text(encoding="utf-8") == digest.hexdigest()):
        shutil.rmtree(folder)
    make_folder(folder)
    finished = len(list(folder.glob("[0-9]*.npz")))
    if finished:
        announce(f"{finished} fits were finished before; going on from there")
    write_text(stamp, digest.hexdigest())
    return folder


def _save_outcome(path: Path, outcome: _Outcome) -> None:
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, probabilities=outcome.probabilities, record=np.array(json.dumps(asdict(outcome.record))))


def _load_outcome(path: Path) -> _Outcome:
    with np.load(path, allow_pickle=False) as saved:
        return _Outcome(FoldRecord(**json.loads(str(saved["record"]))), saved["probabilities"])


def _join_predictions(study: Study, data: LearningData, folds: Sequence[Fold], outcomes: Sequence[_Outcome]) -> list[Annotation]:
    values = [np.full((len(features.values), len(data.behaviors)), np.nan, dtype=np.float32) for features in data.features]
    remaining = iter(outcomes)
    for fold in folds:
        for behavior in range(len(data.behaviors)):
            stops = np.cumsum([len(values[index]) for index in fold.left_out])
            for index, part in zip(fold.left_out, np.split(next(remaining).probabilities, stops[:-1]), strict=True):
                values[index][:, behavior] = part
    return [
        decide(recording.id, Probabilities(found, data.behaviors, features.time_s), fps=features.fps, postprocess=study.postprocess)
        for recording, found, features in zip(data.recordings, values, data.features, strict=True)
    ]


def make_trainer(study: Study, data: LearningData) -> HeadTrainer:
    """Return the trainer of the study's head for the features of `data`."""
    announce(f"building the {study.head.kind} head")
    return HeadTrainer(
        head=study.head.model_dump(),
        n_features=data.features[0].values.shape[1],
        window_length=study.windows.length,
        learning_rate=study.training.learning_rate,
        batch_size=study.training.batch_size,
    )


def seed_fit(seed: int, *place: int) -> int:
    """Return the seed of one fit, different for every fold and behavior."""
    return int(np.random.SeedSequence([seed, *place]).generate_state(1)[0] >> 1)


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
    fixed = [f"{record.fold} ({record.behavior})" for record in records if not record.reason and not record.watched]
    if fixed:
        notes.append(f"No recording was there to be watched, and all {study.training.epochs} epochs were run, in: {', '.join(fixed)}.")
    notes += [
        f"Not learned in fold {record.fold}, and counted as decided negative: {record.reason}." for record in records if record.reason
    ]
    return notes


def describe_model(study: Study) -> str:
    """Return a sentence on what turned frames into decisions."""
    features = ", ".join(f"{study.backbone.name} ({study.backbone.weights})" if name == APPEARANCE else name for name in study.streams)
    decisions = ", ".join(f"{name} {value}" for name, value in study.postprocess.model_dump(exclude_none=True).items())
    return (
        f"Features: {features}; {study.head.kind} head on windows of {study.windows.length} frames; decisions: {decisions} "
        "(`behavior decide` tries others)."
    )
