"""The features and labels that cross-validation and training work on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from behavior.config import LabelFiles, Study
from behavior.embedding.stream import FeatureStream
from behavior.embedding.streams import make_streams
from behavior.errors import BehaviorError, LabelError, UsageError, advise_on_missing
from behavior.files.feature_cache import FeatureOutline, FeatureSet, find_imported, read_features
from behavior.files.feature_sources import Signature
from behavior.files.manifest import select_labels
from behavior.files.model_bundle import StreamDescription
from behavior.files.shared_videos import identify_video
from behavior.frame_sampling import SampledRows, lay_rows, sample_frames
from behavior.frame_times import find_stretches, have_same_rate
from behavior.learning.label_reading import read_labels_of
from behavior.progress import warn
from behavior.recording import Frames, Labels, Recording
from behavior.row_blocks import RowBlocks
from behavior.sequence.averaging import average_features, average_labels, spread_rows
from behavior.sequence.weighting import count_classes
from behavior.vision.frame_measures import join_measures

__all__ = [
    "LearningData",
    "RecordingFeatures",
    "describe_differences",
    "join_streams",
    "lay_feature_rows",
    "load_features",
    "load_learning_data",
    "load_variant",
    "make_study_streams",
    "read_recording_labels",
    "require_alike",
    "require_label_frames",
    "require_labelled",
    "require_same_frames",
    "require_same_rates",
]

# A recording of a frame a minute is none for a model of many frames a second.
_MOST_REPEATED = 64
_ADVICE = "correct the path in the manifest or put the file there"


@dataclass(frozen=True)
class RecordingFeatures:
    """All streams of one recording side by side.

    Attributes
    ----------
    values
        Float16 or float32 of shape (N, D), streams in the study's order: a row for each of T frames, or where the study has a section
        `sampling` for each point of its grid in time. `RowBlocks` where a long recording is read in blocks.
    time_s
        Seconds of every frame of the video, float64 of shape (T,).
    fps
        Frames per second of the video.
    streams
        What the columns mean.
    broke_off
        Whether the video ended before the end that its header gives.
    rows
        Which frame each row is of; None where row t is frame t.
    measures
        `feature_cache.MEASURES` of each row, float32 of shape (N, 5), NaN where they are not known; None where none are.
    """

    values: npt.NDArray[np.floating]
    time_s: npt.NDArray[np.float64]
    fps: float
    streams: tuple[StreamDescription, ...]
    broke_off: bool
    rows: SampledRows | None = None
    measures: npt.NDArray[np.float32] | None = None

    @property
    def frames(self) -> Frames:
        """The frames of the video."""
        return Frames(len(self.time_s), self.time_s, self.broke_off)

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.fps if self.rows is None else self.rows.rate

    @property
    def row_time_s(self) -> npt.NDArray[np.float64]:
        """Times of the rows' frames in seconds, float64 of shape (N,)."""
        return self.time_s if self.rows is None else self.rows.row_time_s

    @property
    def row_frames(self) -> npt.NDArray[np.int64]:
        """The frame of each row, int64 of shape (N,), never decreasing."""
        return np.arange(len(self.time_s), dtype=np.int64) if self.rows is None else self.rows.frames

    def list_stretches(self) -> list[tuple[int, int]]:
        """Return the stretches [start, stop) of rows between which nothing was recorded."""
        if self.rows is not None:
            return self.rows.find_stretches()
        return [(start, stop) for start, stop in find_stretches(self.time_s).tolist()]

    def spread(self, values: npt.NDArray[np.float32], *, average: int = 1) -> npt.NDArray[np.float32]:
        """Return `values` (V, K), each of `average` rows, for every frame of the video, shape (T, K)."""
        per_row = spread_rows(values, average, len(self.values))
        return per_row if self.rows is None else np.clip(self.rows.spread(per_row), 0.0, 1.0)


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
            features.append(replace(one, values=values, time_s=times[middles], fps=one.rate / average, rows=None))
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


def load_features(study: Study, recording: Recording, streams: Mapping[str, FeatureStream]) -> RecordingFeatures:
    """Return the streams of `recording` from the cache of `study`, side by side.

    Parameters
    ----------
    streams
        Those that are computed (`make_study_streams`); all others are imported.

    Raises
    ------
    CacheError
        If a stream is missing, damaged or out of date.
    """
    sets: list[FeatureSet] = []
    for name in study.streams:
        if name in streams:
            sets.append(streams[name].read(recording))
        else:
            sets.append(read_features(find_imported(study.cache, recording.id, name)))
    return join_streams(recording.id, study.streams, sets, sampling=study.sampling_fps)


def require_same_frames(recording: str, names: Sequence[str], sets: Sequence[FeatureSet | FeatureOutline]) -> None:
    """Raise UsageError where feature sets of one recording have different numbers of frames, or frame rates."""
    lengths = {name: features.n_frames for name, features in zip(names, sets, strict=True)}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise UsageError(f"recording {recording!r}: its streams have different numbers of frames ({listed}); import them again to match.")
    first = sets[0]
    if not all(have_same_rate(features.fps, first.fps) for features in sets):
        listed = ", ".join(f"{name} {features.fps:.4g}" for name, features in zip(names, sets, strict=True))
        raise UsageError(
            f"recording {recording!r}: its streams have different frame rates ({listed}); import them again with the right --fps."
        )


def lay_feature_rows(recording: str, sets: Sequence[FeatureSet | FeatureOutline], *, sampling: float | None) -> SampledRows | None:
    """Return the rows of feature sets of one recording at `sampling` a second; None where it is None, and each frame is a row.

    Imported features, which have all frames, give those that are sampled of the others.

    Raises
    ------
    UsageError
        If sets are of different frames, or the recording is far too slow for such a rate.
    """
    if sampling is None:
        return None
    sampled = [features for features in sets if features.frames is not None]
    first = (sampled or sets)[0]
    if len({(features.n_frames, _list_frames(features)) for features in sampled}) > 1:
        raise UsageError(f"recording {recording!r}: its streams are of different frames; delete its features, and embed it again.")
    if sampling > _MOST_REPEATED * first.fps:
        raise UsageError(
            f"recording {recording!r}: has {first.fps:.4g} frames per second, far fewer than sampling.fps {sampling:g}, so that each would "
            f"be read more than {_MOST_REPEATED} times in a row; lower sampling.fps, or leave the recording out."
        )
    frames = sample_frames(first.time_s, sampling) if first.frames is None else first.frames
    return lay_rows(first.time_s, frames, rate=sampling, fps=first.fps)


def _list_frames(features: FeatureSet | FeatureOutline) -> bytes:
    return b"" if features.frames is None else features.frames.tobytes()


def join_streams(recording: str, names: Sequence[str], sets: Sequence[FeatureSet], *, sampling: float | None = None) -> RecordingFeatures:
    """Return feature sets of one recording side by side, at `sampling` rows a second where it is given.

    Raises
    ------
    UsageError
        As `require_same_frames` and `lay_feature_rows`.
    """
    require_same_frames(recording, names, sets)
    first = next((features for features in sets if features.frames is not None), sets[0])
    rows = lay_feature_rows(recording, sets, sampling=sampling)
    values = [_take_rows(features, features.features, rows) for features in sets]
    joined = cast("npt.NDArray[np.floating]", RowBlocks.join(values)) if any(isinstance(one, RowBlocks) for one in values) else None
    measures = [_take_rows(features, features.measures, rows) for features in sets if features.measures is not None]
    return RecordingFeatures(
        values=values[0] if len(sets) == 1 else np.concatenate(values, axis=1) if joined is None else joined,
        time_s=first.time_s,
        fps=first.fps,
        streams=tuple(
            StreamDescription(name=name, signature=features.signature.text, n_features=features.features.shape[1])
            for name, features in zip(names, sets, strict=True)
        ),
        broke_off=any(bool(features.attributes.get("broke_off")) for features in sets),
        rows=rows,
        measures=join_measures(measures) if measures else None,
    )


def _take_rows(features: FeatureSet, values: npt.NDArray[np.floating], rows: SampledRows | None) -> npt.NDArray[np.floating]:
    """Return those of the `values` (S, D) of a set's rows that are of the frames that rows stand at, shape (N, D); all where None."""
    if rows is None:
        return values
    places = rows.frames if features.frames is None else np.searchsorted(features.frames, rows.frames)
    # Usually they are what is in the file, of which a second copy may not fit into memory.
    if np.array_equal(places, np.arange(len(values))):
        return values
    if isinstance(values, RowBlocks):
        return cast("npt.NDArray[np.floating]", values.take(places))
    return values[places]


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


def load_learning_data(study: Study, recordings: Sequence[Recording]) -> LearningData:
    """Return the labelled ones among `recordings`, those without labels named in a warning.

    Raises
    ------
    UsageError
        If none has labels, features of different recordings mean different things, or frame rates differ.
    BehaviorError
        If features or labels cannot be used: one sentence for each recording, so that all can be fixed at once.
    """
    streams = make_study_streams(study)
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
            loaded = load_features(study, recording, streams)
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


def require_labelled(study: Study, recordings: Sequence[Recording], kept: Sequence[Recording]) -> None:
    """Raise UsageError if `kept`, those of the `recordings` to train on that have labels, are none."""
    if not kept:
        raise UsageError(
            f"{study.recordings}: none of its {len(recordings)} recordings to train on has labels; name label files in the column "
            "'labels', and see that not every labelled recording has split=test."
        )


def load_variant(study: Study, variant: Study, data: LearningData) -> LearningData:
    """Return the study's `data` with the features that one kind of model in its ensemble works on.

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
    features = tuple(load_features(variant, recording, streams) for recording in data.recordings)
    for recording, loaded, labels in zip(data.recordings, features, data.labels, strict=True):
        require_label_frames(recording.id, variant.streams, loaded.frames.n_frames, len(labels.values))
    require_alike(data.recordings, features)
    return LearningData(data.recordings, features, data.labels, data.behaviors)


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
