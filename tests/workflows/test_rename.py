"""`behavior rename` on a finished study: nothing is computed again, and what was computed still belongs together."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import behavior as bh
from behavior.errors import OutputError, UsageError
from behavior.files.claims import claim_file
from behavior.files.ethograms import find_ethograms, read_annotation
from behavior.files.feature_sources import hash_file
from behavior.files.model_bundle import BUNDLE_FILE, read_bundle
from behavior.files.study import open_study, read_study
from behavior.learning.crossval_comparison import find_differences
from behavior.learning.crossval_folder import read_crossval
from behavior.workflows import rename as workflow
from behavior.workflows.rename import rename_behavior


@pytest.fixture
def study(demo: Any, tmp_path: Path) -> Path:
    """A copy of the finished study, which a test may change."""
    shutil.copytree(demo.study.parent, tmp_path / "study", ignore=shutil.ignore_patterns("videos", "models", "logs", "*.html"))
    # Their hashes are those of the demo's.
    shutil.copytree(demo.study.parent / "videos", tmp_path / "study" / "videos", copy_function=shutil.copy2)
    return tmp_path / "study" / demo.study.name


def test_everything_follows_and_goes_on_without_computing(study: Path, run: Callable[..., Any]) -> None:
    folder = study.parent
    annotations = {path.name: read_annotation(path) for path in find_ethograms([folder / "ethograms"])}
    listed = run("rename", study, "grooming", "self_grooming", "--dry-run", "--json")
    records = [row["record"] for row in json.loads(listed.out)["rows"]]
    assert records == [*["ethogram"] * len(annotations), "cross-validation", "model", "study"]
    assert read_study(study).behaviors[0] == "grooming"

    done = run("rename", study, "grooming", "self_grooming", "--json")
    assert done.status == 0
    assert [(row["record"], row["state"]) for row in json.loads(done.out)["rows"]] == [(record, "renamed") for record in records]
    settings, recordings = open_study(study)
    assert settings.behaviors[0] == "self_grooming"
    assert settings.labels.map == {"grooming": "self_grooming"}
    # `train --crossval` and `report` take it.
    assert find_differences(read_crossval(folder / "crossval"), settings, recordings) == []
    assert read_bundle(folder / "model").behaviors == settings.behaviors
    for name, before in annotations.items():
        after = read_annotation(folder / "ethograms" / name)
        assert list(after.behaviors) == settings.behaviors
        np.testing.assert_array_equal(after.probabilities.values, before.probabilities.values)
        assert after.provenance.model is not None
        assert after.provenance.model.hash == hash_file(folder / "model" / BUNDLE_FILE)
    again = run("rename", study, "grooming", "self_grooming", "--json")
    assert (again.status, json.loads(again.out)["rows"]) == (0, [])


def test_what_was_stopped_is_finished_by_the_same_call(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(workflow, "rename_model", stop)
    with pytest.raises(KeyboardInterrupt):
        rename_behavior(study, "grooming", "self_grooming")
    monkeypatch.undo()
    result = bh.rename_behavior(study, "grooming", "self_grooming")
    assert result.table["record"].tolist() == ["model", "study"]
    assert not result.failures
    assert read_study(study).behaviors[0] == "self_grooming"


def test_a_record_that_is_found_later_is_renamed_too_and_a_damaged_one_stops_no_other(study: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    shutil.move(study.parent / "model", kept / "model")
    (study.parent / "crossval" / "metrics.csv").write_text("cut")
    (study.parent / "other.yaml").write_text("behaviors: [grooming]\nstreams: [motifs]\n")
    result = rename_behavior(study, "grooming", "self_grooming")
    assert list(result.failures) == [str(study.parent.resolve() / "crossval")]
    assert "metrics.csv: is not as" in next(iter(result.failures.values()))
    assert [note for note in result.notes if "other.yaml: also names 'grooming'" in note]
    assert read_study(study).behaviors[0] == "self_grooming"
    later = rename_behavior(study, "grooming", "self_grooming", folders=[kept])
    assert later.records == [("model", kept / "model")]
    assert read_bundle(kept / "model").behaviors[0] == "self_grooming"


def test_what_cannot_be_renamed_is_said_before_anything_is(study: Path) -> None:
    for old, new, sentence in (
        ("groming", "wash", "has no behavior 'groming'; did you mean 'grooming'"),
        ("grooming", "grooming", "is the old and the new name"),
        ("grooming", "mid_rearing", "cannot be called 'mid_rearing'"),
    ):
        with pytest.raises(UsageError, match=sentence):
            rename_behavior(study, old, new)
    labels = next((study.parent / "videos").glob("*_labels.csv"))
    labels.write_text(labels.read_text().replace("grooming", "grooming,wash", 1).replace("\n0,", "\n0,0,", 1))
    with pytest.raises(UsageError, match=r"its name 'wash' would mean another behavior than before, so 'grooming' cannot be called 'wash'"):
        rename_behavior(study, "grooming", "wash")
    with pytest.raises(UsageError, match="no such folder"):
        rename_behavior(study, "grooming", "self_grooming", folders=[study.parent / "missing"])
    assert read_study(study).behaviors[0] == "grooming"


def test_two_at_once_wait_for_each_other(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with claim_file(study) as is_mine:
        assert is_mine
        monkeypatch.setattr(workflow, "PATIENCE_S", 0.0)
        with pytest.raises(OutputError, match=r"the names in .*: process \d+ on .* is writing there"):
            rename_behavior(study, "grooming", "licking")
        # Listing changes nothing.
        assert rename_behavior(study, "grooming", "licking", dry_run=True).records
    assert "grooming" in read_study(study).behaviors
    with pytest.raises(UsageError):
        rename_behavior(study.parent / "no" / "study.yaml", "grooming", "licking")
    assert not (study.parent / "no").exists()
