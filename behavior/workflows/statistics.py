"""`behavior stats`: describes what ethograms show, in tables that statistics programs read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.config import Arena, LabelFiles, Study
from behavior.embedding.unmeasured import is_much_unmeasured
from behavior.errors import BehaviorError, LabelError, UsageError
from behavior.files.ethograms import find_ethograms, read_annotation
from behavior.files.manifest import read_manifest, select_labels
from behavior.files.pose import find_body_parts, match_pose_to_frames, read_pose
from behavior.files.study import open_study
from behavior.learning.label_reading import read_raters_of
from behavior.progress import complain, warn
from behavior.recording import Annotation, Labels, Recording
from behavior.reporting.description import (
    Described,
    Description,
    StatisticsTables,
    prepare_statistics_folder,
    remove_what_was_not_made,
    write_summary,
    write_tables,
)
from behavior.reporting.statistics_figures import write_pictures
from behavior.reporting.statistics_summary import format_statistics
from behavior.statistics.bouts import describe_behaviors
from behavior.statistics.groups import ASSUMPTIONS, Correction, compare_groups
from behavior.statistics.transitions import tabulate_transitions
from behavior.statistics.zones import fill_short_gaps, find_inside, measure_zones, split_arena
from behavior.vision.crops import find_centers

__all__ = ["StatisticsResult", "describe_ethograms", "gather_statistics"]

# Of no study that says otherwise.
_MIN_LIKELIHOOD = 0.6
# Nobody compares groups by how long they were watched.
_NOT_COMPARED = ("observed_s", "tracked_share")


@dataclass
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


@dataclass(frozen=True)
class _Sources:
    """Where to look for what an ethogram does not say."""

    recordings: dict[str, Recording]
    study: Study | None
    body_parts: tuple[str, ...]

    @property
    def arena(self) -> Arena:
        return (self.study.arena if self.study else None) or Arena()

    @property
    def label_files(self) -> LabelFiles:
        return self.study.labels if self.study else LabelFiles()

    @property
    def min_likelihood(self) -> float:
        if self.arena.min_likelihood is not None:
            return self.arena.min_likelihood
        return self.study.crop.min_likelihood if self.study and self.study.crop else _MIN_LIKELIHOOD

    def choose_body_parts(self) -> tuple[str, ...]:
        crop = self.study.crop if self.study else None
        return self.body_parts or self.arena.body_parts or (crop.body_parts if crop else ())


def describe_ethograms(
    paths: Sequence[Path],
    out: Path,
    *,
    bin_s: float | None = None,
    groups: Path | None = None,
    study: Path | None = None,
    body_parts: Sequence[str] = (),
    correction: Correction = "holm",
    of_labels: bool = False,
    with_figures: bool = True,
    overwrite: bool = False,
) -> StatisticsResult:
    """Describe the ethograms at `paths` in the folder `out`; what is not said here is as in `gather_statistics`.

    Parameters
    ----------
    with_figures
        Draw pictures too.
    overwrite
        Replace statistics that `out` holds already.

    Raises
    ------
    OutputError
        If `out` holds statistics already and `overwrite` is not set.
    """
    sources = _open_sources(groups, study, tuple(body_parts))
    found_paths = find_ethograms(paths)
    prepare_statistics_folder(out, overwrite=overwrite)
    result = _gather(found_paths, sources, bin_s=bin_s, groups=groups, correction=correction, of_labels=of_labels)
    made = write_tables(out, result.description.tables)
    if with_figures:
        made += write_pictures(out, result.description)
    remove_what_was_not_made(out, made)
    write_summary(out, format_statistics(result.description))
    return result


def gather_statistics(
    paths: Sequence[Path],
    *,
    bin_s: float | None = None,
    groups: Path | None = None,
    study: Path | None = None,
    body_parts: Sequence[str] = (),
    correction: Correction = "holm",
    of_labels: bool = False,
) -> StatisticsResult:
    """Return what the ethograms at `paths` show, and write nothing.

    Parameters
    ----------
    paths
        `*_ethogram.csv` files or folders of them.
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

    Raises
    ------
    UsageError
        If the bins are shorter than frames, ethograms have different behaviors or the same recording, none can be described, or it is not
        said whose labels count among several raters'.
    """
    sources = _open_sources(groups, study, tuple(body_parts))
    return _gather(find_ethograms(paths), sources, bin_s=bin_s, groups=groups, correction=correction, of_labels=of_labels)


def _gather(
    paths: Sequence[Path], sources: _Sources, *, bin_s: float | None, groups: Path | None, correction: Correction, of_labels: bool
) -> StatisticsResult:
    described: list[Described] = []
    notes: list[str] = []
    failures: dict[str, str] = {}
    for path in paths:
        try:
            annotation = read_annotation(path)
            _check_belonging(path, annotation, described, bin_s)
            recording = sources.recordings.get(annotation.recording)
            if of_labels and (recording is None or select_labels(recording) is None):
                raise LabelError(f"{path}: the manifest names no labels of {annotation.recording!r}; it is not described.")
        except UsageError:
            raise
        except BehaviorError as error:
            failures[str(path)] = str(error)
            complain(str(error))
            continue
        if sources.recordings and recording is None:
            notes.append(f"{annotation.recording} is not in the manifest; its group is not known.")
        labels: dict[str, Labels] = {}
        try:
            labels = read_raters_of(annotation, recording, settings=sources.label_files) if recording is not None else {}
        except BehaviorError as error:
            failures[f"{annotation.recording} (labels)"] = str(error)
            complain(str(error))
            if of_labels:
                continue
        positions = None
        try:
            positions = _find_positions(annotation, recording, sources)
        except BehaviorError as error:
            failures[f"{annotation.recording} (track)"] = str(error)
            complain(str(error))
        described.append(
            Described(annotation, recording or Recording(annotation.recording, animal=annotation.recording), labels, positions)
        )
    # As in the manifest, where it has them; names alone would put 10 before 2.
    places = {name: number for number, name in enumerate(sources.recordings)}
    described.sort(key=lambda found: places.get(found.name, len(places)))
    if not described:
        raise UsageError("none of the ethograms could be described, for the reasons above; correct these first.")
    unmeasured = [found.name for found in described if is_much_unmeasured(found.annotation)]
    if unmeasured and not of_labels:
        notes.append(f"more than 10 % of the frames are not measured, and behaviors there are guesses: {', '.join(unmeasured)}.")
    tables = _tabulate(described, sources, bin_s=bin_s, of_labels=of_labels)
    if tables.zones is None and (sources.arena.zones or sources.arena.margin):
        notes.append("the study has an arena, but no recording has a track; give the manifest's pose, and a body part in crop or arena.")
    if any(found.group for found in described):
        tables.groups = _compare(tables, described, correction)
        notes += _note_groups(described)
    elif groups is not None:
        notes.append(f"{groups}: names no group of these recordings; fill in the column 'group' to compare groups.")
    for note in notes:
        warn(note)
    description = Description(tables, described, bin_s, sources.arena, sources.choose_body_parts(), correction, of_labels, notes)
    return StatisticsResult(description, failures)


def _open_sources(groups: Path | None, study: Path | None, body_parts: tuple[str, ...]) -> _Sources:
    settings, recordings = open_study(study) if study else (None, [])
    by_id = {recording.id: recording for recording in recordings}
    # What a separate manifest says of groups counts, what it leaves open is the study's.
    for row in read_manifest(groups) if groups else []:
        known = by_id.get(row.id)
        by_id[row.id] = row if known is None else _merge(known, row)
    return _Sources(by_id, settings, body_parts)


def _merge(known: Recording, row: Recording) -> Recording:
    return Recording(
        known.id,
        video=row.video or known.video,
        pose=row.pose or known.pose,
        labels=row.labels or known.labels,
        animal=known.animal if row.animal == row.id else row.animal,
        group=row.group or known.group,
        split=known.split,
    )


def _check_belonging(path: Path, annotation: Annotation, before: Sequence[Described], bin_s: float | None) -> None:
    if before and annotation.behaviors != before[0].annotation.behaviors:
        raise UsageError(
            f"{path}: has the behaviors {', '.join(annotation.behaviors)}, those before it {', '.join(before[0].annotation.behaviors)}; "
            "describe ethograms of one model at a time."
        )
    if annotation.recording in {found.name for found in before}:
        raise UsageError(f"{path}: another ethogram of {annotation.recording!r} was given before; describe one of each recording.")
    if bin_s is not None and annotation.fps and bin_s * annotation.fps < 1:
        raise UsageError(f"{path}: a bin of {bin_s:g} s is shorter than a frame, expected at least {1 / annotation.fps:.3g} s.")


def _find_positions(annotation: Annotation, recording: Recording | None, sources: _Sources) -> npt.NDArray[np.float64] | None:
    """Return where the animal is, (T, 2) in pixels, short gaps filled in; None where there is no pose or no body part to look for."""
    parts = sources.choose_body_parts()
    if recording is None or recording.pose is None or not parts:
        return None
    individual = sources.study.crop.individual if sources.study and sources.study.crop else None
    track = read_pose(recording.pose, individual=individual)
    columns = find_body_parts(track, parts, path=recording.pose)
    track, warning = match_pose_to_frames(
        track, len(annotation.time_s), path=recording.pose, broke_off=bool(annotation.provenance.get("broke_off"))
    )
    if warning:
        warn(warning)
    positions, measured = find_centers(track.positions[:, columns], track.likelihoods[:, columns], min_likelihood=sources.min_likelihood)
    positions[~measured] = np.nan
    return fill_short_gaps(positions, annotation.time_s, max_gap_s=sources.arena.max_gap_s)


def _tabulate(described: Sequence[Described], sources: _Sources, *, bin_s: float | None, of_labels: bool) -> StatisticsTables:
    bouts, transitions, zones = [], [], []
    arena = sources.arena
    for found in described:
        annotation = found.annotation
        values, observed = found.get_values(of_labels=of_labels)
        time_s, behaviors, fps = annotation.time_s, annotation.behaviors, annotation.fps
        bouts.append(found.mark(describe_behaviors(values, behaviors, time_s, observed=observed, bin_s=bin_s, fps=fps)))
        transitions.append(found.mark(tabulate_transitions(values, behaviors, time_s, observed=observed, bin_s=bin_s, fps=fps)))
        if found.positions is None:
            continue
        inside = {name: find_inside(found.positions, polygon) for name, polygon in arena.zones.items()}
        if arena.margin is not None:
            inside = {**split_arena(found.positions, arena.corners, arena.margin), **inside}
        zones.append(
            found.mark(
                measure_zones(
                    found.positions,
                    inside,
                    time_s,
                    pixels_per_cm=arena.pixels_per_cm,
                    max_gap_s=arena.max_gap_s,
                    bin_s=bin_s,
                    fps=fps,
                )
            )
        )
    return StatisticsTables(
        pd.concat(bouts, ignore_index=True),
        pd.concat(transitions, ignore_index=True),
        pd.concat(zones, ignore_index=True) if zones else None,
    )


def _compare(tables: StatisticsTables, described: Sequence[Described], correction: Correction) -> pd.DataFrame:
    """Return the comparison of groups by behaviors and by zones, one beneath the other."""
    animals = {found.name: found.animal for found in described}
    compared = []
    for kind, table in (("behavior", tables.bouts), ("zone", tables.zones)):
        if table is None:
            continue
        whole = table[table["bin"].isna() & ~table["metric"].isin(_NOT_COMPARED)].rename(columns={kind: "subject"})
        found = compare_groups(whole, animals, correction=correction)
        found.insert(0, "of", kind)
        compared.append(found)
    return pd.concat(compared, ignore_index=True)


def _note_groups(described: Sequence[Described]) -> list[str]:
    """Return sentences on recordings without a group, and on animals in several."""
    notes = []
    left_out = [found.name for found in described if not found.group]
    if left_out:
        notes.append(f"without a group and so not compared: {', '.join(left_out)}.")
    groups: dict[str, set[str]] = {}
    for found in described:
        if found.group:
            groups.setdefault(found.animal, set()).add(found.group)
    in_several = [animal for animal, names in groups.items() if len(names) > 1]
    if in_several:
        notes.append(f"the groups are not tested, because they are not independent: in several of them are {', '.join(in_several)}.")
    return notes
