"""What a recording is called whose pose file is all there is of it: as the video was that the tracker named the file after."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from behavior.files.name_matching import TRACKER_MARK
from behavior.files.pose import POSE_SUFFIXES, is_pose

__all__ = ["find_poses", "is_pose_file", "name_after_video", "stand_in"]

_MARK = re.compile(TRACKER_MARK)
# What trackers and people put behind a video's name.
_ENDING = re.compile(
    r"[_.\- ](?:analysis|bx|coord(?:inate)?s|el|filtered|keypoints|poses?|pose_est_v[2-9]|predict(?:ed|ions?)|sk|track(?:s|ed|ing)?|xy)$",
    re.ASCII | re.IGNORECASE,
)


def name_after_video(path: Path) -> str:
    """Return the name of the video that a pose file is named after, without suffix.

    >>> name_after_video(Path("10DLC_dlcrnetms5_ratJan24shuffle1_5000_el_filtered.csv")), name_after_video(Path("m1.tracks.h5"))
    ('10', 'm1')
    """
    mark = _MARK.search(path.stem, 1)
    name = path.stem[: mark.start()].rstrip("_-. ") if mark else path.stem
    while name and (ending := _ENDING.search(name)) and ending.start():
        name = name[: ending.start()]
    return name or path.stem


def stand_in(path: Path) -> Path:
    """Return a path that stands for the video of a pose file, in its folder: files are named after it as after a video.

    >>> stand_in(Path("rats/10DLC_ratJan24.csv")).as_posix()
    'rats/10.csv'
    """
    return path.with_name(name_after_video(path) + path.suffix)


def find_poses(paths: Iterable[Path]) -> list[Path]:
    """Return the pose files among `paths`, by their content."""
    return [path for path in paths if is_pose_file(path)]


def is_pose_file(path: Path) -> bool:
    """Tell by its suffix and its content whether a file is pose; never raises."""
    return path.suffix.casefold() in POSE_SUFFIXES and is_pose(path)
