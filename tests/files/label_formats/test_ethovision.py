"""EthoVision's manual scoring."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pytest
from label_samples import VALUES, list_frames, make_ethovision, read, write, write_sheet

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import list_names, list_observations, read_labels, recognise_labels
from behavior.recording import Frames


def test_a_decimal_comma_utf16_and_a_spreadsheet_read_alike(tmp_path: Path) -> None:
    text = make_ethovision()
    commas = "\n".join(line if "header" in line or "Video" in line else line.replace(".", ",") for line in text.splitlines())
    np.testing.assert_array_equal(read(write(tmp_path / "a.txt", commas, "utf-16"))[0], VALUES)
    sheet = write_sheet(tmp_path / "a.xlsx", text.replace('"', ""), ";")
    assert recognise_labels(sheet) == "EthoVision manual scoring"
    assert list_observations(sheet) == ("mouse_1.mp4",)
    np.testing.assert_array_equal(read(sheet)[0], VALUES)


def test_sheets_are_of_animals_and_trials_not_observations(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheets = [
        ("mouse_1.mp4", "Subject 1", "Grooming", 1),
        ("mouse_1.mp4", "Subject 2", "Grooming", 2),
        ("mouse_2.mp4", "Subject 1", "Supported", 3),
    ]
    for number, (video, subject, name, start) in enumerate(sheets):
        sheet = book.active if number == 0 else book.create_sheet()
        sheet.title = f"Manual scoring {number}"
        for row in [
            ["Number of header lines:", 4],
            ["Video file", f"C:\\v\\{video}"],
            ["Trial time", "Recording time", "Subject", "Behavior", "Event"],
            ["s", "s"],
            [start, start, subject, name, "state start"],
            [start + 0.5, start + 0.5, subject, name, "state stop"],
        ]:
            sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    path = tmp_path / "a.xlsx"
    assert list_observations(path) == ("mouse_1.mp4", "mouse_2.mp4")
    with pytest.raises(LabelError, match="holds bouts of 'Subject 1', 'Subject 2'"):
        read(path, recording_names=("mouse_1.mp4",))
    values, notes = read(path, recording_names=("mouse_1.mp4",), subject="Subject 2")
    assert list_frames(values[:, 0]) == [20, 21, 22, 23, 24]
    assert not any("there is more in" in note for note in notes)
    assert list_frames(read(path, recording_names=("mouse_2.mp4",))[0][:, 1]) == [30, 31, 32, 33, 34]


def test_points_and_the_mark_of_a_start(tmp_path: Path) -> None:
    text = make_ethovision().replace('0;0;"Subject 1";"start"', '0.2;0.2;"Subject 1";"start"') + '3;3;"Subject 1";"Jump";"point event"\n'
    path = write(tmp_path / "a.txt", text)
    values, _ = read(path)
    assert (values[:2] == -1).all()
    np.testing.assert_array_equal(values[2:], VALUES[2:])
    assert list_frames(read(path, ("Jump",), ignored=frozenset({"Grooming", "Supported"}))[0][2:, 0]) == [28]
    assert list_names(path).points == ("Jump",)


def test_times_of_trial_and_recording_that_differ_are_asked_about(tmp_path: Path) -> None:
    lines = [line.split(";") for line in make_ethovision().splitlines()]
    text = "\n".join(
        ";".join([line[0], str(float(line[1]) + 5), *line[2:]]) if len(line) == 5 and line[0][0].isdigit() else ";".join(line)
        for line in lines
    )
    path = write(tmp_path / "a.txt", text)
    with pytest.raises(LabelError, match=r"is at 0 s of the trial and 5 s of the recording, .* labels: \{offset_s: 0\}"):
        read(path)
    np.testing.assert_array_equal(read(path, offset_s=0.0)[0], VALUES)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"s";"s"', '"min";"min"', "says that times are in 'min', expected seconds"),
        ("0.3;0.3", "x;0.3", "line 9 has 'x' as time of 'Grooming', expected seconds"),
        ('"Grooming";"state stop"', '"Grooming";"paused"', "has the event 'paused', expected state start, state stop or point event"),
        ('0.8;0.8;"Subject 1";"Grooming";"state stop"\n', "", "'Grooming' starts again without a stop"),
    ],
)
def test_invalid_rows_are_refused(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert old in make_ethovision()
    with pytest.raises(LabelError, match=sentence):
        read(write(tmp_path / "a.txt", make_ethovision().replace(old, new)))


def test_the_sample_reads_as_its_cells_say(shared_data: Path) -> None:
    path = shared_data / "formats/others/ethovision_manual/Manual_scoring.xlsx"
    rows = [row for row in openpyxl.load_workbook(path).active.iter_rows(min_row=9, values_only=True) if row[3] != "start"]
    labels, _ = read_labels(
        path, LabelRequest(("grooming", "rearing"), Frames.from_times(np.arange(1500) / 10), recording_names=("mouse_01.mp4",))
    )
    for column, name in enumerate(("grooming", "rearing")):
        start, stop = (next(row[0] for row in rows if row[3:] == (name, f"state {kind}")) for kind in ("start", "stop"))
        assert list_frames(labels.values[:, column]) == [frame for frame in range(1500) if start <= frame / 10 < stop]
