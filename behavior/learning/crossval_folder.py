"""The folder of a cross-validation: the names of its files, and what reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.config import Study
from behavior.errors import UsageError
from behavior.files.ethograms import read_frame_predictions
from behavior.files.study import read_study
from behavior.learning.decisions import record_postprocess
from behavior.learning.learning_data import LearningData
from behavior.provenance import Provenance
from behavior.recording import Annotation, Labels, Probabilities

__all__ = [
    "CEILING_FILE",
    "DECISIONS_FILE",
    "FITS_FOLDER",
    "FOLDS_FILE",
    "METRICS_FILE",
    "OUT_OF_FOLD_FILE",
    "PREDICTIONS_FOLDER",
    "STUDY_COPY",
    "SUMMARY_FILE",
    "CrossValidated",
    "FitEpochs",
    "name_probabilities",
    "open_crossval",
    "read_epochs",
    "read_out_of_fold",
]


METRICS_FILE = "metrics.csv"


SUMMARY_FILE = "summary.md"


CEILING_FILE = "ceiling.csv"


# Of a cross-validation.
STUDY_COPY = "study.yaml"


FOLDS_FILE = "folds.csv"


PREDICTIONS_FOLDER = "predictions"


DECISIONS_FILE = "decisions.csv"


# Probabilities as the models gave them, before any calibration: what `train` fits decisions on.
OUT_OF_FOLD_FILE = "out_of_fold.npz"


# Finished fits of a run that is not; gone when it is.
FITS_FOLDER = ".fits"


def read_out_of_fold(folder: Path, data: LearningData) -> dict[str, Probabilities]:
    """Return what a cross-validation of `data` in `folder` said about its recordings, uncalibrated; UsageError if it is of others."""
    path = folder / OUT_OF_FOLD_FILE
    if not path.is_file():
        raise UsageError(f"{path}: not found; give the folder that `behavior crossval STUDY --out FOLDER` wrote.")
    with np.load(path, allow_pickle=False) as saved:
        found = {name: saved[name] for name in saved.files}
    for recording, labels in zip(data.recordings, data.labels, strict=True):
        if recording.id not in found or found[recording.id].shape != labels.values.shape:
            raise UsageError(f"{path}: holds no predictions that fit recording {recording.id!r}; cross-validate again.")
    return name_probabilities(data, [found[recording.id] for recording in data.recordings])


def name_probabilities(data: LearningData, values: Sequence[npt.NDArray[np.float32]]) -> dict[str, Probabilities]:
    """Return `values`, one (T, B) for each recording of `data`, by recording id."""
    return {
        recording.id: Probabilities(found, data.behaviors, features.time_s)
        for recording, found, features in zip(data.recordings, values, data.features, strict=True)
    }


@dataclass(frozen=True)
class CrossValidated:
    """Results of a cross-validation.

    Attributes
    ----------
    folder
        Where they are.
    study
        The study as it was then.
    metrics, folds
        Tables as they were written.
    ceiling
        How well people agree; None where nobody knew.
    annotations, labels
        What was said about each recording by models that had not seen it, and what people saw.
    """

    folder: Path
    study: Study
    metrics: pd.DataFrame
    folds: pd.DataFrame
    ceiling: pd.DataFrame | None
    annotations: Sequence[Annotation]
    labels: dict[str, Labels]


def open_crossval(folder: Path | None) -> CrossValidated | None:
    """Return what a cross-validation left in `folder`; UsageError where a file of it is missing."""
    if folder is None:
        return None
    for name in (STUDY_COPY, METRICS_FILE, FOLDS_FILE):
        if not (folder / name).is_file():
            raise UsageError(f"{folder / name}: not found; give the folder that `behavior crossval STUDY --out FOLDER` wrote.")
    study = read_study(folder / STUDY_COPY)
    annotations, labels = [], {}
    for path in sorted((folder / PREDICTIONS_FOLDER).glob("*.csv")):
        annotation, labels[path.stem] = read_frame_predictions(path, study.behaviors)
        # Of decisions that were fitted each fold has its own.
        provenance = Provenance() if study.decisions else Provenance(postprocess=record_postprocess(study.postprocess))
        annotations.append(replace(annotation, provenance=provenance))
    if not annotations:
        raise UsageError(f"{folder / PREDICTIONS_FOLDER}: holds no predictions; run `behavior crossval` again.")
    ceiling = pd.read_csv(folder / CEILING_FILE) if (folder / CEILING_FILE).is_file() else None
    metrics = pd.read_csv(folder / METRICS_FILE, dtype={"recording": str})
    return CrossValidated(folder, study, metrics, pd.read_csv(folder / FOLDS_FILE), ceiling, annotations, labels)


@dataclass(frozen=True)
class FitEpochs:
    """How long to fit, by member and behavior.

    Attributes
    ----------
    median
        Of the best epochs in a cross-validation, over the fits that watched a recording.
    fixed
        What was run where no fit could watch one.
    """

    median: Mapping[tuple[str, str], int] = field(default_factory=dict)
    fixed: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def known(self) -> dict[tuple[str, str], int]:
        """Both together."""
        return {**self.fixed, **self.median}


def read_epochs(folder: Path, study: Study, training: LearningData) -> FitEpochs:
    """Return how long the fits in a cross-validation of `training` with the settings of `study` were best run."""
    table_path, study_path = folder / FOLDS_FILE, folder / STUDY_COPY
    for needed in (table_path, study_path):
        if not needed.is_file():
            raise UsageError(f"{needed}: not found; give the folder that `behavior crossval STUDY --out FOLDER` wrote.")
    then = read_study(study_path)
    for section in ("behaviors", "streams", "features", "crop", "backbone", "windows", "head", "training", "crossval", "ensemble"):
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
    table = pd.read_csv(table_path, dtype={"member": str})
    fitted = table[table["best_epoch"].notna()]
    watched = fitted[fitted["watched"].notna()].groupby(["member", "behavior"])["best_epoch"].median()
    median = {(str(member), str(name)): max(1, round(float(value))) for (member, name), value in watched.items()}
    others = fitted.groupby(["member", "behavior"])["epochs"].max()
    fixed = {(str(member), str(name)): int(value) for (member, name), value in others.items() if (str(member), str(name)) not in median}
    return FitEpochs(median, fixed)
