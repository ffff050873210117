"""SimBA's ``targets_inserted``: pose (``NAME_x``, ``NAME_y``, ``NAME_p``), features, and last a column of 1 and 0 per behavior."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from behavior.files.frame_tables import parse_label, read_frame_columns
from behavior.files.label_formats.label_format import FrameLabels, LabelFormat
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import HEAD_ROWS, LabelSource

__all__ = ["SIMBA"]


def _find_pose_end(header: tuple[str, ...]) -> int:
    """Return the index after the last column of pose, 0 if there is none."""
    lower = [name.casefold() for name in header]
    ends = [
        column + 1
        for column, name in enumerate(lower)
        if name.endswith("_p") and column >= 2 and lower[column - 2 : column] == [name[:-2] + "_x", name[:-2] + "_y"]
    ]
    return max(ends, default=0)


def _recognises(source: LabelSource) -> bool:
    return _find_pose_end(source.table.header) > 0 and bool(_list_names(source))


def _list_names(source: LabelSource) -> tuple[str, ...]:
    """Return the last columns, those that hold nothing but labels in the first rows: the others are features."""
    table = source.table
    first = _find_pose_end(table.header)
    for _, cells in islice(table.rows, HEAD_ROWS):
        if not any(cells):
            continue
        for column in range(min(len(cells), len(table.header)) - 1, first - 1, -1):
            # Features that happen to be 1 or 0 come before others that do not.
            if not cells[column] or parse_label(cells[column], table.delimiter) is None:
                first = column + 1
                break
    return table.header[first:]


def _read(source: LabelSource, request: LabelRequest) -> FrameLabels:
    after_pose = source.table.header[_find_pose_end(source.table.header) :]
    labels = _list_names(source)
    # A column that is requested is read wherever it is, and checked cell by cell.
    names = tuple(name for name in after_pose if name in labels or request.naming.find_behavior(name) is not None)
    contents = read_frame_columns(source.table, request, names=names, row_word=source.row_word)
    # SimBA fills what nobody looked at with 0.
    return replace(contents, is_extent_stated=False)


SIMBA = LabelFormat(name="SimBA targets_inserted", recognises=_recognises, list_names=_list_names, read=_read, has_columns=True)
