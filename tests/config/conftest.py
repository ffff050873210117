"""How the tests of this folder read a study."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from behavior.config import Study, parse_section

LEAST = {"behaviors": ["grooming", "mid_rearing"], "crop": {"body_part": "midbody"}}


@pytest.fixture
def parse() -> Callable[..., Study]:
    """Return the smallest study with some keys changed or added."""

    def parse_study(**changes: Any) -> Study:
        return parse_section(Study, {**LEAST, **changes}, source=Path("study.yaml"))

    return parse_study


@pytest.fixture
def refuse(parse: Callable[..., Study]) -> Callable[..., str]:
    """Return the one-line error about a study with some keys changed or added."""
    from behavior.errors import UsageError

    def refuse_study(**changes: Any) -> str:
        with pytest.raises(UsageError) as caught:
            parse(**changes)
        message = str(caught.value)
        assert message.startswith("study.yaml: ")
        assert "\n" not in message
        assert caught.value.exit_status == 2
        return message

    return refuse_study
