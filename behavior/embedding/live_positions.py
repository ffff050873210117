"""Where an animal is in pictures that come one after the other, without a pose: at a fixed place, or where a detector finds it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from behavior.embedding.opened_detector import open_detector
from behavior.embedding.track_request import TrackRequest
from behavior.errors import VideoError
from behavior.files.video_samples import sample_grey
from behavior.tracking.background_detector import BackgroundDetector

__all__ = ["FixedPosition", "Positions", "TrackedPosition", "follow_animal"]

Floats = npt.NDArray[np.float64]


class Positions(Protocol):
    """Finds the animal in picture after picture."""

    def find(self, image: npt.NDArray[np.uint8], time_s: float) -> tuple[Floats, bool] | None:
        """Return where the animal is in the next picture, RGB (H, W, 3), as x, y in pixels, and whether it was found there.

        `time_s` is when it was taken. None where nothing can be said yet.
        """


class FixedPosition:
    """An animal that is taken to be at one place, x and y in pixels; NaN for the middle of the picture."""

    def __init__(self, x: float, y: float) -> None:
        self._center = np.array([x, y])

    def find(self, image: npt.NDArray[np.uint8], time_s: float) -> tuple[Floats, bool]:
        """Return the place."""
        return self._center, True


class TrackedPosition:
    """The animal that a detector finds: of several, the one nearest to where it was, at first the largest.

    Parameters
    ----------
    detector
        Of the background of `video`.
    size
        Width and height of its pictures.
    """

    def __init__(self, detector: BackgroundDetector, *, video: Path, size: tuple[int, int]) -> None:
        self._detector, self._video, self.size = detector, video, size
        self._last = np.full(2, np.nan)

    def go_on(self, other: TrackedPosition) -> None:
        """Follow the animal that another one has followed."""
        self._last = other._last

    def find(self, image: npt.NDArray[np.uint8], time_s: float) -> tuple[Floats, bool]:
        """Return where the animal is; where it is not found, where it was last; VideoError for a picture of another size."""
        height, width = image.shape[:2]
        if (width, height) != self.size:
            raise VideoError(
                f"{self._video}: has pictures of {self.size[0]} x {self.size[1]} pixels, expected {width} x {height} as those that are "
                "recorded; give a video of the same camera."
            )
        found = self._detector.detect(image)
        if not len(found):
            return self._last, False
        if np.isfinite(self._last).all():
            chosen = int(np.argmin(np.hypot(*(found.positions - self._last).T)))
        else:
            chosen = int(np.argmax(found.areas))
        self._last = np.asarray(found.positions[chosen], dtype=np.float64)
        return self._last, True


def follow_animal(video: Path) -> TrackedPosition:
    """Return what follows one animal before the background of `video`, found as `behavior track` does.

    Raises
    ------
    VideoError
        If the video cannot be read, or nothing in it looks like an animal.
    """
    samples, frames = sample_grey(video)
    height, width = samples.shape[1:]
    return TrackedPosition(open_detector(video, samples, frames, TrackRequest(animals=1)), video=video, size=(width, height))
