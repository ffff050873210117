"""BORIS projects have what those of BORIS have, videos attached, and events that BORIS reads as they are meant."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from behavior.files.ethogram_formats.boris_project import collect_observation
from behavior.files.ethogram_formats.entry import Entry
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import read_labels
from behavior.recording import Frames

OVERLAPPING = [[1, 0], [1, 1], [1, 1], [0, 1]]


def test_bouts_survive_that_boris_rounds_to_milliseconds(
    make_entry: Callable[..., Entry], write_entries: Callable[..., Path], read_back: Callable[..., np.ndarray], tmp_path: Path
) -> None:
    entry = make_entry(np.arange(90)[:, np.newaxis] % 7 < 3, fps=30.0)
    path = write_entries("boris", tmp_path, entry)
    project = json.loads(path.read_text())
    for observation in project["observations"].values():
        for event in observation["events"]:
            # As BORIS 8 does when it opens a project.
            event[0] = float(Decimal(event[0]).quantize(Decimal("0.001")))
    path.write_text(json.dumps(project))
    np.testing.assert_array_equal(read_back("boris", path, entry), entry.annotation.ethogram.values)


def test_a_project_that_boris_made_survives_import_and_export(
    make_entry: Callable[..., Entry],
    write_entries: Callable[..., Path],
    read_back: Callable[..., np.ndarray],
    shared_data: Path,
    tmp_path: Path,
) -> None:
    source = shared_data / "formats" / "boris" / "test.boris"
    # Its videos lie nowhere, but the project says how long they are.
    for observation, behaviors, n_frames, subject in (
        ("observation #1", ("s",), 8999, "subject1"),
        ("modifiers", ("r",), 4499, None),
    ):
        times = np.arange(n_frames) / 25
        request = LabelRequest(behaviors, Frames.from_times(times), observation=observation, subject=subject)
        labels, _ = read_labels(source, request)
        assert (labels.values == 1).any(axis=0).all()
        entry = make_entry(labels.values == 1, behaviors, recording=observation.replace(" ", "_").replace("#", ""), time_s=times)
        path = write_entries("boris", tmp_path, entry)
        np.testing.assert_array_equal(read_back("boris", path, entry), labels.values == 1)
        original = json.loads(source.read_text())["observations"][observation]
        exported = json.loads(path.read_text())["observations"][entry.annotation.recording]
        # Events come to lie on frames, at or after the time for which people coded them.
        coded = [event[0] for event in original["events"] if event[2] in behaviors and event[1] == (subject or "")]
        moved = np.array([event[0] for event in exported["events"]]) - coded
        assert (moved > -1e-3).all()
        assert (moved < 1 / 25 + 1e-3).all()


def test_a_project_has_what_those_of_boris_have(
    make_entry: Callable[..., Entry], write_entries: Callable[..., Path], shared_data: Path, tmp_path: Path
) -> None:
    real = json.loads((shared_data / "formats" / "boris" / "test.boris").read_text())
    project = json.loads(write_entries("boris", tmp_path, make_entry(OVERLAPPING)).read_text())
    assert set(real) <= set(project)
    assert project["project_format_version"] == real["project_format_version"] == "7.0"
    assert set(real["behaviors_conf"]["0"]) == set(project["behaviors_conf"]["0"])
    (observation,) = project["observations"].values()
    of_media = real["observations"]["observation #1"]
    assert set(of_media) <= set(observation)
    assert set(of_media["media_info"]) == set(observation["media_info"])
    assert {key: type(value) for key, value in of_media.items()} == {key: type(observation[key]) for key in of_media}
    # A newer BORIS adds the frame behind the five fields of events.
    assert [type(value) for value in observation["events"][0]] == [float, str, str, str, str, int]


def test_a_project_has_videos_attached_and_every_behavior(
    make_entry: Callable[..., Entry], write_entries: Callable[..., Path], tmp_path: Path
) -> None:
    beside = tmp_path / "videos" / "B.mp4"
    entries = [
        make_entry([[0, 1], [0, 1], [1, 0]], ("grooming", "gnawing"), recording="A", fps=30.0, video=Path("/lab/A.mp4")),
        make_entry([[0]], ("rearing",), recording="B", fps=30.0, video=beside),
        make_entry([[0], [1]], ("rearing",), recording="C", video=None),
    ]
    project = json.loads(write_entries("boris", tmp_path, *entries).read_text())
    behaviors = list(project["behaviors_conf"].values())
    assert [found["code"] for found in behaviors] == ["grooming", "gnawing", "rearing"]
    assert [found["key"] for found in behaviors] == ["g", "n", "r"]
    assert {found["type"] for found in behaviors} == {"State event"}
    first, second, third = project["observations"].values()
    assert first["file"]["1"] == ["/lab/A.mp4"]
    assert first["media_info"]["fps"] == {"/lab/A.mp4": 30.0}
    assert first["media_info"]["length"] == {"/lab/A.mp4": 0.101}
    assert first["events"] == [
        [0.0, "", "gnawing", "", "", 0],
        [0.066667, "", "grooming", "", "", 2],
        [0.066667, "", "gnawing", "", "", 2],
        [0.1, "", "grooming", "", "", 3],
    ]
    assert second["file"]["1"] == ["videos/B.mp4"]
    assert (third["type"], third["file"]) == ("LIVE", {})
    assert third["events"] == [[0.04, "", "rearing", "", ""], [0.08, "", "rearing", "", ""]]


@given(n_frames=st.integers(1, 90_000), fps=st.sampled_from([25.0, 29.97, 30.0, 59.94]))
def test_boris_finds_no_event_behind_the_end_of_the_video(make_entry: Callable[..., Entry], n_frames: int, fps: float) -> None:
    entry = make_entry(np.ones((n_frames, 1)), fps=fps)
    content = collect_observation(entry, Path("ethograms.boris")).content
    (length,) = content["media_info"]["length"].values()
    # As BORIS 8 compares them: Decimal of a float is the binary fraction itself.
    assert Decimal(content["events"][-1][0]).quantize(Decimal("0.001")) <= Decimal(length)
    assert length < n_frames / fps + 0.003
