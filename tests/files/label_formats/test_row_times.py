"""Rows with times of their own, placed at the frames of these times or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from label_samples import list_frames, read, write

from behavior.errors import LabelError
from behavior.files.label_formats.label_format import FrameLabels, RowTimes
from behavior.files.label_formats.request import LabelPolicies, LabelRequest
from behavior.files.label_formats.row_times import place_rows
from behavior.recording import Frames

# Of 30 frames per second, those between 5.0 and 8.3 s were lost: 500 frames in 20 s.
LOSSY_S = np.delete(np.arange(600) / 30, np.arange(150, 250))


def write_samples(path: Path, times: np.ndarray, start: float, stop: float, *, column: str = "time", delimiter: str = "\t") -> Path:
    """Write a row per time, with 1 from start until stop."""
    rows = [delimiter.join((f"{at:g}", str(int(start - 1e-9 <= at < stop - 1e-9)))) for at in times]
    return write(path, "\n".join([f"{column}{delimiter}a", *rows]) + "\n")


def test_as_many_rows_as_frames_are_still_placed_by_their_times(tmp_path: Path) -> None:
    path = write_samples(tmp_path / "a.tsv", np.arange(500) * 0.04, 15.0, 18.0)
    values, notes = read(path, ("a",), frames=Frames.from_times(LOSSY_S))
    assert list_frames(values[:, 0]) == list_frames((LOSSY_S > 15 - 1e-6) & (LOSSY_S < 18 - 1e-6))
    assert notes == [f"{path}: has as many rows as the video has frames, but at other times; rows are placed by the column 'time'."]


@pytest.mark.parametrize(
    ("step", "column"),
    [*((step, "time") for step in (0.033, 0.04, 0.1, 0.25, 1.0, 0.005)), *((0.1, name) for name in ("time_s", "Time (s)", "timestamp"))],
)
def test_samples_of_any_interval_count_until_the_next(tmp_path: Path, step: float, column: str) -> None:
    time_s = np.arange(300) / 30
    path = write_samples(tmp_path / "a.csv", np.arange(round(10 / step)) * step, 4.0, 7.0, column=column, delimiter=";")
    values, _ = read(path, ("a",), frames=Frames.from_times(time_s))
    frames = list_frames(values[:, 0])
    # To half a frame, and where the next row starts.
    assert frames == list(range(frames[0], frames[-1] + 1))
    assert time_s[frames[0]] == pytest.approx(np.ceil(round(4.0 / step, 6)) * step, abs=0.5 / 30 + 1e-6)
    assert time_s[frames[-1]] + 1 / 30 == pytest.approx(np.ceil(round(7.0 / step, 6)) * step, abs=0.5 / 30 + 1e-6)
    assert (values != -1).all()


@given(step=st.floats(0.01, 0.5), rate=st.integers(5, 60), gap=st.integers(0, 40))
def test_every_frame_has_the_label_of_the_row_before_it_or_none(step: float, rate: int, gap: int) -> None:
    time_s = np.delete(np.arange(10 * rate) / rate, np.arange(2 * rate, 2 * rate + gap))
    seconds = np.arange(int(10 / step) + 1) * step
    # Each row has a label of its own, in binary.
    bits = (np.arange(len(seconds))[:, np.newaxis] >> np.arange(10)) & 1
    contents = FrameLabels(tuple("abcdefghij"), bits.astype(np.int8), times=RowTimes("time", seconds, np.arange(len(seconds)), "line"))
    placed = place_rows(Path("a.csv"), contents, LabelRequest(("a",), Frames.from_times(time_s)))
    rows = (placed.values[: len(time_s)].astype(int) << np.arange(10)).sum(axis=1)
    known = (placed.values[: len(time_s)] != -1).all(axis=1)
    assert known.all()
    assert (np.diff(rows) >= 0).all()
    behind = time_s - seconds[rows]
    assert behind.min() >= -max(1 / rate, 0.01) - 2e-3
    assert behind.max() <= step + max(1 / rate, 0.01) + 2e-3


def test_frames_that_no_row_reaches_are_unlabelled(tmp_path: Path) -> None:
    times = np.concatenate((np.arange(0, 30), np.arange(60, 100))) / 10
    path = write_samples(tmp_path / "a.csv", times, 2.5, 7.0, delimiter=",")
    values, notes = read(path, ("a",), frames=Frames.from_times(np.arange(100) / 10))
    assert list_frames(values[:, 0] == -1) == list(range(30, 60))
    assert list_frames(values[:, 0] == 1) == [*range(25, 30), *range(60, 70)]
    assert notes == [f"{path}: 30 of 100 frames have no row near their time and count as not labelled."]


def test_times_that_contradict_the_number_of_rows_are_refused_with_both(tmp_path: Path) -> None:
    path = write_samples(tmp_path / "a.csv", np.arange(150) * 0.2, 10.0, 12.0, delimiter=",")
    sentence = (
        r"has 150 rows, as many as the video has frames \(150\), but its column 'time' counts from 0 to 29\.8 s, 0\.2 s a row, the video "
        r"from 0 to 14\.9 s, 0\.1 s a frame; correct the times, or remove that column"
    )
    with pytest.raises(LabelError, match=sentence):
        read(path, ("a",), frames=Frames.from_times(np.arange(150) / 10))


@pytest.mark.parametrize(("n_rows", "start"), [(90, 0.0), (300, 0.0), (200, 5.0)])
def test_samples_of_another_stretch_of_time_are_refused_with_the_intervals(tmp_path: Path, n_rows: int, start: float) -> None:
    path = write_samples(tmp_path / "a.csv", start + np.arange(n_rows) / 20, start + 1, start + 2, delimiter=",")
    frames = Frames.from_times(np.arange(100) / 10)
    with pytest.raises(
        LabelError, match=r"0\.05 s a row, the video from 0 to 9\.9 s, 0\.1 s a frame; are they the labels of another video"
    ):
        read(path, ("a",), frames=frames)
    values, _ = read(path, ("a",), frames=frames, policies=LabelPolicies(out_of_range="warn"))
    assert list_frames(values[:, 0] == 1) == [int(10 * start) + frame for frame in range(10, 20) if 10 * start + frame < 100]


def test_rows_that_count_from_another_start_are_shifted_on_request(tmp_path: Path) -> None:
    path = write_samples(tmp_path / "a.csv", 5 + np.arange(200) / 20, 6.0, 7.0, delimiter=",")
    values, _ = read(path, ("a",), frames=Frames.from_times(np.arange(100) / 10), offset_s=5.0)
    assert list_frames(values[:, 0]) == list(range(10, 20))


def test_rows_at_the_times_of_the_frames_are_read_as_frames(tmp_path: Path) -> None:
    time_s = np.arange(150) / 30
    for decimals, is_silent in ((6, True), (2, True), (1, True), (0, True)):
        rows = [f"{round(at, decimals)},{int(40 <= frame < 50)}" for frame, at in enumerate(time_s)]
        path = write(tmp_path / "a.csv", "\n".join(["time,a", *rows]))
        values, notes = read(path, ("a",), frames=Frames.from_times(time_s))
        assert list_frames(values[:, 0]) == list(range(40, 50))
        assert (notes == []) == is_silent


def test_another_clock_and_a_nominal_rate_are_noted(tmp_path: Path) -> None:
    for times, sentence in (
        (1_700_000_000 + np.arange(3000) / 30, "starts at 1.7e+09 s, longer than the video lasts"),
        (np.arange(3000) / 29.97, "ends at 100.067 s, the video at 99.9667 s; rows are taken for frames"),
    ):
        rows = [f"{at:.4f},{int(40 <= frame < 50)}" for frame, at in enumerate(times)]
        path = write(tmp_path / "a.csv", "\n".join(["time,a", *rows]))
        values, notes = read(path, ("a",), frames=Frames.from_times(np.arange(3000) / 30))
        assert list_frames(values[:, 0]) == list(range(40, 50))
        assert sentence in notes[0]


def test_numbered_rows_whose_times_are_not_those_of_their_frames_are_refused(tmp_path: Path) -> None:
    def write_rows(rate: float, *, first: float = 0.0) -> Path:
        rows = [f"{frame},{first + frame / rate},{frame % 2}" for frame in range(20)]
        return write(tmp_path / "a.csv", "\n".join(["frame,time_s,a", *rows]))

    frames = Frames.from_times(np.arange(20) / 10)
    values, notes = read(write_rows(10), ("a",), frames=frames)
    assert (values[:, 0].tolist(), notes) == ([0, 1] * 10, [])
    with pytest.raises(LabelError, match=r"line 4 gives frame 2 the time 0\.4 s, but that frame of the video is at 0\.2 s; correct one"):
        read(write_rows(5), ("a",), frames=frames)
    values, notes = read(write_rows(10, first=1e6), ("a",), frames=frames)
    assert (values[:, 0].tolist(), len(notes)) == ([0, 1] * 10, 1)
    with pytest.raises(LabelError, match=r"is in frames, not in seconds"):
        read(write_rows(10), ("a",), frames=frames, offset_s=1.0)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (["0,1", "1,0", "0.5,0", "2,1"], r"line 4 has 0\.5 s in its column 'time', after 1 s in the row before"),
        (["0,1", "1,0", "1,0", "2,1"], r"line 4 repeats the time 1 s of the row before"),
        (["0,1", "x,0"], "line 3 holds 'x' as time, expected seconds"),
        (["0,1", ",0"], "line 3 holds '' as time, expected seconds"),
    ],
)
def test_times_that_place_nothing_are_refused(tmp_path: Path, rows: list[str], sentence: str) -> None:
    with pytest.raises(LabelError, match=sentence):
        read(write(tmp_path / "a.csv", "\n".join(["time,a", *rows])), ("a",), frames=Frames.from_times(np.arange(30) / 10))


def test_times_may_be_written_with_hours_and_decimal_commas_and_blank_rows_are_passed_over(tmp_path: Path) -> None:
    rows = [f"00:00:{sample / 2:04.1f}".replace(".", ",") + f";{int(2 <= sample < 4)}" for sample in range(10)]
    path = write(tmp_path / "a.csv", "\n".join(["time;a", *rows[:5], ";", *rows[5:], ";", ""]))
    values, _ = read(path, ("a",), frames=Frames.from_times(np.arange(50) / 10))
    assert list_frames(values[:, 0]) == list(range(10, 20))


@pytest.mark.parametrize("column", ["time_ms", "Time (ms)"])
def test_times_may_be_in_milliseconds(tmp_path: Path, column: str) -> None:
    path = write(tmp_path / "a.csv", "\n".join([f"{column},a", *(f"{500 * sample},{int(2 <= sample < 4)}" for sample in range(10))]))
    values, _ = read(path, ("a",), frames=Frames.from_times(np.arange(50) / 10))
    assert list_frames(values[:, 0]) == list(range(10, 20))


def test_a_column_of_dates_is_named_and_not_looked_at(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "timestamp,a\n2024-05-01 12:00,1\n2024-05-01 12:01,0\n")
    values, notes = read(path, ("a",), frames=Frames.from_times(np.arange(2) / 10))
    assert values[:, 0].tolist() == [1, 0]
    assert notes == [f"{path}: its column 'timestamp' is not in seconds and not looked at; rows are taken for frames."]


def test_marks_are_placed_by_their_times_too(tmp_path: Path) -> None:
    rows = [f"{sample / 2},{'x' if 2 <= sample < 4 else ''}" for sample in range(10)]
    path = write(tmp_path / "a.csv", "\n".join(["time,a", *rows]))
    values, notes = read(path, ("a",), frames=Frames.from_times(np.arange(50) / 10))
    assert list_frames(values[:, 0]) == list(range(10, 20))
    assert notes == [f"{path}: has a row every 0.5 s, which counts for the frames until the next one."]


def test_a_table_without_times_is_refused_with_the_interval_that_a_row_was_taken_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "a\n" + "0\n" * 30)
    with pytest.raises(
        LabelError, match=r"labels 30 frames, but the video has 10, .* Each row was taken for a frame of 0\.1 s: rows at other"
    ):
        read(path, ("a",), frames=Frames.from_times(np.arange(10) / 10))


@pytest.mark.parametrize(("name", "step"), [("mouse_01_100ms.tsv", 0.1), ("mouse_01_1s.tsv", 1.0)])
def test_real_binary_tables_of_boris_are_read_by_their_times(shared_data: Path, name: str, step: float) -> None:
    path = shared_data / "formats" / "others" / "boris_binary_table" / name
    cells = np.array([line.split("\t") for line in path.read_text().splitlines()[1:]], dtype=float)
    for rate in (10, 25):
        time_s = np.arange(150 * rate) / rate
        values, _ = read(path, ("grooming", "mid_rearing", "wall_rearing"), frames=Frames.from_times(time_s))
        # Clear of the edges of rows, where half a frame decides.
        inside = np.abs(time_s / step - np.round(time_s / step)) * step > 0.51 / rate
        inside |= rate * step == 1
        expected = cells[np.minimum(np.floor(time_s / step + 1e-6).astype(int), len(cells) - 1), 1:]
        np.testing.assert_array_equal(values[inside], expected[inside])


@pytest.mark.parametrize(
    ("column", "unit"), [("Timestamp (ms)", 1e-3), ("sec", 1), ("time_min", 60), ("Time(s)", 1), ("timestamp_ns", 1e-9)]
)
def test_times_of_any_name_and_unit_tell_the_frames(tmp_path: Path, column: str, unit: float) -> None:
    at = np.arange(500) * 0.04
    rows = [f"{seconds / unit:.10g},{int(15 - 1e-9 <= seconds < 18 - 1e-9)}" for seconds in at]
    path = write(tmp_path / "a.csv", "\n".join([f"{column},a", *rows]))
    values, notes = read(path, ("a",), frames=Frames.from_times(LOSSY_S))
    assert list_frames(values[:, 0]) == list_frames((LOSSY_S > 15 - 1e-6) & (LOSSY_S < 18 - 1e-6))
    assert len(notes) == 1
    assert f"rows are placed by the column {column!r}" in notes[0]


@pytest.mark.parametrize(
    ("factor", "sentence"),
    [
        (1e3, "They look like milliseconds: if they are, call the column 'time_ms'."),
        (1 / 60, "They look like minutes: if they are, call the column 'time_min'."),
        (10, "They look like frame numbers: if they are, call the column 'frame'."),
    ],
)
@pytest.mark.parametrize("every", [1, 2])
def test_times_in_another_unit_are_refused_with_what_they_look_like(tmp_path: Path, factor: float, sentence: str, every: int) -> None:
    rows = [f"{frame / 10 * factor:.6g},{int(frame > 150)}" for frame in range(0, 300, every)]
    path = write(tmp_path / "a.csv", "\n".join(["time,a", *rows]))
    with pytest.raises(LabelError) as caught:
        read(path, ("a",), frames=Frames.from_times(np.arange(300) / 10))
    assert str(caught.value).endswith(sentence)


def test_a_column_of_dates_is_named_where_rows_do_not_fit(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "\n".join(["time,a", *(f"2024-05-01 13:00:{at:02d},0" for at in range(30))]))
    with pytest.raises(LabelError, match=r"of 0\.1 s, as its column 'time' is not in seconds; write seconds, or hours:minutes:seconds\."):
        read(path, ("a",), frames=Frames.from_times(np.arange(300) / 10))
