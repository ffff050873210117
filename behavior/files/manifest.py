"""The manifest (recordings.csv): which files belong to which recording."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time
from itertools import zip_longest
from pathlib import Path
from typing import Any, get_args

from behavior.config import is_view_name, parse_clock_start, parse_time_of_day
from behavior.errors import UsageError, show_plainly, suggest_nearest
from behavior.files.atomic import replacing
from behavior.files.cells import escape_cell, unescape_cell
from behavior.files.opening import read_text
from behavior.files.shared_videos import introduce_companions
from behavior.files.subject_cells import parse_age, parse_sex, parse_species
from behavior.files.text_tables import find_delimiter
from behavior.files.view_cells import VIEW_PREFIXES, list_view_columns, parse_views, show_views
from behavior.frame_times import HIGHEST_RATE
from behavior.recording import Recording, Split

__all__ = ["RATER_PREFIX", "is_portable_name", "read_manifest", "select_labels", "write_manifest"]

# When a recording began, and when the lights are on.
_CLOCK_CELLS: Mapping[str, Callable[[str], datetime | time]] = {
    "clock_start": parse_clock_start,
    "lights_on": parse_time_of_day,
    "lights_off": parse_time_of_day,
}
_COLUMNS = (
    *("recording", "video", "pose", "labels", "animal", "group", "split", "individual", "fps", "sex", "age", "species"),
    *_CLOCK_CELLS,
)
# Shown in tables, pictures and messages.
_NAMES = ("animal", "group", "individual")
# What archives ask of an animal.
_SUBJECT_CELLS: Mapping[str, Callable[[str], str]] = {"sex": parse_sex, "age": parse_age, "species": parse_species}
_ODD_NAME = "which has a control character or a line break in it; write it again"
# Names of rows for several recordings in tables of scores.
_TABLE_ROWS = ("pooled", "mean")
RATER_PREFIX = "labels_"
_MOST_BYTES = 64 * 2**20
_ADVICE = "save it as a CSV file in UTF-8, or let `behavior init DIR` pair the files of a folder"
_SEPARATOR_LINE = "sep="
# File systems take 255 bytes; a recording's files have a few more letters than its id.
_LONGEST_ID = 200
# Device names that Windows keeps for itself, whatever their suffix.
_RESERVED_NAMES = {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))}


def is_portable_name(name: str) -> bool:
    """Tell whether `name` is a file name on every system: at most 200 letters, digits, `.`, `_` and `-`, not starting with a dot or dash.

    >>> is_portable_name("mouse_01"), is_portable_name("con.csv"), is_portable_name("-a")
    (True, False, False)
    """
    if len(name.encode()) > _LONGEST_ID:
        return False
    return re.fullmatch(r"\w[\w.-]*", name) is not None and not name.endswith(".") and name.split(".")[0].casefold() not in _RESERVED_NAMES


def read_manifest(path: Path) -> list[Recording]:
    """Return the recordings of the manifest at `path`, in its order, paths resolved against its folder.

    Whether the files exist is not checked here but by `behavior check`.

    Raises
    ------
    UsageError
        If the file is missing or empty, a column is unknown or the `recording` column missing, an id is empty, repeated or unsafe as a
        file name, another name holds a control character, a split is neither `train`, `test` nor empty, frames per second are no number,
        a sex, age, species or time of the clock cannot be used, the sex or species of one animal differ, or a view starts at no number of
        seconds or is there without the first view.
    """
    text = read_text(path, most_bytes=_MOST_BYTES, error=UsageError, expected="a manifest", advice=_ADVICE, by_spreadsheet=True)
    # Excel's first line may say what separates cells.
    header = next((line for line in io.StringIO(text, newline="") if line.strip() and not line.startswith(_SEPARATOR_LINE)), "")
    # Only what editors call a line is one: names may hold other characters that Unicode counts as line ends.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=find_delimiter(header), skipinitialspace=True)
    columns = [name.strip() for name in next((row for row in reader if any(row) and not row[0].startswith(_SEPARATOR_LINE)), [])]
    while len(columns) > 1 and not columns[-1]:
        columns.pop()
    _check_columns(path, columns)
    recordings: list[Recording] = []
    lines: dict[str, int] = {}
    last = reader.line_num
    for row in reader:
        # A quoted cell may go on over several lines; a row is where it begins.
        line, last = last + 1, reader.line_num
        if any(cell.strip() for cell in row[len(columns) :]):
            raise UsageError(f"{path}, line {line}: found more cells than the {len(columns)} columns; quote a cell that holds a comma.")
        cells = {name: unescape_cell(cell.strip()) for name, cell in zip_longest(columns, row[: len(columns)], fillvalue="")}
        if not any(cells.values()):
            continue
        recording = _parse_row(path, line, cells)
        key = recording.id.casefold()
        if key in lines:
            raise UsageError(
                f"{path}, line {line}: recording {recording.id!r} is already on line {lines[key]}; ids name files and have to be unique "
                "(capital letters do not count)."
            )
        lines[key] = line
        recordings.append(recording)
    if not recordings:
        raise UsageError(f"{path}: found no recordings; add a row for each video.")
    _require_one_subject_each(path, recordings)
    return introduce_companions(recordings)


def _require_one_subject_each(path: Path, recordings: Iterable[Recording]) -> None:
    """Raise UsageError if an animal has two sexes, or is of two species; its age may differ from recording to recording."""
    for column in ("sex", "species"):
        known: dict[str, Recording] = {}
        for recording in recordings:
            value = getattr(recording, column)
            first = known.setdefault(recording.animal, recording) if value else recording
            before = getattr(first, column)
            if before != value:
                raise UsageError(
                    f"{path}: the {column} of animal {recording.animal!r} is {before} in recording {first.id!r} and {value} "
                    f"in {recording.id!r}; correct one of them, or name two animals."
                )


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    if not columns:
        raise UsageError(f"{path}: is empty, expected a manifest; {_ADVICE}.")
    if len(columns) == 1 and find_delimiter(columns[0]) in columns[0]:
        raise UsageError(
            f"{path}: each row is one cell, {columns[0][:60]!r} the first, expected a cell for each column; a spreadsheet program has put "
            "rows in quotation marks: take those away, or split the cells there."
        )
    if not {name.casefold() for name in columns} & set(_COLUMNS) and not any(suggest_nearest(name, _COLUMNS) for name in columns):
        shown = ", ".join(repr(name[:60]) for name in columns[:3])
        raise UsageError(
            f"{path}: the first row has {shown}, expected names of columns, such as recording, video, pose, labels; put them there."
        )
    repeated = {name for name in columns if columns.count(name) > 1}
    if repeated:
        raise UsageError(f"{path}: column {', '.join(sorted(repeated))} appears more than once; keep one of each.")
    for name in columns:
        is_view = any(is_view_name(name.removeprefix(prefix)) for prefix in VIEW_PREFIXES if name.startswith(prefix))
        if name not in _COLUMNS and not is_view and not (name.startswith(RATER_PREFIX) and len(name) > len(RATER_PREFIX)):
            known = ", ".join((*_COLUMNS, *(f"{prefix}NAME" for prefix in (RATER_PREFIX, *VIEW_PREFIXES))))
            advice = suggest_nearest(name, _COLUMNS) or "; correct its name, or delete the column"
            raise UsageError(f"{path}: unknown column {name!r}{advice} (known: {known}).")
        if show_plainly(name) != name:
            raise UsageError(f"{path}: found column '{show_plainly(name)[:60]}', {_ODD_NAME}.")
    if "recording" not in columns:
        raise UsageError(f"{path}: found columns {', '.join(columns)}, expected at least 'recording'; add that column.")


def _parse_row(path: Path, line: int, cells: dict[str, str]) -> Recording:
    name = cells["recording"]
    if name in _TABLE_ROWS:
        raise UsageError(f"{path}, line {line}: recording id {name!r} names a summary in tables of scores; choose another id.")
    if not is_portable_name(name):
        raise UsageError(
            f"{path}, line {line}: recording id {name[:60]!r} cannot be a file name; "
            f"use at most {_LONGEST_ID} letters, digits, dots, dashes and underscores."
        )
    split = cells.get("split", "").lower() or "train"
    if split not in get_args(Split):
        raise UsageError(f"{path}, line {line}: split of {name!r} is {cells['split']!r}, expected 'train', 'test' or an empty cell.")
    for column in _NAMES:
        value = cells.get(column, "")
        if show_plainly(value) != value:
            raise UsageError(f"{path}, line {line}: {column} of {name!r} is '{show_plainly(value)[:60]}', {_ODD_NAME}.")
    folder = path.resolve().parent
    subject: dict[str, str] = {}
    for column, parse in _SUBJECT_CELLS.items():
        try:
            subject[column] = parse(cells.get(column, ""))
        except ValueError as error:
            raise UsageError(f"{path}, line {line}: {column} of {name!r} is {cells[column]!r}, {error}.") from None
    clock = _parse_clock(path, line, cells)

    def resolve(column: str) -> Path | None:
        value = cells.get(column, "")
        return folder / value if value else None

    labels = {
        column.removeprefix("labels").removeprefix("_"): folder / value
        for column, value in cells.items()
        if (column == "labels" or column.startswith(RATER_PREFIX)) and value
    }
    recording = Recording(
        id=name,
        video=resolve("video"),
        pose=resolve("pose"),
        labels=labels,
        animal=cells.get("animal", "") or name,
        group=cells.get("group", ""),
        split="test" if split == "test" else "train",
        individual=cells.get("individual", ""),
        fps=_parse_rate(path, line, name, cells.get("fps", "")),
        sex=subject.get("sex", ""),
        age=subject.get("age", ""),
        species=subject.get("species", ""),
        line=line,
        **clock,
    )
    return replace(recording, views=parse_views(path, line, recording, cells))


def _parse_clock(path: Path, line: int, cells: Mapping[str, str]) -> dict[str, Any]:
    """Return what the cells say of the clock; those that are empty are left out."""
    name, clock = cells["recording"], {}
    for column, parse in _CLOCK_CELLS.items():
        if value := cells.get(column, ""):
            try:
                clock[column] = parse(value)
            except ValueError as error:
                raise UsageError(f"{path}, line {line}: {column} of {name!r} is {value[:60]!r}, {error}.") from None
    lights = [clock.get("lights_on"), clock.get("lights_off")]
    if lights.count(None) == 1:
        raise UsageError(f"{path}, line {line}: {name!r} has one of lights_on and lights_off; give both, or leave both cells empty.")
    if lights[0] is not None and lights[0] == lights[1]:
        raise UsageError(f"{path}, line {line}: lights_on and lights_off of {name!r} are both {lights[0]}; correct one of them.")
    return clock


def _parse_rate(path: Path, line: int, name: str, cell: str) -> float | None:
    try:
        fps = float(cell) if cell else None
    except ValueError:
        fps = float("nan")
    if fps is not None and not 0 < fps <= HIGHEST_RATE:
        raise UsageError(f"{path}, line {line}: fps of {name!r} is '{cell[:40]}', expected frames per second as a number, such as 29.97.")
    return fps


def write_manifest(path: Path, recordings: Iterable[Recording]) -> None:
    """Write the manifest of `recordings` to `path`; file paths below its folder are relative to it."""
    recordings = list(recordings)
    raters = sorted({rater for recording in recordings for rater in recording.labels if rater})
    folder = path.resolve().parent
    header = ["recording", "video", "pose", "labels", *(RATER_PREFIX + rater for rater in raters), "animal", "group", "split"]
    columns = ("individual", "fps", *_SUBJECT_CELLS, *_CLOCK_CELLS)
    # Midnight is a time of day.
    optional = [column for column in columns if any(getattr(recording, column) not in ("", None) for recording in recordings)]
    header += optional
    view_columns = list_view_columns(recordings)
    header += view_columns

    def relative(file: Path | None) -> str:
        if file is None:
            return ""
        return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else str(file)

    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header)
        for recording in recordings:
            labels = [relative(recording.labels.get(rater)) for rater in ("", *raters)]
            animal = "" if recording.animal == recording.id else recording.animal
            split = "test" if recording.split == "test" else ""
            files = [relative(recording.video), relative(recording.pose), *labels]
            cells = [recording.id, *files, animal, recording.group, split, *(_show(getattr(recording, column)) for column in optional)]
            cells += show_views(recording, view_columns, show_path=relative)
            writer.writerow(map(escape_cell, cells))


def _show(value: str | float | datetime | time | None) -> str:
    """Return a cell's text."""
    if isinstance(value, float):
        return f"{value:.10g}"
    return value.isoformat() if isinstance(value, datetime | time) else value or ""


def select_labels(recording: Recording) -> Path | None:
    """Return the label file to train on and score against: the plain `labels` column, or the only rater's; None if there is none.

    Raises
    ------
    UsageError
        If there are several raters and no plain `labels` column to say whose labels count.
    """
    if "" in recording.labels:
        return recording.labels[""]
    if len(recording.labels) > 1:
        raters = ", ".join(recording.labels)
        raise UsageError(
            f"recording {recording.id!r} has labels by {raters} and none in the column 'labels'; name there the labels to train on."
        )
    return next(iter(recording.labels.values()), None)
