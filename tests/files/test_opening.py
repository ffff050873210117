from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from behavior.errors import ModelError, UsageError
from behavior.files.opening import explain_damage, read_text, require_regular_file

WORDS = {"error": UsageError, "expected": "a study file", "advice": "look for it"}


def test_a_regular_file_has_its_size(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert require_regular_file(tmp_path / "a", **WORDS) == 5


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/dev/zero", r"/dev/zero: found a device or a pipe, expected a study file; look for it\."),
        # Pythons differ in their words.
        ("a\0b", r"'a\\x00b': cannot be opened \((stat: )?embedded null [a-z ]+\), expected a study file; look for it\."),
        ("x" * 5000, r"cannot be opened \(File name too long\), expected a study file; look for it\."),
    ],
)
def test_what_is_no_regular_file_is_named(path: str, expected: str) -> None:
    if path.startswith("/dev") and not Path(path).exists():
        pytest.skip(f"this system has no {path}")
    with pytest.raises(UsageError) as caught:
        require_regular_file(Path(path), **WORDS)
    assert re.search(f"{expected}$", str(caught.value))


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (KeyError("fps"), "'fps' is missing"),
        (KeyError(), "a part is missing"),
        (zipfile.BadZipFile("File is not a zip file"), "File is not a zip file"),
        (MemoryError(), "MemoryError"),
        (RecursionError("too\ndeep"), "too deep"),
        (ValueError("x" * 500), "x" * 200 + "..."),
    ],
)
def test_what_a_reader_raises_becomes_one_sentence(problem: Exception, reason: str) -> None:
    with pytest.raises(UsageError) as caught, explain_damage(Path("a.yaml"), **WORDS):
        raise problem
    assert str(caught.value) == f"a.yaml: cannot be read as a study file ({reason}); look for it."


@pytest.mark.parametrize("problem", [ModelError("a model."), KeyboardInterrupt(), AssertionError("a bug")])
def test_errors_of_ours_and_bugs_pass_as_they_are(problem: BaseException) -> None:
    with pytest.raises(type(problem)) as caught, explain_damage(Path("a.yaml"), **WORDS):
        raise problem
    assert caught.value is problem


def test_text_is_read_whole_without_its_mark(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfM\xc3\xa4use")
    assert read_text(tmp_path / "a", most_bytes=100, **WORDS) == "Mäuse"
    with pytest.raises(UsageError, match="MiB, expected a study file of at most"):
        read_text(tmp_path / "a", most_bytes=8, **WORDS)
    (tmp_path / "a").write_bytes(b"\xff")
    with pytest.raises(
        UsageError, match=r"line 1: the byte 0xff is not UTF-8, expected a study file in UTF-8; save it as UTF-8 in your editor, or look"
    ):
        read_text(tmp_path / "a", most_bytes=8, **WORDS)
