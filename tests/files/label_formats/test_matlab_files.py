"""MATLAB files of version 5, against scipy's reader."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.errors import LabelError
from behavior.files.label_formats import matlab_files
from behavior.files.label_formats.matlab_files import read_matlab

PATH = Path("a.mat")


def save(compressed: bool = False, **variables: Any) -> bytes:
    content = io.BytesIO()
    scipy.io.savemat(content, variables, do_compression=compressed)
    return content.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
def test_numbers_text_structs_and_cells_are_plain_values(compressed: bool) -> None:
    cells = np.empty((1, 2), dtype=object)
    cells[0, 0], cells[0, 1] = np.array([[1.0, 2.0]]), "näme"
    numbers = np.arange(6, dtype=np.int16).reshape(2, 3)
    read = read_matlab(
        PATH, save(compressed, one=3.5, numbers=numbers, text="abc", struct={"b": numbers, "inner": {"x": "y"}}, cells=cells)
    )
    assert list(read) == ["one", "numbers", "text", "struct", "cells"]
    np.testing.assert_array_equal(read["one"], [[3.5]])
    np.testing.assert_array_equal(read["numbers"], numbers)
    assert read["text"] == "abc"
    np.testing.assert_array_equal(read["struct"]["b"], numbers)
    assert read["struct"]["inner"] == {"x": "y"}
    np.testing.assert_array_equal(read["cells"][0], [[1.0, 2.0]])
    assert read["cells"][1] == "näme"


def test_real_files_read_as_scipy_reads_them(shared_data: Path) -> None:
    paths = sorted((shared_data / "formats/others/behaviordepot_mat").glob("hB_[!d]*.mat"))
    assert len(paths) == 4
    for path in paths:
        own, other = read_matlab(path, path.read_bytes())["hBehavior"], scipy.io.loadmat(path, simplify_cells=True)["hBehavior"]
        assert list(own) == list(other)
        assert own["VideoName"] == other["VideoName"]
        assert float(own["TotalFrames"][0, 0]) == other["TotalFrames"]
        for name in ("Bouts", "Vector"):
            np.testing.assert_array_equal(np.squeeze(own["Freezing"][name]), other["Freezing"][name])


def test_what_unpacks_to_too_much_or_claims_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = save(True, a=np.zeros((2000, 1000)))
    assert len(content) < 50_000
    monkeypatch.setattr(matlab_files, "_MOST_UNPACKED", 1 << 20)
    with pytest.raises(LabelError, match=r"a\.mat: cannot be read as a MATLAB file \(unpacks to more than 1 MiB\)"):
        read_matlab(PATH, content)
    monkeypatch.undo()
    # A cell array of 2**31 - 1 cells, of which none is there.
    sizes = struct.pack("<IIII", 6, 8, 1, 0) + struct.pack("<IIii", 5, 8, 1, 2**31 - 1) + struct.pack("<II", 1, 0)
    matrix = struct.pack("<II", 14, len(sizes)) + sizes
    with pytest.raises(LabelError, match="claims an array of shape"):
        read_matlab(PATH, save(a=1)[:128] + matrix)


def test_structs_in_structs_without_end_are_refused() -> None:
    nested: Any = 1
    for _ in range(40):
        nested = {"a": nested}
    with pytest.raises(LabelError, match="has structs in 20 structs"):
        read_matlab(PATH, save(a=nested))


@pytest.mark.parametrize(
    "content",
    [
        b"MATLAB 5.0",
        save(a=1)[:-3],
        save(a=1)[:126] + b"XX" + save(a=1)[128:],
        save(a=1)[:128] + struct.pack("<II", 15, 5) + zlib.compress(b"x")[:5],
        save(a=scipy.sparse.eye_array(3).tocsc()),
        save(a=np.array([1 + 2j]))[:150],
    ],
)
def test_damaged_files_and_other_values_are_refused(content: bytes) -> None:
    with pytest.raises(LabelError, match=r"a\.mat: cannot be read as a MATLAB file"):
        read_matlab(PATH, content)


@given(position=st.integers(128, 900), value=st.integers(0, 255))
@settings(max_examples=150)
def test_a_changed_byte_gives_values_or_a_sentence(position: int, value: int) -> None:
    content = bytearray(save(a={"b": np.arange(20.0), "c": "text"}, d=np.zeros((3, 3), dtype=np.uint8)))
    content[min(position, len(content) - 1)] = value
    try:
        assert isinstance(read_matlab(PATH, bytes(content)), dict)
    except LabelError as error:
        assert str(error).startswith("a.mat: ")
