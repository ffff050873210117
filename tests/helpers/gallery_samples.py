"""Photos and tracked videos of individuals that are known by construction, as files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from behavior.files.pose import write_deeplabcut
from behavior.files.tracklets import GapFilling, StoredTracklets, write_tracklets
from behavior.files.video_writer import write_video
from behavior.recording import Track, Tracklet

SIDE = 48


def paint_individual(number: int, rng: np.random.Generator, *, size: int = SIDE, noise: float = 6.0) -> npt.NDArray[np.uint8]:
    """Return a photo, RGB: a dark body on a bright floor, with a coat whose colour is the individual's, a little moved and lit."""
    photo = np.full((size, size, 3), 190.0)
    rows, columns = np.mgrid[:size, :size] - size / 2 - rng.uniform(-2, 2, (2, 1, 1))
    body = (rows / (0.4 * size)) ** 2 + (columns / (0.22 * size)) ** 2 < 1
    photo[body] = 60.0
    coat = np.random.default_rng(1000 + number).uniform(20, 230, 3)
    photo[body & (np.abs(rows) < 0.2 * size)] = coat
    photo = photo * rng.uniform(0.95, 1.05) + rng.normal(0, noise, photo.shape)
    return np.clip(photo, 0, 255).astype(np.uint8)


def write_photo(path: Path, photo: npt.NDArray[np.uint8]) -> Path:
    """Write a photo, RGB, in a folder that is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), cv2.cvtColor(photo, cv2.COLOR_RGB2BGR))
    return path


def write_photos(folder: Path, individuals: Iterable[int], *, n_days: int = 2, n_each: int = 3, seed: int = 0, first_day: int = 1) -> Path:
    """Write `NAME/DAY/n.png` for individuals by number; the names are mouse_0, mouse_1 and so on."""
    for number in individuals:
        for day in range(first_day, first_day + n_days):
            rng = np.random.default_rng((seed, number, day))
            for index in range(n_each):
                write_photo(folder / f"mouse_{number}" / f"day{day}" / f"{index}.png", paint_individual(number, rng))
    return folder


def write_tracked_video(
    folder: Path, name: str, animals: Iterable[int], *, n_frames: int = 40, seed: int = 0, names: Sequence[str] | None = None
) -> Path:
    """Write a video of animals with coats of their own that walk to the right in lanes, with its track and tracklets; return the track."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = list(animals)
    rng = np.random.default_rng(seed)
    height, width = 60 * len(numbers) + 20, 40 + 4 * n_frames
    pictures, tracklets, tracks = [], [], {}
    for frame in range(n_frames):
        picture = np.full((height, width, 3), 190.0)
        for lane, number in enumerate(numbers):
            rows, columns = np.mgrid[:height, :width]
            along, across = columns - _place(frame), rows - (40 + 60 * lane)
            body = (along / 20) ** 2 + (across / 9) ** 2 < 1
            picture[body] = 60
            picture[body & (np.abs(along) < 9)] = np.random.default_rng(1000 + number).uniform(20, 230, 3)
        pictures.append(np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8))
    write_video(folder / f"{name}.mp4", pictures, fps=25)
    frames = np.arange(n_frames)
    for lane, label in enumerate(names or [f"animal{lane + 1}" for lane in range(len(numbers))]):
        positions = np.column_stack((_place(frames), np.full(n_frames, 40.0 + 60 * lane)))
        sizes = np.tile([40.0, 18.0], (n_frames, 1))
        tracklets.append(Tracklet(frames, positions, np.zeros(n_frames), sizes, np.zeros(n_frames, dtype=bool)))
        tracks[label] = Track(positions[:, None], np.ones((n_frames, 1)), ("centroid",))
    origin = {"video": f"{name}.mp4", "bytes": (folder / f"{name}.mp4").stat().st_size}
    qualities = tuple(np.ones(n_frames) for _ in numbers)
    gaps = GapFilling("still", 1.0, 1.0, 10)
    stored = StoredTracklets(tuple(tracklets), np.arange(len(numbers)), origin, qualities, None, n_frames, len(numbers), gaps)
    write_tracklets(folder / f"{name}_tracklets.npz", stored)
    write_deeplabcut(folder / f"{name}_track.csv", tracks, scorer="test")
    return folder / f"{name}_track.csv"


def _place(frame: Any) -> Any:
    return 24.0 + 4 * frame
