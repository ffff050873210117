"""Networks of the user's own, from a file to ethograms: embedded, trained on, and refused where they are another one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from network_samples import N_FEATURES, write_clip_network, write_onnx, write_openvino

from behavior.files.feature_cache import list_signatures, read_features
from behavior.files.video_writer import write_video

Run = Callable[..., Any]


N_FRAMES = 48


@pytest.fixture
def choose(tmp_path: Path) -> Callable[..., Path]:
    """Write a study file with a backbone, for videos of a picture that gets light and dark, and heads that are trained in no time."""
    shown = np.arange(N_FRAMES) // 8 % 2
    for name in ("train1", "train2", "train3", "new"):
        write_video(tmp_path / f"{name}.mkv", (np.full((32, 32, 3), 60 + 120 * one, dtype=np.uint8) for one in shown), fps=10, codec="ffv1")
        (tmp_path / f"{name}.csv").write_text("frame,light\n" + "".join(f"{frame},{one}\n" for frame, one in enumerate(shown)))
    rows = [f"train{number},train{number}.mkv,train{number}.csv" for number in (1, 2, 3)]
    (tmp_path / "recordings.csv").write_text("\n".join(["recording,video,labels", *rows]) + "\n")

    def write(**backbone: Any) -> Path:
        content = {
            "behaviors": ["light"],
            "recordings": "recordings.csv",
            "crop": {"whole_frame": True},
            "backbone": backbone,
            "windows": {"length": 8},
            "head": {"kind": "lstm", "layers": 1, "units": 4},
            "training": {"epochs": 1},
        }
        (tmp_path / "study.yaml").write_text(yaml.safe_dump(content))
        return tmp_path / "study.yaml"

    return write


def read_one(study: Path) -> Any:
    folder = study.parent / "cache"
    (path,) = folder.glob("train1.file-*.h5")
    return read_features(path)


def test_a_network_in_a_file_embeds_and_a_model_on_it_refuses_another(run: Run, choose: Callable[..., Path]) -> None:
    study = choose(name="file", weights="net.xml", pooling="both", preprocessing="torch", precision="float32")
    weights = write_openvino(study.parent / "net.xml", ending="tokens")
    ran = run("embed", study)
    assert ran.status == 0, ran.err
    found = read_one(study)
    assert found.features.shape[1] == 2 * N_FEATURES
    settings = found.signature.settings
    assert (settings["backbone"], settings["pooling"], settings["input_size"]) == ("file", "both", 16)
    assert settings["preprocessing"] == "torch, RGB, area"
    # The largest of the patches is nowhere below their mean.
    assert (found.features[:, :N_FEATURES] >= found.features[:, N_FEATURES:] - 0.05).all()
    assert list_signatures(study.parent / "cache", "train1", "file") == [found.signature]

    ran = run("train", study, "--out", study.parent / "model")
    assert ran.status == 0, ran.err
    annotate = ["annotate", study.parent / "model", study.parent / "new.mkv", "--out", study.parent / "out"]
    ran = run(*annotate)
    assert ran.status == 0, ran.err
    write_openvino(weights, ending="tokens", n_first=2)
    ran = run(*annotate)
    assert ran.status == 1
    assert "was trained on features that its backbone does not give any more (weights" in ran.err


def test_another_pooling_is_other_features(run: Run, choose: Callable[..., Path]) -> None:
    study = choose(name="file", weights="net.xml", pooling="mean", precision="float32")
    write_openvino(study.parent / "net.xml", ending="tokens")
    assert run("embed", study).status == 0
    choose(name="file", weights="net.xml", pooling="cls", precision="float32")
    ran = run("crossval", study, "--out", study.parent / "cv")
    assert ran.status != 0
    assert "run `behavior embed" in ran.err


def test_an_onnx_file_embeds(run: Run, choose: Callable[..., Path]) -> None:
    study = choose(name="file", weights="net.onnx", preprocessing={"mean": [0.5] * 3, "std": [0.25] * 3}, precision="float32")
    write_onnx(study.parent / "net.onnx")
    ran = run("embed", study)
    assert ran.status == 0, ran.err
    found = read_one(study)
    assert found.features.shape[1] == N_FEATURES
    assert np.isfinite(found.features).all()
    assert found.signature.settings["preprocessing"] == "mean 0.5 0.5 0.5, spread 0.25 0.25 0.25, RGB, area"


@pytest.mark.parametrize(("pick", "offset"), [(0, -4), (2, 0), (3, 2)])
def test_a_clip_is_around_the_frame_that_it_gives_a_vector_of(run: Run, choose: Callable[..., Path], pick: int, offset: int) -> None:
    study = choose(name="file", weights="net.xml", clip={"stride": 2}, precision="float32", batch_size=7)
    write_clip_network(study.parent / "net.xml", pick=pick)
    ran = run("embed", study)
    assert ran.status == 0, ran.err
    found = read_one(study)
    settings = found.signature.settings
    assert (settings["clip_frames"], settings["clip_stride"]) == (4, 2)
    brightness = 60 + 120 * (np.arange(N_FRAMES) // 8 % 2)
    shown = np.clip(np.arange(N_FRAMES) + offset, 0, N_FRAMES - 1)
    np.testing.assert_allclose(found.features, np.repeat(brightness[shown][:, None], 3, axis=1), atol=2)


def test_with_sampling_a_clip_is_of_sampled_frames(run: Run, choose: Callable[..., Path]) -> None:
    study = choose(name="file", weights="net.xml", precision="float32")
    content = yaml.safe_load(study.read_text())
    study.write_text(yaml.safe_dump({**content, "sampling": {"fps": 5}}))
    write_clip_network(study.parent / "net.xml", pick=0)
    ran = run("embed", study)
    assert ran.status == 0, ran.err
    found = read_one(study)
    assert found.frames.tolist() == list(range(0, N_FRAMES, 2))
    brightness = 60 + 120 * (np.arange(N_FRAMES) // 8 % 2)[::2]
    shown = np.clip(np.arange(len(brightness)) - 2, 0, None)
    np.testing.assert_allclose(found.features[:, 0], brightness[shown], atol=2)


@pytest.mark.parametrize(
    ("ending", "backbone", "complaint"),
    [
        ("tokens", {}, "net.xml: its output has shape (None, 5, 6), expected one vector an image; choose pooling: mean, cls or both"),
        ("sum", {}, "net.xml: gives an array of shape (4, 6) for two images, expected one vector each"),
        (
            "vector",
            {"pooling": "cls"},
            "net.xml: gives one vector an image, so that pooling: cls has nothing to choose from; leave it out.",
        ),
        ("vector", {"engine": "keras"}, "engine: keras cannot run a network of another library; choose engine: openvino, or auto."),
        ("vector", {"input_size": 32}, "net.xml: takes images of 16 x 16 pixels, found input_size: 32; leave input_size out."),
    ],
)
def test_what_gives_no_vector_is_one_sentence(
    run: Run, choose: Callable[..., Path], ending: str, backbone: dict[str, Any], complaint: str
) -> None:
    study = choose(name="file", weights="net.xml", precision="float32", **backbone)
    write_openvino(study.parent / "net.xml", ending=ending)
    ran = run("embed", study)
    assert ran.status in (1, 2)
    assert complaint in " ".join(ran.err.split())
    assert not list((study.parent / "cache").glob("*.file-*"))
