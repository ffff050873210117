"""NumPy files (.npy) of Python objects, as public benchmarks are published: read as data, with nothing run.

NumPy's own reader of such files calls whatever the file names. Here the instructions are followed one by one; those that make plain data
and arrays of numbers are known, and any other, or a call of anything but what NumPy makes arrays with, is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from pickletools import genops
from typing import Any, Literal

import numpy as np

from behavior.errors import InputError
from behavior.files.opening import explain_damage, require_regular_file
from behavior.files.stored_objects import StoredObjectError

__all__ = ["read_stored_arrays"]

# Larger than any file of this kind that is published.
_MOST_BYTES = 8 * 2**30
_DEEPEST = 32
_MARK = object()
_ARRAY, _DTYPE, _EMPTY, _SCALAR, _ENCODE, _BYTES = "ndarray", "dtype", "_reconstruct", "scalar", "encode", "bytes"
# What a file may name, and where; NumPy renamed its module.
_KNOWN = {
    **dict.fromkeys((_ARRAY, _DTYPE), ("numpy",)),
    **dict.fromkeys((_EMPTY, _SCALAR), ("numpy.core.multiarray", "numpy._core.multiarray")),
    _ENCODE: ("_codecs",),
    _BYTES: ("__builtin__",),
}
_NUMBERS = frozenset("?bBhHiIlLqQefdg") | {f"{kind}{size}" for kind in "iuf" for size in (1, 2, 4, 8)} | {"b1"}


class _Name:
    """One of the functions and types that a file may name; it is never called."""

    def __init__(self, name: str) -> None:
        self.name = name


class _Dtype:
    """The type of an array's elements: numbers, text of a fixed length, or objects."""

    def __init__(self, code: object) -> None:
        if not isinstance(code, str) or not (code in _NUMBERS or code == "O8" or (code[:1] == "U" and code[1:].isdigit())):
            raise StoredObjectError(f"an array of {code!r}, expected numbers, text or objects")
        self.code = code
        self.order = "="

    def set_state(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "=", "|"):
            raise StoredObjectError("a type of numbers of unknown order")
        self.order = state[1]

    def make(self) -> np.dtype[Any]:
        return np.dtype(self.order + self.code)


class _Array:
    """An array whose content the file gives after it."""

    def __init__(self) -> None:
        self.state: tuple[Any, ...] | None = None

    def make(self, depth: int) -> Any:
        if self.state is None:
            raise StoredObjectError("an array without content")
        _, shape, dtype, is_fortran, content = self.state
        if not isinstance(shape, tuple) or not all(isinstance(side, int) and side >= 0 for side in shape) or not isinstance(dtype, _Dtype):
            raise StoredObjectError("an array of unknown shape or type")
        order: Literal["C", "F"] = "F" if is_fortran else "C"
        if dtype.code == "O8":
            if not isinstance(content, list) or len(content) != int(np.prod(shape, dtype=object)):
                raise StoredObjectError("an array with other elements than its shape says")
            values = np.empty(len(content), dtype=object)
            for number, value in enumerate(content):
                values[number] = _resolve(value, depth + 1)
            return values[0] if shape == () else values.reshape(shape, order=order)
        if not isinstance(content, bytes):
            raise StoredObjectError("an array without bytes")
        return np.frombuffer(content, dtype=dtype.make()).reshape(shape, order=order)


def read_stored_arrays(path: Path) -> Any:
    """Return the object in the NumPy file at `path`, which NumPy itself reads only when told that it may run what the file names.

    Returns
    -------
    None, bool, int, float, str, bytes, arrays of numbers, text or objects, or a list, tuple or dictionary of these.

    Raises
    ------
    InputError
        If the file is no NumPy file of objects, is damaged or too large, or holds or calls anything else.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "poses.npy"
    ...     np.save(path, {"nose": np.array([[1.0, 2.0]])})
    ...     read_stored_arrays(path)
    {'nose': array([[1., 2.]])}
    """
    expected, advice = "a NumPy file of data", "give it as it was published, or another file of the same data"
    n_bytes = require_regular_file(path, error=InputError, expected=expected, advice=advice)
    with explain_damage(path, error=InputError, expected=expected, advice=advice):
        if n_bytes > _MOST_BYTES:
            raise ValueError(f"it has {n_bytes:,} bytes, and {_MOST_BYTES:,} at most are read")
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            _, _, dtype = read_header(file)
            if dtype != np.dtype(object):
                raise ValueError(f"it is an array of {dtype}, and Python objects are read here")
            content = file.read()
        parser = _Parser()
        # From memory, so that a length that is made up fills no more than the file does.
        for opcode, argument, _ in genops(content):
            parser.follow(opcode.name, argument)
        return _resolve(parser.finish(), 0)


class _Parser:
    """A stack and a memory, changed by one instruction after the other."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memory: dict[int, Any] = {}
        self._ended = False
        take, push = self._take, self._stack.append
        self._makers: dict[str, Callable[[Any], None]] = {
            "MARK": lambda _: push(_MARK),
            "NONE": lambda _: push(None),
            "NEWTRUE": lambda _: push(True),
            "NEWFALSE": lambda _: push(False),
            "EMPTY_DICT": lambda _: push({}),
            "EMPTY_LIST": lambda _: push([]),
            "EMPTY_TUPLE": lambda _: push(()),
            "TUPLE": lambda _: push(tuple(self._take_marked())),
            "TUPLE1": lambda _: push((take(),)),
            "TUPLE2": lambda _: push(tuple(reversed([take(), take()]))),
            "TUPLE3": lambda _: push(tuple(reversed([take(), take(), take()]))),
            "APPEND": lambda _: self._extend([take()]),
            "APPENDS": lambda _: self._extend(self._take_marked()),
            "SETITEM": lambda _: self._set_items([take(), take()][::-1]),
            "SETITEMS": lambda _: self._set_items(self._take_marked()),
            "MEMOIZE": lambda _: self._remember(len(self._memory)),
            "BINPUT": self._remember,
            "LONG_BINPUT": self._remember,
            "BINGET": lambda number: push(self._memory[number]),
            "LONG_BINGET": lambda number: push(self._memory[number]),
            "GLOBAL": lambda name: push(_find_name(*name.split(" ", 1))),
            "STACK_GLOBAL": lambda _: push(_find_name(*[take(), take()][::-1])),
            "REDUCE": lambda _: push(_make(*[take(), take()][::-1])),
            "BUILD": lambda _: self._build(),
            "STOP": lambda _: self._end(),
            "PROTO": lambda _: None,
            "FRAME": lambda _: None,
            **dict.fromkeys(
                ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8")
                + ("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
                push,
            ),
        }

    def follow(self, name: str, argument: Any) -> None:
        if name not in self._makers:
            raise StoredObjectError(f"the instruction {name} is not one of plain data and arrays")
        self._makers[name](argument)

    def finish(self) -> Any:
        if not self._ended or len(self._stack) != 1:
            raise StoredObjectError("is cut off")
        return self._take()

    def _end(self) -> None:
        self._ended = True

    def _take(self) -> Any:
        value = self._stack.pop()
        if value is _MARK:
            raise StoredObjectError("is damaged")
        return value

    def _take_marked(self) -> list[Any]:
        values: list[Any] = []
        while (value := self._stack.pop()) is not _MARK:
            values.append(value)
        return values[::-1]

    def _extend(self, values: list[Any]) -> None:
        if not isinstance(self._stack[-1], list):
            raise StoredObjectError("appends to what is not a list")
        self._stack[-1].extend(values)

    def _set_items(self, values: list[Any]) -> None:
        if not isinstance(self._stack[-1], dict):
            raise StoredObjectError("sets an item of what is not a dictionary")
        self._stack[-1].update(zip(values[::2], values[1::2], strict=True))

    def _remember(self, number: int) -> None:
        if self._stack[-1] is _MARK:
            raise StoredObjectError("remembers no object")
        self._memory[number] = self._stack[-1]

    def _build(self) -> None:
        state, built = self._take(), self._stack[-1]
        if isinstance(built, _Dtype):
            built.set_state(state)
        elif isinstance(built, _Array) and isinstance(state, tuple) and len(state) == 5:
            built.state = state
        else:
            raise StoredObjectError("gives a state to what has none")


def _find_name(module: object, name: object) -> _Name:
    if not isinstance(name, str) or module not in _KNOWN.get(name, ()):
        raise StoredObjectError(f"names {module}.{name}, which is not one of plain data and arrays")
    return _Name(name)


def _make(function: object, arguments: object) -> Any:
    """Return what a call of one of the known names makes."""
    if not isinstance(function, _Name) or not isinstance(arguments, tuple):
        raise StoredObjectError("calls what is not a name")
    if function.name == _EMPTY:
        return _Array()
    if function.name == _DTYPE:
        return _Dtype(arguments[0])
    if function.name == _SCALAR and isinstance(arguments[0], _Dtype) and isinstance(arguments[1], bytes):
        return np.frombuffer(arguments[1], dtype=arguments[0].make())[0].item()
    if function.name == _ENCODE and arguments[1:] == ("latin1",):
        return arguments[0].encode("latin1")
    if function.name == _BYTES and not arguments:
        return b""
    raise StoredObjectError(f"calls {function.name}, which makes no data")


def _resolve(value: Any, depth: int) -> Any:
    """Return the value with arrays where the file describes them."""
    if depth > _DEEPEST:
        raise StoredObjectError(f"holds objects within objects, more than {_DEEPEST} deep")
    if isinstance(value, _Array):
        return value.make(depth)
    if isinstance(value, dict):
        return {_resolve(key, depth + 1): _resolve(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_resolve(item, depth + 1) for item in value)
    if isinstance(value, (_Name, _Dtype)):
        raise StoredObjectError("holds a type, expected data")
    return value
