"""NWB files are valid and have intervals, probabilities and the provenance."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from behavior.errors import EthogramError
from behavior.files.ethogram_formats.entry import Entry
from behavior.files.ethogram_formats.nwb import read_nwb


def test_nwb_is_valid_and_has_intervals_and_probabilities(
    make_entry: Callable[..., Entry], write_entries: Callable[..., Path], tmp_path: Path
) -> None:
    pynwb = pytest.importorskip("pynwb")
    entry = make_entry([[0, 1], [1, 1], [1, 0]], ("nose/nose: contact", "nose_nose_ contact"), model={"hash": "abc"})
    path = write_entries("nwb", tmp_path, entry)
    problems = pynwb.validate(path=str(path))
    assert not (problems[0] if isinstance(problems, tuple) else problems)
    with pynwb.NWBHDF5IO(str(path), "r") as io:
        file = io.read()
        intervals = file.intervals["nose_nose_ contact"].to_dataframe()
        assert intervals[["start_time", "stop_time", "start_frame", "stop_frame", "mean_prob"]].to_numpy().tolist() == [
            [0.04, 0.12, 1, 3, 0.75]
        ]
        assert file.intervals["nose_nose_ contact"].description == "Bouts of nose/nose: contact."
        series = file.processing["behavior"]["probabilities"].time_series
        assert series["nose_nose_ contact_2"].data[:].tolist() == [0.75, 0.75, 0.25]
        assert series["nose_nose_ contact_2"].timestamps[:].tolist() == [0.0, 0.04, 0.08]
        assert json.loads(file.notes)["model"] == {"hash": "abc"}
        assert file.session_start_time == entry.written
        assert file.acquisition["video"].external_file[0].endswith("lab/videos/mouse 01.mp4")
    np.testing.assert_array_equal(read_nwb(path).values, entry.annotation.ethogram.values)


def test_a_file_that_is_no_export_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("pynwb")
    (tmp_path / "a").write_bytes(b"no such thing" * 20)
    for name in ("a", "missing"):
        with pytest.raises(EthogramError, match="is not an ethogram in NWB") as caught:
            read_nwb(tmp_path / name)
        assert "\n" not in str(caught.value)
