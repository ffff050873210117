"""Pose files that cannot be read: told by their names, so that a flaw is not taken for absence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from behavior.errors import PoseError
from behavior.files.folder_contents import list_files, separate_drawn
from behavior.files.name_matching import VideoNames, is_marked
from behavior.files.pose import POSE_SUFFIXES, is_pose, list_individuals

__all__ = ["explain_unreadable", "has_pose", "is_named_as_pose"]

# Of files in which trackers write nothing but pose.
_POSE_ONLY_SUFFIXES = (".h5", ".hdf5", ".slp")


def has_pose(folder: Path) -> bool:
    """Tell whether there is a pose file under `folder`, whatever video it may belong to, or one that is damaged, by its name."""
    files = list_files(folder, recursive=True)
    videos, _ = separate_drawn(files)
    poses = [path for path in files if path.suffix.casefold() in POSE_SUFFIXES]
    names = VideoNames(videos)
    return any(is_pose(path) or is_named_as_pose(path, names.find_owners(path)) for path in poses)


def is_named_as_pose(path: Path, owners: Sequence[Path]) -> bool:
    """Tell by its name whether a file should be pose: it is HDF5 that is named after a video, or has a tracker's mark behind the name.

    >>> is_named_as_pose(Path("m1.h5"), [Path("m1.mp4")]), is_named_as_pose(Path("m1_notes.csv"), [Path("m1.mp4")])
    (True, False)
    """
    return any(path.suffix.casefold() in _POSE_ONLY_SUFFIXES or is_marked(path.stem, owner.stem) for owner in owners)


def explain_unreadable(path: Path) -> str:
    """Return why a file is not a pose, as the end of a sentence."""
    try:
        list_individuals(path)
    except PoseError as error:
        return str(error).removeprefix(f"{path}: ")
    return "holds no pose that can be recognised; export the pose again."
