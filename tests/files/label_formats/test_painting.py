"""From bouts to frames: which bouts are invalid, and what is done about them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from label_samples import (
    VALUES,
    list_frames,
    make_aggregated,
    make_bout_table,
    make_new_tabular,
    make_observation,
    make_old_tabular,
    make_project,
    read,
    write,
)

from behavior.errors import LabelError
from behavior.files.label_formats.bout_rows import BoutRows
from behavior.files.label_formats.label_format import BoutLabels
from behavior.files.label_formats.painting import find_frames, paint_bouts
from behavior.files.label_formats.request import LabelPolicies, LabelRequest
from behavior.recording import Frames


def write_bouts(tmp_path: Path, *rows: str) -> Path:
    return write(tmp_path / "bouts.csv", "\n".join(["behavior,start_frame,stop_frame", *rows]))


@pytest.mark.parametrize(
    ("policy", "rows", "frames", "error", "note"),
    [
        (
            "overlapping",
            ["a,0,4", "a,2,6"],
            range(6),
            "line 3: 'a' starts before an earlier bout of it stops",
            "overlap once, first at line 3",
        ),
        ("inverted", ["a,6,2", "a,9,9"], range(2, 6), "line 2: 'a' from 6 to 2 is not a span", "2 bouts stop at or before the start"),
        ("out_of_range", ["a,-5,2", "a,8,90"], [0, 1, 8, 9], "line 2: 'a' starts 5 frames before", "1 row starts up to 5 frames before"),
    ],
)
def test_invalid_bouts_are_refused_or_fixed(tmp_path: Path, policy: str, rows: list[str], frames: list[int], error: str, note: str) -> None:
    path = write_bouts(tmp_path, *rows)
    with pytest.raises(LabelError, match=error) as caught:
        read(path, ("a",), frames=Frames(10), policies=LabelPolicies(**{policy: "error"}))
    assert f"{policy}: warn" in str(caught.value)
    values, notes = read(path, ("a",), frames=Frames(10), policies=LabelPolicies(**{policy: "warn"}))
    assert list_frames(values[:, 0]) == list(frames)
    assert any(note in found for found in notes)


def test_subjects_are_not_mixed_by_accident(tmp_path: Path) -> None:
    events = [[0.1, "a", "Grooming", "", ""], [0.2, "", "Grooming", "", ""], [0.3, "a", "Grooming", "", ""], [0.5, "", "Grooming", "", ""]]
    path = write(tmp_path / "a.boris", make_project(observations={"o": make_observation(events)}))
    with pytest.raises(LabelError, match=r"holds bouts of 'a', 'No focal subject'; say in the study file .* whose count"):
        read(path, ("Grooming",))
    for subject, frames in [("A", [1, 2]), ("no focal subject", [2, 3, 4]), ("*", [1, 2, 3, 4])]:
        values, _ = read(path, ("Grooming",), subject=subject)
        assert list_frames(values[:, 0]) == frames
    unnamed = r"'No focal subject' \(bouts without a subject\)"
    with pytest.raises(LabelError, match=f"has no bouts of the subject 'b', only of 'a', {unnamed}; correct"):
        read(path, ("Grooming",), subject="b")


@pytest.mark.parametrize("make", [make_project, make_old_tabular, make_new_tabular, make_aggregated])
def test_events_without_a_subject_are_nobodys_whose_name_is_asked_for(make: Callable[[], str], tmp_path: Path) -> None:
    path = write(tmp_path / "a.boris", make())
    with pytest.raises(LabelError, match="has no bouts of the subject 'b', only of 'No focal subject'"):
        read(path, subject="b")
    np.testing.assert_array_equal(read(path, subject="no focal subject")[0], VALUES)
    np.testing.assert_array_equal(read(path, subject="*")[0], VALUES)


def test_formats_without_subjects_take_no_notice_of_one(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read(write(tmp_path / "a.csv", make_bout_table()), subject="b")[0], VALUES)


def test_point_events_mark_a_frame(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.boris", make_project(observations={"o": make_observation([[0.25, "", "Jump", "", ""], [0.9, "", "Jump", "", ""]])})
    )
    values, notes = read(path, ("Jump",))
    assert list_frames(values[:, 0]) == [2, 9]
    assert "2 point events have no duration, the first is event 1: 'Jump'; each marks one frame." in notes[0]
    values, _ = read(path, ("Jump",), policies=LabelPolicies(point_events="leave_out"))
    assert not values.any()
    with pytest.raises(LabelError, match="event 1: 'Jump' is a point event"):
        read(path, ("Jump",), policies=LabelPolicies(point_events="error"))


def test_frames_are_found_at_their_times_and_counted_on_at_both_ends() -> None:
    time_s = np.array([0.0, 0.1, 0.3, 0.4])
    sought = np.array([-0.25, 0.0, 0.05, 0.1 + 1e-9, 0.2, 0.45, 0.9, np.inf])
    assert find_frames(sought, time_s, tolerance_s=1e-6).tolist() == [-2, 0, 1, 1, 2, 4, 8, np.inf]


def test_a_video_that_breaks_off_cuts_bouts_without_an_error() -> None:
    rows = BoutRows("line")
    rows.add(2, "a", 3.0, 90.0)
    labels = BoutLabels(rows, in_seconds=False)
    values, notes = paint_bouts(Path("a.csv"), labels, LabelRequest(("a",), Frames(5, broke_off=True)))
    assert values[:, 0].tolist() == [0, 0, 0, 1, 1]
    assert notes == ["a.csv: the video breaks off, and 1 row ends up to 85 frames after its last frame; they are cut there."]
    with pytest.raises(LabelError, match="line 2: 'a' ends at frame 90, but the video has 5 frames"):
        paint_bouts(Path("a.csv"), labels, LabelRequest(("a",), Frames(5)))
