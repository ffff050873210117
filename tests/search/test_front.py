"""The trials that no other one beats."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from behavior.search.front import find_front

VALUES = st.sampled_from([0.1, 0.2, 0.3, 0.4, float("nan")])


@given(st.lists(st.tuples(VALUES, VALUES), max_size=12))
def test_a_trial_is_on_the_front_if_no_other_one_beats_it(trials: list[tuple[float, float]]) -> None:
    scores, seconds = np.array(trials, dtype=float).reshape(-1, 2).T
    expected = []
    for score, time_s in trials:
        beaten = any((other >= score and taken < time_s) or (other > score and taken <= time_s) for other, taken in trials)
        expected.append(score == score and time_s == time_s and not beaten)
    assert find_front(scores, seconds).tolist() == expected
