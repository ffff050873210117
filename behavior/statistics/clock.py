"""The clock on the wall: when a recording began in seconds that never jump, which hour it was, and whether the lights were on."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo

import numpy as np
import numpy.typing as npt

__all__ = ["DAY_S", "HOUR_S", "find_hours", "find_instant", "find_light", "find_offsets"]

DAY_S, HOUR_S = 86_400, 3600
# Changes of a time zone's offset fall on such seconds.
_STEP_S = 900


def find_instant(start: datetime, zone: tzinfo | None = None) -> float:
    """Return when a clock showed `start`, in seconds since 1970 that never jump.

    Parameters
    ----------
    start
        What the clock showed. With an offset from UTC, that counts.
    zone
        Whose clock it is. Without a zone and an offset, the clock is taken to run evenly, and to show UTC.

    Raises
    ------
    ValueError
        If the clock of the zone never showed this, because it was put forward, or showed it twice, because it was put back.

    Examples
    --------
    >>> from zoneinfo import ZoneInfo
    >>> find_instant(datetime(2026, 3, 1, 18)) - find_instant(datetime(2026, 3, 1, 18), ZoneInfo("Europe/Berlin"))
    3600.0
    """
    if start.tzinfo is not None:
        return start.timestamp()
    if zone is None:
        return start.replace(tzinfo=UTC).timestamp()
    first, second = (start.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    if first == second:
        return first
    shown = datetime.fromtimestamp(first, zone).replace(tzinfo=None)
    if shown != start:
        raise ValueError(f"the clock of {zone} was put forward over {start}; correct it, or give an offset from UTC such as {start}+01:00")
    offsets = " or ".join(f"{start.isoformat()}{_show_offset(start.replace(tzinfo=zone, fold=fold))}" for fold in (0, 1))
    raise ValueError(f"the clock of {zone} was put back and showed {start} twice; write {offsets}")


def find_offsets(instants: npt.NDArray[np.float64], zone: tzinfo | None) -> npt.NDArray[np.float64]:
    """Return how far the clock of `zone` is ahead of UTC at `instants` (N,), in seconds, shape (N,); 0 where `zone` is None.

    >>> from zoneinfo import ZoneInfo
    >>> summer = find_instant(datetime(2026, 3, 29, 1, tzinfo=UTC))
    >>> find_offsets(np.array([summer - 1, summer]), ZoneInfo("Europe/Berlin")).tolist()
    [3600.0, 7200.0]
    """
    return _look_up(instants, zone, dst=False)


def find_hours(instants: npt.NDArray[np.float64], zone: tzinfo | None = None) -> npt.NDArray[np.int64]:
    """Return the hour, from 0 to 23, that the clock showed at `instants` (N,).

    >>> find_hours(np.array([0.0, 3600.0, 90_000.0])).tolist()
    [0, 1, 1]
    """
    shown = instants + find_offsets(instants, zone)
    return np.asarray(shown % DAY_S // HOUR_S, dtype=np.int64)


def find_light(
    instants: npt.NDArray[np.float64],
    lights_on: time,
    lights_off: time,
    zone: tzinfo | None = None,
    *,
    follows_summer_time: bool = True,
) -> npt.NDArray[np.bool_]:
    """Tell whether the lights were on at `instants` (N,).

    Parameters
    ----------
    instants
        In seconds since 1970.
    lights_on, lights_off
        By the clock of `zone`; the lights may be on over midnight.
    follows_summer_time
        Whether the timer of the lights is put forward and back with the clock; else it shows standard time all year.

    Examples
    --------
    >>> find_light(np.array([0.0, 7 * 3600.0, 19 * 3600.0]), time(7), time(19)).tolist()
    [False, True, False]
    >>> find_light(np.array([0.0, 7 * 3600.0, 19 * 3600.0]), time(19), time(7)).tolist()
    [True, False, True]
    """
    shown = instants + find_offsets(instants, zone)
    if not follows_summer_time:
        shown = shown - _look_up(instants, zone, dst=True)
    on, off = (timedelta(hours=one.hour, minutes=one.minute, seconds=one.second).total_seconds() for one in (lights_on, lights_off))
    since_on = (shown - on) % DAY_S
    return np.asarray(since_on < (off - on) % DAY_S, dtype=bool)


def _look_up(instants: npt.NDArray[np.float64], zone: tzinfo | None, *, dst: bool) -> npt.NDArray[np.float64]:
    """Return the offset from UTC, or what summer time adds to it, in seconds."""
    if zone is None or not len(instants):
        return np.zeros(len(instants))
    steps, places = np.unique(np.floor(instants / _STEP_S), return_inverse=True)
    found = []
    for step in steps.tolist():
        moment = datetime.fromtimestamp(step * _STEP_S, zone)
        found.append(((moment.dst() if dst else moment.utcoffset()) or timedelta()).total_seconds())
    return np.array(found)[places]


def _show_offset(moment: datetime) -> str:
    return moment.isoformat()[len(moment.replace(tzinfo=None).isoformat()) :]
