"""Videos that are in no manifest: which ones paths stand for, what their recordings are called, and where their pose is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from behavior.errors import PoseError, UsageError
from behavior.files.name_matching import make_safe
from behavior.files.pairing import find_pose_for
from behavior.files.video_packets import VIDEO_SUFFIXES

__all__ = ["list_videos", "name_recordings", "require_pose"]


def list_videos(paths: Sequence[Path]) -> tuple[list[Path], dict[str, str]]:
    """Return the videos among `paths` and in folders among them, and a sentence by path for each path that is neither.

    Of a folder, hidden files, overlays and videos in which a tracker drew its points are left out.
    """
    videos: list[Path] = []
    problems: dict[str, str] = {}
    for path in paths:
        if path.is_dir():
            inside = [video for video in sorted(path.iterdir()) if _is_to_be_annotated(video)]
            videos += inside
            if not inside:
                suffixes = ", ".join(VIDEO_SUFFIXES)
                problems[str(path)] = f"{path}: holds no videos ({suffixes}), expected a folder of them; check the path."
        elif path.is_file():
            videos.append(path)
        else:
            problems[str(path)] = f"{path}: no such video; check the path."
    return videos, problems


def name_recordings(videos: Sequence[Path]) -> list[str]:
    """Return an id for each video: its stem, made safe as a file name, after its folder's name if several have the same stem.

    Raises
    ------
    UsageError
        If a video is given twice, or several would have the same id.

    Examples
    --------
    >>> name_recordings([Path("cage 1/mouse.mp4"), Path("cage 2/mouse.mp4"), Path("other.mp4")])
    ['cage_1_mouse', 'cage_2_mouse', 'other']
    """
    twice = [video for number, video in enumerate(videos) if video.resolve() in {other.resolve() for other in videos[:number]}]
    if twice:
        raise UsageError(f"{twice[0]}: is given twice; name each video once.")
    stems = [video.stem for video in videos]
    names = [f"{video.resolve().parent.name}_{video.stem}" if stems.count(video.stem) > 1 else video.stem for video in videos]
    names = [make_safe(name).lstrip(".-") or "video" for name in names]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise UsageError(f"several videos would be called {', '.join(sorted(repeated))}; annotate them into different folders.")
    return names


def require_pose(video: Path) -> Path:
    """Return the pose file of `video`, which is next to it and named after it.

    Raises
    ------
    PoseError
        If there is none.
    """
    pose = find_pose_for(video)
    if pose is None:
        raise PoseError(f"{video}: found no pose file next to it; put {video.stem}DLC... there, or name its file with --pose.")
    return pose


def _is_to_be_annotated(path: Path) -> bool:
    stem = path.stem.casefold()
    is_made = stem.endswith(("_overlay", "_labeled"))
    return path.suffix.casefold() in VIDEO_SUFFIXES and not path.name.startswith(".") and not is_made and path.is_file()
