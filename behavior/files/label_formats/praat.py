"""Praat's TextGrid: tiers of intervals or of points, in seconds; in its long and its short text form.

By Praat's manual ("TextGrid file formats"): a text's values are its numbers, its texts in quotation marks (doubled within one) and its
flags in angle brackets, in order; all else is a comment. An interval without a text shows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from behavior.errors import LabelError
from behavior.files.label_formats.bout_rows import BoutRows
from behavior.files.label_formats.json_documents import as_number
from behavior.files.label_formats.label_format import BoutLabels, LabelFormat
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.label_formats.stated_lengths import compare_duration
from behavior.files.label_formats.tiers import Span, Tier, add_tiers, list_tier_names

__all__ = ["PRAAT"]

_TITLE = re.compile(r'\ufeff?\s*File type\s*=\s*"ooTextFile(?: short)?"\s+(?:Object class\s*=\s*)?"TextGrid"', re.IGNORECASE)
# A value stands alone: numbers that are part of a word or in square brackets are comments, and an exclamation mark begins one.
_VALUE = re.compile(r'"((?:[^"]|"")*)"|<(\w+)>|(?<![^\s])([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?![^\s])|(![^\n]*)')
_MOST_BYTES = 64 << 20


def _recognises(source: LabelSource) -> bool:
    return _TITLE.match(source.head) is not None


class _Values:
    """The values of a TextGrid, taken one by one."""

    def __init__(self, source: LabelSource) -> None:
        self._path = source.path
        source.read_bytes(_MOST_BYTES)
        text = source.read_text()
        title = _TITLE.match(text)
        self._matches = _VALUE.finditer(text, title.end() if title else 0)

    def take_text(self, name: str) -> str:
        match = self._take(name)
        if match[1] is None:
            raise self._refuse(match, name, "a text in quotation marks")
        return match[1].replace('""', '"').strip()

    def take_flag(self, name: str) -> str:
        match = self._take(name)
        if match[2] is None:
            raise self._refuse(match, name, "a flag in angle brackets")
        return match[2]

    def take_number(self, name: str) -> float:
        match = self._take(name)
        if match[3] is None:
            raise self._refuse(match, name, "a number")
        return as_number(self._path, match[3], name)

    def take_count(self, name: str) -> int:
        number = self.take_number(name)
        if not number.is_integer() or not 0 <= number < 1 << 32:
            raise LabelError(f"{self._path}: has {number:g} as {name}, expected a whole number; save it again in Praat.")
        return int(number)

    def _take(self, name: str) -> re.Match[str]:
        for match in self._matches:
            if match[4] is None:
                return match
        raise LabelError(f"{self._path}: ends before {name}, so it is cut short; save it again in Praat.")

    def _refuse(self, match: re.Match[str], name: str, expected: str) -> LabelError:
        return LabelError(f"{self._path}: has {match[0][:60]!r} as {name}, expected {expected}; save it again in Praat.")


def _parse(source: LabelSource) -> tuple[float, float, list[Tier]]:
    """Return start and stop of the grid in seconds, and its tiers."""
    values = _Values(source)
    start, stop = values.take_number("its start"), values.take_number("its stop")
    tiers = list(_take_tiers(values)) if values.take_flag("the flag of its tiers") == "exists" else []
    return start, stop, tiers


def _take_tiers(values: _Values) -> Iterator[Tier]:
    number = 0
    for position in range(1, values.take_count("the number of tiers") + 1):
        kind, name = values.take_text(f"the class of tier {position}"), values.take_text(f"the name of tier {position}")
        where = f"tier {name[:40]!r}"
        for edge in ("start", "stop"):
            values.take_number(f"the {edge} of {where}")
        spans = []
        for _ in range(values.take_count(f"the number of intervals of {where}")):
            number += 1
            start = values.take_number(f"a time of {where}")
            stop = values.take_number(f"a time of {where}") if kind == "IntervalTier" else start
            text = values.take_text(f"a text of {where}")
            # The spaces between what was seen are intervals too; a point is one even if nothing is written at it.
            if text or kind != "IntervalTier":
                spans.append(Span(number, start, stop, text, is_point=kind != "IntervalTier"))
        yield Tier(name, tuple(spans))


def _read(source: LabelSource, request: LabelRequest) -> BoutLabels:
    start, stop, tiers = _parse(source)
    rows = BoutRows("interval")
    add_tiers(source.path, rows, tiers, request)
    notes = compare_duration(source.path, stop, request)
    return BoutLabels(rows, in_seconds=True, observed=((start, stop),), notes=tuple(notes), tolerance_s=6e-4)


PRAAT = LabelFormat(
    name="Praat TextGrid",
    recognises=_recognises,
    list_names=lambda source: list_tier_names(_parse(source)[2]),
    read=_read,
    list_points=lambda source: list_tier_names(_parse(source)[2], points_only=True),
    suffixes=(".textgrid", ".txt"),
)
