"""All that is open while people review: recordings, their labels, and the thread that reads videos through and folds journals."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict
from typing import Any

from behavior.errors import BehaviorError
from behavior.files.label_journal import FOLDER
from behavior.recording import Recording
from behavior.review.differences import Differences
from behavior.review.explaining import Explanations
from behavior.review.jobs import Jobs
from behavior.review.open_tracks import OpenTracks, find_track
from behavior.review.opened_recording import OpenedRecording
from behavior.review.pictures import OpenReaders
from behavior.review.reviewed_study import ReviewedStudy
from behavior.review.video_indices import VideoIndices

__all__ = ["Desk", "UnknownRecordingError"]

# Above the first number, idle recordings are closed; above the second, any.
_MANY_OPEN, _MOST_OPEN, _IDLE_S = 4, 10, 60.0
# Of predictions and pose of all that are open.
_MOST_BYTES = 128 * 2**20
_SECONDS_BETWEEN_ROUNDS = 0.5
# Background reading slows down while somebody waits for pictures.
_BUSY_S, _PAUSE_S = 0.2, 0.02

_logger = logging.getLogger("behavior.review")


class UnknownRecordingError(BehaviorError):
    """A request for a recording that the study does not have."""


class Desk:
    """What is open; threads may share it.

    Parameters
    ----------
    reviewed
        The study.
    rater
        Whose labels are edited; "" for the manifest's plain column.

    Attributes
    ----------
    token
        Of this run; pages of an earlier one have to be loaded again.
    differences
        The bouts that are seen differently.
    jobs
        Jobs in processes of their own.
    tracks
        The tracks that are corrected.
    """

    def __init__(self, reviewed: ReviewedStudy, rater: str) -> None:
        self.reviewed, self.rater = reviewed, rater
        self.token = secrets.token_urlsafe(12)
        self.jobs = Jobs()
        self.tracks = OpenTracks()
        self.explanations = Explanations(reviewed)
        self._opened: OrderedDict[str, OpenedRecording] = OrderedDict()
        self._asked_s: dict[str, float] = {}
        self._lock = threading.RLock()
        self._is_ending = threading.Event()
        self._busy_until = 0.0
        self._indices, self._readers = VideoIndices(), OpenReaders()
        self.differences = Differences(reviewed, rater, self._indices, self._give_way)
        self._threads = [threading.Thread(target=run, name=run.__name__, daemon=True) for run in (self._read_through, self._fold_all)]
        self._comparing = threading.Thread(target=self.differences.run, name="compare", daemon=True)

    def start(self) -> None:
        """Begin to read videos through and to fold journals."""
        for thread in (*self._threads, self._comparing):
            thread.start()

    def open(self, recording: str, *, looks_again: bool = False) -> OpenedRecording:
        """Return an open recording of the study; close the ones unused for longest.

        Parameters
        ----------
        looks_again
            Whether to reopen a recording if its video was replaced or could not be read to its end.

        Raises
        ------
        UnknownRecordingError
            If the study has none of this id.
        VideoError
            If its video cannot be opened.
        """
        known = self.reviewed.recordings.get(recording)
        if known is None:
            raise UnknownRecordingError("there is no such recording in this study; load the page again.")
        if recording not in self._opened and known.video is not None:
            # Listing the packets of a long video takes a while, in which others are answered.
            self._indices.open(known.video)
        with self._lock:
            opened = self._opened.pop(recording, None)
            if opened is not None and looks_again and (opened.index.problem is not None or not opened.index.is_unchanged()):
                self._close(opened)
                opened = None
            if opened is None:
                opened = OpenedRecording(self.reviewed, known, self.rater, self._indices, self._readers)
            self._opened[recording] = opened
            self._asked_s[recording] = time.monotonic()
            while len(self._opened) > _MANY_OPEN:
                oldest = next(iter(self._opened))
                if len(self._opened) <= _MOST_OPEN and time.monotonic() - self._asked_s[oldest] < _IDLE_S:
                    break
                self._close(self._opened.pop(oldest))
            self._release()
            return opened

    def note_busy(self) -> None:
        """Note that somebody waits for pictures."""
        self._busy_until = time.monotonic() + _BUSY_S

    def describe(self) -> dict[str, Any]:
        """Return what the page has to know of the study."""
        reviewed = self.reviewed
        return {
            "run": self.token,
            "name": reviewed.folder.name if reviewed.study_path is None else str(reviewed.study_path),
            "rater": self.rater,
            "behaviors": list(reviewed.behaviors),
            "exclusive": reviewed.settings.exclusive,
            "keys": reviewed.settings.keys,
            "notes": reviewed.notes,
            "recordings": [
                {
                    "id": recording.id,
                    "split": recording.split,
                    "has_labels": self.rater in recording.labels,
                    "has_predictions": recording.id in reviewed.ethograms,
                    "has_video": recording.video is not None,
                    "has_track": find_track(recording) is not None,
                }
                for recording in reviewed.recordings.values()
            ],
        }

    def fold_now(self) -> None:
        """Put every edit into its label file, those that a killed server left in journals included.

        Raises
        ------
        BehaviorError
            If a label file cannot be written, or labels cannot be read; the edits stay in the journal.
        """
        for recording in self.reviewed.recordings.values():
            with self._lock:
                opened = self._opened.get(recording.id)
            session = None if opened is None else opened.session
            if session is None and self._has_journal(recording):
                session = self.open(recording.id).open_session()
            if session is not None:
                session.fold(now=True)

    def _has_journal(self, recording: Recording) -> bool:
        targets = [recording.labels.get(self.rater), self.reviewed.choose_label_file(recording.id, self.rater)]
        return any(target is not None and (target.parent / FOLDER / f"{target.name}.journal").exists() for target in targets)

    def reset_sessions(self) -> None:
        """Write all edits to the label files, and read the files again at the next request: the behaviors have changed."""
        with self._lock:
            for opened in self._opened.values():
                self._close(opened)
            self._opened.clear()

    def write_labels(self) -> None:
        """Put all edits into the label files now; OutputError if one cannot be written, its journal then has them."""
        for opened in self._list_opened():
            if opened.session is not None:
                opened.session.fold(now=True)

    def close(self) -> None:
        """Put all edits into the label files and close everything, the job at work included."""
        self._is_ending.set()
        self.differences.end()
        self.explanations.close()
        self.jobs.stop()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        self.reset_sessions()
        self.tracks.write_all(now=True)
        if self._comparing.is_alive():
            self._comparing.join()
        self.jobs.close()

    def _release(self) -> None:
        """Release predictions and pose of the recordings unused for longest, if all together take too much memory."""
        *others, _ = self._opened.values()
        total = sum(opened.n_bytes for opened in self._opened.values())
        for opened in others:
            if total <= _MOST_BYTES:
                break
            total -= opened.n_bytes
            opened.release()

    def _close(self, opened: OpenedRecording) -> None:
        try:
            opened.close()
        except BehaviorError as error:
            _logger.error("%s", error)

    def _list_opened(self) -> list[OpenedRecording]:
        with self._lock:
            return list(self._opened.values())

    def _read_through(self) -> None:
        """Read the video that was opened last from beginning to end, then those before it."""
        while not self._is_ending.wait(_SECONDS_BETWEEN_ROUNDS):
            for opened in reversed(self._list_opened()):
                if opened.index.is_proven:
                    continue
                opened.index.read_through(lambda opened=opened: self._may_go_on(opened))  # type: ignore[misc]
                break

    def _give_way(self) -> bool:
        """Wait a little while somebody waits for pictures; False at the end."""
        if time.monotonic() < self._busy_until:
            time.sleep(_PAUSE_S)
        return not self._is_ending.is_set()

    def _may_go_on(self, opened: OpenedRecording) -> bool:
        may_go_on = self._give_way()
        with self._lock:
            is_open = self._opened.get(opened.recording.id) is opened
        return is_open and may_go_on

    def _fold_all(self) -> None:
        """Put edits that have waited into the label files, and look whether somebody else has changed these."""
        while not self._is_ending.wait(_SECONDS_BETWEEN_ROUNDS):
            for opened in self._list_opened():
                session = opened.session
                if session is None:
                    continue
                try:
                    session.look_outside()
                    session.fold()
                    session.problem = ""
                except BehaviorError as error:
                    if session.problem != str(error):
                        session.problem = str(error)
                        _logger.error("%s", error)
            self.tracks.write_all()
