"""Ethograms on disk: the three files that annotating a recording leaves, and out-of-fold predictions.

`RECORDING_ethogram.csv` has a row for each frame, `RECORDING_bouts.csv` one for each bout, and `RECORDING_ethogram.json` says
where they come from, with checksums of the table. The three are one record, and replaced as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from behavior.errors import EthogramError, OutputError
from behavior.files.atomic import find_staged, finish_together, make_folder, replace_together, write_parts
from behavior.files.cells import format_table
from behavior.files.claims import claim_file, hold_claim
from behavior.files.ethogram_description import TablePart, describe_annotation, describe_parts, format_description, read_description
from behavior.files.ethogram_table import FrameTable, format_frames, read_frame_table, stack_columns
from behavior.frame_times import find_gaps, frame_edges, frame_stops
from behavior.provenance import Provenance
from behavior.recording import Annotation, Labels, Recording, find_bouts

__all__ = [
    "ETHOGRAM_FOLDER",
    "ETHOGRAM_SUFFIX",
    "BoutRow",
    "claim_ethograms",
    "find_ethograms",
    "list_bouts",
    "list_record",
    "read_annotation",
    "read_frame_predictions",
    "read_provenance",
    "recall_recording",
    "write_annotation",
    "write_frame_predictions",
]

ETHOGRAM_SUFFIX = "_ethogram.csv"
# Next to a study file: the ethograms that review shows, and replaces by those of newer models.
ETHOGRAM_FOLDER = "ethograms"

# Of a record that other processes go on replacing.
_MOST_READS = 20
# How long to wait for another process that writes into the same folder.
_PATIENCE_S = 60.0


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


@contextmanager
def claim_ethograms(folder: Path) -> Iterator[Callable[[Annotation], list[Path]]]:
    """Keep other processes from writing ethograms into `folder`, and yield what writes one, as `write_annotation` does.

    Raises
    ------
    OutputError
        If another process goes on writing there for a minute, or the folder cannot be made or written to.
    """
    with hold_claim(folder / "ethograms", what=f"the ethograms in {folder}", patience_s=_PATIENCE_S):
        yield partial(_write_claimed, folder)


def write_annotation(folder: Path, annotation: Annotation) -> list[Path]:
    """Write the three files of `annotation` into `folder`, which is made where it is missing.

    They replace an earlier record as one: after a kill at any moment, and after a full disk, `read_annotation` reads the old record or
    the new one. Two processes that write into one folder wait for each other.

    Returns
    -------
    Paths of `RECORDING_ethogram.csv`, `RECORDING_bouts.csv` and `RECORDING_ethogram.json`.

    Raises
    ------
    ValueError
        If a probability is NaN, or the provenance has a key that the file keeps for the annotation itself.
    EthogramError
        If two columns would have the same name.
    OutputError
        If the folder cannot be written to.
    """
    with claim_ethograms(folder) as write:
        return write(annotation)


def _write_claimed(folder: Path, annotation: Annotation) -> list[Path]:
    contents = _format_record(folder, annotation)
    replace_together(contents)
    return list(contents)


def _format_record(folder: Path, annotation: Annotation) -> dict[Path, bytes | Iterable[bytes]]:
    """Return the content of the files, the table first and what vouches for it last."""
    if np.isnan(annotation.probabilities.values).any():
        raise ValueError(f"probabilities of {annotation.recording!r} are NaN, expected behaviors that the model knows")
    table, bouts, description = list_record(folder / f"{annotation.recording}{ETHOGRAM_SUFFIX}", annotation.recording)
    parts: list[TablePart] = []
    described = describe_annotation(annotation)

    def describe() -> Iterator[bytes]:
        # The table is written by then.
        yield format_description(replace(described, table_parts=tuple(parts))).encode()

    return {
        table: describe_parts(format_frames(table, annotation, None), annotation.time_s, parts),
        bouts: format_table(BoutRow._fields, list_bouts(annotation)).encode(),
        description: describe(),
    }


def list_record(path: Path, recording: str) -> list[Path]:
    """Return the paths of the record whose table is at `path`, in the order in which they are written."""
    return [path, path.with_name(f"{recording}_bouts.csv"), path.with_suffix(".json")]


def list_bouts(annotation: Annotation) -> list[BoutRow]:
    """Return the bouts of a recording: behavior after behavior, each in order of time; a bout ends where a gap follows."""
    edges = frame_edges(annotation.time_s, annotation.fps)
    gaps, stops = find_gaps(edges), frame_stops(edges)
    rows: list[BoutRow] = []
    for index, behavior in enumerate(annotation.behaviors):
        probabilities = annotation.probabilities.values[:, index]
        for start, stop in find_bouts(annotation.ethogram.values[:, index], gaps).tolist():
            start_s, stop_s = float(edges[start]), float(stops[stop - 1])
            mean = float(np.mean(probabilities[start:stop], dtype=np.float64))
            rows.append(BoutRow(annotation.recording, behavior, start, stop, start_s, stop_s, round(stop_s - start_s, 6), round(mean, 6)))
    return rows


def read_annotation(path: Path, *, needs_decisions: bool = True) -> Annotation:
    """Read what `write_annotation` wrote, exactly; `path` is that of `RECORDING_ethogram.csv`.

    The provenance read has `fps`, whether or not the one written had it. A record whose writing was interrupted when it was complete
    but for its names is read, and finished where that is possible.

    Parameters
    ----------
    needs_decisions
        False for who decides again: decisions that are not those that were written are then let pass.

    Raises
    ------
    EthogramError
        If a file is missing, or is not what `write_annotation` writes; the message names the file, and the line where there is one.
    """
    for _ in range(_MOST_READS):
        before = _stamp(path)
        try:
            return _read_record(path, needs_decisions=needs_decisions)
        except EthogramError as error:
            problem = error
        # Files that another process replaced meanwhile do not go together; those that stay as they are never will.
        if _stamp(path) == before:
            break
    raise problem


def _read_record(path: Path, *, needs_decisions: bool) -> Annotation:
    if not path.is_file():
        raise EthogramError(f"{path}: does not exist, expected an ethogram; check the path.")
    table = read_frame_table(path)
    description_path = path.with_suffix(".json")
    problems: list[EthogramError] = []
    for may_differ in [False] if needs_decisions else [False, True]:
        for token, candidate in _list_descriptions(description_path):
            try:
                annotation = _read_as_described(table, candidate, needs_decisions=not may_differ)
            except EthogramError as error:
                problems.append(error)
                continue
            if token:
                _finish(path, annotation.recording, token)
            return annotation
    raise problems[0]


def _list_descriptions(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the description at `path`, and only where that is not enough what is staged for it, after its token."""
    yield "", path
    yield from find_staged(path).items()


def _read_as_described(table: FrameTable, description_path: Path, *, needs_decisions: bool) -> Annotation:
    """Return the content of a table; EthogramError unless it is the one that the file at `description_path` describes."""
    path = table.path
    if not description_path.exists():
        raise EthogramError(
            f"{path}: {description_path.name} is not next to it, expected the file that describes it; keep the files that annotate "
            "writes together."
        )
    description = read_description(description_path)
    if table.n_rows != description.n_frames:
        raise EthogramError(
            f"{path}: holds {table.n_rows} frames, expected the {description.n_frames} that {description_path.name} names; the file was "
            "cut off or changed, so annotate the recording again."
        )
    annotation = table.to_annotation(description.recording, description.behaviors, description.provenance, may_be_unknown=False)
    different = description.explain_mismatch(annotation, needs_decisions=needs_decisions)
    if different:
        advice = "annotate the recording again"
        if different == "decisions":
            advice = f"its probabilities are whole, so decide them again with `behavior decide`, or {advice}"
        raise EthogramError(
            f"{path}: its {different} are not those that {description_path.name} describes, because a file was changed or writing was "
            f"interrupted; {advice}."
        )
    return annotation


def _finish(path: Path, recording: str, token: str) -> None:
    """Finish writing a record that was interrupted after its table, where the folder can be written to and no other process does so."""
    with suppress(OutputError), claim_file(path.with_name("ethograms")) as mine:
        if mine:
            finish_together(list_record(path, recording), token)


def _stamp(path: Path) -> list[tuple[int, int, int] | None]:
    """Return what changes when another process replaces the table at `path` or its description."""
    stamps: list[tuple[int, int, int] | None] = []
    for file in (path, path.with_suffix(".json")):
        try:
            status = file.stat()
        except OSError:
            stamps.append(None)
            continue
        stamps.append((status.st_ino, status.st_mtime_ns, status.st_size))
    return stamps


def read_provenance(path: Path) -> Provenance:
    """Return where the ethogram at `path`, that of `RECORDING_ethogram.csv`, comes from, without reading its table.

    Raises
    ------
    EthogramError
        If the file next to it that says so is missing or cannot be used.
    """
    description_path = path.with_suffix(".json")
    if not description_path.exists():
        # The first writing of the record was interrupted when it was complete but for its names.
        for staged in find_staged(description_path).values():
            with suppress(EthogramError):
                return read_description(staged).provenance
    return read_description(description_path).provenance


def recall_recording(name: str, provenance: Provenance) -> Recording:
    """Return the recording that an ethogram was made of, with the files that its provenance names; they may be gone since."""
    video, pose = (None if path is None else Path(path) for path in (provenance.video, provenance.pose))
    return Recording(
        name,
        video=video,
        pose=pose,
        animal=name,
        individual=provenance.individual or "",
        fps=provenance.fps if video is None else None,
    )


def write_frame_predictions(path: Path, annotation: Annotation, labels: Labels) -> None:
    """Write predictions next to the labels they are scored with: `frame,time_s`, then `NAME_label,NAME_prob,NAME_raw,NAME`.

    Labels are 1, 0 or -1. The `NAME_prob` of a behavior without a model in that fold (NaN) is empty.

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
    write_parts(path, format_frames(path, annotation, labels))


def read_frame_predictions(path: Path, behaviors: Sequence[str]) -> tuple[Annotation, Labels]:
    """Read what `write_frame_predictions` wrote, exactly, but for the provenance; the recording is named after the file.

    Raises
    ------
    EthogramError
        If the file is missing, or is not what `write_frame_predictions` writes.
    """
    table = read_frame_table(path)
    annotation = table.to_annotation(path.stem, tuple(behaviors), Provenance(), may_be_unknown=True)
    labels = (table.read_choice(f"{behavior}_label", (-1, 0, 1)) for behavior in behaviors)
    return annotation, Labels(stack_columns(labels, (table.n_rows, len(behaviors)), np.int8), tuple(behaviors))


def find_ethograms(paths: Sequence[Path]) -> list[Path]:
    """Return the ethograms that `paths` stand for, each once: files as they are, of folders every `*_ethogram.csv` directly inside.

    Raises
    ------
    EthogramError
        If a path does not exist, a folder holds no ethogram, or there is no path.
    """
    if not paths:
        raise EthogramError("no ethogram was named, expected files or folders; name the folder that annotate wrote to.")
    ethograms: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            # A leading dot marks what some systems add when they copy, such as "._A_ethogram.csv".
            inside = sorted(file for file in path.glob(f"*{ETHOGRAM_SUFFIX}") if not file.name.startswith("."))
            if not inside:
                raise EthogramError(f"{path}: holds no file *{ETHOGRAM_SUFFIX}; name the folder that annotate wrote to.")
            ethograms.update(dict.fromkeys(inside))
        elif path.is_file():
            ethograms[path] = None
        else:
            raise EthogramError(f"{path}: does not exist, expected an ethogram or a folder of them; check the path.")
    return list(ethograms)
