"""The files of one tracked video: its track, the same by animal, its tracklets, its picture, and who each tracklet is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.embedding.tracklet_identities import TrackletIdentities
from behavior.figures.film_strips import render_jpeg
from behavior.figures.tracked_animals import draw_ways
from behavior.files.atomic import remove_files, write_bytes
from behavior.files.pose import write_deeplabcut
from behavior.files.tracklets import TRACKLETS_SUFFIX, StoredTracklets, write_tracklets
from behavior.recording import Track, Tracklet
from behavior.reporting.identity_files import IDENTITY_PICTURE, IDENTITY_TABLE, write_identities
from behavior.tracking.animals import TrackedAnimals

__all__ = ["TRACK_SUFFIX", "WAYS_SUFFIX", "write_track"]

TRACK_SUFFIX, WAYS_SUFFIX = "_track.csv", "_track.jpg"
SCORER = "behavior_track"


def write_track(
    stem: Path,
    animals: TrackedAnimals,
    tracklets: Sequence[Tracklet],
    identities: TrackletIdentities | None,
    *,
    picture: npt.NDArray[np.uint8],
    time_s: npt.NDArray[np.float64],
    origin: Mapping[str, Any],
    per_animal: bool = False,
) -> Path:
    """Write `NAME_track.csv` and what belongs to it for a video `stem`, and return its path.

    That is `NAME_tracklets.npz` and `NAME_track.jpg`; `NAME_identity.csv` and `NAME_identity.png` where animals were told apart by
    appearance; and `NAME_animal1_track.csv` and so on where each of several animals is to have a file of its own. What an earlier run
    left of the last two kinds is removed.

    Parameters
    ----------
    tracklets, identities
        Of the animals; no identities where motion alone was followed.
    picture
        A frame of the video, grey, uint8 of shape (H, W).
    time_s
        Of each frame, and of the video's end, seconds, of shape (T + 1,).
    origin
        What the track is made with, as JSON has it.

    Raises
    ------
    OutputError
        If the folder cannot be written to, or the disk is full.
    """
    owners = np.array([int(np.argmax((animals.tracklets == number).any(axis=0))) for number in range(len(tracklets))], dtype=np.int64)
    tracks = animals.make_tracks(None if identities is None else identities.probabilities)
    names = [f"animal{number + 1}" for number in range(len(tracks))]
    target = stem.with_name(stem.name + TRACK_SUFFIX)
    # The track goes first and comes last: where it is, the rest is, and of one run.
    if target.exists():
        remove_files([target, *(stem.with_name(stem.name + suffix) for suffix in (IDENTITY_TABLE, IDENTITY_PICTURE)), *_list_single(stem)])
    if identities is not None:
        write_identities(stem, identities, tracklets, names, time_s)
    write_tracklets(stem.with_name(stem.name + TRACKLETS_SUFFIX), StoredTracklets(tuple(tracklets), owners, origin))
    write_bytes(stem.with_name(stem.name + WAYS_SUFFIX), render_jpeg(draw_ways(picture, animals.positions, names=names)))
    by_name: dict[str, Track] = dict(zip(names, tracks, strict=True))
    if per_animal and len(tracks) > 1:
        for name, track in by_name.items():
            write_deeplabcut(_name_single(stem, name), track, scorer=SCORER)
    write_deeplabcut(target, tracks[0] if len(tracks) == 1 else by_name, scorer=SCORER)
    return target


def _name_single(stem: Path, animal: str) -> Path:
    return stem.with_name(f"{stem.name}_{animal}{TRACK_SUFFIX}")


def _list_single(stem: Path) -> list[Path]:
    """Return the files by animal that an earlier run left."""
    found = []
    number = 1
    while (path := _name_single(stem, f"animal{number}")).exists():
        found.append(path)
        number += 1
    return found
