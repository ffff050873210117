"""What a label file says of its video, compared with the video: how many seconds it lasts, and its frame rate."""

from __future__ import annotations

from pathlib import Path

from behavior.errors import LabelError
from behavior.files.label_formats.naming import IN_STUDY_FILE
from behavior.files.label_formats.request import LabelRequest
from behavior.frame_times import estimate_fps, frame_edges, have_same_rate

__all__ = ["compare_duration", "compare_rate"]


def compare_duration(path: Path, seconds: float, request: LabelRequest) -> list[str]:
    """Return a note if a file is about a video of another duration, [] if it is not.

    Sound may be a little longer than the picture: a second, or a hundredth, does not count as a difference.

    Raises
    ------
    LabelError
        If they differ by more, and the policy for labels out of range calls that an error.
    """
    time_s = request.frames.time_s
    if time_s is None or len(time_s) < 2:
        return []
    edges = frame_edges(time_s)
    duration = float(edges[-1] - edges[0])
    difference = seconds - duration
    if abs(difference) <= max(1.0, 0.01 * duration) or (request.frames.broke_off and difference > 0):
        return []
    sentence = f"{path}: is about {seconds:.6g} s, but the video lasts {duration:.6g} s"
    if request.policies.out_of_range == "error":
        raise LabelError(
            f"{sentence}, expected as long; are they the labels of another video? (labels: {{out_of_range: warn}} {IN_STUDY_FILE} takes "
            "its times as they are)"
        )
    return [f"{sentence}."]


def compare_rate(path: Path, fps: float, request: LabelRequest) -> None:
    """Raise LabelError if a file counts frames at another rate than the video has; a rate that is unknown is not compared."""
    time_s = request.frames.time_s
    if time_s is None or len(time_s) < 2:
        return
    video_fps = estimate_fps(time_s)
    if video_fps is not None and not have_same_rate(fps, video_fps):
        raise LabelError(
            f"{path}: counts frames at {fps:g} per second, but the video has {video_fps:.4g}, so its frames are not the video's; label the "
            "video itself, or convert the labels."
        )
