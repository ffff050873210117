"""Batches on their way through an engine: where they end, in which order vectors meet them, and which parts come of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from behavior.embedding import crop_batches
from behavior.embedding.crop_batches import CropBatch, InFlight, PartCollector, cut_batches, read_ahead
from behavior.embedding.crop_reader import CropRow
from behavior.files.feature_cache import read_features
from behavior.files.feature_sources import Signature, Source
from behavior.files.feature_writer import FeatureWriter


def make_rows(count: int, *, first: int = 0, undecoded: tuple[int, ...] = ()) -> Iterator[CropRow]:
    for index in range(first, count):
        image = None if index in undecoded else np.full((4, 4, 3), index % 256, dtype=np.uint8)
        yield CropRow(index, index / 10, image)


@pytest.fixture
def parts_of_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("behavior.files.feature_writer", "behavior.embedding.crop_batches"):
        monkeypatch.setattr(f"{module}.PART_ROWS", 10)


@pytest.mark.usefixtures("parts_of_ten")
def test_batches_end_where_parts_end() -> None:
    whole = [len(batch.time_s) for batch in cut_batches(make_rows(25), input_size=4, batch_size=4)]
    assert whole == [4, 4, 2, 4, 4, 2, 4, 1]
    # A run that goes on after a part meets the same batches.
    assert [len(batch.time_s) for batch in cut_batches(make_rows(25, first=10), input_size=4, batch_size=4)] == whole[3:]
    assert list(cut_batches([], input_size=4, batch_size=4)) == []


def test_frames_that_were_not_decoded_are_black() -> None:
    (batch,) = cut_batches(make_rows(6, undecoded=(2,)), input_size=4, batch_size=8)
    assert batch.decoded.tolist() == [True, True, False, True, True, True]
    assert batch.images[:, 0, 0, 0].tolist() == [0, 1, 0, 3, 4, 5]
    assert batch.images.dtype == np.uint8
    np.testing.assert_allclose(batch.time_s, np.arange(6) / 10)
    # Nobody asked for the frames before.
    assert batch.previous is batch.images


def test_a_window_that_is_not_known_one_frame_earlier_shows_itself() -> None:
    rows = list(make_rows(3))
    asked = [CropRow(row.index, row.time_s, row.image, None if row.index == 0 else np.full((4, 4, 3), 99, dtype=np.uint8)) for row in rows]
    (batch,) = cut_batches(asked, input_size=4, batch_size=8)
    assert batch.previous[:, 0, 0, 0].tolist() == [0, 99, 99]


def test_batches_are_read_ahead_in_a_thread_of_their_own() -> None:
    threads: set[str] = set()
    taken: list[int] = []

    def cut() -> Iterator[CropBatch]:
        for number, batch in enumerate(cut_batches(make_rows(100), input_size=4, batch_size=4)):
            threads.add(threading.current_thread().name)
            taken.append(number)
            yield batch

    ahead = read_ahead(cut())
    first = next(ahead)
    assert first.time_s[0] == 0
    rest = list(ahead)
    assert [batch.images[0, 0, 0, 0] for batch in rest] == list(range(4, 100, 4))
    assert len(threads) == 1
    assert threads != {threading.current_thread().name}


def test_reading_ahead_stops_when_nobody_wants_more() -> None:
    taken: list[int] = []

    def cut() -> Iterator[CropBatch]:
        for number, batch in enumerate(cut_batches(make_rows(4000), input_size=4, batch_size=4)):
            taken.append(number)
            yield batch

    ahead = read_ahead(cut())
    next(ahead)
    ahead.close()
    count = len(taken)
    assert count <= crop_batches.BATCHES_AHEAD + 2
    assert len(taken) == count
    assert "decoder" not in " ".join(thread.name for thread in threading.enumerate())


def test_an_error_of_the_decoder_comes_through() -> None:
    def cut() -> Iterator[CropBatch]:
        yield from cut_batches(make_rows(8), input_size=4, batch_size=4)
        raise OSError("the drive is gone")

    with pytest.raises(OSError, match="the drive is gone"):
        list(read_ahead(cut()))


@pytest.mark.parametrize("n_held", [0, 1, 5])
def test_vectors_meet_their_batches_whatever_an_engine_holds(n_held: int) -> None:
    in_flight = InFlight(cut_batches(make_rows(30), input_size=4, batch_size=4))

    def embed() -> Iterator[np.ndarray]:
        held: list[np.ndarray] = []
        for batch in in_flight:
            held.append(batch.images[:, 0, 0, :1].astype(np.float32))
            if len(held) > n_held:
                yield held.pop(0)
        yield from held

    met = list(in_flight.meet(embed()))
    assert len(met) == 8
    for batch, vectors in met:
        np.testing.assert_array_equal(vectors[:, 0], batch.images[:, 0, 0, 0])


class Crops:
    """Stands for the reader: the animal is at (row, 2 * row)."""

    def locate(self, rows: np.ndarray, decoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.stack([rows, 2 * rows], axis=1).astype(float), decoded

    def measure(self, rows: np.ndarray) -> np.ndarray:
        return np.stack([3 * rows, np.ones(len(rows))], axis=1).astype(np.float32)


@pytest.mark.usefixtures("parts_of_ten")
@pytest.mark.parametrize("break_after", [None, 1, 3, 5])
def test_parts_are_whole_and_what_is_resumed_equals_the_unbroken(tmp_path: Path, break_after: int | None) -> None:
    def open_writer() -> FeatureWriter:
        return FeatureWriter(tmp_path / "a.h5", signature=Signature("motion", {}), source=Source())

    def collect(writer: FeatureWriter, *, stop: int | None = None) -> None:
        collector = PartCollector(writer, Crops())  # type: ignore[arg-type]
        rows = make_rows(25, first=writer.n_rows, undecoded=(12,))
        for number, batch in enumerate(cut_batches(rows, input_size=4, batch_size=4)):
            if number == stop:
                return
            collector.add(batch, batch.images[:, 0, 0, :2].astype(np.float32))
        collector.flush()
        collector.flush()

    writer = open_writer()
    if break_after is not None:
        collect(writer, stop=break_after)
        writer = open_writer()
        # Three batches fill a part.
        assert writer.n_rows == break_after // 3 * 10
    collect(writer)
    assert writer.finish(nominal_fps=10, notes=[], attributes={}) == 25
    features = read_features(tmp_path / "a.h5")
    expected = np.arange(25.0)
    # A frame that was not decoded has the features of the one before.
    expected[12] = 11
    np.testing.assert_array_equal(features.features[:, 0], expected)
    np.testing.assert_array_equal(features.centers[:, 1], 2 * np.arange(25))
    assert np.flatnonzero(~features.measured).tolist() == [12]
    brightness, _, _, _, size, _ = features.measures.T
    # A picture that there is none of has no brightness.
    assert np.flatnonzero(np.isnan(brightness)).tolist() == [12]
    np.testing.assert_allclose(brightness[13:], np.arange(13, 25), rtol=1e-5)
    np.testing.assert_array_equal(size, 3 * np.arange(25))
