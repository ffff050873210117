"""`behavior crossval`: every recording (or animal) is predicted by models that have never seen it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.config import Study
from behavior.errors import UsageError
from behavior.files.atomic import replacing
from behavior.files.ethograms import Annotation, write_frame_predictions
from behavior.files.study import write_study
from behavior.recording import Probabilities
from behavior.sequence.folds import Fold, choose_inner, leave_out_folds
from behavior.sequence.training import HeadTrainer
from behavior.sequence.weighting import count_classes
from behavior.workflows.learning_data import LearningData, load_learning_data
from behavior.workflows.progress import announce, show_progress, warn
from behavior.workflows.results import decide, prepare_results_folder, score_annotations, write_results
from behavior.workflows.studies import open_study

__all__ = ["FoldRecord", "cross_validate", "make_trainer", "seed_fit"]

STUDY_COPY = "study.yaml"
FOLDS_FILE = "folds.csv"
PREDICTIONS_FOLDER = "predictions"
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
    if len(folds) < 2:
        raise UsageError(
            f"{study.recordings}: cross-validation leaves out one {study.crossval.leave_out} after the other and found {len(folds)} with "
            "labels; label at least one more."
        )
    predictions, records = _run_folds(study, data, folds)
    labels = {recording.id: found for recording, found in zip(data.recordings, data.labels, strict=True)}
    for prediction in predictions:
        write_frame_predictions(out / PREDICTIONS_FOLDER / f"{prediction.recording}.csv", prediction, labels[prediction.recording])
    with replacing(out / FOLDS_FILE) as temporary:
        pd.DataFrame([asdict(record) for record in records]).to_csv(temporary, index=False, lineterminator="\n")
    write_study(out / STUDY_COPY, study)
    table = score_annotations(predictions, labels)
    write_results(out, table, predictions, labels, title="Cross-validation", notes=_describe_protocol(study, folds, records))
    return table


def _run_folds(study: Study, data: LearningData, folds: Sequence[Fold]) -> tuple[list[Annotation], list[FoldRecord]]:
    n_behaviors = len(data.behaviors)
    probabilities = [np.full((len(features.values), n_behaviors), np.nan, dtype=np.float32) for features in data.features]
    records: list[FoldRecord] = []
    trainer = make_trainer(study, data)
    animals = [recording.animal for recording in data.recordings]
    with show_progress("cross-validating", total=len(folds) * n_behaviors, unit="fits") as advance:
        for number, fold in enumerate(folds):
            for behavior, name in enumerate(data.behaviors):
                learnable = data.find_learnable(range(len(data.recordings)), behavior)
                negative, positive = count_classes(data.select(fold.training, behavior).labels)
                if not negative or not positive:
                    missing = "positive" if not positive else "negative"
                    reason = f"no {missing} frame of {name} in the recordings that this fold learns from"
                    warn(f"fold {fold.name}: {reason}; it is left out of the scores of {name}.")
                    records.append(FoldRecord(fold.name, name, "", None, None, reason))
                    advance(1)
                    continue
                if study.crossval.early_stopping_on == "fold":
                    watched = tuple(index for index in fold.left_out if index in learnable)
                    learned = fold.training
                else:
                    watched = choose_inner(
                        fold.training,
                        after=fold.left_out[-1],
                        animals=animals,
                        leave_out=study.crossval.leave_out,
                        learnable=learnable,
                    )
                    learned = tuple(index for index in fold.training if index not in watched)
                report = trainer.fit(
                    data.select(learned, behavior),
                    epochs=study.training.epochs,
                    seed=seed_fit(study.training.seed, number, behavior),
                    balanced=study.training.class_weights == "balanced",
                    validation=data.select(watched, behavior) if watched else None,
                    patience=study.training.patience,
                )
                for index in fold.left_out:
                    probabilities[index][:, behavior] = trainer.predict(data.features[index].values)
                watched_ids = " ".join(data.recordings[index].id for index in watched)
                records.append(FoldRecord(fold.name, name, watched_ids, report.best_epoch, report.epochs, ""))
                advance(1)
    predictions = [
        decide(recording.id, Probabilities(values, data.behaviors, features.time_s), fps=features.fps, postprocess=study.postprocess)
        for recording, values, features in zip(data.recordings, probabilities, data.features, strict=True)
    ]
    return predictions, records


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


def _describe_protocol(study: Study, folds: Sequence[Fold], records: Sequence[FoldRecord]) -> list[str]:
    notes = [f"{len(folds)} folds; each leaves out one {study.crossval.leave_out}, and everything is fitted on the others alone."]
    if study.crossval.early_stopping_on == "fold":
        notes.append(OPTIMISTIC)
    else:
        notes.append("Early stopping watched a recording of the others (column watched in folds.csv), which was then not learned from.")
    fixed = [f"{record.fold} ({record.behavior})" for record in records if not record.reason and not record.watched]
    if fixed:
        notes.append(f"No recording was there to be watched, and all {study.training.epochs} epochs were run, in: {', '.join(fixed)}.")
    skipped = [f"{record.fold}: {record.reason}" for record in records if record.reason]
    notes += [f"Not scored, {reason}." for reason in skipped]
    return notes
