"""Cross-validation and training: what they refuse, what they take up again, and that no score has seen what it is computed on."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml

from behavior.files.study import read_study
from behavior.learning import fit_store
from behavior.learning.learning_data import load_learning_data
from behavior.sequence.training import HeadTrainer
from behavior.workflows.crossval import cross_validate
from behavior.workflows.train import train_model

N_FRAMES = 240


def change(study, **sections):
    content = yaml.safe_load(study.read_text())
    for name, values in sections.items():
        content[name] = {**content.get(name, {}), **values}
    study.write_text(yaml.safe_dump(content))


def set_column(study, column, values):
    table = pd.read_csv(study.parent / "recordings.csv", dtype=str)
    for recording, value in values.items():
        table.loc[table["recording"] == recording, column] = value
    table.to_csv(study.parent / "recordings.csv", index=False)


def count_epochs(monkeypatch, *, stop_after=None):
    """Return a list that grows by one with every epoch; the one after `stop_after` is interrupted, as by Ctrl-C."""
    run_epoch = HeadTrainer._run_epoch
    epochs = []

    def counted(self, *arguments, **options):
        if len(epochs) == stop_after:
            raise KeyboardInterrupt
        epochs.append(1)
        return run_epoch(self, *arguments, **options)

    monkeypatch.setattr(HeadTrainer, "_run_epoch", counted)
    monkeypatch.setattr(fit_store, "SECONDS_BETWEEN_STATES", 0.0)
    return epochs


def test_an_interrupted_cross_validation_goes_on_and_ends_alike(run, motifs, tmp_path, monkeypatch):
    cross_validate(motifs, tmp_path / "whole")
    with monkeypatch.context() as patch:
        count_epochs(patch, stop_after=2)
        with pytest.raises(KeyboardInterrupt):
            cross_validate(motifs, tmp_path / "stopped")
    epochs = count_epochs(monkeypatch)
    ran = run("crossval", motifs, "--out", tmp_path / "stopped")
    assert ran.status == 0
    assert "resuming after epoch 2" in ran.err
    assert len(epochs) == 2
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "stopped" / "metrics.csv"), pd.read_csv(tmp_path / "whole" / "metrics.csv"))
    assert not (tmp_path / "stopped" / ".fits").exists()


def test_groups_of_models_that_were_finished_are_not_fitted_again(run, motifs, tmp_path, monkeypatch):
    change(motifs, training={"memory_gib": 2e-5})
    with monkeypatch.context() as patch:
        count_epochs(patch, stop_after=5)
        with pytest.raises(KeyboardInterrupt):
            cross_validate(motifs, tmp_path / "stopped")
    monkeypatch.setattr(fit_store, "SECONDS_BETWEEN_STATES", 0.0)
    ran = run("crossval", motifs, "--out", tmp_path / "stopped")
    assert ran.status == 0
    assert "models were finished before" in ran.err
    cross_validate(motifs, tmp_path / "whole")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "stopped" / "metrics.csv"), pd.read_csv(tmp_path / "whole" / "metrics.csv"))


@pytest.mark.parametrize(
    "spoil", [lambda content: content[: len(content) // 2], lambda content: bytes(len(content))], ids=["cut off", "zeros"]
)
def test_a_damaged_fit_is_made_again(run, motifs, tmp_path, monkeypatch, spoil):
    """A group of models that was finished, and the state of the next: what a power failure may leave."""
    change(motifs, training={"memory_gib": 2e-5})
    cross_validate(motifs, tmp_path / "whole")
    with monkeypatch.context() as patch:
        count_epochs(patch, stop_after=6)
        with pytest.raises(KeyboardInterrupt):
            cross_validate(motifs, tmp_path / "stopped")
    kept = sorted((tmp_path / "stopped" / ".fits" / "folds").glob("variant0/*.npz"))
    assert [path.name for path in kept] == ["0000.npz", "0001.state.npz"]
    for path in kept:
        path.write_bytes(spoil(path.read_bytes()))
    epochs = count_epochs(monkeypatch)
    ran = run("crossval", motifs, "--out", tmp_path / "stopped", "--overwrite")
    assert ran.status == 0
    for path, what in zip(kept, ("models", "state of training"), strict=True):
        assert f"{path}: cannot be read as the {what} of an interrupted run" in ran.err
    assert len(epochs) > 6
    for name in ("metrics.csv", "folds.csv"):
        assert (tmp_path / "stopped" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_how_models_are_grouped_changes_no_number(motifs, tmp_path):
    cross_validate(motifs, tmp_path / "together")
    change(motifs, training={"memory_gib": 2e-5})
    cross_validate(motifs, tmp_path / "apart")
    together, apart = (pd.read_csv(tmp_path / name / "metrics.csv") for name in ("together", "apart"))
    pd.testing.assert_frame_equal(together, apart, atol=1e-4)


def test_fits_of_other_labels_are_not_taken_up(motifs, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        count_epochs(patch, stop_after=3)
        with pytest.raises(KeyboardInterrupt):
            cross_validate(motifs, tmp_path / "out")
    table = pd.read_csv(tmp_path / "r0_labels.csv")
    table.loc[0, "rear"] = 1 - table.loc[0, "rear"]
    table.to_csv(tmp_path / "r0_labels.csv", index=False)
    epochs = count_epochs(monkeypatch)
    cross_validate(motifs, tmp_path / "out")
    assert len(epochs) == 4


def test_the_epochs_of_a_cross_validation_are_those_of_fits_that_watched(run, motifs, tmp_path):
    cross_validate(motifs, tmp_path / "cv")
    result = train_model(motifs, tmp_path / "model", crossval=tmp_path / "cv")
    folds = pd.read_csv(tmp_path / "cv" / "folds.csv")
    bundle = yaml.safe_load((tmp_path / "model" / "bundle.yaml").read_text())
    for name in ("rear", "jump"):
        assert bundle["training"]["epochs"][name] == [round(folds[folds["behavior"] == name]["best_epoch"].median())]
        assert bundle["training"]["watched"][name] == []
    assert result.metrics is not None
    assert "median of the best ones" in (tmp_path / "model" / "summary.md").read_text()
    watching = train_model(motifs, tmp_path / "watching")
    assert watching.skipped == {}
    assert "early stopping on r0, not trained on" in (tmp_path / "watching" / "summary.md").read_text()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda study: change(study, training={"learning_rate": 0.5}),
        lambda study: change(study, head={"units": 5}),
        lambda study: change(study, crossval={"early_stopping_on": "fold"}),
        lambda study: set_column(study, "split", {"r3": "test"}),
        lambda study: set_column(study, "split", {"r4": "train"}),
    ],
    ids=["learning rate", "head", "protocol", "recording held back", "recording added"],
)
def test_a_cross_validation_of_something_else_is_refused(run, motifs, tmp_path, spoil):
    cross_validate(motifs, tmp_path / "cv")
    spoil(motifs)
    ran = run("train", motifs, "--crossval", tmp_path / "cv", "--out", tmp_path / "model")
    assert ran.status == 2
    assert "cross-validate again" in ran.err
    assert not (tmp_path / "model" / "bundle.yaml").exists()


def test_an_optimistic_protocol_is_said_everywhere(run, motifs, tmp_path):
    change(motifs, crossval={"early_stopping_on": "fold"})
    ran = run("crossval", motifs, "--out", tmp_path / "cv")
    assert "optimistic" in ran.err
    assert "optimistic" in (tmp_path / "cv" / "summary.md").read_text()
    assert "early_stopping_watched_what_is_scored" in (tmp_path / "cv" / "metrics.csv").read_text()
    folds = pd.read_csv(tmp_path / "cv" / "folds.csv")
    assert (folds["watched"] == folds["fold"]).all()


def test_an_animal_is_left_out_with_all_its_recordings(run, motifs, tmp_path):
    change(motifs, crossval={"leave_out": "animal"})
    assert run("crossval", motifs, "--out", tmp_path / "cv").status == 0
    folds = pd.read_csv(tmp_path / "cv" / "folds.csv")
    assert list(dict.fromkeys(folds["fold"])) == ["A", "B"]
    assert folds["watched"].isna().all()
    assert "No recording was there to be watched" in (tmp_path / "cv" / "summary.md").read_text()
    ran = run("train", motifs, "--crossval", tmp_path / "cv", "--out", tmp_path / "model")
    assert "all 4 epochs were run on every training recording, as in the cross-validation" in ran.err
    training = yaml.safe_load((tmp_path / "model" / "bundle.yaml").read_text())["training"]
    assert training["epochs"] == {"rear": [4], "jump": [4]}
    assert training["watched"] == {"rear": [], "jump": []}


def test_labels_shifted_at_random_cannot_be_predicted(motifs, tmp_path):
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


def test_a_fit_that_diverges_is_named_and_its_frames_are_not_left_out(run, motifs, tmp_path):
    content = yaml.safe_load(motifs.read_text())
    content["head"] = {"kind": "tcn", "layers": 1, "filters": 4, "kernel_size": 3, "normalization": "none", "dropout": 0.0}
    content["training"]["learning_rate"] = 1e30
    motifs.write_text(yaml.safe_dump(content))
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


def test_unlabelled_frames_count_nowhere(run, motifs, tmp_path):
    for number in range(5):
        path = tmp_path / f"r{number}_labels.csv"
        table = pd.read_csv(path)
        table.loc[:59, ["rear", "jump"]] = -1
        table.to_csv(path, index=False)
    assert run("train", motifs, "--out", tmp_path / "model").status == 0
    scores = pd.read_csv(tmp_path / "model" / "metrics.csv").set_index(["recording", "behavior", "metric"])["value"]
    assert scores["r4", "rear", "n_frames"] == N_FRAMES - 60


def test_results_of_recordings_that_left_the_study_are_not_kept(run, motifs, tmp_path):
    cross_validate(motifs, tmp_path / "cv")
    set_column(motifs, "split", {"r3": "test"})
    assert run("crossval", motifs, "--out", tmp_path / "cv", "--overwrite").status == 0
    assert sorted(path.stem for path in (tmp_path / "cv" / "predictions").iterdir()) == ["r0", "r1", "r2"]


def test_streams_of_different_rates_are_refused(run, motifs, tmp_path):
    shutil.copytree(tmp_path / "features", tmp_path / "slow")
    for path in (tmp_path / "slow").iterdir():
        with np.load(path) as loaded:
            values = loaded["features"]
        np.savez(path, features=values, fps=5)
    assert run("import-features", motifs, *sorted((tmp_path / "slow").iterdir()), "--name", "slow").status == 0
    content = yaml.safe_load(motifs.read_text())
    content["streams"] = ["motifs", "slow"]
    motifs.write_text(yaml.safe_dump(content))
    ran = run("crossval", motifs, "--out", tmp_path / "cv")
    assert ran.status == 1
    assert "different frame rates (motifs 10, slow 5)" in ran.err


def test_the_learning_data_keep_the_manifests_order(motifs):
    from behavior.files.manifest import read_manifest

    study = read_study(motifs)
    data = load_learning_data(study, read_manifest(study.recordings))
    assert [recording.id for recording in data.recordings] == [f"r{number}" for number in range(5)]
    assert data.features[0].values.shape == (N_FRAMES, 4)
    assert json.loads(data.features[0].streams[0].signature)["imported"] == "motifs"


def test_a_model_is_refused_on_features_of_another_width(run, motifs, tmp_path):
    assert run("train", motifs, "--out", tmp_path / "model").status == 0
    shutil.rmtree(tmp_path / "cache")
    for path in (tmp_path / "features").iterdir():
        np.savez(path, features=np.zeros((N_FRAMES, 6)), fps=10)
    assert run("import-features", motifs, *sorted((tmp_path / "features").iterdir()), "--name", "motifs").status == 0
    ran = run("annotate", tmp_path / "model", "--study", motifs, "--out", tmp_path / "e")
    assert ran.status == 1
    assert "features 6 instead of 4" in ran.err
