"""A folder that has the videos of ethograms, which were moved since."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from behavior.errors import UsageError
from behavior.files.name_matching import fold_name, make_safe
from behavior.files.video_packets import VIDEO_SUFFIXES

__all__ = ["VideoFolder"]


class VideoFolder:
    """The videos in a folder and below, by name.

    Attributes
    ----------
    path
        The folder.

    Raises
    ------
    UsageError
        If there is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UsageError(f"{folder}: is not a folder, expected the one that holds the videos; check the path.")
        self.path = folder
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        self._by_recording: dict[str, list[Path]] = defaultdict(list)
        for path in sorted(folder.rglob("*")):
            if path.suffix.casefold() in VIDEO_SUFFIXES and not path.name.startswith(".") and path.is_file():
                self._by_name[fold_name(path.name)].append(path)
                self._by_recording[make_safe(path.stem).casefold()].append(path)

    def find(self, recording: str, name: str | None) -> list[Path]:
        """Return the videos that have the name that the annotated one had, else those that a recording may be called after."""
        return (self._by_name.get(fold_name(name), []) if name else []) or self._by_recording.get(recording.casefold(), [])
