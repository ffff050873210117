"""Bout tables: a row per bout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from label_samples import draw_labels, list_frames, read, read_values, write

from behavior.errors import LabelError
from behavior.files.bout_tables import write_bout_table
from behavior.files.labels import is_label_file, list_behaviors, list_observations
from behavior.recording import Frames, Labels


@given(labels=draw_labels(unlabelled_alike=True))
def test_bout_tables_come_back(tmp_path_factory: pytest.TempPathFactory, labels: Labels) -> None:
    path = tmp_path_factory.getbasetemp() / "bouts.csv"
    write_bout_table(path, labels)
    assert is_label_file(path)
    present = [name for name, column in zip(labels.behaviors, labels.values.T, strict=True) if (column == 1).any()]
    assert sorted(list_behaviors(path)) == sorted(present)
    values, notes = read(path, labels.behaviors, frames=Frames(len(labels)))
    np.testing.assert_array_equal(values, labels.values)
    assert notes == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("behavior,start_frame,stop_frame\na,3,3\n", "line 2: 'a' from 3 to 3 is not a span"),
        ("behavior,start_frame,stop_frame\na,0,1\na,4,3\n", "line 3: 'a' from 4 to 3 is not a span"),
        ("behavior,start_frame,stop_frame\na,-2,3\n", "line 2: 'a' starts 2 frames before the video does"),
        ("behavior,start_frame,stop_frame\na,0,1.5\n", "line 2 has 0 to 1.5, expected whole frames"),
        ("behavior,start_frame,stop_frame\na,0,end\n", "line 2 has '0' to 'end', expected two numbers"),
        ("behavior,start_frame,stop_frame\na,0\n", "line 2 has no behavior, start and stop"),
        ("behavior,start_frame,stop_frame\n,0,1\n", "line 2 has no behavior, start and stop"),
        ("behavior,start_frame,stop_frame\na,3,99\n", "line 2: 'a' ends at frame 99, but the video has 9"),
        ("behavior,start_frame,stop_frame\nA,0,1\n", "no bout of 'a', but some of 'A'"),
        ("behavior,start_s,stop_s\na,0,1\n", "is in seconds, but the times of the frames are unknown"),
    ],
)
def test_invalid_bout_tables_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = write(tmp_path / "a.csv", text)
    with pytest.raises(LabelError) as caught:
        read(path, ("a",), frames=Frames(9))
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)
    assert str(caught.value)[-1] in ".?"


def test_bouts_are_half_open_and_observed_spans_count(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Behavior,start_frame,stop_frame,comment\na,1,3,x\nobserved,0,5,\nb,4,5,\nobserved,7,8,\n")
    assert read_values(path, ["b", "a", "c"], 8) == [
        [0, 0, 0],
        [0, 1, 0],
        [0, 1, 0],
        [0, 0, 0],
        [1, 0, 0],
        [-1, -1, -1],
        [-1, -1, -1],
        [0, 0, 0],
    ]
    assert list_behaviors(path) == ("a", "b")


def test_an_empty_bout_table_means_that_nothing_happened(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "behavior,start_frame,stop_frame\n")
    assert is_label_file(path)
    assert read_values(path, ["a"], 3) == [[0], [0], [0]]


def test_odd_bouts_are_noted(tmp_path: Path) -> None:
    header = "behavior,start_frame,stop_frame\n"
    for text, behaviors, column, sentence in [
        ("a,0,3\na,2,4\n", ["a"], [1, 1, 1, 1, 0], "rows of 'a' overlap once"),
        ("a,4,7\n", ["a"], [0, 0, 0, 0, 1], "1 row ends up to 2 frames after its last frame"),
        ("observed,0,2\na,1,3\n", ["a"], [0, 1, -1, -1, -1], "1 frames of 'a' lie outside the observed spans"),
        ("b,0,1\n", ["a"], [0] * 5, "does not name are left out: b."),
        ("wall_rearing,0,1\n", ["mid_rearing"], [0] * 5, "does not name are left out: wall_rearing."),
    ]:
        values, notes = read(write(tmp_path / "a.csv", header + text), tuple(behaviors), frames=Frames(5))
        assert values[:, 0].tolist() == column
        assert len(notes) == 1
        assert sentence in notes[0]


def test_bouts_after_the_end_of_a_video_that_broke_off_are_cut(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "behavior,start_frame,stop_frame\na,1,2\na,4,90\na,95,99\nobserved,0,100\n")
    values, notes = read(path, ("a",), frames=Frames(6, broke_off=True))
    assert values[:, 0].tolist() == [0, 1, 0, 0, 1, 1]
    assert len(notes) == 1
    assert "the video breaks off, and 3 rows end up to 94 frames after" in notes[0]
    path = write(tmp_path / "b.csv", "behavior,start_frame,stop_frame\nobserved,50,100\n")
    assert read(path, ("a",), frames=Frames(2, broke_off=True))[0].tolist() == [[-1], [-1]]


def test_a_behavior_that_is_likely_misspelt_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "behavior,start_frame,stop_frame\nMid Rearing,0,1\n")
    with pytest.raises(LabelError, match=r"no bout of 'mid_rearing', but some of 'Mid Rearing', .* with --study\) what it means"):
        read(path, ("mid_rearing",), frames=Frames(5))
    path = write(tmp_path / "b.csv", "behavior,start_frame,stop_frame\nchamber_a,0,1\nmouse1,0,1\n")
    assert read(path, ("chamber_b", "mouse2"), frames=Frames(2))[0].tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("comma", [False, True])
def test_seconds_become_the_frames_whose_times_they_hold(tmp_path: Path, comma: bool) -> None:
    time_s = np.array([0.0, 0.1, 0.2, 0.5, 0.6, 0.7])
    text = "behavior,start_s,stop_s\na,0.1,0.5\nb,0.05,0.1\nb,0.15,0.201\nb,0.55,0.85\nc,0.3,0.4\n"
    path = write(tmp_path / "a.csv", text.replace(",", ";").replace(".", ",") if comma else text)
    values, notes = read(path, ("a", "b", "c"), frames=Frames.from_times(time_s))
    assert values.T.tolist() == [[0, 1, 1, 0, 0, 0], [0, 0, 1, 0, 1, 1], [0] * 6]
    # After the last frame's end (0.8) there is half a frame.
    assert ["between two frames" in sentence for sentence in notes] == [True, False]
    assert "2 rows fall between two frames, the first is line 3: 'b'" in notes[0]
    assert "1 row ends up to 1 frames after" in notes[1]
    with pytest.raises(LabelError, match="line 2: 'a' ends at frame 16"):
        read(write(path, "behavior,start_s,stop_s\na,0.1,1.75\n"), ("a",), frames=Frames.from_times(time_s))


@given(start=st.integers(0, 40), length=st.integers(1, 40), fps=st.sampled_from([7.5, 10, 25, 29.97, 30]))
def test_seconds_written_with_six_decimals_hit_their_frames(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, fps: float
) -> None:
    time_s = np.arange(100) / fps
    path = tmp_path_factory.getbasetemp() / "seconds.csv"
    write(path, f"behavior,start_s,stop_s\na,{time_s[start]:.6f},{time_s[start + length]:.6f}\n")
    assert np.flatnonzero(np.array(read_values(path, ["a"], 100, time_s=time_s))).tolist() == list(range(start, start + length))


BOUTS_OF_SEVERAL = """recording,behavior,start_frame,stop_frame,start_s,stop_s,duration_s,mean_prob
m1,a,0,2,0.0,0.2,0.2,0.9
m1,b,1,3,0.1,0.3,0.2,0.9
m2,a,3,5,0.3,0.5,0.2,0.9
M 3,a,4,5,0.4,0.5,0.1,0.9
"""


def test_of_several_recordings_in_a_bout_table_one_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "bouts.csv", BOUTS_OF_SEVERAL)
    assert list_observations(path) == ("m1", "m2", "M 3")
    for options, expected in [
        ({"recording_names": ("m1.mp4", "first")}, [[0, 1], [1, 2]]),
        ({"recording_names": ("other.mp4", "m2")}, [[3, 4], []]),
        ({"recording_names": ("m_3.avi",)}, [[4], []]),
        ({"recording_names": ("m1",), "observation": "m2"}, [[3, 4], []]),
    ]:
        # Seconds alone give the same frames.
        for text in (BOUTS_OF_SEVERAL, BOUTS_OF_SEVERAL.replace("start_frame", "from").replace("stop_frame", "to")):
            values = np.array(read_values(write(path, text), ["a", "b"], 5, time_s=np.arange(5) / 10, **options))
            assert [list_frames(column) for column in values.T] == expected
    for options, sentence in [
        ({"recording_names": ("m4.mp4", "m4")}, "holds bouts of 'm1', 'm2', 'M 3', and none of 'm4'; correct its column 'recording'"),
        ({"recording_names": ("m1",), "observation": "m4"}, "has no observation 'm4', only 'm1', 'm2', 'M 3'; correct labels"),
        ({}, "holds 3 observations: 'm1', 'm2', 'M 3'"),
    ]:
        with pytest.raises(LabelError, match=sentence) as caught:
            read(path, ("a",), frames=Frames.from_times(np.arange(5) / 10), **options)  # type: ignore[arg-type]
        assert str(path) in str(caught.value)


def test_a_bout_table_of_another_recording_is_refused(tmp_path: Path) -> None:
    text = "\n".join(BOUTS_OF_SEVERAL.splitlines()[:3])
    path = write(tmp_path / "m1_bouts.csv", text)
    with pytest.raises(LabelError, match="holds bouts of 'm1', and none of 'm2'"):
        read(path, ("a", "b"), frames=Frames(5), recording_names=("m2",))
    assert read_values(path, ["a"], 2, recording_names=("m1",), ignored=frozenset({"b"})) == [[1], [1]]
    assert read_values(path, ["a"], 2, ignored=frozenset({"b"})) == [[1], [1]]
    # A column of empty cells is as good as none; one with some empty cells is not.
    assert read_values(write(path, text.replace("m1", "")), ["a"], 2, recording_names=("m2",), ignored=frozenset({"b"})) == [[1], [1]]
    with pytest.raises(LabelError, match="line 3 names no recording"):
        read(write(path, text.replace("m1,b", ",b")), ("a", "b"), frames=Frames(5), recording_names=("m1",))


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (("a,30,60,3.0,6.0",), None),
        # Rounded, and in hours:minutes:seconds.
        (("a,30,60,3,6", "a,70,80,0:07,00:00:08.0"), None),
        (
            ("a,30,60,1.2,2.4",),
            "line 2: frame 30 and 1.2 s, but that frame of the video is at 3 s; correct one of them, or remove the columns",
        ),
        (("a,30,60,3.0,6.0", "a,70,80,7.0,7.5"), "line 3: frame 80 and 7.5 s, but that frame of the video is at 8 s"),
        (("a,30,60,4.0,7.0",), "line 2: frame 30 and 4 s"),
    ],
)
def test_frames_and_seconds_that_mean_other_moments_are_refused(tmp_path: Path, rows: tuple[str, ...], sentence: str | None) -> None:
    path = write(tmp_path / "m1_bouts.csv", "\n".join(["behavior,start_frame,stop_frame,start_s,stop_s", *rows]))
    frames = Frames.from_times(np.arange(100) / 10)
    if sentence is None:
        values, notes = read(path, ("a",), frames=frames)
        assert list_frames(values[30:70, 0]) == list(range(30))
        assert notes == []
        return
    with pytest.raises(LabelError) as caught:
        read(path, ("a",), frames=frames)
    assert sentence in str(caught.value)


def test_another_clock_and_a_nominal_rate_beside_frames_are_noted(tmp_path: Path) -> None:
    time_s = np.arange(3000) / 29.97
    for delay, fps in ((3600.0, 29.97), (0.0, 30.0)):
        rows = [f"a,{start},{start + 30},{delay + start / fps:.3f},{delay + (start + 30) / fps:.3f}" for start in range(100, 3000, 400)]
        path = write(tmp_path / "a.csv", "\n".join(["behavior,start_frame,stop_frame,start_s,stop_s", *rows]))
        values, notes = read(path, ("a",), frames=Frames.from_times(time_s))
        assert list_frames(values[:, 0])[::30] == list(range(100, 3000, 400))
        assert len(notes) == 1
        assert notes[0].endswith("s; the frames count.")


def test_seconds_of_a_bout_that_ends_at_a_pause_are_no_contradiction(tmp_path: Path) -> None:
    time_s = np.concatenate((np.arange(50) / 10, 60 + np.arange(50) / 10))
    for stop_s in ("5.0", "60.0"):
        path = write(tmp_path / "a.csv", f"behavior,start_frame,stop_frame,start_s,stop_s\na,40,50,4.0,{stop_s}\n")
        values, notes = read(path, ("a",), frames=Frames.from_times(time_s))
        assert list_frames(values[:, 0]) == list(range(40, 50))
        assert notes == []


@pytest.mark.parametrize("column", ["subject", "Animal", "mouse_id", "track"])
def test_bouts_of_several_animals_are_not_mixed_by_accident(tmp_path: Path, column: str) -> None:
    path = write(tmp_path / "a.csv", f"{column},behavior,start_frame,stop_frame\nM1,a,1,3\nM2,a,5,7\n,observed,0,9\n")
    with pytest.raises(LabelError, match=r"holds labels of the animals 'M1', 'M2'; say .* labels: {subject: \"M1\"}"):
        read(path, ("a",), frames=Frames(10))
    for subject, expected in (("m2", [5, 6]), ("*", [1, 2, 5, 6])):
        values, _ = read(path, ("a",), frames=Frames(10), subject=subject)
        assert list_frames(values[:, 0] == 1) == expected
        assert values[9, 0] == -1
    with pytest.raises(LabelError, match="has no labels of the subject 'M3', only of 'M1', 'M2'"):
        read(path, ("a",), frames=Frames(10), subject="M3")
    text = path.read_text(encoding="utf-8").replace("M2,", ",")
    with pytest.raises(LabelError, match="line 3 names no subject, as other rows do"):
        read(write(path, text), ("a",), frames=Frames(10), subject="M1")


@pytest.mark.parametrize("column", ["rater", "Observer", "annotator"])
def test_bouts_by_several_raters_are_not_mixed_by_accident(tmp_path: Path, column: str) -> None:
    path = write(tmp_path / "a.csv", f"behavior,start_frame,stop_frame,{column}\na,1,3,anna\na,2,7,ben\n")
    with pytest.raises(LabelError, match=r"holds labels by 'anna', 'ben'; .* labels: {rater: NAME}"):
        read(path, ("a",), frames=Frames(10))
    values, _ = read(path, ("a",), frames=Frames(10), rater="Ben")
    assert list_frames(values[:, 0]) == list(range(2, 7))


@pytest.mark.parametrize("column", ["video", "filename", "Video_File", "trial", "session"])
def test_bouts_of_several_videos_are_told_apart_by_any_name_of_their_column(tmp_path: Path, column: str) -> None:
    path = write(tmp_path / "a.csv", f"{column},behavior,start_frame,stop_frame\nm1.mp4,a,1,3\nm2.mp4,a,5,7\n")
    assert read_values(path, ["a"], 7, recording_names=("m2.avi", "m2")) == [[0], [0], [0], [0], [0], [1], [1]]
    with pytest.raises(LabelError, match=f"holds bouts of 'm1.mp4', 'm2.mp4', and none of 'm3'; correct its column '{column}'"):
        read(path, ("a",), frames=Frames(10), recording_names=("m3.mp4", "m3"))
    # One trial is no choice; a video of another name is said.
    write(path, f"{column},behavior,start_frame,stop_frame\nm1.mp4,a,1,3\n")
    values, notes = read(path, ("a",), frames=Frames(10), recording_names=("m3.mp4", "m3"))
    assert list_frames(values[:, 0]) == [1, 2]
    is_video = column not in ("trial", "session")
    assert notes == [f"{path}: is about m1.mp4, and is read for m3.mp4; check that they are the same."] * is_video


def test_bouts_in_hours_and_minutes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "behavior,start_s,stop_s\na,0:04,0:00:07.0\n")
    values, _ = read(path, ("a",), frames=Frames.from_times(np.arange(100) / 10))
    assert list_frames(values[:, 0]) == list(range(40, 70))


def test_a_bout_table_refuses_what_it_cannot_express(tmp_path: Path) -> None:
    for values, names, sentence in [
        ([[1, -1], [0, 0]], ("a", "b"), "differ in their unlabelled frames"),
        ([[-1], [-1]], ("a",), "no frame is labelled"),
        ([[1], [0]], ("observed",), "cannot be named 'observed'"),
    ]:
        with pytest.raises(LabelError, match=sentence):
            write_bout_table(tmp_path / "a.csv", Labels(np.array(values, np.int8), names))
    assert not list(tmp_path.iterdir())


def test_real_bout_tables(shared_data: Path) -> None:
    paths = sorted((shared_data / "oft" / "labels").glob("*/*.csv"))
    assert len(paths) == 48
    assert all(is_label_file(path) for path in paths)
    values, notes = read(
        shared_data / "oft" / "labels" / "majority" / "OFT_5.csv", ("wall_rearing", "grooming", "mid_rearing"), frames=Frames(14640)
    )
    assert notes == []
    assert np.flatnonzero(np.diff(values[:, 0]))[:3].tolist() == [10, 70, 117]
    with pytest.raises(LabelError, match="no bout of 'groming', but some of 'grooming'"):
        read(paths[0], ("groming",), frames=Frames(14640))
