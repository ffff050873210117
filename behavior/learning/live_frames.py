"""The frames of a live recording on their way through a model: every one, or those nearest to the model's grid in time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.files.live_record import Looked
from behavior.frame_sampling import RowLayer, Sampler
from behavior.frame_times import have_same_rate
from behavior.learning.live_features import LiveFeatures, View
from behavior.learning.live_prediction import LivePredictor
from behavior.learning.live_sampling import RowSpreader
from behavior.learning.opened_model import OpenedModel

__all__ = ["LiveFrames", "Look", "Taken", "make_live_frames"]

# A camera this much faster than the grid has a frame nearer to each of its points than any other point's.
_FASTER = 1.4

Floats = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Look:
    """What the model saw of a frame.

    Attributes
    ----------
    looked
        Whether it looked.
    details
        Numbers of a frame that it looked at, as `LiveDescription.list_details` names them.
    """

    looked: Looked
    details: tuple[float, ...] = ()


@dataclass(frozen=True)
class Taken:
    """What is known once another frame came.

    Attributes
    ----------
    looks
        Of the frames that have waited longest for that.
    values
        Probabilities (N, B) of those that have waited longest for these.
    is_predicted
        Whether the model has said them; else there was nothing to look at yet, and they are 0.
    """

    looks: list[Look]
    values: Floats
    is_predicted: bool = True


class LiveFrames(ABC):
    """Takes frame after frame, recording by recording and stretch by stretch.

    Parameters
    ----------
    model
        One that `live_prediction.find_obstacle` says nothing against.
    features
        Of their pictures.
    """

    def __init__(self, model: OpenedModel, features: LiveFeatures) -> None:
        self._model, self._features = model, features
        self._n_behaviors = len(model.description.behaviors)
        # Whether there was ever something to look at, and in this stretch.
        self._has_begun = self._is_predicting = False

    def begin(self, time_s: float, *, is_first: bool) -> None:
        """Begin a stretch, whose first frame is at `time_s`; the one before is finished. `is_first` if it is the first of a recording."""
        self._predictor = LivePredictor(self._model)
        self._features.forget()
        self._is_predicting = False
        self._begin(time_s, is_first=is_first)

    def take(self, time_s: float, image: Image | None, *, is_skipped: bool = False) -> Taken:
        """Take the next frame: its time, and its picture, RGB (H, W, 3), or None where there is none."""
        looked: Looked = "skipped" if is_skipped else "not decoded"
        view = None if image is None else self._features.look(image, time_s)
        if image is not None:
            looked = "warm-up" if view is None else "yes" if view.is_found else "not found"
        self._has_begun |= view is not None
        self._is_predicting |= self._has_begun and looked != "warm-up"
        if not self._is_predicting:
            return Taken([Look(looked)], np.zeros((1, self._n_behaviors), dtype=np.float32), is_predicted=False)
        return self._take(time_s, view, looked)

    @abstractmethod
    def finish(self) -> Taken:
        """Return what is left of the stretch."""

    @abstractmethod
    def _begin(self, time_s: float, *, is_first: bool) -> None: ...

    @abstractmethod
    def _take(self, time_s: float, view: View | None, looked: Looked) -> Taken: ...


class EveryFrame(LiveFrames):
    """For a model that was trained on every frame; one that was not seen is taken to look like the one before."""

    def __init__(self, model: OpenedModel, features: LiveFeatures) -> None:
        super().__init__(model, features)
        self._last: Sequence[npt.NDArray[np.floating]] = ()

    def finish(self) -> Taken:
        """Return what is left of the stretch."""
        return Taken([], self._predictor.finish())

    def _begin(self, time_s: float, *, is_first: bool) -> None:
        pass

    def _take(self, time_s: float, view: View | None, looked: Looked) -> Taken:
        details: tuple[float, ...] = ()
        if view is not None:
            described = self._features.describe(view)
            self._last, details = described.vectors, described.details
        return Taken([Look(looked, details)], self._predictor.advance(self._last))


class GridFrames(LiveFrames):
    """For a model that was trained on the frames nearest to a grid in time: only these are looked at.

    Parameters
    ----------
    rate
        Points of the grid a second.
    is_patient
        As for `RowLayer` and `RowSpreader`.
    """

    def __init__(self, model: OpenedModel, features: LiveFeatures, *, rate: float, is_patient: bool) -> None:
        super().__init__(model, features)
        self._rate, self._is_patient = rate, is_patient
        self._spreader = RowSpreader(self._n_behaviors, is_patient=is_patient)

    def _begin(self, time_s: float, *, is_first: bool) -> None:
        if is_first:
            self._sampler: Sampler[tuple[int, float, View]] = Sampler(self._rate)
            self._layer = RowLayer(self._rate, is_patient=self._is_patient)
        self._layer.start_stretch(time_s)
        self._spreader = RowSpreader(self._n_behaviors, is_patient=self._is_patient, before=self._spreader.last)
        # Those of the frames from `_first` on, which may still be looked at.
        self._looks: deque[Look] = deque()
        self._first = self._n_frames = 0
        self._last_s = time_s

    def _take(self, time_s: float, view: View | None, looked: Looked) -> Taken:
        frame, self._n_frames, self._last_s = self._n_frames, self._n_frames + 1, time_s
        self._spreader.add_frame(time_s)
        self._looks.append(Look(looked))
        chosen = [] if view is None else self._sampler.take(time_s, (frame, time_s, view))
        taken = [self._look_at(*one) for one in chosen]
        return self._join(taken)

    def finish(self) -> Taken:
        """Return what is left of the stretch."""
        taken = [self._look_at(*one) for one in self._sampler.finish()]
        rows = self._layer.finish(self._last_s)
        parts = [self._advance(*row) for row in rows]
        parts += [self._spreader.answer(self._predictor.finish()), self._spreader.finish()]
        looks = self._pass(self._n_frames)
        return self._join([*taken, Taken(looks, np.concatenate(parts))])

    def _look_at(self, frame: int, time_s: float, view: View) -> Taken:
        described = self._features.describe(view)
        before = self._pass(frame)
        look = Look(self._looks.popleft().looked, described.details)
        self._first += 1
        rows = self._layer.take(time_s, (frame, described.vectors))
        parts = [self._advance(*row) for row in rows]
        return Taken([*before, look], np.concatenate([self._nothing(), *parts]))

    def _advance(self, frame: int, vectors: Sequence[npt.NDArray[np.floating]]) -> Floats:
        self._spreader.lay(frame)
        return self._spreader.answer(self._predictor.advance(vectors))

    def _pass(self, frame: int) -> list[Look]:
        """Return the looks of the frames before one, which none of them is any more."""
        looks = [self._looks.popleft() for _ in range(frame - self._first)]
        self._first = frame
        return [Look("between") if one.looked in ("yes", "not found") else one for one in looks]

    def _nothing(self) -> Floats:
        return np.empty((0, self._n_behaviors), dtype=np.float32)

    def _join(self, taken: Sequence[Taken]) -> Taken:
        return Taken([look for one in taken for look in one.looks], np.concatenate([self._nothing(), *(one.values for one in taken)]))


def make_live_frames(model: OpenedModel, features: LiveFeatures, *, fps: float) -> LiveFrames:
    """Return what takes the frames of a recording of about `fps` frames a second."""
    rate = model.description.sampling_fps
    if rate is None or have_same_rate(fps, rate):
        return EveryFrame(model, features)
    return GridFrames(model, features, rate=rate, is_patient=fps < _FASTER * rate)
