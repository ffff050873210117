"""Progress away from a terminal: plain lines with rate and time left."""

import logging

import pytest

from behavior import progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves on by hand."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_lines_have_rate_and_time_left_and_come_seldom(clock, capsys):
    with progress.show_progress("embedding m1", total=1000, unit="frames", done=200) as advance:
        for _ in range(5):
            clock[0] += 4
            advance(80)
    assert capsys.readouterr().err.splitlines() == [
        "embedding m1: 440 of 1,000 frames, 20.0 frames/s, 28 s left",
        "embedding m1: 600 of 1,000 frames, 20.0 frames/s, 20 s left",
    ]


def test_slow_work_is_timed_by_the_piece_and_says_what_goes_on(clock, capsys):
    with progress.show_progress("training", total=3, unit="behaviors") as advance:
        clock[0] += 60
        advance(1)
        clock[0] += 20
        advance(0, "mid_rearing: epoch 2")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "training: 1 of 3 behaviors, 60 s per behavior, 120 s left"
    assert lines[1] == "training: 1 of 3 behaviors, 80 s per behavior, 160 s left (mid_rearing: epoch 2)"


def test_quick_work_prints_nothing(clock, capsys):
    with progress.show_progress("importing", total=2, unit="files") as advance:
        advance(2)
    assert capsys.readouterr().err == ""


def test_the_end_is_printed_once(clock, capsys):
    with progress.show_progress("training", total=2, unit="models") as advance:
        clock[0] += 20
        advance(1)
        clock[0] += 20
        advance(1)
    assert capsys.readouterr().err.splitlines() == [
        "training: 1 of 2 models, 20 s per model, 20 s left",
        "training: 2 of 2 models, 20 s per model",
    ]


def test_what_was_done_is_a_detail(clock, capsys):
    progress.set_verbosity(logging.DEBUG)
    try:
        with progress.show_progress("importing", total=5, unit="files", done=1) as advance:
            clock[0] += 2
            advance(4)
    finally:
        progress.set_verbosity(logging.INFO)
    assert capsys.readouterr().err == "importing: 4 files in 2.0 s, 2.0 files/s\n"


def test_nothing_but_trouble_is_printed_when_quiet(clock, capsys):
    progress.set_verbosity(logging.WARNING)
    try:
        with progress.show_progress("importing", total=2, unit="files") as advance:
            clock[0] += 20
            advance(2)
        progress.warn("a worry\nof two lines")
    finally:
        progress.set_verbosity(logging.INFO)
    assert capsys.readouterr().err == "warning: a worry\nwarning: of two lines\n"
