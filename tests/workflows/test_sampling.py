"""Fewer frames than the videos have: a study of three rates from `init` to ethograms of every frame, and what bad input gets."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from video_samples import VideoSample

from behavior.files.feature_cache import read_features
from behavior.files.model_bundle import format_bundle, read_bundle
from behavior.learning.crossval_files import name_predictions
from behavior.synthetic.study import write_study_files

# Recording by frame rate; each lasts 40 seconds.
RATES = {"mouse_10": 10, "mouse_25": 25, "mouse_30": 30}
SECONDS = 40
SETTINGS = {
    "backbone": {"name": "openfield", "weights": "packaged"},
    "crop": {"body_part": "midbody", "size": 56},
    "windows": {"length_s": 6},
    "head": {"kind": "lstm", "layers": 1, "units": 4, "share": True},
    "training": {"epochs": 2, "batch_size": 4, "learning_rate": 0.01},
    # The members that `init` writes, with few trees.
    "ensemble": {
        "combine": "log_odds",
        "members": [{}, {"streams": ["pose"]}, {"head": {"kind": "boosting", "trees": 5}, "streams": ["motion", "pose"]}],
    },
    "postprocess": {"closing_s": 0.4, "min_bout_s": 0.3},
}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of videos, poses and labels of three frame rates, small pictures."""
    folder = tmp_path_factory.mktemp("rates")
    for seed, (name, fps) in enumerate(RATES.items()):
        (files,) = write_study_files(folder / name, n_recordings=1, n_frames=SECONDS * fps, seed=seed, fps=fps, size=160)
        for path in (files.video, files.pose, files.labels):
            path.rename(folder / path.name.replace(files.name, name))
        (folder / name).rmdir()
    return folder


@pytest.fixture
def folder(rendered: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(rendered, tmp_path / "study"))


def change(study: Path, **sections: object) -> None:
    content = yaml.safe_load(study.read_text()) | sections
    study.write_text(yaml.safe_dump({name: values for name, values in content.items() if values is not None}))


@pytest.mark.slow
def test_a_study_of_three_rates_goes_from_init_to_ethograms_of_every_frame(run, folder):
    ran = run("init", folder)
    assert ran.status == 0, ran.err
    assert "Videos have 10 to 30 frames per second, of which 10 are used" in ran.out + ran.err
    study = folder / "study.yaml"
    content = yaml.safe_load(study.read_text())
    assert (content["sampling"], content["windows"]) == ({"fps": 10}, {"length_s": 30})
    assert [member.get("streams") for member in content["ensemble"]["members"]] == [
        member.get("streams") for member in SETTINGS["ensemble"]["members"]
    ]
    change(study, **SETTINGS)
    for command in (
        ("check", study),
        ("embed", study),
        ("crossval", study, "--out", folder / "crossval"),
        ("train", study, "--crossval", folder / "crossval", "--out", folder / "model"),
        ("annotate", folder / "model", "--study", study, "--out", folder / "ethograms"),
        ("report", study, "--crossval", folder / "crossval", "--model", folder / "model", "--out", folder / "report.html"),
    ):
        ran = run(*command)
        assert ran.status == 0, (command, ran.err)
    for name, fps in RATES.items():
        (path,) = (folder / "cache").glob(f"{name}.openfield-*.h5")
        features = read_features(path)
        assert features.n_frames == SECONDS * fps
        assert abs(len(features.features) - SECONDS * 10) <= 1
        for path in (folder / "ethograms" / f"{name}_ethogram.csv", folder / "crossval" / name_predictions(name)):
            ethogram = pd.read_csv(path)
            assert len(ethogram) == SECONDS * fps
            np.testing.assert_allclose(ethogram["time_s"], np.arange(SECONDS * fps) / fps, atol=2e-3)
    explained = ("explain", folder / "ethograms", "--recording", "mouse_30", "--frame", 605, "--behavior", "grooming", "--study", study)
    for command in (
        (*explained, "--out", folder / "why.png", "--json"),
        ("decide", folder / "ethograms", "--closing", "0.5s", "--out", folder / "decided"),
        ("stats", folder / "decided", "--study", study, "--out", folder / "statistics"),
        ("evaluate", folder / "decided", "--labels", folder, "--study", study, "--out", folder / "scores"),
        ("overlay", folder / "ethograms", "--stop", "1s", "--out", folder / "talk"),
    ):
        ran = run(*command)
        assert ran.status == 0, (command, ran.err)
        if command[0] == "explain":
            # Frame 605 lies between two frames that are sampled.
            shown = json.loads(ran.out)
            known = pd.read_csv(folder / "ethograms" / "mouse_30_ethogram.csv")
            assert shown["probability"] == pytest.approx(known["grooming_prob"][605], abs=2e-3)
            assert np.abs(shown["map"]["values"]).max() > 0
    provenance = json.loads((folder / "ethograms" / "mouse_30_ethogram.json").read_text())
    assert provenance["fps"] == pytest.approx(30)
    assert provenance["resampled"] is False
    bundle = read_bundle(folder / "model")
    assert bundle.sampling is not None
    assert (bundle.sampling.fps, bundle.fps, bundle.members[0].window_length) == (10, 10, 60)
    # A video of another rate than any that the model was trained on needs no option.
    shutil.copy(folder / next(folder.glob("mouse_30DLC*.csv")).name, folder / "new.csv")
    ran = run("annotate", folder / "model", folder / "mouse_30.mp4", "--pose", folder / "new.csv", "--out", folder / "new")
    assert ran.status == 0, ran.err
    text = (folder / "report.html").read_text()
    assert "the frames nearest to a grid of 10 frames per second were used" in text
    assert "gaps shorter than 0.4 s within a bout were closed" in text


def test_scores_are_of_every_labelled_frame(run, folder):
    """A frame table whose labels are of frames between those that are sampled is scored all the same."""
    ran = run("init", folder)
    study = folder / "study.yaml"
    change(study, **SETTINGS)
    assert run("embed", study).status == 0
    assert run("crossval", study, "--out", folder / "crossval").status == 0
    metrics = pd.read_csv(folder / "crossval" / "metrics.csv")
    archive = np.load(folder / "crossval" / "out_of_fold.npz")
    assert sorted(len(archive[name]) for name in archive.files if archive[name].ndim == 2) == [400, 1000, 1200]
    assert len(metrics[(metrics["recording"] == "pooled") & (metrics["metric"] == "average_precision")]) == 3
    assert ran.status == 0


def test_rates_that_differ_are_refused_without_sampling_and_the_key_is_named(run, folder):
    assert run("init", folder).status == 0
    study = folder / "study.yaml"
    change(study, **SETTINGS | {"sampling": None})
    ran = run("check", study)
    assert ran.status == 1
    assert "sampling: {fps: 10}" in " ".join((ran.out + ran.err).split())
    assert run("embed", study).status == 0
    ran = run("crossval", study, "--out", folder / "crossval")
    assert ran.status == 2
    assert "add sampling: {fps: 10} to the study file" in ran.err
    change(study, sampling={"fps": 10})
    assert run("check", study).status == 0


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"fps": 0}, "sampling.fps is 0"),
        ({"fps": -5}, "sampling.fps is -5"),
        ({"fps": "ten"}, "sampling.fps is 'ten'"),
        ({}, "'sampling.fps' is missing"),
        (10, "sampling is 10"),
        ({"fps": 10, "every": 3}, "every"),
    ],
)
def test_a_sampling_that_means_nothing_is_refused(run, study_copy, value, sentence):
    change(study_copy, sampling=value)
    for command in (("check", study_copy), ("embed", study_copy)):
        ran = run(*command)
        assert ran.status == 2
        assert sentence in ran.err
        assert "Traceback" not in ran.err


def test_more_frames_than_the_video_has_are_said_and_each_is_used_once(run, study_copy):
    change(study_copy, sampling={"fps": 25})
    ran = run("embed", study_copy)
    assert ran.status == 0
    assert "mouse_01" in ran.err
    assert "has 10 frames per second, fewer than sampling.fps 25; each of its frames is used once" in " ".join(ran.err.split())
    sampled = [path for path in (study_copy.parent / "cache").glob("mouse_01.openfield-*.h5") if read_features(path).frames is not None]
    assert [len(read_features(path).features) for path in sampled] == [400]
    assert run("check", study_copy).status == 0


def test_a_rate_that_changes_within_a_video_is_said_and_sampling_helps(run, study_copy):
    # The second half of the frames at half the rate.
    times_ms = [*range(0, 10_000, 50), *range(10_000, 30_000, 100)]
    path = VideoSample("changing.mkv", n_frames=400, times_ms=times_ms).write(study_copy.parent)
    table = pd.read_csv(study_copy.parent / "recordings.csv", dtype=str)
    table.loc[0, "video"] = str(path)
    table.to_csv(study_copy.parent / "recordings.csv", index=False)
    change(study_copy, crop={"whole_frame": True})
    ran = run("check", study_copy)
    assert "its frame rate changes from 20 to 10 a second, about at frame 200" in " ".join((ran.out + ran.err).split())
    change(study_copy, sampling={"fps": 5})
    ran = run("check", study_copy)
    assert ran.status == 0
    assert "its frame rate changes" not in ran.out + ran.err


def test_what_an_earlier_version_wrote_goes_on_as_it_is(run, demo, study_copy):
    """A study, a cache, a cross-validation and a model without the key: nothing is computed again, and nothing is said."""
    before = {path: path.stat().st_mtime_ns for path in (study_copy.parent / "cache").glob("*.h5")}
    ran = run("embed", study_copy)
    assert ran.status == 0
    assert {path: path.stat().st_mtime_ns for path in (study_copy.parent / "cache").glob("*.h5")} == before
    bundle = read_bundle(demo.model)
    assert bundle.sampling is None
    assert "sampling" not in format_bundle(bundle)
    assert "sampling" not in (demo.crossval / "study.yaml").read_text()
    assert "length_s" not in (demo.crossval / "study.yaml").read_text()
