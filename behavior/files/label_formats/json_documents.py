"""JSON of other tools, of bounded size, and its values with their types checked."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from behavior.errors import LabelError

__all__ = ["MOST_JSON_BYTES", "as_array", "as_frame", "as_mapping", "as_number", "as_text", "parse_json"]

# Parsed, the worst such file takes twenty times as much.
MOST_JSON_BYTES = 64 << 20
# Later frames cannot be told from each other in a double.
_MOST_FRAMES = 1 << 40


def parse_json(path: Path, content: bytes, encoding: str) -> Any:
    """Return the value of a JSON text.

    Raises
    ------
    LabelError
        If it is not JSON, or an object has two members of one name.
    """

    def build(members: list[tuple[str, Any]]) -> dict[str, Any]:
        built = dict(members)
        if len(built) < len(members):
            names = [name for name, _ in members]
            repeated = next(name for name in names if names.count(name) > 1)
            raise LabelError(f"{path}: has two members {repeated[:60]!r} in one object, so it is unclear which counts; remove one.")
        return built

    try:
        return json.loads(content.decode(encoding, errors="replace"), object_pairs_hook=build)
    except json.JSONDecodeError as error:
        raise LabelError(
            f"{path}: line {error.lineno} is not JSON ({error.msg}), so the file is damaged or cut short; export the labels again."
        ) from error
    # Numbers of thousands of digits, and brackets in thousands of brackets.
    except (ValueError, RecursionError, MemoryError) as error:
        raise LabelError(f"{path}: cannot be read as JSON ({str(error)[:120]}); export the labels again.") from error


def as_mapping(path: Path, value: Any, name: str) -> dict[str, Any]:
    """Return an object; LabelError if `value`, called `name` in the message, is anything else."""
    if not isinstance(value, dict):
        raise _refuse(path, value, name, "names with contents")
    return value


def as_array(path: Path, value: Any, name: str) -> list[Any]:
    """Return an array; LabelError if `value` is anything else."""
    if not isinstance(value, list):
        raise _refuse(path, value, name, "a list")
    return value


def as_text(path: Path, value: Any, name: str) -> str:
    """Return a text, without spaces around it; LabelError if `value` is anything else, or empty."""
    if not isinstance(value, str) or not value.strip():
        raise _refuse(path, value, name, "a text")
    return value.strip()


def as_number(path: Path, value: Any, name: str) -> float:
    """Return a finite number; LabelError if `value` is anything else. A text that holds one counts."""
    try:
        number = math.nan if isinstance(value, bool) or not isinstance(value, int | float | str) else float(value)
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or abs(number) > _MOST_FRAMES:
        raise _refuse(path, value, name, "a number")
    return number


def as_frame(path: Path, value: Any, name: str) -> int:
    """Return a whole number of at least 0; LabelError if `value` is anything else."""
    number = as_number(path, value, name)
    if not number.is_integer() or number < 0:
        raise _refuse(path, value, name, "a frame, a whole number from 0")
    return int(number)


def _refuse(path: Path, value: Any, name: str, expected: str) -> LabelError:
    shown = repr(value) if value is None or isinstance(value, bool | int | float) else repr(value[:60]) if isinstance(value, str) else ""
    shown = shown[:80] or ("a list" if isinstance(value, list) else "an object")
    return LabelError(f"{path}: {name} is {shown}, expected {expected}; correct it, or export the labels again.")
