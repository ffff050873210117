"""An audit: clips drawn at random from recordings that a model predicted, what people saw in them, and what follows for groups."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.config import Study
from behavior.errors import LabelError, UsageError
from behavior.files.clip_queue import QUEUE_FILE, QueuedClip, read_clips
from behavior.files.manifest import select_labels
from behavior.files.new_study import STUDY_FILE
from behavior.files.study import open_study
from behavior.frame_times import find_gaps, frame_durations, frame_edges
from behavior.learning.label_reading import read_labels_of
from behavior.recording import Annotation, Recording
from behavior.reporting.description import DescribedRecording
from behavior.statistics.groups import find_design
from behavior.statistics.prediction_powered import (
    AuditedAnimal,
    Estimate,
    Kind,
    estimate_difference,
    estimate_mean,
    estimate_more_clips,
    estimate_ratio,
    tune_power,
)

__all__ = ["AUDIT_COLUMNS", "AUDIT_RULES", "Audit", "AuditResult", "open_audit", "summarize_audit"]

AUDIT_COLUMNS = ("behavior", "metric", "group", "figure", "value", "low", "high", "p", "animals", "clips")
AUDIT_RULES = (
    "`audit.csv` has, for each group and each difference between groups, the model's figure (predicted), the figure from the audited "
    "clips (audited), both together (corrected), and how much the model overestimates (bias), each with a 95 % interval over animals. The "
    "corrected interval holds whatever the model does, because the clips were drawn at random (prediction-powered inference, Angelopoulos "
    "et al. 2023, doi:10.1126/science.adi6000); the interval of the predicted figure assumes that the model is right."
)
_KINDS: tuple[Kind, ...] = ("predicted", "audited", "corrected", "bias")
# With fewer clips that show a behavior, its figure depends too much on chance.
_FEW_CLIPS = 10
_BIAS_LEVEL = 0.05


@dataclass(frozen=True)
class Audit:
    """Clips that were drawn, and where their labels are.

    Attributes
    ----------
    path
        Its study file.
    study
        What that says.
    recordings
        Rows of its manifest, by id.
    clips
        The clips by recording; None for a study without any, whose labelled test recordings are audited as a whole.
    """

    path: Path
    study: Study
    recordings: Mapping[str, Recording]
    clips: Mapping[str, Sequence[QueuedClip]] | None


@dataclass(frozen=True)
class AuditResult:
    """What an audit shows.

    Attributes
    ----------
    table
        Columns `AUDIT_COLUMNS`.
    notes
        Sentences on how the model errs, what is missing and what more labels would bring.
    """

    table: pd.DataFrame
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Rates:
    """Rates of one behavior in one recording: by the model over all of it, and by model and people in its clips; lengths in seconds."""

    predicted: float
    predicted_s: float
    lengths: npt.NDArray[np.float64]
    predicted_clips: npt.NDArray[np.float64]
    true_clips: npt.NDArray[np.float64]


def open_audit(path: Path) -> Audit:
    """Read the audit whose study file, or the folder of it, is at `path`.

    Raises
    ------
    UsageError
        If the study cannot be read, or has neither clips nor labelled test recordings.
    InputError
        If the table of clips cannot be used.
    """
    path = path / STUDY_FILE if path.is_dir() else path
    study, rows = open_study(path)
    recordings = {row.id: row for row in rows}
    queue = path.resolve().parent / QUEUE_FILE
    clips = [clip for clip in read_clips(queue) if clip.is_random]
    if not clips:
        if not any(row.split == "test" and row.labels for row in rows):
            raise UsageError(
                f"{path}: has no clips drawn at random ({QUEUE_FILE} next to it) and no labelled test recordings; draw clips with "
                "`behavior audit`, label them, and give the study file that it writes."
            )
        return Audit(path, study, recordings, None)
    by_recording: dict[str, list[QueuedClip]] = {}
    for clip in clips:
        by_recording.setdefault(clip.recording, []).append(clip)
    return Audit(path, study, recordings, by_recording)


def summarize_audit(audit: Audit, described: Sequence[DescribedRecording]) -> AuditResult:
    """Return what the clips of `audit` say of the described recordings: share of time, bouts per minute and mean bout, by group.

    Raises
    ------
    LabelError
        If a label file cannot be used.
    UsageError
        If a clip lies beyond the end of its recording, the model was trained on all recordings, or nothing is labelled yet.
    """
    notes: list[str] = []
    # The model errs less in clips that it was trained on than in the rest of their recordings.
    known = [one.name for one in described if one.annotation.provenance.learned_from]
    described = [one for one in described if one.name not in known]
    if not described:
        raise UsageError(f"{audit.path}: the model was trained on all of these recordings, so they cannot be audited; audit others.")
    if known:
        notes.append(f"the model was trained on {', '.join(known)}; the audit leaves them out.")
    behaviors = described[0].annotation.behaviors
    rates: dict[str, dict[tuple[str, str], dict[str, list[_Rates]]]] = {"share": {}, "begun": {}}
    n_clips: dict[str, int] = {}
    n_shown = dict.fromkeys(behaviors, 0)
    for one in described:
        values, cells, sentences = _read_clips(audit, one)
        notes += sentences
        n_clips[one.name] = len(cells)
        for column, name in enumerate(behaviors):
            if values is not None:
                n_shown[name] += sum(bool((values[start:stop, column] == 1).any()) for start, stop in cells)
            key = (one.animal, one.group)
            for metric, measured in _measure(one, column, values, cells).items():
                rates[metric].setdefault(key, {}).setdefault(name, []).append(measured)
    if not any(n_clips.values()):
        raise UsageError(f"{audit.path}: none of its clips is labelled yet; label them, for example with `behavior review {audit.path}`.")
    keys = list(rates["share"])
    groups = list(dict.fromkeys(group for _, group in keys))
    design = find_design(pd.DataFrame(keys, columns=["animal", "group"]))
    if len(groups) > 1 and design != "independent":
        notes.append("some animals are in several groups, so the audit does not compare groups.")
    of_groups = {group: sum(n_clips[one.name] for one in described if one.group == group) for group in groups}
    rows: list[tuple[object, ...]] = []
    for name in behaviors:
        animals = {metric: {key: _join(by_name[name]) for key, by_name in of_animals.items()} for metric, of_animals in rates.items()}
        pairs = {group: [(animals["share"][key], animals["begun"][key]) for key in keys if key[1] == group] for group in groups}
        compared = list(combinations(groups, 2)) if design == "independent" else []
        rows += _estimate_all(name, pairs, compared, of_groups)
        notes += _note(name, pairs, compared, n_shown[name], sum(n_clips.values()))
    return AuditResult(pd.DataFrame(rows, columns=list(AUDIT_COLUMNS)), notes)


def _read_clips(audit: Audit, one: DescribedRecording) -> tuple[npt.NDArray[np.int8] | None, list[tuple[int, int]], list[str]]:
    """Return the labels of a recording, (T, B), the labelled clips as start and stop, and sentences on those that are not."""
    row, annotation = audit.recordings.get(one.name), one.annotation
    clips, labels = _find_clips(audit, one), None if row is None else select_labels(row)
    if not clips:
        return None, [], []
    if row is None or labels is None:
        return None, [], [f"{one.name}: the clips of the audit are not labelled yet."]
    read, warnings = read_labels_of(row, labels, annotation.behaviors, annotation.frames, settings=audit.study.labels)
    notes = [f"{one.name}: {warning}" for warning in warnings]
    cells, n_open, n_unsure = [], 0, 0
    for clip in clips:
        if clip.stop_frame > len(annotation.time_s):
            raise UsageError(
                f"{audit.path}: a clip of {one.name!r} ends at frame {clip.stop_frame}, but its ethogram has {len(annotation.time_s)} "
                "frames; the audit was drawn from other ethograms."
            )
        seen = read.values[clip.start_frame : clip.stop_frame] != -1
        if seen.all():
            cells.append((clip.start_frame, clip.stop_frame))
        elif clip.state in ("unsure", "skipped"):
            n_unsure += 1
        elif seen.any() and not _is_looked_at_in_part(seen):
            raise LabelError(
                f"{labels}: labels only some behaviors in frames {clip.start_frame} to {clip.stop_frame - 1}; label all or none."
            )
        else:
            n_open += 1
    if n_open:
        notes.append(f"{one.name}: {n_open} of {len(clips)} clips are not fully labelled yet and do not count.")
    if n_unsure:
        notes.append(
            f"{one.name}: {n_unsure} of {len(clips)} clips were skipped or unsure; if these differ from the rest, the figures are biased."
        )
    return read.values, cells, notes


def _find_clips(audit: Audit, one: DescribedRecording) -> Sequence[QueuedClip]:
    """Return the clips that were drawn from a recording; a test recording of a study without any is a clip as a whole."""
    if audit.clips is not None:
        return audit.clips.get(one.name, ())
    row = audit.recordings.get(one.name)
    if row is None or row.split != "test":
        return ()
    return [QueuedClip(one.name, 0, len(one.annotation.time_s), "the whole recording", True)]


def _is_looked_at_in_part(seen: npt.NDArray[np.bool_]) -> bool:
    """Tell whether frames were looked at for all behaviors or for none, bool of shape (T, B)."""
    return bool((seen == seen[:, :1]).all())


def _measure(
    one: DescribedRecording, column: int, values: npt.NDArray[np.int8] | None, cells: Sequence[tuple[int, int]]
) -> dict[str, _Rates]:
    """Return the share of time and the bouts begun per second of a behavior."""
    annotation = one.annotation
    lasting = _find_lasting(annotation)
    if one.observed is not None:
        lasting = np.where(one.observed, lasting, 0.0)
    predicted = annotation.ethogram.values[:, column]
    true = predicted if values is None else values[:, column] == 1
    follows = np.concatenate([[False], ~find_gaps(frame_edges(annotation.time_s, annotation.fps))[:-1]])
    starts = [shown & ~(np.concatenate([[False], shown[:-1]]) & follows) for shown in (predicted, true)]
    found = {}
    for metric, (of_model, of_people), amounts in (
        ("share", (predicted, true), lasting),
        ("begun", (starts[0], starts[1]), np.ones(len(lasting))),
    ):
        # Whether a bout starts with a clip's first frame is not known from the clip.
        spans = [(start + int(metric == "begun" and start > 0), stop) for start, stop in cells]
        spans = [(start, stop) for start, stop in spans if lasting[start:stop].sum() > 0]
        lengths = np.array([lasting[start:stop].sum() for start, stop in spans])
        counted = np.where(lasting > 0, amounts, 0.0)
        of_clips = [
            np.array([(counted[start:stop] * shown[start:stop]).sum() for start, stop in spans]) / lengths if spans else np.zeros(0)
            for shown in (of_model, of_people)
        ]
        total = float(lasting.sum())
        rate = float((counted * of_model).sum()) / total if total > 0 else 0.0
        found[metric] = _Rates(rate, total, lengths, of_clips[0], of_clips[1])
    return found


def _find_lasting(annotation: Annotation) -> npt.NDArray[np.float64]:
    return frame_durations(frame_edges(annotation.time_s, annotation.fps))


def _join(parts: Sequence[_Rates]) -> AuditedAnimal:
    """Return the recordings of one animal as one."""
    total = sum(part.predicted_s for part in parts)
    predicted = sum(part.predicted * part.predicted_s for part in parts) / total if total > 0 else 0.0
    joined = [
        np.concatenate(arrays) for arrays in zip(*((part.lengths, part.predicted_clips, part.true_clips) for part in parts), strict=True)
    ]
    return AuditedAnimal(predicted, joined[0], joined[1], joined[2])


def _estimate_all(
    name: str,
    pairs: Mapping[str, Sequence[tuple[AuditedAnimal, AuditedAnimal]]],
    compared: Sequence[tuple[str, str]],
    n_clips: Mapping[str, int],
) -> Iterator[tuple[object, ...]]:
    """Yield the rows of a behavior; the columns of `pairs` are share of time and bouts begun per second."""
    share_power, begun_power = (tune_power([pair[place] for group in pairs.values() for pair in group]) for place in (0, 1))
    for metric, place, power, scale in (("share", 0, share_power, 1.0), ("bouts_per_minute", 1, begun_power, 60.0)):
        animals = {group: [pair[place] for pair in of_group] for group, of_group in pairs.items()}
        for kind in _KINDS:
            for group, of_group in animals.items():
                yield _row(
                    name, metric, group, kind, estimate_mean(of_group, kind, power=power), scale, n_clips[group], with_p=kind == "bias"
                )
            for first, second in compared:
                found = estimate_difference(animals[first], animals[second], kind, power=power)
                yield _row(name, metric, f"{second} - {first}", kind, found, scale, n_clips[first] + n_clips[second], with_p=True)
    for kind in _KINDS[:3]:
        for group, both in pairs.items():
            found = estimate_ratio(both, kind, powers=(share_power, begun_power))
            yield _row(name, "mean_bout_s", group, kind, found, 1.0, n_clips[group], with_p=False)


def _row(
    name: str, metric: str, group: str, kind: Kind, found: Estimate, scale: float, n_clips: int, *, with_p: bool
) -> tuple[object, ...]:
    p = found.p if with_p else float("nan")
    return name, metric, group, kind, scale * found.value, scale * found.low, scale * found.high, p, found.n, n_clips


def _note(
    name: str,
    pairs: Mapping[str, Sequence[tuple[AuditedAnimal, AuditedAnimal]]],
    compared: Sequence[tuple[str, str]],
    n_shown: int,
    n_clips: int,
) -> Iterator[str]:
    """Yield sentences on a behavior."""
    if n_shown < _FEW_CLIPS:
        yield f"{name}: people saw it in {n_shown} of {n_clips} clips; intervals from so few are rough."
    shares = {group: [pair[0] for pair in of_group] for group, of_group in pairs.items()}
    for first, second in compared:
        difference = estimate_difference(shares[first], shares[second], "bias")
        if difference.p < _BIAS_LEVEL:
            of_each = [f"{100 * estimate_mean(shares[group], 'bias').value:+.1f} % of the time in {group}" for group in (first, second)]
            yield (
                f"{name}: the model errs differently between groups, {of_each[0]} and {of_each[1]} (p = {difference.p:.2g}); a difference "
                "between predicted figures may come from the model alone."
            )
    power = tune_power([animal for of_group in shares.values() for animal in of_group])
    for group, of_group in shares.items():
        more = estimate_more_clips(of_group, power=power)
        what = f"the interval of its share of time{f' in {group}' if group else ''}"
        if math.isinf(more):
            yield f"{name}: animals differ so much that only more animals, not more labels, would halve {what}."
        elif not math.isnan(more):
            usual_s = float(np.mean(np.concatenate([animal.lengths for animal in of_group])))
            yield f"{name}: about {math.ceil(more * usual_s / 60)} more minutes of labels would halve {what}."
