"""Frame tables: a row per frame, a column per behavior."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from label_samples import draw_labels, list_frames, read, read_values, write

from behavior.errors import LabelError
from behavior.files.frame_tables import write_frame_table
from behavior.files.labels import is_label_file, list_behaviors
from behavior.recording import Frames, Labels


@given(labels=draw_labels(unlabelled_alike=False))
def test_frame_tables_come_back(tmp_path_factory: pytest.TempPathFactory, labels: Labels) -> None:
    path = tmp_path_factory.getbasetemp() / "frames.csv"
    write_frame_table(path, labels)
    values, notes = read(path, labels.behaviors, frames=Frames(len(labels)))
    np.testing.assert_array_equal(values, labels.values)
    assert notes == []
    assert list_behaviors(path) == labels.behaviors


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_frame_tables_of_other_peoples_computers(tmp_path: Path, encoding: str, delimiter: str, line_end: str) -> None:
    rows = ["frame, grooming ,Säubern", "0,1,0", "1,True,FALSE", "2,1.0,0.0", "3,-1,", "4, 0 ,1"]
    text = line_end.join(row.replace(",", delimiter) for row in rows) + line_end
    path = write(tmp_path / "a.csv", text, encoding)
    assert read_values(path, ["Säubern", "grooming"], 5) == [[0, 1], [0, 1], [0, 1], [-1, -1], [1, 0]]
    assert is_label_file(path)
    assert list_behaviors(path) == ("grooming", "Säubern")


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,0\n0,\n-1,1\n",
        ",a,b\n0,1,0\n1,0,\n2,-1,1\n",
        "frame,a,b\n2,-1,1\n0,1,0\n1,0,-1\n",
        "Frame,time_s,a,b,\n0,0.0,1,0,\n1,0.1,0,,\n2,0.2,-1,1,\n,,,,\n",
        "frame;a;b\n0;1,0;0,0\n1;0;\n2;-1,0;1\n\n\n",
        '"a","b"\n"1","0"\n"0",""\n"-1","1"\n',
    ],
)
def test_frame_tables_with_and_without_a_frame_column(tmp_path: Path, text: str) -> None:
    assert read_values(write(tmp_path / "a.csv", text), ["a", "b"], 3) == [[1, 0], [0, -1], [-1, 1]]


def test_a_table_of_one_column_keeps_its_empty_cells(tmp_path: Path) -> None:
    assert read_values(write(tmp_path / "a.csv", "a\n1\n\n0\n\n\n"), ["a"], 5) == [[1], [-1], [0], [-1], [-1]]


def test_frames_without_a_row_are_unlabelled(tmp_path: Path) -> None:
    assert read_values(write(tmp_path / "a.csv", "frame,a\n1.0,1\n4,0\n0,0\n"), ["a"], 5) == [[0], [1], [-1], [-1], [0]]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("frame,a\n0,1\n1,2\n", "line 3, column 'a' holds '2', expected 1, 0, -1 or nothing"),
        ("frame,a\n0,x\n", "line 2, column 'a' holds 'x'"),
        ("frame,a\n0,0.5\n", "line 2, column 'a' holds '0.5'"),
        ("frame,a\n0,nan\n", "line 2, column 'a' holds 'nan'"),
        ("frame,b c\n0,1\n", "has no column 'a', only b c"),
        ("frame,A\n0,1\n", "has no column 'a', only A; did you mean 'A'"),
        ("frame,a,a\n0,1,1\n", "two columns named 'a'"),
        ("frame,a\n0,1\n0,1\n", "line 3 repeats frame 0 of line 2"),
        ("frame,a\n-1,1\n", "line 2 holds '-1' as frame"),
        ("frame,a\n0.5,1\n", "line 2 holds '0.5' as frame"),
        ("frame,a\n0,1\n900000000,1\n", "line 3 is about frame 900000000"),
        ("a,b\n1\n", "line 2 has 1 cells, expected 2"),
        ("a,b\n1,0\n\n1,0\n", "line 3 has 0 cells, expected 2"),
    ],
)
def test_invalid_frame_tables_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = write(tmp_path / "a.csv", text)
    with pytest.raises(LabelError) as caught:
        read(path, ("a",), frames=Frames(9))
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)
    assert str(caught.value)[-1] in ".?"


@pytest.mark.parametrize(("rows", "broke_off"), [(8, False), (9, False), (11, False), (12, False), (40, True)])
def test_a_frame_table_of_nearly_the_right_length(tmp_path: Path, rows: int, broke_off: bool) -> None:
    write_frame_table(tmp_path / "a.csv", Labels(np.ones((rows, 1), np.int8), ("a",)))
    values, notes = read(tmp_path / "a.csv", ("a",), frames=Frames(10, broke_off=broke_off))
    assert values[:, 0].tolist() == [1] * min(rows, 10) + [-1] * (10 - min(rows, 10))
    assert len(notes) == 1
    assert str(abs(rows - 10)) in notes[0]
    assert ("breaks off" in notes[0]) == broke_off


@pytest.mark.parametrize(("rows", "broke_off"), [(7, False), (13, False), (7, True)])
def test_a_frame_table_of_another_video(tmp_path: Path, rows: int, broke_off: bool) -> None:
    write_frame_table(tmp_path / "a.csv", Labels(np.ones((rows, 1), np.int8), ("a",)))
    with pytest.raises(LabelError, match=f"labels {rows} frames, but the video has 10, .* of another video"):
        read(tmp_path / "a.csv", ("a",), frames=Frames(10, broke_off=broke_off))


def test_columns_that_are_not_requested_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "frame,a,b,a_probability\n0,1,0,0.7\n")
    values, notes = read(path, ("a",), frames=Frames(1))
    assert values.tolist() == [[1]]
    assert len(notes) == 1
    assert notes[0].endswith("left out: b, a_probability.")


def test_a_frame_column_from_1_is_noted(tmp_path: Path) -> None:
    values, notes = read(write(tmp_path / "a.csv", "frame,a\n1,1\n2,0\n"), ("a",), frames=Frames(3))
    assert values[:, 0].tolist() == [-1, 1, 0]
    assert len(notes) == 1
    assert "starts at 1" in notes[0]


@pytest.mark.parametrize("column", ["frame", "Frame #", "frame_number", "Unnamed: 0"])
def test_as_many_frames_as_the_video_has_that_count_from_1_are_read_so(tmp_path: Path, column: str) -> None:
    # In any order.
    path = write(tmp_path / "a.csv", f"{column},a,time_s\n3,1,0.2\n1,0,0.0\n2,1,0.1\n")
    values, notes = read(path, ("a",), frames=Frames.from_times(np.arange(3) / 10))
    assert values[:, 0].tolist() == [0, 1, 1]
    assert notes == [f"{path}: counts frames from 1 to 3; its frame 1 is read as frame 0."]


def test_a_camera_s_own_numbers_are_read_where_there_is_a_row_for_each_frame(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "frame_id,a\n5121,1\n5120,0\n5122,1\n")
    values, notes = read(path, ("a",), frames=Frames(3))
    assert values[:, 0].tolist() == [0, 1, 1]
    assert notes == [f"{path}: counts frames from 5120, as cameras do, a row for each of the video; the first is frame 0."]
    with pytest.raises(LabelError, match="labels 5123 frames, but the video has 9"):
        read(path, ("a",), frames=Frames(9))


def test_rows_for_one_in_several_frames_are_noted(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "frame,a\n0,0\n5,1\n15,1\n")
    values, notes = read(path, ("a",), frames=Frames(16))
    assert list_frames(values[:, 0] != -1) == [0, 5, 15]
    assert notes == [f"{path}: has rows for one in 5 frames; the frames between them count as not labelled."]


def test_a_table_of_numbers_without_a_header_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "0,0\n1,1\n")
    with pytest.raises(LabelError, match="line 1 holds only numbers, expected the names of the columns; put a header above it"):
        read(path, ("a",), frames=Frames(2))


def test_a_frame_table_refuses_names_with_another_meaning(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="cannot be named 'Frame'"):
        write_frame_table(tmp_path / "a.csv", Labels(np.zeros((1, 1), np.int8), ("Frame",)))
    assert not list(tmp_path.iterdir())


def test_the_real_frame_table(shared_data: Path) -> None:
    folder = shared_data / "formats" / "thesis"
    names = ("grooming", "rearing_mig", "rearing_paret")
    values, notes = read(folder / "HD_ChR2_510A.csv", names, frames=Frames(6600))
    assert notes == []
    assert is_label_file(folder / "HD_ChR2_510A.csv")
    again, notes = read(folder / "results.csv", names, frames=Frames(6600))
    np.testing.assert_array_equal(again, values)
    assert len(notes) == 1
    assert "g_prediction, mr_prediction, wr_prediction" in notes[0]
    assert not is_label_file(folder / "results.csv")
