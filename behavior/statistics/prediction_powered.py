"""Means of groups of animals that hold although the model errs: predictions of everything, corrected by clips that people labelled.

Prediction-powered inference (Angelopoulos et al. 2023, Science 382:669, doi:10.1126/science.adi6000) with animals as the unit: the model's
figure for a whole animal, plus people's figure minus the model's figure in clips drawn at random from it. The model's weight is tuned
(Angelopoulos, Duchi and Zrnic 2023, "PPI++: efficient prediction-powered inference", arXiv:2311.01453, section 4), so that
the corrected figure is hardly ever less certain than the clips alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = [
    "AuditedAnimal",
    "Estimate",
    "Kind",
    "estimate_difference",
    "estimate_mean",
    "estimate_more_clips",
    "estimate_ratio",
    "tune_power",
]

Kind = Literal["predicted", "audited", "corrected", "bias"]

_LEVEL = 0.95


@dataclass(frozen=True)
class AuditedAnimal:
    """One rate of one animal, by the model and by people: the share of time with a behavior, or bouts begun per second.

    Attributes
    ----------
    predicted
        By the model, over all that was recorded of the animal.
    lengths
        How long each of its audited clips is, in seconds, float64 of shape (K,), each above 0; K may be 0.
    predicted_clips
        By the model, in each clip, shape (K,).
    true_clips
        By people, in each clip, shape (K,).

    Raises
    ------
    ValueError
        If the three are not as long as each other, or something is not finite.

    Examples
    --------
    >>> animal = AuditedAnimal(0.2, np.array([10.0, 30.0]), np.array([0.2, 0.4]), np.array([0.4, 0.4]))
    >>> round(animal.true, 3), round(animal.bias, 3)
    (0.4, -0.05)
    """

    predicted: float
    lengths: npt.NDArray[np.float64]
    predicted_clips: npt.NDArray[np.float64]
    true_clips: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        shapes = {self.lengths.shape, self.predicted_clips.shape, self.true_clips.shape}
        if len(shapes) > 1 or len(next(iter(shapes))) != 1:
            raise ValueError(f"clips have the shapes {sorted(shapes)}, expected one number of clips")
        values = np.concatenate([[self.predicted], self.lengths, self.predicted_clips, self.true_clips])
        if not np.isfinite(values).all() or (self.lengths <= 0).any():
            raise ValueError("expected finite rates and clips longer than 0 s")

    @property
    def true(self) -> float:
        """By people, over the clips; NaN without any."""
        return self._average(self.true_clips)

    @property
    def bias(self) -> float:
        """How much the model overestimates, over the clips; NaN without any."""
        return self._average(self.predicted_clips - self.true_clips)

    def correct(self, power: float) -> float:
        """Return what people saw, plus `power` times (the model's overall figure - its figure in the clips); NaN without clips."""
        return self.true + power * (self.predicted - self._average(self.predicted_clips))

    def _average(self, values: npt.NDArray[np.float64]) -> float:
        return float(np.average(values, weights=self.lengths)) if len(values) else float("nan")


@dataclass(frozen=True)
class Estimate:
    """A figure of a group, or a difference of two, and how certain it is.

    Attributes
    ----------
    value
        The figure; NaN where there is none.
    variance
        Of the figure, between samples of animals and of clips; NaN with fewer than two animals.
    freedom
        Degrees of freedom of the variance.
    n
        Number of animals; of a difference, in both groups.

    Examples
    --------
    >>> estimate = Estimate(0.3, 0.01, 9.0, 10)
    >>> round(estimate.low, 3), round(estimate.high, 3), round(estimate.p, 4)
    (0.074, 0.526, 0.015)
    """

    value: float
    variance: float
    freedom: float
    n: int

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.value - self._reach

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""
        return self.value + self._reach

    @property
    def p(self) -> float:
        """Of the figure being 0, two-sided, by Student's t; NaN where the variance is 0 or not known."""
        if not self.variance > 0:
            return float("nan")
        return float(2 * stats.t.sf(abs(self.value) / np.sqrt(self.variance), self.freedom))

    @property
    def _reach(self) -> float:
        if not self.variance >= 0:
            return float("nan")
        return float(stats.t.ppf(0.5 + _LEVEL / 2, self.freedom) * np.sqrt(self.variance))


def tune_power(animals: Sequence[AuditedAnimal]) -> float:
    """Return how much the model's figures count, from 0 to 1: what makes the corrected figures vary least with the clips that were drawn.

    It is the slope of people's figures on the model's figures, over the clips within animals, weighted by their lengths: the clips of an
    animal are the labelled sample, and the whole animal is the large one. Use one for all groups: tuned by group, it would follow chance.

    Returns
    -------
    0 where no animal has two clips, or the model gives all the same figure.

    Examples
    --------
    >>> clips = np.array([0.0, 0.5, 1.0])
    >>> tune_power([AuditedAnimal(0.3, np.ones(3), clips, clips)]), tune_power([AuditedAnimal(0.3, np.ones(3), clips, 1 - clips)])
    (1.0, 0.0)
    """
    shared = spread = 0.0
    for animal in animals:
        if len(animal.lengths) < 2:
            continue
        predicted, true = (values - np.average(values, weights=animal.lengths) for values in (animal.predicted_clips, animal.true_clips))
        shared += float(np.sum(animal.lengths * predicted * true))
        spread += float(np.sum(animal.lengths * predicted**2))
    return float(np.clip(shared / spread, 0.0, 1.0)) if spread > 0 else 0.0


def estimate_mean(animals: Sequence[AuditedAnimal], kind: Kind, *, power: float = 1.0) -> Estimate:
    """Return the mean rate of a group.

    Parameters
    ----------
    animals
        All of the group; those without clips count by the model's figures.
    kind
        "predicted" is the model's mean, as if it never erred; "audited" what people saw in the clips; "corrected" both together; "bias"
        how much the model overestimates.
    power
        As `tune_power` returns it, for "corrected".

    Returns
    -------
    Estimate whose interval holds over samples of animals and of clips, for "audited", "corrected" and "bias" whatever the model does.

    Examples
    --------
    >>> clips = np.array([0.1, 0.3])
    >>> animals = [AuditedAnimal(predicted, np.ones(2), clips + 0.1, clips) for predicted in (0.3, 0.4, 0.5)]
    >>> [round(estimate_mean(animals, kind).value, 3) for kind in ("predicted", "audited", "corrected", "bias")]
    [0.4, 0.2, 0.3, 0.1]
    """
    return _estimate(*_list_parts(animals, kind, power))


def estimate_difference(first: Sequence[AuditedAnimal], second: Sequence[AuditedAnimal], kind: Kind, *, power: float = 1.0) -> Estimate:
    """Return the second group's mean rate less the first's, as `estimate_mean`; degrees of freedom are Welch's (1947).

    Examples
    --------
    >>> clips = np.array([0.1, 0.3])
    >>> low, high = ([AuditedAnimal(rate + more, np.ones(2), clips, clips) for more in (0.0, 0.1)] for rate in (0.2, 0.5))
    >>> round(estimate_difference(low, high, "predicted").value, 3)
    0.3
    """
    return _subtract(estimate_mean(second, kind, power=power), estimate_mean(first, kind, power=power))


def estimate_ratio(
    animals: Sequence[tuple[AuditedAnimal, AuditedAnimal]], kind: Kind, *, powers: tuple[float, float] = (1.0, 1.0)
) -> Estimate:
    """Return the ratio of two mean rates of a group, such as share of time by bouts per second: their mean duration in seconds.

    Parameters
    ----------
    animals
        Of each animal, the rate above and the rate below, from the same clips.
    kind
        "predicted", "audited" or "corrected".
    powers
        As `tune_power` returns them, of both.

    Returns
    -------
    Estimate with the variance of the linearised ratio (Cochran 1977, "Sampling techniques", section 6.3); NaN where the rate below is not
    above 0.

    Examples
    --------
    >>> share, begun = (AuditedAnimal(rate, np.ones(1), np.array([rate]), np.array([rate])) for rate in (0.2, 0.05))
    >>> round(estimate_ratio([(share, begun), (share, begun)], "corrected").value, 3)
    4.0
    """
    above, all_above = _list_parts([first for first, _ in animals], kind, powers[0])
    below, all_below = _list_parts([second for _, second in animals], kind, powers[1])
    top, bottom = _estimate(above, all_above), _estimate(below, all_below)
    if not bottom.value > 0:
        return Estimate(float("nan"), float("nan"), float("nan"), top.n)
    ratio = top.value / bottom.value
    linear = _estimate((above - ratio * below) / bottom.value, (all_above - ratio * all_below) / bottom.value)
    return Estimate(ratio, linear.variance, linear.freedom, linear.n)


def estimate_more_clips(animals: Sequence[AuditedAnimal], *, power: float) -> float:
    """Return how many more clips of the usual length would halve the corrected interval of a group, spread over its animals as now.

    The variance between the animals' corrected figures is that between animals and that of their clips, which falls with their number.

    Returns
    -------
    Infinity where animals differ so much that no number of clips would; NaN with fewer than two animals, or no animal with two clips.

    Examples
    --------
    >>> clips = np.array([0.0, 0.4, 0.1, 0.5])
    >>> animals = [AuditedAnimal(0.2, np.ones(4), np.full(4, 0.2), clips + more) for more in (0.0, 0.01, 0.02)]
    >>> estimate_more_clips(animals, power=0.0) > 3 * 4
    True
    """
    audited = [animal for animal in animals if len(animal.lengths)]
    several = [animal for animal in audited if len(animal.lengths) > 1]
    if len(audited) < 2 or not several:
        return float("nan")
    between = float(np.var([animal.correct(power) for animal in audited], ddof=1))
    squares, freedom = 0.0, 0
    for animal in several:
        left = animal.true_clips - power * animal.predicted_clips
        squares += float(np.sum((left - left.mean()) ** 2))
        freedom += len(left) - 1
    of_clip = squares / freedom
    # By the harmonic mean, animals with few clips count as much as they blur the mean.
    n_clips = len(audited) / sum(1 / len(animal.lengths) for animal in audited)
    of_animals = max(between - of_clip / n_clips, 0.0)
    if between / 4 <= of_animals:
        return float("inf")
    wanted = of_clip / (between / 4 - of_animals)
    return max(wanted - n_clips, 0.0) * len(audited)


def _list_parts(animals: Sequence[AuditedAnimal], kind: Kind, power: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return what each animal with clips adds beyond the model's figures, shape (A,), NaN rows left out, and the model's figures for all.

    The mean of a group is the mean of the first over animals with clips, plus the mean of the second over all animals. Both are of shape
    (N,); of the first, animals without clips are NaN.
    """
    predicted = np.array([animal.predicted for animal in animals])
    if kind == "predicted":
        return np.zeros(len(animals)), predicted
    if kind == "audited":
        return np.array([animal.true for animal in animals]), np.zeros(len(animals))
    if kind == "bias":
        return np.array([animal.bias for animal in animals]), np.zeros(len(animals))
    seen = np.array([animal.correct(power) for animal in animals])
    return seen - power * predicted, power * predicted


def _estimate(seen: npt.NDArray[np.float64], predicted: npt.NDArray[np.float64]) -> Estimate:
    """Return the mean of `seen` over its animals, NaN left out, plus the mean of `predicted` over all; both of shape (N,)."""
    has_clips = ~np.isnan(seen)
    n_all, n_seen = len(seen), int(has_clips.sum())
    undefined = float("nan")
    if not n_seen:
        return Estimate(undefined, undefined, undefined, 0)
    value = float(seen[has_clips].mean() + predicted.mean())
    if n_seen < 2:
        return Estimate(value, undefined, undefined, n_seen)
    # An animal with clips is in both means, so that what it adds to both is taken together.
    both = seen[has_clips] / n_seen + predicted[has_clips] / n_all
    of_seen = n_seen * float(np.var(both, ddof=1))
    if n_seen == n_all:
        return Estimate(value, of_seen, n_seen - 1.0, n_seen)
    of_others = (n_all - n_seen) * float(np.var(predicted, ddof=1)) / n_all**2
    return Estimate(value, of_seen + of_others, _join_freedom((of_seen, n_seen - 1.0), (of_others, n_all - 1.0)), n_seen)


def _subtract(first: Estimate, second: Estimate) -> Estimate:
    variance = first.variance + second.variance
    freedom = _join_freedom((first.variance, first.freedom), (second.variance, second.freedom))
    return Estimate(first.value - second.value, variance, freedom, first.n + second.n)


def _join_freedom(*parts: tuple[float, float]) -> float:
    """Return the degrees of freedom of a sum of variances, each with its own (Satterthwaite 1946; Welch 1947)."""
    total = sum(variance for variance, _ in parts)
    spread = sum(variance**2 / freedom for variance, freedom in parts)
    return total**2 / spread if spread > 0 else sum(freedom for _, freedom in parts)
