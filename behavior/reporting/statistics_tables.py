"""Recordings to the tables that describe them: bouts, transitions, zones, and the comparison of groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.config import Arena
from behavior.reporting.day_tables import list_day_values
from behavior.reporting.description import DescribedRecording, StatisticsTables
from behavior.statistics.bouts import describe_behaviors
from behavior.statistics.groups import Correction, compare_groups, find_design
from behavior.statistics.transitions import tabulate_transitions
from behavior.statistics.visits import Presence, find_presence, find_visits, split_presence
from behavior.statistics.zones import measure_zones

__all__ = ["compare_recordings", "note_designs", "note_ungrouped", "tabulate_recordings"]

# Nobody compares groups by how long they were observed.
_NOT_COMPARED = ("observed_s", "tracked_share")


def tabulate_recordings(
    recordings: Sequence[DescribedRecording], arena: Arena, *, bin_s: float | None = None, of_labels: bool = False
) -> StatisticsTables:
    """Return the tables of bouts, transitions and zones of all recordings, without a comparison of groups.

    Parameters
    ----------
    recordings
        At least one.
    arena
        Its zones and its strip along the walls are measured where a recording has a track.
    bin_s
        Length of time bins in seconds; no bins where None.
    of_labels
        Describe what people labelled instead of what was decided.
    """
    bouts, transitions, zones = [], [], []
    for recording in recordings:
        annotation = recording.annotation
        values, observed = recording.get_values(of_labels=of_labels)
        time_s, behaviors, fps = annotation.time_s, annotation.behaviors, annotation.fps
        bouts.append(recording.mark(describe_behaviors(values, behaviors, time_s, observed=observed, bin_s=bin_s, fps=fps)))
        transitions.append(recording.mark(tabulate_transitions(values, behaviors, time_s, observed=observed, bin_s=bin_s, fps=fps)))
        if recording.positions is None:
            continue
        presences = _find_presences(recording.positions, arena)
        tracked = np.asarray(np.isfinite(recording.positions).all(axis=1), dtype=bool)
        measured = measure_zones(
            recording.positions,
            {name: presence.inside for name, presence in presences.items()},
            time_s,
            visits={
                name: find_visits(presence, tracked, time_s, min_stay_s=arena.min_stay_s, fps=fps) for name, presence in presences.items()
            },
            pixels_per_cm=arena.pixels_per_cm,
            max_gap_s=arena.max_gap_s,
            bin_s=bin_s,
            fps=fps,
        )
        zones.append(recording.mark(measured))
    return StatisticsTables(
        pd.concat(bouts, ignore_index=True),
        pd.concat(transitions, ignore_index=True),
        pd.concat(zones, ignore_index=True) if zones else None,
    )


def _find_presences(positions: npt.NDArray[np.float64], arena: Arena) -> dict[str, Presence]:
    """Return how positions (T, 2) lie to the zones of an arena, by name; those along its walls come first."""
    parts = {} if arena.margin is None else split_presence(positions, arena.corners, arena.margin, edge=arena.edge)
    return {**parts, **{name: find_presence(positions, polygon, edge=arena.edge) for name, polygon in arena.zones.items()}}


def compare_recordings(tables: StatisticsTables, recordings: Sequence[DescribedRecording], correction: Correction) -> pd.DataFrame:
    """Return the comparison of groups by behaviors and by zones, one beneath the other.

    Returns
    -------
    The columns of `statistics.groups.compare_groups`, after a column `of`: "behavior", "zone" or "day".
    """
    animals = {recording.name: recording.animal for recording in recordings}
    comparisons = []
    for kind, table in (("behavior", tables.bouts), ("zone", tables.zones)):
        if table is None:
            continue
        whole = table[table["bin"].isna() & ~table["metric"].isin(_NOT_COMPARED)].rename(columns={kind: "subject"})
        comparison = compare_groups(whole, animals, correction=correction)
        comparison.insert(0, "of", kind)
        comparisons.append(comparison)
    of_days = list_day_values(tables)
    if len(of_days):
        comparison = compare_groups(of_days, {}, correction=correction)
        comparison.insert(0, "of", "day")
        comparisons.append(comparison)
    return pd.concat(comparisons, ignore_index=True)


def note_ungrouped(recordings: Sequence[DescribedRecording]) -> list[str]:
    """Return a sentence on recordings without a group, which no comparison holds."""
    names = [recording.name for recording in recordings if not recording.group]
    return [f"without a group and so not compared: {', '.join(names)}."] if names else []


def note_designs(recordings: Sequence[DescribedRecording]) -> list[str]:
    """Return a sentence on animals in several groups: that they are compared within themselves, or why they are not."""
    grouped = pd.DataFrame(
        [(recording.animal, recording.group) for recording in recordings if recording.group], columns=["animal", "group"]
    ).drop_duplicates()
    counts = grouped.groupby("animal", sort=False).size()
    design = find_design(grouped)
    if design == "repeated":
        return ["every animal is in every group, so the groups are compared within animals, by a paired test."]
    if design == "mixed":
        in_several = [str(animal) for animal in counts.index[counts > 1]]
        return [
            f"the groups are not tested: {', '.join(in_several)} are in several of them and other animals are not, so that neither a "
            "paired test nor one of independent groups fits; leave out the rest, or compare two groups at a time."
        ]
    return []
