"""A long table of scores as Markdown that people read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from behavior.errors import join_first
from behavior.files.markdown import format_markdown_table
from behavior.metrics.agreement import OTHERS, PAIRS
from behavior.metrics.tables import MEAN, POOLED, MetricIndex
from behavior.metrics.tallies import ALL_COUNTS
from behavior.reporting.frequency import FREQUENCY_HEADING, FrequencyTable

__all__ = [
    "HEADINGS",
    "explain_undefined",
    "format_agreement",
    "format_ceiling",
    "format_estimate",
    "format_summary",
    "format_value",
]

HEADINGS = {
    "prevalence": "Prevalence",
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "f2": "F2",
    "kappa": "Kappa",
    "average_precision": "Average precision",
    "segment_f1_10": "Segment F1 at 10 %",
    "segment_f1_25": "Segment F1 at 25 %",
    "segment_f1_50": "Segment F1 at 50 %",
    "edit": "Edit score",
    "bout_count_error": "Bout count error",
    "duration_error_s": "Duration error (s)",
    "latency_error_s": "Latency error (s)",
    "bouts_labelled": "Bouts",
    "true_positives": "TP",
    "false_positives": "FP",
    "false_negatives": "FN",
    "true_negatives": "TN",
}
_OVERVIEW = ("average_precision", "precision", "recall", "f1", "f2", "segment_f1_50", "kappa", "prevalence")
_DETAILS = (
    "prevalence",
    "precision",
    "recall",
    "f1",
    "average_precision",
    "segment_f1_50",
    "edit",
    "bouts_labelled",
    "bout_count_error",
    "true_positives",
    "false_positives",
    "false_negatives",
    "true_negatives",
)
_AGREEMENT = ("f1", "kappa", "precision", "recall", "segment_f1_50", "edit", "bout_count_error")
# Of these the sign is the point.
_SIGNED = ("bout_count_error", "duration_error_s", "latency_error_s")
_CEILING_NAMES = {OTHERS: "human ceiling", PAIRS: "two people"}
# So many recordings are named in a note, the others counted.
_MOST_NAMED = 12


def format_summary(
    table: pd.DataFrame,
    *,
    behaviors: Sequence[str],
    title: str,
    notes: Sequence[str] = (),
    ceiling: pd.DataFrame | None = None,
    frequency: FrequencyTable | None = None,
) -> str:
    """Return the long table as Markdown for `summary.md`.

    Parameters
    ----------
    table
        As `summarize_scores` returns it.
    behaviors
        Names and order of the tables.
    title
        First heading.
    notes
        Shown as a list above the tables; what `explain_undefined` says follows.
    ceiling
        How well people agree, as `agreement.summarize_raters` returns it: shown beneath each behavior of the overview.
    frequency
        Behaviors by their frequency: shown beneath the overview.

    Returns
    -------
    An overview (a row for each behavior, pooled over all recordings), then a table for each behavior: a row for each recording,
    then ``pooled`` and ``mean``. Undefined values are empty cells; a mean that not all recordings have a part in says how many do.
    Metrics that the table has nowhere have no column.
    """
    metrics = MetricIndex(table)
    recordings = [name for name in dict.fromkeys(table.recording) if name not in (POOLED, MEAN)]
    present = set(table.metric)
    overview = [metric for metric in _OVERVIEW if metric in present]
    details = [metric for metric in _DETAILS if metric in present]
    blocks = [f"# {title}"]
    remarks = [*notes, *explain_undefined(table, behaviors=behaviors)]
    if remarks:
        blocks.append("\n".join(f"- {note}" for note in remarks))
    rows = []
    for behavior in behaviors:
        rows.append([behavior, *(_format_overview(metrics, behavior, metric) for metric in overview)])
        for kind in () if ceiling is None else dict.fromkeys(ceiling.against):
            rows.append([f"{behavior}, {_CEILING_NAMES[kind]}", *format_ceiling(ceiling, kind, behavior, overview)])
    blocks += [
        "## Overview, pooled over all labelled frames",
        format_markdown_table(["Behavior", *(HEADINGS[metric] for metric in overview)], rows, is_aligned=True),
        _explain_overview(metrics, behaviors, ceiling),
    ]
    if frequency is not None:
        blocks += [f"## {FREQUENCY_HEADING}", format_markdown_table(frequency.heads, frequency.rows, is_aligned=True), frequency.sentence]
    for behavior in behaviors:
        rows = [
            [recording, *(format_value(metric, metrics.find(behavior, metric, recording=recording).value) for metric in details)]
            for recording in (*recordings, POOLED)
        ]
        rows.append([MEAN, *(_format_mean(metrics, behavior, metric, len(recordings)) for metric in details)])
        heading = ["Recording", *(HEADINGS[metric] for metric in details)]
        blocks += [f"## {behavior}", format_markdown_table(heading, rows, is_aligned=True)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def format_agreement(table: pd.DataFrame, ceiling: pd.DataFrame, *, behaviors: Sequence[str], title: str, notes: Sequence[str] = ()) -> str:
    """Return the agreement of raters as Markdown for `agreement.md`.

    Parameters
    ----------
    table
        As `agreement.score_agreement` returns it.
    ceiling
        As `agreement.summarize_raters` makes of it.
    behaviors, title, notes
        As `format_summary` takes them.

    Returns
    -------
    Each pair once, each of several raters against the majority of the others, and the means of these; all pooled over recordings,
    with 95 % intervals where there are some.
    """
    pooled = table[table.recording == POOLED]
    remarks = list(notes)
    sides = list(dict.fromkeys(zip(pooled.rater, pooled.against, strict=True)))
    shown = [(rater, against) for number, (rater, against) in enumerate(sides) if (against, rater) not in sides[:number]]
    rows: dict[bool, list[list[str]]] = {True: [], False: []}
    heading = ["Behavior", "Rater", "Against", *(HEADINGS[metric] for metric in _AGREEMENT), "Frames"]
    for behavior in behaviors:
        for rater, against in shown:
            part = pooled[(pooled.rater == rater) & (pooled.against == against) & (pooled.behavior == behavior)]
            estimates = {metric: numbers for metric, *numbers in zip(part.metric, part.value, part.low, part.high, strict=True)}
            cells = [format_estimate(metric, *estimates[metric]) for metric in _AGREEMENT]
            n_frames = format_value("n_frames", estimates["n_frames"][0])
            rows[against == OTHERS].append([behavior, rater, "majority of the others" if against == OTHERS else against, *cells, n_frames])
    for rater, against in shown:
        part = pooled[(pooled.rater == rater) & (pooled.against == against)].drop(columns=["rater", "against"])
        remarks += [f"{rater} (decided) against {against} (labelled): {note}" for note in explain_undefined(part, behaviors=behaviors)]
    means = [
        [behavior, _CEILING_NAMES[kind], *format_ceiling(ceiling, kind, behavior, _AGREEMENT)]
        for behavior in behaviors
        for kind in dict.fromkeys(ceiling.against)
    ]
    blocks = [f"# {title}", "\n".join(f"- {note}" for note in remarks)]
    if rows[False]:
        blocks += ["## Pairs of raters", format_markdown_table(heading, rows[False], is_aligned=True)]
    if pooled.rater.nunique() > 2:
        blocks += ["## Each rater against the majority of the others", format_markdown_table(heading, rows[True], is_aligned=True)]
    blocks += [
        "## Human ceiling: mean over raters (lowest to highest)",
        format_markdown_table(["Behavior", "", *heading[3:-1]], means, is_aligned=True),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def explain_undefined(table: pd.DataFrame, *, behaviors: Sequence[str]) -> list[str]:
    """Return a sentence for each reason why values of recordings, or pooled ones, are undefined, naming behaviors and recordings.

    Parameters
    ----------
    table
        As `summarize_scores` returns it, with the counts of frames.
    behaviors
        Those to look at.
    """
    metrics = MetricIndex(table)
    present = [metric for metric in HEADINGS if metric in set(table.metric)]
    by_reason: dict[str, dict[str, list[str]]] = {}
    missing: dict[str, set[str]] = {}
    for behavior in behaviors:
        for recording in (name for name in dict.fromkeys(table.recording) if name != MEAN):
            name = "all recordings together" if recording == POOLED else recording
            for metric in (metric for metric in present if np.isnan(metrics.find(behavior, metric, recording=recording).value)):
                reason = _find_reason(metrics, recording, behavior, metric)
                named = by_reason.setdefault(reason, {}).setdefault(behavior, [])
                if name not in named:
                    named.append(name)
                missing.setdefault(reason, set()).add(metric)
    return [
        f"Empty cells ({', '.join(_name(metric) for metric in present if metric in missing[reason])}): {reason}, for "
        + "; ".join(f"{behavior} in {join_first(recordings, _MOST_NAMED)}" for behavior, recordings in by_behavior.items())
        + "."
        for reason, by_behavior in by_reason.items()
    ]


def format_value(metric: str, value: float) -> str:
    """Return `value` as a cell: counts without decimals, errors with their sign, and nothing where it is NaN."""
    if np.isnan(value):
        return ""
    if metric in _SIGNED and value != 0:
        return f"{value:+,.0f}" if abs(value) >= 10 or (value == int(value) and not metric.endswith("_s")) else f"{value:+.1f}"
    return f"{value:.0f}" if metric in (*ALL_COUNTS, *_SIGNED) else f"{value:.3f}"


def format_estimate(metric: str, value: float, low: float, high: float) -> str:
    """Return `value` as a cell, with low and high behind it where they are known."""
    text = format_value(metric, value)
    return f"{text} ({format_value(metric, low)} to {format_value(metric, high)})" if text and not np.isnan(low) else text


def format_ceiling(ceiling: pd.DataFrame, against: str, behavior: str, metrics: Sequence[str]) -> list[str]:
    """Return cells of how well people agree on `behavior`, empty for metrics that say nothing of that.

    Parameters
    ----------
    ceiling
        As `agreement.summarize_raters` returns it.
    against
        Which of its rows.
    """
    rows = ceiling[(ceiling.behavior == behavior) & (ceiling.against == against)]
    estimates = {metric: numbers for metric, *numbers in zip(rows.metric, rows.value, rows.low, rows.high, strict=True)}
    # Prevalence is what was labelled, no achievement; and two raters agree on F1 as well as each other.
    return [
        format_estimate(metric, estimates[metric][0], *_drop_empty_range(*estimates[metric][1:]))
        if metric in estimates and metric != "prevalence"
        else ""
        for metric in metrics
    ]


def _drop_empty_range(low: float, high: float) -> tuple[float, float]:
    return (low, high) if low < high else (np.nan, np.nan)


def _find_reason(metrics: MetricIndex, recording: str, behavior: str, metric: str) -> str:
    """Return why `metric` is undefined there."""
    names = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    hits, false_alarms, misses, rejections = (metrics.find(behavior, name, recording=recording).value for name in names)
    if hits + false_alarms + misses + rejections == 0:
        return "no frame is labelled"
    if hits + misses == 0:
        return "no frame is labelled positive, nor decided so" if false_alarms == 0 else "no frame is labelled positive"
    if metric == "average_precision":
        return "no frame has a probability"
    if hits + false_alarms == 0:
        return "no frame is decided positive"
    if metric == "latency_error_s":
        return "no recording has both a labelled and a decided bout"
    return "every frame is labelled positive, and decided so"


def _explain_overview(metrics: MetricIndex, behaviors: Sequence[str], ceiling: pd.DataFrame | None) -> str:
    sentences = []
    pooled = [metrics.find(behavior, "average_precision") for behavior in behaviors]
    if any(not np.isnan(low) for _, low, _ in pooled):
        sentences.append(
            "In brackets after an average precision: its 95 % interval, from resampling recordings (metrics.csv has that of every pooled "
            "figure)."
        )
    without = [name for name, (value, low, _) in zip(behaviors, pooled, strict=True) if not np.isnan(value) and np.isnan(low)]
    if without:
        sentences.append(f"No interval for {', '.join(without)}: it takes at least four recordings with positive frames.")
    if ceiling is not None and len(ceiling):
        sentences.append(
            f"Human ceiling: each of {int(ceiling['raters'].max())} raters compared with the majority of the others, mean over raters, in "
            "brackets the lowest and the highest."
        )
        if PAIRS in set(ceiling.against):
            sentences.append(
                "Frames on which the others are split, the hardest ones, are left out of it, which flatters people; two people: each rater "
                "compared with each other in all frames."
            )
    return " ".join(sentences)


def _format_overview(metrics: MetricIndex, behavior: str, metric: str) -> str:
    value, low, high = metrics.find(behavior, metric)
    return format_estimate(metric, value, low, high) if metric == "average_precision" else format_value(metric, value)


def _format_mean(metrics: MetricIndex, behavior: str, metric: str, n_recordings: int) -> str:
    text = format_value(metric, metrics.find(behavior, metric, recording=MEAN).value)
    n_known = metrics.find(behavior, f"recordings_with_{metric}", recording=MEAN).value
    return f"{text} ({int(n_known)} of {n_recordings})" if text and n_known < n_recordings else text


def _name(metric: str) -> str:
    heading = HEADINGS[metric].removesuffix(" (s)")
    return heading if heading.startswith("F") else heading[0].lower() + heading[1:]
