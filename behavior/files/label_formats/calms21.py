"""CalMS21's labels: JSON with annotators, their sequences, and for each sequence a class for every frame and the names of classes.

The layout is that of its published files: ``{annotator: {sequence: {annotations, metadata: {vocab: {name: number}}}}}``, with the pose next
to the annotations. What its authors' script makes of them (.npy) holds stored Python objects and is not read.
"""

from __future__ import annotations

from typing import Any

from behavior.errors import LabelError
from behavior.files.label_formats.choosing import choose_observation, choose_rater
from behavior.files.label_formats.feral import BACKGROUND, split_classes
from behavior.files.label_formats.json_documents import as_array, as_frame, as_mapping
from behavior.files.label_formats.label_format import FrameLabels, LabelFormat
from behavior.files.label_formats.missing_behaviors import choose_behaviors
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource

__all__ = ["CALMS21"]


def _recognises(source: LabelSource) -> bool:
    document = source.document
    if not isinstance(document, dict) or not document:
        return False
    groups = [group for group in document.values() if isinstance(group, dict) and group]
    sequences = [next(iter(group.values())) for group in groups]
    return len(groups) == len(document) and all(isinstance(one, dict) and "annotations" in one for one in sequences)


def _list_sequences(source: LabelSource) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the sequences by their names, and each by its annotator."""
    sequences: dict[str, dict[str, dict[str, Any]]] = {}
    for annotator, group in source.document.items():
        for name, sequence in as_mapping(source.path, group, f"{annotator[:60]!r}").items():
            sequences.setdefault(name, {})[annotator] = as_mapping(source.path, sequence, f"sequence {name[:60]!r}")
    return sequences


def _list_classes(source: LabelSource, name: str, sequence: dict[str, Any]) -> dict[int, str]:
    metadata = as_mapping(source.path, sequence.get("metadata"), f"the metadata of {name!r}")
    vocabulary = as_mapping(source.path, metadata.get("vocab"), f"the vocabulary of {name!r}")
    classes = {as_frame(source.path, number, f"the class {label!r}"): label for label, number in vocabulary.items()}
    if len(classes) < len(vocabulary):
        raise LabelError(f"{source.path}: {name!r} has two names for one class; correct its vocabulary.")
    return classes


def _list_names(source: LabelSource) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for name, by_annotator in _list_sequences(source).items():
        for sequence in by_annotator.values():
            names.update(dict.fromkeys(_list_classes(source, name, sequence).values()))
    return tuple(name for name in names if name.casefold() not in BACKGROUND)


def _list_media(source: LabelSource) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(_list_sequences(source), ())


def _read(source: LabelSource, request: LabelRequest) -> FrameLabels:
    sequences = _list_sequences(source)
    chosen, notes = choose_observation(source.path, dict.fromkeys(sequences, ()), request)
    by_annotator = sequences[chosen]
    annotator = choose_rater(source.path, tuple(by_annotator), request, recording=chosen)
    sequence = by_annotator[annotator] if annotator is not None else next(iter(by_annotator.values()))
    classes = _list_classes(source, chosen, sequence)
    rows = as_array(source.path, sequence.get("annotations"), f"the annotations of {chosen!r}")
    names = tuple(name for name in classes.values() if name.casefold() not in BACKGROUND or request.naming.find_behavior(name) is not None)
    behaviors, missing_notes = choose_behaviors(source.path, names, request)
    values = split_classes(source, rows, classes, chosen)
    columns = [list(classes.values()).index(name) for name in behaviors]
    return FrameLabels(
        tuple(behaviors),
        values[:, columns],
        left_out=tuple(name for name in names if name not in behaviors),
        notes=(*missing_notes, *notes),
        is_sized=True,
    )


CALMS21 = LabelFormat(
    name="CalMS21 labels",
    recognises=_recognises,
    list_names=_list_names,
    read=_read,
    list_observations=_list_media,
    has_columns=True,
    container="json",
    suffixes=(".json",),
)
