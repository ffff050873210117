"""DLCAnalyzer's table of many recordings and raters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from label_samples import VALUES, make_dlcanalyzer, read, write

from behavior.errors import LabelError
from behavior.files.labels import list_behaviors, list_observations


def test_tables_of_many_recordings_and_raters(tmp_path: Path) -> None:
    lines = make_dlcanalyzer().splitlines()
    others = [line.replace("Jin", "Oliver").replace(";0.3;", ";0.5;") for line in lines[1:]]
    third = [line.replace("mouse_1", "mouse_2") for line in lines[1:2]]
    path = write(tmp_path / "all.csv", "\n".join([*lines, *others, *third]))
    assert list_observations(path) == ("mouse_1", "mouse_2")
    np.testing.assert_array_equal(read(path, recording_names=("mouse_1.mp4",), rater="jin")[0], VALUES)
    assert np.flatnonzero(read(path, recording_names=("mouse_1",), rater="Oliver")[0][:10, 0]).tolist() == [5, 6, 7]
    assert np.flatnonzero(read(path, recording_names=("mouse_2",), rater="labels")[0][:, 0]).tolist() == [3, 4, 5, 6, 7]
    for rater, sentence in [(None, "by 'Jin', 'Oliver'; name the file"), ("Furkan", "by 'Jin', 'Oliver', and none is 'Furkan'")]:
        with pytest.raises(LabelError, match=sentence):
            read(path, recording_names=("mouse_1",), rater=rater)


def test_marks_of_start_and_end_bound_what_was_observed(tmp_path: Path) -> None:
    marks = ["m;Jin;0.5;0.7;Start/End;mouse_1;m.csv", "m;Jin;2.0;2.2;Start_End;mouse_1;m.csv"]
    path = write(tmp_path / "a.csv", make_dlcanalyzer() + "\n".join(marks))
    expected = VALUES.copy()
    expected[:5] = -1
    expected[22:] = -1
    np.testing.assert_array_equal(read(path)[0], expected)
    assert list_behaviors(path) == ("Grooming", "Supported")
    values, notes = read(write(path, make_dlcanalyzer() + marks[0]))
    np.testing.assert_array_equal(values, VALUES)
    assert "has only one mark of start or end" in notes[0]


@pytest.mark.parametrize("cells", ["x;0.8;Grooming", "0.3;inf;Grooming", "0.3;0.8;"])
def test_invalid_rows_are_refused(tmp_path: Path, cells: str) -> None:
    path = write(tmp_path / "a.csv", make_dlcanalyzer() + f"m;Jin;{cells};mouse_1;m.csv\n")
    with pytest.raises(LabelError, match=r"line 5 has .* expected two times in seconds and a name"):
        read(path)
