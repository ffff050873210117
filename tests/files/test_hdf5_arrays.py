"""Arrays in HDF5 files of others: types and sizes are checked before anything is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from behavior.errors import InputError
from behavior.files.hdf5_arrays import read_array, read_names, read_numbers


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
