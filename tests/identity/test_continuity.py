"""What motion says about identities, from places that are known."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.identity.continuity import weigh_motion
from behavior.recording import Tracklet

MOVES = {"step": 5.0, "spread": 2.0, "area": 1e4}


def stay(start: int, stop: int, x: float) -> Tracklet:
    frames = np.arange(start, stop)
    unknown = np.full(len(frames), np.nan)
    return Tracklet(
        frames, np.tile([x, 0.0], (len(frames), 1)), unknown, np.full((len(frames), 2), np.nan), np.zeros(len(frames), dtype=bool)
    )


def test_a_tracklet_is_the_animal_that_was_and_will_be_there() -> None:
    tracklets = [stay(0, 5, 0), stay(0, 5, 80), stay(6, 9, 1), stay(10, 15, 0), stay(10, 15, 80)]
    both = weigh_motion(tracklets, np.array([0, 1, -1, 0, 1]), 2, **MOVES)
    before = weigh_motion(tracklets, np.array([0, 1, -1, -1, -1]), 2, **MOVES)
    assert both[2, 0] - both[2, 1] > before[2, 0] - before[2, 1] > 5


def test_the_longer_nothing_was_seen_the_less_is_said() -> None:
    odds = [weigh_motion([stay(0, 5, 0), stay(5 + gap, 20 + gap, 2)], np.array([0, -1]), 1, **MOVES)[1, 0] for gap in (1, 5, 200)]
    assert odds[0] > odds[1] > odds[2] == pytest.approx(0, abs=0.02)


def test_one_wrong_name_cannot_rule_an_animal_out() -> None:
    odds = weigh_motion([stay(0, 5, 0), stay(6, 9, 1e4)], np.array([0, -1]), 1, **MOVES)[1, 0]
    assert odds == pytest.approx(np.log(0.01), abs=0.01)


def test_a_tracklet_says_nothing_about_itself_or_those_beside_it() -> None:
    assert not weigh_motion([stay(0, 5, 0), stay(3, 9, 0)], np.array([0, 1]), 2, **MOVES)[0].any()
    assert weigh_motion([], np.zeros(0, dtype=np.int64), 2, **MOVES).shape == (0, 2)
