"""Tables of frames: `frame,time_s`, then for each behavior its probability, what its threshold decides and what was decided.

Ethograms of models that know their training frames end with `training_distance`, how far each frame is from these.

Numbers are written with as many digits as it takes to read the same number back.
"""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import EthogramError
from behavior.files.cells import escape_cell, unescape_cell
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Labels, Probabilities

__all__ = ["FrameTable", "format_frames", "format_new_frames", "parse_frame_table", "read_frame_table", "stack_columns"]


_DISTANCE = "training_distance"
# Rows that are in memory as text at once, and that are read together where only a part is needed.
_ROWS_AT_ONCE = 50_000

# Of one column of some rows: numbers, or the cells as they are where one of them is not a finite number.
_Part = npt.NDArray[np.float64] | npt.NDArray[np.int8] | list[str]


@dataclass(frozen=True)
class FrameTable:
    """A table of frames, read by column; every problem names the file and the line.

    Attributes
    ----------
    path
        The file.
    header
        Names of the columns.
    n_rows
        How many rows are below it.
    columns
        Of each column its rows, part after part.
    first_frame
        That of the first row; more than 0 in a part of a table.
    """

    path: Path
    header: list[str]
    n_rows: int
    columns: list[list[_Part]]
    first_frame: int = 0

    def to_annotation(self, recording: str, behaviors: tuple[str, ...], provenance: Provenance, *, may_be_unknown: bool) -> Annotation:
        """Return the table's content.

        Parameters
        ----------
        recording, provenance
            What the table does not say.
        behaviors
            Those to read.
        may_be_unknown
            Whether a column of probabilities may be empty, which is read as NaN.

        Raises
        ------
        EthogramError
            If a column is missing or a cell cannot be used.
        """
        frames = self._read_numbers("frame")
        wrong = np.flatnonzero(frames != np.arange(self.first_frame, self.first_frame + len(frames)))
        if len(wrong):
            expected = self.first_frame + wrong[0]
            raise EthogramError(
                f"{self.path}: line {expected + 2} is of frame {frames[wrong[0]]:g}, expected {expected}; frames have to run from 0 "
                f"without a gap, so write the file again."
            )
        del frames
        shape, time_s = (self.n_rows, len(behaviors)), self._read_numbers("time_s")
        # One column after the other: each has eight bytes for a frame until it is stacked.
        probabilities = (self._read_probabilities(f"{behavior}_prob", may_be_unknown=may_be_unknown) for behavior in behaviors)
        raw = (self.read_choice(f"{behavior}_raw", (0, 1)) for behavior in behaviors)
        final = (self.read_choice(behavior, (0, 1)) for behavior in behaviors)
        return Annotation(
            recording=recording,
            probabilities=Probabilities(stack_columns(probabilities, shape, np.float32), behaviors, time_s),
            raw=Ethogram(stack_columns(raw, shape, np.bool_), behaviors, time_s),
            ethogram=Ethogram(stack_columns(final, shape, np.bool_), behaviors, time_s),
            provenance=provenance,
            distances=self._read_distances() if _DISTANCE in self.header and _DISTANCE not in behaviors else None,
        )

    def _read_distances(self) -> npt.NDArray[np.float32]:
        numbers = self._read_numbers(_DISTANCE)
        wrong = np.flatnonzero((numbers < 0) | (numbers > np.finfo(np.float32).max))
        if len(wrong):
            raise self._describe(_DISTANCE, int(wrong[0]), f"{numbers[wrong[0]]:g}", "a distance from 0 on")
        return numbers.astype(np.float32)

    def _read_numbers(self, name: str) -> npt.NDArray[np.float64]:
        numbers = np.empty(self.n_rows)
        start = 0
        for part in self._find_parts(name):
            if isinstance(part, list):
                row = next(row for row, cell in enumerate(part) if not _is_finite_number(cell))
                raise self._describe(name, start + row, part[row], "a number")
            numbers[start : start + len(part)] = part
            start += len(part)
        return numbers

    def read_choice(self, name: str, choices: Sequence[int]) -> npt.NDArray[np.float64]:
        """Return a column (T,) that may hold `choices` alone; EthogramError at the first cell that does not."""
        numbers = self._read_numbers(name)
        wrong = np.flatnonzero(~np.isin(numbers, choices))
        if len(wrong):
            expected = ", ".join(str(choice) for choice in choices[:-1]) + f" or {choices[-1]}"
            raise self._describe(name, int(wrong[0]), f"{numbers[wrong[0]]:g}", expected)
        return numbers

    def _read_probabilities(self, name: str, *, may_be_unknown: bool) -> npt.NDArray[np.float64]:
        parts = self._find_parts(name)
        if may_be_unknown and self.n_rows and all(isinstance(part, list) and not any(part) for part in parts):
            return np.full(self.n_rows, np.nan)
        numbers = self._read_numbers(name)
        wrong = np.flatnonzero((numbers < 0) | (numbers > 1))
        if len(wrong):
            raise self._describe(name, int(wrong[0]), f"{numbers[wrong[0]]:g}", "a probability between 0 and 1")
        return numbers

    def _find_parts(self, name: str) -> list[_Part]:
        n_columns = self.header.count(name)
        if n_columns != 1:
            problem = "is missing" if n_columns == 0 else f"is there {n_columns} times"
            raise EthogramError(
                f"{self.path}: column {name!r} {problem}, expected it once among {', '.join(self.header)}; write the file again."
            )
        return self.columns[self.header.index(name)]

    def _describe(self, name: str, row: int, found: str, expected: str) -> EthogramError:
        line = self.first_frame + row + 2
        return EthogramError(
            f"{self.path}: line {line} has {found[:60]!r} in column {name!r}, expected {expected}; correct it or write the file again."
        )


def _is_finite_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def stack_columns(columns: Iterable[npt.NDArray[np.float64]], shape: tuple[int, int], dtype: type) -> npt.NDArray:
    """Return B columns (T,) side by side, of `shape` (T, B)."""
    stacked: npt.NDArray = np.empty(shape, dtype=dtype)
    for number, column in enumerate(columns):
        stacked[:, number] = column
    return stacked


def read_frame_table(path: Path) -> FrameTable:
    """Read the cells of the table at `path`; EthogramError if there is none, or it is not CSV in UTF-8 with a row for each frame."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return parse_frame_table(path, file)
    except FileNotFoundError:
        raise EthogramError(f"{path}: does not exist, expected an ethogram; check the path.") from None
    except OSError as error:
        raise EthogramError(f"{path}: cannot be read ({error.strerror or error}); check the file and its permissions.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise EthogramError(f"{path}: is not a CSV file in UTF-8 ({error}); write it again.") from error


def parse_frame_table(path: Path, lines: Iterable[str], *, first_frame: int = 0) -> FrameTable:
    """Return the cells of the table that `lines` are of: the line of names, then those of the frames from `first_frame` on.

    Raises
    ------
    EthogramError
        If there is no line, or one has another number of cells than the first; `path` is the file to name.
    csv.Error
        If it is not CSV.
    """
    rows = (row for row in csv.reader(lines) if row)
    try:
        header = [unescape_cell(name) for name in next(rows)]
    except StopIteration:
        raise EthogramError(f"{path}: is empty, expected a table of frames; write it again.") from None
    columns: list[list[_Part]] = [[] for _ in header]
    n_rows = 0
    while part := list(itertools.islice(rows, _ROWS_AT_ONCE)):
        _require_whole(path, part, n_columns=len(header), first_line=first_frame + n_rows + 2)
        for column, cells in zip(columns, zip(*part, strict=True), strict=True):
            column.append(_parse(cells))
        n_rows += len(part)
    return FrameTable(path, header, n_rows, columns, first_frame)


def _require_whole(path: Path, rows: Sequence[Sequence[str]], *, n_columns: int, first_line: int) -> None:
    for line, row in enumerate(rows, start=first_line):
        if len(row) != n_columns:
            raise EthogramError(
                f"{path}: line {line} has {len(row)} cells, expected {n_columns}; the file was cut off or changed, so write it again."
            )


def _parse(cells: Sequence[str]) -> _Part:
    """Return cells as numbers, in a byte each where they are choices; as they are where one is not a finite number."""
    try:
        numbers = np.array([float(cell) for cell in cells], dtype=np.float64)
    except ValueError:
        return list(cells)
    if not np.isfinite(numbers).all():
        return list(cells)
    are_choices = bool((np.abs(numbers) <= 1).all()) and bool((numbers == np.trunc(numbers)).all())
    return numbers.astype(np.int8) if are_choices else numbers


def format_frames(path: Path, annotation: Annotation, labels: Labels | None) -> Iterator[bytes]:
    """Return the text of a table of frames, with a column `NAME_label` for each behavior where there are labels.

    The first part is the line of names, each other one the lines of some frames.

    Raises
    ------
    EthogramError
        If two columns would have the same name; `path` is the file to name.
    """
    header = _list_header(annotation.behaviors, with_labels=labels is not None)
    if annotation.distances is not None:
        header.append(_DISTANCE)
    repeated = [name for name in header if header.count(name) > 1]
    if repeated:
        raise EthogramError(f"{path}: two columns would be called {repeated[0]!r}; rename the behavior of that name in the study file.")
    starts = range(0, len(annotation.time_s), _ROWS_AT_ONCE)
    tables = (_list_columns(annotation, labels, slice(start, start + _ROWS_AT_ONCE)) for start in starts)
    return itertools.chain(
        [_format_rows([[escape_cell(name) for name in header]])], (_format_rows(zip(*one, strict=True)) for one in tables)
    )


def _list_header(behaviors: Sequence[str], *, with_labels: bool = False) -> list[str]:
    header: list[str] = ["frame", "time_s"]
    for behavior in behaviors:
        header += [*([f"{behavior}_label"] if with_labels else []), f"{behavior}_prob", f"{behavior}_raw", behavior]
    return header


def format_new_frames(
    behaviors: Sequence[str],
    first: int = 0,
    time_s: Sequence[float] | None = None,
    probabilities: npt.NDArray[np.float32] | None = None,
    raw: npt.NDArray[np.bool_] | None = None,
) -> bytes:
    """Return lines for a table of frames that grows: its first line, or where they are given, those of the frames from `first` on.

    Parameters
    ----------
    behaviors
        In order.
    time_s, probabilities, raw
        Of N frames: seconds, and for each behavior the probability and what its threshold decides, (N, B), which is the decision as long
        as nothing can be cleaned.
    """
    if time_s is None or probabilities is None or raw is None:
        return _format_rows([[escape_cell(name) for name in _list_header(behaviors)]])
    columns: list[Iterable[object]] = [range(first, first + len(time_s)), time_s]
    for index in range(len(behaviors)):
        decided = raw[:, index].astype(np.int8).tolist()
        columns += [_format_numbers(probabilities[:, index]), decided, decided]
    return _format_rows(zip(*columns, strict=True))


def _list_columns(annotation: Annotation, labels: Labels | None, rows: slice) -> list[Iterable[object]]:
    """Return the cells of some rows, column by column."""
    columns: list[Iterable[object]] = [range(len(annotation.time_s))[rows], annotation.time_s[rows].tolist()]
    for index in range(len(annotation.behaviors)):
        if labels is not None:
            columns.append(labels.values[rows, index].tolist())
        columns.append(_format_numbers(annotation.probabilities.values[rows, index]))
        columns.append(annotation.raw.values[rows, index].astype(np.int8).tolist())
        columns.append(annotation.ethogram.values[rows, index].astype(np.int8).tolist())
    if annotation.distances is not None:
        columns.append(_format_numbers(annotation.distances[rows]))
    return columns


def _format_rows(rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _format_numbers(values: npt.NDArray[np.float32]) -> list[str]:
    # numpy writes a float32 with the fewest digits that tell it from every other float32; Python's own floats would show 0.1 as
    # 0.10000000149011612.
    return ["" if text == "nan" else text for text in values.astype(str).tolist()]
