"""The stream `pose`: where the body parts are, in the animal's own frame of reference, and how they move."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from behavior.config import POSE, Arena, Crop
from behavior.embedding.crop_reader import describe_video
from behavior.embedding.crop_windows import CropCenters
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.embedding.stream import Embedded, FeatureStream, FillJob
from behavior.errors import BehaviorError
from behavior.files.feature_cache import PART_ROWS, list_signatures
from behavior.files.feature_sources import Signature, Source
from behavior.files.frame_rows import VideoSummary
from behavior.files.pose import find_body_parts, match_pose_to_frames
from behavior.files.video import VideoReader, open_video
from behavior.frame_sampling import sample_frames
from behavior.progress import report_progress
from behavior.recording import Recording
from behavior.versions import collect_versions
from behavior.vision.pose_features import POSE_VERSION, describe_pose, name_pose_features

__all__ = ["PoseStream"]


class PoseStream(FeatureStream):
    """Where the body parts are, in the animal's own frame of reference, and how they move.

    Parameters
    ----------
    arena
        As in a study file; None leaves out the distances to the walls.
    """

    name = POSE

    def __init__(self, *, crop: Crop, arena: Arena | None, cache: Path, sampling: float | None = None) -> None:
        super().__init__(crop=crop, cache=cache, sampling=sampling)
        self._corners = np.array(arena.corners, dtype=np.float64) if arena is not None and arena.corners else None

    @property
    def _needs_pose(self) -> bool:
        return True

    def list_signatures(self, recording: Recording) -> tuple[Signature, ...]:
        """Return what the cached features of `recording` mean; its pose file, which is part of their source, tells the body parts."""
        stored = list_signatures(self._cache, recording.id, POSE)
        return tuple(signature for signature in stored if signature == self._sign(signature.settings.get("body_parts")))

    def _sign(self, body_parts: object) -> Signature:
        settings = {
            "version": POSE_VERSION,
            "body_parts": body_parts,
            "size": self._crop.size,
            "body_axis": [name.casefold() for name in self._crop.body_axis] if self._crop.body_axis else None,
            "walls": self._corners is not None,
            **self._sampling_settings,
        }
        return Signature(POSE, settings)

    def describe_source(self, recording: Recording) -> Source:
        """Return what the features of `recording` are made from."""
        source = super().describe_source(recording)
        corners = None if self._corners is None else self._corners.tolist()
        return Source(files=source.files, settings={**source.settings, "arena": corners})

    def _choose_signature(self, inputs: RecordingInputs, among: Sequence[Recording]) -> Signature:
        return self._sign([name.casefold() for name in inputs.read_track(self._crop.individual, self._crop.pose_scale).body_parts])

    def _fill(self, jobs: Sequence[FillJob]) -> list[Embedded | BehaviorError]:
        recordings = [job.inputs.recording for job in jobs]
        video_path = recordings[0].video
        assert video_path is not None
        title = recordings[0].id if len(jobs) == 1 else f"{len(jobs)} recordings of {video_path.name}"
        with (
            open_video(video_path) as video,
            report_progress(f"{self.name} of {title}", total=video.declared_frames, unit="frames") as advance,
        ):
            # The pose's times are those of the frames, which only decoding tells.
            summary = video.summarize()
            describe_video(video)
            advance(summary.n_frames)
        outcomes: list[Embedded | BehaviorError] = []
        for job in jobs:
            try:
                outcomes.append(self._fill_one(job, video, summary))
            except BehaviorError as error:
                outcomes.append(error)
        return outcomes

    def _fill_one(self, job: FillJob, video: VideoReader, summary: VideoSummary) -> Embedded:
        inputs, writer, path = job.inputs, job.writer, job.inputs.recording.pose
        assert path is not None
        crop = self._crop
        notes = [*describe_video(video, sampling=self._sampling), *self._describe_sampling(video.path, summary.time_s)]
        track, note = match_pose_to_frames(inputs.read_track(crop.individual, crop.pose_scale), summary.frames, path=path)
        notes += [note] if note else []
        origin = find_body_parts(track, crop.body_parts, path=path)
        axis = find_body_parts(track, crop.body_axis, path=path) if crop.body_axis else None
        crop_centers = CropCenters(track, origin, min_likelihood=crop.min_likelihood, size=(video.width, video.height))
        crop_centers.require_any(path, parts=crop.body_parts, min_likelihood=crop.min_likelihood)
        features = describe_pose(
            track.positions,
            track.likelihoods,
            fps=summary.fps,
            origin=origin,
            axis=(axis[0], axis[1]) if axis else None,
            min_likelihood=crop.min_likelihood,
            size=crop.size,
            arena=self._corners,
        )
        said = {"consequence": "its pose there is a guess", "individual": inputs.recording.individual}
        notes += crop_centers.describe(path, n_frames=len(features), **said)
        decoded = np.ones(len(features), dtype=bool)
        decoded[list(summary.undecodable)] = False
        # Movement is that between frames, however few of them are kept.
        frames = np.arange(len(features)) if self._sampling is None else sample_frames(summary.time_s, self._sampling)
        for start in range(writer.n_rows, len(frames), PART_ROWS):
            rows = frames[start : start + PART_ROWS]
            writer.add_part(
                features=features[rows],
                centers=crop_centers.centers[rows],
                measured=crop_centers.measured[rows] & decoded[rows],
                # Pose knows of frames whose picture is lost.
                decoded=np.ones(len(features[rows]), dtype=bool),
                time_s=summary.time_s[rows],
            )
        names = name_pose_features(track.body_parts, has_axis=axis is not None, has_arena=self._corners is not None)
        attributes = {
            "columns": list(names),
            "versions": collect_versions(),
            "broke_off": summary.broke_off,
            "body_parts": list(crop.body_parts),
        }
        sampled = None if self._sampling is None else (frames, summary.time_s)
        n_frames = writer.finish(nominal_fps=video.nominal_fps, notes=notes, attributes=attributes, sampled=sampled)
        return Embedded(n_frames, tuple(notes))
