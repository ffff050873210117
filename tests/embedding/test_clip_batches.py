"""Clips on their way to a network: each row has its own, whatever the batches are, and wherever a run is taken up again."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.embedding import clip_batches
from behavior.embedding.clip_batches import cut_clip_batches, list_first_read
from behavior.embedding.crop_batches import CropBatch, cut_batches
from behavior.embedding.crop_reader import CropRow
from behavior.vision.clips import Clip


def make_rows(n_rows: int, *, lost: frozenset[int] = frozenset(), lane: int = 0) -> list[CropRow]:
    """Rows whose images hold their number, of every third frame."""
    return [
        CropRow(3 * row, row / 10, None if row in lost else np.full((2, 2, 3), row % 251, dtype=np.uint8), lane=lane)
        for row in range(n_rows)
    ]


def look(batches: Iterator[CropBatch]) -> list[tuple[list[int], list[list[int]]]]:
    """Return the rows of each batch, and the numbers in the images of each clip."""
    return [((batch.frames // 3).tolist(), batch.images[:][..., 0, 0, 0].tolist()) for batch in batches]


@settings(max_examples=80, deadline=None)
@given(
    n_rows=st.integers(1, 60),
    clip=st.builds(Clip, st.integers(2, 9), st.integers(1, 4)),
    batch_size=st.integers(1, 9),
    first=st.integers(0, 5),
    part=st.integers(5, 20),
)
def test_every_row_has_the_clip_around_it(n_rows: int, clip: Clip, batch_size: int, first: int, part: int) -> None:
    first = min(first * part, n_rows)
    rows = make_rows(n_rows)
    with mock.patch.object(clip_batches, "PART_ROWS", part), mock.patch("behavior.embedding.crop_batches.PART_ROWS", part):
        start = list_first_read({0: first}, clip)[0]
        found = look(cut_clip_batches(rows[start:], input_size=2, batch_size=batch_size, first_rows={0: first}, clip=clip))
        plain = [
            (batch.frames // 3).tolist() for batch in cut_batches(rows[first:], input_size=2, batch_size=batch_size, first_rows={0: first})
        ]
    assert [numbers for numbers, _ in found] == plain
    offsets = (np.arange(clip.frames) - clip.frames // 2) * clip.stride
    for numbers, clips in found:
        assert clips == [np.clip(number + offsets, 0, n_rows - 1).tolist() for number in numbers]


def test_an_image_that_was_not_decoded_is_the_one_before() -> None:
    (batch,) = cut_clip_batches(make_rows(5, lost=frozenset({0, 3})), input_size=2, batch_size=8, first_rows={0: 0}, clip=Clip(2))
    assert batch.decoded.tolist() == [False, True, True, False, True]
    assert batch.images[:][..., 0, 0, 0].tolist() == [[0, 0], [0, 1], [1, 2], [2, 2], [2, 4]]


def test_recordings_that_are_read_together_keep_to_themselves() -> None:
    one, other = make_rows(6), make_rows(6, lane=1)
    mixed = [row for pair in zip(one, other, strict=True) for row in pair]
    batches = list(cut_clip_batches(mixed, input_size=2, batch_size=4, first_rows={0: 0, 1: 0}, clip=Clip(3)))
    for lane, rows in ((0, one), (1, other)):
        alone = look(cut_clip_batches(rows, input_size=2, batch_size=4, first_rows={lane: 0}, clip=Clip(3)))
        assert look(batch for batch in batches if batch.lane == lane) == alone


def test_only_the_rows_that_are_still_needed_are_held() -> None:
    rows = make_rows(2000)
    largest = max(
        len(batch.images.images) for batch in cut_clip_batches(rows, input_size=2, batch_size=8, first_rows={0: 0}, clip=Clip(4, 2))
    )
    assert largest == 8 + 3 * 2
