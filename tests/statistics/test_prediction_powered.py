"""Corrected means: right on average whatever the model says, and as certain as they claim."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from behavior.statistics.prediction_powered import (
    AuditedAnimal,
    estimate_difference,
    estimate_mean,
    estimate_more_clips,
    estimate_ratio,
    tune_power,
)


def make_animals(
    generator: np.random.Generator, n: int, *, mean: float = 0.3, bias: float = 0.0, k: int = 6, blur: float = 0.05
) -> list[AuditedAnimal]:
    """Animals whose clips vary about their own rate; the model is off by `bias` and follows what is in the clips."""
    animals = []
    for rate in generator.normal(mean, 0.05, n):
        of_all = generator.normal(rate, 0.1, 60)
        predicted = of_all + bias + generator.normal(0, blur, 60)
        animals.append(AuditedAnimal(float(predicted.mean()), np.full(k, 10.0), predicted[:k], of_all[:k]))
    return animals


def test_with_all_of_it_audited_the_model_does_not_matter() -> None:
    generator = np.random.default_rng(1)
    animals = make_animals(generator, 8, bias=0.2, k=60)
    corrected, audited = (estimate_mean(animals, kind, power=0.7) for kind in ("corrected", "audited"))
    assert (corrected.value, corrected.low, corrected.high) == pytest.approx((audited.value, audited.low, audited.high))
    true = np.array([animal.true for animal in animals])
    expected = stats.ttest_1samp(true, 0.0).confidence_interval()
    assert (audited.low, audited.high) == pytest.approx((expected.low, expected.high))


def test_a_difference_is_welchs() -> None:
    generator = np.random.default_rng(2)
    first, second = make_animals(generator, 5), make_animals(generator, 9, mean=0.5)
    found = estimate_difference(first, second, "predicted")
    expected = stats.ttest_ind([one.predicted for one in second], [one.predicted for one in first], equal_var=False)
    assert (found.p, found.freedom) == pytest.approx((expected.pvalue, expected.df))
    assert found.n == 14


@pytest.mark.parametrize("bias", [0.0, 0.2])
def test_corrected_intervals_cover_the_truth_and_are_narrower_than_the_clips_alone(bias: float) -> None:
    generator = np.random.default_rng(3)
    covered = {"corrected": 0, "audited": 0, "predicted": 0}
    widths = dict.fromkeys(covered, 0.0)
    for _ in range(400):
        first, second = make_animals(generator, 6), make_animals(generator, 6, bias=bias)
        power = tune_power([*first, *second])
        for kind in ("corrected", "audited", "predicted"):
            one = estimate_difference(first, second, kind, power=power)
            covered[kind] += one.low <= 0 <= one.high
            widths[kind] += one.high - one.low
    # 95 % of 400 runs are 380, with a standard deviation of 4.4.
    assert 364 <= covered["corrected"] <= 396
    assert 364 <= covered["audited"] <= 396
    assert widths["corrected"] < 0.95 * widths["audited"]
    if bias:
        assert covered["predicted"] < 40


def test_animals_without_clips_count_by_what_the_model_says() -> None:
    generator = np.random.default_rng(4)
    animals = make_animals(generator, 12)
    none = np.zeros(0)
    mixed = [*animals[:4], *(AuditedAnimal(animal.predicted, none, none, none) for animal in animals[4:])]
    found = estimate_mean(mixed, "corrected", power=1.0)
    by_hand = np.mean([one.predicted for one in mixed]) + np.mean([one.true - np.mean(one.predicted_clips) for one in mixed[:4]])
    assert found.value == pytest.approx(by_hand)
    assert found.n == 4
    covered = 0
    for _ in range(300):
        animals = make_animals(generator, 16, blur=0.02)
        mixed = [*animals[:6], *(AuditedAnimal(animal.predicted, none, none, none) for animal in animals[6:])]
        one = estimate_mean(mixed, "corrected", power=1.0)
        covered += one.low <= 0.3 <= one.high
    assert 270 <= covered <= 297


def test_a_model_that_says_nothing_useful_hardly_counts() -> None:
    generator = np.random.default_rng(5)
    animals = [AuditedAnimal(0.5, np.ones(50), generator.random(50), generator.random(50)) for _ in range(20)]
    assert tune_power(animals) < 0.1
    perfect = [AuditedAnimal(0.5, np.ones(50), clips, clips) for clips in generator.random((20, 50))]
    assert tune_power(perfect) == pytest.approx(1.0)
    assert tune_power([AuditedAnimal(0.5, np.ones(1), np.zeros(1), np.ones(1))]) == 0.0


def test_a_mean_duration_is_the_share_of_time_by_bouts_per_second() -> None:
    generator = np.random.default_rng(6)
    found = []
    for _ in range(300):
        pairs = []
        for begun in generator.normal(0.1, 0.02, 10):
            rates = generator.normal(begun, 0.02, 8)
            shares = 3.0 * rates + generator.normal(0, 0.02, 8)
            pairs.append((AuditedAnimal(3 * begun, np.ones(8), shares, shares), AuditedAnimal(begun, np.ones(8), rates, rates)))
        found.append(estimate_ratio(pairs, "audited"))
    assert np.mean([one.value for one in found]) == pytest.approx(3.0, rel=0.01)
    assert 270 <= sum(one.low <= 3 <= one.high for one in found) <= 297
    nothing = AuditedAnimal(0.0, np.ones(2), np.zeros(2), np.zeros(2))
    assert math.isnan(estimate_ratio([(nothing, nothing)], "corrected").value)


def test_the_clips_that_would_halve_an_interval_do() -> None:
    generator = np.random.default_rng(7)

    def draw(k: int) -> list[AuditedAnimal]:
        none = np.zeros
        return [AuditedAnimal(0.0, np.ones(k), none(k), generator.normal(0.3, 0.1, k)) for _ in range(4000)]

    animals = draw(4)
    more = estimate_more_clips(animals, power=0.0)
    assert more == pytest.approx(3 * 4 * 4000, rel=0.25)
    width, halved = (np.sqrt(estimate_mean(one, "audited").variance) for one in (animals, draw(4 + round(more / 4000))))
    assert halved / width == pytest.approx(0.5, abs=0.08)
    apart = [AuditedAnimal(0.0, np.ones(50), np.zeros(50), generator.normal(rate, 0.01, 50)) for rate in np.linspace(0, 1, 9)]
    assert estimate_more_clips(apart, power=0.0) == math.inf
    assert math.isnan(estimate_more_clips(apart[:1], power=0.0))


def test_one_animal_has_no_interval_and_none_no_figure() -> None:
    one = make_animals(np.random.default_rng(8), 1)
    found = estimate_mean(one, "corrected")
    assert np.isfinite(found.value)
    assert math.isnan(found.low)
    assert math.isnan(found.p)
    none = np.zeros(0)
    assert math.isnan(estimate_mean([AuditedAnimal(0.2, none, none, none)], "corrected").value)


def test_rates_that_are_not_finite_and_clips_of_other_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="one number of clips"):
        AuditedAnimal(0.1, np.ones(2), np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match="longer than 0 s"):
        AuditedAnimal(0.1, np.zeros(1), np.ones(1), np.ones(1))
