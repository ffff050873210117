"""`behavior agreement`: how well several raters of the same recordings agree, and the human ceiling that other commands show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.config import LabelFiles, Study
from behavior.errors import BehaviorError, CacheError, LabelError, OutputError, UsageError
from behavior.files.annotations import count_label_frames, list_behaviors
from behavior.files.atomic import make_folder, replacing, require_writable, write_text
from behavior.files.label_recordings import list_recordings
from behavior.files.manifest import RATER_PREFIX
from behavior.files.pairing import find_labels_for
from behavior.files.video import summarize_video
from behavior.metrics.agreement import OTHERS, PAIRS, score_agreement, summarize_raters
from behavior.metrics.summaries import format_agreement
from behavior.metrics.tables import POOLED
from behavior.recording import Labels, Recording
from behavior.workflows.label_reading import read_labels_of
from behavior.workflows.learning_data import load_features, make_study_streams
from behavior.workflows.progress import announce, show_progress, warn
from behavior.workflows.studies import open_study

__all__ = [
    "AGREEMENT_FILE",
    "AGREEMENT_SUMMARY",
    "AgreementResult",
    "compare_raters",
    "list_raters",
    "measure_ceiling",
    "read_ceiling",
    "read_rater_folders",
]

AGREEMENT_FILE = "agreement.csv"
AGREEMENT_SUMMARY = "agreement.md"
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


@dataclass(frozen=True)
class AgreementResult:
    """What was compared: the tables of `agreement.csv` and of the human ceiling, and names in their order."""

    table: pd.DataFrame
    ceiling: pd.DataFrame
    raters: tuple[str, ...]
    behaviors: tuple[str, ...]

    def list_pooled(self, metrics: Sequence[str]) -> list[list[str | float]]:
        """Return behavior, rater, against and the pooled `metrics`: each pair once, and each of several raters against the others."""
        pooled = self.table[self.table["recording"] == POOLED]
        values = pooled.set_index(["behavior", "rater", "against", "metric"])["value"].to_dict()
        sides = list(combinations(self.raters, 2))
        if len(self.raters) > 2:
            sides += [(rater, OTHERS) for rater in self.raters]
        keys = [(behavior, *side) for behavior in self.behaviors for side in sides if (behavior, *side, metrics[0]) in values]
        return [[*key, *(float(values[*key, metric]) for metric in metrics)] for key in keys]


def compare_raters(
    paths: Sequence[Path],
    out: Path,
    *,
    study: Path | None = None,
    n_frames: int | None = None,
    fps: float | None = None,
    overwrite: bool = False,
) -> AgreementResult:
    """Compare the raters of the same recordings, and write the table and its summary to the folder `out`.

    Parameters
    ----------
    paths
        A study file, whose manifest has a column `labels_NAME` for each rater, or for each rater a folder of label files that are called
        like the recordings, or name them or their videos, as files of many recordings do.
    study
        Tells for folders what the recordings and behaviors are, and how many frames there are and when. Without it all recordings and
        behaviors are compared that are in the files.
    n_frames, fps
        Frames of every recording and frames per second, for folders without `study`: bout tables do not tell the first. Without `fps`
        there are no errors in seconds.

    Raises
    ------
    UsageError
        If there are fewer than two raters, or it is not known how many frames there are.
    LabelError
        If label files cannot be used: one sentence for each, so that all can be mended at once.
    OutputError
        If `out` holds results already and `overwrite` is not set.
    """
    if not paths:
        raise UsageError("agreement needs a study file, or a folder of label files for each rater; name them.")
    settings: LabelFiles | None = None
    videos: dict[str, Path | None] = {}
    make_folder(out)
    if (out / AGREEMENT_SUMMARY).exists() and not overwrite:
        raise OutputError(f"{out}: holds results already ({AGREEMENT_SUMMARY}); give another folder, or --overwrite to replace them.")
    require_writable(out)
    if len(paths) == 1 and not paths[0].is_dir():
        if study is not None or n_frames is not None or fps is not None:
            raise UsageError(f"{paths[0]}: is taken for a study file, which --study, --frames and --fps do not go with; leave them out.")
        opened, recordings = open_study(paths[0])
        settings, videos = opened.labels, {recording.id: recording.video for recording in recordings}
        behaviors = tuple(opened.behaviors)
        files = list_raters(recordings)
        if len(files) < 2:
            raise UsageError(
                f"{opened.recordings}: found labels by {' and '.join(files) or 'nobody'}, expected at least two raters; add a column "
                f"{RATER_PREFIX}NAME for each of them."
            )
        concerned = {name for found in files.values() for name in found}
        frames = _find_study_frames(opened, [recording for recording in recordings if recording.id in concerned])
    else:
        folders = _name_raters(paths)
        if study is not None:
            if n_frames is not None or fps is not None:
                raise UsageError("--study tells how many frames there are and when; leave --frames and --fps out.")
            opened, recordings = open_study(study)
            settings, videos = opened.labels, {recording.id: recording.video for recording in recordings}
            behaviors = tuple(opened.behaviors)
            files = _find_files(folders, [recording.id for recording in recordings])
            concerned = {name for found in files.values() for name in found}
            frames = _find_study_frames(opened, [recording for recording in recordings if recording.id in concerned])
        else:
            videos = dict(list_recordings(list(folders.values())))
            files = _find_files(folders, list(videos))
            behaviors = tuple(dict.fromkeys(name for found in files.values() for path in found.values() for name in list_behaviors(path)))
            frames = _find_frames(files, behaviors, n_frames=n_frames, fps=fps)
        empty = [str(folders[rater]) for rater, found in files.items() if not found]
        if empty:
            raise UsageError(f"{', '.join(empty)}: {_say_none(frames)}")
    if not behaviors:
        raise UsageError("the label files name no behavior; give --study to say which there are.")
    labels = _read_raters(files, behaviors, frames, settings=settings, videos=videos)
    table = _score(labels, behaviors, {name: found.time_s for name, found in frames.items()})
    ceiling = summarize_raters(table)
    with replacing(out / AGREEMENT_FILE) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    notes = _describe(labels, frames)
    write_text(out / AGREEMENT_SUMMARY, format_agreement(table, ceiling, behaviors=behaviors, title="Agreement of raters", notes=notes))
    return AgreementResult(table, ceiling, tuple(labels), behaviors)


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
    shared = [name for name in _list_names(labels) if sum(name in found for found in labels.values()) > 1]
    if not shared:
        return None
    kept = {rater: {name: found for name, found in by_recording.items() if name in shared} for rater, by_recording in labels.items()}
    raters = {rater: by_recording for rater, by_recording in kept.items() if by_recording}
    return summarize_raters(_score(raters, behaviors, time_s or {}))


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
    labels = _read_raters(files, behaviors, frames, settings=settings, videos=videos)
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
    named = _name_raters(folders)
    files = _find_files(named, list(recordings))
    for rater, found in files.items():
        if not found:
            raise UsageError(f"{named[rater]}: {_say_none(recordings)}")
    frames = {name: Frames(len(times), times) for name, times in recordings.items()}
    return _read_raters(files, behaviors, frames, settings=settings)


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


def _name_raters(folders: Sequence[Path]) -> dict[str, Path]:
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


def _say_none(recordings: Iterable[str], most: int = 5) -> str:
    """Return the sentence on a folder without labels of any of `recordings`."""
    names = list(recordings)
    shown = ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
    return (
        f"no label file there is called like one of the recordings ({shown}), nor names one of them or its video in it; name each file "
        "after its recording."
    )


def _find_files(folders: Mapping[str, Path], recordings: Sequence[str]) -> dict[str, dict[str, Path]]:
    files: dict[str, dict[str, Path]] = {}
    for rater, folder in folders.items():
        found = {recording: find_labels_for(recording, folder) for recording in recordings}
        files[rater] = {recording: path for recording, path in found.items() if path is not None}
    return files


def _find_study_frames(study: Study, recordings: Sequence[Recording]) -> dict[str, Frames]:
    """Return the frames of `recordings` by their features in the cache; where there are none yet, by decoding the videos."""
    streams = make_study_streams(study)
    frames: dict[str, Frames] = {}
    with show_progress("looking up frames", total=len(recordings), unit="recordings") as advance:
        for recording in recordings:
            try:
                features = load_features(study, recording, streams)
                frames[recording.id] = Frames(len(features.values), features.time_s, features.broke_off)
            except CacheError as error:
                if recording.video is None:
                    raise
                announce(f"{recording.id}: decoding the video to count its frames, as its features cannot be used ({error})")
                video = summarize_video(recording.video)
                frames[recording.id] = Frames(video.n_frames, video.time_s, video.broke_off)
            advance(1)
    return frames


def _find_frames(
    files: Mapping[str, Mapping[str, Path]], behaviors: Sequence[str], *, n_frames: int | None, fps: float | None
) -> dict[str, Frames]:
    """Return the frames of every recording: `n_frames`, or as many as a frame table of it has."""
    frames: dict[str, Frames] = {}
    for name in _list_names(files):
        paths = [found[name] for found in files.values() if name in found]
        n_found = n_frames if n_frames is not None else max(count_label_frames(path, behaviors) or 0 for path in paths)
        if not n_found:
            raise UsageError(
                f"{paths[0]}: a bout table does not tell how many frames {name} has; give --study STUDY, or --frames N and --fps F."
            )
        frames[name] = Frames(n_found, None if fps is None else np.arange(n_found) / fps)
    return frames


def _read_raters(
    files: Mapping[str, Mapping[str, Path]],
    behaviors: Sequence[str],
    frames: Mapping[str, Frames],
    *,
    settings: LabelFiles | None = None,
    videos: Mapping[str, Path | None] | None = None,
) -> dict[str, dict[str, Labels]]:
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


def _score(
    labels: Mapping[str, Mapping[str, Labels]], behaviors: Sequence[str], time_s: Mapping[str, npt.NDArray[np.float64] | None]
) -> pd.DataFrame:
    for name in (OTHERS, PAIRS):
        if name in labels:
            raise UsageError(f"a rater is called {name!r}, which means something else in tables of agreement; use another name.")
    names = _list_names(labels)
    if not any(sum(name in found for found in labels.values()) > 1 for name in names):
        raise UsageError(f"{', '.join(labels)}: no two of these raters have a recording in common, so nothing can be compared.")
    times = {name: known for name in names if (known := time_s.get(name)) is not None}
    values = {rater: {name: found.values for name, found in by_recording.items()} for rater, by_recording in labels.items()}
    return score_agreement(values, behaviors, time_s=times if len(times) == len(names) else None)


def _describe(labels: Mapping[str, Mapping[str, Labels]], frames: Mapping[str, Frames]) -> list[str]:
    names = _list_names(labels)
    everybody = all(len(found) == len(names) for found in labels.values())
    notes = [f"{len(labels)} raters of {len(names)} recordings: {', '.join(labels)}."]
    if not everybody:
        notes.append("Not every rater has all: " + ", ".join(f"{rater} has {len(found)}" for rater, found in labels.items()) + ".")
    notes.append("In brackets: the 95 % interval from resampling recordings, unless a heading says otherwise.")
    notes.append("Precision of one rater against another is recall the other way round; errors change their sign.")
    if len(labels) > 2:
        notes.append(
            "Frames on which the others are split are left out of a comparison with their majority; they are the hardest ones, so it "
            "comes out better than that with one other."
        )
    if any(found.time_s is None for found in frames.values()):
        notes.append("The times of frames are not known, so there are no errors in seconds; --study or --fps tell them.")
    return notes


def _list_names(by_rater: Mapping[str, Mapping[str, object]]) -> list[str]:
    return list(dict.fromkeys(name for found in by_rater.values() for name in found))
