"""What a model would predict about one frame if some of the features around it were others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from behavior.errors import UsageError
from behavior.frame_times import have_same_rate
from behavior.learning.model_features import ModelFeatures
from behavior.learning.opened_model import OpenedMember, OpenedModel
from behavior.learning.recording_features import RecordingFeatures
from behavior.learning.variants import find_log_odds
from behavior.sequence.averaging import average_features, spread_rows
from behavior.sequence.inference import resample_rows

__all__ = ["FeatureChange", "FrameQuestion"]

Floats = npt.NDArray[np.float32]

# Probabilities nearer to 0 or 1 than this are not told apart: float32 has hardly any between.
_SMALLEST = 1e-6
# How many values of windows go through a network at once.
_VALUES_AT_ONCE = 2**23


@dataclass(frozen=True)
class FeatureChange:
    """Other features in place of those of some rows, which are frames unless features are sampled.

    Attributes
    ----------
    stream
        Whose features, as `ModelFeatures.find_streams` tells it from the others.
    first
        First row.
    values
        The features instead, shape (N, C).
    columns
        Which of the stream's features these are, shape (C,); None for all of them.
    """

    stream: str
    first: int
    values: npt.NDArray[np.floating]
    columns: npt.NDArray[np.intp] | None = None


class FrameQuestion:
    """Asks the members of a model that know a behavior about one frame, as often as wanted.

    Without a change the answer is that of `prediction.predict_probabilities`, before calibration; where members vote there, or
    the highest counts, it is the mean of their probabilities here, because votes do not change little by little.

    Parameters
    ----------
    model, sources
        The model, and where its features are from.
    features
        For each member, in order.
    frame
        Which frame.
    behavior
        Whose log-odds are asked for.

    Raises
    ------
    UsageError
        If the model does not know the behavior, or the recording does not have the frame.
    """

    def __init__(
        self, model: OpenedModel, sources: ModelFeatures, features: Sequence[RecordingFeatures], *, frame: int, behavior: str
    ) -> None:
        n_frames = features[0].frames.n_frames
        if not 0 <= frame < n_frames:
            raise UsageError(f"there is no frame {frame} in a recording of {n_frames} frames; frames count from 0.")
        self._members = [
            _MemberQuestion(member, own, sources, frame=frame, behavior=behavior, fps=model.description.fps)
            for member, own in zip(model.members, features, strict=True)
            if behavior in member.description.behaviors
        ]
        if not self._members:
            raise UsageError(f"{model.folder}: does not know {behavior!r}, but {', '.join(model.description.behaviors)}.")
        self._are_odds_averaged = model.description.combine == "log_odds"
        self.log_odds = float(self.ask([()])[0])

    @property
    def rows(self) -> tuple[int, int]:
        """The rows [start, stop) whose features count for the answer."""
        return min(member.rows[0] for member in self._members), max(member.rows[1] for member in self._members)

    def ask(self, variants: Iterable[Sequence[FeatureChange]]) -> npt.NDArray[np.float64]:
        """Return the log-odds of the behavior in the frame with each of some changes to the features, float64 of shape (V,)."""
        listed = list(variants)
        answers = np.stack([member.predict(listed) for member in self._members]).astype(np.float64)
        if self._are_odds_averaged:
            return np.asarray(find_log_odds(answers).mean(axis=0))
        probabilities = answers.mean(axis=0)
        clipped = np.clip(probabilities, _SMALLEST, 1 - _SMALLEST)
        return np.asarray(np.log(clipped / (1 - clipped)))


class _MemberQuestion:
    """One member; only what the frame depends on is computed, and the answer is that of a whole recording."""

    def __init__(
        self, member: OpenedMember, features: RecordingFeatures, sources: ModelFeatures, *, frame: int, behavior: str, fps: float
    ) -> None:
        description = member.description
        self._member, self._average = member, description.average
        self._output = description.behaviors.index(behavior)
        offsets = np.cumsum([0, *(stream.n_features for stream in description.streams)]).tolist()
        keys = [key for key, _ in sources.find_streams(description)]
        self._columns = {key: np.arange(start, stop) for key, start, stop in zip(keys, offsets[:-1], offsets[1:], strict=True)}
        # What `RecordingFeatures.spread` makes the frame's values of.
        rows = np.array([frame], dtype=np.int64)
        self._weights: npt.NDArray[np.float64] = np.ones(1)
        if features.rows is not None:
            rows, self._weights = features.rows.weigh(frame)
        start, stop = next((start, stop) for start, stop in features.list_stretches() if start <= rows[0] < stop)
        time_s = features.row_time_s[start:stop]
        self._new_times: npt.NDArray[np.float64] | None = None
        n_rows, first, last = stop - start, int(rows[0]) - start, int(rows[-1]) - start
        is_resampled = not have_same_rate(features.rate, fps)
        if is_resampled:
            # As `prediction` brings features to the model's rate.
            step = 1.0 / fps
            times = np.arange(time_s[0], time_s[-1] + step / 2, step)
            n_rows = len(times)
            around = np.clip(np.searchsorted(times, time_s[[first, last]]), 0, n_rows - 1)
            first, last = max(int(around[0]) - 1, 0), int(around[1])
        first_mean = max(first // self._average - (self._average > 1), 0)
        last_mean = min(last // self._average + (self._average > 1), -(-n_rows // self._average) - 1)
        begin_mean, end_mean = member.model.find_reach(first_mean, last_mean, -(-n_rows // self._average))
        begin, end = begin_mean * self._average, min(end_mean * self._average, n_rows)
        if not is_resampled:
            self.rows = start + begin, start + end
        else:
            self._new_times = times[begin:end]
            # One row more at both ends, between which the new ones lie.
            low = max(int(np.searchsorted(time_s, times[begin], side="right")) - 1, 0)
            high = min(int(np.searchsorted(time_s, times[end - 1])) + 1, len(time_s))
            self.rows = start + low, start + high
        self._times = features.row_time_s[self.rows[0] : self.rows[1]]
        self._wanted_times = features.row_time_s[rows]
        self._places = rows - start - begin
        self._values = features.values[self.rows[0] : self.rows[1]].astype(np.float32)
        self._dtype = features.values.dtype

    def predict(self, variants: Sequence[Sequence[FeatureChange]]) -> npt.NDArray[np.float64]:
        """Return the probability with each of some changes, shape (V,)."""
        left = iter(variants)
        answers: list[float] = []
        n_at_once = max(_VALUES_AT_ONCE // max(self._values.size, 1), 1)
        while chunk := list(islice(left, n_at_once)):
            answers += self._predict_some(np.stack([self._prepare(self._apply(changes)) for changes in chunk]))
        return np.array(answers)

    def _apply(self, changes: Sequence[FeatureChange]) -> Floats:
        values = self._values.copy()
        low, high = self.rows
        for change in changes:
            columns = self._columns.get(change.stream)
            if columns is None:
                continue
            first, last = max(change.first, low), min(change.first + len(change.values), high)
            if first < last:
                own = columns if change.columns is None else columns[change.columns]
                values[first - low : last - low, own] = change.values[first - change.first : last - change.first]
        return values

    def _prepare(self, values: Floats) -> npt.NDArray[np.floating]:
        if self._new_times is not None:
            values = resample_rows(values, self._times, self._new_times)
        averaged = average_features(values, self._average)
        return averaged if self._member.preparation is None else self._member.preparation.apply(averaged)

    def _predict_some(self, prepared: npt.NDArray[np.floating]) -> Iterator[float]:
        """Return the answers for features (V, R, D)."""
        predicted = self._member.model.predict_variants(prepared)[..., self._output : self._output + 1]
        n_spread = len(self._values) if self._new_times is None else len(self._new_times)
        for one in predicted:
            spread = spread_rows(one, self._average, n_spread)
            of_rows = spread[self._places] if self._new_times is None else resample_rows(spread, self._new_times, self._wanted_times)
            yield float(self._weights @ of_rows[:, 0])
