"""From what a file says to a section, or to a sentence on what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from behavior.config.heads import HEAD_KINDS, LstmHead
from behavior.config.sections import Section
from behavior.config.study import Study
from behavior.errors import UsageError, suggest_nearest

__all__ = ["parse_section"]

SectionType = TypeVar("SectionType", bound=Section)


def parse_section(kind: type[SectionType], content: Any, *, source: Path) -> SectionType:
    """Return `content`, as read from the file `source`, as a section of the type `kind`.

    Raises
    ------
    UsageError
        Naming the file, and every key that is unknown (with the nearest known one), missing or has an unusable value.
    """
    if not isinstance(content, Mapping):
        raise UsageError(f"{source}: found {type(content).__name__} instead of keys and values; start from one of the files in configs/.")
    try:
        return kind.model_validate(dict(content))
    except ValidationError as error:
        # A value that may be a number or a mapping is reported once for each; the first says enough.
        problems = {_name_place(problem): problem for problem in reversed(error.errors())}
        raise UsageError(f"{source}: {'; '.join(_describe(kind, problem) for problem in reversed(problems.values()))}.") from None


def _name_place(problem: Any) -> str:
    """Return the key that a problem is about, without the names of types that pydantic puts in between."""
    parts = [str(part) for part in problem["loc"]]
    return ".".join(
        part for part in parts if part not in (*HEAD_KINDS, "float", "int", "str") and "[" not in part and "constrained" not in part
    )


def _describe(kind: type[BaseModel], problem: Any) -> str:
    name = _name_place(problem)
    if problem["type"] == "extra_forbidden":
        known = _known_keys(kind, problem["loc"][:-1])
        return f"unknown key {name!r}{suggest_nearest(str(problem['loc'][-1]), known)} (known here: {', '.join(known)})"
    if problem["type"] == "missing":
        return f"{name!r} is missing"
    message = problem["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    if not name:
        return message
    if problem["type"] == "value_error":
        return f"{name}: {message}"
    return f"{name} is {problem['input']!r}, but {message}"


def _known_keys(kind: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    if kind is Study and location and location[0] == "head":
        kind = next((HEAD_KINDS[str(part)] for part in location if part in HEAD_KINDS), LstmHead)
        return list(kind.model_fields)
    for part in location:
        annotation = kind.model_fields[str(part)].annotation
        options = [annotation, *getattr(annotation, "__args__", ())]
        kind = next(option for option in options if isinstance(option, type) and issubclass(option, BaseModel))
    return list(kind.model_fields)
