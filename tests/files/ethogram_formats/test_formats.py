"""The contract of all formats: what is written and read back has the same bouts."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from behavior.errors import LabelError
from behavior.files.ethogram_formats.entry import Entry
from behavior.files.ethogram_formats.formats import FORMATS

Write = Callable[..., Path]
ReadBack = Callable[[str, Path, Entry], np.ndarray]
MakeEntry = Callable[..., Entry]

NAMES = ("grooming", "mid rearing", "wall_rearing", "Kratzen über", "毛づくろい", "sniff; left", 'a "b", c')
# Writing them takes long.
BINARY = ("nwb", "parquet")

# Decisions (T, B), and what else is not as usual.
HAND_MADE: dict[str, tuple[Any, dict[str, Any]]] = {
    "at both ends": ([[1], [1], [0], [0], [1]], {}),
    "everywhere": ([[1], [1], [1]], {}),
    "nowhere": ([[0, 0], [0, 0], [0, 0]], {}),
    "a single frame of a bout": ([[0], [1], [0], [1], [0]], {}),
    "a single frame": ([[1, 0]], {}),
    "overlapping": ([[1, 0], [1, 1], [1, 1], [0, 1]], {}),
    "one after the other": ([[1, 0], [1, 0], [0, 1], [0, 1]], {}),
    "varying frames": ([[0], [1], [1], [0], [1]], {"time_s": [0, 0.04, 0.3, 0.301, 1.5]}),
    "thirds of a second": (np.arange(90)[:, np.newaxis] % 7 < 3, {"fps": 30.0}),
    "names of all kinds": (np.eye(len(NAMES)), {"behaviors": NAMES}),
    "without a video": ([[0], [1], [1]], {"video": None}),
    "far from the start": ([[0], [1], [1], [0]], {"time_s": 3600 * 8 + np.arange(4) / 29.97}),
}


def draw_entry(draw: st.DrawFn, make_entry: MakeEntry) -> Entry:
    behaviors = tuple(draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)))
    n_frames = draw(st.integers(1, 14))
    # Frames of varying length: microseconds are what the formats keep.
    steps = draw(st.lists(st.integers(2_000, 500_000), min_size=n_frames - 1, max_size=n_frames - 1))
    values = draw(arrays(np.bool_, (n_frames, len(behaviors))))
    times = np.concatenate(([0], np.cumsum(np.array(steps, dtype=np.float64)))) / 1e6 + draw(st.sampled_from([0.0, 1e-8]))
    return make_entry(values, behaviors, time_s=times, fps=draw(st.sampled_from([10.0, 29.97, 240.0])))


@pytest.fixture(autouse=True)
def _has_package(request: pytest.FixtureRequest) -> None:
    """Skip a format whose package is not installed."""
    name = getattr(request.node, "callspec", None) and request.node.callspec.params.get("name")
    if name and FORMATS[name].requires is not None:
        pytest.importorskip(FORMATS[name].requires[0])


@pytest.mark.parametrize("name", FORMATS)
class TestContract:
    """What every writer of a format has to do."""

    @pytest.mark.parametrize("case", HAND_MADE)
    def test_ethograms_made_by_hand_come_back(
        self, name: str, case: str, make_entry: MakeEntry, write_entries: Write, read_back: ReadBack, tmp_path: Path
    ) -> None:
        values, changed = HAND_MADE[case]
        entry = make_entry(values, **changed)
        path = write_entries(name, tmp_path, entry)
        np.testing.assert_array_equal(read_back(name, path, entry), entry.annotation.ethogram.values)

    def test_any_ethogram_comes_back(
        self,
        name: str,
        make_entry: MakeEntry,
        write_entries: Write,
        read_back: ReadBack,
        tmp_path_factory: pytest.TempPathFactory,
    ) -> None:
        folder = tmp_path_factory.mktemp(f"any_{name}")

        @settings(max_examples=5 if name in BINARY else 25)
        @given(st.data())
        def check(data: st.DataObject) -> None:
            entry = data.draw(st.composite(draw_entry)(make_entry))
            path = write_entries(name, folder, entry)
            np.testing.assert_array_equal(read_back(name, path, entry), entry.annotation.ethogram.values)

        check()

    def test_the_same_content_makes_the_same_file_however_often_it_is_written(
        self, name: str, make_entry: MakeEntry, write_entries: Write, tmp_path: Path
    ) -> None:
        entry = make_entry(HAND_MADE["overlapping"][0])
        first = write_entries(name, tmp_path, entry)
        content = first.read_bytes()
        assert write_entries(name, tmp_path, entry) == first
        # HDF5 keeps the time at which a file was written.
        assert name == "nwb" or first.read_bytes() == content
        assert [path.name for path in first.parent.iterdir()] == [first.name]

    def test_several_recordings_are_kept_apart(
        self, name: str, make_entry: MakeEntry, write_entries: Write, read_back: ReadBack, tmp_path: Path
    ) -> None:
        entries = [
            make_entry([[1, 0], [0, 1], [0, 1]], recording="A", video=Path("/lab/A.mp4")),
            make_entry([[0, 0], [0, 0]], recording="B", video=Path("/lab/B.mp4")),
            make_entry([[0], [1], [1], [0]], ("other",), recording="C", video=Path("/lab/C.mp4"), fps=10.0),
        ]
        if FORMATS[name].is_for_all:
            paths = [write_entries(name, tmp_path, *entries)] * 3
        else:
            paths = [write_entries(name, tmp_path, entry) for entry in entries]
            assert len(set(paths)) == 3
        if name == "bouts":
            # A table of bouts cannot tell a recording without bouts from one that it is not about.
            with pytest.raises(LabelError, match=r"holds bouts of 'A', 'C', and none of 'B\.mp4'; .*add a row named 'observed'"):
                read_back(name, paths[1], entries[1])
            with paths[1].open("a") as file:
                file.write("B,observed,0,2,0,0.08,0.08,\n")
        for path, entry in zip(paths, entries, strict=True):
            np.testing.assert_array_equal(read_back(name, path, entry), entry.annotation.ethogram.values)

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
    def test_no_cell_starts_a_formula(self, name: str, start: str, make_entry: MakeEntry, write_entries: Write, tmp_path: Path) -> None:
        if name in BINARY:
            pytest.skip("no spreadsheet opens it as text")
        evil = f'{start}HYPERLINK("http://evil","x"),1'
        entry = make_entry([[0, 1], [1, 0]], (evil, "b"), video=Path(f"{evil}.mp4"))
        path = write_entries(name, tmp_path, entry)
        if name == "boris":
            # JSON is no spreadsheet: names are kept.
            assert evil in {behavior["code"] for behavior in json.loads(path.read_text())["behaviors_conf"].values()}
            return
        with path.open(encoding="utf-8", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert f"'{evil}" in cells
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))]


def test_a_file_for_all_recordings_has_no_recording_in_its_name(tmp_path: Path) -> None:
    assert {name for name, known in FORMATS.items() if known.is_for_all} == {"bouts", "boris"}
    assert FORMATS["simba"].find_path(tmp_path, "A{recording}") == tmp_path / "simba" / "A{recording}.csv"
    assert FORMATS["bouts"].find_path(tmp_path, "A") == tmp_path / "bouts.csv"
