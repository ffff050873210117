"""Arguments that several commands share, and how their values are parsed."""

from __future__ import annotations

import functools
import inspect
import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from behavior.cli.run_log import keep_log
from behavior.cli.session import session
from behavior.compute.where import Where
from behavior.errors import UsageError

__all__ = [
    "AsJson",
    "Cluster",
    "Ethograms",
    "OutFolder",
    "Overwrite",
    "StudyFile",
    "Workers",
    "accept_anywhere",
    "choose_where",
    "parse_by_behavior",
    "parse_duration",
    "parse_lengths",
    "parse_probability",
]

Value = TypeVar("Value")


def _note_flag(name: str) -> Callable[[bool], bool]:
    """Return a callback that records in the session that a flag is given."""

    def note(is_given: bool) -> bool:
        if is_given:
            setattr(session, name, True)
        if session.as_json:
            session.keep_output_for_answers()
        if session.quiet and session.verbose:
            raise UsageError("--quiet and --verbose were both given; choose one of them.")
        if is_given and name in VERBOSITIES:
            from behavior.progress import set_verbosity

            set_verbosity(VERBOSITIES[name])
        return is_given

    return note


# Results that are one file; others are a folder.
FILE_SUFFIXES = {".html", ".keras"}
VERBOSITIES = {"quiet": logging.WARNING, "verbose": logging.DEBUG}
Quiet = Annotated[bool, typer.Option("--quiet", callback=_note_flag("quiet"), help="Print only warnings, errors and JSON.")]
Verbose = Annotated[bool, typer.Option("--verbose", callback=_note_flag("verbose"), help="Print more details.")]
Debug = Annotated[bool, typer.Option("--debug", callback=_note_flag("debug"), help="Show the traceback of an error.")]
ANYWHERE = [
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
    for name, annotation in (("quiet", Quiet), ("verbose", Verbose), ("debug", Debug))
]
StudyFile = Annotated[Path, typer.Argument(metavar="STUDY", help="The study file, such as study.yaml.")]
OutFolder = Annotated[Path, typer.Option("--out", help="Folder for the results; created if missing.")]
AsJson = Annotated[bool, typer.Option("--json", callback=_note_flag("as_json"), help="Print the result as JSON.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace results that exist already.")]
Workers = Annotated[
    int | None, typer.Option(help="Number of processes on this machine, which share the work and the cores; 1 if not given.")
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS|FILE",
        help="Work on a Dask scheduler's workers, tcp://HOST:PORT, or in jobs of a queue that a .yaml file describes.",
    ),
]
Ethograms = Annotated[list[Path], typer.Argument(metavar="ETHOGRAMS...", help="Files RECORDING_ethogram.csv, or folders of them.")]


def accept_anywhere(command: Callable[..., None]) -> Callable[..., None]:
    """Return `command` with the options that can be given anywhere on the command line; they have taken effect when it runs."""
    signature = inspect.signature(command, eval_str=True)
    parameters = [*signature.parameters.values(), *ANYWHERE]

    @functools.wraps(command)
    def run(**arguments: Any) -> None:
        if isinstance(out := arguments.get("out"), Path):
            keep_log(out.parent if out.suffix.casefold() in FILE_SUFFIXES else out)
        command(**{name: value for name, value in arguments.items() if name in signature.parameters})

    vars(run)["__signature__"] = signature.replace(parameters=parameters)
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def choose_where(workers: int | None, cluster: str | None) -> Where:
    """Return where work runs, from the values of --workers and --cluster."""
    if cluster is None:
        return Where(workers)
    # What reads YAML is not loaded before.
    from behavior.files.cluster_file import read_cluster

    return Where(workers, read_cluster(cluster))


def parse_by_behavior(option: str, values: Sequence[str] | None, parse: Callable[[str], Value]) -> Value | dict[str, Value] | None:
    """Return one value for all behaviors, or a value by name, from words such as `0.4` and `grooming=0.4,rearing=0.3`."""
    words = [part for value in values or () for part in _split_at_names(value)]
    if not words:
        return None
    if len(words) == 1 and "=" not in words[0]:
        return parse(words[0])
    parsed: dict[str, Value] = {}
    for value in words:
        name, equals, word = value.rpartition("=")
        if not equals:
            raise UsageError(f"{option} {value}: with several values each needs a name, such as {option} grooming={value}.")
        if name in parsed:
            raise UsageError(f"{option} {value}: {name!r} is given twice; keep one of the two.")
        parsed[name] = parse(word)
    return parsed


def _split_at_names(words: str) -> list[str]:
    """Return the parts NAME=VALUE of a list with commas; names may contain commas, and a word of another form stays whole."""
    parts = re.findall(r"[^=]+=[^,=]*(?:,|$)", words)
    whole = "".join(parts) == words
    return [part.removesuffix(",").strip() for part in parts] if whole else [words]


def parse_duration(word: str, *, option: str = "--timeout") -> float:
    """Return the seconds of a word such as 90m, 8h or 3600s."""
    units = {"s": 1, "m": 60, "h": 3600}
    try:
        seconds = float(word[:-1]) * units[word[-1:]]
    except (KeyError, ValueError):
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise UsageError(f"{option} {word}: expected a number with its unit, such as 90m, 8h or 3600s.")
    return seconds


Lengths = tuple[int | dict[str, int] | None, float | dict[str, float] | None]


def parse_lengths(option: str, values: Sequence[str] | None) -> Lengths:
    """Return lengths in frames and lengths in seconds, one of the two None, from words such as `9`, `0.9s` and `grooming=9`."""
    parsed = parse_by_behavior(option, values, functools.partial(_parse_length, option))
    if parsed is None:
        return None, None
    by_name = parsed if isinstance(parsed, dict) else {"": parsed}
    units = {isinstance(length, float) for length in by_name.values()}
    if len(units) > 1:
        raise UsageError(f"{option} is given in frames for some behaviors and in seconds for others; use one of the two.")
    return (None, parsed) if units == {True} else (parsed, None)  # type: ignore[return-value]


def _parse_length(option: str, word: str) -> int | float:
    """Return a float for seconds, an int for frames."""
    from behavior.config.sections import LONGEST

    length: int | float
    try:
        length = float(word.removesuffix("s")) if word.endswith("s") else int(word)
    except ValueError:
        length = -1
    if not 0 <= length <= LONGEST:
        raise UsageError(f"{option} {word[:40]}: expected a number of frames such as 9, or of seconds such as 0.9s, from 0 to {LONGEST:,}.")
    return length


def parse_probability(word: str) -> float:
    """Return `word` as a number from 0 to 1."""
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageError(f"--threshold {word}: expected a number from 0 to 1.")
    return value
