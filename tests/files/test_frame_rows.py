"""Rows of a video: which stamp a frame that comes out of a decoder belongs to, and which rows stay empty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from behavior.files.frame_rows import CountedRows, StampedRows


def collect(rows: StampedRows[int] | CountedRows[int], events: Sequence[tuple[str, int]]) -> list[tuple[int, int | None]]:
    out: list[tuple[int, int | None]] = []
    for kind, stamp in events:
        if kind == "in":
            rows.expect(stamp)
        else:
            out += rows.arrive(stamp, stamp)
    return [*out, *rows.finish()]


def test_second_fields_are_no_rows_and_lost_frames_are() -> None:
    rows: StampedRows[int] = StampedRows(interval=10)
    events = [("in", stamp) for stamp in range(0, 100, 5)] + [("out", stamp) for stamp in range(0, 100, 10) if stamp not in (40, 90)]
    found = collect(rows, events)
    assert [stamp for stamp, _ in found] == list(range(0, 100, 10))
    assert [stamp for stamp, frame in found if frame is None] == [40, 90]


def test_a_frame_that_comes_after_its_row_was_given_up_is_dropped() -> None:
    rows: StampedRows[int] = StampedRows(interval=10)
    events = [("in", stamp) for stamp in (0, 10, 20, 30)] + [("out", stamp) for stamp in (0, 20, 10, 30)]
    assert collect(rows, events) == [(0, 0), (10, None), (20, 20), (30, 30)]


def test_a_hole_in_the_file_makes_rows_of_a_gap_in_time() -> None:
    for interval, stamps in ((33.3, [round(33.3 * place) for place in range(100) if not 30 <= place < 90]), (40, [0, 40, 80, 800, 840])):
        rows: StampedRows[int] = StampedRows(interval=interval)
        gap = next(place for place in range(1, len(stamps)) if stamps[place] - stamps[place - 1] > 300)
        found = []
        for place, stamp in enumerate(stamps):
            if place == gap:
                rows.note_hole(stamps[place - 1], stamp)
            rows.expect(stamp)
            found += list(rows.arrive(stamp, stamp))
        n_rows = round(stamps[-1] / interval) + 1
        assert len(found) == n_rows
        assert np.abs(np.array([stamp for stamp, _ in found]) - interval * np.arange(n_rows)).max() <= 1
        assert [frame for _, frame in found if frame is not None] == stamps


def test_counted_rows_take_numbers_in_order_and_keep_places() -> None:
    stored = [0, *[number for group in range(30) for number in (3 * group + 2, 3 * group + 3, 3 * group + 1)]]
    events = [("in", number) for number in range(len(stored))]
    # Stored as I P B B P B B ...: what is shown k-th carries another number than k.
    shown = sorted(range(len(stored)), key=lambda place: stored[place])
    everything = collect(CountedRows(interval=1, reorder_depth=2), [*events, *(("out", number) for number in shown)])
    assert [stamp for stamp, _ in everything] == list(range(len(stored)))
    assert [frame for _, frame in everything] == shown
    lost = collect(CountedRows(interval=1, reorder_depth=2), [*events, *(("out", number) for number in shown if number != 40)])
    assert [stamp for stamp, frame in lost if frame is None] == [40]
    assert [frame for _, frame in lost][45:] == shown[45:]
