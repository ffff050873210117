"""A live recording: frames that were captured become probabilities, lines of the tables, and at the end ethograms."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.config import Postprocess
from behavior.errors import BehaviorError, OutputError
from behavior.files.live_record import GrowingRecord, LiveDescription
from behavior.learning.live_features import CropPlace, LiveFeatures
from behavior.learning.live_frames import Taken, make_live_frames
from behavior.learning.opened_model import OpenedModel
from behavior.live.capturing import Capture
from behavior.live.finishing import finish_recording
from behavior.live.frame_queue import CapturedFrame
from behavior.postprocess.thresholds import apply_thresholds
from behavior.progress import announce, complain
from behavior.recording import Probabilities

__all__ = ["AnsweredFrame", "LiveSession", "LiveTally", "Observer"]

# Of latencies that are kept for the end; more are thinned out, so that memory stays flat.
_MOST_LATENCIES = 100_000


@dataclass(frozen=True)
class AnsweredFrame:
    """A frame whose probabilities are known.

    Attributes
    ----------
    captured
        The frame, without its picture.
    probabilities
        Calibrated, float32 of shape (B,).
    raw
        What the thresholds decide, bool of shape (B,).
    latency_s
        Since it was taken.
    """

    captured: CapturedFrame
    probabilities: npt.NDArray[np.float32]
    raw: npt.NDArray[np.bool_]
    latency_s: float


class Observer:
    """Is told what happens while it happens, mostly in the thread of the model; has to be quick. Does nothing itself."""

    def see(self, frame: CapturedFrame, place: CropPlace | None) -> None:
        """Take notice of a frame that was captured, with its picture unless it is skipped, and of where in it the model looked."""

    def hear(self, answer: AnsweredFrame) -> None:
        """Take notice of the probabilities of a frame."""

    def mark(self, frame: CapturedFrame, note: str) -> None:
        """Take notice of what somebody noted at a frame."""

    def begin(self, part: int, recording: str) -> None:
        """Take notice of a recording that begins."""

    def finish(self, recording: str, outcome: int | str) -> None:
        """Take notice of a recording that is finished: the number of its frames, or why it has no ethogram; in a thread of its own."""


@dataclass
class LiveTally:
    """What came of a live recording so far.

    Attributes
    ----------
    looked_at, skipped, undecodable, not_predicted
        Frames: those that the model saw, those that came too fast for it, those of a file that cannot be decoded, and those from which the
        background was estimated.
    answered
        Frames that have probabilities.
    not_found
        Frames that the model saw in which the animal was not found.
    latencies_s
        From capture to probability, of every frame that the model saw; thinned out in long recordings.
    recordings
        Those that are finished, by name: the number of frames, or why there is no ethogram.
    unfinished
        Those that could not be written to their end, and wait to be recovered.
    """

    looked_at: int = 0
    skipped: int = 0
    undecodable: int = 0
    not_predicted: int = 0
    answered: int = 0
    not_found: int = 0
    latencies_s: list[float] = field(default_factory=list)
    recordings: dict[str, int | str] = field(default_factory=dict)
    unfinished: list[str] = field(default_factory=list)


class LiveSession:
    """Predicts the frames of a capture as they come, and keeps the tables of each recording.

    Parameters
    ----------
    model
        One that can go live.
    features
        Makes the features of its members.
    folder
        Where recordings are written.
    describe
        Returns the description of each part.
    turns
        Is entered while the model is used, which several sessions may share.
    """

    def __init__(
        self,
        model: OpenedModel,
        features: LiveFeatures,
        *,
        folder: Path,
        describe: Callable[[int], LiveDescription],
        turns: AbstractContextManager[object] | None = None,
    ) -> None:
        self._model, self._features, self._folder = model, features, folder
        self._describe, self._turns = describe, turns or nullcontext()
        self._observers: list[Observer] = []
        decisions = model.decisions
        postprocess: Postprocess = model.description.postprocess if decisions is None else decisions.postprocess
        self._thresholds = postprocess.thresholds(model.description.behaviors)
        self.tally = LiveTally()
        self._record: GrowingRecord | None = None
        self._frames = make_live_frames(model, features, fps=features.fps)
        self._is_in_stretch = False
        # Frames of which it is not known yet whether they are looked at, and those that have no probabilities yet.
        self._unseen: deque[CapturedFrame] = deque()
        self._waiting: deque[CapturedFrame] = deque()
        self._finishing: list[threading.Thread] = []
        self._notes: deque[str] = deque()
        self._n_latencies, self._every = 0, 1

    @property
    def behaviors(self) -> list[str]:
        """What the columns of probabilities are."""
        return list(self._model.description.behaviors)

    @property
    def thresholds(self) -> npt.NDArray[np.float32]:
        """From which probability on each behavior is decided, (B,)."""
        return self._thresholds

    def watch(self, observer: Observer) -> None:
        """Tell `observer` of all that happens from now on; before `run`."""
        self._observers.append(observer)

    def run(self, capture: Capture) -> LiveTally:
        """Predict until the capture is over, then finish its recordings; may be called again, with a capture whose parts come later.

        Raises
        ------
        BehaviorError
            If the camera never answered, or a file cannot be written. What was recorded is finished first; where a file could not be
            written, as on a full drive, it is left to be recovered.
        """
        part = -1
        failure: Exception | None = None
        # What went wrong before may have left something.
        self._record = None
        self._is_in_stretch = False
        self._unseen.clear()
        self._waiting.clear()
        try:
            while (frame := capture.frames.take()) is not None:
                if frame.part != part:
                    self._begin_part(frame.part)
                    part = frame.part
                self._look_at(frame)
        except OutputError as error:
            failure = error
        finally:
            capture.stop()
            # Nobody takes frames any more that the camera's thread may wait to hand over.
            capture.frames.close()
            capture.join()
            failure = failure or capture.tally.error
            if isinstance(failure, OutputError):
                self._leave_part(failure)
            else:
                self._end_part()
            for thread in self._finishing:
                thread.join()
            self._finishing.clear()
        if failure is not None:
            raise failure
        return self.tally

    def note(self, text: str) -> None:
        """Write a note at the next frame; may be called from any thread."""
        self._notes.append(text)

    def _begin_part(self, part: int) -> None:
        self._end_part()
        self._record = GrowingRecord(self._folder, self._describe(part))
        for observer in self._observers:
            observer.begin(part, self._record.description.recording)

    def _end_part(self) -> None:
        """Answer what is left of a recording, and finish it in a thread: its ethogram takes longer than a frame."""
        if self._record is None:
            return
        self._end_stretch()
        record, self._record = self._record, None
        record.close()
        thread = threading.Thread(target=self._finish, args=(record.description,), name="finish")
        self._finishing.append(thread)
        thread.start()

    def _leave_part(self, error: OutputError) -> None:
        """Close the files of a recording as they are: what cannot be written now would not be written as an ethogram either."""
        if self._record is None:
            return
        record, self._record = self._record, None
        record.close()
        name = record.description.recording
        self.tally.unfinished.append(name)
        for observer in self._observers:
            observer.finish(name, str(error))

    def _finish(self, description: LiveDescription) -> None:
        outcome: int | str
        try:
            annotation = finish_recording(self._folder, description)
        except BehaviorError as error:
            complain(f"{description.recording}: {error}")
            outcome = str(error)
        else:
            outcome = len(annotation.time_s)
            announce(f"{description.recording}: {outcome:,} frames")
        self.tally.recordings[description.recording] = outcome
        for observer in self._observers:
            observer.finish(description.recording, outcome)

    def _look_at(self, frame: CapturedFrame) -> None:
        if frame.follows_gap:
            self._end_stretch()
            with self._turns:
                self._frames.begin(frame.time_s, is_first=frame.frame == 0)
            self._is_in_stretch = True
        assert self._record is not None
        # Seconds of pictures would fill memory.
        without_picture = replace(frame, image=None)
        self._unseen.append(without_picture)
        self._waiting.append(without_picture)
        with self._turns:
            taken = self._frames.take(frame.time_s, frame.image, is_skipped=frame.is_skipped)
        for observer in self._observers:
            observer.see(frame, self._features.place)
        while self._notes:
            note = self._notes.popleft()
            self._record.add_note(frame.frame, frame.time_s, note)
            for observer in self._observers:
                observer.mark(frame, note)
        self._keep(taken)

    def _end_stretch(self) -> None:
        if self._is_in_stretch:
            self._is_in_stretch = False
            with self._turns:
                taken = self._frames.finish()
            self._keep(taken)

    def _keep(self, taken: Taken) -> None:
        """Write what is known now of the frames that have waited longest."""
        assert self._record is not None
        for look in taken.looks:
            frame = self._unseen.popleft()
            self._record.note_frame(frame.frame, frame.time_s, frame.taken, look.looked, look.details)
            self.tally.looked_at += look.looked in ("yes", "not found", "between")
            self.tally.not_found += look.looked == "not found"
            self.tally.not_predicted += look.looked == "warm-up"
            self.tally.skipped += look.looked == "skipped"
            self.tally.undecodable += look.looked == "not decoded"
        self._answer(taken.values, is_predicted=taken.is_predicted)

    def _answer(self, values: npt.NDArray[np.float32], *, is_predicted: bool) -> None:
        """Write the probabilities (N, B) of the frames that have waited longest."""
        if not len(values):
            return
        frames = [self._waiting.popleft() for _ in range(len(values))]
        time_s = [frame.time_s for frame in frames]
        decisions, names = self._model.decisions, tuple(self._model.description.behaviors)
        if decisions is not None and is_predicted:
            values = decisions.calibrate(Probabilities(values, names, np.array(time_s))).values
        raw = apply_thresholds(values, self._thresholds) & is_predicted
        assert self._record is not None
        self._record.add_answers(time_s, values, raw)
        if not is_predicted:
            return
        self.tally.answered += len(frames)
        now = time.monotonic()
        for number, frame in enumerate(frames):
            latency_s = now - frame.taken_s
            if not frame.is_skipped:
                self._keep_latency(latency_s)
            for observer in self._observers:
                observer.hear(AnsweredFrame(frame, values[number], raw[number], latency_s))

    def _keep_latency(self, latency_s: float) -> None:
        if self._n_latencies % self._every == 0:
            self.tally.latencies_s.append(latency_s)
            if len(self.tally.latencies_s) >= _MOST_LATENCIES:
                del self.tally.latencies_s[::2]
                self._every *= 2
        self._n_latencies += 1
