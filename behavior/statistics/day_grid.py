"""Minutes of days: what recordings of one animal show, joined by their clock, and averages by hour, by light, and in longer bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.statistics.time_bins import measure_in_bins

__all__ = ["MINUTE_S", "DayGrid", "average_where", "find_overlap", "measure_minutes"]

MINUTE_S = 60
# Of a bin that counts as observed.
_LEAST_OBSERVED = 0.5


@dataclass(frozen=True)
class DayGrid:
    """What one animal did in each minute of some days.

    Attributes
    ----------
    amounts
        What was amassed of each subject in a minute: seconds of a behavior, or a distance; float64 of shape (S, K).
    observed_s
        For how long each subject was observed in it, float64 of shape (S, K).
    hours
        The hour that the clock showed, from 0 to 23, int64 of shape (K,).
    light
        1 where the lights were on, 0 where they were off, -1 where that is not known, int8 of shape (K,).

    Raises
    ------
    ValueError
        If the shapes do not fit together.
    """

    amounts: npt.NDArray[np.float64]
    observed_s: npt.NDArray[np.float64]
    hours: npt.NDArray[np.int64]
    light: npt.NDArray[np.int8]

    def __post_init__(self) -> None:
        n_minutes = self.amounts.shape[1:]
        if self.observed_s.shape != self.amounts.shape or self.hours.shape != n_minutes or self.light.shape != n_minutes:
            raise ValueError(
                f"amounts, observed_s, hours and light have shapes {self.amounts.shape}, {self.observed_s.shape}, {self.hours.shape} and "
                f"{self.light.shape}, expected (S, K) twice and (K,) twice"
            )

    def find_rates(self, minutes: int) -> npt.NDArray[np.float64]:
        """Return amounts per observed second in bins of so many minutes, (S, bins); NaN where less than half of a bin was observed.

        >>> grid = DayGrid(np.array([[30.0, 60.0, 0.0]]), np.full((1, 3), 60.0), np.zeros(3, dtype=np.int64), np.ones(3, dtype=np.int8))
        >>> grid.find_rates(2).tolist()
        [[0.75, 0.0]]
        """
        amounts, observed_s = (_add_up(values, minutes) for values in (self.amounts, self.observed_s))
        # The last bin may be of fewer minutes.
        full_s = _add_up(np.full((1, self.amounts.shape[1]), float(MINUTE_S)), minutes)
        seen = observed_s >= _LEAST_OBSERVED * full_s
        return np.divide(amounts, observed_s, out=np.full(amounts.shape, np.nan), where=seen)

    def is_dark(self, minutes: int) -> npt.NDArray[np.bool_]:
        """Tell in which bins of so many minutes the lights were off at first, shape (bins,)."""
        return np.asarray(self.light[::minutes] == 0, dtype=bool)


def measure_minutes(
    amounts: npt.NDArray[np.float64], edges: npt.NDArray[np.float64], *, offset_s: float, n_minutes: int
) -> npt.NDArray[np.float64]:
    """Return how much of what was amassed frame by frame falls into each minute.

    Parameters
    ----------
    amounts
        Of each frame, shape (T,), as `time_bins.measure_in_bins` takes them.
    edges
        Times at which frames start, and at which the last one stops, in seconds, shape (T + 1,).
    offset_s
        When the recording starts, in seconds after the first minute does.
    n_minutes
        How many minutes.

    Returns
    -------
    Float64 of shape (n_minutes,).

    Examples
    --------
    >>> measure_minutes(np.ones(3), np.arange(4.0), offset_s=58.0, n_minutes=2).tolist()
    [2.0, 1.0]
    """
    return measure_in_bins(amounts, edges - edges[0] + offset_s, MINUTE_S * np.arange(n_minutes + 1.0))


def average_where(grid: DayGrid, chosen: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return amounts per observed second, NaN where nothing was observed, and observed seconds, both (S,), of some minutes, bool (K,)."""
    amounts, observed_s = grid.amounts[:, chosen].sum(axis=1), grid.observed_s[:, chosen].sum(axis=1)
    return np.divide(amounts, observed_s, out=np.full(len(amounts), np.nan), where=observed_s > 0), observed_s


def find_overlap(spans: Sequence[tuple[float, float]], tolerance_s: float = 2.0) -> tuple[int, int] | None:
    """Return the numbers of two of `spans`, start and stop in seconds, that overlap by more than a tolerance; None where none do.

    >>> find_overlap([(0.0, 60.0), (120.0, 180.0), (58.5, 119.0)]), find_overlap([(0.0, 60.0), (50.0, 70.0)])
    (None, (0, 1))
    """
    order = sorted(range(len(spans)), key=lambda number: spans[number])
    longest = order[0] if order else 0
    for number in order[1:]:
        if spans[number][0] < spans[longest][1] - tolerance_s:
            return longest, number
        longest = max(longest, number, key=lambda one: spans[one][1])
    return None


def _add_up(values: npt.NDArray[np.float64], minutes: int) -> npt.NDArray[np.float64]:
    return np.add.reduceat(values, np.arange(0, values.shape[1], minutes), axis=1)
