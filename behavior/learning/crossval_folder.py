"""The hand-off of a cross-validation: a folder that `behavior crossval` writes and `train` and `report` read, through this module alone."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.config import Study
from behavior.errors import CrossvalError
from behavior.figures.rendering import render_png
from behavior.files.atomic import replacing, write_bytes
from behavior.files.cells import read_table, write_table
from behavior.files.ethograms import read_frame_predictions, write_frame_predictions
from behavior.files.markdown import write_markdown
from behavior.files.opening import explain_damage
from behavior.files.study import read_study, write_study
from behavior.learning.crossval_digest import CrossvalDigest, RecordingDigest
from behavior.learning.crossval_files import (
    ADVICE,
    CEILING_FILE,
    COMPUTING_TIME_FILE,
    DECISIONS_FILE,
    FOLDS_FILE,
    LEARNING_CURVE_FILE,
    METRICS_FILE,
    OUT_OF_FOLD_FILE,
    RELIABILITY_FILE,
    STUDY_COPY,
    SUMMARY_FILE,
    VIEWS_FILE,
    complete_crossval_folder,
    describe_file,
    name_predictions,
    read_digest,
    require_unchanged,
    withdraw_digest,
)
from behavior.learning.decisions import record_postprocess
from behavior.learning.out_of_fold import FoldRecord
from behavior.provenance import Provenance
from behavior.recording import Annotation, Labels

__all__ = ["CrossvalContent", "CrossvalResults", "FitEpochs", "read_crossval", "write_crossval"]

# Of one array in an .npz file, before its numbers.
_MOST_HEADER_BYTES = 1024


@dataclass(frozen=True)
class CrossvalContent:
    """All that a cross-validation leaves.

    Attributes
    ----------
    study
        Its settings.
    recordings
        What it was computed from (`describe_recordings`).
    annotations, labels
        The out-of-fold predictions of each recording, decided, and the labels by recording id that they are scored with.
    out_of_fold
        Probabilities before any calibration by recording id, float32 of shape (T, B).
    folds
        The fits.
    metrics, summary
        The table of scores, and the text for people.
    ceiling
        How well raters agree; None without several raters.
    decisions
        What was fitted in each fold; None if nothing was.
    reliability
        How often probabilities come true.
    learning_curve
        How scores grow with the number of recordings; None if it was not measured.
    pictures
        Figures of matplotlib by file name.
    computing_time
        What the steps took: columns step, metric and value.
    views
        How well each view does alone, and all together; None where there is one.
    """

    study: Study
    recordings: Sequence[RecordingDigest]
    annotations: Sequence[Annotation]
    labels: Mapping[str, Labels]
    out_of_fold: Mapping[str, npt.NDArray[np.float32]]
    folds: Sequence[FoldRecord]
    metrics: pd.DataFrame
    summary: str
    ceiling: pd.DataFrame | None
    decisions: pd.DataFrame | None
    reliability: pd.DataFrame
    learning_curve: pd.DataFrame | None
    pictures: Mapping[str, Any]
    computing_time: pd.DataFrame
    views: pd.DataFrame | None = None


@dataclass(frozen=True)
class FitEpochs:
    """How long to train, by member and behavior.

    Attributes
    ----------
    median
        Median of the best epochs in a cross-validation, over the fits with a validation recording.
    fixed
        Epochs that were run if no fit had a validation recording.
    """

    median: Mapping[tuple[str, str], int] = field(default_factory=dict)
    fixed: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def known(self) -> dict[tuple[str, str], int]:
        """Both together."""
        return {**self.fixed, **self.median}


@dataclass(frozen=True)
class CrossvalResults:
    """The results of a cross-validation, as its folder holds them.

    Attributes
    ----------
    folder
        Where they are.
    digest
        What they were computed from.
    study
        The settings.
    metrics
        The table of scores: recording, behavior, metric, value, low, high.
    folds
        A row for each fit: fold, behavior, member, watched (validation recordings), best_epoch, epochs, reason.
    ceiling
        How well raters agree; None without several raters.
    """

    folder: Path
    digest: CrossvalDigest
    study: Study
    metrics: pd.DataFrame
    folds: pd.DataFrame
    ceiling: pd.DataFrame | None

    @property
    def recordings(self) -> tuple[str, ...]:
        """Ids of the recordings, in the manifest's order."""
        return tuple(digest.recording for digest in self.digest.recordings)

    @property
    def annotations(self) -> list[Annotation]:
        """The out-of-fold predictions of each recording, decided; in alphabetical order."""
        return self._predictions[0]

    @property
    def fits_thresholds(self) -> bool:
        """Whether each fold decided with thresholds of its own, so that no one threshold tells how sure a decision is."""
        return self.study.decisions is not None and "threshold" in self.study.decisions.fit

    @property
    def labels(self) -> dict[str, Labels]:
        """The labels that predictions are scored with, by recording id."""
        return self._predictions[1]

    @cached_property
    def _predictions(self) -> tuple[list[Annotation], dict[str, Labels]]:
        provenance, settings = Provenance(), self.study.postprocess
        # What was fitted differs from fold to fold.
        if self.study.decisions is not None:
            settings = self.study.decisions.keep_given(settings)
        if not self.fits_thresholds:
            provenance = Provenance(postprocess=record_postprocess(settings))
        annotations, labels = [], {}
        # As their files are listed.
        for name in sorted(self.recordings, key=name_predictions):
            annotation, labels[name] = read_frame_predictions(self.folder / name_predictions(name), self.study.behaviors)
            annotations.append(replace(annotation, provenance=provenance))
        return annotations, labels

    @cached_property
    def out_of_fold(self) -> dict[str, npt.NDArray[np.float32]]:
        """Probabilities before any calibration by recording id, float32 of shape (T, B); NaN where nothing could be trained.

        Raises
        ------
        CrossvalError
            If the file holds something else.
        """
        n_behaviors = len(self.study.behaviors)
        shapes = {digest.recording: (digest.n_frames, n_behaviors) for digest in self.digest.recordings}
        return _read_arrays(self.folder / OUT_OF_FOLD_FILE, shapes)

    @cached_property
    def decisions(self) -> pd.DataFrame | None:
        """What each fold decided with, as `decisions.csv` has it; None where nothing was fitted.

        Raises
        ------
        CrossvalError
            If the file holds something else.
        """
        if DECISIONS_FILE not in self.digest.files:
            return None
        return _read_part(self.folder / DECISIONS_FILE, text=("fold", "behavior", "calibration", "reason"))

    @property
    def computing_time(self) -> pd.DataFrame | None:
        """What the steps took: columns step, metric and value; None in results of earlier versions.

        Raises
        ------
        CrossvalError
            If the file cannot be read.
        """
        path = self.folder / COMPUTING_TIME_FILE
        return _read_part(path, text=("step", "metric")) if path.is_file() else None

    @property
    def views(self) -> pd.DataFrame | None:
        """Scores of each view alone and of all together: the columns of `metrics` after one that is called view; None of one view.

        Raises
        ------
        CrossvalError
            If the file cannot be read.
        """
        if VIEWS_FILE not in self.digest.files:
            return None
        return _read_part(self.folder / VIEWS_FILE, text=("view", "recording", "behavior", "metric"))

    @property
    def epochs(self) -> FitEpochs:
        """How long a model of all recordings is to be trained."""
        fitted = self.folds[self.folds["best_epoch"].notna()]
        validated = fitted[fitted["watched"].notna()].groupby(["member", "behavior"])["best_epoch"].median()
        median = {(str(member), str(name)): max(1, round(float(value))) for (member, name), value in validated.items()}
        run = fitted.groupby(["member", "behavior"])["epochs"].max()
        fixed = {(str(member), str(name)): int(value) for (member, name), value in run.items() if (str(member), str(name)) not in median}
        return FitEpochs(median, fixed)

    def read_picture(self, name: str) -> bytes | None:
        """Return the picture in the file `name`; None if the cross-validation made none.

        Raises
        ------
        CrossvalError
            If it is missing or changed.
        """
        return require_unchanged(self.folder, self.digest, name).read_bytes() if name in self.digest.files else None


def write_crossval(folder: Path, content: CrossvalContent) -> None:
    """Write `content` to `folder`, where nothing of an earlier cross-validation stays.

    A run that is killed meanwhile leaves a folder that `read_crossval` refuses, unless nothing was replaced or all was.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """
    writers = _list_writers(content)
    withdraw_digest(folder, {*writers, COMPUTING_TIME_FILE})
    write_table(folder / COMPUTING_TIME_FILE, content.computing_time, digits=6)
    for name, write in writers.items():
        write(folder / name)
    files = {name: describe_file(folder / name) for name in writers}
    complete_crossval_folder(folder, CrossvalDigest(recordings=list(content.recordings), files=files))


def read_crossval(folder: Path) -> CrossvalResults:
    """Return the results of the cross-validation in `folder`, after checking that all tables are there as they were written.

    Raises
    ------
    CrossvalError
        If the folder holds no cross-validation, an incomplete one or one of an earlier version, or a file is missing, cut off or
        changed.
    """
    digest = read_digest(folder)
    for name in digest.files:
        # The summary is for people, who may write in it; pictures are checked when they are read.
        if name != SUMMARY_FILE and not name.endswith(".png"):
            require_unchanged(folder, digest, name)
    ceiling = None
    if CEILING_FILE in digest.files:
        ceiling = _read_part(folder / CEILING_FILE, text=("against", "behavior", "metric"))
    return CrossvalResults(
        folder=folder,
        digest=digest,
        study=read_study(folder / STUDY_COPY),
        metrics=_read_part(folder / METRICS_FILE, text=("recording", "behavior", "metric")),
        folds=_read_part(folder / FOLDS_FILE, text=("fold", "behavior", "member", "watched", "reason")),
        ceiling=ceiling,
    )


def _read_part(path: Path, *, text: Sequence[str]) -> pd.DataFrame:
    return read_table(path, text=text, error=CrossvalError, expected="a table of a cross-validation", advice=ADVICE)


def _list_writers(content: CrossvalContent) -> dict[str, Callable[[Path], None]]:
    """Return what writes each file, by name; the summary, which people take for the whole, comes last."""
    writers: dict[str, Callable[[Path], None]] = {}
    for annotation in content.annotations:
        labels = content.labels[annotation.recording]
        writers[name_predictions(annotation.recording)] = partial(write_frame_predictions, annotation=annotation, labels=labels)
    writers[OUT_OF_FOLD_FILE] = partial(_write_arrays, arrays=content.out_of_fold)
    tables = {
        FOLDS_FILE: pd.DataFrame([asdict(record) for record in content.folds]),
        DECISIONS_FILE: content.decisions,
        RELIABILITY_FILE: content.reliability,
        LEARNING_CURVE_FILE: content.learning_curve,
        VIEWS_FILE: content.views,
        METRICS_FILE: content.metrics,
        CEILING_FILE: content.ceiling,
    }
    writers |= {name: partial(write_table, table=table) for name, table in tables.items() if table is not None}
    writers |= {name: partial(_write_picture, figure=figure) for name, figure in content.pictures.items()}
    writers[STUDY_COPY] = partial(write_study, study=content.study)
    writers[SUMMARY_FILE] = partial(write_markdown, text=content.summary)
    return writers


def _write_picture(path: Path, figure: Any) -> None:
    write_bytes(path, render_png(figure))


def _write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[np.float32]]) -> None:
    """Write what `numpy.savez_compressed` would, which takes no array of the name "file"."""
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, values, allow_pickle=False)


def _read_arrays(path: Path, shapes: Mapping[str, tuple[int, int]]) -> dict[str, npt.NDArray[np.float32]]:
    """Return what `_write_arrays` wrote, of these shapes; nothing larger is unpacked."""
    with (
        explain_damage(path, error=CrossvalError, expected="the out-of-fold probabilities of a cross-validation", advice=ADVICE),
        zipfile.ZipFile(path) as archive,
    ):
        members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
        if set(members) != set(shapes):
            raise ValueError(f"it holds {len(members)} recordings, expected the {len(shapes)} that were cross-validated")
        return {name: _read_array(archive, members[name], shape) for name, shape in shapes.items()}


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    n_bytes = math.prod(shape) * np.dtype(np.float32).itemsize
    if not n_bytes < member.file_size <= n_bytes + _MOST_HEADER_BYTES:
        raise ValueError(f"{member.filename} has {member.file_size} bytes, expected {n_bytes} for {shape[0]} frames")
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError(f"{member.filename} has version {version}, expected (1, 0)")
        found_shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
        if found_shape != shape or dtype != np.float32:
            raise ValueError(f"{member.filename} holds {dtype} of shape {found_shape}, expected float32 of shape {shape}")
        values = np.frombuffer(file.read(n_bytes), dtype=dtype).reshape(shape, order="F" if is_fortran else "C")
        # Reading to the end checks the sum over the whole.
        file.read()
    return values
