"""Archives whose arrays are known beforehand: what was written is read, and anything else is an error."""

import json
import zipfile

import numpy as np
import pytest

from behavior.errors import InputError
from behavior.files import array_archives
from behavior.files.array_archives import open_archive, write_archive
from behavior.files.opening import explain_damage

ARRAYS = {
    "wide": np.arange(12, dtype=np.float32).reshape(3, 4),
    "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "indexes": np.array([3, 1], dtype=np.int64),
    "empty": np.zeros((0, 5), dtype=np.float32),
    "number": np.array(2.5, dtype=np.float64),
}
HEADER = {"name": "größer", "scores": [0.5, float("nan")]}


@pytest.fixture
def path(tmp_path):
    write_archive(tmp_path / "a.npz", HEADER, ARRAYS)
    return tmp_path / "a.npz"


def read(path):
    """Return the header and all arrays, every damage being one error of the package."""
    with explain_damage(path, error=InputError, expected="an archive", advice="write it again"), open_archive(path) as archive:
        archive.require_names(list(ARRAYS))
        return json.loads(archive.read_header()), {
            name: archive.read_array(name, dtype=values.dtype, shape=values.shape) for name, values in ARRAYS.items()
        }


def assert_whole(content):
    header, arrays = content
    assert str(header) == str(HEADER)
    for name, values in ARRAYS.items():
        assert arrays[name].dtype == values.dtype
        np.testing.assert_array_equal(arrays[name], values)


def test_what_was_written_is_read(path):
    content = read(path)
    assert_whole(content)
    # A copy, which may be changed.
    content[1]["wide"][0, 0] = 7


def test_numpy_reads_the_arrays_too(path):
    with np.load(path, allow_pickle=False) as loaded:
        np.testing.assert_array_equal(loaded["turned"], ARRAYS["turned"])


@pytest.mark.parametrize(
    ("dtype", "shape"), [(np.float64, (3, 4)), (np.float32, (4, 3)), (np.float32, (3, 2)), (np.float32, (10**6, 10**6)), (object, (3, 4))]
)
def test_another_dtype_or_shape_is_an_error(path, dtype, shape):
    with open_archive(path) as archive, pytest.raises(ValueError, match=r"the array wide|bytes, expected at most"):
        archive.read_array("wide", dtype=dtype, shape=shape)


@pytest.mark.parametrize("names", [["wide"], [*ARRAYS, "further"], [*list(ARRAYS)[:-1], "nuber"]])
def test_other_names_are_an_error(path, names):
    with open_archive(path) as archive, pytest.raises(ValueError, match="they differ in"):
        archive.require_names(names)


def test_a_name_that_is_missing_or_there_twice_is_an_error(path):
    with open_archive(path) as archive, pytest.raises(ValueError, match="found 0 entries"):
        archive.read_array("elsewhere", dtype=np.float32, shape=(1,))
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("wide.npy", b"")
    with pytest.raises(InputError, match=r"a\.npz: cannot be read as an archive"):
        read(path)


def test_a_larger_entry_than_expected_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(array_archives, "MOST_HEADER_BYTES", 100)
    write_archive(tmp_path / "a.npz", "x" * 200, {})
    with open_archive(tmp_path / "a.npz") as archive, pytest.raises(ValueError, match="has 202 bytes, expected at most 100"):
        archive.read_header()


def test_a_compressed_entry_is_refused_unread(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", " " * 10**7)
    with open_archive(tmp_path / "a.npz") as archive, pytest.raises(ValueError, match="is compressed"):
        archive.read_header()


def test_objects_are_never_unpickled(tmp_path):
    np.savez(tmp_path / "a.npz", wide=np.array([{"an": "object"}], dtype=object))
    with open_archive(tmp_path / "a.npz") as archive, pytest.raises(ValueError, match=r"the array wide|bytes, expected at most"):
        archive.read_array("wide", dtype=np.float32, shape=(1,))
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        write_archive(tmp_path / "b.npz", {}, {"wide": np.array([{}], dtype=object)})
    assert not (tmp_path / "b.npz").exists()


def test_an_archive_that_is_cut_off_anywhere_is_an_error(path):
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match=r"a\.npz: cannot be read as an archive"):
            read(path)


@pytest.mark.parametrize("mask", [0xFF, 0x01, 0x80])
def test_a_flipped_byte_is_an_error_or_changes_nothing(path, mask):
    """Times and attributes of entries mean nothing here."""
    content = path.read_bytes()
    n_errors = 0
    for position in range(len(content)):
        path.write_bytes(content[:position] + bytes([content[position] ^ mask]) + content[position + 1 :])
        try:
            assert_whole(read(path))
        except InputError:
            n_errors += 1
    assert n_errors > len(content) / 2
