"""What the steps of a cross-validation took, as a table."""

from __future__ import annotations

from behavior.compute.effort import Effort
from behavior.learning.computing_time import STEP_WORDS, Step, add_efforts, tabulate_effort


def test_seconds_are_also_per_hour_of_video_and_energy_is_not_guessed() -> None:
    steps = {"features": Step(Effort(3.0, 6.0), 1.0), "train": Step(Effort(60.0, 120.0, 500.0), 0.5), "predict": Step(None, 1.0)}
    table = tabulate_effort(steps)
    assert table.to_numpy().tolist() == [
        ["features", "seconds", 3.0],
        ["features", "processor_seconds", 6.0],
        ["features", "seconds_per_hour_of_video", 3.0],
        ["train", "seconds", 60.0],
        ["train", "processor_seconds", 120.0],
        ["train", "joules", 500.0],
        ["train", "seconds_per_hour_of_video", 120.0],
    ]
    assert set(table["step"]) <= set(STEP_WORDS)


def test_without_steps_there_are_columns() -> None:
    assert list(tabulate_effort({}).columns) == ["step", "metric", "value"]
    assert tabulate_effort({"train": Step(Effort(1.0, 1.0), 0.0)})["metric"].tolist() == ["seconds", "processor_seconds"]


def test_a_sum_is_known_where_all_of_its_parts_are() -> None:
    assert add_efforts([Effort(1.0, 2.0, 3.0), Effort(4.0, 5.0, 6.0)]) == Effort(5.0, 7.0, 9.0)
    assert add_efforts([Effort(1.0, 2.0, 3.0), Effort(4.0, 5.0)]) == Effort(5.0, 7.0)
    assert add_efforts([Effort(1.0, 2.0), None]) is None
    assert add_efforts([]) is None
