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
    "RankTest",
    "average_animals",
    "compare_groups",
    "compare_ranks",
    "correct_p_values",
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
)
Correction = Literal["holm", "fdr"]
ASSUMPTIONS = (
    "The rank tests assume that animals are independent of each other and measured alike: the recordings of one animal in one group are "
    "averaged first, n counts animals, and animals without a value (such as a latency where there was no bout) are left out; p values are "
    "corrected over what is compared by the same metric, not over the metrics."
)
# From here on the normal approximation is good enough, as scipy has it.
_LARGEST_EXACT = 8


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
    mean, standard error of the mean (NaN for one animal) and median; and, the same for all groups, the test (`compare_ranks`, groups in
    the order of the table). Where an animal is in several groups these are not independent, and nothing is tested.
    """
    grouped = average_animals(table[table["group"] != ""], animals)
    groups = list(dict.fromkeys(grouped["group"]))
    memberships = grouped[["animal", "group"]].drop_duplicates()
    are_independent = memberships["animal"].is_unique
    rows: list[tuple[object, ...]] = []
    for (subject, metric), chosen in grouped.groupby(["subject", "metric"], sort=False):
        values = {name: chosen.loc[chosen["group"] == name, "value"].dropna().to_numpy(dtype=np.float64) for name in groups}
        test = compare_ranks(list(values.values()) if are_independent else [])
        for group, sample in values.items():
            mean, sem, median = _describe(sample)
            tested = (test.name, test.statistic, test.p, float("nan"), test.effect_size, test.effect)
            rows.append((subject, metric, group, len(sample), mean, sem, median, *tested))
    compared = pd.DataFrame(rows, columns=list(GROUP_COLUMNS))
    for _, family in compared.groupby("metric", sort=False):
        firsts = family.drop_duplicates("subject")
        corrected = dict(zip(firsts["subject"], correct_p_values(firsts["p"].to_numpy(dtype=np.float64), correction), strict=True))
        compared.loc[family.index, "p_corrected"] = [corrected[subject] for subject in family["subject"]]
    return compared


def _describe(sample: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Return mean, standard error of the mean and median; NaN where there are too few values."""
    undefined = float("nan")
    if not len(sample):
        return undefined, undefined, undefined
    sem = float(sample.std(ddof=1) / np.sqrt(len(sample))) if len(sample) > 1 else undefined
    return float(sample.mean()), sem, float(np.median(sample))
