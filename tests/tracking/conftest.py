"""Rendered videos with known tracks: ellipses that walk, on a floor with noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import pytest

LENGTH, WIDTH = 26.0, 11.0


@dataclass(frozen=True)
class Rendered:
    """Pictures (T, H, W), and where each animal is, (T, N, 2), and its heading in radians, (T, N)."""

    pictures: npt.NDArray[np.uint8]
    positions: npt.NDArray[np.float64]
    headings: npt.NDArray[np.float64]


def render(
    positions: npt.NDArray[np.float64],
    headings: npt.NDArray[np.float64],
    *,
    animal: float = 60,
    floor: float = 190,
    light: npt.NDArray[np.float64] | None = None,
    noise: float = 3.0,
    shape: tuple[int, int] = (160, 220),
) -> Rendered:
    """Draw ellipses on a floor that is brighter in its middle; `light` is a factor per frame."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    shade = 1 - 0.2 * np.hypot(rows / shape[0] - 0.5, columns / shape[1] - 0.5)
    pictures = []
    for frame in range(len(positions)):
        picture = (floor * shade).astype(np.float32)
        for (x, y), heading in zip(positions[frame], headings[frame], strict=True):
            center = (round(x * 16), round(y * 16))
            axes = (round(LENGTH * 8), round(WIDTH * 8))
            cv2.ellipse(picture, center, axes, np.degrees(heading), 0, 360, animal, cv2.FILLED, cv2.LINE_AA, 4)
        picture = picture * (1.0 if light is None else light[frame]) + rng.normal(0, noise, shape)
        pictures.append(np.clip(picture, 0, 255).astype(np.uint8))
    return Rendered(np.stack(pictures), positions, headings)


def walk(n_frames: int, n_animals: int, *, seed: int = 0, shape: tuple[int, int] = (160, 220)) -> tuple[npt.NDArray, npt.NDArray]:
    """Return positions (T, N, 2) and headings (T, N) of animals that go round, each on its own level, and never touch."""
    rng = np.random.default_rng(seed)
    phases = rng.uniform(0, 2 * np.pi, n_animals)
    time = np.arange(n_frames)[:, None]
    speed = 2 * np.pi / 120
    x = shape[1] / 2 + (shape[1] / 2 - 30) * np.sin(phases + speed * time)
    y = (np.arange(n_animals) + 0.5) / n_animals * shape[0] + 3 * np.sin(phases + 3 * speed * time)
    positions = np.stack((x, y), axis=-1)
    steps = np.gradient(positions, axis=0)
    return positions, np.arctan2(steps[..., 1], steps[..., 0])


@pytest.fixture(scope="session")
def apart() -> Rendered:
    """Four dark animals that never touch, 120 frames."""
    return render(*walk(120, 4))


@pytest.fixture(scope="session")
def drawing() -> Callable[..., Rendered]:
    return render


@pytest.fixture(scope="session")
def walking() -> Callable[..., tuple[npt.NDArray, npt.NDArray]]:
    return walk


@pytest.fixture(scope="session")
def crossing() -> Rendered:
    """Two dark animals that run through each other at an angle: touching for about 12 frames of 60."""
    time = np.linspace(-1, 1, 60)
    first = np.column_stack((110 + 80 * time, 80 + 30 * time))
    second = np.column_stack((110 + 80 * time, 80 - 30 * time))
    positions = np.stack((first, second), axis=1)
    headings = np.broadcast_to(np.arctan2([30, -30], [80, 80]), (60, 2)).copy()
    return render(positions, headings)
