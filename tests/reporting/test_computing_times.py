"""What computing took, in a report: one table of the cross-validation, the model and the ethograms."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from behavior.compute.effort import Effort
from behavior.errors import ModelError
from behavior.files.cells import write_table
from behavior.learning.computing_time import Step, tabulate_effort
from behavior.provenance import Provenance, StepTime
from behavior.reporting.computing_times import make_computing_section
from behavior.reporting.html_page import Table


def describe(*told: dict[str, StepTime] | None) -> Any:
    recordings = [SimpleNamespace(annotation=SimpleNamespace(provenance=Provenance(computing_time=one)), recorded_s=1800.0) for one in told]
    return SimpleNamespace(recordings=recordings)


def collect(tmp_path: Path, crossval: Any = None) -> Any:
    return SimpleNamespace(crossval=crossval, model=SimpleNamespace(folder=tmp_path))


def test_what_is_known_is_in_one_table_and_ethograms_are_added_up(tmp_path: Path) -> None:
    write_table(tmp_path / "computing_time.csv", tabulate_effort({"train": Step(Effort(20.0, 30.0, 100.0), 2.0)}))
    crossval = SimpleNamespace(computing_time=tabulate_effort({"train": Step(Effort(200.0, 300.0), 2.0)}))
    embedded = {"embed": StepTime(seconds=7.0, processor_seconds=9.0)}
    both = {**embedded, "predict": StepTime(seconds=1.0, processor_seconds=1.5, joules=3.0)}
    section = make_computing_section(collect(tmp_path, crossval), describe(both, both))
    assert section is not None
    table = section.blocks[0]
    assert isinstance(table, Table)
    assert [list(row) for row in table.rows] == [
        ["Cross-validation", "Training the models", "200.0", "300.0", "", "100.0"],
        ["Final model", "Training the models", "20.0", "30.0", "100.0", "10.0"],
        ["Ethograms", "Embedding the recordings, whenever that was done", "14.0", "18.0", "", "14.0"],
        ["Ethograms", "Predicting recordings", "2.0", "3.0", "6.0", "2.0"],
    ]
    # A step that is not known of all recordings has no sum.
    partly = make_computing_section(collect(tmp_path), describe(both, embedded, None))
    assert partly is not None
    assert isinstance(partly.blocks[0], Table)
    assert [row[0] for row in partly.blocks[0].rows] == ["Final model"]


def test_nothing_known_is_no_section_and_a_damaged_table_is_named(tmp_path: Path) -> None:
    assert make_computing_section(collect(tmp_path), describe(None)) is None
    (tmp_path / "computing_time.csv").write_text("of somebody else")
    with pytest.raises(ModelError, match=r"computing_time\.csv"):
        make_computing_section(collect(tmp_path), None)
