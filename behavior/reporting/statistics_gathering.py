"""Gathering what ethograms show: each with its row of the manifest, its labels and its track, and the tables of all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.config import Arena, Clock, LabelFiles, Study
from behavior.embedding.unmeasured import find_observed, is_much_unmeasured
from behavior.embedding.upright_pose import read_upright_track
from behavior.errors import BehaviorError, LabelError, UsageError
from behavior.files.ethograms import read_annotation
from behavior.files.manifest import read_manifest, select_labels
from behavior.files.pose import find_body_parts, match_pose_to_frames
from behavior.files.study import open_study
from behavior.learning.label_reading import read_raters_of
from behavior.progress import complain, report_progress, warn
from behavior.recording import Annotation, Labels, Recording
from behavior.reporting.animal_days import join_days, note_days
from behavior.reporting.audits import Audit, open_audit, summarize_audit
from behavior.reporting.day_tables import choose_bin_minutes, find_rhythms, tabulate_days
from behavior.reporting.description import DescribedRecording, Description
from behavior.reporting.statistics_tables import compare_recordings, note_designs, note_ungrouped, tabulate_recordings
from behavior.statistics.groups import ASSUMPTIONS, Correction
from behavior.statistics.zones import fill_short_gaps
from behavior.vision.crops import find_centers

__all__ = ["StatisticsRequest", "StatisticsResult", "StatisticsSources", "gather_statistics", "open_statistics_sources"]

# Of no study that says otherwise.
_MIN_LIKELIHOOD = 0.6

# A week of seconds fits; stamps that are damaged span centuries.
_MOST_BINS = 1_000_000


@dataclass(frozen=True)
class StatisticsRequest:
    """What is wanted of ethograms.

    Attributes
    ----------
    bin_s
        Length of time bins in seconds; no bins where None.
    groups
        A manifest that says the group and the animal of recordings; that of `study` where None.
    study
        A study file; its manifest names pose and labels, and its sections `arena` and `crop` say where the animal is looked for.
    body_parts
        Whose track tells where the animal is, instead of the study's.
    correction
        Of p values, over what is compared by the same metric.
    of_labels
        Describe what people labelled, by the manifest, instead of what was decided.
    audit
        Study file of an audit (`audits.open_audit`), by which the model's figures are corrected.
    """

    bin_s: float | None = None
    groups: Path | None = None
    study: Path | None = None
    body_parts: tuple[str, ...] = ()
    correction: Correction = "holm"
    of_labels: bool = False
    audit: Path | None = None


@dataclass(frozen=True)
class StatisticsSources:
    """Where to look for what an ethogram does not say.

    Attributes
    ----------
    request
        What is wanted.
    study
        What its study file says; None without one.
    recordings
        Rows of the manifests, by id.
    audit
        Clips that people labelled; None without one.
    """

    request: StatisticsRequest
    study: Study | None
    recordings: dict[str, Recording]
    audit: Audit | None = None

    @property
    def arena(self) -> Arena:
        """Where the animals could go; one without corners where the study has none."""
        return (self.study.arena if self.study else None) or Arena()

    @property
    def clock(self) -> Clock:
        """When recordings began, and when the lights are on, where the manifest does not say."""
        return (self.study.clock if self.study else None) or Clock()

    @property
    def label_files(self) -> LabelFiles:
        """What names in label files mean."""
        return self.study.labels if self.study else LabelFiles()

    @property
    def min_likelihood(self) -> float:
        """Below it a point counts as not found."""
        if self.arena.min_likelihood is not None:
            return self.arena.min_likelihood
        return self.study.crop.min_likelihood if self.study and self.study.crop else _MIN_LIKELIHOOD

    @property
    def individual(self) -> str | None:
        """The animal whose track is read from a file of several."""
        return self.study.crop.individual if self.study and self.study.crop else None

    @property
    def pose_scale(self) -> tuple[float, float, float] | None:
        """Origin and pixels per unit of a pose that is not in pixels."""
        return self.study.crop.pose_scale if self.study and self.study.crop else None

    @property
    def body_parts(self) -> tuple[str, ...]:
        """Whose track tells where the animal is: those asked for, else the arena's, else the crop's; () where there are none."""
        crop = self.study.crop if self.study else None
        return self.request.body_parts or self.arena.body_parts or (crop.body_parts if crop else ())


@dataclass(frozen=True)
class StatisticsResult:
    """What was described.

    Attributes
    ----------
    description
        The tables, and what they are about.
    failures
        A sentence for each file that could not be used.
    """

    description: Description
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def assumptions(self) -> str:
        """What the comparison of groups assumes, in a sentence; empty where nothing was compared."""
        return "" if self.description.tables.groups is None else ASSUMPTIONS


def open_statistics_sources(request: StatisticsRequest) -> StatisticsSources:
    """Read the study and the manifests of a request.

    Raises
    ------
    UsageError
        If one of them cannot be read.
    InputError
        If the clips of an audit cannot be read.
    """
    if request.audit is not None and request.of_labels:
        raise UsageError("an audit corrects what a model says; describe ethograms and not labels, or leave the audit out.")
    audit = None if request.audit is None else open_audit(request.audit)
    study, recordings = open_study(request.study) if request.study else (None, [])
    # An audit's manifest says the groups and animals that its clips were shared among.
    by_id = dict(audit.recordings) if audit is not None and not request.study else {recording.id: recording for recording in recordings}
    # What a separate manifest says of groups counts, what it leaves open is the study's.
    for row in read_manifest(request.groups) if request.groups else []:
        known = by_id.get(row.id)
        by_id[row.id] = row if known is None else _merge(known, row)
    return StatisticsSources(request, study, by_id, audit)


def gather_statistics(ethograms: Sequence[Path], sources: StatisticsSources) -> StatisticsResult:
    """Return what ethograms show, and write nothing; one that cannot be read never stops the rest.

    Parameters
    ----------
    ethograms
        Files `*_ethogram.csv`.

    Raises
    ------
    UsageError
        If the bins are shorter than frames, ethograms have different behaviors or the same recording, none can be described, recordings
        of one animal overlap by their clock (`join_days`), it is not said whose labels count among several raters', or the audit is of
        other ethograms or has no labels yet.
    LabelError
        If labels of the audit cannot be used.
    """
    request, arena = sources.request, sources.arena
    recordings, failures = _read_recordings(ethograms, sources)
    notes, left_out = _note_unknown(recordings, sources), []
    if not request.of_labels:
        notes += _note_unmeasured(recordings)
        left_out += _note_unobserved(recordings)
    tables = tabulate_recordings(recordings, arena, bin_s=request.bin_s, of_labels=request.of_labels)
    if tables.zones is None and (arena.zones or arena.margin):
        notes.append("the study has an arena, but no recording has a track; give the manifest's pose, and a body part in crop or arena.")
    days = join_days(recordings, sources.clock, arena, of_labels=request.of_labels)
    if days:
        days = find_rhythms(days, sources.clock.periods_h)
        tables = tabulate_days(tables, days, choose_bin_minutes(sources.clock.periods_h[0]))
        notes += [note for one in days for note in one.notes]
        left_out += note_days(recordings, sources.clock)
    if any(recording.group for recording in recordings):
        tables = replace(tables, groups=compare_recordings(tables, recordings, request.correction))
        notes += note_designs(recordings)
        left_out += note_ungrouped(recordings)
    elif request.groups is not None:
        notes.append(f"{request.groups}: names no group of these recordings; fill in the column 'group' to compare groups.")
    if sources.audit is not None:
        audited = summarize_audit(sources.audit, recordings)
        tables = replace(tables, audit=audited.table)
        notes += audited.notes
    for note in [*notes, *left_out]:
        warn(note)
    # These were said when they came up.
    left_out += failures.values()
    description = Description(
        tables,
        recordings,
        bin_s=request.bin_s,
        arena=arena,
        body_parts=sources.body_parts,
        correction=request.correction,
        of_labels=request.of_labels,
        notes=notes,
        left_out=left_out,
        days=days,
    )
    return StatisticsResult(description, failures)


def _read_recordings(ethograms: Sequence[Path], sources: StatisticsSources) -> tuple[list[DescribedRecording], dict[str, str]]:
    """Return the ethograms that can be read, in the order of the manifest, and a sentence for each other one."""
    recordings: list[DescribedRecording] = []
    failures: dict[str, str] = {}
    names: set[str] = set()
    with report_progress("reading", total=len(ethograms), unit="ethograms") as advance:
        for path in ethograms:
            recording, problems = _read_recording(path, sources, recordings, names)
            failures |= problems
            if recording is not None:
                recordings.append(recording)
                names.add(recording.name)
            advance(1)
    if not recordings:
        raise UsageError("none of the ethograms could be described, for the reasons above; correct these first.")
    # Names alone would put 10 before 2.
    order = {name: number for number, name in enumerate(sources.recordings)}
    recordings.sort(key=lambda recording: order.get(recording.name, len(order)))
    return recordings, failures


def _read_recording(
    path: Path, sources: StatisticsSources, before: Sequence[DescribedRecording], names: Collection[str]
) -> tuple[DescribedRecording | None, dict[str, str]]:
    """Return an ethogram with its labels and its track, None where it cannot be described; and sentences on what cannot be used."""
    of_labels = sources.request.of_labels
    try:
        annotation = read_annotation(path)
        _check_belonging(path, annotation, before[0].annotation.behaviors if before else annotation.behaviors, names, sources.request.bin_s)
        row = sources.recordings.get(annotation.recording)
        if of_labels and (row is None or select_labels(row) is None):
            raise LabelError(f"{path}: the manifest names no labels of {annotation.recording!r}; it is not described.")
    except UsageError:
        raise
    except BehaviorError as error:
        complain(str(error))
        return None, {str(path): str(error)}
    problems: dict[str, str] = {}
    labels: dict[str, Labels] = {}
    try:
        labels = read_raters_of(annotation, row, settings=sources.label_files) if row is not None else {}
    except BehaviorError as error:
        problems[f"{annotation.recording} (labels)"] = str(error)
        complain(str(error))
        if of_labels:
            return None, problems
    positions = None
    try:
        positions = _find_positions(annotation, row, sources)
    except BehaviorError as error:
        problems[f"{annotation.recording} (track)"] = str(error)
        complain(str(error))
    row = row or Recording(annotation.recording, animal=annotation.recording, individual=annotation.provenance.individual or "")
    observed = find_observed(annotation, max_gap_s=sources.arena.max_gap_s)
    if observed is not None and not observed.any() and positions is not None:
        # Where nothing was measured, a track leads nowhere in the picture.
        positions = np.full_like(positions, np.nan)
    return DescribedRecording(annotation, row, labels, positions, observed), problems


def _check_belonging(path: Path, annotation: Annotation, behaviors: Sequence[str], names: Collection[str], bin_s: float | None) -> None:
    """Raise UsageError if an ethogram cannot be described with those before it, of such behaviors and names."""
    if annotation.behaviors != behaviors:
        raise UsageError(
            f"{path}: has the behaviors {', '.join(annotation.behaviors)}, those before it {', '.join(behaviors)}; "
            "describe ethograms of one model at a time."
        )
    if annotation.recording in names:
        raise UsageError(f"{path}: another ethogram of {annotation.recording!r} was given before; describe one of each recording.")
    if bin_s is not None and annotation.fps and bin_s * annotation.fps < 1:
        raise UsageError(f"{path}: a bin of {bin_s:g} s is shorter than a frame, expected at least {1 / annotation.fps:.3g} s.")
    span_s = float(annotation.time_s[-1] - annotation.time_s[0]) if len(annotation.time_s) else 0.0
    if bin_s is not None and span_s > _MOST_BINS * bin_s:
        raise UsageError(
            f"{path}: its times span {span_s:,.0f} s, {span_s / bin_s:,.0f} bins, expected at most {_MOST_BINS:,}; give longer bins, or "
            "look at the video's time stamps with `behavior check`."
        )


def _find_positions(annotation: Annotation, row: Recording | None, sources: StatisticsSources) -> npt.NDArray[np.float64] | None:
    """Return where the animal is, (T, 2) in pixels, short gaps filled in; None where there is no pose or no body part to look for."""
    if row is None or row.pose is None or not sources.body_parts:
        return None
    track, _ = read_upright_track(row, sources.individual, sources.pose_scale)
    columns = find_body_parts(track, sources.body_parts, path=row.pose)
    track, warning = match_pose_to_frames(track, annotation.frames, path=row.pose)
    if warning:
        warn(warning)
    positions, measured = find_centers(track.positions[:, columns], track.likelihoods[:, columns], min_likelihood=sources.min_likelihood)
    positions[~measured] = np.nan
    return fill_short_gaps(positions, annotation.time_s, max_gap_s=sources.arena.max_gap_s)


def _note_unknown(recordings: Sequence[DescribedRecording], sources: StatisticsSources) -> list[str]:
    """Return a sentence for each recording that the manifests do not have, in the order of the ethograms."""
    if not sources.recordings:
        return []
    names = [recording.name for recording in recordings if recording.name not in sources.recordings]
    return [f"{name} is not in the manifest; its group is not known: give it a row there, or in a table for --groups." for name in names]


def _note_unmeasured(recordings: Sequence[DescribedRecording]) -> list[str]:
    """Return a sentence on the recordings of which many frames, but not all, are not measured."""
    names = [one.name for one in recordings if is_much_unmeasured(one.annotation) and (one.observed is None or one.observed.any())]
    return [f"more than 10 % of the frames are not measured: {', '.join(names)}."] if names else []


def _note_unobserved(recordings: Sequence[DescribedRecording]) -> list[str]:
    """Return a sentence on the recordings in which nothing is measured."""
    names = [recording.name for recording in recordings if recording.observed is not None and not recording.observed.any()]
    return [f"none of the frames is measured, so that nothing is observed and no mean holds them: {', '.join(names)}."] if names else []


def _merge(known: Recording, row: Recording) -> Recording:
    return replace(
        known,
        video=row.video or known.video,
        pose=row.pose or known.pose,
        labels=row.labels or known.labels,
        animal=known.animal if row.animal == row.id else row.animal,
        group=row.group or known.group,
        individual=row.individual or known.individual,
        clock_start=row.clock_start or known.clock_start,
        # The two belong together, and midnight is a time of day.
        lights_on=known.lights_on if row.lights_on is None else row.lights_on,
        lights_off=known.lights_off if row.lights_on is None else row.lights_off,
    )
