"""What computing takes, with counters of energy that a test turns."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from behavior.compute.effort import Effort, measure_effort, measure_step, record_steps


def write_counter(powercap: Path, name: str, microjoules: int, *, most: int = 10_000_000) -> Path:
    counter = powercap / name
    counter.mkdir(parents=True, exist_ok=True)
    (counter / "energy_uj").write_text(f"{microjoules}\n")
    (counter / "max_energy_range_uj").write_text(f"{most}\n")
    return counter / "energy_uj"


def test_seconds_are_measured_and_energy_is_left_out_where_nothing_tells(tmp_path: Path) -> None:
    with measure_effort(tmp_path / "missing") as measured:
        time.sleep(0.02)
    assert 0.02 <= measured.effort.seconds < 20
    assert measured.effort.processor_seconds < measured.effort.seconds + 1
    assert measured.effort.joules is None


def test_energy_of_all_processors_is_added_up_without_their_parts(tmp_path: Path) -> None:
    first = write_counter(tmp_path, "intel-rapl:0", 1_000_000)
    second = write_counter(tmp_path, "intel-rapl:1", 9_000_000)
    part = write_counter(tmp_path, "intel-rapl:0:0", 0)
    write_counter(tmp_path, "dtpm", 0)
    with measure_effort(tmp_path) as measured:
        first.write_text("3000000\n")
        # This one started again from 0 after 10 J.
        second.write_text("500000\n")
        part.write_text("1500000\n")
    assert measured.effort.joules == pytest.approx(2.0 + 1.5)


def test_a_counter_that_cannot_be_read_leaves_energy_out(tmp_path: Path) -> None:
    counter = write_counter(tmp_path, "intel-rapl:0", 1_000_000)
    with measure_effort(tmp_path) as measured:
        counter.unlink()
    assert measured.effort.joules is None
    write_counter(tmp_path, "intel-rapl:0", 5).write_text("no number")
    with measure_effort(tmp_path) as measured:
        pass
    assert measured.effort.joules is None


def test_work_that_fails_is_measured(tmp_path: Path) -> None:
    with pytest.raises(KeyError), measure_effort(tmp_path) as measured:
        raise KeyError
    assert measured.effort.seconds > 0


def test_a_step_is_without_those_within_it_and_adds_up_over_its_calls() -> None:
    with record_steps() as steps, measure_effort() as whole:
        for _ in range(2):
            with measure_step("train"):
                time.sleep(0.01)
                with measure_step("predict"):
                    time.sleep(0.1)
    assert steps["predict"].seconds >= 0.2
    assert 0.02 <= steps["train"].seconds <= whole.effort.seconds - steps["predict"].seconds
    with measure_step("train"):
        pass
    assert set(steps) == {"train", "predict"}


def test_steps_that_fail_are_measured() -> None:
    with record_steps() as steps, pytest.raises(KeyError), measure_step("train"), measure_step("predict"):
        raise KeyError
    assert set(steps) == {"train", "predict"}


def test_what_is_stored_is_read_back_and_anything_else_is_not_known() -> None:
    for effort in (Effort(1.5, 2.0), Effort(1.5, 2.0, 30.0)):
        assert Effort.from_mapping(effort.as_mapping()) == effort
    for strange in (
        None,
        [],
        {},
        {"seconds": 1.0},
        {"seconds": "1", "processor_seconds": 1},
        {"seconds": float("nan"), "processor_seconds": 1},
    ):
        assert Effort.from_mapping(strange) is None
