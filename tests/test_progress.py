"""What is said while work goes on, and how far it is: as logging, in a terminal, in a notebook and as plain lines."""

import io
import logging
import subprocess
import sys
import types
from pathlib import Path

import pytest

from behavior import progress

PACKAGE = Path(progress.__file__).parent


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves on by hand."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def printing():
    """Messages are printed."""
    with progress.printing_messages():
        yield


def test_lines_have_rate_and_time_left_and_come_seldom(clock, printing, capsys):
    with progress.report_progress("embedding m1", total=1000, unit="frames", done=200) as advance:
        for _ in range(5):
            clock[0] += 4
            advance(80)
    assert capsys.readouterr().err.splitlines() == [
        "embedding m1: 440 of 1,000 frames, 20.0 frames/s, 28 s left",
        "embedding m1: 600 of 1,000 frames, 20.0 frames/s, 20 s left",
    ]


def test_slow_work_is_timed_by_the_piece_and_says_what_goes_on(clock, printing, capsys):
    with progress.report_progress("training", total=3, unit="behaviors") as advance:
        clock[0] += 60
        advance(1)
        clock[0] += 20
        advance(0, "mid_rearing: epoch 2")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "training: 1 of 3 behaviors, 60 s per behavior, 120 s left"
    assert lines[1] == "training: 1 of 3 behaviors, 80 s per behavior, 160 s left (mid_rearing: epoch 2)"


def test_quick_work_prints_nothing(clock, printing, capsys):
    with progress.report_progress("importing", total=2, unit="files") as advance:
        advance(2)
    assert capsys.readouterr().err == ""


def test_the_end_is_printed_once(clock, printing, capsys):
    with progress.report_progress("training", total=2, unit="models") as advance:
        clock[0] += 20
        advance(1)
        clock[0] += 20
        advance(1)
    assert capsys.readouterr().err.splitlines() == [
        "training: 1 of 2 models, 20 s per model, 20 s left",
        "training: 2 of 2 models, 20 s per model",
    ]


def test_what_was_done_is_a_detail(clock, capsys):
    with (
        progress.printing_messages(logging.DEBUG),
        progress.report_progress("importing", total=5, unit="files", done=1) as advance,
    ):
        clock[0] += 2
        advance(4)
    assert capsys.readouterr().err == "importing: 4 files in 2.0 s, 2.0 files/s\n"


def test_nothing_but_trouble_is_printed_when_quiet(clock, printing, capsys):
    progress.set_verbosity(logging.WARNING)
    with progress.report_progress("importing", total=2, unit="files") as advance:
        clock[0] += 20
        advance(2)
    progress.warn("a worry\nof two lines")
    assert capsys.readouterr().err == "warning: a worry\nwarning: of two lines\n"


def test_a_bar_is_drawn_in_a_terminal(printing, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with progress.report_progress("embedding m1", total=40, unit="frames", done=10) as advance:
        advance(30, "last batch")
    assert "40 of 40" in terminal.getvalue()
    assert "embedding m1 (last batch)" in terminal.getvalue()


@pytest.fixture
def notebook(monkeypatch):
    """Standard error is that of a notebook's kernel, whose displays are returned: what each of them showed, one after the other."""
    shown = []

    def display(content, *, raw, display_id):
        assert raw
        assert display_id
        shown.append([content])

        def update(content, *, raw):
            assert raw
            shown[-1].append(content)

        return types.SimpleNamespace(update=update)

    ipython = types.ModuleType("IPython.display")
    ipython.display = display
    monkeypatch.setitem(sys.modules, "IPython.display", ipython)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    return shown


def test_a_line_is_rewritten_in_a_notebook(clock, printing, notebook, capsys):
    with progress.report_progress("embedding <m1>", total=100, unit="frames") as advance:
        for _ in range(3):
            clock[0] += 0.15
            advance(20)
    assert [content["text/plain"] for content in notebook[0]] == [
        "embedding <m1>: 0 of 100 frames",
        "embedding <m1>: 40 of 100 frames, 133.3 frames/s, 0 s left",
        "embedding <m1>: 60 of 100 frames, 133.3 frames/s, 0 s left",
    ]
    assert notebook[0][-1]["text/html"] == (
        '<progress value="60" max="100"></progress> embedding &lt;m1&gt;: 60 of 100 frames, 133.3 frames/s, 0 s left'
    )
    assert capsys.readouterr().err == ""


def test_a_notebook_shows_nothing_unless_asked(clock, notebook, capsys):
    with progress.report_progress("embedding", total=100, unit="frames") as advance:
        clock[0] += 20
        advance(20)
    assert notebook == []
    assert capsys.readouterr() == ("", "")


def test_without_printing_lines_are_messages_of_the_logger(clock, caplog):
    caplog.set_level(logging.INFO)
    with progress.report_progress("embedding", total=100, unit="frames") as advance:
        clock[0] += 20
        advance(20)
    assert [(record.name, record.levelname, record.getMessage()) for record in caplog.records] == [
        ("behavior", "INFO", "embedding: 20 of 100 frames, 1.0 frames/s, 80 s left")
    ]


def test_the_logger_is_left_as_it_was():
    logger = logging.getLogger("behavior")
    logger.setLevel(logging.ERROR)
    try:
        with progress.printing_messages():
            progress.start_printing(logging.DEBUG)
            assert len(logger.handlers) == 1
        assert (logger.level, logger.propagate, logger.handlers, logger.filters) == (logging.ERROR, True, [], [])
        progress.stop_printing()
    finally:
        logger.setLevel(logging.NOTSET)


def test_warnings_are_collected_and_still_logged(caplog):
    with progress.collect_warnings() as collected:
        progress.announce("a step")
        progress.warn("a worry")
        progress.complain("a failure")
    progress.warn("too late")
    assert collected == ["a worry"]
    assert [record.getMessage() for record in caplog.records] == ["a worry", "a failure", "too late"]


IMPORT_ALL = """
import importlib, logging, pkgutil
def describe():
    loggers = {"": logging.root} | {name: logger for name, logger in logging.root.manager.loggerDict.items()
                                    if name.split(".")[0] == "behavior" and isinstance(logger, logging.Logger)}
    return {name: (logger.level, logger.propagate, logger.disabled, list(logger.handlers), list(logger.filters))
            for name, logger in loggers.items()}
root = describe()[""]
import behavior
names = [module.name for module in pkgutil.walk_packages(behavior.__path__, "behavior.") if module.name != "behavior.__main__"]
for name in names:
    importlib.import_module(name)
found = describe()
assert found.pop("") == root, (root, logging.root.handlers)
assert all(state == (logging.NOTSET, True, False, [], []) for state in found.values()), found
print(len(names), "behavior" in found)
"""


def test_importing_every_module_changes_no_logger():
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, cwd=PACKAGE.parent)
    assert done.returncode == 0, done.stderr
    n_modules = len([path for path in PACKAGE.rglob("*.py") if path.name != "__main__.py"]) - 1
    assert done.stdout.split() == [str(n_modules), "True"]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgres://bob:s3cret@127.0.0.1:1/x", "postgres://bob:***@127.0.0.1:1/x"),
        ("nosuch://bob:a/b@s3cret@host/name", "nosuch://bob:***@host/name"),
        ("redis://:s3cret@host", "redis://:***@host"),
        ("postgresql:/bob:s3cret@host", "postgresql:/bob:***@host"),
        ("postgresql://bob:s3cret/x", "postgresql://bob:***/x"),
        ("postgresql://host/x?user=bob&password=s3cret", "postgresql://host/x?***"),
        ("https://host:8000/?token=s3cret", "https://host:8000/?***"),
        ("postgresql://bob@host:5432/x", "postgresql://bob@host:5432/x"),
        ("sqlite:////folder/x.db", "sqlite:////folder/x.db"),
    ],
)
def test_an_address_is_shown_without_what_is_secret(address, shown):
    assert progress.show_address(address) == shown
    assert progress.hide_passwords(f"see '{address}': it is down") == f"see '{shown}': it is down"


@pytest.mark.parametrize("address", ["postgresql:bob:s3cret@host/x", "bob:s3cret@host/x", "postgresql://bob:a s3cret@host/x"])
def test_a_whole_address_may_be_malformed(address):
    assert "s3cret" not in progress.show_address(address)


def test_what_a_terminal_would_act_on_is_printed_as_text(printing, capsys):
    progress.warn("groom\x1b]0;title\x07 and \u202eback\nsecond line")
    assert capsys.readouterr().err == "warning: groom\\x1b]0;title\\x07 and \\u202eback\nwarning: second line\n"
    progress.announce("Säubern, 毛づくろい")
    assert capsys.readouterr().err == "Säubern, 毛づくろい\n"
