"""The stream `pose`: where the body parts are, in the animal's own frame of reference, and how they move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.config import NEAREST, POSE, Arena, Crop, PoseFiles
from behavior.embedding.crop_reader import describe_video
from behavior.embedding.crop_windows import CropCenters, describe_growths
from behavior.embedding.other_animals import OtherAnimals, describe_others
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.embedding.stream import Embedded, FeatureStream, FillJob
from behavior.errors import BehaviorError, PoseError
from behavior.files.feature_cache import PART_ROWS, list_signatures
from behavior.files.feature_sources import Signature, Source
from behavior.files.pose import find_body_parts, match_pose_to_frames
from behavior.files.pose_frames import place_on_frames
from behavior.files.video import open_video
from behavior.frame_sampling import sample_frames
from behavior.progress import report_progress
from behavior.recording import Frames, Recording, Track
from behavior.versions import collect_versions
from behavior.vision.frame_measures import measure_pose
from behavior.vision.pose_features import POSE_VERSION, describe_pose, name_pose_features
from behavior.vision.social_features import SOCIAL_VERSION, PosedAnimal, describe_social, name_social_features

__all__ = ["PoseStream"]


@dataclass(frozen=True)
class _Shown:
    """The frames that the pose at hand is about, as a video or, where there is none, the pose itself tells them.

    Attributes
    ----------
    path
        What tells them.
    size
        Width and height of the picture in pixels; None where there is none.
    undecodable
        Frames whose picture is lost.
    """

    path: Path
    frames: Frames
    fps: float
    nominal_fps: float
    notes: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    undecodable: tuple[int, ...] = ()

    def match(self, track: Track, path: Path) -> tuple[Track, list[str]]:
        """Return the track of the pose file at `path` with a row for each frame, and notes."""
        if self.size is None:
            return place_on_frames(track, self.frames, path=path)
        matched, note = match_pose_to_frames(track, self.frames, path=path)
        return matched, [note] if note else []


class PoseStream(FeatureStream):
    """Where the body parts are, in the animal's own frame of reference, and how they move.

    Parameters
    ----------
    arena
        As in a study file; None leaves out the distances to the walls.
    pose
        As in a study file: which other animals are described; None for none.
    """

    name = POSE

    def __init__(
        self, *, crop: Crop, arena: Arena | None, cache: Path, sampling: float | None = None, pose: PoseFiles | None = None
    ) -> None:
        super().__init__(crop=crop, cache=cache, sampling=sampling)
        self._pose = pose or PoseFiles()
        self._corners = np.array(arena.corners, dtype=np.float64) if arena is not None and arena.corners else None

    @property
    def _needs_pose(self) -> bool:
        return True

    @property
    def _needs_video(self) -> bool:
        return False

    def list_signatures(self, recording: Recording) -> tuple[Signature, ...]:
        """Return what the cached features of `recording` mean; its pose file, which is part of their source, tells the body parts."""
        stored = list_signatures(self._cache, recording.id, POSE)
        return tuple(signature for signature in stored if signature == self._sign(signature.settings))

    def _sign(self, known: Mapping[str, Any]) -> Signature:
        """Return what the features mean, of the body parts that are `known`: those of the animal, and in `others` those of each other."""
        others: dict[str, Any] = {}
        if self._pose.others is not None:
            of_others = known.get("others", {})
            parts = of_others.get("body_parts", ()) if isinstance(of_others, dict) else ()
            others["others"] = {"version": SOCIAL_VERSION, **describe_others(self._pose, parts)}
        settings = {
            "version": POSE_VERSION,
            "body_parts": known.get("body_parts"),
            "size": self._crop.size,
            "body_axis": [name.casefold() for name in self._crop.body_axis] if self._crop.body_axis else None,
            "walls": self._corners is not None,
            **self._sampling_settings,
            **others,
        }
        return Signature(POSE, settings)

    def describe_source(self, recording: Recording) -> Source:
        """Return what the features of `recording` are made from."""
        source = super().describe_source(recording)
        corners = None if self._corners is None else self._corners.tolist()
        # The rate that speeds are by, where no video tells it; times in a file are rounded.
        rate = {} if recording.video is not None else {"fps": None if recording.fps is None else float(f"{recording.fps:.6g}")}
        # Which animals they are, but not in the signature: in another video they may be called otherwise.
        asked = self._pose.others
        others = {} if asked is None else {"others": asked if asked == NEAREST else [name.casefold() for name in self._pose.other_names]}
        return Source(files=source.files, settings={**source.settings, "arena": corners, **rate, **others})

    def _choose_signature(self, inputs: RecordingInputs, among: Sequence[Recording]) -> Signature:
        track = inputs.read_track(self._crop.individual, self._crop.pose_scale)
        others = inputs.read_others(self._crop, self._pose)
        body_parts = [name.casefold() for name in track.body_parts]
        return self._sign({"body_parts": body_parts, "others": {"body_parts": others.body_parts if others is not None else ()}})

    def _fill(self, jobs: Sequence[FillJob]) -> list[Embedded | BehaviorError]:
        recordings = [job.inputs.recording for job in jobs]
        video = recordings[0].video
        shown = None if video is None else self._look_at_video(video, recordings)
        outcomes: list[Embedded | BehaviorError] = []
        for job in jobs:
            try:
                outcomes.append(self._fill_one(job, shown or self._look_at_pose(job.inputs)))
            except BehaviorError as error:
                outcomes.append(error)
        return outcomes

    def _look_at_video(self, path: Path, recordings: Sequence[Recording]) -> _Shown:
        title = recordings[0].id if len(recordings) == 1 else f"{len(recordings)} recordings of {path.name}"
        with open_video(path) as video, report_progress(f"{self.name} of {title}", total=video.declared_frames, unit="frames") as advance:
            # The pose's times are those of the frames, which only decoding tells.
            summary = video.summarize()
            notes = describe_video(video, sampling=self._sampling)
            advance(summary.n_frames)
        size = (video.width, video.height)
        return _Shown(path, summary.frames, summary.fps, video.nominal_fps, tuple(notes), size, tuple(summary.undecodable))

    def _look_at_pose(self, inputs: RecordingInputs) -> _Shown:
        known = inputs.find_pose_frames()
        assert inputs.recording.pose is not None
        return _Shown(inputs.recording.pose, known.frames, known.fps, known.fps, known.notes)

    def _fill_one(self, job: FillJob, shown: _Shown) -> Embedded:
        inputs, writer, path = job.inputs, job.writer, job.inputs.recording.pose
        assert path is not None and shown.frames.time_s is not None
        crop, time_s = self._crop, shown.frames.time_s
        notes = [*shown.notes, *self._describe_sampling(shown.path, time_s)]
        track, matching_notes = shown.match(inputs.read_track(crop.individual, crop.pose_scale), path)
        notes += matching_notes
        origin = find_body_parts(track, crop.body_parts, path=path)
        axis = find_body_parts(track, crop.body_axis, path=path) if crop.body_axis else None
        crop_centers = CropCenters(track, origin, min_likelihood=crop.min_likelihood, size=shown.size)
        crop_centers.require_any(path, parts=crop.body_parts, min_likelihood=crop.min_likelihood)
        own = PosedAnimal(track.positions, track.likelihoods, origin, (axis[0], axis[1]) if axis else None)
        features, names, other_notes = self._describe_animal(own, track.body_parts, inputs, shown)
        notes += other_notes
        notes += crop_centers.describe(
            path, n_frames=len(features), consequence="its pose there is a guess", individual=inputs.recording.individual
        )
        measures = measure_pose(own.positions, own.likelihoods, min_likelihood=crop.min_likelihood)
        decoded = np.ones(len(features), dtype=bool)
        decoded[list(shown.undecodable)] = False
        # Movement is that between frames, however few of them are kept.
        frames = np.arange(len(features)) if self._sampling is None else sample_frames(time_s, self._sampling)
        for start in range(writer.n_rows, len(frames), PART_ROWS):
            rows = frames[start : start + PART_ROWS]
            writer.add_part(
                features=features[rows],
                centers=crop_centers.centers[rows],
                measured=crop_centers.measured[rows] & decoded[rows],
                # Pose knows of frames whose picture is lost.
                decoded=np.ones(len(features[rows]), dtype=bool),
                time_s=time_s[rows],
                measures=np.concatenate([np.full((len(rows), 4), np.nan), measures[rows]], axis=1, dtype=np.float32),
            )
        attributes = {
            "columns": list(names),
            "versions": collect_versions(),
            "broke_off": shown.frames.broke_off,
            "body_parts": list(crop.body_parts),
            **describe_growths(track, min_likelihood=crop.min_likelihood),
            **job.describe_effort(),
        }
        sampled = None if self._sampling is None else (frames, time_s)
        n_frames = writer.finish(nominal_fps=shown.nominal_fps, notes=notes, attributes=attributes, sampled=sampled)
        return Embedded(n_frames, tuple(notes))

    def _describe_animal(
        self, own: PosedAnimal, body_parts: Sequence[str], inputs: RecordingInputs, shown: _Shown
    ) -> tuple[npt.NDArray[np.float32], tuple[str, ...], list[str]]:
        """Return the features of an animal, and of the others that the study names, float32 (T, D), the names of the columns, and notes."""
        crop, has_axis = self._crop, own.axis is not None
        features = describe_pose(
            own.positions,
            own.likelihoods,
            origin=own.origin,
            axis=own.axis,
            arena=self._corners,
            fps=shown.fps,
            min_likelihood=crop.min_likelihood,
            size=crop.size,
        )
        names = name_pose_features(body_parts, has_axis=has_axis, has_arena=self._corners is not None)
        others = inputs.read_others(crop, self._pose)
        if others is None:
            return features, names, []
        posed, notes = self._pose_others(others, shown, inputs.recording)
        social = describe_social(
            own, posed, takes_nearest=others.takes_nearest, fps=shown.fps, min_likelihood=crop.min_likelihood, size=crop.size
        )
        other_parts = [one.body_parts for one in others.tracks]
        social_names = name_social_features(body_parts, other_parts, has_axis=has_axis, takes_nearest=others.takes_nearest)
        return np.concatenate((features, social), axis=1), names + social_names, notes

    def _pose_others(self, others: OtherAnimals, shown: _Shown, recording: Recording) -> tuple[list[PosedAnimal], list[str]]:
        """Return the poses of other animals in the same frames, and notes on those that are lost in many and no recordings of their own.

        Raises
        ------
        PoseError
            If one has other body parts than are needed, or is never found.
        """
        crop, path = self._crop, recording.pose
        assert path is not None
        if others.takes_nearest and len({tuple(parts) for parts in others.body_parts}) > 1:
            raise PoseError(
                f"{path}: {', '.join(others.names)} have different body parts, so the nearest cannot stand for each of them; name the "
                "others in pose.others."
            )
        posed: list[PosedAnimal] = []
        notes: list[str] = []
        for name, track in zip(others.names, others.tracks, strict=True):
            # Its rows were matched before, with the animal's own.
            matched, _ = shown.match(track, path)
            origin = find_body_parts(matched, crop.body_parts, path=path)
            axis = find_body_parts(matched, crop.body_axis, path=path) if crop.body_axis else None
            centers = CropCenters(matched, origin, min_likelihood=crop.min_likelihood, size=shown.size)
            if not others.takes_nearest and not centers.measured.any():
                raise PoseError(
                    f"{path}: {name} is not found in any frame (a likelihood of {crop.min_likelihood:g} is asked for), and the study needs "
                    "its pose; leave it out of pose: {others}, or leave the recording out."
                )
            if name not in recording.companions.values():
                notes += centers.describe(path, n_frames=len(matched), consequence="what is said of it there is a guess", individual=name)
            posed.append(PosedAnimal(matched.positions, matched.likelihoods, origin, (axis[0], axis[1]) if axis else None))
        return posed, notes
