"""A drive that becomes full while live recordings are written."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from behavior.errors import OutputError
from behavior.files.live_video import GrowingVideo


def fill_after(monkeypatch: pytest.MonkeyPatch, n_pictures: int) -> None:
    """Let each video take so many pictures, and neither another one nor its end."""
    counts: Counter[Path] = Counter()
    add, close = GrowingVideo.add, GrowingVideo.close

    def refuse(video: GrowingVideo) -> OutputError:
        return video._explain(OSError(28, "No space left on device"))

    def add_or_refuse(self, image, time_s):
        if counts[self._path] >= n_pictures:
            raise refuse(self)
        counts[self._path] += 1
        add(self, image, time_s)

    def close_or_refuse(self):
        if counts[self._path] >= n_pictures:
            raise refuse(self)
        close(self)

    monkeypatch.setattr(GrowingVideo, "add", add_or_refuse)
    monkeypatch.setattr(GrowingVideo, "close", close_or_refuse)
