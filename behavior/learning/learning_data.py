"""The features and labels that cross-validation and training work on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.config import LabelFiles, Study, split_stream
from behavior.embedding.stream import FeatureStream
from behavior.embedding.streams import make_streams
from behavior.errors import BehaviorError, CacheError, LabelError, UsageError, advise_on_missing, join_first
from behavior.files.feature_cache import FeatureSet, find_imported, read_features, read_outline
from behavior.files.feature_sources import Signature
from behavior.files.manifest import select_labels
from behavior.files.model_bundle import StreamDescription
from behavior.files.shared_videos import identify_video
from behavior.files.view_cells import find_view
from behavior.frame_times import have_same_rate
from behavior.learning.label_reading import read_labels_of
from behavior.learning.recording_features import RecordingFeatures, join_streams
from behavior.progress import warn
from behavior.recording import Labels, Recording
from behavior.sequence.averaging import average_features, average_labels
from behavior.sequence.weighting import count_classes

__all__ = [
    "LearningData",
    "describe_differences",
    "describe_lacked",
    "load_features",
    "load_learning_data",
    "load_variant",
    "make_study_streams",
    "read_recording_labels",
    "require_alike",
    "require_label_frames",
    "require_labelled",
    "require_same_rates",
]

_MOST_NAMED = 5
_ADVICE = "correct the path in the manifest or put the file there"


@dataclass(frozen=True)
class LearningData:
    """Labelled recordings, in the manifest's order.

    Attributes
    ----------
    recordings
        R recordings.
    features, labels
        One for each recording.
    behaviors
        Columns of the labels.
    """

    recordings: tuple[Recording, ...]
    features: tuple[RecordingFeatures, ...]
    labels: tuple[Labels, ...]
    behaviors: tuple[str, ...]

    # Folds are as many as recordings, and ask this of every recording.
    @cached_property
    def animals(self) -> tuple[str, ...]:
        """The animal of each recording."""
        return tuple(recording.animal for recording in self.recordings)

    @cached_property
    def videos(self) -> tuple[str, ...]:
        """What is the same for the recordings of one video, for each recording."""
        return tuple(identify_video(recording) for recording in self.recordings)

    @cached_property
    def class_counts(self) -> npt.NDArray[np.int64]:
        """Frames without and with each behavior in each recording, int64 of shape (R, B, 2)."""
        counts = [[count_classes([column]) for column in labels.values.T] for labels in self.labels]
        return np.array(counts, dtype=np.int64).reshape(len(self.labels), len(self.behaviors), 2)

    @property
    def rates(self) -> dict[str, float]:
        """Frames per second of each video, by recording."""
        return {recording.id: features.fps for recording, features in zip(self.recordings, self.features, strict=True)}

    @property
    def row_rate(self) -> float:
        """Rows of features a second, the median over the recordings."""
        return float(np.median([features.rate for features in self.features]))

    def to_vectors(self, average: int) -> LearningData:
        """Return the same recordings as a head reads them: a vector, and a label of each behavior, for every `average` rows of features.

        A row has the labels of its frame.
        """
        if average == 1 and all(one.rows is None for one in self.features):
            return self
        features = []
        labels = []
        for one, shown in zip(self.features, self.labels, strict=True):
            times = one.row_time_s
            middles = (np.arange(0, len(times), average) + average // 2).clip(max=len(times) - 1)
            values = average_features(one.values, average)
            present = None if one.present is None else np.logical_and.reduceat(one.present, np.arange(0, len(times), average), axis=0)
            features.append(replace(one, values=values, time_s=times[middles], fps=one.rate / average, rows=None, present=present))
            of_rows = shown.values if one.rows is None else shown.values[one.rows.frames]
            labels.append(Labels(average_labels(of_rows, average), shown.behaviors))
        return LearningData(self.recordings, tuple(features), tuple(labels), self.behaviors)

    def find_learnable(self, indexes: Sequence[int], behavior: int) -> set[int]:
        """Return those of the recordings `indexes` that have frames with and frames without the behavior."""
        asked = np.array(indexes, dtype=np.int64)
        return set(asked[(self.class_counts[asked, behavior] > 0).all(axis=1)].tolist())

    def have_both_classes(self, indexes: Sequence[int], behaviors: Sequence[int]) -> bool:
        """Tell whether the recordings `indexes` together have frames with and frames without each of `behaviors`."""
        totals = self.class_counts[np.array(indexes, dtype=np.int64)].sum(axis=0)
        return bool((totals[list(behaviors)] > 0).all())


def load_features(
    study: Study,
    recording: Recording,
    streams: Mapping[str, FeatureStream],
    *,
    onto: RecordingFeatures | None = None,
    lacked: Mapping[str, StreamDescription] | None = None,
) -> RecordingFeatures:
    """Return the streams of `recording` from the cache of `study`, side by side.

    Parameters
    ----------
    streams
        Those that are computed (`make_study_streams`); all others are imported.
    onto, lacked
        As for `join_streams`.

    Raises
    ------
    CacheError
        If a stream is missing, damaged or out of date.
    UsageError
        As `join_streams`.
    """
    shown = [find_view(recording, split_stream(name)[1]) for name in study.streams]
    sets: list[FeatureSet | None] = []
    for name, one in zip(study.streams, shown, strict=True):
        if one is None:
            sets.append(None)
        elif name in streams:
            sets.append(streams[name].read(one))
        else:
            sets.append(read_features(find_imported(study.cache, one.id, split_stream(name)[0])))
    starts = [0.0 if one is None else one.start_s for one in shown]
    return join_streams(recording.id, study.streams, sets, sampling=study.sampling_fps, starts=starts, onto=onto, lacked=lacked)


def describe_lacked(study: Study, recordings: Sequence[Recording], streams: Mapping[str, FeatureStream]) -> dict[str, StreamDescription]:
    """Return what the features of views are that some of the `recordings` lack, by stream, as the first recording in the cache has them.

    Raises
    ------
    CacheError
        If these are missing, damaged or out of date of all recordings that have the view.
    UsageError
        If no recording has a view.
    """
    lacked: dict[str, StreamDescription] = {}
    for name in study.streams:
        stream, view = split_stream(name)
        having = [shown for one in recordings if (shown := find_view(one, view)) is not None]
        if not having:
            names = join_first(dict.fromkeys(one.id for one in recordings), _MOST_NAMED)
            raise UsageError(
                f"{study.recordings}: none of the recordings {names} has the view {view!r}, which the stream {name} is of; name its videos "
                f"in the column video_{view}, or take the stream out."
            )
        if len(having) == len(recordings):
            continue
        problem: CacheError | None = None
        for shown in having:
            try:
                is_made = name in streams
                outline = streams[name].read_outline(shown) if is_made else read_outline(find_imported(study.cache, shown.id, stream))
            except CacheError as error:
                problem = problem or error
                continue
            lacked[name] = StreamDescription(name=name, signature=outline.signature.text, n_features=outline.n_features)
            break
        else:
            assert problem is not None
            raise problem
    return lacked


def read_recording_labels(
    path: Path, behaviors: Sequence[str], features: RecordingFeatures, *, recording: Recording, settings: LabelFiles
) -> Labels:
    """Return the labels in the file at `path` for the frames of `features`; what its reader noticed is warned about.

    `settings` is the study's section `labels`.
    """
    labels, notes = read_labels_of(recording, path, behaviors, features.frames, settings=settings)
    for note in notes:
        warn(note)
    return labels


def load_learning_data(study: Study, recordings: Sequence[Recording], *, among: Sequence[Recording] = ()) -> LearningData:
    """Return the labelled ones among `recordings`, those without labels named in a warning.

    Parameters
    ----------
    among
        More recordings of the study, which may have views that all of `recordings` lack.

    Raises
    ------
    UsageError
        If there are none or none has labels, features of different recordings mean different things, or frame rates differ.
    BehaviorError
        If features or labels cannot be used: one sentence for each recording, so that all can be fixed at once.
    """
    _require_training(study, recordings)
    streams = make_study_streams(study)
    lacked = describe_lacked(study, [*recordings, *among], streams)
    kept: list[Recording] = []
    features: list[RecordingFeatures] = []
    labels: list[Labels] = []
    problems: list[str] = []
    for recording in recordings:
        path = select_labels(recording)
        if path is None:
            warn(f"recording {recording.id!r} has no labels and is left out.")
            continue
        try:
            if not path.is_file():
                raise LabelError(f"{path}: no such label file; {advise_on_missing(path, _ADVICE)}.")
            loaded = load_features(study, recording, streams, lacked=lacked)
            labels.append(read_recording_labels(path, study.behaviors, loaded, recording=recording, settings=study.labels))
        except BehaviorError as error:
            problems.append(str(error))
            continue
        kept.append(recording)
        features.append(loaded)
    if problems:
        raise BehaviorError("\n".join(problems))
    require_labelled(study, recordings, kept)
    require_alike(kept, features)
    return LearningData(tuple(kept), tuple(features), tuple(labels), tuple(study.behaviors))


def _require_training(study: Study, recordings: Sequence[Recording]) -> None:
    if not recordings:
        raise UsageError(
            f"{study.recordings}: every recording has split=test, and those are kept for a last score; empty the split of some."
        )


def require_labelled(study: Study, recordings: Sequence[Recording], kept: Sequence[Recording]) -> None:
    """Raise UsageError if `kept`, those of the `recordings` to train on that have labels, are none."""
    _require_training(study, recordings)
    if not kept:
        raise UsageError(
            f"{study.recordings}: none of its recordings to train on has labels; name label files in the column "
            "'labels', and see that not every labelled recording has split=test."
        )


def load_variant(study: Study, variant: Study, data: LearningData) -> LearningData:
    """Return the study's `data` with the features that one kind of model in its ensemble works on.

    Of frames that none of its streams has, as a view may be missing, labels are taken away.

    Raises
    ------
    CacheError
        If a stream is missing, damaged or out of date.
    UsageError
        If the streams of a recording have other numbers of frames than its labels, or mean different things.
    """
    if variant.streams == study.streams and variant.backbone == study.backbone:
        return data
    streams = make_study_streams(variant)
    # What the study's own features say of views, other recordings may have told.
    described = {stream.name: stream for stream in data.features[0].streams if split_stream(stream.name)[1]}
    has_same = variant.backbone == study.backbone and set(variant.streams) <= set(study.streams)
    lacked = described if has_same else describe_lacked(variant, data.recordings, streams)
    features = tuple(
        load_features(variant, recording, streams, onto=known, lacked=lacked)
        for recording, known in zip(data.recordings, data.features, strict=True)
    )
    for recording, loaded, given in zip(data.recordings, features, data.labels, strict=True):
        require_label_frames(recording.id, variant.streams, loaded.frames.n_frames, len(given.values))
    require_alike(data.recordings, features)
    labels = data.labels
    if any(one.is_seen is not None for one in features):
        labels = tuple(_keep_seen(one, loaded) for one, loaded in zip(data.labels, features, strict=True))
    return LearningData(data.recordings, features, labels, data.behaviors)


def _keep_seen(labels: Labels, features: RecordingFeatures) -> Labels:
    seen = features.is_frame_seen
    return labels if seen is None else Labels(np.where(seen[:, None], labels.values, np.int8(-1)), labels.behaviors)


def require_label_frames(recording: str, streams: Sequence[str], n_frames: int, n_labels: int) -> None:
    """Raise UsageError unless the features of one kind of model have as many frames as the labels."""
    if n_frames != n_labels:
        raise UsageError(
            f"recording {recording!r}: its streams {', '.join(streams)} have {n_frames} frames, but those of the rest of the ensemble "
            f"{n_labels}; embed or import them again to match."
        )


def make_study_streams(study: Study) -> dict[str, FeatureStream]:
    """Return the streams of `study` that are computed rather than imported, by name."""
    return make_streams(
        study.streams,
        crop=study.crop,
        backbone=study.backbone,
        arena=study.arena,
        cache=study.cache,
        sampling=study.sampling_fps,
        pose=study.pose,
        views=study.views,
    )


def require_alike(recordings: Sequence[Recording], features: Sequence[RecordingFeatures]) -> None:
    """Raise UsageError unless the features of all recordings have the same meaning and frame rate."""
    first = features[0]
    for recording, other in zip(recordings, features, strict=True):
        if [stream.name for stream in other.streams] != [stream.name for stream in first.streams]:
            difference = f"{_describe(first)} and {_describe(other)}"
        else:
            difference = describe_differences(other.streams, first.streams)
        if difference:
            raise UsageError(
                f"recordings {recordings[0].id!r} and {recording.id!r} have features that mean different things ({difference}); embed or "
                "import them alike."
            )
        require_same_rates([recordings[0].id, recording.id], [first.rate, other.rate])


def require_same_rates(names: Sequence[str], rates: Sequence[float]) -> None:
    """Raise UsageError unless all recordings have the frame rate of the first."""
    for name, fps in zip(names, rates, strict=True):
        if not have_same_rate(fps, rates[0]):
            raise UsageError(
                f"recordings {names[0]!r} and {name!r} have {rates[0]:.4g} and {fps:.4g} frames per second, and one model needs one rate; "
                f"add sampling: {{fps: {min(rates[0], fps, 10):.4g}}} to the study file, which gives one, or leave one of the two out."
            )


def describe_differences(streams: Sequence[StreamDescription], expected: Sequence[StreamDescription]) -> str:
    """Return in words how `streams` differ in meaning from the same streams as `expected`; "" where they do not."""
    differences = []
    for stream, wanted in zip(streams, expected, strict=True):
        difference = Signature.from_text(stream.signature).describe_difference(Signature.from_text(wanted.signature))
        if stream.n_features != wanted.n_features:
            difference = ", ".join(filter(None, [difference, f"{stream.n_features} features instead of {wanted.n_features}"]))
        if difference:
            differences.append(f"{stream.name}: {difference}")
    return "; ".join(differences)


def _describe(features: RecordingFeatures) -> str:
    return ", ".join(f"{stream.name} of {stream.n_features}" for stream in features.streams)
