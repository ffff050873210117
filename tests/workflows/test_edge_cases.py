"""Studies with hardly anything to train on: defined results, a sentence for whatever is missing, and no crash."""

import re

import numpy as np
import pandas as pd
import pytest
import yaml

from behavior.reporting.score_summary import HEADINGS

pytestmark = pytest.mark.usefixtures("unpainted")
LSTM = {"kind": "lstm", "layers": 1, "units": 4, "dropout": 0.1}
BRIEFLY = {"learning_rate": 0.02, "batch_size": 8, "epochs": 2, "patience": 2}
LEARNABLE = ("rear", "lost", "single")
# By behavior, what is missing everywhere.
HOPELESS = {"always": "negative", "never": "positive", "unseen": "positive"}
BEHAVIORS = (*LEARNABLE, *HOPELESS)
LENGTHS = {"r0": 120, "r1": 110, "r2": 130, "window": 40, "short": 17, "unlabelled": 60, "tested": 90}


def act():
    """A behavior as it should be, one in a single recording, one in a single frame, always, never, and one that nobody labelled."""
    rng = np.random.default_rng(0)
    labels, features = {}, {}
    for name, n_frames in LENGTHS.items():
        values = np.zeros((n_frames, len(BEHAVIORS)), dtype=int)
        for start in rng.integers(0, n_frames - 10, max(n_frames // 40, 1)):
            values[start : start + 8, 0] = 1
        values[:, 3], values[:, 5] = 1, -1
        features[name] = rng.normal(size=(n_frames, 4)).astype(np.float32)
        features[name][:, 0] += 3 * values[:, 0]
        labels[name] = values
    labels["r1"][30:50, 1] = 1
    labels["r2"][77, 2] = 1
    labels["unlabelled"][:] = -1
    return labels, features


def check_results(folder):
    """Every number that is missing has its reason beside it, or in the summary."""
    table = pd.read_csv(folder / "metrics.csv")
    summary = (folder / "summary.md").read_text()
    notes = [line for line in summary.splitlines() if line.startswith("- Empty cells (")]
    missing = table[table["value"].isna() & (table["recording"] != "mean")]
    for row in missing.itertuples():
        place = "all recordings together" if row.recording == "pooled" else row.recording
        explained = [
            note
            for note in notes
            if HEADINGS[row.metric].removesuffix(" (s)").casefold() in note.partition("):")[0].casefold()
            and re.search(rf"\b{row.behavior} in [^;]*\b{place}\b", note)
        ]
        assert explained, (row.recording, row.behavior, row.metric, notes)
    known = table[(table["recording"] != "mean") & (table["recording"] != "pooled")]
    for row in table[table["value"].isna() & (table["recording"] == "mean")].itertuples():
        assert known[(known["behavior"] == row.behavior) & (known["metric"] == row.metric)]["value"].isna().all()
    return table.set_index(["recording", "behavior", "metric"])["value"], summary


def check_crossval(folder, *, members=1):
    """Check the tables of a cross-validation, and return the scores."""
    values, summary = check_results(folder)
    folds = pd.read_csv(folder / "folds.csv", keep_default_na=False)
    n_folds = folds["fold"].nunique()
    behaviors = list(dict.fromkeys(folds["behavior"]))
    assert len(folds) == n_folds * len(behaviors) * members
    failed = folds["reason"] != ""
    assert ((folds["best_epoch"] == "") == failed).all()
    assert (folds.loc[~failed, "epochs"].astype(float) >= 1).all()
    for row in folds[failed].itertuples():
        assert row.reason in summary
        assert f"fold {row.fold}" in row.reason
    if (folder / "decisions.csv").is_file():
        decisions = pd.read_csv(folder / "decisions.csv", keep_default_na=False)
        assert len(decisions) == n_folds * len(behaviors)
        assert (decisions.loc[decisions["training_f_beta"] == "", "reason"] != "").all()
        assert decisions["threshold"].between(0, 1).all()
    unknown = {(row.fold, row.behavior) for row in folds[failed].itertuples()} - {
        (row.fold, row.behavior) for row in folds[~failed].itertuples()
    }
    for path in (folder / "predictions").iterdir():
        predictions = pd.read_csv(path)
        for behavior in behaviors:
            said = predictions[f"{behavior}_prob"]
            if (path.stem, behavior) in unknown:
                assert said.isna().all()
                assert not predictions[behavior].any()
            elif path.stem in set(folds["fold"]):
                assert said.between(0, 1).all()
    return values, folds


SETTINGS = {
    "as it comes": {},
    "one network, one threshold": {
        "head": {**LSTM, "share": True},
        "decisions": {"calibration": "isotonic", "threshold_for": "all", "beta": 2},
    },
    "ensemble, pairs": {
        "ensemble": {"seeds": 2, "bagging": "recordings", "combine": "vote"},
        "decisions": {"calibration": "logistic", "nested": "pairs"},
    },
    "one network, ensemble, averaged": {
        "ensemble": {
            "members": [{"head": {**LSTM, "share": True}, "features": {"average": 3, "standardize": True, "pca": 2}}, {"head": LSTM}]
        },
        "decisions": {"fit": ["closing", "min_bout"], "nested": "folds"},
    },
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] if name == "ensemble, pairs" else []) for name in SETTINGS])
def test_all_at_once(run, write_study, tmp_path, name):
    labels, features = act()
    study = write_study(
        tmp_path,
        labels,
        {"motifs": features},
        behaviors=BEHAVIORS,
        tested=["tested"],
        **{"head": LSTM, "training": BRIEFLY, **SETTINGS[name]},
    )
    n_members = {"ensemble, pairs": 2, "one network, ensemble, averaged": 2}.get(name, 1)
    ran = run("crossval", study, "--out", tmp_path / "cv")
    assert ran.status == 0
    values, folds = check_crossval(tmp_path / "cv", members=n_members)
    # What one member learned is known, whatever the others lack.
    reasons = folds.set_index(["behavior", "fold"])["reason"].groupby(level=[0, 1]).min()
    recordings = [recording for recording in LENGTHS if recording != "tested"]
    for recording in recordings:
        assert reasons["rear", recording] == ""
        for behavior, lacking in HOPELESS.items():
            assert reasons[behavior, recording] == f"no {lacking} frame of {behavior} in the training recordings of fold {recording}"
        # Lost in one fold.
        assert (reasons["lost", recording] != "") == (recording == "r1")
        assert (reasons["single", recording] != "") == (recording == "r2")
    assert values["pooled", "rear", "n_frames"] == sum(LENGTHS[recording] for recording in recordings) - LENGTHS["unlabelled"]
    assert values["pooled", "rear", "average_precision"] > 0.1
    assert values["unlabelled", "rear", "n_frames"] == 0
    assert values["short", "rear", "n_frames"] == 17
    assert values["pooled", "single", "true_positives"] + values["pooled", "single", "false_negatives"] == 1
    assert values["pooled", "always", "recall"] == 0
    assert values["pooled", "never", "n_frames"] > 0
    assert values["pooled", "unseen", "n_frames"] == 0

    ran = run("train", study, "--crossval", tmp_path / "cv", "--out", tmp_path / "model")
    assert ran.status == 1
    assert "3 failed (always, never, unseen); the rest is done" in ran.err
    bundle = yaml.safe_load((tmp_path / "model" / "bundle.yaml").read_text())
    assert bundle["behaviors"] == list(LEARNABLE)
    told = [member["behaviors"] for member in bundle["members"]]
    alone = [[behavior] for behavior in LEARNABLE]
    # The frame that shows the third behavior is outvoted by its neighbours where three are averaged, and the second network helps out.
    shared = {
        "one network, one threshold": [[*LEARNABLE, "", "", ""]],
        "one network, ensemble, averaged": [["rear", "lost", "", "", "", ""], *alone],
    }
    assert told == shared.get(name, alone * n_members)
    assert set(bundle["training"]["skipped"]) == set(HOPELESS)
    scored, _ = check_results(tmp_path / "model")
    assert run("annotate", tmp_path / "model", "--study", study, "--out", tmp_path / "e").status == 0
    assert run("evaluate", tmp_path / "e" / "tested_ethogram.csv", "--labels", tmp_path, "--out", tmp_path / "scores").status == 0
    again, _ = check_results(tmp_path / "scores")
    pd.testing.assert_series_equal(again, scored, atol=1e-6)
    for recording, n_frames in LENGTHS.items():
        ethogram = pd.read_csv(tmp_path / "e" / f"{recording}_ethogram.csv")
        assert len(ethogram) == n_frames
        assert ethogram.notna().all(axis=None)


@pytest.mark.parametrize(("share", "decisions"), [(False, None), (True, {"calibration": "isotonic"})], ids=["fixed", "fitted, shared"])
def test_two_recordings_only(run, write_study, tmp_path, share, decisions):
    labels, features = act()
    kept = {name: labels[name][:, :2] for name in ("r0", "r1")}
    study = write_study(
        tmp_path,
        kept,
        {"motifs": {name: features[name] for name in kept}},
        behaviors=BEHAVIORS[:2],
        head={**LSTM, "share": share},
        training=BRIEFLY,
        **({"decisions": decisions} if decisions else {}),
    )
    assert run("crossval", study, "--out", tmp_path / "cv").status == 0
    _, folds = check_crossval(tmp_path / "cv")
    # Nothing is left to be watched.
    assert (folds["watched"] == "").all()
    assert folds[folds["reason"] != ""][["fold", "behavior"]].to_numpy().tolist() == [["r1", "lost"]]
    assert run("train", study, "--crossval", tmp_path / "cv", "--out", tmp_path / "model").status == 0
    if decisions:
        content = yaml.safe_load(study.read_text())
        content["decisions"]["nested"] = "pairs"
        study.write_text(yaml.safe_dump(content))
        ran = run("crossval", study, "--out", tmp_path / "nested")
        assert ran.status == 2
        assert "label at least one more, or use nested: folds" in ran.err


@pytest.mark.parametrize("value", [-1, 0, 1], ids=["nothing labelled", "never", "always"])
@pytest.mark.parametrize(
    "settings", [{}, {"head": {**LSTM, "share": True}, "decisions": {"calibration": "logistic", "nested": "pairs"}}], ids=["fixed", "pairs"]
)
def test_labels_of_one_kind_everywhere(run, write_study, tmp_path, value, settings):
    _, features = act()
    names = ("r0", "r1", "short")
    kept = {name: np.full((LENGTHS[name], 2), value) for name in names}
    study = write_study(
        tmp_path, kept, {"motifs": {name: features[name] for name in names}}, **{"head": LSTM, "training": BRIEFLY, **settings}
    )
    ran = run("crossval", study, "--out", tmp_path / "cv")
    assert ran.status == 0
    values, folds = check_crossval(tmp_path / "cv")
    assert (folds["reason"] != "").all()
    assert values["pooled", "rear", "n_frames"] == (0 if value < 0 else sum(LENGTHS[name] for name in names))
    assert values["pooled", "rear", "true_positives"] == values["pooled", "rear", "false_positives"] == 0
    ran = run("train", study, "--crossval", tmp_path / "cv", "--out", tmp_path / "model")
    assert ran.status == 2
    assert ran.err.count("none of its behaviors can be learned") == 1
    assert not (tmp_path / "model" / "bundle.yaml").exists()


def test_a_single_recording_cannot_be_cross_validated_but_learned_from(run, write_study, tmp_path):
    labels, features = act()
    study = write_study(
        tmp_path,
        {"window": labels["window"][:, [0]]},
        {"motifs": {"window": features["window"]}},
        behaviors=["rear"],
        head=LSTM,
        training=BRIEFLY,
    )
    ran = run("crossval", study, "--out", tmp_path / "cv")
    assert ran.status == 2
    assert "label at least one more" in ran.err
    ran = run("train", study, "--out", tmp_path / "model")
    assert ran.status == 0
    assert "no recording could be spared for early stopping, so 2 epochs were run" in (tmp_path / "model" / "summary.md").read_text()


def test_what_early_stopping_watches_does_not_take_a_behavior_away_from_a_shared_network(run, write_study, tmp_path):
    """Each behavior shows in one recording alone, so watching any would leave the network without one of them."""
    _, features = act()
    kept = {name: np.zeros((LENGTHS[name], 2), dtype=int) for name in ("r0", "r1", "r2")}
    kept["r0"][20:40, 0] = 1
    kept["r1"][30:50, 1] = 1
    study = write_study(tmp_path, kept, {"motifs": {name: features[name] for name in kept}}, head={**LSTM, "share": True}, training=BRIEFLY)
    assert run("crossval", study, "--out", tmp_path / "cv").status == 0
    _, folds = check_crossval(tmp_path / "cv")
    assert (folds[folds["fold"] == "r2"]["watched"] == "").all()
    assert run("train", study, "--out", tmp_path / "model").status == 0
    bundle = yaml.safe_load((tmp_path / "model" / "bundle.yaml").read_text())
    assert bundle["training"]["watched"] == {"rear": [], "jump": []}
