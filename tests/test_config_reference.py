"""configs/README.md has every key of the study file, as the models have it, and its examples can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import write_config_reference as reference
from pydantic import BaseModel

from behavior.config import Cluster, Section, Study, parse_section

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "write_config_reference.py"

# What a section needs beside the key that an example gives.
BESIDE: Mapping[str, Mapping[str, Any]] = {
    "study": {"behaviors": ["grooming", "mid_rearing", "wall_rearing"], "crop": {"body_part": "midbody"}},
    "views": {"others": {"side": {}}},
    "crop": {"body_part": "midbody", "body_axis": ["tailbase", "neck"]},
    "search": {"space": {"head.units": [32, 64]}},
    "backbone.preprocessing": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
    "arena": {"rectangle": [0, 0, 10, 10], "pixels_per_cm": 12},
    "clock": {"lights_on": "06:30", "lights_off": "18:30"},
    "cluster file": {"kind": "slurm", "jobs": 2, "memory": "16 GB"},
}
EXCLUDES = {"corners": "rectangle"}
# What one key needs besides.
NEEDED: Mapping[tuple[str, str], Mapping[str, Any]] = {("study", "views"): {"streams": ["appearance", "appearance@side"]}}


def list_examples() -> Iterator[tuple[str, str, Any]]:
    for name, section in reference.SECTIONS.items():
        for key, field in section.model_fields.items():
            for example in field.examples or ():
                yield name, key, example


def list_sections(section: type[BaseModel]) -> set[type[BaseModel]]:
    """Return a section, and those within it."""
    return {section}.union(*(list_sections(part) for field in section.model_fields.values() for part in find_parts(field.annotation)))


def find_parts(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from find_parts(part)


def test_the_reference_is_what_the_script_writes():
    text = reference.REFERENCE.read_text(encoding="utf-8")
    assert reference.fill_reference(text) == text, "run python scripts/write_config_reference.py"


def test_a_changed_table_is_noticed():
    text = reference.REFERENCE.read_text(encoding="utf-8")
    assert reference.fill_reference(text.replace("| `size` | whole number (at least 8) |", "| `size` | text |")) == text
    with pytest.raises(ValueError, match="found tables for"):
        reference.fill_reference(text.replace("<!-- keys: crop -->", ""))


def test_every_section_of_a_study_file_has_a_table():
    assert set(reference.SECTIONS.values()) == list_sections(Study) | {Cluster}


@pytest.mark.parametrize(("name", "key", "example"), list(list_examples()))
def test_the_examples_of_a_key_can_be_read(name, key, example):
    section: type[Section] = reference.SECTIONS[name]
    beside = {**BESIDE.get(name, {}), **({"kind": name.removeprefix("head ")} if name.startswith("head ") else {})}
    beside |= NEEDED.get((name, key), {})
    beside.pop(EXCLUDES.get(key, ""), None)
    parsed = parse_section(section, {**beside, key: example}, source=Path("example.yaml"))
    assert key in parsed.model_fields_set


@pytest.mark.parametrize(
    ("name", "key", "words", "default"),
    [
        ("crop", "size", "whole number (at least 8)", "`160`"),
        ("crop", "body_axis", "list of 2 texts", "not set"),
        ("study", "behaviors", "list of texts", "required"),
        ("study", "head", "section", "its defaults (`lstm`)"),
        ("training", "learning_rate", "number (above 0)", "`0.001`"),
        ("postprocess", "threshold", "number (0 to 1), or one for each name", "`0.5`"),
        ("decisions", "nested", "`folds` or `pairs`", "`folds`"),
        ("head lstm", "dropout", "number (at least 0, below 1)", "`0.5`"),
        ("labels", "map", "text for each name", "`{}`"),
    ],
)
def test_a_row_says_what_a_key_may_be(name, key, words, default):
    (row,) = (line for line in reference.format_table(reference.SECTIONS[name]).splitlines() if line.startswith(f"| `{key}` |"))
    assert row.startswith(f"| `{key}` | {words} | {default} | ")
