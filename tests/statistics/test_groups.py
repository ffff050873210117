"""Comparisons of groups against numbers worked out by hand and against scipy's own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from behavior.statistics import average_animals, compare_groups, compare_ranks, correct_p_values


def table(*rows: tuple[str, str, str, float]) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=["recording", "group", "subject", "value"])
    return found.assign(metric="bout_count")


def test_two_groups_worked_out_by_hand() -> None:
    # Of the 9 pairs the first is higher in 2: 4 > 2 and 4 > 3. U = 2, r = 2 * 2 / 9 - 1.
    found = compare_ranks([np.array([0.0, 1.0, 4.0]), np.array([2.0, 3.0, 5.0])])
    assert found.name == "Mann-Whitney (exact)"
    assert found.statistic == 2.0
    # 4 of the 20 ways to deal ranks have U <= 2: 1 with U = 0, 1 with 1, 2 with 2; two-sided twice as many.
    assert found.p == pytest.approx(8 / 20)
    assert found.effect == pytest.approx(4 / 9 - 1)
    other = compare_ranks([np.array([2.0, 3.0, 5.0]), np.array([0.0, 1.0, 4.0])])
    assert other.effect == pytest.approx(-found.effect)


def test_three_groups_worked_out_by_hand() -> None:
    # Rank sums 3, 7 and 11 of 6 values: H = 12 / (6 * 7) * (9 + 49 + 121) / 2 - 3 * 7 = 32 / 7.
    found = compare_ranks([np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([5.0, 6.0])])
    assert found.name == "Kruskal-Wallis"
    assert found.statistic == pytest.approx(32 / 7)
    assert found.p == pytest.approx(np.exp(-16 / 7))
    assert found.effect == pytest.approx(32 / 35)


def test_ties_are_not_tested_exactly() -> None:
    first, second = np.array([0.0, 0.0, 1.0]), np.array([1.0, 2.0, 3.0])
    found = compare_ranks([first, second])
    assert found.name == "Mann-Whitney (normal approximation)"
    assert found.p == stats.mannwhitneyu(first, second, method="asymptotic").pvalue


@pytest.mark.parametrize("n_groups", [2, 3])
def test_values_that_are_all_the_same_show_no_difference(n_groups: int) -> None:
    found = compare_ranks([np.zeros(3)] * n_groups)
    assert (found.p, found.effect) == (1.0, 0.0)


@pytest.mark.parametrize("samples", [[], [np.arange(3.0)], [np.arange(3.0), np.array([1.0])]])
def test_too_few_are_not_tested(samples: list[np.ndarray]) -> None:
    found = compare_ranks(samples)
    assert found.name == ""
    assert np.isnan([found.p, found.statistic, found.effect]).all()


def test_p_values_are_corrected_by_hand() -> None:
    p_values = np.array([0.01, np.nan, 0.04, 0.03, 0.005])
    # Holm: 0.005 * 4, 0.01 * 3, 0.03 * 2, and 0.04 not below the one before.
    np.testing.assert_allclose(correct_p_values(p_values), [0.03, np.nan, 0.06, 0.06, 0.02])
    # Benjamini and Hochberg: 0.005 * 4 / 1, 0.01 * 4 / 2, 0.03 * 4 / 3, 0.04 * 4 / 4, none above the next.
    np.testing.assert_allclose(correct_p_values(p_values, "fdr"), [0.02, np.nan, 0.04, 0.04, 0.02])
    assert correct_p_values(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]
    assert np.isnan(correct_p_values(np.array([np.nan]))).all()


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_corrected_p_values_keep_their_order_and_grow(values: list[float]) -> None:
    p_values = np.array(values)
    holm, fdr = (correct_p_values(p_values, method) for method in ("holm", "fdr"))
    order = np.argsort(p_values, kind="stable")
    for corrected in (holm, fdr):
        assert np.all(np.diff(corrected[order]) >= -1e-12)
        assert np.all((corrected >= p_values - 1e-12) & (corrected <= 1))
    assert np.all(holm >= fdr - 1e-12)


def test_recordings_of_one_animal_are_averaged_first() -> None:
    rows = table(("r1", "drug", "rear", 2), ("r2", "drug", "rear", 4), ("r3", "drug", "rear", 9), ("r4", "", "rear", 5))
    averaged = average_animals(rows, {"r1": "m1", "r2": "m1", "r3": "m2"})
    assert averaged[["animal", "value"]].to_numpy().tolist() == [["m1", 3.0], ["m2", 9.0], ["r4", 5.0]]


def test_a_comparison_worked_out_by_hand() -> None:
    values = {"saline": (1, 2, 3), "drug": (4, 5, 9)}
    rows = [(f"{group}{place}", group, "rear", value) for group, sample in values.items() for place, value in enumerate(sample)]
    rows += [(name, group, "groom", value % 3) for name, group, _, value in rows]
    compared = compare_groups(table(*rows, ("unknown", "", "rear", 100)), {})
    rear = compared[compared["subject"] == "rear"]
    assert rear["group"].tolist() == ["saline", "drug"]
    assert rear["n"].tolist() == [3, 3]
    assert rear["mean"].tolist() == [2.0, 6.0]
    assert rear["median"].tolist() == [2.0, 5.0]
    # Standard deviations 1 and sqrt(7).
    np.testing.assert_allclose(rear["sem"], [1 / np.sqrt(3), np.sqrt(7 / 3)])
    np.testing.assert_allclose(rear["p"], 0.1)
    np.testing.assert_allclose(rear["effect"], -1.0)
    # Two behaviors are compared, and the other is further from any difference.
    np.testing.assert_allclose(rear["p_corrected"], 0.2)
    assert compared[compared["subject"] == "groom"]["p_corrected"].iloc[0] <= 1


def test_animals_in_several_groups_are_described_but_not_tested() -> None:
    rows = table(*[(f"{group}{animal}", group, "rear", float(animal)) for group in ("before", "after") for animal in range(4)])
    compared = compare_groups(rows, {name: name[-1] for name in rows["recording"]})
    assert compared["n"].tolist() == [4, 4]
    assert compared["p"].isna().all()
    assert compared["test"].tolist() == ["", ""]


def test_missing_values_are_left_out_of_n() -> None:
    rows = table(*[(f"{group}{place}", group, "rear", value) for group in "ab" for place, value in enumerate((1.0, np.nan, 3.0))])
    assert compare_groups(rows, {})["n"].tolist() == [2, 2]


def test_groups_from_one_distribution_are_found_different_by_chance_alone() -> None:
    rng = np.random.default_rng(0)
    p_values = [compare_ranks([rng.normal(size=10), rng.normal(size=9)]).p for _ in range(300)]
    assert np.mean(np.array(p_values) < 0.05) < 0.09
