"""What the page of a live recording shows: the last picture, the last seconds of probabilities, and how it goes."""

from __future__ import annotations

import shutil
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from behavior.live.capturing import Capture
from behavior.live.frame_queue import CapturedFrame
from behavior.live.session import AnsweredFrame, LiveSession

__all__ = ["LiveDesk"]

# Answers that are kept: ten seconds of the fastest cameras of the field.
_MOST_ANSWERS = 2000
_LONGEST_NOTE = 500
# Pictures are drawn smaller than this, and with this quality of JPEG.
_MOST_PIXELS, _QUALITY = 960, 80
# Of frames and latencies that a rate is measured over.
_RECENT_S = 3.0


class LiveDesk:
    """Keeps what pages ask for; is told of frames in the model's thread, and asked in the server's.

    Parameters
    ----------
    folder
        Whose drive the recordings are on.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._answers: deque[tuple[int, float, list[float], list[bool]]] = deque(maxlen=_MOST_ANSWERS)
        self._recent: deque[tuple[float, float]] = deque(maxlen=_MOST_ANSWERS)
        self._n_answers = 0
        self._image: npt.NDArray[np.uint8] | None = None
        self._n_pictures = 0
        self._drawn: tuple[int, bytes] = (0, b"")
        self._session: LiveSession | None = None
        self._capture: Capture | None = None
        self._is_over = False

    def begin(self, session: LiveSession, capture: Capture) -> None:
        """Take what notes are given to and what can be stopped."""
        self._session, self._capture = session, capture

    def end(self) -> None:
        """Say that the recording is over."""
        self._is_over = True

    @property
    def is_over(self) -> bool:
        """Whether the recording is over."""
        return self._is_over

    def see(self, frame: CapturedFrame) -> None:
        """Keep the picture of a frame."""
        if frame.image is not None:
            with self._lock:
                self._image = frame.image
                self._n_pictures += 1

    def hear(self, answer: AnsweredFrame) -> None:
        """Keep the probabilities of a frame."""
        values = [round(float(value), 4) for value in answer.probabilities]
        with self._lock:
            self._n_answers += 1
            self._answers.append((self._n_answers, answer.captured.taken_s, values, answer.raw.tolist()))
            self._recent.append((time.monotonic(), answer.latency_s))

    def draw(self) -> tuple[int, bytes]:
        """Return the number of the last picture and its JPEG; 0 and nothing before the first one."""
        with self._lock:
            number, image = self._n_pictures, self._image
            if number == self._drawn[0] or image is None:
                return self._drawn
        scale = min(_MOST_PIXELS / max(image.shape[:2]), 1.0)
        small = image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        _, encoded = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        with self._lock:
            self._drawn = number, encoded.tobytes()
            return self._drawn

    def describe(self, after: int) -> dict[str, Any]:
        """Return how it goes, and the answers that came after the one numbered `after`: number, seconds ago, probabilities, decisions."""
        now = time.monotonic()
        with self._lock:
            answers = [(number, round(now - taken_s, 3), values, raw) for number, taken_s, values, raw in self._answers if number > after]
            recent = [latency_s for at_s, latency_s in self._recent if now - at_s <= _RECENT_S]
        tally = None if self._capture is None else self._capture.tally
        seen = None if self._session is None else self._session.tally
        return {
            "behaviors": [] if self._session is None else self._session.behaviors,
            "answers": answers,
            "is_over": self._is_over,
            "captured": 0 if tally is None else tally.captured,
            "skipped": 0 if tally is None else tally.skipped,
            "gaps": 0 if tally is None else tally.gaps,
            "looked_at": 0 if seen is None else seen.looked_at,
            "not_found": 0 if seen is None else seen.not_found,
            "frames_per_second": round(len(recent) / _RECENT_S, 1),
            "latency_ms": round(1000 * float(np.median(recent))) if recent else None,
            "free_gib": round(shutil.disk_usage(self._folder).free / 2**30, 1),
        }

    def note(self, text: str) -> None:
        """Write a note at the next frame."""
        if self._session is not None:
            self._session.note(text[:_LONGEST_NOTE])

    def stop(self) -> None:
        """End the recording."""
        if self._capture is not None:
            self._capture.stop()
