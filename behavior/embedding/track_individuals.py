"""Crops of each animal of a track that `behavior track` wrote: what a gallery enrols, and is asked about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.embedding.tracklet_crops import list_crop_frames, measure_animals, take_tracklet_crops
from behavior.embedding.tracklet_identities import read_pictures
from behavior.errors import PoseError
from behavior.files.pose import list_individuals
from behavior.files.tracklets import TRACKLETS_SUFFIX, StoredTracklets, read_tracklets
from behavior.identity.quality import choose_usable, measure_quality

__all__ = ["TrackedAnimal", "TrackedIndividuals", "read_track_individuals"]

# So many crops of an animal of a video say what it looks like; the next ones are near copies.
_MOST_CROPS = 60
# As many more are taken, to choose from.
_TAKEN_FOR_ONE = 2
# An animal of another set-up is not larger or smaller: the camera is nearer or further.
_ZOOM = 1.5


@dataclass(frozen=True)
class TrackedAnimal:
    """One animal of a track.

    Attributes
    ----------
    name
        In the track; "" where the only animal has none.
    images
        Usable crops, RGB with the head up, uint8 of shape (K, S, S, 3).
    frames
        Frame of each, int64 of shape (K,).
    """

    name: str
    images: npt.NDArray[np.uint8]
    frames: npt.NDArray[np.int64]


@dataclass(frozen=True)
class TrackedIndividuals:
    """The animals of a track, in its order, and the size that their crops were scaled by; `rescaled` where it is not the gallery's."""

    recording: str
    video: Path
    animals: tuple[TrackedAnimal, ...]
    length: float
    width: float
    rescaled: bool


def read_track_individuals(
    track: Path, *, videos: Path | None, crop_size: int, length: float = 0.0, width: float = 0.0
) -> TrackedIndividuals:
    """Take crops of each animal of a track, from the video that it was made of.

    Parameters
    ----------
    track
        `NAME_track.csv`, with `NAME_tracklets.npz` next to it.
    videos
        Folder of the video; that of the track where None.
    crop_size
        Side of a crop, pixels.
    length, width
        Of an animal in the videos of the gallery, pixels; 0 where it has none yet. Animals of a video of the same zoom are cropped by
        it, so that larger ones are larger in their crops.

    Raises
    ------
    PoseError
        If the track, its tracklets or its video are missing or do not belong together, or no crop shows an animal alone.
    VideoError
        If the video cannot be read.
    """
    recording = track.name.removesuffix("_track.csv")
    stored = read_tracklets(track.with_name(recording + TRACKLETS_SUFFIX))
    names = list(list_individuals(track))
    if len(stored.tracklets) == 0 or not 0 <= int(stored.animals.min()) <= int(stored.animals.max()) < len(names):
        raise PoseError(f"{track}: its tracklets are of other animals than its {len(names)}; run `behavior track` on the video again.")
    video = _find_video(track, stored, videos)
    try:
        own = measure_animals(stored.tracklets)
        rescaled = length > 0 and not 1 / _ZOOM <= own[0] / length <= _ZOOM
        if length <= 0:
            length, width = own
        used = (own[0], width * own[0] / length) if rescaled else (length, width)
        every = max(1, sum(map(len, stored.tracklets)) // (_TAKEN_FOR_ONE * _MOST_CROPS * len(names)))
        pictures = read_pictures(video, list_crop_frames(stored.tracklets, every=every))
        crops = take_tracklet_crops(pictures, stored.tracklets, every=every, crop_size=crop_size, length=used[0], width=used[1])
    except ValueError as error:
        raise PoseError(f"{track}: does not belong to {video}, or has no sizes ({error}); run `behavior track` on that video.") from error
    usable = choose_usable(measure_quality(crops.images, crops.window), crops.touching, owners=crops.owners)
    animals = []
    for column, name in enumerate(names):
        rows = np.flatnonzero(usable & (stored.animals[crops.owners] == column))
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _MOST_CROPS)).round().astype(np.intp))] if len(rows) else rows
        animals.append(TrackedAnimal(name, crops.images[rows], crops.frames[rows]))
    return TrackedIndividuals(recording, video, tuple(animals), length, width, rescaled)


def _find_video(track: Path, stored: StoredTracklets, videos: Path | None) -> Path:
    # Of a path that somebody else wrote, the name alone.
    name = Path(str(stored.origin.get("video", ""))).name
    video = (track.parent if videos is None else videos) / name
    if not name or not video.is_file():
        raise PoseError(f"{track}: its video {name or 'is not known'} is not in {video.parent}; give the folder with --videos.")
    n_bytes = stored.origin.get("bytes")
    if video.stat().st_size != n_bytes:
        raise PoseError(
            f"{track}: is the track of another video: {video} has {video.stat().st_size:,} bytes, expected {n_bytes!s:.20}; give the "
            "folder of its own video with --videos, or track this one."
        )
    return video
