"""Features of other programs: arrays and tables with a row per frame, and what is none of these."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.errors import BehaviorError
from behavior.files.imported_features import read_imported_features

VALUES = np.array([[1.5, -2.0], [3.25, 4.0], [0.0, 1e6]])


def test_arrays_and_tables_hold_the_same_numbers(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VALUES)
    np.savez(tmp_path / "b.npz", features=VALUES, fps=25)
    np.savez(tmp_path / "c.npz", features=VALUES)
    pd.DataFrame(VALUES).to_csv(tmp_path / "d.csv")
    pd.DataFrame(VALUES).to_csv(tmp_path / "e.csv", index_label="Frame")
    pd.DataFrame(VALUES).to_csv(tmp_path / "f.CSV", index=False)
    for name, fps in {"a.npy": None, "b.npz": 25.0, "c.npz": None, "d.csv": None, "e.csv": None, "f.CSV": None}.items():
        values, rate = read_imported_features(tmp_path / name)
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, VALUES)
        assert rate == fps


def test_a_parquet_table(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    pd.DataFrame(VALUES, columns=["a", "b"]).assign(frame=[0, 1, 2]).to_parquet(tmp_path / "a.parquet")
    np.testing.assert_array_equal(read_imported_features(tmp_path / "a.parquet")[0], VALUES)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.bool_, np.float16])
def test_small_numbers_take_half_the_memory(tmp_path: Path, kind: type) -> None:
    np.save(tmp_path / "a.npy", np.array([[0, 1], [1, 0]], dtype=kind))
    values, _ = read_imported_features(tmp_path / "a.npy")
    assert values.dtype == np.float16
    assert values.tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.npy", np.zeros(3), r"an array of shape \(3,\)"),
        ("a.npy", np.zeros((0, 2)), r"an array of shape \(0, 2\)"),
        ("a.npy", np.array([["x"]]), "values of type <U1"),
        ("a.npy", np.array([[1.0, 2.0], [3.0, np.inf]]), "frame 1, feature 1 is inf"),
        ("a.npz", {"other": VALUES}, "no array 'features', only other"),
        ("a.txt", b"1 2", r"found a \.txt file"),
        ("a", b"1 2", "found a nameless file"),
        ("a.npy", b"", r"cannot be read as features"),
        ("a.npz", b"PK\x03\x04 and no more", "cannot be read as features"),
        ("a.npz", b"not an archive", "cannot be read as features"),
        ("a.csv", b"", "cannot be read as features"),
        ("a.parquet", b"not a table", "cannot be read as features"),
    ],
)
def test_what_is_no_features_is_said_with_the_files_name(tmp_path: Path, name: str, content: object, sentence: str) -> None:
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, dict):
        np.savez(path, **content)
    else:
        np.save(path, content)
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    with pytest.raises(BehaviorError, match=sentence) as caught:
        read_imported_features(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BehaviorError, match=r"none\.npy: no such file"):
        read_imported_features(tmp_path / "none.npy")


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_a_program_in_an_array_is_not_run(tmp_path: Path, name: str) -> None:
    class Program:
        def __reduce__(self) -> tuple:
            return Path.touch, (tmp_path / "run",)

    array = np.empty((1, 1), dtype=object)
    array[0, 0] = Program()
    if name.endswith("npz"):
        np.savez(tmp_path / name, features=array)
    else:
        np.save(tmp_path / name, array)
    with pytest.raises(BehaviorError, match="cannot be read as features"):
        read_imported_features(tmp_path / name)
    assert not (tmp_path / "run").exists()
