"""Comparing groups of animals: means, rank tests with effect sizes, and corrected p values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

__all__ = [
    "ASSUMPTIONS",
    "GROUP_COLUMNS",
    "Correction",
    "Design",
    "RankTest",
    "average_animals",
    "compare_groups",
    "compare_ranks",
    "compare_repeated",
    "correct_p_values",
    "find_design",
]

GROUP_COLUMNS = (
    "subject",
    "metric",
    "group",
    "n",
    "mean",
    "sem",
    "median",
    "test",
    "statistic",
    "p",
    "p_corrected",
    "effect_size",
    "effect",
    "not_tested",
)
Correction = Literal["holm", "fdr"]
Design = Literal["independent", "repeated", "mixed"]
ASSUMPTIONS = (
    "The rank tests assume that animals are independent of each other and measured alike: the recordings of one animal in one group are "
    "averaged first, n counts animals, and animals without a value (such as a latency where there was no bout) are left out. Where every "
    "animal is in every group, its values are compared with each other, and animals without a value in one of the groups are left out of "
    "the test; where some animals are in several groups and others are not, nothing is tested. p values are corrected over what is "
    "compared by the same metric, not over the metrics."
)
# From here on the normal approximation is good enough, as scipy has it.
_LARGEST_EXACT = 8
_LARGEST_EXACT_PAIRS = 50


@dataclass(frozen=True)
class RankTest:
    """A test of whether groups differ, and how much they do; NaN where nothing can be tested."""

    name: str
    statistic: float
    p: float
    effect_size: str
    effect: float


def compare_ranks(samples: Sequence[npt.NDArray[np.floating]]) -> RankTest:
    """Test whether samples come from one distribution: Mann-Whitney's U for two, Kruskal-Wallis's H for more.

    Parameters
    ----------
    samples
        Of each group, shape (n,), without NaN.

    Returns
    -------
    For two groups U of the first, the two-sided p value, exact where the smaller group has at most 8 animals and no values are tied, else
    by the normal approximation with corrections for ties and continuity; and the rank-biserial correlation ``2 U / (n1 n2) - 1``
    (Wendt 1972, "Dealing with a common problem in social science: a simplified rank-biserial coefficient of correlation based on the U
    statistic"; Kerby 2014), from -1 to 1: above 0 where the first group has the higher values.
    For more H, the p value of the chi-squared approximation, and epsilon squared ``H / (n - 1)`` (Tomczak and Tomczak 2014, "The need to
    report effect size estimates revisited"), from 0 to 1.
    With fewer than two groups, or a group of fewer than two, nothing is tested; where all values are the same, p is 1 and the effect 0.

    Examples
    --------
    >>> test = compare_ranks([np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])])
    >>> test.name, test.statistic, round(test.p, 3), test.effect
    ('Mann-Whitney (exact)', 0.0, 0.1, -1.0)
    """
    undefined = float("nan")
    if len(samples) < 2 or min(len(sample) for sample in samples) < 2:
        return RankTest("", undefined, undefined, "", undefined)
    everything = np.concatenate(samples)
    are_equal = bool(np.all(everything == everything[0]))
    if len(samples) == 2:
        first, second = samples
        has_ties = len(np.unique(everything)) < len(everything)
        is_exact = not has_ties and min(len(first), len(second)) <= _LARGEST_EXACT
        name = f"Mann-Whitney ({'exact' if is_exact else 'normal approximation'})"
        if are_equal:
            return RankTest(name, len(first) * len(second) / 2, 1.0, "rank-biserial", 0.0)
        result = stats.mannwhitneyu(first, second, alternative="two-sided", method="exact" if is_exact else "asymptotic")
        effect = 2 * result.statistic / (len(first) * len(second)) - 1
        return RankTest(name, float(result.statistic), float(result.pvalue), "rank-biserial", float(effect))
    if are_equal:
        return RankTest("Kruskal-Wallis", 0.0, 1.0, "epsilon squared", 0.0)
    result = stats.kruskal(*samples)
    return RankTest(
        "Kruskal-Wallis", float(result.statistic), float(result.pvalue), "epsilon squared", float(result.statistic / (len(everything) - 1))
    )


def compare_repeated(values: npt.NDArray[np.floating]) -> RankTest:
    """Test whether the same animals differ between groups: Wilcoxon's signed rank test for two groups, Friedman's for more.

    Parameters
    ----------
    values
        Of each animal in each group, shape (n, groups), without NaN.

    Returns
    -------
    For two groups the smaller sum of ranks, the two-sided p value, exact where at most 50 animals differ and no differences are tied or 0,
    else by the normal approximation with corrections for ties and continuity (differences of 0 are left out, as Wilcoxon did); and the
    matched-pairs rank-biserial correlation (Kerby 2014, "The simple difference formula: an approach to teaching nonparametric
    correlation"), from -1 to 1: above 0 where the first group has the higher values.
    For more the chi-squared statistic, its p value, and Kendall's W, from 0 to 1.
    With fewer than two groups or two animals nothing is tested; where no animal differs, p is 1 and the effect 0.

    Examples
    --------
    >>> test = compare_repeated(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [1.0, 5.0], [2.0, 7.0]]))
    >>> test.name, test.statistic, test.p, test.effect
    ('Wilcoxon signed rank (exact, 5 pairs)', 0.0, 0.0625, -1.0)
    """
    undefined = float("nan")
    n_animals, n_groups = values.shape
    if n_groups < 2 or n_animals < 2:
        return RankTest("", undefined, undefined, "", undefined)
    are_equal = bool((values == values[:, :1]).all())
    if n_groups > 2:
        name = f"Friedman ({n_animals} animals)"
        if are_equal:
            return RankTest(name, 0.0, 1.0, "Kendall's W", 0.0)
        result = stats.friedmanchisquare(*values.T)
        return RankTest(name, float(result.statistic), float(result.pvalue), "Kendall's W", result.statistic / (n_animals * (n_groups - 1)))
    # Shares and means that are equal differ in their last digit.
    differences = values[:, 0] - values[:, 1]
    differences = np.where(np.isclose(values[:, 0], values[:, 1], rtol=1e-12, atol=0), 0.0, differences)
    sizes = np.abs(differences[differences != 0])
    is_exact = len(sizes) == n_animals <= _LARGEST_EXACT_PAIRS and len(np.unique(sizes)) == len(sizes)
    name = f"Wilcoxon signed rank ({'exact' if is_exact else 'normal approximation'}, {n_animals} pairs)"
    if not len(sizes):
        return RankTest(name, 0.0, 1.0, "matched-pairs rank-biserial", 0.0)
    ranks = stats.rankdata(sizes)
    higher = float(ranks[differences[differences != 0] > 0].sum())
    effect = 2 * higher / float(ranks.sum()) - 1
    result = stats.wilcoxon(differences, zero_method="wilcox", correction=True, method="exact" if is_exact else "asymptotic")
    return RankTest(name, float(result.statistic), float(result.pvalue), "matched-pairs rank-biserial", effect)


def correct_p_values(p_values: npt.NDArray[np.floating], method: Correction = "holm") -> npt.NDArray[np.float64]:
    """Correct p values for their number.

    Parameters
    ----------
    p_values
        Shape (N,); NaN counts as no test.
    method
        "holm" keeps the chance of any false alarm below the level (Holm 1979, "A simple sequentially rejective multiple test procedure");
        "fdr" the share of false alarms among what is found (Benjamini and Hochberg 1995).

    Returns
    -------
    Float64 of shape (N,), NaN where `p_values` is.

    Examples
    --------
    >>> correct_p_values(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    corrected = np.full(np.shape(p_values), np.nan)
    tested = ~np.isnan(p_values)
    known = np.asarray(p_values, dtype=np.float64)[tested]
    if not len(known):
        return corrected
    if method == "fdr":
        corrected[tested] = stats.false_discovery_control(known, method="bh")
        return corrected
    order = np.argsort(known, kind="stable")
    stepped = np.maximum.accumulate(known[order] * np.arange(len(known), 0, -1))
    holm = np.empty(len(known))
    holm[order] = np.minimum(stepped, 1.0)
    corrected[tested] = holm
    return corrected


def average_animals(table: pd.DataFrame, animals: Mapping[str, str]) -> pd.DataFrame:
    """Average the recordings of each animal in each group.

    Parameters
    ----------
    table
        Columns recording, group, subject (what is described: a behavior or a zone), metric and value.
    animals
        Animal by recording; a recording that is not named is an animal of its own.

    Returns
    -------
    Columns animal, group, subject, metric and value: the mean of the values that are not NaN, NaN where all are.

    Examples
    --------
    >>> table = pd.DataFrame({"recording": ["m1_a", "m1_b"], "group": "saline", "subject": "grooming", "metric": "total_s"})
    >>> table["value"] = [2.0, 4.0]
    >>> average_animals(table, {"m1_a": "m1", "m1_b": "m1"})[["animal", "value"]].to_numpy().tolist()
    [['m1', 3.0]]
    """
    named = table.assign(animal=[animals.get(name, name) for name in table["recording"]])
    averaged = named.groupby(["animal", "group", "subject", "metric"], sort=False, as_index=False)["value"].mean()
    return averaged[["animal", "group", "subject", "metric", "value"]]


def compare_groups(table: pd.DataFrame, animals: Mapping[str, str], *, correction: Correction = "holm") -> pd.DataFrame:
    """Compare groups by every metric of every behavior or zone.

    Parameters
    ----------
    table
        As `average_animals` takes it; recordings whose group is "" are left out.
    animals
        Animal by recording.
    correction
        As `correct_p_values` takes it; over all subjects that are tested by the same metric.

    Returns
    -------
    Table with the columns of `GROUP_COLUMNS`, a row for each subject, metric and group: n, the number of animals with a value; their
    mean, standard error of the mean (NaN for one animal) and median; and, the same for all groups, the test, groups in the order of the
    table: `compare_ranks` where each animal is in one group, `compare_repeated` where every animal is in every group. Where some are in
    several groups and others are not, nothing is tested. `not_tested` says why there is no test, and is empty where there is one.
    """
    grouped = average_animals(table[table["group"] != ""], animals)
    groups = list(dict.fromkeys(grouped["group"]))
    design = find_design(grouped)
    rows: list[tuple[object, ...]] = []
    for (subject, metric), chosen in grouped.groupby(["subject", "metric"], sort=False):
        values = {name: chosen.loc[chosen["group"] == name, "value"].dropna().to_numpy(dtype=np.float64) for name in groups}
        if design == "repeated":
            by_animal = chosen.pivot_table(index="animal", columns="group", values="value").reindex(columns=groups).dropna()
            test = compare_repeated(by_animal.to_numpy(dtype=np.float64))
        else:
            test = compare_ranks(list(values.values()) if design == "independent" else [])
        not_tested = "" if test.name else _say_untested([len(sample) for sample in values.values()], design)
        for group, sample in values.items():
            mean, sem, median = _describe(sample)
            tested = (test.name, test.statistic, test.p, float("nan"), test.effect_size, test.effect, not_tested)
            rows.append((subject, metric, group, len(sample), mean, sem, median, *tested))
    compared = pd.DataFrame(rows, columns=list(GROUP_COLUMNS))
    for _, family in compared.groupby("metric", sort=False):
        firsts = family.drop_duplicates("subject")
        corrected = dict(zip(firsts["subject"], correct_p_values(firsts["p"].to_numpy(dtype=np.float64), correction), strict=True))
        compared.loc[family.index, "p_corrected"] = [corrected[subject] for subject in family["subject"]]
    return compared


def find_design(grouped: pd.DataFrame) -> Design:
    """Return how animals are spread over groups, by the columns animal and group: "repeated" if every one is in every of several groups.

    >>> find_design(pd.DataFrame({"animal": ["a", "a", "b"], "group": ["x", "y", "x"]}))
    'mixed'
    """
    memberships = grouped[["animal", "group"]].drop_duplicates()
    if memberships["animal"].is_unique:
        return "independent"
    n_groups = memberships["group"].nunique()
    return "repeated" if (memberships.groupby("animal").size() == n_groups).all() else "mixed"


def _say_untested(numbers: Sequence[int], design: Design) -> str:
    """Return why groups with so many animals were not tested."""
    if len(numbers) < 2:
        return "one group"
    if design == "mixed":
        return "some animals in several groups, others not"
    fewest = min(numbers)
    if fewest < 2:
        return "one animal in a group" if fewest else "no value in a group"
    return "fewer than two animals with a value in every group"


def _describe(sample: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Return mean, standard error of the mean and median; NaN where there are too few values."""
    undefined = float("nan")
    if not len(sample):
        return undefined, undefined, undefined
    sem = float(sample.std(ddof=1) / np.sqrt(len(sample))) if len(sample) > 1 else undefined
    return float(sample.mean()), sem, float(np.median(sample))
