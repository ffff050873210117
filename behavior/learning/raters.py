"""The labels of several raters of the same recordings, and the human ceiling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.config import LabelFiles
from behavior.errors import BehaviorError, LabelError, UsageError
from behavior.files.pairing import find_labels_for
from behavior.learning.label_reading import read_labels_of
from behavior.metrics.agreement import OTHERS, PAIRS, score_agreement, summarize_raters
from behavior.progress import warn
from behavior.recording import Labels, Recording

__all__ = [
    "Frames",
    "explain_no_labels",
    "find_rater_files",
    "list_names",
    "list_raters",
    "measure_ceiling",
    "name_raters",
    "read_ceiling",
    "read_rater_folders",
    "read_raters",
    "score_raters",
]


# What the plain column of a manifest is called where it is a rater's.
_PLAIN = "labels"


@dataclass(frozen=True)
class Frames:
    """When the frames of a recording are.

    Attributes
    ----------
    n_frames
        How many there are.
    time_s
        Their times in seconds, float64 of shape (T,); None where nobody knows.
    broke_off
        Whether the video ended before its header says.
    """

    n_frames: int
    time_s: npt.NDArray[np.float64] | None
    broke_off: bool = False


def measure_ceiling(
    labels: Mapping[str, Mapping[str, Labels]], *, time_s: Mapping[str, npt.NDArray[np.float64]] | None = None
) -> pd.DataFrame | None:
    """Return how well raters agree, one figure for each behavior and metric: what a model that learns from them can reach at best.

    Parameters
    ----------
    labels
        By rater and recording, all with the same behaviors. A recording that fewer than two raters have has no part in it.
    time_s
        Times of the frames of each recording in seconds; without them there are no errors in seconds.

    Returns
    -------
    The table of `metrics.agreement.summarize_raters`; None where no two raters have a recording in common.

    Raises
    ------
    UsageError
        If a rater's name means something else in the table.
    """
    behaviors = next((found.behaviors for by_recording in labels.values() for found in by_recording.values()), ())
    shared = [name for name in list_names(labels) if sum(name in found for found in labels.values()) > 1]
    if not shared:
        return None
    kept = {rater: {name: found for name, found in by_recording.items() if name in shared} for rater, by_recording in labels.items()}
    raters = {rater: by_recording for rater, by_recording in kept.items() if by_recording}
    return summarize_raters(score_raters(raters, behaviors, time_s or {}))


def read_ceiling(
    recordings: Sequence[Recording],
    behaviors: Sequence[str],
    time_s: Sequence[npt.NDArray[np.float64]],
    *,
    broke_off: Sequence[bool] = (),
    settings: LabelFiles | None = None,
) -> pd.DataFrame | None:
    """Return the human ceiling of `recordings`, whose label files are read; None where none has labels by two raters.

    Parameters
    ----------
    recordings
        From the manifest; `list_raters` tells which of their label files are raters'.
    behaviors
        The columns to read.
    time_s
        Times of the frames of each recording, in seconds.
    broke_off
        Whether the video of each recording ended before its header says; none did if not given.
    settings
        The study's section `labels`.

    Raises
    ------
    LabelError
        If label files cannot be used: one sentence for each.
    """
    frames = {
        recording.id: Frames(len(times), times, ended)
        for recording, times, ended in zip(recordings, time_s, broke_off or [False] * len(recordings), strict=True)
    }
    files = list_raters(recordings)
    if len(files) < 2:
        return None
    videos = {recording.id: recording.video for recording in recordings}
    labels = read_raters(files, behaviors, frames, settings=settings, videos=videos)
    return measure_ceiling(labels, time_s=dict(zip(frames, time_s, strict=True)))


def read_rater_folders(
    folders: Sequence[Path],
    recordings: Mapping[str, npt.NDArray[np.float64]],
    behaviors: Sequence[str],
    *,
    settings: LabelFiles | None = None,
) -> dict[str, dict[str, Labels]]:
    """Return the labels of each rater's folder for recordings whose times of frames in seconds are given, by rater and recording.

    Raises
    ------
    UsageError
        If there are fewer than two folders, or one is missing or holds no label file that is called like a recording or names one.
    LabelError
        If label files cannot be used: one sentence for each.
    """
    named = name_raters(folders)
    files = find_rater_files(named, list(recordings))
    for rater, found in files.items():
        if not found:
            raise UsageError(f"{named[rater]}: {explain_no_labels(recordings)}")
    frames = {name: Frames(len(times), times) for name, times in recordings.items()}
    return read_raters(files, behaviors, frames, settings=settings)


def list_raters(recordings: Sequence[Recording]) -> dict[str, dict[str, Path]]:
    """Return the label files of each rater by recording: the manifest's columns `labels_NAME`.

    The plain column `labels` is a rater's only where there is one other, and it names other files than that. Beside several raters it
    is what they agreed on, or one of them: no rater of its own either way.
    """
    named = list(dict.fromkeys(rater for recording in recordings for rater in recording.labels if rater))
    files = {rater: {recording.id: recording.labels[rater] for recording in recordings if rater in recording.labels} for rater in named}
    if len(named) == 1:
        plain = {recording.id: recording.labels[""] for recording in recordings if "" in recording.labels}
        if plain and any(files[named[0]].get(name) != path for name, path in plain.items()):
            files = {_PLAIN: plain, **files}
    return files


def name_raters(folders: Sequence[Path]) -> dict[str, Path]:
    """Return the folders by the raters' names: their own, with those of the folders above where two are alike."""
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder; give one that holds label files for each rater.")
    if len(folders) < 2:
        raise UsageError(f"{folders[0]}: is the folder of one rater, expected at least two raters; name the folders of the others too.")
    parts = [folder.resolve().parts for folder in folders]
    if len(set(parts)) < len(parts):
        raise UsageError(f"{', '.join(map(str, folders))}: a folder is given twice; give each rater's once.")
    depth = next(depth for depth in range(1, max(map(len, parts)) + 1) if len({part[-depth:] for part in parts}) == len(parts))
    return {"/".join(part[-depth:]): folder for part, folder in zip(parts, folders, strict=True)}


def explain_no_labels(recordings: Iterable[str], most: int = 5) -> str:
    """Return the sentence on a folder without labels of any of `recordings`."""
    names = list(recordings)
    shown = ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
    return (
        f"no label file there is called like one of the recordings ({shown}), nor names one of them or its video in it; name each file "
        "after its recording."
    )


def find_rater_files(folders: Mapping[str, Path], recordings: Sequence[str]) -> dict[str, dict[str, Path]]:
    """Return the label file of each recording, by rater and recording id."""
    files: dict[str, dict[str, Path]] = {}
    for rater, folder in folders.items():
        found = {recording: find_labels_for(recording, folder) for recording in recordings}
        files[rater] = {recording: path for recording, path in found.items() if path is not None}
    return files


def read_raters(
    files: Mapping[str, Mapping[str, Path]],
    behaviors: Sequence[str],
    frames: Mapping[str, Frames],
    *,
    settings: LabelFiles | None = None,
    videos: Mapping[str, Path | None] | None = None,
) -> dict[str, dict[str, Labels]]:
    """Return the labels in `files`, by rater and recording id."""
    labels: dict[str, dict[str, Labels]] = {}
    problems: list[str] = []
    for rater, paths in files.items():
        labels[rater] = {}
        for name, path in paths.items():
            known = frames[name]
            try:
                found, notes = read_labels_of(
                    name,
                    path,
                    behaviors,
                    settings=settings or LabelFiles(),
                    n_frames=known.n_frames,
                    time_s=known.time_s,
                    broke_off=known.broke_off,
                    video=(videos or {}).get(name),
                    rater=rater,
                )
            except BehaviorError as error:
                problems.append(str(error))
                continue
            for note in notes:
                warn(note)
            labels[rater][name] = found
    if problems:
        raise LabelError("\n".join(problems))
    return labels


def score_raters(
    labels: Mapping[str, Mapping[str, Labels]], behaviors: Sequence[str], time_s: Mapping[str, npt.NDArray[np.float64] | None]
) -> pd.DataFrame:
    """Return the agreement of every pair of raters over the recordings that both labelled."""
    for name in (OTHERS, PAIRS):
        if name in labels:
            raise UsageError(f"a rater is called {name!r}, which means something else in tables of agreement; use another name.")
    names = list_names(labels)
    if not any(sum(name in found for found in labels.values()) > 1 for name in names):
        raise UsageError(f"{', '.join(labels)}: no two of these raters have a recording in common, so nothing can be compared.")
    times = {name: known for name in names if (known := time_s.get(name)) is not None}
    values = {rater: {name: found.values for name, found in by_recording.items()} for rater, by_recording in labels.items()}
    return score_agreement(values, behaviors, time_s=times if len(times) == len(names) else None)


def list_names(by_rater: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Return the recordings of all raters, each once, in order."""
    return list(dict.fromkeys(name for found in by_rater.values() for name in found))
