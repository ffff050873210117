"""What all streams of features have in common that are made from a recording's video and pose: each has a cache of its own."""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from behavior.config import Crop
from behavior.embedding.crop_reader import require_files
from behavior.errors import CacheError
from behavior.files.claims import claim_file
from behavior.files.feature_cache import FeatureSet, FeatureWriter, cache_path, check_features, parts_folder, read_features
from behavior.files.feature_sources import Signature, Source
from behavior.progress import detail
from behavior.recording import Recording

__all__ = ["Embedded", "FeatureStream"]


@dataclass(frozen=True)
class Embedded:
    """What came of embedding one recording: the number of frames that were embedded, and sentences on what a user should know."""

    n_frames: int
    notes: tuple[str, ...]


class FeatureStream(ABC):
    """One stream, its place in the cache, and how it is made.

    Parameters
    ----------
    crop
        As in a study file.
    cache
        Folder of the feature cache.
    """

    name: ClassVar[str]

    def __init__(self, *, crop: Crop, cache: Path) -> None:
        self._crop = crop
        self._cache = cache

    @abstractmethod
    def list_signatures(self, recording: Recording) -> tuple[Signature, ...]:
        """Return what the features of `recording` may mean so that they can be used, the preferred first."""

    @abstractmethod
    def _choose_signature(self, recording: Recording, among: Sequence[Recording]) -> Signature:
        """Return what the features are going to mean, with all prepared to make them."""

    @abstractmethod
    def _fill(self, recording: Recording, writer: FeatureWriter) -> Embedded:
        """Make the features that `writer` lacks."""

    @property
    def _needs_pose(self) -> bool:
        return not self._crop.whole_frame

    def describe_source(self, recording: Recording) -> Source:
        """Return what the features of `recording` are made from."""
        settings: dict[str, object] = {"whole_frame": self._crop.whole_frame}
        if self._needs_pose:
            settings |= {
                "body_parts": [name.casefold() for name in self._crop.body_parts],
                "min_likelihood": self._crop.min_likelihood,
                "individual": self._crop.individual,
            }
            if self._crop.egocentric and self._crop.body_axis:
                settings["body_axis"] = [name.casefold() for name in self._crop.body_axis]
        return Source(files=(recording.video, recording.pose if self._needs_pose else None), settings=settings)

    def is_cached(self, recording: Recording) -> bool:
        """Tell whether `read` would succeed, without reading the features."""
        try:
            self._find(recording)
        except CacheError:
            return False
        return True

    def read(self, recording: Recording) -> FeatureSet:
        """Return the features of `recording` from the cache; the cache's exceptions where they are not there or not up to date."""
        signature = self._find(recording)
        path = cache_path(self._cache, recording.id, signature)
        return read_features(path, signature=signature, source=self.describe_source(recording))

    def _find(self, recording: Recording) -> Signature:
        """Return which of the signatures is in the cache, up to date; raise what the preferred one's file lacks."""
        reason: CacheError | None = None
        source = self.describe_source(recording)
        for signature in self.list_signatures(recording):
            try:
                check_features(cache_path(self._cache, recording.id, signature), signature=signature, source=source)
            except CacheError as error:
                reason = reason or error
                continue
            return signature
        assert reason is not None
        raise reason

    def tidy(self, recording: Recording) -> None:
        """Remove the leftovers of a process that was killed after its features were complete."""
        path = cache_path(self._cache, recording.id, self._find(recording))
        parts = parts_folder(path)
        if parts.is_dir() and os.access(self._cache, os.W_OK):
            with claim_file(path) as mine:
                if mine:
                    shutil.rmtree(parts)

    def embed(self, recording: Recording, *, among: Sequence[Recording] = ()) -> Embedded | None:
        """Put the features of `recording` into the cache and say what came of it; None while another process is at it.

        Parameters
        ----------
        among
            The recordings that it is one of, where crops for a check may come from.

        Raises
        ------
        BehaviorError
            If the video or the pose cannot be used, the weights are missing, or the cache cannot be written.
        """
        require_files(recording, needs_pose=self._needs_pose)
        signature = self._choose_signature(recording, among)
        path = cache_path(self._cache, recording.id, signature)
        with claim_file(path) as mine:
            if not mine:
                return None
            if self.is_cached(recording):
                # Another process finished it between the first look and the claim.
                return Embedded(0, ())
            detail(f"{recording.id}: making {self.name} of {recording.video}" + (f" and {recording.pose}" if self._needs_pose else ""))
            return self._fill(recording, FeatureWriter(path, signature=signature, source=self.describe_source(recording)))
