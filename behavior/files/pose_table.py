"""Pose as every tracker's file is first read: columns taken apart, a row per frame that has one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import PoseError, advise_on_missing

__all__ = ["COORDINATES", "PoseInstances", "PoseTable", "is_hdf5", "require_pose_file"]

COORDINATES = ("x", "y", "likelihood")

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True)
class PoseTable:
    """A table with its header taken apart.

    Attributes
    ----------
    columns
        Individual ("" where the file names none), body part and coordinate of each of C columns.
    index
        What names the rows, shape (T,): frame numbers, if all is well.
    values
        Float64 of shape (T, C).
    time_s
        When each row was measured, in seconds from the start of the video, float64 of shape (T,), increasing; None where the index
        places the rows.
    may_end_early
        Whether such files leave out the frames after the last detection.
    stated_frames
        How many frames the file says that its video has; None if it does not.
    fps
        Frames per second that the file says its video has; None if it does not.
    unit
        "px" for pixels from the upper left corner; anything else is from an origin of the program's own, y upwards.
    lines
        In which line of a text each row is, shape (T,), counted from 1; None for other files.
    has_peaks
        Whether likelihoods are the peaks of a network's heat maps, which may be above 1.
    """

    columns: tuple[tuple[str, str, str], ...]
    index: npt.NDArray
    values: npt.NDArray[np.float64]
    time_s: npt.NDArray[np.float64] | None = None
    may_end_early: bool = False
    stated_frames: int | None = None
    fps: float | None = None
    unit: str = "px"
    lines: npt.NDArray[np.int64] | None = None
    has_peaks: bool = False

    def require_distinct(self, path: Path) -> None:
        """Raise PoseError, naming `path`, if a column is there twice."""
        repeated = [column for column, count in Counter(self.columns).items() if count > 1]
        if repeated:
            individual, part, coordinate = repeated[0]
            owner = f" of {individual!r}" if individual else ""
            raise PoseError(f"{path}: column {coordinate!r} of body part {part!r}{owner} is there twice; remove one.")


@dataclass(frozen=True)
class PoseInstances:
    """Animals in frames, N of them, whether or not it is known which is which from one frame to the next.

    Attributes
    ----------
    frames
        Of each, int64 of shape (N,), 0 or more, in order.
    owners
        Which of `names` each is, int64 of shape (N,); -1 where nobody said.
    names
        Of the animals, as the file spells them.
    body_parts
        P names.
    values
        x, y and likelihood of each body part, float64 of shape (N, P, 3); NaN, NaN and 0 where it was not found.
    stated_frames
        How many frames the file says that its video has; None if it does not.
    """

    frames: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64]
    names: tuple[str, ...]
    body_parts: tuple[str, ...]
    values: npt.NDArray[np.float64]
    stated_frames: int | None = None

    def __post_init__(self) -> None:
        n = len(self.frames)
        for name, shape in (("frames", (n,)), ("owners", (n,)), ("values", (n, len(self.body_parts), 3))):
            if (found := getattr(self, name).shape) != shape:
                raise ValueError(f"{name} have shape {found}, expected {shape}")


def is_hdf5(path: Path) -> bool:
    """Tell by its first bytes whether a file is HDF5; OSError where it cannot be read."""
    with path.open("rb") as file:
        return file.read(len(_HDF5_MAGIC)) == _HDF5_MAGIC


def require_pose_file(path: Path) -> bool:
    """Return whether the file at `path` is HDF5.

    Raises
    ------
    PoseError
        If there is no such file, it is a folder or a device, or it may not be read.
    """
    if not path.exists():
        raise PoseError(f"{path}: there is no such pose file; {advise_on_missing(path)}.")
    if path.is_dir():
        raise PoseError(f"{path}: is a folder, expected a pose file (.csv, .h5, .nwb).")
    if not path.is_file():
        raise PoseError(f"{path}: is a device or a pipe, expected a pose file (.csv, .h5, .nwb); name a file.")
    try:
        return is_hdf5(path)
    except OSError as error:
        raise PoseError(f"{path}: cannot be read ({error.strerror or error}); check that you may read it.") from error
