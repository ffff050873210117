"""What the steps of a cross-validation took, as a table."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from behavior.compute.effort import Effort
from behavior.learning.computing_time import STEP_WORDS, tabulate_effort
from behavior.recording import Frames


def make_effort(seconds: float, joules: float | None) -> Effort:
    effort = Effort()
    effort.seconds, effort.processor_seconds, effort.joules = seconds, 2 * seconds, joules
    return effort


def test_seconds_are_also_per_hour_of_video_and_energy_is_not_guessed() -> None:
    # Two recordings of half an hour each.
    features = [SimpleNamespace(frames=Frames(45_000), fps=25.0)] * 2
    data: Any = SimpleNamespace(features=features)
    table = tabulate_effort({"features": make_effort(3.0, None), "train": make_effort(60.0, 500.0)}, data)
    assert table.to_numpy().tolist() == [
        ["features", "seconds", 3.0],
        ["features", "processor_seconds", 6.0],
        ["features", "seconds_per_hour_of_video", 3.0],
        ["train", "seconds", 60.0],
        ["train", "processor_seconds", 120.0],
        ["train", "joules", 500.0],
        ["train", "seconds_per_hour_of_video", 60.0],
    ]
    assert set(table["step"]) <= set(STEP_WORDS)


def test_without_steps_there_are_columns() -> None:
    assert list(tabulate_effort({}, SimpleNamespace(features=[])).columns) == ["step", "metric", "value"]  # type: ignore[arg-type]
