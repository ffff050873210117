"""Errors of users: their exit status, and the names that they suggest."""

import pytest

from behavior import errors
from behavior.errors import BehaviorError, UsageError, advise_on_missing, count_noun, suggest_nearest

KINDS = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]


def test_every_error_can_be_caught_as_one_kind():
    assert len(KINDS) > 10
    assert all(issubclass(kind, BehaviorError) for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_only_unusable_arguments_have_status_two(kind):
    assert kind.exit_status == (2 if issubclass(kind, UsageError) else 1)


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("groming", "; did you mean 'grooming'?"),
        ("GROOMING", "; did you mean 'grooming'?"),
        ("mid rearing", "; did you mean 'Mid_Rearing'?"),
        ("sleeping", ""),
    ],
)
def test_the_nearest_name_is_suggested_whatever_its_case(name, suggestion):
    assert suggest_nearest(name, ["grooming", "Mid_Rearing"]) == suggestion


def test_nothing_is_suggested_of_nothing():
    assert suggest_nearest("grooming", []) == ""


def test_a_file_with_other_capital_letters_is_named(tmp_path):
    (tmp_path / "Mouse_1.MP4").touch()
    assert advise_on_missing(tmp_path / "mouse_1.mp4") == "there is 'Mouse_1.MP4', with other capital letters: write it so"
    assert advise_on_missing(tmp_path / "mouse_2.mp4") == "check the path"
    assert advise_on_missing(tmp_path / "gone" / "mouse_1.mp4") == "check the path"


def test_one_is_not_many():
    assert [count_noun(number, "bout") for number in (0, 1, 2, 1200)] == ["0 bouts", "1 bout", "2 bouts", "1,200 bouts"]
    assert [count_noun(number, "entry", "entries") for number in (1, 2)] == ["1 entry", "2 entries"]
