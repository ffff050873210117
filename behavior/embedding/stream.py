"""What all streams of features have in common that are computed from a recording's video and pose: each has its own files in the cache."""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from behavior.compute.effort import Effort, EffortMeter
from behavior.config import Crop
from behavior.embedding.crop_reader import require_files
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.errors import BehaviorError, CacheError, WeightsError
from behavior.files.claims import claim_file, explain_claim
from behavior.files.feature_cache import (
    DamagedCacheError,
    FeatureOutline,
    FeatureSet,
    MissingCacheError,
    cache_path,
    check_features,
    read_features,
    read_outline,
)
from behavior.files.feature_sources import Signature, Source
from behavior.files.feature_writer import FeatureWriter, parts_folder
from behavior.frame_times import estimate_fps, have_same_rate
from behavior.progress import detail, warn
from behavior.recording import Recording

__all__ = ["Embedded", "FeatureStream", "FillJob", "find_effort"]

# Among the attributes that are kept with features.
_EFFORT = "effort"


def find_effort(attributes: Mapping[str, Any]) -> Effort | None:
    """Return what computing features took, of the attributes that are kept with them; None where it is not known."""
    return Effort.from_mapping(attributes.get(_EFFORT))


@dataclass(frozen=True)
class Embedded:
    """The outcome of embedding one recording: the number of the video's frames, and sentences on what a user should know."""

    n_frames: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class FillJob:
    """A recording whose features are to be computed, and what keeps them.

    Attributes
    ----------
    inputs, writer
        The recording, and what keeps its features.
    meter
        Measures the work on all recordings of the video, `n_together`; None where a part was done before, so that the whole is not known.
    """

    inputs: RecordingInputs
    writer: FeatureWriter
    meter: EffortMeter | None = None
    n_together: int = 1

    def describe_effort(self) -> dict[str, Any]:
        """Return what is kept with the features of what computing them took until now; nothing where it is not known."""
        return {} if self.meter is None else {_EFFORT: (self.meter.read() / self.n_together).as_mapping()}


class FeatureStream(ABC):
    """One stream, its place in the cache, and how it is computed.

    Looking up and reading features opens no video, pose or engine, and looks for no GPU: what is in the cache says what it means.

    Parameters
    ----------
    crop
        As in a study file.
    cache
        Folder of the feature cache.
    sampling
        How many frames a second have features; all where None.

    Attributes
    ----------
    view
        Which view of recordings it is for, "" for the first. What its methods take is that view (`files.view_cells.find_view`).
    """

    name: ClassVar[str]
    view: str = ""

    def __init__(self, *, crop: Crop, cache: Path, sampling: float | None = None) -> None:
        self._crop = crop
        self._cache = cache
        self._sampling = sampling

    @property
    def _sampling_settings(self) -> dict[str, float]:
        """What a signature says of the frames: nothing where each has features, as in caches of earlier versions."""
        return {} if self._sampling is None else {"sampling": float(self._sampling)}

    def _describe_sampling(self, path: Path, time_s: npt.NDArray[np.float64]) -> list[str]:
        """Return sentences on a video whose frames, at `time_s` (T,), are fewer than are asked for."""
        if self._sampling is None or len(time_s) < 2:
            return []
        fps = estimate_fps(time_s)
        if fps >= self._sampling or have_same_rate(fps, self._sampling):
            return []
        return [f"{path}: has {fps:.4g} frames per second, fewer than sampling.fps {self._sampling:g}; each of its frames is used once."]

    @abstractmethod
    def list_signatures(self, recording: Recording) -> tuple[Signature, ...]:
        """Return what cached features of `recording` may mean so that they can be used, the preferred first; opens the cache at most."""

    @abstractmethod
    def _choose_signature(self, inputs: RecordingInputs, among: Sequence[Recording]) -> Signature:
        """Return what the features are going to mean, with all prepared to compute them."""

    @abstractmethod
    def _fill(self, jobs: Sequence[FillJob]) -> list[Embedded | BehaviorError]:
        """Compute the features that the writers of some recordings of one video lack; return what came of each, an error for a bad one.

        What is wrong with all of them is raised.
        """

    @property
    def _needs_pose(self) -> bool:
        return not self._crop.whole_frame

    @property
    def _needs_video(self) -> bool:
        return True

    def describe_source(self, recording: Recording) -> Source:
        """Return what the features of `recording` are computed from."""
        settings: dict[str, object] = {"whole_frame": self._crop.whole_frame}
        if self._needs_pose:
            settings |= {
                "body_parts": [name.casefold() for name in self._crop.body_parts],
                "min_likelihood": self._crop.min_likelihood,
                "individual": recording.individual or self._crop.individual,
            }
            if self._crop.pose_scale is not None:
                settings["pose_scale"] = list(self._crop.pose_scale)
            if recording.pose_coordinates != "auto":
                settings["coordinates"] = recording.pose_coordinates
            if self._crop.egocentric and self._crop.body_axis:
                settings["body_axis"] = [name.casefold() for name in self._crop.body_axis]
        return Source(files=(recording.video, recording.pose if self._needs_pose else None), settings=settings)

    def is_cached(self, recording: Recording, *, with_content: bool = False) -> bool:
        """Tell whether the features of `recording` are in the cache, complete and up to date.

        Parameters
        ----------
        with_content
            Whether they are read, so that their checksums are compared, as `read` does: of long recordings this takes a while.
        """
        return self._explain_absence(recording, with_content=with_content) is None

    def _explain_absence(self, recording: Recording, *, with_content: bool) -> CacheError | None:
        try:
            self._find(recording, with_content=with_content)
        except CacheError as error:
            return error
        return None

    def read(self, recording: Recording, *, in_blocks: bool = False) -> FeatureSet:
        """Return the features of `recording` from the cache; the cache's exceptions where they are not there or not up to date.

        `in_blocks` is as for `feature_cache.read_features`.
        """
        signature = self._find(recording)
        path = cache_path(self._cache, recording.id, signature)
        return read_features(path, signature=signature, source=self.describe_source(recording), in_blocks=in_blocks)

    def read_outline(self, recording: Recording) -> FeatureOutline:
        """Return what the cache says of the features of `recording`, without reading them; raises as `read`."""
        signature = self._find(recording)
        return read_outline(cache_path(self._cache, recording.id, signature), signature=signature, source=self.describe_source(recording))

    def read_effort(self, recording: Recording) -> Effort | None:
        """Return what computing the features of `recording` took, whenever that was; None where it is not known; raises as `read`."""
        return find_effort(self.read_outline(recording).attributes)

    def _find(self, recording: Recording, *, with_content: bool = False) -> Signature:
        """Return which of the signatures is in the cache, up to date; raise what is wrong with the preferred one's file.

        Parameters
        ----------
        with_content
            Whether the features are read to see that they are whole.
        """
        reason: CacheError | None = None
        source = self.describe_source(recording)
        for signature in self.list_signatures(recording):
            try:
                path = cache_path(self._cache, recording.id, signature)
                check_features(path, signature=signature, source=source, with_content=with_content)
            except CacheError as error:
                reason = reason or error
                continue
            return signature
        raise reason or MissingCacheError(
            f"{self._cache}: has no features of {self.name} for recording {recording.id!r}; run `behavior embed STUDY` first."
        )

    def explain_claim(self, recording: Recording) -> str:
        """Return which other process computes the features of `recording`, in words."""
        return explain_claim(*(cache_path(self._cache, recording.id, signature) for signature in self.list_signatures(recording)))

    def tidy(self, recording: Recording) -> None:
        """Remove what a process that was killed at its very end left next to complete features."""
        path = cache_path(self._cache, recording.id, self._find(recording))
        parts = parts_folder(path)
        if parts.is_dir() and os.access(self._cache, os.W_OK):
            with claim_file(path) as mine:
                if mine:
                    shutil.rmtree(parts)

    def embed(self, inputs: RecordingInputs, *, among: Sequence[Recording] = ()) -> Embedded | None:
        """Put the features of a recording into the cache; return None while another process computes them.

        Parameters
        ----------
        inputs
            The recording; what is parsed of its files is kept there for other streams.
        among
            The recordings that it is one of; crops of these may check a reduced precision.

        Raises
        ------
        BehaviorError
            If the video or the pose cannot be used, the weights are missing, or the cache cannot be written.
        """
        (outcome,) = self.embed_together([inputs], among=among)
        if isinstance(outcome, BehaviorError):
            raise outcome
        return outcome

    def embed_together(
        self, together: Sequence[RecordingInputs], *, among: Sequence[Recording] = ()
    ) -> list[Embedded | BehaviorError | None]:
        """Put the features of recordings of one video into the cache; frames are decoded once, and one that is bad never stops the rest.

        Returns
        -------
        For each what `embed` returns or, but for `WeightsError`, raises.

        Raises
        ------
        WeightsError
            If the backbone's weights cannot be used.
        """
        outcomes: dict[int, Embedded | BehaviorError | None] = {}
        jobs: dict[int, FillJob] = {}
        with ExitStack() as claims:
            for number, inputs in enumerate(together):
                try:
                    prepared = self._prepare_job(inputs, among, claims)
                except WeightsError:
                    raise
                except BehaviorError as error:
                    outcomes[number] = error
                    continue
                if isinstance(prepared, FillJob):
                    jobs[number] = prepared
                else:
                    outcomes[number] = prepared
            if jobs:
                meter = EffortMeter()
                try:
                    filled = self._fill(
                        [replace(job, meter=None if job.writer.n_rows else meter, n_together=len(jobs)) for job in jobs.values()]
                    )
                except WeightsError:
                    raise
                except BehaviorError as error:
                    filled = [error for _ in jobs]
                finally:
                    meter.stop()
                outcomes |= dict(zip(jobs, filled, strict=True))
        return [outcomes[number] for number in range(len(together))]

    def _prepare_job(self, inputs: RecordingInputs, among: Sequence[Recording], claims: ExitStack) -> FillJob | Embedded | None:
        """Return what is to be done for a recording, claimed; Embedded where nothing is, None where another process is at it."""
        recording = inputs.recording
        require_files(recording, needs_pose=self._needs_pose, needs_video=self._needs_video)
        signature = self._choose_signature(inputs, among)
        path = cache_path(self._cache, recording.id, signature)
        if not claims.enter_context(claim_file(path)):
            return None
        reason = self._explain_absence(recording, with_content=True)
        if reason is None:
            # Another process finished it between the first look and the claim.
            return Embedded(0, ())
        if isinstance(reason, DamagedCacheError):
            warn(f"{str(reason).rpartition(';')[0]}; these features are computed again.")
        files = [str(path) for path in (recording.video, recording.pose if self._needs_pose else None) if path is not None]
        detail(f"{recording.id}: computing {self.name} of {' and '.join(files)}")
        return FillJob(inputs, FeatureWriter(path, signature=signature, source=self.describe_source(recording)))
