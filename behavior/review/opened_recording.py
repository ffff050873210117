"""One recording while people look at it: its video, pose, predictions and labels, each read when it is first asked for."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.embedding.recording_inputs import RecordingInputs
from behavior.errors import BehaviorError, LabelError, VideoError
from behavior.files.bout_tables import read_bout_sources
from behavior.files.ethograms import list_record
from behavior.files.labels import list_names, recognise_labels
from behavior.files.pose import find_body_parts, match_pose_to_frames
from behavior.files.video_index import FrameNotReadError
from behavior.recording import Bout, Frames, Labels, Recording, find_bouts
from behavior.review.label_session import LabelSession, stamp_file
from behavior.review.pictures import FrameViews, OpenReaders
from behavior.review.predictions import Predictions, read_predictions
from behavior.review.rater_labels import read_rater_file
from behavior.review.reviewed_study import ReviewedStudy
from behavior.review.video_indices import VideoIndices
from behavior.vision.crops import find_centers

__all__ = ["OpenedRecording", "list_runs"]

_BOUT_TABLE = "bout table"


def list_runs(values: npt.NDArray[np.int8]) -> list[list[int]]:
    """Return the runs of 1 and of -1 in one behavior's labels (T,), each as start, stop and label.

    >>> list_runs(np.array([0, 1, 1, -1], np.int8))
    [[1, 3, 1], [3, 4, -1]]
    """
    return [[*run, label] for label in (1, -1) for run in find_bouts(values == label).tolist()]


class OpenedRecording:
    """A recording that is looked at; threads may share it.

    Parameters
    ----------
    reviewed
        The study.
    recording
        Its row of the manifest.
    rater
        Whose labels are edited; "" for the manifest's plain column.
    indices
        Of videos that were opened before.
    readers
        Those of all recordings.

    Attributes
    ----------
    index
        The frames of its video.
    views
        Its pictures.

    Raises
    ------
    VideoError
        If the video cannot be opened.
    """

    def __init__(self, reviewed: ReviewedStudy, recording: Recording, rater: str, indices: VideoIndices, readers: OpenReaders) -> None:
        if recording.video is None:
            raise VideoError(f"recording {recording.id!r} has no video in the manifest; name it there.")
        self.recording, self.rater = recording, rater
        self._reviewed = reviewed
        self.index = indices.open(recording.video)
        self.views = FrameViews(self.index, readers)
        self._lock = threading.RLock()
        self._is_closed = False
        self._session: LabelSession | None = None
        self._predictions: Predictions | None = None
        self._predictions_stamp = ""
        self._pose: tuple[tuple[str, ...], npt.NDArray[np.float32]] | None = None

    @property
    def frames(self) -> Frames:
        """The frames of the video; raises FrameNotReadError while their number is not known."""
        if not self.index.is_complete:
            raise FrameNotReadError(f"{self.index.path}: is read first, {self.index.n_proven} frames so far; wait a moment.")
        return Frames(self.index.n_frames, self.index.time_s, self.index.broke_off)

    def open_session(self) -> LabelSession:
        """Return the labels that are edited.

        Raises
        ------
        LabelError
            If the label file, or the journal of a session that was killed, cannot be used.
        FrameNotReadError
            While the number of frames is not known.
        """
        with self._lock:
            if self._is_closed:
                raise LabelError("this recording was closed meanwhile; do it again.")
            # Reading the whole video may have found other frames than its packets tell.
            shape = (self.frames.n_frames, len(self._reviewed.behaviors))
            if self._session is None or self._session.behaviors != self._reviewed.behaviors or self._session.values.shape != shape:
                if self._session is not None:
                    self._session.close()
                self._session = self._begin_session()
            self._session.exclusive = self._reviewed.settings.exclude()
            return self._session

    @property
    def session(self) -> LabelSession | None:
        """The labels that are edited, if anybody has asked for them."""
        return self._session

    def read_others(self) -> dict[str, Labels]:
        """Return the labels of the other raters, by name; those that cannot be read are left out.

        Raises
        ------
        LabelError
            If a file cannot be used.
        """
        return {rater: self._read_labels(path, rater) for rater, path in self.recording.labels.items() if rater != self.rater}

    def read_predictions(self) -> Predictions | None:
        """Return what a model predicts, as it is on disk now; None where there is no ethogram.

        Raises
        ------
        EthogramError
            If it cannot be used.
        """
        path = self._reviewed.ethograms.get(self.recording.id)
        with self._lock:
            stamp, read = self.describe_predictions(), self._predictions
            if path is not None and (read is None or stamp != self._predictions_stamp):
                read = self._predictions = read_predictions(path, n_frames=self.frames.n_frames)
                self._predictions_stamp = stamp
            return read

    def describe_predictions(self) -> str:
        """Return a text that is another whenever the ethogram is; "" where there is none."""
        path = self._reviewed.ethograms.get(self.recording.id)
        # The last file of the record to be replaced.
        stamp = None if path is None else stamp_file(list_record(path, self.recording.id)[-1]) or stamp_file(path)
        return "" if stamp is None else f"{zlib.crc32(str(path).encode())}-{stamp[0]}-{stamp[1]}"

    def read_pose(self) -> tuple[tuple[str, ...], npt.NDArray[np.float32]] | None:
        """Return the body parts and their pose, float32 of shape (T, P + 1, 3) as x, y and likelihood; None where there is none.

        The last one is the centre of the crop, as features are computed around it.

        Raises
        ------
        PoseError
            If the pose cannot be used, or does not belong to the video.
        """
        if self.recording.pose is None:
            return None
        with self._lock:
            read = self._pose
            if read is None:
                read = self._pose = self._load_pose(self.recording.pose)
            return read

    @property
    def n_bytes(self) -> int:
        """How much memory predictions and pose take, which `release` lets go."""
        predictions, pose = self._predictions, self._pose
        return (0 if predictions is None else sum(level.nbytes for level in predictions.pyramid)) + (0 if pose is None else pose[1].nbytes)

    def release(self) -> None:
        """Keep neither predictions nor pose; they are read again when somebody asks for them."""
        self._predictions = self._pose = None

    def describe(self) -> dict[str, Any]:
        """Return what the page has to know of the video."""
        crop = None if self._reviewed.study is None else self._reviewed.study.crop
        return {
            "id": self.recording.id,
            "width": self.index.width,
            "height": self.index.height,
            "fps": self.index.fps,
            "crop_size": None if crop is None or crop.whole_frame else crop.size,
            "has_pose": self.recording.pose is not None,
            "has_predictions": self.recording.id in self._reviewed.ethograms,
            "raters": [rater for rater in self.recording.labels if rater != self.rater],
            "video": self.index.path.name,
            **self.describe_frames(),
        }

    def describe_frames(self) -> dict[str, Any]:
        """Return how far the video is known."""
        return {
            "n_frames": self.index.n_frames,
            "n_proven": self.index.n_proven,
            "is_complete": self.index.is_complete,
            "is_proven": self.index.is_proven,
            "is_contradicted": self.index.is_contradicted,
            "video_problem": None if self.index.problem is None else str(self.index.problem),
        }

    def close(self) -> None:
        """Put edits into the label file and close the video; OutputError if the former fails, the journal then has them."""
        with self._lock:
            self._is_closed = True
            try:
                if self._session is not None:
                    self._session.close()
            finally:
                self._session = None
                self.views.close()

    def _begin_session(self) -> LabelSession:
        reviewed, frames = self._reviewed, self.frames
        behaviors = reviewed.behaviors
        base = reviewed.recordings[self.recording.id].labels.get(self.rater)
        sources: Mapping[Bout, str] | None = None
        labels = Labels(np.full((frames.n_frames, len(behaviors)), -1, dtype=np.int8), behaviors)
        target = base
        if base is not None:
            # A file that another individual has, too, stays as it is.
            is_shared = base in reviewed.recordings[self.recording.id].shared_labels
            sources = None if is_shared else self._find_own_sources(base, behaviors)
            labels = self._read_labels(base, self.rater)
        if target is None or sources is None:
            # Another program's file, or a table of frames, is never changed.
            target = reviewed.choose_label_file(self.recording.id, self.rater)
            if target.exists():
                sources, labels = self._find_own_sources(target, behaviors), self._read_labels(target, self.rater)
            elif base is not None:
                name = base.name
                sources = {
                    Bout(start, stop, behavior): name
                    for column, behavior in enumerate(behaviors)
                    for start, stop in find_bouts(labels.values[:, column] == 1).tolist()
                }
        own = target
        return LabelSession(
            own,
            labels,
            read_again=lambda: self._read_labels(own, self.rater),
            sources=sources or {},
            exclusive=reviewed.settings.exclude(),
            note_written=lambda: reviewed.point_to_labels(self.recording.id, self.rater, own),
        )

    def _find_own_sources(self, path: Path, behaviors: Sequence[str]) -> Mapping[Bout, str] | None:
        """Return where the bouts of a table come from; None if it is not a table that can be written again with all it holds."""
        if recognise_labels(path) != _BOUT_TABLE:
            return None
        names = set(list_names(path).behaviors)
        is_renamed = bool(names & (set(self._reviewed.label_settings.map) | set(self._reviewed.label_settings.ignore)))
        return None if is_renamed or not names <= set(behaviors) else read_bout_sources(path)

    def _read_labels(self, path: Path, rater: str) -> Labels:
        reviewed = self._reviewed
        return read_rater_file(
            self.recording, path, rater, frames=self.frames, behaviors=reviewed.behaviors, settings=reviewed.label_settings
        )

    def _load_pose(self, path: Path) -> tuple[tuple[str, ...], npt.NDArray[np.float32]]:
        crop = None if self._reviewed.study is None else self._reviewed.study.crop
        inputs = RecordingInputs(self.recording)
        track = inputs.read_track(None) if crop is None else inputs.read_track(crop.individual, crop.pose_scale)
        track, _ = match_pose_to_frames(track, self.frames, path=path)
        pose = np.concatenate([track.positions, track.likelihoods[..., None]], axis=2)
        try:
            parts = (
                find_body_parts(track, crop.body_parts, path=path) if crop is not None and crop.body_parts else list(range(pose.shape[1]))
            )
        except BehaviorError:
            parts = list(range(pose.shape[1]))
        least = 0.6 if crop is None else crop.min_likelihood
        centers, is_measured = find_centers(track.positions[:, parts], track.likelihoods[:, parts], min_likelihood=least)
        center = np.concatenate([centers, is_measured[:, None]], axis=1)
        return (*track.body_parts, "crop centre"), np.concatenate([pose, center[:, None]], axis=1).astype(np.float32)
