"""Measure `behavior live` on a rendered video at its own pace: latency from capture to probability, skipped frames, memory over time.

    python scripts/benchmark_live.py
    python scripts/benchmark_live.py --minutes 10 --backbone resnet50v2 --weights random

The video is rendered here: 640x480, 30 frames per second, a dark animal that wanders on a floor with texture. The head, three behaviors
with an LSTM of three layers each, is not trained: that takes no other time. The animal is looked for in every frame (`--background`).
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import psutil  # type: ignore[import-untyped]

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

WIDTH, HEIGHT, FPS = 640, 480, 30.0
BEHAVIORS = ("grooming", "mid_rearing", "wall_rearing")
WINDOW = 300
# The clip is played again and again, so that minutes need not be rendered.
CLIP_FRAMES = 300
SECONDS_BETWEEN_LOOKS = 10.0


def watch_memory(kept: list[float]) -> None:
    """Keep the memory of this process, MiB, from time to time."""
    while True:
        kept.append(psutil.Process().memory_info().rss / 2**20)
        time.sleep(SECONDS_BETWEEN_LOOKS)


def main() -> None:
    """Render, write a model, record for some minutes, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--backbone", default="openfield")
    parser.add_argument("--weights", default="packaged")
    parser.add_argument("--precision", default="auto")
    arguments = parser.parse_args()
    from behavior.compute.loading import load_keras

    load_keras()
    from behavior.files.video_writer import write_video
    from behavior.live.request import LiveRequest
    from behavior.workflows.live import run_live

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        n_frames = round(arguments.minutes * 60 * FPS)
        write_video(folder / "arena.mp4", (draw(number) for number in range(CLIP_FRAMES)), fps=FPS, preset="ultrafast")
        write_video(folder / "a.mp4", repeat(n_frames), fps=FPS, preset="ultrafast")
        write_model(folder / "model", arguments)
        memory: list[float] = []
        threading.Thread(target=watch_memory, args=(memory,), daemon=True).start()
        request = LiveRequest((str(folder / "a.mp4"),), name="a", backgrounds=(folder / "arena.mp4",), keep_free_gib=0.2)
        before = psutil.Process().cpu_times()
        result = run_live(folder / "model", folder / "out", request).sources["a"]
        after = psutil.Process().cpu_times()
        tally = result.tally
        median, high, worst = (1000 * (result.find_latency(share) or 0.0) for share in (50, 99, 100))
        say(f"{arguments.backbone}, {WIDTH}x{HEIGHT}, {arguments.minutes:g} minutes at {FPS:g} frames/s, {os.cpu_count()} cores")
        say(f"load average (1, 5, 15 minutes): {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
        seen = f"{tally.looked_at} seen by the model ({tally.not_found} without animal), {tally.skipped} skipped"
        say(f"frames: {result.captured} recorded, {seen}")
        say(f"latency: {median:.0f} ms at the median, {high:.0f} ms at the 99th percentile, {worst:.0f} ms at most")
        used = after.user + after.system - before.user - before.system
        say(f"processor: {1000 * used / max(result.captured, 1):.1f} ms a frame")
        say("memory, MiB: " + ", ".join(f"{mib:.0f}" for mib in memory[:: max(len(memory) // 12, 1)]))


def repeat(n_frames: int) -> Iterator[np.ndarray]:
    """Yield a clip there and back, so often that it makes so many frames."""
    clip = [draw(number) for number in range(CLIP_FRAMES)]
    for number in range(n_frames):
        place = number % (2 * CLIP_FRAMES)
        yield clip[place if place < CLIP_FRAMES else 2 * CLIP_FRAMES - 1 - place]


def draw(number: int) -> np.ndarray:
    """Return a picture of a dark ellipse on a floor with texture."""
    import cv2

    floor = np.random.default_rng(0).normal(200, 6, (HEIGHT, WIDTH, 1))
    image = np.clip(floor, 0, 255).astype(np.uint8).repeat(3, axis=2)
    angle = number / 40
    x, y = WIDTH / 2 + 200 * np.cos(angle), HEIGHT / 2 + 150 * np.sin(1.3 * angle)
    cv2.ellipse(image, (round(x), round(y)), (45, 20), np.degrees(angle) % 360, 0, 360, (40, 40, 40), -1)
    return image


def write_model(folder: Path, arguments: argparse.Namespace) -> None:
    """Write a bundle whose heads are not trained."""
    from behavior.config import Backbone, Crop, LstmHead, Postprocess
    from behavior.embedding.crop_streams import AppearanceStream
    from behavior.files.model_bundle import BundleDescription, MemberDescription, StreamDescription, TrainingRecord, write_bundle
    from behavior.learning.head_files import save_model
    from behavior.sequence.heads import build_head
    from behavior.sequence.windowed_network import WindowedNetwork
    from behavior.vision.backbones import BACKBONES

    crop = Crop(body_part="centroid", size=160)
    backbone = Backbone(name=arguments.backbone, weights=arguments.weights, precision=arguments.precision)
    signature = AppearanceStream(crop=crop, backbone=backbone, cache=folder.parent / "cache").signatures[0]
    n_features = BACKBONES[arguments.backbone].n_features
    assert n_features is not None
    head = LstmHead()
    network = WindowedNetwork(build_head(n_features=n_features, **head.model_dump(exclude={"share"})), WINDOW)
    members = [
        MemberDescription(
            file=f"{name}.keras",
            behaviors=[name],
            streams=[StreamDescription(name="appearance", signature=signature.text, n_features=n_features)],
            backbone=backbone,
            window_length=WINDOW,
            head=head,
        )
        for name in BEHAVIORS
    ]
    training = TrainingRecord(recordings=[], watched={}, stopping="", epochs={}, seed=0, skipped={}, test_average_precision={})
    description = BundleDescription(
        behaviors=list(BEHAVIORS), members=members, crop=crop, fps=FPS, postprocess=Postprocess(), training=training, versions={}
    )
    write_bundle(folder, description, {member.file: partial(save_model, network) for member in members})


def say(text: str) -> None:
    """Print a line."""
    print(text, flush=True)


if __name__ == "__main__":
    main()
