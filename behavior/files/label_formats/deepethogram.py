"""DeepEthogram's labels: frame numbers in a first column without a name, then ``background`` and a column per behavior.

1 and 0 as usual, -1 for frames that nobody labelled; background is 1 where no behavior is shown. By DeepEthogram's documentation
("Using the GUI"); that -1 is so is assumed, for lack of a sample.
"""

from __future__ import annotations

from dataclasses import replace

from behavior.files.frame_tables import holds_labels_only, list_frame_behaviors, read_frame_columns
from behavior.files.label_formats.label_format import FrameLabels, LabelFormat
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource

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
    # The background is a behavior only if it is requested.
    names = tuple(name for name in _list_all(source) if name.casefold() != _BACKGROUND or request.naming.find_behavior(name) is not None)
    contents = read_frame_columns(source.table, request, names=names, row_word=source.row_word)
    return replace(contents, left_out=tuple(name for name in contents.left_out if name.casefold() != _BACKGROUND))


DEEPETHOGRAM = LabelFormat(name="DeepEthogram labels", recognises=_recognises, list_names=_list_names, read=_read, has_columns=True)
