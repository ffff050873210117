"""Frames on their way to the page: several in one answer, as JPEG."""

from __future__ import annotations

import struct
import threading
from collections import OrderedDict
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from behavior.errors import VideoError
from behavior.files.frame_rows import Frame
from behavior.files.video_access import FrameAccess
from behavior.files.video_index import FrameNotReadError, VideoIndex

__all__ = ["FrameViews", "OpenReaders", "encode_picture", "pack_frames"]

_QUALITY = 88
# How many people, or tabs, may look at one recording before the one that waited longest has to seek again.
_MOST_VIEWERS = 3
# Of pictures and decoders of all recordings and viewers together.
_MOST_BYTES = 112 * 2**20
# Memory for the pictures of one reader, and their least number: as many as it decodes at once.
_MOST_KEPT_BYTES, _LEAST_KEPT = 24 * 2**20, 12
_HEADER = struct.Struct("<II")


def encode_picture(image: npt.NDArray[np.uint8], *, width: int | None = None) -> bytes:
    """Return an RGB picture (H, W, 3) as JPEG, scaled down to at most `width` pixels."""
    if width is not None and image.shape[1] > width:
        height = max(round(image.shape[0] * width / image.shape[1]), 1)
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    done, encoded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise VideoError("a frame cannot be made a JPEG; it is larger than any screen.")
    return encoded.tobytes()


def pack_frames(frames: Sequence[Frame], *, width: int | None = None) -> bytes:
    """Return frames in one answer: of each, its number and the length of its JPEG as little-endian uint32, then the JPEG.

    A frame that could not be decoded has length 0.
    """
    parts: list[bytes] = []
    for frame in frames:
        picture = b"" if frame.image is None else encode_picture(frame.image, width=width)
        parts += [_HEADER.pack(frame.index, len(picture)), picture]
    return b"".join(parts)


class OpenReaders:
    """All readers of frames that hold memory; those unused for longest are closed if it is too much. Threads may share it.

    Parameters
    ----------
    most_bytes
        Of all together; the one in use is never closed.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._used: OrderedDict[FrameAccess, threading.Lock] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def n_bytes(self) -> int:
        """How much memory they take."""
        with self._lock:
            return sum(access.n_bytes for access in self._used)

    def note_used(self, access: FrameAccess, lock: threading.Lock) -> None:
        """Note that a reader was used, and close others while there is too little room; `lock` is held by whoever reads with it."""
        with self._lock:
            self._used[access] = lock
            self._used.move_to_end(access)
            total = sum(one.n_bytes for one in self._used)
            for other, other_lock in list(self._used.items())[:-1]:
                if total <= self._most_bytes:
                    break
                # Who reads at this moment notes it afterwards.
                if other_lock.acquire(blocking=False):
                    try:
                        total -= other.n_bytes
                        other.close()
                    finally:
                        other_lock.release()
                    del self._used[other]

    def close(self, access: FrameAccess, lock: threading.Lock) -> None:
        """Close a reader that is not used any more."""
        with lock:
            access.close()
        with self._lock:
            self._used.pop(access, None)


class FrameViews:
    """Readers of one video, one for each viewer, so that one viewer's playback does not make another seek; threads may share it.

    Parameters
    ----------
    index
        Of the video.
    readers
        Those of all recordings, which share their memory.
    """

    def __init__(self, index: VideoIndex, readers: OpenReaders) -> None:
        self._index, self._readers = index, readers
        self._most_kept = max(_MOST_KEPT_BYTES, _LEAST_KEPT * index.width * index.height * 3 // 2)
        self._views: dict[str, tuple[FrameAccess, threading.Lock]] = {}
        self._lock = threading.Lock()

    def read(self, viewer: str, rows: Sequence[int]) -> list[Frame]:
        """Return frames, fewer than were asked for where the video is not read so far.

        Raises
        ------
        IndexError
            If the video does not have the first one.
        FrameNotReadError
            If the first one is not read yet.
        VideoError
            If the file is gone or was replaced.
        """
        self._index.require_unchanged()
        access, lock = self._open(viewer)
        frames: list[Frame] = []
        with lock:
            for row in rows:
                try:
                    frames.append(access.read(row))
                except (IndexError, FrameNotReadError):
                    if not frames:
                        raise
                    break
        self._readers.note_used(access, lock)
        return frames

    def close(self) -> None:
        """Close all readers."""
        with self._lock:
            for access, lock in self._views.values():
                self._readers.close(access, lock)
            self._views.clear()

    def _open(self, viewer: str) -> tuple[FrameAccess, threading.Lock]:
        with self._lock:
            view = self._views.pop(viewer, None) or (FrameAccess(self._index, most_bytes=self._most_kept), threading.Lock())
            self._views[viewer] = view
            while len(self._views) > _MOST_VIEWERS:
                oldest = next(iter(self._views))
                self._readers.close(*self._views.pop(oldest))
            return view
