"""Finds animals as what differs from the background."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from behavior.tracking.background import Grey, estimate_background, level_brightness, subtract_background
from behavior.tracking.calibration import DetectionSettings, shrink
from behavior.tracking.detections import Detections
from behavior.tracking.moving_pixels import MotionKind, MovingPixels
from behavior.tracking.spots import AnimalSize, Spots, find_spots, take_animals

__all__ = ["BackgroundDetector", "to_grey"]

# Part of the picture that differs from the background when the light or the camera has changed, and everything is foreground.
_MOST_COVERED = 0.4

# Spots smaller than this part of an animal are ignored.
_SMALLEST = 0.15

# Part of a spot that moves where an animal does.
_MOVING_PART = 0.05

# How far the background goes towards a picture, each frame, where it follows the light.
_ADAPTATION = 0.02

# A frame with less than this share of the background's light was recorded in the dark; the background is not updated from it.
_DARK = 0.25


class BackgroundDetector:
    """Finds animals as what differs from the background; pictures come in the order of the video.

    Parameters
    ----------
    samples
        Pictures from all over the video, uint8 of shape (K, H, W).
    settings
        How animals are found; `calibration.calibrate` chooses them.
    mask
        Where animals can be, bool of shape (H, W); everywhere where None.
    colors
        Pixels with channels that differ by more than this are equipment; None for pictures without color.
    adaptive
        Whether the background follows slow changes of light where no animal is.
    motion
        A model of what moves: it has to see a part of each spot move; None to go by shape alone. With the background `moving` it alone
        tells what is an animal, by a mixture of Gaussians where None.
    moved_at
        First of the samples that were taken after the camera had been moved: what is behind the animals is another picture from there on,
        and of two such pictures the one counts that a frame is more like. None where the camera stood still.

    Attributes
    ----------
    n_flooded
        Number of pictures that differ so much that the light or the camera must have changed; they have no detections.
    """

    def __init__(
        self,
        samples: npt.NDArray[np.uint8],
        settings: DetectionSettings,
        *,
        mask: npt.NDArray[np.bool_] | None = None,
        colors: float | None = None,
        adaptive: bool = False,
        motion: MotionKind | None = None,
        moved_at: int | None = None,
    ) -> None:
        self.settings = settings
        self.n_flooded = 0
        factor = settings.shrink
        small = np.stack([shrink(sample, factor) for sample in samples])
        # KNN draws at random which pictures it remembers.
        cv2.setRNGSeed(0)
        self._moving = MovingPixels(small, motion or "mog2", blur=settings.blur) if settings.background == "moving" else None
        kind = "median" if self._moving is not None else settings.background
        parts = [small] if moved_at is None else [small[:moved_at], small[moved_at:]]
        self._backgrounds = [estimate_background(part, kind=kind, polarity=settings.polarity) for part in parts]
        # What is behind the animals now, and which of the two views the last picture was of.
        self._behind = list(self._backgrounds)
        self._view = 0
        self._adapting = np.stack(self._backgrounds).astype(np.float32) if adaptive else None
        self._mask = None if mask is None else (shrink(mask.astype(np.uint8) * 255, factor) > 127).astype(np.uint8)
        size = settings.size
        self._size = AnimalSize(size.area / factor**2, size.length / factor, size.width / factor)
        self._colors = colors
        self._mover = None
        if motion is not None and self._moving is None:
            make = cv2.createBackgroundSubtractorMOG2 if motion == "mog2" else cv2.createBackgroundSubtractorKNN
            self._mover = make(detectShadows=False)
        self._before = np.empty((0, 2))

    @property
    def is_resumable(self) -> bool:
        """Whether all that it remembers can be kept, which OpenCV's models of what moves do not allow."""
        return self._mover is None and self._moving is None

    def describe(self) -> dict[str, Any]:
        """Return what detections follow from, as JSON has it; large arrays by their digest."""
        arrays = {"background": np.stack(self._backgrounds), "mask": self._mask}
        digests = {name: None if array is None else hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}
        return {**digests, **asdict(self.settings), "colors": self._colors, "adaptive": self._adapting is not None}

    def get_state(self) -> dict[str, npt.NDArray[Any]]:
        """Return what is remembered from the pictures so far."""
        state: dict[str, npt.NDArray[Any]] = {"before": self._before, "n_flooded": np.array([self.n_flooded])}
        return state if self._adapting is None else {**state, "adapting": self._adapting}

    def set_state(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on from what a detector with the same description remembered."""
        self._before, self.n_flooded = state["before"], int(state["n_flooded"][0])
        if self._adapting is not None:
            self._adapting = state["adapting"]
            self._behind = [_round(each) for each in self._adapting]

    def detect(self, image: npt.NDArray[np.uint8]) -> Detections:
        """Return the animals in the next picture, uint8 of shape (H, W), or (H, W, 3) as RGB."""
        settings, factor = self.settings, self.settings.shrink
        small = shrink(to_grey(image), factor)
        if self._moving is not None:
            difference = self._moving.find(small)
        else:
            difference = self._subtract(small)
        for allowed in (self._mask, self._find_plain(image)):
            if allowed is not None:
                difference = cv2.multiply(difference, allowed)
        spots = find_spots(difference, threshold=settings.threshold, smallest_area=max(_SMALLEST * self._size.area, 3))
        if self._mover is not None:
            moving = self._mover.apply(small) > 0
            spots = spots.select([spot for spot in range(len(spots)) if _is_moving(spots, spot, moving)])
        if spots.areas.sum() > _MOST_COVERED * small.size:
            self.n_flooded += 1
            self._adapt(small, difference, everywhere=True)
            return Detections.at(np.empty((0, 2)))
        found = take_animals(spots, difference, self._size, before=self._before, n_animals=settings.n_animals)
        self._before = found.positions
        self._adapt(small, difference)
        return _enlarge(found, factor)

    def _subtract(self, small: Grey) -> Grey:
        polarity, blur = self.settings.polarity, self.settings.blur
        differences = [subtract_background(small, behind, polarity=polarity, blur=blur) for behind in self._behind]
        self._view = min(range(len(differences)), key=lambda view: cv2.sumElems(differences[view])[0])
        return differences[self._view]

    def _find_plain(self, image: npt.NDArray[np.uint8]) -> Grey | None:
        """Return 1 where pixels have no color to speak of, and 0 elsewhere."""
        if self._colors is None or image.ndim == 2:
            return None
        height, width = self._behind[0].shape
        factor = self.settings.shrink
        channels = [shrink(np.ascontiguousarray(image[: height * factor, : width * factor, channel]), factor) for channel in range(3)]
        spread = np.max(channels, axis=0) - np.min(channels, axis=0)
        return np.asarray(spread <= self._colors, dtype=np.uint8)

    def _adapt(self, small: npt.NDArray[np.uint8], difference: Grey, *, everywhere: bool = False) -> None:
        if self._adapting is None or small.mean() < _DARK * self._behind[self._view].mean():
            return
        # In one brightness, or places where an animal hid the floor during a change would look like animals when it leaves.
        levelled = small * np.float32(level_brightness(small, self._behind[self._view]))
        if everywhere:
            still = np.ones(small.shape, dtype=np.uint8)
        else:
            side = max(round(self._size.width / 2), 1) * 2 + 1
            still = 1 - cv2.dilate((difference > self.settings.threshold / 2).astype(np.uint8), np.ones((side, side), dtype=np.uint8))
        adapting = self._adapting[self._view]
        cv2.accumulateWeighted(levelled, adapting, _ADAPTATION, mask=still)
        self._behind[self._view] = _round(adapting)


def to_grey(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return a picture, uint8 of shape (H, W) or (H, W, 3) as RGB, in grey.

    >>> to_grey(np.full((2, 2, 3), 7, dtype=np.uint8)).tolist()
    [[7, 7], [7, 7]]
    """
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint8)


def _round(levels: npt.NDArray[np.float32]) -> Grey:
    return np.rint(levels).astype(np.uint8)


def _is_moving(spots: Spots, spot: int, moving: npt.NDArray[np.bool_]) -> bool:
    """Tell whether enough of a spot moves; the middle of a large animal looks the same from one frame to the next."""
    mask, place = spots.cut(spot)
    return np.count_nonzero(moving[place] & mask) >= _MOVING_PART * spots.areas[spot]


def _enlarge(found: Detections, factor: int) -> Detections:
    """Return detections in pixels of the full picture."""
    if factor == 1:
        return found
    # The middle of the first small pixel is the middle of the pixels that it replaces.
    positions = (found.positions + 0.5) * factor - 0.5
    return replace(found, positions=positions, lengths=found.lengths * factor, widths=found.widths * factor, areas=found.areas * factor**2)
