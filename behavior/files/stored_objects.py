"""Lists, tuples, dictionaries, text and numbers that PyTables stored as a Python object: read as data, with nothing run.

Python's own reader of such objects calls whatever the file names. The one here knows the few instructions that build plain data; any
other is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

__all__ = ["StoredObjectError", "parse_stored_object"]

# Where a list, a tuple or a dictionary begins, on the stack.
_MARK = object()


class StoredObjectError(ValueError):
    """A stored object that is more than plain data, or is damaged."""


def parse_stored_object(content: bytes) -> Any:
    r"""Return the plain data in `content`, an object as PyTables stores it (Python's protocol 0).

    Parameters
    ----------
    content
        Instructions of one letter, some with an argument that ends at the line's end, up to a full stop.

    Returns
    -------
    None, bool, int, float or str, or a list, tuple or dictionary of these. Text of Python 2 is decoded as UTF-8.

    Raises
    ------
    StoredObjectError
        If an instruction would import or call anything, is not known, or the content is damaged.

    Examples
    --------
    >>> parse_stored_object(b"(lp0\n(I1\nVnose\np1\ntp2\na.")
    [(1, 'nose')]
    >>> parse_stored_object(b"cos\nsystem\n(S'ls'\ntR.")
    Traceback (most recent call last):
    ...
    behavior.files.stored_objects.StoredObjectError: instruction b'c' is not one of plain data
    """
    return _Parser(content).parse()


class _Parser:
    """A stack, a memory, and a position in the content."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0
        self._stack: list[Any] = []
        self._memory: dict[bytes, Any] = {}
        self._instructions: dict[bytes, Callable[[], None]] = {
            b"(": lambda: self._stack.append(_MARK),
            b"N": lambda: self._stack.append(None),
            b"I": lambda: self._stack.append(_parse_integer(self._take_line())),
            b"L": lambda: self._stack.append(int(self._take_line().removesuffix(b"L"))),
            b"F": lambda: self._stack.append(float(self._take_line())),
            b"V": lambda: self._stack.append(self._take_line().decode("raw-unicode-escape")),
            b"S": lambda: self._stack.append(_parse_quoted(self._take_line())),
            b"l": lambda: self._stack.append(self._take_marked()),
            b"t": lambda: self._stack.append(tuple(self._take_marked())),
            b"d": self._make_dictionary,
            b"a": self._append,
            b"s": self._set_item,
            b"p": self._remember,
            b"g": lambda: self._stack.append(self._memory[self._take_line()]),
        }

    def parse(self) -> Any:
        try:
            while (instruction := self._take(1)) != b".":
                if instruction not in self._instructions:
                    raise StoredObjectError(f"instruction {instruction!r} is not one of plain data")
                self._instructions[instruction]()
            (value,) = self._stack
        except StoredObjectError:
            raise
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, SyntaxError, MemoryError, RecursionError) as error:
            raise StoredObjectError(f"damaged at byte {self._position} ({error})") from error
        if value is _MARK:
            raise StoredObjectError("holds no object")
        return value

    def _take(self, length: int) -> bytes:
        taken = self._content[self._position : self._position + length]
        if len(taken) < length:
            raise StoredObjectError("is cut off")
        self._position += length
        return taken

    def _take_line(self) -> bytes:
        stop = self._content.index(b"\n", self._position)
        return self._take(stop + 1 - self._position)[:-1]

    def _take_marked(self) -> list[Any]:
        """Take what was put on the stack since the last mark."""
        values: list[Any] = []
        while (value := self._stack.pop()) is not _MARK:
            values.append(value)
        return values[::-1]

    def _make_dictionary(self) -> None:
        values = self._take_marked()
        self._stack.append(dict(zip(values[::2], values[1::2], strict=True)))

    def _append(self) -> None:
        value = self._stack.pop()
        if value is _MARK or not isinstance(self._stack[-1], list):
            raise StoredObjectError("appends to what is not a list")
        self._stack[-1].append(value)

    def _set_item(self) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        if value is _MARK or key is _MARK or not isinstance(self._stack[-1], dict):
            raise StoredObjectError("sets an item of what is not a dictionary")
        self._stack[-1][key] = value

    def _remember(self) -> None:
        if self._stack[-1] is _MARK:
            raise StoredObjectError("remembers no object")
        self._memory[self._take_line()] = self._stack[-1]


def _parse_integer(text: bytes) -> int | bool:
    return {b"00": False, b"01": True}[text] if text in (b"00", b"01") else int(text)


def _parse_quoted(text: bytes) -> str:
    if len(text) < 2 or text[:1] not in (b"'", b'"') or text[-1:] != text[:1]:
        raise StoredObjectError("holds text without quotes")
    value = ast.literal_eval("b" + text.decode("ascii"))
    return value.decode("utf-8") if isinstance(value, bytes) else ""
