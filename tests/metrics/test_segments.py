from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from behavior.metrics.segments import OVERLAPS, SEGMENT_METRICS, count_matches, count_segments, score_segments
from behavior.recording import find_bouts

Pair = tuple[npt.NDArray[np.int8], npt.NDArray[np.bool_]]


@st.composite
def draw_runs(draw: st.DrawFn, values: tuple[int, ...], n_frames: int) -> npt.NDArray[np.int8]:
    """Runs rather than noise, so that bouts have lengths and overlap."""
    lengths = draw(st.lists(st.integers(1, 6), min_size=n_frames, max_size=n_frames))
    chosen = draw(st.lists(st.sampled_from(values), min_size=n_frames, max_size=n_frames))
    return np.repeat(np.array(chosen, dtype=np.int8), lengths)[:n_frames]


@st.composite
def draw_pair(draw: st.DrawFn, values: tuple[int, ...] = (-1, 0, 1)) -> Pair:
    n_frames = draw(st.integers(0, 40))
    return draw(draw_runs(values, n_frames)), draw(draw_runs((0, 1), n_frames)) == 1


def match_one_after_the_other(true_bouts: npt.NDArray, decided_bouts: npt.NDArray, overlap: int) -> int:
    """The matching of the paper, bout by bout."""
    used = set()
    for start, stop in decided_bouts.tolist():
        rates = [
            max(0, min(stop, true_stop) - max(start, true_start)) / (max(stop, true_stop) - min(start, true_start))
            for true_start, true_stop in true_bouts.tolist()
        ]
        if rates and max(rates) >= overlap / 100:
            used.add(rates.index(max(rates)))
    return len(used)


def count_edits(first: list[int], second: list[int]) -> int:
    """Levenshtein's distance by the textbook."""
    row = list(range(len(second) + 1))
    for place, symbol in enumerate(first, 1):
        previous, row[0] = row[0], place
        for column, other in enumerate(second, 1):
            previous, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, previous + (symbol != other))
    return row[-1]


def list_segments(values: npt.NDArray) -> list[int]:
    return [int(value) for place, value in enumerate(values) if place == 0 or value != values[place - 1]]


def paint(n_frames: int, *bouts: tuple[int, int]) -> npt.NDArray[np.int8]:
    values = np.zeros(n_frames, dtype=np.int8)
    for start, stop in bouts:
        values[start:stop] = 1
    return values


def test_overlap_decides_what_is_found() -> None:
    labels = paint(100, (0, 10), (20, 30), (40, 50), (60, 70))
    # Overlaps of 6/10, 3/10, 2/10 and none; the last decided bout is a false alarm.
    decisions = paint(100, (0, 6), (20, 23), (40, 42), (80, 85)) == 1
    scores = score_segments(labels, decisions)
    assert [scores[f"segment_f1_{overlap}"] for overlap in OVERLAPS] == [6 / 8, 4 / 8, 2 / 8]
    assert (scores["bouts_labelled"], scores["bouts_decided"]) == (4, 4)


def test_a_labelled_bout_is_found_once() -> None:
    labels, decisions = paint(20, (0, 10)), paint(20, (0, 4), (5, 10)) == 1
    assert score_segments(labels, decisions)["segment_f1_25"] == pytest.approx(2 / 3)


def test_half_is_enough_to_the_frame() -> None:
    assert count_matches(np.array([[0, 10]]), np.array([[0, 5]]), overlap=50) == 1
    assert count_matches(np.array([[0, 11]]), np.array([[0, 5]]), overlap=50) == 0


def test_one_decided_bout_finds_one_of_two() -> None:
    labels, decisions = paint(21, (0, 10), (11, 21)), paint(21, (0, 21)) == 1
    scores = score_segments(labels, decisions)
    assert scores["segment_f1_25"] == pytest.approx(2 / 3)
    # The sequence is one bout where it should be bout, background, bout.
    assert scores["edit"] == pytest.approx(1 - 2 / 3)


def test_the_edit_score_sees_the_order_of_segments_alone() -> None:
    labels = paint(30, (10, 20))
    assert score_segments(labels, paint(30, (1, 2)) == 1)["edit"] == 1
    assert score_segments(labels, paint(30) == 1)["edit"] == pytest.approx(1 / 3)
    # Starting with a bout, as many segments: the first to be taken away, one to be added at the end.
    assert score_segments(paint(4, (2, 4)), paint(4, (0, 2)) == 1)["edit"] == 0
    assert score_segments(paint(4), paint(4, (0, 4)) == 1)["edit"] == 0


def test_unobserved_frames_cut_bouts_and_hide_what_was_decided_there() -> None:
    labels = np.array([1, 1, 1, -1, -1, -1, -1, 1, 1, 0], dtype=np.int8)
    assert score_segments(labels, np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 0], dtype=bool)) == {
        "segment_f1_10": 1, "segment_f1_25": 1, "segment_f1_50": 1, "edit": 1, "bouts_labelled": 2, "bouts_decided": 2,
    }  # fmt: skip
    hidden = np.array([0, 0, 0, 0, 1, 1, 0, 0, 0, 0], dtype=bool)
    scores = score_segments(labels, hidden)
    assert (scores["bouts_decided"], scores["segment_f1_10"]) == (0, 0)


def test_what_is_undefined_is_nan() -> None:
    nowhere = score_segments(np.full(5, -1, dtype=np.int8), np.ones(5, dtype=bool))
    assert np.isnan([nowhere[name] for name in SEGMENT_METRICS]).all()
    never = score_segments(np.zeros(5, dtype=np.int8), np.zeros(5, dtype=bool))
    assert np.isnan(never["segment_f1_50"])
    assert never["edit"] == 1


@given(draw_pair(), st.sampled_from((*OVERLAPS, 51, 100)))
def test_bouts_match_as_in_the_paper(pair: Pair, overlap: int) -> None:
    labels, decisions = pair
    bouts = find_bouts(labels == 1), find_bouts(decisions)
    assert count_matches(*bouts, overlap=overlap) == match_one_after_the_other(*bouts, overlap)


@given(draw_pair(values=(0, 1)))
def test_above_half_an_overlap_the_sides_can_be_exchanged(pair: Pair) -> None:
    bouts = find_bouts(pair[0] == 1), find_bouts(pair[1])
    assert count_matches(*bouts, overlap=51) == count_matches(*bouts[::-1], overlap=51)


@given(draw_pair())
def test_edits_are_those_of_levenshtein_in_every_stretch(pair: Pair) -> None:
    labels, decisions = pair
    stretches = find_bouts(labels != -1).tolist()
    sequences = [(list_segments(labels[start:stop]), list_segments(decisions[start:stop])) for start, stop in stretches]
    counts = count_segments(labels, decisions)
    assert counts["edits"] == sum(count_edits(*both) for both in sequences)
    assert counts["edit_length"] == sum(max(map(len, both)) for both in sequences)


@given(draw_pair())
def test_what_is_decided_as_labelled_is_perfect(pair: Pair) -> None:
    labels = pair[0]
    scores = score_segments(labels, labels == 1)
    for name in SEGMENT_METRICS:
        defined = (labels == 1).any() if name != "edit" else (labels != -1).any()
        assert scores[name] == 1 if defined else np.isnan(scores[name])


@given(draw_pair(), st.integers(0, 5), st.integers(0, 5))
def test_when_it_happens_does_not_matter(pair: Pair, before: int, after: int) -> None:
    labels, decisions = pair
    padded = np.pad(labels, (before, after), constant_values=-1), np.pad(decisions, (before, after), constant_values=True)
    assert count_segments(*padded) == count_segments(labels, decisions)
    quiet = [np.pad(values, (1 + before, 1 + after)) for values in pair]
    longer = [np.pad(values, (1, 1)) for values in pair]
    assert count_segments(*quiet) == count_segments(*longer)


@given(draw_pair())
def test_stricter_overlaps_find_no_more(pair: Pair) -> None:
    counts = count_segments(*pair)
    found = [counts[f"matched_{overlap}"] for overlap in OVERLAPS]
    assert found == sorted(found, reverse=True)
    assert found[0] <= min(counts["bouts_labelled"], counts["bouts_decided"])


@given(arrays(np.int8, 12, elements=st.sampled_from([0, 1])), arrays(bool, 12))
def test_exchanging_the_sides_leaves_edits_as_they_are(labels: npt.NDArray[np.int8], decisions: npt.NDArray[np.bool_]) -> None:
    there, back = count_segments(labels, decisions), count_segments(decisions.astype(np.int8), labels == 1)
    assert (there["edits"], there["edit_length"]) == (back["edits"], back["edit_length"])
