"""`behavior embed`: makes the streams of features that the cache of a study lacks."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from behavior.compute.workers import map_in_workers
from behavior.embedding.stream import FeatureStream
from behavior.embedding.streams import identify_stream, make_streams
from behavior.errors import BehaviorError, UsageError, WeightsError
from behavior.files.study import open_study
from behavior.learning.variants import list_variants
from behavior.progress import announce, complain, detail, warn
from behavior.recording import Recording

__all__ = ["EmbedResult", "embed_recordings", "embed_study"]

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

    def add(self, other: EmbedResult) -> None:
        """Take in what was done to other streams of the same recordings, or by another worker."""
        for name, rate in other.embedded.items():
            # Frames per second of one stream after another.
            self.embedded[name] = 1.0 / (1.0 / rate + (1.0 / self.embedded[name] if name in self.embedded else 0.0))
        self.failures |= other.failures
        done = self.embedded.keys() | self.failures.keys()
        self.kept = [name for name in dict.fromkeys([*self.kept, *other.kept]) if name not in done]


def embed_study(path: Path, *, workers: int = 1) -> EmbedResult:
    """Embed what the cache of the study at `path` lacks; one bad recording never stops the rest.

    Parameters
    ----------
    workers
        Processes that share the recordings, and the processor's cores.

    Raises
    ------
    UsageError
        If the study file or the manifest cannot be used, or the study works on imported features alone.
    """
    if workers < 1:
        raise UsageError(f"--workers is {workers}, expected 1 or more.")
    streams, recordings = _list_streams(path, n_threads=None)
    workers = min(workers, len(recordings))
    if workers == 1:
        return _embed_streams(streams, recordings)
    n_threads = max((os.cpu_count() or 1) // workers, 1)
    result = EmbedResult()
    for shared in map_in_workers(partial(_embed_share, path, workers, n_threads), range(workers), n_workers=workers):
        result.add(shared)
    return result


def _list_streams(path: Path, *, n_threads: int | None) -> tuple[list[FeatureStream], list[Recording]]:
    """Return every stream that some model of the study works on and that is made here, and the study's recordings."""
    study, recordings = open_study(path)
    streams: dict[str, FeatureStream] = {}
    for variant in list_variants(study):
        made = make_streams(
            variant.streams, crop=study.crop, backbone=variant.backbone, arena=study.arena, cache=study.cache, n_threads=n_threads
        )
        for name, stream in made.items():
            streams.setdefault(identify_stream(name, variant.backbone), stream)
    if not streams:
        raise UsageError(f"{path}: its streams are {', '.join(study.streams)}, all imported; there is nothing to embed.")
    return list(streams.values()), list(recordings)


def _embed_share(path: Path, workers: int, n_threads: int, number: int) -> EmbedResult:
    """Embed in one of several processes, which begin at different recordings and meet in the end."""
    streams, recordings = _list_streams(path, n_threads=n_threads)
    first = number * len(recordings) // workers
    return _embed_streams(streams, recordings[first:] + recordings[:first])


def _embed_streams(streams: Sequence[FeatureStream], recordings: Sequence[Recording]) -> EmbedResult:
    result = EmbedResult()
    for stream in streams:
        result.add(embed_recordings(stream, recordings))
    return result


def embed_recordings(stream: FeatureStream, recordings: Sequence[Recording]) -> EmbedResult:
    """Put `stream` of those of `recordings` that its cache lacks there."""
    result = EmbedResult()
    waiting = list(recordings)
    while waiting:
        elsewhere = []
        for recording in waiting:
            try:
                if stream.is_cached(recording):
                    stream.tidy(recording)
                    result.kept.append(recording.id)
                    detail(f"{recording.id}: its features of {stream.name} are there already")
                    continue
                began = time.perf_counter()
                embedded = stream.embed(recording, among=recordings)
            except WeightsError:
                # No recording would fare better.
                raise
            except BehaviorError as error:
                result.failures[recording.id] = str(error)
                complain(f"{recording.id}: {error}")
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
