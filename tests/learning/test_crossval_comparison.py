"""A cross-validation of a study that was changed since: every change is named, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from behavior.config import Study
from behavior.errors import CrossvalError
from behavior.files.study import open_study, read_study
from behavior.learning import crossval_comparison
from behavior.learning.crossval_comparison import (
    compare_recordings,
    compare_settings,
    explain_differences,
    find_differences,
    refuse_differences,
    require_same_data,
    require_same_settings,
)
from behavior.learning.crossval_digest import RecordingDigest
from behavior.learning.crossval_folder import CrossvalResults, read_crossval
from behavior.learning.learning_data import load_learning_data
from behavior.workflows.crossval import cross_validate
from behavior.workflows.import_features import import_features

pytestmark = pytest.mark.usefixtures("untrained")


@pytest.fixture
def study_file(motifs: Path) -> Path:
    """The study of motifs with a second rater."""
    table = pd.read_csv(motifs.parent / "recordings.csv", dtype=str)
    for name in table["recording"]:
        labels = pd.read_csv(motifs.parent / f"{name}_labels.csv")
        labels.to_csv(motifs.parent / f"{name}_ann.csv", index=False)
    table["labels_ann"] = [f"{name}_ann.csv" for name in table["recording"]]
    table.to_csv(motifs.parent / "recordings.csv", index=False)
    return motifs


@pytest.fixture
def results(study_file: Path, tmp_path: Path) -> CrossvalResults:
    cross_validate(study_file, tmp_path / "cv")
    return read_crossval(tmp_path / "cv")


def find_now(study_file: Path, results: CrossvalResults) -> tuple[list[str], str]:
    """Return what a report finds to differ, and what training is refused with."""
    study, recordings = open_study(study_file)
    found = find_differences(results, study, recordings)
    try:
        require_same_settings(results, study)
        require_same_data(results, study, load_learning_data(study, [one for one in recordings if one.split == "train"]))
    except CrossvalError as error:
        return found, str(error)
    return found, ""


def test_nothing_differs_where_nothing_changed(study_file: Path, results: CrossvalResults) -> None:
    assert find_now(study_file, results) == ([], "")


def put(study_file: Path, **sections: object) -> None:
    study_file.write_text(yaml.safe_dump(yaml.safe_load(study_file.read_text()) | sections))


def edit_labels(study_file: Path, name: str = "r1_labels.csv") -> None:
    path = study_file.parent / name
    table = pd.read_csv(path)
    table[["rear", "jump"]] = 1 - table[["rear", "jump"]]
    table.to_csv(path, index=False)


def edit_features(study_file: Path) -> None:
    path = study_file.parent / "features" / "r2.npz"
    with np.load(path) as loaded:
        values = loaded["features"]
    values[17, 2] += 1
    np.savez(path, features=values, fps=10)
    assert not import_features(study_file, [path], name="motifs").failures


def edit_rate(study_file: Path) -> None:
    path = study_file.parent / "features" / "r2.npz"
    with np.load(path) as loaded:
        values = loaded["features"]
    np.savez(path, features=values, fps=10.05)
    assert not import_features(study_file, [path], name="motifs").failures


def edit_manifest(study_file: Path, edit: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    path = study_file.parent / "recordings.csv"
    edit(pd.read_csv(path, dtype=str, keep_default_na=False)).to_csv(path, index=False)


def set_cell(column: str, row: int, value: str) -> Callable[[Path], None]:
    def edit(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[row, column] = value
        return table

    return lambda study_file: edit_manifest(study_file, edit)


TRAINING = {"learning_rate": 0.02, "batch_size": 4, "epochs": 4, "patience": 2}


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (edit_labels, "labels of r1"),
        (edit_features, "features of r2"),
        (edit_rate, "features of r2"),
        (lambda study: put(study, labels={"map": {"Rearing": "rear"}}), "labels: map"),
        (lambda study: put(study, labels={"ignore": ["noise"]}), "labels: ignore"),
        (lambda study: put(study, labels={"out_of_range": "warn", "rater": "ann"}), "labels: rater, out_of_range"),
        (lambda study: put(study, windows={"length": 41}), "windows: length"),
        (lambda study: put(study, training={**TRAINING, "seed": 1}), "training: seed"),
        (lambda study: put(study, head={"kind": "lstm", "layers": 1, "units": 5, "dropout": 0.1}), "head: units"),
        (lambda study: put(study, head={"kind": "tcn"}), "head"),
        (lambda study: put(study, features={"standardize": True}), "features: standardize"),
        (lambda study: put(study, crossval={"leave_out": "animal"}), "crossval: leave_out"),
        (lambda study: put(study, ensemble={"seeds": 2}), "ensemble: seeds"),
        (lambda study: put(study, crop={"whole_frame": True}), "crop"),
        (lambda study: put(study, behaviors=["rear", "jump", "dig"]), "behaviors"),
        (lambda study: put(study, backbone={"name": "openfield", "weights": "packaged"}), "backbone: name, weights"),
        (set_cell("animal", 2, "C"), "animal of r2"),
        (set_cell("split", 3, "test"), "recordings (r3 in one of the two only)"),
        (set_cell("split", 4, "train"), "recordings (r4 in one of the two only)"),
        (lambda study: edit_manifest(study, lambda table: table.iloc[[1, 0, 2, 3, 4]]), "the order of the recordings"),
    ],
    ids=[
        *(
            "labels",
            "features",
            "frame rate",
            "mapping",
            "ignored names",
            "policies",
            "window",
            "seed",
            "units",
            "head",
            "steps",
            "protocol",
        ),
        *("ensemble", "crop", "behaviors", "backbone", "animal", "fewer", "more", "order"),
    ],
)
def test_what_was_changed_is_named_and_refused(study_file: Path, results: CrossvalResults, spoil: Callable, named: str) -> None:
    spoil(study_file)
    found, refusal = find_now(study_file, results)
    assert found == [named]
    assert f"what differs: {named}; cross-validate again, or leave out --crossval." in refusal
    assert str(results.folder) in refusal


def test_an_arena_is_part_of_what_is_trained_but_of_scores_only_through_pose(study_file: Path, results: CrossvalResults) -> None:
    put(study_file, arena={"rectangle": [0, 0, 100, 80]})
    found, refusal = find_now(study_file, results)
    assert found == []
    assert "what differs: arena;" in refusal
    sections = {"behaviors": ["rear"], "crop": {"body_part": "body"}, "streams": ["pose"]}
    before, now = (Study.model_validate({**sections, "arena": {"rectangle": [0, 0, side, 80]}}) for side in (100, 101))
    other = CrossvalResults(results.folder, results.digest, before, results.metrics, results.folds, None)
    assert find_differences(other, now, []) == ["arena: corners"]
    member = {**sections, "streams": ["motion"], "ensemble": {"members": [{"streams": ["pose"]}]}}
    before, now = (Study.model_validate({**member, "arena": {"rectangle": [0, 0, side, 80]}}) for side in (100, 101))
    other = CrossvalResults(results.folder, results.digest, before, results.metrics, results.folds, None)
    assert find_differences(other, now, []) == ["arena: corners"]


def test_an_arena_that_is_read_back_is_the_same(study_file: Path, tmp_path: Path) -> None:
    put(study_file, arena={"rectangle": [0, 0, 100, 80], "margin_px": 5})
    cross_validate(study_file, tmp_path / "cv")
    assert find_now(study_file, read_crossval(tmp_path / "cv")) == ([], "")


@pytest.mark.parametrize("section", [{"postprocess": {"threshold": 0.3}}, {"decisions": {"calibration": "isotonic"}}])
def test_decisions_count_for_scores_and_not_for_training(study_file: Path, results: CrossvalResults, section: dict) -> None:
    put(study_file, **section)
    found, refusal = find_now(study_file, results)
    assert [difference.partition(":")[0] for difference in found] == list(section)
    assert refusal == ""


def test_further_raters_count_for_scores_and_not_for_training(study_file: Path, results: CrossvalResults) -> None:
    edit_labels(study_file, "r3_ann.csv")
    found, refusal = find_now(study_file, results)
    assert found == ["further raters' labels of r3"]
    assert refusal == ""


def test_a_label_file_in_another_form_with_the_same_content_is_the_same(study_file: Path, results: CrossvalResults) -> None:
    path = study_file.parent / "r0_labels.csv"
    table = pd.read_csv(path)
    table[["frame", "jump", "rear"]].to_csv(path, index=False)
    assert find_now(study_file, results) == ([], "")


def test_labels_that_are_gone_differ(study_file: Path, results: CrossvalResults) -> None:
    (study_file.parent / "r0_labels.csv").unlink()
    study, recordings = open_study(study_file)
    assert find_differences(results, study, recordings) == ["labels of r0"]


def test_features_are_read_only_where_their_file_changed(
    study_file: Path, results: CrossvalResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    load = crossval_comparison.load_features
    monkeypatch.setattr(
        crossval_comparison,
        "load_features",
        lambda study, recording, *given, **more: read.append(recording.id) or load(study, recording, *given, **more),
    )
    study, recordings = open_study(study_file)
    assert find_differences(results, study, recordings) == []
    assert read == []
    # The same features, imported again: another file with the same numbers.
    assert not import_features(study_file, [study_file.parent / "features" / "r2.npz"], name="motifs").failures
    assert find_differences(results, study, recordings) == []
    assert read == ["r2"]
    # A cache may be deleted when all is done: then there is nothing to compare with.
    for path in study.cache.iterdir():
        path.unlink()
    assert find_differences(results, study, recordings) == []


def test_damaged_features_differ(study_file: Path, results: CrossvalResults) -> None:
    study, recordings = open_study(study_file)
    next(study.cache.glob("r1.*")).write_bytes(b"damaged")
    assert find_differences(results, study, recordings) == ["features of r1"]


def test_made_features_are_stale_when_their_video_or_pose_changed(study_copy: Path, tmp_path: Path) -> None:
    cross_validate(study_copy, tmp_path / "cv")
    results = read_crossval(tmp_path / "cv")
    study, recordings = open_study(study_copy)
    assert find_differences(results, study, recordings) == []
    assert recordings[1].pose is not None
    pose = recordings[1].pose.read_text()
    recordings[1].pose.write_text(pose.replace("1", "2", 40))
    assert find_differences(results, study, recordings) == [f"features of {recordings[1].id}"]


def test_weights_may_move_with_the_study() -> None:
    backbones = [{"name": "keras_file", "weights": f"/{folder}/lab.keras"} for folder in ("here", "there")]
    before, now = (
        Study.model_validate(
            {"behaviors": ["rear"], "crop": {"whole_frame": True}, "backbone": one, "ensemble": {"members": [{"backbone": one}]}}
        )
        for one in backbones
    )
    assert compare_settings(before, now, ["backbone", "ensemble"]) == []


def test_many_names_are_counted(study_file: Path) -> None:
    def describe(labels: str) -> list[RecordingDigest]:
        return [
            RecordingDigest(recording=f"r{number}", animal="", n_frames=1, broke_off=False, labels=labels, raters={}, features=[])
            for number in range(9)
        ]

    assert compare_recordings(describe("a"), describe("b"), with_raters=True) == ["labels of r0, r1, r2, r3, r4 and 4 more"]


def test_only_differences_are_refused(tmp_path: Path) -> None:
    refuse_differences(tmp_path, [])
    with pytest.raises(CrossvalError, match="what differs: head; labels of r0; cross-validate again, or leave out --crossval") as caught:
        refuse_differences(tmp_path, ["head", "labels of r0"])
    assert str(caught.value).startswith(explain_differences(tmp_path, ["head", "labels of r0"]))
    assert caught.value.exit_status == 2


def test_a_study_that_is_read_back_has_the_same_settings(study_file: Path, results: CrossvalResults) -> None:
    sections = list(Study.model_fields)
    assert compare_settings(results.study, read_study(study_file), sections) == []
