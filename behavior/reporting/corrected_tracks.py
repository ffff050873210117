"""Tracks that people corrected: what was found in a video, their corrections, and the track that both make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.embedding.given_detections import GivenDetections
from behavior.embedding.tracklet_identities import TrackletIdentities
from behavior.errors import PoseError
from behavior.files.track_corrections import CORRECTIONS_SUFFIX, CorrectedVideo, read_corrections
from behavior.files.tracklets import TRACKLETS_SUFFIX, GapFilling, StoredTracklets
from behavior.recording import Spot, Track, TrackCorrection, Tracklet
from behavior.tracking.animals import AROUND, TrackedAnimals, place_tracklets
from behavior.tracking.association import AssociationSettings
from behavior.tracking.corrections import Outcome, Placement, apply_corrections
from behavior.tracking.motion_models import MotionModel

__all__ = ["CorrectedTrack", "correct_track", "identify_video", "list_corrections", "measure_reach", "name_track_file", "store_animals"]

# Of an animal's length: how far from a correction's position its detection may be; and in pixels, if no length is known.
_REACH, _USUAL_REACH = 0.5, 10.0


@dataclass(frozen=True)
class CorrectedTrack:
    """A track with the corrections of people.

    Attributes
    ----------
    placement
        Which animal each detection is, in K animals.
    tracklets
        N of them, as people cut them.
    owners
        Animal of each, int64 of shape (N,); -1 for what is no animal.
    probabilities
        Of each, (N,), NaN where not computed.
    qualities
        Of the detections of each.
    corrections, outcomes
        What was asked for, and what became of it.
    body_parts, points
        Body parts of another program, as in `StoredTracklets`.
    n_frames, gaps
        Of the video, and how gaps are filled.
    """

    placement: Placement
    tracklets: tuple[Tracklet, ...]
    owners: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float64]
    qualities: tuple[npt.NDArray[np.float64], ...]
    corrections: tuple[TrackCorrection, ...]
    outcomes: tuple[Outcome, ...]
    n_frames: int
    gaps: GapFilling
    body_parts: tuple[str, ...] = ()
    points: npt.NDArray[np.float64] | None = None

    @cached_property
    def animals(self) -> TrackedAnimals:
        """Where the animals are, gaps filled; takes a while for a long video."""
        return self._place(range(len(self.tracklets)), 0, self.n_frames)

    def cut(self, start: int, stop: int) -> TrackedAnimals:
        """Return where the animals are in frames [start, stop) of the video; `tracklets` has their numbers.

        It is what `animals` has, but for fractions of a pixel in gaps that follow each other within few frames.
        """
        start, stop = min(max(start, 0), self.n_frames), min(stop, self.n_frames)
        # With the frames that say how a gap is filled that reaches into these.
        first, last = max(start - self.gaps.memory - AROUND - 1, 0), stop
        for animal in range(len(self.names)):
            following = self.find_next(animal, stop)
            if following is not None:
                last = max(last, following.frame + AROUND + 1)
        last = min(last, self.n_frames)
        starts, stops = self._bounds
        within = [
            number
            for number in np.flatnonzero((starts < last) & (stops > first)).tolist()
            # It may have frames before and after these, and none of them.
            if np.diff(np.searchsorted(self.tracklets[number].frames, [first, last]))[0]
        ]
        placed = self._place(within, first, last)
        numbers = np.append(np.array(within, dtype=np.int32), np.int32(-1))
        part = slice(start - first, stop - first)
        values = {field.name: getattr(placed, field.name)[part] for field in fields(placed)}
        return TrackedAnimals(**(values | {"tracklets": numbers[placed.tracklets[part]]}))

    @cached_property
    def _bounds(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        starts = np.array([one.start_frame for one in self.tracklets], dtype=np.int64)
        return starts, np.array([one.stop_frame for one in self.tracklets], dtype=np.int64)

    @cached_property
    def _by_animal(self) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
        rows = [np.flatnonzero(self.placement.animals == animal) for animal in range(len(self.names))]
        rows = [own[np.argsort(self.placement.frames[own], kind="stable")] for own in rows]
        return [(own, self.placement.frames[own]) for own in rows]

    def find_last(self, animal: int, before: int) -> Spot | None:
        """Return where an animal was seen last before a frame; None if it was not."""
        rows, frames = self._by_animal[animal]
        place = int(np.searchsorted(frames, before)) - 1
        return None if place < 0 else self._get_spot(rows[place])

    def find_next(self, animal: int, frame: int) -> Spot | None:
        """Return where an animal is seen in a frame or next after it; None if it is not."""
        rows, frames = self._by_animal[animal]
        place = int(np.searchsorted(frames, frame))
        return None if place == len(frames) else self._get_spot(rows[place])

    def _get_spot(self, row: int) -> Spot:
        x, y = self.placement.positions[row].tolist()
        return Spot(int(self.placement.frames[row]), x, y)

    def _place(self, numbers: Sequence[int], first: int, last: int) -> TrackedAnimals:
        """Return where the animals are in frames [first, last), by these tracklets, numbered in this order."""
        tracklets, qualities = [], []
        for number in numbers:
            one = self.tracklets[number]
            rows = slice(*np.searchsorted(one.frames, [first, last]))
            values = (getattr(one, name)[rows] for name in ("positions", "angles", "sizes", "touching"))
            tracklets.append(Tracklet(one.frames[rows] - first, *values))
            qualities.append(self.qualities[number][rows])
        gaps = self.gaps
        return place_tracklets(
            tracklets,
            qualities,
            self.owners[list(numbers)],
            n_frames=last - first,
            n_animals=len(self.names),
            model=MotionModel(gaps.motion, gaps.process_noise, gaps.measurement_noise),
            memory=gaps.memory,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Of the K animals."""
        return self.placement.names

    def make_tracks(self) -> dict[str, Track]:
        """Return the pose of each animal, by name, as DeepLabCut would have given it; body parts of another program are behind our own."""
        tracks = self.animals.make_tracks(self.probabilities)
        if self.points is not None:
            tracks = [self._add_parts(track, animal, self.points) for animal, track in enumerate(tracks)]
        return dict(zip(self.names, tracks, strict=True))

    def _add_parts(self, track: Track, animal: int, points: npt.NDArray[np.float64]) -> Track:
        values = np.full((len(track), len(self.body_parts), 3), (np.nan, np.nan, 0.0))
        rows = np.flatnonzero(self.placement.animals == animal)
        values[self.placement.frames[rows]] = points[rows]
        return Track(
            np.concatenate((track.positions, values[..., :2]), axis=1),
            np.concatenate((track.likelihoods, values[..., 2]), axis=1),
            (*track.body_parts, *self.body_parts),
        )

    def describe(self) -> list[str]:
        """Return a sentence on how many corrections are applied, and one for each that could not be; none without corrections."""
        if not self.outcomes:
            return []
        failed = [(number, one.problem) for number, one in enumerate(self.outcomes, start=1) if one.problem]
        head = f"{len(self.outcomes) - len(failed)} of {len(self.outcomes)} corrections by people are applied."
        told = [f"correction {number} ({self.corrections[number - 1].action}) is not applied: {problem}." for number, problem in failed]
        return [head, *told]


def name_track_file(stem: Path, suffix: str) -> Path:
    """Return the file of a track with this suffix, for a video `stem`.

    >>> name_track_file(Path("mouse.1"), "_track.csv").name
    'mouse.1_track.csv'
    """
    return stem.with_name(stem.name + suffix)


def store_animals(
    animals: TrackedAnimals,
    identities: TrackletIdentities | None,
    settings: AssociationSettings,
    origin: Mapping[str, Any],
    given: GivenDetections | None = None,
) -> StoredTracklets:
    """Return what is kept of the animals of a video; with the body parts of what another program found, if it is `given`."""
    tracklets = animals.make_tracklets()
    owners = np.zeros(len(tracklets), dtype=np.int64)
    frames, columns = np.nonzero(animals.tracklets >= 0)
    owners[animals.tracklets[frames, columns]] = columns
    model = settings.model
    return StoredTracklets(
        tuple(tracklets),
        owners,
        origin,
        tuple(animals.qualities[one.frames, owner] for one, owner in zip(tracklets, owners.tolist(), strict=True)),
        None if identities is None else identities.probabilities,
        len(animals.seen),
        animals.seen.shape[1],
        GapFilling(model.motion, float(model.process_noise), float(model.measurement_noise), settings.memory),
        *((), None) if given is None else given.take_parts(animals.chosen[frames, columns], frames, animals.tracklets[frames, columns]),
    )


def correct_track(stored: StoredTracklets, corrections: Sequence[TrackCorrection]) -> CorrectedTrack:
    """Return the track of a video with the corrections of people; without any, the one that was found."""
    found = Placement.of(stored.tracklets, stored.animals, stored.probabilities, stored.n_animals)
    done = apply_corrections(found, corrections, reach=measure_reach(stored))
    placement = _drop_emptied(done.placement, found)
    starts = placement.find_starts()
    owners, probabilities = placement.animals[starts[:-1]], placement.probabilities[starts[:-1]]
    tracklets, of_parts = stored.tracklets, stored.qualities
    # Where nothing is cut they stay as they are: a long video has no room for its tracklets twice.
    if not np.array_equal(placement.tracklets, found.tracklets):
        values = [np.concatenate([getattr(one, name) for one in stored.tracklets] or [np.zeros(0)]) for name in ("angles", "touching")]
        sizes = np.concatenate([one.sizes for one in stored.tracklets] or [np.zeros((0, 2))])
        parts = [slice(start, stop) for start, stop in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)]
        angles, touching = values
        tracklets = tuple(Tracklet(placement.frames[p], placement.positions[p], angles[p], sizes[p], touching[p]) for p in parts)
        qualities = np.concatenate(stored.qualities or [np.zeros(0)])
        of_parts = tuple(qualities[part] for part in parts)
    given = (tuple(corrections), done.outcomes, stored.n_frames, stored.gaps, stored.body_parts, stored.points)
    return CorrectedTrack(placement, tracklets, owners, probabilities, of_parts, *given)


def measure_reach(stored: StoredTracklets) -> float:
    """Return how far from the position that a correction names its detection may be, in pixels: half an animal's length."""
    lengths = np.concatenate([one.sizes[:, 0] for one in stored.tracklets] or [np.zeros(0)])
    return _REACH * float(np.nanmedian(lengths)) if np.isfinite(lengths).any() else _USUAL_REACH


def identify_video(stem: Path, stored: StoredTracklets) -> CorrectedVideo:
    """Return which video the tracklets of the track at `stem` are of; PoseError if they do not say so."""
    video, n_bytes = stored.origin.get("video"), stored.origin.get("bytes")
    if not isinstance(video, str) or not isinstance(n_bytes, int):
        path = name_track_file(stem, TRACKLETS_SUFFIX)
        raise PoseError(f"{path}: the tracklets do not say which video they are of; run `behavior track` on the video again.")
    return CorrectedVideo(video, n_bytes, stored.n_frames)


def list_corrections(stem: Path, stored: StoredTracklets) -> list[TrackCorrection]:
    """Return what people corrected in the track of a video; raises as `read_corrections`."""
    return read_corrections(name_track_file(stem, CORRECTIONS_SUFFIX), identify_video(stem, stored))


def _drop_emptied(placement: Placement, found: Placement) -> Placement:
    """Leave out animals of which nothing is left, but not those that were never found."""
    n_animals = len(placement.names)
    left, before = (np.bincount(one.animals[one.animals >= 0], minlength=n_animals) for one in (placement, found))
    never_found = (before[:n_animals] == 0) & (np.arange(n_animals) < len(found.names))
    kept = np.flatnonzero((left > 0) | never_found)
    if not len(kept):
        # A track has one animal at least.
        kept = np.arange(1)
    places = np.full(n_animals + 1, -1, dtype=np.int64)
    places[kept] = np.arange(len(kept))
    return replace(placement, animals=places[placement.animals], names=tuple(placement.names[animal] for animal in kept.tolist()))
