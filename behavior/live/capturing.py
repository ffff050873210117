"""Taking pictures from a source and recording them, in threads of their own, whatever the model does meanwhile."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import VideoError
from behavior.files.live_sources import CapturedPicture, Source
from behavior.files.live_video import GrowingVideo, count_pictures
from behavior.live.frame_queue import CapturedFrame, FrameQueue
from behavior.live.free_space import FreeSpace
from behavior.progress import warn

__all__ = ["Capture", "CaptureSettings", "CaptureTally"]

# Pictures between camera and encoder, and between camera and model: a second, in which others may keep the processor busy.
_MOST_UNWRITTEN, MOST_WAITING = 64, 30
# As `frame_times.find_gaps` has it, with the camera's interval for the usual one.
_SHORTEST_GAP_S, _SHORTEST_GAP = 0.5, 2.5
_SECONDS_BETWEEN_TRIES = 1.0


@dataclass(frozen=True)
class CaptureSettings:
    """How pictures are taken.

    Attributes
    ----------
    fps
        Pictures a second that the model is for.
    at_own_pace
        Whether a file's frames come when their time stamps say; else as fast as they are taken.
    roll_s
        Seconds after which another recording begins; None for one recording.
    duration_s
        Seconds after which to stop; None for never.
    patience_s
        How long to wait for a camera or a stream that broke off.
    """

    fps: float
    at_own_pace: bool = True
    roll_s: float | None = None
    duration_s: float | None = None
    patience_s: float = 60.0


@dataclass
class CaptureTally:
    """What came of capturing so far.

    Attributes
    ----------
    captured, skipped
        Frames that were recorded, and those of them that the model was not asked about.
    gaps
        How often the source broke off and came back.
    reason
        Why it ended, a sentence; "" where the source was over or somebody stopped it.
    error
        What went wrong while recording.
    """

    captured: int = 0
    skipped: int = 0
    gaps: int = 0
    reason: str = ""
    error: Exception | None = field(default=None, repr=False)


class Capture:
    """Takes pictures from `source` until it ends or `stop` is called: records each one, and puts it into `frames`.

    Parameters
    ----------
    name_video
        Returns the path of the video of each part.
    space
        Of the drive, which must not become full.
    first_part
        Number of the first part.
    """

    def __init__(
        self, source: Source, settings: CaptureSettings, *, name_video: Callable[[int], Path], space: FreeSpace, first_part: int = 0
    ) -> None:
        self._source, self._settings = source, settings
        self._name_video, self._space = name_video, space
        self.tally = CaptureTally()
        is_patient = not source.is_live and not settings.at_own_pace
        self.frames = FrameQueue(MOST_WAITING, is_patient=is_patient)
        self._unwritten: queue.Queue[tuple[int, npt.NDArray[np.uint8], float] | None] = queue.Queue(_MOST_UNWRITTEN)
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._capture, name="capture", daemon=True),
            threading.Thread(target=self._record, name="record", daemon=True),
        ]
        self._first: CapturedPicture | None = None
        self._last_image: npt.NDArray[np.uint8] | None = None
        self._part, self._frame = first_part, 0
        self._began_s = self._part_began_s = self._last_s = 0.0
        self._size: tuple[int, ...] = ()
        # Pictures in the videos that are closed, the one that is being written, and whether all pictures were handed over.
        self._n_closed, self._is_handed_over = 0, False
        self._writing: Path | None = None

    @property
    def next_part(self) -> int:
        """Number of the part that may follow."""
        return self._part + (self._frame > 0)

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Take no more pictures; those that were taken are still recorded."""
        self._stopping.set()

    def join(self) -> None:
        """Wait until all pictures are recorded."""
        for thread in self._threads:
            thread.join()

    def _capture(self) -> None:
        try:
            self._read_until_over()
        except Exception as error:  # noqa: BLE001
            # Raised again where the recording ends.
            self.tally.error = self.tally.error or error
        finally:
            self._unwritten.put(None)
            self.frames.close()

    def _read_until_over(self) -> None:
        broke_off_s: float | None = None
        while not self._stopping.is_set():
            n_before = self.tally.captured
            try:
                with closing(self._source.read()) as pictures:
                    for picture in pictures:
                        if broke_off_s is not None:
                            warn(f"{self._source.name}: is back after {time.monotonic() - broke_off_s:.1f} s")
                            broke_off_s = None
                            self.tally.gaps += 1
                        if not self._take(picture):
                            return
                return
            except VideoError as error:
                # What never answered will not, and a file does not come back.
                if not self._source.is_live or self._first is None:
                    raise
                if broke_off_s is None or self.tally.captured > n_before:
                    broke_off_s = time.monotonic()
                    warn(f"{error} Waiting for it for {self._settings.patience_s:g} s.")
                if time.monotonic() - broke_off_s > self._settings.patience_s:
                    self.tally.reason = f"{self._source.name} did not come back within {self._settings.patience_s:g} s"
                    return
                self._stopping.wait(_SECONDS_BETWEEN_TRIES)

    def _take(self, picture: CapturedPicture) -> bool:
        """Record a picture and hand it on; return whether to go on."""
        settings = self._settings
        if self._first is None:
            self._first, self._began_s = picture, time.monotonic()
        time_s = picture.time_s - self._first.time_s
        if settings.duration_s is not None and time_s >= settings.duration_s:
            return False
        if not self._source.is_live and settings.at_own_pace:
            self._stopping.wait(max(self._began_s + time_s - time.monotonic(), 0.0))
        if self._stopping.is_set() or not self._has_room():
            return False
        image = picture.image if picture.image is not None else self._last_image
        if image is None:
            # Nothing can be shown of a first frame that cannot be decoded.
            self._first = None
            return True
        self._turn_over(time_s, image.shape)
        gap_s = max(_SHORTEST_GAP_S, _SHORTEST_GAP / settings.fps)
        frame = CapturedFrame(
            part=self._part,
            frame=self._frame,
            time_s=time_s - self._part_began_s,
            taken=datetime.now(UTC).isoformat(timespec="milliseconds"),
            taken_s=time.monotonic(),
            image=picture.image,
            follows_gap=self._frame == 0 or time_s - self._last_s > gap_s,
        )
        self._unwritten.put((self._part, image, frame.time_s))
        self.tally.captured += 1
        self.tally.skipped += not self.frames.put(frame)
        self._last_s, self._last_image = time_s, image
        self._frame += 1
        return self.tally.error is None

    def _turn_over(self, time_s: float, shape: tuple[int, ...]) -> None:
        """Begin another part where one is long enough, or the pictures change their size."""
        is_long = self._settings.roll_s is not None and time_s - self._part_began_s >= self._settings.roll_s
        if self._frame and (is_long or shape != self._size):
            if shape != self._size:
                height, width = shape[:2]
                warn(f"{self._source.name}: its pictures are {width} x {height} pixels from here on; another recording begins.")
            self._part, self._frame, self._part_began_s = self._part + 1, 0, time_s
        self._size = shape

    def _has_room(self) -> bool:
        self.tally.reason = self._space.find_shortage()
        return not self.tally.reason

    def _record(self) -> None:
        try:
            self._write_until_over()
        except Exception as error:  # noqa: BLE001
            self.tally.error = self.tally.error or error
            self._stopping.set()
            # The camera's thread may wait for room.
            while not self._is_handed_over:
                self._is_handed_over = self._unwritten.get() is None
            # What the encoder and the system held is lost.
            self.tally.captured = self._n_closed + (0 if self._writing is None else count_pictures(self._writing))

    def _write_until_over(self) -> None:
        video: GrowingVideo | None = None
        part, n_added = -1, 0
        try:
            while (item := self._unwritten.get()) is not None:
                number, image, time_s = item
                if number != part:
                    if video is not None:
                        done, video = video, None
                        done.close()
                        self._n_closed, n_added, self._writing = self._n_closed + n_added, 0, None
                    height, width = image.shape[:2]
                    path, part = self._name_video(number), number
                    video = GrowingVideo(path, width=width, height=height, fps=self._settings.fps)
                    self._writing = path
                assert video is not None
                video.add(image, time_s)
                n_added += 1
            self._is_handed_over = True
        finally:
            if video is not None:
                video.close()
