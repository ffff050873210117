"""`statistics.md`: what the tables say, for people."""

from __future__ import annotations

import pandas as pd

from behavior import __version__
from behavior.config import Arena
from behavior.errors import count_noun
from behavior.files.markdown import format_markdown_table
from behavior.reporting.audits import AUDIT_RULES
from behavior.reporting.day_summary import summarize_days
from behavior.reporting.day_tables import DAY_RULES
from behavior.reporting.description import Description
from behavior.statistics.groups import ASSUMPTIONS, average_animals
from behavior.statistics.rhythms import RHYTHM_RULES

__all__ = [
    "SHOWN_METRICS",
    "format_statistics",
    "list_rules",
    "summarize_behaviors",
    "tabulate_audit",
    "tabulate_behaviors",
    "tabulate_groups",
    "tabulate_zones",
]

# What a paper's table has; the rest is in the CSV files.
SHOWN_METRICS = ("bout_count", "total_s", "share", "bouts_per_minute", "mean_bout_s", "latency_s")
_CORRECTIONS = {"holm": "Holm", "fdr": "Benjamini and Hochberg"}


def summarize_behaviors(description: Description) -> pd.DataFrame:
    """Return behavior, group, n (animals with a value), and the mean over animals of each of `SHOWN_METRICS`, of whole recordings."""
    table = description.tables.bouts
    whole = table[table["bin"].isna() & table["metric"].isin(SHOWN_METRICS)].rename(columns={"behavior": "subject"})
    averaged = average_animals(whole, description.animals)
    rows = []
    for behavior in description.behaviors:
        for group in description.groups:
            chosen = averaged[(averaged["subject"] == behavior) & (averaged["group"] == group)]
            means = chosen.groupby("metric")["value"].mean()
            rows.append((behavior, group, _count_animals(chosen), *(float(means.get(metric, float("nan"))) for metric in SHOWN_METRICS)))
    return pd.DataFrame(rows, columns=["behavior", "group", "n", *SHOWN_METRICS])


def format_statistics(description: Description) -> str:
    """Return the text of `statistics.md`."""
    recordings = description.recordings
    minutes = [recording.recorded_s / 60 for recording in recordings if len(recording.annotation.time_s)]
    lengths = dict.fromkeys(f"{length:.1f}" for length in (min(minutes), max(minutes))) if minutes else {}
    length = f"; {' to '.join(lengths)} min" if lengths else ""
    n_animals = len(set(description.animals.values()))
    lines = ["# Statistics", ""]
    what = "What people labelled" if description.of_labels else "What was decided"
    lines += [f"{what} in {count_noun(len(recordings), 'recording')} of {count_noun(n_animals, 'animal')}{length}.", ""]
    lines += ["## Behaviors, means over animals", "", format_markdown_table(*tabulate_behaviors(description)), ""]
    if description.tables.groups is not None:
        lines += ["## Groups", "", format_markdown_table(*tabulate_groups(description.tables.groups)), ""]
    if description.tables.audit is not None:
        lines += ["## Audited by people: corrected figures", "", format_markdown_table(*tabulate_audit(description.tables.audit)), ""]
    for heading, table in summarize_days(description.tables):
        lines += [f"## {heading}", "", format_markdown_table(*table), ""]
    if description.tables.zones is not None:
        lines += ["## Zones, means over animals", "", format_markdown_table(*tabulate_zones(description, description.tables.zones)), ""]
    lines += ["## What the numbers are", ""]
    lines += [f"- {rule}" for rule in list_rules(description)]
    for heading, sentences in (("Left out", description.left_out), ("Notes", description.notes)):
        if sentences:
            lines += ["", f"## {heading}", "", *(f"- {sentence}" for sentence in sentences)]
    groups = [f"{recording.name} ({', '.join(filter(None, (recording.animal, recording.group)))})" for recording in recordings]
    lines += ["", "## Recordings (animal, group)", "", ", ".join(groups) + ".", "", f"Made by behavior {__version__}.", ""]
    return "\n".join(lines)


def _count_animals(averaged: pd.DataFrame) -> int:
    """Return how many animals have a value of any metric."""
    return int(averaged.loc[averaged["value"].notna() & (averaged["metric"] != "observed_s"), "animal"].nunique())


def tabulate_behaviors(description: Description) -> tuple[list[str], list[list[str]]]:
    """Return the heading and the cells of what each behavior was like, means over animals."""
    summary = summarize_behaviors(description)
    heads = ["behavior", "group", "animals", "bouts", "total (s)", "share of time", "bouts/min", "mean bout (s)", "latency (s)"]
    formats = ["{:.1f}", "{:.1f}", "{:.2%}", "{:.2f}", "{:.2f}", "{:.1f}"]
    rows = [
        [row[0], row[1] or "all", str(row[2]), *(_format(value, pattern) for value, pattern in zip(row[3:], formats, strict=True))]
        for row in summary.itertuples(index=False, name=None)
    ]
    return heads, rows


def tabulate_groups(groups: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return the heading and the cells of the comparison of groups."""
    shown = groups[
        ((groups["of"] == "behavior") & groups["metric"].isin(SHOWN_METRICS))
        | (groups["of"] == "day")
        | ((groups["of"] == "zone") & groups["metric"].str.match("distance|time_s|mean_speed|entries"))
    ]
    heads = ["of", "metric", "groups: mean ± SEM (n)", "test", "p", "p corrected", "effect size"]
    rows = []
    for (_, subject, metric), chosen in shown.groupby(["of", "subject", "metric"], sort=False):
        values = "; ".join(f"{row.group} {_format_mean(row.mean, row.sem)}({row.n})" for row in chosen.itertuples())
        first = chosen.iloc[0]
        effect = f"{first['effect_size']} {_format(first['effect'], '{:+.2f}')}" if first["effect_size"] else ""
        p_values = [_format(first[name], "{:.3g}") for name in ("p", "p_corrected")]
        rows.append([str(subject), str(metric), values, first["test"] or f"none: {first['not_tested']}", *p_values, effect])
    return heads, rows


def tabulate_audit(audit: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return the heading and the cells of what an audit says of groups and their differences."""
    rows = []
    for (behavior, metric, group), chosen in audit.groupby(["behavior", "metric", "group"], sort=False):
        figures = {row.figure: row for row in chosen.itertuples()}
        cells = []
        for figure in ("predicted", "audited", "corrected"):
            row = figures[figure]
            pattern = "{:.2%}" if metric == "share" else "{:.2f}"
            low, high = _format(row.low, pattern), _format(row.high, pattern)
            cells.append(_format(row.value, pattern) + (f" ({low} to {high})" if low else ""))
        corrected = figures["corrected"]
        of_bias = _format(figures["bias"].p, "{:.2g}") if "bias" in figures else ""
        rows.append([behavior, metric, group or "all", *cells, _format(corrected.p, "{:.2g}"), of_bias, str(corrected.animals)])
    return ["behavior", "metric", "group", "predicted", "audited", "corrected", "p corrected", "p of the model's bias", "animals"], rows


def _format_mean(mean: float, sem: float) -> str:
    """Return "mean ± SEM "; no SEM for a single animal, "" for none."""
    spread = f" ± {_format_size(sem, digits=2)}" if sem == sem else ""
    return f"{_format_size(mean, digits=3)}{spread} " if mean == mean else ""


def tabulate_zones(description: Description, zones: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return the heading and the cells of what was done in each zone, means over animals."""
    whole = zones[zones["bin"].isna()].rename(columns={"zone": "subject"})
    averaged = average_animals(whole, description.animals)
    metrics = list(dict.fromkeys(averaged["metric"]))
    rows = []
    for zone in dict.fromkeys(averaged["subject"]):
        for group in description.groups:
            chosen = averaged[(averaged["subject"] == zone) & (averaged["group"] == group)]
            means = chosen.groupby("metric")["value"].mean()
            cells = [_format_size(float(means.get(metric, float("nan")))) for metric in metrics]
            rows.append([zone, group or "all", str(_count_animals(chosen)), *cells])
    return ["zone", "group", "animals", *metrics], rows


def list_rules(description: Description) -> list[str]:
    """Return sentences on what the numbers are, and under which assumptions groups were compared."""
    rules = [
        "A bout lasts from the start of its first frame to the start of the frame after its last one.",
        "Stretches that are not measured, because the animal was not found or frames could not be decoded, do not count as observed time "
        f"if they are longer than {description.arena.max_gap_s:g} s (arena: max_gap_s); shorter ones are bridged.",
        "Gaps in a video's time stamps of more than half a second (and two and a half frames) do not count as observed time: bouts end "
        "there, and only the latency runs on over them.",
        "Shares and rates are of the time that was observed; a cell is empty where there is nothing to measure, such as the latency of a "
        "behavior that never came.",
        "mean_interval_s and median_interval_s are of the intervals from the end of a bout to the start of the next bout of the same "
        "behavior.",
        "A transition goes from a bout to the bout, of whichever behavior, that starts next after it has started, also where the two "
        "overlap; where two behaviors start at once after a bout, both transitions count. Transitions from a behavior add up to a "
        "probability of 1.",
    ]
    if description.bin_s is not None:
        rules.append(
            f"Time bins are {description.bin_s:g} s long (column `bin`: the second that a bin starts at; empty: the whole recording). "
            "A bout belongs to the bin that it starts in, with all of its length; durations and shares are split at the edges of bins."
        )
    if description.tables.zones is not None:
        unit = "cm" if description.arena.pixels_per_cm else "pixels, because the study gives no pixels_per_cm"
        rules.append(
            f"The animal is where {' and '.join(description.body_parts)} was tracked; gaps of up to {description.arena.max_gap_s:g} s are "
            f"filled in with a straight line, longer ones count nowhere. Distances are in {unit}; trembling of the tracker adds to them."
        )
        if description.arena.zones or description.arena.margin is not None:
            rules.append(
                f"An animal enters a zone once it is {_format_width(description.arena)} inside of its edge, and leaves it once it is as "
                f"far outside; visits and absences of less than {description.arena.min_stay_s:g} s are left out (arena: edge_cm or "
                "edge_px, min_stay_s). Entries and latencies are counted so; times, shares and distances are by the edge itself."
            )
        if description.arena.margin is not None:
            rules.append(
                "The strip along the walls is "
                + (f"{description.arena.margin_cm:g} cm" if description.arena.margin_cm else f"{description.arena.margin:g} pixels")
                + " wide; where two strips meet is a corner, the rest of the arena its centre."
            )
    if description.tables.audit is not None:
        rules.append(AUDIT_RULES)
    if description.days:
        rules += [*DAY_RULES, *(RHYTHM_RULES if description.tables.cosinor is not None or description.tables.periods is not None else ())]
    if description.tables.groups is not None:
        rules.append(f"{ASSUMPTIONS} p values are corrected as {_CORRECTIONS[description.correction]} did.")
    return rules


def _format_width(arena: Arena) -> str:
    """Return how wide the edges of zones are, in words."""
    if arena.pixels_per_cm is not None and arena.edge_px is None:
        return f"{arena.edge / arena.pixels_per_cm:g} cm"
    return f"{arena.edge:.3g} pixels"


def _format(value: float, pattern: str) -> str:
    return "" if value != value else pattern.format(value)


def _format_size(value: float, digits: int = 4) -> str:
    """Return a number with so many digits that count, but all those before the point."""
    return _format(value, "{:,.0f}" if abs(value) >= 10 ** (digits - 1) else f"{{:.{digits}g}}")
