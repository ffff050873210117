"""Tables of recordings whose numbers are known by construction."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from behavior.config import Arena
from behavior.reporting.description import DescribedRecording
from behavior.reporting.statistics_tables import compare_recordings, note_designs, note_ungrouped, tabulate_recordings

SQUARE = Arena(
    corners=((0, 0), (100, 0), (100, 100), (0, 100)), zones={"left": [(0, 0), (50, 0), (50, 100), (0, 100)]}, margin_px=10, pixels_per_cm=10
)


def pick(table: pd.DataFrame, **cells: object) -> list[float]:
    for column, value in cells.items():
        table = table[table[column].isna()] if value is None else table[table[column] == value]
    return table["value"].tolist()


def test_each_recording_has_its_bouts_and_transitions(make_recording: Callable[..., DescribedRecording]) -> None:
    recordings = [make_recording("a", 2, group="drug"), make_recording("b", 3)]
    tables = tabulate_recordings(recordings, Arena())
    assert pick(tables.bouts, behavior="groom", metric="bout_count") == [2, 3]
    assert pick(tables.bouts, recording="b", behavior="groom", metric="share") == pytest.approx([0.1])
    assert pick(tables.bouts, recording="a", behavior="rear", metric="total_s") == [0]
    assert tables.bouts.groupby("recording")["group"].first().tolist() == ["drug", ""]
    again = tables.transitions[(tables.transitions["from"] == "groom") & (tables.transitions["to"] == "groom")]
    assert again["count"].tolist() == [1, 2]
    # No track, no zones; no comparison yet.
    assert (tables.zones, tables.groups) == (None, None)


def test_bins_are_those_asked_for(make_recording: Callable[..., DescribedRecording]) -> None:
    tables = tabulate_recordings([make_recording("a", 3)], Arena(), bin_s=10.0)
    # Bouts start at 1, 5 and 9 s.
    assert pick(tables.bouts, behavior="groom", metric="bout_count", bin=None) == [3]
    assert [pick(tables.bouts, behavior="groom", metric="bout_count", bin=bin_s) for bin_s in (0.0, 10.0, 20.0)] == [[3], [0], [0]]


def test_labels_are_described_over_what_was_labelled(make_recording: Callable[..., DescribedRecording]) -> None:
    tables = tabulate_recordings([make_recording("a", 3, is_labelled=True)], Arena(), of_labels=True)
    assert pick(tables.bouts, behavior="groom", metric="observed_s") == pytest.approx([20])
    assert pick(tables.bouts, behavior="groom", metric="share") == pytest.approx([0.15])
    assert pick(tables.bouts, behavior="groom", metric="latency_s") == pytest.approx([1.5])


def test_zones_are_those_of_the_arena(make_recording: Callable[..., DescribedRecording]) -> None:
    zones = tabulate_recordings([make_recording("a"), make_recording("b", is_tracked=True)], SQUARE).zones
    assert zones is not None
    assert zones["recording"].unique().tolist() == ["b"]
    assert list(dict.fromkeys(zones["zone"])) == ["everywhere", "centre", "walls", "corners", "left"]
    assert pick(zones, zone="everywhere", metric="distance_cm") == pytest.approx([9.9])
    # Half of the way, and of the time, is on the left; 29 frames are at either wall.
    assert pick(zones, zone="left", metric="time_s") == pytest.approx([15], abs=0.1)
    assert pick(zones, zone="walls", metric="time_s") == pytest.approx([5.8])
    assert pick(zones, zone="corners", metric="time_s") == [0]


def test_groups_are_compared_by_behaviors_and_by_zones(make_recording: Callable[..., DescribedRecording]) -> None:
    recordings = [
        make_recording(f"{group}{number}", number + extra, group=group, is_tracked=True)
        for group, extra in (("saline", 0), ("drug", 3))
        for number in (1, 2, 3)
    ]
    comparison = compare_recordings(tabulate_recordings(recordings, SQUARE), recordings, "holm")
    assert list(comparison.columns[:3]) == ["of", "subject", "metric"]
    counts = comparison[(comparison["of"] == "behavior") & (comparison["subject"] == "groom") & (comparison["metric"] == "bout_count")]
    assert counts["group"].tolist() == ["saline", "drug"]
    assert counts["mean"].tolist() == [2.0, 5.0]
    # All of three are below all of three: one of the twenty ways to deal them, twice.
    assert counts["p"].tolist() == pytest.approx([0.1, 0.1])
    assert set(comparison[comparison["of"] == "zone"]["subject"]) == {"everywhere", "centre", "walls", "corners", "left"}
    assert not {"observed_s", "tracked_share"} & set(comparison["metric"])


def test_recordings_of_one_animal_are_one(make_recording: Callable[..., DescribedRecording]) -> None:
    recordings = [
        make_recording(name, 1, group=group, animal="m1" if name in "ab" else "") for name, group in zip("abc", "xxy", strict=True)
    ]
    comparison = compare_recordings(tabulate_recordings(recordings, Arena()), recordings, "holm")
    counts = comparison[(comparison["subject"] == "groom") & (comparison["metric"] == "bout_count")]
    assert counts["n"].tolist() == [1, 1]


def test_who_is_not_compared_is_named(make_recording: Callable[..., DescribedRecording]) -> None:
    apart = [make_recording("a", group="x"), make_recording("b", group="y")]
    assert note_designs(apart) == note_ungrouped(apart) == []
    paired = [make_recording("a", group="x", animal="m"), make_recording("b", group="y", animal="m"), make_recording("c")]
    assert note_ungrouped(paired) == ["without a group and so not compared: c."]
    assert note_designs(paired) == ["every animal is in every group, so the groups are compared within animals, by a paired test."]
    (note,) = note_designs([*paired, make_recording("d", group="x")])
    assert note.startswith("the groups are not tested: m are in several of them and other animals are not")
