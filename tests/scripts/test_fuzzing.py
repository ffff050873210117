"""The table of what came of many inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from fuzzing import SHOWN, run_trials


def repeat(trial: Callable[[], str]) -> Iterator[Callable[[], str]]:
    return (trial for _ in count())


def test_what_came_of_inputs_is_counted_by_kind(capsys: pytest.CaptureFixture[str]) -> None:
    trials = {"a": repeat(lambda: "read"), "b": iter([lambda: "said", lambda: "read"])}
    assert run_trials(trials, 5, fine=("read", "said"), subject="file") == 0
    assert capsys.readouterr().out.splitlines() == [
        "| file | inputs | read | said | other |",
        "|---|---|---|---|---|",
        "| a | 5 | 5 | 0 | 0 |",
        "| b | 2 | 1 | 1 | 0 |",
        "7 inputs: 6 read, 1 said, 0 other",
    ]


def test_what_is_not_fine_is_shown_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> str:
        raise KeyError("watched")

    trials = {"good": repeat(lambda: "read"), "slow": iter([lambda: "slow: 30 s"]), "raw": repeat(fail)}
    assert run_trials(trials, SHOWN + 2, fine=("read",)) == 1
    out = capsys.readouterr().out
    assert "slow, input 0: slow: 30 s\n| slow | 1 | 0 | 1 |\n" in out
    assert out.count("KeyError: 'watched'") == SHOWN
    assert f"| raw | {SHOWN + 2} | 0 | {SHOWN + 2} |" in out
    assert out.endswith(f"{2 * SHOWN + 5} inputs: {SHOWN + 2} read, {SHOWN + 3} other\n")
