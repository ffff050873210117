"""Bouts as columns, and bouts made of starts and stops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.errors import LabelError
from behavior.files.label_formats.bout_rows import BoutRows, StatePairer, summarise

PATH = Path("a.csv")


def list_rows(rows: BoutRows) -> list[tuple[int, str, str, float, float]]:
    return [
        (int(line), rows.names[code], rows.subjects[subject], float(start), float(stop))
        for line, code, subject, start, stop in zip(rows.line, rows.code, rows.subject, rows.start, rows.stop, strict=True)
    ]


def test_rows_are_kept_as_columns() -> None:
    rows = BoutRows("line")
    rows.add(2, "b", 1.5, 2.0, subject="m1")
    rows.add(3, "a", 4.0, 4.0, is_point=True)
    rows.add(5, "b", 3.0, 9.0, subject="m1")
    assert len(rows) == 3
    assert (rows.names, rows.subjects) == (("b", "a"), ("m1", ""))
    assert list_rows(rows) == [(2, "b", "m1", 1.5, 2.0), (3, "a", "", 4.0, 4.0), (5, "b", "m1", 3.0, 9.0)]
    assert rows.is_point.tolist() == [False, True, False]


def test_starts_and_stops_become_bouts_per_name_and_subject() -> None:
    rows = BoutRows("event")
    pairer = StatePairer(PATH, rows, "error")
    changes = [("a", "m", 0), ("a", "n", 1), ("b", "m", 2), ("a", "m", 3), ("a", "n", 4), ("b", "m", 5)]
    for line, (name, subject, at) in enumerate(changes, 1):
        pairer.toggle(line, name, subject, float(at))
    assert pairer.finish(9.0) == []
    assert list_rows(rows) == [(1, "a", "m", 0, 3), (2, "a", "n", 1, 4), (3, "b", "m", 2, 5)]


@pytest.mark.parametrize(
    ("changes", "end", "bouts", "note"),
    [
        ([("stop", 1)], 9.0, [], "event 1: 'a' stops without a start; the stop is left out"),
        ([("start", 1), ("start", 4), ("stop", 5)], 9.0, [(1, 1, 4), (2, 4, 5)], "event 2: 'a' starts again without a stop since event 1"),
        ([("start", 1)], 9.0, [(1, 1, 9)], "event 1: 'a' starts without a stop; it is taken to last until the observation ends"),
        ([("start", 1)], 0.5, [(1, 1, 1)], "event 1: 'a' starts without a stop"),
        ([("start", 1)], None, [(1, 1, np.inf)], "event 1: 'a' starts without a stop"),
    ],
)
def test_a_missing_end_is_an_error_or_fixed_with_a_note(
    changes: list[tuple[str, float]], end: float | None, bouts: list[tuple[int, float, float]], note: str
) -> None:
    def pair(policy: str) -> tuple[BoutRows, list[str]]:
        rows = BoutRows("event")
        pairer = StatePairer(PATH, rows, policy)
        for line, (change, at) in enumerate(changes, 1):
            getattr(pairer, change)(line, "a", "", float(at))
        return rows, pairer.finish(end)

    rows, notes = pair("warn")
    assert [(line, start, stop) for line, _, _, start, stop in list_rows(rows)] == bouts
    assert len(notes) == 1
    assert notes[0].startswith(f"a.csv: {note}")
    with pytest.raises(LabelError, match=f"a.csv: {note.split(';')[0]}.*unterminated: warn"):
        pair("error")


def test_many_sentences_are_summarised() -> None:
    assert summarise(PATH, ["one.", "two."]) == ["a.csv: one.", "a.csv: two."]
    assert summarise(PATH, iter(map(str, range(5)))) == ["a.csv: 0", "a.csv: 1", "a.csv: 2", "a.csv: the same at 2 more places."]
