"""Videos that are in no manifest: which ones paths stand for, what their recordings are called, and where their pose is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from behavior.errors import PoseError, UsageError, advise_on_missing
from behavior.files.folder_contents import BROKEN_LINK, list_broken_links, list_files, separate_drawn
from behavior.files.listed_folders import ListedFolders
from behavior.files.name_matching import make_safe
from behavior.files.opening import locate
from behavior.files.pairing import pair_poses
from behavior.files.pose import POSE_SUFFIXES
from behavior.files.pose_choice import find_pose_for
from behavior.files.pose_names import name_after_video
from behavior.files.video_packets import VIDEO_SUFFIXES

__all__ = ["list_videos", "name_recordings", "require_pose"]


def list_videos(paths: Sequence[Path], *, or_poses: bool = False) -> tuple[list[Path], dict[str, str]]:
    """Return the videos among `paths` and in folders among them, and a sentence by path for each path that is neither.

    Of a folder and its subfolders, hidden files, overlays and videos in which a tracker drew its points are left out.

    Parameters
    ----------
    or_poses
        Whether a folder without videos stands for the pose files in it, the best of each recording.
    """
    videos: list[Path] = []
    problems: dict[str, str] = {}
    for path in paths:
        if path.is_dir():
            inside, _ = separate_drawn(list_files(path, recursive=True))
            if not inside and or_poses:
                pairings, _ = pair_poses(path, None)
                inside = [pairing.pose for pairing in pairings if pairing.pose is not None]
            videos += inside
            broken = [link for link in list_broken_links(path) if link.suffix.casefold() in VIDEO_SUFFIXES]
            problems |= {str(link): f"{link}: {BROKEN_LINK}." for link in broken}
            if not inside and not broken:
                suffixes = ", ".join(VIDEO_SUFFIXES)
                problems[str(path)] = f"{path}: holds no videos ({suffixes}), in subfolders neither, expected some; check the path."
        elif path.is_file():
            videos.append(path)
        else:
            problems[str(path)] = f"{path}: no such video; {advise_on_missing(path)}."
    return videos, problems


def name_recordings(videos: Sequence[Path]) -> list[str]:
    """Return an id for each video: its stem, made safe as a file name, after the names of as many of its folders as tell them apart.

    A pose file counts as the video that it is named after.

    Raises
    ------
    UsageError
        If a video is given twice, or several would have the same id.

    Examples
    --------
    >>> name_recordings([Path("cage 1/mouse.mp4"), Path("cage 2/mouse.mp4"), Path("other.mp4")])
    ['cage_1_mouse', 'cage_2_mouse', 'other']
    """
    seen: set[Path] = set()
    for video in videos:
        if video.resolve() in seen:
            raise UsageError(f"{video}: is given twice; name each video once.")
        seen.add(video.resolve())
    parts = [
        (*locate(video).parent.parts[1:], name_after_video(video) if video.suffix.casefold() in POSE_SUFFIXES else video.stem)
        for video in videos
    ]
    depths = [1] * len(videos)
    while True:
        names = [make_safe("_".join(own[-depth:])).lstrip(".-") or "video" for own, depth in zip(parts, depths, strict=True)]
        counts = Counter(name.casefold() for name in names)
        repeated = {name for name in names if counts[name.casefold()] > 1}
        deeper = [number for number, name in enumerate(names) if name in repeated and depths[number] < len(parts[number])]
        if not deeper:
            break
        for number in deeper:
            depths[number] += 1
    if repeated:
        alike = ", ".join(str(video) for video, name in zip(videos, names, strict=True) if name in repeated)
        raise UsageError(f"{alike}: their ethograms would have the same names; annotate them into different folders.")
    return names


def require_pose(video: Path, body_parts: Sequence[str] = (), folders: ListedFolders | None = None) -> Path:
    """Return the pose file of `video`, which is next to it and named after it; one with all of `body_parts` goes before others.

    `folders` is as for `pose_choice.find_pose_for`.

    Raises
    ------
    PoseError
        If there is none.
    """
    pose = find_pose_for(video, body_parts, folders)
    if pose is None:
        raise PoseError(f"{video}: found no pose file next to it; put {video.stem}DLC... there, or name its file with --pose.")
    return pose
