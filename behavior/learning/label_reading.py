"""Reading label files as a study says."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from behavior.config import LabelFiles
from behavior.errors import BehaviorError, join_first
from behavior.files.label_formats.request import LabelPolicies, LabelRequest
from behavior.files.labels import explain_unowned, read_labels
from behavior.progress import warn
from behavior.recording import Annotation, Frames, Labels, Recording

__all__ = ["describe_unowned", "read_labels_of", "read_raters_of"]

# So many recordings are named, the others counted.
_SHOWN = 8


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
    return read_labels(path, _make_request(recording, path, behaviors, frames, settings, rater))


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


def describe_unowned(recordings: Sequence[Recording], behaviors: Sequence[str], *, settings: LabelFiles) -> list[str]:
    """Return a sentence where label files of several individuals' recordings do not say which labels are whose; [] where all do.

    Parameters
    ----------
    recordings
        As the manifest has them, with the label files that they share.
    settings
        The study's section `labels`.
    """
    # What is not labelled, and what the background means, is not asked here.
    settings = settings.model_copy(update={"missing": "absent", "background": settings.background or "absent"})
    found: list[tuple[str, str]] = []
    for recording in recordings:
        for path in sorted(recording.shared_labels):
            # Whatever else is wrong with a label file is for `check` to say, which knows the video's frames.
            with suppress(BehaviorError):
                reason = explain_unowned(path, _make_request(recording, path, behaviors, Frames(0), settings, None))
                found += [] if reason is None else [(recording.id, reason)]
    if not found:
        return []
    others = join_first(dict.fromkeys(name for name, _ in found[1:] if name != found[0][0]), _SHOWN)
    return [f"{found[0][0]}: {found[0][1]}{f' The same is true of {others}.' if others else ''}"]


def _make_request(
    recording: Recording, path: Path, behaviors: Sequence[str], frames: Frames, settings: LabelFiles, rater: str | None
) -> LabelRequest:
    if rater is None:
        rater = next((name for name, file in recording.labels.items() if file == path), "")
    video_names = () if recording.video is None else (recording.video.name,)
    return LabelRequest(
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
