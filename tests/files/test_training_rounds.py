"""The table of training rounds, written and read."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from behavior.errors import InputError
from behavior.files.training_rounds import (
    ALL_FRAMES,
    MEAN_OF_BEHAVIORS,
    RANDOM_CLIPS,
    RoundScore,
    TrainingRound,
    append_round,
    name_round,
    read_rounds,
)

FIRST = TrainingRound(1, "2026-11-29T01:00:00+00:00", 1, 2.5, "", 0.0)
SCORES = (
    RoundScore("=groom", "average_precision", 0.75, 0.5, 0.875),
    RoundScore("rear", "average_precision", math.nan, math.nan, math.nan),
    RoundScore(MEAN_OF_BEHAVIORS, "average_precision", 0.75, 0.5, 0.875),
    RoundScore(MEAN_OF_BEHAVIORS, "f1_of_raters", 0.9, 0.875, 0.95),
)
SECOND = TrainingRound(2, "2026-11-29T02:00:00+00:00", 3, 7.25, RANDOM_CLIPS, 1.5, SCORES)


def test_rounds_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "training" / "rounds.csv"
    assert read_rounds(path) == []
    append_round(path, [], FIRST)
    append_round(path, read_rounds(path), SECOND)
    first, second = read_rounds(path)
    assert first == FIRST
    assert repr(second) == repr(SECOND)
    # What would run as a formula in a spreadsheet does not.
    assert "'=groom" in path.read_text()
    assert second.behaviors == ("=groom",)
    assert second.find("average_precision") == SCORES[2]
    assert second.find("average_precision", "rear") is None
    assert name_round(2) == "round_02"


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("round,", "rounds,", "found columns"),
        ("random clips", "everything", "line 3: scored_on is 'everything'"),
        ("\n2,", "\n0,", "line 3: round and recordings are not whole numbers"),
        ("0.75", "much", "line 3: could not convert"),
        ("7.25", "7.5", "line 4: differs from the lines before about round 2"),
        ("7.25", "inf", "line 3: a number is infinite"),
        (",0.9,", ",", "line 6: found 10 cells"),
    ],
)
def test_a_table_that_is_none_is_refused_by_its_line(tmp_path: Path, before: str, after: str, sentence: str) -> None:
    path = tmp_path / "rounds.csv"
    append_round(path, [FIRST], SECOND)
    path.write_text(path.read_text().replace(before, after, 1))
    with pytest.raises(InputError, match=sentence):
        read_rounds(path)


def test_what_a_round_was_scored_on_is_one_of_two() -> None:
    assert (RANDOM_CLIPS, ALL_FRAMES) == ("random clips", "all labelled frames")
