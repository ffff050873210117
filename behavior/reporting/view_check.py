"""Checking the views of a recording besides the first: whether they can be read, and which part of the first one they show."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from behavior.config import MADE_STREAMS, POSE, Study, list_views, split_stream
from behavior.embedding.crop_reader import describe_video
from behavior.errors import BehaviorError, VideoError
from behavior.files.feature_cache import find_imported, read_outline
from behavior.files.pose_frames import find_pose_frames
from behavior.files.video import open_video
from behavior.files.view_cells import find_view
from behavior.learning.view_alignment import align_view
from behavior.recording import Frames, Recording
from behavior.reporting.check_result import Problem
from behavior.reporting.pose_check import check_pose, open_pose_of

__all__ = ["check_view_names", "check_views"]


def check_view_names(study: Study, recordings: Sequence[Recording]) -> list[Problem]:
    """Return a warning for each view that the manifest has and the study does not name.

    >>> study = Study.model_validate({"behaviors": ["rear"], "streams": ["imported"]})
    >>> [one.message for one in check_view_names(study, [Recording("m1", views={"side": Recording("m1@side")})])]
    ["the manifest has the view 'side', which the study does not name in views.others; it is not used."]
    """
    named = {} if study.views is None else study.views.others
    unused = dict.fromkeys(view for recording in recordings for view in recording.views if view not in named)
    messages = [f"the manifest has the view {view!r}, which the study does not name in views.others; it is not used." for view in unused]
    return [Problem("", message, is_error=False) for message in messages]


def check_views(study: Study, recording: Recording, frames: Frames) -> list[Problem]:
    """Return what is wrong with the other views of a recording whose first view has these `frames`, and what they do not show."""
    problems: list[Problem] = []
    for view in study.views.others if study.views is not None else ():
        shown = find_view(recording, view)
        if shown is None:
            message = f"has no view {view!r}; the model goes by its other views."
            problems.append(Problem(recording.id, message, is_error=False))
            continue
        try:
            problems += _check_view(study, recording, shown, view, frames)
        except BehaviorError as error:
            problems.append(Problem(recording.id, str(error), is_error=True))
    return problems


def _check_view(study: Study, recording: Recording, shown: Recording, view: str, frames: Frames) -> list[Problem]:
    streams = [split_stream(name)[0] for name in list_views(study.streams).get(view, [])]
    made = [name for name in streams if name in MADE_STREAMS]
    crop = (study.views.others[view].crop if study.views is not None else None) or study.crop
    own, problems = _find_frames(study, recording, shown, streams, made)
    if made and crop is not None and (POSE in made or not crop.whole_frame):
        size = None
        if shown.video is not None:
            with open_video(shown.video) as video:
                size = (video.width, video.height)
        problems += check_pose(shown, crop, own, size, open_file=partial(open_pose_of, shown)).problems
    if own.time_s is not None and frames.time_s is not None and len(own.time_s) and len(frames.time_s):
        rows = align_view(shown.id, own.time_s, shown.start_s, frames.time_s)
        if not rows.is_shown.all():
            times = frames.time_s[np.flatnonzero(rows.is_shown)[[0, -1]]]
            problems.append(
                _warn(
                    recording,
                    f"its view {view!r} shows {times[0]:.4g} to {times[1]:.4g} s of the {frames.time_s[-1]:.4g} s of the first view; the "
                    "rest counts as not shown by it.",
                )
            )
    return problems


def _find_frames(
    study: Study, recording: Recording, shown: Recording, streams: Sequence[str], made: Sequence[str]
) -> tuple[Frames, list[Problem]]:
    """Return the frames of a view, by its video, its pose or its imported features, and what is odd about them."""
    if not made:
        return Frames.from_times(read_outline(find_imported(study.cache, shown.id, streams[0])).time_s), []
    if shown.video is None:
        lacking = [name for name in made if name != POSE]
        if lacking:
            raise VideoError(f"{shown.id}: has no video, which {' and '.join(lacking)} need; name one in the manifest.")
        known = find_pose_frames(open_pose_of(shown), shown.fps)
        return known.frames, [_warn(recording, note) for note in known.notes]
    with open_video(shown.video) as video:
        summary = video.summarize()
        notes = describe_video(video, sampling=study.sampling_fps)
    return summary.frames, [_warn(recording, note) for note in notes]


def _warn(recording: Recording, message: str) -> Problem:
    return Problem(recording.id, message, is_error=False)
