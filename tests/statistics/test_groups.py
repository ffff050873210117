"""Comparisons of groups against numbers worked out by hand and against scipy's own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from behavior.statistics import average_animals, compare_groups, compare_ranks, compare_repeated, correct_p_values


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


def test_animals_in_every_group_are_compared_with_themselves() -> None:
    before, after = np.array([10.0, 20.0, 30.0, 40.0, 50.0, 60.0]), np.array([11.0, 22.0, 33.0, 44.0, 55.0, 66.0])
    rows = table(
        *[
            (f"{name}{animal}", name, "rear", values[animal])
            for name, values in (("before", before), ("after", after))
            for animal in range(6)
        ]
    )
    animals = {name: name[-1] for name in rows["recording"]}
    compared = compare_groups(rows, animals)
    assert compared["n"].tolist() == [6, 6]
    assert set(compared["test"]) == {"Wilcoxon signed rank (exact, 6 pairs)"}
    # All six differences have one sign: two of the 64 ways to deal signs.
    np.testing.assert_allclose(compared["p"], 2 / 64)
    assert set(compared["effect"]) == {-1.0}
    assert set(compared["not_tested"]) == {""}
    # An animal without a value in one group is no pair.
    rows.loc[0, "value"] = np.nan
    compared = compare_groups(rows, animals)
    assert set(compared["test"]) == {"Wilcoxon signed rank (exact, 5 pairs)"}
    assert compared["n"].tolist() == [5, 6]


def test_animals_of_which_some_are_in_several_groups_are_not_tested() -> None:
    rows = table(("a1", "a", "rear", 1.0), ("b1", "b", "rear", 2.0), ("a2", "a", "rear", 3.0), ("b3", "b", "rear", 4.0))
    compared = compare_groups(rows, {name: name[-1] for name in rows["recording"]})
    assert compared["test"].tolist() == ["", ""]
    assert compared["p"].isna().all()
    assert set(compared["not_tested"]) == {"some animals in several groups, others not"}


def test_a_signed_rank_test_worked_out_by_hand() -> None:
    # Differences 1, -2, 3, 4: ranks 1 + 3 + 4 above, 2 below; sums of 2 or less come from (), (1), (2): 3 of 16, twice.
    result = compare_repeated(np.array([[2.0, 1.0], [1.0, 3.0], [4.0, 1.0], [5.0, 1.0]]))
    assert (result.statistic, result.p) == (2.0, pytest.approx(6 / 16))
    assert result.effect == pytest.approx((8 - 2) / 10)
    # No differences, and differences that are tied.
    assert compare_repeated(np.ones((4, 2))).p == 1.0
    tied = compare_repeated(np.array([[1.0, 0.0], [1.0, 0.0], [3.0, 1.0], [1.0, 1.0]]))
    assert tied.name == "Wilcoxon signed rank (normal approximation, 4 pairs)"
    assert 0 < tied.p < 1
    assert np.isnan(compare_repeated(np.ones((1, 2))).p)


def test_three_groups_of_the_same_animals_are_compared_by_friedmans_test() -> None:
    result = compare_repeated(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [1.0, 5.0, 9.0], [0.0, 1.0, 2.0]]))
    assert result.name == "Friedman (4 animals)"
    assert (result.statistic, result.effect) == (pytest.approx(8.0), pytest.approx(1.0))
    assert compare_repeated(np.ones((4, 3))).p == 1.0


def test_missing_values_are_left_out_of_n() -> None:
    rows = table(*[(f"{group}{place}", group, "rear", value) for group in "ab" for place, value in enumerate((1.0, np.nan, 3.0))])
    assert compare_groups(rows, {})["n"].tolist() == [2, 2]


def test_groups_from_one_distribution_are_found_different_by_chance_alone() -> None:
    rng = np.random.default_rng(0)
    p_values = [compare_ranks([rng.normal(size=10), rng.normal(size=9)]).p for _ in range(300)]
    assert np.mean(np.array(p_values) < 0.05) < 0.09
