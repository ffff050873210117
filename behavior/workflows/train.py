"""`behavior train`: fits the heads on the training recordings and scores them once on those kept for testing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.compute.effort import Effort, measure_step, record_steps
from behavior.config import MADE_STREAMS, Study
from behavior.errors import UsageError
from behavior.files.cells import write_table
from behavior.files.markdown import write_markdown
from behavior.files.model_bundle import (
    BUNDLE_FILE,
    TrainingRecord,
    refuse_bundle,
    write_bundle,
)
from behavior.files.result_folders import replace_results
from behavior.files.study import open_study
from behavior.learning.computing_time import Step, count_hours, measure_embedding, tabulate_effort
from behavior.learning.crossval_comparison import require_same_data, require_same_settings
from behavior.learning.crossval_files import COMPUTING_TIME_FILE, SUMMARY_FILE
from behavior.learning.crossval_folder import CrossvalResults, FitEpochs, read_crossval
from behavior.learning.decisions import describe_fitting
from behavior.learning.familiarity_files import describe_familiarity
from behavior.learning.learning_data import LearningData, load_learning_data, require_alike
from behavior.learning.model_fitting import (
    FittedMember,
    describe_bundle,
    describe_stopping,
    fit_members,
    fit_model_decisions,
    list_members,
    list_validation,
    predict_test,
    predict_training,
)
from behavior.learning.raters import read_ceiling
from behavior.learning.requirements import require_apart, require_learned
from behavior.learning.seen_recordings import refuse_seen_recordings
from behavior.learning.variants import describe_model, list_variants
from behavior.metrics.tables import MetricIndex
from behavior.progress import announce, warn
from behavior.recording import Annotation, Labels
from behavior.reporting.score_files import find_scores, prepare_results_folder, score_annotations, write_results

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
    needs_manifest
        Whether the model works on what a video alone does not give: several views, or imported features.
    computing_time
        What the steps took, as in `computing_time.csv`.
    """

    behaviors: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    metrics: pd.DataFrame | None = None
    needs_manifest: bool = False
    computing_time: pd.DataFrame = field(default_factory=lambda: tabulate_effort({}))


def train_model(path: Path, out: Path, *, crossval: Path | None = None) -> TrainResult:
    """Train the heads of the study at `path` and write them as a bundle to the folder `out`, scores on the test recordings beside it.

    Parameters
    ----------
    crossval
        Results of `behavior crossval` with the same settings, features and labels: models are trained on all training recordings, for
        the median of the best epochs there, and decisions are fitted on its predictions. Without them, one of the recordings is the
        validation recording of early stopping, and not trained on.

    Raises
    ------
    UsageError
        If no behavior can be learned, or decisions are to be fitted and there is no `crossval`.
    CrossvalError
        If `crossval` is incomplete, damaged, or of other settings, features or labels.
    OutputError
        If `out` holds a model already or cannot be written.
    """
    inputs = _read_inputs(path, out, crossval)
    study, training, test = inputs.study, inputs.training, inputs.test
    epochs = inputs.crossval.epochs if inputs.crossval is not None else FitEpochs()
    decisions = None
    if study.decisions is not None and inputs.crossval is not None:
        decisions = fit_model_decisions(study, training, inputs.crossval)
    with record_steps() as efforts, measure_step("train"):
        members, skipped = fit_members(study, training, test, epochs.known)
    behaviors = [name for name in study.behaviors if name not in skipped]
    require_learned(path, study.behaviors, skipped)
    for reason in skipped.values():
        warn(f"{reason}; it gets no model, the other behaviors go on.")

    streams = {name for variant in list_variants(study) for name in variant.streams}
    needs_manifest = not streams <= set(MADE_STREAMS)
    result = TrainResult(behaviors=behaviors, skipped=skipped, needs_manifest=needs_manifest)
    stopping = describe_stopping(study, training, members, epochs)
    announce(stopping)
    scores: dict[str, float] = {}
    if test is not None:
        annotations, labels = predict_test(study, test, members, behaviors, decisions)
        result.metrics = score_annotations(annotations, labels)
        metrics = MetricIndex(result.metrics)
        scores = {name: metrics.find(name, "average_precision").value for name in behaviors}
    description, writers = describe_bundle(study, training, members, behaviors, decisions)
    result.computing_time = _tabulate_time(study, training, test, efforts)
    familiarity, reference_writers = describe_familiarity(study, training, description, predict_training(study, members, behaviors))
    record = _record_training(study, training, members, skipped, stopping, scores)
    description = description.model_copy(update={"training": record, "familiarity": familiarity})
    notes = [
        f"{len(training.recordings)} training recordings; {stopping}",
        describe_model(study),
        *([describe_fitting(study.decisions, cross_validated=False)] if study.decisions is not None else []),
        *(f"No model: {reason}." for reason in skipped.values()),
    ]
    with replace_results(out, mark=BUNDLE_FILE, find_earlier=find_scores) as folder:
        if test is not None and result.metrics is not None:
            _write_test_scores(folder, study, test, result.metrics, annotations, labels, notes)
        else:
            notes.append("No recording with labels has split=test, so nothing was scored.")
            write_markdown(folder / SUMMARY_FILE, "# Training\n\n" + "\n".join(f"- {note}" for note in notes) + "\n")
        write_table(folder / COMPUTING_TIME_FILE, result.computing_time, digits=6)
        write_bundle(folder, description, {**writers, **reference_writers})
    return result


@dataclass(frozen=True)
class _Inputs:
    """What a model is trained and scored on; None where there is no test recording, or no cross-validation."""

    study: Study
    training: LearningData
    test: LearningData | None
    crossval: CrossvalResults | None


def _read_inputs(path: Path, out: Path, crossval: Path | None) -> _Inputs:
    """Return the data of a study, once nothing speaks against training on it and scoring it; raises as `train_model`."""
    study, recordings = open_study(path)
    if study.decisions is not None and crossval is None:
        raise UsageError(
            f"{path}: decisions are fitted on out-of-fold predictions, and there are none; run `behavior crossval` first and give its "
            "folder with --crossval, or take the section decisions out."
        )
    refuse_bundle(out)
    trained = [recording for recording in recordings if recording.split == "train"]
    tested = [recording for recording in recordings if recording.split == "test" and recording.labels]
    refuse_seen_recordings(study, tested, command="train")
    require_apart(study.recordings, [recording for recording in trained if recording.labels], tested)
    prepare_results_folder(out, overwrite=False)
    results = read_crossval(crossval) if crossval is not None else None
    if results is not None:
        require_same_settings(results, study)
    training = load_learning_data(study, trained, among=recordings)
    if results is not None:
        require_same_data(results, study, training)
    test = load_learning_data(study, tested, among=recordings) if tested else None
    if test is not None:
        require_alike([*training.recordings, *test.recordings], [*training.features, *test.features])
    return _Inputs(study, training, test, results)


def _record_training(
    study: Study,
    training: LearningData,
    members: Sequence[FittedMember],
    skipped: Mapping[str, str],
    stopping: str,
    scores: Mapping[str, float],
) -> TrainingRecord:
    """Return what the bundle says of the training; `scores` are average precisions on the test recordings, by behavior."""
    behaviors = [name for name in study.behaviors if name not in skipped]
    return TrainingRecord(
        recordings=[recording.id for recording in training.recordings],
        watched={name: list_validation(training, members, name) for name in behaviors},
        stopping=stopping,
        epochs={name: [member.model.report.best_epoch for member in list_members(study, members, name)] for name in behaviors},
        seed=study.training.seed,
        skipped=dict(skipped),
        test_average_precision={name: score for name, score in scores.items() if np.isfinite(score)},
    )


def _tabulate_time(study: Study, training: LearningData, test: LearningData | None, efforts: Mapping[str, Effort]) -> pd.DataFrame:
    """Return what embedding and training on the training recordings took, and predicting the test recordings."""
    trained_on = count_hours(training)
    steps = {"embed": Step(measure_embedding(study, training.recordings), trained_on), "train": Step(efforts["train"], trained_on)}
    if test is not None:
        steps["predict"] = Step(efforts.get("predict"), count_hours(test))
    return tabulate_effort(steps)


def _write_test_scores(
    out: Path,
    study: Study,
    test: LearningData,
    metrics: pd.DataFrame,
    annotations: Sequence[Annotation],
    labels: Mapping[str, Labels],
    notes: Sequence[str],
) -> None:
    """Write the scores on the test recordings, with how well people agree on them."""
    scored = ", ".join(recording.id for recording in test.recordings)
    note = f"Scored once, on the recordings with split=test ({scored}), which nothing was fitted on."
    frames = [features.frames for features in test.features]
    ceiling = read_ceiling(test.recordings, annotations[0].behaviors, frames, settings=study.labels)
    write_results(out, metrics, annotations, labels, title="Scores on the test recordings", notes=[*notes, note], ceiling=ceiling)
