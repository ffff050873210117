"""Why a model predicts what it predicts: how its answer about a frame changes when part of its input is hidden.

All numbers are changes of the log-odds of a behavior: the answer less the answer with something hidden. Above 0, the hidden part spoke for
the behavior; below 0, against it. Three things are hidden:

- A patch of the picture, in the frames around the one that is asked about. It is covered with what the video shows there at most times,
  the scene without the animal; features are computed from the covered crops by the code that embedded the video, with the model's own
  engine and backbone. This cannot hide what never moves. Log-odds that stay high with the whole crop covered may mean that a
  model goes by the scene, or only that it was never trained on an empty scene.
- A moment. Its features are replaced by those of other moments of the recording, several times, and the changes are averaged.
- A stream, or the features of a body part, around the frame, likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import pairwise
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from behavior.config import POSE
from behavior.embedding.covered_crops import CropSource
from behavior.embedding.crop_streams import CropStream
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.errors import ModelError, UsageError
from behavior.files.feature_sources import Signature
from behavior.learning.explanation import Explanation, Moments, PictureMap, average_maps, average_moments
from behavior.learning.frame_question import FeatureChange, FrameQuestion
from behavior.learning.model_features import LoadedFeatures, ModelFeatures
from behavior.learning.opened_model import OpenedModel
from behavior.learning.recording_features import RecordingFeatures
from behavior.recording import Recording
from behavior.vision.occlusion import PatchGrid, lay_out_map, measure_alteration
from behavior.vision.pose_features import group_pose_features
from behavior.vision.social_features import group_social_features

__all__ = ["GRID", "Explainer"]

# Chosen on a rendered study of another seed than the scores of scripts/measure_explanations.py are on.
GRID = PatchGrid(12, 0.18)
_WHOLE = PatchGrid(1, 1.0)
# Side of a map, cells.
MAP_SIZE = 64
# How far around the frame patches are covered, and how many of the frames there are described; the others' changes lie in between.
SPAN_S, MOST_DESCRIBED = 0.25, 5
# Moments: how long each is, and how many there are at most on either side of the frame.
MOMENT_S, MOST_MOMENTS = 0.5, 20
# Other moments whose features replace what is hidden.
N_OTHERS = 8
# Two precisions of one backbone give features of a crop with at least this cosine.
_LOWEST_COSINE = 0.97

Floats = npt.NDArray[np.float64]
Advance = Callable[[float], None]


class Explainer(AbstractContextManager["Explainer"]):
    """Explains what a model predicts about one recording, whose features are in the cache.

    Parameters
    ----------
    model, sources
        The model, and where its features are.
    recording
        Which recording.

    Raises
    ------
    CacheError
        If features are missing, damaged or out of date.
    ModelError
        If they mean something else than those that the model was trained on.
    """

    def __init__(self, model: OpenedModel, sources: ModelFeatures, recording: Recording) -> None:
        self._model, self._sources, self._recording = model, sources, recording
        self._loaded: LoadedFeatures = sources.load(recording)
        self._inputs = RecordingInputs(recording)
        self._crops: CropSource | None = None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def __enter__(self) -> Self:
        return self

    def close(self) -> None:
        """Close the video."""
        if self._crops is not None:
            self._crops.close()

    @property
    def features(self) -> RecordingFeatures:
        """Those of the first member; all have the same frames."""
        return self._loaded.by_member[0]

    def explain(self, behavior: str, frames: Sequence[int], *, advance: Advance = lambda share: None) -> Explanation:
        """Explain what the model predicts about `behavior` in `frames`, one or several of a bout.

        Parameters
        ----------
        advance
            Is told which share of the work is done, from 0 to 1.

        Raises
        ------
        UsageError
            If there is no such behavior or frame.
        VideoError
            If the video is gone, has other frames than its features, or cannot be decoded there.
        ModelError
            If the features of the cache are not those that the model's engine gives now.
        """
        questions = [FrameQuestion(self._model, self._sources, self._loaded.by_member, frame=frame, behavior=behavior) for frame in frames]
        maps: list[PictureMap] = []
        moments: list[Moments] = []
        hidden: list[dict[str, float]] = []
        for number, (frame, question) in enumerate(zip(frames, questions, strict=True)):
            moments.append(self._hide_moments(question, frame))
            hidden.append(self._hide_features(question, frame))

            def tell(share: float, number: int = number) -> None:
                advance((number + share) / len(frames))

            if self._crop_streams:
                maps.append(self._hide_patches(question, frame, tell))
            tell(1.0)
        middle = len(frames) // 2
        names = {key: None for one in hidden for key in one}
        means = {name: float(np.mean([one[name] for one in hidden if name in one])) for name in names}
        parts = self._part_columns
        return Explanation(
            recording=self._recording.id,
            behavior=behavior,
            frame=frames[middle],
            time_s=float(self.features.time_s[frames[middle]]),
            frames=tuple(frames),
            log_odds=float(np.mean([question.log_odds for question in questions])),
            picture=average_maps(maps) if maps else None,
            moments=average_moments(moments),
            streams={name: value for name, value in means.items() if name not in parts},
            parts={name: value for name, value in means.items() if name in parts},
            notes=tuple(self._list_notes()),
        )

    @property
    def _crop_streams(self) -> dict[str, CropStream]:
        """The streams that are computed from single pictures, by what tells them apart."""
        members = self._model.description.members
        found = {key: stream for member in members for key, stream in self._sources.find_streams(member)}
        return {key: stream for key, stream in found.items() if isinstance(stream, CropStream) and not stream.looks_at_clips}

    def _list_notes(self) -> Iterator[str]:
        if self._model.has_seen(self._recording):
            yield "The model was trained on this recording."
        if self._model.description.combine == "vote":
            yield "The members of the model vote; the explanation is of the mean of their probabilities."
        if self._model.description.combine == "any":
            yield "The member with the highest probability decides; the explanation is of the mean of their probabilities."
        if not self._crop_streams:
            yield "The model does not use single pictures, so no map can be drawn."

    # Patches of the picture.

    def _hide_patches(self, question: FrameQuestion, frame: int, advance: Advance) -> PictureMap:
        source = self._open_crops()
        rows = self._list_span(frame, SPAN_S)
        described = np.unique(np.linspace(rows[0], rows[-1], min(MOST_DESCRIBED, len(rows))).round().astype(int))
        # Rows of one frame have one picture.
        row_of = dict(zip(reversed(self.features.row_frames[described].tolist()), reversed(described.tolist()), strict=True))
        picture = source.read_picture(frame)
        streams, fps = self._crop_streams, source.fps
        # By stream: which rows were described, and what each patch, and last the whole, changes in their features.
        hidden: dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]] = {}
        altered = np.zeros((MAP_SIZE, MAP_SIZE), dtype=np.float32)
        for number, (key, stream) in enumerate(streams.items()):
            stream.prepare(self._inputs)
            crops = source.read(sorted(row_of), stream)
            places = np.array([row_of[one] for one in crops.frames.tolist()], dtype=np.int64)
            plain = crops.describe(stream, fps=fps)
            self._require_same(stream, plain, self._find_cached(key)[places])
            altered += measure_alteration(crops.images, crops.background, MAP_SIZE)
            parts = []
            for patches in crops.list_portions(GRID):
                parts.append(crops.describe_covered(stream, GRID, patches, fps=fps) - plain)
                advance(0.95 * (number + patches.stop / len(GRID)) / len(streams))
            parts.append(crops.describe_covered(stream, _WHOLE, range(1), fps=fps) - plain)
            hidden[key] = places, np.concatenate(parts)

        def list_variants() -> Iterator[list[FeatureChange]]:
            for patch in range(len(GRID) + 1):
                yield [
                    FeatureChange(key, rows[0], self._find_cached(key)[rows] + _spread(changes[patch], places, np.array(rows)))
                    for key, (places, changes) in hidden.items()
                ]

        answers = question.ask(list_variants())
        by_patch = question.log_odds - answers[:-1]
        corners = source.windows.find_corners(frame)
        return PictureMap(lay_out_map(by_patch, GRID, altered), corners, picture, by_patch, float(answers[-1]))

    def _open_crops(self) -> CropSource:
        """Return where crops come from; opened at the first call."""
        if self._crops is None:
            assert self._model.crop is not None
            self._crops = CropSource(self._inputs, self._model.crop, frames=self.features.frames)
        return self._crops

    def _require_same(self, stream: CropStream, computed: npt.NDArray[np.floating], cached: npt.NDArray[np.floating]) -> None:
        lengths = np.linalg.norm(computed, axis=1) * np.linalg.norm(cached, axis=1)
        cosines = np.divide((computed * cached).sum(axis=1), lengths, out=np.ones(len(computed)), where=lengths > 0)
        if cosines.min() < _LOWEST_COSINE:
            raise ModelError(
                f"{self._recording.id}: its cached features of {stream.name} differ from those computed now (cosine "
                f"{cosines.min():.3f}); they are from another engine or version; embed the recording again."
            )

    # Moments, streams and body parts.

    def _hide_moments(self, question: FrameQuestion, frame: int) -> Moments:
        rate, time_s = self.features.rate, self.features.row_time_s
        length = max(round(MOMENT_S * rate), 1)
        low, high = question.rows
        first = self._find_row(frame) - length // 2
        n_before = min(-(-max(first - low, 0) // length), MOST_MOMENTS)
        n_after = min(-(-max(high - first - length, 0) // length), MOST_MOMENTS)
        edges = np.unique(np.clip(first + length * np.arange(-n_before, n_after + 2), low, high))
        changes = [self._ask_others(question, start, stop) for start, stop in pairwise(edges.tolist())]
        times = np.append(time_s, time_s[-1] + 1 / rate)[edges] - self.features.time_s[frame]
        return Moments(times, np.array(changes))

    def _hide_features(self, question: FrameQuestion, frame: int) -> dict[str, float]:
        """Return the changes by stream, and by body part, with the span around the frame replaced."""
        rows = self._list_span(frame, SPAN_S)
        changes: dict[str, float] = {}
        for key, name in self._stream_names.items():
            changes[name] = self._ask_others(question, rows[0], rows[-1] + 1, stream=key)
        for name, (key, columns) in self._part_columns.items():
            changes[name] = self._ask_others(question, rows[0], rows[-1] + 1, stream=key, columns=columns)
        return changes

    def _ask_others(
        self, question: FrameQuestion, start: int, stop: int, *, stream: str | None = None, columns: npt.NDArray[np.intp] | None = None
    ) -> float:
        """Return the mean change with the features of the rows [start, stop), or some of them, replaced by those of other moments."""
        length, n_rows = stop - start, len(self.features.values)
        last = max(n_rows - length, 0)
        others = np.linspace(0, last, N_OTHERS + 2)[1:-1].round().astype(int).tolist()
        keys = list(self._stream_names) if stream is None else [stream]
        variants = []
        for other in others:
            variant = []
            for key in keys:
                values = self._find_cached(key)[other : other + length]
                variant.append(FeatureChange(key, start, values if columns is None else values[:, columns], columns))
            variants.append(variant)
        return question.log_odds - float(question.ask(variants).mean())

    def _list_span(self, frame: int, reach_s: float) -> list[int]:
        """Return the rows up to `reach_s` from a frame, without a gap in time."""
        row = self._find_row(frame)
        reach = max(round(reach_s * self.features.rate), 0)
        start, stop = next((low, high) for low, high in self.features.list_stretches() if low <= row < high)
        return list(range(max(row - reach, start), min(row + reach + 1, stop)))

    def _find_row(self, frame: int) -> int:
        """Return the row of features that is nearest to a frame."""
        return frame if self.features.rows is None else int(self.features.rows.find_nearest()[frame])

    @property
    def _stream_names(self) -> dict[str, str]:
        """What each stream is called, by what tells them apart."""
        names: dict[str, str] = {}
        for member in self._model.description.members:
            for (key, _), stream in zip(self._sources.find_streams(member), member.streams, strict=True):
                backbone = f" ({member.backbone.name})" if member.backbone is not None and key != stream.name else ""
                names[key] = f"{stream.name}{backbone}" if f"{stream.name}{backbone}" not in names.values() else key
        return names

    @property
    def _part_columns(self) -> dict[str, tuple[str, npt.NDArray[np.intp]]]:
        """The stream and columns of each body part."""
        for member in self._model.description.members:
            for (key, _), stream in zip(self._sources.find_streams(member), member.streams, strict=True):
                if stream.name == POSE:
                    settings = Signature.from_text(stream.signature).settings
                    parts = settings["body_parts"]
                    assert isinstance(parts, list)
                    has_axis = bool(settings["body_axis"])
                    groups = group_pose_features(parts, has_axis=has_axis, has_arena=bool(settings["walls"]))
                    if (others := settings.get("others")) is not None:
                        n_own = sum(len(columns) for columns in groups.values())
                        social = group_social_features(
                            parts, others["body_parts"], has_axis=has_axis, takes_nearest=bool(others["nearest"])
                        )
                        groups |= {name: columns + n_own for name, columns in social.items()}
                    return {name: (key, columns) for name, columns in groups.items()}
        return {}

    def _find_cached(self, key: str) -> npt.NDArray[np.floating]:
        """Return the cached features (N, D) of a stream."""
        for member, features in zip(self._model.description.members, self._loaded.by_member, strict=True):
            start = 0
            for (own, _), stream in zip(self._sources.find_streams(member), member.streams, strict=True):
                if own == key:
                    return features.values[:, start : start + stream.n_features]
                start += stream.n_features
        raise UsageError(f"the model has no stream {key!r}.")


def _spread(changes: npt.NDArray[np.floating], places: npt.NDArray[np.int64], frames: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return changes (N, D) that are known at some `places` at each of `frames`: linear in between, (F, D)."""
    if len(places) == 1:
        return np.repeat(changes, len(frames), axis=0).astype(np.float32)
    right = np.clip(np.searchsorted(places, frames), 1, len(places) - 1)
    share = np.clip((frames - places[right - 1]) / (places[right] - places[right - 1]), 0, 1)[:, None]
    return np.asarray(changes[right - 1] * (1 - share) + changes[right] * share, dtype=np.float32)
