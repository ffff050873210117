from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from behavior.errors import LabelError
from behavior.files.annotations import is_label_file, list_behaviors, list_observations, read_labels
from behavior.files.bout_tables import write_bout_table
from behavior.files.frame_tables import write_frame_table
from behavior.files.label_formats.request import LabelRequest
from behavior.recording import Frames, Labels

NAMES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8).filter(
        lambda name: name.casefold() not in ("frame", "frames", "index", "time", "time_s", "timestamp", "seconds", "observed")
    ),
    min_size=1,
    max_size=3,
    unique=True,
)


@st.composite
def labels_of(draw: st.DrawFn, *, unseen_alike: bool) -> Labels:
    names = draw(NAMES)
    n_frames = draw(st.integers(1, 30))
    values = draw(hnp.arrays(np.int8, (n_frames, len(names)), elements=st.integers(0 if unseen_alike else -1, 1)))
    if unseen_alike:
        unseen = draw(hnp.arrays(np.bool_, n_frames))
        unseen[draw(st.integers(0, n_frames - 1))] = False
        values[unseen] = -1
    return Labels(values, tuple(names))


@given(labels=labels_of(unseen_alike=False))
def test_frame_tables_come_back(tmp_path_factory: pytest.TempPathFactory, labels: Labels) -> None:
    path = tmp_path_factory.getbasetemp() / "frames.csv"
    write_frame_table(path, labels)
    found, warnings = read(path, labels.behaviors, n_frames=len(labels))
    np.testing.assert_array_equal(found.values, labels.values)
    assert (found.behaviors, warnings) == (labels.behaviors, [])
    assert list_behaviors(path) == labels.behaviors


@given(labels=labels_of(unseen_alike=True))
def test_bout_tables_come_back(tmp_path_factory: pytest.TempPathFactory, labels: Labels) -> None:
    path = tmp_path_factory.getbasetemp() / "bouts.csv"
    write_bout_table(path, labels)
    assert is_label_file(path)
    present = [name for name, column in zip(labels.behaviors, labels.values.T, strict=True) if (column == 1).any()]
    assert sorted(list_behaviors(path)) == sorted(present)
    found, warnings = read(path, labels.behaviors, n_frames=len(labels))
    np.testing.assert_array_equal(found.values, labels.values)
    assert warnings == []


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def read(
    path: Path,
    behaviors: Sequence[str],
    *,
    n_frames: int,
    time_s: np.ndarray | None = None,
    broke_off: bool = False,
    called: Sequence[str] = (),
    ignored: Sequence[str] = (),
    **options: Any,
) -> tuple[Labels, list[str]]:
    frames = Frames(n_frames, time_s, broke_off)
    request = LabelRequest(tuple(behaviors), frames, ignored=frozenset(ignored), recording_names=tuple(called), **options)
    return read_labels(path, request)


def read_values(path: Path, behaviors: list[str], n_frames: int, **options: object) -> list[list[int]]:
    labels, warnings = read(path, behaviors, n_frames=n_frames, **options)  # type: ignore[arg-type]
    assert warnings == []
    return labels.values.tolist()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_frame_tables_of_other_peoples_computers(tmp_path: Path, encoding: str, delimiter: str, line_end: str) -> None:
    rows = ["frame, grooming ,Säubern", "0,1,0", "1,True,FALSE", "2,1.0,0.0", "3,-1,", "4, 0 ,1"]
    text = line_end.join(row.replace(",", delimiter) for row in rows) + line_end
    path = write(tmp_path / "a.csv", text, encoding)
    assert read_values(path, ["Säubern", "grooming"], 5) == [[0, 1], [0, 1], [0, 1], [-1, -1], [1, 0]]
    assert is_label_file(path)
    assert list_behaviors(path) == ("grooming", "Säubern")


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,0\n0,\n-1,1\n",
        ",a,b\n0,1,0\n1,0,\n2,-1,1\n",
        "frame,a,b\n2,-1,1\n0,1,0\n1,0,-1\n",
        "Frame,time_s,a,b,\n0,0.0,1,0,\n1,0.1,0,,\n2,0.2,-1,1,\n,,,,\n",
        "frame;a;b\n0;1,0;0,0\n1;0;\n2;-1,0;1\n\n\n",
        '"a","b"\n"1","0"\n"0",""\n"-1","1"\n',
    ],
)
def test_frame_tables_with_and_without_a_frame_column(tmp_path: Path, text: str) -> None:
    assert read_values(write(tmp_path / "a.csv", text), ["a", "b"], 3) == [[1, 0], [0, -1], [-1, 1]]


def test_a_table_of_one_column_keeps_its_empty_cells(tmp_path: Path) -> None:
    assert read_values(write(tmp_path / "a.csv", "a\n1\n\n0\n\n\n"), ["a"], 5) == [[1], [-1], [0], [-1], [-1]]


def test_frames_without_a_row_are_unlabelled(tmp_path: Path) -> None:
    assert read_values(write(tmp_path / "a.csv", "frame,a\n1.0,1\n4,0\n0,0\n"), ["a"], 5) == [[0], [1], [-1], [-1], [0]]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("frame,a\n0,1\n1,2\n", "line 3, column 'a' holds '2', expected 1, 0, -1 or nothing"),
        ("frame,a\n0,x\n", "line 2, column 'a' holds 'x'"),
        ("frame,a\n0,0.5\n", "line 2, column 'a' holds '0.5'"),
        ("frame,a\n0,nan\n", "line 2, column 'a' holds 'nan'"),
        ("frame,b c\n0,1\n", "has no column 'a', only b c"),
        ("frame,A\n0,1\n", "has no column 'a', only A; did you mean 'A'"),
        ("frame,a,a\n0,1,1\n", "two columns named 'a'"),
        ("frame,a\n0,1\n0,1\n", "line 3 repeats frame 0 of line 2"),
        ("frame,a\n-1,1\n", "line 2 holds '-1' as frame"),
        ("frame,a\n0.5,1\n", "line 2 holds '0.5' as frame"),
        ("frame,a\n0,1\n900000000,1\n", "line 3 is about frame 900000000"),
        ("a,b\n1\n", "line 2 has 1 cells, expected 2"),
        ("a,b\n1,0\n\n1,0\n", "line 3 has 0 cells, expected 2"),
        ("", "is empty"),
        ("\n \n", "is empty"),
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
        ("bodyparts,a,a\ncoords,x,y\n0,1,2\n", "is a pose file"),
    ],
)
def test_tables_that_make_no_sense(tmp_path: Path, text: str, sentence: str) -> None:
    path = write(tmp_path / "a.csv", text)
    with pytest.raises(LabelError) as caught:
        read(path, ["a"], n_frames=9)
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)
    assert str(caught.value)[-1] in ".?"


def test_files_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(bytes(range(256)))
    for name, sentence in {"a.csv": "is not a text file", "missing.csv": "there is no such label file", ".": "is a folder"}.items():
        with pytest.raises(LabelError, match=sentence):
            read(tmp_path / name, ["a"], n_frames=1)
        assert not is_label_file(tmp_path / name)


@pytest.mark.parametrize(("rows", "broke_off"), [(8, False), (9, False), (11, False), (12, False), (40, True)])
def test_a_frame_table_of_nearly_the_right_length(tmp_path: Path, rows: int, broke_off: bool) -> None:
    write_frame_table(tmp_path / "a.csv", Labels(np.ones((rows, 1), np.int8), ("a",)))
    labels, warnings = read(tmp_path / "a.csv", ["a"], n_frames=10, broke_off=broke_off)
    assert labels.values[:, 0].tolist() == [1] * min(rows, 10) + [-1] * (10 - min(rows, 10))
    assert len(warnings) == 1
    assert str(abs(rows - 10)) in warnings[0]
    assert ("breaks off" in warnings[0]) == broke_off


@pytest.mark.parametrize(("rows", "broke_off"), [(7, False), (13, False), (7, True)])
def test_a_frame_table_of_another_video(tmp_path: Path, rows: int, broke_off: bool) -> None:
    write_frame_table(tmp_path / "a.csv", Labels(np.ones((rows, 1), np.int8), ("a",)))
    with pytest.raises(LabelError, match=f"labels {rows} frames, but the video has 10, .* of another video"):
        read(tmp_path / "a.csv", ["a"], n_frames=10, broke_off=broke_off)


def test_columns_that_were_not_asked_for_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "frame,a,b,a_probability\n0,1,0,0.7\n")
    labels, warnings = read(path, ["a"], n_frames=1)
    assert labels.values.tolist() == [[1]]
    assert len(warnings) == 1
    assert warnings[0].endswith("left out: b, a_probability.")


def test_a_frame_column_from_1_is_said(tmp_path: Path) -> None:
    labels, warnings = read(write(tmp_path / "a.csv", "frame,a\n1,1\n2,0\n"), ["a"], n_frames=3)
    assert labels.values[:, 0].tolist() == [-1, 1, 0]
    assert len(warnings) == 1
    assert "starts at 1" in warnings[0]


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


def test_odd_bouts_are_said(tmp_path: Path) -> None:
    header = "behavior,start_frame,stop_frame\n"
    for text, behaviors, column, sentence in [
        ("a,0,3\na,2,4\n", ["a"], [1, 1, 1, 1, 0], "rows of 'a' overlap once"),
        ("a,4,7\n", ["a"], [0, 0, 0, 0, 1], "1 row ends up to 2 frames after its last frame"),
        ("observed,0,2\na,1,3\n", ["a"], [0, 1, -1, -1, -1], "1 frames of 'a' lie outside the observed spans"),
        ("b,0,1\n", ["a"], [0] * 5, "does not name are left out: b."),
        ("wall_rearing,0,1\n", ["mid_rearing"], [0] * 5, "does not name are left out: wall_rearing."),
    ]:
        labels, warnings = read(write(tmp_path / "a.csv", header + text), behaviors, n_frames=5)
        assert labels.values[:, 0].tolist() == column
        assert len(warnings) == 1
        assert sentence in warnings[0]


def test_bouts_behind_the_end_of_a_video_that_broke_off_are_cut(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "behavior,start_frame,stop_frame\na,1,2\na,4,90\na,95,99\nobserved,0,100\n")
    labels, warnings = read(path, ["a"], n_frames=6, broke_off=True)
    assert labels.values[:, 0].tolist() == [0, 1, 0, 0, 1, 1]
    assert len(warnings) == 1
    assert "the video breaks off, and 3 rows end up to 94 frames after" in warnings[0]
    path = write(tmp_path / "b.csv", "behavior,start_frame,stop_frame\nobserved,50,100\n")
    assert read(path, ["a"], n_frames=2, broke_off=True)[0].values.tolist() == [[-1], [-1]]


def test_a_behavior_that_is_likely_misspelt_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "behavior,start_frame,stop_frame\nMid Rearing,0,1\n")
    with pytest.raises(LabelError, match=r"no bout of 'mid_rearing', but some of 'Mid Rearing', .* with --study\) what it means"):
        read(path, ["mid_rearing"], n_frames=5)
    path = write(tmp_path / "b.csv", "behavior,start_frame,stop_frame\nchamber_a,0,1\nmouse1,0,1\n")
    assert read(path, ["chamber_b", "mouse2"], n_frames=2)[0].values.tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("comma", [False, True])
def test_seconds_become_the_frames_whose_times_they_hold(tmp_path: Path, comma: bool) -> None:
    time_s = np.array([0.0, 0.1, 0.2, 0.5, 0.6, 0.7])
    text = "behavior,start_s,stop_s\na,0.1,0.5\nb,0.05,0.1\nb,0.15,0.201\nb,0.55,0.85\nc,0.3,0.4\n"
    path = write(tmp_path / "a.csv", text.replace(",", ";").replace(".", ",") if comma else text)
    labels, warnings = read(path, ["a", "b", "c"], n_frames=6, time_s=time_s)
    assert labels.values.T.tolist() == [[0, 1, 1, 0, 0, 0], [0, 0, 1, 0, 1, 1], [0] * 6]
    # Behind the last frame's end (0.8) there is half a frame.
    assert ["between two frames" in sentence for sentence in warnings] == [True, False]
    assert "2 rows fall between two frames, the first is line 3: 'b'" in warnings[0]
    assert "1 row ends up to 1 frames after" in warnings[1]
    with pytest.raises(ValueError, match=r"time_s have shape \(6,\), expected \(5\)"):
        read(path, ["a"], n_frames=5, time_s=time_s)
    with pytest.raises(LabelError, match="line 2: 'a' ends at frame 16"):
        read(write(path, "behavior,start_s,stop_s\na,0.1,1.75\n"), ["a"], n_frames=6, time_s=time_s)


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
        ({"called": ["m1.mp4", "first"]}, [[0, 1], [1, 2]]),
        ({"called": ["other.mp4", "m2"]}, [[3, 4], []]),
        ({"called": ["m_3.avi"]}, [[4], []]),
        ({"called": ["m1"], "observation": "m2"}, [[3, 4], []]),
    ]:
        # Seconds alone give the same frames.
        for text in (BOUTS_OF_SEVERAL, BOUTS_OF_SEVERAL.replace("start_frame", "from").replace("stop_frame", "to")):
            values = np.array(read_values(write(path, text), ["a", "b"], 5, time_s=np.arange(5) / 10, **options))
            assert [np.flatnonzero(column).tolist() for column in values.T] == expected
    for options, sentence in [
        ({"called": ["m4.mp4", "m4"]}, "holds bouts of 'm1', 'm2', 'M 3', and none of 'm4'; correct its column 'recording'"),
        ({"called": ["m1"], "observation": "m4"}, "has no observation 'm4', only 'm1', 'm2', 'M 3'; correct labels"),
        ({}, "holds 3 observations: 'm1', 'm2', 'M 3'"),
    ]:
        with pytest.raises(LabelError, match=sentence) as caught:
            read(path, ["a"], n_frames=5, time_s=np.arange(5) / 10, **options)  # type: ignore[arg-type]
        assert str(path) in str(caught.value)


def test_a_bout_table_of_another_recording_is_refused(tmp_path: Path) -> None:
    text = "\n".join(BOUTS_OF_SEVERAL.splitlines()[:3])
    path = write(tmp_path / "m1_bouts.csv", text)
    with pytest.raises(LabelError, match="holds bouts of 'm1', and none of 'm2'"):
        read(path, ["a", "b"], n_frames=5, called=["m2"])
    assert read_values(path, ["a"], 2, called=["m1"], ignored=["b"]) == [[1], [1]]
    assert read_values(path, ["a"], 2, ignored=["b"]) == [[1], [1]]
    # A column that says nothing is as good as none; one that says it now and then is not.
    assert read_values(write(path, text.replace("m1", "")), ["a"], 2, called=["m2"], ignored=["b"]) == [[1], [1]]
    with pytest.raises(LabelError, match="line 3 names no recording"):
        read(write(path, text.replace("m1,b", ",b")), ["a", "b"], n_frames=5, called=["m1"])


def test_frames_and_seconds_that_mean_other_moments_are_said(tmp_path: Path) -> None:
    path = write(tmp_path / "m1_bouts.csv", "\n".join(BOUTS_OF_SEVERAL.splitlines()[:4:3]))
    labels, notes = read(path, ["a"], n_frames=5, time_s=np.arange(5) / 25, called=["m2"])
    assert labels.values[:, 0].tolist() == [0, 0, 0, 1, 1]
    assert notes == [
        f"{path}: 1 row gives other seconds than the video has at their frames (line 2: frame 3 and 0.3 s, but that frame is at 0.12 s); "
        "the frames count."
    ]


def test_a_bout_table_refuses_what_it_cannot_say(tmp_path: Path) -> None:
    for values, names, sentence in [
        ([[1, -1], [0, 0]], ("a", "b"), "differ in their unlabelled frames"),
        ([[-1], [-1]], ("a",), "no frame is labelled"),
        ([[1], [0]], ("observed",), "cannot be named 'observed'"),
    ]:
        with pytest.raises(LabelError, match=sentence):
            write_bout_table(tmp_path / "a.csv", Labels(np.array(values, np.int8), names))
    with pytest.raises(LabelError, match="cannot be named 'Frame'"):
        write_frame_table(tmp_path / "a.csv", Labels(np.zeros((1, 1), np.int8), ("Frame",)))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("frame,time_s,a_prob,a_raw,a\n0,0.0,0.4,0,0\n", False),
        ("frame,time_s,a_prob,a_raw,a\n0,0.0,1,1,1\n", False),
        ("frame,a\n0,1\n", True),
        ("frame,a\n0,\n", False),
        ("frame,speed\n0,1.7\n", False),
        ("recording,video,pose\nx,x.mp4,x.csv\n", False),
        ("behavior,start_s,stop_s\n", True),
        ("scorer,N,N\nbodyparts,a,a\ncoords,x,y\n0,1,0\n", False),
        ("hello world\n", False),
        ("", False),
    ],
)
def test_labels_are_told_by_content(tmp_path: Path, text: str, expected: bool) -> None:
    assert is_label_file(write(tmp_path / "a.csv", text)) == expected


def test_a_long_table_is_recognised_by_its_beginning(tmp_path: Path) -> None:
    write_frame_table(tmp_path / "a.csv", Labels(np.zeros((30_000, 2), np.int8), ("a", "b")))
    assert (tmp_path / "a.csv").stat().st_size > 1 << 18
    assert is_label_file(tmp_path / "a.csv")


def test_real_bout_tables(shared_data: Path) -> None:
    paths = sorted((shared_data / "oft" / "labels").glob("*/*.csv"))
    assert len(paths) == 48
    assert all(is_label_file(path) for path in paths)
    labels, warnings = read(
        shared_data / "oft" / "labels" / "majority" / "OFT_5.csv", ["wall_rearing", "grooming", "mid_rearing"], n_frames=14640
    )
    assert warnings == []
    assert np.flatnonzero(np.diff(labels.values[:, 0]))[:3].tolist() == [10, 70, 117]
    with pytest.raises(LabelError, match="no bout of 'groming', but some of 'grooming'"):
        read(paths[0], ["groming"], n_frames=14640)


def test_the_real_frame_table(shared_data: Path) -> None:
    folder = shared_data / "formats" / "thesis"
    names = ["grooming", "rearing_mig", "rearing_paret"]
    labels, warnings = read(folder / "HD_ChR2_510A.csv", names, n_frames=6600)
    assert warnings == []
    assert is_label_file(folder / "HD_ChR2_510A.csv")
    again, warnings = read(folder / "results.csv", names, n_frames=6600)
    np.testing.assert_array_equal(again.values, labels.values)
    assert len(warnings) == 1
    assert "g_prediction, mr_prediction, wr_prediction" in warnings[0]
    assert not is_label_file(folder / "results.csv")
