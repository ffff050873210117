"""Tables of frames: numbers come back exactly, and every bad cell is named by file, line and column."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from behavior.errors import EthogramError
from behavior.files import ethogram_table
from behavior.files.ethogram_table import FrameTable, format_frames, read_frame_table, stack_columns
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Labels, Probabilities

TEXT = "frame,time_s,x_prob,x_raw,x\n0,0.0,0.1,0,1\n1,0.04,0.75,1,1\n"


def make_annotation(behavior: str = "x") -> Annotation:
    time_s = np.array([0.0, 0.04])
    raw, final = (Ethogram(np.array(values, dtype=bool), (behavior,), time_s) for values in ([[0], [1]], [[1], [1]]))
    return Annotation("A", Probabilities(np.array([[0.1], [0.75]], dtype=np.float32), (behavior,), time_s), raw, final)


def write(folder: Path, text: str) -> Path:
    path = folder / "A_ethogram.csv"
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path, *, may_be_unknown: bool = False) -> Annotation:
    return read_frame_table(path).to_annotation("A", ("x",), Provenance(), may_be_unknown=may_be_unknown)


def test_a_table_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "A_ethogram.csv"
    assert b"".join(format_frames(path, make_annotation(), None)).decode() == TEXT
    found, expected = read(write(tmp_path, TEXT)), make_annotation()
    np.testing.assert_array_equal(found.probabilities.values, expected.probabilities.values)
    np.testing.assert_array_equal(found.raw.values, expected.raw.values)
    np.testing.assert_array_equal(found.ethogram.values, expected.ethogram.values)
    np.testing.assert_array_equal(found.time_s, expected.time_s)


def test_labels_have_a_column_of_their_own() -> None:
    text = b"".join(format_frames(Path("A.csv"), make_annotation(), Labels(np.array([[-1], [1]], dtype=np.int8), ("x",)))).decode()
    assert text.splitlines()[:2] == ["frame,time_s,x_label,x_prob,x_raw,x", "0,0.0,-1,0.1,0,1"]


def test_distances_are_the_last_column(tmp_path: Path) -> None:
    annotation = replace(make_annotation(), distances=np.array([0.125, 31.4], dtype=np.float32))
    path = tmp_path / "A_ethogram.csv"
    text = b"".join(format_frames(path, annotation, None)).decode()
    assert text.splitlines() == ["frame,time_s,x_prob,x_raw,x,training_distance", "0,0.0,0.1,0,1,0.125", "1,0.04,0.75,1,1,31.4"]
    distances = read(write(tmp_path, text)).distances
    assert distances is not None
    np.testing.assert_array_equal(distances, annotation.distances)
    for cell in ("-1", "1e300", ""):
        with pytest.raises(EthogramError, match=r"line 3 has '.*' in column 'training_distance', expected a"):
            read(write(tmp_path, text.replace("31.4", cell)))


@pytest.mark.parametrize("behavior", ["frame", "time_s"])
def test_columns_of_one_name_are_refused(behavior: str) -> None:
    with pytest.raises(EthogramError, match=rf"A\.csv: two columns would be called {behavior!r}"):
        format_frames(Path("A.csv"), make_annotation(behavior), None)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("0.75,1,1", "0.75,1", "line 3 has 4 cells, expected 5"),
        ("x_raw", "y_raw", "column 'x_raw' is missing"),
        ("x_raw", "x_prob", "column 'x_prob' is there 2 times"),
        ("0.75", "1.75", "line 3 has '1.75' in column 'x_prob', expected a probability between 0 and 1"),
        ("0.75", "", "line 3 has '' in column 'x_prob', expected a number"),
        ("0.04", "inf", "line 3 has 'inf' in column 'time_s', expected a number"),
        ("\n1,", "\n2,", "line 3 is of frame 2, expected 1"),
        ("0.1,0,1", "0.1,0,-1", "line 2 has '-1' in column 'x', expected 0 or 1"),
    ],
)
def test_a_bad_cell_is_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    path = write(tmp_path, TEXT.replace(old, new, 1))
    with pytest.raises(EthogramError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert expected in str(caught.value)


def test_a_column_of_probabilities_may_be_unknown_where_that_is_allowed(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT.replace("0.1,", ",").replace("0.75,", ","))
    assert np.isnan(read(path, may_be_unknown=True).probabilities.values).all()
    with pytest.raises(EthogramError, match="column 'x_prob', expected a number"):
        read(path)


def test_choices_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "A.csv"
    path.write_text("x_label\n1\n-1\n2\n", encoding="utf-8")
    table = read_frame_table(path)
    with pytest.raises(EthogramError, match="line 4 has '2' in column 'x_label', expected -1, 0 or 1"):
        table.read_choice("x_label", (-1, 0, 1))
    assert table.read_choice("x_label", (-1, 1, 2)).tolist() == [1.0, -1.0, 2.0]


def test_long_tables_are_read_and_written_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    time_s = np.arange(1000) / 30
    decided = Ethogram(rng.random((1000, 1)) < 0.1, ("x",), time_s)
    annotation = Annotation("A", Probabilities(rng.random((1000, 1), dtype=np.float32), ("x",), time_s), decided, decided)
    whole = b"".join(format_frames(Path("A.csv"), annotation, None))
    monkeypatch.setattr(ethogram_table, "_ROWS_AT_ONCE", 7)
    parts = list(format_frames(Path("A.csv"), annotation, None))
    assert len(parts) == 144
    assert b"".join(parts) == whole
    found = read(write(tmp_path, whole.decode()))
    np.testing.assert_array_equal(found.probabilities.values, annotation.probabilities.values)
    np.testing.assert_array_equal(found.ethogram.values, annotation.ethogram.values)
    np.testing.assert_array_equal(found.time_s, time_s)
    lines = whole.decode().splitlines()
    for line, cells, expected in ((500, "498,16.6,zero,0,0", "line 500 has 'zero'"), (900, "898,29.9,0.5,0", "line 900 has 4 cells")):
        broken = [*lines[: line - 1], cells, *lines[line:]]
        with pytest.raises(EthogramError, match=expected):
            read(write(tmp_path, "\n".join(broken)))


def test_no_columns_make_an_array_all_the_same() -> None:
    assert stack_columns([], (3, 0), np.bool_).shape == (3, 0)
    assert stack_columns([np.array([1.0, 0.0])], (2, 1), np.bool_).tolist() == [[True], [False]]


def test_one_column_at_a_time_has_eight_bytes_for_a_frame() -> None:
    n_frames, behaviors = 100_000, tuple("abcdefgh")
    header = ["frame", "time_s", *(f"{name}{kind}" for name in behaviors for kind in ("_prob", "_raw", ""))]
    columns: list[list[ethogram_table._Part]] = [[np.zeros(n_frames, dtype=np.int8)] for _ in header]
    columns[:2] = [[np.arange(n_frames, dtype=np.float64)] for _ in range(2)]
    table = FrameTable(Path("A.csv"), header, n_frames, columns)
    tracemalloc.start()
    try:
        annotation = table.to_annotation("A", behaviors, Provenance(), may_be_unknown=False)
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(annotation.behaviors) == 8
    # Beside what is kept, a few columns; not the sixteen of decisions.
    assert (most - kept) / n_frames < 5 * 8
