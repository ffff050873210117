"""One overlay video of a track: its video with each animal's position, heading, name and way drawn on."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import PoseError, UsageError
from behavior.figures.overlay_plan import Clip, plan_frames
from behavior.figures.track_overlay import DrawnAnimals, TrackPainter
from behavior.files.folder_contents import list_files, separate_drawn
from behavior.files.name_matching import find_owners
from behavior.files.pose import match_pose_to_frames, open_pose
from behavior.files.tracklets import TRACK_SUFFIX, TRACKLETS_SUFFIX, read_tracklets
from behavior.files.video import open_video, summarize_video
from behavior.files.video_folder import VideoFolder
from behavior.files.video_writer import write_video
from behavior.progress import Advance, warn
from behavior.recording import Frames, Track

__all__ = ["TrackOverlay", "find_tracked_video", "name_tracked", "plan_track_overlay"]

_CRF, _PRESET = 20, "veryfast"
_TRAIL_S = 1.0
# Above it a position was seen, below predicted.
_SEEN = 0.5
_CENTERS, _HEADS = ("centroid", "center", "centre", "body_center"), ("nose_end", "nose", "snout", "head")


@dataclass(frozen=True)
class TrackOverlay:
    """An overlay that can be written.

    Attributes
    ----------
    track, video
        Paths.
    animals
        What is drawn.
    time_s
        Of each frame of the video.
    frames
        Which frame of the video each frame shows, int64 of shape (N,), ascending.
    fps
        Frames per second of the overlay.
    n_trail
        How many frames of the video a way is long.
    """

    track: Path
    video: Path
    animals: DrawnAnimals
    time_s: npt.NDArray[np.float64]
    frames: npt.NDArray[np.int64]
    fps: float
    n_trail: int

    def write(self, target: Path, *, advance: Advance) -> None:
        """Write it to `target`, whole or not at all, calling `advance` with 1 after each picture.

        Raises
        ------
        VideoError
            If the video cannot be read.
        OutputError
            If `target` cannot be written.
        """

        def paint() -> Iterator[npt.NDArray[np.uint8]]:
            for picture in self._paint():
                yield picture
                advance(1)

        write_video(target, paint(), fps=self.fps, crf=_CRF, preset=_PRESET)

    def _paint(self) -> Iterator[npt.NDArray[np.uint8]]:
        wanted = self.frames.tolist()
        with open_video(self.video) as reader:
            size = (reader.width, reader.height)
            painter = TrackPainter(self.animals, picture_size=size, n_trail=self.n_trail, note=name_tracked(self.track))
            n_painted = 0
            for frame in reader.frames(first_frame=wanted[0]):
                while n_painted < len(wanted) and wanted[n_painted] == frame.index:
                    yield painter.paint(frame.index, frame.image, time_s=float(self.time_s[frame.index]))
                    n_painted += 1
                if n_painted == len(wanted):
                    return


def name_tracked(track: Path) -> str:
    """Return the recording that a track is of.

    >>> name_tracked(Path("cage 1_track.csv")), name_tracked(Path("poses/m1DLC_resnet50.h5"))
    ('cage 1', 'm1DLC_resnet50')
    """
    return track.name.removesuffix(TRACK_SUFFIX) if track.name.endswith(TRACK_SUFFIX) else track.stem


def find_tracked_video(track: Path, folder: VideoFolder | None) -> Path:
    """Return the video that a track is of: named alike in the folder given, or next to the track.

    Raises
    ------
    PoseError
        If there is none, or there are several.
    """
    name = name_tracked(track)
    found = folder.find(name, None) if folder is not None else []
    if not found:
        videos, _ = separate_drawn(list_files(track.parent, recursive=False) if folder is None else list_files(folder.path, recursive=True))
        found = find_owners(track, videos)
    if len(found) != 1:
        what = "no video is named alike" if not found else f"{len(found)} videos are named alike"
        where = track.parent if folder is None else folder.path
        raise PoseError(f"{track}: {what} in {where}; name the folder that has its video with --videos.")
    return found[0]


def plan_track_overlay(track: Path, video: Path, *, clip: Clip) -> TrackOverlay:
    """Return the overlay of the pose file `track`, all animals of it, on its video.

    Raises
    ------
    PoseError
        If the file cannot be read, or is of another video.
    VideoError
        If the video cannot be read.
    UsageError
        If it ends before the clip starts.
    """
    opened, summary = open_pose(track), summarize_video(video)
    _tell_other_video(track, video)
    names = tuple(opened.individuals)
    tracks = []
    for name in names:
        matched, note = match_pose_to_frames(
            opened.read(name or None), Frames.from_times(summary.time_s, broke_off=summary.broke_off), path=track
        )
        tracks.append(matched)
        if note:
            warn(note)
    frames, fps = plan_frames(summary.time_s, summary.fps, clip)
    if not len(frames):
        raise UsageError(f"{video}: ends at {summary.time_s[-1]:g} s, before --start {clip.start_s:g}s; give an earlier time.")
    return TrackOverlay(track, video, _gather(tracks, names), summary.time_s, frames, fps, n_trail=max(round(_TRAIL_S * summary.fps), 1))


def _gather(tracks: list[Track], names: tuple[str, ...]) -> DrawnAnimals:
    """Return where animals are drawn: at their centre part, or the mean of all parts that were found."""
    centers, heads, seen = [], [], []
    for track in tracks:
        center, head = (_find_part(track, known) for known in (_CENTERS, _HEADS))
        likely = np.where(track.likelihoods[..., None] > _SEEN, track.positions, np.nan)
        with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
            middles = np.nanmean(likely, axis=1) if center is None else track.positions[:, center]
        centers.append(middles)
        heads.append(np.full_like(middles, np.nan) if head is None else likely[:, head])
        seen.append(np.isfinite(middles[:, 0]) if center is None else track.likelihoods[:, center] > _SEEN)
    return DrawnAnimals(
        np.stack(centers, axis=1), np.stack(heads, axis=1), np.stack(seen, axis=1), tuple(name or "animal" for name in names)
    )


def _find_part(track: Track, known: tuple[str, ...]) -> int | None:
    parts = [part.casefold() for part in track.body_parts]
    return next((parts.index(name) for name in known if name in parts), None)


def _tell_other_video(track: Path, video: Path) -> None:
    """Warn if the tracklets beside a track are of a video with other bytes: another one, or the same compressed again."""
    tracklets = track.with_name(track.name.removesuffix(TRACK_SUFFIX) + TRACKLETS_SUFFIX)
    if not track.name.endswith(TRACK_SUFFIX) or not tracklets.is_file():
        return
    try:
        n_bytes = read_tracklets(tracklets).origin.get("bytes")
    except PoseError as error:
        # The track is drawn without them.
        warn(str(error))
        return
    if isinstance(n_bytes, int) and n_bytes != (found := video.stat().st_size):
        warn(
            f"{track}: was made of a video of {n_bytes:,} bytes, and {video} has {found:,}; if its animals are drawn beside those in the "
            "video, name the folder of the track's own video with --videos."
        )
