"""What words behind options mean."""

from __future__ import annotations

import pytest

from behavior.cli.options import parse_by_behavior, parse_probability
from behavior.cli.printing import count
from behavior.errors import UsageError


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (None, None),
        (["0.4"], 0.4),
        (["grooming=0.4"], {"grooming": 0.4}),
        (["grooming=0.4,rear_mid=0.3"], {"grooming": 0.4, "rear_mid": 0.3}),
        (["grooming=0.4, rear_mid=0.3,", "wall=1"], {"grooming": 0.4, "rear_mid": 0.3, "wall": 1.0}),
        # Names may hold what separates.
        (["a=b=0.4"], {"a=b": 0.4}),
        (["left, right=0.4"], {"left, right": 0.4}),
    ],
)
def test_values_are_for_all_behaviors_or_by_name(words, expected):
    assert parse_by_behavior("--threshold", words, parse_probability) == expected


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["grooming=0,4"], "--threshold 0,4: expected a number from 0 to 1."),
        (["grooming=0.4,grooming=0.5"], "'grooming' is given twice"),
        (["0.4", "rear=0.3"], "--threshold 0.4: with several values each needs a name, such as --threshold grooming=0.4."),
        (["rear=0.3,often=x"], "--threshold x: expected a number"),
    ],
)
def test_what_cannot_be_a_value_is_said(words, sentence):
    with pytest.raises(UsageError) as caught:
        parse_by_behavior("--threshold", words, parse_probability)
    assert sentence in str(caught.value)


def test_one_is_not_many():
    assert [count(number, "bout") for number in (0, 1, 2, 1200)] == ["0 bouts", "1 bout", "2 bouts", "1,200 bouts"]
