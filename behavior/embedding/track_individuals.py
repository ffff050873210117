"""Crops of each animal of a track that `behavior track` wrote: what a gallery enrols, and is asked about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.embedding.tracklet_crops import list_crop_frames, measure_animals, take_tracklet_crops
from behavior.embedding.tracklet_identities import read_pictures
from behavior.errors import PoseError
from behavior.files.tracklets import TRACK_SUFFIX
from behavior.identity.quality import choose_usable, measure_quality
from behavior.recording import Tracklet

__all__ = ["OpenedTrack", "TrackedAnimal", "TrackedIndividuals", "read_track_individuals"]

# So many crops of an animal of a video say what it looks like; the next ones are near copies.
_MOST_CROPS = 60
# As many more are taken, to choose from.
_TAKEN_FOR_ONE = 2
# An animal of another set-up is not larger or smaller: the camera is nearer or further.
_ZOOM = 1.5


@dataclass(frozen=True)
class OpenedTrack:
    """What is known of a track before its video is opened.

    Attributes
    ----------
    path
        `NAME_track.csv`.
    names
        Of the K animals; "" for an only one without a name.
    tracklets
        N of them, as people corrected them.
    owners
        Animal of each, int64 of shape (N,), -1 for what is no animal.
    video, n_bytes
        File name and bytes of the video that it was made of.
    """

    path: Path
    names: tuple[str, ...]
    tracklets: tuple[Tracklet, ...]
    owners: npt.NDArray[np.int64]
    video: str
    n_bytes: int


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
    track: OpenedTrack, *, videos: Path | None, crop_size: int, length: float = 0.0, width: float = 0.0
) -> TrackedIndividuals:
    """Take crops of each animal of a track, from the video that it was made of.

    Parameters
    ----------
    track
        The track.
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
        If its video is missing or another one, or nobody knows how large the animals are.
    VideoError
        If the video cannot be read.
    """
    tracklets = [one for one, owner in zip(track.tracklets, track.owners.tolist(), strict=True) if owner >= 0]
    owners = track.owners[track.owners >= 0]
    video = _find_video(track, videos)
    try:
        own = measure_animals(tracklets)
        rescaled = length > 0 and not 1 / _ZOOM <= own[0] / length <= _ZOOM
        if length <= 0:
            length, width = own
        used = (own[0], width * own[0] / length) if rescaled else (length, width)
        every = max(1, sum(map(len, tracklets)) // (_TAKEN_FOR_ONE * _MOST_CROPS * len(track.names)))
        pictures = read_pictures(video, list_crop_frames(tracklets, every=every))
        crops = take_tracklet_crops(pictures, tracklets, every=every, crop_size=crop_size, length=used[0], width=used[1])
    except ValueError as error:
        raise PoseError(
            f"{track.path}: does not belong to {video}, or has no sizes ({error}); run `behavior track` on that video."
        ) from error
    usable = choose_usable(measure_quality(crops.images, crops.window), crops.touching, owners=crops.owners)
    animals = []
    for column, name in enumerate(track.names):
        rows = np.flatnonzero(usable & (owners[crops.owners] == column))
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _MOST_CROPS)).round().astype(np.intp))] if len(rows) else rows
        animals.append(TrackedAnimal(name, crops.images[rows], crops.frames[rows]))
    return TrackedIndividuals(track.path.name.removesuffix(TRACK_SUFFIX), video, tuple(animals), length, width, rescaled)


def _find_video(track: OpenedTrack, videos: Path | None) -> Path:
    # Of a path that somebody else wrote, the name alone.
    name = Path(track.video).name
    folder = track.path.parent if videos is None else videos
    video = folder / name
    if not name or not video.is_file():
        raise PoseError(f"{track.path}: its video {name or 'is not known'} is not in {folder}; give the folder with --videos.")
    n_bytes = video.stat().st_size
    if n_bytes != track.n_bytes:
        raise PoseError(
            f"{track.path}: is the track of another video: {video} has {n_bytes:,} bytes, expected {track.n_bytes:,}; give the folder of "
            "its own video with --videos, or track this one."
        )
    return video
