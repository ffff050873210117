"""From a rendered video to scores and ethograms, through the commands."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml

from behavior.files.ethograms import read_annotation
from behavior.files.feature_cache import read_features
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import read_labels
from behavior.files.video import summarize_video
from behavior.recording import Frames

BEHAVIORS = ["grooming", "mid_rearing", "wall_rearing"]
RECORDINGS = ["mouse_01", "mouse_02", "mouse_03", "mouse_04"]


def cache_files(folder):
    return sorted(folder.glob("*.h5"))


def test_the_table_of_scores_is_long_and_says_over_how_many_recordings_a_mean_is(demo):
    table = pd.read_csv(demo.crossval / "metrics.csv")
    assert list(table.columns) == ["recording", "behavior", "metric", "value", "low", "high"]
    assert list(dict.fromkeys(table["recording"])) == [*RECORDINGS[:3], "pooled", "mean"]
    assert {"accuracy", "precision", "recall", "f1", "average_precision", "prevalence"} <= set(table["metric"])
    counted = table[(table["recording"] == "mean") & (table["metric"] == "recordings_with_recall")]
    assert (counted["value"] <= 3).all()


def test_every_fold_watched_a_recording_that_it_neither_learned_from_nor_scored(demo):
    folds = pd.read_csv(demo.crossval / "folds.csv")
    assert len(folds) == 9
    watched = folds[folds["watched"].notna()]
    assert len(watched)
    assert (watched["watched"] != watched["fold"]).all()
    assert set(watched["watched"]) <= set(RECORDINGS[:3])


def test_ethograms_have_a_row_for_every_frame_at_its_own_time(demo):
    for name in RECORDINGS:
        annotation = read_annotation(demo.ethograms / f"{name}_ethogram.csv")
        summary = summarize_video(demo.study.parent / "videos" / f"{name}.mp4")
        np.testing.assert_array_equal(annotation.time_s, summary.time_s)
        assert annotation.behaviors == tuple(BEHAVIORS)


def test_bouts_are_those_of_the_ethogram_in_frames_and_seconds(demo):
    table = pd.read_csv(demo.ethograms / "mouse_04_bouts.csv")
    expected = ["recording", "behavior", "start_frame", "stop_frame", "start_s", "stop_s", "duration_s", "mean_prob"]
    assert list(table.columns) == expected
    annotation = read_annotation(demo.ethograms / "mouse_04_ethogram.csv")
    frames = (table["stop_frame"] - table["start_frame"]).sum()
    assert frames == annotation.ethogram.values.sum()
    np.testing.assert_allclose(table["duration_s"], (table["stop_frame"] - table["start_frame"]) / 10, atol=1e-6)


def test_the_ethogram_says_where_it_comes_from(demo):
    provenance = json.loads((demo.ethograms / "mouse_04_ethogram.json").read_text())
    assert provenance["video"].endswith("mouse_04.mp4")
    assert provenance["learned_from"] is False
    assert json.loads((demo.ethograms / "mouse_01_ethogram.json").read_text())["learned_from"] is True
    assert {"model", "features", "postprocess", "versions", "body_parts"} <= set(provenance)


def test_the_bundle_holds_what_annotating_needs(demo):
    bundle = yaml.safe_load((demo.model / "bundle.yaml").read_text())
    assert bundle["behaviors"] == BEHAVIORS
    assert bundle["fps"] == pytest.approx(10)
    assert bundle["crop"]["body_part"] == "midbody"
    assert bundle["training"]["recordings"] == RECORDINGS[:3]
    assert set(bundle["training"]["epochs"]) == set(BEHAVIORS)


def test_a_video_alone_gets_the_same_ethogram_as_in_its_study(run, demo, tmp_path):
    video = demo.study.parent / "videos" / "mouse_04.mp4"
    ran = run("annotate", demo.model, video, "--out", tmp_path)
    assert ran.status == 0, ran.err
    assert "frames/s" in ran.out
    np.testing.assert_array_equal(
        read_annotation(tmp_path / "mouse_04_ethogram.csv").probabilities.values,
        read_annotation(demo.ethograms / "mouse_04_ethogram.csv").probabilities.values,
    )


def test_what_is_embedded_is_kept(run, demo):
    files = {path: path.stat().st_mtime_ns for path in cache_files(demo.study.parent / "cache")}
    ran = run("embed", demo.study, "--json")
    assert ran.status == 0
    assert [row["features"] for row in json.loads(ran.out)["rows"]] == ["was there"] * 4
    assert {path: path.stat().st_mtime_ns for path in files} == files


def test_the_same_recording_embedded_twice_gives_the_same_features(run, study_copy, demo):
    first = cache_files(demo.study.parent / "cache")[0]
    shutil.rmtree(study_copy.parent / "cache")
    assert run("embed", study_copy).status == 0
    again = study_copy.parent / "cache" / first.name
    for name in ("features", "centers", "time_s"):
        np.testing.assert_array_equal(getattr(read_features(first), name), getattr(read_features(again), name))


def test_a_changed_pose_makes_the_features_anew(run, study_copy):
    pose = next((study_copy.parent / "videos").glob("mouse_02DLC*.csv"))
    lines = pose.read_text().splitlines()
    lines[50] = lines[51].replace(lines[51].split(",")[0], lines[50].split(",")[0], 1)
    pose.write_text("\n".join(lines) + "\n")
    rows = json.loads(run("embed", study_copy, "--json").out)["rows"]
    assert {row["recording"]: row["features"] for row in rows} == {
        "mouse_01": "was there",
        "mouse_02": "embedded",
        "mouse_03": "was there",
        "mouse_04": "was there",
    }


def test_decide_cleans_again_without_a_model(run, demo, tmp_path):
    ran = run("decide", demo.ethograms, "--threshold", "0.9", "--closing", "0.5s", "--min-bout", "2", "--out", tmp_path)
    assert ran.status == 0, ran.err
    before = read_annotation(demo.ethograms / "mouse_04_ethogram.csv")
    after = read_annotation(tmp_path / "mouse_04_ethogram.csv")
    np.testing.assert_array_equal(after.probabilities.values, before.probabilities.values)
    np.testing.assert_array_equal(after.raw.values, before.probabilities.values >= np.float32(0.9))
    settings = json.loads((tmp_path / "mouse_04_ethogram.json").read_text())["postprocess"]
    assert settings["closing_s"] == dict.fromkeys(BEHAVIORS, 0.5)
    assert settings["min_bout_frames"] == dict.fromkeys(BEHAVIORS, 2)


def test_decide_changes_only_the_behavior_that_is_named(run, demo, tmp_path):
    assert run("decide", demo.ethograms / "mouse_04_ethogram.csv", "--threshold", "grooming=0", "--out", tmp_path).status == 0
    before = read_annotation(demo.ethograms / "mouse_04_ethogram.csv")
    after = read_annotation(tmp_path / "mouse_04_ethogram.csv")
    assert after.ethogram.values[:, 0].all()
    np.testing.assert_array_equal(after.ethogram.values[:, 1:], before.ethogram.values[:, 1:])


def test_evaluate_gives_the_scores_that_train_gave(run, demo, tmp_path):
    alone = tmp_path / "alone"
    alone.mkdir()
    for ending in ("ethogram.csv", "ethogram.json", "bouts.csv"):
        shutil.copy(demo.ethograms / f"mouse_04_{ending}", alone)
    ran = run("evaluate", alone, "--labels", demo.study.parent / "videos", "--out", tmp_path / "scores")
    assert ran.status == 0, ran.err
    columns = ["recording", "behavior", "metric", "value"]
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "scores" / "metrics.csv")[columns], pd.read_csv(demo.model / "metrics.csv")[columns], atol=1e-5
    )


def test_the_scores_of_a_summary_can_be_worked_out_from_the_predictions(demo):
    """Out-of-fold probabilities against the labels on disk give the table's numbers again."""
    from sklearn.metrics import average_precision_score

    table = pd.read_csv(demo.crossval / "metrics.csv").set_index(["recording", "behavior", "metric"])["value"]
    truth, said = [], []
    for name in RECORDINGS[:3]:
        predictions = pd.read_csv(demo.crossval / "predictions" / f"{name}.csv")
        request = LabelRequest(tuple(BEHAVIORS), Frames(len(predictions)))
        labels, _ = read_labels(demo.study.parent / "videos" / f"{name}_labels.csv", request)
        truth.append(labels.values[:, 1])
        said.append(predictions["mid_rearing_prob"].to_numpy())
    kept = ~np.isnan(np.concatenate(said))
    expected = average_precision_score(np.concatenate(truth)[kept], np.concatenate(said)[kept])
    assert table["pooled", "mid_rearing", "average_precision"] == pytest.approx(expected, abs=1e-6)


def test_check_finds_nothing_wrong_with_a_rendered_study(run, demo):
    ran = run("check", demo.study, "--json")
    assert ran.status == 0
    report = json.loads(ran.out)
    assert not [problem for problem in report["problems"] if problem["error"]]
    assert [row["frames"] for row in report["rows"]] == [400] * 4


def test_init_pairs_what_the_demo_rendered(run, demo, tmp_path):
    folder = tmp_path / "videos"
    shutil.copytree(demo.study.parent / "videos", folder)
    ran = run("init", folder, "--backbone", "openfield")
    assert ran.status == 0, ran.err
    study = yaml.safe_load((folder / "study.yaml").read_text())
    assert study["behaviors"] == BEHAVIORS
    assert study["crop"]["body_part"] == "midbody"
    manifest = pd.read_csv(folder / "recordings.csv")
    assert list(manifest["recording"]) == RECORDINGS
    assert manifest[["video", "pose", "labels"]].notna().all().all()
    assert run("check", folder / "study.yaml").status == 0
    again = run("init", folder)
    assert again.status == 1
    assert "never written over" in again.err
