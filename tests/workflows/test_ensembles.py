"""Several models that answer together, from cross-validation to annotation."""

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.special import expit, logit

from behavior.files.feature_cache import find_imported, read_features
from behavior.files.manifest import read_manifest
from behavior.files.model_bundle import read_bundle, read_preparation
from behavior.files.study import read_study
from behavior.learning import out_of_fold
from behavior.learning.learning_data import load_learning_data
from behavior.learning.variants import combine_members
from behavior.metrics.frames import average_precision
from behavior.sequence.heads import load_head
from behavior.sequence.inference import predict_recording
from behavior.sequence.training import HeadTrainer
from behavior.workflows import crossval
from behavior.workflows.crossval import cross_validate
from behavior.workflows.train import train_model

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("unpainted")]

BEHAVIORS = ("rear", "jump")
LENGTHS = {"r0": 130, "r1": 100, "r2": 117, "r3": 121, "tested": 140}
LSTM = {"kind": "lstm", "layers": 1, "units": 4, "dropout": 0.1}
TRANSFORMER = {"kind": "transformer", "layers": 1, "units": 4, "heads": 2, "span": 4, "dropout": 0.0}
SHARED = {"kind": "lstm", "layers": 1, "units": 3, "bidirectional": True, "share": True}
BRIEFLY = {"learning_rate": 0.02, "batch_size": 4, "epochs": 3, "patience": 3}
PREPARED = {"average": 2, "standardize": True, "pca": 3}
# One of each that differs: head and streams, all behaviors in one, and features averaged, standardised and reduced.
MEMBERS = [
    {"head": LSTM},
    {"head": TRANSFORMER, "streams": ["places"], "windows": {"length": 20}},
    {"head": SHARED, "streams": ["motifs", "places"], "features": PREPARED},
]


@pytest.fixture
def write(write_study, tmp_path):
    """A study of two kinds of features, each of which tells one of two behaviors."""
    rng = np.random.default_rng(0)
    labels, motifs, places = {}, {}, {}
    for name, n_frames in LENGTHS.items():
        values = np.zeros((n_frames, 2), dtype=int)
        for column in range(2):
            for start in rng.integers(0, n_frames - 12, 4):
                values[start : start + 12, column] = 1
        labels[name] = values
        motifs[name] = rng.normal(size=(n_frames, 4)).astype(np.float32)
        motifs[name][:, 0] += 2 * values[:, 0]
        places[name] = rng.normal(size=(n_frames, 3)).astype(np.float32)
        places[name][:, 1] += 2 * values[:, 1]

    def put(**sections):
        given = {"head": LSTM, "training": BRIEFLY, "windows": {"length": 30}, **sections}
        return write_study(tmp_path, labels, {"motifs": motifs, "places": places}, behaviors=BEHAVIORS, tested=["tested"], **given)

    return put


def load(study):
    settings = read_study(study)
    recordings = [recording for recording in read_manifest(settings.recordings) if recording.split == "train"]
    return settings, load_learning_data(settings, recordings)


def average(values, frames):
    return np.stack([values[start : start + frames].mean(axis=0) for start in range(0, len(values), frames)])


def ask_members(model, study, recording):
    """Return what each member of a bundle says of a recording (T,), by behavior: its parts put together by hand."""
    bundle, cache = read_bundle(model), read_study(study).cache
    said = {name: [] for name in bundle.behaviors}
    for member in bundle.members:
        streams = [read_features(find_imported(cache, recording, stream.name)).features for stream in member.streams]
        values = np.concatenate(streams, axis=1).astype(np.float32)
        n_frames = len(values)
        values = average(values, member.average).astype(np.float16)
        if member.preparation is not None:
            step = read_preparation(model / member.preparation)
            values = ((values - step["mean"]) / step["scale"] @ step["components"]).astype(np.float32)
        looks_back = member.head.kind == "lstm" and not member.head.bidirectional
        network = load_head(model / member.file)
        predicted = predict_recording(network.predict_on_batch, values, length=member.window_length, looks_back=looks_back)
        # Each stands for the middle of the frames that were averaged.
        starts = np.arange(0, n_frames, member.average)
        middles = [(start + min(start + member.average, n_frames) - 1) / 2 for start in starts]
        for column, name in enumerate(member.behaviors):
            said[name].append(np.interp(np.arange(n_frames), middles, predicted[:, column]))
    return said


def check_annotations(run, study, model, folder, combine, *, decided=False):
    """Check that annotating says what the members say together, and scores as training did."""
    assert run("annotate", model, "--study", study, "--out", folder / "e").status == 0
    if not decided:
        for recording in ("r1", "tested"):
            ethogram = pd.read_csv(folder / "e" / f"{recording}_ethogram.csv")
            for name, said in ask_members(model, study, recording).items():
                np.testing.assert_allclose(ethogram[f"{name}_prob"], combine(np.array(said)), rtol=0, atol=2e-3)
    assert run("evaluate", folder / "e" / "tested_ethogram.csv", "--labels", folder, "--out", folder / "scores").status == 0
    trained, evaluated = (pd.read_csv(place / "metrics.csv") for place in (model, folder / "scores"))
    pd.testing.assert_frame_equal(evaluated, trained, atol=1e-6)
    assert trained["value"].notna().any()


def test_members_of_all_kinds_answer_together(run, write, tmp_path):
    """Other heads, windows, features and streams side by side, some for one behavior and some for both."""
    study = write(ensemble={"members": MEMBERS}, decisions={"calibration": "logistic"}, postprocess={"threshold": 0.4})
    table = cross_validate(study, tmp_path / "cv")
    folds = pd.read_csv(tmp_path / "cv" / "folds.csv", dtype={"member": str})
    assert folds.groupby("member").size().to_dict() == {"0": 8, "1": 8, "2": 8}
    assert "mean of 3 models per behavior" in (tmp_path / "cv" / "summary.md").read_text()
    scores = table[(table["recording"] == "pooled") & (table["metric"] == "average_precision")].set_index("behavior")["value"]
    assert (scores > 0.4).all()

    train_model(study, tmp_path / "model", crossval=tmp_path / "cv")
    bundle = read_bundle(tmp_path / "model")
    told = [(member.file, member.behaviors, [stream.name for stream in member.streams], member.window_length) for member in bundle.members]
    assert told == [
        ("rear.0.keras", ["rear"], ["motifs"], 30),
        ("jump.0.keras", ["jump"], ["motifs"], 30),
        ("rear.1.keras", ["rear"], ["places"], 20),
        ("jump.1.keras", ["jump"], ["places"], 20),
        ("all.0.keras", ["rear", "jump"], ["motifs", "places"], 15),
    ]
    assert [member.preparation for member in bundle.members] == [None, None, None, None, "all.0.npz"]
    # Each member's epochs are the median of its own best ones.
    medians = folds[folds["watched"].notna()].groupby(["behavior", "member"])["best_epoch"].median()
    for name in BEHAVIORS:
        expected = [max(1, round(medians[name, member])) for member in "01"]
        both = [medians[behavior, "2"] for behavior in BEHAVIORS]
        assert bundle.training.epochs[name] == [*expected, round(float(np.median([max(1, round(value)) for value in both])))]
    assert bundle.decisions is not None
    check_annotations(run, study, tmp_path / "model", tmp_path, None, decided=True)

    # Without anything fitted to them, probabilities are the members' mean.
    content = yaml.safe_load(study.read_text())
    del content["decisions"]
    study.write_text(yaml.safe_dump(content))
    train_model(study, tmp_path / "plain", crossval=tmp_path / "cv")
    (tmp_path / "other").mkdir()
    for path in tmp_path.glob("*_labels.csv"):
        (tmp_path / "other" / path.name).write_bytes(path.read_bytes())
    check_annotations(run, study, tmp_path / "plain", tmp_path / "other", lambda said: said.mean(axis=0))


@pytest.mark.parametrize("combine", ["mean", "log_odds", "vote", "any"])
def test_seeds_and_bagging(run, write, tmp_path, combine):
    study = write(ensemble={"seeds": 3, "bagging": "recordings", "combine": combine})
    train_model(study, tmp_path / "model")
    bundle = read_bundle(tmp_path / "model")
    assert bundle.combine == combine
    assert [member.file for member in bundle.members] == [f"{name}.{seed}.keras" for seed in range(3) for name in BEHAVIORS]
    weights = [load_head(tmp_path / "model" / f"rear.{seed}.keras").get_weights()[0] for seed in range(3)]
    assert np.abs(weights[0] - weights[1]).max() > 0.01
    assert np.abs(weights[1] - weights[2]).max() > 0.01
    for said in ask_members(tmp_path / "model", study, "tested").values():
        assert np.std(said, axis=0).max() > 0.001
    way = {
        "mean": lambda said: said.mean(axis=0),
        "log_odds": lambda said: expit(logit(said).mean(axis=0)),
        "vote": lambda said: (said >= 0.5).mean(axis=0),
        "any": lambda said: said.max(axis=0),
    }[combine]
    check_annotations(run, study, tmp_path / "model", tmp_path, way)
    if combine == "vote":
        ethogram = pd.read_csv(tmp_path / "e" / "tested_ethogram.csv")
        assert set(np.rint(ethogram["rear_prob"] * 3)) <= {0, 1, 2, 3}
        np.testing.assert_allclose(ethogram["rear_prob"] * 3, np.rint(ethogram["rear_prob"] * 3), atol=1e-5)


@pytest.mark.parametrize("combine", ["mean", "vote"])
def test_a_cross_validated_ensemble_is_its_members_together(write, tmp_path, monkeypatch, combine):
    """And its first member is the model that the study has alone."""
    stacks = []

    def spy(probabilities, how):
        stacks.append((probabilities, how))
        return combine_members(probabilities, how)

    study = write()
    cross_validate(study, tmp_path / "alone")
    content = yaml.safe_load(study.read_text())
    study.write_text(yaml.safe_dump({**content, "ensemble": {"seeds": 2, "combine": combine}}))
    monkeypatch.setattr(out_of_fold, "combine_members", spy)
    table = cross_validate(study, tmp_path / "together")
    assert len(stacks) == 4
    with np.load(tmp_path / "alone" / "out_of_fold.npz") as alone, np.load(tmp_path / "together" / "out_of_fold.npz") as together:
        for name, (members, how) in zip(("r0", "r1", "r2", "r3"), stacks, strict=True):
            assert how == combine
            assert members.shape == (2, LENGTHS[name], 2)
            np.testing.assert_allclose(members[0], alone[name], rtol=0, atol=1e-4)
            assert np.abs(members[0] - members[1]).max() > 0.01
            expected = members.mean(axis=0) if combine == "mean" else (members >= 0.5).mean(axis=0)
            np.testing.assert_allclose(together[name], expected, rtol=0, atol=1e-6)
        said = np.concatenate([together[name] for name in ("r0", "r1", "r2", "r3")])
    truth = np.concatenate([pd.read_csv(tmp_path / f"{name}_labels.csv")[list(BEHAVIORS)] for name in ("r0", "r1", "r2", "r3")])
    scores = table[(table["recording"] == "pooled") & (table["metric"] == "average_precision")].set_index("behavior")["value"]
    for column, name in enumerate(BEHAVIORS):
        assert scores[name] == pytest.approx(average_precision(truth[:, column], said[:, column]), abs=1e-9)


@pytest.mark.parametrize("name", ["average", "standardize", "pca", "all"])
def test_a_model_sees_features_as_it_learned_them(run, write, tmp_path, name):
    steps = {"average": {"average": 3}, "standardize": {"standardize": True}, "pca": {"pca": 0.8}, "all": PREPARED}[name]
    study = write(features=steps, streams=["motifs", "places"])
    metrics = train_model(study, tmp_path / "model").metrics
    scores = metrics[(metrics["recording"] == "pooled") & (metrics["metric"] == "average_precision")]["value"]
    assert scores.notna().all()
    (member, _) = read_bundle(tmp_path / "model").members
    assert member.average == steps.get("average", 1)
    assert member.window_length == 30 // member.average
    _, data = load(study)
    if member.preparation is None:
        assert name == "average"
    else:
        found = read_preparation(tmp_path / "model" / member.preparation)
        everything = np.concatenate([average(features.values.astype(np.float32), member.average) for features in data.features])
        np.testing.assert_allclose(found["mean"], everything.mean(axis=0), atol=1e-3)
        np.testing.assert_allclose(found["scale"], everything.std(axis=0) if "standardize" in steps else np.ones(7), atol=1e-3)
        n_components = {"standardize": None, "all": 3}.get(name, 0)
        if n_components == 0:
            shares = np.linalg.eigvalsh(np.cov(everything.T))[::-1].cumsum() / np.trace(np.cov(everything.T))
            n_components = int(np.argmax(shares >= 0.8)) + 1
        assert found.get("components", np.zeros((7, 0))).shape[1] == (n_components or 0)
    assert run("annotate", tmp_path / "model", "--study", study, "--out", tmp_path / "e").status == 0
    assert run("evaluate", tmp_path / "e" / "tested_ethogram.csv", "--labels", tmp_path, "--out", tmp_path / "scores").status == 0
    pd.testing.assert_frame_equal(*(pd.read_csv(tmp_path / place / "metrics.csv") for place in ("scores", "model")), atol=1e-6)


def test_fits_of_other_features_of_one_member_are_not_taken_up(run, write, tmp_path, monkeypatch):
    study = write(ensemble={"members": [{}, {"streams": ["places"]}]})
    fit = HeadTrainer.fit
    fitted = []
    monkeypatch.setattr(HeadTrainer, "fit", lambda self, *given, **options: fitted.append(1) or fit(self, *given, **options))
    with monkeypatch.context() as patch:
        patch.setattr(crossval, "decide", interrupt)
        with pytest.raises(KeyboardInterrupt):
            cross_validate(study, tmp_path / "cv")
    assert len(fitted) == 2
    with np.load(tmp_path / "places" / "r0.npz") as saved:
        changed = {"features": 2 * saved["features"], "fps": saved["fps"]}
    np.savez(tmp_path / "places" / "r0.npz", **changed)
    assert run("import-features", study, tmp_path / "places" / "r0.npz", "--name", "places").status == 0
    cross_validate(study, tmp_path / "cv")
    # Those of the other member were finished before.
    assert len(fitted) == 3


def interrupt(*_, **__):
    raise KeyboardInterrupt


def test_a_stream_that_was_never_imported_is_named(run, write, tmp_path):
    study = write(ensemble={"members": [{}, {"streams": ["elsewhere"]}]})
    ran = run("crossval", study, "--out", tmp_path / "cv")
    assert ran.status in (1, 2)
    assert "elsewhere" in ran.err
    assert not (tmp_path / "cv" / "metrics.csv").exists()
