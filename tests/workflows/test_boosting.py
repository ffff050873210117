"""Boosted trees through all commands: alone, beside networks, sampled, and what bad input gets."""

import numpy as np
import pandas as pd
import pytest
import yaml

from behavior.files.feature_cache import find_imported, read_features
from behavior.files.feature_sources import hash_file
from behavior.files.model_arrays import read_model_arrays, write_model_arrays
from behavior.files.model_bundle import read_bundle, write_description
from behavior.files.study import read_study
from behavior.learning.head_files import open_head
from behavior.learning.opened_model import open_model
from behavior.sequence.boosted_trees import TREE_DTYPES

pytestmark = pytest.mark.usefixtures("unpainted")

BOOSTING = {"kind": "boosting", "windows_s": [0.5, 1.5], "trees": 12, "patience": 5, "min_frames": 5}
LENGTHS = {"r0": 300, "r1": 260, "r2": 280, "tested": 300}


@pytest.fixture
def write(write_study, tmp_path):
    """A study at 10 frames per second in which one behavior shows in a feature, the other in how much a feature varies alone."""
    rng = np.random.default_rng(0)
    labels, features = {}, {}
    for name, n_frames in LENGTHS.items():
        shown = np.zeros((n_frames, 2), dtype=int)
        for column in range(2):
            for start in rng.integers(0, n_frames - 20, 5):
                shown[start : start + 20, column] = 1
        values = rng.normal(size=(n_frames, 5))
        values[:, 0] += 2 * shown[:, 0]
        values[:, 1] *= 1 + 4 * shown[:, 1]
        labels[name], features[name] = shown, values.astype(np.float32)

    def put(**sections):
        return write_study(tmp_path, labels, {"motifs": features}, tested=["tested"], **{"head": BOOSTING, **sections})

    return put


def find_scores(folder):
    table = pd.read_csv(folder / "metrics.csv")
    return table[(table["recording"] == "pooled") & (table["metric"] == "average_precision")].set_index("behavior")["value"]


def test_trees_go_from_cross_validation_to_ethograms(run, write, tmp_path):
    study = write(decisions={"calibration": "isotonic"}, features={"standardize": True})
    ran = run("crossval", study, "--out", tmp_path / "cv")
    assert ran.status == 0, ran.err
    assert (find_scores(tmp_path / "cv") > 0.75).all()
    assert "boosted trees on statistics of frames and of the 0.5, 1.5 s around them" in (tmp_path / "cv" / "summary.md").read_text()
    folds = pd.read_csv(tmp_path / "cv" / "folds.csv")
    assert folds["best_epoch"].between(1, 12).all() and folds["watched"].notna().all()

    ran = run("train", study, "--crossval", tmp_path / "cv", "--out", tmp_path / "model")
    assert ran.status == 0, ran.err
    assert sorted(path.name for path in (tmp_path / "model").iterdir() if path.suffix in (".npz", ".keras")) == [
        *("jump.0.npz", "jump.0.trees.npz", "plain_model.npz", "rear.0.npz", "rear.0.trees.npz", "reference.0.npz"),
    ]
    bundle = read_bundle(tmp_path / "model")
    assert [(member.head.kind, member.window_length) for member in bundle.members] == [("boosting", None)] * 2
    medians = folds.groupby("behavior")["best_epoch"].median()
    assert dict(bundle.training.epochs) == {name: [round(medians[name])] for name in ("rear", "jump")}
    assert (find_scores(tmp_path / "model") > 0.75).all()

    assert run("annotate", tmp_path / "model", "--study", study, "--out", tmp_path / "e").status == 0
    ran = run("evaluate", tmp_path / "e" / "tested_ethogram.csv", "--labels", tmp_path, "--out", tmp_path / "scores")
    assert ran.status == 0, ran.err
    evaluated, trained = (pd.read_csv(folder / "metrics.csv") for folder in (tmp_path / "scores", tmp_path / "model"))
    pd.testing.assert_frame_equal(evaluated, trained, atol=1e-6)
    assert run("decide", tmp_path / "e", "--threshold", "0.9", "--out", tmp_path / "decided").status == 0
    ran = run("report", study, "--crossval", tmp_path / "cv", "--model", tmp_path / "model", "--out", tmp_path / "report.html")
    assert ran.status == 0, ran.err
    assert "histogram-based gradient-boosted trees" in (tmp_path / "report.html").read_text()


def test_what_is_predicted_is_what_the_files_say(run, write, tmp_path):
    """The parts of a bundle, put together by hand."""
    study = write(features={"average": 2})
    assert run("train", study, "--out", tmp_path / "model").status == 0
    assert run("annotate", tmp_path / "model", "--study", study, "--out", tmp_path / "e").status == 0
    ethogram = pd.read_csv(tmp_path / "e" / "r1_ethogram.csv")
    values = read_features(find_imported(read_study(study).cache, "r1", "motifs")).features
    means = values.reshape(130, 2, 5).mean(axis=1)
    for member in read_bundle(tmp_path / "model").members:
        trees = open_head(member, tmp_path / "model" / member.file)
        # Windows of half a second and of one and a half, of five vectors a second.
        assert trees.lengths.tolist() == [3, 9]
        expected = np.interp(np.arange(260), np.arange(130) * 2 + 0.5, trees.predict(means)[:, 0])
        np.testing.assert_allclose(ethogram[f"{member.behaviors[0]}_prob"], expected, atol=2e-3)


def test_trees_and_networks_answer_together(run, write, tmp_path):
    network = {"kind": "lstm", "layers": 1, "units": 4, "share": True}
    study = write(ensemble={"members": [{"head": BOOSTING}, {"head": network}], "seeds": 2})
    assert run("crossval", study, "--out", tmp_path / "cv").status == 0
    folds = pd.read_csv(tmp_path / "cv" / "folds.csv")
    assert folds.groupby("member").size().to_dict() == {0: 6, 1: 6, 2: 6, 3: 6}
    assert run("train", study, "--crossval", tmp_path / "cv", "--out", tmp_path / "model").status == 0
    files = [member.file for member in read_bundle(tmp_path / "model").members]
    assert files == [*("rear.0.trees.npz", "jump.0.trees.npz", "rear.1.trees.npz", "jump.1.trees.npz", "all.0.keras", "all.1.keras")]
    assert run("annotate", tmp_path / "model", "--study", study, "--out", tmp_path / "e").status == 0
    ethogram = pd.read_csv(tmp_path / "e" / "tested_ethogram.csv")
    assert ethogram[["rear_prob", "jump_prob"]].notna().all(axis=None)


def test_sampled_features_are_seen_over_the_same_seconds(run, write, tmp_path):
    study = write(sampling={"fps": 5})
    assert run("train", study, "--out", tmp_path / "model").status == 0
    assert open_model(tmp_path / "model").members[0].model.lengths.tolist() == [3, 9]
    assert run("annotate", tmp_path / "model", "--study", study, "--out", tmp_path / "e").status == 0
    assert len(pd.read_csv(tmp_path / "e" / "r0_ethogram.csv")) == LENGTHS["r0"]


def test_wide_features_are_reduced_and_the_user_learns_so(run, write, tmp_path):
    study = write(head={**BOOSTING, "components": 3})
    ran = run("train", study, "--out", tmp_path / "model")
    assert ran.status == 0
    assert "5 features are reduced to 3 principal components (head.components)" in ran.out + ran.err
    assert open_model(tmp_path / "model").members[0].preparation.n_outputs == 3


def test_settings_of_trees_are_searched(run, write, tmp_path):
    study = write(search={"space": {"head.leaves": [2, 4], "head.windows_s": [[], [0.5]]}, "sampler": "grid"})
    ran = run("search", study, "--out", tmp_path / "search")
    assert ran.status == 0, ran.err
    best = yaml.safe_load((tmp_path / "search" / "best.yaml").read_text())
    # One of the behaviors shows in no single frame.
    assert best["head"]["windows_s"] == [0.5]


def test_trees_that_were_exchanged_are_refused(run, write, tmp_path):
    assert run("train", write(), "--out", tmp_path / "model").status == 0
    path = tmp_path / "model" / "rear.0.trees.npz"
    arrays = read_model_arrays(path, TREE_DTYPES, expected="the trees of a model")
    # A way in a circle would have no end.
    write_model_arrays(path, arrays | {"left": np.zeros_like(arrays["left"])})
    ran = run("annotate", tmp_path / "model", "--study", tmp_path / "study.yaml", "--out", tmp_path / "e")
    assert ran.status != 0
    assert "rear.0.trees.npz: is not the file that bundle.yaml was written with" in ran.err
    # Of a hostile one, the hash may be right.
    write_hash(tmp_path / "model", path)
    ran = run("annotate", tmp_path / "model", "--study", tmp_path / "study.yaml", "--out", tmp_path / "e")
    assert ran.status != 0
    assert "rear.0.trees.npz: cannot be read as the trees of a model (a node leads back, or out of its tree)" in ran.err


def write_hash(folder, changed):
    """Write the hash of a changed file into the bundle."""
    import behavior.files.model_bundle as bundles

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundles, "_check_file", lambda *_: None)
        description = read_bundle(folder)
    assert description.files is not None
    write_description(folder, description.model_copy(update={"files": description.files | {changed.name: hash_file(changed)}}))


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ({"kind": "boosting", "share": True}, "unknown key 'head.share'"),
        ({"kind": "boosting", "windows_s": [0]}, "head.windows_s"),
        ({"kind": "boosting", "windows_s": 2}, "head.windows_s is 2, expected a list"),
        ({"kind": "boosting", "leaves": 1}, "head.leaves is 1, expected at least 2"),
    ],
)
def test_settings_that_cannot_be_get_a_sentence(run, write, tmp_path, head, words):
    study = write()
    study.write_text(yaml.safe_dump(yaml.safe_load(study.read_text()) | {"head": head}))
    ran = run("crossval", study, "--out", tmp_path / "cv")
    assert ran.status == 2
    assert words in ran.err
