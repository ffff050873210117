"""Networks of timm and transformers, from a study file to features. Skipped where PyTorch is not installed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from behavior.files.feature_cache import read_features
from behavior.files.video_writer import write_video
from behavior.vision import torch_descriptions

Run = Callable[..., Any]
N_FRAMES = 12
WITH_TORCH = "is not installed (pip install 'behavior[torch]')"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a study of one video of noise with a backbone."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (N_FRAMES, 32, 32, 3), dtype=np.uint8)
    write_video(tmp_path / "a.mkv", iter(pictures), fps=10, codec="ffv1")
    (tmp_path / "a.csv").write_text("frame,light\n" + "".join(f"{frame},{frame % 2}\n" for frame in range(N_FRAMES)))
    (tmp_path / "recordings.csv").write_text("recording,video,labels\na,a.mkv,a.csv\n")

    def make(**backbone: Any) -> Path:
        content = {"behaviors": ["light"], "recordings": "recordings.csv", "crop": {"whole_frame": True}, "backbone": backbone}
        (tmp_path / "study.yaml").write_text(yaml.safe_dump(content))
        return tmp_path / "study.yaml"

    return make


def test_without_the_library_the_extra_is_named(run: Run, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from behavior.vision import torch_networks

    monkeypatch.setattr(torch_networks, "find_spec", lambda name: None)
    ran = run("embed", write(name="timm/resnet10t", weights="random"))
    assert ran.status == 1
    assert "backbone timm/resnet10t needs torch and timm, not installed here; run: pip install 'behavior[torch]'." in " ".join(
        ran.err.split()
    )


def test_check_downloads_nothing(run: Run, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a network was built")

    monkeypatch.setattr(torch_descriptions, "call_in_child", refuse)
    ran = run("check", write(name="timm/resnet10t"))
    assert "timm/resnet10t was not looked at yet" in " ".join((ran.out + ran.err).split())


def test_a_network_of_timm_embeds_and_needs_pytorch_once(run: Run, write: Callable[..., Path]) -> None:
    pytest.importorskip("timm", reason=f"timm {WITH_TORCH}")
    study = write(name="timm/vit_tiny_patch16_224", weights="random", input_size=32, pooling="both", precision="float32")
    ran = run("embed", study)
    assert ran.status == 0, ran.err
    (path,) = (study.parent / "cache").glob("a.timm_vit_tiny_patch16_224-*.h5")
    found = read_features(path)
    assert found.features.shape == (N_FRAMES, 2 * 192)
    assert found.attributes["engine"] == "openvino"
    settings = found.signature.settings
    assert (settings["backbone"], settings["weights"]) == ("timm/vit_tiny_patch16_224", "random, seed 0")
    assert (settings["input_size"], settings["pooling"]) == (32, "both")
    path.unlink()
    # What was converted runs where PyTorch cannot be loaded.
    code = "import sys; sys.modules['torch'] = sys.modules['timm'] = None; from behavior.cli import main; main()"
    again = subprocess.run([sys.executable, "-c", code, "embed", str(study)], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    np.testing.assert_array_equal(read_features(path).features, found.features)


def test_a_network_of_transformers_embeds_clips(run: Run, write: Callable[..., Path], tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason=f"transformers {WITH_TORCH}")
    pytest.importorskip("torch", reason=f"PyTorch {WITH_TORCH}")
    folder = tmp_path / "videomae"
    config = transformers.VideoMAEConfig(
        image_size=32, patch_size=16, num_frames=4, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    transformers.VideoMAEModel(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.2, 0.3]}))
    study = write(name="transformers/mine", weights="videomae", clip={"stride": 2}, precision="float32")
    ran = run("embed", study)
    assert ran.status == 0, ran.err
    (path,) = (study.parent / "cache").glob("a.transformers_mine-*.h5")
    found = read_features(path)
    assert found.features.shape == (N_FRAMES, 32)
    settings = found.signature.settings
    assert (settings["clip_frames"], settings["clip_stride"], len(settings["weights"])) == (4, 2, 32)
    assert settings["preprocessing"] == "mean 0.5 0.4 0.3, spread 0.2 0.2 0.3, RGB, area"
