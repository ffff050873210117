"""Checking a study before a night of computing: weights, videos, pose, labels, class balance and frame rates."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.config import APPEARANCE, MADE_STREAMS, POSE, Backbone, Study, list_views, split_stream
from behavior.embedding.backbone_settings import find_chosen_backbone, find_models_folder, is_known
from behavior.embedding.crop_reader import describe_video
from behavior.errors import BehaviorError, LabelError, advise_on_missing
from behavior.files.feature_sources import hash_file
from behavior.files.labels import recognise_labels
from behavior.files.manifest import select_labels
from behavior.files.needed_files import require_video
from behavior.files.pose import PoseFile
from behavior.files.pose_frames import find_pose_frames
from behavior.files.video import VideoReader, open_video
from behavior.frame_times import have_same_rate
from behavior.learning.crossval_digest import list_feature_kinds
from behavior.learning.label_reading import read_labels_of
from behavior.learning.recording_features import RecordingFeatures
from behavior.progress import report_progress
from behavior.recording import Frames, Labels, Recording
from behavior.reporting.check_result import CheckedRecording, Problem, StudyCheck
from behavior.reporting.feature_check import FeatureKind, outline_imported, outline_recording, prepare_kinds
from behavior.reporting.pose_check import PoseCheck, check_pose, open_pose_of
from behavior.reporting.refusals import list_study_refusals
from behavior.reporting.view_check import check_view_names, check_views
from behavior.vision.backbone_weights import IMAGENET, identify_weights, imagenet_path

__all__ = ["RecordingCheck", "SeenFiles", "check_balance", "check_rates", "check_recording", "check_recordings", "check_weights"]

_ADVICE = "correct the path in the manifest or put the file there"


@dataclass(frozen=True)
class RecordingCheck:
    """What there is of one recording.

    Attributes
    ----------
    summary
        Its row of the report.
    problems
        What is wrong with it.
    labels
        Those to train on; None where there are none to use.
    outlines
        Its features without their numbers, for each choice of features; None where they are not all in the cache.
    time_s
        Times of its frames in seconds, shape (T,); None where they are not known.
    """

    summary: CheckedRecording
    problems: Sequence[Problem]
    labels: Labels | None
    outlines: Sequence[RecordingFeatures | None]
    time_s: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True)
class _FrameCheck:
    """A recording's frames, and the size of its video's picture; None where there is none, or its features are imported."""

    frames: Frames
    fps: float
    size: tuple[int, int] | None = None
    problems: Sequence[Problem] = ()


@dataclass
class SeenFiles:
    """What was read for the recordings before: the frames of videos, by path, and the pose file of the last one."""

    frames: dict[Path, _FrameCheck] = field(default_factory=dict)
    pose: PoseFile | None = None


@dataclass(frozen=True)
class _LabelCheck:
    """The labels to train on, None where they cannot be used, and their file's format."""

    labels: Labels | None = None
    format: str = ""
    problems: Sequence[Problem] = field(default_factory=tuple)


def check_recordings(study: Study, recordings: Sequence[Recording], *, source: Path, searched: Sequence[Study] = ()) -> StudyCheck:
    """Decode every video of a study and compare pose, labels and class balance with it; what is wrong never stops the rest.

    What `crossval` and `train` would refuse is an error, in their own words.

    Parameters
    ----------
    source
        The study file.
    searched
        Studies with the other choices of features that a search tries.
    """
    kinds = prepare_kinds([*list_feature_kinds(study), *searched])
    problems = list(dict.fromkeys(problem for kind in kinds for problem in check_weights(kind.study)))
    checked: list[CheckedRecording] = []
    labels: dict[str, Labels] = {}
    times: dict[str, npt.NDArray[np.float64]] = {}
    outlines: list[dict[str, RecordingFeatures]] = [{} for _ in kinds]
    shared, seen = _find_shared_videos(study, recordings), SeenFiles()
    with report_progress("checking", total=len(recordings), unit="recordings") as advance:
        for recording in recordings:
            result = check_recording(study, recording, kinds, seen)
            problems += [*shared.get(recording.id, ()), *result.problems]
            checked.append(result.summary)
            if result.labels is not None:
                labels[recording.id] = result.labels
                times[recording.id] = np.arange(len(result.labels), dtype=np.float64) if result.time_s is None else result.time_s
            for by_recording, outline in zip(outlines, result.outlines, strict=True):
                if outline is not None:
                    by_recording[recording.id] = outline
            advance(1)
    training = {check.recording: labels[check.recording] for check in checked if check.split == "train" and check.recording in labels}
    problems += check_balance(study.behaviors, training)
    rates = {check.recording: check.fps for check in checked if check.fps}
    if study.sampling is None:
        problems += check_rates(rates)
    refusals = list_study_refusals(study, recordings, labels, rates, times, outlines, source=source)
    problems += [Problem.error("", message) for message in refusals]
    problems += check_view_names(study, recordings)
    return StudyCheck(any(split_stream(name)[0] in MADE_STREAMS for name in study.streams), checked, problems)


def check_weights(study: Study) -> list[Problem]:
    """Return what is wrong with the backbone's weights, or that they have to be downloaded."""
    problems: list[Problem] = []
    for name in study.streams:
        stream, view = split_stream(name)
        if stream == APPEARANCE:
            other = study.views.others.get(view) if study.views is not None else None
            problems += _check_backbone(study, study.backbone if other is None or other.backbone is None else other.backbone)
    return list(dict.fromkeys(problems))


def _check_backbone(study: Study, backbone: Backbone) -> list[Problem]:
    try:
        models = find_models_folder(study.cache)
        if not is_known(backbone, models=models):
            message = f"{backbone.name} was not looked at yet; `behavior embed` will, and download its weights, which needs internet."
            return [Problem.warning("", message)]
        specification = find_chosen_backbone(backbone, models=models)
        identify_weights(specification, backbone.weights, hash_file=hash_file)
    except BehaviorError as error:
        return [Problem.error("", error)]
    if backbone.weights == IMAGENET and not imagenet_path(specification).is_file():
        message = f"{imagenet_path(specification)} is not there yet; `behavior embed` will download it, which needs internet."
        return [Problem.warning("", message)]
    return []


def check_recording(study: Study, recording: Recording, kinds: Sequence[FeatureKind], seen: SeenFiles | None = None) -> RecordingCheck:
    """Return what there is of a recording, and what is wrong with it.

    `seen` holds what was read for recordings before, so that a video of several individuals is decoded, and described, once.
    """
    seen = seen or SeenFiles()
    check = CheckedRecording(recording.id, recording.split)
    nothing = [None for _ in kinds]
    try:
        frame_check = _check_frames(study, recording, seen)
    except BehaviorError as error:
        return RecordingCheck(check, [Problem.error(recording.id, error)], None, nothing)
    frames = frame_check.frames
    views, view_problems = check_views(study, recording, frames)
    problems = [*frame_check.problems, *view_problems]
    outlines: list[RecordingFeatures | None] = []
    for kind in kinds:
        try:
            outlines.append(outline_recording(kind, recording, frames, frame_check.fps))
        except BehaviorError as error:
            outlines.append(None)
            problems.append(Problem.error(recording.id, error))
    pose = PoseCheck()
    if study.crop is not None and _needs_pose(study):
        settings = study.pose if POSE in study.streams else None
        pose = check_pose(recording, study.crop, frames, frame_check.size, open_file=lambda: _open_pose(recording, seen), settings=settings)
        problems += pose.problems
    labels = _check_labels(study, recording, frames)
    problems += labels.problems
    check = replace(check, n_frames=frames.n_frames, fps=frame_check.fps, pose_rows=pose.n_rows, measured=pose.measured, views=views)
    if labels.labels is not None:
        check = replace(
            check,
            labelled=float((labels.labels.values >= 0).any(axis=1).mean()),
            positives=_measure_positives(labels.labels),
            label_format=labels.format,
        )
    return RecordingCheck(check, problems, labels.labels, outlines, frames.time_s)


def check_balance(behaviors: Sequence[str], training: Mapping[str, Labels]) -> list[Problem]:
    """Return what keeps behaviors from being learned or cross-validated.

    Parameters
    ----------
    training
        Labels by training recording, with a column for each of `behaviors`.

    Examples
    --------
    >>> rear = Labels(np.array([[1], [0]], dtype=np.int8), ("rear",))
    >>> [problem.message for problem in check_balance(["rear"], {"a": rear, "b": Labels(0 * rear.values, ("rear",))})]
    ["rear is seen in 'a' alone; the fold that leaves it out cannot learn it."]
    """
    problems = []
    for column, name in enumerate(behaviors):
        having = [recording for recording, labels in training.items() if (labels.values[:, column] == 1).any()]
        if training and not having:
            problems.append(Problem.warning("", f"{name} is never seen in the training recordings; it gets no model."))
        elif training and not any((labels.values[:, column] == 0).any() for labels in training.values()):
            problems.append(Problem.warning("", f"{name} is seen in every labelled frame of the training recordings; it gets no model."))
        elif len(having) == 1 and len(training) > 1:
            message = f"{name} is seen in {having[0]!r} alone; the fold that leaves it out cannot learn it."
            problems.append(Problem.warning("", message))
    return problems


def check_rates(rates: Mapping[str, float]) -> list[Problem]:
    """Return an error for each recording whose frames per second differ from most others', which one model cannot use together.

    Parameters
    ----------
    rates
        Frames per second, by recording.

    Examples
    --------
    >>> [problem.recording for problem in check_rates({"a": 25.0, "b": 25.0, "c": 30.0})]
    ['c']
    """
    if not rates:
        return []
    usual = float(np.median(list(rates.values())))
    advice = f"one model needs one rate, which sampling: {{fps: {min(*rates.values(), 10.0):.4g}}} in the study file gives"
    return [
        Problem.error(recording, f"has {fps:.4g} frames per second, the others {usual:.4g}; {advice}.")
        for recording, fps in rates.items()
        if not have_same_rate(fps, usual)
    ]


def _find_shared_videos(study: Study, recordings: Sequence[Recording]) -> dict[str, list[Problem]]:
    """Return a warning for each recording whose video is that of one before it too, by id; none where no video is read."""
    if not _list_made(study):
        return {}
    first_with: dict[Path, Recording] = {}
    problems = {}
    for recording in recordings:
        if recording.video is None:
            continue
        resolved = Path(os.path.realpath(recording.video))
        if resolved in first_with:
            other = first_with[resolved]
            message = f"{recording.video}: is also the video of {other.id!r}; one of the two is probably a slip."
            if recording.individual and other.individual and recording.individual != other.individual:
                # Animals of one video, which cross-validation keeps together.
                continue
            problems[recording.id] = [Problem.warning(recording.id, message)]
        first_with[resolved] = recording
    return problems


def _list_made(study: Study) -> list[str]:
    """Return the streams that are computed and not imported."""
    return [name for name in list_views(study.streams).get("", []) if name in MADE_STREAMS]


def _needs_pose(study: Study) -> bool:
    """Tell whether some stream of the study is computed from pose."""
    made = _list_made(study)
    return study.crop is not None and (POSE in made or (bool(made) and not study.crop.whole_frame))


def _check_frames(study: Study, recording: Recording, seen: SeenFiles) -> _FrameCheck:
    """Read a recording's video, or its imported features where the study needs no video."""
    if not _list_made(study):
        features = outline_imported(study, recording)
        return _FrameCheck(Frames.from_times(features.time_s), features.fps)
    if recording.video is None:
        return _check_frames_of_pose(study, recording, seen)
    path = Path(os.path.realpath(recording.video))
    if path in seen.frames:
        return replace(seen.frames[path], problems=())
    with open_video(recording.video) as video:
        summary = video.summarize()
    checked = _FrameCheck(summary.frames, summary.fps, (video.width, video.height), _check_video(recording, video, study))
    if recording.companions:
        seen.frames[path] = checked
    return checked


def _check_frames_of_pose(study: Study, recording: Recording, seen: SeenFiles) -> _FrameCheck:
    """Return the frames of a recording without a video, and which streams need one."""
    if POSE not in study.streams:
        require_video(recording)
    known = find_pose_frames(_open_pose(recording, seen), recording.fps)
    lacking = [name for name in _list_made(study) if name != POSE]
    problems = [Problem.warning(recording.id, note) for note in known.notes]
    if lacking:
        verb = "needs" if len(lacking) == 1 else "need"
        message = f"has no video, which {' and '.join(lacking)} {verb}; name one in the manifest, or take streams: [pose] alone."
        problems.append(Problem.error(recording.id, message))
    return _FrameCheck(known.frames, known.fps, None, problems)


def _check_video(recording: Recording, video: VideoReader, study: Study) -> list[Problem]:
    messages = list(describe_video(video, sampling=study.sampling_fps))
    crop = study.crop
    declared, decoded = video.declared_frames, video.n_frames
    if not video.broke_off and declared is not None and declared != decoded:
        messages.append(f"{video.path}: its header says {declared} frames, {decoded} decode; the decoded ones count.")
    if crop is not None and not crop.whole_frame and min(video.width, video.height) < crop.size:
        messages.append(
            f"{video.path}: frames of {video.width} x {video.height} pixels are smaller than the crop of {crop.size}; they are padded."
        )
    return [Problem.warning(recording.id, message) for message in messages]


def _open_pose(recording: Recording, seen: SeenFiles) -> PoseFile:
    """Return the pose file of a recording, that of the one before where it is the same."""
    if seen.pose is None or seen.pose.path != recording.pose:
        seen.pose = open_pose_of(recording)
    return seen.pose


def _check_labels(study: Study, recording: Recording, frames: Frames) -> _LabelCheck:
    """Read the label files of all raters; the labels returned are those that count."""
    problems: list[Problem] = []
    chosen: Path | None = None
    try:
        chosen = select_labels(recording)
    except BehaviorError as error:
        problems.append(Problem.error(recording.id, error))
    if not recording.labels and recording.split == "test":
        problems.append(Problem.warning(recording.id, "has split=test but no labels; it is never scored."))
    counting, label_format = None, ""
    for rater, path in recording.labels.items():
        try:
            labels, warnings = _read_labels(study, recording, frames, path, rater)
        except BehaviorError as error:
            problems.append(Problem.error(recording.id, error))
            continue
        problems += [Problem.warning(recording.id, warning) for warning in warnings]
        if path == chosen:
            counting, label_format = labels, recognise_labels(path)
            if not (labels.values >= 0).any():
                problems.append(Problem.warning(recording.id, f"{path}: labels no frame at all; nothing can be trained on it."))
    return _LabelCheck(counting, label_format, problems)


def _read_labels(study: Study, recording: Recording, frames: Frames, path: Path, rater: str) -> tuple[Labels, list[str]]:
    if not path.is_file():
        raise LabelError(f"{path}: no such label file; {advise_on_missing(path, _ADVICE)}.")
    return read_labels_of(recording, path, study.behaviors, frames, settings=study.labels, rater=rater)


def _measure_positives(labels: Labels) -> dict[str, float]:
    """Return the share of the labelled frames with each behavior; NaN where none is labelled."""
    shares = {}
    for name, column in zip(labels.behaviors, labels.values.T, strict=True):
        labelled = column[column >= 0]
        shares[name] = float((labelled == 1).mean()) if len(labelled) else float("nan")
    return shares
