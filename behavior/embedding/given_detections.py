"""What another program found in a video, by its file: checked against the video, and as what our own detector would have given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import PoseError
from behavior.files.detection_files import read_detections
from behavior.files.detection_table import DetectionTable
from behavior.files.frame_rows import VideoSummary
from behavior.files.pose_times import TOLERATED_ROWS
from behavior.files.video import summarize_video
from behavior.progress import announce, warn
from behavior.tracking.animals import BODY_PARTS
from behavior.tracking.association import Associated
from behavior.tracking.detections import Detections
from behavior.tracking.given_detections import measure_boxes, measure_poses, split_frames

__all__ = ["GivenDetections", "read_given_detections"]

# Part of the picture's sides by which a centre may be outside, for a body that is cut by the edge; and the share that may be farther.
_OUTSIDE, _MOST_OUTSIDE = 0.02, 0.02
# Sides of a box in pixels at least, and in diagonals of the picture at most.
_THINNEST, _LONGEST = 0.5, 2.0
# No video has more in one picture, nor more animals that a file names.
_MOST_IN_FRAME, _MOST_NAMED = 1000, 1000


@dataclass(frozen=True)
class GivenDetections:
    """Detections of each of T frames, and the table rows that they are.

    Attributes
    ----------
    frames
        Of each frame.
    time_s
        Of each frame in seconds, float64 of shape (T,).
    table
        What is left of the file's detections.
    path
        The file.
    """

    frames: list[Detections]
    time_s: npt.NDArray[np.float64]
    table: DetectionTable
    path: Path

    @property
    def length(self) -> float | None:
        """Of an animal in pixels; None where the file does not tell."""
        lengths = np.concatenate([found.lengths for found in self.frames]) if self.frames else np.empty(0)
        return float(np.nanmedian(lengths)) if np.isfinite(lengths).any() else None

    def keep_identities(self) -> Associated:
        """Return which detection is which animal as the file says.

        Raises
        ------
        PoseError
            If it names no animals, too many, or one twice in a frame.
        """
        table = self.table
        if not len(table.names) or (table.owners < 0).all():
            raise PoseError(f"{self.path}: names no animals, so there are no identities to keep; leave --keep-identities out.")
        if len(table.names) > _MOST_NAMED:
            raise PoseError(
                f"{self.path}: names {len(table.names)} animals, expected at most {_MOST_NAMED}; leave --keep-identities out, so that "
                "identities are found from motion and appearance."
            )
        chosen = np.full((len(self.frames), len(table.names)), -1, dtype=np.int32)
        named = np.flatnonzero(table.owners >= 0)
        starts = np.searchsorted(table.frames, table.frames[named])
        places = table.frames[named] * len(table.names) + table.owners[named]
        if len(np.unique(places)) < len(named):
            values, counts = np.unique(places, return_counts=True)
            frame, owner = divmod(int(values[counts > 1][0]), len(table.names))
            raise PoseError(
                f"{self.path}: has {table.names[owner]!r} twice in frame {frame}, expected each animal once; leave --keep-identities out."
            )
        chosen[table.frames[named], table.owners[named]] = named - starts
        present = np.flatnonzero((chosen >= 0).any(axis=0))
        return Associated(chosen[:, present], chosen[:, present] >= 0)

    def take_parts(
        self, chosen: npt.NDArray[np.integer], frames: npt.NDArray[np.integer], tracklets: npt.NDArray[np.integer]
    ) -> tuple[tuple[str, ...], npt.NDArray[np.float64] | None]:
        """Return the file's body parts, but for those that are our own, and x, y and likelihood of each, (M, P, 3), by tracklet and frame.

        Parameters
        ----------
        chosen, frames, tracklets
            Of M detections that are animals, by frame: which of its frame's it is, the frame, and its tracklet, each of shape (M,).
        """
        table = self.table
        own = [number for number, name in enumerate(table.body_parts) if name not in BODY_PARTS]
        if not own:
            return (), None
        order = np.argsort(tracklets, kind="stable")
        rows = (np.searchsorted(table.frames, frames) + chosen)[order, None]
        points = np.concatenate((table.points[rows, own], table.likelihoods[rows, own, None]), axis=2)
        return tuple(table.body_parts[number] for number in own), points


def read_given_detections(
    video: Path,
    path: Path,
    *,
    mask: npt.NDArray[np.bool_] | None = None,
    least_score: float = 0.0,
    area: float | None = None,
) -> GivenDetections:
    """Return what the file at `path` says was found in a video.

    Parameters
    ----------
    mask
        Where animals can be, of shape (H, W); detections elsewhere are left out.
    least_score
        Detections with less are left out.
    area
        Of an animal in square pixels, where the file has positions alone.

    Raises
    ------
    PoseError
        If the file cannot be read, holds no detection or too many in one frame, or is of another video: of another size, or with more
        frames, or with positions outside of the picture, or boxes that are far smaller or larger than in any.
    VideoError
        If the video cannot be read.
    """
    table = read_detections(path, video=video)
    summary = summarize_video(video)
    table = _match_frames(path, table, summary)
    table, found = _measure(path, table, summary)
    kept = found.qualities >= least_score
    if mask is not None:
        column, row = np.rint(found.positions).astype(np.intp).T
        kept &= mask[np.clip(row, 0, summary.height - 1), np.clip(column, 0, summary.width - 1)]
    table, found = table.select(kept), found.select(kept)
    if not len(table):
        raise PoseError(f"{path}: holds no detection of {video.name} that counts; check --least-score, --mask and the file.")
    counts = np.bincount(table.frames)
    if counts.max() > _MOST_IN_FRAME:
        raise PoseError(
            f"{path}: has {counts.max()} detections in frame {counts.argmax()}, expected at most {_MOST_IN_FRAME}; give a --least-score, "
            "or run the detector with a higher one."
        )
    if area is not None and not np.isfinite(found.lengths).any():
        side = np.full(len(found), 2 * np.sqrt(area / np.pi))
        found = replace(found, lengths=side, widths=side, areas=np.full(len(found), area))
    announce(f"{video.name}: {len(table)} detections in {len(np.unique(table.frames))} of {summary.n_frames} frames, from {path.name}")
    return GivenDetections(split_frames(found, table.frames, summary.n_frames), summary.time_s, table, path)


def _match_frames(path: Path, table: DetectionTable, summary: VideoSummary) -> DetectionTable:
    """Return the detections that belong to frames of the video."""
    n_frames = summary.n_frames
    if table.stated_size is not None and table.stated_size != (summary.width, summary.height):
        width, height = table.stated_size
        raise PoseError(
            f"{path}: is of pictures of {width} x {height} pixels, and the video has {summary.width} x {summary.height}; are they the "
            "detections of another video?"
        )
    if not len(table):
        raise PoseError(f"{path}: holds no detection, expected some; run the detector again.")
    last = int(table.frames[-1])
    if table.may_start_at_one and last == n_frames and table.frames[0] >= 1:
        warn(f"{path}: its frames are numbered from 1 to {n_frames}, so its frame 1 is taken for the video's frame 0.")
        return replace(table, frames=table.frames - 1)
    stated = table.stated_frames or 0
    if not summary.broke_off and max(last + 1, stated) > n_frames + TOLERATED_ROWS:
        said = f"says that its video has {stated} frames" if stated > last else f"has detections in frame {last}"
        raise PoseError(f"{path}: {said}, and the video has {n_frames} frames; are they the detections of another video?")
    if last >= n_frames:
        outside = int((table.frames >= n_frames).sum())
        warn(f"{path}: {outside} of {len(table)} detections are in frames after the video's last one, and left out.")
        return table.select(table.frames < n_frames)
    return table


def _measure(path: Path, table: DetectionTable, summary: VideoSummary) -> tuple[DetectionTable, Detections]:
    """Return the detections that have a size and a position in the picture."""
    table = _leave_out_sizes(path, table, summary)
    found = measure_boxes(table.positions, table.sizes, table.angles, table.scores)
    if table.body_parts:
        by_parts = measure_poses(table.points, table.likelihoods, table.body_parts, least_likelihood=table.least_likelihood)
        # Boxes serve where hardly any part was found.
        boxes = np.isfinite(found.positions[:, 0]) & ~np.isfinite(by_parts.angles)
        by_parts = replace(by_parts, qualities=np.clip(by_parts.qualities * table.scores, 0.01, 1.0))
        found = Detections(
            **{
                name: np.where(boxes[:, None] if getattr(found, name).ndim == 2 else boxes, getattr(found, name), getattr(by_parts, name))
                for name in by_parts.__dataclass_fields__
            }
        )
    placed = np.isfinite(found.positions[:, 0])
    size = np.array([summary.width, summary.height])
    outside = placed & ((found.positions < -_OUTSIDE * size) | (found.positions > (1 + _OUTSIDE) * size)).any(axis=1)
    # Parts so far from each other have their middle anywhere.
    outside |= placed & (found.lengths > _LONGEST * np.hypot(*size))
    if outside.sum() > _MOST_OUTSIDE * max(placed.sum(), 1):
        row = int(np.flatnonzero(outside)[0])
        x, y = found.positions[row]
        raise PoseError(
            f"{path}: frame {table.frames[row]} has an animal at ({x:.0f}, {y:.0f}), outside of the video's {summary.width} x "
            f"{summary.height} pixels, as have {int(outside.sum())} of {len(table)} detections; are they the detections of another video?"
        )
    if outside.any():
        warn(f"{path}: {int(outside.sum())} of {len(table)} detections are outside of the picture, and left out.")
    kept = placed & ~outside
    return table.select(kept), found.select(kept)


def _leave_out_sizes(path: Path, table: DetectionTable, summary: VideoSummary) -> DetectionTable:
    """Return the detections without boxes of a size that no animal has in the picture."""
    longest = _LONGEST * np.hypot(summary.width, summary.height)
    wrong = ((table.sizes < _THINNEST) | (table.sizes > longest)).any(axis=1)
    if not wrong.any():
        return table
    row = int(np.flatnonzero(wrong)[0])
    width, height = table.sizes[row]
    found = f"frame {table.frames[row]} has a box of {width:.3g} x {height:.3g} in a picture of {summary.width} x {summary.height} pixels"
    if wrong.sum() > _MOST_OUTSIDE * len(table):
        raise PoseError(
            f"{path}: {found}, and {int(wrong.sum())} of {len(table)} detections are of such a size; expected pixels, of this video."
        )
    warn(f"{path}: {found}; {int(wrong.sum())} of {len(table)} detections are of such a size, and left out.")
    return table.select(~wrong)
