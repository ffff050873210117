"""What several formats say about a recording: its events, its duration and its origin."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from behavior.files.ethogram_formats.entry import Entry, describe_origin, find_duration, list_events, spread_edges
from behavior.files.ethograms import list_bouts


def test_frames_that_share_a_time_still_make_bouts_that_last(
    make_entry: Callable[..., Entry], write_entries: Callable[..., Path], tmp_path: Path
) -> None:
    np.testing.assert_allclose(spread_edges(np.array([0, 0.1, 0.1, 0.2]), None), [0, 0.1, 0.15, 0.2, 0.3])
    np.testing.assert_allclose(spread_edges(np.array([0, 0.1, 0.2]), None), [0, 0.1, 0.2, 0.3])
    entry = make_entry([[0], [1], [0], [0]], time_s=[0, 0.1, 0.1, 0.2], fps=10.0)
    assert [event.time_s for event in list_events(entry)] == pytest.approx([0.1, 0.15])
    for row in csv.DictReader(write_entries("boris_aggregated", tmp_path, entry).open(encoding="utf-8", newline="")):
        assert float(row["Stop (s)"]) > float(row["Start (s)"])
        assert math.isclose(float(row["Duration (s)"]), 0.05)


def test_events_are_the_starts_and_stops_in_order_of_time(make_entry: Callable[..., Entry]) -> None:
    events = list_events(make_entry([[0, 1], [1, 1], [1, 0]], ("a", "b"), fps=10.0))
    assert [(event.frame, round(event.time_s, 6), event.behavior, event.is_start) for event in events] == [
        (0, 0.0, "b", True),
        (1, 0.1, "a", True),
        (2, 0.2, "b", False),
        (3, 0.3, "a", False),
    ]


@pytest.mark.parametrize(("n_frames", "fps", "expected"), [(3, 10.0, 0.301), (1, 25.0, 0.041), (90, 30.0, 3.001)])
def test_a_recording_lasts_to_the_end_of_its_last_frame_and_a_little(
    make_entry: Callable[..., Entry], n_frames: int, fps: float, expected: float
) -> None:
    assert find_duration(make_entry(np.zeros((n_frames, 1)), fps=fps)) == pytest.approx(expected, abs=1e-9)


def test_the_origin_names_model_settings_and_version(make_entry: Callable[..., Entry]) -> None:
    provenance = {"model": {"folder": "/models/m", "hash": "abc"}, "postprocess": {"threshold": 0.5}, "versions": {"behavior": "0.1"}}
    assert describe_origin(make_entry([[0], [1]], **provenance)) == (
        "ethogram of mouse_01, 2 frames at 25 frames per second, made by a model, not by a person; model /models/m (abc); "
        'decided with {"threshold": 0.5}; behavior 0.1'
    )
    assert describe_origin(make_entry([[0]], fps=None)) == "ethogram of mouse_01, 1 frames, made by a model, not by a person"


def test_bouts_end_where_nothing_was_recorded(make_entry: Callable[..., Entry], write_entries: Callable[..., Path], tmp_path: Path) -> None:
    entry = make_entry([[1, 0], [1, 0], [1, 1], [0, 1]], ("a", "b"), time_s=[0, 1, 100, 101], fps=1.0)
    assert [(event.frame, event.time_s, event.behavior, event.is_start) for event in list_events(entry)] == [
        (0, 0, "a", True),
        (2, 2, "a", False),
        (2, 100, "a", True),
        (2, 100, "b", True),
        (3, 101, "a", False),
        (4, 102, "b", False),
    ]
    rows = list(csv.DictReader(write_entries("boris_aggregated", tmp_path, entry).open(encoding="utf-8", newline="")))
    assert [(row["Behavior"], float(row["Start (s)"]), float(row["Stop (s)"]), float(row["Duration (s)"])) for row in rows] == [
        ("a", 0, 2, 2),
        ("a", 100, 101, 1),
        ("b", 100, 102, 2),
    ]
    assert [(bout.start_frame, bout.stop_frame, bout.start_s, bout.stop_s) for bout in list_bouts(entry.annotation)] == [
        (0, 2, 0, 2),
        (2, 3, 100, 101),
        (2, 4, 100, 102),
    ]
