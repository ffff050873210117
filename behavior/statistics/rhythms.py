"""Rhythms: the period of a series by Lomb and Scargle's periodogram, and its amplitude and peak by a cosinor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import signal, stats

__all__ = ["RHYTHM_RULES", "Cosinor", "Periodogram", "find_period", "fit_cosinor"]

RHYTHM_RULES = (
    "The period is that of the highest peak of the Lomb-Scargle periodogram with a floating mean (Zechmeister and Kürster 2009, "
    "doi:10.1051/0004-6361:200811296; scipy.signal.lombscargle), whose power is the share of the variance that a sinusoid of that period "
    "explains. Periods that differ by less than `resolution_h`, the period squared divided by the length of the series, cannot be told "
    "apart. p is the probability of so high a peak at any of the periods looked for, if there is no rhythm and what an animal does depends "
    "on what it did just before: the share of 999 series that reach it, drawn from an autoregressive process of the first order with the "
    "series' own autocorrelation, and with its gaps (as Schulz and Mudelsee 2002, doi:10.1016/S0098-3004(01)00044-9, do).",
    "The cosinor is the least-squares fit of mesor + amplitude x cos(2 pi (t - acrophase) / period) (Nelson et al. 1979, Chronobiologia 6: "
    "305-323; Cornelissen 2014, doi:10.1186/1742-4682-11-16). Its 95 % intervals, by the delta method, and its p (no rhythm of this "
    "period, Wald's test) allow for residuals that are autoregressive in the same way. The acrophase is when the fit is highest, in hours "
    "after midnight of the first day, up to a period; its interval may begin below 0 and end above the period.",
)
_OVERSAMPLING = 8
_N_DRAWN = 999
# More is hardly to be told from a drift.
_HIGHEST_CORRELATION = 0.98
_PARTS, _FEWEST_PARTS = 24, 18
Series = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Periodogram:
    """Which periods a series has.

    Attributes
    ----------
    periods_h, power
        Periods in hours, falling, and the share of the variance that a sinusoid of each explains, float64 of shape (F,).
    period_h
        That of the highest peak.
    peak
        Its power.
    resolution_h
        Periods that are closer than this cannot be told apart: the period squared divided by the length of the series.
    p
        Probability of so high a peak without a rhythm.
    threshold
        Power that 5 % of series without a rhythm reach somewhere.
    """

    periods_h: Series
    power: Series
    period_h: float
    peak: float
    resolution_h: float
    p: float
    threshold: float


@dataclass(frozen=True)
class Cosinor:
    """A sinusoid that was fitted to a series; `low` and `high` are 95 % intervals.

    Attributes
    ----------
    period_h
        Its period, which was given.
    mesor, amplitude
        Its middle and half of its range, in the unit of the series, each with its interval.
    acrophase_h
        When it is highest, in hours from 0 to the period, with its interval, which is the whole period at most.
    explained
        Share of the variance.
    p
        Of no rhythm of this period.
    """

    period_h: float
    mesor: float
    mesor_low: float
    mesor_high: float
    amplitude: float
    amplitude_low: float
    amplitude_high: float
    acrophase_h: float
    acrophase_low: float
    acrophase_high: float
    explained: float
    p: float


def find_period(times_h: Series, values: Series, *, shortest_h: float = 18.0, longest_h: float = 30.0, seed: int = 0) -> Periodogram | None:
    """Return the periodogram of a series between two periods (`RHYTHM_RULES` says by which formulas).

    Parameters
    ----------
    times_h
        Hours, shape (N,), increasing, on an even grid from which values may be missing.
    values
        Shape (N,), finite.
    seed
        Of the series without a rhythm.

    Returns
    -------
    None where the series is shorter than two of the longest period, has a value for less than half of that time, or is the same
    everywhere: such a series does not say.

    Examples
    --------
    >>> times = np.arange(0, 240, 0.5)
    >>> found = find_period(times, 1 + np.cos(2 * np.pi * times / 23.5))
    >>> round(found.period_h, 1), round(found.peak, 2), found.p
    (23.5, 1.0, 0.001)
    """
    if len(values) < 3 or np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())):
        return None
    places, step_h = _find_places(times_h)
    span_h = float(times_h[-1] - times_h[0]) + step_h
    if span_h < 2 * longest_h - 1e-6 or len(values) * step_h < longest_h or shortest_h < 2 * step_h:
        return None
    lowest, highest = 1 / longest_h, 1 / shortest_h
    frequencies = np.linspace(lowest, highest, max(2, int(np.ceil((highest - lowest) * span_h * _OVERSAMPLING)) + 1))
    power = _measure_power(times_h, values, frequencies)
    top = int(power.argmax())
    # The peak lies between two of the grid.
    spacing = frequencies[1] - frequencies[0]
    fine = np.linspace(max(frequencies[top] - spacing, lowest), min(frequencies[top] + spacing, highest), 201)
    fine_power = _measure_power(times_h, values, fine)
    period_h, peak = float(1 / fine[fine_power.argmax()]), float(fine_power.max())
    highest_peaks = _draw_peaks(times_h, places, frequencies, _measure_correlation(values - values.mean(), places), seed)
    p = (1 + int((highest_peaks >= power[top]).sum())) / (1 + len(highest_peaks))
    return Periodogram(1 / frequencies, power, period_h, peak, period_h**2 / span_h, p, float(np.quantile(highest_peaks, 0.95)))


def fit_cosinor(times_h: Series, values: Series, period_h: float) -> Cosinor | None:
    """Fit a sinusoid of a known period to a series (`RHYTHM_RULES` says by which formulas).

    Parameters
    ----------
    times_h
        Hours after midnight of the first day, shape (N,), increasing, on an even grid from which values may be missing.
    values
        Shape (N,), finite.

    Returns
    -------
    None where the series is the same everywhere, or less than three quarters of the period, in 24 parts, were observed: then amplitude and
    acrophase hang on what is not known.

    Examples
    --------
    >>> times = np.arange(0, 72, 0.5)
    >>> noise = np.random.default_rng(0).normal(size=len(times))
    >>> fit = fit_cosinor(times, 5 + 2 * np.cos(2 * np.pi * (times - 20) / 24) + noise, 24.0)
    >>> fit.amplitude_low < 2 < fit.amplitude_high, fit.acrophase_low < 20 < fit.acrophase_high, fit.p < 0.001
    (True, True, True)
    """
    phases = np.unique((times_h % period_h) // (period_h / _PARTS))
    if len(values) < 8 or len(phases) < _FEWEST_PARTS or np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())):
        return None
    angles = 2 * np.pi * times_h / period_h
    design = np.column_stack((np.ones(len(values)), np.cos(angles), np.sin(angles)))
    coefficients, *_ = np.linalg.lstsq(design, values, rcond=None)
    residuals = values - design @ coefficients
    covariance, n_independent = _estimate_covariance(design, residuals, times_h)
    mesor, cosine, sine = coefficients.tolist()
    amplitude = float(np.hypot(cosine, sine))
    gradient_of_amplitude = np.array([0.0, cosine, sine]) / max(amplitude, 1e-300)
    gradient_of_angle = np.array([0.0, -sine, cosine]) / max(amplitude, 1e-300) ** 2
    width = float(stats.t.ppf(0.975, n_independent - 3))
    gradients = (np.array([1.0, 0.0, 0.0]), gradient_of_amplitude, gradient_of_angle)
    errors = [float(np.sqrt(np.maximum(gradient @ covariance @ gradient, 0.0))) for gradient in gradients]
    acrophase = float(np.arctan2(sine, cosine) * period_h / (2 * np.pi)) % period_h
    around = min(width * errors[2] * period_h / (2 * np.pi), period_h / 2)
    wald = float(coefficients[1:] @ np.linalg.pinv(covariance[1:, 1:]) @ coefficients[1:]) / 2
    explained = 1 - float(residuals @ residuals) / float(((values - values.mean()) ** 2).sum())
    return Cosinor(
        period_h=period_h,
        mesor=mesor,
        mesor_low=mesor - width * errors[0],
        mesor_high=mesor + width * errors[0],
        amplitude=amplitude,
        amplitude_low=max(amplitude - width * errors[1], 0.0),
        amplitude_high=amplitude + width * errors[1],
        acrophase_h=acrophase,
        acrophase_low=acrophase - around,
        acrophase_high=acrophase + around,
        explained=explained,
        p=float(stats.f.sf(wald, 2, n_independent - 3)),
    )


def _measure_power(times_h: Series, values: Series, frequencies: Series) -> Series:
    return np.asarray(
        signal.lombscargle(times_h - times_h[0], values, 2 * np.pi * frequencies, floating_mean=True, normalize=True), dtype=np.float64
    )


def _find_places(times_h: Series) -> tuple[npt.NDArray[np.int64], float]:
    """Return the place of each time on an even grid, shape (N,), and the grid's step in hours."""
    step_h = float(np.diff(times_h).min())
    return np.rint((times_h - times_h[0]) / step_h).astype(np.int64), step_h


def _measure_correlation(residuals: Series, places: npt.NDArray[np.int64], n_fitted: int = 1) -> float:
    """Return how residuals (N,) depend on those a step before, from 0 to 0.98.

    Of residuals of a mean, the estimate is too low by (1 + 4 rho) / N (Kendall 1954, Note on bias in the estimation of autocorrelation), of
    which each further slow wave that was fitted takes off as much as the mean did, (1 + 2 rho) / N; that is added.
    """
    follows = np.diff(places) == 1
    n_pairs = int(follows.sum())
    squares = float((residuals**2).mean())
    if n_pairs < 4 or squares == 0:
        return 0.0
    rho = float((residuals[1:] * residuals[:-1])[follows].mean()) / squares
    bias = (n_fitted * (1 + 2 * rho) + 2 * rho) / len(residuals)
    return float(np.clip(rho + bias, 0.0, _HIGHEST_CORRELATION))


def _draw_peaks(times_h: Series, places: npt.NDArray[np.int64], frequencies: Series, rho: float, seed: int) -> Series:
    """Return the highest power, over `frequencies`, of each of many series without a rhythm, with the autocorrelation `rho`."""
    generator = np.random.default_rng(seed)
    n_steps = int(places[-1]) + 1
    before = int(np.ceil(np.log(1e-3) / np.log(rho))) if rho > 0 else 0
    drawn = signal.lfilter([1.0], [1.0, -rho], generator.normal(size=(before + n_steps, _N_DRAWN)), axis=0)[before:][places]
    drawn -= drawn.mean(axis=0)
    highest = np.zeros(_N_DRAWN)
    for frequency in frequencies:
        # What a sinusoid explains beside a mean is the length of the shadow on the plane that its two parts span.
        angles = 2 * np.pi * frequency * (times_h - times_h[0])
        waves = np.column_stack((np.cos(angles), np.sin(angles)))
        plane, _ = np.linalg.qr(waves - waves.mean(axis=0))
        highest = np.maximum(highest, ((plane.T @ drawn) ** 2).sum(axis=0))
    return np.asarray(highest / (drawn**2).sum(axis=0), dtype=np.float64)


def _estimate_covariance(design: Series, residuals: Series, times_h: Series) -> tuple[Series, float]:
    """Return the covariance of the coefficients of a fit with autoregressive residuals, and how many values are as good as independent."""
    places, _ = _find_places(times_h)
    n_values, n_coefficients = design.shape
    rho = _measure_correlation(residuals, places, n_coefficients)
    # Where nothing was observed, there is no row.
    rows = np.zeros((int(places[-1]) + 1, n_coefficients))
    rows[places] = design
    total = rows.T @ rows
    n_lags = min(int(np.ceil(np.log(1e-4) / np.log(rho))), len(rows) - 1) if rho > 0 else 0
    for lag in range(1, n_lags + 1):
        crossed = rows[lag:].T @ rows[:-lag]
        total += rho**lag * (crossed + crossed.T)
    bread = np.linalg.inv(design.T @ design)
    variance = float(residuals @ residuals) / (n_values - n_coefficients)
    return variance * bread @ total @ bread, max(n_values * (1 - rho) / (1 + rho), n_coefficients + 1.0)
