"""What the feature cache says of a study's recordings, and whether models can work on all of them together; no feature is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from behavior.config import MADE_STREAMS, Study, list_views, split_stream
from behavior.embedding.stream import FeatureStream
from behavior.errors import BehaviorError, CacheError
from behavior.files.feature_cache import FeatureOutline, find_imported, read_outline
from behavior.files.feature_sources import Signature
from behavior.files.model_bundle import StreamDescription
from behavior.files.view_cells import find_view
from behavior.learning.learning_data import make_study_streams, require_alike, require_label_frames, require_same_rates
from behavior.learning.recording_features import RecordingFeatures, lay_feature_rows, require_same_frames
from behavior.learning.view_alignment import align_view, find_row_times
from behavior.recording import Frames, Recording

__all__ = ["FeatureKind", "compare_features", "outline_imported", "outline_recording", "prepare_kinds"]


@dataclass(frozen=True)
class FeatureKind:
    """A choice of features, and what knows those of its streams that are computed; empty if that cannot be known, for want of weights."""

    study: Study
    streams: Mapping[str, FeatureStream]


def prepare_kinds(studies: Sequence[Study]) -> list[FeatureKind]:
    """Return the different choices of features of some studies, the first one's first."""
    kinds: list[FeatureKind] = []
    for study in studies:
        if any(_list_choices(kind.study) == _list_choices(study) for kind in kinds):
            continue
        try:
            streams: Mapping[str, FeatureStream] = make_study_streams(study)
        except BehaviorError:
            streams = {}
        kinds.append(FeatureKind(study, streams))
    return kinds


def _list_choices(study: Study) -> tuple[object, ...]:
    return study.streams, study.backbone, study.sampling, study.views


def outline_imported(study: Study, recording: Recording) -> FeatureOutline:
    """Return what the cache says of the first of a recording's streams, which are all imported; CacheError if it cannot be used."""
    return read_outline(find_imported(study.cache, recording.id, list_views(study.streams)[""][0]))


def outline_recording(kind: FeatureKind, recording: Recording, frames: Frames, fps: float) -> RecordingFeatures | None:
    """Return the features of a recording without their numbers (N, 0); None if some are still to be embedded.

    Raises
    ------
    BehaviorError
        If imported features are missing or cannot be used, or do not go with the recording's `frames`.
    """
    outlines: dict[str, FeatureOutline] = {}
    is_complete = True
    # What is going to be embedded has the frames of the video.
    times = np.zeros(frames.n_frames) if frames.time_s is None else frames.time_s
    for name in kind.study.streams:
        stream, view = split_stream(name)
        shown = find_view(recording, view)
        if shown is None:
            continue
        if stream not in MADE_STREAMS:
            outlines[name] = read_outline(find_imported(kind.study.cache, shown.id, stream))
            continue
        outline = _outline_made(kind, shown, name)
        is_complete &= outline is not None
        if outline is not None or not view:
            outlines[name] = outline or FeatureOutline(0, times, fps, Signature(name, {}))
    firsts = {name: outline for name, outline in outlines.items() if not split_stream(name)[1]} or {
        kind.study.streams[0]: FeatureOutline(0, times, fps, Signature(kind.study.streams[0], {}))
    }
    require_same_frames(recording.id, list(firsts), list(firsts.values()))
    first = next(iter(firsts.values()))
    require_label_frames(recording.id, list(firsts), first.n_frames, frames.n_frames)
    rows = lay_feature_rows(recording.id, list(firsts.values()), sampling=kind.study.sampling_fps)
    for name in outlines.keys() - firsts.keys():
        shown = find_view(recording, split_stream(name)[1])
        assert shown is not None
        align_view(shown.id, find_row_times(outlines[name]), shown.start_s, first.time_s)
    if not is_complete:
        return None
    return RecordingFeatures(
        values=np.zeros((first.n_frames if rows is None else len(rows), 0), dtype=np.float16),
        time_s=first.time_s,
        fps=first.fps,
        streams=tuple(
            StreamDescription(name=name, signature=outline.signature.text, n_features=outline.n_features)
            for name, outline in outlines.items()
        ),
        broke_off=frames.broke_off,
        rows=rows,
    )


def compare_features(
    recordings: Sequence[Recording],
    rates: Sequence[float],
    kinds: Sequence[Mapping[str, RecordingFeatures]],
    *,
    is_sampled: bool,
) -> list[str]:
    """Return why one model cannot work on all of `recordings`, whose frame rates are `rates`.

    Parameters
    ----------
    kinds
        For each choice of features, what is in the cache by recording.
    is_sampled
        Whether the study brings all to one rate.
    """
    messages: list[str] = []
    for outlined in kinds:
        cached = [recording for recording in recordings if recording.id in outlined]
        try:
            if cached:
                # Recordings may lack views, but not different ones of the first.
                by_streams: dict[tuple[str, ...], list[Recording]] = {}
                for recording in cached:
                    by_streams.setdefault(tuple(one.name for one in outlined[recording.id].streams), []).append(recording)
                for alike in by_streams.values():
                    require_alike(alike, [outlined[recording.id] for recording in alike])
            if not is_sampled:
                require_same_rates([recording.id for recording in recordings], rates)
        except BehaviorError as error:
            messages.append(str(error))
    return list(dict.fromkeys(messages))


def _outline_made(kind: FeatureKind, recording: Recording, name: str) -> FeatureOutline | None:
    try:
        return kind.streams[name].read_outline(recording) if name in kind.streams else None
    except (CacheError, OSError):
        # `embed` computes it, again if need be.
        return None
