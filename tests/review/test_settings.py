"""review.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest

from behavior.errors import UsageError
from behavior.review.settings import ReviewSettings, read_settings, write_settings


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "review.yaml"
    settings = ReviewSettings(exclusive=[["groom", "rear"]], keys={"play": "p"})
    assert read_settings(path, ("groom", "rear")) == ReviewSettings()
    write_settings(path, settings)
    assert read_settings(path, ("groom", "rear")) == settings


def test_a_group_excludes_everyone_in_it_from_the_others() -> None:
    settings = ReviewSettings(exclusive=[["a", "b", "c"], ["a", "d"]])
    assert settings.exclude() == {"a": {"b", "c", "d"}, "b": {"a", "c"}, "c": {"a", "b"}, "d": {"a"}}


def test_unknown_names_and_keys_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "review.yaml"
    path.write_text("exclusive: [[groom, fly]]")
    with pytest.raises(UsageError, match="'fly'"):
        read_settings(path, ("groom",))
    path.write_text("exclusiv: []")
    with pytest.raises(UsageError, match="exclusive"):
        read_settings(path, ("groom",))
