"""`behavior embed`: computes the streams of features that the cache of a study lacks."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from behavior.compute.workers import map_in_workers
from behavior.embedding.recordings import EmbedResult, embed_recordings
from behavior.embedding.stream import FeatureStream
from behavior.embedding.streams import identify_stream
from behavior.errors import UsageError
from behavior.files.shared_videos import group_by_video
from behavior.files.study import open_study
from behavior.learning.learning_data import make_study_streams
from behavior.learning.variants import list_variants
from behavior.recording import Recording

__all__ = ["embed_study"]


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
    workers = min(workers, len(group_by_video(recordings)))
    if workers == 1:
        return embed_recordings(streams, recordings)
    n_threads = max((os.cpu_count() or 1) // workers, 1)
    result = EmbedResult()
    for shared in map_in_workers(partial(_embed_share, path, workers, n_threads), range(workers), n_workers=workers):
        result.add(shared)
    return result


def _list_streams(path: Path, *, n_threads: int | None) -> tuple[list[FeatureStream], list[Recording]]:
    """Return every stream that some model of the study works on and that is computed here, and the study's recordings."""
    study, recordings = open_study(path)
    streams: dict[str, FeatureStream] = {}
    for variant in list_variants(study):
        for name, stream in make_study_streams(variant, n_threads=n_threads).items():
            streams.setdefault(identify_stream(name, variant.backbone), stream)
    if not streams:
        raise UsageError(f"{path}: its streams are {', '.join(study.streams)}, all imported; there is nothing to embed.")
    return list(streams.values()), list(recordings)


def _embed_share(path: Path, workers: int, n_threads: int, number: int) -> EmbedResult:
    """Embed in one of several processes, which begin at different recordings and meet in the end."""
    streams, recordings = _list_streams(path, n_threads=n_threads)
    # Recordings of one video go together, so that it is decoded once.
    videos = group_by_video(recordings)
    first = number * len(videos) // workers
    return embed_recordings(streams, [recording for group in videos[first:] + videos[:first] for recording in group])
