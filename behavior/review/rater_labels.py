"""What a rater's file says of the behaviors that are reviewed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from behavior.config import LabelFiles
from behavior.errors import LabelError
from behavior.files.labels import list_names
from behavior.learning.label_reading import read_labels_of
from behavior.recording import Frames, Labels, Recording

__all__ = ["read_rater_file"]


def read_rater_file(
    recording: Recording, path: Path, rater: str, *, frames: Frames, behaviors: Sequence[str], settings: LabelFiles
) -> Labels:
    """Return the labels in a file; a behavior without a column in a frame table is unlabelled.

    Parameters
    ----------
    rater
        Whose labels these are; "" for the manifest's plain column.
    frames
        Of the recording.
    behaviors
        The columns to return.
    settings
        How label files are read.

    Raises
    ------
    LabelError
        If the file cannot be used.
    """
    columns = list_names(path).columns
    known = {settings.map.get(name, name) for name in columns or ()}
    present = [name for name in behaviors if columns is None or name in known]
    if not present:
        raise LabelError(f"{path}: holds none of the behaviors {', '.join(behaviors)}; map its names in the study file.")
    read, _ = read_labels_of(recording, path, present, frames, settings=settings, rater=rater)
    values = np.full((len(read), len(behaviors)), -1, dtype=np.int8)
    for column, name in enumerate(present):
        values[:, behaviors.index(name)] = read.values[:, column]
    return Labels(values, tuple(behaviors))
