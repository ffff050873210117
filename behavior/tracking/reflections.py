"""What is the mirror image of an animal in a wall: it moves as the animal does, the other way round, and is never seen alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from behavior.tracking.association import Associated, AssociationSettings, associate
from behavior.tracking.detections import Detections, FrameDetections

__all__ = ["Reflection", "Way", "choose_reflections", "find_reflections"]

Floats = npt.NDArray[np.float64]

# Two ways are compared that share so many frames, and in these get about so far, in lengths of an animal: together, and towards the
# wall. Animals that rest or run along a wall look the same in a mirror and in a row.
_FEWEST, _LEAST_WAY, _LEAST_TOWARDS = 20, 0.75, 0.2

# How far a mirror image is from where a mirror would have it, in lengths: the root of the mean square, and along the wall in the mean.
_MOST_OFF, _MOST_ALONG = 0.2, 0.25

# Share of its frames in which the animal is seen beside its image, and how many frames all images have together.
_NEVER_ALONE, _ENOUGH = 0.95, 40

# A smaller share of frames with more than the animals is noise.
_OFTEN = 0.02


@dataclass(frozen=True)
class Reflection:
    """A mirror image of an animal: its middle in pixels, its first frame and the one after its last, and in how many frames it is found."""

    x: float
    y: float
    start_frame: int
    stop_frame: int
    n_frames: int


@dataclass(frozen=True)
class Way:
    """Where one animal was followed without doubt: frames, int64 of shape (K,), increasing, and positions in pixels, (K, 2)."""

    frames: npt.NDArray[np.intp]
    positions: Floats


def find_reflections(frames: Sequence[Detections], associated: Associated, settings: AssociationSettings) -> list[Reflection]:
    """Return the mirror images among what is found in a video, by time.

    Parameters
    ----------
    frames
        Detections of each frame.
    associated, settings
        How they were joined. Where the number of animals is known, an image is found beside them: only if more are found in many frames,
        and then among the tracks of all that is found.
    """
    table = FrameDetections.of(frames)
    if settings.n_animals is not None:
        if not len(table) or np.mean(table.counts > settings.n_animals) <= _OFTEN:
            return []
        associated = associate(table, replace(settings, n_animals=None, shortest=_FEWEST))
    found, columns = np.nonzero(associated.chosen >= 0)
    positions = table.values[table.starts[found] + associated.chosen[found, columns], :2]
    numbers = associated.tracklets[found, columns]
    order = np.argsort(numbers, kind="stable")
    ends = np.flatnonzero(np.diff(numbers[order])) + 1
    parts = [rows for rows in np.split(order, ends) if len(rows) >= _FEWEST]
    return choose_reflections([Way(found[rows], positions[rows]) for rows in parts], length=settings.length)


def choose_reflections(ways: Sequence[Way], *, length: float) -> list[Reflection]:
    """Return the mirror images among ways, by time; none where all that is like one lasts for less than two seconds or so.

    Of two that are the mirror images of each other, the one that is found in fewer frames is the image.

    Parameters
    ----------
    length
        Of an animal, in pixels.

    Examples
    --------
    >>> way = np.column_stack((30 + 20 * np.sin(np.arange(60) / 9), 2.0 * np.arange(60)))
    >>> animal, image = Way(np.arange(60), way), Way(np.arange(50), ([100, 0] + way * [-1, 1])[:50])
    >>> [found.n_frames for found in choose_reflections([animal, image], length=20)]
    [50]
    """
    by_start = sorted((one for one in ways if len(one.frames) >= _FEWEST), key=lambda one: int(one.frames[0]))
    images: dict[int, Reflection] = {}
    for number, first in enumerate(by_start):
        for second in range(number + 1, len(by_start)):
            if by_start[second].frames[0] > first.frames[-1]:
                break
            pair = sorted((number, second), key=lambda each: len(by_start[each].frames))
            image, animal = (by_start[each] for each in pair)
            if _is_image(image, animal, length):
                x, y = np.median(image.positions, axis=0).tolist()
                images[pair[0]] = Reflection(x, y, int(image.frames[0]), int(image.frames[-1]) + 1, len(image.frames))
    found = sorted(images.values(), key=lambda one: one.start_frame)
    return found if sum(one.n_frames for one in found) >= _ENOUGH else []


def _is_image(image: Way, animal: Way, length: float) -> bool:
    """Tell whether a way is where a straight mirror would show an animal, in nearly all of its frames."""
    _, rows, animal_rows = np.intersect1d(image.frames, animal.frames, assume_unique=True, return_indices=True)
    if len(rows) < max(_FEWEST, _NEVER_ALONE * len(image.frames)):
        return False
    seen, own = image.positions[rows], animal.positions[animal_rows]
    middles = seen.mean(axis=0), own.mean(axis=0)
    (qx, qy), (px, py) = (seen - middles[0]).T, (own - middles[1]).T
    if np.sqrt(np.mean(px**2 + py**2)) < _LEAST_WAY * length:
        return False
    # The reflection in a line at half this angle that has the least squares.
    angle = np.arctan2((px * qy + py * qx).sum(), (px * qx - py * qy).sum())
    off = np.hypot(np.cos(angle) * px + np.sin(angle) * py - qx, np.sin(angle) * px - np.cos(angle) * py - qy)
    along, towards = (np.array([np.cos(turn), np.sin(turn)]) for turn in (angle / 2, angle / 2 + np.pi / 2))
    is_exact = np.sqrt(np.mean(off**2)) <= _MOST_OFF * length and abs((middles[0] - middles[1]) @ along) <= _MOST_ALONG * length
    return bool(is_exact and (np.column_stack((px, py)) @ towards).std() >= _LEAST_TOWARDS * length)
