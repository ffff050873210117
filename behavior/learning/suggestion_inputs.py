"""What is known of a study's recordings when clips are to be suggested: labels, features or pose, and what a model predicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.config import Crop, Study
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.embedding.stream import FeatureStream
from behavior.errors import BehaviorError, CacheError, LabelError, count_noun
from behavior.files.ethograms import read_annotation, read_provenance
from behavior.files.model_bundle import read_bundle
from behavior.files.pose import find_body_parts, match_pose_to_frames
from behavior.files.study import open_study
from behavior.files.video_index import VideoIndex
from behavior.learning.clips import Clips, describe_clips
from behavior.learning.label_reading import read_labels_of
from behavior.learning.learning_data import load_features, make_study_streams
from behavior.learning.suggestions import Suggestion, suggest_clips
from behavior.learning.variants import select_view
from behavior.recording import Frames, Recording
from behavior.vision.pose_features import describe_pose

__all__ = ["SuggestedBatch", "SuggestionRequest", "suggest_for_study"]

# Pixels, where the study has no crop; all that matters is that it is the same for all recordings.
_UNIT_OF_LENGTH = 100.0
_LEAST_LIKELIHOOD = 0.6

Members = list[npt.NDArray[np.float32]]


@dataclass(frozen=True)
class SuggestionRequest:
    """Which clips to suggest; can be sent to another process.

    Attributes
    ----------
    study
        The study file.
    rater
        Who is going to label; "" for the manifest's plain column of labels.
    count, random_share
        As for `suggest_clips`.
    clip_s
        Seconds of a clip.
    ethograms
        By recording, tables of what a model predicts.
    asked
        By recording, the frames [start, stop) of clips that the rater has decided on.
    drawn
        Recording and first frame of the clips that were drawn at random before.
    """

    study: Path
    rater: str = ""
    count: int = 20
    random_share: float = 0.5
    clip_s: float = 3.0
    ethograms: Mapping[str, Path] = field(default_factory=dict)
    asked: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    drawn: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class SuggestedBatch:
    """Clips to label next, and sentences on what they could not be chosen by."""

    suggestions: tuple[Suggestion, ...]
    notes: tuple[str, ...]


def suggest_for_study(request: SuggestionRequest) -> SuggestedBatch:
    """Return clips of the study's training recordings to label next. Takes features only from the cache; computes only pose vectors.

    Raises
    ------
    UsageError
        If study file or manifest cannot be used.
    """
    study, recordings = open_study(request.study)
    training = [one for one in recordings if one.split != "test"]
    predict, notes = _find_predictions(study, request)
    # All recordings have the first view.
    first = study if study.views is None else select_view(study, "")
    streams = make_study_streams(first)
    clips: list[Clips] = []
    has_features = False
    # One recording after the other: the features of all may not fit into memory.
    for read in (partial(_load_features, first, streams), partial(_load_pose, study)):
        clips, said = _describe_all(study, training, request, read, predict)
        has_features = read.func is _load_features and any(one.vectors is not None for one in clips)
        if has_features or not clips:
            break
    notes += said + _explain_missing(clips, has_features=has_features)
    suggestions = suggest_clips(
        clips, study.behaviors, count=request.count, random_share=request.random_share, seed=study.training.seed, drawn=set(request.drawn)
    )
    return SuggestedBatch(tuple(suggestions), tuple(dict.fromkeys(notes)))


@dataclass(frozen=True)
class _Known:
    """The frames of a recording, and vectors (N, D) of features or pose, or None.

    Attributes
    ----------
    is_cached
        Whether the vectors are the features in the cache, which a model can read.
    note
        Why there are none; "" where there is nothing to say.
    row_frames
        The frame of each vector; None where each frame has one.
    """

    frames: Frames
    fps: float
    vectors: npt.NDArray[np.floating] | None
    is_cached: bool = False
    note: str = ""
    row_frames: npt.NDArray[np.int64] | None = None


def _describe_all(
    study: Study,
    recordings: Sequence[Recording],
    request: SuggestionRequest,
    read: Callable[[Recording], _Known],
    predict: Callable[[Recording, bool], tuple[Members, str]],
) -> tuple[list[Clips], list[str]]:
    """Return the clips of the recordings whose frames and labels can be read, and sentences on what cannot be used."""
    clips: list[Clips] = []
    notes: list[str] = []
    for recording in recordings:
        try:
            known = read(recording)
            looked_at = _find_looked_at(study, recording, known.frames, request.rater)
        except BehaviorError as error:
            notes.append(f"{recording.id} is left out: {error}")
            continue
        members, problem = predict(recording, known.is_cached)
        if any(len(values) != known.frames.n_frames for values in members):
            members, problem = [], f"what the model predicts of {recording.id} is left out: it has other frames; annotate it again."
        notes += filter(None, (known.note, problem))
        asked = np.zeros(known.frames.n_frames, dtype=np.bool_)
        for start, stop in request.asked.get(recording.id, ()):
            asked[start:stop] = True
        length = max(round(request.clip_s * known.fps), 1)
        vectors, row_frames = known.vectors, known.row_frames
        clips.append(
            describe_clips(recording.id, looked_at, length=length, asked=asked, features=vectors, row_frames=row_frames, members=members)
        )
    widths = Counter(one.vectors.shape[1] for one in clips if one.vectors is not None)
    usual = max(widths, key=lambda width: widths[width], default=0)
    odd = [one for one in clips if one.vectors is not None and one.vectors.shape[1] != usual]
    notes += [f"{one.recording} has other features, or another pose, than most recordings, and is not compared with them." for one in odd]
    return [replace(one, vectors=None) if one in odd else one for one in clips], notes


def _load_features(study: Study, streams: Mapping[str, FeatureStream], recording: Recording) -> _Known:
    try:
        features = load_features(study, recording, streams)
    except CacheError:
        # One note covers all recordings.
        frames, fps = _list_frames(recording)
        return _Known(frames, fps, None)
    row_frames = None if features.rows is None else features.rows.frames
    return _Known(features.frames, features.fps, features.values, is_cached=True, row_frames=row_frames)


def _load_pose(study: Study, recording: Recording) -> _Known:
    frames, fps = _list_frames(recording)
    if recording.pose is None:
        return _Known(frames, fps, None)
    try:
        return _Known(frames, fps, _describe_pose(study.crop, recording, recording.pose, frames, fps))
    except BehaviorError as error:
        return _Known(frames, fps, None, note=f"the pose of {recording.id} is left out: {error}")


def _list_frames(recording: Recording) -> tuple[Frames, float]:
    if recording.video is None:
        raise LabelError(f"recording {recording.id!r} has neither features nor a video in the manifest; name its video there.")
    index = VideoIndex(recording.video)
    if not index.is_complete:
        index.read_through(lambda: True)
    return Frames(index.n_frames, index.time_s, index.broke_off), index.fps


def _find_looked_at(study: Study, recording: Recording, frames: Frames, rater: str) -> npt.NDArray[np.bool_]:
    """Return which frames have a label of each behavior by this rater, bool of shape (T,)."""
    path = recording.labels.get(rater)
    if path is None or not path.exists():
        return np.zeros(frames.n_frames, dtype=np.bool_)
    labels, _ = read_labels_of(recording, path, study.behaviors, frames, settings=study.labels, rater=rater)
    return (labels.values != -1).all(axis=1)


def _describe_pose(crop: Crop | None, recording: Recording, path: Path, frames: Frames, fps: float) -> npt.NDArray[np.float32]:
    """Return what the pose in the file at `path` says about posture and movement, float32 of shape (T, D)."""
    track = RecordingInputs(recording).read_track(None if crop is None else crop.individual, None if crop is None else crop.pose_scale)
    track, _ = match_pose_to_frames(track, frames, path=path)
    is_named = crop is not None and not crop.whole_frame
    origin = find_body_parts(track, crop.body_parts, path=path) if crop and is_named else list(range(len(track.body_parts)))
    return describe_pose(
        track.positions,
        track.likelihoods,
        fps=fps,
        origin=origin,
        min_likelihood=_LEAST_LIKELIHOOD if crop is None else crop.min_likelihood,
        size=_UNIT_OF_LENGTH if crop is None else crop.size,
    )


def _find_predictions(study: Study, request: SuggestionRequest) -> tuple[Callable[[Recording, bool], tuple[Members, str]], list[str]]:
    """Return what gives the calibrated probabilities (T, B) of each member of a model, and sentences on what it cannot.

    It is called with a recording, and whether its features are in the cache.

    If an ensemble made the ethograms and its model still exists, each member predicts; otherwise the ethograms give the joint prediction.
    """
    notes: list[str] = []
    ask = None
    for path in request.ethograms.values():
        try:
            model = read_provenance(path).model
        except BehaviorError as error:
            notes.append(str(error))
            continue
        folder = Path(model.folder) if model is not None and model.folder else None
        if folder is not None and folder.is_dir():
            try:
                counts = Counter(name for member in read_bundle(folder).members for name in member.behaviors if name)
                ask = _open_members(study, folder) if max(counts.values(), default=0) > 1 else None
            except BehaviorError as error:
                notes.append(f"what the members of the model disagree on is left out: {error}")
            break

    def predict(recording: Recording, is_cached: bool) -> tuple[Members, str]:
        try:
            if ask is not None and is_cached:
                return ask(recording), ""
            path = request.ethograms.get(recording.id)
            if path is None:
                return [], ""
            annotation = read_annotation(path)
            return [_arrange(annotation.probabilities.values, annotation.behaviors, study.behaviors)], ""
        except BehaviorError as error:
            return [], f"what the model predicts of {recording.id} is left out: {error}"

    return predict, notes


def _open_members(study: Study, folder: Path) -> Callable[[Recording], Members]:
    # They load TensorFlow.
    from behavior.learning.annotator import open_annotator
    from behavior.learning.prediction import predict_members

    annotator = open_annotator(folder, cache=study.cache, imported=study.cache, arena=study.arena)
    decisions = annotator.model.decisions

    def ask(recording: Recording) -> Members:
        predicted = predict_members(annotator.model, annotator.features.load(recording, in_blocks=True).by_member)
        calibrated = [one if decisions is None else decisions.calibrate(one) for one in predicted]
        return [_arrange(one.values, one.behaviors, study.behaviors) for one in calibrated]

    return ask


def _arrange(values: npt.NDArray[np.float32], behaviors: Sequence[str], wanted: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return the columns of probabilities (T, K) that belong to the behaviors `wanted`, NaN for those that the model does not know."""
    columns = {name: values[:, column] for column, name in enumerate(behaviors)}
    unknown = np.full(len(values), np.nan, dtype=np.float32)
    return np.column_stack([columns.get(name, unknown) for name in wanted]).astype(np.float32)


def _explain_missing(clips: Sequence[Clips], *, has_features: bool) -> list[str]:
    """Return sentences on what the clips could not be chosen by."""
    notes = []
    n_without = sum(cut.vectors is None for cut in clips)
    if clips and n_without == len(clips):
        notes.append("There are neither features nor poses yet, so the clips are spread evenly; train once, or run `behavior embed`.")
    elif n_without:
        what = "features" if has_features else "usable pose"
        notes.append(
            f"{n_without} of {count_noun(len(clips), 'recording')} have no {what}; of them, only clips drawn at random are suggested."
        )
    if not has_features and n_without < len(clips):
        notes.append("There are no features yet, so the clips are chosen by pose.")
    if not any(cut.doubt is not None for cut in clips):
        notes.append("There is no model yet, so the clips are chosen to cover what the videos show.")
    return notes
