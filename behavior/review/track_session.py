"""The track of a video while people correct it: every correction is on disk before it is answered, and the track follows a moment later."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.embedding.tracklet_identities import SURE
from behavior.errors import PoseError, UsageError
from behavior.files.claims import hold_claim
from behavior.files.track_corrections import CORRECTIONS_SUFFIX, write_corrections
from behavior.files.tracklets import TRACK_SUFFIX, TRACKLETS_SUFFIX, StoredTracklets, read_tracklets
from behavior.recording import TrackCorrection
from behavior.reporting.corrected_tracks import (
    CorrectedTrack,
    correct_track,
    identify_video,
    list_corrections,
    measure_reach,
    name_track_file,
)
from behavior.review.label_session import EditConflictError, stamp_file
from behavior.review.track_edits import TrackEdit, describe_correction, plan_correction
from behavior.tracking.crossings import find_crossings

__all__ = ["TrackRequest", "TrackSession"]

# How long after a correction the track itself is written.
_SECONDS_TO_WRITE = 1.5
_PATIENCE_S = 3.0
_MOST_CORRECTIONS = 20_000


@dataclass(frozen=True)
class TrackRequest:
    """What somebody wants to be corrected.

    Attributes
    ----------
    id
        Unique; one that is sent twice is made once.
    viewer
        Which tab it comes from.
    base
        The revision that its sender has seen.
    edit
        What to do; None to take something back, or to make it again.
    drop
        Place of a correction that is taken back; None for the last one.
    is_redo
        Whether what was taken back last is made again.
    """

    id: str
    viewer: str
    base: int
    edit: TrackEdit | None = None
    drop: int | None = None
    is_redo: bool = False


@dataclass(frozen=True)
class _Held:
    """What is known of a track: as found, corrected by whom, what was taken back, and the files as they were read or written."""

    stored: StoredTracklets
    corrections: tuple[TrackCorrection, ...]
    makers: tuple[str, ...]
    undone: tuple[TrackCorrection, ...]
    corrected: CorrectedTrack
    stamps: tuple[tuple[int, int] | None, ...]


class TrackSession:
    """A track that is corrected; threads may share it.

    Parameters
    ----------
    stem
        Path of its files, without what comes after the video's name.
    n_frames
        Of the video.
    video
        On which the picture of the track is drawn again; None to leave it as it is.

    Attributes
    ----------
    token
        Of this session; revisions of another one mean nothing in it.
    revision
        Counts what was changed, by people or outside.
    problem
        Why the track is not written, or cannot be read again; "" where nothing is wrong.

    Raises
    ------
    PoseError
        If the tracklets or the corrections cannot be used, or are of another video.
    """

    def __init__(self, stem: Path, n_frames: int, *, video: Path | None = None) -> None:
        self.stem, self._n_frames, self._video = stem, n_frames, video
        self.token = secrets.token_hex(8)
        self.revision, self.problem = 0, ""
        self._lock = threading.RLock()
        self._ids: dict[str, int] = {}
        self._last_edit_s = 0.0
        self._files = tuple(name_track_file(stem, suffix) for suffix in (TRACKLETS_SUFFIX, CORRECTIONS_SUFFIX))
        self._held = self._load()
        track, corrections = (stamp_file(name_track_file(stem, suffix)) for suffix in (TRACK_SUFFIX, CORRECTIONS_SUFFIX))
        # A session that was killed may have left the track behind the corrections.
        self._is_pending = corrections is not None and (track is None or track[0] < corrections[0])

    @property
    def corrected(self) -> CorrectedTrack:
        """The track with all corrections."""
        return self._held.corrected

    @property
    def is_pending(self) -> bool:
        """Whether the track on disk lacks corrections."""
        return self._is_pending

    @property
    def length(self) -> float:
        """Of an animal, in pixels."""
        return 2 * measure_reach(self._held.stored)

    def edit(self, request: TrackRequest) -> None:
        """Make a correction, or take one back; it is on disk then.

        Raises
        ------
        EditConflictError
            If somebody else has corrected the track since `request.base`, or made what is to be taken back.
        UsageError
            If it contradicts the track; the message says why.
        OutputError
            If it cannot be written.
        """
        with self._lock:
            if request.id in self._ids:
                return
            held = self._held
            if request.base != self.revision or held.stamps != self._stamp():
                self._look_again()
                raise EditConflictError("somebody else has corrected this track meanwhile; look at it, then do it again.")
            corrections, makers, undone = list(held.corrections), list(held.makers), list(held.undone)
            if request.edit is not None:
                corrections.append(plan_correction(held.corrected, request.edit))
                makers.append(request.viewer)
                undone = []
            elif request.is_redo:
                if not undone:
                    raise UsageError("nothing was taken back that could be made again.")
                corrections.append(undone.pop())
                makers.append(request.viewer)
            else:
                undone.append(_take_back(corrections, makers, request))
            if len(corrections) > _MOST_CORRECTIONS:
                raise UsageError(f"there are {_MOST_CORRECTIONS} corrections; track the video with other settings instead.")
            corrected = correct_track(held.stored, corrections)
            if len(corrections) > len(held.corrections) and (problem := corrected.outcomes[-1].problem):
                raise UsageError(f"This cannot be done: {problem}.")
            path = self._files[1]
            with hold_claim(path, what=f"the corrections in {path}", patience_s=_PATIENCE_S):
                write_corrections(path, identify_video(self.stem, held.stored), corrections)
                stamps = self._stamp()
            self._held = _Held(held.stored, tuple(corrections), tuple(makers), tuple(undone), corrected, stamps)
            self.revision += 1
            self._ids[request.id] = self.revision
            self._is_pending, self._last_edit_s = True, time.monotonic()

    def write(self, *, now: bool = False) -> None:
        """Write the track and its picture with the corrections, if they have waited long enough, or `now`; raises as `write_corrected`."""
        with self._lock:
            if not self._is_pending or not (now or time.monotonic() - self._last_edit_s > _SECONDS_TO_WRITE):
                return
            corrected, revision = self._held.corrected, self.revision
        # Others correct on meanwhile.
        # It loads what draws pictures, which the server can begin without.
        from behavior.reporting.track_files import write_corrected

        write_corrected(self.stem, corrected, video=self._video, per_animal=False)
        with self._lock:
            self._is_pending = self._is_pending and revision != self.revision

    def look_outside(self) -> None:
        """Read the files again if another program has changed them; raises PoseError as on opening."""
        with self._lock:
            if self._held.stamps != self._stamp():
                self._look_again()

    def describe(self, viewer: str) -> dict[str, Any]:
        """Return what the page shows of the track."""
        with self._lock:
            held = self._held
            done = held.corrected
            owners = done.owners.tolist()
            found = np.bincount(done.placement.animals[done.placement.animals >= 0], minlength=len(done.names))
            tracklets = [
                [one.start_frame, one.stop_frame, owner, None if np.isnan(probability) else round(probability, 4)]
                for one, owner, probability in zip(done.tracklets, owners, done.probabilities.tolist(), strict=True)
            ]
            crossings = find_crossings(done.tracklets, done.owners, length=self.length)
            return {
                "names": list(done.names),
                "found": (found / max(self._n_frames, 1)).round(4).tolist(),
                "tracklets": tracklets,
                "crossings": [[one.start_frame, one.stop_frame, list(one.animals)] for one in crossings],
                "corrections": [
                    {"text": describe_correction(one), "frame": one.at.frame, "problem": outcome.problem, "is_own": maker in ("", viewer)}
                    for one, outcome, maker in zip(held.corrections, done.outcomes, held.makers, strict=True)
                ],
                "can_redo": bool(held.undone),
                "length": round(self.length, 2),
                "sure": SURE,
                **self.describe_state(),
            }

    def describe_state(self) -> dict[str, Any]:
        """Return what a page asks for every second."""
        return {
            "session": self.token,
            "revision": self.revision,
            "file": name_track_file(self.stem, TRACK_SUFFIX).name,
            "is_pending": self._is_pending,
            "problem": self.problem,
        }

    def cut_positions(self, start: int, stop: int) -> tuple[int, npt.NDArray[np.float32]]:
        """Return the revision, and of each frame and animal x, y, heading, whether it was seen and its tracklet, float32 (T, K, 5)."""
        with self._lock:
            revision, corrected = self.revision, self._held.corrected
        animals = corrected.cut(start, stop)
        rest = (animals.headings, animals.seen, animals.tracklets)
        values = np.concatenate((animals.positions, np.stack(rest, axis=-1)), axis=-1)
        return revision, values.astype(np.float32)

    def _load(self) -> _Held:
        stamps = self._stamp()
        stored = read_tracklets(self._files[0])
        if stored.n_frames != self._n_frames:
            found = f"{self._files[0]}: is of a video of {stored.n_frames} frames, found one of {self._n_frames}"
            raise PoseError(f"{found}; run `behavior track` on it again.")
        corrections = tuple(list_corrections(self.stem, stored))
        return _Held(stored, corrections, ("",) * len(corrections), (), correct_track(stored, corrections), stamps)

    def _look_again(self) -> None:
        stamps = self._stamp()
        if stamps != self._held.stamps:
            # What cannot be read is not tried again before it is changed once more.
            self._held = replace(self._held, stamps=stamps)
            self._held = self._load()
            self.revision += 1
            # Whoever changed the corrections may not have written the track.
            self._is_pending, self._last_edit_s = True, time.monotonic()

    def _stamp(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(stamp_file(path) for path in self._files)


def _take_back(corrections: list[TrackCorrection], makers: list[str], request: TrackRequest) -> TrackCorrection:
    place = len(corrections) - 1 if request.drop is None else request.drop
    if not 0 <= place < len(corrections):
        raise UsageError("there is no such correction to take back.")
    if request.drop is None and makers[place] not in ("", request.viewer):
        raise EditConflictError("the last correction is somebody else's; if it is wrong, remove it in the list of corrections.")
    del makers[place]
    return corrections.pop(place)
