"""Pose without videos, from `init` to `report`: what needs a picture says so, and the rest is done."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from pose_pairs import ANIMALS, FPS, N_FRAMES, plan_contact, write_pair_pose, write_pair_study

from behavior.cli import main
from behavior.compute.units import Work
from behavior.compute.where import Where
from behavior.files.ethograms import read_annotation
from behavior.files.manifest import read_manifest
from behavior.workflows import embed

# What the animals of the new recording are called.
NEW = ("m5", "m7")
OPTIONS = ("--fps", FPS, "--other", "m5", "--other", "m7")


def call(*arguments: object) -> None:
    """Run a command line as the installed program does; `run` is for one test only."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as caught:
        patch.setattr(sys, "argv", ["behavior", *map(str, arguments)])
        main()
    assert not caught.value.code, arguments


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study of three pairs, of its cross-validation and model, and of ethograms of a new pair."""
    folder = tmp_path_factory.mktemp("pairs")
    write_pair_study(folder / "pose", 3)
    (folder / "new").mkdir()
    write_pair_pose(folder / "new" / "q1DLC_net.csv", 50, names=NEW)
    study = folder / "pose" / "study.yaml"
    call("init", folder / "pose", "--fps", FPS)
    content = yaml.safe_load(study.read_text())
    content |= {"windows": {"length": 60}, "head": {"kind": "lstm", "layers": 1, "units": 8, "dropout": 0.1}}
    content["ensemble"]["members"][-1]["head"]["trees"] = 20
    content["training"] |= {"epochs": 6, "learning_rate": 0.02, "batch_size": 4, "patience": 6}
    assert content["pose"] == {"fps": FPS, "others": "nearest"}
    content["pose"]["others"] = list(ANIMALS)
    del content["sampling"]
    study.write_text(yaml.safe_dump(content))
    call("embed", study)
    call("crossval", study, "--out", folder / "crossval")
    call("train", study, "--crossval", folder / "crossval", "--out", folder / "model")
    call("annotate", folder / "model", folder / "new", *OPTIONS, "--out", folder / "ethograms")
    return folder


def test_what_several_workers_count_are_recordings(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nouns: list[str] = []

    def run_no_unit(work: Work, where: Where) -> list[Any]:
        nouns.append(work.noun)
        return []

    monkeypatch.setattr(embed, "run_units", run_no_unit)
    with pytest.raises(ValueError, match="zip"):
        embed.embed_study(made / "pose" / "study.yaml", where=Where(workers=2))
    assert nouns == ["recordings"]


def test_init_makes_a_study_of_pose_alone(made: Path) -> None:
    rows = read_manifest(made / "pose" / "recordings.csv")
    assert [(row.id, row.video) for row in rows[:3]] == [("p0_resident", None), ("p0_intruder", None), ("p1_resident", None)]
    content = yaml.safe_load((made / "pose" / "study.yaml").read_text())
    assert (content["streams"], content["pose"]["fps"], content["crop"]["body_axis"]) == (["pose"], FPS, ["tailbase", "nose"])


def test_check_shows_what_is_there_without_a_video(made: Path, run: Callable[..., Any]) -> None:
    ran = run("check", made / "pose" / "study.yaml", "--json")
    assert ran.status == 0, ran.out
    first = json.loads(ran.out)["rows"][0]
    assert (first["frames"], first["fps"], first["pose rows"], first["centre measured"]) == (N_FRAMES, FPS, N_FRAMES, 1)


def test_animals_of_one_pose_are_left_out_together(made: Path) -> None:
    assert sorted(set(pd.read_csv(made / "crossval" / "folds.csv")["fold"])) == ["p0", "p1", "p2"]


def test_what_the_animal_itself_does_not_show_is_predicted_from_the_other(made: Path) -> None:
    metrics = pd.read_csv(made / "crossval" / "metrics.csv")
    pooled = metrics[(metrics["recording"] == "pooled") & (metrics["metric"] == "average_precision")]["value"].item()
    # The resident wanders as it always does.
    assert pooled > 0.9
    truth = plan_contact(50)
    for name in NEW:
        annotation = read_annotation(made / "ethograms" / f"q1_{name}_ethogram.csv")
        assert annotation.provenance.others == NEW
        values = annotation.probabilities.values[:, 0]
        assert values[truth].mean() - values[~truth].mean() > 0.5


def test_ethograms_have_the_times_of_the_pose_and_name_it(made: Path) -> None:
    annotation = read_annotation(made / "ethograms" / "q1_m7_ethogram.csv")
    np.testing.assert_allclose(annotation.time_s, np.arange(N_FRAMES) / FPS, atol=1e-6)
    assert annotation.provenance.video is None
    assert annotation.provenance.pose == str((made / "new" / "q1DLC_net.csv").resolve())
    assert annotation.provenance.individual == "m7"


def test_what_follows_from_ethograms_needs_no_video(made: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    ethograms, study = made / "ethograms", made / "pose" / "study.yaml"
    # A table of the pair, found by the name that the pose's video would have.
    truth = (made / "pose" / "p0_labels.csv").read_text().replace("resident", "m5").replace("intruder", "m7")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "q1.csv").write_text(truth)
    for arguments in (
        ("stats", ethograms, "--out", tmp_path / "stats"),
        ("decide", ethograms, "--threshold", 0.4, "--out", tmp_path / "decided"),
        ("evaluate", ethograms, "--labels", tmp_path / "labels", "--out", tmp_path / "scores"),
        ("report", study, "--out", tmp_path / "report.html"),
        ("report", ethograms, "--out", tmp_path / "ethograms.html"),
        ("explain", ethograms, "--recording", "q1_m5", "--frame", 300, "--out", tmp_path / "why.png"),
    ):
        ran = run(*arguments)
        assert ran.status == 0, (arguments, ran.err)
    assert "there is no video" in (tmp_path / "ethograms.html").read_text()


def test_an_ethogram_is_made_again_from_the_same_pose_only(made: Path, run: Callable[..., Any], tmp_path: Path) -> None:
    again = ("annotate", made / "model", made / "new" / "q1DLC_net.csv", *OPTIONS, "--out", made / "ethograms")
    assert run(*again).status == 0
    other = tmp_path / "q1DLC_net.csv"
    other.write_bytes((made / "new" / "q1DLC_net.csv").read_bytes())
    ran = run("annotate", made / "model", other, *OPTIONS, "--out", made / "ethograms")
    assert ran.status == 1 and "from another video" in ran.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ("annotate", "model", "new/q1DLC_net.csv", "--other", "m5", "--other", "m7", "--out", "o"),
            "does not say how many frames a second it is of",
        ),
        (("annotate", "model", "new/q1DLC_net.csv", "--pose", "new/q1DLC_net.csv", "--out", "o"), "is a pose file itself"),
        (("annotate", "model", "new", "--fps", "50", "--other", "m5", "--other", "m7", "--out", "o"), "has 50 frames per second"),
        (("annotate", "model", "new", "--fps", "20", "--out", "o"), "has no individual 'resident', only m5, m7"),
        (("annotate", "model", "new", "--fps", "20", "--other", "m5", "--out", "o"), "expected one for each that the model was trained"),
        (("overlay", "ethograms", "--out", "o"), "it names no video; name the folder that has it with --videos, or draw without it"),
        (("finetune", "pose/study.yaml", "--out", "o.keras"), "has no video to embed"),
        (("init", "empty"), "found no video (such as .mp4, .avi or .mts) in it or below, and no pose file"),
    ],
)
def test_what_needs_more_says_so(made: Path, run: Callable[..., Any], arguments: tuple[str, ...], expected: str, tmp_path: Path) -> None:
    (made / "empty").mkdir(exist_ok=True)
    names = {"model", "new", "new/q1DLC_net.csv", "ethograms", "pose/study.yaml", "empty"}
    ran = run(
        *[made / word if word in names else tmp_path / word if word.startswith("o") and word != "overlay" else word for word in arguments]
    )
    assert ran.status in (1, 2)
    assert expected in ran.err


def test_a_stream_of_pictures_says_that_it_needs_them_and_pose_is_done(made: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    content = yaml.safe_load((made / "pose" / "study.yaml").read_text())
    content |= {"streams": ["motion", "pose"], "cache": str(tmp_path / "cache"), "recordings": str(made / "pose" / "recordings.csv")}
    study = tmp_path / "study.yaml"
    study.write_text(yaml.safe_dump(content))
    ran = run("check", study)
    assert ran.status == 1 and "p0_resident: has no video, which motion needs" in ran.out
    ran = run("embed", study)
    assert ran.status == 1 and "recording 'p0_resident' has no video to embed" in ran.err
    assert len(list((tmp_path / "cache").glob("*.pose-*.h5"))) == 6
