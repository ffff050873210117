"""How many frames recordings have, and when: by their features, by decoding their videos, or by their pose."""

from __future__ import annotations

from collections.abc import Sequence

from behavior.config import Study
from behavior.errors import CacheError
from behavior.files.pose_frames import read_pose_frames
from behavior.files.video import summarize_video
from behavior.learning.learning_data import load_features, make_study_streams
from behavior.progress import announce, report_progress
from behavior.recording import Frames, Recording

__all__ = ["find_frames"]


def find_frames(study: Study, recordings: Sequence[Recording]) -> dict[str, Frames]:
    """Return the frames of `recordings` from their features in the cache, or if there are none yet, from the videos, or the pose alone.

    Raises
    ------
    CacheError
        If features cannot be used and there is neither a video nor a pose.
    VideoError, PoseError
        If a video cannot be decoded, or a pose without a video not be read.
    """
    streams = make_study_streams(study)
    frames: dict[str, Frames] = {}
    with report_progress("looking up frames", total=len(recordings), unit="recordings") as advance:
        for recording in recordings:
            try:
                frames[recording.id] = load_features(study, recording, streams).frames
            except CacheError as error:
                if recording.video is None and recording.pose is None:
                    raise
                if recording.video is None:
                    frames[recording.id] = read_pose_frames(recording).frames
                else:
                    announce(f"{recording.id}: decoding the video to count its frames, as its features cannot be used ({error})")
                    frames[recording.id] = summarize_video(recording.video).frames
            advance(1)
    return frames
