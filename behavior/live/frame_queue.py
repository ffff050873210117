"""Frames on their way from the camera to the model, which may be slower than the camera."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

__all__ = ["CapturedFrame", "FrameQueue"]

_MOST_BYTES, _FEWEST = 2**26, 2


@dataclass(frozen=True)
class CapturedFrame:
    """A frame that was recorded.

    Attributes
    ----------
    part
        Which of the recordings that follow each other it is in, from 0 on.
    frame
        Which frame of that recording it is.
    time_s
        Seconds since its first frame.
    taken
        When it was taken, in ISO 8601.
    taken_s
        The same by the clock that `time.monotonic` shows.
    image
        RGB, uint8 of shape (H, W, 3); None where it could not be decoded, or is skipped.
    is_skipped
        Whether it is only to be counted, because frames came faster than they were taken.
    follows_gap
        Whether nothing was recorded for a while before it, or it is the first one.
    """

    part: int
    frame: int
    time_s: float
    taken: str
    taken_s: float
    image: npt.NDArray[np.uint8] | None
    is_skipped: bool = False
    follows_gap: bool = False


class FrameQueue:
    """Keeps frames in order between two threads; no frame is lost, but those beyond a limit lose their pictures.

    Parameters
    ----------
    limit
        Most pictures that wait.
    most_bytes, fewest
        Only `fewest` wait where more are larger than this together, and once one had to lose its picture, until none waits: who takes them
        all the time slower than they come would else be late by all of them.
    is_patient
        Whether `put` waits until there is room, so that no frame is skipped.
    """

    def __init__(self, limit: int, *, is_patient: bool, most_bytes: int = _MOST_BYTES, fewest: int = _FEWEST) -> None:
        self._limit, self._is_patient = limit, is_patient
        self._most_bytes, self._fewest = most_bytes, fewest
        self._frames: deque[CapturedFrame] = deque()
        self._n_pictures = 0
        self._is_behind = False
        self._is_closed = False
        self._changed = threading.Condition()

    def put(self, frame: CapturedFrame) -> bool:
        """Add the next frame, and return whether it kept its picture."""
        with self._changed:
            if self._is_patient:
                self._changed.wait_for(lambda: self._has_room(frame) or self._is_closed)
            elif not self._has_room(frame):
                frame = replace(frame, image=None, is_skipped=True)
                self._is_behind = True
            self._frames.append(frame)
            self._n_pictures += frame.image is not None
            self._changed.notify_all()
            return not frame.is_skipped

    def _has_room(self, frame: CapturedFrame) -> bool:
        # All have one size, or nearly so.
        n_bytes = 0 if frame.image is None else (self._n_pictures + 1) * frame.image.nbytes
        is_short = self._is_behind or n_bytes > self._most_bytes
        return self._n_pictures < (min(self._limit, self._fewest) if is_short else self._limit)

    def take(self) -> CapturedFrame | None:
        """Return the next frame; None once the queue is closed and empty."""
        with self._changed:
            # Waiting without end could not be interrupted on Windows.
            while not self._changed.wait_for(lambda: self._frames or self._is_closed, timeout=0.5):
                pass
            if not self._frames:
                return None
            frame = self._frames.popleft()
            self._n_pictures -= frame.image is not None
            self._is_behind &= self._n_pictures > 0
            self._changed.notify_all()
            return frame

    def close(self) -> None:
        """Say that no frame follows."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        with self._changed:
            return len(self._frames)
