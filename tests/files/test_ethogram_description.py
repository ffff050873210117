"""The description beside a table of frames: read strictly, with one sentence that names the file and the key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from behavior.errors import EthogramError
from behavior.files.ethogram_description import EthogramDescription, format_description, read_description
from behavior.provenance import Provenance

WRITTEN: dict[str, Any] = {"recording": "A", "behaviors": ["x"], "n_frames": 6, "table_hash": "ab", "fps": 10.0, "lab": "B 12"}


def write(folder: Path, content: Any) -> Path:
    path = folder / "A_ethogram.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_what_was_written_reads_back(tmp_path: Path) -> None:
    description = read_description(write(tmp_path, WRITTEN))
    assert description == EthogramDescription("A", ("x",), 6, "ab", Provenance.model_validate({"fps": 10.0, "lab": "B 12"}))
    assert format_description(description) == json.dumps(WRITTEN, indent=2) + "\n"


def test_a_provenance_with_a_key_of_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="key 'n_frames'"):
        format_description(EthogramDescription("A", ("x",), 6, None, Provenance.model_validate({"n_frames": 6})))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"recording": None}, "says no usable 'recording' (found None, expected a valid string)"),
        ({"recording": "a/b"}, "says no usable 'recording' (found 'a/b', expected an id that is safe as a file name)"),
        ({"behaviors": ["x", "x"]}, "says no usable 'behaviors' (found ['x', 'x'], expected names that differ)"),
        ({"behaviors": ["x", 1]}, "says no usable 'behaviors.1'"),
        ({"n_frames": "6"}, "says no usable 'n_frames' (found '6', expected a valid integer)"),
        ({"n_frames": True}, "says no usable 'n_frames'"),
        ({"table_hash": 5}, "says no usable 'table_hash'"),
        ({"fps": "abc"}, "says no usable 'fps' (found 'abc', expected a valid number)"),
        ({"fps": [1]}, "says no usable 'fps'"),
        ({"video": "a\0"}, "says no usable 'video' (found 'a\\x00', expected a path without null characters)"),
        ({"video": "x" * 9000}, "expected text of at most 4096 characters"),
        ({"model": "m"}, "says no usable 'model' (found 'm', expected a valid dictionary)"),
        ({"postprocess": {"threshold": {"x": 2}}}, "says no usable 'postprocess.threshold'"),
        ({"not_measured": {"frames": 1, "spans": [[0]]}}, "says no usable 'not_measured.spans'"),
        ({"lab": float("nan")}, "is not JSON"),
        ({"lab": "\ud800"}, "is not JSON in UTF-8"),
    ],
)
def test_a_wrong_value_is_one_sentence(tmp_path: Path, changed: dict[str, Any], expected: str) -> None:
    path = write(tmp_path, WRITTEN | changed)
    with pytest.raises(EthogramError) as caught:
        read_description(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["recording", "behaviors", "n_frames"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    path = write(tmp_path, {name: value for name, value in WRITTEN.items() if name != key})
    with pytest.raises(EthogramError, match=f"says no usable {key!r}, the key is missing"):
        read_description(path)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"n_frames": ' + b"9" * 5000 + b"}", b'{"lab": 1e999}', b'"text"', b"[]"]
)
def test_what_is_no_description_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "A_ethogram.json"
    path.write_bytes(content)
    with pytest.raises(EthogramError) as caught:
        read_description(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value)) < 500


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EthogramError, match="no such file, expected the description of an ethogram"):
        read_description(tmp_path / "A_ethogram.json")
