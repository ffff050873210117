"""Likelihoods of pose: whether they are in the range that their format has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import PoseError
from behavior.files.pose_table import PoseInstances, PoseTable

__all__ = ["check_likelihoods", "require_instance_likelihoods"]

_ROUNDING = 0.01
# Tables that were converted from the peaks of heat maps go beyond 1, though not so far; percent do.
_HIGHEST = 2.0
# The peaks themselves go farther: those in published files of JABS to 5.6, of SLEAP to 1.8.
_HIGHEST_PEAK = 10.0
# Some programs write this for what they did not find.
_NOT_FOUND = -1.0


def check_likelihoods(path: Path, table: PoseTable) -> str | None:
    """Return a sentence where likelihoods of a table exceed 0 to 1 by little, so that they count as 0 or 1; None where none does.

    Heat maps of SLEAP and JABS have no such bounds (`PoseTable.has_peaks`), so that nothing is said of theirs.

    Parameters
    ----------
    path
        Where the table came from, for the message.

    Raises
    ------
    PoseError
        If one is so far from 0 to 1 that it is of another scale, such as percent.
    """
    columns = [number for number, (_, _, coordinate) in enumerate(table.columns) if coordinate == "likelihood"]
    names = [_name_column(*table.columns[number][:2]) for number in columns]

    def name_row(row: int) -> str:
        return f"row {table.index[row]}" if table.lines is None else f"line {table.lines[row]}"

    values = table.values[:, columns]
    _require_range(path, values, names, name_row=name_row, highest=_HIGHEST_PEAK if table.has_peaks else _HIGHEST)
    if table.has_peaks:
        return None
    odd = ((values < -_ROUNDING) & (values != _NOT_FOUND)) | (values > 1 + _ROUNDING)
    if not odd.any():
        return None
    row, column = np.argwhere(odd)[0]
    return (
        f"{path}: {np.count_nonzero(odd):,} of {values.size:,} likelihoods are not from 0 to 1, the first of them that of {names[column]} "
        f"in {name_row(int(row))}, {values[row, column]:.4g}; what is below 0 counts as 0, and what is above 1 as 1."
    )


def require_instance_likelihoods(path: Path, instances: PoseInstances) -> None:
    """Raise PoseError where a likelihood of SLEAP's instances is so far from 0 to 1 that it is of another scale, such as percent."""
    names = [_name_column("", part) for part in instances.body_parts]
    _require_range(path, instances.values[..., 2], names, name_row=lambda row: f"frame {instances.frames[row]}", highest=_HIGHEST_PEAK)


def _require_range(
    path: Path, values: npt.NDArray[np.float64], names: Sequence[str], *, name_row: Callable[[int], str], highest: float
) -> None:
    """Raise PoseError where one of the likelihoods `values` (N, C) is farther from 0 than `highest`; NaN is allowed."""
    wrong = np.abs(values) > highest
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        found = float(values[row, column])
        advice = "divide the likelihoods by 100 if they are percent, or export the pose again" if found > 0 else "export the pose again"
        raise PoseError(
            f"{path}: {names[column]} has the likelihood {found:.6g} in {name_row(int(row))}, expected a number from 0 to 1; {advice}."
        )


def _name_column(individual: str, part: str) -> str:
    return f"body part {part!r}" + (f" of {individual!r}" if individual else "")
