"""The Observer XT's events."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pytest
from label_samples import VALUES, list_frames, make_observer, read, write

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelPolicies, LabelRequest
from behavior.files.labels import list_names, list_observations, read_labels
from behavior.recording import Frames

EXTRA = "01-01-2020,3,0,mouse_1,mouse,Jump,,Point,\n"


def test_observations_subjects_modifiers_and_points(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", make_observer() + EXTRA + EXTRA.replace("mouse_1", "mouse_2"))
    assert list_observations(path) == ("mouse_1", "mouse_2")
    assert list_names(path).points == ("Jump",)
    np.testing.assert_array_equal(read(path, recording_names=("mouse_1.mp4",))[0], VALUES)
    with pytest.raises(LabelError, match="holds 2 observations"):
        read(path)
    path = write(tmp_path / "b.csv", make_observer().replace(",Supported,,", ",Supported,left,"))
    np.testing.assert_array_equal(read(path, ("Grooming", "left"), mapping={"Supported|left": "left"})[0], VALUES)
    path = write(tmp_path / "c.csv", make_observer() + EXTRA.replace("mouse,Jump", "rat,Jump"))
    with pytest.raises(LabelError, match="holds bouts of 'mouse', 'rat'"):
        read(path, ("Grooming", "Supported", "Jump"))
    assert list_frames(read(path, ("Jump",), subject="rat", ignored=frozenset({"Grooming", "Supported"}))[0][:, 0]) == [30]


def test_times_of_hours_and_seconds_are_read_and_of_frames_refused(tmp_path: Path) -> None:
    lines = [line.split(",") for line in make_observer().splitlines()]
    hours = [
        ",".join([cells[0], cells[1] if not number else f"00:00:{float(cells[1]):06.3f}", *cells[2:]]) for number, cells in enumerate(lines)
    ]
    text = "\n".join(hours).replace("Time_Relative_sf", "Time_Relative_hmsf")
    np.testing.assert_array_equal(read(write(tmp_path / "a.csv", text))[0], VALUES)
    with pytest.raises(
        LabelError, match=r"line 2 has '00:00:00:07' as time of 'Grooming', expected seconds .* export the column Time_Relative_sf"
    ):
        read(write(tmp_path / "b.csv", text.replace("00:00:00.300", "00:00:00:07")))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (",0.3,0.5,", ",0.3,0.9,", "line 3 stops 'Grooming' at 0.8 s, but line 2 says that it lasts until 1.2 s"),
        ("Grooming,,State stop", "Grooming,,Stopped", "has the event type 'stopped', expected State start"),
        ("01-01-2020,0.8,0,mouse_1,mouse,Grooming,,State stop,\n", "", "'Grooming' starts again without a stop"),
        (",mouse,Grooming,,State start", ",mouse,,,State start", "has '0.3' as time of '', expected seconds and a behavior"),
    ],
)
def test_rows_that_contradict_one_another_are_refused(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert old in make_observer()
    with pytest.raises(LabelError, match=sentence):
        read(write(tmp_path / "a.csv", make_observer().replace(old, new)))


def test_the_sample_reads_as_its_cells_say(shared_data: Path) -> None:
    path = shared_data / "formats/others/observer_xlsx/observer.xlsx"
    _, start, stop = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
    assert start[2] + start[3] == pytest.approx(stop[2])
    frames = Frames.from_times(np.arange(1500) / 10)
    labels, _ = read_labels(path, LabelRequest(("rearing",), frames, recording_names=("mouse_01.mp4",), policies=LabelPolicies()))
    assert list_frames(labels.values[:, 0]) == [frame for frame in range(1500) if start[2] <= frame / 10 < stop[2]]
