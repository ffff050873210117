"""The pictures of days: actograms and periodograms of each animal, and behavior by hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np

from behavior.figures.actogram import PeriodogramPanel, draw_actograms, draw_periodograms
from behavior.figures.time_curves import draw_time_curves
from behavior.files.name_matching import make_safe
from behavior.reporting.description import ACTIVITY, AnimalDays, Description
from behavior.statistics.clock import DAY_S, HOUR_S
from behavior.statistics.day_grid import MINUTE_S

__all__ = ["count_day_pictures", "draw_animals", "draw_hours"]

_ACTOGRAM_MINUTES = 10
_MINUTES_PER_DAY = DAY_S // MINUTE_S


def count_day_pictures(description: Description) -> int:
    """Return how many pictures `draw_hours` and `draw_animals` draw."""
    return len(_list_kinds(description)) + sum(1 + bool(one.periodograms) for one in description.days)


def draw_hours(description: Description) -> Iterator[tuple[str, Any]]:
    """Yield what behaviors, and activity, are like by hour, with the names of the pictures."""
    for name, kind in _list_kinds(description).items():
        yield name, _draw_hours(description, kind)


def draw_animals(description: Description, *, most: int | None = None) -> Iterator[tuple[str, Any]]:
    """Yield the actogram and the periodograms of the first `most` animals with their names, of all where None."""
    taken: set[str] = set()
    for one in description.days[:most]:
        base = make_safe("_".join(filter(None, (one.animal, one.group))))
        name, number = base, 2
        # Names that differ only in characters that a file name should not have are numbered.
        while name.casefold() in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name.casefold())
        yield f"actogram_{name}", _draw_actogram(one)
        if one.periodograms:
            yield f"periodogram_{name}", _draw_periodograms(one)


def _list_kinds(description: Description) -> dict[str, str]:
    """Return what is drawn by hour, by the name of the picture."""
    is_tracked = any(of == ACTIVITY for one in description.days for of, _ in one.subjects)
    return ({"hours": "behavior"} if description.days else {}) | ({"hours_activity": ACTIVITY} if is_tracked else {})


def _draw_actogram(one: AnimalDays) -> Any:
    values = one.grid.find_rates(_ACTOGRAM_MINUTES)
    n_days = -(-one.grid.hours.size // _MINUTES_PER_DAY)
    # A day is drawn to its end.
    padded = np.full((len(values), n_days * _MINUTES_PER_DAY // _ACTOGRAM_MINUTES), np.nan)
    padded[:, : values.shape[1]] = values
    dark = np.zeros(padded.shape[1], dtype=bool)
    dark[: values.shape[1]] = one.grid.is_dark(_ACTOGRAM_MINUTES)
    days = [f"{one.midnight + timedelta(days=number):%d %b}" for number in range(n_days)]
    return draw_actograms(
        padded, dark, [_name(subject) for subject in one.subjects], days, title=f"{one.name}, from {one.midnight:%Y-%m-%d}"
    )


def _draw_periodograms(one: AnimalDays) -> Any:
    panels = {
        _name(subject): PeriodogramPanel(found.periods_h, found.power, found.period_h, found.p, found.threshold)
        for subject, found in one.periodograms.items()
    }
    return draw_periodograms(panels, title=one.name)


def _draw_hours(description: Description, kind: str) -> Any:
    """Draw what behaviors, or activity, were like by hour: means over animals."""
    hours = description.tables.hours
    assert hours is not None
    chosen = hours[hours["of"] == kind]
    subjects = list(dict.fromkeys(chosen["subject"]))
    curves = {}
    for group in dict.fromkeys(chosen["group"]):
        animals = list(dict.fromkeys(chosen.loc[chosen["group"] == group, "animal"]))
        array = np.full((len(animals), len(subjects), 24), np.nan)
        for row in chosen[chosen["group"] == group].itertuples():
            array[animals.index(row.animal), subjects.index(row.subject), row.hour] = row.value
        curves[group] = array
    is_share = kind != ACTIVITY
    return draw_time_curves(
        curves,
        subjects,
        HOUR_S * np.arange(25.0),
        ylabel="Share of time (%)" if is_share else _name((ACTIVITY, str(chosen["metric"].iloc[0]))),
        scale=100 if is_share else 1,
        shaded=_find_dark(description),
        title="By hour of the day: mean and standard error over animals",
    )


def _find_dark(description: Description) -> list[tuple[float, float]]:
    """Return the stretches of a day in the dark, in seconds after midnight, by the first animal whose lights are known."""
    one = next((one for one in description.days if (one.grid.light >= 0).any()), None)
    if one is None:
        return []
    dark_hours = [hour for hour in range(24) if (one.grid.light[(one.grid.hours == hour) & (one.grid.light >= 0)] == 0).mean() > 0.5]
    return [(float(HOUR_S * hour), float(HOUR_S * (hour + 1))) for hour in dark_hours]


def _name(subject: tuple[str, str]) -> str:
    of, name = subject
    return f"distance ({'cm' if '_cm_' in name else 'px'} per min)" if of == ACTIVITY else name
