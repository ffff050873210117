from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from behavior.errors import EthogramError, OutputError
from behavior.files.ethograms import find_ethograms, read_annotation, read_frame_predictions, write_annotation, write_frame_predictions
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
    provenance = {key: value for key, value in provenance.items() if key not in ("recording", "behaviors", "n_frames")}
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
    assert len(written.pop("table_hash")) == 32
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
    with pytest.raises(EthogramError, match="is not the table that"):
        read_annotation(table)


def test_a_frame_rate_that_is_given_is_kept_and_times_a_lone_frame(tmp_path: Path) -> None:
    positive = Ethogram(np.ones((1, 1), dtype=bool), ("x",), np.zeros(1))
    probabilities = Probabilities(np.ones((1, 1), dtype=np.float32), ("x",), np.zeros(1))
    paths = write_annotation(tmp_path, Annotation("A", probabilities, positive, positive, Provenance(fps=4)))
    assert read_annotation(paths[0]).provenance.fps == 4
    start_s, stop_s = paths[1].read_text(encoding="utf-8").splitlines()[1].split(",")[4:6]
    assert (float(start_s), float(stop_s)) == (0.0, 0.25)


def test_the_ethogram_appears_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr("behavior.files.ethograms.write_text", lambda path, text: written.append(path.name))
    write_annotation(tmp_path, make_annotation())
    assert written == ["A_ethogram.json", "A_bouts.csv", "A_ethogram.csv"]


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
    with pytest.raises(EthogramError, match=r"A_ethogram\.json is not beside it"):
        read_annotation(written)
    written.unlink()
    with pytest.raises(EthogramError, match="does not exist"):
        read_annotation(written)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{", "is not JSON"),
        (b"\xff\xfe", "in UTF-8"),
        (b"[]", "no usable 'recording'"),
        (b'{"recording": "a/b", "behaviors": [], "n_frames": 6}', "no usable 'recording'"),
        (b'{"recording": "A", "behaviors": ["x", "x"], "n_frames": 6}', "no usable 'behaviors'"),
        (b'{"recording": "A", "behaviors": ["x"], "n_frames": "6"}', "no usable 'n_frames'"),
    ],
)
def test_unusable_provenance_is_one_sentence(written: Path, content: bytes, expected: str) -> None:
    written.with_suffix(".json").write_bytes(content)
    with pytest.raises(EthogramError, match=rf"A_ethogram\.json: .*{expected}"):
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
