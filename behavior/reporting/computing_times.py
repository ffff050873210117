"""The part of a report that says what computing took: the cross-validation, the model, and the ethograms."""

from __future__ import annotations

import pandas as pd

from behavior.compute.effort import Effort
from behavior.errors import ModelError
from behavior.files.cells import read_table
from behavior.learning.computing_time import STEP_WORDS, Step, add_efforts, tabulate_effort
from behavior.learning.crossval_files import COMPUTING_TIME_FILE
from behavior.reporting.description import Description
from behavior.reporting.html_page import Paragraph, Section, Table
from behavior.reporting.sources import Model, ReportSources

__all__ = ["make_computing_section"]

_HEADINGS = {
    "seconds": "Seconds",
    "processor_seconds": "Processor seconds",
    "joules": "Joules of the machine's processors",
    "seconds_per_hour_of_video": "Seconds per hour of video",
}
_MEANING = (
    "Each step without those that it contains. Processor seconds are those of all cores together. A step whose time is not known, as where "
    "a run that was stopped had done a part of it, is left out."
)


def make_computing_section(sources: ReportSources, description: Description | None) -> Section | None:
    """Return what each step took; None where nothing is known of any.

    Raises
    ------
    CrossvalError, ModelError
        If a table cannot be read.
    """
    tables = {
        "Cross-validation": None if sources.crossval is None else sources.crossval.computing_time,
        "Final model": None if sources.model is None else _read_times(sources.model),
        "Ethograms": None if description is None else _sum_ethograms(description),
    }
    known = {of: table for of, table in tables.items() if table is not None and len(table)}
    if not known:
        return None
    metrics = {name: heading for name, heading in _HEADINGS.items() if any(name in set(table["metric"]) for table in known.values())}
    rows = []
    for of, table in known.items():
        for step in dict.fromkeys(table["step"]):
            values = table[table["step"] == step].set_index("metric")["value"]
            rows.append([of, STEP_WORDS.get(step, step), *("" if name not in values else f"{values[name]:,.1f}" for name in metrics)])
    return Section("Computing time", [Table(["Of", "Step", *metrics.values()], rows, n_names=2), Paragraph(_MEANING, "note")])


def _read_times(model: Model) -> pd.DataFrame | None:
    """Return what training a model took; None for models of earlier versions."""
    path = model.folder / COMPUTING_TIME_FILE
    if not path.is_file():
        return None
    advice = "copy the whole folder of the model again"
    return read_table(path, text=("step", "metric"), error=ModelError, expected="a table of computing times", advice=advice)


def _sum_ethograms(description: Description) -> pd.DataFrame:
    """Return what the steps of all recordings took together, of each step that is known of all of them."""
    recordings = description.recordings
    told = [one.annotation.provenance.computing_time or {} for one in recordings]
    hours = sum(one.recorded_s for one in recordings) / 3600
    steps: dict[str, Step] = {}
    for name in dict.fromkeys(name for own in told for name in own):
        efforts = [Effort(**own[name].as_mapping()) if name in own else None for own in told]
        steps[name] = Step(add_efforts(efforts), hours)
    return tabulate_effort(steps)
