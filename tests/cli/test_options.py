"""What words behind options mean."""

from __future__ import annotations

import pytest

from behavior.cli.options import parse_by_behavior, parse_lengths, parse_probability
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


@pytest.mark.parametrize(
    ("words", "frames", "seconds"),
    [
        (None, None, None),
        (["9"], 9, None),
        (["0.9s"], None, 0.9),
        (["grooming=9,rearing=0"], {"grooming": 9, "rearing": 0}, None),
        (["grooming=1s", "rearing=0.5s"], None, {"grooming": 1.0, "rearing": 0.5}),
    ],
)
def test_lengths_are_in_frames_or_in_seconds(words, frames, seconds):
    assert parse_lengths("--closing", words) == (frames, seconds)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["inf"], "--closing inf: expected a number of frames such as 9"),
        (["infs"], "--closing infs: expected a number of frames such as 9"),
        (["1e300s"], "--closing 1e300s: expected a number of frames such as 9"),
        (["nans"], "--closing nans: expected a number of frames such as 9"),
        (["-1"], "--closing -1: expected a number of frames such as 9"),
        (["9" * 20], f"--closing {'9' * 20}: expected a number of frames such as 9"),
        (["9" * 6000], f"--closing {'9' * 40}: expected a number of frames such as 9"),
        (["many"], "--closing many: expected a number of frames such as 9, or of seconds such as 0.9s, from 0 to 2,147,483,647."),
        (["0.9"], "--closing 0.9: expected a number of frames"),
        (["grooming=9,rearing=0.5s"], "--closing is given in frames for some behaviors and in seconds for others"),
    ],
)
def test_what_cannot_be_a_length_is_said(words, sentence):
    with pytest.raises(UsageError) as caught:
        parse_lengths("--closing", words)
    assert sentence in str(caught.value)
