"""Known rhythms, and none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from behavior.statistics.rhythms import find_period, fit_cosinor

TEN_DAYS = np.arange(240.0) + 0.5


def draw_noise(seed: int, rho: float, n_values: int = 240) -> np.ndarray:
    """Return noise of variance 1 in which a value depends on the one before."""
    drawn = np.random.default_rng(seed).normal(size=n_values + 300)
    return np.asarray(signal.lfilter([np.sqrt(1 - rho**2)], [1, -rho], drawn)[300:])


def observe(times: np.ndarray, seed: int, share: float) -> np.ndarray:
    """Tell which hours were recorded: all but some that a camera was off, in stretches of six hours."""
    lost = np.random.default_rng(seed).random(len(times) // 6 + 1) > share
    return ~np.repeat(lost, 6)[: len(times)]


@settings(max_examples=15, deadline=None)
@given(st.floats(19.5, 28), st.floats(0, 24), st.integers(0, 1000), st.sampled_from([1.0, 0.8]))
def test_a_known_period_is_recovered_within_its_resolution(period_h: float, peak_h: float, seed: int, share: float) -> None:
    values = 3 + np.cos(2 * np.pi * (TEN_DAYS - peak_h) / period_h) + 0.7 * draw_noise(seed, 0.3)
    seen = observe(TEN_DAYS, seed, share)
    found = find_period(TEN_DAYS[seen], values[seen])
    assert found is not None
    assert abs(found.period_h - period_h) < found.resolution_h / 2
    assert found.p <= 0.005
    assert found.peak > found.threshold


def test_a_rhythm_of_23_and_a_half_hours_is_told_from_one_of_24() -> None:
    found = [find_period(TEN_DAYS, np.cos(2 * np.pi * TEN_DAYS / 23.5) + 0.5 * draw_noise(seed, 0.3)) for seed in range(5)]
    assert all(one is not None and abs(one.period_h - 23.5) < 0.25 for one in found)


@pytest.mark.parametrize("rho", [0.0, 0.85])
def test_without_a_rhythm_significance_is_rare(rho: float) -> None:
    # What an animal does depends on what it did just before: that is no rhythm.
    results = [find_period(TEN_DAYS, draw_noise(seed, rho), seed=seed) for seed in range(40)]
    n_significant = sum(one is not None and one.p < 0.05 for one in results)
    # Of 40 series, 7 or more have p < 0.05 with a probability below 0.01.
    assert n_significant < 7


def test_the_power_of_drawn_series_is_that_of_scipy() -> None:
    # A permuted series has its own highest power: the threshold is from the same formula as the curve.
    seen = observe(TEN_DAYS, 3, 0.7)
    found = find_period(TEN_DAYS[seen], draw_noise(1, 0.0)[seen])
    assert found is not None
    frequencies = 1 / found.periods_h
    rng = np.random.default_rng(0)
    highest = []
    for _ in range(300):
        drawn = rng.normal(size=int(seen.sum()))
        power = signal.lombscargle(TEN_DAYS[seen], drawn, 2 * np.pi * frequencies, floating_mean=True, normalize=True)
        highest.append(power.max())
    assert abs(np.quantile(highest, 0.95) - found.threshold) < 0.02


def test_series_that_do_not_say_get_no_period() -> None:
    assert find_period(TEN_DAYS, np.ones(240)) is None
    assert find_period(TEN_DAYS[:59], draw_noise(0, 0.0)[:59]) is None
    assert find_period(TEN_DAYS[:61], draw_noise(0, 0.0)[:61]) is not None
    # Two files of an hour that are ten days apart.
    assert find_period(TEN_DAYS[[0, 1, 238, 239]], np.array([1.0, 2.0, 1.0, 3.0])) is None
    assert find_period(np.zeros(0), np.zeros(0)) is None


def test_the_same_series_gives_the_same_numbers() -> None:
    values = draw_noise(4, 0.5)
    first, second = find_period(TEN_DAYS, values), find_period(TEN_DAYS, values)
    assert first is not None and second is not None
    assert (first.p, first.threshold, first.period_h) == (second.p, second.threshold, second.period_h)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.5, 50), st.floats(0, 23.99), st.floats(-100, 100), st.floats(20, 28))
def test_a_cosine_is_fitted_exactly(amplitude: float, peak_h: float, mesor: float, period_h: float) -> None:
    fit = fit_cosinor(TEN_DAYS, mesor + amplitude * np.cos(2 * np.pi * (TEN_DAYS - peak_h) / period_h), period_h)
    assert fit is not None
    np.testing.assert_allclose([fit.mesor, fit.amplitude, fit.explained], [mesor, amplitude, 1.0], rtol=1e-6, atol=1e-6)
    around = (fit.acrophase_h - peak_h + period_h / 2) % period_h - period_h / 2
    assert abs(around) < 1e-6


@pytest.mark.parametrize("rho", [0.0, 0.6, 0.85])
def test_intervals_cover_the_truth(rho: float) -> None:
    inside = np.zeros(2)
    n_series = 200
    for seed in range(n_series):
        fit = fit_cosinor(TEN_DAYS, 0.8 * np.cos(2 * np.pi * (TEN_DAYS - 1) / 24) + draw_noise(seed, rho), 24.0)
        assert fit is not None
        # Around midnight an interval begins below 0, or ends above the period.
        hours = (1.0, 25.0)
        inside += [any(fit.acrophase_low < hour < fit.acrophase_high for hour in hours), fit.amplitude_low < 0.8 < fit.amplitude_high]
    assert (inside / n_series > 0.88).all()


def test_without_a_rhythm_the_cosinor_is_seldom_significant() -> None:
    p_values = [fit_cosinor(TEN_DAYS, draw_noise(seed, 0.6), 24.0) for seed in range(100)]
    assert sum(fit is not None and fit.p < 0.05 for fit in p_values) <= 12


def test_too_little_of_a_day_gets_no_cosinor() -> None:
    times = np.concatenate([TEN_DAYS[24 * day + 8 : 24 * day + 20] for day in range(10)])
    assert fit_cosinor(times, draw_noise(0, 0.0, len(times)), 24.0) is None
    assert fit_cosinor(TEN_DAYS, np.zeros(240), 24.0) is None
