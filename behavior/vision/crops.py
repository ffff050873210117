"""Squares of a frame around the animal."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = [
    "UP",
    "crop_rotated",
    "crop_square",
    "find_body_axis",
    "find_centers",
    "find_corners",
    "find_frame_corners",
    "find_measured_points",
    "place_square",
    "resize_square",
    "take_crop",
    "take_whole_frame",
]

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

# Directions are radians from x (right) towards y (down), so that this one is up in the image.
UP = -np.pi / 2
# Part of a rotated crop's side: how far around the animal's centre nothing of the frame may be lost for the sake of a full crop.
_KEPT_AROUND = 0.25
_UNIT_SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
_CIRCLE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 64, endpoint=False)), np.sin(np.linspace(0, 2 * np.pi, 64, endpoint=False))], axis=1)


def find_measured_points(positions: Floats, likelihoods: Floats, *, min_likelihood: float) -> npt.NDArray[np.bool_]:
    """Return which points of a pose were found, bool of shape (T, P).

    Parameters
    ----------
    positions
        Pixels, shape (T, P, 2) as x, y.
    likelihoods
        Shape (T, P). A point counts as missing below `min_likelihood`, where it is NaN, and at exactly (0, 0), which is how some
        tools write a point that was not found.
    """
    return (likelihoods >= min_likelihood) & np.isfinite(positions).all(axis=2) & (positions != 0).any(axis=2)


def find_centers(positions: Floats, likelihoods: Floats, *, min_likelihood: float) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the centre of each frame's crop: the mean of the body parts that were found, gaps filled.

    Parameters
    ----------
    positions
        Pixels, shape (T, K, 2) as x, y, of the K body parts that the centre is the mean of.
    likelihoods
        Shape (T, K). `find_measured_points` tells which points count.

    Returns
    -------
    centers
        Float64 of shape (T, 2). A frame without any of the body parts gets the linear interpolation between its neighbours in time, at
        the ends the nearest centre; NaN everywhere if no frame has any.
    measured
        Bool of shape (T,): False where the centre was filled in.
    """
    found = find_measured_points(positions, likelihoods, min_likelihood=min_likelihood)
    counts = found.sum(axis=1)
    measured = counts > 0
    # In place: a day of frames has 40 MB of centres.
    centers = np.where(found[:, :, None], positions, 0.0).sum(axis=1)
    np.divide(centers, counts[:, None], out=centers, where=measured[:, None])
    centers[~measured] = np.nan
    if measured.any() and not measured.all():
        frames = np.arange(len(positions))
        for axis in range(2):
            centers[~measured, axis] = np.interp(frames[~measured], frames[measured], centers[measured, axis])
    return centers, measured


def find_body_axis(positions: Floats, likelihoods: Floats, *, min_likelihood: float) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the direction of the body in each frame, gaps filled.

    Parameters
    ----------
    positions
        Pixels, shape (T, 2, 2) as x, y, of the axis's tail end and its head end.
    likelihoods
        Shape (T, 2). `find_measured_points` tells which points count.

    Returns
    -------
    angles
        Float64 of shape (T,): direction from tail to head in (-pi, pi], radians from x (right) towards y (down). A frame that lacks
        one of the two, or has both at one place, is interpolated between its neighbours in time along the shorter way round, at the
        ends it takes the nearest angle; NaN everywhere if no frame has both.
    measured
        Bool of shape (T,): False where the angle was filled in.
    """
    tail_found, head_found = find_measured_points(positions, likelihoods, min_likelihood=min_likelihood).T
    found = tail_found & head_found
    tails, heads = np.where(found[:, None, None], positions, 0.0).swapaxes(0, 1)
    axis = heads - tails
    measured = found & (axis != 0).any(axis=1)
    angles = np.full(len(positions), np.nan)
    angles[measured] = np.arctan2(axis[measured, 1], axis[measured, 0])
    if measured.any() and not measured.all():
        frames = np.arange(len(positions))
        filled = np.interp(frames[~measured], frames[measured], np.unwrap(angles[measured]))
        angles[~measured] = -np.remainder(np.pi - filled, 2 * np.pi) + np.pi
    return angles, measured


def crop_square(image: Image, center: Floats, size: int) -> Image:
    """Return the square of `size` pixels around `center`, shifted inward at the borders so that it stays full.

    Parameters
    ----------
    image
        RGB of shape (H, W, 3).
    center
        Pixels, shape (2,) as x, y; NaN means the middle of the frame.

    Returns
    -------
    RGB of shape (size, size, 3). A frame smaller than the square is padded with black, evenly on both sides.
    """
    image = _pad_to(image, size)
    left, top = place_square((image.shape[1], image.shape[0]), center, size)
    return image[top : top + size, left : left + size]


def crop_rotated(image: Image, center: Floats, size: int, angle: float) -> Image:
    """Return the square of `size` pixels around `center`, rotated so that the direction `angle` points up.

    The square is shifted inward at the borders until it is full, but only as far as everything that the frame shows within a quarter
    of `size` around `center` stays in it: in a corner of the frame, a full square that stands on its corner would lose the animal.
    What then lies outside the frame is black.

    Parameters
    ----------
    image
        RGB of shape (H, W, 3).
    center
        Pixels, shape (2,) as x, y; NaN means the middle of the frame.
    angle
        Radians from x (right) towards y (down), as `find_body_axis` gives them; NaN gives `crop_square`.

    Returns
    -------
    RGB of shape (size, size, 3), interpolated linearly; where up is up already and the square lies on whole pixels, that of
    `crop_square`.
    """
    if not np.isfinite(angle):
        return crop_square(image, center, size)
    middle, rotation = _place_rotated((image.shape[1], image.shape[0]), center, size, angle)
    # OpenCV's pixel 0 lies at 0, not between 0 and 1.
    origin = middle - 0.5 - rotation @ np.full(2, (size - 1) / 2)
    matrix = np.column_stack([rotation, origin])
    return np.asarray(cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP), dtype=np.uint8)


def resize_square(square: Image, size: int) -> Image:
    """Return `square` (S, S, 3) resized to (size, size, 3): area interpolation when shrinking, linear when growing."""
    if square.shape[0] == size:
        return np.ascontiguousarray(square)
    interpolation = cv2.INTER_AREA if size < square.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (size, size), interpolation=interpolation), dtype=np.uint8)


def take_crop(image: Image, center: Floats, *, crop_size: int, input_size: int, angle: float | None = None) -> Image:
    """Return the crop around `center` as a backbone's input, RGB of shape (input_size, input_size, 3).

    With an `angle` the crop is rotated so that this direction points up (see `crop_rotated`); without, it is as the camera saw it.
    """
    square = crop_square(image, center, crop_size) if angle is None else crop_rotated(image, center, crop_size, angle)
    return resize_square(square, input_size)


def take_whole_frame(image: Image, *, input_size: int) -> Image:
    """Return the whole frame, padded with black to a square, as a backbone's input, RGB of shape (input_size, input_size, 3)."""
    return resize_square(_pad_to(image, max(image.shape[:2])), input_size)


def find_corners(frame_size: tuple[int, int], center: Floats, *, crop_size: int, angle: float | None = None) -> Floats:
    """Return where the corners of the crop that `take_crop` cuts are in the frame: upper left, upper right, lower right, lower left.

    Parameters
    ----------
    frame_size
        Width and height of the frame, pixels.
    center, crop_size, angle
        As for `take_crop`.

    Returns
    -------
    Float64 of shape (4, 2) as x, y; pixel 0 lies between 0 and 1, and what was padded lies outside of the frame.

    Examples
    --------
    >>> find_corners((640, 480), np.array([100.0, 10.0]), crop_size=40).tolist()
    [[80.0, 0.0], [120.0, 0.0], [120.0, 40.0], [80.0, 40.0]]
    """
    if angle is not None and np.isfinite(angle):
        middle, rotation = _place_rotated(frame_size, center, crop_size, angle)
        return middle + (_UNIT_SQUARE - 0.5) * crop_size @ rotation.T
    padded = max(frame_size[0], crop_size), max(frame_size[1], crop_size)
    padding = np.array([(side - own) // 2 for side, own in zip(padded, frame_size, strict=True)])
    return _UNIT_SQUARE * crop_size + place_square(padded, center, crop_size) - padding


def find_frame_corners(frame_size: tuple[int, int]) -> Floats:
    """Return the corners of what `take_whole_frame` shows, as `find_corners` gives those of a crop."""
    return find_corners(frame_size, np.full(2, np.nan), crop_size=max(frame_size))


def place_square(frame_size: tuple[int, int], center: Floats, size: int) -> tuple[int, int]:
    """Return the left and upper end of the square that `crop_square` cuts from a frame that is at least as large.

    Parameters
    ----------
    frame_size
        Width and height of the frame, pixels.
    center, size
        As for `crop_square`.

    Examples
    --------
    >>> place_square((640, 480), np.array([100.0, 10.0]), 40)
    (80, 0)
    """
    width, height = frame_size
    if not np.isfinite(center).all():
        center = np.array([width / 2, height / 2])
    left = int(np.clip(round(float(center[0]) - size / 2), 0, width - size))
    top = int(np.clip(round(float(center[1]) - size / 2), 0, height - size))
    return left, top


def _place_rotated(frame_size: tuple[int, int], center: Floats, size: int, angle: float) -> tuple[Floats, Floats]:
    """Return the middle of the rotated square, and the matrix (2, 2) that turns what is right and down in it to the frame's."""
    frame = np.array(frame_size, dtype=np.float64)
    turn = angle - UP
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    if not np.isfinite(center).all():
        center = frame / 2
    return _shift_inward(np.clip(center, 0, frame), frame, size, rotation), rotation


def _pad_to(image: Image, size: int) -> Image:
    height, width = image.shape[:2]
    missing_rows, missing_columns = max(size - height, 0), max(size - width, 0)
    if not missing_rows and not missing_columns:
        return image
    top, left = missing_rows // 2, missing_columns // 2
    return np.pad(image, ((top, missing_rows - top), (left, missing_columns - left), (0, 0)))


def _shift_inward(center: Floats, frame: Floats, size: int, rotation: Floats) -> Floats:
    """Return the middle of a rotated square that is as full as it can be with what is near `center` in it."""
    half = size / 2
    reach = half * np.abs(rotation).sum(axis=1)
    # Where the frame is smaller than the square, it lies in the middle, as `_pad_to` puts it.
    full = np.where(frame < 2 * reach, (frame + np.where(frame < size, (size - frame) % 2, 0)) / 2, np.clip(center, reach, frame - reach))
    shift = (full - center) @ rotation
    # The frame is convex, so that what is near in it spans at most these.
    near = (np.clip(center + _KEPT_AROUND * size * _CIRCLE, 0, frame) - center) @ rotation
    room = np.where(shift > 0, half + near.min(axis=0), half - near.max(axis=0))
    allowed = np.divide(room, np.abs(shift), out=np.ones(2), where=np.abs(shift) > room)
    return center + min(1.0, float(allowed.min())) * (full - center)
