"""From detections that are joined to what the rest of the pipeline takes: a track of each animal, and its tracklets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from behavior.recording import Track, Tracklet, find_bouts
from behavior.tracking.association import Associated, AssociationSettings
from behavior.tracking.detections import Detections, FrameDetections
from behavior.tracking.motion_models import MotionModel, smooth_positions
from behavior.tracking.orientation import find_headings

__all__ = ["AROUND", "BODY_PARTS", "TrackedAnimals", "gather_animals", "place_tracklets"]

Floats = npt.NDArray[np.float64]

BODY_PARTS = ("centroid", "nose_end", "tail_end")

# Highest likelihood of a position that was predicted and not seen.
_PREDICTED = 0.5

# Below this probability of being the right animal, a position counts as predicted.
_SURE = 0.9

# Frames on both sides of a gap that tell how the animal moves.
AROUND = 20

# Longer gaps are not kept in memory, in frames with those around.
_MOST_REMEMBERED = 256


@dataclass(frozen=True)
class TrackedAnimals:
    """K animals in T frames.

    Attributes
    ----------
    positions
        Shape (T, K, 2), pixels; predicted where an animal was not seen for a while, NaN where nothing is known.
    seen
        Whether an animal was found, bool of shape (T, K).
    headings
        Direction of the head in radians, shape (T, K); NaN where unknown.
    lengths, widths
        In pixels, shape (T, K); NaN where unknown.
    qualities
        Of the detections, shape (T, K), in (0, 1]; 0 where there is none.
    touching
        Bool of shape (T, K).
    tracklets
        Number of the tracklet that each detection belongs to, int32 of shape (T, K); -1 for none.
    chosen
        Which of its frame's detections each animal is, int32 of shape (T, K); -1 where it was not found, or that is not known any more.
    """

    positions: Floats
    seen: npt.NDArray[np.bool_]
    headings: Floats
    lengths: Floats
    widths: Floats
    qualities: Floats
    touching: npt.NDArray[np.bool_]
    tracklets: npt.NDArray[np.int32]
    chosen: npt.NDArray[np.int32]

    def make_tracks(self, probabilities: Floats | None = None) -> list[Track]:
        """Return what DeepLabCut would have given of each animal: `centroid`, and `nose_end` and `tail_end` where there is an axis.

        The likelihood of what was seen is the quality of the detection, that of what was predicted at most a half, less the longer the
        animal was not seen.

        Parameters
        ----------
        probabilities
            That each tracklet is of its animal, shape (N,); below .9 the likelihood is at most half of it. None if not computed.
        """
        most = np.ones(self.tracklets.shape)
        if probabilities is not None and len(probabilities):
            each = np.where(probabilities < _SURE, _PREDICTED * probabilities, 1.0)
            most = np.where(self.tracklets >= 0, each[self.tracklets], 1.0)
        return [self._make_track(animal, most[:, animal]) for animal in range(self.positions.shape[1])]

    def make_tracklets(self) -> list[Tracklet]:
        """Return the stretches through which one animal was followed without doubt, in the order of their numbers."""
        found = []
        order = np.argsort(self.tracklets.T, axis=None, kind="stable")
        animals, frames = np.unravel_index(order, self.tracklets.T.shape)
        numbers = self.tracklets[frames, animals]
        for number in range(int(numbers.max(initial=-1)) + 1):
            own = slice(*np.searchsorted(numbers, [number, number + 1]))
            place = (frames[own], animals[own])
            found.append(
                Tracklet(
                    frames=frames[own].astype(np.int64),
                    positions=self.positions[place],
                    angles=self.headings[place],
                    sizes=np.column_stack((self.lengths[place], self.widths[place])),
                    touching=self.touching[place],
                )
            )
        return found

    def _make_track(self, animal: int, most: Floats) -> Track:
        centers, seen = self.positions[:, animal], self.seen[:, animal]
        likelihoods = np.where(seen, np.minimum(self.qualities[:, animal], most), _PREDICTED / (1.0 + _count_since(seen)))
        likelihoods[~np.isfinite(centers[:, 0])] = 0.0
        heading = self.headings[:, animal]
        if not np.isfinite(heading).any():
            return Track(centers[:, None], likelihoods[:, None], BODY_PARTS[:1])
        half = self.lengths[:, animal, None] / 2 * np.column_stack((np.cos(heading), np.sin(heading)))
        positions = np.stack((centers, centers + half, centers - half), axis=1)
        each = np.where(np.isfinite(positions[..., 0]), likelihoods[:, None], 0.0)
        return Track(positions, each, BODY_PARTS)


def gather_animals(frames: Sequence[Detections], associated: Associated, settings: AssociationSettings) -> TrackedAnimals:
    """Return what is known of each animal; gaps of up to `settings.memory` frames are filled with what a smoother predicts."""
    table, chosen = FrameDetections.of(frames), associated.chosen
    seen = chosen >= 0
    rows = (table.starts[:, None] + chosen)[seen]

    def spread(values: Floats, unknown: float = np.nan) -> Floats:
        placed = np.full((*chosen.shape, *values.shape[1:]), unknown)
        placed[seen] = values[rows]
        return placed

    positions = spread(table.values[:, :2])
    angles, skews, heads = (spread(table.take(name)) for name in ("angles", "skews", "heads"))
    headings = find_headings(positions, angles, skews, length=settings.length, heads=heads)
    del angles, skews, heads
    qualities = spread(table.take("qualities"), 0.0)
    for animal in range(chosen.shape[1]):
        _fill_gaps(positions[:, animal], seen[:, animal], qualities[:, animal], settings.model, settings.memory)
    lengths, widths = (spread(table.take(name)) for name in ("lengths", "widths"))
    touching = spread(table.take("touching"), 0.0) > 0
    return TrackedAnimals(positions, seen, headings, lengths, widths, qualities, touching, associated.tracklets, chosen)


def place_tracklets(
    tracklets: Sequence[Tracklet],
    qualities: Sequence[Floats],
    animals: npt.NDArray[np.integer],
    *,
    n_frames: int,
    n_animals: int,
    model: MotionModel,
    memory: int,
) -> TrackedAnimals:
    """Return the animals that tracklets make; with the tracklets, model and memory of a track, those of that track.

    Parameters
    ----------
    tracklets
        N of them, by number.
    qualities
        Of the detections of each tracklet.
    animals
        Column of each tracklet, shape (N,); -1 leaves it out.
    n_frames, n_animals
        T and K.
    model, memory
        With which gaps are filled.

    Raises
    ------
    ValueError
        If two tracklets of one animal share a frame.
    """
    shape = (n_frames, n_animals)
    positions = np.full((*shape, 2), np.nan)
    headings, lengths, widths = (np.full(shape, np.nan) for _ in range(3))
    found, touching, numbers = np.zeros(shape), np.zeros(shape, dtype=np.bool_), np.full(shape, -1, dtype=np.int32)
    for number, (one, animal) in enumerate(zip(tracklets, np.asarray(animals).tolist(), strict=True)):
        if animal < 0:
            continue
        if (numbers[one.frames, animal] >= 0).any():
            raise ValueError("two tracklets of one animal share a frame")
        numbers[one.frames, animal] = number
        positions[one.frames, animal], headings[one.frames, animal] = one.positions, one.angles
        lengths[one.frames, animal], widths[one.frames, animal] = one.sizes.T
        found[one.frames, animal], touching[one.frames, animal] = qualities[number], one.touching
    seen = numbers >= 0
    for animal in range(n_animals):
        _fill_gaps(positions[:, animal], seen[:, animal], found[:, animal], model, memory)
    return TrackedAnimals(positions, seen, headings, lengths, widths, found, touching, numbers, np.full(shape, -1, dtype=np.int32))


def _fill_gaps(positions: Floats, seen: npt.NDArray[np.bool_], qualities: Floats, model: MotionModel, memory: int) -> None:
    """Put into each gap of one animal what a smoother predicts from the frames around it, as far as memory goes."""
    for start, stop in find_bouts(~seen).tolist():
        if start == 0 or stop == len(seen):
            # Before the first time that it is seen nothing is known of it; after the last one it may have left.
            continue
        around = slice(max(start - AROUND, 0), stop + AROUND)
        near = np.ascontiguousarray(positions[around])
        weights = np.where(seen[around], qualities[around], 1.0)
        is_short = len(near) <= _MOST_REMEMBERED
        filled = _smooth(near.tobytes(), weights.tobytes(), model) if is_short else smooth_positions(near, weights, model)
        stop = min(stop, start + memory)
        positions[start:stop] = filled[start - around.start : stop - around.start]


@lru_cache(maxsize=4096)
def _smooth(positions: bytes, qualities: bytes, model: MotionModel) -> Floats:
    """Smooth a gap, once for all corrections of a track that leave it as it is."""
    return smooth_positions(np.frombuffer(positions).reshape(-1, 2), np.frombuffer(qualities), model)


def _count_since(seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Return the length of the gap so far of each frame: 0 where the animal was seen.

    >>> _count_since(np.array([True, False, False, True])).tolist()
    [0, 1, 2, 0]
    """
    numbers = np.arange(len(seen))
    last = np.maximum.accumulate(np.where(seen, numbers, -1))
    return numbers - last
