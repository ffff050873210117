"""Arguments that several commands share, and what their words mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from behavior.errors import UsageError

__all__ = ["AsJson", "Ethograms", "OutFolder", "Overwrite", "StudyFile", "parse_by_behavior", "parse_duration", "parse_probability"]

Value = TypeVar("Value")
StudyFile = Annotated[Path, typer.Argument(metavar="STUDY", help="The study file, such as study.yaml.")]
OutFolder = Annotated[Path, typer.Option("--out", help="Folder for the results; made where it is missing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the results that the folder holds already.")]
Ethograms = Annotated[list[Path], typer.Argument(metavar="ETHOGRAMS...", help="Files RECORDING_ethogram.csv, or folders of them.")]


def parse_by_behavior(option: str, values: Sequence[str] | None, parse: Callable[[str], Value]) -> Value | dict[str, Value] | None:
    """Return one value for all behaviors, or one for each that is named, from words such as `0.4` and `grooming=0.4`."""
    if not values:
        return None
    if len(values) == 1 and "=" not in values[0]:
        return parse(values[0])
    parsed: dict[str, Value] = {}
    for value in values:
        name, equals, word = value.rpartition("=")
        if not equals:
            raise UsageError(f"{option} {value}: with several values each needs a name, such as {option} grooming={value}.")
        if name in parsed:
            raise UsageError(f"{option} {value}: {name!r} is given twice; keep one of the two.")
        parsed[name] = parse(word)
    return parsed


def parse_duration(word: str, *, option: str = "--timeout") -> float:
    """Return seconds from words such as 90m, 8h and 3600s."""
    units = {"s": 1, "m": 60, "h": 3600}
    try:
        seconds = float(word[:-1]) * units[word[-1:]]
    except (KeyError, ValueError):
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise UsageError(f"{option} {word}: expected a number with its unit, such as 90m, 8h or 3600s.")
    return seconds


def parse_probability(word: str) -> float:
    """Return the number from 0 to 1 that `word` stands for."""
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageError(f"--threshold {word}: expected a number from 0 to 1.")
    return value
