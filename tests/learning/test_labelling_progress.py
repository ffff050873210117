"""Whether labelling more still pays, on curves whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from behavior.files.training_rounds import ALL_FRAMES, MEAN_OF_BEHAVIORS, RANDOM_CLIPS, RoundScore, TrainingRound
from behavior.learning.labelling_progress import advise, list_comparable


def make_round(
    number: int, minutes: float, value: float, *, scored_on: str = RANDOM_CLIPS, behavior: str = "groom", f1: float = 0.5
) -> TrainingRound:
    scores = (
        RoundScore(behavior, "average_precision", value, math.nan, math.nan),
        RoundScore(MEAN_OF_BEHAVIORS, "average_precision", value, math.nan, math.nan),
        RoundScore(MEAN_OF_BEHAVIORS, "f1", f1, math.nan, math.nan),
        RoundScore(MEAN_OF_BEHAVIORS, "f1_of_raters", 0.8, math.nan, math.nan),
    )
    return TrainingRound(number, "", 2, minutes, scored_on, 1.0, scores)


def test_the_gain_is_that_of_the_curve() -> None:
    rounds = [make_round(number, minutes, 0.3 + 0.1 * math.log(minutes)) for number, minutes in enumerate((2, 4, 8, 20), start=1)]
    advice = advise(rounds)
    assert advice.gain == pytest.approx(0.1 * math.log(30 / 20))
    assert advice.spread == pytest.approx(0.0, abs=1e-9)
    assert advice.should_stop is False
    assert advice.sentence.startswith("Go on labelling: 10 more minutes are expected to raise the score by about 0.04")


def test_a_flat_curve_says_to_stop() -> None:
    advice = advise([make_round(number, 10.0 * number, 0.7 + 0.001 * (number % 2)) for number in range(1, 6)])
    assert advice.should_stop is True
    assert advice.sentence.startswith("Stop labelling")


def test_a_curve_of_noise_says_that_it_cannot_be_told() -> None:
    advice = advise([make_round(number + 1, 5.0 + number, value) for number, value in enumerate((0.3, 0.7, 0.35, 0.65))])
    assert advice.should_stop is None
    assert "differ by more than they climb" in advice.sentence


def test_raters_who_agree_no_better_than_the_model_end_it() -> None:
    advice = advise([make_round(1, 5, 0.9, f1=0.82)])
    assert advice.should_stop is True
    assert "as well as raters agree with each other (0.80)" in advice.sentence


def test_few_rounds_tell_nothing() -> None:
    assert advise([]).sentence == "Nothing is trained yet."
    assert "No round has a score" in advise([TrainingRound(1, "", 1, 3.0, "", 0.0)]).sentence
    assert "One round" in advise([make_round(1, 5, 0.4)]).sentence
    two = advise([make_round(1, 5, 0.4), make_round(2, 10, 0.6)])
    assert (two.should_stop, two.spread) == (None, None)
    assert two.gain == pytest.approx(0.2)


def test_scores_on_other_frames_or_behaviors_are_not_mixed() -> None:
    rounds = [
        make_round(1, 5, 0.9, scored_on=ALL_FRAMES),
        make_round(2, 6, 0.4),
        make_round(3, 7, 0.4, behavior="rear"),
        make_round(4, 8, 0.5),
    ]
    assert [one.number for one in list_comparable(rounds)] == [2, 4]
    assert "clips drawn at random" in advise(rounds[:1]).sentence
    assert "clips drawn at random" not in advise(rounds).sentence
    assert np.isfinite(advise(rounds).gain or math.nan)
