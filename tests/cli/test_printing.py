"""What commands print, and where: tables, JSON, problems, notes and exit status."""

import json
import logging
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import typer
from rich.console import Console

from behavior.cli import printing
from behavior.cli.printing import (
    exit_on,
    print_json,
    print_notes,
    print_problem,
    print_scores,
    print_speeds,
    print_table,
)
from behavior.cli.session import session
from behavior.progress import printing_messages


@pytest.fixture(autouse=True)
def running():
    """A run of the program without options."""
    with session.run(), printing_messages():
        yield


ROWS = [["m1", 0.12345, float("nan")], ["m2", None, 7]]


def test_a_table_has_its_numbers_in_the_format_of_their_column(capsys):
    print_table(["recording", "share", "frames"], ROWS, as_json=False, formats={"share": "{:.1%}"})
    out, err = capsys.readouterr()
    lines = [line.split() for line in out.splitlines() if line.strip(" ─")]
    assert lines == [["recording", "share", "frames"], ["m1", "12.3%"], ["m2", "7"]]
    assert err == ""


@pytest.mark.parametrize("is_terminal", [False, True])
def test_names_are_never_cut_off(capsys, monkeypatch, is_terminal):
    if is_terminal:
        monkeypatch.setattr(printing, "Console", partial(Console, force_terminal=True, width=60, no_color=True))
    names = [f"{'x' * 70}{number}" for number in range(2)]
    print_table(["recording", "share"], [[name, "0.123"] for name in names], as_json=False)
    out = capsys.readouterr().out
    assert "\u2026" not in out and out.count("x") == 140
    assert is_terminal or [line.split()[0] for line in out.splitlines() if "x" in line] == names


def test_json_has_numbers_as_they_are_and_null_for_what_is_unknown(capsys):
    print_table(["recording", "share", "frames"], ROWS, as_json=True, formats={"share": "{:.1%}"}, extra={"notes": ("odd",)})
    assert json.loads(capsys.readouterr().out) == {
        "rows": [{"recording": "m1", "share": 0.12345, "frames": None}, {"recording": "m2", "share": None, "frames": 7}],
        "notes": ["odd"],
    }
    assert session.has_answered
    print_json({"nested": {1: [float("inf"), {"deep": float("nan")}]}})
    assert json.loads(capsys.readouterr().out) == {"nested": {"1": [None, {"deep": None}]}}


def test_quiet_prints_no_table_and_logs_problems(capsys):
    session.quiet = True
    print_table(["recording"], [["m1"]], as_json=False)
    print_problem("m1: no pose", is_error=True)
    print_problem("m2: odd rate", is_error=False)
    assert capsys.readouterr() == ("", "error: m1: no pose\nwarning: m2: odd rate\n")


def test_problems_are_results(capsys):
    print_problem("m1: no pose", is_error=True)
    print_problem("m2: odd rate", is_error=False)
    assert capsys.readouterr() == ("error: m1: no pose\nwarning: m2: odd rate\n", "")


def test_notes_are_on_standard_error(capsys):
    print_notes(["one", "two"])
    assert capsys.readouterr() == ("", "one\ntwo\n")


def test_failures_set_the_exit_status(capsys):
    exit_on({})
    with pytest.raises(typer.Exit) as caught:
        exit_on({"m1": "no pose", "m2": "no video"})
    assert caught.value.exit_code == printing.SOME_FAILED == 1
    assert capsys.readouterr().err == "error: 2 failed (m1, m2); the rest is done.\n"
    with pytest.raises(typer.Exit):
        exit_on({"m1": "broken"}, others=False)
    assert capsys.readouterr().err == "error: 1 failed (m1).\n"


def test_speeds_have_a_row_for_each_recording(capsys):
    with pytest.raises(typer.Exit):
        print_speeds("features", "embedded", {"m1": 1234.56}, {"m3": "no video"}, as_json=False, more=[["m2", "was there", None]])
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip(" ─")]
    assert lines[1:] == [["m1", "embedded", "1,234.6"], ["m2", "was", "there"], ["m3", "failed"]]


@pytest.mark.parametrize("is_optimistic", [False, True])
def test_scores_are_the_pooled_ones_and_say_if_they_are_optimistic(capsys, is_optimistic):
    nothing = float("nan")
    rows = [
        ("m1", "grooming", "f1", 0.1, nothing, nothing),
        ("pooled", "grooming", "f1", 0.6, 0.5, 0.7),
        ("pooled", "grooming", "recall", 0.8, nothing, nothing),
    ]
    if is_optimistic:
        rows.append(("pooled", "grooming", "early_stopping_watched_what_is_scored", 1.0, nothing, nothing))
    table = pd.DataFrame(rows, columns=["recording", "behavior", "metric", "value", "low", "high"])
    print_scores(table, Path("scores"), as_json=True)
    out, err = capsys.readouterr()
    (row,) = json.loads(out)["rows"]
    assert {name: row[name] for name in ("behavior", "f1", "recall", "kappa")} == {
        "behavior": "grooming",
        "f1": 0.6,
        "recall": 0.8,
        "kappa": None,
    }
    assert ("these scores are optimistic" in err) == is_optimistic
    assert err.endswith("all scores are in scores/summary.md and scores/metrics.csv\n")


def test_messages_of_the_commands_are_of_a_logger_of_their_own():
    assert printing._logger is logging.getLogger("behavior.cli")


def test_names_are_printed_as_they_are_written(capsys):
    print_table(["[red]", "b"], [["[bold]groom", "\x1b[2J"]], as_json=False)
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip(" ─")]
    assert lines == [["[red]", "b"], ["[bold]groom", r"\x1b[2J"]]
