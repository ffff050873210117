"""Crops on their way through an engine: cut into batches, computed ahead in a thread, met by their vectors, kept in parts.

How a frame travels::

    video -> CropReader.rows -> cut_batches ------.
             (decoder's thread, read_ahead)       |
                                                  v
                                              CropBatch -> InFlight -> engine -> vectors
                                                              |                     |
                                                              '---- waits for <-----'
                                                                       |
                                                                       v
                                                           PartCollector -> FeatureWriter
                                                              (960 rows a part)

Recordings of one video, as those of several animals, are read together: frames are decoded once, and each recording has batches and parts
of its own. Batches end where parts end. So a run that goes on after a part meets the same batches as an unbroken one, and its features are
the same, bit for bit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from behavior.embedding.crop_reader import CropReader, CropRow
from behavior.files.feature_cache import PART_ROWS
from behavior.files.feature_writer import FeatureWriter
from behavior.vision.clips import ClipBatch
from behavior.vision.frame_measures import measure_pictures

__all__ = ["CropBatch", "InFlight", "PartCollector", "cut_batches", "read_ahead"]

BATCHES_AHEAD = 8
NO_ROWS: Mapping[int, int] = MappingProxyType({})

Floats = npt.NDArray[np.float32]
Images = npt.NDArray[np.uint8]
Item = TypeVar("Item")


@dataclass(frozen=True)
class CropBatch:
    """Consecutive rows.

    Attributes
    ----------
    frames
        Which frames they are, int64 of shape (N,).
    images
        Crops, RGB, uint8 of shape (N, S, S, 3), those of frames that were not decoded black; or clips.
    previous
        What the window of each crop showed one frame earlier, of the same shape; the crop itself if unknown, or not asked for.
    decoded
        Bool of shape (N,).
    time_s
        Seconds, float64 of shape (N,).
    lane
        Which of the recordings that are read together it is of.
    """

    frames: npt.NDArray[np.int64]
    images: Images | ClipBatch
    previous: Images | ClipBatch
    decoded: npt.NDArray[np.bool_]
    time_s: npt.NDArray[np.float64]
    lane: int = 0

    @classmethod
    def from_rows(cls, rows: list[CropRow], black: Images) -> CropBatch:
        """Return the batch of some rows; `black` (S, S, 3) stands for what was not decoded."""
        images = np.stack([black if row.image is None else row.image for row in rows])
        is_known = any(row.previous is not None for row in rows)
        return cls(
            frames=np.array([row.index for row in rows], dtype=np.int64),
            images=images,
            previous=np.stack([image if row.previous is None else row.previous for row, image in zip(rows, images, strict=True)])
            if is_known
            else images,
            decoded=np.array([row.image is not None for row in rows]),
            time_s=np.array([row.time_s for row in rows]),
            lane=rows[0].lane,
        )

    def measure(self) -> Floats:
        """Return brightness, contrast, sharpness and noise of each crop, float32 of shape (N, 4); NaN where it was not decoded."""
        crops = self.images.take_middles() if isinstance(self.images, ClipBatch) else self.images
        return np.where(self.decoded[:, None], measure_pictures(crops), np.float32(np.nan))


def cut_batches(
    rows: Iterable[CropRow], *, input_size: int, batch_size: int, first_rows: Mapping[int, int] = NO_ROWS
) -> Generator[CropBatch, None, None]:
    """Yield crops of `input_size` pixels in batches of `batch_size`, or fewer at the end of a part and of the video.

    A batch is of one recording, and the same whether others are read together with it or not. `first_rows` is how many rows of each were
    computed before, by lane.
    """
    black = np.zeros((input_size, input_size, 3), dtype=np.uint8)
    gathered: dict[int, list[CropRow]] = {}
    counts = dict(first_rows)
    for row in rows:
        of_lane = gathered.setdefault(row.lane, [])
        of_lane.append(row)
        counts[row.lane] = counts.get(row.lane, 0) + 1
        if len(of_lane) == batch_size or counts[row.lane] % PART_ROWS == 0:
            yield CropBatch.from_rows(of_lane, black)
            del gathered[row.lane]
    for of_lane in gathered.values():
        yield CropBatch.from_rows(of_lane, black)


def read_ahead(batches: Iterator[Item]) -> Generator[Item, None, None]:
    """Yield `batches`, or whatever takes time to read, computed in a thread, so that decoding goes on while the engine works."""
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="decoder")
    try:
        ahead = deque(pool.submit(next, batches, None) for _ in range(BATCHES_AHEAD))
        while (batch := ahead.popleft().result()) is not None:
            ahead.append(pool.submit(next, batches, None))
            yield batch
    finally:
        pool.shutdown(cancel_futures=True)


class InFlight:
    """Batches that an engine has taken and whose vectors are still to come; they come in the order in which batches were taken."""

    def __init__(self, batches: Iterator[CropBatch]) -> None:
        self._batches = batches
        self._waiting: deque[CropBatch] = deque()

    def __iter__(self) -> Iterator[CropBatch]:
        for batch in self._batches:
            self._waiting.append(batch)
            yield batch

    def meet(self, vectors: Iterable[Floats]) -> Iterator[tuple[CropBatch, Floats]]:
        """Yield each batch with its vectors (N, D)."""
        for computed in vectors:
            yield self._waiting.popleft(), computed


class PartCollector:
    """Gathers batches until a part of the cache is full, and hands it to the writer.

    Parameters
    ----------
    writer
        Its rows so far are those of frames that were computed before.
    crops
        Knows where crops were taken, and whether that was measured.
    """

    def __init__(self, writer: FeatureWriter, crops: CropReader) -> None:
        self._writer = writer
        self._crops = crops
        self._gathered: list[tuple[CropBatch, Floats]] = []
        self._n_rows = writer.n_rows

    def add(self, batch: CropBatch, vectors: Floats) -> None:
        """Take a batch and its vectors (N, D)."""
        self._gathered.append((batch, vectors))
        self._n_rows += len(vectors)
        if self._n_rows % PART_ROWS == 0:
            self.flush()

    def flush(self) -> None:
        """Hand over what there is; the last part may be shorter than the others."""
        if not self._gathered:
            return
        decoded = np.concatenate([batch.decoded for batch, _ in self._gathered])
        frames = np.concatenate([batch.frames for batch, _ in self._gathered])
        centers, measured = self._crops.locate(frames, decoded)
        of_pictures = np.concatenate([batch.measure() for batch, _ in self._gathered])
        self._writer.add_part(
            features=np.concatenate([vectors for _, vectors in self._gathered]),
            centers=centers,
            measured=measured,
            decoded=decoded,
            time_s=np.concatenate([batch.time_s for batch, _ in self._gathered]),
            measures=np.concatenate([of_pictures, self._crops.measure(frames)], axis=1),
        )
        self._gathered.clear()
