"""The reference of its training recordings that a model bundle keeps: fitted when it is trained, opened when it annotates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.config import Study
from behavior.errors import ModelError
from behavior.files.model_arrays import read_model_arrays, write_model_arrays
from behavior.files.model_bundle import (
    REFERENCE_VERSION,
    BundleDescription,
    FamiliarityRecord,
    MeasureRecord,
    ReferenceDescription,
    StreamDescription,
    member_path,
)
from behavior.files.opening import explain_damage
from behavior.learning.familiarity import TrainingReference, find_rows, identify_reference, list_streams, measure_medians, summarize_measure
from behavior.learning.familiarity_reference import (
    FIRST_REFERENCE_DTYPES,
    N_FITTED,
    REFERENCE_DTYPES,
    StreamReference,
    fit_stream_reference,
    number_folds,
)
from behavior.learning.learning_data import LearningData, load_variant
from behavior.learning.plain_model import PLAIN_DTYPES, PlainModel, fit_plain_model
from behavior.learning.recording_features import RecordingFeatures
from behavior.learning.variants import list_variants

__all__ = ["describe_familiarity", "open_reference"]

_EXPECTED = "the reference of a model's training recordings"
_PLAIN_MODEL = "plain_model.npz"
_ADVICE = "copy the whole folder of the model again"


def describe_familiarity(
    study: Study, training: LearningData, description: BundleDescription, predicted: Sequence[npt.NDArray[np.floating]]
) -> tuple[FamiliarityRecord, dict[str, Callable[[Path], None]]]:
    """Return what the bundle of `description` says of its training recordings, and what writes each of its files.

    Parameters
    ----------
    predicted
        What the model predicts for each training recording, shape (T, B), before calibration.

    Raises
    ------
    CacheError
        If features are missing, damaged or out of date.
    """
    asked = {identify_reference(stream) for member in description.members for stream in member.streams}
    writers: dict[str, Callable[[Path], None]] = {}
    streams: list[ReferenceDescription] = []
    measures: dict[str, MeasureRecord] = {}
    share = max(N_FITTED // len(training.recordings), 1)
    frames_of = [_choose_frames(len(own.time_s), share) for own in training.features]
    components: list[list[npt.NDArray[np.float32]]] = [[] for _ in training.recordings]
    for variant in list_variants(study):
        data = load_variant(study, variant, training)
        known = list(zip(data.features, data.animals, strict=True))
        for stream, columns, _ in list_streams(data.features[:1]):
            if identify_reference(stream) not in asked:
                continue
            asked.discard(identify_reference(stream))
            # Recordings may lack a view, or parts of it.
            shown = [(own.values[rows][:, columns], animal) for own, animal in known if len(rows := find_rows(own, stream))]
            reference = fit_stream_reference([values for values, _ in shown], [animal for _, animal in shown])
            if reference is not None:
                file = f"reference.{len(streams)}.npz"
                streams.append(ReferenceDescription(stream=stream, file=file))
                writers[file] = partial(_write, reference.to_arrays())
                for own, frames, parts in zip(data.features, frames_of, components, strict=True):
                    parts.append(_project(reference, own, stream, columns, frames))
        medians = [measure_medians([own]) for own in data.features]
        for name in medians[0]:
            if name not in measures and all(name in one for one in medians):
                measures[name] = summarize_measure(name, [one[name] for one in medians])
    plain = None
    if streams:
        plain = _fit_plain_model(training, description, [np.concatenate(parts, axis=1) for parts in components], frames_of, predicted)
    if plain is not None:
        writers[_PLAIN_MODEL] = partial(_write, plain.to_arrays())
    record = FamiliarityRecord(
        version=REFERENCE_VERSION,
        recordings=len(training.recordings),
        streams=streams,
        measures=measures,
        plain_model=None if plain is None else _PLAIN_MODEL,
    )
    return record, writers


def _choose_frames(n_frames: int, count: int) -> npt.NDArray[np.int64]:
    """Return `count` frames at equal distances; all where there are no more."""
    return np.unique((np.arange(count) * n_frames) // count)


def _project(
    reference: StreamReference, own: RecordingFeatures, stream: StreamDescription, columns: slice, frames: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Return the components (F, P) of some frames of a recording; NaN where the stream does not show them."""
    rows = frames if own.rows is None else own.rows.find_nearest()[frames]
    is_shown = np.isin(rows, find_rows(own, stream))
    components = np.full((len(frames), reference.preparation.n_outputs), np.nan, dtype=np.float32)
    components[is_shown] = reference.preparation.apply(own.values[rows[is_shown]][:, columns])
    return components


def _fit_plain_model(
    training: LearningData,
    description: BundleDescription,
    components: Sequence[npt.NDArray[np.float32]],
    frames_of: Sequence[npt.NDArray[np.int64]],
    predicted: Sequence[npt.NDArray[np.floating]],
) -> PlainModel | None:
    """Return the plain model of the behaviors of a bundle, fitted on those frames that all streams show; None where there is none."""
    outputs = [training.behaviors.index(name) for name in description.behaviors]
    shown = []
    for number, (parts, frames) in enumerate(zip(components, frames_of, strict=True)):
        rows = np.isfinite(parts).all(axis=1)
        if rows.any():
            labels = training.labels[number].values[frames[rows]][:, outputs]
            shown.append((parts[rows], labels, predicted[number][frames[rows]], training.animals[number]))
    if not shown:
        return None
    known, labels_of, predicted_of, animals = zip(*shown, strict=True)
    return fit_plain_model(known, labels_of, predicted_of, number_folds(animals))


def open_reference(folder: Path, description: BundleDescription) -> TrainingReference:
    """Return what the bundle in `folder` keeps of its training recordings; empty for bundles of earlier versions.

    Raises
    ------
    ModelError
        If a file is missing, damaged, or is not for the stream that it is named for.
    """
    record = description.familiarity
    if record is None:
        return TrainingReference()
    streams: dict[tuple[str, str], StreamReference] = {}
    for described in record.streams:
        path = member_path(folder, described.file)
        arrays = read_model_arrays(path, REFERENCE_DTYPES if record.version > 1 else FIRST_REFERENCE_DTYPES, expected=_EXPECTED)
        with explain_damage(path, error=ModelError, expected=_EXPECTED, advice=_ADVICE):
            reference = StreamReference.from_arrays(arrays)
            if reference.n_features != described.stream.n_features:
                raise ValueError(f"it is for {reference.n_features} features, expected {described.stream.n_features}")
        streams[identify_reference(described.stream)] = reference
    if record.plain_model is None:
        return TrainingReference(record, streams)
    path = member_path(folder, record.plain_model)
    arrays = read_model_arrays(path, PLAIN_DTYPES, expected=_EXPECTED)
    with explain_damage(path, error=ModelError, expected=_EXPECTED, advice=_ADVICE):
        plain = PlainModel.from_arrays(arrays)
        if plain.weights.shape[1] != len(description.behaviors):
            raise ValueError(f"it is for {plain.weights.shape[1]} behaviors, expected {len(description.behaviors)}")
        return TrainingReference(record, streams, plain)


def _write(arrays: Mapping[str, npt.NDArray[Any]], path: Path) -> None:
    write_model_arrays(path, arrays)
