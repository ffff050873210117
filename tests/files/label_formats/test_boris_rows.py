"""BORIS's two tables of events: observations, offsets and times through its versions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from label_samples import VALUES, make_new_tabular, make_old_tabular, read, write

from behavior.errors import LabelError
from behavior.files.label_formats.boris_rows import BorisRow, BorisTable, list_point_names
from behavior.files.label_formats.source import LabelSource
from behavior.files.labels import list_observations


def test_several_observations_and_preambles_in_one_table(tmp_path: Path) -> None:
    other = make_new_tabular(observation="second").splitlines()[1:]
    path = write(tmp_path / "a.csv", make_new_tabular() + "\n".join(other).replace("mouse_1", "mouse_2").replace("0.300", "0.000"))
    assert list_observations(path) == ("first", "second")
    np.testing.assert_array_equal(read(path, recording_names=("mouse_1.mp4",))[0], VALUES)
    assert read(path, recording_names=("mouse_2.mp4",))[0][:8, 0].tolist() == [1] * 8
    second = make_old_tabular().replace("first", "second").replace("mouse_1", "mouse_2").replace("0.300", "0.000")
    path = write(tmp_path / "b.csv", make_old_tabular() + second)
    assert list_observations(path) == ("first", "second")
    assert read(path, observation="second")[0][:8, 0].tolist() == [1] * 8
    with pytest.raises(LabelError, match="holds 2 observations"):
        read(path)
    with pytest.raises(LabelError, match="ends before the events of 'second', so it is cut short"):
        read(write(path, make_old_tabular() + "\n".join(second.splitlines()[:4])))


def test_time_offsets_in_tables(tmp_path: Path) -> None:
    text = make_old_tabular().replace("Time offset (s),0.0", "Time offset (s),-0.1")
    assert np.flatnonzero(read(write(tmp_path / "a.csv", text))[0][:, 1]).tolist() == [11, 12, 13, 14]
    text = make_new_tabular().replace(",0.0,4.000,", ",0.1,4.000,")
    assert np.flatnonzero(read(write(tmp_path / "a.csv", text))[0][:, 1]).tolist() == [9, 10, 11, 12]


def test_times_may_be_written_as_hours_minutes_and_seconds(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Time,Subject,Behavior,Status\n00:00:01.5,,a,START\n0:02,,a,STOP\n")
    assert np.flatnonzero(read(path, ("a",))[0][:, 0]).tolist() == list(range(15, 20))


def test_what_varies_between_versions_is_read_alike(tmp_path: Path) -> None:
    for text, media in ((make_old_tabular(), ("mouse_1.mp4",)), (make_new_tabular(subject="No focal subject"), ("videos/mouse_1.mp4",))):
        table = BorisTable(LabelSource(write(tmp_path / "a.csv", text)), ("time", "behavior"))
        rows = list(table.read_rows())
        assert [(row.cells["behavior"], row.cells["kind"], row.cells["subject"]) for row in rows[:2]] == [
            ("Grooming", "START", ""),
            ("Grooming", "STOP", ""),
        ]
        assert {row.observation for row in rows} == {"first"}
        assert {name: observation.media for name, observation in table.list_observations().items()} == {"first": media}
    assert BorisTable(LabelSource(write(tmp_path / "b.csv", "frame,a\n0,1\n")), ("time", "behavior")).find_header() is None


def test_points_are_names_without_a_state() -> None:
    kinds = [("a", "POINT"), ("b", "START"), ("a", "POINT"), ("b", "point"), ("", "POINT")]
    rows = [BorisRow(line, "o", {"behavior": name, "kind": kind}, ()) for line, (name, kind) in enumerate(kinds)]
    assert list_point_names(rows) == ("a",)
