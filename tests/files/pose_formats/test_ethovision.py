"""EthoVision's raw data: preamble, units, missing cells, sheets, and what cannot be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pytest

from behavior.errors import PoseError
from behavior.files.pose import is_pose, list_individuals, match_pose_to_frames, read_pose
from behavior.files.pose_formats.ethovision import find_ethovision_videos
from behavior.recording import Frames

COLUMNS = ["Trial time", "Recording time", "X center", "Y center", "X nose", "Y nose", "Area", "Result 1"]
UNITS = ["s", "s", "cm", "cm", "cm", "cm", "cm²", ""]
SCALE = (100.0, 80.0, 10.0)
# In cm from the middle of the arena, y upwards.
ROWS = [[0.0, 0.0, 0.0, 0.0, 1.5, 2.0, 5.0, 1], [0.04, 0.04, "-", "-", 1.5, 2.0, 5.0, 0], [0.08, 0.08, -1.0, 2.5, "-", "-", 5.0, 0]]


def make_rows(
    *, subject: str = "Mouse 1", arena: str = "Arena 1", trial: str = "Trial 1", columns=COLUMNS, units=UNITS, rows=ROWS
) -> list[list[object]]:
    preamble: list[list[object]] = [["Experiment", "x"], ["Trial name", trial], ["Video file", "C:\\v\\m1.mp4"]]
    preamble += [["Arena name", arena], ["Subject name", subject], ["<User-defined>", ""], []]
    return [["Number of header lines:", len(preamble) + 3], *preamble, list(columns), list(units), *rows]


def write_text(path: Path, *, delimiter: str = ";", decimal: str = ",", encoding: str = "utf-16", **changes) -> Path:
    def show(cell: object) -> str:
        text = str(cell)
        return text.replace(".", decimal) if isinstance(cell, float) else f'"{text}"'

    lines = [delimiter.join(map(show, row)) for row in make_rows(**changes)]
    path.write_text("\n".join([*lines, ""]), encoding=encoding)
    return path


def write_sheets(path: Path, **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.remove(book.worksheets[0])
    book.save(path)
    return path


EXPECTED_CENTRES = [[100, 80], [np.nan, np.nan], [90, 55]]
EXPECTED_NOSES = [[115, 60], [115, 60], [np.nan, np.nan]]


@pytest.mark.parametrize(
    ("delimiter", "decimal", "encoding"), [(";", ",", "utf-16"), (",", ".", "utf-8"), ("\t", ".", "latin-1"), (";", ".", "utf-8-sig")]
)
def test_text_in_every_writing(tmp_path: Path, delimiter: str, decimal: str, encoding: str) -> None:
    path = write_text(tmp_path / "a.txt", delimiter=delimiter, decimal=decimal, encoding=encoding)
    assert is_pose(path)
    track = read_pose(path, scale=SCALE)
    assert track.body_parts == ("center", "nose")
    np.testing.assert_allclose(track.positions[:, 0], EXPECTED_CENTRES)
    np.testing.assert_allclose(track.positions[:, 1], EXPECTED_NOSES)
    np.testing.assert_array_equal(track.likelihoods, [[1, 1], [0, 1], [1, 0]])
    matched, _ = match_pose_to_frames(track, Frames.from_times(np.arange(5) / 25), path=path)
    np.testing.assert_allclose(matched.positions[:, 0], [*EXPECTED_CENTRES, [np.nan] * 2, [np.nan] * 2])


def test_sheets_are_subjects_and_others_are_passed_over(tmp_path: Path) -> None:
    manual = [["Number of header lines:", 3], ["Trial time", "Behavior", "Event"], ["s", "", ""], [0.0, "rearing", "state start"]]
    later = [[row[0], row[1] + 0.04, *row[2:]] for row in ROWS]
    path = write_sheets(
        tmp_path / "a.xlsx", first=make_rows(), second=make_rows(subject="Mouse 2", rows=later), manual=manual, notes=[["hello"]]
    )
    assert list_individuals(path) == {"Mouse 1": ("center", "nose"), "Mouse 2": ("center", "nose")}
    with pytest.raises(PoseError, match=r"2 individuals \(Mouse 1, Mouse 2\)"):
        read_pose(path)
    frames = Frames.from_times(np.arange(4) / 25)
    first, _ = match_pose_to_frames(read_pose(path, individual="mouse 1", scale=SCALE), frames, path=path)
    np.testing.assert_allclose(first.positions[:, 0], [*EXPECTED_CENTRES, [np.nan] * 2])
    second, _ = match_pose_to_frames(read_pose(path, individual="Mouse 2", scale=SCALE), frames, path=path)
    np.testing.assert_allclose(second.positions[:, 0], [[np.nan] * 2, *EXPECTED_CENTRES])
    assert find_ethovision_videos(path) == ["m1.mp4"]
    arenas = write_sheets(tmp_path / "b.xlsx", one=make_rows(), two=make_rows(arena="Arena 2"))
    assert list(list_individuals(arenas)) == ["Arena 1/Mouse 1", "Arena 2/Mouse 1"]


def test_where_the_origin_lies_is_asked(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.txt")
    with pytest.raises(PoseError, match=r"positions in cm from an origin of its own.*crop: .pose_scale: "):
        read_pose(path)


def test_exports_that_cannot_be_used(tmp_path: Path) -> None:
    columns = ["Time", *COLUMNS[2:]]
    back = [ROWS[1], ROWS[0]]
    text = [[0.0, 0.0, "oops", 0.0, 0.0, 0.0, 0.0, 0]]
    for name, changes, sentence in (
        ("time", {"columns": columns, "units": UNITS[1:]}, "no column of times"),
        ("minutes", {"units": ["min", "min", *UNITS[2:]]}, "times in 'min', expected seconds"),
        ("units", {"units": ["s", "s", "cm", "mm", "cm", "cm", "", ""]}, "positions in 'cm' and in 'mm'"),
        ("back", {"rows": back}, "row 1 below the header has the time 0 s"),
        ("nan", {"rows": [["-", "-", *ROWS[0][2:]]]}, "the time nan s"),
        ("text", {"rows": text}, "line 11, X center: 'oops' is not a number"),
        ("empty", {"rows": []}, "has a header but no rows"),
    ):
        for path in (write_text(tmp_path / f"{name}.txt", **changes), write_sheets(tmp_path / f"{name}.xlsx", track=make_rows(**changes))):
            with pytest.raises(PoseError, match=sentence) as caught:
                read_pose(path, scale=SCALE)
            assert str(path) in str(caught.value)
    trials = write_sheets(tmp_path / "trials.xlsx", one=make_rows(), two=make_rows(trial="Trial 2"))
    with pytest.raises(PoseError, match=r"holds 2 trials \(Trial 1, Trial 2\)"):
        read_pose(trials)
    for name, content in {
        "a.txt": b"Number of header lines:;9999999\n",
        "b.txt": b"Number of header lines:\n",
        "c.xlsx": b"PK\x03\x04?",
    }.items():
        (tmp_path / name).write_bytes(content)
        assert not is_pose(tmp_path / name)
        assert find_ethovision_videos(tmp_path / name) == []


def test_manual_scoring_is_no_pose(shared_data: Path) -> None:
    assert not is_pose(shared_data / "formats" / "others" / "ethovision_manual" / "Manual_scoring.xlsx")
