"""Pose of two animals without a video, in which one is now and then in contact with the other, at times that everybody knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.files.pose import write_deeplabcut
from behavior.recording import Track

FPS, N_FRAMES = 20, 600
ANIMALS = ("resident", "intruder")
PARTS = ("nose", "body", "tailbase")
# Pixels from the middle of the body forward.
ALONG = np.array([20.0, 0.0, -20.0])
Truth = npt.NDArray[np.bool_]


def plan_contact(seed: int, n_frames: int = N_FRAMES) -> Truth:
    """When the two are in contact, bool of shape (T,): bouts of 2 seconds in about half of the periods of 5 s, the second always."""
    rng = np.random.default_rng(seed)
    period, bout = 5 * FPS, 2 * FPS
    chosen = rng.random(-(-n_frames // period)) < 0.5
    chosen[:2] = (False, True)
    return (np.repeat(chosen, period) & np.tile(np.arange(period) < bout, len(chosen)))[:n_frames]


def walk_pair(contact: Truth, seed: int) -> dict[str, Track]:
    """Return the tracks: the resident wanders whatever happens; the intruder's nose is at the resident's nose in contact, else far away."""
    rng = np.random.default_rng(seed + 1000)
    n_frames = len(contact)
    turns = np.cumsum(rng.normal(0, 0.05, n_frames))
    steps = np.exp(1j * turns)
    place = 300 + 300j + np.cumsum(steps)
    ahead = place + 20 * steps
    # Coming and going takes half a second.
    kernel = np.ones(FPS // 2) / (FPS // 2)
    near = np.convolve(np.pad(contact.astype(float), len(kernel), mode="edge"), kernel, mode="same")[len(kernel) : -len(kernel)]
    away = np.exp(1j * (turns + 0.5))
    intruder = ahead + (24 + 200 * (1 - near)) * away
    # It looks at the resident's nose.
    return {"resident": _draw(place, steps), "intruder": _draw(intruder, -away)}


def write_pair_pose(path: Path, seed: int, *, n_frames: int = N_FRAMES, names: tuple[str, str] = ANIMALS) -> Truth:
    """Write the pose of a pair as DeepLabCut does, and return when the two are in contact."""
    contact = plan_contact(seed, n_frames)
    tracks = walk_pair(contact, seed)
    write_deeplabcut(path, dict(zip(names, tracks.values(), strict=True)), scorer="DLC_net")
    return contact


def write_pair_study(folder: Path, n_recordings: int) -> list[Truth]:
    """Write the pose of some pairs, and tables of bouts that say of both animals when they are in contact."""
    folder.mkdir(parents=True, exist_ok=True)
    truths = []
    for number in range(n_recordings):
        contact = write_pair_pose(folder / f"p{number}DLC_net_el.csv", number)
        edges = np.flatnonzero(np.diff(np.concatenate(([0], contact.astype(int), [0])))).reshape(-1, 2).tolist()
        rows = [f"contact,{start},{stop},{animal}" for start, stop in edges for animal in ANIMALS]
        (folder / f"p{number}_labels.csv").write_text("\n".join(["behavior,start_frame,stop_frame,subject", *rows]) + "\n")
        truths.append(contact)
    return truths


def _draw(place: npt.NDArray[np.complex128], heading: npt.NDArray[np.complex128]) -> Track:
    points = place[:, None] + heading[:, None] * ALONG
    return Track(np.stack((points.real, points.imag), axis=2), np.ones(points.shape), PARTS)
