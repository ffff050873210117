"""Compare a study that samples its videos with one that embeds every frame: time, average precision, and where bouts begin and end.

    python scripts/compare_sampling.py rendered --render 6 --seconds 90
    python scripts/compare_sampling.py rendered --time-with resnet50v2 --frames 900

The demo's recordings are rendered at `--fps` frames per second into the folder, unless they are there already. They are embedded with and
without `sampling`, cross-validated with the demo's head on windows of 15 s, and every labelled bout is compared with the decided one that
overlaps it by at least half. `--time-with` embeds the first frames of one recording with a backbone of random weights instead, and
only says how long that takes. Seconds of the processor count all threads, and hardly depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.config import Backbone, Postprocess, Sampling, Study, Windows
from behavior.files.manifest import write_manifest
from behavior.files.pose import read_pose, write_deeplabcut
from behavior.files.study import write_study
from behavior.files.video import open_video
from behavior.files.video_writer import write_video
from behavior.learning.crossval_folder import read_crossval
from behavior.metrics.tables import MetricIndex
from behavior.recording import Recording, Track, find_bouts
from behavior.synthetic.study import SCORER, write_study_files
from behavior.workflows.crossval import cross_validate
from behavior.workflows.demo import DEMO_STUDY
from behavior.workflows.embed import embed_study

WINDOW_S, CLOSING_S, SHORTEST_S = 15.0, 0.4, 0.4
LEAST_OVERLAP = 0.5


def main() -> None:
    """Render what is not there, and print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--render", type=int, default=6, help="Recordings.")
    parser.add_argument("--seconds", type=int, default=90, help="Of a recording.")
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--sampling", type=float, nargs="+", default=[10.0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--time-with", metavar="BACKBONE", help="Only time the embedding of one recording with random weights.")
    parser.add_argument("--frames", type=int, default=900, help="Of that recording.")
    arguments = parser.parse_args()
    recordings = find_recordings(arguments)
    ways = [None, *arguments.sampling]
    if arguments.time_with:
        compare_times(arguments, recordings[0], ways)
        return
    for sampling in ways:
        study = make_study(sampling)
        path = write(arguments.folder / name_way(sampling), study, recordings)
        took = time_embedding(path)
        results = arguments.folder / name_way(sampling) / "crossval"
        cross_validate(path, results, overwrite=True)
        scores = MetricIndex(pd.read_csv(results / "metrics.csv"))
        precisions = [scores.find(name, "average_precision").value for name in study.behaviors]
        errors = measure_bounds(results)
        print(
            f"{name_way(sampling):12s} embedded in {took[0]:.1f} s ({took[1]:.1f} s of the processor); average precision "
            f"{np.mean(precisions):.4f} ({', '.join(f'{one:.4f}' for one in precisions)}); bounds of {len(errors) // 2} bouts off by "
            f"{1000 * np.median(errors):.0f} ms in the median, {1000 * np.quantile(errors, 0.9):.0f} ms in nine of ten",
            flush=True,
        )


def find_recordings(arguments: argparse.Namespace) -> list[Recording]:
    """Return the rendered recordings, made now if they are not there."""
    videos = arguments.folder / "videos"
    if not videos.is_dir():
        n_frames = round(arguments.seconds * arguments.fps)
        unfinished = videos.with_name("videos_unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        write_study_files(unfinished, n_recordings=arguments.render, n_frames=n_frames, seed=arguments.seed, fps=arguments.fps)
        unfinished.rename(videos)
    names = sorted(path.stem for path in videos.glob("*.mp4"))
    return [
        Recording(
            name,
            video=(videos / f"{name}.mp4").resolve(),
            pose=(videos / f"{name}{SCORER}.csv").resolve(),
            labels={"": (videos / f"{name}_labels.csv").resolve()},
            animal=name,
        )
        for name in names
    ]


def name_way(sampling: float | None) -> str:
    """Return what a way is called."""
    return "every_frame" if sampling is None else f"sampled_{sampling:g}"


def make_study(sampling: float | None) -> Study:
    """Return the demo's study, with lengths in seconds."""
    return DEMO_STUDY.model_copy(
        update={
            "sampling": None if sampling is None else Sampling(fps=sampling),
            "windows": Windows(length_s=WINDOW_S),
            "postprocess": Postprocess(closing_s=CLOSING_S, min_bout_s=SHORTEST_S),
        }
    )


def write(folder: Path, study: Study, recordings: list[Recording]) -> Path:
    """Write a study of the recordings into a folder without features, and return its file."""
    shutil.rmtree(folder / "cache", ignore_errors=True)
    folder.mkdir(exist_ok=True)
    write_manifest(folder / "recordings.csv", recordings)
    write_study(folder / "study.yaml", study)
    return folder / "study.yaml"


def time_embedding(path: Path) -> tuple[float, float]:
    """Embed a study, and return seconds, and seconds of the processor."""
    began, worked = time.perf_counter(), time.process_time()
    failures = embed_study(path).failures
    if failures:
        raise SystemExit("\n".join(failures.values()))
    return time.perf_counter() - began, time.process_time() - worked


def measure_bounds(results: Path) -> np.ndarray:
    """Return how far starts and stops of decided bouts are from those of the labelled bouts that they overlap, seconds."""
    found = read_crossval(results)
    errors = []
    for annotation in found.annotations:
        labels, times = found.labels[annotation.recording].values, annotation.time_s
        edges = np.append(times, times[-1] + np.median(np.diff(times)))
        for column in range(labels.shape[1]):
            decided = find_bouts(annotation.ethogram.values[:, column])
            for start, stop in find_bouts(labels[:, column] == 1):
                shared = np.minimum(decided[:, 1], stop) - np.maximum(decided[:, 0], start)
                union = np.maximum(decided[:, 1], stop) - np.minimum(decided[:, 0], start)
                if len(decided) and (best := int(np.argmax(shared / union))) >= 0 and shared[best] >= LEAST_OVERLAP * union[best]:
                    errors += np.abs(edges[decided[best]] - edges[[start, stop]]).tolist()
    return np.array(errors)


def compare_times(arguments: argparse.Namespace, recording: Recording, ways: list[float | None]) -> None:
    """Print how long the beginning of a recording takes with a backbone of random weights, each way twice, the better time."""
    folder = arguments.folder / "beginning"
    folder.mkdir(exist_ok=True)
    assert recording.video is not None
    assert recording.pose is not None
    short = Recording("short", video=(folder / "short.mp4").resolve(), pose=(folder / "short.csv").resolve())
    with open_video(recording.video) as video:
        write_video(folder / "short.mp4", islice(take_pictures(video.frames()), arguments.frames), fps=arguments.fps, preset="veryfast")
    track = read_pose(recording.pose)
    track = Track(track.positions[: arguments.frames], track.likelihoods[: arguments.frames], track.body_parts)
    write_deeplabcut(folder / "short.csv", track, scorer="rendered")
    os.environ.setdefault("BEHAVIOR_MODELS", str(folder / "models"))
    backbone = Backbone(name=arguments.time_with, weights="random")
    taken: dict[str, tuple[float, float]] = {}
    # The network is converted at the first use, which is not timed.
    for sampling in [ways[-1], *ways, *ways]:
        path = write(folder / name_way(sampling), make_study(sampling).model_copy(update={"backbone": backbone}), [short])
        took = time_embedding(path)
        taken[name_way(sampling)] = min(taken.get(name_way(sampling), took), took)
    for name, (seconds, worked) in taken.items():
        every = taken[name_way(None)]
        print(
            f"{name:12s} {arguments.frames} frames in {seconds:.1f} s ({worked:.1f} s of the processor): {every[0] / seconds:.2f} and "
            f"{every[1] / worked:.2f} times as fast as every frame",
            flush=True,
        )


def take_pictures(frames: Iterator) -> Iterator:
    """Yield the pictures of frames."""
    return (frame.image for frame in frames)


if __name__ == "__main__":
    main()
