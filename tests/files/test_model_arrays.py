"""Trees read back as they were written, and a file that holds anything else gets a sentence."""

import json
import re
import zipfile

import numpy as np
import pytest

from behavior.errors import ModelError
from behavior.files.array_archives import write_archive
from behavior.files.model_arrays import read_model_arrays, write_model_arrays

DTYPES = {"starts": np.int64, "value": np.float64, "baseline": np.float64}
ARRAYS = {"starts": np.array([0, 3]), "value": np.array([0.5, -1.0, 2.0]), "baseline": np.array(0.25)}


def test_what_was_written_is_read(tmp_path):
    write_model_arrays(tmp_path / "a.trees.npz", ARRAYS)
    found = read_model_arrays(tmp_path / "a.trees.npz", DTYPES, expected="the trees of a model")
    assert list(found) == list(DTYPES)
    for name, values in ARRAYS.items():
        assert found[name].dtype == values.dtype and found[name].shape == values.shape
        np.testing.assert_array_equal(found[name], values)
    with np.load(tmp_path / "a.trees.npz", allow_pickle=False) as plain:
        np.testing.assert_array_equal(plain["value"], ARRAYS["value"])


@pytest.mark.parametrize(
    ("header", "arrays"),
    [
        ({name: list(values.shape) for name, values in ARRAYS.items()}, {**ARRAYS, "more": np.zeros(1)}),
        ({"starts": [2], "value": [3], "baseline": []}, {name: ARRAYS[name] for name in ("starts", "value")}),
        ({"starts": [2], "value": [4], "baseline": []}, ARRAYS),
        ({"starts": [2], "value": [10**12], "baseline": []}, ARRAYS),
        ({"starts": [-2], "value": [3], "baseline": []}, ARRAYS),
        ({"starts": [-1, -2], "value": [3], "baseline": []}, ARRAYS),
        ({"starts": [2], "value": [3]}, ARRAYS),
        ({"starts": 2, "value": [3], "baseline": []}, ARRAYS),
        ([], ARRAYS),
        ({"starts": [2], "value": [3], "baseline": []}, {**ARRAYS, "value": ARRAYS["value"].astype(np.float32)}),
    ],
)
def test_other_content_is_refused(tmp_path, header, arrays):
    path = tmp_path / "a.trees.npz"
    write_archive(path, header, arrays)
    with pytest.raises(ModelError, match=re.escape(f"{path}: cannot be read as the trees of a model")):
        read_model_arrays(path, DTYPES, expected="the trees of a model")


def test_a_pickled_array_is_refused_unread(tmp_path):
    path = tmp_path / "a.trees.npz"
    write_model_arrays(path, ARRAYS)
    np.save(tmp_path / "value.npy", np.array([print], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", json.dumps({"starts": [2], "value": [1], "baseline": []}))
        archive.write(tmp_path / "value.npy", "value.npy")
        for name in ("starts", "baseline"):
            np.save(tmp_path / f"{name}.npy", ARRAYS[name])
            archive.write(tmp_path / f"{name}.npy", f"{name}.npy")
    with pytest.raises(ModelError, match="cannot be read as the trees of a model"):
        read_model_arrays(path, DTYPES, expected="the trees of a model")


def test_no_file_and_no_archive_are_named(tmp_path):
    with pytest.raises(ModelError, match="no such file, expected the trees of a model"):
        read_model_arrays(tmp_path / "a.trees.npz", DTYPES, expected="the trees of a model")
    (tmp_path / "b.trees.npz").write_bytes(b"PK nothing")
    with pytest.raises(ModelError, match=r"b\.trees\.npz: cannot be read as the trees of a model"):
        read_model_arrays(tmp_path / "b.trees.npz", DTYPES, expected="the trees of a model")
