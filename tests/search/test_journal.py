"""Journals of searches: what is damaged in them is named, and all else is used."""

from __future__ import annotations

import json
from pathlib import Path

import optuna
import pytest

from behavior.errors import OutputError, UsageError
from behavior.progress import collect_warnings
from behavior.search.journal import open_journal

WORKER = "worker"


def format_line(op_code: int, **fields: object) -> str:
    return json.dumps({"op_code": op_code, "worker_id": WORKER, **fields}, separators=(",", ":"))


def make_trial(number: int, score: float) -> list[str]:
    return [
        format_line(
            4, study_id=0, datetime_start="2026-11-28T13:00:00+00:00", state=0, value=None, values=None, distributions={}, params={}
        ),
        format_line(7, trial_id=number, step=1, intermediate_value=score / 2),
        format_line(6, trial_id=number, state=1, values=[score], datetime_complete="2026-11-28T13:10:00+00:00"),
    ]


LINES = [format_line(0, study_name="search", directions=[2]), *make_trial(0, 0.5), *make_trial(1, 0.75)]


def write_journal(folder: Path, lines: list[str], end: str = "\n") -> Path:
    path = folder / "search.log"
    path.write_text("\n".join(lines) + end)
    return path


def read_scores(path: Path) -> tuple[list[float | None], list[str]]:
    with collect_warnings() as warnings:
        storage = open_journal(path)
    return [trial.value for trial in storage.get_all_trials(0)], warnings


def test_a_journal_without_damage_is_read_without_a_word(tmp_path):
    assert read_scores(write_journal(tmp_path, LINES)) == ([0.5, 0.75], [])
    # Nothing is lost with a blank line.
    assert read_scores(write_journal(tmp_path, [*LINES[:3], "", *LINES[3:], ""])) == ([0.5, 0.75], [])


@pytest.mark.parametrize(
    "damaged",
    [
        # Two writers at once, as a report to Optuna has it.
        '{"op_code": 7, "worker_id": "6", "trial_id": 0, "step": 126, "intermediate_value": 6.9}{{"op_code": 7}',
        '{"op_code":7,"worker_id":"6","tri',
        "\x00" * 40,
        '{"op_code":99,"worker_id":"6"}',
        '{"op_code":7,"worker_id":"6","trial_id":"one","step":1,"intermediate_value":1.0}',
        "[" * 100_000,
    ],
    ids=["merged", "cut", "zeros", "unknown", "no number", "deep"],
)
@pytest.mark.parametrize("where", [3, len(LINES)])
def test_a_damaged_line_is_named_and_all_others_are_used(tmp_path, damaged, where):
    path = write_journal(tmp_path, [*LINES[:where], damaged, *LINES[where:]])
    before = path.read_bytes()
    scores, warnings = read_scores(path)
    assert scores == [0.5, 0.75]
    assert len(warnings) == 1
    assert f"search.log, line {where + 1}: is damaged" in warnings[0]
    assert path.read_bytes() == before


def test_what_is_whole_in_a_merged_line_counts(tmp_path):
    merged = [*LINES[:2], LINES[2][:20] + LINES[3], *LINES[4:]]
    scores, warnings = read_scores(write_journal(tmp_path, merged))
    assert scores == [0.5, 0.75]
    assert "line 3: is damaged" in warnings[0]


@pytest.mark.parametrize("line", [2, 5])
@pytest.mark.parametrize("damaged", [None, "\x00" * 30], ids=["cut", "zeros"])
def test_trials_whose_numbers_are_lost_are_not_guessed(tmp_path, line, damaged):
    lines = list(LINES)
    lines[line - 1] = lines[line - 1][:60] if damaged is None else damaged
    path = write_journal(tmp_path, lines)
    before = path.read_bytes()
    with pytest.raises(UsageError, match=rf"search\.log, line {line}: is damaged, and without it nobody knows which trial"):
        open_journal(path)
    assert path.read_bytes() == before


def test_a_search_goes_on_behind_a_damaged_line(tmp_path):
    path = write_journal(tmp_path, [*LINES, "\x00" * 8])
    first, second = open_journal(path), open_journal(path)
    study = optuna.create_study(storage=first, study_name="search", direction="maximize", load_if_exists=True)
    study.add_trial(optuna.trial.create_trial(value=0.9))
    assert [trial.value for trial in second.get_all_trials(0)] == [0.5, 0.75, 0.9]
    assert study.best_value == 0.9
    assert read_scores(path)[0] == [0.5, 0.75, 0.9]


def test_a_last_line_that_was_left_unfinished_is_cut_off_with_a_word(tmp_path):
    path = write_journal(tmp_path, [*LINES, '{"op_code":4,"wor'], end="")
    scores, warnings = read_scores(path)
    assert scores == [0.5, 0.75]
    assert "its last line was left unfinished" in warnings[0]
    assert path.read_text() == "\n".join(LINES) + "\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("not a journal\n", r"line 1: is not a journal of a search"),
        ("[" * 100_000, r"line 1: is not a journal of a search"),
        ("\n".join([LINES[0], format_line(6, trial_id=0, state=1, values=[1.0])]) + "\n", None),
        ("\n".join([LINES[0], LINES[1].replace("2026-11-28", "yesterday")]) + "\n", r"line 2: is not a journal of a search"),
        ("\n".join([LINES[0].replace("[2]", "[7]")]) + "\n", r"line 1: is not a journal of a search"),
    ],
)
def test_a_file_that_is_no_journal_is_refused(tmp_path, content, expected):
    path = tmp_path / "notes.txt"
    path.write_text(content)
    if expected is None:
        assert open_journal(path).get_all_trials(0) == []
        return
    with pytest.raises(UsageError, match=expected):
        open_journal(path)
    assert path.read_text() == content


def test_a_folder_is_no_journal_and_a_device_is_none(tmp_path):
    with pytest.raises(OutputError, match="cannot be used as a journal"):
        open_journal(tmp_path)
    device = Path("/dev/zero")
    if device.exists():
        with pytest.raises(UsageError, match="found a device or a pipe"):
            open_journal(device)
