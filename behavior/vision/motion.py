"""What changed around a frame: dense optical flow between two crops of one window, as a short vector.

The flow is OpenCV's DIS (Kroeger, Timofte, Dai and Van Gool, "Fast Optical Flow using Dense Inverse Search", ECCV 2016). Both crops
have to be taken with the window of the later frame, so that the crop's own movement does not count.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from behavior.vision.crops import resize_square

__all__ = ["INPUT_SIZE", "MOTION_FEATURES", "MOTION_VERSION", "N_MOTION_FEATURES", "MotionDescriber", "describe_motion"]

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Flow = npt.NDArray[np.complex64]

# Counts up whenever the same two crops would give other numbers.
MOTION_VERSION = 1
# Side of the crops that flow is computed on, pixels; crops of another size are resized to it.
INPUT_SIZE = 64

# The flow is summarised at half the crops' resolution, which is that of DIS's finest scale.
_SIDE = INPUT_SIZE // 2
_CELLS = 4
_DIRECTIONS = 8
_SPEED_PERCENTILES = (50, 75, 90, 99)
_RESIDUAL_PERCENTILES = (90, 99)
# Where compression turns from linear to logarithmic: crop widths, radians, and changes by the whole range of grey, each per second.
_WIDTHS_KNEE = 0.05
_TURN_KNEE = 0.5
_GREY_KNEE = 0.05
_FIT_ROUNDS = 4
# A hundredth of a pixel: movements below it are noise, whatever the rest does.
_SMALLEST_SCALE = 0.01 / INPUT_SIZE
_SMALLEST_CONTRAST = 1.0
# Standard deviation, in crop widths, of where the animal is in its crop, and the weight of a pixel that looks like the floor.
_SPREAD = 0.25
_LEAST_WEIGHT = 0.02
_LEAST_GROWTH = 0.1


def _name_features() -> tuple[str, ...]:
    def over_cells(name: str) -> list[str]:
        return [f"{name}_{row}_{column}" for row in range(_CELLS) for column in range(_CELLS)]

    return (
        *over_cells("speed"),
        *over_cells("right"),
        *over_cells("down"),
        *over_cells("residual"),
        *over_cells("change"),
        *(f"direction_{index}" for index in range(_DIRECTIONS)),
        *(f"speed_percentile_{percentile}" for percentile in _SPEED_PERCENTILES),
        "residual_mean",
        *(f"residual_percentile_{percentile}" for percentile in _RESIDUAL_PERCENTILES),
        "common_right",
        "common_down",
        "common_turn",
        "common_growth",
        "change_mean",
    )


MOTION_FEATURES = _name_features()
N_MOTION_FEATURES = len(MOTION_FEATURES)


class MotionDescriber:
    """Describes the motion between frames of one recording; holds the flow algorithm, so one thread at a time may use it.

    What it returns depends on the two crops alone, not on what it described before nor on OpenCV's number of threads.

    Parameters
    ----------
    fps
        Frames per second between the two crops.

    Raises
    ------
    ValueError
        If `fps` is not a positive number.
    """

    def __init__(self, fps: float) -> None:
        if not 0 < fps < np.inf:
            raise ValueError(f"fps is {fps}, expected a positive number")
        self._fps = fps
        # On the rendered mouse, finer scales and the slower presets tell behaviors apart no better. The preset's own finest scale, a
        # quarter of the size, is for larger pictures: where it is coarser than the coarsest that a picture allows, DIS chooses another
        # and keeps it from then on.
        self._dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._dis.setFinestScale(1)

    def describe(self, previous: Image | None, current: Image) -> Floats:
        """Return what changed from `previous` to `current`; the features are named by `MOTION_FEATURES`.

        Parameters
        ----------
        previous, current
            RGB of shape (S, S, 3), the same window of two frames, best with S = `INPUT_SIZE`. None where there is no previous frame
            or it could not be decoded.

        Returns
        -------
        Float32 of shape (N_MOTION_FEATURES,); all zeros where nothing moves or there is no `previous`. Speeds are crop widths per
        second, and so the same at any resolution and frame rate. In order:

        - over a grid of 4 x 4 cells, row by row: mean speed, mean flow to the right, mean flow down, mean residual, mean change of
          brightness
        - how much of the flow goes in each of 8 directions: right, right and down, down, ...
        - percentiles of the speed; mean and percentiles of the residual
        - the animal's common movement: to the right, down, turn (clockwise in the image), growth
        - the mean change of brightness

        The residual is what the common movement leaves, weighted by how likely a pixel shows the animal: limbs that move within a
        still body. All are compressed: the logarithm of 1 plus the magnitude in units of a small one (0.05 crop widths, 0.5 radians
        or 0.05 of the range of grey, each per second), with the sign or the direction kept. Movements by more than about 0.15 crop
        widths from frame to frame come out too small.

        Raises
        ------
        ValueError
            If the two are not squares of one size.
        """
        shape = current.shape
        if len(shape) != 3 or shape[0] != shape[1] or shape[2] != 3 or (previous is not None and previous.shape != shape):
            found = "none" if previous is None else previous.shape
            raise ValueError(f"crops have shapes {found} and {shape}, expected (S, S, 3) for both")
        if previous is None:
            return np.zeros(N_MOTION_FEATURES, dtype=np.float32)
        before, after = _prepare_grey(previous), _prepare_grey(current)
        flow = _halve(self._dis.calc(before, after, None)).view(np.complex64)[:, :, 0] / np.float32(INPUT_SIZE)
        speed = np.abs(flow)
        change = _halve(cv2.absdiff(before, after)).astype(np.float32) / np.float32(255)
        weights = _weigh_animal(_halve(before).astype(np.float32))
        shift, twist, common = _fit_common_motion(flow, weights)
        residual = np.abs(flow - common) * weights
        cells = cv2.resize(cv2.merge([speed, flow.real, flow.imag, residual, change]), (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
        cell_speed, cell_right, cell_down, cell_residual, cell_change = cells.reshape(-1, 5).T
        per_frame = [
            _compress(cell_speed, _WIDTHS_KNEE, self._fps),
            *_compress_vectors(cell_right, cell_down, self._fps),
            _compress(cell_residual, _WIDTHS_KNEE, self._fps),
            _compress(cell_change, _GREY_KNEE, self._fps),
            _compress(_count_directions(flow, speed), _WIDTHS_KNEE, self._fps),
            _compress(_find_percentiles(speed, _SPEED_PERCENTILES), _WIDTHS_KNEE, self._fps),
            _compress(np.append(residual.mean(), _find_percentiles(residual, _RESIDUAL_PERCENTILES)), _WIDTHS_KNEE, self._fps),
            *_compress_vectors(np.array([shift.real]), np.array([shift.imag]), self._fps),
            _compress(np.array([twist.imag, twist.real]), _TURN_KNEE, self._fps),
            _compress(np.array([change.mean()]), _GREY_KNEE, self._fps),
        ]
        return np.concatenate(per_frame).astype(np.float32)


def describe_motion(previous: Image | None, current: Image, *, fps: float) -> Floats:
    """Return what `MotionDescriber(fps).describe(previous, current)` does; for more than a few frames, keep a describer."""
    return MotionDescriber(fps).describe(previous, current)


def _prepare_grey(crop: Image) -> Image:
    return np.asarray(cv2.cvtColor(resize_square(crop, INPUT_SIZE), cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _halve(image: npt.NDArray) -> npt.NDArray:
    return np.asarray(cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA))


def _weigh_animal(grey: Floats) -> Floats:
    """Return how likely each pixel (S, S) shows the animal, in (0, 1]: near the middle, and unlike the crop's rim."""
    rim = np.concatenate((grey[:2].ravel(), grey[-2:].ravel(), grey[:, :2].ravel(), grey[:, -2:].ravel()))
    contrast = np.square(grey - np.median(rim))
    usual = max(float(np.sqrt(contrast).mean()), _SMALLEST_CONTRAST) ** 2
    return _NEAR_MIDDLE * (_LEAST_WEIGHT + (1 - _LEAST_WEIGHT) * contrast / (contrast + usual))


def _fit_common_motion(flow: Flow, weights: Floats) -> tuple[complex, complex, Flow]:
    """Fit the shift, turn and growth that most of the animal shares, by iteratively reweighted least squares with Cauchy's weights.

    As complex numbers a similarity is linear: the flow at a place is ``shift + (place - center) * factor``, and what moves otherwise,
    limbs and background, loses its weight from round to round.

    Returns
    -------
    shift
        Flow of the animal's middle, crop widths per frame.
    twist
        Logarithm of 1 plus the factor: growth as its real, turn in radians as its imaginary part, per frame.
    common
        The fitted flow (S, S).
    """
    current = weights
    for last in range(_FIT_ROUNDS):
        total = current.sum()
        center = (current * _PLACES).sum() / total
        shift = (current * flow).sum() / total
        arms = _PLACES - center
        weighted = current * np.conj(arms)
        factor = (weighted * (flow - shift)).sum() / (weighted * arms).sum().real
        common = shift + arms * factor
        if last < _FIT_ROUNDS - 1:
            error = np.abs(flow - common)
            scale = max(float((current * error).sum() / total), _SMALLEST_SCALE)
            current = weights / (1 + np.square(error / np.float32(scale)))
    scaled = 1 + complex(factor)
    return complex(shift), complex(np.log(max(abs(scaled), _LEAST_GROWTH)), np.angle(scaled)), common


def _count_directions(flow: Flow, speed: Floats) -> npt.NDArray[np.float64]:
    """Return the mean speed in each of 8 directions; what lies between two is shared, and their sum is the mean speed."""
    position = (np.angle(flow) * np.float32(_DIRECTIONS / (2 * np.pi))).ravel()
    low = np.floor(position)
    upper_share = (position - low) * speed.ravel()
    index = low.astype(np.int64) % _DIRECTIONS
    lower = np.bincount(index, speed.ravel() - upper_share, _DIRECTIONS)
    upper = np.bincount((index + 1) % _DIRECTIONS, upper_share, _DIRECTIONS)
    return (lower + upper) / speed.size


def _find_percentiles(values: Floats, percentiles: tuple[int, ...]) -> Floats:
    ranks = [round(percentile / 100 * (values.size - 1)) for percentile in percentiles]
    return np.sort(values, axis=None)[ranks]


def _compress(values: npt.NDArray, knee: float, fps: float) -> npt.NDArray:
    """Return the signed logarithm of values per frame: ``sign(v) * log(1 + |v| * fps / knee)``."""
    return np.copysign(np.log1p(np.abs(values) * (fps / knee)), values)


def _compress_vectors(right: npt.NDArray, down: npt.NDArray, fps: float) -> tuple[npt.NDArray, npt.NDArray]:
    """Return vectors with their lengths compressed and their directions kept."""
    length = np.hypot(right, down)
    scale = np.log1p(length * (fps / _WIDTHS_KNEE)) / np.where(length > 0, length, 1)
    return right * scale, down * scale


def _make_places() -> tuple[Flow, Floats]:
    """Return the places of the summary's pixels in crop widths from the middle, and the weight that nearness to it gives."""
    steps = (np.arange(_SIDE) + 0.5) / _SIDE - 0.5
    places = (steps[None, :] + 1j * steps[:, None]).astype(np.complex64)
    return places, np.exp(-0.5 * np.square(np.abs(places) / _SPREAD)).astype(np.float32)


_PLACES, _NEAR_MIDDLE = _make_places()
