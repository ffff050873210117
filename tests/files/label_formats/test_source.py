"""Label files as lines, rows and tables."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from label_samples import VALUES, make_frame_table, read, write, write_sheet

from behavior.errors import LabelError
from behavior.files.label_formats.source import LabelSource
from behavior.files.labels import is_label_file
from behavior.recording import Frames


def test_further_sheets_are_named(tmp_path: Path) -> None:
    path = write_sheet(tmp_path / "a.xlsx", make_frame_table())
    book = openpyxl.load_workbook(path)
    book.create_sheet("empty")
    book.create_sheet("plans").append(["x"])
    book.save(path)
    values, notes = read(path)
    np.testing.assert_array_equal(values, VALUES)
    assert notes == [f"{path}: sheet 'Sheet' is read; there is more in 'plans'."]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet" + bytes(50),
            r"is an OpenDocument file \(\.ods\)",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), r"is a spreadsheet in the format before \.xlsx, or one with a password"),
        (gzip.compress(b"{}", mtime=0), r"is compressed \(\.gz\)"),
        (b"%PDF-1.7 " + bytes(50), "is a PDF"),
        (b"PK\x03\x04" + bytes(50), "cannot be read as a spreadsheet"),
    ],
)
def test_formats_that_are_not_read_are_named_with_those_that_are(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "a.ods"
    path.write_bytes(content)
    assert not is_label_file(path)
    with pytest.raises(LabelError, match=sentence) as caught:
        read(path)
    assert ".xlsx" in str(caught.value)
    assert "CSV" in str(caught.value) or ".csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_rows_have_their_lines_and_no_spaces(tmp_path: Path) -> None:
    source = LabelSource(write(tmp_path / "a.csv", "sep=;\nframe ; a\n\n0;1\n"))
    assert (source.delimiter, source.encoding, source.row_word, source.is_spreadsheet) == (";", "utf-8", "line", False)
    assert list(source.read_rows()) == [(1, ()), (2, ("frame", "a")), (3, ()), (4, ("0", "1"))]
    assert list(source.read_lines()) == [(1, "sep=;"), (2, "frame ; a"), (3, ""), (4, "0;1")]
    assert (source.table.header, list(source.table.rows)) == (("frame", "a"), [(3, ()), (4, ("0", "1"))])
    assert (source.notes, source.sheets) == ([], ())


def test_an_encoding_is_found_by_all_of_a_file(tmp_path: Path) -> None:
    text = "frame,a\n" + "0,1\n" * 40_000
    assert LabelSource(write(tmp_path / "a.csv", text)).encoding == "utf-8"
    (tmp_path / "a.csv").write_bytes(text.encode() + "Säubern".encode("latin-1"))
    assert LabelSource(tmp_path / "a.csv").encoding == "latin-1"
    (tmp_path / "a.csv").write_bytes(text.encode() + b"\0")
    with pytest.raises(LabelError, match="is not a text file"):
        assert LabelSource(tmp_path / "a.csv").encoding


@pytest.mark.parametrize("mark", ["\u2028", "\x0b", "\x0c", "\x85"])
def test_only_line_ends_of_editors_end_a_line(tmp_path: Path, mark: str) -> None:
    path = write(tmp_path / "a.csv", f"a{mark}b;c\n1;0\n0;1\n")
    source = LabelSource(path)
    assert source.delimiter == ";"
    assert list(source.read_rows()) == [(1, (f"a{mark}b", "c")), (2, ("1", "0")), (3, ("0", "1"))]


def test_a_row_is_on_the_line_where_it_begins(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'behavior,start_s,stop_s\n"two\nlines",0,1\nrear,x,2\n')
    assert [line for line, _ in LabelSource(path).read_rows()] == [1, 2, 4]


@pytest.mark.parametrize(
    ("members", "kind"), [({"x.npy": b"1"}, r"a NumPy archive \(\.npz\)"), ({"a.csv": b"a,b"}, "a ZIP archive"), ({}, "a ZIP archive")]
)
def test_archives_are_called_what_they_are(tmp_path: Path, members: dict[str, bytes], kind: str) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (members or {"deep/x.txt": b""}).items():
            archive.writestr(name, content)
    with pytest.raises(LabelError, match=rf"is {kind}, not a spreadsheet \(\.xlsx\), expected a label file; unpack it"):
        LabelSource(path)
    assert not is_label_file(path)


def test_a_row_of_units_is_neither_a_header_nor_a_frame(tmp_path: Path) -> None:
    rows = "".join(f"{frame},1.5,2.5,{int(frame == 2)}\n" for frame in range(5))
    for units in ("frame,cm,cm,", ",[cm],[cm],(bool)"):
        path = write(tmp_path / "a.csv", f"Frame,x,y,grooming\n{units}\n\n{rows}")
        values, notes = read(path, ("grooming",), frames=Frames(5))
        assert values[:, 0].tolist() == [0, 0, 1, 0, 0]
        assert notes == [f"{path}: columns that the study does not name are left out: x, y."]
    with pytest.raises(LabelError, match="is not a recognised label file"):
        read(write(path, f"Export,2024\nFrame,x,y\n,cm,cm\n{rows}"), ("grooming",), frames=Frames(5))
