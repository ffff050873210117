"""A process that stays answers several calls, and keeps what it has."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from behavior.compute.companion import Companion
from behavior.errors import BehaviorError, UsageError

_kept: list[int] = []


def add(number: int, *, advance: Callable[[float], None]) -> tuple[int, list[int]]:
    print("what libraries print is no answer")
    advance(0.5)
    _kept.append(number)
    return os.getpid(), list(_kept)


def refuse(*, advance: Callable[[float], None]) -> None:
    raise UsageError("three is too much; give two.")


def stumble(*, advance: Callable[[float], None]) -> None:
    raise KeyError("a")


def leave(*, advance: Callable[[float], None]) -> None:
    os._exit(3)


def double(values: np.ndarray, *, advance: Callable[[float], None]) -> np.ndarray:
    return 2 * values


@pytest.fixture(scope="module")
def companion() -> Iterator[Companion]:
    companion = Companion()
    yield companion
    companion.close()
    assert not companion.is_running


def test_calls_are_answered_by_one_process_that_keeps_what_it_has(companion: Companion) -> None:
    told: list[float] = []
    pid, kept = companion.call(add, number=1, advance=told.append)
    assert (pid != os.getpid(), kept, told) == (True, [1], [0.5])
    assert companion.call(add, number=2) == (pid, [1, 2])
    np.testing.assert_array_equal(companion.call(double, values=np.arange(3)), [0, 2, 4])
    assert companion.is_running


def test_errors_come_back_and_the_process_goes_on(companion: Companion) -> None:
    pid, _ = companion.call(add, number=3)
    with pytest.raises(UsageError, match="three is too much"):
        companion.call(refuse)
    with pytest.raises(BehaviorError, match="stumble failed"):
        companion.call(stumble)
    assert companion.call(add, number=4)[0] == pid


def test_a_process_that_died_is_said_and_started_again(companion: Companion) -> None:
    pid, _ = companion.call(add, number=5)
    with pytest.raises(BehaviorError, match="its process ended"):
        companion.call(leave)
    again, kept = companion.call(add, number=6)
    assert again != pid
    assert kept == [6]
