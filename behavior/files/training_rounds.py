"""How good each training from the page was, and on how many labels: a table next to the study file."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from behavior.errors import InputError, show_plainly
from behavior.files.atomic import make_folder, write_text
from behavior.files.cells import format_table, unescape_cell
from behavior.files.opening import explain_damage, read_text

__all__ = [
    "ALL_FRAMES",
    "MEAN_OF_BEHAVIORS",
    "RANDOM_CLIPS",
    "ROUNDS_FILE",
    "TRAINING_FOLDER",
    "RoundScore",
    "TrainingRound",
    "append_round",
    "name_round",
    "read_rounds",
]

# Next to the study file.
TRAINING_FOLDER = "training"
ROUNDS_FILE = "rounds.csv"
# What a round was scored on.
RANDOM_CLIPS, ALL_FRAMES = "random clips", "all labelled frames"
MEAN_OF_BEHAVIORS = "mean of behaviors"

_COLUMNS = ("round", "time", "recordings", "minutes_labelled", "scored_on", "minutes_scored", "behavior", "metric", "value", "low", "high")
_EXPECTED, _ADVICE = "a table of training rounds", "move it away, and the next training begins a new one"
_MOST_BYTES = 64 * 2**20
_WHOLE = ("round", "recordings")


class RoundScore(NamedTuple):
    """One figure of a round: `value` with the ends of its interval, NaN where it is undefined or has none."""

    behavior: str
    metric: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class TrainingRound:
    """One training.

    Attributes
    ----------
    number
        From 1.
    time
        When it was scored, ISO 8601 with the time zone.
    recordings
        How many labelled recordings it was trained on.
    minutes_labelled
        Of them, how much is labelled.
    scored_on
        `RANDOM_CLIPS`, `ALL_FRAMES`, or "" where there is no score.
    minutes_scored
        How much of it was scored.
    scores
        By behavior and metric: `average_precision`, `f1`, and `f1_of_raters`, the human ceiling; those of all behaviors together
        are of `MEAN_OF_BEHAVIORS`.
    """

    number: int
    time: str
    recordings: int
    minutes_labelled: float
    scored_on: str
    minutes_scored: float
    scores: tuple[RoundScore, ...] = ()

    @property
    def behaviors(self) -> tuple[str, ...]:
        """Those with an average precision, in order; means over different ones cannot be compared."""
        return tuple(
            score.behavior
            for score in self.scores
            if score.metric == "average_precision" and score.behavior != MEAN_OF_BEHAVIORS and not math.isnan(score.value)
        )

    def find(self, metric: str, behavior: str = MEAN_OF_BEHAVIORS) -> RoundScore | None:
        """Return one of the scores; None where there is none."""
        found = (score for score in self.scores if (score.behavior, score.metric) == (behavior, metric))
        return next((score for score in found if not math.isnan(score.value)), None)


def name_round(number: int) -> str:
    """Return the name of the folder of a round.

    >>> name_round(3)
    'round_03'
    """
    return f"round_{number:02d}"


def read_rounds(path: Path) -> list[TrainingRound]:
    """Return the rounds in the table at `path`, in order; none where there is no file.

    Raises
    ------
    InputError
        If the file is not such a table; the message names the line.
    """
    if not path.exists():
        return []
    text = read_text(path, most_bytes=_MOST_BYTES, error=InputError, expected=_EXPECTED, advice=_ADVICE)
    rounds: dict[int, TrainingRound] = {}
    with explain_damage(path, error=InputError, expected=_EXPECTED, advice=_ADVICE):
        rows = csv.reader(io.StringIO(text, newline=""))
        if tuple(header := next(rows, [])) != _COLUMNS:
            raise InputError(f"{path}: found columns {show_plainly(', '.join(header))[:100]!r}, expected {', '.join(_COLUMNS)}; {_ADVICE}.")
        for cells in filter(None, rows):
            try:
                one = _parse(cells)
            except ValueError as error:
                raise InputError(f"{path}, line {rows.line_num}: {error}; correct it, or {_ADVICE}.") from None
            known = rounds.setdefault(one.number, replace(one, scores=()))
            if repr(replace(one, scores=())) != repr(known if not known.scores else replace(known, scores=())):
                raise InputError(f"{path}, line {rows.line_num}: differs from the lines before about round {one.number}; {_ADVICE}.")
            rounds[one.number] = replace(known, scores=(*known.scores, *one.scores))
    return [rounds[number] for number in sorted(rounds)]


def append_round(path: Path, rounds: Sequence[TrainingRound], new: TrainingRound) -> None:
    """Write the table at `path` with `rounds`, which it holds, and a `new` one; OutputError if it cannot be written."""
    rows: list[tuple[object, ...]] = []
    for one in [*rounds, new]:
        known = (one.number, one.time, one.recordings, _show(one.minutes_labelled), one.scored_on, _show(one.minutes_scored))
        for score in one.scores or (RoundScore("", "", math.nan, math.nan, math.nan),):
            rows.append((*known, score.behavior, score.metric, *map(_show, score[2:])))
    make_folder(path.parent)
    write_text(path, format_table(_COLUMNS, rows))


def _show(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"


def _parse(cells: Sequence[str]) -> TrainingRound:
    """Return the round of a row, with the one score that the row has; ValueError says what is wrong with it."""
    if len(cells) != len(_COLUMNS):
        raise ValueError(f"found {len(cells)} cells, expected {len(_COLUMNS)}")
    row = dict(zip(_COLUMNS, map(unescape_cell, cells), strict=True))
    numbers = {name: int(row[name]) if row[name].isascii() and row[name].isdigit() and len(row[name]) < 10 else 0 for name in _WHOLE}
    if min(numbers.values()) < 1:
        raise ValueError(f"{' and '.join(_WHOLE)} are not whole numbers from 1")
    if row["scored_on"] not in ("", RANDOM_CLIPS, ALL_FRAMES):
        raise ValueError(f"scored_on is {show_plainly(row['scored_on'])[:60]!r}, expected {RANDOM_CLIPS!r} or {ALL_FRAMES!r}")
    values = [float(row[name]) if row[name] else math.nan for name in ("minutes_labelled", "minutes_scored", "value", "low", "high")]
    if any(math.isinf(value) for value in values):
        raise ValueError("a number is infinite")
    score = RoundScore(show_plainly(row["behavior"]), show_plainly(row["metric"]), *values[2:])
    known = (numbers["round"], show_plainly(row["time"])[:60], numbers["recordings"], values[0], row["scored_on"], values[1])
    return TrainingRound(*known, (score,) if score.behavior else ())
