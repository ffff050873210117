"""A study file by its new name: comments and layout stay, and the labels too."""

from __future__ import annotations

from pathlib import Path

import pytest

from behavior.config.renaming import Renaming
from behavior.errors import UsageError
from behavior.files.study import read_study
from behavior.files.study_renaming import find_new_meanings, rename_in_settings, rename_study_file
from behavior.recording import Recording

RENAMING = Renaming("groom", "self groom: face")
QUOTED = '"self groom: face"'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "# my study\nbehaviors: [groom, rear]  # groom first\nstreams: [motifs]\n",
            f"# my study\nlabels: {{map: {{groom: {QUOTED}}}}}\nbehaviors: [{QUOTED}, rear]  # groom first\nstreams: [motifs]\n",
        ),
        (
            "behaviors:\n  - rear\n  - 'groom'\nstreams: [motifs]\nlabels:\n  # of Anna\n  map:\n    G: groom\n    R: rear\n",
            f"behaviors:\n  - rear\n  - {QUOTED}\nstreams: [motifs]\nlabels:\n  # of Anna\n  map:\n    groom: {QUOTED}\n    G: {QUOTED}\n"
            "    R: rear\n",
        ),
        (
            "behaviors: [groom]\nstreams: [motifs]\nlabels: {ignore: [x]}\npostprocess:\n  threshold: {groom: 0.4}\n",
            f"behaviors: [{QUOTED}]\nstreams: [motifs]\nlabels: {{map: {{groom: {QUOTED}}}, ignore: [x]}}\npostprocess:\n"
            f"  threshold: {{{QUOTED}: 0.4}}\n",
        ),
        (
            "{behaviors: [groom], streams: [motifs], labels: {map: {}}}",
            f"{{behaviors: [{QUOTED}], streams: [motifs], labels: {{map: {{groom: {QUOTED}}}}}}}",
        ),
        (
            "---\r\nbehaviors: [groom]\r\nstreams: [motifs]\r\n...\r\n",
            None,
        ),
        ("behaviors: &all [groom]\nstreams: [motifs]\nhead: {kind: lstm}\n", None),
    ],
)
def test_only_the_names_change(tmp_path: Path, before: str, after: str | None) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(before, newline="")
    expected = rename_in_settings(read_study(path), RENAMING, source=path)
    rename_study_file(path, RENAMING)
    assert read_study(path) == expected
    if after is not None:
        assert path.read_text() == after
    content = path.read_bytes()
    rename_study_file(path, RENAMING)
    assert path.read_bytes() == content


def test_names_that_other_settings_share_are_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("behaviors: &names [groom]\nstreams: *names\n")
    with pytest.raises(UsageError, match="cannot be replaced without changing anything else; rename it there by hand"):
        rename_study_file(path, RENAMING)
    assert path.read_text() == "behaviors: &names [groom]\nstreams: *names\n"


def test_a_label_file_whose_name_would_get_another_meaning_is_named(tmp_path: Path) -> None:
    path, labels = tmp_path / "study.yaml", tmp_path / "a.csv"
    path.write_text("behaviors: [groom]\nstreams: [motifs]\nlabels: {map: {wash: groom}}\n")
    labels.write_text("frame,groom,wash,rear,lick\n0,1,0,0,0\n")
    recordings = [Recording("a", labels={"": labels}), Recording("b", labels={"": tmp_path / "missing.csv"})]
    study = read_study(path)

    def find(new: str) -> list[str]:
        return find_new_meanings(study, rename_in_settings(study, Renaming("groom", new), source=path), recordings)

    assert find("self_groom") == find("wash") == []
    assert find("lick") == [f"{labels}: its name 'lick' would mean another behavior than before"]


def test_a_name_that_a_study_may_not_have_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("behaviors: [groom, rear]\nstreams: [motifs]\n")
    with pytest.raises(UsageError, match=r"study\.yaml: 'groom' cannot be called 'rear': rear is named more than once"):
        rename_in_settings(read_study(path), Renaming("groom", "rear"), source=path)
