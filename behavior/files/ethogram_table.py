"""Tables of frames: `frame,time_s`, then for each behavior its probability, what its threshold decides and what was decided.

Numbers are written with as many digits as it takes to read the same number back.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import EthogramError
from behavior.files.cells import escape_cell, unescape_cell
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Labels, Probabilities

__all__ = ["FrameTable", "format_frames", "read_frame_table", "stack_columns"]


@dataclass(frozen=True)
class FrameTable:
    """Cells of a table of frames, read by column; every problem names the file and the line."""

    path: Path
    header: list[str]
    rows: list[list[str]]

    def __post_init__(self) -> None:
        for line, row in enumerate(self.rows, start=2):
            if len(row) != len(self.header):
                raise EthogramError(
                    f"{self.path}: line {line} has {len(row)} cells, expected {len(self.header)}; the file was cut off or changed, so "
                    f"write it again."
                )

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
        wrong = np.flatnonzero(frames != np.arange(len(frames)))
        if len(wrong):
            raise EthogramError(
                f"{self.path}: line {wrong[0] + 2} is of frame {frames[wrong[0]]:g}, expected {wrong[0]}; frames have to run from 0 "
                f"without a gap, so write the file again."
            )
        time_s = self._read_numbers("time_s")
        probabilities = [self._read_probabilities(f"{behavior}_prob", may_be_unknown=may_be_unknown) for behavior in behaviors]
        raw = [self.read_choice(f"{behavior}_raw", (0, 1)) for behavior in behaviors]
        final = [self.read_choice(behavior, (0, 1)) for behavior in behaviors]
        return Annotation(
            recording=recording,
            probabilities=Probabilities(stack_columns(probabilities, len(frames), np.float32), behaviors, time_s),
            raw=Ethogram(stack_columns(raw, len(frames), np.bool_), behaviors, time_s),
            ethogram=Ethogram(stack_columns(final, len(frames), np.bool_), behaviors, time_s),
            provenance=provenance,
        )

    def _read_numbers(self, name: str) -> npt.NDArray[np.float64]:
        return self._parse(name, self._find_cells(name))

    def read_choice(self, name: str, choices: Sequence[int]) -> npt.NDArray[np.float64]:
        """Return a column (T,) that may hold `choices` alone; EthogramError at the first cell that does not."""
        numbers = self._read_numbers(name)
        wrong = np.flatnonzero(~np.isin(numbers, choices))
        if len(wrong):
            expected = ", ".join(str(choice) for choice in choices[:-1]) + f" or {choices[-1]}"
            raise self._describe(name, int(wrong[0]), f"{numbers[wrong[0]]:g}", expected)
        return numbers

    def _read_probabilities(self, name: str, *, may_be_unknown: bool) -> npt.NDArray[np.float64]:
        cells = self._find_cells(name)
        if may_be_unknown and cells and not any(cells):
            return np.full(len(cells), np.nan)
        numbers = self._parse(name, cells)
        wrong = np.flatnonzero((numbers < 0) | (numbers > 1))
        if len(wrong):
            raise self._describe(name, int(wrong[0]), f"{numbers[wrong[0]]:g}", "a probability between 0 and 1")
        return numbers

    def _find_cells(self, name: str) -> list[str]:
        n_columns = self.header.count(name)
        if n_columns != 1:
            problem = "is missing" if n_columns == 0 else f"is there {n_columns} times"
            raise EthogramError(
                f"{self.path}: column {name!r} {problem}, expected it once among {', '.join(self.header)}; write the file again."
            )
        column = self.header.index(name)
        return [row[column] for row in self.rows]

    def _parse(self, name: str, cells: list[str]) -> npt.NDArray[np.float64]:
        try:
            numbers = np.array([float(cell) for cell in cells], dtype=np.float64)
        except ValueError:
            line = next(index for index, cell in enumerate(cells) if not _is_number(cell))
            raise self._describe(name, line, cells[line], "a number") from None
        wrong = np.flatnonzero(~np.isfinite(numbers))
        if len(wrong):
            raise self._describe(name, int(wrong[0]), cells[wrong[0]], "a number")
        return numbers

    def _describe(self, name: str, row: int, found: str, expected: str) -> EthogramError:
        return EthogramError(
            f"{self.path}: line {row + 2} has {found[:60]!r} in column {name!r}, expected {expected}; correct it or write the file again."
        )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def stack_columns(columns: list[npt.NDArray[np.float64]], n_frames: int, dtype: type) -> npt.NDArray:
    """Return columns (T,) side by side, of shape (T, B), also where there are none."""
    return np.column_stack(columns).astype(dtype) if columns else np.zeros((n_frames, 0), dtype=dtype)


def read_frame_table(path: Path) -> FrameTable:
    """Read the cells of the table at `path`; EthogramError if there is none, or it is not CSV in UTF-8 with a row for each frame."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = [row for row in csv.reader(file) if row]
            header = [unescape_cell(name) for name in header]
    except FileNotFoundError:
        raise EthogramError(f"{path}: does not exist, expected an ethogram; check the path.") from None
    except OSError as error:
        raise EthogramError(f"{path}: cannot be read ({error.strerror or error}); check the file and its permissions.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise EthogramError(f"{path}: is not a CSV file in UTF-8 ({error}); write it again.") from error
    except ValueError:
        raise EthogramError(f"{path}: is empty, expected a table of frames; write it again.") from None
    return FrameTable(path, header, rows)


def format_frames(path: Path, annotation: Annotation, labels: Labels | None) -> str:
    """Return the text of a table of frames, with a column `NAME_label` for each behavior where there are labels.

    Raises
    ------
    EthogramError
        If two columns would have the same name; `path` is the file to name.
    """
    header: list[str] = ["frame", "time_s"]
    columns: list[Iterable[object]] = [range(len(annotation.time_s)), annotation.time_s.tolist()]
    for index, behavior in enumerate(annotation.behaviors):
        if labels is not None:
            header.append(f"{behavior}_label")
            columns.append(labels.values[:, index].tolist())
        header += [f"{behavior}_prob", f"{behavior}_raw", behavior]
        columns.append(_format_probabilities(annotation.probabilities.values[:, index]))
        columns.append(annotation.raw.values[:, index].astype(np.int8).tolist())
        columns.append(annotation.ethogram.values[:, index].astype(np.int8).tolist())
    repeated = [name for name in header if header.count(name) > 1]
    if repeated:
        raise EthogramError(f"{path}: two columns would be called {repeated[0]!r}; rename the behavior of that name in the study file.")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(escape_cell, header))
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue()


def _format_probabilities(values: npt.NDArray[np.float32]) -> list[str]:
    # numpy writes a float32 with the fewest digits that tell it from every other float32; Python's own floats would show 0.1 as
    # 0.10000000149011612.
    return ["" if text == "nan" else text for text in values.astype(str).tolist()]
