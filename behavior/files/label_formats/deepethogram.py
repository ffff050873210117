"""DeepEthogram's labels: frame numbers in a first column without a name, then ``background`` and a column per behavior.

1 and 0 as usual, -1 for frames that nobody labelled; background is 1 where no behavior is shown. By DeepEthogram's documentation
("Using the GUI"); that -1 is so is assumed, for lack of a sample. daart writes the same columns, with one class for each frame, and
background for frames that nobody labelled.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError
from behavior.files.frame_tables import holds_labels_only, list_frame_behaviors, read_frame_columns
from behavior.files.label_formats.label_format import FrameLabels, LabelFormat
from behavior.files.label_formats.naming import IN_STUDY_FILE
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.recording import Frames

__all__ = ["DEEPETHOGRAM"]

_BACKGROUND = "background"


def _list_all(source: LabelSource) -> tuple[str, ...]:
    return list_frame_behaviors(source.table)


def _recognises(source: LabelSource) -> bool:
    names = _list_all(source)
    is_indexed = bool(source.table.header) and source.table.header[0].casefold() in ("", "unnamed: 0")
    return is_indexed and _BACKGROUND in [name.casefold() for name in names] and holds_labels_only(source.table, names)


def _list_names(source: LabelSource) -> tuple[str, ...]:
    return tuple(name for name in _list_all(source) if name.casefold() != _BACKGROUND)


def _read(source: LabelSource, request: LabelRequest) -> FrameLabels:
    background = next(name for name in _list_all(source) if name.casefold() == _BACKGROUND)
    if request.naming.find_behavior(background) is not None:
        # It is a behavior like others, on request.
        return read_frame_columns(source.table, request, names=_list_all(source), row_word=source.row_word)
    contents = read_frame_columns(source.table, request, names=_list_names(source), row_word=source.row_word)
    is_unlabelled = _find_background(source, background)
    if is_unlabelled is None or not is_unlabelled.any() or request.background == "absent":
        return contents
    if request.background is None:
        shown = f"{np.count_nonzero(is_unlabelled)} of {len(is_unlabelled)} rows"
        raise LabelError(
            f"{source.path}: its column {background!r} is 1 in {shown}, which DeepEthogram writes for frames without a behavior, and daart "
            f"for frames that nobody labelled; the file does not tell which, so say it {IN_STUDY_FILE}: labels: {{background: absent}}, or "
            "labels: {background: unlabelled}."
        )
    values = contents.values.copy()
    values[is_unlabelled] = -1
    return replace(contents, values=values)


def _find_background(source: LabelSource, background: str) -> npt.NDArray[np.bool_] | None:
    """Return which frames are background, bool of shape (T,); None if only DeepEthogram can have written the file.

    daart has one class for every frame, and does not write -1.
    """
    table = source.table
    names = _list_all(source)
    unmapped = LabelRequest(names, Frames(0))
    # Column by column would be slower, and all at once is at most a few times what is read anyway.
    values = read_frame_columns(table, unmapped, names=names, row_word=source.row_word).values
    if (values == -1).any() or (np.count_nonzero(values == 1, axis=1) != 1).any():
        return None
    return values[:, names.index(background)] == 1


DEEPETHOGRAM = LabelFormat(name="DeepEthogram labels", recognises=_recognises, list_names=_list_names, read=_read, has_columns=True)
