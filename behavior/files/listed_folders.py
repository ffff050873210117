"""What is next to videos: each folder is read once, however many of its videos are asked about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from behavior.files.folder_contents import list_files, separate_drawn
from behavior.files.name_matching import VideoNames, find_owners
from behavior.files.pose import POSE_SUFFIXES

__all__ = ["ListedFolders"]


@dataclass
class _Folder:
    """The videos of a folder, the files that may be pose, and which of these are named after which video."""

    videos: set[Path]
    poses: Sequence[Path]
    named: dict[Path, list[Path]] = field(default_factory=lambda: defaultdict(list))


class ListedFolders:
    """The folders of videos as they were when the first video of each was asked about; for one command, while nothing is put there."""

    def __init__(self) -> None:
        self._folders: dict[Path, _Folder] = {}

    def list_named_after(self, video: Path) -> list[Path]:
        """Return the files in the folder of `video` that are named after it and may be pose by their suffix."""
        folder = self._folders.get(video.parent)
        if folder is None:
            folder = self._folders[video.parent] = _list_folder(video.parent)
        if video in folder.videos:
            return folder.named[video]
        # One that is given by its name though a tracker drew it, or its suffix is not a video's.
        return [path for path in folder.poses if video in find_owners(path, [*folder.videos, video])]


def _list_folder(path: Path) -> _Folder:
    files = list_files(path, recursive=False) if path.is_dir() else []
    videos, _ = separate_drawn(files)
    folder = _Folder(set(videos), [file for file in files if file.suffix.casefold() in POSE_SUFFIXES])
    names = VideoNames(videos)
    for file in folder.poses:
        for owner in names.find_owners(file):
            folder.named[owner].append(file)
    return folder
