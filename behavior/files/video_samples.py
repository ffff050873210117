"""Pictures from all over a video, to see what it is of before it is read."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from behavior.errors import VideoError
from behavior.files.video import open_video
from behavior.files.video_access import FrameAccess
from behavior.files.video_index import FrameNotReadError, VideoIndex

__all__ = ["sample_grey"]

# Frames that are decoded to reach a single one, about: where fewer lie between two samples, reading on is quicker.
_FRAMES_TO_SEEK = 150

# Pictures of more bytes than this in all are fewer.
_MOST_BYTES = 256 * 2**20
_FEWEST = 12


def sample_grey(path: Path, *, count: int = 48, start_frame: int = 0) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.intp]]:
    """Return pictures of the video at `path` at equal distances, uint8 of shape (K, H, W), and the frames that they are, (K,).

    Parameters
    ----------
    count
        How many, at most; fewer where the video has fewer frames or its pictures are very large.
    start_frame
        Frames before it are left out.

    Raises
    ------
    VideoError
        As `open_video`, and if no frame can be decoded.
    """
    with open_video(path) as video:
        n_bytes, n_frames = video.width * video.height, video.declared_frames
    count = max(min(count, _MOST_BYTES // n_bytes), min(count, _FEWEST))
    found = None
    if n_frames is not None and (n_frames - start_frame) / count > _FRAMES_TO_SEEK:
        found = _seek(path, count, start_frame)
    if found is None:
        found = _read_on(path, count, start_frame, max(((n_frames or 0) - start_frame) // count, 1))
    if not found:
        raise VideoError(f"{path}: none of its frames from frame {start_frame} on can be decoded; check the video.")
    frames = np.array(sorted(found), dtype=np.intp)
    return np.stack([found[frame] for frame in frames.tolist()]), frames


def _seek(path: Path, count: int, start_frame: int) -> dict[int, npt.NDArray[np.uint8]] | None:
    """Return pictures by their frames, decoded one by one; None where frames are not known without reading the video."""
    try:
        index = VideoIndex(path)
        found = {}
        with FrameAccess(index) as access:
            for frame in np.linspace(start_frame, index.n_frames - 1, count).round().astype(np.intp).tolist():
                if (image := access.read(frame).image) is not None:
                    found[frame] = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    except FrameNotReadError:
        return None
    return found


def _read_on(path: Path, count: int, start_frame: int, step: int) -> dict[int, npt.NDArray[np.uint8]]:
    """Return pictures by their frames, from one reading of the video.

    Where the header says too little of its length, every second picture is let go each time that there are twice as many as wanted.
    """
    found: dict[int, npt.NDArray[np.uint8]] = {}
    with open_video(path) as video:
        for row in video.read_rows():
            if row.index < start_frame or (row.index - start_frame) % step or row.picture is None:
                continue
            found[row.index] = video.pictures.convert_grey(row.picture)
            if len(found) >= 2 * count:
                step *= 2
                found = {index: image for index, image in found.items() if (index - start_frame) % step == 0}
    return found
