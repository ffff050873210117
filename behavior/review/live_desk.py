"""What the page of a live run shows of each source: the last picture, the last seconds of probabilities, and how it goes."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from behavior.errors import UsageError
from behavior.figures.live_picture import LivePainter
from behavior.learning.live_features import CropPlace
from behavior.live.events import EventHub
from behavior.live.frame_queue import CapturedFrame
from behavior.live.recorders import Recorder, Recorders
from behavior.live.session import AnsweredFrame, Observer
from behavior.vision.crops import find_corners

__all__ = ["LiveDesk", "SourceView"]

# Answers that are kept: ten seconds of the fastest cameras of the field.
_MOST_ANSWERS = 2000
_LONGEST_NOTE = 500
# Of JPEG.
_QUALITY = 80
# Of frames and latencies that a rate is measured over.
_RECENT_S = 3.0
# Those that do not read are not waited for any longer.
_SECONDS_TO_READ = 0.5


class _Numbers:
    """Numbers the answers of all sources."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.last = 0

    def take(self) -> int:
        with self._lock:
            self.last += 1
            return self.last


class SourceView(Observer):
    """Keeps what pages ask of one source; is told of frames in the thread of its session, and asked in the server's.

    Parameters
    ----------
    recorder
        Of the source.
    numbers
        Of the answers of all sources.
    """

    def __init__(self, recorder: Recorder, numbers: _Numbers) -> None:
        self.recorder, self._numbers = recorder, numbers
        self._lock, self._drawing = threading.Lock(), threading.Lock()
        self._answers: deque[tuple[int, float, list[float], list[bool]]] = deque(maxlen=_MOST_ANSWERS)
        self._recent: deque[tuple[float, float]] = deque(maxlen=_MOST_ANSWERS)
        self._image: npt.NDArray[np.uint8] | None = None
        self._place: CropPlace | None = None
        behaviors = recorder.session.behaviors
        self._now: tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]] = (
            np.full(len(behaviors), np.nan, dtype=np.float32),
            np.zeros(len(behaviors), dtype=np.bool_),
        )
        self._painter: LivePainter | None = None
        self._painted_size: tuple[int, int] = (0, 0)
        self._n_pictures = 0
        self._drawn: tuple[int, bytes] = (0, b"")
        self._recording = ""
        recorder.session.watch(self)

    def begin(self, part: int, recording: str) -> None:
        """Keep the name of the recording that begins."""
        self._recording = recording

    def see(self, frame: CapturedFrame, place: CropPlace | None) -> None:
        """Keep the picture of a frame."""
        if frame.image is not None:
            with self._lock:
                self._image, self._place = frame.image, place
                self._n_pictures += 1

    def hear(self, answer: AnsweredFrame) -> None:
        """Keep the probabilities of a frame."""
        values = [round(float(value), 4) for value in answer.probabilities]
        with self._lock:
            self._answers.append((self._numbers.take(), answer.captured.taken_s, values, answer.raw.tolist()))
            self._recent.append((time.monotonic(), answer.latency_s))
            self._now = answer.probabilities, answer.raw

    def draw(self) -> tuple[int, bytes]:
        """Return the number of the last picture and its JPEG, with what the model predicts; 0 and nothing before the first one.

        It is drawn once for all viewers, in the thread of the one who asks first, so that recording never waits for it.
        """
        with self._drawing:
            with self._lock:
                number, image, place, (values, raw) = self._n_pictures, self._image, self._place, self._now
            if image is not None and number != self._drawn[0]:
                picture = self._paint(image, place, values, raw)
                _, encoded = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
                self._drawn = number, encoded.tobytes()
            return self._drawn

    def _paint(
        self, image: npt.NDArray[np.uint8], place: CropPlace | None, values: npt.NDArray[np.float32], raw: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.uint8]:
        size = (image.shape[1], image.shape[0])
        if self._painter is None or size != self._painted_size:
            session = self.recorder.session
            self._painter = LivePainter(session.behaviors, picture_size=size, thresholds=session.thresholds)
            self._painted_size = size
        corners = None if place is None else find_corners(size, place.center, crop_size=place.size)
        return self._painter.paint(image, values, raw, corners)

    def describe(self, after: int, last: int) -> dict[str, Any]:
        """Return how it goes, and the answers numbered from `after` (not included) to `last`: seconds ago, probabilities, decisions."""
        now = time.monotonic()
        with self._lock:
            answers = [(round(now - taken_s, 3), values, raw) for number, taken_s, values, raw in self._answers if after < number <= last]
            recent = [latency_s for at_s, latency_s in self._recent if now - at_s <= _RECENT_S]
        recorder = self.recorder
        tally, seen = recorder.tally, recorder.session.tally
        return {
            "name": recorder.name,
            "state": recorder.state,
            "reason": recorder.reason,
            "recording": self._recording,
            "answers": answers,
            "captured": tally.captured,
            "skipped": tally.skipped,
            "gaps": tally.gaps,
            "looked_at": seen.looked_at,
            "not_found": seen.not_found,
            "not_predicted": seen.not_predicted,
            "frames_per_second": round(len(recent) / _RECENT_S, 1),
            "latency_ms": round(1000 * float(np.median(recent))) if recent else None,
        }


class LiveDesk:
    """What pages may ask and wish of a live run.

    Parameters
    ----------
    recorders
        All sources, before they record.
    """

    def __init__(self, recorders: Recorders) -> None:
        self._recorders = recorders
        self._numbers = _Numbers()
        self._views = {recorder.name: SourceView(recorder, self._numbers) for recorder in recorders}
        self._is_over = False

    @property
    def events(self) -> EventHub:
        """What happens, for other programs."""
        return self._recorders.events

    def end(self) -> None:
        """Say that the run is over, and give readers a moment to take that."""
        self.events.publish({"event": "over"})
        self._is_over = True
        until = time.monotonic() + _SECONDS_TO_READ
        while self.events.n_subscriptions and time.monotonic() < until:
            time.sleep(0.01)

    @property
    def is_over(self) -> bool:
        """Whether the run is over."""
        return self._is_over

    def find(self, name: str) -> SourceView:
        """Return the source of this name; UsageError if there is none."""
        view = self._views.get(name)
        if view is None:
            raise UsageError(f"there is no source {name[:60]!r}, but {', '.join(self._views)}.")
        return view

    def describe(self, after: int) -> dict[str, Any]:
        """Return how the run goes, the number of the last answer, and `SourceView.describe` of each source."""
        # A source numbers its answers while nobody can look at them, so that none up to here is still to come.
        last = self._numbers.last
        return {
            "last": last,
            "behaviors": self._recorders.behaviors,
            "is_over": self._is_over,
            "waits": self._recorders.waits,
            "free_gib": round(self._recorders.space.measure() / 2**30, 1),
            "sources": [view.describe(after, last) for view in self._views.values()],
        }

    def introduce(self) -> dict[str, Any]:
        """Return what a program that begins to read events has to know."""
        return {
            "event": "sources",
            "behaviors": self._recorders.behaviors,
            "sources": [{"source": recorder.name, "state": recorder.state, "reason": recorder.reason} for recorder in self._recorders],
        }

    def note(self, text: str, name: str | None) -> None:
        """Write a note at the next frame of a source, or of all; UsageError if none of them records."""
        noted = [recorder.note(text[:_LONGEST_NOTE]) for recorder in self._list(name)]
        if not any(noted):
            raise UsageError("nothing is recorded now that could be marked; start a source first.")

    def start(self, name: str | None) -> None:
        """Begin, or begin again, with a source, or with all."""
        for recorder in self._list(name):
            recorder.start()

    def stop(self, name: str | None) -> None:
        """Stop a source, or all."""
        for recorder in self._list(name):
            recorder.stop()

    def finish(self) -> None:
        """End the run."""
        self._recorders.end()

    def _list(self, name: str | None) -> list[Recorder]:
        return list(self._recorders) if name is None else [self.find(name).recorder]
