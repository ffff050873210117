"""What a cross-validation leaves out and stops on, and what it makes of fits that fail."""

import numpy as np
import pandas as pd
import pytest
import yaml

from behavior.workflows.crossval import cross_validate

pytestmark = pytest.mark.usefixtures("unpainted")


def set_column(study, column, values):
    table = pd.read_csv(study.parent / "recordings.csv", dtype=str)
    for recording, value in values.items():
        table.loc[table["recording"] == recording, column] = value
    table.to_csv(study.parent / "recordings.csv", index=False)


def test_an_optimistic_protocol_is_named_everywhere(run, motifs, change, tmp_path):
    change(motifs, crossval={"early_stopping_on": "fold"})
    ran = run("crossval", motifs, "--out", tmp_path / "cv")
    assert "optimistic" in ran.err
    assert "optimistic" in (tmp_path / "cv" / "summary.md").read_text()
    assert "early_stopping_watched_what_is_scored" in (tmp_path / "cv" / "metrics.csv").read_text()
    folds = pd.read_csv(tmp_path / "cv" / "folds.csv")
    assert (folds["watched"] == folds["fold"]).all()


def test_an_animal_is_left_out_with_all_its_recordings(run, motifs, change, tmp_path):
    change(motifs, crossval={"leave_out": "animal"})
    assert run("crossval", motifs, "--out", tmp_path / "cv").status == 0
    folds = pd.read_csv(tmp_path / "cv" / "folds.csv")
    assert list(dict.fromkeys(folds["fold"])) == ["A", "B"]
    assert folds["watched"].isna().all()
    assert "No recording could be spared for validation" in (tmp_path / "cv" / "summary.md").read_text()
    ran = run("train", motifs, "--crossval", tmp_path / "cv", "--out", tmp_path / "model")
    assert "all 4 epochs were run on every training recording, as in the cross-validation" in ran.err
    training = yaml.safe_load((tmp_path / "model" / "bundle.yaml").read_text())["training"]
    assert training["epochs"] == {"rear": [4], "jump": [4]}
    assert training["watched"] == {"rear": [], "jump": []}


def test_labels_shifted_at_random_cannot_be_predicted(motifs, change, tmp_path):
    """What a leak would betray: labels that features know nothing of give average precision near prevalence."""
    rng = np.random.default_rng(1)
    change(motifs, training={"epochs": 15, "patience": 15})
    for number in range(4):
        path = tmp_path / f"r{number}_labels.csv"
        table = pd.read_csv(path)
        shift = int(rng.integers(60, 180))
        table["rear"] = np.roll(table["rear"], shift)
        table.to_csv(path, index=False)
    table = cross_validate(motifs, tmp_path / "cv")
    pooled = table[table["recording"] == "pooled"].set_index(["behavior", "metric"])["value"]
    assert pooled["jump", "average_precision"] > 0.85
    assert pooled["rear", "average_precision"] < pooled["rear", "prevalence"] + 0.2


def test_a_fit_that_diverges_is_named_and_its_frames_are_not_left_out(run, motifs, change, tmp_path):
    change(motifs, training={"learning_rate": 1e30})
    ran = run("crossval", motifs, "--out", tmp_path / "cv")
    assert ran.status == 0
    assert "lower the learning rate" in ran.err
    folds = pd.read_csv(tmp_path / "cv" / "folds.csv")
    assert folds["reason"].str.contains("not a number").all()
    table = pd.read_csv(tmp_path / "cv" / "metrics.csv")
    pooled = table[table["recording"] == "pooled"].set_index(["behavior", "metric"])["value"]
    assert pooled["rear", "prevalence"] > 0.1
    assert pooled["rear", "recall"] == 0
    ran = run("train", motifs, "--out", tmp_path / "model")
    assert ran.status == 2
    assert "none of its behaviors can be learned" in ran.err


def test_results_of_recordings_that_left_the_study_are_not_kept(run, motifs, tmp_path):
    cross_validate(motifs, tmp_path / "cv")
    set_column(motifs, "split", {"r3": "test"})
    assert run("crossval", motifs, "--out", tmp_path / "cv", "--overwrite").status == 0
    assert sorted(path.stem for path in (tmp_path / "cv" / "predictions").iterdir()) == ["r0", "r1", "r2"]
