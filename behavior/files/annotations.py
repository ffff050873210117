"""What people saw: label files, read into one column per behavior; content, not name, tells which format a file has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError
from behavior.files.bout_tables import holds_bouts, list_bout_behaviors, read_bout_table, write_bout_table
from behavior.files.deeplabcut import is_pose_table
from behavior.files.frame_tables import holds_frame_labels, list_frame_behaviors, read_frame_table, write_frame_table
from behavior.files.text_tables import TextTable, read_text_table
from behavior.recording import Labels

__all__ = ["LABEL_SUFFIXES", "is_label_file", "list_behaviors", "read_labels", "write_bout_table", "write_frame_table"]

LABEL_SUFFIXES = (".csv", ".tsv", ".txt")

# Labels that differ from the video by more frames than this do not belong to it.
_TOLERATED_FRAMES = 2

# What a look at a file reads of it.
_SAMPLE_BYTES = 1 << 16


def read_labels(
    path: Path,
    behaviors: Sequence[str],
    *,
    n_frames: int,
    time_s: npt.NDArray[np.float64] | None = None,
    broke_off: bool = False,
) -> tuple[Labels, list[str]]:
    """Read a frame table or a bout table.

    Encoding (UTF-8, UTF-16 with its mark, Latin-1), delimiter (comma, semicolon, tab) and, where commas do not separate cells,
    a decimal comma are found out.

    Parameters
    ----------
    behaviors
        The columns to return, in this order.
    n_frames
        Frames of the recording.
    time_s
        Their times in seconds, float64 of shape (n_frames,); needed for bout tables in seconds.
    broke_off
        Whether the video ends before its header says; then labels behind its end are cut.

    Returns
    -------
    Labels with `n_frames` rows, and sentences about what is odd in the file.

    Raises
    ------
    LabelError
        If the file is missing or no table of labels, a behavior's column is missing, a cell or a bout makes no sense, or the
        labels are more than 2 frames longer or shorter than the recording.
    """
    if time_s is not None and len(time_s) != n_frames:
        raise ValueError(f"time_s has {len(time_s)} entries, expected {n_frames}")
    table = _read_table(path)
    if holds_bouts(table):
        values, warnings = read_bout_table(table, behaviors, n_frames=n_frames, time_s=time_s, broke_off=broke_off)
    else:
        values, warnings = read_frame_table(table, behaviors)
        values = _match_length(path, values, n_frames, broke_off=broke_off, warnings=warnings)
    return Labels(values, tuple(behaviors)), warnings


def list_behaviors(path: Path) -> tuple[str, ...]:
    """Return the behaviors in a label file, in order of appearance.

    Raises
    ------
    LabelError
        If the file is missing or no table of labels.
    """
    table = _read_table(path)
    return list_bout_behaviors(table) if holds_bouts(table) else list_frame_behaviors(table)


def is_label_file(path: Path) -> bool:
    """Tell by its first lines whether `path` is a label file; never raises.

    A frame table is one only if all its columns other than frame and time hold labels, so that tables of features,
    probabilities or pose are none.
    """
    try:
        table = read_text_table(path, n_bytes=_SAMPLE_BYTES)
        return not is_pose_table(path) and (holds_bouts(table) or holds_frame_labels(table))
    except (LabelError, OSError):
        return False


def _read_table(path: Path) -> TextTable:
    if is_pose_table(path):
        raise LabelError(f"{path}: is a pose file, expected labels; choose the label file.")
    return read_text_table(path)


def _match_length(path: Path, values: npt.NDArray[np.int8], n_frames: int, *, broke_off: bool, warnings: list[str]) -> npt.NDArray[np.int8]:
    surplus = len(values) - n_frames
    if surplus == 0:
        return values
    if surplus > 0 and (values[n_frames:] == -1).all():
        # Rows that say nothing, as spreadsheets leave at the end.
        return values[:n_frames]
    if abs(surplus) > _TOLERATED_FRAMES and not (broke_off and surplus > 0):
        raise LabelError(
            f"{path}: labels {len(values)} frames, but the video has {n_frames}, expected as many; are they the labels of another video?"
        )
    if surplus > 0:
        reason = "the video breaks off, and " if broke_off else ""
        warnings.append(f"{path}: {reason}{surplus} of {len(values)} labelled frames are behind its end and left out.")
        return values[:n_frames]
    warnings.append(f"{path}: {-surplus} of {n_frames} frames, the last ones, have no label.")
    return np.pad(values, ((0, -surplus), (0, 0)), constant_values=-1)
