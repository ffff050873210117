"""Scores `behavior track` on rendered videos of 2, 5 and 10 animals: like and unlike coats, meetings, a roof to leave under.

    python scripts/benchmark_groups.py
    python scripts/benchmark_groups.py --animals 5 --coats alike --ways correlogram cnn

Each video is rendered, encoded as an MP4, and tracked by the command's own function with `--animals` and nothing else but what a way is
named after: animals told apart by nothing (`motion alone`), by the correlogram (the default), a dense network or a CNN; and, by motion
alone, plain baselines: the nearest first without memory, and a filter of constant velocity without process noise.

`after` is the share of the frames after an animal's first meeting or absence in which it has the right identity (absent or not found counts
as wrong; identities are numbered as fits the whole video best), `named` the share in which the likelihood says that the identity is sure,
`right` the share of those that are right. `s` is wall time from the file to the track.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from behavior.files.pose import list_individuals, read_pose
from behavior.files.tracklets import TRACKLETS_SUFFIX, read_tracklets
from behavior.files.video_writer import write_video
from behavior.metrics.identities import identity_accuracy, name_identities
from behavior.metrics.track_pairs import match_animals, pair_tracks
from behavior.metrics.tracking import score_tracks
from behavior.synthetic import RenderedGroup, act_group, draw_individuals
from behavior.workflows.track import TrackRequest, track_videos

WAYS: dict[str, dict[str, Any]] = {
    "correlogram": {},
    "dense": {"identity": "dense"},
    "cnn": {"identity": "cnn"},
    "motion alone": {"identity": "none"},
    "velocity, no process noise": {"identity": "none", "motion": "velocity", "process_noise": 0.0},
    "nearest first, no memory": {"identity": "none", "motion": "still", "method": "greedy", "memory": 0},
}

Floats = npt.NDArray[np.float64]

UNKNOWN = -1
# Highest likelihood of a position whose animal is not sure.
SURE = 0.45


def main() -> None:
    """Render, track, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--animals", type=int, nargs="+", default=[2, 5, 10])
    parser.add_argument("--coats", nargs="+", choices=("alike", "unlike"), default=["alike", "unlike"])
    parser.add_argument("--ways", nargs="+", choices=tuple(WAYS), default=list(WAYS))
    parser.add_argument("--frames", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(
        "animals coats   way                        | recall  prec.   HOTA   IDF1   MOTA switches fragments | after named right |     s",
        flush=True,
    )
    for n_animals in arguments.animals:
        for coats in arguments.coats:
            animals = draw_individuals(n_animals, seed=arguments.seed, alike=coats == "alike")
            video = act_group(animals, n_frames=arguments.frames, seed=arguments.seed + 100, box_seed=arguments.seed)
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "group.mp4"
                write_video(path, video.frames(), fps=25.0)
                for way in arguments.ways:
                    row = measure(path, video, TrackRequest(animals=n_animals, seed=arguments.seed, **WAYS[way]), Path(folder) / "tracks")
                    print(f"{n_animals:7d} {coats:7s} {way:26s} | {row}", flush=True)


def measure(path: Path, video: RenderedGroup, request: TrackRequest, out: Path) -> str:
    """Track a video; return the numbers of a row."""
    began = time.perf_counter()
    result = track_videos([path], request, out=out, overwrite=True)
    seconds = time.perf_counter() - began
    if result.failures:
        return "; ".join(result.failures.values())
    seen, sure = read_seen(result.videos[path.stem].track, video.present.shape)
    length = float(np.median([one.build.length for one in video.individuals])) * video.arena.size / 480
    scores = score_tracks(video.centroids, seen, body_length_px=length)
    accuracy = score_after(video, seen, sure, length)
    return (
        f"{scores['recall']:6.3f} {scores['precision']:6.3f} {scores['hota']:6.3f} {scores['idf1']:6.3f} {scores['mota']:6.3f} "
        f"{scores['identity_switches']:8.0f} {scores['fragments']:9.0f} | {accuracy['after']:5.3f} {accuracy['named']:5.3f} "
        f"{accuracy['right']:5.3f} | {seconds:5.1f}"
    )


def read_seen(path: Path, shape: tuple[int, int]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the centres of the animals of a track where they were seen, (T, N, 2), and where their identities are sure, (T, N)."""
    stored = read_tracklets(path.with_name(path.name.replace("_track.csv", TRACKLETS_SUFFIX)))
    n_frames = shape[0]
    seen, sure = np.full((*shape, 2), np.nan), np.zeros(shape, dtype=np.bool_)
    tracks = [read_pose(path, individual=name) for name in list_individuals(path) or [None]]
    for tracklet, animal in zip(stored.tracklets, stored.animals.tolist(), strict=True):
        seen[tracklet.frames, animal] = tracklet.positions
        track = tracks[animal]
        sure[tracklet.frames, animal] = track.likelihoods[tracklet.frames, track.body_parts.index("centroid")] > SURE
    assert len(seen) == n_frames
    return seen, sure


def score_after(video: RenderedGroup, seen: Floats, sure: npt.NDArray[np.bool_], length: float) -> dict[str, float]:
    """Return the shares of right identities in the frames after an animal's first meeting or absence in which it is alone."""
    matched = match_animals(pair_tracks(video.centroids, seen, body_length_px=length))
    truth = np.where(video.present, np.arange(video.present.shape[1]), UNKNOWN)
    names = np.append(name_identities(truth, matched), UNKNOWN)
    is_later = np.cumsum(video.merged | ~video.present, axis=0) > 0
    chosen = is_later & video.present & ~video.merged
    found, frames = matched[chosen], np.nonzero(chosen)[0]
    is_sure = (found != UNKNOWN) & sure[frames, found]
    all_named = identity_accuracy(truth[chosen], names[found], naming="given")
    of_sure = identity_accuracy(truth[chosen], names[np.where(is_sure, found, UNKNOWN)], naming="given")
    return {"after": all_named["frame_accuracy"], "named": of_sure["named"], "right": of_sure["frame_accuracy_named"]}


if __name__ == "__main__":
    main()
