"""A small track with tracklets, whose animals walk where everybody knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from behavior.files.tracklets import GapFilling, StoredTracklets
from behavior.recording import Spot, Tracklet
from behavior.reporting.track_files import write_track

# Animal, first frame, frame after the last one, and probability: two animals that cross at frame 30, and a reflection.
SPANS = ((0, 0, 30, 0.99), (0, 30, 60, 0.6), (1, 0, 30, 0.99), (1, 30, 60, 0.97), (2, 40, 50, 0.95))
ROWS = (30.0, 66.0, 90.0)


def locate(animal: int, frame: int) -> Spot:
    """Where an animal is in a frame: each walks right in a row of its own."""
    return Spot(frame, 8.0 + frame, ROWS[animal])


def make_pair(video: Path, *, n_frames: int = 60) -> StoredTracklets:
    """Return what was found in a video of 60 frames."""
    tracklets = []
    for animal, start, stop, _ in SPANS:
        frames = np.arange(start, stop)
        positions = np.array([(locate(animal, frame).x, locate(animal, frame).y) for frame in frames.tolist()])
        n = len(frames)
        sizes = np.tile([12.0, 4.0], (n, 1))
        tracklets.append(Tracklet(frames, positions, np.zeros(n), sizes, np.zeros(n, dtype=np.bool_)))
    return StoredTracklets(
        tuple(tracklets),
        np.array([animal for animal, *_ in SPANS]),
        {"video": video.name, "bytes": video.stat().st_size},
        tuple(np.full(len(one), 0.9) for one in tracklets),
        np.array([probability for *_, probability in SPANS]),
        n_frames,
        3,
        GapFilling("velocity", 1.0, 0.2, 5),
    )


def write_pair(video: Path) -> Path:
    """Write the files of the track next to a video, and return their stem."""
    stem = video.with_suffix("")
    write_track(stem, make_pair(video), None, picture=np.zeros((96, 96), dtype=np.uint8), time_s=np.arange(61) / 10)
    return stem
