"""What a check found, as a whole."""

from __future__ import annotations

import pytest

from behavior.reporting.check_result import Problem, StudyCheck


@pytest.mark.parametrize(
    ("problems", "has_errors"),
    [([], False), ([Problem("a", "is odd.", False)], False), ([Problem("a", "is odd.", False), Problem("", "is missing.", True)], True)],
)
def test_one_error_is_enough(problems: list[Problem], has_errors: bool) -> None:
    assert StudyCheck(True, [], problems).has_errors == has_errors
