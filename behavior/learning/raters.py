"""The labels of several raters of the same recordings, and the human ceiling that their agreement sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.config import LabelFiles
from behavior.errors import BehaviorError, LabelError, UsageError
from behavior.learning.label_reading import read_labels_of
from behavior.learning.rater_files import (
    RaterFiles,
    explain_missing_labels,
    find_rater_files,
    list_labelled_recordings,
    list_raters,
    name_rater_folders,
)
from behavior.metrics.agreement import OTHERS, PAIRS, score_agreement, summarize_raters
from behavior.progress import warn
from behavior.recording import Frames, Labels, Recording

__all__ = ["measure_ceiling", "read_ceiling", "read_rater_folders", "read_rater_labels", "score_rater_agreement"]


def measure_ceiling(
    labels: Mapping[str, Mapping[str, Labels]], *, time_s: Mapping[str, npt.NDArray[np.float64]] | None = None
) -> pd.DataFrame | None:
    """Return how well raters agree, one value per behavior and metric: the best that a model trained on their labels can reach.

    Parameters
    ----------
    labels
        By rater and recording, all with the same behaviors. A recording with fewer than two raters is left out.
    time_s
        Times of the frames of each recording in seconds; without them there are no errors in seconds.

    Returns
    -------
    The table of `metrics.agreement.summarize_raters`; None if no two raters have a recording in common.

    Raises
    ------
    UsageError
        If a rater's name means something else in the table.
    """
    behaviors = next((one.behaviors for by_recording in labels.values() for one in by_recording.values()), ())
    shared = [name for name in list_labelled_recordings(labels) if sum(name in by_recording for by_recording in labels.values()) > 1]
    if not shared:
        return None
    kept = {rater: {name: one for name, one in by_recording.items() if name in shared} for rater, by_recording in labels.items()}
    raters = {rater: by_recording for rater, by_recording in kept.items() if by_recording}
    return summarize_raters(score_rater_agreement(raters, behaviors, time_s or {}))


def read_ceiling(
    recordings: Sequence[Recording], behaviors: Sequence[str], frames: Sequence[Frames], *, settings: LabelFiles | None = None
) -> pd.DataFrame | None:
    """Return the human ceiling of `recordings`, whose label files are read; None if no two raters have a recording in common.

    Parameters
    ----------
    recordings
        From the manifest; `list_raters` tells which of their label files are raters'.
    behaviors
        The columns to read.
    frames
        The frames of each recording, with their times.
    settings
        The study's section `labels`.

    Raises
    ------
    LabelError
        If label files cannot be used: one sentence for each.
    """
    by_rater = list_raters(recordings)
    if len(by_rater) < 2:
        return None
    by_recording = {recording.id: one for recording, one in zip(recordings, frames, strict=True)}
    videos = {recording.id: recording.video for recording in recordings}
    files = RaterFiles(by_rater, tuple(behaviors), by_recording, videos, settings or LabelFiles())
    return measure_ceiling(read_rater_labels(files), time_s=files.time_s)


def read_rater_folders(
    folders: Sequence[Path], frames: Mapping[str, Frames], behaviors: Sequence[str], *, settings: LabelFiles | None = None
) -> dict[str, dict[str, Labels]]:
    """Return the labels in each rater's folder, by rater and recording.

    Parameters
    ----------
    folders
        One for each rater.
    frames
        The frames of each recording that is wanted.
    behaviors
        The columns to read.
    settings
        The study's section `labels`.

    Raises
    ------
    UsageError
        If there are fewer than two folders, or one is missing or holds no label file that is named after a recording or names one.
    LabelError
        If label files cannot be used: one sentence for each.
    """
    named = name_rater_folders(folders)
    by_rater = find_rater_files(named, list(frames))
    for rater, by_recording in by_rater.items():
        if not by_recording:
            raise UsageError(f"{named[rater]}: {explain_missing_labels(frames)}")
    return read_rater_labels(RaterFiles(by_rater, tuple(behaviors), frames, settings=settings or LabelFiles()))


def read_rater_labels(files: RaterFiles) -> dict[str, dict[str, Labels]]:
    """Return the labels in `files`, by rater and recording id; what is odd in a file is a warning.

    Raises
    ------
    LabelError
        If label files cannot be used: one sentence for each.
    """
    labels: dict[str, dict[str, Labels]] = {}
    problems: list[str] = []
    for rater, paths in files.by_rater.items():
        labels[rater] = {}
        for name, path in paths.items():
            recording = Recording(name, video=files.videos.get(name))
            try:
                read, notes = read_labels_of(recording, path, files.behaviors, files.frames[name], settings=files.settings, rater=rater)
            except BehaviorError as error:
                problems.append(str(error))
                continue
            for note in notes:
                warn(note)
            labels[rater][name] = read
    if problems:
        raise LabelError("\n".join(problems))
    return labels


def score_rater_agreement(
    labels: Mapping[str, Mapping[str, Labels]], behaviors: Sequence[str], time_s: Mapping[str, npt.NDArray[np.float64]]
) -> pd.DataFrame:
    """Return the table of `metrics.agreement.score_agreement`: every pair of raters, and each rater against the others.

    Parameters
    ----------
    labels
        By rater and recording.
    behaviors
        Columns of the labels.
    time_s
        Times of the frames of each recording in seconds; if one is missing, there are no errors in seconds.

    Raises
    ------
    UsageError
        If a rater's name means something else in the table, or no two raters have a recording in common.
    """
    for name in (OTHERS, PAIRS):
        if name in labels:
            raise UsageError(f"a rater is called {name!r}, which means something else in tables of agreement; use another name.")
    names = list_labelled_recordings(labels)
    if not any(sum(name in by_recording for by_recording in labels.values()) > 1 for name in names):
        raise UsageError(f"{', '.join(labels)}: no two of these raters have a recording in common, so nothing can be compared.")
    times = {name: time_s[name] for name in names if name in time_s}
    values = {rater: {name: one.values for name, one in by_recording.items()} for rater, by_recording in labels.items()}
    return score_agreement(values, behaviors, time_s=times if len(times) == len(names) else None)
