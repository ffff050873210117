"""Streams of features computed from crops: `appearance`, the backbone's vector of each, and `motion`, what changed in its window."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from behavior.config import APPEARANCE, MOTION, Backbone, Crop
from behavior.embedding.crop_batches import CropBatch, Floats, Images, InFlight, PartCollector, cut_batches, read_ahead
from behavior.embedding.crop_reader import open_crops, sample_crops
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.embedding.stream import Embedded, FeatureStream
from behavior.files.feature_sources import Signature, hash_file
from behavior.files.feature_writer import FeatureWriter
from behavior.progress import announce, detail, report_progress, warn
from behavior.recording import Recording
from behavior.versions import collect_versions
from behavior.vision.backbones import RANDOM, find_backbone, identify_weights
from behavior.vision.engine_choice import PreparedEngine, prepare_engine
from behavior.vision.engine_request import AUTO, BFLOAT16, FLOAT32, EngineRequest
from behavior.vision.motion import INPUT_SIZE, MOTION_VERSION, N_MOTION_FEATURES, MotionDescriber

__all__ = ["AppearanceStream", "CropStream", "MotionStream"]

MOTION_BATCH = 32
# Folder of converted networks, next to the features unless this variable names one for all studies.
MODELS_FOLDER, MODELS_VARIABLE = "models", "BEHAVIOR_MODELS"


class CropStream(FeatureStream):
    """A stream that is computed from crops, batch after batch.

    Attributes
    ----------
    with_previous
        Whether a frame's features depend on the frame before, too.
    """

    with_previous: ClassVar[bool] = False

    @property
    @abstractmethod
    def input_size(self) -> int:
        """Side of the crops that it is computed from, pixels."""

    @property
    @abstractmethod
    def _batch_size(self) -> int: ...

    @abstractmethod
    def _describe_batches(self, batches: Iterable[CropBatch], fps: float) -> Generator[Floats, None, None]:
        """Yield the vectors (N, D) of each batch, in order."""

    def prepare(self, recordings: Sequence[RecordingInputs]) -> PreparedEngine | None:
        """Get ready for `describe_crops`, with the engine where there is one; raises as `FeatureStream.embed`."""
        return None

    def describe_crops(self, images: Images, previous: Images, *, fps: float) -> Floats:
        """Return the features (N, D) of crops, as embedding a video computes them; `prepare` comes first.

        Parameters
        ----------
        images
            RGB of shape (N, S, S, 3), S the `input_size`.
        previous
            What the window of each crop showed one frame earlier, of the same shape; looked at if `with_previous`.
        fps
            Frames per second between the two.
        """
        parts = [slice(start, start + self._batch_size) for start in range(0, len(images), self._batch_size)]
        # Nothing here looks at times.
        decoded, time_s = np.ones(len(images), dtype=np.bool_), np.zeros(len(images))
        batches = (CropBatch(images[part], previous[part], decoded[part], time_s[part]) for part in parts)
        with closing(self._describe_batches(batches, fps)) as described:
            return np.concatenate(list(described))

    @abstractmethod
    def _describe_engine(self) -> dict[str, Any]:
        """Return how the features are computed, to be kept with them."""

    def _describe_crops(self) -> dict[str, Any]:
        return {
            "crop_size": "whole frame" if self._crop.whole_frame else self._crop.size,
            "alignment": "body axis up" if self._crop.egocentric else "none",
        }

    def _fill(self, inputs: RecordingInputs, writer: FeatureWriter) -> Embedded:
        """Compute the features that `writer` lacks; `crop_batches` shows how a frame travels."""
        name, first, size = inputs.recording.id, writer.n_rows, self.input_size
        if first:
            announce(f"{name}: {first:,} frames of {self.name} were computed before; resuming there")
        with open_crops(inputs, self._crop) as crops:
            collector = PartCollector(writer, crops)
            # The decoder's thread, and the decoder, have to be at rest before the video is closed, whatever happens here.
            with (
                report_progress(f"{self.name} of {name}", total=crops.video.declared_frames, unit="frames", done=first) as advance,
                closing(crops.rows(input_size=size, first_frame=first, with_previous=self.with_previous)) as rows,
                closing(cut_batches(rows, input_size=size, batch_size=self._batch_size)) as batches,
                closing(read_ahead(batches)) as batches_ahead,
            ):
                in_flight = InFlight(batches_ahead)
                with closing(self._describe_batches(in_flight, crops.video.nominal_fps)) as described:
                    for batch, vectors in in_flight.meet(described):
                        collector.add(batch, vectors)
                        advance(len(vectors))
                collector.flush()
            notes = crops.describe()
            attributes = {
                **self._describe_engine(),
                "versions": collect_versions(),
                "broke_off": crops.video.broke_off,
                "body_parts": list(self._crop.body_parts),
            }
            fps = crops.video.nominal_fps
        return Embedded(writer.finish(nominal_fps=fps, notes=notes, attributes=attributes), tuple(notes))


class AppearanceStream(CropStream):
    """A backbone's vector of each crop; the network is prepared when the first recording needs it.

    Parameters
    ----------
    backbone
        As in a study file.
    n_threads
        Threads of the engine; None leaves it to the engine.
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
            warn(f"{backbone.name} has random weights; its features are meaningless and only useful for testing.")

    @property
    def input_size(self) -> int:
        """Side of the crops that the backbone takes, pixels."""
        return self._specification.input_size

    @property
    def _batch_size(self) -> int:
        return self._backbone.batch_size

    @property
    def signatures(self) -> tuple[Signature, ...]:
        """What the features may mean, the same for every recording; float32 serves for each precision, bfloat16 where none is named."""
        asked = self._backbone.precision
        return tuple(self._sign(one) for one in ((FLOAT32, BFLOAT16) if asked == AUTO else dict.fromkeys((asked, FLOAT32))))

    def list_signatures(self, recording: Recording) -> tuple[Signature, ...]:
        """Return what cached features of `recording` may mean, the preferred first."""
        return self.signatures

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

    def prepare(self, recordings: Sequence[RecordingInputs]) -> PreparedEngine:
        """Return the engine, prepared at the first call; crops of `recordings` show whether a reduced precision will do."""
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
                sample=lambda count: sample_crops(recordings, self._crop, input_size=self.input_size, count=count),
                announce=announce,
            )
            if self._prepared.note:
                warn(self._prepared.note)
            engine, cosine = self._prepared.engine, self._prepared.cosine
            checked = "" if cosine is None else f", cosine to float32 at least {cosine:.6f}"
            detail(f"{self._specification.name} runs in {engine.precision} with {engine.name}, batches of {engine.batch_size}{checked}")
        return self._prepared

    def _choose_signature(self, inputs: RecordingInputs, among: Sequence[Recording]) -> Signature:
        others = [RecordingInputs(other) for other in among if other.id != inputs.recording.id]
        return self._sign(self.prepare([inputs, *others]).engine.precision)

    def _describe_batches(self, batches: Iterable[CropBatch], fps: float) -> Generator[Floats, None, None]:
        assert self._prepared is not None
        return self._prepared.engine.embed_batches(batch.images for batch in batches)

    def _describe_engine(self) -> dict[str, Any]:
        assert self._prepared is not None
        engine = self._prepared.engine
        return {"engine": engine.name, "precision": engine.precision, "cosine_to_float32": self._prepared.cosine}


class MotionStream(CropStream):
    """What changed in the crop's window since the frame before."""

    name = MOTION
    input_size = INPUT_SIZE
    _batch_size = MOTION_BATCH
    with_previous = True

    def list_signatures(self, recording: Recording) -> tuple[Signature, ...]:
        """Return the one meaning of these features."""
        return (Signature(MOTION, {"version": MOTION_VERSION, "n_features": N_MOTION_FEATURES, **self._describe_crops()}),)

    def _choose_signature(self, inputs: RecordingInputs, among: Sequence[Recording]) -> Signature:
        return self.list_signatures(inputs.recording)[0]

    def _describe_batches(self, batches: Iterable[CropBatch], fps: float) -> Generator[Floats, None, None]:
        describer = MotionDescriber(fps=fps)
        for batch in batches:
            yield np.stack([describer.describe(before, image) for before, image in zip(batch.previous, batch.images, strict=True)])

    def _describe_engine(self) -> dict[str, Any]:
        return {}
