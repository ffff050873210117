"""Stored objects: plain data comes back as Python's own reader has it, and nothing else is read."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.files.stored_objects import StoredObjectError, parse_stored_object

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text() | st.integers() | st.tuples(st.text(), st.text()), inner)
    ),
)


class Program:
    """Writes a file when Python's own reader meets it."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker,)


@given(PLAIN)
def test_plain_data_comes_back(value: Any) -> None:
    assert parse_stored_object(pickle.dumps(value, 0)) == value


def test_text_of_python_2_is_decoded() -> None:
    assert parse_stored_object(b"(lp0\nS'nose'\np1\naS\"tail's base\"\naS'\\xc3\\xb6'\na.") == ["nose", "tail's base", "ö"]


def test_a_value_that_is_used_twice_is_the_same() -> None:
    twice = ["x"]
    first, second = parse_stored_object(pickle.dumps([twice, twice], 0))
    assert first is second
    assert first == ["x"]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("wrap", [lambda program: program, lambda program: [1, program], lambda program: {"a": (program,)}])
def test_a_program_is_refused_and_not_run(tmp_path: Path, protocol: int, wrap: Any) -> None:
    marker = tmp_path / "run"
    content = pickle.dumps(wrap(Program(marker)), protocol)
    with pytest.raises(StoredObjectError, match="not one of plain data"):
        parse_stored_object(content)
    assert not marker.exists()
    pickle.loads(content)
    assert marker.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b".",
        b"(.",
        b"(l",
        b"a.",
        b"Na.",
        b"NNa.",
        b"I1\nI2\n.",
        b"g0\n.",
        b"Ix\n.",
        b"S'open\n.",
        b"S'a' + 'b\n.",
        b"(I1\nd.",
        b"N\np0\n.",
    ],
)
def test_damaged_content_is_one_kind_of_error(content: bytes) -> None:
    with pytest.raises(StoredObjectError):
        parse_stored_object(content)


@given(
    st.binary(max_size=60) | st.lists(st.sampled_from([b"(", b"l", b"t", b"d", b"a", b"s", b"p0\n", b"g0\n", b"N", b"I1\n"])).map(b"".join)
)
def test_any_content_is_data_or_an_error(content: bytes) -> None:
    try:
        value = parse_stored_object(content + b".")
    except StoredObjectError:
        return
    assert isinstance(value, bool | int | float | str | list | tuple | dict | None)
