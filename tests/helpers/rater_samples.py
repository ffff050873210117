"""Three raters of three recordings, each of whom saw everything a little later: what the tests of agreement share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from behavior.files.bout_tables import write_bout_table
from behavior.files.ethograms import write_annotation
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Frames, Labels, Probabilities

BEHAVIORS = ("rear", "groom")
N_FRAMES = 120
FPS = 10
FRAMES = Frames.from_times(np.arange(N_FRAMES) / FPS)
# For each rater, how many frames later than the first rater everything is seen.
DELAYS = {"anna": 0, "ben": 2, "carla": 4}


def make_labels(recording: int, delay: int = 0) -> Labels:
    """Return three bouts of 12 frames of each behavior, at places of the recording's own."""
    rng = np.random.default_rng(recording)
    values = np.zeros((N_FRAMES, 2), dtype=np.int8)
    for column in range(2):
        for start in rng.permutation(np.arange(5, 100, 20))[:3]:
            values[start + delay : start + delay + 12, column] = 1
    return Labels(values, BEHAVIORS)


def write_rater_folders(folder: Path) -> list[Path]:
    """Write bout tables r0, r1 and r2 into a folder for each of the raters."""
    folders = [folder / name for name in DELAYS]
    for of_rater, delay in zip(folders, DELAYS.values(), strict=True):
        of_rater.mkdir(parents=True)
        for recording in range(3):
            write_bout_table(of_rater / f"r{recording}.csv", make_labels(recording, delay))
    return folders


def write_ethogram(folder: Path, recording: int, *, delay: int = 0, n_frames: int = N_FRAMES, provenance: Provenance | None = None) -> None:
    """Write the ethogram of a model that saw everything `delay` frames later than the first rater."""
    folder.mkdir(exist_ok=True)
    values = make_labels(recording, delay).values[:n_frames]
    times = np.arange(n_frames) / FPS
    decided = Ethogram(values == 1, BEHAVIORS, times)
    probabilities = Probabilities(values.astype(np.float32), BEHAVIORS, times)
    write_annotation(folder, Annotation(f"r{recording}", probabilities, decided, decided, provenance or Provenance()))


def write_project(path: Path, recordings: Sequence[int], delay: int = 0, *, videos: Sequence[str] = ()) -> None:
    """Write a BORIS project with an observation of each of `recordings`, named after nothing, about the video of its name."""
    observations = {}
    for index, number in enumerate(recordings):
        labels = make_labels(number, delay)
        edges = np.diff(np.pad(labels.values, ((1, 1), (0, 0))), axis=0)
        events = [[float(frame) / FPS, "", BEHAVIORS[column], "", ""] for frame, column in np.argwhere(edges)]
        video = videos[index] if videos else f"D:/lab/r{number}.mp4"
        observations[f"mouse {index} of {path.stem}"] = {"type": "MEDIA", "file": {"1": [video]}, "events": events}
    kinds = {str(index): {"code": name, "type": "State event"} for index, name in enumerate(BEHAVIORS)}
    path.write_text(json.dumps({"project_format_version": "7.0", "behaviors_conf": kinds, "observations": observations}), encoding="utf-8")
