from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from behavior.errors import UsageError
from behavior.files import yaml_files
from behavior.files.yaml_files import MOST_DEPTH, read_yaml

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"])),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text("abcd", min_size=1), children, max_size=3),
    max_leaves=12,
)


def read(tmp_path: Path, text: str | bytes) -> object:
    path = tmp_path / "study.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_yaml(path)


@given(value=PLAIN)
def test_what_yaml_writes_is_read(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    assert read(tmp_path_factory.mktemp("yaml"), yaml.safe_dump(value)) == value


def test_aliases_and_merged_keys_are_read(tmp_path: Path) -> None:
    text = "head: &head {kind: lstm, layers: 2}\nsecond: *head\nthird: {<<: *head, layers: 3}\n"
    lstm = {"kind": "lstm", "layers": 2}
    assert read(tmp_path, text) == {"head": lstm, "second": lstm, "third": {"kind": "lstm", "layers": 3}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: this is not valid YAML (the key 'a' is there twice); keep one of them."),
        ("crop:\n  size: 1\n  size: 2\n", "line 3: this is not valid YAML (the key 'size' is there twice)"),
        ("[" * (MOST_DEPTH + 1) + "]" * (MOST_DEPTH + 1), f"line 1: this is not valid YAML (more than {MOST_DEPTH} levels)"),
        ("a: &a [*a]\n", "line 1: this is not valid YAML (an alias is inside the value that it names)"),
        ("seed: " + "9" * 5000, "line 1: this is not valid YAML (Exceeds the limit"),
        ("day: 2026-13-45\n", "line 1: this is not valid YAML (month must be in 1..12)"),
        ('recordings: "a\\0.csv"\n', "line 1: this is not valid YAML (a null character)"),
        ("a: !!python/object/apply:os.system [true]\n", "line 1: this is not valid YAML (could not determine a constructor"),
        ("a: [1, 2\nb: 3\n", "this is not valid YAML"),
        ("? [a, b]\n: 1\n", "this is not valid YAML (found unhashable key)"),
        (b"a: 1\nb: \xe4\n", "line 2: the byte 0xe4 is not UTF-8, expected a YAML file such as a study file in UTF-8; save it as UTF-8"),
        ("a:\n\tb: 1\n", "line 2: this is not valid YAML (a tab); indent with spaces."),
        ("a: \x07\n", "this is not valid YAML (special characters are not allowed)"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_its_line(tmp_path: Path, text: str | bytes, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "study.yaml")) and expected in message and "\n" not in message


def test_aliases_that_unfold_without_end_are_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 10)]
    with pytest.raises(UsageError, match=r"line 6: .*aliases unfold to more than 500,000 values"):
        read(tmp_path, "\n".join(lines))


def test_a_large_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_files, "MOST_BYTES", 2**20)
    with pytest.raises(UsageError, match=r"has 2\.0 MiB, expected a YAML file such as a study file of at most 1 MiB"):
        read(tmp_path, b" " * 2**21)


@pytest.mark.parametrize(
    ("name", "expected"), [("missing.yaml", "no such file"), (".", "found a folder"), ("pipe", "found a device or a pipe")]
)
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, expected: str) -> None:
    if name == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("this system has no named pipes")
        os.mkfifo(tmp_path / name)
    with pytest.raises(UsageError, match=expected):
        read_yaml(tmp_path / name)
