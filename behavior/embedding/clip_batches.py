"""Crops on their way to a network on clips: each row's clip reaches before and after it, so that its batch waits for the rows to come."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from behavior.embedding.crop_batches import CropBatch, Images
from behavior.embedding.crop_reader import CropRow
from behavior.files.feature_cache import PART_ROWS
from behavior.vision.clips import Clip, ClipBatch, find_clip_rows

__all__ = ["cut_clip_batches", "list_first_read"]


def list_first_read(first_rows: Mapping[int, int], clip: Clip) -> dict[int, int]:
    """Return from which row on each recording is read, by lane, so that the clips of the rows from `first_rows` on are whole."""
    return {lane: max(first - clip.before, 0) for lane, first in first_rows.items()}


@dataclass
class _Lane:
    """The rows of one recording that are still needed.

    Attributes
    ----------
    rows, images
        From row `base` on; the image of a row that was not decoded is the one before.
    next_row
        The first row that is in no batch yet.
    """

    base: int
    next_row: int
    rows: list[CropRow] = field(default_factory=list)
    images: list[Images] = field(default_factory=list)

    @property
    def n_read(self) -> int:
        """Number of rows up to now, those that were passed over included."""
        return self.base + len(self.rows)

    def take(self, row: CropRow, black: Images) -> None:
        """Take the next row."""
        before = self.images[-1] if self.images else black
        self.rows.append(row)
        self.images.append(before if row.image is None else row.image)

    def make_batch(self, stop: int, clip: Clip, *, n_rows: int | None) -> CropBatch:
        """Return the batch of the rows up to `stop`, and forget what no later one needs; `n_rows` is their number once all were read."""
        rows = find_clip_rows(np.arange(self.next_row, stop), clip, n_rows=n_rows)
        first, last = int(rows.min()), int(rows.max())
        own = self.rows[self.next_row - self.base : stop - self.base]
        clips = ClipBatch(np.stack(self.images[first - self.base : last + 1 - self.base]), rows - first)
        self.next_row = stop
        outlived = max(stop - clip.before, 0) - self.base
        if outlived > 0:
            del self.rows[:outlived], self.images[:outlived]
            self.base += outlived
        return CropBatch(
            frames=np.array([row.index for row in own], dtype=np.int64),
            images=clips,
            previous=clips,
            decoded=np.array([row.image is not None for row in own]),
            time_s=np.array([row.time_s for row in own]),
            lane=own[0].lane,
        )


def cut_clip_batches(
    rows: Iterable[CropRow], *, input_size: int, batch_size: int, first_rows: Mapping[int, int], clip: Clip
) -> Generator[CropBatch, None, None]:
    """Yield the clips of rows in batches that end where those of `cut_batches` do.

    Parameters
    ----------
    rows
        Of each lane those from `list_first_read` on.
    first_rows
        How many rows of each lane were computed before.
    """
    black = np.zeros((input_size, input_size, 3), dtype=np.uint8)
    starts = list_first_read(first_rows, clip)
    lanes = {lane: _Lane(starts[lane], first) for lane, first in first_rows.items()}
    for row in rows:
        lane = lanes[row.lane]
        lane.take(row, black)
        stop = _find_stop(lane.next_row, batch_size)
        if lane.n_read >= stop + clip.after:
            yield lane.make_batch(stop, clip, n_rows=None)
    for lane in lanes.values():
        n_rows = lane.n_read
        while lane.next_row < n_rows:
            yield lane.make_batch(min(_find_stop(lane.next_row, batch_size), n_rows), clip, n_rows=n_rows)


def _find_stop(first: int, batch_size: int) -> int:
    """Return where the batch that begins with a row ends: at the end of a part of the cache at the latest."""
    return min(first + batch_size, (first // PART_ROWS + 1) * PART_ROWS)
