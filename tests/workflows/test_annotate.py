from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from behavior.embedding.unmeasured import is_much_unmeasured
from behavior.errors import PoseError, VideoError
from behavior.files.ethograms import read_annotation
from behavior.files.feature_sources import hash_file
from behavior.files.finetuned_weights import SeenRecording
from behavior.learning.annotator import open_annotator
from behavior.learning.new_recordings import annotate_individuals


def test_one_video_is_annotated_without_a_file(demo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    annotator = open_annotator(demo.model, cache=demo.study.parent / "cache")
    (annotation,) = annotate_individuals(annotator, demo.study.parent / "videos" / "mouse_04.mp4")
    written = read_annotation(demo.ethograms / "mouse_04_ethogram.csv")
    assert np.array_equal(annotation.probabilities.values, written.probabilities.values)
    assert annotation.provenance.video == written.provenance.video
    assert list(tmp_path.iterdir()) == []


def test_one_video_that_cannot_be_annotated_raises(demo, tmp_path):
    annotator = open_annotator(demo.model, cache=tmp_path)
    with pytest.raises(VideoError, match="no such video"):
        annotate_individuals(annotator, tmp_path / "none.mp4")
    (tmp_path / "alone.mp4").write_bytes(b"")
    with pytest.raises(PoseError, match="found no pose"):
        annotate_individuals(annotator, tmp_path / "alone.mp4")


def test_an_ethogram_says_which_frames_were_not_measured(run, demo, tmp_path, monkeypatch):
    name = "mouse_04"
    for path in (demo.study.parent / "videos").glob(f"{name}*"):
        if "labels" not in path.name:
            shutil.copy(path, tmp_path)
    pose = next(tmp_path.glob("*.csv"))
    table = pd.read_csv(pose, header=[0, 1, 2], index_col=0)
    likelihoods = [column for column in table.columns if column[2] == "likelihood"]
    table = table.interpolate(limit_direction="both")
    table.loc[:, likelihoods] = 1.0
    table.loc[100:149, likelihoods] = 0.0
    table.to_csv(pose)
    monkeypatch.chdir(tmp_path)
    ran = run("annotate", demo.model, f"{name}.mp4", "--out", "e")
    assert ran.status == 0, ran.err
    assert "warning: mouse_04: 50 of 400 frames are not measured, the longest stretch of them 5.0 s from frame 100" in ran.err
    side = tmp_path / "e" / f"{name}_ethogram.json"
    provenance = json.loads(side.read_text())
    assert provenance["not_measured"] == {"frames": 50, "spans": [[100, 150]]}
    assert provenance["video"] == str((tmp_path / f"{name}.mp4").resolve())
    assert provenance["pose"] == str(pose.resolve())
    assert is_much_unmeasured(read_annotation(tmp_path / "e" / f"{name}_ethogram.csv"))

    # As earlier versions wrote it, seen from another folder.
    side.write_text(json.dumps({**provenance, "video": f"{name}.mp4"}))
    monkeypatch.chdir(tmp_path / "e")
    assert run("annotate", demo.model, tmp_path / f"{name}.mp4", "--out", tmp_path / "e").status == 0
    ran = run("stats", tmp_path / "e", "--out", tmp_path / "s", "--no-figures")
    assert ran.status == 0, ran.err
    assert "more than 10 % of the frames are not measured: mouse_04." in ran.err


def test_a_recording_that_the_backbone_was_fine_tuned_on_was_learned_from(run, demo, tmp_path, monkeypatch):
    video = demo.study.parent / "videos" / "mouse_04.mp4"
    seen = SeenRecording("in_another_study", "fitted", hash_file(video), video.stat().st_size)
    for known, expected in (((), False), ((seen,), True)):
        monkeypatch.setattr("behavior.learning.opened_model.list_weights_seen", lambda weights, known=known: known)
        out = tmp_path / str(expected)
        assert run("annotate", demo.model, video, "--cache", tmp_path / "cache", "--out", out).status == 0
        assert read_annotation(out / "mouse_04_ethogram.csv").provenance.learned_from is expected


def test_a_model_is_refused_on_features_of_another_width(run, motifs, tmp_path):
    assert run("train", motifs, "--out", tmp_path / "model").status == 0
    shutil.rmtree(tmp_path / "cache")
    for path in (tmp_path / "features").iterdir():
        np.savez(path, features=np.zeros((240, 6)), fps=10)
    assert run("import-features", motifs, *sorted((tmp_path / "features").iterdir()), "--name", "motifs").status == 0
    ran = run("annotate", tmp_path / "model", "--study", motifs, "--out", tmp_path / "e")
    assert ran.status == 1
    assert "features 6 instead of 4" in ran.err
