"""The part of a report that says how good a model is, and how good people are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from behavior.errors import count_noun, join_first
from behavior.figures.rendering import render_png, render_svg
from behavior.learning.crossval_files import LEARNING_CURVE_PICTURE, RELIABILITY_PICTURE
from behavior.learning.crossval_folder import CrossvalResults
from behavior.learning.rater_files import list_raters
from behavior.learning.raters import measure_ceiling
from behavior.learning.variants import describe_epochs
from behavior.metrics.agreement import OTHERS, PAIRS
from behavior.metrics.tables import MEAN, POOLED, MetricIndex
from behavior.recording import Annotation, Labels
from behavior.reporting.description import DescribedRecording
from behavior.reporting.frequency import FREQUENCY_HEADING, describe_frequency, find_fold_thresholds, find_thresholds
from behavior.reporting.html_page import Block, Details, Paragraph, Picture, Section, Table
from behavior.reporting.score_files import draw_scores, score_annotations
from behavior.reporting.score_summary import HEADINGS, explain_undefined, format_ceiling, format_estimate, format_value

__all__ = ["Scores", "embed_picture", "make_score_sections", "score_held_out"]

_SHOWN = ("average_precision", "f1", "precision", "recall", "segment_f1_50", "kappa", "prevalence")
_WITH_INTERVALS = ("average_precision", "f1", "segment_f1_50")
_BY_RECORDING = ("prevalence", "average_precision", "f1", "precision", "recall", "segment_f1_50", "bouts_labelled", "bout_count_error")
_CEILING_NAMES = {OTHERS: "person / others", PAIRS: "person / person"}
# Of a cross-validation's folder.
_KEPT_PICTURES = {
    RELIABILITY_PICTURE: "How often probabilities come true.",
    LEARNING_CURVE_PICTURE: "What more labelled recordings bring.",
}
# Of more recordings, the first ones are named.
_MOST_NAMES = 20
# Larger pictures are kept as pixels.
_MOST_SVG_BYTES = 500_000


class Scores:
    """Decisions compared with labels.

    Attributes
    ----------
    table, metrics
        As `metrics.csv` has it, and by behavior and metric.
    annotations, labels
        What was scored.
    ceiling
        How well people agree on the same recordings; None if unknown.
    """

    def __init__(
        self, table: pd.DataFrame, annotations: Sequence[Annotation], labels: Mapping[str, Labels], ceiling: pd.DataFrame | None
    ) -> None:
        self.table, self.annotations, self.labels, self.ceiling = table, annotations, labels, ceiling
        self.metrics = MetricIndex(table)

    @property
    def behaviors(self) -> tuple[str, ...]:
        """Names, in the order of the ethograms."""
        return self.annotations[0].behaviors


def score_held_out(recordings: Sequence[DescribedRecording]) -> Scores | None:
    """Return the scores of ethograms whose recordings have labels and which the model was not trained on; None where there are none.

    Labels of several raters without any that count, in the manifest's plain column, cannot be scored against; and an ethogram that
    does not say whether its recording is a training recording is not scored.
    """
    chosen = [
        recording
        for recording in recordings
        if ("" in recording.labels or len(recording.labels) == 1) and recording.annotation.provenance.learned_from is False
    ]
    if not chosen:
        return None
    labels = {recording.name: recording.choose_labels() for recording in chosen}
    annotations = [recording.annotation for recording in chosen]
    raters = list_raters([recording.row for recording in chosen])
    ceiling = None
    if len(raters) > 1:
        rated = {rater: {recording.name: recording.labels[rater] for recording in chosen if rater in recording.labels} for rater in raters}
        ceiling = measure_ceiling(rated, time_s={recording.name: recording.annotation.time_s for recording in chosen})
    return Scores(score_annotations(annotations, labels), annotations, labels, ceiling)


def make_score_sections(crossval: CrossvalResults | None, held_out: Scores | None, *, n_trained_on: int) -> list[Section]:
    """Return the sections on cross-validation and on held-out recordings.

    Parameters
    ----------
    n_trained_on
        Ethograms of training recordings, which are not scored.
    """
    sections = []
    if crossval is not None:
        scores = Scores(crossval.metrics, crossval.annotations, crossval.labels, crossval.ceiling)
        sections.append(Section("Cross-validation", [*_introduce(crossval), *_show(scores, "Cross-validation", crossval)]))
    if held_out is not None:
        names = join_first([annotation.recording for annotation in held_out.annotations], _MOST_NAMES)
        others = "1 other is a training recording" if n_trained_on == 1 else f"{n_trained_on} others are training recordings"
        left_out = f" {others}, and not scored." if n_trained_on else ""
        number = len(held_out.annotations)
        noun = "Ethogram of 1 labelled recording" if number == 1 else f"Ethograms of {number} labelled recordings"
        words = f"{noun} that the model was not trained on: {names}.{left_out}"
        sections.append(Section("Scores on held-out recordings", [Paragraph(words), *_show(held_out, "Held-out recordings", None)]))
    if not sections:
        words = "There is no cross-validation, and no ethogram of a labelled recording that the model was not trained on: no scores."
        sections.append(Section("Scores", [Paragraph(words, "warning")]))
    return sections


def embed_picture(figure: Any, description: str, caption: str = "", *, is_wide: bool = True) -> Picture:
    """Return `figure` for a page: as lines and letters, or as pixels where that would be large."""
    svg = render_svg(figure)
    if len(svg) <= _MOST_SVG_BYTES:
        return Picture(svg, "svg", description, caption, is_wide)
    return Picture(render_png(figure, dpi=170), "png", description, caption, is_wide)


def _introduce(crossval: CrossvalResults) -> list[Block]:
    study = crossval.study
    n_folds = crossval.folds["fold"].nunique()
    words = (
        f"{count_noun(n_folds, 'fold')}, each leaving out one {study.crossval.leave_out}: what is scored here was predicted by models that "
        f"were not trained on the recording. {count_noun(len(crossval.annotations), 'recording')}, "
        f"seed {study.training.seed}, in {crossval.folder}."
    )
    if crossval.folds.loc[crossval.folds["best_epoch"].notna(), "watched"].isna().all():
        words += f" No recording could be spared for early stopping: all {describe_epochs(study)} were run."
    blocks: list[Block] = [Paragraph(words)]
    if study.crossval.early_stopping_on == "fold":
        words = (
            "The scored recordings were also the validation recordings of early stopping (early_stopping_on: fold): these numbers are "
            "optimistic."
        )
        blocks.append(Paragraph(words, "warning"))
    return blocks


def _show(scores: Scores, title: str, crossval: CrossvalResults | None) -> list[Block]:
    blocks: list[Block] = [_tabulate_pooled(scores)]
    has_intervals = any(not np.isnan(scores.metrics.find(name, "average_precision").low) for name in scores.behaviors)
    words = "All labelled frames pooled. "
    if has_intervals:
        words += "In brackets: 95 % intervals from resampling recordings. "
    else:
        words += "Too few recordings for intervals. "
    if scores.ceiling is not None:
        words += (
            "Beneath: how well people agree, each with the majority of the others and each with each other, mean, lowest and highest; a "
            "model that is trained on their labels can hardly do better. Frames on which the others are split, the hardest ones, have no "
            "part in a comparison with their majority."
        )
    blocks.append(Paragraph(words.strip(), "note"))
    thresholds = find_thresholds(scores.annotations) if crossval is None else find_fold_thresholds(crossval.study, crossval.decisions)
    frequency = describe_frequency(scores.table, scores.annotations, scores.labels, thresholds)
    blocks += [Table(frequency.heads, frequency.rows, caption=FREQUENCY_HEADING), Paragraph(frequency.sentence, "note")]
    undefined = explain_undefined(scores.table, behaviors=scores.behaviors)
    if undefined:
        blocks.append(Details("Why some cells are empty", [Paragraph(sentence) for sentence in undefined]))
    confusion, curves = draw_scores(scores.table, scores.annotations, scores.labels, title="")
    blocks.append(
        embed_picture(
            confusion, f"{title}: confusion matrix of each behavior", "Frames: what people saw in rows, what was decided in columns."
        )
    )
    blocks.append(
        embed_picture(
            curves, f"{title}: precision against recall for every threshold", "Precision and recall at every threshold.", is_wide=False
        )
    )
    for name, description in _KEPT_PICTURES.items():
        if crossval is not None and (picture := crossval.read_picture(name)) is not None:
            blocks.append(Picture(picture, "png", f"{title}: {description}", description, is_wide=False))
    if crossval is not None and crossval.views is not None:
        blocks.append(_tabulate_views(crossval.views, scores.behaviors))
    blocks.append(Details("Each recording", _tabulate_recordings(scores)))
    return blocks


def _tabulate_pooled(scores: Scores) -> Table:
    rows, faint = [], set()
    for behavior in scores.behaviors:
        cells = []
        for metric in _SHOWN:
            estimate = scores.metrics.find(behavior, metric)
            cells.append(format_estimate(metric, *estimate) if metric in _WITH_INTERVALS else format_value(metric, estimate.value))
        rows.append([behavior, *map(_hold_together, cells)])
        for kind in () if scores.ceiling is None else dict.fromkeys(scores.ceiling["against"]):
            assert scores.ceiling is not None
            faint.add(len(rows))
            rows.append([_CEILING_NAMES[kind], *map(_hold_together, format_ceiling(scores.ceiling, kind, behavior, _SHOWN))])
    return Table(["Behavior", *(HEADINGS[metric] for metric in _SHOWN)], rows, faint=frozenset(faint), may_break=True)


def _tabulate_views(table: pd.DataFrame, behaviors: Sequence[str]) -> Table:
    """Return the average precision of each view alone, and of all together."""
    rows = []
    for view in dict.fromkeys(table["view"]):
        index = MetricIndex(table[table["view"] == view].drop(columns="view"))
        values = [index.find(name, "average_precision").value for name in behaviors]
        rows.append([view, *("" if np.isnan(value) else f"{value:.3f}" for value in values)])
    return Table(["View", *behaviors], rows, caption="Average precision by view, each over the frames that it shows")


def _hold_together(cell: str) -> str:
    """Return a cell whose interval is not broken over lines."""
    return cell.replace(" to ", "\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}")


def _tabulate_recordings(scores: Scores) -> list[Block]:
    recordings = [name for name in dict.fromkeys(scores.table["recording"]) if name not in (POOLED, MEAN)]
    tables: list[Block] = []
    for behavior in scores.behaviors:
        rows = [
            [name, *(format_value(metric, scores.metrics.find(behavior, metric, recording=name).value) for metric in _BY_RECORDING)]
            for name in recordings
        ]
        tables.append(Table(["Recording", *(HEADINGS[metric] for metric in _BY_RECORDING)], rows, caption=behavior))
    return tables
