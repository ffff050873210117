"""Compare networks of timm and transformers in OpenVINO with PyTorch: cosine of their vectors, and images or clips a second.

    python scripts/benchmark_backbones.py timm/resnet50 timm/vit_small_patch16_224 transformers/videomae
    python scripts/benchmark_backbones.py transformers/vjepa2 --frames 16 --count 2 --batch 1

Weights are random, so that nothing is downloaded: the arithmetic is the same. Needs `pip install 'behavior[torch]'`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.files.feature_sources import hash_file
from behavior.vision.backbone_weights import identify_weights
from behavior.vision.backbones import BackboneSpecification, find_backbone
from behavior.vision.conversion import convert_backbone
from behavior.vision.engine_request import EngineRequest
from behavior.vision.engines import OpenVinoEngine, TorchEngine
from behavior.vision.similarity import find_lowest_cosine
from behavior.vision.torch_backbones import build_specified
from behavior.vision.torch_descriptions import make_description

Vectors = npt.NDArray[np.float32]


def main() -> None:
    """Print a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", help="timm/NAME or transformers/KIND")
    parser.add_argument("--count", type=int, default=8, help="images, or clips, that are compared (default: 8)")
    parser.add_argument("--batch", type=int, default=8, help="images or clips at once (default: 8)")
    parser.add_argument("--frames", type=int, help="frames of a clip, of networks on clips (default: their own number)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each engine is measured (default: 10)")
    parser.add_argument("--models", type=Path, help="folder for the converted networks (default: one that is removed)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.names:
            sizes = {"count": arguments.count, "batch_size": arguments.batch, "n_frames": arguments.frames}
            compare(name, arguments.models or Path(folder), seconds=arguments.seconds, **sizes)


def compare(name: str, models: Path, *, count: int, batch_size: int, n_frames: int | None, seconds: float) -> None:
    """Print how one network does in each engine."""
    specification = find_backbone(
        name,
        weights="random",
        clip=None if n_frames is None else (n_frames, 1),
        describe=lambda network: make_description(network, models, hash_file=hash_file, announce=print),
    )
    identity = identify_weights(specification, "random", hash_file=hash_file)
    path = convert_backbone(EngineRequest(specification, "random", identity=identity, models=models), announce=print)
    images = draw_images(specification, count)
    module, shape = build_specified(specification)
    engines: list[tuple[str, Callable[[], Any]]] = [
        ("PyTorch float32", lambda: TorchEngine(module, shape=shape, batch_size=batch_size)),
        *(
            (f"OpenVINO {precision}", lambda precision=precision: OpenVinoEngine(path, precision=precision, batch_size=batch_size))
            for precision in ("float32", "bfloat16")
        ),
    ]
    expected: Vectors | None = None
    for title, make in engines:
        engine = make()
        vectors = engine.embed(images)
        expected = vectors if expected is None else expected
        n_done, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            n_done += len(engine.embed(images))
        speed = n_done / (time.perf_counter() - began)
        cosine = find_lowest_cosine(vectors, expected)
        print(f"{name:45} {title:18} D={vectors.shape[1]:5} {shape} cosine {cosine:.6f}, {speed:8.2f} a second", flush=True)
        engine.close()


def draw_images(specification: BackboneSpecification, count: int) -> npt.NDArray[np.uint8]:
    """Return images, or clips, with something in them, of a network's size."""
    rng = np.random.default_rng(0)
    shape = (count, *specification.input_shape)
    coarse = rng.integers(0, 256, (*shape[:-3], 8, 8, 3))
    rows = np.arange(shape[-2]) * 8 // shape[-2]
    noise = rng.integers(-20, 21, shape)
    return np.clip(coarse[..., rows, :, :][..., :, rows, :] + noise, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
