"""Features of other programs: arrays and tables with a row per frame, and what is none of these."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.errors import BehaviorError
from behavior.files import imported_features as module
from behavior.files.feature_cache import PART_ROWS
from behavior.files.imported_features import ImportedFeatures, read_imported_features

VALUES = np.array([[1.5, -2.0], [3.25, 4.0], [0.0, 1e6]])


def join(features: ImportedFeatures) -> np.ndarray:
    return np.concatenate(list(features.read_parts()))


def test_arrays_and_tables_hold_the_same_numbers(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VALUES)
    np.savez(tmp_path / "b.npz", features=VALUES, fps=25)
    np.savez(tmp_path / "c.npz", features=VALUES)
    pd.DataFrame(VALUES).to_csv(tmp_path / "d.csv")
    pd.DataFrame(VALUES).to_csv(tmp_path / "e.csv", index_label="Frame")
    pd.DataFrame(VALUES).to_csv(tmp_path / "f.CSV", index=False)
    for name, fps in {"a.npy": None, "b.npz": 25.0, "c.npz": None, "d.csv": None, "e.csv": None, "f.CSV": None}.items():
        features = read_imported_features(tmp_path / name)
        assert (features.shape, features.fps, features.is_wide) == ((3, 2), fps, True)
        np.testing.assert_array_equal(join(features), VALUES)


def test_a_parquet_table(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    pd.DataFrame(VALUES, columns=["a", "b"]).assign(frame=[0, 1, 2]).to_parquet(tmp_path / "a.parquet")
    np.testing.assert_array_equal(join(read_imported_features(tmp_path / "a.parquet")), VALUES)


@pytest.mark.parametrize("kind", ["?", "i1", "u1", "<i2", ">i4", "<f2", ">f4", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_of_every_type_and_order_are_read(tmp_path: Path, kind: str, order: str) -> None:
    values = np.array([[0, 1], [1, 0], [1, 1]], dtype=kind, order=order)
    np.save(tmp_path / "a.npy", values)
    np.savez_compressed(tmp_path / "b.npz", features=values)
    for name in ("a.npy", "b.npz"):
        features = read_imported_features(tmp_path / name)
        assert not features.is_wide
        assert join(features).tolist() == [[0, 1], [1, 0], [1, 1]]


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv", ".parquet"])
def test_long_files_are_read_in_parts(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PART_BYTES", 1)
    values = np.random.default_rng(0).normal(size=(2 * PART_ROWS + 7, 3))
    path = tmp_path / f"a{suffix}"
    if suffix == ".npy":
        np.save(path, values)
    elif suffix == ".npz":
        np.savez(path, features=values, fps=np.array([10]))
    elif suffix == ".csv":
        pd.DataFrame(values).to_csv(path)
    else:
        pytest.importorskip("pyarrow")
        pd.DataFrame(values, columns=list("abc")).to_parquet(path)
    features = read_imported_features(path)
    assert [len(part) for part in features.read_parts()] == [PART_ROWS, PART_ROWS, 7]
    np.testing.assert_array_equal(join(features), values.astype(np.float32))
    values[PART_ROWS + 3, 1] = np.nan
    if suffix == ".npy":
        np.save(path, values)
        with pytest.raises(BehaviorError, match=f"frame {PART_ROWS + 3}, feature 1 is nan"):
            read_imported_features(path)
        np.save(path, values[:PART_ROWS])
        with pytest.raises(BehaviorError, match="was changed while it was read"):
            list(features.read_parts())


def test_few_bytes_that_unpack_to_many_take_little_memory_or_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("features.npy", "w", force_zip64=True) as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (2**20, 64)})
        for _ in range(64):
            file.write(bytes(2**20))
    assert path.stat().st_size < 2**17
    tracemalloc.start()
    try:
        features = read_imported_features(path)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert features.shape == (2**20, 64)
    # Of 64 MiB that would be 256 as float32.
    assert most < 2**25


@pytest.mark.parametrize(
    ("shape", "is_by_column", "sentence"),
    [
        ((10**15, 1), False, "found 1,000,000,000,000,000 frames, expected at most 100,000,000"),
        ((700_000_000, 2), False, "found 700,000,000 frames"),
        ((10, 10**9), False, "found 1,000,000,000 features, expected at most 65,536"),
        ((10**7, 1000), True, "stored by columns and has 9,537 MiB"),
        ((1000, 10), False, "it was cut off"),
    ],
)
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_arrays_that_are_not_what_they_say_are_refused(
    tmp_path: Path, shape: tuple[int, int], is_by_column: bool, sentence: str, suffix: str
) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": is_by_column, "shape": shape})
    path = tmp_path / f"a{suffix}"
    if suffix == ".npy":
        path.write_bytes(header.getvalue())
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("features.npy", header.getvalue())
    with pytest.raises(BehaviorError, match=sentence):
        read_imported_features(path)


def test_no_damage_of_a_file_is_more_than_a_sentence(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.save(tmp_path / "a.npy", VALUES)
    np.savez(tmp_path / "b.npz", features=VALUES, fps=25)
    np.savez_compressed(tmp_path / "c.npz", features=VALUES, fps=25)
    pd.DataFrame(VALUES).to_csv(tmp_path / "d.csv")
    for path in sorted(tmp_path.iterdir()):
        content = path.read_bytes()
        for place in rng.integers(len(content), size=100):
            damaged = bytearray(content[: rng.integers(len(content))] if rng.random() < 0.3 else content)
            if place < len(damaged):
                damaged[place] ^= 1 << rng.integers(8)
            path.write_bytes(damaged)
            try:
                features = read_imported_features(path)
            except BehaviorError as error:
                assert str(path) in str(error)
                assert "\n" not in str(error)
                continue
            # A cut table has fewer rows, and a changed digit is another number: neither can be known.
            if path.suffix == ".npz":
                np.testing.assert_array_equal(join(features), VALUES)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.npy", np.zeros(3), r"an array of shape \(3,\)"),
        ("a.npy", np.zeros((0, 2)), r"an array of shape \(0, 2\)"),
        ("a.npy", np.array([["x"]]), "values of type <U1"),
        ("a.npy", np.array([[1.0, 2.0], [3.0, np.inf]]), "frame 1, feature 1 is inf"),
        ("a.npz", {"other": VALUES}, "no array 'features', only other"),
        ("a.npz", {"features": VALUES, "fps": [10, 20]}, "fps is an array"),
        ("a.npz", {"features": VALUES, "fps": "fast"}, "fps is an array"),
        ("a.npy", np.zeros((2, 3), dtype=complex), "values of type complex128"),
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
