"""What tables of days say, for people: a row for each subject, mean over animals, and rhythms of each animal."""

from __future__ import annotations

import pandas as pd

from behavior.reporting.day_tables import SIGNIFICANT
from behavior.reporting.description import StatisticsTables

__all__ = ["summarize_days"]

Table = tuple[list[str], list[list[str]]]


def summarize_days(tables: StatisticsTables) -> list[tuple[str, Table]]:
    """Return a heading, and heads and cells of a table, for light and dark and for rhythms; those that have no table are left out."""
    found = []
    if tables.light_dark is not None:
        found.append(("Light and dark, means over animals", _tabulate_light(tables.light_dark)))
    if tables.periods is not None:
        found.append(("Periods", _tabulate_periods(tables.periods)))
    if tables.cosinor is not None:
        found.append(("Cosinors", _tabulate_cosinor(tables.cosinor)))
    return found


def _tabulate_light(table: pd.DataFrame) -> Table:
    rows = []
    for (group, subject), chosen in table.groupby(["group", "subject"], sort=False):
        means = chosen.groupby(["metric", "phase"], sort=False)["value"].mean()
        metric = next(name for name in means.index.get_level_values("metric") if name != "part_of_day")
        pattern = "{:.2%}" if metric == "share" else "{:.1f}"
        cells = [_format(means.get((metric, phase), float("nan")), pattern) for phase in ("light", "dark")]
        part = _format(means.get(("part_of_day", "dark"), float("nan")), "{:.0%}")
        rows.append([str(subject), str(group) or "all", _say_metric(metric), str(chosen["animal"].nunique()), *cells, part])
    return ["of", "group", "what", "animals", "in the light", "in the dark", "part of a day's in the dark"], rows


def _tabulate_periods(table: pd.DataFrame) -> Table:
    rows = [
        [
            *(row.animal, row.group or "all", row.subject, f"{row.days:.1f}", f"{row.period_h:.2f}", f"{row.resolution_h:.1f}"),
            *(f"{row.power:.3f}", _show_p(row.p), "rhythm" if row.p < SIGNIFICANT else "none found"),
        ]
        for row in table.itertuples()
    ]
    return ["animal", "group", "of", "days", "period (h)", "resolution (h)", "share of variance", "p", ""], rows


def _tabulate_cosinor(table: pd.DataFrame) -> Table:
    rows = []
    for row in table.itertuples():
        scale, unit = (100, " %") if row.metric == "share" else (1, "")
        mesor = _show_interval(scale * row.mesor, scale * row.mesor_low, scale * row.mesor_high, unit)
        amplitude = _show_interval(scale * row.amplitude, scale * row.amplitude_low, scale * row.amplitude_high, unit)
        acrophase = f"{row.acrophase_h:.2f} ({row.acrophase_low:.2f} to {row.acrophase_high:.2f})"
        rows.append([row.animal, row.group or "all", row.subject, f"{row.period_h:.2f}", mesor, amplitude, acrophase, _show_p(row.p)])
    return ["animal", "group", "of", "period (h)", "mesor", "amplitude", "acrophase (h)", "p"], rows


def _show_interval(value: float, low: float, high: float, unit: str) -> str:
    return f"{value:.3g}{unit} ({low:.3g} to {high:.3g})"


def _say_metric(metric: str) -> str:
    return "share of time" if metric == "share" else f"{'cm' if '_cm_' in metric else 'px'} per min"


def _show_p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _format(value: float, pattern: str) -> str:
    return "" if value != value else pattern.format(value)
