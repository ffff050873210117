"""Streams of features computed from crops: `appearance`, the backbone's vector of each, and `motion`, what changed in its window."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from behavior.compute.threads import count_threads
from behavior.config import APPEARANCE, MOTION, Backbone, Crop
from behavior.embedding.backbone_settings import find_chosen_backbone, find_models_folder, is_known
from behavior.embedding.clip_batches import cut_clip_batches, list_first_read
from behavior.embedding.crop_batches import CropBatch, Floats, Images, InFlight, PartCollector, cut_batches, read_ahead
from behavior.embedding.crop_reader import CropReader, CropRow, read_together, sample_crops
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.embedding.stream import Embedded, FeatureStream, FillJob
from behavior.errors import BehaviorError, PoseError
from behavior.files.feature_sources import Signature, hash_file
from behavior.files.feature_writer import FeatureWriter
from behavior.files.video import VideoReader, open_video
from behavior.progress import announce, detail, report_progress, warn
from behavior.recording import Recording
from behavior.versions import collect_versions
from behavior.vision.backbone_weights import RANDOM, identify_weights
from behavior.vision.backbones import BackboneSpecification
from behavior.vision.clips import Clip, ClipBatch, find_clip_rows
from behavior.vision.convnet import CONVNET
from behavior.vision.engine_choice import PreparedEngine, prepare_engine
from behavior.vision.engine_request import AUTO, BFLOAT16, FLOAT32, EngineRequest
from behavior.vision.motion import INPUT_SIZE, MOTION_VERSION, N_MOTION_FEATURES, MotionDescriber
from behavior.vision.preprocessing import describe_preprocessing

__all__ = ["AppearanceStream", "CropStream", "MotionStream"]

MOTION_BATCH = 32


class CropStream(FeatureStream):
    """A stream that is computed from crops, batch after batch.

    Attributes
    ----------
    with_previous
        Whether a frame's features depend on the frame before, too.
    """

    with_previous: ClassVar[bool] = False

    @property
    def _clip(self) -> Clip | None:
        """What is looked at together around each crop; None where crops are looked at one by one."""
        return None

    @property
    def looks_at_clips(self) -> bool:
        """Whether a frame's features depend on the frames around it."""
        return self._clip is not None

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

    def prepare(self, inputs: RecordingInputs, *, among: Sequence[Recording] = ()) -> PreparedEngine | None:
        """Get ready for `describe_crops`, with the engine where there is one; arguments and what is raised as for `FeatureStream.embed`."""
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
        frames, decoded, time_s = np.arange(len(images)), np.ones(len(images), dtype=np.bool_), np.zeros(len(images))
        batches = (CropBatch(frames[part], images[part], previous[part], decoded[part], time_s[part]) for part in parts)
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

    def _fill(self, jobs: Sequence[FillJob]) -> list[Embedded | BehaviorError]:
        """Compute the features that the writers lack; `crop_batches` shows how a frame travels."""
        names = [job.inputs.recording.id for job in jobs]
        for name, job in zip(names, jobs, strict=True):
            if job.writer.n_rows:
                announce(f"{name}: {job.writer.n_rows:,} frames of {self.name} were computed before; resuming there")
        video_path = jobs[0].inputs.recording.video
        assert video_path is not None
        problems: dict[int, BehaviorError] = {}
        with open_video(video_path) as video:
            readers: dict[int, CropReader] = {}
            for lane, job in enumerate(jobs):
                try:
                    readers[lane] = CropReader(job.inputs, self._crop, video)
                except PoseError as error:
                    problems[lane] = error
            if readers:
                title = names[0] if len(names) == 1 else f"{len(names)} recordings of {video_path.name}"
                self._read_crops({lane: jobs[lane].writer for lane in readers}, readers, video, title, problems)
            outcomes: list[Embedded | BehaviorError] = []
            for lane, job in enumerate(jobs):
                try:
                    outcomes.append(problems[lane] if lane in problems else self._finish(job, readers[lane]))
                except BehaviorError as error:
                    outcomes.append(error)
        return outcomes

    def _read_crops(
        self,
        writers: Mapping[int, FeatureWriter],
        readers: Mapping[int, CropReader],
        video: VideoReader,
        title: str,
        problems: dict[int, BehaviorError],
    ) -> None:
        """Compute the features that the writer of each lane lacks; a lane with a problem ends before the others."""
        size, first_rows = self.input_size, {lane: writer.n_rows for lane, writer in writers.items()}
        clip = self._clip
        # How many frames of each are behind, those between the ones that are embedded included.
        frames_a_row = 1.0 if self._sampling is None else max(video.nominal_fps / self._sampling, 1.0)
        done = {lane: min(round(n_rows * frames_a_row), video.declared_frames or n_rows) for lane, n_rows in first_rows.items()}
        collectors = {lane: PartCollector(writers[lane], reader) for lane, reader in readers.items()}
        total = None if video.declared_frames is None else video.declared_frames * len(readers)
        crop_rows = read_together(
            video,
            readers,
            first_rows=list_first_read(first_rows, clip) if clip else first_rows,
            input_size=size,
            with_previous=self.with_previous,
            problems=problems,
            sampling=self._sampling,
        )
        # The decoder's thread, and the decoder, have to be at rest before the video is closed, whatever happens here.
        with (
            report_progress(f"{self.name} of {title}", total=total, unit="frames", done=sum(done.values())) as advance,
            closing(crop_rows) as rows,
            closing(self._cut_batches(rows, first_rows)) as batches,
            closing(read_ahead(batches)) as batches_ahead,
        ):
            in_flight = InFlight(batches_ahead)
            with closing(self._describe_batches(in_flight, video.nominal_fps)) as described:
                for batch, vectors in in_flight.meet(described):
                    collectors[batch.lane].add(batch, vectors)
                    behind = max(int(batch.frames[-1]) + 1, done[batch.lane])
                    advance(behind - done[batch.lane])
                    done[batch.lane] = behind
            for lane, collector in collectors.items():
                if lane not in problems:
                    collector.flush()

    def _cut_batches(self, rows: Iterable[CropRow], first_rows: Mapping[int, int]) -> Generator[CropBatch, None, None]:
        size, batch_size = self.input_size, self._batch_size
        if self._clip is None:
            return cut_batches(rows, input_size=size, batch_size=batch_size, first_rows=first_rows)
        return cut_clip_batches(rows, clip=self._clip, input_size=size, batch_size=batch_size, first_rows=first_rows)

    def _finish(self, job: FillJob, crops: CropReader) -> Embedded:
        video = crops.video
        notes = [*crops.describe(sampling=self._sampling), *self._describe_sampling(video.path, video.time_s)]
        attributes = {
            **self._describe_engine(),
            "versions": collect_versions(),
            "broke_off": video.broke_off,
            "body_parts": list(self._crop.body_parts),
            **crops.describe_growths(),
            **job.describe_effort(),
        }
        sampled = None if self._sampling is None else (np.array(crops.frames, dtype=np.int64), video.time_s)
        n_frames = job.writer.finish(nominal_fps=video.nominal_fps, notes=notes, attributes=attributes, sampled=sampled)
        return Embedded(n_frames, tuple(notes))


class AppearanceStream(CropStream):
    """A backbone's vector of each crop; the network is prepared when the first recording needs it.

    Parameters
    ----------
    backbone
        As in a study file.
    """

    name = APPEARANCE

    def __init__(self, *, crop: Crop, backbone: Backbone, cache: Path, sampling: float | None = None) -> None:
        super().__init__(crop=crop, cache=cache, sampling=sampling)
        self._backbone = backbone
        self._known: BackboneSpecification | None = None
        self._identity = ""
        if is_known(backbone, models=find_models_folder(cache)):
            # What is wrong with it is said before anything is read.
            self._identify()
        self._prepared: PreparedEngine | None = None
        if backbone.weights == RANDOM:
            advice = "; train it first, with behavior finetune" if backbone.name == CONVNET else ""
            warn(f"{backbone.name} has random weights; its features are meaningless and only useful for testing{advice}.")

    @property
    def _specification(self) -> BackboneSpecification:
        """What is known of the backbone; one of PyTorch is built for that the first time."""
        if self._known is None:
            self._known = find_chosen_backbone(self._backbone, models=find_models_folder(self._cache))
        return self._known

    def _identify(self) -> str:
        """Return what tells the backbone's weights from all others; they are read once."""
        if not self._identity:
            self._identity = identify_weights(self._specification, self._backbone.weights, hash_file=hash_file)
        return self._identity

    @property
    def _clip(self) -> Clip | None:
        return self._specification.clip

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
        """Return what cached features of `recording` may mean, the preferred first; nothing where the backbone was never used."""
        is_usable = self._known is not None or is_known(self._backbone, models=find_models_folder(self._cache))
        return self.signatures if is_usable else ()

    def _sign(self, precision: str) -> Signature:
        specification = self._specification
        settings = {
            "backbone": specification.name,
            "weights": self._identify(),
            "preprocessing": f"{describe_preprocessing(specification.preprocessing)}, RGB, area",
            "input_size": specification.input_size,
            **({} if specification.pooling is None else {"pooling": specification.pooling}),
            **({} if specification.clip is None else {"clip_frames": specification.clip.frames, "clip_stride": specification.clip.stride}),
            **self._describe_crops(),
            "precision": precision,
            **self._sampling_settings,
        }
        return Signature(APPEARANCE, settings)

    def prepare(self, inputs: RecordingInputs, *, among: Sequence[Recording] = ()) -> PreparedEngine:
        """Return the engine, prepared at the first call; crops of `among` show whether a reduced precision will do."""
        return self.prepare_on(lambda count: self._sample(inputs, among, count))

    def prepare_on(self, sample: Callable[[int], Images | ClipBatch]) -> PreparedEngine:
        """Do as `prepare`, with what returns crops (N, S, S, 3), as many as it is asked for or as there are."""
        if self._prepared is None:
            request = EngineRequest(
                self._specification,
                self._backbone.weights,
                identity=self._identify(),
                models=find_models_folder(self._cache),
                engine=self._backbone.engine,
                precision=self._backbone.precision,
                batch_size=self._backbone.batch_size,
                n_threads=count_threads(),
            )
            self._prepared = prepare_engine(
                request,
                sample=sample,
                announce=announce,
            )
            if self._prepared.note:
                warn(self._prepared.note)
            engine, cosine = self._prepared.engine, self._prepared.cosine
            checked = "" if cosine is None else f", cosine to float32 at least {cosine:.6f}"
            detail(f"{self._specification.name} runs in {engine.precision} with {engine.name}, batches of {engine.batch_size}{checked}")
        return self._prepared

    def _sample(self, inputs: RecordingInputs, among: Sequence[Recording], count: int) -> Images | ClipBatch:
        # Not of the recording that happens to be the first: workers would calibrate on different ones.
        sampled = [inputs if other.id == inputs.recording.id else RecordingInputs(other) for other in among] or [inputs]
        try:
            crops = sample_crops(sampled, self._crop, input_size=self.input_size, count=count)
        except BehaviorError:
            # A recording fails for what is wrong with itself.
            crops = sample_crops([inputs], self._crop, input_size=self.input_size, count=count)
        if self._clip is None:
            return crops
        # Crops that are some frames apart move as an animal does, which is enough to compare two precisions.
        return ClipBatch(crops, find_clip_rows(np.arange(len(crops)), Clip(self._clip.frames), n_rows=len(crops)))

    def _choose_signature(self, inputs: RecordingInputs, among: Sequence[Recording]) -> Signature:
        return self._sign(self.prepare(inputs, among=among).engine.precision)

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
        return (
            Signature(
                MOTION, {"version": MOTION_VERSION, "n_features": N_MOTION_FEATURES, **self._describe_crops(), **self._sampling_settings}
            ),
        )

    def _choose_signature(self, inputs: RecordingInputs, among: Sequence[Recording]) -> Signature:
        return self.list_signatures(inputs.recording)[0]

    def _describe_batches(self, batches: Iterable[CropBatch], fps: float) -> Generator[Floats, None, None]:
        describer = MotionDescriber(fps=fps)
        for batch in batches:
            yield np.stack([describer.describe(before, image) for before, image in zip(batch.previous[:], batch.images[:], strict=True)])

    def _describe_engine(self) -> dict[str, Any]:
        return {}
