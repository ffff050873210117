"""Which label files several raters have of which recordings, and what is needed to read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.config import LabelFiles, Study
from behavior.errors import UsageError, join_first
from behavior.files.label_folder import LabelFolder
from behavior.files.label_recordings import list_recordings
from behavior.files.labels import count_label_frames, list_behaviors
from behavior.files.manifest import RATER_PREFIX
from behavior.files.study import open_study
from behavior.learning.recording_frames import find_frames
from behavior.recording import Frames, Recording

__all__ = [
    "RaterFiles",
    "explain_missing_labels",
    "find_folder_files",
    "find_rater_files",
    "find_study_files",
    "list_labelled_recordings",
    "list_raters",
    "name_rater_folders",
]

# What the plain column of a manifest is called where it is a rater's.
_PLAIN = "labels"


@dataclass(frozen=True)
class RaterFiles:
    """Label files of several raters, and what is needed to read them.

    Attributes
    ----------
    by_rater
        Label files by rater and recording.
    behaviors
        The columns to read.
    frames
        The frames of each recording that has a label file.
    videos
        The video of each recording, or whatever label files call it.
    settings
        The study's section `labels`.
    """

    by_rater: Mapping[str, Mapping[str, Path]]
    behaviors: tuple[str, ...]
    frames: Mapping[str, Frames]
    videos: Mapping[str, Path | None] = field(default_factory=dict)
    settings: LabelFiles = field(default_factory=LabelFiles)

    @property
    def time_s(self) -> dict[str, npt.NDArray[np.float64]]:
        """Times of the frames in seconds, by recording, where they are known."""
        return {name: one.time_s for name, one in self.frames.items() if one.time_s is not None}


def find_study_files(path: Path) -> RaterFiles:
    """Return the label files of the raters in the manifest of the study at `path`.

    Raises
    ------
    UsageError
        If the study cannot be used, or its manifest has fewer than two raters.
    """
    study, recordings = open_study(path)
    by_rater = list_raters(recordings)
    if len(by_rater) < 2:
        raise UsageError(
            f"{study.recordings}: found labels by {' and '.join(by_rater) or 'nobody'}, expected at least two raters; add a column "
            f"{RATER_PREFIX}NAME for each of them."
        )
    return _complete_from_study(by_rater, study, recordings)


def find_folder_files(
    folders: Mapping[str, Path], *, study: Path | None = None, n_frames: int | None = None, fps: float | None = None
) -> RaterFiles:
    """Return the label files in the raters' folders.

    Parameters
    ----------
    folders
        By rater.
    study
        The study whose recordings and behaviors are wanted; without it the files tell which there are.
    n_frames, fps
        Frames of every recording and frames per second, without a study; without the first, frame tables tell it.

    Raises
    ------
    UsageError
        If a folder has no label file that is wanted, the study cannot be used, or the number of frames is unknown.
    LabelError
        If several label files of a folder fit one recording equally well.
    """
    if study is not None:
        opened, recordings = open_study(study)
        files = _complete_from_study(find_rater_files(folders, [recording.id for recording in recordings]), opened, recordings)
    else:
        videos = dict(list_recordings(list(folders.values())))
        by_rater = find_rater_files(folders, list(videos))
        paths = [path for by_recording in by_rater.values() for path in by_recording.values()]
        behaviors = tuple(dict.fromkeys(name for path in paths for name in list_behaviors(path)))
        files = RaterFiles(by_rater, behaviors, _count_frames(by_rater, behaviors, n_frames=n_frames, fps=fps), videos)
    empty = [str(folders[rater]) for rater, by_recording in files.by_rater.items() if not by_recording]
    if empty:
        raise UsageError(f"{', '.join(empty)}: {explain_missing_labels(files.frames)}")
    return files


def list_raters(recordings: Sequence[Recording]) -> dict[str, dict[str, Path]]:
    """Return the label files of each rater by recording: the manifest's columns `labels_NAME`.

    The plain column `labels` is a rater's only if there is one other, and it names other files than that. Next to several raters it
    is what they agreed on, or one of them: not a rater of its own either way.
    """
    named = list(dict.fromkeys(rater for recording in recordings for rater in recording.labels if rater))
    files = {rater: {recording.id: recording.labels[rater] for recording in recordings if rater in recording.labels} for rater in named}
    if len(named) == 1:
        plain = {recording.id: recording.labels[""] for recording in recordings if "" in recording.labels}
        if plain and any(files[named[0]].get(name) != path for name, path in plain.items()):
            files = {_PLAIN: plain, **files}
    return files


def name_rater_folders(folders: Sequence[Path]) -> dict[str, Path]:
    """Return the folders by the raters' names: their own names, with those of their parents where two are alike.

    Raises
    ------
    UsageError
        If there are fewer than two, one is missing, or one is given twice.
    """
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


def explain_missing_labels(recordings: Iterable[str]) -> str:
    """Return the sentence about a folder that has labels of none of `recordings`."""
    shown = join_first(recordings, 5)
    return f"no label file there is named after one of the recordings ({shown}) or names one of them or its video; rename the files."


def find_rater_files(folders: Mapping[str, Path], recordings: Sequence[str]) -> dict[str, dict[str, Path]]:
    """Return the label file of each recording in each rater's folder, by rater and recording id; raises as `LabelFolder`."""
    files: dict[str, dict[str, Path]] = {}
    for rater, folder in folders.items():
        label_files = LabelFolder(folder)
        paths = {recording: label_files.find(recording) for recording in recordings}
        files[rater] = {recording: path for recording, path in paths.items() if path is not None}
    return files


def list_labelled_recordings(by_rater: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Return the recordings of all raters, each once, in order.

    >>> list_labelled_recordings({"anna": {"m1": 0, "m2": 0}, "ben": {"m2": 0, "m3": 0}})
    ['m1', 'm2', 'm3']
    """
    return list(dict.fromkeys(name for by_recording in by_rater.values() for name in by_recording))


def _complete_from_study(by_rater: Mapping[str, Mapping[str, Path]], study: Study, recordings: Sequence[Recording]) -> RaterFiles:
    """Return label files with the behaviors, frames, videos and settings of a study."""
    labelled = set(list_labelled_recordings(by_rater))
    frames = find_frames(study, [recording for recording in recordings if recording.id in labelled])
    videos = {recording.id: recording.video for recording in recordings}
    return RaterFiles(by_rater, tuple(study.behaviors), frames, videos, study.labels)


def _count_frames(
    by_rater: Mapping[str, Mapping[str, Path]], behaviors: Sequence[str], *, n_frames: int | None, fps: float | None
) -> dict[str, Frames]:
    """Return the frames of each recording: `n_frames`, or as many as its longest frame table has, at `fps`; UsageError if unknown."""
    frames: dict[str, Frames] = {}
    for name in list_labelled_recordings(by_rater):
        paths = [by_recording[name] for by_recording in by_rater.values() if name in by_recording]
        count = n_frames if n_frames is not None else max(count_label_frames(path, behaviors) or 0 for path in paths)
        if not count:
            raise UsageError(
                f"{paths[0]}: a bout table does not tell how many frames {name} has; give --study STUDY, or --frames N and --fps F."
            )
        frames[name] = Frames(count, None if fps is None else np.arange(count) / fps)
    return frames
