from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from behavior.errors import EthogramError, OutputError
from behavior.files.ethograms import (
    find_ethograms,
    read_annotation,
    read_frame_predictions,
    read_provenance,
    write_annotation,
    write_frame_predictions,
)
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Labels, Probabilities

NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=8)
BEHAVIOR_NAMES = (
    st.lists(NAMES, min_size=1, max_size=3, unique=True)
    .map(tuple)
    .filter(
        lambda names: not any(f"{name}{suffix}" in (*names, "frame", "time_s") for name in names for suffix in ("_prob", "_raw", "_label"))
    )
    .filter(lambda names: not {"frame", "time_s"} & set(names))
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)

# Of `make_annotation()`, as version 0.1.0 wrote it.
TABLE_HASH = "c7e30df6b35edac208db12b8ad93583a"


def make_annotation(
    n_frames: int = 6, behaviors: tuple[str, ...] = ("grooming", "wall_rearing"), recording: str = "A", **provenance: Any
) -> Annotation:
    rng = np.random.default_rng(0)
    time_s = np.arange(n_frames) / 25
    probabilities = rng.random((n_frames, len(behaviors)), dtype=np.float32)
    raw = probabilities >= 0.5
    return Annotation(
        recording=recording,
        probabilities=Probabilities(probabilities, behaviors, time_s),
        raw=Ethogram(raw, behaviors, time_s),
        ethogram=Ethogram(~raw, behaviors, time_s),
        provenance=Provenance.model_validate({"fps": 25.0, **provenance}),
    )


def assert_same(one: Annotation, other: Annotation) -> None:
    assert (one.recording, one.behaviors) == (other.recording, other.behaviors)
    np.testing.assert_array_equal(one.time_s, other.time_s)
    np.testing.assert_array_equal(one.probabilities.values, other.probabilities.values)
    np.testing.assert_array_equal(one.raw.values, other.raw.values)
    np.testing.assert_array_equal(one.ethogram.values, other.ethogram.values)


@st.composite
def draw_annotations(draw: st.DrawFn) -> Annotation:
    behaviors = draw(BEHAVIOR_NAMES)
    n_frames = draw(st.integers(0, 12))
    shape = (n_frames, len(behaviors))
    intervals = draw(arrays(np.float64, n_frames, elements=st.floats(1e-4, 1e3)))
    time_s = np.cumsum(intervals)
    provenance = draw(st.dictionaries(NAMES, JSON_VALUES, max_size=3))
    # Of other programs: names of its own have values of their own kinds.
    known = {"recording", "behaviors", "n_frames", *Provenance.model_fields}
    provenance = {key: value for key, value in provenance.items() if key not in known}
    return Annotation(
        recording="rec 1, left",
        probabilities=Probabilities(draw(arrays(np.float32, shape, elements=st.floats(0, 1, width=32))), behaviors, time_s),
        raw=Ethogram(draw(arrays(bool, shape)), behaviors, time_s),
        ethogram=Ethogram(draw(arrays(bool, shape)), behaviors, time_s),
        provenance=Provenance.model_validate({**provenance, "fps": draw(st.floats(0.1, 1000))}),
    )


@given(draw_annotations())
@settings(max_examples=60, deadline=None)
def test_an_annotation_reads_back_as_it_was_written(annotation: Annotation) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = write_annotation(Path(folder), annotation)
        again = read_annotation(paths[0])
    assert_same(again, annotation)
    assert again.provenance == annotation.provenance


@given(draw_annotations(), st.data())
@settings(max_examples=40, deadline=None)
def test_predictions_read_back_as_they_were_written(annotation: Annotation, data: st.DataObject) -> None:
    values = data.draw(arrays(np.int8, annotation.raw.values.shape, elements=st.sampled_from([-1, 0, 1])))
    unknown = data.draw(st.integers(-1, len(annotation.behaviors) - 1))
    if unknown >= 0:
        annotation.probabilities.values[:, unknown] = np.nan
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "predictions" / f"{annotation.recording}.csv"
        write_frame_predictions(path, annotation, Labels(values, annotation.behaviors))
        again, labels = read_frame_predictions(path, annotation.behaviors)
    assert_same(again, annotation)
    np.testing.assert_array_equal(labels.values, values)


def test_every_kind_of_float32_reads_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    bits = rng.integers(0, np.array(1.0, dtype=np.float32).view(np.uint32) + 1, 50_000, dtype=np.uint32)
    values = bits.view(np.float32)[:, np.newaxis]
    time_s = np.arange(len(values)) / 29.97
    nothing = Ethogram(np.zeros(values.shape, dtype=bool), ("x",), time_s)
    annotation = Annotation("A", Probabilities(values, ("x",), time_s), nothing, nothing)
    again = read_annotation(write_annotation(tmp_path, annotation)[0])
    np.testing.assert_array_equal(again.probabilities.values.view(np.uint32), values.view(np.uint32))
    np.testing.assert_array_equal(again.time_s, time_s)


def test_the_files_are_as_the_design_says(tmp_path: Path) -> None:
    time_s = np.array([0.0, 0.5, 1.0, 1.5])
    values = np.array([[0.1, 0.9], [0.75, 0.25], [0.5, 0.25], [0.0, 1.0]], dtype=np.float32)
    final = np.array([[0, 1], [1, 0], [1, 0], [0, 1]], dtype=bool)
    annotation = Annotation(
        recording="A",
        probabilities=Probabilities(values, ("mid", "a, b"), time_s),
        raw=Ethogram(values >= 0.6, ("mid", "a, b"), time_s),
        ethogram=Ethogram(final, ("mid", "a, b"), time_s),
        provenance=Provenance.model_validate({"video": "A.mp4", "thresholds": {"mid": 0.6}}),
    )
    paths = write_annotation(tmp_path / "new", annotation)
    assert [path.name for path in paths] == ["A_ethogram.csv", "A_bouts.csv", "A_ethogram.json"]
    assert paths[0].read_text(encoding="utf-8").splitlines() == [
        'frame,time_s,mid_prob,mid_raw,mid,"a, b_prob","a, b_raw","a, b"',
        "0,0.0,0.1,0,0,0.9,1,1",
        "1,0.5,0.75,1,1,0.25,0,0",
        "2,1.0,0.5,0,1,0.25,0,0",
        "3,1.5,0.0,0,0,1.0,1,1",
    ]
    assert paths[1].read_text(encoding="utf-8").splitlines() == [
        "recording,behavior,start_frame,stop_frame,start_s,stop_s,duration_s,mean_prob",
        "A,mid,1,3,0.5,1.5,1.0,0.625",
        'A,"a, b",0,1,0.0,0.5,0.5,0.9',
        'A,"a, b",3,4,1.5,2.0,0.5,1.0',
    ]
    written = json.loads(paths[2].read_text(encoding="utf-8"))
    assert [len(written.pop(key)) for key in ("probabilities_hash", "decisions_hash", "provenance_hash")] == [32] * 3
    names, rows = written.pop("table_parts")
    assert (names["n_frames"], rows["n_frames"], rows["start_s"]) == (0, 4, 0.0)
    assert names["n_bytes"] + rows["n_bytes"] == paths[0].stat().st_size
    assert written == {
        "recording": "A", "behaviors": ["mid", "a, b"], "n_frames": 4, "fps": 2.0, "video": "A.mp4", "thresholds": {"mid": 0.6},
    }  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(path.name for path in paths)


def test_a_table_beside_the_description_of_another_is_refused(tmp_path: Path) -> None:
    """What a kill between the two files of a second annotation leaves behind."""
    ethogram = Ethogram(np.ones((2, 1), dtype=bool), ("x",), np.arange(2.0))
    first, second = (
        Annotation("A", Probabilities(np.full((2, 1), value, dtype=np.float32), ("x",), np.arange(2.0)), ethogram, ethogram)
        for value in (0.25, 0.75)
    )
    table, _, description = write_annotation(tmp_path, first)
    newer = write_annotation(tmp_path / "newer", second)[2]
    description.write_bytes(newer.read_bytes())
    with pytest.raises(EthogramError, match=r"times or probabilities are not those that A_ethogram\.json describes"):
        read_annotation(table)


def test_a_frame_rate_that_is_given_is_kept_and_times_a_lone_frame(tmp_path: Path) -> None:
    positive = Ethogram(np.ones((1, 1), dtype=bool), ("x",), np.zeros(1))
    probabilities = Probabilities(np.ones((1, 1), dtype=np.float32), ("x",), np.zeros(1))
    paths = write_annotation(tmp_path, Annotation("A", probabilities, positive, positive, Provenance(fps=4)))
    assert read_annotation(paths[0]).provenance.fps == 4
    start_s, stop_s = paths[1].read_text(encoding="utf-8").splitlines()[1].split(",")[4:6]
    assert (float(start_s), float(stop_s)) == (0.0, 0.25)


class Killed(BaseException):
    """What ends a process in the middle: no `except Exception` catches it."""


def kill_at(monkeypatch: pytest.MonkeyPatch, point: int, *, after: bool) -> None:
    """Let the process die before or after the renaming or removing number `point`.

    A dead process does nothing more: whatever it renames or removes from then on fails, too.
    """
    n_done = 0
    is_dead = False

    def wrap(name: str) -> None:
        original = getattr(os, name)

        def call(*arguments: Any, **keywords: Any) -> None:
            nonlocal n_done, is_dead
            if is_dead or (n_done == point and not after):
                is_dead = True
                raise Killed
            original(*arguments, **keywords)
            n_done += 1
            if n_done > point:
                is_dead = True
                raise Killed

        monkeypatch.setattr(os, name, call)

    for name in ("replace", "rename", "unlink"):
        wrap(name)


def read_files(folder: Path, recording: str = "A") -> list[bytes]:
    """Return the contents of the three files."""
    return [(folder / f"{recording}{end}").read_bytes() for end in ("_ethogram.csv", "_bouts.csv", "_ethogram.json")]


def write_killed(monkeypatch: pytest.MonkeyPatch, folder: Path, annotation: Annotation, point: int, *, after: bool) -> bool:
    """Write an annotation with a kill, and tell whether it was killed."""
    with monkeypatch.context() as patched:
        kill_at(patched, point, after=after)
        try:
            write_annotation(folder, annotation)
        except Killed:
            return True
    return False


def make_other(annotation: Annotation, *, same_probabilities: bool = True) -> Annotation:
    """Return what `decide` makes of an annotation, or another model of the same recording."""
    values = annotation.probabilities.values
    return replace(
        annotation,
        probabilities=Probabilities(values if same_probabilities else 1 - values, annotation.behaviors, annotation.time_s),
        ethogram=Ethogram(~annotation.ethogram.values, annotation.behaviors, annotation.time_s),
        provenance=Provenance(fps=25.0, calibration="none"),
    )


@pytest.mark.parametrize("same_probabilities", [True, False])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("recording", ["A", "A [1]*", "mouse" * 20])
def test_a_kill_at_any_moment_leaves_the_old_record_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recording: str, after: bool, same_probabilities: bool
) -> None:
    old = make_annotation(recording=recording)
    new = make_other(old, same_probabilities=same_probabilities)
    write_annotation(tmp_path / "new", new)
    new_files = read_files(tmp_path / "new", recording)
    outcomes = []
    for point in range(100):
        folder = tmp_path / str(point)
        path = write_annotation(folder, old)[0]
        old_files = read_files(folder, recording)
        if not write_killed(monkeypatch, folder, new, point, after=after):
            break
        found = read_annotation(path)
        is_new = found.provenance.calibration == "none"
        outcomes.append(is_new)
        assert_same(found, new if is_new else old)
        # Reading finishes what was interrupted.
        assert read_files(folder, recording) == (new_files if is_new else old_files)
        # Another writing is not kept away, and cleans up.
        write_annotation(folder, new)
        assert read_files(folder, recording) == new_files
        assert len(list(folder.iterdir())) == 3
    # Three renamings and the removal of the claim; from the table's renaming on, the record is the new one.
    assert outcomes == [after, True, True, True]


@pytest.mark.parametrize("after", [False, True])
def test_a_kill_of_the_first_writing_leaves_nothing_or_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: bool) -> None:
    annotation = make_annotation()
    for point in range(4):
        folder = tmp_path / str(point)
        assert write_killed(monkeypatch, folder, annotation, point, after=after)
        path = folder / "A_ethogram.csv"
        if point == 0 and not after:
            assert not path.exists()
            continue
        assert read_provenance(path).fps == 25.0
        assert_same(read_annotation(path), annotation)
        assert find_ethograms([folder]) == [path]


def test_a_second_kill_does_not_lose_what_the_first_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = make_annotation()
    path = write_annotation(tmp_path, old)[0]
    assert write_killed(monkeypatch, tmp_path, make_other(old), 0, after=True)
    # Killed before its first renaming: what the first attempt staged is what reads whole.
    assert write_killed(monkeypatch, tmp_path, old, 0, after=False)
    assert_same(read_annotation(path), make_other(old))


@pytest.mark.parametrize("refused", ["behavior.files.claims._make_claim", "behavior.files.atomic.sync_folder", "os.replace"])
def test_an_interrupted_record_is_read_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    old = make_annotation()
    path = write_annotation(tmp_path, old)[0]
    assert write_killed(monkeypatch, tmp_path, make_other(old), 0, after=True)

    def refuse(*_: object) -> None:
        raise OutputError("read-only") if refused.endswith("_make_claim") else PermissionError(13, "Permission denied")

    monkeypatch.setattr(refused, refuse)
    assert_same(read_annotation(path), make_other(old))


@pytest.mark.parametrize("failing", range(3))
def test_a_full_disk_leaves_the_old_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    old = make_annotation()
    write_annotation(tmp_path, old)
    before = read_files(tmp_path)
    calls = []

    def fill(path: Path) -> None:
        calls.append(path)
        if len(calls) > failing:
            content = path.read_bytes()
            path.write_bytes(content[: len(content) // 2])
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("behavior.files.atomic.sync_file", fill)
        with pytest.raises(OutputError, match=r"cannot be written \(No space left on device\); choose a folder with space"):
            write_annotation(tmp_path, make_other(old))
    assert read_files(tmp_path) == before
    assert len(list(tmp_path.iterdir())) == 3
    assert_same(read_annotation(tmp_path / "A_ethogram.csv"), old)


def test_new_decisions_beside_old_ones_are_refused_but_for_deciding_again(tmp_path: Path) -> None:
    old = make_annotation()
    table, _, description = write_annotation(tmp_path, old)
    newer = write_annotation(tmp_path / "newer", make_other(old))[2]
    description.write_bytes(newer.read_bytes())
    # What was written is the same but for the decisions; the description is the newer one.
    content = json.loads(description.read_text())
    assert content["probabilities_hash"] == json.loads(newer.read_text())["probabilities_hash"]
    with pytest.raises(EthogramError, match=r"its decisions are not those .*; its probabilities are whole, so decide them again with"):
        read_annotation(table)
    found = read_annotation(table, needs_decisions=False)
    np.testing.assert_array_equal(found.probabilities.values, old.probabilities.values)


@pytest.mark.parametrize(("old", "new"), [("\n2,0.08,", "\n2,0.09,"), ("\n0,0.0,", "\n0,0.01,")])
def test_a_changed_time_is_noticed(written: Path, old: str, new: str) -> None:
    text = written.read_text(encoding="utf-8")
    assert text.count(old) == 1
    written.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(EthogramError, match="its recording, frame rate, times or probabilities are not those"):
        read_annotation(written)


@pytest.mark.parametrize("changed", [{"fps": 30.0}, {"recording": "B"}])
def test_a_changed_name_or_rate_is_noticed(written: Path, changed: dict[str, Any]) -> None:
    description = written.with_suffix(".json")
    content = json.loads(description.read_text()) | changed
    del content["provenance_hash"]
    description.write_text(json.dumps(content))
    with pytest.raises(EthogramError, match="its recording, frame rate, times or probabilities are not those"):
        read_annotation(written)


def test_files_of_earlier_versions_are_read_and_replaced(written: Path) -> None:
    description = written.with_suffix(".json")
    content = json.loads(description.read_text())
    hashes = {key: content.pop(key) for key in ("probabilities_hash", "decisions_hash")}
    for table_hash in ({}, {"table_hash": TABLE_HASH}):
        description.write_text(json.dumps(content | table_hash))
        assert_same(read_annotation(written), make_annotation())
    write_annotation(written.parent, read_annotation(written))
    after = json.loads(description.read_text())
    assert "table_hash" not in after
    assert {key: after[key] for key in hashes} == hashes
    description.write_text(json.dumps(content | {"table_hash": TABLE_HASH[::-1]}))
    with pytest.raises(EthogramError, match="its probabilities or decisions are not those"):
        read_annotation(written)


def test_a_folder_that_another_process_writes_to_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    claim = tmp_path / ".ethograms.claim"
    claim.write_text(json.dumps({"host": socket.gethostname(), "pid": holder.pid, "token": "x"}))
    monkeypatch.setattr("behavior.files.ethograms._PATIENCE_S", 0.2)
    try:
        with pytest.raises(OutputError, match=rf"the ethograms in .*: process {holder.pid} on .* is writing there; wait"):
            write_annotation(tmp_path, make_annotation())
    finally:
        holder.kill()
        holder.wait()
    write_annotation(tmp_path, make_annotation())
    assert not claim.exists()


WRITE_AGAIN_AND_AGAIN = """
import sys
from dataclasses import replace
from pathlib import Path
from behavior.files.ethograms import read_annotation, write_annotation
from behavior.recording import Ethogram
folder = Path(sys.argv[1])
annotation = read_annotation(folder / "A_ethogram.csv")
other = replace(annotation, ethogram=Ethogram(~annotation.ethogram.values, annotation.behaviors, annotation.time_s))
for _ in range(12):
    write_annotation(folder, other)
    write_annotation(folder, annotation)
"""


def test_two_processes_at_once_leave_a_whole_record_and_so_it_reads_meanwhile(tmp_path: Path) -> None:
    path = write_annotation(tmp_path, make_annotation(200))[0]
    command = [sys.executable, "-c", WRITE_AGAIN_AND_AGAIN, str(tmp_path)]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    n_reads = 0
    while any(writer.poll() is None for writer in writers):
        assert len(read_annotation(path).time_s) == 200
        n_reads += 1
    assert [writer.communicate()[1].decode() for writer in writers] == ["", ""]
    assert n_reads > 3
    assert len(read_annotation(path).time_s) == 200
    assert len(list(tmp_path.iterdir())) == 3


def test_writing_a_ten_minute_recording_is_fast(tmp_path: Path) -> None:
    annotation = make_annotation(14_640, ("grooming", "mid_rearing", "wall_rearing"))
    start = time.process_time()
    path = write_annotation(tmp_path, annotation)[0]
    between = time.process_time()
    assert_same(read_annotation(path), annotation)
    assert between - start < 2
    assert time.process_time() - between < 2


def test_nan_has_no_place_in_an_annotation(tmp_path: Path) -> None:
    annotation = make_annotation()
    annotation.probabilities.values[2, 0] = np.nan
    with pytest.raises(ValueError, match="probabilities of 'A' are NaN"):
        write_annotation(tmp_path, annotation)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("behaviors", [("groom", "groom_prob"), ("frame",), ("x", "time_s"), ("x", "x_raw")])
def test_behaviors_whose_columns_collide_are_refused(tmp_path: Path, behaviors: tuple[str, ...]) -> None:
    with pytest.raises(EthogramError, match=r"A_ethogram\.csv: two columns would be called"):
        write_annotation(tmp_path, make_annotation(behaviors=behaviors))
    assert not list(tmp_path.iterdir())


def test_parts_of_different_recordings_are_refused(tmp_path: Path) -> None:
    one, other = make_annotation(6), make_annotation(7)
    with pytest.raises(ValueError, match="raw and probabilities of 'A' differ"):
        Annotation("A", one.probabilities, other.raw, one.ethogram)
    with pytest.raises(ValueError, match="safe as a file name"):
        make_annotation(recording="../A")
    with pytest.raises(ValueError, match="key 'n_frames'"):
        write_annotation(tmp_path, Annotation("A", one.probabilities, one.raw, one.ethogram, Provenance.model_validate({"n_frames": 6})))


def test_labels_of_another_recording_are_refused(tmp_path: Path) -> None:
    labels = Labels(np.zeros((5, 2), dtype=np.int8), ("grooming", "wall_rearing"))
    with pytest.raises(ValueError, match="labels and predictions of 'A' differ"):
        write_frame_predictions(tmp_path / "A.csv", make_annotation(6), labels)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="out: cannot be made"):
        write_annotation(tmp_path / "out", make_annotation())


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return write_annotation(tmp_path, make_annotation())[0]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("grooming_raw", "groming_raw", "column 'grooming_raw' is missing"),
        ("wall_rearing_prob", "grooming_prob", "column 'grooming_prob' is there 2 times"),
        ("\n2,0.08,", "\n2,soon,", "line 4 has 'soon' in column 'time_s', expected a number"),
        ("\n2,0.08,", "\n2,,", "line 4 has '' in column 'time_s', expected a number"),
        ("\n2,0.08,", "\n2,nan,", "line 4 has 'nan' in column 'time_s', expected a number"),
        ("\n2,0.08,0.", "\n2,0.08,1.", "line 4 has '1.* in column 'grooming_prob', expected a probability between 0 and 1"),
        ("\n2,0.08,0.", "\n2,0.08,-0.", "expected a probability between 0 and 1"),
        ("\n2,0.08,", "\n3,0.08,", "line 4 is of frame 3, expected 2"),
        ("\n2,0.08,", "\n2,0.08,1,", "line 4 has 9 cells, expected 8"),
    ],
)
def test_a_changed_ethogram_is_one_sentence(written: Path, old: str, new: str, expected: str) -> None:
    text = written.read_text(encoding="utf-8")
    assert text.count(old) == 1
    written.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(EthogramError, match=expected) as caught:
        read_annotation(written)
    assert str(caught.value).startswith(str(written))


def test_a_decision_other_than_zero_and_one_is_one_sentence(written: Path) -> None:
    lines = written.read_text(encoding="utf-8").splitlines()
    lines[3] = lines[3][:-1] + "2"
    written.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(EthogramError, match="line 4 has '2' in column 'wall_rearing', expected 0 or 1"):
        read_annotation(written)


@pytest.mark.parametrize("n_lines", [1, 3, 6])
def test_a_truncated_ethogram_is_one_sentence(written: Path, n_lines: int) -> None:
    lines = written.read_text(encoding="utf-8").splitlines()
    written.write_text("\n".join(lines[:n_lines]), encoding="utf-8")
    with pytest.raises(EthogramError, match=rf"holds {n_lines - 1} frames, expected the 6 that A_ethogram\.json names"):
        read_annotation(written)


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_no_cut_goes_unnoticed(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_annotation(Path(folder), make_annotation())[0]
        content = path.read_bytes()
        # Without its last line break the file is still whole.
        path.write_bytes(content[: data.draw(st.integers(0, len(content) - 2))])
        with pytest.raises(EthogramError, match="ethogram"):
            read_annotation(path)


def test_a_missing_file_is_one_sentence(written: Path) -> None:
    written.with_suffix(".json").unlink()
    with pytest.raises(EthogramError, match=r"A_ethogram\.json is not next to it"):
        read_annotation(written)
    written.unlink()
    with pytest.raises(EthogramError, match="does not exist"):
        read_annotation(written)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{", "is not JSON"),
        (b"\xff\xfe", "the byte 0xff is not UTF-8, expected the description of an ethogram"),
        (b"[]", "no usable 'recording'"),
        (b'{"recording": "a/b", "behaviors": [], "n_frames": 6}', "no usable 'recording'"),
        (b'{"recording": "A", "behaviors": ["x", "x"], "n_frames": 6}', "no usable 'behaviors'"),
        (b'{"recording": "A", "behaviors": ["x"], "n_frames": "6"}', "no usable 'n_frames'"),
    ],
)
def test_unusable_provenance_is_one_sentence(written: Path, content: bytes, expected: str) -> None:
    written.with_suffix(".json").write_bytes(content)
    with pytest.raises(EthogramError, match=rf"A_ethogram\.json(, line 1)?: .*{expected}"):
        read_annotation(written)


@pytest.mark.parametrize(("content", "expected"), [(b"", "is empty"), (b"frame\n\xff\n", "not a CSV file in UTF-8")])
def test_what_is_no_table_is_one_sentence(written: Path, content: bytes, expected: str) -> None:
    written.write_bytes(content)
    with pytest.raises(EthogramError, match=expected):
        read_annotation(written)


def test_a_mark_that_spreadsheets_put_in_front_is_read_over(written: Path) -> None:
    written.write_bytes(b"\xef\xbb\xbf" + written.read_bytes().replace(b"\n", b"\r\n"))
    assert_same(read_annotation(written), make_annotation())


def test_ethograms_are_found_in_folders_and_as_files(tmp_path: Path) -> None:
    for name in ("b_ethogram.csv", "a_ethogram.csv", "a_bouts.csv", "a_ethogram.json", "._a_ethogram.csv", "inner/c_ethogram.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    lone = tmp_path / "inner" / "c_ethogram.csv"
    assert find_ethograms([lone, tmp_path, lone]) == [lone, tmp_path / "a_ethogram.csv", tmp_path / "b_ethogram.csv"]


def test_finding_nothing_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EthogramError, match=r"holds no file \*_ethogram\.csv"):
        find_ethograms([tmp_path])
    with pytest.raises(EthogramError, match="gone: does not exist"):
        find_ethograms([tmp_path / "gone"])
    with pytest.raises(EthogramError, match="no ethogram was named"):
        find_ethograms([])
