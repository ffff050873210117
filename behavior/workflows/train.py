"""`behavior train`: fits the heads on the training recordings and scores them once on those kept for testing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from behavior.config import APPEARANCE, Study
from behavior.errors import TrainingError, UsageError
from behavior.files.atomic import write_text
from behavior.files.ethograms import Annotation
from behavior.files.model_bundle import BundleDescription, TrainingRecord, name_member, refuse_bundle, write_bundle
from behavior.files.study import read_study
from behavior.metrics.tables import POOLED
from behavior.recording import Labels, Probabilities
from behavior.sequence.folds import choose_inner
from behavior.sequence.heads import save_head
from behavior.sequence.training import FitReport
from behavior.sequence.weighting import count_classes
from behavior.workflows.crossval import (
    FOLDS_FILE,
    PREDICTIONS_FOLDER,
    STUDY_COPY,
    describe_epoch,
    describe_model,
    make_trainer,
    seed_fit,
)
from behavior.workflows.learning_data import LearningData, load_learning_data, require_alike
from behavior.workflows.progress import Advance, announce, show_progress, warn
from behavior.workflows.provenance import collect_versions
from behavior.workflows.results import SUMMARY_FILE, decide, find_metric, prepare_results_folder, score_annotations, write_results
from behavior.workflows.studies import open_study

__all__ = ["TrainResult", "train_model"]


@dataclass
class TrainResult:
    """What `train_model` did.

    Attributes
    ----------
    behaviors
        Those that have a model now.
    skipped
        Why the others have none, by behavior.
    metrics
        The table of `metrics.csv`; None where no test recording has labels.
    """

    behaviors: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    metrics: pd.DataFrame | None = None


@dataclass
class _Fitted:
    """One behavior's model, how it came about, and what it says about the test recordings."""

    model: Any
    report: FitReport
    learned: list[str]
    watched: list[str]
    predictions: list[np.ndarray]


def train_model(path: Path, out: Path, *, crossval: Path | None = None) -> TrainResult:
    """Train the heads of the study at `path` and write them as a bundle to the folder `out`, scores on the test recordings beside it.

    Parameters
    ----------
    crossval
        Results of `behavior crossval` with the same settings: all training recordings are learned from, for the median of the best
        epochs there. Without them, early stopping watches one of the recordings, which is then not learned from.

    Raises
    ------
    UsageError
        If no behavior can be learned, or `crossval` had other settings.
    OutputError
        If `out` holds a model already or cannot be written.
    """
    study, recordings = open_study(path)
    refuse_bundle(out)
    prepare_results_folder(out, overwrite=False)
    training = load_learning_data(study, [recording for recording in recordings if recording.split == "train"])
    epochs = _read_best_epochs(crossval, study, training) if crossval is not None else {}
    tested = [recording for recording in recordings if recording.split == "test" and recording.labels]
    test = load_learning_data(study, tested) if tested else None
    if test is not None:
        require_alike([*training.recordings, *test.recordings], [*training.features, *test.features])
    fitted, skipped = _fit_behaviors(study, training, test, epochs)
    if not fitted:
        raise UsageError(f"{path}: none of its behaviors can be learned ({'; '.join(skipped.values())}); label recordings that show them.")

    result = TrainResult(behaviors=list(fitted), skipped=skipped)
    stopping = _describe_stopping(study, fitted, epochs)
    scores: dict[str, float] = {}
    if test is not None:
        annotations, labels = _predict_test(study, test, fitted)
        result.metrics = score_annotations(annotations, labels)
        scores = {name: find_metric(result.metrics, recording=POOLED, behavior=name, metric="average_precision") for name in fitted}
    description = BundleDescription(
        behaviors=list(fitted),
        members={name: [name_member(name, 0)] for name in fitted},
        streams=list(training.features[0].streams),
        crop=study.crop if APPEARANCE in study.streams else None,
        backbone=study.backbone if APPEARANCE in study.streams else None,
        fps=training.fps,
        window_length=study.windows.length,
        head=study.head,
        postprocess=study.postprocess,
        training=TrainingRecord(
            recordings=[recording.id for recording in training.recordings],
            watched={name: found.watched for name, found in fitted.items()},
            stopping=stopping,
            epochs={name: found.report.best_epoch for name, found in fitted.items()},
            seed=study.training.seed,
            skipped=skipped,
            test_average_precision={name: score for name, score in scores.items() if np.isfinite(score)},
        ),
        versions=collect_versions(),
    )
    writers = {description.members[name][0]: partial(save_head, found.model) for name, found in fitted.items()}
    write_bundle(out, description, writers)
    notes = [
        f"{len(training.recordings)} training recordings; {stopping}",
        describe_model(study),
        *(f"No model: {reason}." for reason in skipped.values()),
    ]
    if test is not None and result.metrics is not None:
        scored = ", ".join(recording.id for recording in test.recordings)
        notes.append(f"Scored once, on the recordings with split=test ({scored}), which nothing was fitted on.")
        write_results(out, result.metrics, annotations, labels, title="Scores on the test recordings", notes=notes)
    else:
        notes.append("No recording with labels has split=test, so nothing was scored.")
        write_text(out / SUMMARY_FILE, "# Training\n\n" + "\n".join(f"- {note}" for note in notes) + "\n")
    return result


def _fit_behaviors(
    study: Study, training: LearningData, test: LearningData | None, epochs: dict[str, int]
) -> tuple[dict[str, _Fitted], dict[str, str]]:
    fitted: dict[str, _Fitted] = {}
    skipped: dict[str, str] = {}
    everything = range(len(training.recordings))
    trainer = make_trainer(study, training)
    with show_progress("training", total=len(training.behaviors), unit="behaviors") as advance:
        for behavior, name in enumerate(training.behaviors):
            negative, positive = count_classes(training.select(everything, behavior).labels)
            if not negative or not positive:
                skipped[name] = f"{name} has {positive} frames with and {negative} without it in the training recordings"
                warn(f"{skipped[name]}; it gets no model, the other behaviors go on.")
                advance(1)
                continue
            watched: tuple[int, ...] = ()
            if name not in epochs:
                watched = choose_inner(
                    everything,
                    after=-1,
                    animals=[recording.animal for recording in training.recordings],
                    leave_out=study.crossval.leave_out,
                    learnable=training.find_learnable(everything, behavior),
                )
                if not watched:
                    warn(f"{name}: no recording can be spared for early stopping; all {study.training.epochs} epochs are run.")
            learned = [index for index in everything if index not in watched]
            try:
                report = trainer.fit(
                    training.select(learned, behavior),
                    epochs=epochs.get(name, study.training.epochs),
                    seed=seed_fit(study.training.seed, len(training.recordings), behavior),
                    balanced=study.training.class_weights == "balanced",
                    validation=training.select(watched, behavior) if watched else None,
                    patience=study.training.patience,
                    on_epoch=partial(_show_epoch, advance, name),
                )
            except TrainingError as error:
                skipped[name] = f"{name}: {error}".rstrip(".")
                warn(f"{skipped[name]}; it gets no model, the other behaviors go on.")
                advance(1)
                continue
            fitted[name] = _Fitted(
                model=trainer.export(),
                report=report,
                learned=[training.recordings[index].id for index in learned],
                watched=[training.recordings[index].id for index in watched],
                predictions=[trainer.predict(features.values) for features in test.features] if test else [],
            )
            advance(1)
    return fitted, skipped


def _show_epoch(advance: Advance, name: str, epoch: int, score: float | None) -> None:
    advance(0, describe_epoch(name, epoch, score))


def _predict_test(study: Study, test: LearningData, fitted: dict[str, _Fitted]) -> tuple[list[Annotation], dict[str, Labels]]:
    names = tuple(fitted)
    columns = [test.behaviors.index(name) for name in names]
    labels, annotations = {}, []
    for number, (recording, features) in enumerate(zip(test.recordings, test.features, strict=True)):
        values = np.column_stack([fitted[name].predictions[number] for name in names])
        probabilities = Probabilities(values, names, features.time_s)
        annotations.append(decide(recording.id, probabilities, fps=features.fps, postprocess=study.postprocess))
        labels[recording.id] = test.labels[number].select(columns)
    return annotations, labels


def _describe_stopping(study: Study, fitted: dict[str, _Fitted], epochs: Mapping[str, int]) -> str:
    """Return how the number of epochs was chosen for each behavior."""
    ways: dict[str, list[str]] = {}
    for name, found in fitted.items():
        if name in epochs:
            way = "the epochs are the median of the best ones in cross-validation, and every training recording was learned from"
            if study.crossval.early_stopping_on == "fold":
                way += " (its early stopping watched what it scored)"
        elif found.watched:
            way = f"early stopping watched {', '.join(found.watched)}, not learned from"
        else:
            way = f"no recording could be spared for early stopping, so {study.training.epochs} epochs were run"
        ways.setdefault(way, []).append(name)
    return "; ".join(f"{', '.join(names)}: {way}" for way, names in ways.items()) + "."


def _read_best_epochs(folder: Path, study: Study, training: LearningData) -> dict[str, int]:
    """Return the median best epoch of each behavior in a cross-validation of `training` with the settings of `study`.

    Fits that watched no recording had no best epoch; a behavior with only such fits is left out.
    """
    table_path, study_path = folder / FOLDS_FILE, folder / STUDY_COPY
    for needed in (table_path, study_path):
        if not needed.is_file():
            raise UsageError(f"{needed}: not found; give the folder that `behavior crossval STUDY --out FOLDER` wrote.")
    then = read_study(study_path)
    for section in ("behaviors", "streams", "crop", "backbone", "windows", "head", "training", "crossval"):
        if getattr(then, section) != getattr(study, section):
            raise UsageError(
                f"{folder}: the cross-validation there had other settings under {section!r}, so its best epochs say nothing here; "
                "cross-validate again or leave out --crossval."
            )
    seen = {path.stem for path in (folder / PREDICTIONS_FOLDER).glob("*.csv")}
    present = {recording.id for recording in training.recordings}
    if seen != present:
        raise UsageError(
            f"{folder}: the cross-validation there was of other recordings (in one of the two only: {', '.join(sorted(seen ^ present))}); "
            "cross-validate again or leave out --crossval."
        )
    table = pd.read_csv(table_path)
    fits = table[table["best_epoch"].notna() & table["watched"].notna()]
    medians = fits.groupby("behavior")["best_epoch"].median()
    found = {str(name): max(1, round(float(value))) for name, value in medians.items()}
    if found:
        announce("epochs from cross-validation: " + ", ".join(f"{name} {count}" for name, count in found.items()))
    return found
