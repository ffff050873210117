"""`behavior check`: what a careful colleague would look at before a night of computing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.config import APPEARANCE, MADE_STREAMS, POSE, Crop, Study
from behavior.embedding.crop_reader import Places, describe_video
from behavior.errors import BehaviorError, LabelError, PoseError, VideoError
from behavior.files.annotations import recognise_labels
from behavior.files.feature_cache import find_imported, read_features
from behavior.files.feature_sources import hash_file
from behavior.files.manifest import select_labels
from behavior.files.pose import find_body_parts, match_pose_to_frames, read_pose
from behavior.files.study import open_study
from behavior.files.video import VideoReader, open_video
from behavior.learning.label_reading import read_labels_of
from behavior.progress import show_progress
from behavior.recording import Labels, Recording, have_same_rate
from behavior.reporting.check_result import Checked, Problem, StudyCheck
from behavior.vision.backbones import IMAGENET, find_backbone, identify_weights, imagenet_path

__all__ = ["check_study"]


@dataclass(frozen=True)
class _Frames:
    """When a recording's frames are, whether its video breaks off, and the video, which has been read; None where there is none."""

    time_s: npt.NDArray[np.float64]
    broke_off: bool = False
    video: VideoReader | None = None


def check_study(path: Path) -> StudyCheck:
    """Decode every video of the study at `path` and hold pose, labels and class balance against it.

    Raises
    ------
    UsageError
        If the study file or the manifest cannot be used at all.
    """
    study, recordings = open_study(path)
    report = StudyCheck(needs_embedding=any(name in MADE_STREAMS for name in study.streams))
    checker = _Checker(study, report)
    checker.check_weights()
    with show_progress("checking", total=len(recordings), unit="recordings") as advance:
        for recording in recordings:
            checker.check_recording(recording)
            advance(1)
    checker.check_balance()
    checker.check_rates()
    return report


class _Checker:
    """Collects the report; every check notes what it finds and goes on."""

    def __init__(self, study: Study, report: StudyCheck) -> None:
        self._study = study
        self._report = report
        self._videos: dict[Path, str] = {}
        self._labels: dict[str, Labels] = {}

    def _note(self, recording: str, message: object, *, is_error: bool) -> None:
        self._report.problems.append(Problem(recording, str(message), is_error))

    @property
    def _needs_pose(self) -> bool:
        """Whether some stream of the study is made from pose."""
        made = [name for name in self._study.streams if name in MADE_STREAMS]
        return self._study.crop is not None and (POSE in made or (bool(made) and not self._study.crop.whole_frame))

    def check_weights(self) -> None:
        backbone = self._study.backbone
        if APPEARANCE not in self._study.streams:
            return
        try:
            specification = find_backbone(backbone.name, weights=backbone.weights, preprocessing=backbone.preprocessing)
            identify_weights(specification, backbone.weights, hash_file=hash_file)
        except BehaviorError as error:
            self._note("", error, is_error=True)
            return
        if backbone.weights == IMAGENET and not imagenet_path(specification).is_file():
            message = f"{imagenet_path(specification)} is not there yet; `behavior embed` will download it, which needs internet."
            self._note("", message, is_error=False)

    def check_recording(self, recording: Recording) -> None:
        found = Checked(recording.id, recording.split)
        self._report.recordings.append(found)
        try:
            frames = self._check_frames(recording, found)
        except BehaviorError as error:
            self._note(recording.id, error, is_error=True)
            return
        try:
            if self._needs_pose and self._study.crop is not None and frames.video is not None:
                self._check_pose(recording, found, self._study.crop, frames, frames.video)
        except BehaviorError as error:
            self._note(recording.id, error, is_error=True)
        self._check_labels(recording, found, frames)

    def _check_frames(self, recording: Recording, found: Checked) -> _Frames:
        imported = [name for name in self._study.streams if name not in MADE_STREAMS]
        sets = {name: read_features(find_imported(self._study.cache, recording.id, name)) for name in imported}
        if len(imported) == len(self._study.streams):
            features = sets[imported[0]]
            found.n_frames, found.fps = len(features), features.fps
            frames = _Frames(features.time_s)
        else:
            if recording.video is None:
                raise VideoError(f"recording {recording.id!r} has no video; name one in the manifest, or import its features.")
            resolved = recording.video.resolve()
            if resolved in self._videos:
                message = f"{recording.video}: is also the video of {self._videos[resolved]!r}; one of the two is probably a slip."
                self._note(recording.id, message, is_error=False)
            self._videos[resolved] = recording.id
            with open_video(recording.video) as video:
                summary = video.summarize()
            self._check_video(recording, video)
            found.n_frames, found.fps = summary.n_frames, summary.fps
            frames = _Frames(summary.time_s, summary.broke_off, video)
        for name, features in sets.items():
            if len(features) != len(frames.time_s):
                message = f"its imported features {name!r} have {len(features)} rows, expected {len(frames.time_s)}; import them again."
                self._note(recording.id, message, is_error=True)
        return frames

    def _check_video(self, recording: Recording, video: VideoReader) -> None:
        for note in describe_video(video):
            self._note(recording.id, note, is_error=False)
        declared, decoded = video.declared_frames, video.n_frames
        if not video.broke_off and declared is not None and declared != decoded:
            message = f"{video.path}: its header says {declared} frames, {decoded} decode; the decoded ones count."
            self._note(recording.id, message, is_error=False)
        crop = self._study.crop
        if crop is not None and not crop.whole_frame and min(video.width, video.height) < crop.size:
            message = (
                f"{video.path}: frames of {video.width} x {video.height} pixels are smaller than the crop of {crop.size}; they are padded."
            )
            self._note(recording.id, message, is_error=False)

    def _check_pose(self, recording: Recording, found: Checked, crop: Crop, frames: _Frames, video: VideoReader) -> None:
        if recording.pose is None:
            raise PoseError(f"recording {recording.id!r} has no pose; name its file in the manifest, or set crop: {{whole_frame: true}}.")
        if not recording.pose.is_file():
            raise PoseError(f"{recording.pose}: no such pose file; correct the path in the manifest or put the file there.")
        track = read_pose(recording.pose, individual=crop.individual)
        found.pose_rows = len(track)
        parts = find_body_parts(track, crop.body_parts, path=recording.pose)
        if crop.body_axis is not None:
            find_body_parts(track, crop.body_axis, path=recording.pose)
        n_frames = len(frames.time_s)
        _, warning = match_pose_to_frames(track, n_frames, path=recording.pose, broke_off=frames.broke_off)
        if warning:
            self._note(recording.id, warning, is_error=False)
        places = Places(track, parts, min_likelihood=crop.min_likelihood, video=video)
        found.measured = float(places.measured[:n_frames].mean()) if len(track) else 0.0
        consequence = f"look at {' and '.join(crop.body_parts)} and its likelihood ({crop.min_likelihood:g} is asked for)"
        for note in places.describe(recording.pose, n_frames=n_frames, consequence=consequence):
            self._note(recording.id, note, is_error=False)

    def _check_labels(self, recording: Recording, found: Checked, frames: _Frames) -> None:
        chosen: Path | None = None
        try:
            chosen = select_labels(recording)
        except BehaviorError as error:
            self._note(recording.id, error, is_error=True)
        if not recording.labels and recording.split == "test":
            self._note(recording.id, "has split=test but no labels; it is never scored.", is_error=False)
        for rater, path in recording.labels.items():
            try:
                if not path.is_file():
                    raise LabelError(f"{path}: no such label file; correct the path in the manifest or put the file there.")
                labels, warnings = read_labels_of(
                    recording.id,
                    path,
                    self._study.behaviors,
                    settings=self._study.labels,
                    n_frames=len(frames.time_s),
                    time_s=frames.time_s,
                    broke_off=frames.broke_off,
                    video=recording.video,
                    rater=rater,
                )
            except BehaviorError as error:
                self._note(recording.id, error, is_error=True)
                continue
            for warning in warnings:
                self._note(recording.id, warning, is_error=False)
            if path == chosen:
                self._labels[recording.id] = labels
                found.label_format = recognise_labels(path)
                for name, column in zip(labels.behaviors, labels.values.T, strict=True):
                    labelled = column[column >= 0]
                    found.positives[name] = float((labelled == 1).mean()) if len(labelled) else float("nan")
                found.labelled = float((labels.values >= 0).any(axis=1).mean())
                if not found.labelled:
                    self._note(recording.id, f"{path}: labels no frame at all; nothing can be learned from it.", is_error=False)

    def check_balance(self) -> None:
        training = [found.recording for found in self._report.recordings if found.split == "train" and found.recording in self._labels]
        if not training:
            message = "no training recording has labels that can be used: it can be embedded and annotated, but not learned from."
            self._note("", message, is_error=False)
            return
        if len(training) == 1:
            message = f"only {training[0]!r} has labels to learn from; cross-validation needs two, and training has none to stop early on."
            self._note("", message, is_error=False)
        for column, name in enumerate(self._study.behaviors):
            having = [recording for recording in training if (self._labels[recording].values[:, column] == 1).any()]
            if not having:
                self._note("", f"{name} is never seen in the training recordings; it gets no model.", is_error=False)
            elif len(having) == 1 and len(training) > 1:
                message = f"{name} is seen in {having[0]!r} alone; the fold that leaves it out cannot learn it."
                self._note("", message, is_error=False)

    def check_rates(self) -> None:
        rates = {found.recording: found.fps for found in self._report.recordings if found.fps}
        if not rates:
            return
        usual = float(np.median(list(rates.values())))
        for recording, fps in rates.items():
            if not have_same_rate(fps, usual):
                message = f"has {fps:.4g} frames per second, the others {usual:.4g}; one model needs one rate."
                self._note(recording, message, is_error=True)
