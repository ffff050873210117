"""Behaviors are added to study files of every layout, and nothing else in them changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from behavior.errors import UsageError
from behavior.files.study import read_study
from behavior.files.study_behaviors import add_behavior

REST = "# Kept.\ncrop: {body_part: midbody, size: 32}  # and this\n"
# Layouts of the list, and what each becomes.
LAYOUTS = {
    "one line": ("behaviors: [groom, rear]\n", "behaviors: [groom, rear, dig]\n"),
    "one line with a comment": ("behaviors: [groom, rear] # two\n", "behaviors: [groom, rear, dig] # two\n"),
    "several lines": ("behaviors: [\n  groom, # washing\n  rear, # up\n]\n", "behaviors: [\n  groom, # washing\n  rear, dig, # up\n]\n"),
    "dashes": ("behaviors:\n- groom\n- rear\n", "behaviors:\n- groom\n- rear\n- dig\n"),
    "indented dashes": (
        "behaviors:\n  - groom # washing\n  # on two legs:\n  -   'rear'  # up\n\n",
        "behaviors:\n  - groom # washing\n  # on two legs:\n  -   'rear'  # up\n  - dig\n\n",
    ),
    "quoted": ('"behaviors": ["groom", "rear"]\n', '"behaviors": ["groom", "rear", dig]\n'),
    "Windows": ("behaviors:\r\n- groom\r\n- rear\r\n", "behaviors:\r\n- groom\r\n- rear\r\n- dig\r\n"),
    "byte-order mark": ("\ufeffbehaviors: [groom, rear]\n", "\ufeffbehaviors: [groom, rear, dig]\n"),
    "brackets in a comment": ("# behaviors: [x]\nbehaviors: [groom, rear]\n", "# behaviors: [x]\nbehaviors: [groom, rear, dig]\n"),
    "an alias": ("behaviors: &all [groom, rear]\n", "behaviors: &all [groom, rear, dig]\n"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_behavior_is_added_in_every_layout(tmp_path: Path, layout: str) -> None:
    before, after = LAYOUTS[layout]
    path = tmp_path / "study.yaml"
    path.write_bytes((before + REST).encode())
    add_behavior(path, "dig")
    assert path.read_bytes().decode() == after + REST
    assert read_study(path).behaviors == ["groom", "rear", "dig"]


def test_a_list_at_the_end_of_a_file_without_a_last_newline(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("crop: {body_part: midbody, size: 32}\nbehaviors:\n  - groom")
    add_behavior(path, "wall: 2")
    assert path.read_text().endswith('behaviors:\n  - groom\n  - "wall: 2"\n')


def test_what_would_change_anything_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    text = "behaviors: &all [groom, rear]\nlabels: {ignore: *all}\ncrop: {body_part: midbody, size: 32}\n"
    path.write_text(text.replace("labels: {ignore: *all}", "streams: [appearance]"))
    with pytest.raises(UsageError, match="choose another name"):
        add_behavior(path, "groom")
    path.write_text("behaviors:\n-\n  groom\ncrop: {body_part: midbody, size: 32}\n")
    with pytest.raises(UsageError, match="add it there by hand"):
        add_behavior(path, "dig")
    assert path.read_text() == "behaviors:\n-\n  groom\ncrop: {body_part: midbody, size: 32}\n"
