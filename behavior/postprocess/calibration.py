"""Probabilities that mean what they say: of the frames at 0.3, three in ten are positive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

__all__ = ["Calibration", "CalibrationMethod", "fit_calibration"]

CalibrationMethod = Literal["none", "isotonic", "logistic"]

# A probability of 0 or 1 has no logit. A float32 next to 1 has a logit of 16.
_LOGIT_LIMIT = 16.0
_MAX_STEPS = 100


@dataclass(frozen=True)
class Calibration:
    """A rising function from the probabilities of one behavior to calibrated ones, in plain numbers.

    Attributes
    ----------
    method
        "isotonic" goes straight from knot to knot and is level outside them; "logistic" is 1 / (1 + exp(-(slope logit(p) +
        intercept))); "none" changes nothing.
    knots, values
        Of "isotonic": K probabilities, rising, and what becomes of them, never falling.
    slope, intercept
        Of "logistic".
    reason
        Why nothing was fitted, or not what was asked for; empty where all is as asked.

    Raises
    ------
    ValueError
        If the numbers are not those of such a function.
    """

    method: CalibrationMethod = "none"
    knots: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    slope: float = 1.0
    intercept: float = 0.0
    reason: str = ""

    def __post_init__(self) -> None:
        if self.method not in ("none", "isotonic", "logistic"):
            raise ValueError(f"calibration method is {self.method!r}, expected none, isotonic or logistic")
        if not np.isfinite([self.slope, self.intercept, *self.knots, *self.values]).all() or self.slope < 0:
            raise ValueError("calibration has a number that is not finite, or a negative slope; expected a rising function")
        if len(self.knots) != len(self.values) or (self.method == "isotonic") != bool(self.knots):
            raise ValueError(f"calibration by {self.method} has {len(self.knots)} knots and {len(self.values)} values")
        if np.any(np.diff(self.knots) <= 0) or np.any(np.diff(self.values) < 0):
            raise ValueError("calibration knots do not rise or their values fall; expected a rising function")
        if any(not 0 <= value <= 1 for value in self.values):
            raise ValueError("calibration values lie outside [0, 1]")

    def apply(self, probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the calibrated probabilities, float32 in [0, 1] of the shape given; NaN stays NaN.

        The order of two probabilities never turns round; they may become equal.
        """
        given = np.asarray(probabilities)
        if self.method == "logistic":
            return expit(self.slope * _to_logit(given) + self.intercept).astype(np.float32)
        if self.method == "isotonic":
            return _interpolate(given.astype(np.float64), np.array(self.knots), np.array(self.values)).astype(np.float32)
        return given.astype(np.float32)

    def as_mapping(self) -> dict[str, Any]:
        """Return what YAML can hold and `from_mapping` reads."""
        content: dict[str, Any] = {"method": self.method}
        if self.method == "isotonic":
            content |= {"knots": list(self.knots), "values": list(self.values)}
        if self.method == "logistic":
            content |= {"slope": self.slope, "intercept": self.intercept}
        return content | ({"reason": self.reason} if self.reason else {})

    @classmethod
    def from_mapping(cls, content: Mapping[str, Any]) -> Calibration:
        """Return the calibration that `as_mapping` wrote; ValueError if `content` is none."""
        unknown = set(content) - {"method", "knots", "values", "slope", "intercept", "reason"}
        if unknown:
            raise ValueError(f"calibration has the unknown key {min(unknown)!r}")
        try:
            return cls(
                method=content["method"],
                knots=tuple(float(number) for number in content.get("knots", ())),
                values=tuple(float(number) for number in content.get("values", ())),
                slope=float(content.get("slope", 1.0)),
                intercept=float(content.get("intercept", 0.0)),
                reason=str(content.get("reason", "")),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"calibration cannot be read ({type(error).__name__}: {error})") from None


def fit_calibration(labels: npt.NDArray[np.int8], probabilities: npt.NDArray[np.floating], *, method: CalibrationMethod) -> Calibration:
    """Fit the calibration of one behavior.

    Parameters
    ----------
    labels
        1, 0, or -1 for a frame that nobody labelled, shape (T,).
    probabilities
        Of frames that the model had not seen, in [0, 1], shape (T,). Frames with label -1, and those with NaN, are left out.
    method
        "isotonic": the never falling function with the least squared error (Zadrozny and Elkan 2002, Transforming classifier scores
        into accurate multiclass probability estimates, KDD). "logistic": a logistic curve of the probability's logit, fitted by maximum
        likelihood to Platt's targets (N+ + 1) / (N+ + 2) and 1 / (N- + 2), N+ and N- the numbers of positive and negative frames
        (Platt 1999, Probabilistic outputs for support vector machines, Advances in Large Margin Classifiers, 61-74), by Newton's
        method with step halving (Lin, Lin and Weng 2007, Machine Learning 68, 267-276). "none" changes nothing.

    Returns
    -------
    The calibration. Where frames of only one class are left it changes nothing, and where the labels fall as probabilities rise,
    "logistic" gives every frame the same probability, as "isotonic" does: `reason` then says so.

    Raises
    ------
    ValueError
        If the shapes differ, or probabilities lie outside [0, 1].

    Examples
    --------
    >>> labels = np.array([0, 1, 0, 1, 1, 1], dtype=np.int8)
    >>> calibration = fit_calibration(labels, np.array([0.1, 0.1, 0.2, 0.2, 0.3, 0.3]), method="isotonic")
    >>> calibration.apply(np.array([0.1, 0.3])).tolist()
    [0.5, 1.0]
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    if labels.ndim != 1 or labels.shape != probabilities.shape:
        raise ValueError(f"labels and probabilities have shapes {labels.shape} and {probabilities.shape}, expected one shape (T,)")
    if np.any((probabilities < 0) | (probabilities > 1)):
        raise ValueError("probabilities lie outside [0, 1]")
    if method == "none":
        return Calibration()
    used = (labels != -1) & ~np.isnan(probabilities)
    positive, given = labels[used] == 1, probabilities[used].astype(np.float64)
    if not len(given):
        return Calibration(reason="not calibrated: no labelled frame has a probability")
    if positive.all() or not positive.any():
        return Calibration(reason=f"not calibrated: no frame with a probability is labelled {'negative' if positive.all() else 'positive'}")
    return _fit_isotonic(positive, given) if method == "isotonic" else _fit_logistic(positive, given)


def _fit_isotonic(positive: npt.NDArray[np.bool_], given: npt.NDArray[np.float64]) -> Calibration:
    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(given, positive.astype(np.float64))
    # Means of ones and zeros may differ in the last digit from block to block.
    values = np.maximum.accumulate(np.round(fitted.y_thresholds_, 7))
    knots = fitted.X_thresholds_
    level = (
        np.r_[False, (np.diff(values[:-1]) == 0) & (np.diff(values[1:]) == 0), False] if len(values) > 2 else np.zeros(len(values), bool)
    )
    return Calibration("isotonic", knots=tuple(knots[~level].tolist()), values=tuple(values[~level].tolist()))


def _fit_logistic(positive: npt.NDArray[np.bool_], given: npt.NDArray[np.float64]) -> Calibration:
    n_positive = int(np.count_nonzero(positive))
    n_negative = len(positive) - n_positive
    targets = np.where(positive, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    level = float(logit(targets.mean()))
    scores = _to_logit(given)
    slope, intercept = _maximize_likelihood(scores, targets, level)
    if slope <= 0:
        # Likelihood is concave, so that its best point among those that do not fall is the level one.
        return Calibration(
            "logistic", slope=0.0, intercept=level, reason="calibrated to one probability for all frames: labels do not rise with it"
        )
    return Calibration("logistic", slope=slope, intercept=intercept)


def _maximize_likelihood(scores: npt.NDArray[np.float64], targets: npt.NDArray[np.float64], level: float) -> tuple[float, float]:
    """Return the slope and intercept of the likeliest logistic curve, from a level one at the logit `level`."""
    if np.ptp(scores) == 0:
        return 0.0, level
    design = np.column_stack((scores, np.ones_like(scores)))

    def measure(point: npt.NDArray[np.float64]) -> float:
        margins = design @ point
        # log(1 + exp(m)) - t m, without overflow.
        return float(np.sum(np.logaddexp(0.0, margins) - targets * margins))

    point = np.array([0.0, level])
    loss = measure(point)
    for _ in range(_MAX_STEPS):
        fitted = expit(design @ point)
        gradient = design.T @ (fitted - targets)
        hessian = design.T @ (design * (fitted * (1 - fitted))[:, np.newaxis]) + 1e-10 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        length = 1.0
        while (after := measure(point - length * step)) > loss and length > 1e-6:
            length /= 2
        if after >= loss:
            break
        gained, point, loss = loss - after, point - length * step, after
        if gained <= 1e-12 * len(scores):
            break
    return float(point[0]), float(point[1])


def _to_logit(probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    return np.clip(logit(probabilities.astype(np.float64)), -_LOGIT_LIMIT, _LOGIT_LIMIT)


def _interpolate(
    given: npt.NDArray[np.float64], knots: npt.NDArray[np.float64], values: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return `numpy.interp`, but never falling, not even in the last digit."""
    if len(knots) == 1:
        return np.where(np.isnan(given), np.nan, values[0])
    left = np.clip(np.searchsorted(knots, given, side="right") - 1, 0, len(knots) - 2)
    slopes = np.diff(values) / np.diff(knots)
    inside = values[left] + slopes[left] * (np.clip(given, knots[0], knots[-1]) - knots[left])
    return np.clip(inside, values[left], values[left + 1])
