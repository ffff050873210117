"""From what a file says to a section, or to a sentence on what is wrong with it."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from behavior.config.heads import HEAD_KINDS
from behavior.config.sections import Normalization, Section
from behavior.config.study import Study
from behavior.errors import UsageError, count_noun, suggest_nearest

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
        raise UsageError(f"{source}: {_say_no_mapping(kind, content, source)}.")
    try:
        return kind.model_validate(dict(content))
    except ValidationError as error:
        # A value that may be a number or a mapping is reported once for each; the first says enough.
        problems = {_name_place(problem): problem for problem in reversed(error.errors())}
        # What is wrong within a mapping says more than that it is not a number.
        places = [place for place in reversed(problems) if not any(other.startswith(f"{place}.") for other in problems)]
        sentence = "; ".join(_describe(kind, problems[place]) for place in places)
        raise UsageError(f"{source}: {sentence}{'' if sentence.endswith('?') else '.'}") from None


def _say_no_mapping(kind: type[BaseModel], content: Any, source: Path) -> str:
    """Return the sentence on a file that holds something else than keys and values."""
    if kind is not Study:
        return f"found {_show(content)}, expected keys and values; restore the file"
    expected = "expected a study file: YAML with keys such as 'behaviors' and 'recordings'"
    if source.suffix.casefold() == ".csv" or (isinstance(content, str) and content.lstrip("\ufeff").casefold().startswith("recording,")):
        return f"looks like a table, such as a manifest, {expected}; give the study file that names it under 'recordings'"
    found = "is empty" if content is None else f"found {_show(content)}"
    return f"{found}, {expected}; start from one of the files in configs/, or make one with `behavior init DIR`"


def _name_place(problem: Any) -> str:
    """Return the key that a problem is about, without the names of types that pydantic puts in between."""
    parts = [str(part) for part in problem["loc"]]
    if problem["type"].startswith("union_tag"):
        parts.append("kind")
    if problem["type"] == "missing" and isinstance(problem["loc"][-1], int):
        parts.pop()
    return ".".join(
        part
        for part in parts
        if part not in (*HEAD_KINDS, Normalization.__name__, "float", "int", "str") and "[" not in part and "constrained" not in part
    )


def _describe(kind: type[BaseModel], problem: Any) -> str:
    name, sort = _name_place(problem), problem["type"]
    if sort == "extra_forbidden":
        known = _known_keys(kind, problem["loc"][:-1])
        return f"unknown key {name!r}{suggest_nearest(str(problem['loc'][-1]), known)} (known here: {', '.join(known)})"
    if sort == "invalid_key":
        section = name.rpartition(".")[0]
        return (
            f"{section or 'the file'} has the key {_show(problem['input'])}, expected the name of a key; write a decimal number with a "
            "point, as 0.6, and a name that looks like a number in quotes"
        )
    if sort == "missing" and isinstance(problem["loc"][-1], int):
        return f"{name} has {len(problem['input'])} entries, expected more"
    if sort == "missing":
        return f"{name!r} is missing"
    if sort == "union_tag_not_found" and isinstance(problem["input"], Mapping):
        return f"{name!r} is missing, expected one of {_list_choices(list(HEAD_KINDS))}"
    if sort == "value_error":
        message = problem["msg"].removeprefix("Value error, ")
        message = message[0].lower() + message[1:]
        return f"{name}: {message}" if name else message
    found = problem["input"]
    if sort == "union_tag_invalid":
        found = found.get("kind") if isinstance(found, Mapping) else found
    if sort in ("literal_error", "union_tag_invalid"):
        choices = re.findall(r"'([^']*)'", str(problem["ctx"].get("expected", problem["ctx"].get("expected_tags", ""))))
        nearest = suggest_nearest(str(found), choices)
        return (
            f"{name} is {_show(found)}{nearest} (known: {', '.join(choices)})"
            if nearest
            else (f"{name} is {_show(found)}, expected {_list_choices(choices)}")
        )
    return f"{name or 'the file'} is {_show(found)}, expected {_expect(kind, problem, found)}"


def _expect(kind: type[BaseModel], problem: Any, found: Any) -> str:
    """Return what was expected in the place of the value `found`."""
    sort, context = problem["type"], problem.get("ctx", {})
    if sort in _LIMITS:
        words, key = _LIMITS[sort]
        return f"{words} {context[key]:g}"
    if sort in ("too_short", "too_long"):
        least = sort == "too_short"
        number = context["min_length" if least else "max_length"]
        return f"{'at least' if least else 'at most'} {count_noun(number, 'entry', 'entries')}"
    if sort in ("model_type", "model_attributes_type", "union_tag_not_found"):
        return f"keys and values (known here: {', '.join(_known_keys(kind, problem['loc']))})"
    if sort == "string_type" and isinstance(found, bool | int | float):
        return "text; put it in quotes"
    if sort in _KINDS:
        return _KINDS[sort]
    # What pydantic says of the rest is a sentence with a verb.
    message = str(problem["msg"])
    return f"something else: {message[0].lower()}{message[1:]}"


_LIMITS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}
_WHOLE, _NUMBER, _SWITCH, _LIST = "a whole number", "a number", "true or false", "a list, such as [a, b]"
_KINDS = {
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), _WHOLE),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), _NUMBER),
    **dict.fromkeys(("bool_type", "bool_parsing"), _SWITCH),
    **dict.fromkeys(("list_type", "tuple_type", "set_type"), _LIST),
    "string_type": "text",
    "path_type": "the path of a file",
    "dict_type": "names and values, such as {grooming: ...}",
}


def _list_choices(choices: Sequence[str]) -> str:
    shown = [repr(choice) for choice in choices]
    return " or ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def _show(value: Any, most: int = 60) -> str:
    """Return a value as a YAML file has it, cut short."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    shown = _shown_in_short.repr(value)
    return shown if len(shown) <= most else f"{shown[:most]}..."


# Looks at as much of a value as is shown, however large it is.
_shown_in_short = reprlib.Repr()
_shown_in_short.maxlevel = 4
_shown_in_short.maxlist = _shown_in_short.maxdict = _shown_in_short.maxtuple = 20
_shown_in_short.maxstring = _shown_in_short.maxother = _shown_in_short.maxlong = 200


def _known_keys(kind: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """Return the keys of the section at `location`, in which pydantic also gives places in lists and names of types."""
    for part in location:
        if part in HEAD_KINDS:
            kind = HEAD_KINDS[str(part)]
        elif part in kind.model_fields:
            kind = next(_find_sections(kind.model_fields[str(part)].annotation), kind)
    return list(kind.model_fields)


def _find_sections(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _find_sections(part)
