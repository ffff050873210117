"""Reading label files as a study says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from behavior.config import LabelFiles
from behavior.files.label_formats.request import LabelPolicies, LabelRequest
from behavior.files.labels import read_labels
from behavior.progress import warn
from behavior.recording import Annotation, Frames, Labels, Recording

__all__ = ["read_labels_of", "read_raters_of"]


def read_labels_of(
    recording: Recording, path: Path, behaviors: Sequence[str], frames: Frames, *, settings: LabelFiles, rater: str | None = None
) -> tuple[Labels, list[str]]:
    """Return the labels of `recording` in the file at `path`, as the study's section `labels` says, and notes on what is odd in the file.

    Parameters
    ----------
    recording
        A file of several observations may name it by its id or by its video, one of several subjects by the individual.
    behaviors
        The columns to return, in this order.
    frames
        The recording's frames.
    settings
        The study's section `labels`.
    rater
        Whose labels to read if the file holds those of several raters and the settings name none; None for the rater whose column of
        the manifest names the file.

    Raises
    ------
    LabelError
        If the file cannot be used (`files.labels.read_labels`).
    """
    if rater is None:
        rater = next((name for name, file in recording.labels.items() if file == path), "")
    video_names = () if recording.video is None else (recording.video.name,)
    request = LabelRequest(
        tuple(behaviors),
        frames,
        mapping=settings.map,
        ignored=frozenset(settings.ignore),
        recording_names=(*video_names, recording.id),
        rater=settings.rater or rater or None,
        background=settings.background,
        individual=recording.individual or None,
        is_shared=path in recording.shared_labels,
        policies=LabelPolicies(**settings.dump_policies()),
        **settings.choose(recording.id),
    )
    return read_labels(path, request)


def read_raters_of(annotation: Annotation, recording: Recording, *, settings: LabelFiles) -> dict[str, Labels]:
    """Return what each rater of a recording saw in the frames of its ethogram; what is odd in a file is a warning.

    Parameters
    ----------
    recording
        Its row of the manifest; "" is the rater of the plain column.
    settings
        The study's section `labels`.

    Raises
    ------
    LabelError
        If a label file cannot be used.
    """
    labels = {}
    for rater, path in recording.labels.items():
        labels[rater], warnings = read_labels_of(recording, path, annotation.behaviors, annotation.frames, settings=settings, rater=rater)
        for warning in warnings:
            warn(warning)
    return labels
