"""Which frame of its video each row of a pose table is of, by the table's index."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import PoseError
from behavior.files.counter_columns import find_first_number
from behavior.files.pose_table import PoseTable
from behavior.recording import Track

__all__ = ["check_frame_index", "count_from_0"]

# An index that leaves out more than nine of ten frames holds something else than frame numbers.
_SPARSEST_INDEX = 10

# A year of 100 frames per second has fewer frames.
_LAST_FRAME = 1 << 32


def count_from_0(track: Track, n_frames: int, *, path: Path) -> tuple[Track, str | None]:
    """Return a track whose row 0 is the first of `n_frames`, also of a file that counts from 1 or from a camera's number; and what to say.

    Parameters
    ----------
    path
        Where the track came from, for the message.
    """
    numbers = track.frame_numbers
    if numbers is None:
        return track, None
    first = find_first_number(numbers, n_frames)
    if first:
        shifted = replace(track, positions=track.positions[first:], likelihoods=track.likelihoods[first:], frame_numbers=None)
        return shifted, f"{path}: counts frames from {first} to {numbers[-1]}; its frame {first} is read as frame 0."
    kept = replace(track, frame_numbers=None)
    return kept, f"{path}: its index starts at 1, so frame 0 has no pose; frames are counted from 0." if numbers[0] == 1 else None


def check_frame_index(path: Path, table: PoseTable) -> npt.NDArray[np.int64]:
    """Return the frame of each row of a table, or its number where rows have times, int64 of shape (T,).

    Raises
    ------
    PoseError
        If there is no row, or the index, which `path` is named for, is not one frame number per row.
    """
    import pandas as pd

    index = table.index
    if not len(index):
        raise PoseError(f"{path}: has a header but no rows, expected one per frame; run the tracker again.")
    if table.time_s is not None:
        return np.arange(len(index))
    numbers = pd.to_numeric(
        pd.Series(index.ravel() if index.dtype != object else [str(value) for value in index]), errors="coerce"
    ).to_numpy()
    wrong = np.flatnonzero(~np.isfinite(numbers) | (numbers < 0) | (numbers != np.floor(numbers)))
    if len(wrong):
        value = index[wrong[0]]
        if any(mark in str(value).casefold() for mark in (".png", ".jpg", "labeled-data")):
            raise PoseError(
                f"{path}: holds training labels of single pictures ({value}), expected a row per video frame; choose the video's pose."
            )
        row = f"row {wrong[0]}" if table.lines is None else f"line {table.lines[wrong[0]]}"
        raise PoseError(f"{path}: {row} has the index {str(value)[:80]!r}, expected a frame number; export the pose again.")
    if numbers.max() > _LAST_FRAME:
        raise PoseError(f"{path}: the index goes to {numbers.max():.6g}, expected frame numbers; export the pose again.")
    frames = numbers.astype(np.int64)
    values, counts = np.unique(frames, return_counts=True)
    if (counts > 1).any():
        frame = values[counts > 1][0]
        rows = np.flatnonzero(frames == frame)
        where = "" if table.lines is None else f" (lines {', '.join(map(str, table.lines[rows][:3]))})"
        raise PoseError(f"{path}: frame {frame} has {len(rows)} rows{where}, expected one; remove what was appended twice.")
    if values[-1] >= _SPARSEST_INDEX * (len(frames) + 1000):
        raise PoseError(f"{path}: the index goes to {values[-1]} in {len(frames)} rows, expected frame numbers; export the pose again.")
    return frames
