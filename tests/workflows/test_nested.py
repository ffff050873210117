"""Decisions nested by pairs: fitted on predictions of models trained neither on the fold scored nor on the recording decided on."""

import numpy as np
import pandas as pd
import pytest

from behavior.workflows import crossval
from behavior.workflows.crossval import cross_validate

PAIRS = {"calibration": "logistic", "nested": "pairs"}


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
    assert "trained neither on them" in (tmp_path / "before" / "summary.md").read_text()
