"""Models, ethograms and cross-validations by another name of a behavior: the same numbers, and whole after a kill at any moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.config import LstmHead, Postprocess, Study
from behavior.config.renaming import Renaming
from behavior.errors import CrossvalError
from behavior.files.ethograms import read_annotation, write_annotation
from behavior.files.feature_sources import Signature, hash_file
from behavior.files.model_bundle import (
    BUNDLE_FILE,
    BundleDescription,
    MemberDescription,
    StreamDescription,
    TrainingRecord,
    read_bundle,
    write_bundle,
)
from behavior.learning import crossval_folder
from behavior.learning.crossval_digest import RecordingDigest, hash_labels
from behavior.learning.crossval_folder import CrossvalContent, read_crossval, write_crossval
from behavior.learning.decisions import decide
from behavior.learning.out_of_fold import FoldRecord
from behavior.metrics.tables import score_study
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Labels, Probabilities
from behavior.reporting import renaming as module
from behavior.reporting.renaming import (
    hash_renamed_model,
    knows_crossval,
    knows_ethogram,
    knows_model,
    rename_crossval,
    rename_ethogram,
    rename_model,
)

RENAMING = Renaming("groom", "wash")
BEHAVIORS = ("groom", "rear")


def make_annotation(**provenance: Any) -> Annotation:
    rng = np.random.default_rng(0)
    values = rng.random((20, 2)).astype(np.float32)
    times = np.arange(20) / 7
    decided = Ethogram(values > 0.5, BEHAVIORS, times)
    return Annotation("A", Probabilities(values, BEHAVIORS, times), decided, decided, Provenance.model_validate({"fps": 7.0, **provenance}))


def test_an_ethogram_keeps_its_numbers_and_follows_its_model(tmp_path: Path) -> None:
    before = make_annotation(
        postprocess={"threshold": {"groom": 0.4}, "closing_s": None}, model={"hash": "old", "folder": "/m"}, lab="B 12"
    )
    path = write_annotation(tmp_path, before)[0]
    assert knows_ethogram(path, RENAMING)
    rename_ethogram(path, RENAMING, models={"old": "new"})
    assert not knows_ethogram(path, RENAMING)
    after = read_annotation(path)
    assert after.behaviors == ("wash", "rear")
    for part in ("probabilities", "raw", "ethogram"):
        np.testing.assert_array_equal(getattr(after, part).values, getattr(before, part).values)
    assert after.provenance.as_mapping() == {
        **before.provenance.as_mapping(),
        "postprocess": {"threshold": {"wash": 0.4}, "closing_s": None},
        "model": {"hash": "new", "folder": "/m"},
    }
    assert "groom" not in (tmp_path / "A_bouts.csv").read_text()


def test_a_model_is_the_same_by_another_name(tmp_path: Path) -> None:
    member = MemberDescription(
        file="groom.0.keras",
        behaviors=list(BEHAVIORS),
        streams=[StreamDescription(name="motifs", signature=Signature("motifs", {}).text, n_features=2)],
        window_length=20,
        head=LstmHead(layers=1, units=4),
    )
    bundle = BundleDescription(
        behaviors=list(BEHAVIORS),
        members=[member],
        fps=10.0,
        postprocess=Postprocess(threshold={"groom": 0.3}),
        training=TrainingRecord(
            recordings=["groom"],
            watched={"groom": ["groom"]},
            stopping="groom: fixed",
            epochs={"groom": [3]},
            seed=0,
            skipped={"rear": "no positive frame of rear, but of groom"},
            test_average_precision={"groom": 0.5},
        ),
        versions={},
    )
    folder = tmp_path / "model"
    write_bundle(folder, bundle, {"groom.0.keras": lambda path: path.write_text("network")})
    (folder / "metrics.csv").write_text("recording,behavior,metric,value,low,high\ngroom,groom,f1,0.25,,\n")
    (folder / "summary.md").write_text("## groom\n")
    expected = hash_renamed_model(folder, RENAMING)
    assert knows_model(folder, RENAMING)
    rename_model(folder, RENAMING)
    assert not knows_model(folder, RENAMING)
    assert hash_file(folder / BUNDLE_FILE) == expected
    after = read_bundle(folder)
    assert (after.behaviors, after.members[0].behaviors, after.members[0].file) == (["wash", "rear"], ["wash", "rear"], "groom.0.keras")
    assert after.postprocess.threshold == {"wash": 0.3}
    assert after.training.recordings == ["groom"]
    assert (after.training.watched, after.training.epochs) == ({"wash": ["groom"]}, {"wash": [3]})
    assert after.training.skipped == {"rear": "no positive frame of rear, but of wash"}
    assert (folder / "groom.0.keras").read_text() == "network"
    assert "groom,wash,f1,0.25" in (folder / "metrics.csv").read_text()
    assert (folder / "summary.md").read_text() == "## wash\n"


@pytest.fixture
def crossval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small cross-validation whose pictures are bytes."""
    for part in (crossval_folder, module):
        monkeypatch.setattr(part, "render_png", lambda figure: figure)
    monkeypatch.setattr(module, "draw_crossval", lambda *_: {"confusion.png": b"drawn again"})
    study = Study.model_validate({"behaviors": list(BEHAVIORS), "streams": ["motifs"], "postprocess": {"threshold": {"groom": 0.4}}})
    rng = np.random.default_rng(0)
    names, times = ("A", "groom"), np.arange(20) / 7
    labels = {name: Labels(rng.integers(-1, 2, (20, 2)).astype(np.int8), BEHAVIORS) for name in names}
    predicted = {name: rng.random((20, 2)).astype(np.float32) for name in names}
    annotations = [decide(name, Probabilities(predicted[name], BEHAVIORS, times), fps=7, postprocess=study.postprocess) for name in names]
    digests = [
        RecordingDigest(recording=name, animal=name, n_frames=20, broke_off=False, labels=hash_labels(labels[name]), raters={}, features=[])
        for name in names
    ]
    truth = {name: one.values for name, one in labels.items()}
    decided = {one.recording: one.ethogram.values for one in annotations}
    content = CrossvalContent(
        study=study,
        recordings=digests,
        annotations=annotations,
        labels=labels,
        out_of_fold=predicted,
        folds=[FoldRecord(name, "groom", "0", "", None, None, f"no positive frame of groom in fold {name}_groom") for name in names],
        metrics=score_study(truth, predicted, decided, BEHAVIORS),
        summary="## groom\n",
        ceiling=None,
        decisions=None,
        reliability=pd.DataFrame({"behavior": ["groom"], "from": [0.1]}),
        learning_curve=None,
        pictures={"confusion.png": b"picture"},
        computing_time=pd.DataFrame({"step": ["train"], "metric": ["seconds"], "value": [1.5]}),
    )
    folder = tmp_path / "crossval"
    folder.mkdir()
    write_crossval(folder, content)
    return folder


def test_a_cross_validation_keeps_its_numbers_and_its_digest_follows(crossval: Path) -> None:
    before = read_crossval(crossval)
    annotations, out_of_fold = before.annotations, before.out_of_fold
    assert knows_crossval(crossval, RENAMING)
    rename_crossval(crossval, RENAMING)
    assert not knows_crossval(crossval, RENAMING)
    after = read_crossval(crossval)
    assert after.study.behaviors == ["wash", "rear"]
    assert after.study.labels.map == {"groom": "wash"}
    assert after.digest.recordings == before.digest.recordings
    pd.testing.assert_frame_equal(after.metrics.assign(behavior=before.metrics["behavior"]), before.metrics)
    assert set(after.metrics["behavior"]) == {"wash", "rear"}
    assert after.folds["reason"].tolist() == ["no positive frame of wash in fold A_groom", "no positive frame of wash in fold groom_groom"]
    for one, other in zip(annotations, after.annotations, strict=True):
        np.testing.assert_array_equal(other.probabilities.values, one.probabilities.values)
        np.testing.assert_array_equal(other.ethogram.values, one.ethogram.values)
        np.testing.assert_array_equal(after.out_of_fold[one.recording], out_of_fold[one.recording])
    assert after.read_picture("confusion.png") == b"drawn again"
    assert (crossval / "summary.md").read_text() == "## wash\n"
    assert not list(crossval.glob(".*"))


class KilledError(BaseException):
    """The process is gone."""


def test_a_kill_at_any_replacement_leaves_nothing_mixed_and_the_next_call_finishes(crossval: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {path.relative_to(crossval): path.read_bytes() for path in crossval.rglob("*") if path.is_file()}
    replace, n_done, n_kills = Path.replace, 0, 0
    while True:
        # As it was before, whatever the last kill left.
        for path in [path for path in crossval.rglob("*") if path.is_file()]:
            path.unlink()
        for name, content in whole.items():
            (crossval / name).write_bytes(content)
        left = n_kills

        def count_down(self: Path, target: Path) -> Path:
            nonlocal left
            if left == 0:
                raise KilledError
            left -= 1
            return replace(self, target)

        monkeypatch.setattr(Path, "replace", count_down)
        try:
            rename_crossval(crossval, RENAMING)
        except KilledError:
            # Every third will do, for the time it takes.
            n_kills += 3
        else:
            n_done += 1
        monkeypatch.setattr(Path, "replace", replace)
        try:
            results = read_crossval(crossval)
            behaviors = {one.behaviors for one in results.annotations}
            assert behaviors == {tuple(results.study.behaviors)}
            assert set(results.metrics["behavior"]) == set(results.study.behaviors)
        except CrossvalError:
            assert knows_crossval(crossval, RENAMING)
        if n_done:
            break
        rename_crossval(crossval, RENAMING)
        assert read_crossval(crossval).study.behaviors == ["wash", "rear"]
        assert not knows_crossval(crossval, RENAMING)
    # Every staged file, and every one that it replaces.
    assert n_kills > 2 * len(whole)
