"""Which detection is which animal from one frame to the next, over a whole video."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from behavior.recording import find_bouts
from behavior.tracking.assignment import ASSIGNMENTS, find_margins
from behavior.tracking.detections import Detections, FrameDetections
from behavior.tracking.motion_models import Motion, MotionFilter, MotionModel

__all__ = ["Associated", "AssociationSettings", "associate", "choose_association"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

# The fastest step is this many times nearly all steps, and at least this part of the animal's length.
_FASTEST_FACTOR, _FASTEST_LENGTHS = 3.0, 0.75

# A link is doubtful if exchanging it with another would cost less than this part of an animal's length more, or if it is longer than this
# part of the fastest step.
_MARGIN_LENGTHS, _JUMP = 0.5, 0.8

# A position that was cut out of a shared spot with less quality than this may be another animal's.
_CLEAR = 0.85

# An animal that shows less than this part of the usual area is half hidden: who comes out there may be another one than who went in.
_HIDDEN = 0.5

# Pixels, if the length is unknown.
_USUAL_LENGTH = 20.0


@dataclass(frozen=True)
class AssociationSettings:
    """How detections are joined; distances in pixels, times in frames.

    Attributes
    ----------
    length
        Of an animal.
    fastest
        How far an animal gets in a frame, at most.
    model
        How an animal is expected to go on.
    method
        `optimal` for the assignment with the least sum of distances, `greedy` for the nearest first.
    memory
        For how many frames an animal that is not found is expected near where it was. After that it may be anywhere, if the number of
        animals is known; else the track ends.
    n_animals
        How many animals there are; None if unknown.
    shortest
        Tracks found in fewer frames are noise, if the number of animals is unknown.
    """

    length: float
    fastest: float
    model: MotionModel
    method: Literal["optimal", "greedy"] = "optimal"
    memory: int = 50
    n_animals: int | None = None
    shortest: int = 5


@dataclass(frozen=True)
class Associated:
    """Which detection is which animal.

    Attributes
    ----------
    chosen
        Index of the detection of each of K animals in each of T frames, int32 of shape (T, K); -1 where it was not found.
    certain
        Whether it is certain that this is the animal that was found before, bool of shape (T, K); False where it was not found.
    """

    chosen: npt.NDArray[np.int32]
    certain: npt.NDArray[np.bool_]

    @property
    def tracklets(self) -> npt.NDArray[np.int32]:
        """Number of the tracklet that each detection belongs to, int32 of shape (T, K), -1 for none.

        A tracklet is of one animal beyond doubt: it ends before the first doubtful link.
        """
        numbers = np.full(self.chosen.shape, -1, dtype=np.int32)
        following = 0
        for animal in range(self.chosen.shape[1]):
            frames = np.flatnonzero(self.chosen[:, animal] >= 0)
            starts = ~self.certain[frames, animal]
            if len(frames):
                starts[0] = True
            own = np.cumsum(starts) - 1
            numbers[frames, animal] = own + following
            following += int(own[-1]) + 1 if len(frames) else 0
        return numbers

    def cut(self, numbers: npt.NDArray[np.integer], frames: npt.NDArray[np.integer]) -> Associated:
        """Return the same detections with tracklets cut before frames (C,) in which they have a detection, each by its number (C,)."""
        columns = (self.tracklets[frames] == np.asarray(numbers)[:, None]).argmax(axis=1)
        certain = self.certain.copy()
        certain[frames, columns] = False
        return Associated(self.chosen, certain)

    def regroup(self, animals: npt.NDArray[np.integer], n_animals: int) -> tuple[Associated, npt.NDArray[np.int64]]:
        """Return the same detections with all tracklets of one animal in one column, and the former number of each tracklet.

        Parameters
        ----------
        animals
            The column of each tracklet from now on, shape (N,); -1 leaves it out.
        n_animals
            Number of columns.

        Raises
        ------
        ValueError
            If two tracklets of one animal share a frame.
        """
        numbers = self.tracklets
        frames, columns = np.nonzero(numbers >= 0)
        numbers = numbers[frames, columns]
        kept = animals[numbers] >= 0
        frames, columns, numbers = frames[kept], columns[kept], numbers[kept]
        places = animals[numbers].astype(np.intp)
        if len(np.unique(frames * n_animals + places)) < len(frames):
            raise ValueError("two tracklets of one animal share a frame")
        chosen = np.full((len(self.chosen), n_animals), -1, dtype=np.int32)
        certain = np.zeros(chosen.shape, dtype=np.bool_)
        former = np.full(chosen.shape, -1, dtype=np.int64)
        chosen[frames, places] = self.chosen[frames, columns]
        certain[frames, places] = self.certain[frames, columns]
        # Frames are in order: the first place of each number is where its tracklet starts.
        starts = np.unique(numbers, return_index=True)[1]
        certain[frames[starts], places[starts]] = False
        former[frames, places] = numbers
        regrouped = Associated(chosen, certain)
        is_kept = regrouped.tracklets >= 0
        firsts = np.unique(regrouped.tracklets[is_kept], return_index=True)[1]
        return regrouped, former[is_kept][firsts]


def choose_association(
    frames: Sequence[Detections],
    *,
    length: float | None = None,
    motion: Motion = "still",
    method: Literal["optimal", "greedy"] = "optimal",
    n_animals: int | None = None,
    fastest: float | None = None,
    memory: int = 50,
    process_noise: float | None = None,
) -> AssociationSettings:
    """Return settings for a video's detections; what is not given is found from how far animals go from one frame to the next.

    Parameters
    ----------
    frames
        Detections of each frame.
    length
        Of an animal in pixels; None for the median of the detections'.
    process_noise
        Of the motion model, in pixels; None to follow from the usual step.
    """
    if length is None:
        lengths = FrameDetections.of(frames).take("lengths")
        length = float(np.nanmedian(lengths)) if np.isfinite(lengths).any() else _USUAL_LENGTH
    steps = _find_steps(frames, within=2 * length)
    usual = float(np.median(steps)) if len(steps) else 0.1 * length
    if fastest is None:
        swift = float(np.percentile(steps, 99)) if len(steps) else length / 2
        fastest = max(_FASTEST_FACTOR * swift, _FASTEST_LENGTHS * length)
    if process_noise is None:
        process_noise = max(usual, 0.02 * length)
    model = MotionModel(motion, process_noise, max(0.02 * length, 0.1))
    return AssociationSettings(length, fastest, model, method=method, memory=memory, n_animals=n_animals)


def associate(frames: Sequence[Detections], settings: AssociationSettings) -> Associated:
    """Join the detections of a video's T frames into tracks, one per animal.

    Where the number of animals is known, tracking starts where exactly that many are seen apart for longest, and goes from there to both
    ends of the video: objects that are not animals cannot take an animal's place at the start.
    """
    n_frames = len(frames)
    if settings.n_animals is None:
        links = _Links(n_frames)
        _Pass(frames, settings, links).run(range(n_frames))
        return links.finish(settings.shortest)
    links = _Links(n_frames)
    if not n_frames:
        return links.finish(0, n_animals=settings.n_animals)
    start = _find_start(frames, settings.n_animals)
    first = _Pass(frames, settings, links).run(range(start, n_frames))
    backward = _Pass(frames, settings, links, like=(start, first))
    backward.run(range(start - 1, -1, -1))
    return links.finish(0, n_animals=settings.n_animals)


class _Links:
    """Detections by frame and animal, as they become known; a few bytes each."""

    def __init__(self, n_frames: int) -> None:
        self.n_frames = n_frames
        self.n_animals = 0
        self._frames, self._animals, self._chosen, self._certain = array("i"), array("i"), array("i"), array("b")

    def add(self, frame: int, animals: Indices, chosen: Indices, certain: npt.NDArray[np.bool_]) -> range:
        """Note which detections of a frame are which animals, and return the numbers of these links."""
        first = len(self._frames)
        self._frames.extend([frame] * len(animals))
        self._animals.extend(animals.tolist())
        self._chosen.extend(chosen.tolist())
        self._certain.extend(certain.tolist())
        if len(animals):
            self.n_animals = max(self.n_animals, int(animals.max()) + 1)
        return range(first, len(self._frames))

    def get(self, links: range) -> tuple[Indices, Indices]:
        """Return the animals and detections of some links."""
        own = slice(links.start, links.stop)
        return np.array(self._animals[own], dtype=np.intp), np.array(self._chosen[own], dtype=np.intp)

    def vouch(self, link: int, is_certain: bool) -> None:
        """Say whether a link is certain."""
        self._certain[link] = is_certain

    def finish(self, shortest: int, *, n_animals: int | None = None) -> Associated:
        frames, animals, indices = (np.frombuffer(each, dtype=np.intc) for each in (self._frames, self._animals, self._chosen))
        counts = np.bincount(animals, minlength=max(self.n_animals, 1))
        kept = np.flatnonzero(counts >= max(shortest, 1)) if n_animals is None else np.arange(n_animals)
        place = np.full(max(self.n_animals, len(kept), 1), -1, dtype=np.int32)
        place[kept] = np.arange(len(kept))
        chosen = np.full((self.n_frames, len(kept)), -1, dtype=np.int32)
        certain = np.zeros(chosen.shape, dtype=np.bool_)
        columns = place[animals]
        stays = columns >= 0
        chosen[frames[stays], columns[stays]] = indices[stays]
        certain[frames[stays], columns[stays]] = np.frombuffer(self._certain, dtype=np.bool_)[stays]
        return Associated(chosen, certain)


class _Pass:
    """One way through the video, forwards or backwards."""

    def __init__(
        self,
        frames: Sequence[Detections],
        settings: AssociationSettings,
        links: _Links,
        *,
        like: tuple[int, range] | None = None,
    ) -> None:
        self._frames, self._settings, self._links = frames, settings, links
        self._assign = ASSIGNMENTS[settings.method]
        self._filter = MotionFilter(settings.model)
        areas = FrameDetections.of(frames).take("areas")
        # Where nobody knows areas, no animal is hidden.
        self._usual_area = float(np.nanmedian(areas)) if np.isfinite(areas).any() else np.nan
        # Which animal each row of the filter is, for how long it was not seen, and whether it was clear, and half hidden, when it was.
        self._animals = np.zeros(0, dtype=np.intp)
        self._missed = np.zeros(0, dtype=np.intp)
        self._clear = np.zeros(0, dtype=np.bool_)
        self._hidden = np.zeros(0, dtype=np.bool_)
        # Backwards, from a frame whose links are known, a link belongs to the later of its two frames.
        self._is_backward = like is not None
        self._later: dict[int, int] = {}
        if like is not None:
            animals, chosen = links.get(like[1])
            self._add(frames[like[0]], animals, chosen)
            self._later = dict(zip(animals.tolist(), like[1], strict=True))

    def run(self, order: Sequence[int] | range) -> range:
        """Follow animals through frames in this order, and return the links of the first one."""
        first = range(0)
        for place, frame in enumerate(order):
            links = self._step(frame)
            if place == 0:
                first = links
        return first

    def _step(self, frame: int) -> range:
        found, settings = self._frames[frame], self._settings
        expected = self._filter.predict()
        distances = np.hypot(*(expected[:, None] - found.positions[None]).transpose(2, 0, 1)) if len(found) and len(expected) else None
        if distances is None:
            rows = columns = np.zeros(0, dtype=np.intp)
            margins = np.zeros(0)
        else:
            gates = np.asarray(settings.fastest * (1.0 + self._missed), dtype=np.float64)
            if settings.n_animals is not None:
                gates[self._missed > settings.memory] = np.inf
            rows, columns = self._assign(distances, gates)
            # A detection out of an animal's reach is not an alternative.
            margins = find_margins(np.where(distances <= gates[:, None], distances, np.inf), rows, columns)
        clear, hidden = ~found.touching | (found.qualities >= _CLEAR), found.areas < _HIDDEN * self._usual_area
        certain = np.zeros(len(rows), dtype=np.bool_)
        if distances is not None:
            steps = distances[rows, columns]
            certain = (
                (margins > _MARGIN_LENGTHS * settings.length)
                & (steps < _JUMP * settings.fastest * (1 + 0.5 * self._missed[rows]))
                & (self._missed[rows] <= settings.memory)
                & clear[columns]
                & self._clear[rows]
                & ((self._missed[rows] == 0) | ~(self._hidden[rows] | hidden[columns]))
            )
        self._filter.update(rows, found.positions[columns], found.qualities[columns])
        self._missed += 1
        self._missed[rows] = 0
        self._clear[rows], self._hidden[rows] = clear[columns], hidden[columns]
        animals, chosen = self._animals[rows], columns
        fresh = np.setdiff1d(np.arange(len(found)), columns)
        fresh = self._begin(found, fresh)
        newcomers = self._animals[len(self._animals) - len(fresh) :]
        links = self._note(
            frame,
            np.concatenate((animals, newcomers)),
            np.concatenate((chosen, fresh)),
            np.append(certain, np.zeros(len(fresh), dtype=np.bool_)),
        )
        if settings.n_animals is None:
            alive = np.flatnonzero(self._missed <= settings.memory)
            if len(alive) < len(self._missed):
                self._filter.keep(alive)
                self._animals, self._missed = self._animals[alive], self._missed[alive]
                self._clear, self._hidden = self._clear[alive], self._hidden[alive]
        return links

    def _begin(self, found: Detections, fresh: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Begin tracks of detections that belong to no animal, the best ones where there is not room for all; return which."""
        if self._settings.n_animals is not None:
            room = self._settings.n_animals - len(self._animals)
            fresh = np.sort(fresh[np.argsort(-found.qualities[fresh], kind="stable")[: max(room, 0)]])
        if len(fresh):
            first = self._links.n_animals if self._settings.n_animals is None else len(self._animals)
            self._add(found, np.arange(first, first + len(fresh), dtype=np.intp), fresh)
            self._links.n_animals = max(self._links.n_animals, first + len(fresh))
        return fresh

    def _add(self, found: Detections, animals: npt.NDArray[np.intp], chosen: npt.NDArray[np.intp]) -> None:
        self._filter.add(found.positions[chosen], spread=self._settings.fastest / 3)
        self._animals = np.concatenate((self._animals, animals))
        self._missed = np.concatenate((self._missed, np.zeros(len(animals), dtype=np.intp)))
        self._clear = np.concatenate((self._clear, ~found.touching[chosen] | (found.qualities[chosen] >= _CLEAR)))
        self._hidden = np.concatenate((self._hidden, found.areas[chosen] < _HIDDEN * self._usual_area))

    def _note(self, frame: int, animals: Indices, chosen: Indices, certain: npt.NDArray[np.bool_]) -> range:
        if not self._is_backward:
            return self._links.add(frame, animals, chosen, certain)
        links = self._links.add(frame, animals, chosen, np.zeros(len(animals), dtype=np.bool_))
        for animal, link, is_certain in zip(animals.tolist(), links, certain.tolist(), strict=True):
            if (later := self._later.get(animal)) is not None:
                self._links.vouch(later, is_certain)
            self._later[animal] = link
        return links


def _find_start(frames: Sequence[Detections], n_animals: int) -> int:
    """Return the first frame of the longest stretch in which all animals are seen apart; one with most of them where there is none."""
    table = FrameDetections.of(frames)
    counts = table.counts
    apart = np.bincount(np.repeat(np.arange(len(counts)), counts), table.take("touching"), minlength=len(counts)) == 0
    stretches = find_bouts((counts == n_animals) & apart)
    if len(stretches):
        return int(stretches[np.argmax(stretches[:, 1] - stretches[:, 0]), 0])
    return int(np.argmax(np.minimum(counts, n_animals) + 0.5 * apart)) if len(counts) else 0


def _find_steps(frames: Sequence[Detections], *, within: float) -> Floats:
    """Return how far detections that do not touch are from the nearest one in the frame before, where that is mutual."""
    steps = array("d")
    for before, after in pairwise(frames):
        if not len(before) or not len(after):
            continue
        distances = np.hypot(*(before.positions[:, None] - after.positions[None]).transpose(2, 0, 1))
        nearest, back = distances.argmin(axis=0), distances.argmin(axis=1)
        mutual = (back[nearest] == np.arange(len(after))) & ~after.touching & ~before.touching[nearest]
        steps.extend(distances[nearest, np.arange(len(after))][mutual].tolist())
    joined = np.array(steps)
    return joined[joined < within]
