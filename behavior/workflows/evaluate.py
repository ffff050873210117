"""`behavior evaluate`: scores ethograms that exist against labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from behavior.config import LabelFiles
from behavior.errors import BehaviorError, LabelError, UsageError
from behavior.files.ethograms import find_ethograms, read_annotation
from behavior.files.label_folder import LabelFolder
from behavior.files.label_formats.choosing import name_file
from behavior.files.name_matching import make_safe
from behavior.files.pose_names import name_after_video
from behavior.files.result_folders import replace_results
from behavior.files.study import read_study
from behavior.learning.crossval_files import SUMMARY_FILE
from behavior.learning.label_reading import read_labels_of
from behavior.learning.raters import measure_ceiling, read_rater_folders
from behavior.progress import complain, report_progress, warn
from behavior.recording import Annotation, Labels, Recording
from behavior.reporting.score_files import find_scores, prepare_results_folder, score_annotations, write_results

__all__ = ["EvaluateResult", "evaluate_ethograms"]


@dataclass
class EvaluateResult:
    """The table of `metrics.csv`, and a sentence for each ethogram that could not be scored."""

    metrics: pd.DataFrame
    failures: dict[str, str] = field(default_factory=dict)


def evaluate_ethograms(
    paths: Sequence[Path],
    labels_folder: Path,
    out: Path,
    *,
    raters: Sequence[Path] = (),
    study: Path | None = None,
    overwrite: bool = False,
) -> EvaluateResult:
    """Score the ethograms at `paths` against the label files in `labels_folder` that are named after their recordings.

    Parameters
    ----------
    raters
        A folder of label files for each of several raters; their agreement is shown next to the scores.
    study
        A study file, whose section `labels` says what the names in label files mean.

    Raises
    ------
    UsageError
        If there is no such folder, ethograms have different behaviors, or none can be scored; if only one rater is given, or no two have
        labelled the same recording.
    LabelError
        If label files of raters cannot be used.
    OutputError
        If `out` holds results already and `overwrite` is not set.
    """
    if not labels_folder.is_dir():
        raise UsageError(f"{labels_folder}: no such folder; give the one that holds the label files.")
    if len(raters) == 1:
        raise UsageError(f"--rater {raters[0]}: one rater agrees with nobody; give --rater for each of at least two.")
    settings = read_study(study).labels if study is not None else LabelFiles()
    prepare_results_folder(out, overwrite=overwrite)
    scored = _read_scored(find_ethograms(paths), labels_folder, settings)
    if not scored.annotations:
        raise UsageError(f"{labels_folder}: none of the ethograms could be scored, for the reasons above; correct these first.")
    ceiling = _measure_ceiling(raters, scored.annotations, settings) if raters else None
    table = score_annotations(scored.annotations, scored.labels)
    with replace_results(out, mark=SUMMARY_FILE, find_earlier=find_scores) as folder:
        write_results(folder, table, scored.annotations, scored.labels, title="Evaluation", notes=scored.notes, ceiling=ceiling)
    return EvaluateResult(table, scored.failures)


@dataclass
class _Scored:
    """Ethograms with labels to score them against, by recording; notes on them; and a sentence for each that cannot be scored."""

    annotations: list[Annotation] = field(default_factory=list)
    labels: dict[str, Labels] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)


def _read_scored(paths: Sequence[Path], labels_folder: Path, settings: LabelFiles) -> _Scored:
    """Read ethograms and their labels; UsageError if the ethograms do not go together."""
    scored = _Scored()
    label_files = LabelFolder(labels_folder)
    with report_progress("reading", total=len(paths), unit="ethograms") as advance:
        for path in paths:
            _add_scored(scored, path, label_files, labels_folder, settings)
            advance(1)
    return scored


def _add_scored(scored: _Scored, path: Path, label_files: LabelFolder, labels_folder: Path, settings: LabelFiles) -> None:
    try:
        annotation = read_annotation(path)
        labels = _read_labels(path, annotation, label_files, labels_folder, settings)
    except BehaviorError as error:
        scored.failures[str(path)] = str(error)
        complain(str(error))
        return
    _require_fitting(path, annotation, scored.annotations)
    if annotation.provenance.learned_from:
        scored.notes.append(
            f"{annotation.recording} is a training recording of this model; its scores do not measure the model's accuracy."
        )
        warn(scored.notes[-1])
    scored.annotations.append(annotation)
    scored.labels[annotation.recording] = labels


def _name_video(annotation: Annotation) -> str:
    """Return the name of the video of an ethogram, or that which its pose has; "" where it says neither."""
    video, pose = annotation.provenance.video, annotation.provenance.pose
    if video is not None:
        return Path(name_file(video)).stem
    return "" if pose is None else name_after_video(Path(name_file(pose)))


def _read_labels(path: Path, annotation: Annotation, label_files: LabelFolder, labels_folder: Path, settings: LabelFiles) -> Labels:
    """Return the labels of the ethogram at `path`, with a warning for what is odd in their file; LabelError if there are none."""
    video, individual = annotation.provenance.video, annotation.provenance.individual
    label_path, is_shared = label_files.find(annotation.recording), False
    if label_path is None and individual is not None and (shown := _name_video(annotation)):
        # A file of the whole video tells by its subjects whose labels are whose.
        label_path, is_shared = label_files.find(make_safe(shown)), True
    if label_path is None:
        raise LabelError(f"{path}: {labels_folder} holds no label file named after {annotation.recording!r}; it is not scored.")
    recording = Recording(
        annotation.recording,
        video=None if video is None else Path(video),
        individual=individual or "",
        shared_labels=frozenset([label_path] if is_shared else []),
    )
    labels, notes = read_labels_of(recording, label_path, annotation.behaviors, annotation.frames, settings=settings)
    for note in notes:
        warn(note)
    return labels


def _require_fitting(path: Path, annotation: Annotation, before: Sequence[Annotation]) -> None:
    """Raise UsageError unless an ethogram has the behaviors of those before it, and another recording."""
    if before and annotation.behaviors != before[0].behaviors:
        raise UsageError(
            f"{path}: has the behaviors {', '.join(annotation.behaviors)}, those before it {', '.join(before[0].behaviors)}; "
            "evaluate ethograms of one model at a time."
        )
    if any(annotation.recording == other.recording for other in before):
        raise UsageError(f"{path}: another ethogram of {annotation.recording!r} was given before; evaluate one of each recording.")


def _measure_ceiling(raters: Sequence[Path], annotations: Sequence[Annotation], settings: LabelFiles) -> pd.DataFrame:
    """Return the human ceiling of the raters' folders for the recordings that are scored; UsageError if no two share one."""
    frames = {annotation.recording: annotation.frames for annotation in annotations}
    labels = read_rater_folders(raters, frames, annotations[0].behaviors, settings=settings)
    ceiling = measure_ceiling(labels, time_s={annotation.recording: annotation.time_s for annotation in annotations})
    if ceiling is None:
        raise UsageError(f"{', '.join(map(str, raters))}: no two of these raters have labelled the same of the recordings scored.")
    return ceiling
