"""The pose of a recording in the coordinates of the upright picture, whichever its file has."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from behavior.errors import PoseError, VideoError
from behavior.files.pose import PoseFile, open_pose
from behavior.files.video import open_video
from behavior.recording import Recording, Track
from behavior.vision.crops import find_measured_points
from behavior.vision.pose_readings import rank_on_foreground, share_inside, turn_points

__all__ = ["read_upright_track"]

Reading = Literal["upright", "stored"]

_MIN_LIKELIHOOD = 0.6

# A tracker puts no point outside of the picture that it saw; rounding may.
_ALL_INSIDE, _MANY_OUTSIDE = 0.995, 0.98
# Ranks of the change where an animal moves, and by how much those of the other reading have to be below.
_ON_ANIMAL, _APART = 0.85, 0.2

# By how much trackers' copies of a video are smaller, of those that are common.
_COPIES = (1.25, 4 / 3, 1.5, 5 / 3, 2.0, 2.25, 2.5, 3.0, 4.0)

# Pictures that are compared, one of so many frames, from the beginning of the video.
_N_PICTURES, _STEP, _FEWEST_PICTURES = 24, 25, 3


def read_upright_track(
    recording: Recording,
    individual: str | None = None,
    scale: tuple[float, float, float] | None = None,
    *,
    opened: PoseFile | None = None,
    doubts_scale: bool = False,
) -> tuple[Track, str | None]:
    """Return the track of a recording's animal in the upright picture's pixels, and what to say of a video that is turned or scaled.

    Where the video's metadata turn its picture, coordinates may be those of the upright picture or of the stored one, as readers give it
    that ignore the metadata. `recording.pose_coordinates` says which; where it is "auto", the reading counts by which alone all points
    lie within the picture, or on what moves there.

    Parameters
    ----------
    individual
        Of a file with several animals, if the recording does not name its own.
    scale
        As `files.pose.read_pose` takes it.
    opened
        The recording's pose file, if it was parsed before.
    doubts_scale
        Decode the beginning of a video that is not turned too, and say of a pose whose points would be on what moves if they were farther
        apart that it is of a smaller copy of the video.

    Raises
    ------
    PoseError
        If both readings are possible, or contradict each other, and as `files.pose.read_pose`.
    VideoError
        If the pose is said to be of the stored picture, and the video, which says how that is turned, cannot be read.
    """
    assert recording.pose is not None
    track = (opened or open_pose(recording.pose)).read(recording.individual or individual, scale)
    wanted, video = recording.pose_coordinates, recording.video
    if video is None or not video.is_file():
        if wanted == "stored":
            raise PoseError(
                f"{recording.pose}: pose: {{coordinates: stored}} needs the video, which says how its picture is turned, and there is "
                "none; name it in the manifest."
            )
        return track, None
    try:
        with open_video(video) as shown:
            turns, size = shown.quarter_turns, (shown.width, shown.height)
    except VideoError as error:
        if wanted == "stored":
            raise
        return track, f"{str(error).rstrip('.')}; the pose is taken to be of the upright picture."
    if not turns:
        return track, _doubt_scale(recording.pose, video, track, size) if doubts_scale else None
    stored_size = size if turns % 2 == 0 else (size[1], size[0])
    turned = replace(track, positions=turn_points(track.positions, turns, stored_size))
    # Metadata name the turn to the right.
    said = f"{video}: its metadata turn the picture by {(-turns % 4) * 90} degrees to the right"
    evidence = _weigh(video, track, turned, size)
    if wanted != "auto":
        doubts = [reason for reason, reading in evidence.items() if reading != wanted]
        said += f"; as asked for, the pose is of the {wanted} picture{' and is turned with it' if wanted == 'stored' else ''}."
        said += f" But {' and '.join(doubts)} it is of the other." if doubts else ""
        return (turned if wanted == "stored" else track), said
    readings = set(evidence.values())
    if readings == {"upright"}:
        return track, f"{said}; the pose is of the upright picture."
    if readings == {"stored"}:
        return turned, f"{said}; the pose is of the stored picture, as its points show, and is turned with it."
    reasons = ", and ".join(f"{reason} they are of the {reading} picture" for reason, reading in evidence.items())
    raise PoseError(
        f"{recording.pose}: {video.name} is turned by {(-turns % 4) * 90} degrees to the right by its metadata, and the points do not tell "
        f"whether they are of the upright picture or of the stored one{': ' if reasons else ''}{reasons}; say so in the study file, as "
        "pose: {coordinates: upright} or pose: {coordinates: stored}, or with annotate --pose-coordinates."
    )


def _weigh(video: Path, upright: Track, stored: Track, size: tuple[int, int]) -> dict[str, Reading]:
    """Return which reading each kind of evidence is for, by words that say why; none that does not tell."""
    centers = {"upright": _find_middle(upright), "stored": _find_middle(stored)}
    evidence: dict[str, Reading] = {}
    inside = {reading: share_inside(points, size) for reading, points in centers.items()}
    frames, images = _take_pictures(video, upright)
    enough = len(images) >= _FEWEST_PICTURES
    ranks = {reading: rank_on_foreground(images, points[frames]) for reading, points in centers.items()} if enough else {}
    pairs: tuple[tuple[Reading, Reading], ...] = (("upright", "stored"), ("stored", "upright"))
    for reading, other in pairs:
        if inside[reading] >= _ALL_INSIDE and inside[other] <= _MANY_OUTSIDE:
            evidence["by the points outside of the picture"] = reading
        if ranks and ranks[reading] >= _ON_ANIMAL and ranks[reading] - ranks[other] >= _APART:
            evidence["by what moves in the picture"] = reading
    return evidence


def _doubt_scale(pose: Path, video: Path, track: Track, size: tuple[int, int]) -> str | None:
    """Return a sentence if the pose looks like that of a copy of the video with fewer pixels, else None."""
    centers = _find_middle(track)
    known = centers[np.isfinite(centers).all(axis=1)]
    reach = float((known.max(axis=0) / size).max()) if len(known) else 1.0
    factors = [factor for factor in _COPIES if factor * reach <= 1]
    if not factors:
        return None
    frames, images = _take_pictures(video, track)
    if len(images) < _FEWEST_PICTURES:
        return None
    ranks = [rank_on_foreground(images, factor * centers[frames]) for factor in (1.0, *factors)]
    best = int(np.argmax(ranks[1:]))
    if not (ranks[best + 1] >= _ON_ANIMAL and ranks[best + 1] - ranks[0] >= _APART):
        return None
    width, height = (round(side / factors[best]) for side in size)
    return (
        f"{pose}: its points are not on what moves in {video.name}, but would be if their coordinates were {factors[best]:.3g} times as "
        f"large; is it the pose of a copy of about {width} x {height} pixels instead of {size[0]} x {size[1]}? Then run the tracker on "
        "this video, or multiply x and y."
    )


def _find_middle(track: Track) -> npt.NDArray[np.float64]:
    """Return the mean of the points of each row that were found, (T, 2)."""
    found = find_measured_points(track.positions, track.likelihoods, min_likelihood=_MIN_LIKELIHOOD)
    counts = found.sum(axis=1)
    sums = np.where(found[..., None], track.positions, 0.0).sum(axis=1)
    return np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], np.nan)


def _take_pictures(video: Path, track: Track) -> tuple[list[int], list[npt.NDArray[np.uint8]]]:
    """Return pictures from a video's beginning, and the rows of the track that belong to them."""
    rows: list[int] = []
    images: list[npt.NDArray[np.uint8]] = []
    with open_video(video) as opened:
        step = min(max((opened.declared_frames or len(track)) // _N_PICTURES, 1), _STEP)
        with closing(opened.frames()) as frames:
            for frame in frames:
                row = frame.index if track.time_s is None else int(np.argmin(np.abs(track.time_s - frame.time_s)))
                if row >= len(track) or len(images) == _N_PICTURES:
                    break
                if frame.index % step == 0 and frame.image is not None:
                    rows.append(row)
                    images.append(frame.image)
    return rows, images
