"""Recordings of each animal joined by their clock, minute by minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import pairwise
from math import ceil, floor

import numpy as np
import numpy.typing as npt

from behavior.config import Arena, Clock
from behavior.errors import UsageError
from behavior.frame_times import frame_durations, frame_edges
from behavior.reporting.description import ACTIVITY, AnimalDays, DescribedRecording
from behavior.statistics.clock import DAY_S, find_hours, find_instant, find_light, find_offsets
from behavior.statistics.day_grid import MINUTE_S, DayGrid, find_overlap, measure_minutes
from behavior.statistics.zones import measure_steps

__all__ = ["join_days", "note_days"]

# A clock that was set wrong puts recordings years apart.
_MOST_DAYS = 400
# In months in which clocks change somewhere, a gap of an hour, to so many seconds, may be one that the clock jumped over.
_CHANGING_MONTHS, _JUMP_S, _AN_HOUR_S = (3, 4, 9, 10, 11), 120, 3600


@dataclass(frozen=True)
class _Placed:
    """A recording and when it was, in seconds that never jump; and its clock."""

    recording: DescribedRecording
    start: float
    stop: float
    zone: tzinfo | None
    lights: tuple[time, time] | None


def join_days(recordings: Sequence[DescribedRecording], clock: Clock, arena: Arena, *, of_labels: bool = False) -> list[AnimalDays]:
    """Return the days of each animal in each group whose recordings say when they began, in the order of the recordings.

    Raises
    ------
    UsageError
        If recordings of one animal overlap, are more than 400 days apart, or some give an offset from UTC and others do not; or if a clock
        never showed a time, or showed it twice.
    """
    placed = [one for recording in recordings if (one := _place(recording, clock)) is not None]
    by_animal: dict[str, list[_Placed]] = {}
    for one in placed:
        by_animal.setdefault(one.recording.animal, []).append(one)
    for animal, ones in by_animal.items():
        _check(animal, ones, clock)
    keys = dict.fromkeys((one.recording.animal, one.recording.group) for one in placed)
    return [
        _join([one for one in by_animal[animal] if one.recording.group == group], clock, arena, of_labels=of_labels)
        for animal, group in keys
    ]


def note_days(recordings: Sequence[DescribedRecording], clock: Clock) -> list[str]:
    """Return a sentence on recordings that do not say when they began, where others do."""
    names = [recording.name for recording in recordings if (recording.row.clock_start or clock.start) is None]
    if not names or len(names) == len(recordings):
        return []
    return [f"without a clock_start in the manifest and so not in the tables of hours and rhythms: {', '.join(names)}."]


def _place(recording: DescribedRecording, clock: Clock) -> _Placed | None:
    start = recording.row.clock_start or clock.start
    annotation = recording.annotation
    if start is None or not len(annotation.time_s):
        return None
    try:
        instant = find_instant(start, clock.zone)
    except ValueError as error:
        raise UsageError(f"recording {recording.name!r} began at {start}: {error}.") from None
    edges = frame_edges(annotation.time_s, annotation.fps)
    on, off = (recording.row.lights_on, recording.row.lights_off)
    if on is None or off is None:
        on, off = clock.lights_on, clock.lights_off
    lights = None if on is None or off is None else (on, off)
    return _Placed(recording, instant, instant + float(edges[-1] - edges[0]), clock.zone or start.tzinfo, lights)


def _check(animal: str, placed: Sequence[_Placed], clock: Clock) -> None:
    if clock.zone is None and len({one.zone is None for one in placed}) > 1:
        first, second = (next(one for one in placed if (one.zone is None) == is_naive) for is_naive in (False, True))
        raise UsageError(
            f"animal {animal!r}: recording {first.recording.name!r} gives an offset from UTC and {second.recording.name!r} does not; give "
            "all of them one, or the study file a time_zone in its section clock."
        )
    overlapping = find_overlap([(one.start, one.stop) for one in placed])
    if overlapping is not None:
        first, second = (placed[number] for number in overlapping)
        advice = (
            "" if clock.zone is not None or first.zone is not None else ", or give clock.time_zone if the clock was put back in between"
        )
        raise UsageError(
            f"recordings {first.recording.name!r} and {second.recording.name!r} of animal {animal!r} overlap: the first one stops at "
            f"{_show(first.stop, first)}, the second one starts at {_show(second.start, second)}; correct clock_start or animal{advice}."
        )
    first, last = min(placed, key=lambda one: one.start), max(placed, key=lambda one: one.stop)
    days = (last.stop - first.start) / DAY_S
    if days > _MOST_DAYS:
        raise UsageError(
            f"recordings {first.recording.name!r} and {last.recording.name!r} of animal {animal!r} are {days:,.0f} days apart, expected at "
            f"most {_MOST_DAYS}; correct clock_start."
        )


def _join(placed: Sequence[_Placed], clock: Clock, arena: Arena, *, of_labels: bool) -> AnimalDays:
    placed = sorted(placed, key=lambda one: one.start)
    first = placed[0]
    offset = float(find_offsets(np.array([first.start]), first.zone)[0])
    midnight = floor((first.start + offset) / DAY_S) * DAY_S - offset
    n_minutes = ceil((max(one.stop for one in placed) - midnight) / MINUTE_S)
    instants = midnight + MINUTE_S * np.arange(float(n_minutes))
    annotation = first.recording.annotation
    has_track = any(one.recording.positions is not None for one in placed)
    unit = "px" if arena.pixels_per_cm is None else "cm"
    subjects = ([(ACTIVITY, f"distance_{unit}_per_min")] if has_track else []) + [("behavior", name) for name in annotation.behaviors]
    amounts, observed_s = np.zeros((2, len(subjects), n_minutes))
    hours, light = np.zeros(n_minutes, dtype=np.int64), np.full(n_minutes, -1, dtype=np.int8)
    for number, one in enumerate(placed):
        # Between recordings, and before the first one, the clock and the lights go on as they do in the nearest one before.
        low = 0 if number == 0 else max(floor((one.start - midnight) / MINUTE_S), 0)
        high = n_minutes if number + 1 == len(placed) else floor((placed[number + 1].start - midnight) / MINUTE_S)
        hours[low:high] = find_hours(instants[low:high], one.zone)
        if one.lights is not None:
            light[low:high] = find_light(instants[low:high], *one.lights, one.zone, follows_summer_time=clock.lights_follow_summer_time)
        for row, (amount, observed) in enumerate(_measure(one.recording, arena, has_track=has_track, of_labels=of_labels)):
            edges = frame_edges(one.recording.annotation.time_s, one.recording.annotation.fps)
            offset_s = one.start - midnight
            amounts[row] += measure_minutes(amount, edges, offset_s=offset_s, n_minutes=n_minutes)
            observed_s[row] += measure_minutes(observed, edges, offset_s=offset_s, n_minutes=n_minutes)
    shown_at = datetime.fromtimestamp(midnight, UTC).replace(tzinfo=None) + timedelta(seconds=offset)
    day = midnight + MINUTE_S * np.arange(DAY_S / MINUTE_S)
    lit = [find_light(day, *one.lights, one.zone, follows_summer_time=clock.lights_follow_summer_time) for one in placed if one.lights]
    return AnimalDays(
        first.recording.animal,
        first.recording.group,
        shown_at,
        tuple(subjects),
        DayGrid(amounts, observed_s, hours, light),
        float(lit[0].mean()) if lit else float("nan"),
        notes=tuple(_note_jumps(placed)),
    )


def _measure(
    recording: DescribedRecording, arena: Arena, *, has_track: bool, of_labels: bool
) -> list[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Return what was amassed and observed in each frame, two arrays (T,), of every subject."""
    annotation = recording.annotation
    edges = frame_edges(annotation.time_s, annotation.fps)
    durations = frame_durations(edges)
    measured = []
    if has_track:
        nothing = np.zeros(len(durations))
        if recording.positions is None:
            measured.append((nothing, nothing))
        else:
            distances, known = measure_steps(recording.positions, edges, arena.max_gap_s)
            # Distances per minute, and behaviors per second of it.
            measured.append((60 * distances / (arena.pixels_per_cm or 1.0), durations * known))
    values, observed = recording.get_values(of_labels=of_labels)
    seen = np.ones(values.shape, dtype=bool) if observed is None else observed
    measured += [(durations * (values & seen)[:, column], durations * seen[:, column]) for column in range(values.shape[1])]
    return measured


def _note_jumps(placed: Sequence[_Placed]) -> list[str]:
    """Return a sentence on a gap of an hour that may be summer time, where nobody said whose clock it is."""
    notes = []
    for before, after in pairwise(placed):
        starts = datetime.fromtimestamp(after.start, UTC)
        if before.zone is None and starts.month in _CHANGING_MONTHS and abs(after.start - before.stop - _AN_HOUR_S) <= _JUMP_S:
            notes.append(
                f"an hour lies between {before.recording.name} and {after.recording.name} of animal {after.recording.animal}; if the clock "
                "was put forward to summer time in between, give clock.time_zone in the study file."
            )
    return notes


def _show(instant: float, one: _Placed) -> str:
    """Return what the clock of a recording showed."""
    return f"{datetime.fromtimestamp(round(instant), one.zone or UTC).replace(tzinfo=None)}"
