"""Tables of days: activity and behavior by hour, by light, and their rhythms; and what groups of animals differ in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.progress import report_progress
from behavior.reporting.description import ACTIVITY, AnimalDays, StatisticsTables
from behavior.statistics.clock import HOUR_S
from behavior.statistics.day_grid import MINUTE_S, average_where
from behavior.statistics.rhythms import Cosinor, find_period, fit_cosinor

__all__ = ["DAY_RULES", "SIGNIFICANT", "choose_bin_minutes", "find_rhythms", "list_day_values", "tabulate_days"]

SIGNIFICANT = 0.05
DAY_H = 24.0
Series = npt.NDArray[np.float64]
DAY_RULES = (
    "Recordings of one animal in one group are joined by their clock (`clock_start`); days begin at midnight. Hours of the day, and "
    "lights, are by the clock, which jumps with summer time if the study file gives a time_zone, and runs evenly if it gives none; "
    "periods, phases and the rows of actograms are in hours that never jump. What was not observed, as between two recordings, counts "
    "nowhere; recordings that overlap by up to 2 s are taken to follow each other.",
    "Values by hour and by light are of all days together: time shown divided by time observed, and distance moved per minute of it. "
    "`part_of_day` is which part of a day's behavior falls in the light or in the dark, each weighted by how long it lasts in a day. "
    "Rhythms are of means of bins of `bin_minutes`, of which at least half was observed.",
)
_KEYS = ["animal", "group", "of", "subject", "metric"]
_PERIOD_COLUMNS = ["days", "bin_minutes", "period_h", "resolution_h", "power", "threshold", "p"]
_PHASES = (("light", 1), ("dark", 0))
# Hourly means are enough for rhythms of a day; shorter bins hold what an animal did just before more than they tell.
_BINS_PER_PERIOD, _SHORTEST_BIN = 18, 10


def choose_bin_minutes(shortest_h: float) -> int:
    """Return how long the bins are that a rhythm is looked for in, in minutes.

    >>> choose_bin_minutes(18), choose_bin_minutes(2)
    (60, 10)
    """
    return max(_SHORTEST_BIN, int(shortest_h * 60 / _BINS_PER_PERIOD) // _SHORTEST_BIN * _SHORTEST_BIN)


def find_rhythms(animals: Sequence[AnimalDays], periods_h: tuple[float, float]) -> list[AnimalDays]:
    """Return the days of each animal with the periodograms of its subjects, and a sentence where it has none.

    Parameters
    ----------
    animals
        At least one.
    periods_h
        Shortest and longest period that is looked for, in hours.
    """
    minutes = choose_bin_minutes(periods_h[0])
    found: list[AnimalDays] = []
    with report_progress("finding rhythms", total=len(animals), unit="animals") as advance:
        for one in animals:
            series = {
                subject: find_period(*values, shortest_h=periods_h[0], longest_h=periods_h[1])
                for subject, values in _list_series(one, minutes)
            }
            periodograms = {subject: result for subject, result in series.items() if result is not None}
            found.append(replace(one, periodograms=periodograms))
            advance(1)
    short = [one.name for one in found if not one.periodograms]
    if short:
        needed = f"that takes {2 * periods_h[1]:g} hours, values in half of them, and some that differ"
        note = f"no period is given for {', '.join(short)}: {needed}."
        found[0] = replace(found[0], notes=(*found[0].notes, note))
    return found


def tabulate_days(tables: StatisticsTables, animals: Sequence[AnimalDays], bin_minutes: int) -> StatisticsTables:
    """Return `tables` with those of the days of at least one animal.

    Parameters
    ----------
    tables
        Of bouts, transitions and zones.
    animals
        As `find_rhythms` returns them.
    bin_minutes
        Length of the bins that cosinors are fitted to.

    Returns
    -------
    With all of `tables`:

    - hours: columns animal, group, of ("activity" or "behavior"), subject, metric, hour, value and observed_s
    - light_dark: likewise with `phase` ("light" or "dark") for the hour; None where no lights are known
    - periods: the highest peak of each subject's periodogram, and how likely it is without a rhythm; None where there is none
    - cosinor: of a period of a day, and of the one that was found where p is below 0.05; None where too little of a day was observed
    """
    hours, phases, periods, cosinor = [], [], [], []
    for one in animals:
        hours += _list_hours(one)
        phases += _list_phases(one)
        for subject, found in one.periodograms.items():
            numbers = (found.period_h, found.resolution_h, found.peak, found.threshold, found.p)
            periods.append((*_key(one, subject), one.span_h / DAY_H, bin_minutes, *numbers))
        cosinor += _list_cosinor(one, bin_minutes)
    value_columns = ["value", "observed_s"]
    cosinor_columns = [*_KEYS, "period_from", *(field.name for field in fields(Cosinor))]
    return replace(
        tables,
        hours=pd.DataFrame(hours, columns=[*_KEYS, "hour", *value_columns]),
        light_dark=pd.DataFrame(phases, columns=[*_KEYS, "phase", *value_columns]) if phases else None,
        periods=pd.DataFrame(periods, columns=[*_KEYS, *_PERIOD_COLUMNS]) if periods else None,
        cosinor=pd.DataFrame(cosinor, columns=cosinor_columns) if cosinor else None,
    )


def list_day_values(tables: StatisticsTables) -> pd.DataFrame:
    """Return what groups are compared by: columns recording (the animal), group, subject, metric and value."""
    parts = []
    if tables.light_dark is not None:
        table = tables.light_dark
        # What is not in the light is in the dark.
        table = table[(table["metric"] != "part_of_day") | (table["phase"] == "dark")]
        parts.append(table.assign(metric=table["metric"] + "_" + table["phase"]))
    if tables.periods is not None:
        periods = tables.periods[tables.periods["p"] < SIGNIFICANT]
        parts.append(periods.assign(metric="period_h", value=periods["period_h"]))
    if tables.cosinor is not None:
        daily = tables.cosinor[tables.cosinor["period_from"] == "day"]
        parts += [daily.assign(metric=f"{name}_24h", value=daily[name]) for name in ("mesor", "amplitude")]
    columns = ["recording", "group", "subject", "metric", "value"]
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat([part.rename(columns={"animal": "recording"})[columns] for part in parts], ignore_index=True)


def _key(one: AnimalDays, subject: tuple[str, str]) -> tuple[str, str, str, str, str]:
    """Return the first cells of a row."""
    of, name = subject
    return (one.animal, one.group, of, *((ACTIVITY, name) if of == ACTIVITY else (name, "share")))


def _list_hours(one: AnimalDays) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    by_hour = [average_where(one.grid, one.grid.hours == hour) for hour in range(24)]
    for number, subject in enumerate(one.subjects):
        rows += [(*_key(one, subject), hour, values[number], seen[number]) for hour, (values, seen) in enumerate(by_hour)]
    return rows


def _list_phases(one: AnimalDays) -> list[tuple[object, ...]]:
    if np.isnan(one.lit_share):
        return []
    rows: list[tuple[object, ...]] = []
    by_phase = {phase: average_where(one.grid, one.grid.light == code) for phase, code in _PHASES}
    lengths = {"light": one.lit_share, "dark": 1 - one.lit_share}
    for number, subject in enumerate(one.subjects):
        key = _key(one, subject)
        whole = sum(lengths[phase] * values[number] for phase, (values, _) in by_phase.items())
        for phase, (values, seen) in by_phase.items():
            rows.append((*key, phase, values[number], seen[number]))
        for phase, (values, seen) in by_phase.items():
            part = lengths[phase] * values[number] / whole if whole > 0 else float("nan")
            rows.append((*key[:-1], "part_of_day", phase, part, seen[number]))
    return rows


def _list_series(one: AnimalDays, minutes: int) -> Iterator[tuple[tuple[str, str], tuple[Series, Series]]]:
    """Yield each subject with the times in hours after the first midnight, and the values, of bins that were observed, both (N,)."""
    for subject, rates in zip(one.subjects, one.grid.find_rates(minutes), strict=True):
        known = np.isfinite(rates)
        yield subject, ((np.flatnonzero(known) + 0.5) * minutes * MINUTE_S / HOUR_S, rates[known])


def _list_cosinor(one: AnimalDays, minutes: int) -> list[tuple[object, ...]]:
    """Return cosinors of a day, and of the period where one was found."""
    rows: list[tuple[object, ...]] = []
    for subject, (times_h, values) in _list_series(one, minutes):
        found = one.periodograms.get(subject)
        periods = {"day": DAY_H} | ({"found": found.period_h} if found is not None and found.p < SIGNIFICANT else {})
        fits = {origin: fit_cosinor(times_h, values, period_h) for origin, period_h in periods.items()}
        rows += [(*_key(one, subject), origin, *astuple(fit)) for origin, fit in fits.items() if fit is not None]
    return rows
