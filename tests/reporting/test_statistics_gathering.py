"""Gathering ethograms with their labels, tracks and groups, and what is said where some of it is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from behavior.errors import UsageError
from behavior.files.ethograms import read_annotation, write_annotation
from behavior.files.pose import write_deeplabcut
from behavior.recording import Track
from behavior.reporting.description import DescribedRecording
from behavior.reporting.statistics_gathering import (
    StatisticsRequest,
    StatisticsResult,
    gather_statistics,
    open_statistics_sources,
)
from behavior.reporting.statistics_summary import format_statistics, summarize_behaviors

N_FRAMES = 300


@pytest.fixture
def ethograms(tmp_path: Path, make_recording: Callable[..., DescribedRecording]) -> list[Path]:
    """Ethograms of b, a and c, which groom once, twice and three times."""
    recordings = [make_recording(name, count) for count, name in enumerate("bac", start=1)]
    return [write_annotation(tmp_path / "ethograms", recording.annotation)[0] for recording in recordings]


def write_track(path: Path, *, lost: slice = slice(0), parts: tuple[str, ...] = ("body", "tail")) -> None:
    """Write a pose whose body is at (frame, 10) and whose tail is 100 pixels below, with the likelihood of nothing where it is lost."""
    positions = np.zeros((N_FRAMES, len(parts), 2))
    positions[..., 0] = np.arange(N_FRAMES)[:, None]
    positions[..., 1] = 10 + 100 * np.arange(len(parts))
    likelihoods = np.ones((N_FRAMES, len(parts)))
    likelihoods[lost] = 0
    write_deeplabcut(path, Track(positions, likelihoods, parts), scorer="s")


def write_study(folder: Path, manifest: str, **sections: object) -> Path:
    (folder / "recordings.csv").write_text(manifest)
    content = {"behaviors": ["groom", "rear"], "recordings": "recordings.csv", "crop": {"body_part": "body"}, **sections}
    (folder / "study.yaml").write_text(yaml.safe_dump(content))
    return folder / "study.yaml"


def gather(ethograms: list[Path], **request: object) -> StatisticsResult:
    return gather_statistics(ethograms, open_statistics_sources(StatisticsRequest(**request)))


def test_ethograms_alone_are_described_in_their_order(ethograms: list[Path]) -> None:
    result = gather(ethograms)
    assert [recording.name for recording in result.description.recordings] == ["b", "a", "c"]
    assert result.description.groups == [""]
    assert result.description.tables.groups is None
    assert (result.failures, result.assumptions, list(result.description.notes)) == ({}, "", [])


def test_the_manifest_gives_order_animals_and_groups(ethograms: list[Path], tmp_path: Path) -> None:
    study = write_study(tmp_path, "recording,animal,group\na,m1,drug\nb,,saline\n")
    description = gather(ethograms, study=study).description
    # In the manifest's order; what it does not have comes last, and is noted.
    assert [recording.name for recording in description.recordings] == ["a", "b", "c"]
    assert description.animals == {"a": "m1", "b": "b", "c": "c"}
    assert [recording.group for recording in description.recordings] == ["drug", "saline", ""]
    assert list(description.notes) == ["c is not in the manifest; its group is not known: give it a row there, or in a table for --groups."]
    assert list(description.left_out) == ["without a group and so not compared: c."]
    assert description.tables.groups is not None


def test_a_manifest_of_groups_goes_before_the_study_s(ethograms: list[Path], tmp_path: Path) -> None:
    write_track(tmp_path / "a.csv")
    study = write_study(tmp_path, "recording,pose,animal,group\na,a.csv,m1,drug\nb,,m2,drug\n")
    (tmp_path / "groups.csv").write_text("recording,group,animal\na,saline,\nb,,m9\nc,saline,m3\n")
    sources = open_statistics_sources(StatisticsRequest(study=study, groups=tmp_path / "groups.csv"))
    assert {name: (row.group, row.animal) for name, row in sources.recordings.items()} == {
        "a": ("saline", "m1"),
        "b": ("drug", "m9"),
        "c": ("saline", "m3"),
    }
    # What it leaves open is the study's.
    assert sources.recordings["a"].pose == tmp_path / "a.csv"


@pytest.mark.parametrize(
    ("sections", "asked", "expected"),
    [
        ({}, (), ("body",)),
        ({"arena": {"body_part": "tail"}}, (), ("tail",)),
        ({"arena": {"body_part": "tail"}}, ("body", "tail"), ("body", "tail")),
    ],
)
def test_body_parts_are_those_asked_for_then_the_arena_s_then_the_crop_s(
    tmp_path: Path, sections: dict[str, object], asked: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    study = write_study(tmp_path, "recording\na\n", **sections)
    assert open_statistics_sources(StatisticsRequest(study=study, body_parts=asked)).body_parts == expected


def test_without_a_study_nothing_is_looked_for() -> None:
    sources = open_statistics_sources(StatisticsRequest())
    assert (sources.body_parts, sources.recordings, sources.arena.corners, sources.individual) == ((), {}, (), None)
    assert sources.min_likelihood == 0.6


def test_a_track_is_the_mean_of_body_parts_with_short_gaps_filled_in(ethograms: list[Path], tmp_path: Path) -> None:
    # Three frames lost are filled in, ten are not: the arena says half a second, at ten frames per second.
    write_track(tmp_path / "a.csv", lost=slice(20, 23))
    write_track(tmp_path / "b.csv", lost=slice(20, 30))
    study = write_study(tmp_path, "recording,pose\na,a.csv\nb,b.csv\n")
    description = gather(ethograms[:2], study=study, body_parts=("body", "tail")).description
    first, second = (recording.positions for recording in description.recordings)
    assert first is not None and second is not None
    np.testing.assert_allclose(first, np.column_stack((np.arange(N_FRAMES), np.full(N_FRAMES, 60.0))), atol=1e-6)
    assert np.flatnonzero(np.isnan(second).any(axis=1)).tolist() == list(range(20, 30))
    assert description.tables.zones is not None


def test_what_cannot_be_read_never_stops_the_rest(ethograms: list[Path], tmp_path: Path) -> None:
    ethograms[0].write_text("frame\n0\n")
    (tmp_path / "a_labels.csv").write_text("no labels")
    (tmp_path / "c.csv").write_text("no pose")
    study = write_study(tmp_path, "recording,pose,labels\na,,a_labels.csv\nb,,\nc,c.csv,\n")
    result = gather(ethograms, study=study)
    assert [recording.name for recording in result.description.recordings] == ["a", "c"]
    assert list(result.failures) == [str(ethograms[0]), "a (labels)", "c (track)"]
    assert all(recording.positions is None and not recording.labels for recording in result.description.recordings)
    for path in ethograms[1:]:
        path.write_text("frame\n0\n")
    with pytest.raises(UsageError, match="none of the ethograms could be described"):
        gather(ethograms, study=study)


def test_labels_are_described_of_recordings_that_have_some(ethograms: list[Path], tmp_path: Path) -> None:
    (tmp_path / "a_labels.csv").write_text("behavior,start_frame,stop_frame\ngroom,0,30\n")
    study = write_study(tmp_path, "recording,labels\na,a_labels.csv\nb,\n")
    result = gather(ethograms[:2], study=study, of_labels=True)
    assert [recording.name for recording in result.description.recordings] == ["a"]
    assert "names no labels of 'b'" in result.failures[str(ethograms[0])]
    bouts = result.description.tables.bouts
    assert bouts[(bouts["behavior"] == "groom") & (bouts["metric"] == "total_s")]["value"].tolist() == pytest.approx([3.0])


def test_ethograms_have_to_go_together(ethograms: list[Path]) -> None:
    with pytest.raises(UsageError, match="another ethogram of 'b' was given before"):
        gather([*ethograms, ethograms[0]])
    with pytest.raises(UsageError, match=r"a bin of 0\.05 s is shorter than a frame, expected at least 0\.1 s"):
        gather(ethograms, bin_s=0.05)
    annotation = read_annotation(ethograms[1])
    tables = {name: replace(getattr(annotation, name), behaviors=("groom", "sniff")) for name in ("probabilities", "raw", "ethogram")}
    write_annotation(ethograms[1].parent, replace(annotation, **tables))
    with pytest.raises(UsageError, match="has the behaviors groom, sniff, those before it groom, rear"):
        gather(ethograms)


def test_what_is_missing_is_noted(ethograms: list[Path], tmp_path: Path, make_recording: Callable[..., DescribedRecording]) -> None:
    write_annotation(tmp_path / "ethograms", make_recording("b", not_measured={"frames": 40, "spans": [[0, 40]]}).annotation)
    study = write_study(tmp_path, "recording\na\nb\nc\n", arena={"rectangle": [0, 0, 100, 100], "margin_px": 10})
    notes = list(gather(ethograms, study=study, groups=tmp_path / "recordings.csv").description.notes)
    assert notes[0] == "more than 10 % of the frames are not measured: b."
    assert notes[1].startswith("the study has an arena, but no recording has a track")
    assert notes[2].endswith("names no group of these recordings; fill in the column 'group' to compare groups.")


def test_what_is_not_measured_is_no_observed_time(
    ethograms: list[Path], tmp_path: Path, make_recording: Callable[..., DescribedRecording]
) -> None:
    # 30 s, of which the first 4 s are not measured, and half a second later on, which is bridged.
    partly = make_recording("b", n_bouts=2, not_measured={"frames": 45, "spans": [[0, 40], [52, 57]]})
    write_annotation(tmp_path / "ethograms", partly.annotation)
    write_annotation(tmp_path / "ethograms", make_recording("c", not_measured={"frames": 300, "spans": [[0, 300]]}).annotation)
    description = gather(ethograms).description
    whole = description.tables.bouts[lambda table: table["bin"].isna() & (table["behavior"] == "groom")]
    values = whole.set_index(["recording", "metric"])["value"]
    assert values["b", "observed_s"] == pytest.approx(26.0)
    # The bout from 1 s to 2 s was a guess; that from 5 s to 6 s is whole, though the animal was lost within it.
    assert (values["b", "bout_count"], values["b", "total_s"]) == (1, pytest.approx(1.0))
    assert values["c", "observed_s"] == 0
    assert np.isnan(values["c", "share"])
    assert list(description.notes) == ["more than 10 % of the frames are not measured: b."]
    assert list(description.left_out) == ["none of the frames is measured, so that nothing is observed and no mean holds them: c."]
    text = format_statistics(description)
    left_out = text.partition("## Left out")[2].partition("##")[0]
    assert "observed and no mean holds them: c." in left_out
    assert "more than 10 %" not in left_out
    assert "more than 10 %" in text.partition("## Notes")[2].partition("##")[0]
    assert set(summarize_behaviors(description)["n"]) == {2}


def test_an_animal_that_sits_on_an_edge_enters_no_zone(shared_data: Path) -> None:
    folder = shared_data.parent / "faults" / "zone-edge-jitter"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here")
    description = gather([folder / "eth" / "mouse_01_ethogram.csv"], study=folder / "study.yaml").description
    zones = description.tables.zones
    assert zones is not None
    entries = zones[zones["bin"].isna() & (zones["metric"] == "entries")].set_index("zone")["value"]
    assert entries.to_dict() == {"centre": 0, "walls": 0, "corners": 0, "left_half": 0}
    assert "enters a zone once it is 0.5 cm inside of its edge" in format_statistics(description)
