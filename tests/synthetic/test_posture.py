"""What a mouse does when, and the posture that acts it out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.recording import Bout
from behavior.synthetic import BEHAVIORS
from behavior.synthetic.posture import MEAN_BOUT_S, SHARES, act_posture, plan_bouts


def test_plans_have_the_shares_and_mean_lengths_of_the_thesis() -> None:
    plans = [plan_bouts(1500, 10.0, np.random.default_rng(seed)) for seed in range(300)]
    for behavior, share, mean_s in zip(BEHAVIORS, SHARES, MEAN_BOUT_S, strict=True):
        lengths = np.array([bout.stop_frame - bout.start_frame for plan in plans for bout in plan if bout.behavior == behavior])
        assert lengths.mean() == pytest.approx(10 * mean_s, rel=0.06)
        assert lengths.sum() / (300 * 1500) == pytest.approx(share, rel=0.1)
        assert lengths.std() > 0.3 * lengths.mean()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n_frames=st.integers(300, 4000))
def test_every_plan_shows_every_behavior_with_gaps_between_bouts(seed: int, n_frames: int) -> None:
    bouts = plan_bouts(n_frames, 10.0, np.random.default_rng(seed))
    assert {bout.behavior for bout in bouts} == set(BEHAVIORS)
    edges = [0, *(edge for bout in bouts for edge in (bout.start_frame, bout.stop_frame)), n_frames]
    assert min(np.diff(edges)[::2]) >= 12


def test_the_order_of_bouts_is_random() -> None:
    first = {plan_bouts(1200, 10.0, np.random.default_rng(seed))[0].behavior for seed in range(120)}
    assert first == set(BEHAVIORS)


def test_a_plan_too_short_for_every_behavior_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        plan_bouts(100, 10.0, np.random.default_rng(0))


def test_bouts_last_as_many_seconds_at_another_frame_rate() -> None:
    plans = [plan_bouts(7500, 25.0, np.random.default_rng(seed)) for seed in range(60)]
    lengths = [bout.stop_frame - bout.start_frame for plan in plans for bout in plan if bout.behavior == "wall_rearing"]
    assert np.mean(lengths) == pytest.approx(25 * MEAN_BOUT_S[2], rel=0.1)


def test_postures_are_under_way_exactly_in_their_bouts() -> None:
    bouts = [Bout(100, 160, "grooming"), Bout(200, 230, "mid_rearing"), Bout(260, 290, "wall_rearing")]
    posture = act_posture(bouts, n_frames=320, fps=10.0, half_floor=180.0, body_length=80.0, rng=np.random.default_rng(0))
    shown = np.zeros((320, 3), dtype=bool)
    for bout in bouts:
        shown[bout.start_frame : bout.stop_frame, BEHAVIORS.index(bout.behavior)] = True
    np.testing.assert_array_equal(posture.activation > 0.5, shown)
    settled = posture.activation > 0.99
    idle = posture.activation.sum(axis=1) == 0
    assert posture.height[settled[:, 1] | settled[:, 2]].min() > 0.5 > posture.height[idle | settled[:, 0]].max()
    assert posture.tuck[settled[:, 0]].mean() > posture.tuck[idle].mean()
    expected = 180.0 - np.maximum(np.abs(posture.position.real), np.abs(posture.position.imag))
    np.testing.assert_allclose(posture.wall_distance, expected)


def test_the_same_generator_acts_the_same() -> None:
    bouts = plan_bouts(400, 10.0, np.random.default_rng(3))
    options = {"n_frames": 400, "fps": 10.0, "half_floor": 180.0, "body_length": 80.0}
    first, second, other = (act_posture(bouts, **options, rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.position, second.position)
    assert not np.array_equal(first.position, other.position)
