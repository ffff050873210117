"""Which files are label files, and what is in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pytest
from label_samples import IN_ORDER, NAMES, TIME_S, VALUES, make_bout_table, make_frame_table, make_project, read, write

from behavior.errors import LabelError
from behavior.files.frame_tables import write_frame_table
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import (
    LABEL_SUFFIXES,
    LabelNames,
    describe_observations,
    find_label_frames,
    is_label_file,
    list_names,
    list_observations,
    recognise_labels,
)
from behavior.recording import Frames, Labels


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("bodyparts,a,a\ncoords,x,y\n0,1,2\n", "is a pose file"),
    ],
)
def test_files_without_labels_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = write(tmp_path / "a.csv", text)
    with pytest.raises(LabelError) as caught:
        read(path, ("a",), frames=Frames(9))
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)
    assert str(caught.value)[-1] in ".?"


def test_files_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(bytes(range(256)))
    for name, sentence in {"a.csv": "is not a text file", "missing.csv": "there is no such label file", ".": "found a folder"}.items():
        with pytest.raises(LabelError, match=sentence):
            read(tmp_path / name, ("a",), frames=Frames(1))
        assert not is_label_file(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("frame,time_s,a_prob,a_raw,a\n0,0.0,0.4,0,0\n", False),
        ("frame,time_s,a_prob,a_raw,a\n0,0.0,1,1,1\n", False),
        ("frame,a\n0,1\n", True),
        ("frame,a\n0,\n", False),
        ("frame,speed\n0,1.7\n", False),
        ("recording,video,pose\nx,x.mp4,x.csv\n", False),
        ("behavior,start_s,stop_s\n", True),
        ("scorer,N,N\nbodyparts,a,a\ncoords,x,y\n0,1,0\n", False),
        ("hello world\n", False),
        ("", False),
    ],
)
def test_labels_are_told_by_content(tmp_path: Path, text: str, expected: bool) -> None:
    assert is_label_file(write(tmp_path / "a.csv", text)) == expected


def test_a_long_table_is_recognised_by_its_beginning(tmp_path: Path) -> None:
    write_frame_table(tmp_path / "a.csv", Labels(np.zeros((30_000, 2), np.int8), ("a", "b")))
    assert (tmp_path / "a.csv").stat().st_size > 1 << 18
    assert is_label_file(tmp_path / "a.csv")


def test_the_sheet_with_labels_is_found_and_one_named_after_the_recording_goes_first(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "Info"
    book.active.append(["who", "when"])
    for name, shift in (("mouse 1", 0), ("mouse 2", 2)):
        sheet = book.create_sheet(name)
        sheet.append(["behavior", "start_frame", "stop_frame"])
        for start, stop, behavior in IN_ORDER:
            sheet.append([behavior, start + shift, stop + shift])
    book.save(path)
    assert recognise_labels(path) == "bout table"
    assert list_observations(path) == ("mouse 1", "mouse 2")
    for names, shift in [(("mouse_2.mp4", "x"), 2), (("m", "mouse_1"), 0), (("other",), 0)]:
        values, notes = read(path, recording_names=names)
        np.testing.assert_array_equal(values, np.roll(VALUES, shift, axis=0))
        assert notes[0].startswith(f"{path}: sheet 'mouse {1 + shift // 2}' is read; there is more in 'Info', 'mouse")


def test_a_table_of_other_things_is_read_for_a_column_that_is_requested(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "frame,speed,grooming\n0,1.7,1\n1,0.2,0\n")
    assert not is_label_file(path)
    values, notes = read(path, ("grooming",), frames=Frames(2))
    assert (values.tolist(), len(notes)) == ([[1], [0]], 1)
    with pytest.raises(LabelError, match=r"is not a recognised label file \(columns found: 'x', 'y'\); expected one of: BORIS project, "):
        read(write(path, "x,y\n0.1,0.2\n"), ("grooming",))


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("frame,grooming\n0,0\n1,yes\n", "line 3 has 'yes' in the column 'grooming': write numbers there; else expected one of"),
        ("frame,behavior\n0,grooming\n1,none\n", "line 2 has 'grooming' in the column 'behavior': write numbers there; else expected"),
        ('"frame,grooming"\n"0,1"\n', "each row is one cell with ',' in it: take away the quotation marks around it"),
    ],
)
def test_what_keeps_a_table_from_being_read_is_said(tmp_path: Path, text: str, advice: str) -> None:
    with pytest.raises(LabelError, match="is not a recognised label file") as caught:
        read(write(tmp_path / "a.csv", text))
    assert advice in str(caught.value)


def test_names_are_listed_with_the_columns_that_a_behavior_needs(tmp_path: Path) -> None:
    assert list_names(write(tmp_path / "a.csv", make_frame_table())) == LabelNames(NAMES, (), ("frame", *NAMES))
    assert list_names(write(tmp_path / "b.csv", make_bout_table())) == LabelNames(NAMES, (), None)


def test_observations_have_their_video_files(tmp_path: Path) -> None:
    path = write(tmp_path / "a.boris", make_project())
    assert describe_observations(path) == {"first": ("mouse_1.mp4",)}
    assert list_observations(path) == ("first",)
    assert describe_observations(write(tmp_path / "a.csv", make_frame_table())) == {}


def test_the_frames_of_a_video_are_known_where_a_file_tells_them(tmp_path: Path) -> None:
    request = LabelRequest(NAMES, Frames(0))
    frames = find_label_frames(write(tmp_path / "a.boris", make_project()), request)
    assert frames is not None
    np.testing.assert_allclose(frames.time_s, TIME_S)
    assert find_label_frames(write(tmp_path / "a.csv", make_bout_table()), request) is None


def test_the_formats_say_which_suffixes_are_looked_into() -> None:
    assert set(LABEL_SUFFIXES) >= {".csv", ".tsv", ".txt", ".xlsx", ".boris", ".annot"}
    assert len(set(LABEL_SUFFIXES)) == len(LABEL_SUFFIXES)
    assert all(suffix == suffix.casefold() and suffix.startswith(".") for suffix in LABEL_SUFFIXES)


@pytest.mark.parametrize(
    "header",
    [
        "behavior,start,stop",
        "behavior,start_time,end_time",
        "label,start_s,end_s",
        "Behaviour,Onset,Offset",
        "behavior,Start (ms),Duration (ms)",
    ],
)
def test_bouts_under_other_names_are_refused_with_the_names_that_are_read(tmp_path: Path, header: str) -> None:
    path = write(tmp_path / "a.csv", f"{header}\na,1,2\n")
    _, start, stop = header.split(",")
    sentence = f"name its columns behavior, start_s and stop_s, or start_frame and stop_frame, in place of {start!r} and {stop!r}; else "
    with pytest.raises(LabelError) as caught:
        read(path, ("a",), frames=Frames(9))
    assert sentence in str(caught.value)


@pytest.mark.parametrize("line", ["4.000000\t7.000000\ta", "a\t\t00:00:04.000\t4.0\t00:00:07.000\t7.0"])
@pytest.mark.parametrize("n_rows", [1, 3])
def test_a_list_of_bouts_without_a_header_is_named(tmp_path: Path, line: str, n_rows: int) -> None:
    path = write(tmp_path / "a.txt", f"{line}\n" * n_rows)
    with pytest.raises(LabelError, match=r"its first line holds .*, expected the names of the columns; put a header above it"):
        read(path, ("a",), frames=Frames(9))
