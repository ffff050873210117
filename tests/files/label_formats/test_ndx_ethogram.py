"""Bouts of ndx-ethogram in NWB files."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from binary_samples import make_ethogram, write_bytes
from label_samples import BOUTS, NAMES, VALUES, list_frames, read

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import is_label_file, list_behaviors, list_observations, read_labels, recognise_labels
from behavior.recording import Frames


def test_bouts_are_read_in_seconds_of_the_video(tmp_path: Path) -> None:
    path = write_bytes(tmp_path / "a.nwb", make_ethogram(BOUTS, 10))
    assert recognise_labels(path) == "NWB ethogram"
    assert is_label_file(path)
    assert set(list_behaviors(path)) == set(NAMES)
    np.testing.assert_array_equal(read(path)[0], VALUES)
    path = write_bytes(tmp_path / "b.nwb", make_ethogram(BOUTS, 10, start_s=2.5))
    assert list_observations(path) == ("mouse_1.mp4",)
    values, notes = read(path, recording_names=("mouse_1.mp4",))
    np.testing.assert_array_equal(values, VALUES)
    assert notes == [f"{path}: its video starts at 2.5 s of the session; bouts are counted from there."]
    assert any("is about mouse_1.mp4, and is read for mouse_9.mp4" in note for note in read(path, recording_names=("mouse_9.mp4",))[1])


def test_one_of_several_raters_is_asked_for_and_programs_are_named(tmp_path: Path) -> None:
    path = write_bytes(tmp_path / "a.nwb", make_ethogram(BOUTS, 10, tables=("anna", "ben")))
    with pytest.raises(LabelError, match="by 'anna', 'ben'"):
        read(path)
    np.testing.assert_array_equal(read(path, rater="ben")[0], VALUES)
    with pytest.raises(LabelError, match="holds 2 tables of bouts by 'anna'"):
        read(write_bytes(tmp_path / "b.nwb", make_ethogram(BOUTS, 10, tables=("anna", "anna"))))
    path = write_bytes(tmp_path / "c.nwb", make_ethogram(BOUTS, 10, method="automated"))
    assert read(path)[1] == [f"{path}: holds bouts that a program found (automated), not labels by people alone."]


def test_observed_spans_and_the_catalogue_count(tmp_path: Path) -> None:
    path = write_bytes(
        tmp_path / "a.nwb", make_ethogram(BOUTS, 10, catalogue=("Grooming", "Supported", "Jump"), observed=[(0.0, 3.0)], start_s=0.5)
    )
    assert list_behaviors(path) == ("Grooming", "Supported", "Jump")
    values, _ = read(path, (*NAMES, "Jump"))
    np.testing.assert_array_equal(values[:25, :2], VALUES[:25])
    assert (values[25:] == -1).all()
    assert list_frames(values[:25, 2]) == []


def test_links_objects_and_damage_are_refused(tmp_path: Path) -> None:
    path = write_bytes(tmp_path / "a.nwb", make_ethogram(BOUTS, 10))
    with h5py.File(path, "a") as file:
        file["processing/behavior/bouts_0/ethogram"] = h5py.ExternalLink("/etc/x.h5", "a")
    with pytest.raises(LabelError, match=r"has a link '.*ethogram' to another file, which is not followed"):
        read(path)
    path = write_bytes(tmp_path / "b.nwb", make_ethogram(BOUTS, 10))
    with h5py.File(path, "a") as file:
        del file["processing/behavior/bouts_0/stop_time"]
        file["processing/behavior/bouts_0/stop_time"] = np.array([1.0])
    with pytest.raises(LabelError, match="has 3 starts, 1 stops and 3 labels in 'bouts_0'"):
        read(path)
    content = make_ethogram(BOUTS, 10)
    path = write_bytes(tmp_path / "c.nwb", content[: len(content) // 2])
    with pytest.raises(LabelError, match=r"c\.nwb: "):
        read(path)


def test_the_file_of_ndx_ethogram_reads_as_h5py_has_it(shared_data: Path) -> None:
    path = shared_data / "formats/others/ndx_ethogram/mouse_01.nwb"
    with h5py.File(path) as file:
        table = file["processing/behavior/behavior_bouts"]
        rows = list(zip(table["label"].asstr()[()], table["start_time"][()], table["stop_time"][()], strict=True))
    names = tuple(dict.fromkeys(str(name) for name, _, _ in rows))
    labels, _ = read_labels(path, LabelRequest(names, Frames.from_times(np.arange(1500) / 10)))
    for column, name in enumerate(names):
        expected = [frame for frame in range(1500) if any(other == name and start <= frame / 10 < stop for other, start, stop in rows)]
        assert expected
        assert list_frames(labels.values[:, column]) == expected
