"""The log of a run: where it is, what is in it, and when there is none."""

import os
import re
import warnings
from datetime import datetime
from pathlib import Path

import pytest

from behavior.cli import run_log
from behavior.cli.run_log import RunLog
from behavior.files.ethograms import find_ethograms
from behavior.progress import announce, detail
from behavior.workflows import decide


def read_logs(folder: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted((folder / "logs").iterdir())]


def test_it_tells_what_was_asked_where_and_how_it_ended(run, ethograms, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("decide", "ethograms", "--threshold", "grooming=0.4").status == 0
    (path,) = (ethograms / "logs").iterdir()
    assert re.fullmatch(rf"decide_\d{{4}}-\d\d-\d\d_\d\d-\d\d-\d\d_{os.getpid()}\.log", path.name)
    lines = path.read_text().splitlines()
    assert [datetime.fromisoformat(line.split(" ", 1)[0]).utcoffset() is not None for line in lines] == [True] * len(lines)
    said = "\n".join(line.split(" ", 1)[1].strip() for line in lines)
    assert "command: behavior decide ethograms --threshold grooming=0.4" in said
    assert f"folder: {tmp_path}" in said
    assert "versions: python " in said
    assert "processors, process" in said
    assert "wrote ethograms/m1_ethogram.csv" in said
    assert said.splitlines()[-1].startswith("ended with exit status 0 after ")
    assert [found.name for found in find_ethograms([ethograms])] == ["m1_ethogram.csv"]


def test_runs_never_share_a_log(run, ethograms):
    for _ in range(3):
        assert run("decide", ethograms).status == 0
    assert [log.count("ended with exit status 0") for log in read_logs(ethograms)] == [1, 1, 1]


@pytest.mark.parametrize(
    "words",
    [
        ("decide", "ethograms", "--threshold", "often"),
        ("decide", "ethograms", "--threshold", "rearing=0.4"),
        ("decide", "ethograms", "--colour"),
        ("export", "ethograms", "--format", "papyrus", "--out", "ethograms"),
        ("demo", "--out", "ethograms"),
    ],
)
def test_what_is_refused_leaves_none(run, ethograms, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    before = sorted(ethograms.iterdir())
    ran = run(*words)
    assert ran.status in (1, 2)
    assert ran.err
    assert sorted(ethograms.iterdir()) == before


def test_it_has_the_traceback_of_what_nobody_expected(run, ethograms, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError("by accident")

    monkeypatch.setattr(decide, "decide_ethograms", fail)
    ran = run("decide", ethograms)
    (log,) = read_logs(ethograms)
    assert "Traceback" in log
    assert 'raise ZeroDivisionError("by accident")' in log
    assert "ended with exit status 1" in log
    assert ran.status == 1
    assert "Traceback" not in ran.err
    assert f"its traceback is in {next((ethograms / 'logs').iterdir())}" in ran.err


def test_it_has_what_the_terminal_does_not_show(run, ethograms, monkeypatch):
    def work(*_, **__):
        announce("beginning")
        detail("a detail")
        warnings.warn("a library is worried", stacklevel=1)
        return decide.DecideResult()

    monkeypatch.setattr(decide, "decide_ethograms", work)
    with pytest.warns(UserWarning, match="worried"):
        ran = run("decide", ethograms, "--quiet")
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    (log,) = read_logs(ethograms)
    assert re.search(r"^\S+ +beginning$", log, flags=re.MULTILINE)
    assert re.search(r"^\S+ detail +a detail$", log, flags=re.MULTILINE)
    assert re.search(r"^\S+ warning .*UserWarning: a library is worried$", log, flags=re.MULTILINE)


def test_a_log_that_cannot_be_kept_is_a_warning(run, ethograms):
    (ethograms / "logs").write_text("a file, where a folder is wanted")
    ran = run("decide", ethograms)
    assert ran.status == 0
    assert ran.err.count("warning: ") == 1
    assert "the log of this run cannot be kept" in ran.err


def test_it_waits_for_its_folder_and_then_keeps_every_line_at_once(tmp_path):
    with RunLog(["embed", "--storage", "postgresql://anna:secret@host/db", "--storage=bob:secret@host/db?password=secret"]) as log:
        run_log.keep_log(tmp_path / "out")
        announce("too early")
        assert list(tmp_path.iterdir()) == []
        (tmp_path / "out").mkdir()
        announce("in time\nfor two lines")
        (text,) = read_logs(tmp_path / "out")
        assert text.index("command: ") < text.index("too early") < text.index("in time")
        assert text.endswith("\n    for two lines\n")
        assert "secret" not in text
        assert "postgresql://anna:***@host/db" in text
        log.end(0)
    announce("after all")
    assert "after all" not in read_logs(tmp_path / "out")[0]
