"""Edits survive whatever ends the process, at any byte; nobody else's file is written over."""

from __future__ import annotations

from pathlib import Path

import pytest

from behavior.errors import LabelError, OutputError
from behavior.files import label_journal
from behavior.files.label_journal import FOLDER, LabelJournal, OutsideChangeError

EDITS = [{"id": f"e{number}", "changes": [[number, number + 3, "rear", 0, 1]]} for number in range(4)]


def fill(target: Path) -> LabelJournal:
    journal = LabelJournal(target)
    for edit in EDITS:
        journal.append(edit)
    return journal


def test_a_journal_that_is_cut_at_any_byte_loses_only_what_was_not_answered(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_text("as it was")
    path = fill(target).path
    content = path.read_bytes()
    header = content.index(b"\n") + 1
    for length in range(header, len(content) + 1):
        path.write_bytes(content[:length])
        journal = LabelJournal(target)
        n_whole = content[:length].count(b"\n") - 1
        assert journal.pending == EDITS[:n_whole]
        journal.append({"id": "later"})
        assert LabelJournal(target).pending == [*EDITS[:n_whole], {"id": "later"}]


def test_folding_writes_the_file_and_leaves_nothing_pending(tmp_path: Path) -> None:
    journal = fill(tmp_path / "a.csv")
    journal.fold(b"new")
    assert (tmp_path / "a.csv").read_bytes() == b"new"
    assert LabelJournal(tmp_path / "a.csv").pending == journal.pending == []
    journal.append(EDITS[0])
    assert LabelJournal(tmp_path / "a.csv").pending == EDITS[:1]
    journal.fold(b"newer")
    journal.close()
    assert list((tmp_path / FOLDER).iterdir()) == []


@pytest.mark.parametrize("step", ["write_bytes", "write_text"])
def test_a_kill_while_folding_leaves_each_edit_in_the_file_or_in_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    target = tmp_path / "a.csv"
    journal = fill(target)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(label_journal, step, die)
        with pytest.raises(KeyboardInterrupt):
            journal.fold(b"has all four")
    again = LabelJournal(target)
    assert again.pending == ([] if target.exists() else EDITS)
    assert target.exists() == (step == "write_text")
    again.append({"id": "later"})
    assert LabelJournal(target).pending[-1] == {"id": "later"}
    assert not LabelJournal(target).is_changed_outside


def test_a_file_that_somebody_else_changed_is_not_written_over(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_text("as it was")
    journal = fill(target)
    target.write_text("somebody's work")
    with pytest.raises(OutsideChangeError, match="changed by somebody else"):
        journal.fold(b"ours")
    assert target.read_text() == "somebody's work"
    again = LabelJournal(target)
    assert (again.is_changed_outside, again.pending) == (True, EDITS)
    again.accept()
    assert (LabelJournal(target).is_changed_outside, LabelJournal(target).pending) == (False, [])


def test_a_damaged_line_in_the_middle_is_named(tmp_path: Path) -> None:
    path = fill(tmp_path / "a.csv").path
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"rear", b"real")
    path.write_bytes(b"".join(lines))
    with pytest.raises(LabelError, match=r"line 3 is damaged"):
        LabelJournal(tmp_path / "a.csv")


def test_what_cannot_be_written_is_not_pending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = fill(tmp_path / "a.csv")

    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(label_journal.os, "fsync", refuse)
        with pytest.raises(OutputError, match="No space left"):
            journal.append({"id": "later"})
    assert journal.pending == LabelJournal(tmp_path / "a.csv").pending == EDITS
    journal.append({"id": "later"})
    assert len(LabelJournal(tmp_path / "a.csv").pending) == 5


def test_the_file_as_it_was_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    assert LabelJournal(target).keep_copy() is None
    target.write_text("as it was")
    copies = [LabelJournal(target).keep_copy() for _ in range(2)]
    assert len(set(copies)) == 2
    assert all(copy is not None and copy.read_text() == "as it was" and copy.parent.name == FOLDER for copy in copies)
