"""`behavior evaluate`: scores ethograms that exist against labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from behavior.config import LabelFiles
from behavior.errors import BehaviorError, LabelError, UsageError
from behavior.files.ethograms import find_ethograms, read_annotation
from behavior.files.pairing import find_labels_for
from behavior.files.study import read_study
from behavior.learning.label_reading import read_labels_of
from behavior.learning.raters import measure_ceiling, read_rater_folders
from behavior.progress import complain, warn
from behavior.recording import Annotation, Labels
from behavior.reporting.score_files import prepare_results_folder, score_annotations, write_results

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
    """Score the ethograms at `paths` against the label files in `labels_folder` that are called like their recordings.

    Parameters
    ----------
    raters
        A folder of label files for each of several raters; how well they agree is shown beside the scores.
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
    annotations: list[Annotation] = []
    labels: dict[str, Labels] = {}
    failures: dict[str, str] = {}
    notes: list[str] = []
    for path in find_ethograms(paths):
        try:
            annotation = read_annotation(path)
            label_path = find_labels_for(annotation.recording, labels_folder)
            if label_path is None:
                raise LabelError(f"{path}: {labels_folder} holds no label file called like {annotation.recording!r}; it is not scored.")
            video = annotation.provenance.get("video")
            found, warnings = read_labels_of(
                annotation.recording,
                label_path,
                annotation.behaviors,
                settings=settings,
                video=Path(video) if isinstance(video, str) else None,
                n_frames=len(annotation.time_s),
                time_s=annotation.time_s,
                broke_off=bool(annotation.provenance.get("broke_off")),
            )
        except BehaviorError as error:
            failures[str(path)] = str(error)
            complain(str(error))
            continue
        for warning in warnings:
            warn(warning)
        if annotations and annotation.behaviors != annotations[0].behaviors:
            raise UsageError(
                f"{path}: has the behaviors {', '.join(annotation.behaviors)}, those before it {', '.join(annotations[0].behaviors)}; "
                "evaluate ethograms of one model at a time."
            )
        if annotation.recording in labels:
            raise UsageError(f"{path}: another ethogram of {annotation.recording!r} was given before; evaluate one of each recording.")
        if annotation.provenance.get("learned_from"):
            notes.append(f"{annotation.recording}: the model learned from this recording, so its scores are no measure of how good it is.")
            warn(notes[-1])
        annotations.append(annotation)
        labels[annotation.recording] = found
    if not annotations:
        raise UsageError(f"{labels_folder}: none of the ethograms could be scored, for the reasons above; correct these first.")
    ceiling = None
    if raters:
        times = {annotation.recording: annotation.time_s for annotation in annotations}
        rated = read_rater_folders(raters, times, annotations[0].behaviors, settings=settings)
        ceiling = measure_ceiling(rated, time_s=times)
        if ceiling is None:
            raise UsageError(f"{', '.join(map(str, raters))}: no two of these raters have labelled the same of the recordings scored.")
    table = score_annotations(annotations, labels)
    write_results(out, table, annotations, labels, title="Evaluation", notes=notes, ceiling=ceiling)
    return EvaluateResult(table, failures)
