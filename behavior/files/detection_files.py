"""Any other program's detections of animals in a video, whichever kind of file they are in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from behavior.errors import PoseError, UsageError, advise_on_missing
from behavior.files.coco import is_coco, read_coco
from behavior.files.detection_csv import is_detection_csv, read_detection_csv
from behavior.files.detection_table import DetectionTable
from behavior.files.folder_contents import list_files, list_names
from behavior.files.name_matching import VideoNames
from behavior.files.opening import require_regular_file
from behavior.files.pose import POSE_SUFFIXES, PoseFile, is_pose, open_pose
from behavior.files.pose_formats.deeplabcut import is_pose_table
from behavior.files.pose_formats.sleap_csv import is_sleap_csv, read_sleap_csv_instances
from behavior.files.pose_formats.sleap_project import is_sleap_project, read_sleap_instances
from behavior.files.pose_likelihoods import require_instance_likelihoods
from behavior.files.pose_table import PoseInstances

__all__ = ["find_detections", "read_detections"]

_SUFFIXES = (*POSE_SUFFIXES, ".json")
# DeepLabCut gives every body part a place; its own figures and analyses leave out those below this likelihood.
_DEEPLABCUT_CUTOFF = 0.6
_EXPECTED = (
    "a table with the columns frame,x,y or frame,x1,y1,x2,y2, COCO's JSON, or pose of SLEAP, DeepLabCut or another tracker that is read"
)
_MOST_VALUES = 1 << 28


def find_detections(path: Path, videos: Sequence[Path]) -> dict[Path, Path | str]:
    """Return the file of detections of each video, or a sentence where there is none.

    Parameters
    ----------
    path
        The file, of one video, or a folder with a file named after each.

    Raises
    ------
    UsageError
        If there is nothing at `path`, or it is a file and there are several videos.
    """
    if path.is_dir():
        files = [one for one in list_files(path, recursive=True) if one.suffix.casefold() in _SUFFIXES]
        owned: dict[Path, list[Path]] = {video: [] for video in videos}
        names = VideoNames(videos)
        for one in files:
            for video in names.find_owners(one):
                owned[video].append(one)
        return {video: _choose(path, video, [one for one in own if _is_known(one)]) for video, own in owned.items()}
    if not path.exists():
        raise UsageError(f"{path}: there are no such detections; {advise_on_missing(path)}.")
    if len(videos) > 1:
        raise UsageError(f"{path}: is the file of one video, and there are {len(videos)}; give a folder with a file named after each.")
    return dict.fromkeys(videos, path)


def read_detections(path: Path, *, video: Path) -> DetectionTable:
    """Read what a detector found in a video, by the content of the file at `path`.

    Parameters
    ----------
    video
        Whose detections they are; of a file of several videos, its own are read.

    Raises
    ------
    PoseError
        If there is no such file, it is of another kind, damaged, too large, or has times or units in place of frames and pixels.
    """
    advice = "see `behavior track --help` for what is read"
    require_regular_file(path, error=PoseError, expected=_EXPECTED, advice=advice)
    if is_coco(path):
        return read_coco(path, video=video)
    for is_format, read in ((is_sleap_project, read_sleap_instances), (is_sleap_csv, read_sleap_csv_instances)):
        if is_format(path):
            each = read(path)
            require_instance_likelihoods(path, each)
            return DetectionTable.from_instances(each)
    is_table = is_pose_table(path)
    if not is_table and is_detection_csv(path):
        return read_detection_csv(path)
    if not _is_known(path):
        raise PoseError(f"{path}: holds no detections that are read, expected {_EXPECTED}; {advice}.")
    opened = open_pose(path)
    instances = _split_animals(path, opened)
    found = DetectionTable.from_instances(instances, least_likelihood=_DEEPLABCUT_CUTOFF if is_table else 0.0)
    return replace(found, may_start_at_one=opened.frame_numbers is not None and bool(opened.frame_numbers[0] == 1))


def _is_known(path: Path) -> bool:
    return is_coco(path) or is_pose(path) or is_detection_csv(path)


def _choose(folder: Path, video: Path, files: Sequence[Path]) -> Path | str:
    if len(files) == 1:
        return files[0]
    if not files:
        return f"{video}: {folder} has no detections named after it, expected {_EXPECTED}."
    return f"{video}: {folder} has several files of detections named after it ({list_names(files, folder)}); keep one, or name it."


def _split_animals(path: Path, opened: PoseFile) -> PoseInstances:
    """Return the animals of a pose file with a row per frame."""
    names = tuple(opened.individuals)
    tracks = [opened.read(name or None) for name in names]
    if any(track.time_s is not None for track in tracks):
        raise PoseError(f"{path}: has times, expected frame numbers; export the detections so.")
    parts = tuple(dict.fromkeys(part for track in tracks for part in track.body_parts))
    n_frames = max(len(track) for track in tracks)
    if len(names) * len(parts) * n_frames > _MOST_VALUES:
        raise PoseError(f"{path}: holds {len(names):,} animals in {n_frames:,} frames, too many; track again.")
    values = np.full((n_frames, len(names), len(parts), 3), (np.nan, np.nan, 0.0))
    for number, track in enumerate(tracks):
        places = [parts.index(part) for part in track.body_parts]
        values[: len(track), number, places, :2] = track.positions
        values[: len(track), number, places, 2] = track.likelihoods
    is_placed = np.isfinite(values[..., :2]).all(axis=-1)
    values[~is_placed] = (np.nan, np.nan, 0.0)
    frames, owners = np.nonzero(is_placed.any(axis=-1))
    is_named = names != ("",)
    return PoseInstances(
        frames.astype(np.int64),
        owners.astype(np.int64) if is_named else np.full(len(frames), -1, dtype=np.int64),
        names if is_named else (),
        parts,
        values[frames, owners],
        stated_frames=tracks[0].stated_frames,
    )
