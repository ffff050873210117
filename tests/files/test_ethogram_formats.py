"""The contract of formats to export to: what is written and read back has the same bouts."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from behavior.errors import EthogramError, LabelError
from behavior.files.annotations import read_labels
from behavior.files.ethogram_formats import FORMATS, Entry, read_nwb, read_parquet
from behavior.files.ethogram_formats.boris_project import collect_observation
from behavior.files.ethogram_formats.cells import escape_cell, format_table
from behavior.files.ethogram_formats.entry import list_events, spread_edges
from behavior.files.label_formats.request import LabelRequest
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Frames, Probabilities

WRITTEN = datetime(2024, 5, 17, 12, 30, tzinfo=UTC)
NAMES = ("grooming", "mid rearing", "wall_rearing", "Kratzen über", "毛づくろい", "sniff; left", 'a "b", c')
OWN_READERS = {"nwb": read_nwb, "parquet": read_parquet}
READ_AS_LABELS = [name for name in FORMATS if name not in OWN_READERS]


def make_entry(
    values: Any,
    behaviors: tuple[str, ...] | None = None,
    *,
    recording: str = "mouse_01",
    time_s: Any = None,
    fps: float | None = 25.0,
    video: Path | None = Path("/lab/videos/mouse 01.mp4"),
    **provenance: Any,
) -> Entry:
    """Return an entry whose ethogram is `values` (T, B), with probabilities that agree with it."""
    array = np.asarray(values, dtype=np.bool_)
    behaviors = behaviors or NAMES[: array.shape[1]]
    times = np.arange(len(array)) / (fps or 25.0) if time_s is None else np.asarray(time_s, dtype=np.float64)
    annotation = Annotation(
        recording,
        Probabilities(np.where(array, 0.75, 0.25).astype(np.float32), behaviors, times),
        Ethogram(array, behaviors, times),
        Ethogram(array, behaviors, times),
        Provenance.model_validate({**({"fps": fps} if fps else {}), **provenance}),
    )
    return Entry(annotation, video, WRITTEN)


def write(name: str, folder: Path, *entries: Entry) -> Path:
    """Write `entries` as export does, and return the path of the file with the first of them."""
    known = FORMATS[name]
    path = known.find_path(folder, entries[0].annotation.recording)
    path.parent.mkdir(parents=True, exist_ok=True)
    known.write(path, [known.collect(entry, path) for entry in entries])
    return path


def read_back(name: str, path: Path, entry: Entry) -> np.ndarray:
    """Return what the file at `path` says of the entry's recording."""
    annotation = entry.annotation
    if name in OWN_READERS:
        ethogram = OWN_READERS[name](path)
        assert ethogram.behaviors == annotation.behaviors
        np.testing.assert_array_equal(ethogram.time_s, annotation.time_s)
        return ethogram.values
    names = (annotation.recording, *([entry.video.name] if entry.video else []))
    labels, _ = read_labels(path, LabelRequest(annotation.behaviors, Frames.from_times(annotation.time_s), recording_names=names))
    return labels.values == 1


@st.composite
def draw_entries(draw: st.DrawFn, recording: str = "mouse_01") -> Entry:
    behaviors = tuple(draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)))
    n_frames = draw(st.integers(1, 14))
    # Frames of varying length: microseconds are what the formats keep.
    steps = draw(st.lists(st.integers(2_000, 500_000), min_size=n_frames - 1, max_size=n_frames - 1))
    values = draw(arrays(np.bool_, (n_frames, len(behaviors))))
    times = np.concatenate(([0], np.cumsum(np.array(steps, dtype=np.float64)))) / 1e6 + draw(st.sampled_from([0.0, 1e-8]))
    return make_entry(values, behaviors, recording=recording, time_s=times, fps=draw(st.sampled_from([10.0, 29.97, 240.0])))


HAND_MADE = {
    "at both ends": make_entry([[1], [1], [0], [0], [1]]),
    "everywhere": make_entry([[1], [1], [1]]),
    "nowhere": make_entry([[0, 0], [0, 0], [0, 0]]),
    "a single frame of a bout": make_entry([[0], [1], [0], [1], [0]]),
    "a single frame": make_entry([[1, 0]]),
    "overlapping": make_entry([[1, 0], [1, 1], [1, 1], [0, 1]]),
    "one after the other": make_entry([[1, 0], [1, 0], [0, 1], [0, 1]]),
    "varying frames": make_entry([[0], [1], [1], [0], [1]], time_s=[0, 0.04, 0.3, 0.301, 1.5]),
    "thirds of a second": make_entry(np.arange(90)[:, np.newaxis] % 7 < 3, fps=30.0),
    "names of all kinds": make_entry(np.eye(len(NAMES)), NAMES),
    "without a video": make_entry([[0], [1], [1]], video=None),
    "far from the start": make_entry([[0], [1], [1], [0]], time_s=3600 * 8 + np.arange(4) / 29.97),
}


class TestContract:
    """What every format has to do."""

    @pytest.mark.parametrize("name", FORMATS)
    @pytest.mark.parametrize("case", HAND_MADE)
    def test_hand_made_ethograms_come_back(self, name: str, case: str, tmp_path: Path) -> None:
        entry = HAND_MADE[case]
        path = write(name, tmp_path, entry)
        np.testing.assert_array_equal(read_back(name, path, entry), entry.annotation.ethogram.values)

    @pytest.mark.parametrize("name", READ_AS_LABELS)
    @settings(max_examples=25)
    @given(entry=draw_entries())
    def test_any_ethogram_comes_back(self, name: str, entry: Entry, tmp_path_factory: pytest.TempPathFactory) -> None:
        path = write(name, tmp_path_factory.getbasetemp() / f"any_{name}", entry)
        np.testing.assert_array_equal(read_back(name, path, entry), entry.annotation.ethogram.values)

    @pytest.mark.parametrize("name", OWN_READERS)
    @settings(max_examples=5)
    @given(entry=draw_entries())
    def test_any_ethogram_comes_back_from_binary_files(self, name: str, entry: Entry, tmp_path_factory: pytest.TempPathFactory) -> None:
        path = write(name, tmp_path_factory.getbasetemp() / f"any_{name}", entry)
        np.testing.assert_array_equal(read_back(name, path, entry), entry.annotation.ethogram.values)

    @pytest.mark.parametrize("name", FORMATS)
    def test_the_same_content_makes_the_same_file_however_often_it_is_written(self, name: str, tmp_path: Path) -> None:
        entry = HAND_MADE["overlapping"]
        first = write(name, tmp_path, entry)
        content = first.read_bytes()
        assert write(name, tmp_path, entry) == first
        if name != "nwb":
            assert first.read_bytes() == content
        assert [path.name for path in first.parent.iterdir()] == [first.name]

    @pytest.mark.parametrize("name", [name for name, known in FORMATS.items() if known.is_for_all])
    def test_several_recordings_in_one_file_are_kept_apart(self, name: str, tmp_path: Path) -> None:
        entries = [
            make_entry([[1, 0], [0, 1], [0, 1]], recording="A", video=Path("/lab/A.mp4")),
            make_entry([[0, 0], [0, 0]], recording="B", video=Path("/lab/B.mp4")),
            make_entry([[0], [1], [1], [0]], ("other",), recording="C", video=Path("/lab/C.mp4"), fps=10.0),
        ]
        path = write(name, tmp_path, *entries)
        if name == "bouts":
            # A table of bouts cannot tell a recording without bouts from one that it is not about.
            with pytest.raises(LabelError, match=r"holds bouts of 'A', 'C', and none of 'B\.mp4'; .*add a row named 'observed'"):
                read_back(name, path, entries[1])
            with path.open("a") as file:
                file.write("B,observed,0,2,0,0.08,0.08,\n")
        for entry in entries:
            np.testing.assert_array_equal(read_back(name, path, entry), entry.annotation.ethogram.values)


@pytest.mark.parametrize("name", ["boris", "boris_tabular", "boris_aggregated"])
def test_bouts_survive_that_boris_rounds_to_milliseconds(name: str, tmp_path: Path) -> None:
    entry = HAND_MADE["thirds of a second"]
    path = write(name, tmp_path, entry)
    if name == "boris":
        project = json.loads(path.read_text())
        for observation in project["observations"].values():
            for event in observation["events"]:
                # As BORIS 8 does when it opens a project.
                event[0] = float(Decimal(event[0]).quantize(Decimal("0.001")))
        path.write_text(json.dumps(project))
    else:
        header, *rows = list(csv.reader(path.read_text().splitlines()))
        times = [header.index(column) for column in header if column in ("Time", "Start (s)", "Stop (s)")]
        rows = [[f"{float(cell):.3f}" if place in times else cell for place, cell in enumerate(row)] for row in rows]
        path.write_text(format_table(header, rows))
    np.testing.assert_array_equal(read_back(name, path, entry), entry.annotation.ethogram.values)


def test_a_project_that_boris_made_survives_import_and_export(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "formats" / "boris" / "test.boris"
    # Its videos lie nowhere, but the project says how long they are.
    for observation, behaviors, n_frames, subject in (
        ("observation #1", ("s",), 8999, "subject1"),
        ("modifiers", ("r",), 4499, None),
    ):
        times = np.arange(n_frames) / 25
        request = LabelRequest(behaviors, Frames.from_times(times), observation=observation, subject=subject)
        labels, _ = read_labels(source, request)
        assert (labels.values == 1).any(axis=0).all()
        entry = make_entry(labels.values == 1, behaviors, recording=observation.replace(" ", "_").replace("#", ""), time_s=times)
        path = write("boris", tmp_path, entry)
        np.testing.assert_array_equal(read_back("boris", path, entry), labels.values == 1)
        original = json.loads(source.read_text())["observations"][observation]
        exported = json.loads(path.read_text())["observations"][entry.annotation.recording]
        # Events come to lie on frames, at or after the time for which people coded them.
        coded = [event[0] for event in original["events"] if event[2] in behaviors and event[1] == (subject or "")]
        moved = np.array([event[0] for event in exported["events"]]) - coded
        assert (moved > -1e-3).all()
        assert (moved < 1 / 25 + 1e-3).all()


def test_a_project_has_what_those_of_boris_have(shared_data: Path, tmp_path: Path) -> None:
    real = json.loads((shared_data / "formats" / "boris" / "test.boris").read_text())
    project = json.loads(write("boris", tmp_path, HAND_MADE["overlapping"]).read_text())
    assert set(real) <= set(project)
    assert project["project_format_version"] == real["project_format_version"] == "7.0"
    assert set(real["behaviors_conf"]["0"]) == set(project["behaviors_conf"]["0"])
    (observation,) = project["observations"].values()
    of_media = real["observations"]["observation #1"]
    assert set(of_media) <= set(observation)
    assert set(of_media["media_info"]) == set(observation["media_info"])
    assert {key: type(value) for key, value in of_media.items()} == {key: type(observation[key]) for key in of_media}
    # A newer BORIS adds the frame behind the five fields of events.
    assert [type(value) for value in observation["events"][0]] == [float, str, str, str, str, int]


def test_a_project_has_videos_attached_and_every_behavior(tmp_path: Path) -> None:
    beside = tmp_path / "videos" / "B.mp4"
    entries = [
        make_entry([[0, 1], [0, 1], [1, 0]], ("grooming", "gnawing"), recording="A", fps=30.0, video=Path("/lab/A.mp4")),
        make_entry([[0]], ("rearing",), recording="B", fps=30.0, video=beside),
        make_entry([[0], [1]], ("rearing",), recording="C", video=None),
    ]
    project = json.loads(write("boris", tmp_path, *entries).read_text())
    behaviors = list(project["behaviors_conf"].values())
    assert [found["code"] for found in behaviors] == ["grooming", "gnawing", "rearing"]
    assert [found["key"] for found in behaviors] == ["g", "n", "r"]
    assert {found["type"] for found in behaviors} == {"State event"}
    first, second, third = project["observations"].values()
    assert first["file"]["1"] == ["/lab/A.mp4"]
    assert first["media_info"]["fps"] == {"/lab/A.mp4": 30.0}
    assert first["media_info"]["length"] == {"/lab/A.mp4": 0.101}
    assert first["events"] == [
        [0.0, "", "gnawing", "", "", 0],
        [0.066667, "", "grooming", "", "", 2],
        [0.066667, "", "gnawing", "", "", 2],
        [0.1, "", "grooming", "", "", 3],
    ]
    assert second["file"]["1"] == ["videos/B.mp4"]
    assert (third["type"], third["file"]) == ("LIVE", {})
    assert third["events"] == [[0.04, "", "rearing", "", ""], [0.08, "", "rearing", "", ""]]


@given(n_frames=st.integers(1, 90_000), fps=st.sampled_from([25.0, 29.97, 30.0, 59.94]))
def test_boris_finds_no_event_behind_the_end_of_the_video(n_frames: int, fps: float) -> None:
    entry = make_entry(np.ones((n_frames, 1)), fps=fps)
    content = collect_observation(entry, Path("ethograms.boris")).content
    (length,) = content["media_info"]["length"].values()
    # As BORIS 8 compares them: Decimal of a float is the binary fraction itself.
    assert Decimal(content["events"][-1][0]).quantize(Decimal("0.001")) <= Decimal(length)
    assert length < n_frames / fps + 0.003


def test_boris_tables_have_the_columns_of_boris_itself(shared_data: Path, tmp_path: Path) -> None:
    real = (shared_data / "formats" / "simba" / "boris_v8_tabular_example_head.csv").read_text().splitlines()[0].split(",")
    tabular = list(csv.DictReader(write("boris_tabular", tmp_path, HAND_MADE["overlapping"]).open(encoding="utf-8", newline="")))
    # Time offset came with 8.9.
    assert [column for column in tabular[0] if column != "Time offset (s)"] == real
    assert [(row["Behavior"], row["Behavior type"], row["Time"], row["Image index"]) for row in tabular] == [
        ("grooming", "START", "0.000", "0"),
        ("mid rearing", "START", "0.040", "1"),
        ("grooming", "STOP", "0.120", "3"),
        ("mid rearing", "STOP", "0.160", "4"),
    ]
    aggregated = list(csv.DictReader(write("boris_aggregated", tmp_path, HAND_MADE["overlapping"]).open(encoding="utf-8", newline="")))
    assert [(row["Start (s)"], row["Stop (s)"], row["Duration (s)"]) for row in aggregated] == [
        ("0.000", "0.120", "0.120"),
        ("0.040", "0.160", "0.120"),
    ]
    assert aggregated[0]["Media file name"] == "/lab/videos/mouse 01.mp4"
    assert (tmp_path / "boris_tabular" / "mouse_01.csv").read_bytes().endswith(b"\r\n")


def test_deepethogram_has_a_background_and_simba_none(tmp_path: Path) -> None:
    entry = make_entry([[1, 0], [1, 1], [0, 0]], ("a", "b"))
    assert write("deepethogram", tmp_path, entry).read_text() == ",background,a,b\n0,0,1,0\n1,0,1,1\n2,1,0,0\n"
    assert write("simba", tmp_path, entry).read_text() == ",a,b\n0,1,0\n1,1,1\n2,0,0\n"
    with pytest.raises(EthogramError, match="two columns of mouse_01 would be called 'background'"):
        write("deepethogram", tmp_path, make_entry([[1]], ("background",)))


def test_provenance_is_kept_where_there_is_room(tmp_path: Path) -> None:
    said = {"model": {"folder": "/models/m", "hash": "abc"}, "postprocess": {"threshold": 0.5}, "versions": {"behavior": "0.1"}}
    entry = make_entry([[0], [1]], **said)
    (observation,) = json.loads(write("boris", tmp_path, entry).read_text())["observations"].values()
    for word in ("/models/m (abc)", '"threshold": 0.5', "behavior 0.1", "2 frames at 25 frames per second", "not by a person"):
        assert word in observation["description"]
    pq = pytest.importorskip("pyarrow.parquet")
    metadata = json.loads(pq.read_schema(write("parquet", tmp_path, entry)).metadata[b"behavior"])
    assert metadata["model"] == said["model"]
    assert metadata["fps"] == 25.0


def test_parquet_is_tidy(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    table = pd.read_parquet(write("parquet", tmp_path, make_entry([[1, 0], [0, 1]], ("a", "b"))))
    assert list(table.columns) == ["recording", "frame", "time_s", "behavior", "probability", "raw", "present"]
    assert table[["frame", "behavior", "present"]].to_numpy().tolist() == [[0, "a", True], [0, "b", False], [1, "a", False], [1, "b", True]]
    assert table["probability"].tolist() == [0.75, 0.25, 0.25, 0.75]
    assert set(table["recording"]) == {"mouse_01"}
    assert table["time_s"].tolist() == [0.0, 0.0, 0.04, 0.04]


def test_nwb_is_valid_and_has_intervals_and_probabilities(tmp_path: Path) -> None:
    pynwb = pytest.importorskip("pynwb")
    entry = make_entry([[0, 1], [1, 1], [1, 0]], ("nose/nose: contact", "nose_nose_ contact"), model={"hash": "abc"})
    path = write("nwb", tmp_path, entry)
    found = pynwb.validate(path=str(path))
    assert not (found[0] if isinstance(found, tuple) else found)
    with pynwb.NWBHDF5IO(str(path), "r") as io:
        file = io.read()
        intervals = file.intervals["nose_nose_ contact"].to_dataframe()
        assert intervals[["start_time", "stop_time", "start_frame", "stop_frame", "mean_prob"]].to_numpy().tolist() == [
            [0.04, 0.12, 1, 3, 0.75]
        ]
        assert file.intervals["nose_nose_ contact"].description == "Bouts of nose/nose: contact."
        series = file.processing["behavior"]["probabilities"].time_series
        assert series["nose_nose_ contact_2"].data[:].tolist() == [0.75, 0.75, 0.25]
        assert series["nose_nose_ contact_2"].timestamps[:].tolist() == [0.0, 0.04, 0.08]
        assert json.loads(file.notes)["model"] == {"hash": "abc"}
        assert file.session_start_time == WRITTEN
        assert file.acquisition["video"].external_file[0].endswith("lab/videos/mouse 01.mp4")
    np.testing.assert_array_equal(read_nwb(path).values, entry.annotation.ethogram.values)


@pytest.mark.parametrize("read", [read_nwb, read_parquet])
def test_files_that_are_no_export_are_refused(read: Any, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"no such thing" * 20)
    for name in ("a", "missing"):
        with pytest.raises(EthogramError, match="is no ethogram in") as caught:
            read(tmp_path / name)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
@pytest.mark.parametrize("name", READ_AS_LABELS)
def test_no_cell_starts_a_formula(name: str, start: str, tmp_path: Path) -> None:
    evil = f'{start}HYPERLINK("http://evil","x"),1'
    entry = make_entry([[0, 1], [1, 0]], (evil, "b"), video=Path(f"{evil}.mp4"))
    path = write(name, tmp_path, entry)
    if name == "boris":
        # JSON is no spreadsheet: names are kept.
        assert evil in {found["code"] for found in json.loads(path.read_text())["behaviors_conf"].values()}
        return
    with path.open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert f"'{evil}" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))]


@given(st.lists(st.lists(st.text(max_size=6), min_size=2, max_size=2), max_size=4))
def test_cells_come_back_but_for_what_is_escaped(rows: list[list[str]]) -> None:
    rows = [[cell.replace("\x00", "") for cell in row] for row in rows]
    text = format_table(["a", "b"], rows)
    assert list(csv.reader(io.StringIO(text, newline="")))[1:] == [[escape_cell(cell) for cell in row] for row in rows]


def test_frames_that_share_a_time_still_make_bouts_that_last(tmp_path: Path) -> None:
    np.testing.assert_allclose(spread_edges(np.array([0, 0.1, 0.1, 0.2]), None), [0, 0.1, 0.15, 0.2, 0.3])
    np.testing.assert_allclose(spread_edges(np.array([0, 0.1, 0.2]), None), [0, 0.1, 0.2, 0.3])
    entry = make_entry([[0], [1], [0], [0]], time_s=[0, 0.1, 0.1, 0.2], fps=10.0)
    assert [event.time_s for event in list_events(entry)] == pytest.approx([0.1, 0.15])
    for row in csv.DictReader(write("boris_aggregated", tmp_path, entry).open(encoding="utf-8", newline="")):
        assert float(row["Stop (s)"]) > float(row["Start (s)"])
        assert math.isclose(float(row["Duration (s)"]), 0.05)
