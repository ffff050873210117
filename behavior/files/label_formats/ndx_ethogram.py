"""Bouts in NWB files, as the extension ndx-ethogram lays them out: a table of starts, stops and labels, in seconds of the session.

The HDF5 is read directly, so that neither pynwb nor the extension has to be installed. A table is a rater's; outside the spans in which it
was observed, nothing was. Behaviors that the catalogue names and no bout shows are absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from behavior.errors import InputError, LabelError
from behavior.files.hdf5_arrays import open_hdf5, read_names, read_numbers
from behavior.files.label_formats.bout_rows import BoutRows
from behavior.files.label_formats.choosing import choose_rater, fits
from behavior.files.label_formats.label_format import BoutLabels, LabelFormat
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.nwb_groups import decode_text, find_typed, list_video_starts, name_group
from behavior.files.opening import explain_damage

__all__ = ["NDX_ETHOGRAM", "is_automated"]

_BOUTS, _MANUAL, _AUTOMATED = "EthogramBouts", "manual", "automated"
_SUBJECTS = ("subject", "animal", "individual", "mouse")
_MOST_BOUTS = 10_000_000


@dataclass(frozen=True)
class _Table:
    """A table of bouts, in seconds of the session."""

    rater: str
    method: str
    labels: list[str]
    start: npt.NDArray[np.float64]
    stop: npt.NDArray[np.float64]
    subjects: list[str]
    observed: tuple[tuple[float, float], ...] | None
    catalogue: tuple[str, ...]


@dataclass(frozen=True)
class _Contents:
    tables: tuple[_Table, ...]
    video_starts: dict[str, float]


def _recognises(source: LabelSource) -> bool:
    try:
        with open_hdf5(source.path) as file:
            return "nwb_version" in file.attrs and bool(find_typed(file, _BOUTS))
    except InputError:
        # Content of other files, which reading it explains.
        return source.path.suffix.casefold() == ".nwb"
    # Any content may stand in a file, and h5py raises whatever it leads it to; "no" is the answer then.
    except Exception:  # noqa: BLE001
        return False


def is_automated(source: LabelSource) -> bool:
    """Tell whether a program found all bouts in a file, and nobody looked at them; LabelError if it is damaged."""
    return all(table.method == _AUTOMATED for table in _load(source).tables)


def _load(source: LabelSource) -> _Contents:
    path = source.path
    with explain_damage(path, error=LabelError, expected="NWB", advice="export it again"):
        try:
            with open_hdf5(path) as file:
                tables = tuple(_read_table(path, group) for group in find_typed(file, _BOUTS))
                return _Contents(tables, list_video_starts(file))
        except InputError as error:
            raise LabelError(f"{path}: {error}; export it again.") from error


def _follow(group: h5py.Group, name: str) -> h5py.Group | None:
    """Return what a table's link leads to; None if there is none."""
    linked = group.get(name)
    return linked if isinstance(linked, h5py.Group) else None


def _read_table(path: Any, group: h5py.Group) -> _Table:
    labels, start, stop = read_names(group["label"]), read_numbers(group["start_time"]), read_numbers(group["stop_time"])
    if not len(labels) == len(start) == len(stop) <= _MOST_BOUTS:
        raise InputError(f"has {len(start)} starts, {len(stop)} stops and {len(labels)} labels in {name_group(group)!r}")
    subjects = next((read_names(group[name]) for name in _SUBJECTS if name in group), [""] * len(labels))
    if len(subjects) != len(labels) or not (np.isfinite(start).all() and np.isfinite(stop).all()):
        raise InputError(f"has rows without a time or a subject in {name_group(group)!r}")
    spans, catalogue = _follow(group, "observation_intervals"), _follow(group, "ethogram")
    observed = None
    if spans is not None:
        edges = zip(read_numbers(spans["start_time"]).tolist(), read_numbers(spans["stop_time"]).tolist(), strict=True)
        observed = tuple((float(first), float(last)) for first, last in edges)
    return _Table(
        decode_text(group.attrs.get("annotator", "")) or name_group(group),
        decode_text(group.attrs.get("labeling_method", _MANUAL)),
        labels,
        start,
        stop,
        subjects,
        observed,
        () if catalogue is None or "behavior" not in catalogue else tuple(read_names(catalogue["behavior"])),
    )


def _list_names(source: LabelSource) -> tuple[str, ...]:
    tables = _load(source).tables
    return tuple(dict.fromkeys(name for table in tables for name in (*table.catalogue, *table.labels)))


def _list_videos(source: LabelSource) -> dict[str, tuple[str, ...]]:
    videos = tuple(_load(source).video_starts)
    return {videos[0]: videos} if videos else {}


def _read(source: LabelSource, request: LabelRequest) -> BoutLabels:
    path, contents = source.path, _load(source)
    rater = choose_rater(path, [table.rater for table in contents.tables], request)
    tables = [table for table in contents.tables if rater is None or table.rater == rater]
    if len(tables) > 1:
        raise LabelError(f"{path}: holds {len(tables)} tables of bouts by {tables[0].rater!r}; leave one, or name their annotators.")
    (table,) = tables
    start, notes = _find_start(source, contents.video_starts, request)
    if table.method != _MANUAL:
        notes.append(f"{path}: holds bouts that a program found ({table.method}), not labels by people alone.")
    rows = BoutRows("bout")
    for number, (name, first, last, subject) in enumerate(
        zip(table.labels, table.start.tolist(), table.stop.tolist(), table.subjects, strict=True), start=1
    ):
        rows.add(number, name, first, last, subject=subject)
    observed = None if table.observed is None else tuple((first - start, last - start) for first, last in table.observed)
    return BoutLabels(
        rows,
        in_seconds=True,
        observed=observed,
        notes=tuple(notes),
        has_animals=any(table.subjects),
        shift=start,
        tolerance_s=6e-4,
        codable=table.catalogue or None,
    )


def _find_start(source: LabelSource, starts: dict[str, float], request: LabelRequest) -> tuple[float, list[str]]:
    """Return when the recording's video starts in the session, and notes; LabelError if videos start at different times, and none is it."""
    named = {start for name, start in starts.items() if fits(name, request.recording_names)}
    candidates = named or set(starts.values()) or {0.0}
    if len(candidates) > 1:
        raise LabelError(
            f"{source.path}: its videos ({', '.join(starts)}) start at different times of the session, and none is named after "
            "the recording; "
            "name the recording's video as one of them."
        )
    (start,) = candidates
    notes = []
    if starts and not named and request.recording_names:
        recording = request.recording_names[0]
        notes.append(f"{source.path}: is about {', '.join(starts)}, and is read for {recording}; check that they are the same.")
    if start:
        notes.append(f"{source.path}: its video starts at {start:g} s of the session; bouts are counted from there.")
    return start, notes


NDX_ETHOGRAM = LabelFormat(
    name="NWB ethogram",
    recognises=_recognises,
    list_names=_list_names,
    read=_read,
    list_observations=_list_videos,
    container="hdf5",
    suffixes=(".nwb",),
)
