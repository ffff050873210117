"""NumPy files of objects come back as NumPy itself reads them, and nothing in them is run."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from behavior.errors import InputError
from behavior.files.stored_arrays import read_stored_arrays

ARRAYS = hnp.arrays(st.sampled_from(["f4", "f8", "<i2", ">i4", "u1", "?", "U3"]), hnp.array_shapes(min_dims=0, max_dims=3, max_side=3))
PLAIN = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5) | st.binary(max_size=5)
OBJECTS = st.recursive(
    PLAIN | ARRAYS,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


def write(folder: Path, value: Any, protocol: int) -> Path:
    """Write a NumPy file as `np.save` does, in a protocol of old or new NumPy."""
    path = folder / f"{protocol}.npy"
    array = np.empty((), dtype=object)
    array[()] = value
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        pickle.dump(array, file, protocol=protocol)
    return path


def require_same(read: Any, expected: Any) -> None:
    assert type(read) is type(expected)
    if isinstance(expected, dict):
        assert list(read) == list(expected)
        for key, value in expected.items():
            require_same(read[key], value)
    elif isinstance(expected, (list, tuple)):
        assert len(read) == len(expected)
        for one, other in zip(read, expected, strict=True):
            require_same(one, other)
    elif isinstance(expected, np.ndarray):
        assert (read.dtype, read.shape) == (expected.dtype, expected.shape)
        assert read.tobytes() == expected.tobytes()
    else:
        assert read == expected or (read != read and expected != expected)


@pytest.mark.parametrize("protocol", [2, 3, 4])
@given(value=OBJECTS)
def test_data_come_back(tmp_path_factory: pytest.TempPathFactory, protocol: int, value: Any) -> None:
    path = write(tmp_path_factory.getbasetemp(), value, protocol)
    require_same(read_stored_arrays(path), value)


def test_arrays_of_arrays_and_of_fortran_order_come_back(tmp_path: Path) -> None:
    ragged = np.array([np.arange(2), np.arange(3)], dtype=object)
    columns = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    read = read_stored_arrays(write(tmp_path, {"ragged": ragged, "columns": columns, "one": np.float32(2.5)}, 4))
    assert [part.tolist() for part in read["ragged"]] == [[0, 1], [0, 1, 2]]
    np.testing.assert_array_equal(read["columns"], columns)
    assert read["one"] == 2.5


class Runs:
    """Something that makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("protocol", [2, 4])
def test_what_would_run_is_refused(tmp_path: Path, protocol: int) -> None:
    path = write(tmp_path, {"keypoints": Runs(tmp_path / "made")}, protocol)
    with pytest.raises(InputError, match=rf"{protocol}\.npy: .*names .*mkdir, which is not one of plain data"):
        read_stored_arrays(path)
    assert not (tmp_path / "made").exists()


def test_files_that_contain_themselves_or_are_of_numbers_are_refused(tmp_path: Path) -> None:
    itself: list[Any] = []
    itself.append(itself)
    with pytest.raises(InputError, match="more than 32 deep"):
        read_stored_arrays(write(tmp_path, itself, 4))
    np.save(tmp_path / "numbers.npy", np.arange(3))
    with pytest.raises(InputError, match="an array of int64"):
        read_stored_arrays(tmp_path / "numbers.npy")


@given(data=st.data())
def test_a_damaged_file_is_an_error_of_its_own(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.getbasetemp()
    content = bytearray(write(folder, {"a": np.arange(4.0), "b": ["x", (1, None)]}, 4).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged = folder / "damaged.npy"
    damaged.write_bytes(bytes(content[: data.draw(st.integers(1, len(content)))]))
    try:
        read_stored_arrays(damaged)
    except InputError as error:
        assert str(error).startswith(str(damaged))
