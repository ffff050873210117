"""What processes of one program tell each other, as bytes: JSON, and arrays in NumPy's own format.

Unlike what Python pickles, such bytes are data. Classes are those of this package that hold values, and errors; only a call, which
goes to a process that was started to make it, may name a function.
"""

from __future__ import annotations

import builtins
import io
import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["decode", "decode_call", "encode"]

_PACKAGE = "behavior"
_LENGTH_BYTES = 8


def encode(value: Any) -> bytes:
    """Return `value` as bytes for another process.

    Parameters
    ----------
    value
        None, bool, int, float, str, a path, an array of numbers, a list, tuple, frozen set or dictionary of such values, a dataclass
        of this package that has them in its fields, an exception; and for `decode_call`, a function that a module has under its name,
        or a partial one.

    Raises
    ------
    TypeError
        If it is, or holds, anything else.

    Examples
    --------
    >>> decode(encode({"a": (1, 2.5, None)}))
    {'a': (1, 2.5, None)}
    """
    arrays: list[npt.NDArray] = []
    described = json.dumps(_describe(value, arrays)).encode()
    buffer = io.BytesIO()
    buffer.write(len(described).to_bytes(_LENGTH_BYTES, "little"))
    buffer.write(described)
    for array in arrays:
        np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def decode(content: bytes) -> Any:
    """Return the value that `encode` was given; ValueError where `content` is something else, or names a function."""
    return _Decoder(content, with_functions=False).decode()


def decode_call(content: bytes) -> Any:
    """Return the value that `encode` was given, functions in it among them; ValueError where `content` is something else."""
    return _Decoder(content, with_functions=True).decode()


def _describe(value: Any, arrays: list[npt.NDArray]) -> Any:
    """Return `value` as JSON has it: what is not of JSON's kinds as an object of one key, which names the kind."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) is list:
        return [_describe(item, arrays) for item in value]
    if type(value) is tuple:
        return {"tuple": _describe(list(value), arrays)}
    if type(value) is frozenset:
        # In one order, so that the same value gives the same bytes.
        return {"frozenset": [_describe(item, arrays) for item in sorted(value, key=repr)]}
    if type(value) is dict:
        return {"dictionary": [[_describe(key, arrays), _describe(item, arrays)] for key, item in value.items()]}
    if isinstance(value, Path):
        return {"path": str(value)}
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.hasobject:
            raise TypeError(f"an array of {value.dtype} cannot be told to another process")
        arrays.append(np.asarray(value))
        return {"array" if isinstance(value, np.ndarray) else "number": len(arrays) - 1}
    if isinstance(value, partial):
        return {"partial": _describe([value.func, list(value.args), value.keywords], arrays)}
    if isinstance(value, FunctionType | BuiltinFunctionType | type) and "<" not in value.__qualname__:
        return {"function": _name(value)}
    if isinstance(value, BaseException):
        return {"error": [*_describe_error(value), _describe(getattr(value, "__notes__", []), arrays)]}
    if is_dataclass(value) and not isinstance(value, type) and _is_of_package(type(value).__module__):
        content = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
        return {"dataclass": [_name(type(value)), _describe(content, arrays)]}
    raise TypeError(f"a {type(value).__qualname__} cannot be told to another process")


def _describe_error(error: BaseException) -> tuple[str, list[Any]]:
    kind = type(error)
    is_known = getattr(builtins, kind.__name__, None) is kind or _is_of_package(kind.__module__)
    if is_known and all(argument is None or type(argument) in (bool, int, float, str) for argument in error.args):
        return _name(kind), list(error.args)
    # An error of a library may not be there in the other process, or hold anything.
    return _name(RuntimeError), [f"{kind.__qualname__}: {error}"]


def _name(value: Callable[..., Any]) -> str:
    return f"{value.__module__}:{value.__qualname__}"


def _is_of_package(module: str) -> bool:
    return module.partition(".")[0] == _PACKAGE


class _Decoder:
    def __init__(self, content: bytes, *, with_functions: bool) -> None:
        self._buffer = io.BytesIO(content)
        self._with_functions = with_functions
        self._arrays: list[npt.NDArray] = []

    def decode(self) -> Any:
        size = len(self._buffer.getbuffer())
        length = int.from_bytes(self._buffer.read(_LENGTH_BYTES), "little")
        described = json.loads(self._buffer.read(length))
        while self._buffer.tell() < size:
            self._arrays.append(np.load(self._buffer, allow_pickle=False))
        return self._restore(described)

    def _restore(self, described: Any) -> Any:
        if isinstance(described, list):
            return [self._restore(item) for item in described]
        if not isinstance(described, dict):
            return described
        ((kind, content),) = described.items()
        match kind:
            case "tuple":
                return tuple(self._restore(content))
            case "frozenset":
                return frozenset(self._restore(content))
            case "dictionary":
                return {self._restore(key): self._restore(item) for key, item in content}
            case "path":
                return Path(content)
            case "array":
                return self._arrays[content]
            case "number":
                return self._arrays[content][()]
            case "dataclass":
                return self._restore_dataclass(*content)
            case "error":
                return self._restore_error(*content)
            case "partial" if self._with_functions:
                function, arguments, keywords = self._restore(content)
                return partial(function, *arguments, **keywords)
            case "function" if self._with_functions:
                return _find(content)
        raise ValueError(f"a message of another process holds a {kind}, which is not data")

    def _restore_dataclass(self, name: str, content: Any) -> Any:
        kind = _find(name) if _is_of_package(name) else None
        if not isinstance(kind, type) or not is_dataclass(kind):
            raise ValueError(f"a message of another process holds a {name}, which is not a dataclass of {_PACKAGE}")
        return kind(**self._restore(content))

    def _restore_error(self, name: str, arguments: list[Any], notes: Any) -> BaseException:
        kind = _find(name) if _is_of_package(name) or name.startswith("builtins:") else None
        if not isinstance(kind, type) or not issubclass(kind, BaseException):
            raise ValueError(f"a message of another process holds a {name}, which is not an error")
        error = kind(*arguments)
        for note in self._restore(notes):
            error.add_note(note)
        return error


def _find(name: str) -> Any:
    module, _, path = name.partition(":")
    value: Any = import_module(module)
    for part in path.split("."):
        value = getattr(value, part)
    return value
