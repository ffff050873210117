"""Public benchmarks become studies of pose alone, from files that are built as their authors describe them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import lay_out_benchmark as script
import numpy as np
import pytest

from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import read_labels
from behavior.files.pose import read_pose
from behavior.files.study import open_study
from behavior.recording import Frames

RNG = np.random.default_rng(0)


def make_calms21(sequence: str, classes: list[int]) -> dict[str, Any]:
    return {
        "annotator-id_0": {
            sequence: {
                "keypoints": RNG.uniform(0, 500, (len(classes), 2, 2, 7)),
                "scores": np.full((len(classes), 2, 7), 0.75),
                "annotations": np.array(classes),
                "metadata": {"fps": 30.0, "num_frames": len(classes), "vocab": {"attack": 0, "investigation": 1, "mount": 2, "other": 3}},
            }
        }
    }


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["x", *map(str, arguments)])
    script.main()


def test_calms21_in_both_layouts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = make_calms21("task1/train/mouse001", [3, 3, 0, 0, 1, 3]), make_calms21("task1/test/mouse071", [2, 3, 3, 3])
    np.save(tmp_path / "train.npy", train, allow_pickle=True)
    (tmp_path / "test.json").write_text(json.dumps(test, default=lambda values: values.tolist()))
    out = tmp_path / "study"
    run(monkeypatch, tmp_path / "train.npy", "--test", tmp_path / "test.json", "--out", out)
    study, recordings = open_study(out / "study.yaml")
    assert [(one.id, one.split, one.individual, one.fps) for one in recordings] == [
        ("mouse001", "train", "resident", 30.0),
        ("mouse071", "test", "resident", 30.0),
    ]
    assert (study.behaviors, study.pose.others) == (["attack", "investigation", "mount"], ["intruder"])
    for one, content, name in zip(recordings, (train, test), ("task1/train/mouse001", "task1/test/mouse071"), strict=True):
        stored = content["annotator-id_0"][name]
        assert one.pose is not None
        for number, animal in enumerate(("resident", "intruder")):
            track = read_pose(one.pose, individual=animal)
            np.testing.assert_allclose(track.positions, stored["keypoints"][:, number].transpose(0, 2, 1))
            np.testing.assert_allclose(track.likelihoods, 0.75)
        shown = read_labels(one.labels[""], LabelRequest(tuple(study.behaviors), Frames(len(track))))[0]
        np.testing.assert_array_equal(shown.values, stored["annotations"][:, None] == np.arange(3))


def test_mabe22(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keypoints = RNG.integers(1, 800, (5, 3, 12, 2)).astype(np.float32)
    keypoints[2, 1, 4] = 0
    annotations = np.array([[0, 1, 1, 0, np.nan], [1, 1, 1, 1, 1]])
    content = {"vocabulary": ["chases", "lights"], "sequences": {"AB12": {"keypoints": keypoints, "annotations": annotations}}}
    np.save(tmp_path / "user_train.npy", content, allow_pickle=True)
    run(monkeypatch, tmp_path / "user_train.npy", "--out", tmp_path / "study")
    study, (recording,) = open_study(tmp_path / "study" / "study.yaml")
    assert (study.behaviors, study.pose.others, recording.individual) == (["chases", "lights"], ["mouse2", "mouse3"], "mouse1")
    assert recording.pose is not None
    second = read_pose(recording.pose, individual="mouse2")
    assert np.isnan(second.positions[2, 4]).all()
    assert second.likelihoods[2, 4] == 0
    np.testing.assert_allclose(second.positions[3], keypoints[3, 1])
    shown = read_labels(recording.labels[""], LabelRequest(("chases", "lights"), Frames(5)))[0]
    np.testing.assert_array_equal(shown.values, [[0, 1], [1, 1], [1, 1], [0, 1], [-1, 1]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (make_calms21("a/..", [0]), "cannot be the name of a file"),
        ({"sequences": {}, "vocabulary": []}, "no sequence is there"),
        (
            {"sequences": {"a": {"keypoints": np.zeros((4, 2, 12, 2))}}, "vocabulary": ["x"]},
            r"shape \(4, 2, 12, 2\), expected \(frames, 3, 12, 2\)",
        ),
        ({"a": 3}, "laid out in another way"),
    ],
)
def test_what_is_laid_out_otherwise_is_said(tmp_path: Path, content: dict[str, Any], message: str) -> None:
    path = tmp_path / "file.npy"
    np.save(path, content, allow_pickle=True)
    with pytest.raises(script.LayoutError, match=message) as caught:
        script.lay_out([path], [], tmp_path / "study")
    assert str(path) in str(caught.value)
    assert not (tmp_path / "study" / "study.yaml").exists()
