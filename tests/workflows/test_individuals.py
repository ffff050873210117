"""Several animals of one video, from `init` to `report`: each has its own ethogram, and its labels are its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import yaml

from behavior.cli import main
from behavior.files.ethograms import read_annotation
from behavior.files.manifest import read_manifest
from behavior.files.pose import write_deeplabcut
from behavior.files.video_writer import write_video
from behavior.recording import Track

N_FRAMES, FPS = 160, 10
ANIMALS = ("left", "right 1")
Truth = npt.NDArray[np.bool_]


def plan(seed: int) -> Truth:
    """When each of the animals flashes, (T, 2): bouts of 12 frames, at other times for each."""
    rng = np.random.default_rng(seed)
    shown = np.repeat(rng.random((N_FRAMES // 20, 2)) < 0.5, 20, axis=0)
    shown[:20], shown[20:40] = (True, False), (False, True)
    return np.where((np.arange(N_FRAMES) % 20 < 12)[:, None], shown, False)


def place(seed: int) -> npt.NDArray[np.float64]:
    """Where the animals are, (T, 2, 2)."""
    time = np.arange(N_FRAMES)[:, None] / 15 + seed + np.array([0.0, 2.0])
    return np.stack((np.array([35.0, 110.0]) + 12 * np.cos(time), 45 + 15 * np.sin(1.3 * time)), axis=2)


def draw(places: npt.NDArray[np.float64], flashes: Truth) -> npt.NDArray[np.uint8]:
    picture = np.full((96, 144, 3), 90, dtype=np.uint8)
    for (x, y), is_bright in zip(places.round().astype(int).tolist(), flashes.tolist(), strict=True):
        cv2.circle(picture, (x, y), 9, (250,) * 3 if is_bright else (30,) * 3, cv2.FILLED)
    return picture


def write_pair(folder: Path, name: str, seed: int, *, with_labels: bool) -> Truth:
    """Write a video of two animals, its multi-animal pose, and a table of bouts with a column for the animal; return the truth."""
    folder.mkdir(exist_ok=True)
    truth, places = plan(seed), place(seed)
    write_video(folder / f"{name}.mp4", map(draw, places, truth), fps=FPS)
    likelihoods = np.ones((N_FRAMES, 1))
    # What a tracker only predicts is not measured.
    likelihoods[100:130] = 0.3
    tracks = {
        animal: Track(places[:, [index]], likelihoods if animal == "left" else np.ones((N_FRAMES, 1)), ("centroid",))
        for index, animal in enumerate(ANIMALS)
    }
    write_deeplabcut(folder / f"{name}DLC_net_el.csv", tracks, scorer="DLC_net")
    if with_labels:
        rows = ["behavior,start_frame,stop_frame,subject"]
        for index, animal in enumerate(("Left", "right_1")):
            edges = np.flatnonzero(np.diff(np.concatenate(([0], truth[:, index].astype(int), [0])))).reshape(-1, 2)
            rows += [f"flash,{start},{stop},{animal}" for start, stop in edges.tolist()]
        (folder / f"{name}_labels.csv").write_text("\n".join(rows) + "\n")
    return truth


def call(*arguments: object) -> None:
    """Run a command line as the installed program does; `run` is for one test only."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as caught:
        patch.setattr(sys, "argv", ["behavior", *map(str, arguments)])
        main()
    assert not caught.value.code, arguments


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study of three such videos, of the model that was trained on it, and of ethograms of a new video."""
    folder = tmp_path_factory.mktemp("pairs")
    for number in range(3):
        write_pair(folder / "videos", f"v{number}", number, with_labels=True)
    write_pair(folder / "new", "day2", 7, with_labels=True)
    study = folder / "videos" / "study.yaml"
    call("init", folder / "videos", "--backbone", "openfield")
    content = yaml.safe_load(study.read_text())
    content["crop"]["size"] = 32
    content |= {"windows": {"length": 40}, "head": {"kind": "lstm", "layers": 1, "units": 8, "dropout": 0.1}}
    content["ensemble"]["members"][-1]["head"]["trees"] = 20
    content["training"] |= {"epochs": 12, "learning_rate": 0.02, "batch_size": 4, "patience": 12}
    study.write_text(yaml.safe_dump(content))
    call("check", study)
    call("embed", study)
    call("crossval", study, "--out", folder / "crossval")
    call("train", study, "--crossval", folder / "crossval", "--out", folder / "model")
    call("annotate", folder / "model", folder / "new", "--out", folder / "ethograms")
    return folder


def test_each_row_has_its_own_labels(made: Path, run: Callable[..., Any]) -> None:
    rows = read_manifest(made / "videos" / "recordings.csv")
    assert [row.id for row in rows] == [f"v{number}_{animal}" for number in range(3) for animal in ("left", "right_1")]
    checked = json.loads(run("check", made / "videos" / "study.yaml", "--json").out)
    assert [row["flash"] for row in checked["rows"]] == pytest.approx(
        [share for number in range(3) for share in plan(number).mean(axis=0)], abs=1e-6
    )
    assert any("left was not found in 30 of 160 frames" in problem["message"] for problem in checked["problems"])


def test_a_video_is_left_out_with_all_its_animals(made: Path) -> None:
    folds = pd.read_csv(made / "crossval" / "folds.csv")
    assert sorted(set(folds["fold"])) == ["v0", "v1", "v2"]
    assert not any(watched.startswith(fold) for fold, watched in zip(folds["fold"], folds["watched"], strict=True))


def test_each_animal_of_a_new_video_has_the_ethogram_of_what_it_does(made: Path) -> None:
    truth = plan(7)
    assert sorted(path.name for path in (made / "ethograms").glob("*_ethogram.csv")) == [
        "day2_left_ethogram.csv",
        "day2_right_1_ethogram.csv",
    ]
    measured = np.ones(N_FRAMES, dtype=bool)
    for index, name in enumerate(("left", "right_1")):
        annotation = read_annotation(made / "ethograms" / f"day2_{name}_ethogram.csv")
        agreement = [float((annotation.ethogram.values[:, 0] == truth[:, other]).mean()) for other in (index, 1 - index)]
        assert agreement[0] > 0.85 and agreement[0] - agreement[1] > 0.2
        assert annotation.provenance.individual == ANIMALS[index]
        assert annotation.provenance.not_measured is not None
        assert annotation.provenance.not_measured.frames == (30 if name == "left" else 0)
    assert measured.all()


def test_one_animal_has_the_same_ethogram_alone(made: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    ran = run("annotate", made / "model", made / "new" / "day2.mp4", "--individual", "LEFT", "--out", tmp_path, "--json")
    assert ran.status == 0, ran.err
    assert [row["recording"] for row in json.loads(ran.out)["rows"]] == ["day2_left"]
    own = read_annotation(tmp_path / "day2_left_ethogram.csv")
    np.testing.assert_array_equal(
        own.probabilities.values, read_annotation(made / "ethograms" / "day2_left_ethogram.csv").probabilities.values
    )
    ran = run("annotate", made / "model", made / "new" / "day2.mp4", "--individual", "third", "--out", tmp_path)
    assert ran.status == 1
    assert "has no individual 'third', only left, right 1" in ran.err


def test_evaluate_finds_the_labels_of_each_in_the_file_of_the_video(made: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    ran = run("evaluate", made / "ethograms", "--labels", made / "new", "--out", tmp_path / "scores")
    assert ran.status == 0, ran.err
    metrics = pd.read_csv(tmp_path / "scores" / "metrics.csv")
    f1 = metrics[(metrics["metric"] == "f1") & metrics["recording"].str.startswith("day2")].set_index("recording")["value"]
    assert sorted(f1.index) == ["day2_left", "day2_right_1"]
    assert (f1 > 0.75).all()


def test_statistics_report_and_overlay_have_a_row_for_each_animal(made: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    groups = tmp_path / "groups.csv"
    groups.write_text("recording,animal,group\nday2_left,M1,drug\nday2_right_1,M2,saline\n")
    ran = run("stats", made / "ethograms", "--groups", groups, "--out", tmp_path / "stats")
    assert ran.status == 0, ran.err
    bouts = pd.read_csv(tmp_path / "stats" / "statistics.csv")
    shown = bouts[bouts["metric"] == "bout_count"][["recording", "group", "animal"]].drop_duplicates()
    assert shown.to_numpy().tolist() == [["day2_left", "drug", "M1"], ["day2_right_1", "saline", "M2"]]
    ran = run("report", made / "ethograms", "--out", tmp_path / "report.html")
    assert ran.status == 0, ran.err
    page = (tmp_path / "report.html").read_text()
    assert "day2_left" in page and "day2_right_1" in page
    assert "1 video of 2 animals" in page
    ran = run("overlay", made / "ethograms", "--stop", "2s", "--out", tmp_path / "overlays")
    assert ran.status == 0, ran.err
    assert sorted(path.name for path in (tmp_path / "overlays").glob("*.mp4")) == ["day2_left_overlay.mp4", "day2_right_1_overlay.mp4"]
