"""What every importer promises, and what each format has of its own."""

from __future__ import annotations

import gzip
import importlib.util
import json
import sys
import tracemalloc
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import openpyxl
import pytest

from behavior.config import LabelFiles, Study, parse_section
from behavior.errors import LabelError, UsageError
from behavior.files.annotations import (
    LABEL_FORMATS,
    LABEL_SUFFIXES,
    count_label_frames,
    is_label_file,
    list_behaviors,
    list_observations,
    read_labels,
    recognise_labels,
)
from behavior.files.label_formats.request import LabelPolicies, LabelRequest
from behavior.files.pairing import pair_files
from behavior.learning.label_reading import read_labels_of
from behavior.recording import Frames, Recording

N_FRAMES = 40
TIME_S = np.arange(N_FRAMES) / 10
BOUTS = {"Grooming": [(3, 8), (20, 25)], "Supported": [(10, 14)]}
NAMES = tuple(BOUTS)
VALUES = np.zeros((N_FRAMES, 2), np.int8)
for column, bouts in enumerate(BOUTS.values()):
    for start, stop in bouts:
        VALUES[start:stop, column] = 1
IN_ORDER = sorted((start, stop, name) for name, bouts in BOUTS.items() for start, stop in bouts)


def make_frame_table() -> str:
    rows = [f"{frame},{one},{two}" for frame, (one, two) in enumerate(VALUES.tolist())]
    return "\n".join(["frame,Grooming,Supported", *rows]) + "\n"


def make_bout_table() -> str:
    return "\n".join(["behavior,start_s,stop_s", *(f"{name},{start / 10},{stop / 10}" for start, stop, name in IN_ORDER)]) + "\n"


def make_project(*, observations: dict[str, Any] | None = None, **changes: Any) -> str:
    events = [[at / 10, "", name, "", ""] for start, stop, name in IN_ORDER for at in (start, stop)]
    project = {
        "time_format": "hh:mm:ss",
        "project_format_version": "7.0",
        "behaviors_conf": {
            "0": {"type": "State event", "key": "g", "code": "Grooming", "modifiers": {}},
            "1": {"type": "State event", "key": "s", "code": "Supported", "modifiers": {}},
            "2": {"type": "Point event", "key": "j", "code": "Jump", "modifiers": {}},
        },
        "observations": observations or {"first": make_observation(events, **changes)},
    }
    return json.dumps(project, indent=1)


def make_observation(events: list[list[Any]], **changes: Any) -> dict[str, Any]:
    media = {"length": {"mouse_1.mp4": 4.0}, "fps": {"mouse_1.mp4": 10.0}, "offset": {"1": 0.0}}
    found = {"file": {"1": ["mouse_1.mp4"], "2": []}, "type": "MEDIA", "time offset": 0.0, "events": events, "media_info": media}
    return {**found, **changes}


def make_old_tabular() -> str:
    preamble = [
        "Observation id,first,,,,,,,",
        ",,,,,,,,",
        "Media file(s),,,,,,,,",
        "Player #1,mouse_1.mp4,,,,,,,",
        "Time offset (s),0.0,,,,,,,",
    ]
    header = "Time,Media file path,Total length,FPS,Subject,Behavior,Behavioral category,Comment,Status"
    events = sorted((at, name, kind) for start, stop, name in IN_ORDER for at, kind in ((start, "START"), (stop, "STOP")))
    rows = [f"{at / 10:.3f},mouse_1.mp4,4.000,10.0,,{name},,,{kind}" for at, name, kind in events]
    return "\n".join([*preamble, ",,,,,,,,", header, *rows]) + "\n"


NEW_HEADER = (
    "Observation id,Observation date,Description,Observation duration,Observation type,Source,Time offset (s),Media duration (s),FPS,"
    "Subject,Behavior,Behavioral category,Modifier #1,Behavior type,Time,Media file name,Image index,Image file path,Comment"
)


def make_new_tabular(*, observation: str = "first", subject: str = "") -> str:
    events = sorted((at, name, kind) for start, stop, name in IN_ORDER for at, kind in ((start, "START"), (stop, "STOP")))
    rows = [
        f"{observation},2023-05-09 17:15:54,,4.0,Media file(s),player #1:videos/mouse_1.mp4,0.0,4.000,10.000;10.000,{subject},{name},,None,"
        f"{kind},{at / 10:.3f},videos/mouse_1.mp4,NA,NA,"
        for at, name, kind in events
    ]
    return "\n".join([NEW_HEADER, *rows]) + "\n"


AGGREGATED_HEADER = (
    "Observation id,Observation date,Description,Media file,Total length,FPS,a,Subject,Behavior,Behavioral category,Modifiers,"
    "Behavior type,Start (s),Stop (s),Duration (s),Comment start,Comment stop"
)


def make_aggregated() -> str:
    rows = [
        f"first,2016-12-01,words,mouse_1.mp4,4.000,10.0,12,No focal subject,{name},,,STATE,{start / 10:.3f},{stop / 10:.3f},"
        f"{(stop - start) / 10:.3f},,"
        for start, stop, name in IN_ORDER
    ]
    return "\n".join([AGGREGATED_HEADER, *rows]) + "\n"


def make_deepethogram() -> str:
    rows = [f"{frame},{int(not any(shown))},{shown[0]},{shown[1]}" for frame, shown in enumerate(VALUES.tolist())]
    return "\n".join([",background,Grooming,Supported", *rows]) + "\n"


def make_simba() -> str:
    rows = [f"{frame},790.5,916.25,0.99,0,{frame * 1.5},{one},{two}" for frame, (one, two) in enumerate(VALUES.tolist())]
    return "\n".join([",Nose_x,Nose_y,Nose_p,is_still,speed,Grooming,Supported", *rows]) + "\n"


def make_caltech() -> str:
    filled: list[tuple[int, int, str]] = []
    for start, stop, name in IN_ORDER:
        filled += [(filled[-1][1] if filled else 0, start, "base"), (start, stop, name)]
    filled.append((filled[-1][1], N_FRAMES, "base"))
    head = ["Caltech Behavior Annotator - Annotation File", "", "Configuration file:", "base\tz", "Grooming\tg", "Supported\ts", ""]
    rows = [f"   \t{start + 1}\t{stop}\t{name}" for start, stop, name in filled]
    return "\n".join([*head, "S1:\tstart\tend\ttype", "-----------------------------", *rows, "  "]) + "\n"


def make_bento(*, in_frames: bool = False, start_frame: int = 1, stop_frame: int = N_FRAMES) -> str:
    lines = ["Bento annotation file", "Movie file(s):  D:\\mouse_1.seq ", "", "Stimulus name: ", f"Annotation start frame: {start_frame}"]
    lines += [f"Annotation stop frame: {stop_frame}", "Annotation framerate: 10.000000", "", "List of channels:", "Ch1", ""]
    lines += ["List of annotations:", *NAMES, "", "Ch1----------"]
    for name, spans in BOUTS.items():
        lines += [f">{name}", "Start\t Stop\t Duration "]
        for start, stop in spans:
            first, last = start + 1, stop
            lines.append(f"{first}\t{last}\t{last - first + 1}" if in_frames else f"{first / 10}\t{last / 10}\t{(last - first + 1) / 10}")
        lines.append("")
    return "\n".join([*lines, ""]) + "\n"


def make_solomon(*, with_light: bool = False) -> str:
    shown = [",".join(name for name, is_on in zip(NAMES, row, strict=True) if is_on) for row in VALUES.tolist()]
    light, on = (",Light", ",On") if with_light else ("", "")
    return "\n".join([f"Time{light},Behaviour", *(f"{frame / 10}{on},{name}" for frame, name in enumerate(shown))]) + "\n"


def make_marks() -> str:
    rows = [f"{frame},,{'x' if one else ''},{'X' if two else ''}" for frame, (one, two) in enumerate(VALUES.tolist())]
    return "\n".join(["Frame,Notes,Grooming,Supported", ",,below,wall", ",,,", *rows]) + "\n"


def make_dlcanalyzer() -> str:
    rows = [f"m_Jin.json;Jin;{start / 10};{stop / 10};{name};mouse_1;mouse_1DeepCut.csv" for start, stop, name in IN_ORDER]
    return "\n".join(["file;Experimenter;from;to;type;ID;DLCFile", *rows]) + "\n"


@dataclass(frozen=True)
class Case:
    """A format, and the labels above written in it."""

    format: str
    make: Callable[[], str]
    suffix: str = ".csv"
    has_cells: bool = True
    in_seconds: bool = False
    is_foreign: bool = True


CASES = (
    Case("frame table", make_frame_table, is_foreign=False),
    Case("bout table", make_bout_table, in_seconds=True, is_foreign=False),
    Case("BORIS project", make_project, ".boris", has_cells=False, in_seconds=True),
    Case("BORIS tabular events", make_old_tabular, in_seconds=True),
    Case("BORIS tabular events", make_new_tabular, in_seconds=True),
    Case("BORIS aggregated events", make_aggregated, in_seconds=True),
    Case("DeepEthogram labels", make_deepethogram),
    Case("SimBA targets_inserted", make_simba),
    Case("Caltech Behavior Annotator", make_caltech, ".txt", has_cells=False),
    Case("Bento annotation", make_bento, ".annot", has_cells=False),
    Case("Solomon Coder", make_solomon, in_seconds=True),
    Case("sheet of x marks", make_marks),
    Case("DLCAnalyzer labels", make_dlcanalyzer, in_seconds=True),
)


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def write_sheet(path: Path, text: str, delimiter: str = ",") -> Path:
    """Write the cells of `text` as a spreadsheet, numbers as numbers."""
    book = openpyxl.Workbook()
    sheet = book.active
    for line in text.splitlines():
        cells: list[Any] = []
        for cell in line.split(delimiter):
            try:
                cells.append(float(cell))
            except ValueError:
                cells.append(cell or None)
        sheet.append(cells)
    book.save(path)
    return path


def make_request(
    behaviors: Sequence[str],
    *,
    n_frames: int,
    time_s: np.ndarray | None = None,
    broke_off: bool = False,
    called: Sequence[str] = (),
    ignored: Sequence[str] = (),
    **options: Any,
) -> LabelRequest:
    frames = Frames(n_frames, time_s, broke_off)
    return LabelRequest(tuple(behaviors), frames, ignored=frozenset(ignored), recording_names=tuple(called), **options)


def read(path: Path, behaviors: tuple[str, ...] = NAMES, **options: Any) -> tuple[np.ndarray, list[str]]:
    labels, notes = read_labels(path, make_request(behaviors, **{"n_frames": N_FRAMES, "time_s": TIME_S, **options}))
    assert labels.behaviors == behaviors
    return labels.values, notes


def name_case(case: Case) -> str:
    return f"{case.format}-{case.make.__name__}"


@pytest.mark.parametrize("case", CASES, ids=name_case)
class TestEveryImporter:
    """The contract of all importers."""

    def test_tells_the_format_and_the_behaviors_by_content(self, case: Case, tmp_path: Path) -> None:
        path = write(tmp_path / f"labels{case.suffix}", case.make())
        assert recognise_labels(path) == case.format
        assert is_label_file(path)
        assert set(list_behaviors(path)) == set(NAMES)
        assert case.suffix in LABEL_SUFFIXES

    def test_reads_the_labels(self, case: Case, tmp_path: Path) -> None:
        values, notes = read(write(tmp_path / "labels.txt", case.make()))
        np.testing.assert_array_equal(values, VALUES)
        assert all("2 rows below the names" in note for note in notes)

    def test_a_mapping_renames_and_joins(self, case: Case, tmp_path: Path) -> None:
        path = write(tmp_path / f"labels{case.suffix}", case.make())
        values, _ = read(path, ("wall", "grooming"), mapping={"Supported": "wall", "Grooming": "grooming"})
        np.testing.assert_array_equal(values, VALUES[:, ::-1])
        values, notes = read(path, ("moving",), mapping={"Supported": "moving", "Grooming": "moving"})
        np.testing.assert_array_equal(values[:, 0], VALUES.max(axis=1))
        assert not any("left out" in note or "overlap" in note for note in notes)

    def test_what_is_not_mapped_is_listed_unless_it_is_ignored(self, case: Case, tmp_path: Path) -> None:
        path = write(tmp_path / f"labels{case.suffix}", case.make())
        values, notes = read(path, ("wall",), mapping={"Supported": "wall"})
        np.testing.assert_array_equal(values[:, 0], VALUES[:, 1])
        assert any("does not name are left out" in note and "Grooming" in note for note in notes)
        _, notes = read(path, ("wall",), mapping={"Supported": "wall"}, ignored=["Grooming"])
        assert not any("Grooming" in note for note in notes)

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
    @pytest.mark.parametrize("line_end", ["\n", "\r\n"])
    def test_reads_other_encodings_and_line_ends(self, case: Case, encoding: str, line_end: str, tmp_path: Path) -> None:
        text = case.make().replace("Grooming", "Säubern").replace("\n", line_end)
        values, _ = read(write(tmp_path / f"labels{case.suffix}", text, encoding), ("Säubern", "Supported"))
        np.testing.assert_array_equal(values, VALUES)

    def test_labels_of_a_longer_video_are_refused(self, case: Case, tmp_path: Path) -> None:
        path = write(tmp_path / f"labels{case.suffix}", case.make())
        with pytest.raises(LabelError, match="another video"):
            read(path, n_frames=15, time_s=TIME_S[:15])
        values, notes = read(path, n_frames=15, time_s=TIME_S[:15], policies=LabelPolicies(out_of_range="warn"))
        np.testing.assert_array_equal(values, VALUES[:15])
        assert any("after its end" in note or "after its last frame" in note for note in notes)
        np.testing.assert_array_equal(read(path, n_frames=15, time_s=TIME_S[:15], broke_off=True)[0], VALUES[:15])

    def test_cut_anywhere_it_is_read_or_refused(self, case: Case, tmp_path: Path) -> None:
        content = case.make().encode()
        path = tmp_path / f"labels{case.suffix}"
        for end in range(0, len(content), max(1, len(content) // 25)):
            path.write_bytes(content[:end])
            try:
                values, _ = read(path, policies=LabelPolicies(unterminated="warn"))
            except LabelError as error:
                assert str(path) in str(error)
                assert str(error)[-1] in ".?)"
            else:
                assert values.shape == VALUES.shape

    def test_an_empty_file_is_refused(self, case: Case, tmp_path: Path) -> None:
        for content in ("", "\n\n", " \n\t\n"):
            path = write(tmp_path / f"labels{case.suffix}", content)
            assert not is_label_file(path)
            with pytest.raises(LabelError, match="is empty"):
                read(path)


@pytest.mark.parametrize("case", [case for case in CASES if case.has_cells], ids=name_case)
class TestEveryTable:
    """What importers of tables promise beside."""

    @pytest.mark.parametrize(("delimiter", "comma"), [(",", False), (";", False), ("\t", False), (";", True), ("\t", True)])
    def test_reads_other_delimiters_and_decimal_commas(self, case: Case, delimiter: str, comma: bool, tmp_path: Path) -> None:
        old = ";" if case.format.startswith("DLC") else ","
        text = "\n".join(
            delimiter.join(cell.replace(".", ",") if comma and cell.replace(".", "").isdigit() else cell for cell in line.split(old))
            for line in case.make().replace("10.000;10.000", "10.000").splitlines()
        )
        np.testing.assert_array_equal(read(write(tmp_path / "labels.csv", text))[0], VALUES)

    def test_headers_may_have_spaces_and_other_case(self, case: Case, tmp_path: Path) -> None:
        old = ";" if case.format.startswith("DLC") else ","
        lines = case.make().splitlines()
        place = next((number for number, line in enumerate(lines) if "Behavioral category" in line), 0)
        lines[place] = old.join(cell if cell in NAMES else f" {cell.upper()}  " for cell in lines[place].split(old))
        np.testing.assert_array_equal(read(write(tmp_path / "labels.csv", "\n".join(lines)))[0], VALUES)

    def test_a_spreadsheet_of_the_same_cells_reads_alike(self, case: Case, tmp_path: Path) -> None:
        path = write_sheet(tmp_path / "labels.xlsx", case.make(), ";" if case.format.startswith("DLC") else ",")
        assert recognise_labels(path) == case.format
        np.testing.assert_array_equal(read(path)[0], VALUES)


@pytest.mark.parametrize("case", [case for case in CASES if case.in_seconds], ids=name_case)
class TestEveryFormatInSeconds:
    """What importers of times promise beside."""

    def test_frames_are_those_of_the_videos_own_stamps(self, case: Case, tmp_path: Path) -> None:
        # Every other frame was dropped after the first second.
        kept = np.concatenate((np.arange(10), np.arange(10, N_FRAMES, 2)))
        path = write(tmp_path / f"labels{case.suffix}", case.make())
        values, _ = read(path, n_frames=len(kept), time_s=TIME_S[kept])
        np.testing.assert_array_equal(values, VALUES[kept])
        if case.format not in ("bout table",):
            with pytest.raises(LabelError, match="the times of the frames are unknown"):
                read(path, time_s=None)


@pytest.mark.parametrize("case", [case for case in CASES if case.format != "bout table"], ids=name_case)
def test_a_file_without_any_known_name_is_refused(case: Case, tmp_path: Path) -> None:
    path = write(tmp_path / f"labels{case.suffix}", case.make())
    with pytest.raises(LabelError, match=r"Grooming.*Supported|Supported.*Grooming") as caught:
        read(path, ("sniffing",))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("case", [case for case in CASES if case.has_cells and not case.format.startswith("BORIS")], ids=name_case)
def test_a_column_that_is_there_twice_is_refused(case: Case, tmp_path: Path) -> None:
    old = ";" if case.format.startswith("DLC") else ","
    lines = case.make().splitlines()
    text = "\n".join(line + old + line.split(old)[-1] for line in lines)
    with pytest.raises(LabelError, match="line 1 has two columns named"):
        read(write(tmp_path / "labels.csv", text))


def test_every_format_has_a_case() -> None:
    assert {case.format for case in CASES} == {label_format.name for label_format in LABEL_FORMATS}


def test_settings_and_importer_have_the_same_policies() -> None:
    assert LabelPolicies(**LabelFiles().dump_policies()) == LabelPolicies()


# --- what makes no sense ---------------------------------------------------------------------------------------------------------------


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
def test_bouts_that_make_no_sense(tmp_path: Path, policy: str, rows: list[str], frames: list[int], error: str, note: str) -> None:
    path = write_bouts(tmp_path, *rows)
    with pytest.raises(LabelError, match=error) as caught:
        read(path, ("a",), n_frames=10, time_s=None, policies=LabelPolicies(**{policy: "error"}))
    assert f"{policy}: warn" in str(caught.value)
    values, notes = read(path, ("a",), n_frames=10, time_s=None, policies=LabelPolicies(**{policy: "warn"}))
    assert np.flatnonzero(values[:, 0]).tolist() == list(frames)
    assert any(note in found for found in notes)


@pytest.mark.parametrize(
    ("events", "frames", "error"),
    [
        ([(0.5, "START")], range(5, 40), "event 1: 'Grooming' starts without a stop"),
        ([(0.5, "START"), (1.0, "STOP"), (2.0, "START")], [*range(5, 10), *range(20, 40)], "event 3: 'Grooming' starts without"),
    ],
)
def test_a_start_without_a_stop_in_a_project(tmp_path: Path, events: list[tuple[float, str]], frames: Any, error: str) -> None:
    path = write(
        tmp_path / "a.boris", make_project(observations={"o": make_observation([[at, "", "Grooming", "", ""] for at, _ in events])})
    )
    with pytest.raises(LabelError, match=error):
        read(path, ("Grooming",))
    values, notes = read(path, ("Grooming",), policies=LabelPolicies(unterminated="warn"))
    assert np.flatnonzero(values[:, 0]).tolist() == list(frames)
    assert any("until the observation ends" in note for note in notes)


def test_starts_and_stops_without_their_other_end_in_a_table(tmp_path: Path) -> None:
    header = "Time,Subject,Behavior,Status"
    path = write(tmp_path / "a.csv", f"{header}\n0.2,,a,STOP\n0.5,,a,START\n1.0,,a,START\n1.2,,a,STOP\n")
    with pytest.raises(LabelError, match=r"line 2: 'a' stops without a start; .*unterminated: warn"):
        read(path, ("a",))
    values, notes = read(path, ("a",), policies=LabelPolicies(unterminated="warn"))
    assert np.flatnonzero(values[:, 0]).tolist() == list(range(5, 12))
    assert ["line 2" in note or "line 4: 'a' starts again without a stop since line 3" in note for note in notes] == [True, True]


# --- BORIS -----------------------------------------------------------------------------------------------------------------------------


def test_the_observation_is_chosen_by_name_video_or_setting(tmp_path: Path) -> None:
    grooming = [[0.1, "", "Grooming", "", ""], [0.2, "", "Grooming", "", ""]]
    others = {
        f"day {number}": make_observation(
            [[number, "", "Grooming", "", ""], [number + 0.1, "", "Grooming", "", ""]], file={"1": [f"C:\\lab\\Mouse {number}.avi"]}
        )
        for number in (1, 2)
    }
    path = write(tmp_path / "a.boris", make_project(observations={**others, "day 3": make_observation(grooming)}))
    assert list_observations(path) == ("day 1", "day 2", "day 3")
    for options, frame in [
        ({"called": ["mouse_2.mp4", "x"]}, 20),
        ({"called": ["x.mp4", "day_1"]}, 10),
        ({"observation": "Day 3"}, 1),
        ({"observation": "day 1", "called": ["mouse_2.mp4"]}, 10),
    ]:
        values, notes = read(path, ("Grooming",), **options)
        assert np.flatnonzero(values[:, 0]).tolist() == [frame]
        assert not any("see that" in note for note in notes)
    for options, sentence in [
        ({}, r"holds 3 observations: 'day 1' \(Mouse 1.avi\), 'day 2' \(Mouse 2.avi\), 'day 3' \(mouse_1.mp4\); say in the study"),
        ({"called": ["other.mp4"]}, "holds 3 observations and none names 'other.mp4'"),
        ({"observation": "day 4"}, "has no observation 'day 4', only .* did you mean"),
        ({"called": ["mouse_1.mp4"]}, "2 observations fit 'mouse_1.mp4'"),
    ]:
        with pytest.raises(LabelError, match=sentence):
            read(path, ("Grooming",), **options)


def test_one_observation_of_another_video_is_read_with_a_note(tmp_path: Path) -> None:
    path = write(tmp_path / "a.boris", make_project())
    values, notes = read(path, called=["cage_7.mp4"])
    np.testing.assert_array_equal(values, VALUES)
    assert ["is about mouse_1.mp4, and is read for cage_7.mp4" in note for note in notes] == [True]


def test_frames_outside_the_observation_are_unlabelled(tmp_path: Path) -> None:
    expected = VALUES.copy()
    expected[:5] = -1
    expected[30:] = -1
    path = write(tmp_path / "a.boris", make_project(**{"observation time interval": [0.5, 3.0]}))
    values, notes = read(path)
    np.testing.assert_array_equal(values, expected)
    assert any("2 frames of 'Grooming' lie outside" in note for note in notes)
    assert any("15 of 40 frames lie outside the observed spans" in note for note in notes)
    # A file that is shorter than the video was not watched behind its end.
    media = {"length": {"mouse_1.mp4": 3.0}, "offset": {"1": 0.0}}
    expected[:5] = VALUES[:5]
    np.testing.assert_array_equal(read(write(path, make_project(media_info=media)))[0], expected)
    # A frame or two are how such lengths are measured.
    media["length"]["mouse_1.mp4"] = 3.9
    np.testing.assert_array_equal(read(write(path, make_project(media_info=media)))[0], VALUES)


def test_time_offsets_players_and_videos_in_a_row(tmp_path: Path) -> None:
    events = [[at / 10, "", name, "", ""] for start, stop, name in IN_ORDER for at in (start, stop)]
    shifted = [[event[0] + 100, *event[1:]] for event in events]
    path = write(tmp_path / "a.boris", make_project(observations={"o": make_observation(shifted, **{"time offset": 100.0})}))
    np.testing.assert_array_equal(read(path)[0], VALUES)
    late = [[event[0] + 2.5, *event[1:]] for event in events]
    media = {"length": {"front.mp4": 2.5, "mouse_1.mp4": 4.0, "top.mp4": 4.0}, "offset": {"1": 0.0, "2": 2.5}}
    files = {"1": ["front.mp4", "mouse_1.mp4"], "2": ["top.mp4"]}
    in_front = [[0.5, "", "Supported", "", ""], [1.0, "", "Supported", "", ""]]
    observation = make_observation(in_front + late, file=files, media_info=media)
    path = write(tmp_path / "b.boris", make_project(observations={"o": observation}))
    values, notes = read(path, called=["mouse_1.mp4"])
    np.testing.assert_array_equal(values, VALUES)
    assert any("covers 2 videos; events on mouse_1.mp4 are read" in note for note in notes)
    values, _ = read(path, called=["front.avi"], n_frames=25, time_s=TIME_S[:25])
    assert np.flatnonzero(values[:, 1]).tolist() == list(range(5, 10))
    assert not values[:, 0].any()
    with pytest.raises(LabelError, match="'Supported' starts 20 frames before the video does"):
        read(path, called=["top.mp4"])
    with pytest.raises(LabelError, match="covers 2 videos one after the other"):
        read(path, called=["else.mp4"])


def test_subjects_are_not_mixed_by_accident(tmp_path: Path) -> None:
    events = [[0.1, "a", "Grooming", "", ""], [0.2, "", "Grooming", "", ""], [0.3, "a", "Grooming", "", ""], [0.5, "", "Grooming", "", ""]]
    path = write(tmp_path / "a.boris", make_project(observations={"o": make_observation(events)}))
    with pytest.raises(LabelError, match=r"holds bouts of 'a', 'No focal subject'; say in the study file .* whose count"):
        read(path, ("Grooming",))
    for subject, frames in [("A", [1, 2]), ("no focal subject", [2, 3, 4]), ("*", [1, 2, 3, 4])]:
        values, _ = read(path, ("Grooming",), subject=subject)
        assert np.flatnonzero(values[:, 0]).tolist() == frames
    with pytest.raises(LabelError, match="has no bouts of the subject 'b', only of a, No focal subject"):
        read(path, ("Grooming",), subject="b")
    # Where nobody's name was coded, there is only one.
    np.testing.assert_array_equal(read(write(path, make_project()), subject="b")[0], VALUES)


def test_modifiers_count_where_they_are_mapped(tmp_path: Path) -> None:
    events = [
        [at, "", "Grooming", modifier, ""]
        for modifier, span in (("face|left", (0.1, 0.3)), ("None", (0.5, 0.7)), ("body", (0.9, 1.0)))
        for at in span
    ]
    path = write(tmp_path / "a.boris", make_project(observations={"o": make_observation(events)}))
    assert list_behaviors(path) == ("Grooming",)
    values, notes = read(path, ("Grooming",))
    assert (np.flatnonzero(values[:, 0]).tolist(), notes) == ([1, 2, 5, 6, 9], [])
    values, _ = read(path, ("Grooming", "face"), mapping={"Grooming|face|left": "face"})
    assert [np.flatnonzero(column).tolist() for column in values.T] == [[5, 6, 9], [1, 2]]
    values, notes = read(path, ("face",), mapping={"Grooming|face|left": "face"})
    assert np.flatnonzero(values[:, 0]).tolist() == [1, 2]
    assert notes[0].endswith("left out: Grooming, Grooming|body.")


def test_point_events_mark_a_frame(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.boris", make_project(observations={"o": make_observation([[0.25, "", "Jump", "", ""], [0.9, "", "Jump", "", ""]])})
    )
    values, notes = read(path, ("Jump",))
    assert np.flatnonzero(values[:, 0]).tolist() == [2, 9]
    assert "2 point events have no duration, the first is event 1: 'Jump'; each marks one frame." in notes[0]
    values, _ = read(path, ("Jump",), policies=LabelPolicies(point_events="leave_out"))
    assert not values.any()
    with pytest.raises(LabelError, match="event 1: 'Jump' is a point event"):
        read(path, ("Jump",), policies=LabelPolicies(point_events="error"))


def test_observations_of_images_count_images(tmp_path: Path) -> None:
    events = [[None, "", "Grooming", "", "", 4, "a.jpg"], ["NA", "", "Grooming", "", "", 9, "b.jpg"]]
    path = write(tmp_path / "a.boris", make_project(observations={"o": make_observation(events, type="IMAGES", file={})}))
    assert np.flatnonzero(read(path, ("Grooming",), time_s=None)[0][:, 0]).tolist() == list(range(3, 8))
    rows = ["o,,,,,,,,,,a,,,START,NA,NA,4,a.jpg,", "o,,,,,,,,,,a,,,STOP,NA,NA,9,b.jpg,"]
    path = write(tmp_path / "a.csv", "\n".join([NEW_HEADER, *rows]))
    assert np.flatnonzero(read(path, ("a",), time_s=None)[0][:, 0]).tolist() == list(range(3, 8))


@pytest.mark.parametrize(
    ("project", "sentence"),
    [
        (make_project()[:-30], "line .* is not JSON"),
        ('{"project_format_version": "7.0", "observations": [1]}', "'observations' is"),
        ('{"observations": {"o": 3}}', "observation 'o' is '3'"),
        ('{"observations": {}}', "holds no observation"),
        ('{"observations": {"o": {"events": [[1]]}}}', "event 1 of observation 'o' is"),
        ('{"observations": {"o": {"events": [["x", "", "a"]]}}}', "event 1 of observation 'o' has 'x' as time, expected a number"),
        ('{"observations": {"o": {"events": [[1e999, "", "a"]]}}}', "event 1 of observation 'o' has 'inf' as time, expected a number"),
        ('{"observations": {"o": {"events": [[true, "", "a"]]}}}', "event 1 of observation 'o' has 'True' as time, expected a number"),
        ('{"observations": {"o": {"events": [[NaN, "", "a"]]}}}', "neither a time nor an image"),
        ('{"observations": {"o": {"events": [[1, "", "a"]]}}}', "'a', which the project's ethogram does not have"),
        ('{"observations": ' + "[" * 100_000, "cannot be read as JSON|is not JSON"),
        ('{"observations": {"o": {"time offset": ' + "9" * 5000 + "}}}", "cannot be read as JSON"),
    ],
)
def test_projects_that_make_no_sense(tmp_path: Path, project: str, sentence: str) -> None:
    path = write(tmp_path / "a.boris", project)
    with pytest.raises(LabelError, match=sentence) as caught:
        read(path, ("a",))
    assert str(path) in str(caught.value)


def test_several_observations_and_preambles_in_one_table(tmp_path: Path) -> None:
    other = make_new_tabular(observation="second").splitlines()[1:]
    path = write(tmp_path / "a.csv", make_new_tabular() + "\n".join(other).replace("mouse_1", "mouse_2").replace("0.300", "0.000"))
    assert list_observations(path) == ("first", "second")
    np.testing.assert_array_equal(read(path, called=["mouse_1.mp4"])[0], VALUES)
    assert read(path, called=["mouse_2.mp4"])[0][:8, 0].tolist() == [1] * 8
    second = make_old_tabular().replace("first", "second").replace("mouse_1", "mouse_2").replace("0.300", "0.000")
    path = write(tmp_path / "b.csv", make_old_tabular() + second)
    assert list_observations(path) == ("first", "second")
    assert read(path, observation="second")[0][:8, 0].tolist() == [1] * 8
    with pytest.raises(LabelError, match="holds 2 observations"):
        read(path)
    with pytest.raises(LabelError, match="ends before the events of 'second', so it is cut short"):
        read(write(path, make_old_tabular() + "\n".join(second.splitlines()[:4])))


def test_time_offsets_in_tables(tmp_path: Path) -> None:
    text = make_old_tabular().replace("Time offset (s),0.0", "Time offset (s),-0.1")
    assert np.flatnonzero(read(write(tmp_path / "a.csv", text))[0][:, 1]).tolist() == [11, 12, 13, 14]
    text = make_new_tabular().replace(",0.0,4.000,", ",0.1,4.000,")
    assert np.flatnonzero(read(write(tmp_path / "a.csv", text))[0][:, 1]).tolist() == [9, 10, 11, 12]


def test_rows_of_tables_that_make_no_sense(tmp_path: Path) -> None:
    for row, sentence in [
        ("x,,a,START", "line 2 has 'x' as time, expected seconds"),
        ("1.0,,,START", "line 2 names no behavior"),
        ("NA,,a,START", "line 2 has neither a time nor an image index"),
        ("1.0,,a,BEGIN", "line 2 is of the type 'BEGIN'"),
        ("nan,,a,START", "line 2 has neither a time"),
        ("1e400,,a,START", "line 2 has '1e400' as time"),
    ]:
        with pytest.raises(LabelError, match=sentence):
            read(write(tmp_path / "a.csv", f"Time,Subject,Behavior,Status\n{row}\n"), ("a",))


def test_times_may_be_written_as_hours_minutes_and_seconds(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Time,Subject,Behavior,Status\n00:00:01.5,,a,START\n0:02,,a,STOP\n")
    assert np.flatnonzero(read(path, ("a",))[0][:, 0]).tolist() == list(range(15, 20))


def test_the_second_video_of_a_table_needs_lengths(tmp_path: Path) -> None:
    rows = [make_aggregated().splitlines()[1].replace("mouse_1.mp4,4.000", f"{name},9.000") for name in ("front.mp4", "mouse_1.mp4")]
    rows[1] = rows[1].replace("0.300,0.800", "5.300,5.800")
    path = write(tmp_path / "a.csv", "\n".join([AGGREGATED_HEADER, *rows]))
    values, _ = read(path, ("Grooming",), called=["mouse_1.mp4"])
    assert np.flatnonzero(values[:, 0]).tolist() == list(range(3, 8))
    path = write(tmp_path / "b.csv", "\n".join([AGGREGATED_HEADER, rows[1]]))
    with pytest.raises(LabelError, match=r"the observation lasts 9 s, the video 4\.0 s: .* give the BORIS project"):
        read(path, ("Grooming",), called=["mouse_1.mp4"])


# --- other tools -----------------------------------------------------------------------------------------------------------------------


def test_bento_counts_frames_as_its_header_says(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read(write(tmp_path / "a.annot", make_bento(in_frames=True)), time_s=None)[0], VALUES)
    expected = VALUES.copy()
    expected[:4] = -1
    expected[30:] = -1
    values, notes = read(write(tmp_path / "a.annot", make_bento(start_frame=5, stop_frame=30)))
    np.testing.assert_array_equal(values, expected)
    assert any("14 of 40 frames lie outside the observed spans" in note for note in notes)
    # A file without the line that names its channel says the same.
    np.testing.assert_array_equal(read(write(tmp_path / "a.annot", make_bento().replace("Ch1----------", "")))[0], VALUES)
    values, notes = read(write(tmp_path / "a.annot", make_bento().partition("Ch1-")[0]))
    assert not values.any()
    assert notes == [f"{tmp_path / 'a.annot'}: holds no bouts, so no behavior was shown while it was observed."]
    # At another rate than the video's, times count.
    values, notes = read(write(tmp_path / "a.annot", make_bento()), n_frames=80, time_s=np.arange(80) / 20)
    np.testing.assert_array_equal(values, np.repeat(VALUES, 2, axis=0))
    assert any("10 per second, the video has 20" in note for note in notes)


def test_channels_and_streams_of_one_behavior_are_not_mixed_by_accident(tmp_path: Path) -> None:
    text = make_bento() + "Ch2----------\n>Grooming\nStart\t Stop\t Duration \n0.1\t0.2\t0.2\n\n"
    path = write(tmp_path / "a.annot", text)
    with pytest.raises(LabelError, match="holds bouts of 'Ch1', 'Ch2'"):
        read(path)
    np.testing.assert_array_equal(read(path, subject="ch1")[0], VALUES)
    assert np.flatnonzero(read(path, subject="Ch2")[0].any(axis=1)).tolist() == [0, 1]
    # Streams of different behaviors go together.
    second = "S2:\tstart\tend\ttype\n-----\n\t1\t30\tbase\n\t31\t40\tClinch\n"
    values, _ = read(write(tmp_path / "a.txt", make_caltech() + second), (*NAMES, "Clinch"))
    np.testing.assert_array_equal(values[:, :2], VALUES)
    assert np.flatnonzero(values[:, 2]).tolist() == list(range(30, 40))


def test_frames_that_no_row_of_a_stream_covers_are_unlabelled(tmp_path: Path) -> None:
    text = make_caltech().replace("\t26\t40\tbase", "\t26\t35\tbase")
    values, _ = read(write(tmp_path / "a.txt", text))
    np.testing.assert_array_equal(values[:35], VALUES[:35])
    assert (values[35:] == -1).all()
    with pytest.raises(LabelError, match=r"line 11 holds .* expected first frame"):
        read(write(tmp_path / "a.txt", make_caltech().replace("   \t4\t8\tGrooming", "   \t4\teight\tGrooming")))


def test_unlabelled_frames_of_deepethogram_stay_so(tmp_path: Path) -> None:
    lines = make_deepethogram().splitlines()
    lines[1:4] = [f"{frame},-1,-1,-1" for frame in range(3)]
    expected = VALUES.copy()
    expected[:3] = -1
    path = write(tmp_path / "a.csv", "\n".join(lines))
    values, notes = read(path)
    np.testing.assert_array_equal(values, expected)
    assert (notes, list_behaviors(path), count_label_frames(path, NAMES)) == ([], NAMES, N_FRAMES)
    assert read(path, ("rest",), mapping={"background": "rest"})[0][3:9, 0].tolist() == [0, 0, 0, 0, 0, 1]


def test_samples_that_solomon_left_out_are_unlabelled(tmp_path: Path) -> None:
    lines = make_solomon(with_light=True).splitlines()
    path = write(tmp_path / "a.csv", "\n".join([*lines[:5], *lines[11:]]))
    expected = VALUES.copy()
    expected[4:10] = -1
    values, notes = read(path, ignored=["Light|On"])
    np.testing.assert_array_equal(values, expected)
    assert any("1 gaps" in note for note in notes)
    _, notes = read(write(path, make_solomon(with_light=True)))
    assert notes == [f"{path}: behaviors that the study does not name are left out: Light."]
    assert read(path, ("lit", *NAMES), mapping={"Light|On": "lit"})[0][:, 0].all()
    with pytest.raises(LabelError, match=r"line 4 has '0\.1' as time, expected increasing seconds"):
        read(write(path, "Time,Behaviour\n0,a\n0.1,a\n0.1,a\n"), ("a",))


def test_tables_of_many_recordings_and_raters(tmp_path: Path) -> None:
    lines = make_dlcanalyzer().splitlines()
    others = [line.replace("Jin", "Oliver").replace(";0.3;", ";0.5;") for line in lines[1:]]
    third = [line.replace("mouse_1", "mouse_2") for line in lines[1:2]]
    path = write(tmp_path / "all.csv", "\n".join([*lines, *others, *third]))
    assert list_observations(path) == ("mouse_1", "mouse_2")
    np.testing.assert_array_equal(read(path, called=["mouse_1.mp4"], rater="jin")[0], VALUES)
    assert np.flatnonzero(read(path, called=["mouse_1"], rater="Oliver")[0][:10, 0]).tolist() == [5, 6, 7]
    assert np.flatnonzero(read(path, called=["mouse_2"], rater="labels")[0][:, 0]).tolist() == [3, 4, 5, 6, 7]
    for rater, sentence in [(None, "by 'Jin', 'Oliver'; name the file"), ("Furkan", "by 'Jin', 'Oliver', and none is 'Furkan'")]:
        with pytest.raises(LabelError, match=sentence):
            read(path, called=["mouse_1"], rater=rater)


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


def test_features_of_simba_are_no_behaviors(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", make_simba())
    assert list_behaviors(path) == NAMES
    with pytest.raises(LabelError, match="has no column 'sniffing', only Grooming, Supported"):
        read(path, ("sniffing",))
    with pytest.raises(LabelError, match=r"line 3, column 'speed' holds '1\.5'"):
        read(path, ("speed",))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_headings_of_a_marked_sheet_are_told_without_a_frame_column(tmp_path: Path, kind: str) -> None:
    marks = [["x" if shown else "" for shown in row] for row in VALUES.tolist()]
    for headings in ([["", "below", "wall"], ["s", "", ""]], [["", "", ""]] * 2, []):
        rows = [["Time", "Grooming", "Supported"], *headings, *([str(frame / 10), *row] for frame, row in enumerate(marks))]
        text = "\n".join(map(",".join, rows))
        path = write(tmp_path / "a.csv", text) if kind == "csv" else write_sheet(tmp_path / "a.xlsx", text)
        assert recognise_labels(path) == "sheet of x marks"
        np.testing.assert_array_equal(read(path)[0], VALUES)
    # Where nothing else counts rows, their number does.
    for rows, headings in [(marks[:25], [["", ""]] * 2), (marks[:25], []), (marks[:24], [])]:
        path = write_sheet(tmp_path / "b.xlsx", "\n".join(map(",".join, [["Grooming", "Supported"], *headings, *rows])))
        values, notes = read(path, n_frames=25, time_s=None)
        assert values[: len(rows)].tolist() == VALUES[: len(rows)].tolist()
        assert (values[len(rows) :] == -1).all()
        assert any(f"row {len(headings) + 2} is taken for frame 0" in note for note in notes)


def test_marks_that_are_none_are_named(tmp_path: Path) -> None:
    lines = make_marks().splitlines()
    lines[20] = "17,,maybe,"
    path = write(tmp_path / "a.csv", "\n".join(lines))
    with pytest.raises(LabelError, match="has no column 'sniffing', only Supported with marks"):
        read(path, ("sniffing",))
    with pytest.raises(LabelError, match=r"line 21, column 'Grooming' holds 'maybe', expected x or nothing"):
        read(path)
    lines[20] = "17,,x"
    with pytest.raises(LabelError, match="line 21 has 3 cells, expected 4 as in the header"):
        read(write(path, "\n".join(lines)))
    lines[20] = "seventeen,,,"
    with pytest.raises(LabelError, match="line 21 holds 'seventeen' as frame"):
        read(write(path, "\n".join(lines)))


# --- spreadsheets ----------------------------------------------------------------------------------------------------------------------


def test_formulas_count_as_their_stored_value(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["behavior", "start_frame", "stop_frame"])
    book.active.append(["a", 2, "=B2+3"])
    book.save(path)
    with pytest.raises(LabelError, match="row 2, column C holds a formula without a stored value"):
        read(path, ("a",))
    assert not is_label_file(path)
    store_values(path, b"<f>B2+3</f><v />", b"<f>B2+3</f><v>5</v>")
    assert np.flatnonzero(read(path, ("a",))[0][:, 0]).tolist() == [2, 3, 4]


def store_values(path: Path, old: bytes, new: bytes) -> None:
    """Put what a spreadsheet program would have computed into the first sheet."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert old in members[sheet]
    members[sheet] = members[sheet].replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_sheets_that_claim_too_much_or_are_damaged(tmp_path: Path) -> None:
    path = write_sheet(tmp_path / "a.xlsx", make_frame_table())
    store_values(path, b'<row r="41"', b'<row r="99999999"')
    store_values(path, b'r="A41"', b'r="A99999999"')
    with pytest.raises(LabelError, match="more rows or columns than a spreadsheet can"):
        read(path)
    whole = write_sheet(tmp_path / "b.xlsx", make_frame_table()).read_bytes()
    for end in range(4, len(whole), len(whole) // 6):
        path.write_bytes(whole[:end])
        with pytest.raises(LabelError, match="cannot be read as a spreadsheet"):
            read(path)
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100))
    with pytest.raises(LabelError, match=r"before \.xlsx"):
        read(path)


def test_further_sheets_are_named(tmp_path: Path) -> None:
    path = write_sheet(tmp_path / "a.xlsx", make_frame_table())
    book = openpyxl.load_workbook(path)
    book.create_sheet("empty")
    book.create_sheet("plans").append(["x"])
    book.save(path)
    values, notes = read(path)
    np.testing.assert_array_equal(values, VALUES)
    assert notes == [f"{path}: sheet 'Sheet' is read; there is more in 'plans'."]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("case", [case for case in CASES if case.has_cells], ids=name_case)
def test_titles_and_remarks_may_stand_above_a_table(case: Case, tmp_path: Path, kind: str) -> None:
    delimiter = ";" if case.format.startswith("DLC") else ","
    text = f"Experiment of May{delimiter}\nObserver{delimiter}Anna\n\n" + case.make()
    path = write(tmp_path / "a.csv", text) if kind == "csv" else write_sheet(tmp_path / "a.xlsx", text, delimiter)
    assert recognise_labels(path) == case.format
    assert set(list_behaviors(path)) == set(NAMES)
    values, notes = read(path)
    np.testing.assert_array_equal(values, VALUES)
    if not case.format.startswith("BORIS"):
        place = "line" if kind == "csv" else "row"
        assert f"{path}: {place} 4 is taken for the header; the rows above it are left out." in notes


def test_merged_cells_count_for_each_of_their_rows(tmp_path: Path) -> None:
    rows = [["Frame", "Grooming", "Supported"], *([frame, None, None] for frame in range(N_FRAMES))]
    for name, mark, cells in [("x marks", "x", None), ("frame table", 1, 0)]:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append([row[0], *(cell if cell is not None or row is rows[0] else cells for cell in row[1:])])
        for column, bouts in zip("BC", BOUTS.values(), strict=True):
            for start, stop in bouts:
                for row in range(start + 2, stop + 2):
                    book.active[f"{column}{row}"] = None
                book.active[f"{column}{start + 2}"] = mark
                book.active.merge_cells(f"{column}{start + 2}:{column}{stop + 1}")
        path = tmp_path / f"{name}.xlsx"
        book.save(path)
        assert name in recognise_labels(path)
        values, notes = read(path)
        np.testing.assert_array_equal(values, VALUES)
        assert f"{path}: has merged cells; their content counts for each of their rows." in notes
    # A behavior that is written once beside its bouts.
    book = openpyxl.Workbook()
    for row in [["behavior", "start_frame", "stop_frame"], ["Grooming", 3, 8], [None, 20, 25], ["Supported", 10, 14]]:
        book.active.append(row)
    book.active.merge_cells("A2:A3")
    book.save(path)
    np.testing.assert_array_equal(read(path)[0], VALUES)


def test_the_sheet_with_labels_is_found_and_one_called_like_the_recording_goes_first(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "Info"
    book.active.append(["who", "when"])
    for name, shift in (("mouse 1", 0), ("mouse 2", 2)):
        sheet = book.create_sheet(name)
        sheet.append(["behavior", "start_frame", "stop_frame"])
        for start, stop, behavior in IN_ORDER:
            sheet.append([behavior, start + shift, stop + shift])
    book.save(path)
    assert recognise_labels(path) == "bout table"
    assert list_observations(path) == ("mouse 1", "mouse 2")
    for called, shift in [(["mouse_2.mp4", "x"], 2), (["m", "mouse_1"], 0), (["other"], 0)]:
        values, notes = read(path, called=called)
        np.testing.assert_array_equal(values, np.roll(VALUES, shift, axis=0))
        assert notes[0].startswith(f"{path}: sheet 'mouse {1 + shift // 2}' is read; there is more in 'Info', 'mouse")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet" + bytes(50),
            r"is an OpenDocument file \(\.ods\)",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), r"is a spreadsheet in the format before \.xlsx, or one with a password"),
        (gzip.compress(make_project().encode()), r"is compressed \(\.gz\)"),
        (b"%PDF-1.7 " + bytes(50), "is a PDF"),
        (b"PK\x03\x04" + bytes(50), "cannot be read as a spreadsheet"),
    ],
)
def test_formats_that_are_not_read_are_named_with_those_that_are(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "a.ods"
    path.write_bytes(content)
    assert not is_label_file(path)
    with pytest.raises(LabelError, match=sentence) as caught:
        read(path)
    assert ".xlsx" in str(caught.value)
    assert "CSV" in str(caught.value) or ".csv" in str(caught.value)
    assert "\n" not in str(caught.value)


# --- real files ------------------------------------------------------------------------------------------------------------------------


def load_script(name: str) -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "scripts" / f"{name}.py"
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


# Counted by hand: START rows, rows of the annotators, pairs and points in the project, runs in the columns of 1 and 0.
COUNTED = [
    ("BORIS project", {"p": 0, "s": 4, "q": 0, "r": 0}, 8999),
    ("BORIS project", {"p": 3, "s": 3, "q": 0, "r": 0}, 4499),
    # Of subject1 and subject2, one bout lies within another.
    ("BORIS project", {"p": 5, "s": 6, "q": 0, "r": 0}, 8999),
    ("BORIS project", {"p": 2, "s": 0, "q": 0, "r": 0}, 8999),
    ("BORIS project", {"p": 0, "s": 0, "q": 3, "r": 2}, 4499),
    ("BORIS project", {"p": 0, "s": 1, "q": 0, "r": 0}, 4499),
    # Two bouts without a subject, and one of subject2 from the first into the second.
    ("BORIS project", {"p": 6, "s": 1, "q": 0, "r": 0}, 700),
    ("BORIS aggregated events", {"s": 3, "p": 3}, 4499),
    ("BORIS aggregated events", {"s": 6, "p": 5}, 8999),
    ("BORIS aggregated events", {"s": 2}, 13498),
    ("BORIS tabular events", {"s": 4}, 8999),
    ("BORIS tabular events", {"s": 4}, 8999),
    (
        "Caltech Behavior Annotator",
        {"social": 18, "nonsocial": 17, "aggression": 1, "lateralthreat": 2, "clinch": 2, "keepdown": 1},
        14957,
    ),
    ("Bento annotation", {"Attack": 5, "Sniffing": 3}, 19955),
    ("BORIS tabular events", {"attack": 3, "sniffing": 2}, 18716),
    ("BORIS tabular events", {"behavior1": 2, "behavior2": 1}, 18923),
    ("DeepEthogram labels", {"Attack": 2, "Sniffing": 1}, 10),
    ("Solomon Coder", {"Sniffing": 2, "Attack": 1}, 7),
    ("SimBA targets_inserted", {"Attack": 0, "Sniffing": 0}, 3),
    ("frame table", {"grooming": 5, "rearing_mig": 2, "rearing_paret": 37}, 6600),
    ("frame table", {"grooming": 5, "rearing_mig": 2, "rearing_paret": 37}, 6600),
]


def test_every_real_file_is_read(shared_data: Path) -> None:
    script = load_script("list_formats")
    found = list(script.read_samples(shared_data / "formats"))
    assert [(one.format, one.bouts, one.labelled) for one in found] == COUNTED
    read_files = {one.sample.file for one in found}
    there = {
        path.relative_to(shared_data / "formats").as_posix()
        for kind in ("boris", "simba", "thesis")
        for path in (shared_data / "formats" / kind).iterdir()
        if path.suffix in LABEL_SUFFIXES
    }
    assert read_files == there


def test_real_bouts_lie_where_their_times_do(shared_data: Path) -> None:
    time_s = np.arange(8999) / 25
    for name in ("test_export_events_tabular.csv", "test_export_events_tabular.xlsx"):
        labels, _ = read_labels(
            shared_data / "formats" / "boris" / name, make_request(["s"], n_frames=8999, time_s=time_s, subject="subject1")
        )
        edges = np.flatnonzero(np.diff(labels.values[:, 0])) + 1
        # 3.3 s is between frames 82 and 83, 7.75 between 193 and 194.
        assert edges.tolist() == [83, 194, 248, 405, 459, 612]
    path = shared_data / "formats" / "boris" / "test.boris"
    labels, _ = read_labels(path, make_request(["s"], n_frames=8999, time_s=time_s, observation="observation #1", subject="subject2"))
    assert (np.flatnonzero(np.diff(labels.values[:, 0])) + 1).tolist() == [961, 1153]
    with pytest.raises(LabelError, match=r"9 observations fit|holds 12 observations|observations fit 'video_test_25fps_360s"):
        read_labels(path, make_request(["s"], n_frames=8999, time_s=time_s, called=["video_test_25fps_360s.mp4"]))
    path = shared_data / "formats" / "simba" / "bento_Together_1_shortened.annot"
    labels, _ = read_labels(path, make_request(["Attack"], n_frames=19955, time_s=np.arange(19955) / 30))
    # 3.0333 s of 30 frames per second is frame 91, counted from 1; its stop, frame 157, is included.
    assert (np.flatnonzero(np.diff(labels.values[:, 0])) + 1)[:2].tolist() == [90, 157]


# --- in a study ------------------------------------------------------------------------------------------------------------------------


def test_a_study_says_what_names_mean_and_which_part_counts(tmp_path: Path) -> None:
    content = {
        "behaviors": ["grooming", "wall_rearing"],
        "crop": {"whole_frame": True},
        "labels": {"map": {"Supported": "wall_rearing", "Grooming": "grooming"}, "observation": {"r1": "second"}, "inverted": "warn"},
    }
    study = parse_section(Study, content, source=tmp_path / "study.yaml")
    text = make_new_tabular() + "\n".join(make_new_tabular(observation="second").splitlines()[1:]).replace("0.300", "0.000")
    path = write(tmp_path / "all.csv", text)
    for recording, video, first in [("r1", None, 0), ("first", None, 3), ("r2", Path("second.mp4"), 0)]:
        frames = Frames.from_times(TIME_S)
        labels, notes = read_labels_of(Recording(recording, video=video), path, study.behaviors, frames, settings=study.labels)
        assert np.flatnonzero(labels.values[:, 0])[0] == first
        np.testing.assert_array_equal(labels.values[:, 1], VALUES[:, 1])
        assert notes == []


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ({"map": {"Supported": "wal_rearing"}}, "labels.map: 'Supported' is 'wal_rearing', .* did you mean 'wall_rearing'"),
        ({"map": {"x": "grooming"}, "ignore": ["x"]}, "'x' is both mapped and ignored"),
        ({"overlaping": "warn"}, r"unknown key 'labels\.overlaping'; did you mean 'overlapping'"),
        ({"inverted": "ignore"}, r"labels\.inverted is 'ignore'"),
    ],
)
def test_settings_that_make_no_sense(labels: dict[str, Any], sentence: str) -> None:
    content = {"behaviors": ["grooming", "wall_rearing"], "crop": {"whole_frame": True}, "labels": labels}
    with pytest.raises(UsageError, match=sentence):
        parse_section(Study, content, source=Path("study.yaml"))


def test_files_of_other_tools_are_paired_with_videos(tmp_path: Path) -> None:
    for name in ("m1", "m2", "m3"):
        write(tmp_path / f"{name}.mp4", "")
    write(tmp_path / "m1.boris", make_project())
    write(tmp_path / "m2.annot", make_bento())
    write_sheet(tmp_path / "m3_labels.xlsx", make_marks())
    write_sheet(tmp_path / "m3_plan.xlsx", "who,when\na,b")
    pairings, _ = pair_files(tmp_path)
    assert [pairing.labels.name for pairing in pairings if pairing.labels] == ["m1.boris", "m2.annot", "m3_labels.xlsx"]


@pytest.mark.parametrize(
    ("name", "most"), [("frames.csv", 4), ("bouts.csv", 5), ("events.csv", 4), ("project.boris", 4)], ids=lambda value: str(value)
)
def test_a_large_file_takes_a_few_times_its_size(tmp_path: Path, name: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # What pandas takes to look for a pose is large beside these files, but the same for all.
    monkeypatch.setattr("behavior.files.annotations.is_pose_table", lambda path: False)
    n_rows = 10_000 if name == "events.csv" else 40_000
    if name == "frames.csv":
        text = "frame,Grooming,Supported\n" + "".join(f"{frame},{frame % 2},0\n" for frame in range(n_rows))
    elif name == "bouts.csv":
        text = "behavior,start_frame,stop_frame\n" + "".join(f"Grooming,{row},{row + 1}\n" for row in range(n_rows))
    elif name == "events.csv":
        text = "Time,Subject,Behavior,Status\n" + "".join(
            f"{row / 10},,Grooming,{'STOP' if row % 2 else 'START'}\n" for row in range(n_rows)
        )
    else:
        text = make_project(observations={"o": make_observation([[row / 10, "", "Grooming", "", ""] for row in range(n_rows)])})
    path = write(tmp_path / name, text)
    size = path.stat().st_size
    del text
    read(path, ("Grooming",), n_frames=10, time_s=TIME_S[:10], policies=LabelPolicies(out_of_range="warn"))
    tracemalloc.start()
    try:
        read(path, ("Grooming",), n_frames=10, time_s=TIME_S[:10], policies=LabelPolicies(out_of_range="warn"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most * size + (1 << 20)
