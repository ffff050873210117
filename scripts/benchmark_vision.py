"""Time the embedding of one video: frame by frame as the thesis did, Keras on batches, the engine alone, and ours from file to cache.

    python scripts/benchmark_vision.py
    python scripts/benchmark_vision.py --backbone openfield --weights packaged --precision float32

The video is rendered here: 640x480, h264, 30 frames per second, `--frames` frames, with DeepLabCut pose. Every way runs in a process of its
own, one after the other, so that no one's memory counts for another:

(a) thesis   OpenCV reads a frame, crops it and calls `predict` on it alone, for `--plain-frames` frames
(b) batches  OpenCV reads and crops, `predict` on batches of 32, for eight times as many frames
(c) engine   the engine on crops that are in memory already
(d) ours     `behavior embed`: from the video file to the finished cache, the engine's start included

Networks have to be converted once for each machine; that happens before (c) and is timed by itself.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

WIDTH, HEIGHT, FPS = 640, 480, 30.0
CROP_SIZE = 160
BATCH = 32
PARTS = ("thesis", "batches", "engine", "ours")
RECORDING = "rendered"


def main() -> None:
    """Render, run each way in a process of its own, and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="resnet50v2")
    parser.add_argument("--weights", default="random")
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--plain-frames", type=int, default=100)
    parser.add_argument(
        "--precision", nargs="+", default=["float32", "bfloat16"], help="Of (c) and (d); int8 needs the extra of that name."
    )
    parser.add_argument("--part", choices=("render", *PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        run_part(arguments)
        return
    with tempfile.TemporaryDirectory() as temporary:
        run(arguments, "render", temporary)
        say(f"{arguments.backbone} ({arguments.weights} weights), {arguments.frames} frames of {WIDTH}x{HEIGHT}, {os.cpu_count()} cores")
        plain = {part: run(arguments, part, temporary) for part in ("thesis", "batches")}
        for part, name in (("thesis", "(a) thesis, one frame at a time"), ("batches", f"(b) predict on batches of {BATCH}")):
            say(f"{name:36s} {plain[part]['fps']:8.1f} frames/s, peak memory {plain[part]['peak_gib']:.2f} GiB")
        for precision in arguments.precision:
            engine = run(arguments, "engine", temporary, precision)
            ours = run(arguments, "ours", temporary, precision)
            said = f"{engine['engine']}, {engine['precision']}"
            say(f"asked for {precision}, got {said}, lowest cosine to float32 {engine['cosine']}; first use {engine['first_s']:.0f} s")
            say(f"{'(c) engine alone':36s} {engine['fps']:8.1f} frames/s, peak memory {engine['peak_gib']:.2f} GiB")
            say(f"{'(d) from file to finished cache':36s} {ours['fps']:8.1f} frames/s, peak memory {ours['peak_gib']:.2f} GiB")
            ratios = {"a": plain["thesis"]["fps"], "b": plain["batches"]["fps"], "c": engine["fps"]}
            say("    " + ", ".join(f"d / {name} {ours['fps'] / value:.2f}" for name, value in ratios.items()))


def say(line: str) -> None:
    """Print a line."""
    print(line, flush=True)


def run(arguments: argparse.Namespace, part: str, folder: str, precision: str = "float32") -> dict[str, Any]:
    """Run one way in a process of its own and return what it wrote."""
    command = [sys.executable, __file__, "--backbone", arguments.backbone, "--weights", arguments.weights, "--precision", precision]
    command += ["--frames", str(arguments.frames), "--plain-frames", str(arguments.plain_frames), "--part", part, "--folder", folder]
    done = subprocess.run(command, stderr=subprocess.PIPE if part != "ours" else None, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr or f"{part} failed with status {done.returncode}")
    found: dict[str, Any] = json.loads((Path(folder) / f"{part}.json").read_text())
    return found


def run_part(arguments: argparse.Namespace) -> None:
    """Run one way and write what it took."""
    ways = {"render": render, "thesis": time_thesis, "batches": time_batches, "engine": time_engine, "ours": time_ours}
    found = ways[arguments.part](arguments)
    (arguments.folder / f"{arguments.part}.json").write_text(json.dumps({**found, "peak_gib": measure_peak()}))


def measure_peak() -> float:
    """Return the most memory that this process has held, in GiB; NaN where the system does not tell."""
    try:
        import resource
    except ImportError:
        return float("nan")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def render(arguments: argparse.Namespace) -> dict[str, Any]:
    """Write the video, its pose and a study of it."""
    from dataclasses import replace

    from behavior.files.pose import write_deeplabcut
    from behavior.files.video_writer import write_video
    from behavior.synthetic.acting import act_recording

    recording = act_recording(n_frames=arguments.frames, fps=FPS, size=HEIGHT, seed=0)
    side = (WIDTH - HEIGHT) // 2

    def widen() -> Iterator[npt.NDArray[np.uint8]]:
        for image in recording.frames():
            yield np.pad(image, ((0, 0), (side, side), (0, 0)), mode="edge")

    folder = arguments.folder
    write_video(folder / f"{RECORDING}.mp4", widen(), fps=FPS, crf=23, preset="veryfast")
    track = replace(recording.track, positions=recording.track.positions + np.array([side, 0.0]))
    write_deeplabcut(folder / f"{RECORDING}DLC_pose.csv", track, scorer="DLC_pose")
    (folder / "recordings.csv").write_text(f"recording,video,pose\n{RECORDING},{RECORDING}.mp4,{RECORDING}DLC_pose.csv\n")
    return {}


def read_crops(arguments: argparse.Namespace, size: int, count: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield crops as a script with OpenCV would cut them."""
    import cv2

    from behavior.files.pose import read_pose

    track = read_pose(arguments.folder / f"{RECORDING}DLC_pose.csv")
    part = track.body_parts.index("midbody")
    video = cv2.VideoCapture(str(arguments.folder / f"{RECORDING}.mp4"))
    for index in range(count):
        found, image = video.read()
        if not found:
            break
        x, y = track.positions[index, part]
        left = int(np.clip(x - CROP_SIZE / 2, 0, WIDTH - CROP_SIZE))
        top = int(np.clip(y - CROP_SIZE / 2, 0, HEIGHT - CROP_SIZE))
        crop = cv2.cvtColor(image[top : top + CROP_SIZE, left : left + CROP_SIZE], cv2.COLOR_BGR2RGB)
        yield cv2.resize(crop, (size, size))
    video.release()


def time_thesis(arguments: argparse.Namespace) -> dict[str, Any]:
    """Call `predict` on one frame at a time."""
    return time_predict(arguments, 1, arguments.plain_frames)


def time_batches(arguments: argparse.Namespace) -> dict[str, Any]:
    """Call `predict` on batches."""
    return time_predict(arguments, BATCH, max(8 * arguments.plain_frames // BATCH, 1) * BATCH)


def time_predict(arguments: argparse.Namespace, batch: int, count: int) -> dict[str, Any]:
    """Time Keras's own `predict`, after a first call that traces."""
    from behavior.vision.backbones import build_backbone, find_backbone

    specification = find_backbone(arguments.backbone)
    model = build_backbone(specification, arguments.weights)
    size = specification.input_size
    model.predict(np.zeros((batch, size, size, 3), dtype=np.float32), verbose=0)
    began = time.perf_counter()
    done = 0
    waiting: list[npt.NDArray[np.uint8]] = []
    for crop in read_crops(arguments, size, min(count, arguments.frames)):
        waiting.append(crop)
        if len(waiting) == batch:
            done += len(model.predict(np.stack(waiting).astype(np.float32), verbose=0))
            waiting = []
    return {"fps": done / (time.perf_counter() - began)}


def write_study(arguments: argparse.Namespace) -> Path:
    """Write a study of the video whose cache is this precision's own."""
    (precision,) = arguments.precision
    study = arguments.folder / f"{precision}.yaml"
    study.write_text(
        f"behaviors: [rear]\ncrop: {{body_part: midbody, size: {CROP_SIZE}}}\ncache: cache_{precision}\n"
        f"backbone: {{name: {arguments.backbone}, weights: {arguments.weights}, precision: {precision}, batch_size: {BATCH}}}\n"
    )
    return Path(study)


def time_engine(arguments: argparse.Namespace) -> dict[str, Any]:
    """Time the engine on crops in memory; converts the network first where that was never done."""
    from behavior.embedding.crop_reader import sample_crops
    from behavior.embedding.crop_streams import AppearanceStream
    from behavior.embedding.recording_inputs import RecordingInputs
    from behavior.files.study import open_study

    study, (recording,) = open_study(write_study(arguments))
    assert study.crop is not None
    stream = AppearanceStream(crop=study.crop, backbone=study.backbone, cache=study.cache)
    began = time.perf_counter()
    prepared = stream.prepare(RecordingInputs(recording))
    first_s = time.perf_counter() - began
    count = min(arguments.frames, 20 * BATCH)
    crops = sample_crops([RecordingInputs(recording)], study.crop, input_size=prepared.engine.input_size, count=count)
    prepared.engine.embed(crops[:BATCH])
    rounds = max(round(arguments.frames / count), 1)
    began = time.perf_counter()
    for _ in range(rounds):
        for _vectors in prepared.engine.embed_batches(crops[start : start + BATCH] for start in range(0, len(crops), BATCH)):
            pass
    seconds = time.perf_counter() - began
    cosine = None if prepared.cosine is None else round(prepared.cosine, 6)
    return {
        "fps": rounds * len(crops) / seconds,
        "engine": prepared.engine.name,
        "precision": prepared.engine.precision,
        "cosine": cosine,
        "first_s": first_s,
    }


def time_ours(arguments: argparse.Namespace) -> dict[str, Any]:
    """Time `behavior embed` without Python's own start."""
    from behavior.progress import printing_messages
    from behavior.workflows.embed import embed_study

    study = write_study(arguments)
    began = time.perf_counter()
    with printing_messages():
        result = embed_study(study)
    seconds = time.perf_counter() - began
    if result.failures or list(result.embedded) != [RECORDING]:
        raise SystemExit(f"nothing was embedded: {result}")
    return {"fps": arguments.frames / seconds}


if __name__ == "__main__":
    main()
