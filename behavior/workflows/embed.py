"""`behavior embed`: computes the streams of features that the cache of a study lacks."""

from __future__ import annotations

import functools
from functools import partial
from pathlib import Path

from behavior.compute.units import Work, run_units
from behavior.compute.where import HERE, Where
from behavior.embedding.recordings import EmbedResult, embed_recordings
from behavior.embedding.stream import FeatureStream
from behavior.embedding.streams import identify_stream
from behavior.errors import BehaviorError, UsageError
from behavior.files.atomic import make_folder
from behavior.files.shared_videos import group_by_video, name_groups
from behavior.files.study import open_study, read_study
from behavior.learning.learning_data import make_study_streams
from behavior.learning.variants import list_variants
from behavior.recording import Recording

__all__ = ["embed_study"]


def embed_study(path: Path, *, where: Where = HERE) -> EmbedResult:
    """Embed what the cache of the study at `path` lacks; one bad recording never stops the rest.

    Parameters
    ----------
    where
        Where work runs; a unit is a video, with all recordings that are of it.

    Raises
    ------
    UsageError
        If the study file or the manifest cannot be used, or the study works on imported features alone.
    """
    streams, recordings = _list_streams(path)
    if where.is_here:
        # Not one video after the other: what another process embeds comes last.
        return embed_recordings(streams, recordings)
    videos = group_by_video(recordings)
    work = Work(
        partial(_embed_video, path),
        units=[tuple(recording.id for recording in video) for video in videos],
        names=[video[0].id for video in videos],
        folder=make_folder(read_study(path).cache),
        title="embedding",
        noun=name_groups(videos),
    )
    result = EmbedResult()
    for names, outcome in zip(work.units, run_units(work, where), strict=True):
        result.add(EmbedResult(failures=dict.fromkeys(names, str(outcome))) if isinstance(outcome, BehaviorError) else outcome)
    return result


def _list_streams(path: Path) -> tuple[list[FeatureStream], list[Recording]]:
    """Return every stream that some model of the study works on and that is computed here, and the study's recordings."""
    study, recordings = open_study(path)
    streams: dict[str, FeatureStream] = {}
    for variant in list_variants(study):
        for name, stream in make_study_streams(variant).items():
            streams.setdefault(identify_stream(name, variant.backbone), stream)
    if not streams:
        raise UsageError(f"{path}: its streams are {', '.join(study.streams)}, all imported; there is nothing to embed.")
    return list(streams.values()), list(recordings)


# For a worker's process, which lives as long as a run, and keeps its engine from one video to the next.
_list_streams_once = functools.lru_cache(maxsize=1)(_list_streams)


def _embed_video(path: Path, names: tuple[str, ...]) -> EmbedResult:
    """Embed some recordings of one video, in a worker's process."""
    streams, recordings = _list_streams_once(path)
    return embed_recordings(streams, [one for one in recordings if one.id in names], among=recordings)
