"""The tables of `statistics.md`: numbers as people write them, and why groups were not tested."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from behavior.reporting.statistics_summary import tabulate_groups
from behavior.statistics.groups import compare_groups


def compare(values: dict[str, list[float]], animals: dict[str, str] | None = None) -> list[str]:
    """Return the cells of a comparison of groups by the length of their bouts."""
    rows = [(f"{group}{number}", group, value) for group, found in values.items() for number, value in enumerate(found)]
    table = pd.DataFrame(rows, columns=["recording", "group", "value"]).assign(subject="rear", metric="total_s")
    heads, cells = tabulate_groups(compare_groups(table, animals or {}).assign(of="behavior"))
    assert heads[2:5] == ["groups: mean ± SEM (n)", "test", "p"]
    return cells[0][2:5]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"a": [11], "b": [1, 2, 6]}, ["a 11 (1); b 3 ± 1.5 (3)", "none: one animal in a group", ""]),
        ({"a": [math.nan], "b": [10_000, 11_400]}, ["a (0); b 10,700 ± 700 (2)", "none: no value in a group", ""]),
        ({"a": [1, 2]}, ["a 1.5 ± 0.5 (2)", "none: one group", ""]),
        ({"a": [99.96, 99.98], "b": [9990.4, 1e6]}, ["a 100 ± 0.01 (2); b 504,995 ± 495,005 (2)", "Mann-Whitney (exact)", "0.333"]),
    ],
)
def test_cells_of_groups(values: dict[str, list[float]], expected: list[str]) -> None:
    assert compare(values) == expected


def test_animals_in_several_groups_are_paired_or_it_is_said_why_not() -> None:
    cells = compare({"a": [1, 2], "b": [3, 4]}, {"a0": "m", "b0": "m"})
    assert cells[1] == "none: some animals in several groups, others not"
    paired = compare({"a": [1, 2, 3], "b": [3, 4, 9]}, {f"{group}{number}": f"m{number}" for group in "ab" for number in range(3)})
    assert paired[1] == "Wilcoxon signed rank (normal approximation, 3 pairs)"
