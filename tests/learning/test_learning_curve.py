"""How scores grow with the number of training recordings."""

import numpy as np
import pandas as pd
import pytest

from behavior.learning import learning_curve
from behavior.learning.learning_curve import _list_sizes
from behavior.learning.out_of_fold import predict_out_of_fold
from behavior.metrics.frames import average_precision
from behavior.sequence.training import HeadTrainer
from behavior.workflows.crossval import cross_validate

RECORDINGS = [f"r{number}" for number in range(6)]
N_FRAMES = 120
BRIEFLY = {"learning_rate": 0.02, "batch_size": 4, "epochs": 2, "patience": 2}


@pytest.fixture
def study(write_study, tmp_path):
    """Six recordings in which one behavior follows from its feature, another shows in one recording alone."""
    rng = np.random.default_rng(0)
    labels, features = {}, {}
    for name in RECORDINGS:
        rear = np.zeros(N_FRAMES, dtype=int)
        for start in rng.integers(0, N_FRAMES - 10, 3):
            rear[start : start + 10] = 1
        values = rng.normal(size=(N_FRAMES, 3)).astype(np.float32)
        values[:, 0] += 3 * rear
        labels[name] = np.stack([rear, np.zeros_like(rear)], axis=1)
        features[name] = values
    labels["r2"][40:50, 1] = 1
    return write_study(tmp_path, labels, {"motifs": features}, windows={"length": 30}, training=BRIEFLY)


def keep_for_testing(study, names):
    table = pd.read_csv(study.parent / "recordings.csv", dtype=str)
    table["split"] = ["test" if name in names else "train" for name in table["recording"]]
    table.to_csv(study.parent / "recordings.csv", index=False)


@pytest.fixture
def asked(monkeypatch):
    """What the curve asked to be predicted: studies and folds."""
    calls = []

    def predict(study, data, *, folds, **options):
        predicted = predict_out_of_fold(study, data, folds=folds, **options)
        calls.append((study, folds, data, predicted.probabilities))
        return predicted

    monkeypatch.setattr(learning_curve, "predict_out_of_fold", predict)
    return calls


@pytest.mark.parametrize(
    ("most", "expected"), [(1, [1]), (2, [2]), (3, [2, 3]), (5, [2, 3, 4, 5]), (11, [2, 3, 5, 7, 11]), (100, [2, 5, 14, 38, 100])]
)
def test_sizes_are_spread_by_their_ratio(most, expected):
    assert _list_sizes(most) == expected


def test_a_curve_is_cross_validation_with_fewer_and_fewer_recordings(study, asked, tmp_path):
    table = cross_validate(study, tmp_path / "cv", learning_curve=True)
    curve = pd.read_csv(tmp_path / "cv" / "learning_curve.csv")
    assert list(curve.columns) == ["recordings", "behavior", "value", "low", "high"]
    assert curve["recordings"].tolist() == [2, 2, 3, 3, 4, 4, 5, 5]
    assert curve["behavior"].tolist() == ["rear", "jump"] * 4
    assert (tmp_path / "cv" / "learning_curve.png").read_bytes().startswith(b"\x89PNG")
    assert "learning_curve.csv" in (tmp_path / "cv" / "summary.md").read_text()

    # All of them: what the cross-validation itself says.
    pooled = table[(table["recording"] == "pooled") & (table["metric"] == "average_precision")].set_index("behavior")["value"]
    for behavior in ("rear", "jump"):
        assert curve[curve["behavior"] == behavior]["value"].iloc[-1] == pytest.approx(pooled[behavior], abs=1e-6)
    rear = curve[curve["behavior"] == "rear"]
    assert ((rear["low"] <= rear["value"]) & (rear["value"] <= rear["high"])).all()

    assert [len(folds[0].training) for _, folds, _, _ in asked] == [2, 3, 4]
    larger = {name: set(range(6)) - {index} for index, name in enumerate(RECORDINGS)}
    for number, (settings, folds, data, probabilities) in zip((4, 3, 2), reversed(asked), strict=True):
        assert [fold.name for fold in folds] == RECORDINGS
        for index, fold in enumerate(folds):
            assert fold.left_out == (index,)
            assert len(fold.training) == number
            assert list(fold.training) == sorted(fold.training)
            # A larger set holds the smaller ones.
            assert set(fold.training) <= larger[fold.name]
            larger[fold.name] = set(fold.training)
        # A model sees as many windows in a step as it would of all recordings.
        assert settings.training.batch_size == round(4 * 6 / number)
        truth = np.concatenate([labels.values[:, 0] for labels in data.labels])
        predicted = np.concatenate([values[:, 0] for values in probabilities])
        value = rear[rear["recordings"] == number]["value"].item()
        assert value == pytest.approx(average_precision(truth, predicted), abs=1e-6)
    # Different recordings are spared in different folds.
    assert len({fold.training for fold in asked[0][1]}) > 3


@pytest.mark.slow
def test_an_interrupted_curve_goes_on_where_it_was(study, asked, tmp_path, monkeypatch):
    keep_for_testing(study, ["r5"])
    cross_validate(study, tmp_path / "whole", learning_curve=True)
    fit_models = HeadTrainer.fit
    calls = []

    def interrupted(self, *arguments, **options):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return fit_models(self, *arguments, **options)

    monkeypatch.setattr(HeadTrainer, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cross_validate(study, tmp_path / "stopped", learning_curve=True)
    assert not (tmp_path / "stopped" / "summary.md").exists()
    cross_validate(study, tmp_path / "stopped", learning_curve=True)
    # The cross-validation, and that with two recordings, were done before.
    assert len(calls) == 3 + 1
    pd.testing.assert_frame_equal(*(pd.read_csv(tmp_path / name / "learning_curve.csv") for name in ("whole", "stopped")))


def test_two_recordings_have_a_curve_of_one_point(study, tmp_path):
    keep_for_testing(study, ["r2", "r3", "r4", "r5"])
    cross_validate(study, tmp_path / "cv", learning_curve=True)
    curve = pd.read_csv(tmp_path / "cv" / "learning_curve.csv")
    assert curve["recordings"].tolist() == [1, 1]
    # The second behavior shows in neither.
    assert curve["value"].notna().tolist() == [True, False]
