"""`behavior train`: how long it trains, which cross-validation it takes, and what it scores."""

import pandas as pd
import pytest
import yaml

from behavior.workflows.crossval import cross_validate
from behavior.workflows.train import train_model

pytestmark = pytest.mark.usefixtures("unpainted")
N_FRAMES = 240


def set_column(study, column, values):
    table = pd.read_csv(study.parent / "recordings.csv", dtype=str)
    for recording, value in values.items():
        table.loc[table["recording"] == recording, column] = value
    table.to_csv(study.parent / "recordings.csv", index=False)


def test_the_epochs_are_the_median_of_the_best_ones_of_the_cross_validation(run, motifs, tmp_path):
    cross_validate(motifs, tmp_path / "cv")
    result = train_model(motifs, tmp_path / "model", crossval=tmp_path / "cv")
    folds = pd.read_csv(tmp_path / "cv" / "folds.csv")
    bundle = yaml.safe_load((tmp_path / "model" / "bundle.yaml").read_text())
    for name in ("rear", "jump"):
        assert bundle["training"]["epochs"][name] == [round(folds[folds["behavior"] == name]["best_epoch"].median())]
        assert bundle["training"]["watched"][name] == []
    assert result.metrics is not None
    times = pd.read_csv(tmp_path / "model" / "computing_time.csv")
    # The features are imported, so that nothing is known of how they were computed.
    assert set(times["step"]) == {"train", "predict"}
    assert set(pd.read_csv(tmp_path / "cv" / "computing_time.csv")["step"]) == {"features", "train", "predict"}
    assert (times.loc[times["metric"] == "seconds", "value"] > 0).all()
    assert "median of the best ones" in (tmp_path / "model" / "summary.md").read_text()
    alone = train_model(motifs, tmp_path / "alone")
    assert alone.skipped == {}
    assert "early stopping on r0, not trained on" in (tmp_path / "alone" / "summary.md").read_text()


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize(
    ("sections", "split"),
    [
        ({"training": {"learning_rate": 0.5}}, {}),
        ({"head": {"kind": "lstm", "layers": 1, "units": 5}}, {}),
        ({"crossval": {"early_stopping_on": "fold"}}, {}),
        ({}, {"r3": "test"}),
        ({}, {"r4": "train"}),
    ],
    ids=["learning rate", "head", "protocol", "recording held back", "recording added"],
)
def test_a_cross_validation_of_something_else_is_refused(run, motifs, change, tmp_path, sections, split):
    cross_validate(motifs, tmp_path / "cv")
    change(motifs, **sections)
    set_column(motifs, "split", split)
    ran = run("train", motifs, "--crossval", tmp_path / "cv", "--out", tmp_path / "model")
    assert ran.status == 2
    assert "cross-validate again" in ran.err
    assert not (tmp_path / "model" / "bundle.yaml").exists()


@pytest.mark.usefixtures("untrained")
def test_changed_labels_mapping_or_arena_are_refused_and_named(run, motifs, change, tmp_path):
    cross_validate(motifs, tmp_path / "cv")
    labels, study = motifs.parent / "r1_labels.csv", motifs.read_text()
    before = labels.read_text()
    first, rest = before.split("\n", 2)[1:]
    flipped = ",".join([first.split(",")[0], *(str(1 - int(cell)) for cell in first.split(",")[1:])])
    labels.write_text("\n".join([before.split("\n")[0], flipped, rest]))
    assert "what differs: labels of r1;" in run("train", motifs, "--crossval", tmp_path / "cv", "--out", tmp_path / "model").err
    labels.write_text(before)
    for sections, named in (({"labels": {"map": {"Rearing": "rear"}}}, "labels: map"), ({"arena": {"rectangle": [0, 0, 9, 9]}}, "arena")):
        change(motifs, **sections)
        ran = run("train", motifs, "--crossval", tmp_path / "cv", "--out", tmp_path / "model")
        assert (ran.status, f"what differs: {named};" in ran.err) == (2, True)
        motifs.write_text(study)
    assert not (tmp_path / "model" / "bundle.yaml").exists()


def test_unlabelled_frames_count_nowhere(run, motifs, tmp_path):
    for number in range(5):
        path = tmp_path / f"r{number}_labels.csv"
        table = pd.read_csv(path)
        table.loc[:59, ["rear", "jump"]] = -1
        table.to_csv(path, index=False)
    assert run("train", motifs, "--out", tmp_path / "model").status == 0
    scores = pd.read_csv(tmp_path / "model" / "metrics.csv").set_index(["recording", "behavior", "metric"])["value"]
    assert scores["r4", "rear", "n_frames"] == N_FRAMES - 60
