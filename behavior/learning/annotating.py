"""Annotating many recordings with one model, video after video or many at a time, and writing their ethograms."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from behavior.compute.units import Work, run_units
from behavior.compute.where import Where
from behavior.embedding.recordings import require_features_together
from behavior.errors import BehaviorError, EthogramError, OutputError, WeightsError, name_recording
from behavior.files.ethograms import ETHOGRAM_SUFFIX, read_provenance, write_annotation
from behavior.files.shared_videos import group_by_video, name_groups
from behavior.files.study import read_study
from behavior.learning.annotator import Annotator, open_annotator
from behavior.progress import announce, complain
from behavior.provenance import Familiarity
from behavior.recording import Recording

__all__ = ["AnnotateResult", "AnnotatorRequest", "annotate_recordings"]

# Crops of the first recordings show whether a reduced precision will do; each unit of work names them.
MOST_SAMPLED = 8


@dataclass
class AnnotateResult:
    """What was annotated, by recording id.

    Attributes
    ----------
    frames_per_second
        Frames of the video divided by the seconds that they took, embedding included.
    failures
        A sentence for each recording that could not be annotated.
    familiarity
        Whether each is like those that the model was trained on, as `provenance.Familiarity` in JSON: plain, for workers tell it.
    computing_time
        What the steps of each took, as `provenance.Provenance.computing_time` in JSON.
    """

    frames_per_second: dict[str, float] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    familiarity: dict[str, dict[str, Any]] = field(default_factory=dict)
    computing_time: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)

    def fail(self, name: str, error: BehaviorError) -> None:
        """Record, and say, why a recording could not be annotated."""
        self.failures[name] = str(error)
        complain(name_recording(name, error))


@dataclass(frozen=True)
class AnnotatorRequest:
    """Which annotator is to be opened, here and by each worker.

    Attributes
    ----------
    model, cache, body_parts, individual, others, may_resample, imported
        As for `annotator.open_annotator`.
    study
        Study file whose arena counts; the model's own where None.
    """

    model: Path
    cache: Path
    body_parts: tuple[str, ...] = ()
    individual: str | None = None
    others: tuple[str, ...] = ()
    may_resample: bool = False
    imported: Path | None = None
    study: Path | None = None

    def open(self) -> Annotator:
        """Open it; raises as `open_annotator` does."""
        return open_annotator(
            self.model,
            cache=self.cache,
            imported=self.imported,
            arena=None if self.study is None else read_study(self.study).arena,
            body_parts=self.body_parts,
            individual=self.individual,
            others=self.others,
            may_resample=self.may_resample,
        )


def annotate_recordings(
    annotator: Annotator,
    asked: AnnotatorRequest,
    recordings: Sequence[Recording],
    out: Path,
    result: AnnotateResult,
    *,
    overwrite: bool,
    where: Where,
) -> AnnotateResult:
    """Write an ethogram of each recording to the folder `out`, and return `result` with what came of it; a bad one never stops the rest.

    Parameters
    ----------
    annotator, asked
        What was opened, and what workers open.
    overwrite
        Replace ethograms that another model, or this one with other settings, has made.
    where
        Where work runs; a unit is a video, with all of its recordings.

    Raises
    ------
    WeightsError
        If the backbone's weights cannot be used.
    """
    annotator.warn_of_training(recordings)
    annotator.warn_of_no_reference()
    videos = [tuple(group) for group in group_by_video(recordings)]
    among = tuple(sorted(recordings, key=lambda one: one.id)[:MOST_SAMPLED])
    if where.is_here:
        for video in videos:
            _annotate_video(annotator, video, among, out, result, overwrite=overwrite)
        return result
    work = Work(
        partial(_annotate_elsewhere, asked, among, out, overwrite),
        units=videos,
        names=[video[0].id for video in videos],
        folder=out,
        title="annotating",
        noun=name_groups(videos),
    )
    for video, outcome in zip(videos, run_units(work, where), strict=True):
        if isinstance(outcome, BehaviorError):
            result.failures |= dict.fromkeys((recording.id for recording in video), str(outcome))
        else:
            result.frames_per_second |= outcome.frames_per_second
            result.failures |= outcome.failures
            result.familiarity |= outcome.familiarity
            result.computing_time |= outcome.computing_time
    return result


@functools.lru_cache(maxsize=1)
def _open_once(asked: AnnotatorRequest) -> Annotator:
    """Open an annotator in a worker's process, which lives as long as a run."""
    return asked.open()


def _annotate_elsewhere(
    asked: AnnotatorRequest, among: tuple[Recording, ...], out: Path, overwrite: bool, video: tuple[Recording, ...]
) -> AnnotateResult:
    result = AnnotateResult()
    _annotate_video(_open_once(asked), video, among, out, result, overwrite=overwrite)
    return result


def _annotate_video(
    annotator: Annotator, video: Sequence[Recording], among: Sequence[Recording], out: Path, result: AnnotateResult, *, overwrite: bool
) -> None:
    began = time.perf_counter()
    wanted = [one for one in video if overwrite or _is_free(annotator, one, out, result)]
    problems = require_features_together(annotator.features.streams, wanted, among=among)
    # What individuals of a video have in common is shared among them.
    embedding_s = (time.perf_counter() - began) / max(len(wanted), 1)
    for recording in wanted:
        began = time.perf_counter()
        try:
            if recording.id in problems:
                raise problems[recording.id]
            annotation = annotator.annotate_with_warning(recording)
            write_annotation(out, annotation)
        except WeightsError:
            raise
        except BehaviorError as error:
            result.fail(recording.id, error)
            continue
        n_frames, seconds = len(annotation.time_s), embedding_s + time.perf_counter() - began
        result.frames_per_second[recording.id] = n_frames / seconds
        result.familiarity[recording.id] = (annotation.provenance.familiarity or Familiarity()).as_mapping()
        steps = annotation.provenance.computing_time or {}
        result.computing_time[recording.id] = {step: took.as_mapping() for step, took in steps.items()}
        announce(f"{recording.id}: {n_frames:,} frames in {seconds:.1f} s, {n_frames / seconds:,.1f} frames/s")


def _is_free(annotator: Annotator, recording: Recording, out: Path, result: AnnotateResult) -> bool:
    """Tell whether an ethogram may be written; if not, why not is added to the result."""
    try:
        _refuse_other_ethogram(annotator, recording, out)
    except BehaviorError as error:
        result.fail(recording.id, error)
        return False
    return True


def _refuse_other_ethogram(annotator: Annotator, recording: Recording, out: Path) -> None:
    """Raise OutputError if `out` holds an ethogram of this recording by another model, with other settings or from other videos."""
    path = out / f"{recording.id}{ETHOGRAM_SUFFIX}"
    if not path.is_file():
        return
    try:
        provenance = read_provenance(path)
    except EthogramError as error:
        raise OutputError(f"{str(error).rstrip('.')}; or give --overwrite to replace it.") from None
    if not annotator.would_repeat(provenance, recording):
        start = ", or with another start of a view" if annotator.model.views else ""
        raise OutputError(
            f"{path}: was made by another model, with other settings or from another video{start}; give another --out, or --overwrite to "
            "replace it."
        )
