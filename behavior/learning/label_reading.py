"""Reading label files as a study says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.config import LabelFiles
from behavior.files.annotations import LabelPolicies, read_labels
from behavior.progress import warn
from behavior.recording import Annotation, Labels, Recording

__all__ = ["read_labels_of", "read_raters_of"]


def read_labels_of(
    recording: str,
    path: Path,
    behaviors: Sequence[str],
    *,
    settings: LabelFiles,
    n_frames: int,
    time_s: npt.NDArray[np.float64] | None,
    broke_off: bool,
    video: Path | None = None,
    rater: str = "",
) -> tuple[Labels, list[str]]:
    """Return the labels of a recording in the file at `path`, and sentences about what is odd in it.

    Parameters
    ----------
    recording, video
        Its id and its video: a file with several observations may name it by either.
    settings
        The study's section `labels`.
    rater
        Whose column of the manifest names the file; the settings' own rater goes before.
    """
    return read_labels(
        path,
        behaviors,
        n_frames=n_frames,
        time_s=time_s,
        broke_off=broke_off,
        mapping=settings.map,
        ignored=settings.ignore,
        called=[video.name, recording] if video is not None else [recording],
        rater=settings.rater or rater or None,
        policies=LabelPolicies(**settings.dump_policies()),
        **settings.choose(recording),
    )


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
        labels[rater], warnings = read_labels_of(
            annotation.recording,
            path,
            annotation.behaviors,
            settings=settings,
            video=recording.video,
            rater=rater,
            n_frames=len(annotation.time_s),
            time_s=annotation.time_s,
            broke_off=bool(annotation.provenance.get("broke_off")),
        )
        for warning in warnings:
            warn(warning)
    return labels
