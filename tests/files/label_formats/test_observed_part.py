"""The part of a video that was coded, where a label file does not say it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from label_samples import CASES, FRAMES, NAMES, VALUES, Case, list_frames, make_project, name_case, read, write

from behavior.errors import LabelError
from behavior.files.label_formats.observed_part import limit_to_observed
from behavior.files.label_formats.request import LabelRequest
from behavior.recording import Frames

# The samples show something from frame 3 until 25 of 40.
FIRST, LAST = 3, 25
UNSTATED = ("BORIS", "SimBA", "Solomon", "DLCAnalyzer", "sheet of x marks", "Label Studio", "VIA", "ELAN", "EthoVision", "The Observer")


@pytest.mark.parametrize("case", CASES, ids=name_case)
def test_a_part_without_bouts_is_noted_where_the_file_does_not_say_that_it_was_watched(case: Case, tmp_path: Path) -> None:
    path = case.write(tmp_path)
    values, notes = read(path, observed=None)
    np.testing.assert_array_equal(values, VALUES)
    said = [note for note in notes if "count as observed without any behavior" in note]
    assert len(said) == case.format.startswith(UNSTATED)
    for note in said:
        assert note.startswith(
            f"{path}: its first bout starts at 0.3 s and its last one ends at 2.5 s of 3.9 s; the other 45 % of the video"
        )
        assert "labels: {observed: from_first_to_last}" in note
        assert "labels: {observed: whole}" in note


@pytest.mark.parametrize("case", CASES, ids=name_case)
def test_only_frames_from_the_first_bout_to_the_last_count_on_request(case: Case, tmp_path: Path) -> None:
    values, notes = read(case.write(tmp_path), observed="from_first_to_last")
    expected = np.full_like(VALUES, -1)
    expected[FIRST:LAST] = VALUES[FIRST:LAST]
    np.testing.assert_array_equal(values, expected)
    assert any("18 of 40 frames were not observed and count as not labelled (labels: observed)" in note for note in notes)


def test_bouts_of_any_name_show_that_somebody_watched(tmp_path: Path) -> None:
    path = write(tmp_path / "a.boris", make_project())
    values, _ = read(path, ("Supported",), observed="from_first_to_last", ignored=frozenset(NAMES))
    assert list_frames(values[:, 0] != -1) == list(range(FIRST, LAST))


def test_an_interval_says_what_was_watched(tmp_path: Path) -> None:
    path = write(tmp_path / "a.boris", make_project(**{"observation time interval": [0.0, 4.0]}))
    assert read(path, observed=None)[1] == []


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("behavior,start_s,stop_s\nobserved,0.2,3\n", 2, 30),
        ("recording,behavior,start_frame,stop_frame\nm1,observed,0,35\nm2,observed,5,9\n", 0, 35),
    ],
)
def test_a_table_says_what_was_watched(tmp_path: Path, text: str, first: int, last: int) -> None:
    spans = write(tmp_path / "observed.csv", text)
    for case in CASES:
        values, notes = read(case.write(tmp_path), observed=spans, recording_names=("m1.mp4", "m1"), rater=None)
        expected = np.full_like(VALUES, -1)
        expected[first:last] = VALUES[first:last]
        np.testing.assert_array_equal(values, expected)
        assert any(f"{spans}: {40 - last + first} of 40 frames were not observed" in note for note in notes)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "there is no such table of observed spans; labels: .observed: ....  ?is from_first_to_last, whole, or the path of one"),
        ("a,b\n1,2\n", "is not a table of observed spans, expected the columns behavior, start_s and stop_s"),
        ("behavior,start_s,stop_s\ngrooming,0,1\n", "has no row of the behavior 'observed' of 'm1'; add one"),
        ("recording,behavior,start_s,stop_s\nm2,observed,0,1\n", "holds bouts of 'm2', and none of 'm1'"),
    ],
)
def test_a_table_that_says_nothing_of_the_recording_is_refused(tmp_path: Path, text: str | None, sentence: str) -> None:
    spans = tmp_path / "observed.csv"
    if text is not None:
        write(spans, text)
    with pytest.raises(LabelError, match=sentence):
        read(write(tmp_path / "a.boris", make_project()), observed=spans, recording_names=("mouse_1.mp4", "m1"))


def test_a_tenth_without_bouts_is_no_matter() -> None:
    values = np.zeros((40, 1), np.int8)
    request = LabelRequest(("a",), Frames(40))
    assert limit_to_observed(Path("a"), values, (2, 38), request, is_stated=False)[1] == []
    notes = limit_to_observed(Path("a"), values, (3, 38), request, is_stated=False)[1]
    assert notes[0].startswith("a: its first bout starts at frame 3 and its last one ends at frame 38 of 40 frames; the other 12 %")
    assert limit_to_observed(Path("a"), values, None, LabelRequest(("a",), FRAMES), is_stated=False)[1] == []
