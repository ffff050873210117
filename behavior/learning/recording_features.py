"""The streams of features of one recording side by side, those of other views laid onto the frames of the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import numpy.typing as npt

from behavior.config import split_stream
from behavior.errors import UsageError
from behavior.files.feature_cache import FeatureOutline, FeatureSet
from behavior.files.model_bundle import StreamDescription
from behavior.frame_sampling import SampledRows, lay_rows, sample_frames
from behavior.frame_times import find_stretches, have_same_rate
from behavior.learning.view_alignment import align_view, find_row_times, lay_view, make_absent
from behavior.recording import Frames
from behavior.row_blocks import RowBlocks
from behavior.sequence.averaging import spread_rows
from behavior.vision.frame_measures import join_measures
from behavior.vision.size_growth import GROWTHS

__all__ = ["RecordingFeatures", "join_streams", "lay_feature_rows", "require_same_frames"]

# A recording of a frame a minute is none for a model of many frames a second.
_MOST_REPEATED = 64


@dataclass(frozen=True)
class RecordingFeatures:
    """All streams of one recording side by side.

    Attributes
    ----------
    values
        Float16 or float32 of shape (N, D), streams in the study's order: a row for each of T frames, or where the study has a section
        `sampling` for each point of its grid in time. `RowBlocks` where a long recording is read in blocks.
    time_s
        Seconds of every frame of the video, float64 of shape (T,).
    fps
        Frames per second of the video.
    streams
        What the columns mean.
    broke_off
        Whether the video ended before the end that its header gives.
    rows
        Which frame each row is of; None where row t is frame t.
    measures
        `feature_measures.MEASURES` of each row, float32 of shape (N, 6), NaN where they are not known; None where none are.
    present
        Whether each of S streams has each row, bool of shape (N, S); None where all have. Values of a stream are NaN where it has not,
        for a view may be missing, start later or end earlier.
    growths
        Those of `vision.size_growth.GROWTHS` that are known.
    """

    values: npt.NDArray[np.floating]
    time_s: npt.NDArray[np.float64]
    fps: float
    streams: tuple[StreamDescription, ...]
    broke_off: bool
    rows: SampledRows | None = None
    measures: npt.NDArray[np.float32] | None = None
    present: npt.NDArray[np.bool_] | None = None
    growths: Mapping[str, float] = field(default_factory=dict)

    @property
    def complete_values(self) -> npt.NDArray[np.floating]:
        """The values of the rows that all streams have, shape (M, D)."""
        return self.values if self.present is None else self.values[np.flatnonzero(self.present.all(axis=1))]

    @property
    def is_seen(self) -> npt.NDArray[np.bool_] | None:
        """Whether some stream has each row, bool of shape (N,); None where all rows are seen."""
        if self.present is None:
            return None
        seen: npt.NDArray[np.bool_] = np.asarray(self.present.any(axis=1))
        return None if seen.all() else seen

    @property
    def is_frame_seen(self) -> npt.NDArray[np.bool_] | None:
        """Whether some stream has each frame of the video, or the row nearest to it, bool of shape (T,); None where all are seen."""
        seen = self.is_seen
        return seen if seen is None or self.rows is None else seen[self.rows.find_nearest()]

    @property
    def frames(self) -> Frames:
        """The frames of the video."""
        return Frames(len(self.time_s), self.time_s, self.broke_off)

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.fps if self.rows is None else self.rows.rate

    @property
    def row_time_s(self) -> npt.NDArray[np.float64]:
        """Times of the rows' frames in seconds, float64 of shape (N,)."""
        return self.time_s if self.rows is None else self.rows.row_time_s

    @property
    def row_frames(self) -> npt.NDArray[np.int64]:
        """The frame of each row, int64 of shape (N,), never decreasing."""
        return np.arange(len(self.time_s), dtype=np.int64) if self.rows is None else self.rows.frames

    def list_stretches(self) -> list[tuple[int, int]]:
        """Return the stretches [start, stop) of rows between which nothing was recorded."""
        if self.rows is not None:
            return self.rows.find_stretches()
        return [(start, stop) for start, stop in find_stretches(self.time_s).tolist()]

    def spread(self, values: npt.NDArray[np.float32], *, average: int = 1) -> npt.NDArray[np.float32]:
        """Return `values` (V, K), each of `average` rows, for every frame of the video, shape (T, K); NaN where no stream has it."""
        per_row = spread_rows(values, average, len(self.values))
        per_frame = per_row if self.rows is None else np.clip(self.rows.spread(per_row), 0.0, 1.0)
        seen = self.is_frame_seen
        if seen is None:
            return per_frame
        return np.where(seen[:, None], per_frame, np.float32(np.nan))


def require_same_frames(recording: str, names: Sequence[str], sets: Sequence[FeatureSet | FeatureOutline]) -> None:
    """Raise UsageError where feature sets of one recording have different numbers of frames, or frame rates."""
    lengths = {name: features.n_frames for name, features in zip(names, sets, strict=True)}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise UsageError(f"recording {recording!r}: its streams have different numbers of frames ({listed}); import them again to match.")
    first = sets[0]
    if not all(have_same_rate(features.fps, first.fps) for features in sets):
        listed = ", ".join(f"{name} {features.fps:.4g}" for name, features in zip(names, sets, strict=True))
        raise UsageError(
            f"recording {recording!r}: its streams have different frame rates ({listed}); import them again with the right --fps."
        )


def lay_feature_rows(recording: str, sets: Sequence[FeatureSet | FeatureOutline], *, sampling: float | None) -> SampledRows | None:
    """Return the rows of feature sets of one recording at `sampling` a second; None where it is None, and each frame is a row.

    Imported features, which have all frames, give those that are sampled of the others.

    Raises
    ------
    UsageError
        If sets are of different frames, or the recording is far too slow for such a rate.
    """
    if sampling is None:
        return None
    sampled = [features for features in sets if features.frames is not None]
    first = (sampled or sets)[0]
    if len({(features.n_frames, _list_frames(features)) for features in sampled}) > 1:
        raise UsageError(f"recording {recording!r}: its streams are of different frames; delete its features, and embed it again.")
    if sampling > _MOST_REPEATED * first.fps:
        raise UsageError(
            f"recording {recording!r}: has {first.fps:.4g} frames per second, far fewer than sampling.fps {sampling:g}, so that each would "
            f"be read more than {_MOST_REPEATED} times in a row; lower sampling.fps, or leave the recording out."
        )
    frames = sample_frames(first.time_s, sampling) if first.frames is None else first.frames
    return lay_rows(first.time_s, frames, rate=sampling, fps=first.fps)


def _list_frames(features: FeatureSet | FeatureOutline) -> bytes:
    return b"" if features.frames is None else features.frames.tobytes()


def join_streams(
    recording: str,
    names: Sequence[str],
    sets: Sequence[FeatureSet | None],
    *,
    sampling: float | None = None,
    starts: Sequence[float] | None = None,
    onto: RecordingFeatures | None = None,
    lacked: Mapping[str, StreamDescription] | None = None,
) -> RecordingFeatures:
    """Return feature sets of one recording side by side, at `sampling` rows a second where it is given.

    Streams of other views are laid onto the rows of the first one: the nearest of their rows in time stands for each.

    Parameters
    ----------
    sets
        One for each of the streams `names`; None for one of a view that the recording lacks.
    starts
        How many seconds after the first view that of each stream starts; 0 where None.
    onto
        What has the rows of the first view, where none of the streams is of it.
    lacked
        What the features of a view that the recording lacks would be; they are left out where this does not say.

    Raises
    ------
    UsageError
        As `require_same_frames` and `lay_feature_rows`, and if a view shows no moment that the first one shows.
    """
    firsts = [(name, features) for name, features in zip(names, sets, strict=True) if features is not None and not split_stream(name)[1]]
    line = _lay_line(recording, firsts, sampling) if firsts else onto
    if line is None:
        raise ValueError(f"{', '.join(names)} are of other views than the first, and nothing says which rows that has")
    values: list[npt.NDArray[np.floating]] = []
    streams: list[StreamDescription] = []
    shown: list[npt.NDArray[np.bool_]] = []
    row_time_s = line.row_time_s
    for name, features, start_s in zip(names, sets, starts or [0.0] * len(names), strict=True):
        view = split_stream(name)[1]
        if features is None:
            if lacked is None or name not in lacked:
                continue
            values.append(make_absent(len(row_time_s), lacked[name].n_features))
            shown.append(np.zeros(len(row_time_s), dtype=np.bool_))
            streams.append(lacked[name])
            continue
        if view:
            rows = align_view(f"{recording}@{view}", find_row_times(features), start_s, row_time_s)
            values.append(lay_view(features.features, rows))
            shown.append(rows.is_shown)
        else:
            values.append(_take_rows(features, features.features, line.rows))
            shown.append(np.ones(len(row_time_s), dtype=np.bool_))
        signature = features.signature.text
        streams.append(StreamDescription(name=name, signature=signature, n_features=features.features.shape[1]))
    joined = cast("npt.NDArray[np.floating]", RowBlocks.join(values)) if any(isinstance(one, RowBlocks) for one in values) else None
    measures = [_take_rows(features, features.measures, line.rows) for _, features in firsts if features.measures is not None]
    return replace(
        line,
        values=values[0] if len(values) == 1 else np.concatenate(values, axis=1) if joined is None else joined,
        streams=tuple(streams),
        measures=join_measures(measures) if measures else None,
        growths={name: float(of.attributes[name]) for name in GROWTHS for _, of in reversed(firsts) if name in of.attributes},
        present=None if all(one.all() for one in shown) else np.column_stack(shown),
    )


def _lay_line(recording: str, firsts: Sequence[tuple[str, FeatureSet]], sampling: float | None) -> RecordingFeatures:
    """Return the rows that feature sets of the first view have, without their numbers."""
    names, sets = [name for name, _ in firsts], [features for _, features in firsts]
    require_same_frames(recording, names, sets)
    first = next((features for features in sets if features.frames is not None), sets[0])
    rows = lay_feature_rows(recording, sets, sampling=sampling)
    return RecordingFeatures(
        values=np.empty((first.n_frames if rows is None else len(rows), 0), dtype=np.float16),
        time_s=first.time_s,
        fps=first.fps,
        streams=(),
        broke_off=any(bool(features.attributes.get("broke_off")) for features in sets),
        rows=rows,
    )


def _take_rows(features: FeatureSet, values: npt.NDArray[np.floating], rows: SampledRows | None) -> npt.NDArray[np.floating]:
    """Return those of the `values` (S, D) of a set's rows that are of the frames that rows stand at, shape (N, D); all where None."""
    if rows is None:
        return values
    places = rows.frames if features.frames is None else np.searchsorted(features.frames, rows.frames)
    # Usually they are what is in the file, of which a second copy may not fit into memory.
    if np.array_equal(places, np.arange(len(values))):
        return values
    if isinstance(values, RowBlocks):
        return cast("npt.NDArray[np.floating]", values.take(places))
    return values[places]
