"""What `init` makes of a folder as labs have them."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from behavior.files.pose import write_deeplabcut
from behavior.files.study import read_study
from behavior.files.video import write_video
from behavior.recording import Track

N_FRAMES = 4


def add_recording(folder: Path, name: str, *, labels: str | None = "grooming", body_parts=("nose", "midbody", "tail1")) -> None:
    write_video(folder / f"{name}.mp4", np.zeros((N_FRAMES, 16, 16, 3), dtype=np.uint8), fps=10)
    shape = (N_FRAMES, len(body_parts))
    track = Track(np.ones((*shape, 2)), np.ones(shape), tuple(body_parts))
    write_deeplabcut(folder / f"{name}DLC_resnet50_x.csv", track, scorer="DLC_x")
    if labels is not None:
        (folder / f"{name}_labels.csv").write_text(f"frame,{labels}\n" + "".join(f"{frame},0\n" for frame in range(N_FRAMES)))


def study_of(folder: Path):
    return yaml.safe_load((folder / "study.yaml").read_text())


def test_an_odd_spelling_is_noted_and_the_study_can_still_be_read(run, tmp_path):
    for name, behavior in (("a", "mid_rearing"), ("b", "mid_rearing"), ("c", "mid rearing"), ("d", "mid_raering")):
        add_recording(tmp_path, name, labels=behavior)
    ran = run("init", tmp_path)
    assert ran.status == 0
    assert "'mid rearing' in" in ran.err
    assert "spelt 'mid_rearing' elsewhere" in ran.err
    assert "'mid_raering' is only in" in ran.err
    assert "did you mean 'mid_rearing'?" in ran.err
    assert read_study(tmp_path / "study.yaml").behaviors == ["mid_rearing", "mid_raering"]


@pytest.mark.parametrize(
    ("body_parts", "chosen"),
    [
        (("nose", "midbody", "tail1"), "midbody"),
        (("Snout", "BodyCenter", "TailBase"), "BodyCenter"),
        (("snout", "leftear", "rightear", "tailbase", "tailtip"), ["leftear", "rightear", "tailbase"]),
        (("nose", "tail1"), ["nose", "tail1"]),
    ],
)
def test_crops_are_centred_on_the_middle_of_the_body(run, tmp_path, body_parts, chosen):
    add_recording(tmp_path, "a", body_parts=body_parts)
    assert run("init", tmp_path).status == 0
    assert study_of(tmp_path)["crop"]["body_part"] == chosen


def test_without_pose_whole_frames_are_embedded_and_without_labels_the_thesis_is_followed(run, tmp_path):
    write_video(tmp_path / "a.mp4", np.zeros((N_FRAMES, 16, 16, 3), dtype=np.uint8), fps=10)
    ran = run("init", tmp_path)
    assert study_of(tmp_path)["crop"] == {"whole_frame": True}
    assert study_of(tmp_path)["behaviors"] == ["grooming", "mid_rearing", "wall_rearing"]
    assert "No pose was found" in ran.err
    assert "No label file was found" in ran.err


def test_names_with_spaces_are_paired_and_made_safe(run, tmp_path):
    add_recording(tmp_path, "2024-03-01 WT m3", labels="on")
    ran = run("init", tmp_path, "--json")
    (row,) = json.loads(ran.out)["rows"]
    assert row["recording"] == "2024-03-01_WT_m3"
    assert None not in row.values()
    assert read_study(tmp_path / "study.yaml").behaviors == ["on"]


def test_squeezenet_says_that_its_weights_have_to_be_given(run, tmp_path):
    add_recording(tmp_path, "a")
    assert "correct weights: squeezenet.h5" in run("init", tmp_path, "--backbone", "squeezenet").err
