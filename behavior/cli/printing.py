"""What commands print: results on standard output, as a table or as JSON; notes and the next step on standard error."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from behavior.cli.session import session
from behavior.errors import BehaviorError, quote_path, show_plainly

__all__ = [
    "SOME_FAILED",
    "exit_on",
    "hint",
    "hint_next_of_ethograms",
    "print_json",
    "print_notes",
    "print_problem",
    "print_scores",
    "print_speeds",
    "print_table",
    "say",
]

SOME_FAILED = 1
_WIDEST = 100_000

_logger = logging.getLogger("behavior.cli")


def print_speeds(
    column: str, done: str, speeds: Mapping[str, float], failures: Mapping[str, str], *, as_json: bool, more: Sequence[Sequence[Any]] = ()
) -> None:
    """Print a row for each recording that was done, with its speed, or failed; exit if any failed."""
    rows = [
        *([name, done, speed] for name, speed in speeds.items()),
        *more,
        *([name, "failed", None] for name in failures),
    ]
    print_table(
        ["recording", column, "frames/s"], rows, as_json=as_json, formats={"frames/s": "{:,.1f}"}, extra={"failures": dict(failures)}
    )
    exit_on(failures, others=bool(speeds or more))


def print_scores(metrics: Any, out: Path, *, as_json: bool) -> None:
    """Print the pooled scores of a table of metrics; as JSON, with what computing took where the folder `out` has a table of it."""
    from behavior.files.cells import read_table
    from behavior.learning.crossval_files import COMPUTING_TIME_FILE
    from behavior.metrics.tables import pivot_pooled

    pooled = pivot_pooled(metrics)
    header = list(pooled.columns)
    extra, times = {}, out / COMPUTING_TIME_FILE
    if as_json and times.is_file():
        table = read_table(
            times, text=("step", "metric"), error=BehaviorError, expected="a table of computing times", advice="compute it again"
        )
        extra = {"computing_time": table.to_dict("records")}
    print_table(header, pooled.to_numpy().tolist(), as_json=as_json, formats=dict.fromkeys(header[1:], "{:.3f}"), extra=extra)
    if "early_stopping_watched_what_is_scored" in set(metrics["metric"]):
        hint("these scores are optimistic: early stopping used the recordings that are scored (early_stopping_on: fold)")
    hint(f"all scores are in {out / 'summary.md'} and {out / 'metrics.csv'}")


def print_table(
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    as_json: bool,
    formats: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Print rows as a table, its numbers in the format of their column, or as JSON, its numbers as they are and NaN as null."""
    if as_json:
        print_json({"rows": [dict(zip(header, row, strict=True)) for row in rows], **(extra or {})})
        return
    if session.quiet:
        return
    known = [[None if cell is None or cell != cell else cell for cell in row] for row in rows]
    console = Console()
    if not console.is_terminal:
        # A row stays on its line, for those that search it.
        console = Console(width=_WIDEST)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    patterns = [(formats or {}).get(name, "{}") for name in header]
    # As texts: a name may hold what rich takes for markup.
    for name in header:
        # A name that is cut off may be that of two recordings.
        table.add_column(Text(show_plainly(name)), overflow="fold")
    for row in known:
        cells = ("" if cell is None else pattern.format(cell) for pattern, cell in zip(patterns, row, strict=True))
        table.add_row(*(Text(show_plainly(cell)) for cell in cells))
    console.print(table)


def print_json(content: Mapping[str, Any]) -> None:
    """Print `content` as JSON, NaN and infinity as null."""
    say(json.dumps(_make_finite(content), indent=2, allow_nan=False))
    session.has_answered = True


def _make_finite(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {str(key): _make_finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_make_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def print_problem(message: str, *, is_error: bool) -> None:
    """Print a problem of a study, which is a result of `check`; with `--quiet`, log it as a warning or an error."""
    if session.quiet:
        _logger.log(logging.ERROR if is_error else logging.WARNING, message)
    else:
        say(show_plainly(f"{'error' if is_error else 'warning'}: {message}"))


def print_notes(notes: Sequence[str]) -> None:
    """Print each of `notes` on a line of standard error."""
    for note in notes:
        hint(note)


def exit_on(failures: Mapping[str, str], *, others: bool = True) -> None:
    """Exit with the status for unfinished work if there are failures; each was printed when it occurred.

    `others` tells whether there was anything else to do.
    """
    if failures:
        _logger.error(f"{len(failures)} failed ({', '.join(failures)}){'; the rest is done' if others else ''}.")
        raise typer.Exit(SOME_FAILED)


def hint(message: str) -> None:
    """Print to standard error, so that piped results stay clean; nothing with `--quiet`."""
    _logger.info(message)


def hint_next_of_ethograms(folder: Path) -> None:
    """Print what to do with ethograms in `folder`, as `hint` does."""
    hint(f"next: behavior overlay {quote_path(folder)} --out overlays, or behavior stats {quote_path(folder)} --out statistics")


def say(message: str) -> None:
    """Print to standard output."""
    session.answer(message)
