"""SimBA's ``targets_inserted``: pose (``NAME_x``, ``NAME_y``, ``NAME_p``), features, and last a column of 1 and 0 per behavior."""

from __future__ import annotations

from itertools import islice

from behavior.files.frame_tables import parse_label, read_frame_columns
from behavior.files.label_formats.request import FrameLabels, LabelFormat, LabelRequest
from behavior.files.label_formats.source import HEAD_ROWS, LabelSource

__all__ = ["SIMBA"]


def _find_pose_end(header: tuple[str, ...]) -> int:
    """Return the place behind the last column of pose, 0 where there is none."""
    lower = [name.casefold() for name in header]
    ends = [
        place + 1
        for place, name in enumerate(lower)
        if name.endswith("_p") and place >= 2 and lower[place - 2 : place] == [name[:-2] + "_x", name[:-2] + "_y"]
    ]
    return max(ends, default=0)


def _recognises(source: LabelSource) -> bool:
    return _find_pose_end(source.table.header) > 0 and bool(_list_names(source))


def _list_names(source: LabelSource) -> tuple[str, ...]:
    """Return the last columns, as far as they hold nothing but labels in the first rows: the others are features."""
    table = source.table
    first = _find_pose_end(table.header)
    for _, cells in islice(table.rows, HEAD_ROWS):
        for place in range(min(len(cells), len(table.header)) - 1, first - 1, -1):
            # A label is written as a whole number; features that happen to be 1 or 0 stand before those that do not.
            if not cells[place] or parse_label(cells[place], table.delimiter) is None:
                first = place + 1
                break
    return table.header[first:]


def _read(source: LabelSource, request: LabelRequest) -> FrameLabels:
    behind_pose = source.table.header[_find_pose_end(source.table.header) :]
    labels = _list_names(source)
    # What is asked for by name is read wherever it stands, and checked cell by cell.
    names = tuple(name for name in behind_pose if name in labels or request.naming.find(name) is not None)
    return read_frame_columns(source.table, request, names=names, place=source.place)


SIMBA = LabelFormat(name="SimBA targets_inserted", recognises=_recognises, list_names=_list_names, read=_read, has_columns=True)
