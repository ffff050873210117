"""A track with its tracklets, as people corrected them: what crops of its animals are taken by."""

from __future__ import annotations

from pathlib import Path

from behavior.embedding.track_individuals import OpenedTrack
from behavior.errors import PoseError, count_noun
from behavior.files.pose import list_individuals
from behavior.files.tracklets import TRACK_SUFFIX, TRACKLETS_SUFFIX, read_tracklets
from behavior.reporting.corrected_tracks import correct_track, identify_video, list_corrections, name_track_file

__all__ = ["open_track"]


def open_track(path: Path) -> OpenedTrack:
    """Return what is known of the track at `path`, `NAME_track.csv`, with `NAME_tracklets.npz` and corrections next to it.

    Raises
    ------
    PoseError
        If one of these files cannot be used, or they are not of one run.
    """
    stem = path.with_name(path.name.removesuffix(TRACK_SUFFIX))
    stored = read_tracklets(name_track_file(stem, TRACKLETS_SUFFIX))
    video = identify_video(stem, stored)
    corrected = correct_track(stored, list_corrections(stem, stored))
    names = tuple(list_individuals(path))
    if len(names) != len(corrected.names):
        raise PoseError(
            f"{path}: has {count_noun(len(names), 'animal')}, and its tracklets are of {len(corrected.names)}; "
            "run `behavior track` on the video again."
        )
    return OpenedTrack(path, names, corrected.tracklets, corrected.owners, video.video, video.bytes)
