"""A search by another name of a behavior goes on with its trials."""

from __future__ import annotations

from pathlib import Path

import pytest

from behavior.config.renaming import Renaming
from behavior.errors import UsageError
from behavior.files.study import read_study
from behavior.search.renaming import knows_search, rename_search
from behavior.search.results import SCORES, summarise_search, write_search
from behavior.search.space import read_space
from behavior.search.storage import open_search
from behavior.search.trials import SETTINGS, hash_settings

STUDY = "behaviors: [groom, rear]\nstreams: [motifs]\nsearch: {space: {head.units: [1, 2]}}\n"
RENAMING = Renaming("groom", "wash")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A search with one complete trial, tied to the study next to it."""
    (tmp_path / "study.yaml").write_text(STUDY)
    study = read_study(tmp_path / "study.yaml")
    assert study.search is not None
    folder = tmp_path / "search"
    folder.mkdir()
    shared = open_search(None, "search", folder=folder)
    shared.bind({SETTINGS: hash_settings(study, study.search), "labels": "l", "features": "f"})
    space = read_space(study, study.search, source=tmp_path / "study.yaml")
    trial = shared.claim(3, distributions=space.distributions)
    assert trial is not None
    space.suggest(trial)
    trial.set_user_attr(SCORES, {"groom": 0.25, "rear": 0.75})
    shared.finish(trial, 0.5)
    result = summarise_search(shared, space, study.search, limit=3)
    write_search(folder, result, space, study.search, address=shared.address, with_pictures=False)
    return folder


def test_a_search_goes_on_by_the_new_name(folder: Path) -> None:
    path = folder.parent / "study.yaml"
    before = read_study(path)
    after = RENAMING.rename_study(before)
    assert after.search is not None
    assert knows_search(folder, RENAMING)
    # Twice, as after a kill.
    for _ in range(2):
        rename_search(folder, RENAMING, before, after)
    assert not knows_search(folder, RENAMING)
    shared = open_search(None, "search", folder=folder)
    shared.bind({SETTINGS: hash_settings(after, after.search), "labels": "l", "features": "f"})
    table = summarise_search(shared, read_space(after, after.search, source=path), after.search, limit=3).table
    assert table.loc[0, ["average_precision_wash", "average_precision_rear"]].tolist() == [0.25, 0.75]
    assert (folder / "trials.csv").read_text().splitlines()[0].count("average_precision_wash") == 1
    assert read_study(folder / "best.yaml").behaviors == ["wash", "rear"]
    assert "the mean over wash, rear" in (folder / "summary.md").read_text()


def test_a_search_of_other_settings_is_refused(folder: Path) -> None:
    path = folder.parent / "study.yaml"
    path.write_text(STUDY + "windows: {length: 60}\n")
    before = read_study(path)
    with pytest.raises(UsageError, match="holds a search with other settings than the study's"):
        rename_search(folder, RENAMING, before, RENAMING.rename_study(before))
    assert knows_search(folder, RENAMING)
