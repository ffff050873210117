"""Ethograms on disk: the three files that annotating a recording leaves, and out-of-fold predictions.

`RECORDING_ethogram.csv` has a row for each frame, `RECORDING_bouts.csv` one for each bout, and `RECORDING_ethogram.json` says
where they come from. Numbers are written with as many digits as it takes to read the same number back.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from behavior.errors import EthogramError
from behavior.files.atomic import make_folder, write_text
from behavior.files.ethogram_description import EthogramDescription, format_description, read_description
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Labels, Probabilities, find_bouts, frame_edges

__all__ = [
    "ETHOGRAM_SUFFIX",
    "BoutRow",
    "find_ethograms",
    "list_bouts",
    "read_annotation",
    "read_frame_predictions",
    "read_provenance",
    "write_annotation",
    "write_frame_predictions",
]

ETHOGRAM_SUFFIX = "_ethogram.csv"


class BoutRow(NamedTuple):
    """A row of `RECORDING_bouts.csv`: frames and seconds are half-open, `mean_prob` is the mean probability of the bout's frames."""

    recording: str
    behavior: str
    start_frame: int
    stop_frame: int
    start_s: float
    stop_s: float
    duration_s: float
    mean_prob: float


def write_annotation(folder: Path, annotation: Annotation) -> list[Path]:
    """Write the three files of `annotation` into `folder`, which is made where it is missing.

    Returns
    -------
    Paths of `RECORDING_ethogram.csv`, `RECORDING_bouts.csv` and `RECORDING_ethogram.json`. The first is written last: who finds
    it finds the other two.

    Raises
    ------
    ValueError
        If a probability is NaN: a behavior that the model does not know has no place in an annotation. If the provenance has a key
        that the file keeps for the annotation itself.
    EthogramError
        If two columns would have the same name.
    OutputError
        If the folder cannot be written to.
    """
    if np.isnan(annotation.probabilities.values).any():
        raise ValueError(f"probabilities of {annotation.recording!r} are NaN, expected behaviors that the model knows")
    ethogram_path = folder / f"{annotation.recording}{ETHOGRAM_SUFFIX}"
    bouts_path = folder / f"{annotation.recording}_bouts.csv"
    description_path = ethogram_path.with_suffix(".json")
    ethogram_text = _format_frames(ethogram_path, annotation, None)
    bouts_text = _format_csv(BoutRow._fields, list_bouts(annotation))
    description = EthogramDescription(
        annotation.recording,
        annotation.behaviors,
        len(annotation.time_s),
        _hash_table(annotation),
        annotation.provenance.model_copy(update={"fps": annotation.fps}),
    )
    description_text = format_description(description)
    make_folder(folder)
    write_text(description_path, description_text)
    write_text(bouts_path, bouts_text)
    write_text(ethogram_path, ethogram_text)
    return [ethogram_path, bouts_path, description_path]


def list_bouts(annotation: Annotation) -> list[BoutRow]:
    """Return the bouts of a recording: behavior after behavior, each in order of time."""
    edges = frame_edges(annotation.time_s, annotation.fps)
    rows: list[BoutRow] = []
    for index, behavior in enumerate(annotation.behaviors):
        probabilities = annotation.probabilities.values[:, index]
        for start, stop in find_bouts(annotation.ethogram.values[:, index]).tolist():
            start_s, stop_s = float(edges[start]), float(edges[stop])
            mean = float(np.mean(probabilities[start:stop], dtype=np.float64))
            rows.append(BoutRow(annotation.recording, behavior, start, stop, start_s, stop_s, round(stop_s - start_s, 6), round(mean, 6)))
    return rows


def read_annotation(path: Path) -> Annotation:
    """Read what `write_annotation` wrote, exactly; `path` is that of `RECORDING_ethogram.csv`.

    The provenance read has `fps`, whether or not the one written had it.

    Raises
    ------
    EthogramError
        If a file is missing, or is not what `write_annotation` writes; the message names the file, and the line where there is one.
    """
    description_path, description = _find_description(path)
    header, rows = _read_rows(path)
    if len(rows) != description.n_frames:
        raise EthogramError(
            f"{path}: holds {len(rows)} frames, expected the {description.n_frames} that {description_path.name} names; the file was cut "
            "off or changed, so annotate the recording again."
        )
    columns = _FrameColumns(path, header, rows)
    annotation = columns.to_annotation(description.recording, description.behaviors, description.provenance, may_be_unknown=False)
    if description.table_hash not in (None, _hash_table(annotation)):
        raise EthogramError(
            f"{path}: is not the table that {description_path.name} describes, because it was changed or writing it was interrupted; "
            "annotate the recording again."
        )
    return annotation


def read_provenance(path: Path) -> Provenance:
    """Return where the ethogram at `path`, that of `RECORDING_ethogram.csv`, comes from, without reading its table.

    Raises
    ------
    EthogramError
        If the file beside it that says so is missing or cannot be used.
    """
    return _find_description(path)[1].provenance


def write_frame_predictions(path: Path, annotation: Annotation, labels: Labels) -> None:
    """Write predictions beside the labels they are scored with: `frame,time_s`, then `NAME_label,NAME_prob,NAME_raw,NAME`.

    Labels are 1, 0 or -1. The `NAME_prob` of a behavior that the fold never learned (NaN) is empty.

    Raises
    ------
    ValueError
        If labels and annotation differ in behaviors or length.
    EthogramError
        If two columns would have the same name.
    OutputError
        If the folder cannot be written to.
    """
    if labels.behaviors != annotation.behaviors or len(labels) != len(annotation.time_s):
        raise ValueError(f"labels and predictions of {annotation.recording!r} differ in behaviors or length")
    make_folder(path.parent)
    write_text(path, _format_frames(path, annotation, labels))


def read_frame_predictions(path: Path, behaviors: Sequence[str]) -> tuple[Annotation, Labels]:
    """Read what `write_frame_predictions` wrote, exactly, but for the provenance; the recording is called as the file is.

    Raises
    ------
    EthogramError
        If the file is missing, or is not what `write_frame_predictions` writes.
    """
    columns = _FrameColumns(path, *_read_rows(path))
    annotation = columns.to_annotation(path.stem, tuple(behaviors), Provenance(), may_be_unknown=True)
    labels = [columns.read_choice(f"{behavior}_label", (-1, 0, 1)) for behavior in behaviors]
    return annotation, Labels(_stack(labels, len(annotation.time_s), np.int8), tuple(behaviors))


def find_ethograms(paths: Sequence[Path]) -> list[Path]:
    """Return the ethograms that `paths` stand for, each once: files as they are, of folders every `*_ethogram.csv` directly inside.

    Raises
    ------
    EthogramError
        If a path does not exist, a folder holds no ethogram, or there is no path.
    """
    if not paths:
        raise EthogramError("no ethogram was named, expected files or folders; name the folder that annotate wrote to.")
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            # A leading dot marks what systems leave behind when they copy, such as "._A_ethogram.csv".
            inside = sorted(file for file in path.glob(f"*{ETHOGRAM_SUFFIX}") if not file.name.startswith("."))
            if not inside:
                raise EthogramError(f"{path}: holds no file *{ETHOGRAM_SUFFIX}; name the folder that annotate wrote to.")
            found.update(dict.fromkeys(inside))
        elif path.is_file():
            found[path] = None
        else:
            raise EthogramError(f"{path}: does not exist, expected an ethogram or a folder of them; check the path.")
    return list(found)


@dataclass(frozen=True)
class _FrameColumns:
    """Cells of a frame table, read by column; every problem names the file and the line."""

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
        frames = self.read_numbers("frame")
        wrong = np.flatnonzero(frames != np.arange(len(frames)))
        if len(wrong):
            raise EthogramError(
                f"{self.path}: line {wrong[0] + 2} is of frame {frames[wrong[0]]:g}, expected {wrong[0]}; frames have to run from 0 "
                f"without a gap, so write the file again."
            )
        time_s = self.read_numbers("time_s")
        probabilities = [self.read_probabilities(f"{behavior}_prob", may_be_unknown=may_be_unknown) for behavior in behaviors]
        raw = [self.read_choice(f"{behavior}_raw", (0, 1)) for behavior in behaviors]
        final = [self.read_choice(behavior, (0, 1)) for behavior in behaviors]
        return Annotation(
            recording=recording,
            probabilities=Probabilities(_stack(probabilities, len(frames), np.float32), behaviors, time_s),
            raw=Ethogram(_stack(raw, len(frames), np.bool_), behaviors, time_s),
            ethogram=Ethogram(_stack(final, len(frames), np.bool_), behaviors, time_s),
            provenance=provenance,
        )

    def read_numbers(self, name: str) -> npt.NDArray[np.float64]:
        return self._parse(name, self._find_cells(name))

    def read_choice(self, name: str, choices: Sequence[int]) -> npt.NDArray[np.float64]:
        numbers = self.read_numbers(name)
        wrong = np.flatnonzero(~np.isin(numbers, choices))
        if len(wrong):
            expected = ", ".join(str(choice) for choice in choices[:-1]) + f" or {choices[-1]}"
            raise self._describe(name, int(wrong[0]), f"{numbers[wrong[0]]:g}", expected)
        return numbers

    def read_probabilities(self, name: str, *, may_be_unknown: bool) -> npt.NDArray[np.float64]:
        cells = self._find_cells(name)
        if may_be_unknown and cells and not any(cells):
            return np.full(len(cells), np.nan)
        numbers = self._parse(name, cells)
        wrong = np.flatnonzero((numbers < 0) | (numbers > 1))
        if len(wrong):
            raise self._describe(name, int(wrong[0]), f"{numbers[wrong[0]]:g}", "a probability between 0 and 1")
        return numbers

    def _find_cells(self, name: str) -> list[str]:
        n_found = self.header.count(name)
        if n_found != 1:
            found = "is missing" if n_found == 0 else f"is there {n_found} times"
            raise EthogramError(
                f"{self.path}: column {name!r} {found}, expected it once among {', '.join(self.header)}; write the file again."
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
            f"{self.path}: line {row + 2} has {found!r} in column {name!r}, expected {expected}; correct it or write the file again."
        )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _stack(columns: list[npt.NDArray[np.float64]], n_frames: int, dtype: type) -> npt.NDArray:
    return np.column_stack(columns).astype(dtype) if columns else np.zeros((n_frames, 0), dtype=dtype)


def _hash_table(annotation: Annotation) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for values in (annotation.probabilities.values, annotation.raw.values, annotation.ethogram.values):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _read_rows(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = [row for row in csv.reader(file) if row]
    except FileNotFoundError:
        raise EthogramError(f"{path}: does not exist, expected an ethogram; check the path.") from None
    except OSError as error:
        raise EthogramError(f"{path}: cannot be read ({error.strerror or error}); check the file and its permissions.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise EthogramError(f"{path}: is not a CSV file in UTF-8 ({error}); write it again.") from error
    except ValueError:
        raise EthogramError(f"{path}: is empty, expected a table of frames; write it again.") from None
    return header, rows


def _find_description(path: Path) -> tuple[Path, EthogramDescription]:
    """Return where the description of the ethogram at `path` is, and what it says."""
    if not path.is_file():
        raise EthogramError(f"{path}: does not exist, expected an ethogram; check the path.")
    description_path = path.with_suffix(".json")
    if not description_path.exists():
        raise EthogramError(
            f"{path}: {description_path.name} is not beside it, expected the file that says what it holds; keep the files that annotate "
            "writes together."
        )
    return description_path, read_description(description_path)


def _format_frames(path: Path, annotation: Annotation, labels: Labels | None) -> str:
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
    return _format_csv(header, zip(*columns, strict=True))


def _format_probabilities(values: npt.NDArray[np.float32]) -> list[str]:
    # numpy writes a float32 with the fewest digits that tell it from every other float32; Python's own floats would show 0.1 as
    # 0.10000000149011612.
    return ["" if text == "nan" else text for text in values.astype(str).tolist()]


def _format_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
