"""What a cross-validation is computed from, and what it leaves, as hashes: the content of `crossval.json`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.config import Section, Study, split_stream
from behavior.errors import InputError
from behavior.files.feature_cache import cache_path
from behavior.files.feature_sources import Signature, hash_file
from behavior.files.manifest import select_labels
from behavior.files.view_cells import name_view
from behavior.learning.learning_data import LearningData, load_variant
from behavior.learning.recording_features import RecordingFeatures
from behavior.learning.variants import list_variants
from behavior.recording import Labels, Recording

__all__ = [
    "CrossvalDigest",
    "FeatureDigest",
    "FileDigest",
    "RecordingDigest",
    "StreamDigest",
    "describe_features",
    "describe_recordings",
    "hash_labels",
    "hash_rater_files",
    "list_feature_kinds",
    "list_starts",
    "stamp_cache_file",
]

SCHEMA_VERSION = 1


class StreamDigest(Section):
    """The features of one stream of a recording.

    Attributes
    ----------
    name
        As in the study's list of streams.
    signature
        What the numbers mean.
    stamp
        Size and time of the file in the feature cache, by which an unchanged one is known without being read; "" if there was none.
    """

    name: str
    signature: str
    stamp: str


class FeatureDigest(Section):
    """The features of a recording that one kind of model works on.

    Attributes
    ----------
    content
        Hash of the numbers, the times of the frames and the frame rate.
    streams
        Side by side, in the study's order.
    """

    content: str
    streams: list[StreamDigest]


class RecordingDigest(Section):
    """One recording of a cross-validation.

    Attributes
    ----------
    recording, animal
        As in the manifest.
    n_frames
        Number of frames.
    broke_off
        Whether the video ended before its header says.
    labels
        Hash of the labels as they were read, after names were mapped.
    raters
        Hash of the label file of each further rater, on which the human ceiling depends.
    features
        One for each kind of model with features of its own (`list_feature_kinds`).
    starts
        When its views besides the first start, seconds after the first, by name; None in digests of earlier versions.
    """

    recording: str
    animal: str
    n_frames: int
    broke_off: bool
    labels: str
    raters: dict[str, str]
    features: list[FeatureDigest]
    starts: dict[str, float] | None = None


class FileDigest(Section):
    """A file of the folder: the hash of its content, and its number of rows, header not counted; None for a file without rows."""

    hash: str
    rows: int | None = None


class CrossvalDigest(Section):
    """The content of `crossval.json`.

    Attributes
    ----------
    schema_version
        Version of this format.
    recordings
        In the manifest's order. The settings are those of the study file in the same folder.
    files
        By name relative to the folder: all that the cross-validation wrote but `crossval.json` itself.
    """

    schema_version: int = SCHEMA_VERSION
    recordings: list[RecordingDigest]
    files: dict[str, FileDigest]


def list_feature_kinds(study: Study) -> list[Study]:
    """Return the kinds of models in the study's ensemble that differ in their streams or backbone, the first of each."""
    kinds: list[Study] = []
    for variant in list_variants(study):
        if not any(kind.streams == variant.streams and kind.backbone == variant.backbone for kind in kinds):
            kinds.append(variant)
    return kinds


def describe_recordings(study: Study, data: LearningData) -> list[RecordingDigest]:
    """Return the digest of each recording of `data`, which are the features and labels of `study`.

    Features that only a member of the ensemble works on are read from the cache.

    Raises
    ------
    BehaviorError
        If these features cannot be read.
    """
    digests: list[list[FeatureDigest]] = [[] for _ in data.recordings]
    for kind in list_feature_kinds(study):
        loaded = load_variant(study, kind, data)
        for recording, features, of_recording in zip(loaded.recordings, loaded.features, digests, strict=True):
            of_recording.append(describe_features(kind, recording, features))
    return [
        RecordingDigest(
            recording=recording.id,
            animal=recording.animal,
            n_frames=len(labels),
            broke_off=features.broke_off,
            labels=hash_labels(labels),
            raters=hash_rater_files(recording),
            features=of_recording,
            starts=list_starts(study, recording),
        )
        for recording, features, labels, of_recording in zip(data.recordings, data.features, data.labels, digests, strict=True)
    ]


def list_starts(study: Study, recording: Recording) -> dict[str, float]:
    """Return when each view of `recording` starts that the study names, in seconds after the first.

    >>> study = Study.model_validate({"behaviors": ["rear"], "streams": ["a", "b@side"], "views": {"others": {"side": {}}}})
    >>> list_starts(study, Recording("m1", views={"side": Recording("m1@side", start_s=2.5)}))
    {'side': 2.5}
    """
    named = [] if study.views is None else study.views.others
    return {view: recording.views[view].start_s for view in named if view in recording.views}


def describe_features(kind: Study, recording: Recording, features: RecordingFeatures) -> FeatureDigest:
    """Return the digest of the features of `recording` that one kind of model works on."""
    streams = []
    for stream in features.streams:
        shown = name_view(recording.id, split_stream(stream.name)[1])
        path = cache_path(kind.cache, shown, Signature.from_text(stream.signature))
        streams.append(StreamDigest(name=stream.name, signature=stream.signature, stamp=stamp_cache_file(path)))
    # Where each frame has a row, as in digests of earlier versions.
    rows: list[npt.NDArray | np.generic] = []
    if features.rows is not None:
        rows = [features.rows.frames, np.float64(features.rows.rate)]
    return FeatureDigest(content=_hash_arrays(features.values, features.time_s, np.float64(features.fps), *rows), streams=streams)


def stamp_cache_file(path: Path) -> str:
    """Return size and time of a file of the feature cache; "" if it is not there."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size} bytes, {status.st_mtime_ns} ns"


def hash_labels(labels: Labels) -> str:
    """Return the hash of labels (T, B).

    >>> absent, shown = (Labels(np.array([[value]], dtype=np.int8), ("rear",)) for value in (0, 1))
    >>> hash_labels(absent) == hash_labels(absent), hash_labels(absent) == hash_labels(shown)
    (True, False)
    """
    return _hash_arrays(labels.values)


def hash_rater_files(recording: Recording) -> dict[str, str]:
    """Return the hash of each label file of `recording` but the one that is trained on, by rater; "" for one that cannot be read."""
    trained_on = select_labels(recording)
    return {rater: _hash_if_readable(path) for rater, path in sorted(recording.labels.items()) if path != trained_on}


def _hash_if_readable(path: Path) -> str:
    try:
        return hash_file(path)
    except InputError:
        return ""


def _hash_arrays(*arrays: npt.NDArray | np.generic) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(f"{array.dtype.str} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
