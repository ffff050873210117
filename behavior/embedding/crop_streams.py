"""Streams that are made of crops: `appearance`, what a backbone makes of each, and `motion`, what changed in its window."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.config import APPEARANCE, MOTION, Backbone, Crop
from behavior.embedding.crop_reader import CropRow, open_crops, sample_crops
from behavior.embedding.stream import Embedded, FeatureStream
from behavior.files.feature_cache import PART_ROWS, FeatureWriter
from behavior.files.feature_sources import Signature, hash_file
from behavior.progress import announce, detail, report_progress, warn
from behavior.recording import Recording
from behavior.versions import collect_versions
from behavior.vision.backbones import RANDOM, find_backbone, identify_weights
from behavior.vision.engine_choice import PreparedEngine, prepare_engine, resolve_precision
from behavior.vision.engine_request import EngineRequest
from behavior.vision.motion import INPUT_SIZE, MOTION_VERSION, N_MOTION_FEATURES, MotionDescriber

__all__ = ["AppearanceStream", "MotionStream"]

BATCHES_AHEAD = 8
MOTION_BATCH = 32
# Folder of converted networks, next to the features unless this variable names one for all studies.
MODELS_FOLDER, MODELS_VARIABLE = "models", "BEHAVIOR_MODELS"

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Batch:
    """Consecutive frames on their way from the decoder; `images` of frames that were not decoded are black.

    `previous` has the window of each image one frame earlier, and equals it where that is unknown or not asked for.
    """

    images: npt.NDArray[np.uint8]
    previous: npt.NDArray[np.uint8]
    decoded: npt.NDArray[np.bool_]
    time_s: npt.NDArray[np.float64]


class _CropStream(FeatureStream):
    """A stream that is made of crops, batch after batch."""

    _with_previous = False

    @property
    @abstractmethod
    def _input_size(self) -> int: ...

    @property
    @abstractmethod
    def _batch_size(self) -> int: ...

    @abstractmethod
    def _describe_batches(self, batches: Iterator[_Batch], fps: float) -> Generator[Floats, None, None]:
        """Yield the vectors (N, D) of each batch, in order."""

    @abstractmethod
    def _describe_making(self) -> dict[str, Any]:
        """Return how the features are made, to be kept with them."""

    def _describe_crops(self) -> dict[str, Any]:
        return {
            "crop_size": "whole frame" if self._crop.whole_frame else self._crop.size,
            "alignment": "body axis up" if self._crop.egocentric else "none",
        }

    def _fill(self, recording: Recording, writer: FeatureWriter) -> Embedded:
        first = writer.n_rows
        if first:
            announce(f"{recording.id}: {first:,} frames of {self.name} were made before; going on from there")
        with open_crops(recording, self._crop) as crops:
            # The decoder's thread, and the decoder, have to be at rest before the video is closed, whatever happens here.
            with (
                report_progress(f"{self.name} of {recording.id}", total=crops.video.declared_frames, unit="frames", done=first) as advance,
                closing(crops.rows(input_size=self._input_size, first_frame=first, with_previous=self._with_previous)) as rows,
                closing(self._cut_batches(rows)) as cut,
                closing(_read_ahead(cut)) as batches,
            ):
                part: list[tuple[_Batch, Floats]] = []
                row = first

                def keep_part() -> None:
                    decoded = np.concatenate([batch.decoded for batch, _ in part])
                    centers, measured = crops.place(np.arange(writer.n_rows, writer.n_rows + len(decoded)), decoded)
                    writer.add_part(
                        features=np.concatenate([vectors for _, vectors in part]),
                        centers=centers,
                        measured=measured,
                        decoded=decoded,
                        time_s=np.concatenate([batch.time_s for batch, _ in part]),
                    )
                    part.clear()

                waiting: deque[_Batch] = deque()
                with closing(self._describe_batches(_note(batches, waiting), crops.video.nominal_fps)) as described:
                    for vectors in described:
                        part.append((waiting.popleft(), vectors))
                        row += len(vectors)
                        advance(len(vectors))
                        if row % PART_ROWS == 0:
                            keep_part()
                if part:
                    keep_part()
            notes = crops.describe()
            attributes = {
                **self._describe_making(),
                "versions": collect_versions(),
                "broke_off": crops.video.broke_off,
                "body_parts": list(self._crop.body_parts),
            }
            fps = crops.video.nominal_fps
        return Embedded(writer.finish(nominal_fps=fps, notes=notes, attributes=attributes), tuple(notes))

    def _cut_batches(self, rows: Iterator[CropRow]) -> Generator[_Batch, None, None]:
        """Yield crops in batches; a batch ends where a part of the cache ends, so that resuming meets the same batches."""
        size = self._input_size
        black = np.zeros((size, size, 3), dtype=np.uint8)
        kept: list[CropRow] = []

        def gather() -> _Batch:
            images = np.stack([black if row.image is None else row.image for row in kept])
            before = [image if row.previous is None else row.previous for row, image in zip(kept, images, strict=True)]
            decoded = np.array([row.image is not None for row in kept])
            return _Batch(images, np.stack(before) if self._with_previous else images, decoded, np.array([row.time_s for row in kept]))

        for row in rows:
            kept.append(row)
            if len(kept) == self._batch_size or (row.index + 1) % PART_ROWS == 0:
                yield gather()
                kept = []
        if kept:
            yield gather()


class AppearanceStream(_CropStream):
    """What a backbone makes of the crops; the network is prepared when the first recording needs it.

    Parameters
    ----------
    backbone
        As in a study file.
    n_threads
        Threads of the engine; None takes what the engine thinks best.
    """

    name = APPEARANCE

    def __init__(self, *, crop: Crop, backbone: Backbone, cache: Path, n_threads: int | None = None) -> None:
        super().__init__(crop=crop, cache=cache)
        self._backbone = backbone
        self._specification = find_backbone(backbone.name, weights=backbone.weights, preprocessing=backbone.preprocessing)
        self._weights = identify_weights(self._specification, backbone.weights, hash_file=hash_file)
        self._n_threads = n_threads
        self._prepared: PreparedEngine | None = None
        if backbone.weights == RANDOM:
            warn(f"{backbone.name} has random weights: its features, and all that follows from them, mean nothing.")

    @property
    def _input_size(self) -> int:
        return self._specification.input_size

    @property
    def _batch_size(self) -> int:
        return self._backbone.batch_size

    def list_signatures(self, recording: Recording | None = None) -> tuple[Signature, ...]:
        """Return what the features may mean, the same for every recording."""
        _, precision = resolve_precision(self._backbone.engine, self._backbone.precision)
        others = ("float32", "bfloat16") if self._backbone.precision == "auto" else ("float32",)
        return tuple(self._sign(one) for one in dict.fromkeys([precision, *others]))

    def _sign(self, precision: str) -> Signature:
        specification = self._specification
        settings = {
            "backbone": self._backbone.name,
            "weights": self._weights,
            "preprocessing": f"{specification.preprocessing}, RGB, area",
            "input_size": specification.input_size,
            **self._describe_crops(),
            "precision": precision,
        }
        return Signature(APPEARANCE, settings)

    def prepare(self, recordings: Sequence[Recording]) -> PreparedEngine:
        """Return the engine, made at the first call; crops of `recordings` show whether a reduced precision will do."""
        if self._prepared is None:
            request = EngineRequest(
                self._specification,
                self._backbone.weights,
                identity=self._weights,
                models=Path(os.environ.get(MODELS_VARIABLE) or self._cache / MODELS_FOLDER),
                engine=self._backbone.engine,
                precision=self._backbone.precision,
                batch_size=self._backbone.batch_size,
                n_threads=self._n_threads,
            )
            self._prepared = prepare_engine(
                request,
                sample=lambda count: sample_crops(recordings, self._crop, input_size=self._input_size, count=count),
                announce=announce,
            )
            if self._prepared.note:
                warn(self._prepared.note)
            engine, cosine = self._prepared.engine, self._prepared.cosine
            checked = "" if cosine is None else f", cosine to float32 at least {cosine:.6f}"
            detail(f"{self._specification.name} runs in {engine.precision} with {engine.name}, batches of {engine.batch_size}{checked}")
        return self._prepared

    def _choose_signature(self, recording: Recording, among: Sequence[Recording]) -> Signature:
        others = [other for other in among if other.id != recording.id]
        return self._sign(self.prepare([recording, *others]).engine.precision)

    def _describe_batches(self, batches: Iterator[_Batch], fps: float) -> Generator[Floats, None, None]:
        assert self._prepared is not None
        return self._prepared.engine.embed_batches(batch.images for batch in batches)

    def _describe_making(self) -> dict[str, Any]:
        assert self._prepared is not None
        engine = self._prepared.engine
        return {"engine": engine.name, "precision": engine.precision, "cosine_to_float32": self._prepared.cosine}


class MotionStream(_CropStream):
    """What changed in the crop's window since the frame before."""

    name = MOTION
    _input_size = INPUT_SIZE
    _batch_size = MOTION_BATCH
    _with_previous = True

    def list_signatures(self, recording: Recording) -> tuple[Signature, ...]:
        """Return the one meaning of these features."""
        return (Signature(MOTION, {"version": MOTION_VERSION, "n_features": N_MOTION_FEATURES, **self._describe_crops()}),)

    def _choose_signature(self, recording: Recording, among: Sequence[Recording]) -> Signature:
        return self.list_signatures(recording)[0]

    def _describe_batches(self, batches: Iterator[_Batch], fps: float) -> Generator[Floats, None, None]:
        describer = MotionDescriber(fps=fps)
        for batch in batches:
            yield np.stack([describer.describe(before, image) for before, image in zip(batch.previous, batch.images, strict=True)])

    def _describe_making(self) -> dict[str, Any]:
        return {}


def _read_ahead(batches: Iterator[_Batch]) -> Generator[_Batch, None, None]:
    """Yield `batches`, made in a thread of their own, so that decoding goes on while the engine works."""
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="decoder")
    try:
        ahead = deque(pool.submit(next, batches, None) for _ in range(BATCHES_AHEAD))
        while (batch := ahead.popleft().result()) is not None:
            ahead.append(pool.submit(next, batches, None))
            yield batch
    finally:
        pool.shutdown(cancel_futures=True)


def _note(batches: Iterator[_Batch], waiting: deque[_Batch]) -> Iterator[_Batch]:
    """Yield `batches`, each kept in `waiting` until its vectors come back."""
    for batch in batches:
        waiting.append(batch)
        yield batch
