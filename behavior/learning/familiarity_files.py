"""The reference of its training recordings that a model bundle keeps: fitted when it is trained, opened when it annotates."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from behavior.config import Study
from behavior.errors import ModelError
from behavior.files.model_arrays import read_model_arrays, write_model_arrays
from behavior.files.model_bundle import (
    REFERENCE_VERSION,
    BundleDescription,
    FamiliarityRecord,
    MeasureRecord,
    ReferenceDescription,
    member_path,
)
from behavior.files.opening import explain_damage
from behavior.learning.familiarity import TrainingReference, find_rows, identify_reference, list_streams, measure_medians, summarize_measure
from behavior.learning.familiarity_reference import FIRST_REFERENCE_DTYPES, REFERENCE_DTYPES, StreamReference, fit_stream_reference
from behavior.learning.learning_data import LearningData, load_variant
from behavior.learning.variants import list_variants

__all__ = ["describe_familiarity", "open_reference"]

_EXPECTED = "the reference of a model's training recordings"
_ADVICE = "copy the whole folder of the model again"


def describe_familiarity(
    study: Study, training: LearningData, description: BundleDescription
) -> tuple[FamiliarityRecord, dict[str, Callable[[Path], None]]]:
    """Return what the bundle of `description` says of its training recordings, and what writes each of its files.

    Raises
    ------
    CacheError
        If features are missing, damaged or out of date.
    """
    asked = {identify_reference(stream) for member in description.members for stream in member.streams}
    writers: dict[str, Callable[[Path], None]] = {}
    streams: list[ReferenceDescription] = []
    measures: dict[str, MeasureRecord] = {}
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
                writers[file] = partial(_write, reference)
        medians = [measure_medians([own]) for own in data.features]
        for name in medians[0]:
            if name not in measures and all(name in one for one in medians):
                measures[name] = summarize_measure(name, [one[name] for one in medians])
    return FamiliarityRecord(version=REFERENCE_VERSION, recordings=len(training.recordings), streams=streams, measures=measures), writers


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
    return TrainingReference(record, streams)


def _write(reference: StreamReference, path: Path) -> None:
    write_model_arrays(path, reference.to_arrays())
