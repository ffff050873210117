"""Settings of the detector, chosen from pictures of the video itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from behavior.tracking.background import BackgroundKind, Grey, Polarity, RankedSamples, subtract_background
from behavior.tracking.moving_pixels import MOVING_THRESHOLD, MotionKind, MovingPixels
from behavior.tracking.spots import AnimalSize, Spots, find_spots, measure_mask

__all__ = ["DetectionSettings", "calibrate", "shrink"]

Floats = npt.NDArray[np.float64]

# Longest side of the pictures that settings are chosen on, and how long an animal should be in those that it is found in.
_LONGEST_SIDE = 560
_ANIMAL_LENGTH = 30

# Number of thresholds that are tried, and of pictures they are tried on.
_N_THRESHOLDS = 11
_N_PICTURES = 18

# A threshold is at least this many standard deviations of the noise, and this many grey levels.
_NOISE_FACTOR, _LOWEST = 5.0, 8.0

# Spots of fewer pixels are noise.
_FEWEST_PIXELS = 12

# More animals than these are not guessed.
_MOST_ANIMALS = 60

# How much a threshold loses that is not half way between floor and animal.
_EDGE_WEIGHT = 0.1

# Where so much of a spot is there in this share of the pictures, it never moves. It may be an animal that sits, and costs as much as a
# doubtful one, in animals; at the edge of the picture it is what is around the arena, and costs more than a missing animal.
_STILL_PART, _STILL_SHARE, _STILL_COST, _SCENERY_COST = 0.5, 0.95, 0.4, 1.2

# From this score on, nothing else is tried.
_GOOD = 0.8

_BLUR = 1.0


@dataclass(frozen=True)
class DetectionSettings:
    """How animals are found; every length and area is in pixels of the full picture.

    Attributes
    ----------
    background
        What the picture without animals is made from (`background.estimate_background`).
    polarity
        Whether animals are darker than it, lighter, or either.
    threshold
        By how many grey levels.
    size
        Of an animal that is alone.
    n_animals
        How many there are; None if unknown.
    shrink
        Whole number by which the picture's sides are divided before detection.
    blur
        Standard deviation of the Gaussian that takes out noise, in pixels of the smaller picture.
    score
        How well the pictures that the settings were chosen on came out, at most 1.
    """

    background: BackgroundKind
    polarity: Polarity
    threshold: float
    size: AnimalSize
    n_animals: int | None = None
    shrink: int = 1
    blur: float = _BLUR
    score: float = 1.0


@dataclass(frozen=True)
class _Trial:
    """What a background and a threshold found in the pictures."""

    score: float
    n_animals: int
    size: AnimalSize


def shrink(image: Grey, factor: int) -> Grey:
    """Return a picture with its sides divided by a whole number, each pixel the mean of what it replaces.

    >>> shrink(np.zeros((9, 8), dtype=np.uint8), 2).shape
    (4, 4)
    """
    if factor == 1:
        return image
    height, width = image.shape[0] // factor, image.shape[1] // factor
    return cv2.resize(image[: height * factor, : width * factor], (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)


def calibrate(
    samples: Grey,
    *,
    n_animals: int | None = None,
    background: BackgroundKind | None = None,
    polarity: Polarity | None = None,
    threshold: float | None = None,
    area: float | None = None,
    mask: npt.NDArray[np.bool_] | None = None,
    motion: MotionKind = "mog2",
) -> DetectionSettings:
    """Choose what is not given so that the same number of animals, of one size, is found in as many pictures as possible.

    Parameters
    ----------
    samples
        Pictures from all over the video, uint8 of shape (K, H, W).
    n_animals
        How many animals there are; None to find out.
    background, polarity, threshold, area
        What is known already; area in pixels of one animal.
    mask
        Where animals can be, bool of shape (H, W); everywhere where None.
    motion
        By which model the background `moving` finds what moves; it is not tried unless it is given, and knows no polarity or threshold.

    Raises
    ------
    ValueError
        If no setting finds an animal in the samples, or an extreme background is wanted for animals that may be dark or light.
    """
    if background == "extreme" and polarity == "both":
        raise ValueError("an extreme background is for dark or for light animals, not for both")
    factor = max(1, round(max(samples.shape[1:]) / _LONGEST_SIDE))
    small = np.stack([shrink(sample, factor) for sample in samples])
    allowed = None if mask is None else (shrink(mask.astype(np.uint8) * 255, factor) > 127).astype(np.uint8)
    chosen = small[np.unique(np.linspace(0, len(small) - 1, _N_PICTURES).round().astype(np.intp))]
    best: tuple[float, BackgroundKind, Polarity, float, _Trial] | None = None
    ranked = RankedSamples(small)
    for kind, sign in _list_candidates(chosen, ranked, background, polarity):
        if kind == "moving":
            model = MovingPixels(small, motion, blur=_BLUR)
            differences = [model.find(picture, learn=False) for picture in chosen]
        else:
            behind = ranked.estimate(kind, sign)
            differences = [subtract_background(picture, behind, polarity=sign, blur=_BLUR) for picture in chosen]
        if allowed is not None:
            differences = [difference * allowed for difference in differences]
        fixed = MOVING_THRESHOLD if kind == "moving" else threshold
        thresholds = [fixed] if fixed is not None else _list_thresholds(differences)
        small_area = None if area is None else area / factor**2
        trials = [_try(differences, level, n_animals=n_animals, area=small_area, may_be_scenery=kind == "flat") for level in thresholds]
        scores = np.array([trial.score for trial in trials])
        # A threshold is safer if its neighbours also do well.
        smooth = scores if len(scores) < 3 else np.convolve(np.pad(scores, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
        index = int(np.argmax(smooth))
        # Kinds come in order of preference, and another is not needed where one does well.
        if best is None or smooth[index] > best[0] + 0.03:
            best = (float(smooth[index]), kind, sign, thresholds[index], trials[index])
        if best[0] >= _GOOD:
            break
    if best is None or best[0] <= 0:
        raise ValueError("no setting finds an animal in the samples")
    score, kind, sign, level, trial = best
    size = AnimalSize(trial.size.area * factor**2, trial.size.length * factor, trial.size.width * factor)
    return DetectionSettings(
        background=kind,
        polarity=sign,
        threshold=level,
        size=size,
        n_animals=n_animals,
        shrink=max(int(size.length // _ANIMAL_LENGTH), 1),
        score=score,
    )


def _list_candidates(
    pictures: Grey, ranked: RankedSamples, kind: BackgroundKind | None, polarity: Polarity | None
) -> list[tuple[BackgroundKind, Polarity]]:
    """Return the backgrounds to try, the preferred ones first."""
    if kind == "moving":
        return [("moving", "both")]
    sign = polarity or _find_polarity(pictures, ranked)
    found: list[tuple[BackgroundKind, Polarity]] = []
    if sign != "both":
        found += [("extreme", sign), ("median", sign), ("flat", sign)]
    if polarity in (None, "both"):
        found += [("median", "both"), ("flat", "both")]
    return [candidate for candidate in found if kind is None or candidate[0] == kind]


def _find_polarity(pictures: Grey, ranked: RankedSamples) -> Polarity:
    """Return whether animals are dark or light.

    Against its own extreme a picture differs where an animal is; against the other one it differs all along the animal's way, which
    is more, but for the animal itself.
    """
    masses = {}
    signs: tuple[Polarity, Polarity] = ("dark", "light")
    for sign in signs:
        behind = ranked.estimate("extreme", sign)
        masses[sign] = float(np.median([subtract_background(picture, behind, polarity=sign).sum() for picture in pictures]))
    return "dark" if masses["dark"] <= masses["light"] else "light"


def _list_thresholds(differences: Sequence[Grey]) -> list[float]:
    """Return thresholds from just above the noise to most of the brightest animal."""
    # Most of a picture is background: its differences are half a bell around zero.
    noise = float(np.median([np.percentile(difference[::3, ::3], 68) for difference in differences]))
    peak = float(np.median([np.partition(difference.ravel(), -_FEWEST_PIXELS)[-_FEWEST_PIXELS] for difference in differences]))
    low = max(_NOISE_FACTOR * noise, _LOWEST)
    if peak <= low * 1.2:
        return [low]
    return [float(level) for level in np.geomspace(low, 0.75 * peak, _N_THRESHOLDS)] if 0.75 * peak > low else [low]


def _try(differences: Sequence[Grey], threshold: float, *, n_animals: int | None, area: float | None, may_be_scenery: bool) -> _Trial:
    """Return what `threshold` finds; a background that has no scenery in it may find that."""
    found = [find_spots(difference, threshold=threshold, smallest_area=_FEWEST_PIXELS) for difference in differences]
    nothing = _Trial(0.0, 0, AnimalSize(0.0, 0.0, 0.0))
    if not any(len(spots) for spots in found):
        return nothing
    count = n_animals or _guess_count([spots.areas for spots in found])
    # Where animals touch there are fewer spots, so the usual size is that in the pictures with the most.
    largest = [np.sort(spots.areas)[::-1][:count] for spots in found]
    typical = area or float(np.median(np.concatenate([areas for areas in largest if len(areas) >= _find_usual(largest)])))
    scores = [_score(spots.areas / typical, count) for spots in found]
    if may_be_scenery:
        above = np.mean([difference > threshold for difference in differences], axis=0)
        scores = [max(0.0, score - _weigh_still(spots, above) / count) for score, spots in zip(scores, found, strict=True)]
    contrast = np.median([np.max(difference) for difference in differences])
    # A coverage of half the picture is a change of light.
    coverage = np.median([spots.areas.sum() for spots in found]) / differences[0].size
    if coverage > 0.4:
        return nothing
    size = _find_size(found, typical)
    # Half way up its edge an animal has its true size.
    whole = 1.0 - _EDGE_WEIGHT * abs(threshold / max(contrast, threshold) - 0.5)
    return _Trial(float(np.mean(scores)) * whole, count, size)


def _weigh_still(spots: Spots, above: Floats) -> float:
    """Return what the spots of a picture cost that are in one place in nearly all pictures, in animals.

    `above` is in which share of the pictures each pixel is part of what is found, of shape (H, W).
    """
    cost = 0.0
    for spot in range(len(spots)):
        mask, place = spots.cut(spot)
        if (above[place][mask] >= _STILL_SHARE).mean() >= _STILL_PART:
            ends = [part.start == 0 or part.stop == side for part, side in zip(place, above.shape, strict=True)]
            cost += _SCENERY_COST if any(ends) else _STILL_COST
    return cost


def _find_usual(largest: Sequence[Floats]) -> int:
    return int(np.percentile([len(areas) for areas in largest], 75))


def _score(sizes: Floats, count: int) -> float:
    """Return how well the spots of one picture, in sizes of an animal, are `count` animals: 1 if they are just that."""
    alone = int(np.count_nonzero((sizes > 0.45) & (sizes <= 1.75)))
    shared = sizes[sizes > 1.75]
    merged = int(np.rint(shared).sum())
    doubtful = int(np.count_nonzero((sizes > 0.12) & (sizes <= 0.45)))
    wrong = abs(alone + merged - count) + 0.4 * merged + 0.5 * doubtful
    return max(0.0, 1.0 - wrong / count)


def _guess_count(areas: Sequence[Floats]) -> int:
    """Return how many animals there are: spots above the widest gap in size that is found in most pictures."""
    most = min(max(len(sizes) for sizes in areas), _MOST_ANIMALS)
    table = np.full((len(areas), most + 1), 1.0)
    for row, sizes in enumerate(areas):
        ordered = np.sort(sizes)[::-1][: most + 1]
        table[row, : len(ordered)] = ordered
    logs = np.log(table)
    gaps = np.median(logs[:, :-1] - logs[:, 1:], axis=0)
    # Animals are of like size: a number is as good as its gap less the spread of the sizes above it.
    spreads = np.array([np.median(logs[:, 0] - logs[:, number]) for number in range(most)])
    return int(np.argmax(gaps - spreads)) + 1


def _find_size(found: Sequence[Spots], typical: float) -> AnimalSize:
    """Return the median axes of the spots that are near `typical` in area."""
    axes = []
    for spots in found:
        for spot in np.flatnonzero((spots.areas > 0.6 * typical) & (spots.areas < 1.5 * typical))[:20]:
            axes.append(measure_mask(spots.masks[spot]).axes[1:])
    if not axes:
        side = 2 * np.sqrt(typical / np.pi)
        return AnimalSize(typical, side, side)
    length, width = np.median(np.array(axes), axis=0)
    return AnimalSize(typical, float(length), float(width))
