"""Decisions nested by pairs: fitted on what models say that had seen neither the fold scored nor the recording decided on."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from behavior.files.manifest import read_manifest
from behavior.files.study import read_study
from behavior.learning import out_of_fold
from behavior.learning.learning_data import load_learning_data
from behavior.learning.out_of_fold import predict_pairs
from behavior.sequence.plans import FitReport, TrainedModel
from behavior.workflows import crossval
from behavior.workflows.crossval import cross_validate

PAIRS = {"calibration": "logistic", "nested": "pairs"}


def load(path):
    study = read_study(path)
    recordings = [recording for recording in read_manifest(study.recordings) if recording.split == "train"]
    return study, load_learning_data(study, recordings)


@pytest.fixture
def fitted(monkeypatch):
    """Nothing is trained: a model says 0.01 for its first left-out recording and 0.1 for its second, together, everywhere."""
    seen = []

    def pretend(study, data, plans, **options):
        seen.extend(plans)
        models = []
        for plan in plans:
            first, last = plan.predicted[0], plan.predicted[-1]
            said = {
                index: np.full((len(data.labels[index].values), len(plan.outputs)), (first + 10 * last) / 100, np.float32)
                for index in plan.predicted
            }
            models.append(TrainedModel(FitReport(1, 1, (), (0.5,)), (), said))
        return models, None

    monkeypatch.setattr(out_of_fold, "fit_models", pretend)
    return seen


def test_the_models_of_a_pair_learn_from_neither(motifs, fitted):
    study, data = load(motifs)
    found = predict_pairs(study, data)
    assert sorted(plan.predicted for plan in fitted) == sorted(pair for pair in combinations(range(4), 2) for _ in range(2))
    for plan in fitted:
        assert not set(plan.predicted) & {*plan.learned, *plan.watched}
        assert len(plan.learned) + len(plan.watched) == 2
        assert len(plan.watched) == 1
    assert len({plan.seed for plan in fitted}) == len(fitted)
    assert set(found) == {(f"r{fold}", f"r{other}") for fold in range(4) for other in range(4) if fold != other}
    for (fold, other), values in found.items():
        low, high = sorted((int(fold[1]), int(other[1])))
        np.testing.assert_allclose(values, (low + 10 * high) / 100)
        assert values.shape == (240, 2)


def test_pairs_of_animals_leave_out_all_their_recordings(motifs, fitted):
    table = pd.read_csv(motifs.parent / "recordings.csv", dtype=str)
    table["animal"] = list("ABACC")
    table.to_csv(motifs.parent / "recordings.csv", index=False)
    motifs.write_text(motifs.read_text() + "crossval: {leave_out: animal}\n")
    found = predict_pairs(*load(motifs))
    assert set(found) == {("A", "r1"), ("A", "r3"), ("B", "r0"), ("B", "r2"), ("B", "r3"), ("C", "r0"), ("C", "r1"), ("C", "r2")}
    for plan in fitted:
        assert not set(plan.predicted) & {*plan.learned, *plan.watched}
        assert {0, 2} <= set(plan.predicted) or not {0, 2} & set(plan.predicted)


@pytest.mark.parametrize("leave_out", ["recording", "animal"])
def test_too_few_to_leave_out_two_at_once(run, motifs, change, tmp_path, leave_out):
    change(motifs, decisions=PAIRS, crossval={"leave_out": leave_out})
    if leave_out == "recording":
        table = pd.read_csv(motifs.parent / "recordings.csv", dtype=str)
        table["split"] = ["train", "train", "test", "test", "test"]
        table.to_csv(motifs.parent / "recordings.csv", index=False)
    ran = run("crossval", motifs, "--out", tmp_path / "cv")
    assert ran.status == 2
    assert f"leaves out two {leave_out}s at once and found 2" in ran.err


def test_nothing_of_a_recordings_labels_gets_into_what_is_decided_about_it(motifs, change, tmp_path, monkeypatch):
    """Which nested: folds cannot say, as its decisions come from models that had seen them."""
    # Models that stop change how those beside them are rounded.
    change(motifs, decisions=PAIRS, training={"patience": 4})
    given = []
    decide = crossval.decide_out_of_fold
    monkeypatch.setattr(
        crossval,
        "decide_out_of_fold",
        lambda *arguments, **options: given.append(options["pair_predictions"]) or decide(*arguments, **options),
    )
    cross_validate(motifs, tmp_path / "before")
    path = tmp_path / "r1_labels.csv"
    labels = pd.read_csv(path)
    labels[["rear", "jump"]] = 1 - labels[["rear", "jump"]]
    labels.to_csv(path, index=False)
    cross_validate(motifs, tmp_path / "after")
    before, after = given
    for (fold, other), found in before.items():
        same = np.array_equal(found.values, after[fold, other].values)
        # The models of a pair that r1 is in have not seen it.
        assert same == ("r1" in (fold, other))
    tables = [pd.read_csv(tmp_path / name / "decisions.csv", keep_default_na=False) for name in ("before", "after")]
    pd.testing.assert_frame_equal(*(table[table["fold"] == "r1"] for table in tables))
    assert not tables[0].equals(tables[1])
    decided = [pd.read_csv(tmp_path / name / "predictions" / "r1.csv") for name in ("before", "after")]
    told = [column for column in decided[0] if not column.endswith("_label")]
    assert any(column.endswith("_prob") for column in told)
    pd.testing.assert_frame_equal(decided[0][told], decided[1][told])
    assert "had seen neither" in (tmp_path / "before" / "summary.md").read_text()
