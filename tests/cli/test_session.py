"""How loud a run is, in which colours, and what stands on standard output with --json."""

import io
import json
import sys

import pytest
from typer.main import get_command

from behavior.cli import app
from behavior.progress import announce, complain, detail, printing_messages, warn
from behavior.workflows import decide


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Logs of what is run here go where nobody minds them."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def chatty(monkeypatch):
    """Have `decide` say something of each kind."""

    def work(*_, **__):
        for say, message in ((detail, "a detail"), (announce, "a step"), (warn, "a worry"), (complain, "a failure")):
            say(message)
        return decide.DecideResult({"m1": {"grooming": 1}}, {"m2": "a failure"})

    monkeypatch.setattr(decide, "decide_ethograms", work)


LOUD = ["warning: a worry", "error: a failure", "error: 1 failed (m2); the rest is done."]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("decide", "x"), ["a step", *LOUD]),
        (("decide", "x", "--verbose"), ["a detail", "a step", *LOUD]),
        (("--verbose", "decide", "x"), ["a detail", "a step", *LOUD]),
        (("decide", "--quiet", "x"), LOUD),
        (("--quiet", "decide", "x"), LOUD),
    ],
)
def test_flags_may_stand_anywhere(run, chatty, words, said):
    ran = run(*words)
    assert ran.status == 1
    assert ran.err.splitlines() == said
    assert ("grooming bouts" in ran.out) == ("--quiet" not in words)


def test_json_is_printed_however_quiet_and_whatever_fails(run, chatty):
    ran = run("decide", "x", "--quiet", "--json")
    assert ran.status == 1
    assert json.loads(ran.out) == {"rows": [{"recording": "m1", "grooming bouts": 1}], "failures": {"m2": "a failure"}, "notes": []}


def test_json_is_alone_whatever_libraries_print(run, monkeypatch):
    def download(*_, **__):
        print("Downloading data from https://...")
        return decide.DecideResult()

    monkeypatch.setattr(decide, "decide_ethograms", download)
    before = sys.stdout
    ran = run("decide", "x", "--json")
    assert json.loads(ran.out) == {"rows": [], "failures": {}, "notes": []}
    assert "Downloading" in ran.err
    assert sys.stdout is before


def test_json_says_why_there_is_nothing(run, tmp_path):
    ran = run("check", tmp_path / "none.yaml", "--json")
    assert ran.status == 2
    assert json.loads(ran.out) == {"error": ran.err.removeprefix("error: ").strip()}


def test_flags_behind_two_dashes_and_values_are_what_they_were(run, chatty, monkeypatch):
    asked = []

    def remember(paths, change, *, out):
        asked.append(([str(path) for path in paths], out))
        return decide.DecideResult()

    monkeypatch.setattr(decide, "decide_ethograms", remember)
    assert run("decide", "--out", "--quiet", "x").status == 0
    assert run("decide", "--", "--quiet", "--debug").status == 0
    assert [(paths, None if out is None else str(out)) for paths, out in asked] == [(["x"], "--quiet"), (["--quiet", "--debug"], None)]


def test_quiet_and_verbose_contradict_each_other(run):
    ran = run("--quiet", "decide", "x", "--verbose")
    assert ran.status == 2
    assert "choose one of them" in ran.err


def list_commands(group, prefix=""):
    """Return all commands by their words; those of a group, such as identify, in its place."""
    found = {}
    for name, command in group.commands.items():
        found |= list_commands(command, f"{prefix}{name} ") if hasattr(command, "commands") else {f"{prefix}{name}": command}
    return found


COMMANDS = list_commands(get_command(app))


def test_commands_of_a_group_are_among_all():
    assert {"track", "identify enrol", "identify query", "identify evaluate"} <= set(COMMANDS)


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_can_be_quiet_verbose_and_answer_in_json(command):
    options = {option for parameter in COMMANDS[command].params for option in parameter.opts}
    assert {"--quiet", "--verbose", "--debug", "--json"} <= options


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("environment", "file", "expected"),
    [
        ({}, Terminal, "\x1b[33mwarning: a worry\x1b[0m\n\x1b[31merror: a failure\x1b[0m\n"),
        ({"NO_COLOR": "1"}, Terminal, "warning: a worry\nerror: a failure\n"),
        ({"TERM": "dumb"}, Terminal, "warning: a worry\nerror: a failure\n"),
        ({}, io.StringIO, "warning: a worry\nerror: a failure\n"),
    ],
)
def test_colour_only_where_it_can_be_seen(monkeypatch, environment, file, expected):
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", file())
    with printing_messages():
        warn("a worry")
        complain("a failure")
    assert sys.stderr.getvalue() == expected


def test_what_is_piped_has_no_escape_codes(run, chatty):
    for words in (("--help",), ("decide", "x"), ("decide", "--nonsense")):
        ran = run(*words)
        assert "\x1b" not in ran.out + ran.err
