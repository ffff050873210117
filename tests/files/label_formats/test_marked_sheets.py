"""Sheets in which people put an x."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from label_samples import VALUES, make_marks, read, write, write_sheet

from behavior.errors import LabelError
from behavior.files.labels import recognise_labels
from behavior.recording import Frames


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_headings_of_a_marked_sheet_are_told_without_a_frame_column(tmp_path: Path, kind: str) -> None:
    marks = [["x" if shown else "" for shown in row] for row in VALUES.tolist()]
    for headings in ([["", "below", "wall"], ["s", "", ""]], [["", "", ""]] * 2, []):
        rows = [["Time", "Grooming", "Supported"], *headings, *([str(frame / 10), *row] for frame, row in enumerate(marks))]
        text = "\n".join(map(",".join, rows))
        path = write(tmp_path / "a.csv", text) if kind == "csv" else write_sheet(tmp_path / "a.xlsx", text)
        assert recognise_labels(path) == "sheet of x marks"
        np.testing.assert_array_equal(read(path)[0], VALUES)
    # Where nothing else counts rows, their number does.
    for rows, headings in [(marks[:25], [["", ""]] * 2), (marks[:25], []), (marks[:24], [])]:
        path = write_sheet(tmp_path / "b.xlsx", "\n".join(map(",".join, [["Grooming", "Supported"], *headings, *rows])))
        values, notes = read(path, frames=Frames(25))
        assert values[: len(rows)].tolist() == VALUES[: len(rows)].tolist()
        assert (values[len(rows) :] == -1).all()
        assert any(f"row {len(headings) + 2} is taken for frame 0" in note for note in notes)


def test_marks_that_are_none_are_named(tmp_path: Path) -> None:
    lines = make_marks().splitlines()
    lines[20] = "17,,maybe,"
    path = write(tmp_path / "a.csv", "\n".join(lines))
    with pytest.raises(LabelError, match="has no column 'sniffing', only Supported with marks"):
        read(path, ("sniffing",))
    with pytest.raises(LabelError, match=r"line 21, column 'Grooming' holds 'maybe', expected x or nothing"):
        read(path)
    lines[20] = "17,,x"
    with pytest.raises(LabelError, match="line 21 has 3 cells, expected 4 as in the header"):
        read(write(path, "\n".join(lines)))
    lines[20] = "seventeen,,,"
    with pytest.raises(LabelError, match="line 21 holds 'seventeen' as frame"):
        read(write(path, "\n".join(lines)))


def test_frames_counted_from_1_are_read_from_0(tmp_path: Path) -> None:
    rows = [f"{frame + 1},{'x' if one else ''},{'x' if two else ''}" for frame, (one, two) in enumerate(VALUES.tolist())]
    path = write(tmp_path / "a.csv", "\n".join(["Frame,Grooming,Supported", *rows]))
    values, notes = read(path)
    np.testing.assert_array_equal(values, VALUES)
    assert notes == [f"{path}: counts frames from 1; its row 1 is read as frame 0."]
    with pytest.raises(LabelError, match="counts a frame twice in its column 'Frame'"):
        read(write(path, "\n".join(["Frame,Grooming,Supported", *rows, rows[-1]])))
    with pytest.raises(LabelError, match="has a row for frame 900000000 among 41 rows"):
        read(write(path, "\n".join(["Frame,Grooming,Supported", *rows, "900000000,x,"])))
