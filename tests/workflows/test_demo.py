"""`behavior demo`: what it leaves, and where it does not write."""

import pandas as pd
import pytest

from behavior.embedding.recordings import EmbedResult
from behavior.errors import BehaviorError
from behavior.workflows.demo import run_demo

BEHAVIORS = ["grooming", "mid_rearing", "wall_rearing"]
RECORDINGS = ["mouse_01", "mouse_02", "mouse_03", "mouse_04"]


def cache_files(folder):
    return sorted(folder.glob("*.h5"))


def test_the_demo_leaves_everything_that_the_commands_promise(demo):
    root = demo.study.parent
    assert len(cache_files(root / "cache")) == 4
    assert {path.name for path in demo.crossval.iterdir()} - {"logs"} == {
        "crossval.json",
        "computing_time.csv",
        "metrics.csv",
        "summary.md",
        "folds.csv",
        "study.yaml",
        "predictions",
        "confusion.png",
        "precision_recall.png",
        "out_of_fold.npz",
        "reliability.csv",
        "reliability.png",
    }
    assert sorted(path.stem for path in (demo.crossval / "predictions").iterdir()) == RECORDINGS[:3]
    # A command that another test saw refused may have left its log.
    assert {path.name for path in demo.model.iterdir()} - {"logs"} == {
        "bundle.yaml",
        "computing_time.csv",
        "metrics.csv",
        "summary.md",
        "confusion.png",
        "precision_recall.png",
        "plain_model.npz",
        "reference.0.npz",
        *(f"{name}.0.keras" for name in BEHAVIORS),
    }
    for name in RECORDINGS:
        assert all((demo.ethograms / f"{name}_{ending}").is_file() for ending in ("ethogram.csv", "bouts.csv", "ethogram.json"))
    assert set(demo.average_precision) == set(BEHAVIORS)
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in demo.pictures)


def test_the_demo_never_writes_into_a_folder_that_is_not_empty(run, demo):
    ran = run("demo", "--out", demo.study.parent)
    assert ran.status == 1
    assert "is not empty" in ran.err


def test_each_stage_is_timed_and_the_scores_are_those_of_the_test_recording(demo):
    assert list(demo.seconds) == ["render", "check", "embed", "crossval", "train", "annotate", "report"]
    assert all(seconds > 0 for seconds in demo.seconds.values())
    metrics = pd.read_csv(demo.model / "metrics.csv")
    rows = metrics[(metrics["recording"] == "pooled") & (metrics["metric"] == "average_precision")]
    assert dict(zip(rows["behavior"], rows["value"], strict=True)) == pytest.approx(demo.average_precision)
    assert [picture.name for picture in demo.pictures] == [f"{RECORDINGS[-1]}_ethogram.png"]
    assert demo.report.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_stage_that_fails_ends_the_demo(tmp_path, monkeypatch):
    monkeypatch.setattr("behavior.workflows.demo.embed_study", lambda path: EmbedResult(failures={"mouse_01": "mouse_01: no space left."}))
    with pytest.raises(BehaviorError, match="no space left"):
        run_demo(tmp_path / "demo", n_training=2, n_test=0, n_frames=300)


@pytest.mark.parametrize("arguments, renderer", [((), "painted"), (("--renderer", "solid"), "solid")])
def test_the_renderer_is_the_one_that_is_asked_for(run, tmp_path, monkeypatch, arguments, renderer):
    asked = []

    def render(folder, **settings):
        asked.append(settings["renderer"])
        raise BehaviorError("rendered.")

    monkeypatch.setattr("behavior.workflows.demo.write_study_files", render)
    ran = run("demo", "--out", tmp_path / "demo", *arguments)
    assert ran.status == 1 and "rendered." in ran.err
    assert asked == [renderer]
