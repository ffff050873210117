"""The tracks that people correct, one session for each track, whichever recordings of a study it is of."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from behavior.errors import BehaviorError
from behavior.files.tracklets import TRACK_SUFFIX, TRACKLETS_SUFFIX
from behavior.recording import Recording
from behavior.reporting.corrected_tracks import name_track_file
from behavior.review.opened_recording import OpenedRecording
from behavior.review.track_session import TrackSession

__all__ = ["OpenTracks", "find_track"]

_logger = logging.getLogger("behavior.review")


def find_track(recording: Recording) -> Path | None:
    """Return the stem of the files that `behavior track` wrote for a recording: where its pose is, or next to its video; None if none."""
    stems = []
    if recording.pose is not None and recording.pose.name.endswith(TRACK_SUFFIX):
        stems.append(recording.pose.with_name(recording.pose.name.removesuffix(TRACK_SUFFIX)))
    if recording.video is not None:
        stems.append(recording.video.with_suffix(""))
    for stem in stems:
        if name_track_file(stem, TRACKLETS_SUFFIX).is_file():
            return stem
    return None


class OpenTracks:
    """Sessions by track; threads may share it."""

    def __init__(self) -> None:
        self._sessions: dict[Path, TrackSession] = {}
        self._lock = threading.Lock()

    def open(self, opened: OpenedRecording) -> TrackSession | None:
        """Return the session of a recording's track, None where there is no track.

        Raises
        ------
        PoseError
            As `TrackSession`.
        FrameNotReadError
            While the number of the video's frames is not known.
        """
        stem = find_track(opened.recording)
        if stem is None:
            return None
        n_frames = opened.frames.n_frames
        with self._lock:
            if stem not in self._sessions:
                self._sessions[stem] = TrackSession(stem, n_frames, video=opened.recording.video)
            return self._sessions[stem]

    def find(self, recording: Recording) -> TrackSession | None:
        """Return the session of a recording's track if somebody has opened it."""
        if not self._sessions:
            return None
        stem = find_track(recording)
        return None if stem is None else self._sessions.get(stem)

    def write_all(self, *, now: bool = False) -> None:
        """Look whether files were changed outside, and write the tracks that lack corrections; problems are in the sessions and the log."""
        with self._lock:
            sessions = list(self._sessions.values())
        for session in sessions:
            try:
                session.look_outside()
                session.write(now=now)
                session.problem = ""
            except BehaviorError as error:
                if session.problem != str(error):
                    session.problem = str(error)
                    _logger.error("%s", error)
