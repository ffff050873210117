"""The axis of time that pictures of recordings share."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

__all__ = ["style_time"]

_MINUTES_FROM_S = 180.0
_HOURS_FROM_S = 6 * 3600.0
# Seconds between ticks that people can add up: up to eight weeks.
_STEPS_S = (15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, *(86400 * days for days in (1, 2, 7, 14, 28, 56)))


def style_time(axes: Axes, duration_s: float, *, n_ticks: int = 9) -> None:
    """Give the horizontal axis, in seconds, ticks and a title in seconds, or in minutes or hours where the recordings are long."""
    axes.tick_params(axis="x", length=2, labelsize=8)
    if duration_s < _MINUTES_FROM_S:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=n_ticks))
        axes.set_xlabel("Time (s)", fontsize=9)
        return
    step = next((step for step in _STEPS_S if duration_s / step <= n_ticks), _STEPS_S[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step))
    if duration_s >= _HOURS_FROM_S:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _position: _format_minutes(seconds / 60)))
        axes.set_xlabel("Time (h:min)", fontsize=9)
        return
    axes.xaxis.set_major_formatter(FuncFormatter(_format_minutes))
    axes.set_xlabel("Time (min:s)", fontsize=9)


def _format_minutes(seconds: float, _position: int | None = None) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
