"""Which pose file of several that are named after a video is taken for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from behavior.errors import PoseError
from behavior.files.damaged_pose import explain_unreadable, is_named_as_pose
from behavior.files.folder_contents import list_names
from behavior.files.listed_folders import ListedFolders
from behavior.files.name_matching import keep_best, rate_nearness
from behavior.files.own_results import is_own_track
from behavior.files.pose import is_pose, list_individuals

__all__ = ["find_pose_for", "note_own_tracks", "prefer_poses"]

_FILTERED = "_filtered"
_JABS_VERSION = re.compile(r"_pose_est_v[2-9]$", re.ASCII)


def find_pose_for(video: Path, body_parts: Sequence[str] = (), folders: ListedFolders | None = None) -> Path | None:
    """Return the pose file in the folder of `video`, by the rules of `pair_files`, None if there is none.

    Parameters
    ----------
    body_parts
        A file that has all of these is preferred to one that has not.
    folders
        Where many videos are asked about, what was read of their folders.

    Raises
    ------
    PoseError
        If several fit equally well, or the only one cannot be read.
    """
    named = (folders or ListedFolders()).list_named_after(video)
    poses = [path for path in named if is_pose(path)]
    if len(poses) > 1:
        poses = [path for path in poses if _has_parts(path, body_parts)] or poses
    best = prefer_poses(video, poses)
    damaged = [path for path in named if is_named_as_pose(path, [video])] if not best else []
    if damaged:
        raise PoseError(f"{damaged[0]}: is named as the pose of {video.name}, but {explain_unreadable(damaged[0])}")
    if len(best) > 1:
        raise PoseError(
            f"{video}: {len(best)} pose files fit equally well ({list_names(best, video.parent, most=None)}); name the one to use."
        )
    return best[0] if best else None


def prefer_poses(video: Path, poses: Sequence[Path]) -> list[Path]:
    """Return those of a video's pose files that fit it best: one, or several where nothing tells which is meant."""
    # A network that people trained for their animals knows more of them than what stands out from the background.
    best = keep_best(poses, lambda path: not is_own_track(path))
    best = keep_best(best, lambda path: path.stem.casefold().endswith(_FILTERED))
    best = keep_best(best, lambda path: rate_nearness(path, video))
    # One tracker writes one pose in two formats: HDF5 keeps its numbers as they were.
    twins = {path.with_suffix("") for path in best if path.suffix.casefold() != ".csv"}
    best = [path for path in best if path.suffix.casefold() != ".csv" or path.with_suffix("") not in twins]
    # A project is what others are exported from, and JABS writes a version for each step.
    best = keep_best(best, lambda path: path.suffix.casefold() != ".slp")
    versions = [_JABS_VERSION.search(path.stem) for path in best]
    if all(versions):
        return keep_best(best, lambda path: (int(path.stem[-1]),))
    return best


def note_own_tracks(found: Sequence[Path], chosen: Sequence[Path]) -> list[str]:
    """Return that a track of `behavior track` is left out for another program's pose, [] where that is not so."""
    own = [path for path in found if is_own_track(path) and path not in chosen]
    if not own or not chosen or any(is_own_track(path) for path in chosen):
        return []
    return [f"{chosen[0].name} is taken, and the track {own[0].name} of `behavior track` is not; enter it in the column pose if it should."]


def _has_parts(path: Path, body_parts: Sequence[str]) -> bool:
    """Tell whether an animal in a pose file has all of these body parts."""
    wanted = {part.casefold() for part in body_parts}
    try:
        return any(wanted <= {part.casefold() for part in parts} for parts in list_individuals(path).values())
    except PoseError:
        return False
