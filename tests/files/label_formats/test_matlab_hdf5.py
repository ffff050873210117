"""MATLAB files of version 7.3."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from behavior.errors import LabelError
from behavior.files.label_formats.matlab_hdf5 import read_matlab_hdf5


def write_mat(path: Path) -> h5py.File:
    file = h5py.File(path, "w")
    file["numbers"] = np.arange(6.0).reshape(3, 2)
    file["numbers"].attrs["MATLAB_class"] = np.bytes_("double")
    text = file.create_dataset("text", data=np.array([[ord(letter)] for letter in "näme"], dtype=np.uint16))
    text.attrs["MATLAB_class"] = np.bytes_("char")
    empty = file.create_dataset("empty", data=np.array([0, 0], dtype=np.uint64))
    empty.attrs["MATLAB_class"], empty.attrs["MATLAB_empty"] = np.bytes_("double"), np.uint8(1)
    file["#refs#/a"] = np.array([[7.0]])
    cells = file.create_dataset("struct/cells", (1, 1), dtype=h5py.ref_dtype)
    cells[0, 0] = file["#refs#/a"].ref
    return file


def test_numbers_text_structs_and_cells_are_plain_values(tmp_path: Path) -> None:
    write_mat(tmp_path / "a.mat").close()
    read = read_matlab_hdf5(tmp_path / "a.mat")
    assert set(read) == {"numbers", "text", "empty", "struct"}
    np.testing.assert_array_equal(read["numbers"], np.arange(6.0).reshape(3, 2).T)
    assert read["text"] == "näme"
    assert read["empty"].size == 0
    np.testing.assert_array_equal(read["struct"]["cells"][0], [[7.0]])


def test_the_real_file_reads_as_h5py_has_it(shared_data: Path) -> None:
    path = shared_data / "formats/others/behaviordepot_mat/hB_demo1_manual_annotations.mat.mat"
    freezing = read_matlab_hdf5(path)["hBehavior"]["Freezing"]
    with h5py.File(path) as file:
        np.testing.assert_array_equal(freezing["Bouts"], file["hBehavior/Freezing/Bouts"][()].T)
        np.testing.assert_array_equal(freezing["Vector"].ravel(), file["hBehavior/Freezing/Vector"][()].ravel())


def test_links_objects_and_empty_claims_are_refused(tmp_path: Path) -> None:
    with write_mat(tmp_path / "a.mat") as file:
        file["elsewhere"] = h5py.ExternalLink("/etc/other.h5", "x")
    with pytest.raises(LabelError, match="has a link 'elsewhere' to another file, which is not followed"):
        read_matlab_hdf5(tmp_path / "a.mat")
    with write_mat(tmp_path / "b.mat") as file:
        file.create_dataset("huge", shape=(1 << 29,), dtype=np.float64, chunks=(1 << 16,), compression="gzip")
    with pytest.raises(LabelError, match="of which only 0 bytes are stored"):
        read_matlab_hdf5(tmp_path / "b.mat")
    with write_mat(tmp_path / "c.mat") as file:
        file.create_dataset("words", data=["a"], dtype=h5py.string_dtype())
    with pytest.raises(LabelError, match=r"c\.mat: cannot be read as a MATLAB file"):
        read_matlab_hdf5(tmp_path / "c.mat")
    (tmp_path / "d.mat").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(LabelError, match=r"d\.mat: cannot be read as a MATLAB file"):
        read_matlab_hdf5(tmp_path / "d.mat")


@pytest.mark.parametrize("code", [2**40, float("nan"), -1])
def test_text_of_what_no_letter_is_is_refused(tmp_path, code):
    path = tmp_path / "labels.mat"
    with h5py.File(path, "w") as file:
        file["name"] = np.array([[code]])
        file["name"].attrs["MATLAB_class"] = np.bytes_(b"char")
    with pytest.raises(LabelError, match=r"labels\.mat: cannot be read as a MATLAB file \(.*\); save it again in MATLAB\."):
        read_matlab_hdf5(path)
