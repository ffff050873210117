"""Crops whose animals are known by construction."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from behavior.identity.preparation import make_window

SIZE = 24
WINDOW = make_window(SIZE, 18, 8)
FLOOR = 200


def draw_crops(
    animals: npt.NDArray[np.int64], rng: np.random.Generator, *, n_channels: int = 1, noise: float = 4.0, light: float = 1.0
) -> npt.NDArray[np.uint8]:
    """Return a crop for each animal: an ellipse on a bright floor, with a bright band across it whose place is the animal's number."""
    crops = np.full((len(animals), SIZE, SIZE, n_channels), float(FLOOR))
    crops[:, WINDOW] = 60.0
    for crop, animal in zip(crops, animals.tolist(), strict=True):
        rows = np.zeros((SIZE, SIZE), dtype=bool)
        rows[5 + 4 * animal : 8 + 4 * animal] = True
        crop[WINDOW & rows] = 110.0
    crops = light * crops + rng.normal(0, noise, crops.shape)
    return np.clip(crops, 0, 255).astype(np.uint8)


def cut_tracklets(
    n_animals: int, n_frames: int, n_cuts: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return starts, stops and animals of tracklets: each animal is there all the time, and lost for a frame at moments of its own."""
    starts, stops, animals = [], [], []
    for animal in range(n_animals):
        cuts = np.sort(rng.choice(np.arange(5, n_frames - 5), n_cuts, replace=False))
        starts += [0, *cuts.tolist()]
        stops += [*cuts.tolist(), n_frames]
        animals += [animal] * (n_cuts + 1)
    return np.array(starts), np.array(stops), np.array(animals)
