"""Spreadsheets: formulas, merged cells, and what is damaged in them."""

from __future__ import annotations

import time
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from label_samples import BOUTS, N_FRAMES, VALUES, make_frame_table, read, store_values, write_sheet

from behavior.errors import LabelError
from behavior.files.label_formats.spreadsheets import has_merged_cells, list_sheets, read_sheet
from behavior.files.labels import is_label_file, recognise_labels


def test_formulas_count_as_their_stored_value(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["behavior", "start_frame", "stop_frame"])
    book.active.append(["a", 2, "=B2+3"])
    book.save(path)
    with pytest.raises(LabelError, match="row 2, column C holds a formula without a stored value"):
        read(path, ("a",))
    assert not is_label_file(path)
    store_values(path, b"<f>B2+3</f><v />", b"<f>B2+3</f><v>5</v>")
    assert np.flatnonzero(read(path, ("a",))[0][:, 0]).tolist() == [2, 3, 4]


def test_sheets_that_claim_too_much_or_are_damaged(tmp_path: Path) -> None:
    path = write_sheet(tmp_path / "a.xlsx", make_frame_table())
    store_values(path, b'<row r="41"', b'<row r="99999999"')
    store_values(path, b'r="A41"', b'r="A99999999"')
    with pytest.raises(LabelError, match="more rows or columns than a spreadsheet can"):
        read(path)
    whole = write_sheet(tmp_path / "b.xlsx", make_frame_table()).read_bytes()
    for end in range(4, len(whole), len(whole) // 6):
        path.write_bytes(whole[:end])
        with pytest.raises(LabelError, match="cannot be read as a spreadsheet"):
            read(path)
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100))
    with pytest.raises(LabelError, match=r"before \.xlsx"):
        read(path)


def test_merged_cells_count_for_each_of_their_rows(tmp_path: Path) -> None:
    rows = [["Frame", "Grooming", "Supported"], *([frame, None, None] for frame in range(N_FRAMES))]
    for name, mark, cells in [("x marks", "x", None), ("frame table", 1, 0)]:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append([row[0], *(cell if cell is not None or row is rows[0] else cells for cell in row[1:])])
        for column, bouts in zip("BC", BOUTS.values(), strict=True):
            for start, stop in bouts:
                for row in range(start + 2, stop + 2):
                    book.active[f"{column}{row}"] = None
                book.active[f"{column}{start + 2}"] = mark
                book.active.merge_cells(f"{column}{start + 2}:{column}{stop + 1}")
        path = tmp_path / f"{name}.xlsx"
        book.save(path)
        assert name in recognise_labels(path)
        values, notes = read(path)
        np.testing.assert_array_equal(values, VALUES)
        assert f"{path}: has merged cells; their content counts for each of their rows." in notes
    # A behavior that is written once beside its bouts.
    book = openpyxl.Workbook()
    for row in [["behavior", "start_frame", "stop_frame"], ["Grooming", 3, 8], [None, 20, 25], ["Supported", 10, 14]]:
        book.active.append(row)
    book.active.merge_cells("A2:A3")
    book.save(path)
    np.testing.assert_array_equal(read(path)[0], VALUES)


def test_cells_become_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "first"
    for row in [["name", 1.0, 2.5, True, datetime(2024, 5, 17), timedelta(seconds=90)], [], [None, " x "]]:
        book.active.append(row)
    book.create_sheet("empty")
    book.create_sheet("last").append([1])
    path = tmp_path / "a.xlsx"
    book.save(path)
    assert list_sheets(path) == ["first", "last"]
    assert list(read_sheet(path, "first")) == [
        (1, ("name", "1", "2.5", "True", "2024-05-17T00:00:00", "90.0")),
        (2, ()),
        (3, ("", "x")),
    ]
    assert not has_merged_cells(path, "first")


def write_packed(path: Path, *, shared: bytes = b"", sheet: bytes = b"") -> Path:
    """Write a spreadsheet with other content in its shared texts and its sheet, both packed."""
    book = openpyxl.Workbook()
    book.active.append(["frame", "a"])
    book.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members |= {"xl/sharedStrings.xml": shared} if shared else {"xl/worksheets/sheet1.xml": sheet}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"shared": b"<sst>" + b"<si><t>a</t></si>" * 2_100_000}, "more than 32 MiB beside its sheets"),
        ({"sheet": b"<sheetData>" + b"<row/>" * 3_000_000}, "packed more tightly than a spreadsheet is"),
        ({"sheet": b" " * (193 << 20)}, "unpacks to more than 192 MiB"),
    ],
)
def test_what_unpacks_to_far_more_is_refused_before_it_is_unpacked(tmp_path, parts, expected):
    path = write_packed(tmp_path / "bomb.xlsx", **parts)
    assert path.stat().st_size < 2**20
    began = time.monotonic()
    with pytest.raises(LabelError, match=rf"bomb\.xlsx: .*{expected}"):
        list_sheets(path)
    assert time.monotonic() - began < 2


def test_a_large_table_as_it_is_saved_is_read(tmp_path):
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("labels")
    sheet.append(["frame", "a", "b"])
    for frame in range(4_000):
        sheet.append([frame, 0, int(frame % 500 < 20)])
    book.save(tmp_path / "large.xlsx")
    assert list_sheets(tmp_path / "large.xlsx") == ["labels"]


def test_entities_in_a_sheet_are_not_expanded(tmp_path: Path) -> None:
    """Ten levels of ten make 30 GB of text of less than a kilobyte."""
    path = write_sheet(tmp_path / "a.xlsx", make_frame_table())
    levels = ['<!ENTITY e0 "grooming">', *(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 11))]
    store_values(path, b"<worksheet", f"<!DOCTYPE worksheet [{''.join(levels)}]><worksheet".encode())
    store_values(path, b"<v>0</v>", b"<v>&e10;</v>")
    began = time.monotonic()
    with pytest.raises(LabelError) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 500
    assert time.monotonic() - began < 5
