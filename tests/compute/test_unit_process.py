"""A process of its own for work: what comes back, what is said, and what goes wrong."""

import os
import sys
import time

import pytest

from behavior.compute.messages import decode, encode
from behavior.compute.unit_process import MESSAGE, RESULT, CallStoppedError, ProcessDiedError, UnitProcess, call_in_process, read_message
from behavior.errors import BehaviorError
from behavior.progress import announce


def never():
    return False


def ask(process, function, item):
    told = []
    kind, content = process.ask(encode((function, item)), take=lambda *news: told.append(news), should_stop=never)
    return kind, decode(content), told


@pytest.fixture
def process():
    process = UnitProcess({"BEHAVIOR_THREADS": "3"})
    yield process
    process.close()


def test_it_stays_for_the_next_call_and_is_started_again_after_it_died(process):
    assert ask(process, os.getenv, "BEHAVIOR_THREADS")[:2] == (RESULT, "3")
    first = process.pid
    assert ask(process, abs, -3)[:2] == (RESULT, 3)
    assert process.pid == first
    with pytest.raises(ProcessDiedError, match="exit status 3"):
        ask(process, os._exit, 3)
    assert ask(process, abs, -4)[:2] == (RESULT, 4)
    assert process.pid != first


def test_what_it_announces_is_passed_on_and_what_libraries_print_is_not_taken_for_an_answer(process):
    kind, _, told = ask(process, announce, "one")
    assert kind == RESULT
    ((what, message),) = told
    assert what == MESSAGE and read_message(message).getMessage() == "one"
    assert ask(process, print, "noise") == (RESULT, None, [])


def test_a_closed_one_is_gone_and_does_no_more(process):
    ask(process, abs, -1)
    pid = process.pid
    process.close(is_done=True)
    with pytest.raises(CallStoppedError):
        ask(process, abs, -1)
    if os.name != "nt":
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_call_of_its_own_is_followed_and_returns():
    told = []
    assert call_in_process(abs, -3, take=told.append, should_stop=never) == 3
    assert call_in_process(announce, "one", take=told.append, should_stop=never) is None
    assert [record.getMessage() for record in told] == ["one"]


def test_a_call_of_its_own_that_is_stopped_or_dies_is_said():
    began = time.monotonic()
    with pytest.raises(CallStoppedError):
        call_in_process(time.sleep, 60, take=print, should_stop=lambda: time.monotonic() > began + 1)
    with pytest.raises(BehaviorError, match="died unexpectedly"):
        call_in_process(os._exit, 3, take=print, should_stop=never)
    with pytest.raises(ValueError, match="invalid literal") as caught:
        call_in_process(int, "many", take=print, should_stop=never)
    assert "in _answer" in caught.value.__notes__[0]


def test_it_runs_the_same_python(process):
    assert ask(process, os.path.realpath, sys.executable)[1] == os.path.realpath(sys.executable)
