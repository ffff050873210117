"""BORIS aggregated events: a row per bout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from label_samples import AGGREGATED_HEADER, VALUES, list_frames, make_aggregated, read, write

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelPolicies
from behavior.files.labels import list_names, list_observations, recognise_labels


def test_the_second_video_of_a_table_needs_lengths(tmp_path: Path) -> None:
    rows = [make_aggregated().splitlines()[1].replace("mouse_1.mp4,4.000", f"{name},9.000") for name in ("front.mp4", "mouse_1.mp4")]
    rows[1] = rows[1].replace("0.300,0.800", "5.300,5.800")
    path = write(tmp_path / "a.csv", "\n".join([AGGREGATED_HEADER, *rows]))
    values, _ = read(path, ("Grooming",), recording_names=("mouse_1.mp4",))
    assert list_frames(values[:, 0]) == list(range(3, 8))
    path = write(tmp_path / "b.csv", "\n".join([AGGREGATED_HEADER, rows[1]]))
    with pytest.raises(LabelError, match=r"the observation lasts 9 s, the video 4\.0 s: .* give the BORIS project"):
        read(path, ("Grooming",), recording_names=("mouse_1.mp4",))


def test_a_table_without_a_header_is_read_by_its_order(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "\n".join(make_aggregated().splitlines()[1:]))
    assert recognise_labels(path) == "BORIS aggregated events"
    assert list_observations(path) == ("first",)
    np.testing.assert_array_equal(read(path)[0], VALUES)
    with pytest.raises(LabelError, match="line 4 has 3 cells, expected at least"):
        read(write(path, path.read_text() + "\nfirst,x,y"))


def test_points_have_no_duration(tmp_path: Path) -> None:
    rows = ["first,,,mouse_1.mp4,4.0,10.0,,,Jump,,,POINT,0.25,0.25,NA,,", "first,,,mouse_1.mp4,4.0,10.0,,,Grooming,,,STATE,1.0,,NA,,"]
    path = write(tmp_path / "a.csv", "\n".join([AGGREGATED_HEADER, *rows]))
    assert list_names(path).points == ("Jump",)
    values, notes = read(path, ("Jump", "Grooming"), policies=LabelPolicies(unterminated="warn"))
    assert (list_frames(values[:, 0]), list_frames(values[:, 1])) == ([2], list(range(10, 40)))
    assert any("'Grooming' starts without a stop; it is taken to last until the observation ends" in note for note in notes)


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (",,,,Grooming,,,STATE,NA,NA,NA,,", "neither a start nor an image index"),
        (",,,,,,,STATE,1.0,2.0,NA,,", "names no behavior"),
        (",,,,Grooming,,,STATE,one,2.0,NA,,", "has 'one' as start, expected seconds"),
    ],
)
def test_invalid_rows_are_refused(tmp_path: Path, cells: str, sentence: str) -> None:
    path = write(tmp_path / "a.csv", f"{AGGREGATED_HEADER}\nfirst,,,m.mp4,4.0{cells}\n")
    with pytest.raises(LabelError, match=f"line 2.*{sentence}"):
        read(path, ("Grooming",))
