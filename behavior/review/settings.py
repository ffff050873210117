"""review.yaml, next to the study file: which behaviors exclude each other, and which keys do what."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field

from behavior.config.parsing import parse_section
from behavior.config.sections import Section
from behavior.errors import UsageError
from behavior.files.atomic import write_text
from behavior.files.yaml_files import read_yaml

__all__ = ["SETTINGS_FILE", "ReviewSettings", "read_settings", "write_settings"]

SETTINGS_FILE = "review.yaml"


class ReviewSettings(Section):
    """What a lab sets for its pages of `behavior review`."""

    exclusive: list[list[str]] = Field(
        default=[],
        description="Groups of behaviors of which only one can be at a time: a bout of one ends the others where it is.",
        examples=[[["mid_rearing", "wall_rearing"]]],
    )
    keys: dict[str, str] = Field(
        default={},
        description="Keys by what they do, as the page lists them under `?`: the name of a key as browsers give it, after `Shift+` where "
        "that is held.",
        examples=[{"play": "p", "undo": "Backspace"}],
    )

    def exclude(self) -> Mapping[str, frozenset[str]]:
        """Return, by behavior, those that it excludes.

        >>> ReviewSettings(exclusive=[["rear", "rest"]]).exclude()["rear"]
        frozenset({'rest'})
        """
        others: dict[str, set[str]] = {}
        for group in self.exclusive:
            for name in group:
                others.setdefault(name, set()).update(set(group) - {name})
        return {name: frozenset(names) for name, names in others.items()}


def read_settings(path: Path, behaviors: Sequence[str]) -> ReviewSettings:
    """Return the settings in the file at `path`, the defaults where there is none.

    Raises
    ------
    UsageError
        If the file cannot be used, or names a behavior that the study does not have.
    """
    if not path.exists():
        return ReviewSettings()
    settings = parse_section(ReviewSettings, read_yaml(path), source=path)
    for name in (name for group in settings.exclusive for name in group):
        if name not in behaviors:
            raise UsageError(f"{path}: exclusive names {name!r}, which is not among the behaviors ({', '.join(behaviors)}); correct it.")
    return settings


def write_settings(path: Path, settings: ReviewSettings) -> None:
    """Write the settings to `path`, whole or not at all; JSON is YAML, too."""
    write_text(path, json.dumps(settings.model_dump(exclude_defaults=True), indent=2, ensure_ascii=False) + "\n")
