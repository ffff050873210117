"""Keeps the frame indices of opened videos: each video's packets are listed once while its file stays the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from behavior.files.video_index import VideoIndex

__all__ = ["VideoIndices"]

# About a hundred videos of 20,000 frames.
_MOST_BYTES = 128 * 2**20


class VideoIndices:
    """Indices of videos by file, those used last as far as there is room; threads may share them.

    Parameters
    ----------
    most_bytes
        How much memory they may take.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Path, VideoIndex] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, path: Path) -> VideoIndex:
        """Return the index of the video at `path`, a new one where the file was replaced; raises VideoError as `VideoIndex`."""
        with self._lock:
            known = self._kept.get(path)
        # An incomplete index may come from a drive that was disconnected.
        if known is None or known.problem is not None or not known.is_unchanged():
            known = VideoIndex(path)
        with self._lock:
            self._kept[path] = known
            self._kept.move_to_end(path)
            total = sum(index.n_bytes for index in self._kept.values())
            while total > self._most_bytes and len(self._kept) > 1:
                total -= self._kept.popitem(last=False)[1].n_bytes
        return known
