"""The description beside a table of frames: read strictly, with one sentence that names the file and the key."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from behavior.errors import EthogramError
from behavior.files.ethogram_description import EthogramDescription, describe_annotation, format_description, read_description
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities

WRITTEN: dict[str, Any] = {
    "recording": "A",
    "behaviors": ["x"],
    "n_frames": 6,
    "probabilities_hash": "ab",
    "decisions_hash": "cd",
    "fps": 10.0,
    "lab": "B 12",
}

TABLE_HASH = "8bc4ec0007bec535e2bb74c7416c7ac1"


def write(folder: Path, content: Any) -> Path:
    path = folder / "A_ethogram.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_what_was_written_reads_back(tmp_path: Path) -> None:
    description = read_description(write(tmp_path, WRITTEN))
    provenance = Provenance.model_validate({"fps": 10.0, "lab": "B 12"})
    assert description == EthogramDescription("A", ("x",), 6, "ab", "cd", None, None, provenance)
    assert format_description(description) == json.dumps(WRITTEN, indent=2) + "\n"


@pytest.mark.parametrize("key", ["recording", "n_frames", "decisions_hash", "provenance_hash", "table_hash"])
def test_a_provenance_with_a_key_of_the_table_is_refused(key: str) -> None:
    description = EthogramDescription("A", ("x",), 6, None, None, None, None, Provenance.model_validate({key: "x"}))
    with pytest.raises(ValueError, match=f"key {key!r}"):
        format_description(description)


def make_annotation(
    *, recording: str = "A", behavior: str = "x", fps: float = 10.0, late: float = 0.0, probability: float = 0.5, decided: bool = True
) -> Annotation:
    """Return an annotation of two frames, the second `late` by some seconds."""
    time_s = np.array([0.0, 0.1 + late])
    probabilities = Probabilities(np.full((2, 1), probability, dtype=np.float32), (behavior,), time_s)
    raw = Ethogram(np.ones((2, 1), dtype=bool), (behavior,), time_s)
    ethogram = Ethogram(np.full((2, 1), decided), (behavior,), time_s)
    return Annotation(recording, probabilities, raw, ethogram, Provenance(fps=fps))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ""),
        ({"recording": "B"}, "recording, frame rate, times or probabilities"),
        ({"behavior": "y"}, "recording, frame rate, times or probabilities"),
        ({"fps": 20.0}, "recording, frame rate, times or probabilities"),
        ({"late": 0.01}, "recording, frame rate, times or probabilities"),
        ({"probability": 0.25}, "recording, frame rate, times or probabilities"),
        ({"probability": 0.25, "decided": False}, "recording, frame rate, times or probabilities"),
        ({"decided": False}, "decisions"),
    ],
)
def test_what_was_changed_is_told_apart(changed: dict[str, Any], expected: str) -> None:
    description = describe_annotation(make_annotation())
    assert description.explain_mismatch(make_annotation(**changed)) == expected


def test_distances_that_were_changed_are_told_apart() -> None:
    annotation = replace(make_annotation(), distances=np.array([0.5, 2.0], dtype=np.float32))
    description = describe_annotation(annotation)
    assert description.explain_mismatch(annotation) == ""
    for distances in (None, np.array([0.5, 2.5], dtype=np.float32)):
        assert description.explain_mismatch(replace(annotation, distances=distances)) == "distances to training frames"
    assert describe_annotation(make_annotation()).explain_mismatch(annotation) != ""


def test_decisions_may_be_let_pass() -> None:
    description = describe_annotation(make_annotation())
    assert description.explain_mismatch(make_annotation(decided=False), needs_decisions=False) == ""
    assert description.explain_mismatch(make_annotation(fps=20.0), needs_decisions=False) != ""


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ""),
        ({"fps": 20.0}, ""),
        ({"decided": False}, "probabilities or decisions"),
        ({"probability": 0.25}, "probabilities or decisions"),
    ],
)
def test_the_hash_of_earlier_versions_still_counts(changed: dict[str, Any], expected: str) -> None:
    # As version 0.1.0 wrote it for these numbers.
    description = EthogramDescription("A", ("x",), 2, None, None, None, TABLE_HASH, Provenance(fps=10.0))
    assert description.explain_mismatch(make_annotation(**changed)) == expected
    assert description.explain_mismatch(make_annotation(**changed), needs_decisions=False) == expected


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
        ({"decisions_hash": 5}, "says no usable 'decisions_hash'"),
        ({"table_parts": 5}, "says no usable 'table_parts'"),
        ({"table_parts": [{"n_frames": -1, "start_s": 0.0, "n_bytes": 1, "hash": ""}]}, "says no usable 'table_parts.0'"),
        ({"table_parts": [{"n_frames": 1, "start_s": 0.0, "n_bytes": 0, "hash": ""}]}, "says no usable 'table_parts.0'"),
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
    assert str(caught.value).startswith((f"{path}: ", f"{path}, line 1: "))
    assert len(str(caught.value)) < 500


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EthogramError, match="no such file, expected the description of an ethogram"):
        read_description(tmp_path / "A_ethogram.json")


@pytest.mark.parametrize(
    ("changes", "is_noticed"),
    [
        ({"postprocess": {"threshold": 0.4}}, True),
        ({"postprocess": None}, True),
        ({"model": {"folder": "model", "hash": "cd"}}, True),
        ({"learned_from": True}, True),
        ({"fps": 20.0}, True),
        ({"provenance_hash": "0" * 32}, True),
        ({"model": {"folder": "elsewhere", "hash": "ab"}}, False),
        ({"video": "/moved/mouse_01.mp4", "pose": None}, False),
        ({"lab": "B 13"}, False),
    ],
)
def test_changed_settings_are_noticed_and_paths_may_be_corrected(tmp_path: Path, changes: dict[str, Any], is_noticed: bool) -> None:
    provenance = {"postprocess": {"threshold": 0.5}, "model": {"folder": "model", "hash": "ab"}, "video": "mouse_01.mp4", "lab": "B 12"}
    annotation = replace(make_annotation(), provenance=Provenance.model_validate(provenance))
    content = json.loads(format_description(describe_annotation(annotation)))
    path = write(tmp_path, content)
    assert read_description(path).provenance.unknown == {"lab": "B 12"}
    write(tmp_path, content | changes)
    if is_noticed:
        with pytest.raises(EthogramError, match="what it says of the model and the settings is not what was written"):
            read_description(path)
    else:
        read_description(path)
