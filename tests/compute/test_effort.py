"""What computing takes, with counters of energy that a test turns."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from behavior.compute.effort import measure_effort


def write_counter(powercap: Path, name: str, microjoules: int, *, most: int = 10_000_000) -> Path:
    counter = powercap / name
    counter.mkdir(parents=True, exist_ok=True)
    (counter / "energy_uj").write_text(f"{microjoules}\n")
    (counter / "max_energy_range_uj").write_text(f"{most}\n")
    return counter / "energy_uj"


def test_seconds_are_measured_and_energy_is_left_out_where_nothing_tells(tmp_path: Path) -> None:
    with measure_effort(tmp_path / "missing") as effort:
        time.sleep(0.02)
    assert 0.02 <= effort.seconds < 20
    assert effort.processor_seconds < effort.seconds + 1
    assert effort.joules is None


def test_energy_of_all_processors_is_added_up_without_their_parts(tmp_path: Path) -> None:
    first = write_counter(tmp_path, "intel-rapl:0", 1_000_000)
    second = write_counter(tmp_path, "intel-rapl:1", 9_000_000)
    part = write_counter(tmp_path, "intel-rapl:0:0", 0)
    write_counter(tmp_path, "dtpm", 0)
    with measure_effort(tmp_path) as effort:
        first.write_text("3000000\n")
        # This one started again from 0 after 10 J.
        second.write_text("500000\n")
        part.write_text("1500000\n")
    assert effort.joules == pytest.approx(2.0 + 1.5)


def test_a_counter_that_cannot_be_read_leaves_energy_out(tmp_path: Path) -> None:
    counter = write_counter(tmp_path, "intel-rapl:0", 1_000_000)
    with measure_effort(tmp_path) as effort:
        counter.unlink()
    assert effort.joules is None
    write_counter(tmp_path, "intel-rapl:0", 5).write_text("no number")
    with measure_effort(tmp_path) as effort:
        pass
    assert effort.joules is None


def test_work_that_fails_is_measured(tmp_path: Path) -> None:
    with pytest.raises(KeyError), measure_effort(tmp_path) as effort:
        raise KeyError
    assert effort.seconds > 0
