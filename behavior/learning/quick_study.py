"""A study as it is trained from the page: its labels as they are at that moment, and settings that take minutes on two cores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from behavior.config import BoostingHead, LstmHead, Study
from behavior.errors import LabelError, advise_on_missing
from behavior.files.atomic import make_folder, write_bytes
from behavior.files.manifest import write_manifest
from behavior.files.new_study import MANIFEST_FILE, STUDY_FILE
from behavior.files.shared_videos import identify_video
from behavior.files.study import write_study
from behavior.learning.learning_data import LearningData
from behavior.learning.variants import list_members
from behavior.recording import Recording

__all__ = ["choose_quick_settings", "choose_training_labels", "group_recordings", "write_quick_study"]

# So many folds at most; each costs as much as the model itself.
_MOST_FOLDS = 5
# Frames a second that a head gets at least; a camera that is faster is averaged.
_HEAD_RATE = 10.0
_MOST_EPOCHS, _MOST_UNITS, _LEAST_STEPS = 60, 64, 240
_FEW_STEPS_LEARNING_RATE = 0.005
_LABELS = "labels"


def choose_training_labels(recording: Recording, rater: str) -> Recording:
    """Return the recording with the labels that are edited as those to train on: this rater's, the plain column where it is ""."""
    own = recording.labels.get(rater)
    if own is None or not rater:
        return recording
    return replace(recording, labels={"": own, **{name: path for name, path in recording.labels.items() if name}})


def choose_quick_settings(study: Study, data: LearningData) -> Study:
    """Return the study with one model of few epochs for all behaviors, which stops on recordings that it is not scored on.

    Where the predictions of views are combined, each view has such a model.

    Parameters
    ----------
    study
        What it says of behaviors, crop, backbone, streams, windows and post-processing stays.
    data
        The recordings to train on: how many windows they have decides how long to train.
    """
    one = list_members(study)[0]
    head = one.head
    if not isinstance(head, BoostingHead):
        head = head.model_copy(update={"share": True})
    if isinstance(head, LstmHead):
        head = head.model_copy(update={"layers": 1, "units": min(head.units, _MOST_UNITS), "bidirectional": True})
    average = one.features.average
    if average == 1 and data.row_rate >= 2 * _HEAD_RATE:
        average = int(data.row_rate // _HEAD_RATE)
    training = one.training
    batch_size = min(training.batch_size, 4)
    steps = math.ceil(_count_windows(data.to_vectors(1), one.windows.count_vectors(data.row_rate)) / batch_size)
    epochs = min(training.epochs, max(15, math.ceil(_LEAST_STEPS / steps)), _MOST_EPOCHS)
    learning_rate = training.learning_rate if steps >= _LEAST_STEPS // 8 else max(training.learning_rate, _FEW_STEPS_LEARNING_RATE)
    patience = min(training.patience, max(3, epochs // 5))
    changes = {"batch_size": batch_size, "epochs": epochs, "learning_rate": learning_rate, "patience": patience}
    return one.model_copy(
        update={
            "head": head,
            "features": one.features.model_copy(update={"average": average}),
            "training": training.model_copy(update=changes),
            "crossval": one.crossval.model_copy(update={"early_stopping_on": "inner"}),
            "decisions": None,
            "search": None,
            "finetune": None,
        }
    )


def group_recordings(data: LearningData, *, leave_out: str) -> dict[str, str]:
    """Return which part of the data each recording is in, by id, where there are more videos (or animals) than folds should be.

    Recordings of one video stay together, and those of an animal where animals are left out; parts have about as many labelled frames
    each. Empty where each video or animal is a fold of its own.
    """
    units: dict[str, list[int]] = {}
    known: dict[int, set[str]] = {}
    for index, recording in enumerate(data.recordings):
        video = identify_video(recording)
        keys = {video, recording.animal} if leave_out == "animal" else {video}
        indexes = [index]
        for shared in [name for name, members in units.items() if any(keys & known[member] for member in members)]:
            indexes = [*units.pop(shared), *indexes]
        known[index] = keys
        units[recording.id] = indexes
    if len(units) <= _MOST_FOLDS:
        return {}
    sizes = {name: sum(int((data.labels[index].values >= 0).any(axis=1).sum()) for index in indexes) for name, indexes in units.items()}
    loads = [0] * _MOST_FOLDS
    parts: dict[str, str] = {}
    for name in sorted(units, key=lambda name: -sizes[name]):
        part = loads.index(min(loads))
        loads[part] += sizes[name]
        parts |= {data.recordings[index].id: f"part_{part + 1}" for index in units[name]}
    return parts


def write_quick_study(folder: Path, study: Study, recordings: Sequence[Recording], parts: Mapping[str, str]) -> Path:
    """Write a study of `recordings` into `folder`, with copies of their label files, which people may go on editing; return its file.

    Parameters
    ----------
    study
        Its settings.
    parts
        What `group_recordings` returned.

    Raises
    ------
    LabelError
        If a label file is missing.
    OutputError
        If the folder cannot be written to.
    """
    copies: dict[Path, Path] = {}
    make_folder(folder / _LABELS)
    written = []
    for recording in recordings:
        labels = {}
        for rater, path in recording.labels.items():
            if path not in copies:
                if not path.is_file():
                    raise LabelError(f"{path}: no such label file; {advise_on_missing(path)}.")
                copies[path] = folder / _LABELS / f"{len(copies):04d}{path.suffix}"
                write_bytes(copies[path], path.read_bytes())
            labels[rater] = copies[path]
        own = replace(recording, labels=labels)
        # An archive's facts of an animal are not those of a part.
        written.append(replace(own, animal=parts[recording.id], sex="", age="", species="") if parts else own)
    write_manifest(folder / MANIFEST_FILE, written)
    crossval = study.crossval.model_copy(update={"leave_out": "animal"}) if parts else study.crossval
    write_study(folder / STUDY_FILE, study.model_copy(update={"recordings": Path(MANIFEST_FILE), "crossval": crossval}))
    return folder / STUDY_FILE


def _count_windows(data: LearningData, length: int) -> int:
    """Return how many training windows have a label."""
    labelled = [np.flatnonzero((one.values >= 0).any(axis=1)) for one in data.labels]
    return max(sum(len(np.unique(frames // length)) for frames in labelled), 1)
