"""Arrays in HDF5 files of others: types and sizes are checked before anything is read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from behavior.errors import InputError, PoseError
from behavior.files.hdf5_arrays import open_hdf5, read_array, read_names, read_number, read_numbers
from behavior.files.pose import read_pose


@pytest.fixture(name="write")
def provide_write(tmp_path: Path) -> Callable[..., h5py.File]:
    def write(**arrays: object) -> h5py.File:
        file = h5py.File(tmp_path / "a.h5", "w")
        for name, values in arrays.items():
            file[name] = values
        file.create_group("group")
        return file

    return write


def test_numbers_and_names(write: Callable[..., h5py.File]) -> None:
    with write(
        numbers=np.arange(6, dtype=np.uint16).reshape(2, 3), names=np.array([b"a", b"b"]), texts=["ä", "b"], none=np.zeros(0)
    ) as file:
        np.testing.assert_array_equal(read_numbers(file["numbers"]), [[0, 1, 2], [3, 4, 5]])
        assert read_array(file["numbers"]).dtype == np.uint16
        assert read_names(file["names"]) == ["a", "b"]
        assert read_names(file["texts"]) == ["ä", "b"]
        assert read_names(file["none"]) == []


def test_what_is_refused(write: Callable[..., h5py.File]) -> None:
    with write(texts=["a", "b"], numbers=np.zeros(3), names=np.array([b"a"])) as file:
        file.create_dataset("empty", data=h5py.Empty("f8"))
        file.create_dataset("references", data=np.array([file.ref]), dtype=h5py.ref_dtype)
        for name in ("texts", "references"):
            with pytest.raises(InputError, match="stored Python objects"):
                read_array(file[name])
        with pytest.raises(InputError, match="not made of numbers, but of text"):
            read_numbers(file["names"])
        for name in ("numbers", "references"):
            with pytest.raises(InputError, match="not made of text"):
                read_names(file[name])
        for name in ("empty", "group"):
            with pytest.raises(InputError, match="where an array is expected"):
                read_array(file[name])
            with pytest.raises(InputError, match="where a list of names is expected"):
                read_names(file[name])


def test_sizes_that_a_file_only_claims_are_refused(write: Callable[..., h5py.File]) -> None:
    with write() as file:
        file.create_dataset("huge", shape=(1 << 40,), dtype="f8", chunks=(1 << 10,), compression="gzip")
        file.create_dataset("hollow", shape=(1 << 29,), dtype="f8", chunks=(1 << 10,), compression="gzip")
        with pytest.raises(InputError, match=r"claims 1,099,511,627,776 values, more than"):
            read_array(file["huge"])
        with pytest.raises(InputError, match=r"claims 536,870,912 values of which only 0 bytes are stored"):
            read_array(file["hollow"])
        with pytest.raises(InputError, match="claims"):
            read_numbers(file["hollow"])


def test_one_number(write: Callable[..., h5py.File]) -> None:
    with write(one=2.5, several=np.zeros(2), name="a") as file:
        assert read_number(file["one"]) == 2.5
        with pytest.raises(InputError, match="has 2 values in /several, expected one"):
            read_number(file["several"])
        with pytest.raises(InputError, match="not made of numbers"):
            read_number(file["name"])
        file.create_dataset("hollow", shape=(1 << 29,), dtype="f8", chunks=(1 << 10,))
        with pytest.raises(InputError, match="of which only 0 bytes are stored"):
            read_number(file["hollow"])


def test_names_that_are_longer_than_what_is_stored_of_them_are_refused(write: Callable[..., h5py.File]) -> None:
    with write() as file:
        file.create_dataset("fixed", shape=(10_000,), dtype="S100000", chunks=(1,))
        with pytest.raises(InputError, match="of which only 0 bytes are stored"):
            read_names(file["fixed"])
        file.create_dataset("long", data=["a" * (1 << 20)] * 65, dtype=h5py.string_dtype())
        with pytest.raises(InputError, match=r"names of more than 67,108,864 bytes in /long"):
            read_names(file["long"])


def link_outside(file: h5py.File, name: str, target: Path) -> None:
    file[name] = h5py.ExternalLink(str(target), "/tracks")


def store_outside(file: h5py.File, name: str, target: Path) -> None:
    file.create_dataset(name, shape=(4,), dtype="u1", external=[(str(target), 0, 4)])


def map_outside(file: h5py.File, name: str, target: Path) -> None:
    layout = h5py.VirtualLayout(shape=(4,), dtype="u1")
    layout[:] = h5py.VirtualSource(str(target), "tracks", shape=(4,))
    file.create_virtual_dataset(name, layout)


@pytest.mark.parametrize("put", [link_outside, store_outside, map_outside])
# By what each format is told, or holds.
@pytest.mark.parametrize("name", ["tracks", "poseest", "pred_points", "processing/pose", "df_with_missing"])
def test_no_content_of_other_files_is_read_nor_are_they_opened(tmp_path: Path, put: Callable[..., None], name: str) -> None:
    path, target = tmp_path / "mouse.h5", tmp_path / "pipe"
    if hasattr(os, "mkfifo"):
        # Whoever opens it waits for ever.
        os.mkfifo(target)
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.0"
        put(file, name, target)
    expected = r"mouse\.h5: has .* (to another file, which is not followed|whose values are in other files, which are not read); "
    with pytest.raises(PoseError, match=expected):
        read_pose(path)
    with pytest.raises(InputError, match=r"not followed|are not read"), open_hdf5(path):
        raise AssertionError("it was opened")


def test_links_within_a_file_are_followed(write: Callable[..., h5py.File], tmp_path: Path) -> None:
    with write(numbers=np.arange(3)) as file:
        file["soft"] = h5py.SoftLink("/numbers")
        file["group/again"] = file["/"]
    with open_hdf5(tmp_path / "a.h5") as file:
        assert read_array(file["soft"]).tolist() == [0, 1, 2]
