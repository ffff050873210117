"""Where decisions differ from labels, on arrays whose differences are known."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.metrics.differences import Difference, find_differences, measure_confidence
from behavior.recording import find_bouts


def make(n_frames: int, *bouts: tuple[int, int], unseen: tuple[tuple[int, int], ...] = ()) -> np.ndarray:
    values = np.zeros(n_frames, dtype=np.int8)
    for start, stop in bouts:
        values[start:stop] = 1
    for start, stop in unseen:
        values[start:stop] = -1
    return values


def compare(labels: np.ndarray, decided: np.ndarray, **more: np.ndarray) -> list[Difference]:
    return find_differences(labels, decided == 1, **{"time_s": np.arange(len(labels)) / 10, **more})


def test_each_kind_of_difference_is_found_once_and_what_agrees_is_not() -> None:
    labels = make(100, (5, 10), (20, 30), (40, 50), (60, 80), (90, 95))
    decided = make(100, (5, 10), (13, 15), (22, 33), (60, 65), (70, 82))
    found = compare(labels, decided)
    assert [(one.kind, one.start_frame, one.stop_frame, one.n_frames) for one in found] == [
        ("extra", 13, 15, 2),
        ("bounds", 20, 33, 5),
        ("missed", 40, 50, 10),
        ("parts", 60, 82, 7),
        ("missed", 90, 95, 5),
    ]
    bounds, parts = found[1], found[3]
    assert (bounds.labelled, bounds.decided) == ((20, 30), (22, 33))
    assert (bounds.start_error_s, bounds.stop_error_s) == pytest.approx((0.2, 0.3))
    assert (parts.n_labelled, parts.n_decided, parts.labelled, parts.decided) == (1, 2, (60, 80), (60, 82))
    assert (parts.start_error_s, parts.stop_error_s) == pytest.approx((0.0, 0.2))
    assert found[0].labelled is None
    assert np.isnan(found[0].start_error_s)


def test_bouts_that_only_touch_are_two_differences() -> None:
    found = compare(make(30, (5, 10)), make(30, (10, 20)))
    assert [(one.kind, one.start_frame, one.stop_frame) for one in found] == [("missed", 5, 10), ("extra", 10, 20)]


def test_frames_that_nobody_labelled_have_no_difference_and_cut_bouts() -> None:
    labels = make(40, (10, 20), unseen=((20, 30),))
    assert compare(labels, make(40, (10, 26))) == []
    found = compare(labels, make(40, (15, 35)))
    assert [(one.kind, one.start_frame, one.stop_frame) for one in found] == [("bounds", 10, 20), ("extra", 30, 35)]


def test_no_bout_crosses_a_pause_of_the_camera() -> None:
    times = np.arange(30) / 10 + np.where(np.arange(30) >= 15, 60.0, 0.0)
    found = compare(make(30, (10, 20)), make(30, (10, 15)), time_s=times)
    assert [(one.kind, one.start_frame, one.stop_frame) for one in found] == [("missed", 15, 20)]


def test_the_weight_is_the_confidence_of_the_frames_that_differ() -> None:
    confidence = np.linspace(0, 1, 40)
    found = compare(make(40, (10, 20)), make(40, (12, 20), (30, 31)), confidence=confidence)
    assert [one.weight for one in found] == pytest.approx([confidence[10:12].sum(), confidence[30]])


def test_no_frame_is_lost_or_counted_twice_and_sides_can_be_exchanged() -> None:
    random = np.random.default_rng(3)
    for _ in range(50):
        labels, decided = (make(300, *((start, start + 8) for start in random.integers(0, 290, 9).tolist())) for _ in range(2))
        found, other = compare(labels, decided), compare(decided, labels)
        assert sum(one.n_frames for one in found) == np.sum(labels != decided)
        assert sum(one.n_labelled for one in found) <= len(find_bouts(labels == 1))
        swapped = {"missed": "extra", "extra": "missed", "bounds": "bounds", "parts": "parts"}
        assert [(one.start_frame, swapped[one.kind], one.labelled) for one in found] == [
            (one.start_frame, one.kind, one.decided) for one in other
        ]


def test_nothing_to_compare_gives_nothing() -> None:
    assert compare(make(0), make(0)) == []
    assert compare(make(9), make(9)) == []
    assert compare(make(9, unseen=((0, 9),)), make(9, (2, 4))) == []
    with pytest.raises(ValueError, match="expected"):
        find_differences(make(5), make(5) == 1, time_s=np.arange(4))


def test_confidence_is_the_distance_from_the_threshold() -> None:
    probabilities = np.array([0.0, 0.2, 0.4, 0.7, 1.0])
    assert measure_confidence(probabilities, probabilities >= 0.4, 0.4) == pytest.approx([1, 0.5, 0, 0.5, 1])
    assert measure_confidence(np.array([0.2, 1.0]), np.array([True, False]), 0.5).tolist() == [0, 0]
