"""The sources of a live run: each records in a thread of its own, from when it is started until it is stopped or over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from behavior.errors import BehaviorError
from behavior.live.capturing import Capture, CaptureTally
from behavior.live.events import EventHub
from behavior.live.free_space import FreeSpace
from behavior.live.session import LiveSession
from behavior.progress import complain, warn

__all__ = ["Recorder", "RecorderState", "Recorders"]

# Waiting without end could not be interrupted on Windows.
_PAUSE_S = 0.5

RecorderState = Literal["waiting", "recording", "stopping", "stopped", "over", "failed"]


class Recorder:
    """One source: it records when it is started, until it is stopped or over, and may be started again, which begins another part.

    Parameters
    ----------
    name
        Of the source, and of its recordings.
    session
        Predicts its frames.
    make_capture
        Returns what takes its pictures, from the part of this number on.

    Attributes
    ----------
    state, reason
        How it goes, and why it ended where nobody stopped it, a sentence.
    errors
        What went wrong.
    """

    def __init__(self, name: str, session: LiveSession, make_capture: Callable[[int], Capture]) -> None:
        self.name, self.session = name, session
        self._make_capture = make_capture
        self.state: RecorderState = "waiting"
        self.reason = ""
        self.errors: list[Exception] = []
        self._changed = threading.Condition()
        self._is_ending = False
        self._capture: Capture | None = None
        self._next_part = 0
        self._before = CaptureTally()
        self._tell: Callable[[RecorderState, str], None] | None = None

    @property
    def tally(self) -> CaptureTally:
        """What came of capturing so far."""
        with self._changed:
            now = CaptureTally() if self._capture is None else self._capture.tally
            return CaptureTally(self._before.captured + now.captured, self._before.skipped + now.skipped, self._before.gaps + now.gaps)

    @property
    def is_recording(self) -> bool:
        """Whether it records, or is about to, or closes its files."""
        return self.state in ("recording", "stopping")

    def start(self) -> None:
        """Record from now on; does nothing where it records already."""
        with self._changed:
            if self._is_ending or self.is_recording:
                return
            self._capture = self._make_capture(self._next_part)
            self._become("recording")
            self._changed.notify_all()

    def stop(self) -> None:
        """Take no more pictures, and finish what was recorded."""
        with self._changed:
            if self.state == "recording" and self._capture is not None:
                self._capture.stop()
                self._become("stopping")

    def note(self, text: str) -> bool:
        """Write a note at the next frame, and return whether there is going to be one."""
        if self.state != "recording":
            return False
        self.session.note(text)
        return True

    def end(self) -> None:
        """Stop, and start never again."""
        self.stop()
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()

    def run(self, tell: Callable[[RecorderState, str], None], *, prints_errors: bool = True) -> None:
        """Record whenever it is started, until it is ended.

        Parameters
        ----------
        tell
            Is called with each state and its reason.
        prints_errors
            Whether what goes wrong is printed when it does; else it is left to who reads `errors`.
        """
        self._tell = tell
        while (capture := self._wait_for_start()) is not None:
            capture.start()
            try:
                self.session.run(capture)
            except Exception as error:  # noqa: BLE001
                # The others go on.
                if prints_errors and isinstance(error, BehaviorError):
                    complain(f"{self.name}: {error}")
                self.errors.append(error)
                self._close(capture, "failed", str(error) or type(error).__name__)
            else:
                if capture.tally.reason:
                    warn(f"{self.name}: stopped: {capture.tally.reason}.")
                self._close(capture, "stopped" if self.state == "stopping" else "over", capture.tally.reason)

    def _wait_for_start(self) -> Capture | None:
        with self._changed:
            while not self._changed.wait_for(lambda: self._is_ending or self._capture is not None, timeout=_PAUSE_S):
                pass
            return self._capture

    def _close(self, capture: Capture, state: RecorderState, reason: str) -> None:
        with self._changed:
            self._before.captured += capture.tally.captured
            self._before.skipped += capture.tally.skipped
            self._before.gaps += capture.tally.gaps
            self._next_part, self._capture = capture.next_part, None
            self._become(state, reason)

    def _become(self, state: RecorderState, reason: str = "") -> None:
        self.state, self.reason = state, reason
        if self._tell is not None:
            self._tell(state, reason)


class Recorders:
    """All sources of a live run; when one ends or fails, the others go on.

    Parameters
    ----------
    recorders
        One for each source.
    waits
        Whether each waits until it is started, and the run goes on until it is ended; else all start at once, and it is over when none
        records any more.
    space
        Of the drive that they record to.
    events
        Is told how each goes.
    """

    def __init__(self, recorders: Sequence[Recorder], *, waits: bool, space: FreeSpace, events: EventHub) -> None:
        self._recorders, self.waits = tuple(recorders), waits
        self.space, self.events = space, events
        self._ending = threading.Event()

    def __iter__(self) -> Iterator[Recorder]:
        return iter(self._recorders)

    def __len__(self) -> int:
        return len(self._recorders)

    @property
    def behaviors(self) -> list[str]:
        """What the model predicts."""
        return self._recorders[0].session.behaviors

    @property
    def fail_alone(self) -> bool:
        """Whether a source that fails leaves a run that goes on, so that it is printed at once; else it is the run that has failed."""
        return self.waits or len(self) > 1

    def run(self) -> None:
        """Record until all is over, or `end` is called."""
        threads = [threading.Thread(target=self._run_one, args=(recorder,), name=recorder.name) for recorder in self]
        if not self.waits:
            for recorder in self:
                recorder.start()
        for thread in threads:
            thread.start()
        try:
            while not self._ending.wait(_PAUSE_S / 5):
                if not self.waits and not any(recorder.is_recording for recorder in self):
                    break
        finally:
            self.end()
            for thread in threads:
                thread.join()

    def end(self) -> None:
        """Stop all sources, and finish what they recorded."""
        self._ending.set()
        for recorder in self:
            recorder.end()

    def _run_one(self, recorder: Recorder) -> None:
        recorder.run(
            lambda state, reason: self.events.publish({"event": "state", "source": recorder.name, "state": state, "reason": reason}),
            prints_errors=self.fail_alone,
        )
