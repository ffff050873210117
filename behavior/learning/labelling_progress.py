"""Whether labelling more still pays: how fast the score of the rounds climbs, and how near it is to what people reach."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.files.training_rounds import RANDOM_CLIPS, TrainingRound

__all__ = ["Advice", "advise", "list_comparable"]

# Of the rounds whose trend counts, and of average precision in 10 more minutes below which labelling no longer pays.
_MOST_ROUNDS = 6
_LEAST_GAIN = 0.01
_STEP_MINUTES = 10.0


@dataclass(frozen=True)
class Advice:
    """Whether to go on labelling.

    Attributes
    ----------
    sentence
        For people.
    gain
        Mean average precision that `minutes` more are expected to bring; None where it cannot be told yet.
    spread
        Standard error of the gain; None with fewer than three rounds.
    should_stop
        Whether more labels of this kind are hardly worth it; None where it cannot be told.
    minutes
        How many more the gain is about.
    """

    sentence: str
    gain: float | None = None
    spread: float | None = None
    should_stop: bool | None = None
    minutes: float = _STEP_MINUTES


def list_comparable(rounds: Sequence[TrainingRound]) -> list[TrainingRound]:
    """Return the rounds that the last scored one can be compared with, itself the last: scored on the same kind of frames and behaviors."""
    scored = [one for one in rounds if one.find("average_precision") is not None]
    if not scored:
        return []
    last = scored[-1]
    return [one for one in scored if (one.scored_on, one.behaviors) == (last.scored_on, last.behaviors)]


def advise(rounds: Sequence[TrainingRound]) -> Advice:
    """Return whether to go on labelling after `rounds`.

    The gain follows from a line through the last rounds' mean average precision over the logarithm of the minutes labelled, as scores
    grow less and less: slope x log((m + 10) / m) after m minutes (least squares; the spread is the slope's standard error).
    """
    comparable = list_comparable(rounds)
    if not comparable:
        return Advice("No round has a score yet: label in at least two recordings, then train." if rounds else "Nothing is trained yet.")
    last = comparable[-1]
    reached = _compare_with_raters(last)
    used = [one for one in comparable if one.minutes_labelled > 0][-_MOST_ROUNDS:]
    minutes = np.array([one.minutes_labelled for one in used])
    values = np.array([score.value for one in used if (score := one.find("average_precision")) is not None])
    hint = "" if last.scored_on == RANDOM_CLIPS else " The score is on all labelled frames; label clips drawn at random for one to rely on."
    if reached:
        return Advice(reached + hint, should_stop=True)
    if len(np.unique(minutes)) < 2:
        return Advice(f"One round does not tell whether more labels help: label some more, and train again.{hint}")
    gain, spread = _expect_gain(minutes, values)
    if spread is None:
        sentence = f"Two rounds tell little ({gain:+.2f} for 10 more minutes of labels): label some more, and train again, to be sure."
        return Advice(sentence + hint, gain)
    if gain >= _LEAST_GAIN and gain > spread:
        sentence = f"Go on labelling: 10 more minutes are expected to raise the score by about {gain:.2f} (± {_show(spread)})."
        return Advice(sentence + hint, gain, spread, should_stop=False)
    if gain + spread >= 2 * _LEAST_GAIN:
        sentence = f"The rounds differ by more than they climb ({gain:+.2f} ± {_show(spread)} for 10 more minutes): label more to be sure."
        return Advice(sentence + hint, gain, spread)
    sentence = (
        f"Stop labelling: 10 more minutes like these are expected to change the score by {gain:+.2f} (± {_show(spread)}). "
        "Other recordings, or a clearer definition of the behavior, may still help."
    )
    return Advice(sentence + hint, gain, spread, should_stop=True)


def _expect_gain(minutes: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> tuple[float, float | None]:
    """Return what 10 minutes more bring, and its standard error with three rounds or more."""
    places = np.log(minutes) - np.log(minutes).mean()
    squares = float((places**2).sum())
    slope = float((places * (values - values.mean())).sum()) / squares
    factor = math.log((minutes[-1] + _STEP_MINUTES) / minutes[-1])
    if len(values) < 3:
        return slope * factor, None
    residuals = values - values.mean() - slope * places
    error = math.sqrt(float((residuals**2).sum()) / (len(values) - 2) / squares)
    return slope * factor, error * factor


def _show(spread: float) -> str:
    return f"{spread:.2f}" if spread >= 0.005 else "less than 0.01"


def _compare_with_raters(last: TrainingRound) -> str:
    model, raters = last.find("f1"), last.find("f1_of_raters")
    if model is None or raters is None or model.value < raters.value:
        return ""
    return (
        f"Stop labelling: the model agrees with the labels (F1 {model.value:.2f}) as well as raters agree with each other "
        f"({raters.value:.2f}), and more labels cannot show that it is better."
    )
