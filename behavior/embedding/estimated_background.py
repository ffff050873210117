"""Where an animal is in the pictures of a camera of which no other picture is known: the background is estimated from them as they come."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.embedding.live_positions import Floats, TrackedPosition
from behavior.embedding.opened_detector import open_detector
from behavior.embedding.track_request import TrackRequest
from behavior.errors import VideoError
from behavior.progress import announce, warn
from behavior.tracking.background_detector import to_grey

__all__ = ["WARM_UP_S", "EstimatedBackgroundPosition"]

WARM_UP_S = 10.0
# Part of the warm-up in which pictures are gathered; in the rest, settings are chosen in a thread.
_GATHERING = 0.8
# Pictures that are kept, fewer of large ones; the first background is made of half as many.
_MOST_SAMPLES, _MOST_BYTES, _FEWEST = 48, 256 * 2**20, 12


class EstimatedBackgroundPosition:
    """The animal that a detector finds before a background that is estimated from the pictures themselves.

    The first background is a median, or what else fits best, of pictures of the first seconds; each time that twice as much was seen,
    another is made of pictures from all of it, which takes over a while later, so that choosing its settings, in a thread, delays nothing.
    In between, the background follows slow changes of the light. All of this follows from the pictures and their times alone: pictures
    that come as fast as they are taken, and as fast as a camera takes them, give the same positions.

    Parameters
    ----------
    name
        Of the source, for sentences.
    warm_up_s
        Seconds in which nothing is known yet.
    given
        What finds the animal as long as pictures have the size of the first one, where a background is known.
    """

    def __init__(self, name: str, *, warm_up_s: float = WARM_UP_S, given: TrackedPosition | None = None) -> None:
        self._name, self._warm_up_s = Path(name), warm_up_s
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="background")
        self._size = (0, 0)
        # Of the picture before, and of all since the first one.
        self._before_s = self._lasted_s = 0.0
        self._has_told = self._has_seen = False
        self._given = self._tracked = given
        self._samples: list[npt.NDArray[np.uint8]] = []
        self._most = _MOST_SAMPLES
        self._next_sample_s = self._step_s = 0.0
        # When to estimate it the next time, and when the estimate takes over.
        self._estimate_s = self._ready_s = 0.0
        self._estimating: Future[TrackedPosition | VideoError] | None = None

    def find(self, image: npt.NDArray[np.uint8], time_s: float) -> tuple[Floats, bool] | None:
        """Return where the animal is in the next picture, RGB (H, W, 3), taken at `time_s`, as x, y in pixels; None in the warm-up."""
        size = (image.shape[1], image.shape[0])
        if self._given is not None:
            if size != self._given.size and self._has_seen:
                # The background of that video is of no use any more.
                self._given = None
            else:
                self._has_seen = True
                return self._given.find(image, time_s)
        if size != self._size:
            self._begin(size)
        else:
            # Each recording begins at 0 again.
            self._lasted_s += max(time_s - self._before_s, 0.0)
        self._before_s = time_s
        if self._estimating is not None and self._lasted_s >= self._ready_s:
            self._take_over(self._estimating)
        if self._lasted_s >= self._next_sample_s:
            self._gather(to_grey(image))
        if self._estimating is None and self._lasted_s >= self._estimate_s:
            self._estimating = self._pool.submit(self._estimate, np.stack(self._samples))
            self._ready_s = self._lasted_s + (1 - _GATHERING) * self._warm_up_s
            self._estimate_s *= 2
        return None if self._tracked is None else self._tracked.find(image, time_s)

    def _begin(self, size: tuple[int, int]) -> None:
        """Begin again, with pictures of this size."""
        if self._tracked is not None:
            warn(f"{self._name}: the background of pictures of {size[0]} x {size[1]} pixels is estimated in {self._warm_up_s:g} s.")
        self._size, self._tracked, self._lasted_s = size, None, 0.0
        self._samples, self._estimating = [], None
        self._most = max(min(_MOST_SAMPLES, _MOST_BYTES // (size[0] * size[1])), _FEWEST)
        self._estimate_s = self._ready_s = _GATHERING * self._warm_up_s
        self._next_sample_s, self._step_s = 0.0, self._estimate_s / (self._most // 2)

    def _gather(self, grey: npt.NDArray[np.uint8]) -> None:
        if len(self._samples) == self._most:
            # Every second one, and from now on at twice the distance.
            self._samples = self._samples[::2]
            self._step_s *= 2
        self._samples.append(grey)
        self._next_sample_s += self._step_s

    def _estimate(self, samples: npt.NDArray[np.uint8]) -> TrackedPosition | VideoError:
        try:
            detector = open_detector(self._name, samples, np.arange(len(samples)), TrackRequest(animals=1, adaptive=True))
        except VideoError as error:
            return error
        return TrackedPosition(detector, video=self._name, size=self._size)

    def _take_over(self, estimating: Future[TrackedPosition | VideoError]) -> None:
        self._estimating = None
        estimated = estimating.result()
        if isinstance(estimated, TrackedPosition):
            if self._tracked is None:
                announce(f"{self._name}: the background is estimated, and frames are predicted from here on")
            else:
                estimated.go_on(self._tracked)
            self._tracked = estimated
        elif self._tracked is None:
            if not self._has_told:
                warn(
                    f"{self._name}: no animal was found in the first {self._warm_up_s:g} s; frames are recorded, and are predicted from "
                    "when one is found. If there is one, name a video of the same camera with --background."
                )
            self._has_told = True
            self._begin(self._size)
