"""The files of one tracked video: its track, the same by animal, its tracklets, its picture, and who each tracklet is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.embedding.tracklet_identities import TrackletIdentities
from behavior.errors import PoseError, VideoError
from behavior.figures.frame_strips import render_jpeg
from behavior.figures.tracked_animals import draw_ways
from behavior.files.atomic import remove_files, write_bytes
from behavior.files.pose import write_deeplabcut
from behavior.files.track_corrections import CORRECTIONS_SUFFIX
from behavior.files.tracklets import TRACK_SCORER, TRACK_SUFFIX, TRACKLETS_SUFFIX, StoredTracklets, read_tracklets, write_tracklets
from behavior.files.video import open_video
from behavior.reporting.corrected_tracks import CorrectedTrack, correct_track, list_corrections, name_track_file
from behavior.reporting.identity_files import IDENTITY_PICTURE, IDENTITY_TABLE, write_identities
from behavior.tracking.corrections import name_animal

__all__ = ["WAYS_SUFFIX", "rewrite_track", "write_corrected", "write_track"]

WAYS_SUFFIX = "_track.jpg"


def write_track(
    stem: Path,
    stored: StoredTracklets,
    identities: TrackletIdentities | None,
    *,
    picture: npt.NDArray[np.uint8],
    time_s: npt.NDArray[np.float64],
    per_animal: bool = False,
) -> CorrectedTrack:
    """Write `NAME_track.csv` and what belongs to it for a video `stem`, with what people corrected in an earlier track of it.

    That is `NAME_tracklets.npz` and `NAME_track.jpg`; `NAME_identity.csv` and `NAME_identity.png` where animals were told apart by
    appearance; and `NAME_animal1_track.csv` and so on where each of several animals is to have a file of its own. What an earlier run
    left of the last two kinds is removed. Tracklets and identities are what was found; the track and its picture have the corrections.

    Parameters
    ----------
    stored, identities
        What was found; no identities where motion alone was followed.
    picture
        A frame of the video, grey, uint8 of shape (H, W).
    time_s
        Of each frame, and of the video's end, seconds, of shape (T + 1,).

    Raises
    ------
    PoseError
        If there are corrections that cannot be used; all files are written without them.
    OutputError
        If the folder cannot be written to, or the disk is full.
    """
    problem = None
    try:
        corrected = correct_track(stored, list_corrections(stem, stored))
    except PoseError as error:
        problem, corrected = error, correct_track(stored, [])
    target = name_track_file(stem, TRACK_SUFFIX)
    # The track goes first and comes last: where it is, the rest is, and of one run.
    if target.exists():
        remove_files([target, *(name_track_file(stem, suffix) for suffix in (IDENTITY_TABLE, IDENTITY_PICTURE)), *_list_single(stem)])
    if identities is not None:
        write_identities(stem, identities, stored.tracklets, [name_animal(number) for number in range(stored.n_animals)], time_s)
    write_tracklets(name_track_file(stem, TRACKLETS_SUFFIX), stored)
    _write_ways(stem, corrected, picture)
    write_corrected(stem, corrected, per_animal=per_animal)
    if problem is not None:
        raise PoseError(f"{problem} The track is written without corrections.")
    return corrected


def rewrite_track(stem: Path, *, video: Path | None = None, per_animal: bool = False) -> CorrectedTrack | None:
    """Write the track of a video again if people corrected it, from what was found and the corrections; None if nobody did.

    Parameters
    ----------
    video
        On which the picture is drawn again; None to leave the picture as it is.

    Raises
    ------
    PoseError
        If the tracklets or the corrections cannot be used.
    VideoError
        If the video cannot be read.
    OutputError
        If it cannot be written.
    """
    if not name_track_file(stem, CORRECTIONS_SUFFIX).exists():
        return None
    stored = read_tracklets(name_track_file(stem, TRACKLETS_SUFFIX))
    corrected = correct_track(stored, list_corrections(stem, stored))
    write_corrected(stem, corrected, video=video, per_animal=per_animal)
    return corrected


def write_corrected(stem: Path, corrected: CorrectedTrack, *, video: Path | None = None, per_animal: bool) -> None:
    """Write `NAME_track.csv`, the files by animal where they are wanted or are there, and the picture; raises as `rewrite_track`."""
    tracks = corrected.make_tracks()
    before = _list_single(stem)
    if (per_animal or before) and len(tracks) > 1:
        for number, track in enumerate(tracks.values()):
            write_deeplabcut(_name_single(stem, name_animal(number)), track, scorer=TRACK_SCORER)
    remove_files(before[len(tracks) if len(tracks) > 1 else 0 :])
    target = name_track_file(stem, TRACK_SUFFIX)
    write_deeplabcut(target, next(iter(tracks.values())) if len(tracks) == 1 else tracks, scorer=TRACK_SCORER)
    if video is not None:
        _write_ways(stem, corrected, _read_picture(video))


def _write_ways(stem: Path, corrected: CorrectedTrack, picture: npt.NDArray[np.uint8]) -> None:
    ways = draw_ways(picture, corrected.animals.positions, names=corrected.names)
    write_bytes(name_track_file(stem, WAYS_SUFFIX), render_jpeg(ways))


def _read_picture(video: Path) -> npt.NDArray[np.uint8]:
    """Return the first frame that can be decoded, grey: others take longer to reach."""
    with open_video(video) as opened:
        for frame in opened.frames(grey=True):
            if frame.image is not None:
                return frame.image
    raise VideoError(f"{video}: none of its frames can be decoded; check the video.")


def _name_single(stem: Path, animal: str) -> Path:
    return name_track_file(stem, f"_{animal}{TRACK_SUFFIX}")


def _list_single(stem: Path) -> list[Path]:
    """Return the files by animal that an earlier run left."""
    found = []
    number = 1
    while (path := _name_single(stem, f"animal{number}")).exists():
        found.append(path)
        number += 1
    return found
