"""Tables of pandas in HDF5: the same numbers as pandas reads, and a sentence where a file has more than numbers and names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.errors import InputError
from behavior.files.pose_formats.pandas_hdf5 import find_tables, read_rows

COLUMNS = pd.MultiIndex.from_product(
    [["net"], ["nose", "tail base", "ö"], ["x", "y", "likelihood"]], names=["scorer", "bodyparts", "coords"]
)


def make_table(n_rows: int = 5, columns: pd.MultiIndex = COLUMNS) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(n_rows).uniform(0, 99, (n_rows, len(columns))), columns=columns)


def assert_read_as_by_pandas(path: Path) -> None:
    expected = pd.read_hdf(path)
    with h5py.File(path) as file:
        (table,) = find_tables(file)
        index, values = read_rows(file, table, range(len(table.columns)))
    assert table.columns == tuple(tuple(str(name) for name in column) for column in expected.columns)
    assert table.level_names == tuple("" if name is None else name for name in expected.columns.names)
    np.testing.assert_array_equal(index, expected.index.to_numpy())
    np.testing.assert_array_equal(values, expected.to_numpy(dtype=np.float64))


@pytest.mark.parametrize("layout", ["fixed", "table"])
@settings(max_examples=25)
@given(
    names=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1),
        min_size=1,
        max_size=4,
        unique=True,
    ),
    n_rows=st.integers(1, 4),
    kinds=st.lists(st.sampled_from(["float64", "float32", "int64"]), min_size=3, max_size=3),
    level_names=st.sampled_from([["scorer", "bodyparts", "coords"], [None, None, None], [None, "bodyparts", "coords"]]),
    index=st.sampled_from(["count", "gaps", "text", "real"]),
)
def test_it_is_read_as_by_pandas(
    tmp_path_factory: pytest.TempPathFactory, layout: str, names: list[str], n_rows: int, kinds: list[str], level_names: list, index: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"{layout}.h5"
    table = make_table(n_rows, pd.MultiIndex.from_product([["net"], names, ["x", "y", "likelihood"]], names=level_names)).round()
    table = table.astype({column: kinds[number % 3] for number, column in enumerate(table.columns)})
    counts = np.arange(n_rows)
    table.index = pd.Index({"count": counts, "gaps": 3 * counts, "text": counts.astype(str).tolist(), "real": counts / 2}[index])
    table.to_hdf(path, key="df_with_missing", mode="w", format=layout)
    assert_read_as_by_pandas(path)


@pytest.mark.parametrize("layout", ["fixed", "table"])
def test_compressed_and_nested_tables(tmp_path: Path, layout: str) -> None:
    make_table(3000).to_hdf(tmp_path / "a.h5", key="a/b/c", format=layout, complevel=5, complib="zlib")
    assert_read_as_by_pandas(tmp_path / "a.h5")


def test_real_files_of_deeplabcut(shared_data: Path) -> None:
    paths = [*(shared_data / "formats" / "dlc").glob("*.h5"), *(shared_data / "openfield_video").glob("*.h5")]
    assert len(paths) == 4
    for path in paths:
        assert_read_as_by_pandas(path)


def test_a_table_without_rows_and_labels_of_single_pictures(tmp_path: Path) -> None:
    make_table(0).to_hdf(tmp_path / "empty.h5", key="a")
    pictures = [("labeled-data", "video", f"img{number}.png") for number in range(3)]
    make_table(3).set_index(pd.MultiIndex.from_tuples(pictures)).to_hdf(tmp_path / "labels.h5", key="a")
    for name, expected in {"empty.h5": [], "labels.h5": pictures}.items():
        with h5py.File(tmp_path / name) as file:
            index, values = read_rows(file, find_tables(file)[0], [0, 4])
        assert index.tolist() == expected
        assert values.shape == (len(expected), 2)


def test_what_has_no_levels_of_names_is_not_found(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1.0], "b": ["text"]}).to_hdf(tmp_path / "a.h5", key="fixed")
    pd.DataFrame({"a": [1.0]}).to_hdf(tmp_path / "a.h5", key="records", format="table")
    pd.Series([1.0]).to_hdf(tmp_path / "a.h5", key="series")
    make_table().to_hdf(tmp_path / "a.h5", key="deep/pose")
    with h5py.File(tmp_path / "a.h5") as file:
        assert [table.path for table in find_tables(file)] == ["/deep/pose"]


def test_text_that_is_not_asked_for_is_left_alone(tmp_path: Path) -> None:
    table = make_table()
    table["net", "set", ""] = "train"
    table.to_hdf(tmp_path / "a.h5", key="a")
    with h5py.File(tmp_path / "a.h5") as file:
        (found,) = find_tables(file)
        _, values = read_rows(file, found, range(9))
        np.testing.assert_array_equal(values, table.iloc[:, :9].to_numpy())
        with pytest.raises(InputError, match="stored Python objects"):
            read_rows(file, found, [9])


def test_a_compression_that_only_pytables_knows_is_named(tmp_path: Path) -> None:
    make_table(3000).to_hdf(tmp_path / "a.h5", key="a", complevel=5, complib="blosc")
    with h5py.File(tmp_path / "a.h5") as file, pytest.raises(InputError, match="compressed with blosc"):
        find_tables(file)


def test_a_file_that_claims_to_be_huge_is_not_read(tmp_path: Path) -> None:
    make_table().to_hdf(tmp_path / "a.h5", key="a")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        del file["a/block0_values"]
        file["a"].create_dataset("block0_values", shape=(1 << 40, 9), chunks=(100, 9), dtype=np.float64).attrs["transposed"] = 1
    with h5py.File(tmp_path / "a.h5") as file, pytest.raises(InputError, match=r"claims 9,895,604,649,984 values"):
        read_rows(file, find_tables(file)[0], [0])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda group: group["axis0_label1"].write_direct(np.full(9, 7, dtype=np.int8)), "do not fit the 3 names"),
        (lambda group: group.attrs.update(axis0_nlevels=1 << 40), "axis0_nlevels"),
        (lambda group: group.attrs.update(nblocks=np.array([1, 2])), "nblocks"),
        (lambda group: group.attrs.update(encoding="utf-7"), "text in 'utf-7'"),
        (lambda group: group["axis1"].attrs.update(kind="datetime64"), "kind 'datetime64'"),
        (
            lambda group: group.move("block0_items_level1", "x") or group.copy("axis0_level2", "block0_items_level1"),
            "not among its columns",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path: Path, change: Callable[[h5py.Group], object], sentence: str) -> None:
    make_table().to_hdf(tmp_path / "a.h5", key="a")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        change(file["a"])
    with h5py.File(tmp_path / "a.h5") as file, pytest.raises(InputError, match=sentence):
        read_rows(file, find_tables(file)[0], range(9))


def test_programs_in_a_file_are_never_run(tmp_path: Path, write_hostile_poses: Callable[..., list[Any]]) -> None:
    marker = tmp_path / "run"
    for pose in write_hostile_poses(tmp_path, marker):
        with h5py.File(pose.path) as file:
            try:
                tables = find_tables(file)
                shapes = [read_rows(file, table, range(6))[1].shape for table in tables]
            except InputError as error:
                assert pose.is_refused, (pose.place, error)
            else:
                assert shapes == ([] if pose.is_refused else [(5, 6)]), pose.place
        assert not marker.exists(), pose.place
