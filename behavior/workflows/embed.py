"""`behavior embed`: crops every recording around the animal and fills the feature cache."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.config import APPEARANCE, Backbone, Crop
from behavior.errors import BehaviorError, CacheError, PoseError, UsageError, VideoError, WeightsError
from behavior.files.claims import claim_file
from behavior.files.feature_cache import PART_ROWS, FeatureSet, FeatureWriter, cache_path, check_features, read_features
from behavior.files.feature_sources import Signature, Source, hash_file
from behavior.files.pose import TOLERATED_ROWS, find_body_parts, match_pose_to_frames, read_pose
from behavior.files.video import VideoReader, open_video, summarize_video
from behavior.recording import Recording, Track
from behavior.vision.backbones import RANDOM, BackboneSpecification, build_backbone, find_backbone, identify_weights
from behavior.vision.crops import find_centers, take_crop, take_whole_frame
from behavior.vision.engines import Engine, KerasEngine
from behavior.workflows.progress import announce, show_progress, warn
from behavior.workflows.provenance import collect_versions
from behavior.workflows.studies import open_study
from behavior.workflows.variants import list_variants

__all__ = ["EmbedResult", "Embedded", "Embedder", "describe_features", "embed_recordings", "embed_study"]

# Share of frames without a measured crop centre above which a user should look at the pose.
MANY_UNMEASURED = 0.1
BATCHES_AHEAD = 8
SECONDS_BETWEEN_LOOKS = 2.0


@dataclass
class EmbedResult:
    """What `embed_study` did, by recording id.

    Attributes
    ----------
    embedded
        Frames per second of each recording that was embedded now.
    kept
        Recordings whose features were there already.
    failures
        A sentence for each recording that could not be embedded.
    """

    embedded: dict[str, float] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Embedded:
    """What came of embedding one recording: the number of frames that were embedded, and sentences on what a user should know."""

    n_frames: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Batch:
    """Consecutive frames on their way from the decoder to the engine; `images` of frames that were not decoded are black."""

    images: npt.NDArray[np.uint8]
    decoded: npt.NDArray[np.bool_]
    time_s: npt.NDArray[np.float64]


class Embedder:
    """Embeds recordings with one crop and one backbone; the network is built when the first one needs it.

    Parameters
    ----------
    crop, backbone
        As in a study file.
    cache
        Folder of the feature cache.
    """

    def __init__(self, *, crop: Crop, backbone: Backbone, cache: Path) -> None:
        self._crop = crop
        self._backbone = backbone
        self._cache = cache
        self._specification = find_backbone(backbone.name)
        self.signature = describe_features(crop, backbone)
        self._engine: Engine | None = None
        if backbone.weights == RANDOM:
            warn(f"{backbone.name} has random weights: its features, and all that follows from them, mean nothing.")

    def describe_source(self, recording: Recording) -> Source:
        """Return what the features of `recording` are made from."""
        settings: dict[str, object] = {"whole_frame": self._crop.whole_frame}
        if not self._crop.whole_frame:
            settings |= {
                "body_parts": [name.casefold() for name in self._crop.body_parts],
                "min_likelihood": self._crop.min_likelihood,
                "individual": self._crop.individual,
            }
        return Source(files=(recording.video, None if self._crop.whole_frame else recording.pose), settings=settings)

    def is_cached(self, recording: Recording) -> bool:
        """Tell whether `read` would succeed, without reading the features."""
        path = cache_path(self._cache, recording.id, self.signature)
        try:
            check_features(path, signature=self.signature, source=self.describe_source(recording))
        except CacheError:
            return False
        return True

    def read(self, recording: Recording) -> FeatureSet:
        """Return the features of `recording` from the cache; the cache's exceptions where they are not there or not up to date."""
        path = cache_path(self._cache, recording.id, self.signature)
        return read_features(path, signature=self.signature, source=self.describe_source(recording))

    def embed(self, recording: Recording) -> Embedded | None:
        """Embed `recording` into the cache and say what came of it; None while another process is at it.

        Raises
        ------
        BehaviorError
            If the video or the pose cannot be used, the weights are missing, or the cache cannot be written.
        """
        path = cache_path(self._cache, recording.id, self.signature)
        source = self.describe_source(recording)
        self._require_files(recording)
        with claim_file(path) as mine:
            if not mine:
                return None
            if self.is_cached(recording):
                # Another process finished it between the first look and the claim.
                return Embedded(0, ())
            writer = FeatureWriter(path, signature=self.signature, source=source)
            return self._fill(recording, writer)

    def _require_files(self, recording: Recording) -> None:
        if recording.video is None:
            raise VideoError(f"recording {recording.id!r} has no video to embed; name one in the manifest, or import its features.")
        if not recording.video.is_file():
            raise VideoError(f"{recording.video}: no such video; correct the path in the manifest or put the file there.")
        if self._crop.whole_frame:
            return
        if recording.pose is None:
            raise PoseError(f"recording {recording.id!r} has no pose; name its file in the manifest, or set crop: {{whole_frame: true}}.")
        if not recording.pose.is_file():
            raise PoseError(f"{recording.pose}: no such pose file; correct the path in the manifest or put the file there.")

    def _fill(self, recording: Recording, writer: FeatureWriter) -> Embedded:
        assert recording.video is not None
        with open_video(recording.video) as video:
            track, centers, measured = self._find_centers(recording, video)
            engine = self._prepare_engine()
            first = writer.n_rows
            if first:
                announce(f"{recording.id}: {first:,} frames were embedded before; going on from there")
            cut = _cut_batches(video, centers, self._crop, self._specification, engine.batch_size, first_frame=first)
            # The decoder's thread has to be at rest before the video is closed, whatever happens here.
            with (
                show_progress(f"embedding {recording.id}", total=video.declared_frames, unit="frames", done=first) as advance,
                closing(_read_ahead(cut)) as batches,
            ):
                part: list[tuple[_Batch, npt.NDArray[np.float32]]] = []
                row = first
                for batch in batches:
                    part.append((batch, engine.embed(batch.images)))
                    row += len(batch.images)
                    advance(len(batch.images))
                    if row % PART_ROWS == 0:
                        _keep_part(writer, part, centers, measured)
                        part = []
                if part:
                    _keep_part(writer, part, centers, measured)
            notes = _describe_video(recording.video, video)
            if track is not None and recording.pose is not None:
                _, note = match_pose_to_frames(track, video.n_frames, path=recording.pose, broke_off=video.broke_off)
                notes += [note] if note else []
                lost = int((~measured[: video.n_frames]).sum())
                if lost > MANY_UNMEASURED * video.n_frames:
                    notes.append(
                        f"{recording.pose}: the animal was not found in {lost} of {video.n_frames} frames; crops there are guesses."
                    )
        attributes = {
            "engine": engine.name,
            "precision": engine.precision,
            "versions": collect_versions(),
            "broke_off": video.broke_off,
            "body_parts": list(self._crop.body_parts),
        }
        return Embedded(writer.finish(nominal_fps=video.nominal_fps, notes=notes, attributes=attributes), tuple(notes))

    def _find_centers(
        self, recording: Recording, video: VideoReader
    ) -> tuple[Track | None, npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        if self._crop.whole_frame:
            return None, np.empty((0, 2)), np.empty(0, dtype=bool)
        assert recording.pose is not None
        track = read_pose(recording.pose, individual=self._crop.individual)
        parts = find_body_parts(track, self._crop.body_parts, path=recording.pose)
        declared = video.declared_frames
        if declared is None or abs(declared - len(track)) > TOLERATED_ROWS:
            # Better a quick count now than a disappointment after an hour: the header may be wrong, decoding is not.
            summary = summarize_video(video.path)
            match_pose_to_frames(track, summary.n_frames, path=recording.pose, broke_off=summary.broke_off)
        centers, measured = find_centers(track.positions[:, parts], track.likelihoods[:, parts], min_likelihood=self._crop.min_likelihood)
        return track, centers, measured

    def _prepare_engine(self) -> Engine:
        if self._engine is None:
            announce(f"loading {self._backbone.name}")
            model = build_backbone(self._specification, self._backbone.weights)
            self._engine = KerasEngine(model, batch_size=self._backbone.batch_size)
        return self._engine


def describe_features(crop: Crop, backbone: Backbone) -> Signature:
    """Return the signature of the appearance features that `crop` and `backbone` give."""
    specification = find_backbone(backbone.name)
    settings = {
        "backbone": backbone.name,
        "weights": identify_weights(specification, backbone.weights, hash_file=hash_file),
        "preprocessing": f"{specification.preprocessing}, RGB, area",
        "input_size": specification.input_size,
        "crop_size": "whole frame" if crop.whole_frame else crop.size,
        "alignment": "none",
    }
    return Signature(APPEARANCE, settings)


def embed_study(path: Path) -> EmbedResult:
    """Embed what the cache of the study at `path` lacks; one bad recording never stops the rest.

    Raises
    ------
    UsageError
        If the study file or the manifest cannot be used, or the study works on imported features alone.
    """
    study, recordings = open_study(path)
    backbones = list(dict.fromkeys(variant.backbone for variant in list_variants(study) if APPEARANCE in variant.streams))
    if not backbones or study.crop is None:
        raise UsageError(f"{path}: its streams are {', '.join(study.streams)}, all imported; there is nothing to embed.")
    result = EmbedResult()
    for backbone in backbones:
        done = embed_recordings(Embedder(crop=study.crop, backbone=backbone, cache=study.cache), recordings)
        result.embedded |= done.embedded
        result.failures |= done.failures
        result.kept += [name for name in done.kept if name not in result.kept]
    result.kept = [name for name in result.kept if name not in result.embedded and name not in result.failures]
    return result


def embed_recordings(embedder: Embedder, recordings: Sequence[Recording]) -> EmbedResult:
    """Embed those of `recordings` that the embedder's cache lacks."""
    result = EmbedResult()
    waiting = list(recordings)
    while waiting:
        elsewhere = []
        for recording in waiting:
            try:
                if embedder.is_cached(recording):
                    result.kept.append(recording.id)
                    continue
                began = time.perf_counter()
                embedded = embedder.embed(recording)
            except WeightsError:
                # No recording would fare better.
                raise
            except BehaviorError as error:
                result.failures[recording.id] = str(error)
                announce(f"{recording.id}: {error}")
                continue
            if embedded is None:
                elsewhere.append(recording)
                continue
            if not embedded.n_frames:
                result.kept.append(recording.id)
                continue
            result.embedded[recording.id] = embedded.n_frames / (time.perf_counter() - began)
            for note in embedded.notes:
                warn(f"{recording.id}: {note}")
        if elsewhere and len(elsewhere) == len(waiting):
            announce(f"waiting for another process that embeds {', '.join(recording.id for recording in elsewhere)}")
            time.sleep(SECONDS_BETWEEN_LOOKS)
        waiting = elsewhere
    return result


def _cut_batches(
    video: VideoReader,
    centers: npt.NDArray[np.float64],
    crop: Crop,
    specification: BackboneSpecification,
    batch_size: int,
    *,
    first_frame: int,
) -> Iterator[_Batch]:
    """Yield the crops of a video in batches; a batch ends where a part of the cache ends, so that resuming meets the same batches."""
    size = specification.input_size
    nowhere = np.full(2, np.nan)
    black = np.zeros((size, size, 3), dtype=np.uint8)
    images: list[npt.NDArray[np.uint8]] = []
    decoded: list[bool] = []
    times: list[float] = []
    for frame in video.frames(first_frame=first_frame):
        if frame.image is None:
            images.append(black)
        elif crop.whole_frame:
            images.append(take_whole_frame(frame.image, input_size=size))
        else:
            if frame.index >= len(centers) + TOLERATED_ROWS:
                raise PoseError(
                    f"{video.path}: frame {frame.index} decodes, but the pose ends after {len(centers)} rows; is it that of another video?"
                )
            center = centers[min(frame.index, len(centers) - 1)] if len(centers) else nowhere
            images.append(take_crop(frame.image, center, crop_size=crop.size, input_size=size))
        decoded.append(frame.image is not None)
        times.append(frame.time_s)
        if len(images) == batch_size or (frame.index + 1) % PART_ROWS == 0:
            yield _Batch(np.stack(images), np.array(decoded), np.array(times))
            images, decoded, times = [], [], []
    if images:
        yield _Batch(np.stack(images), np.array(decoded), np.array(times))


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


def _keep_part(
    writer: FeatureWriter,
    part: Sequence[tuple[_Batch, npt.NDArray[np.float32]]],
    centers: npt.NDArray[np.float64],
    measured: npt.NDArray[np.bool_],
) -> None:
    decoded = np.concatenate([batch.decoded for batch, _ in part])
    rows = np.arange(writer.n_rows, writer.n_rows + len(decoded))
    if len(centers):
        inside = np.minimum(rows, len(centers) - 1)
        part_centers, part_measured = centers[inside], measured[inside] & (rows < len(centers)) & decoded
    else:
        part_centers, part_measured = np.full((len(rows), 2), np.nan), decoded
    writer.add_part(
        features=np.concatenate([vectors for _, vectors in part]),
        centers=part_centers,
        measured=part_measured,
        decoded=decoded,
        time_s=np.concatenate([batch.time_s for batch, _ in part]),
    )


def _describe_video(path: Path, video: VideoReader) -> list[str]:
    notes = []
    if video.n_frames == 0 or len(video.undecodable) == video.n_frames:
        raise VideoError(f"{path}: none of its frames can be decoded; copy or convert the video again.")
    if video.broke_off:
        notes.append(f"{path}: the video breaks off after {video.n_frames} frames; what decodes is used.")
    if video.undecodable:
        notes.append(
            f"{path}: {len(video.undecodable)} frames could not be decoded, the first of them frame {video.undecodable[0]}; "
            "they keep their places and are marked as not measured."
        )
    return notes
