"""Checking the views of a recording besides the first: whether they can be read, and which part of the first one they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from behavior.config import MADE_STREAMS, POSE, Study, list_views, split_stream
from behavior.embedding.crop_reader import describe_video
from behavior.errors import BehaviorError
from behavior.files.feature_cache import find_imported, read_outline
from behavior.files.needed_files import require_video
from behavior.files.pose_frames import find_pose_frames
from behavior.files.video import open_video
from behavior.files.view_cells import find_view
from behavior.frame_times import estimate_fps
from behavior.learning.view_alignment import align_view
from behavior.recording import Frames, Recording
from behavior.reporting.check_result import CheckedView, Problem
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
    return [Problem.warning("", message) for message in messages]


def check_views(study: Study, recording: Recording, frames: Frames) -> tuple[dict[str, CheckedView], list[Problem]]:
    """Return what there is of the other views of a recording whose first view has these `frames`, by column, and what is wrong."""
    checked: dict[str, CheckedView] = {}
    problems: list[Problem] = []
    for view in study.views.others if study.views is not None else ():
        shown = find_view(recording, view)
        if shown is None:
            message = f"has no view {view!r}; the model goes by its other views."
            problems.append(Problem.warning(recording.id, message))
            continue
        try:
            own, found = _check_view(study, recording, shown, view)
            problems += found
            column = _name_column(shown, view)
            checked[column] = CheckedView(own.n_frames, _find_rate(own))
            (from_s, to_s), found = _compare_times(recording, shown, column, own, frames)
            problems += found
            checked[column] = replace(checked[column], from_s=from_s, to_s=to_s)
        except BehaviorError as error:
            problems.append(Problem.error(recording.id, error))
    return checked, problems


def _name_column(shown: Recording, view: str) -> str:
    """Return the column of the manifest that says what a view is of."""
    kind = "video" if shown.video is not None else "pose" if shown.pose is not None else "start"
    return f"{kind}_{view}"


def _find_rate(frames: Frames) -> float | None:
    return estimate_fps(frames.time_s) if frames.time_s is not None and frames.n_frames > 1 else None


def _compare_times(
    recording: Recording, shown: Recording, column: str, own: Frames, frames: Frames
) -> tuple[tuple[float | None, float | None], list[Problem]]:
    """Return from when to when a view shows the first one, None where times are not known, and a warning where its start does not tell."""
    if own.time_s is None or frames.time_s is None or not len(own.time_s) or not len(frames.time_s):
        return (None, None), []
    rows = align_view(shown.id, own.time_s, shown.start_s, frames.time_s)
    from_s, to_s = (float(time_s) for time_s in frames.time_s[np.flatnonzero(rows.is_shown)[[0, -1]]])
    end_s = float(frames.time_s[-1])
    is_told = (frames.time_s < shown.start_s) | (frames.time_s > end_s + shown.start_s)
    problems = []
    if not (rows.is_shown | is_told).all():
        message = f"{column} shows {from_s:.4g} to {to_s:.4g} s of the {end_s:.4g} s of the first view; the rest counts as not shown by it."
        problems.append(Problem.warning(recording.id, message))
    return (from_s, to_s), problems


def _check_view(study: Study, recording: Recording, shown: Recording, view: str) -> tuple[Frames, list[Problem]]:
    """Return the frames of a view, and what is wrong with its files."""
    streams = [split_stream(name)[0] for name in list_views(study.streams).get(view, [])]
    made = [name for name in streams if name in MADE_STREAMS]
    crop = (study.views.others[view].crop if study.views is not None else None) or study.crop
    own, problems = _find_frames(study, recording, shown, streams, made)
    if made and crop is not None and (POSE in made or not crop.whole_frame):
        size = None
        if shown.video is not None:
            with open_video(require_video(shown)) as video:
                size = (video.width, video.height)
        of_pose = check_pose(shown, crop, own, size, open_file=partial(open_pose_of, shown)).problems
        problems += [replace(problem, recording=recording.id) for problem in of_pose]
    return own, problems


def _find_frames(
    study: Study, recording: Recording, shown: Recording, streams: Sequence[str], made: Sequence[str]
) -> tuple[Frames, list[Problem]]:
    """Return the frames of a view, by its video, its pose or its imported features, and what is odd about them."""
    if not made:
        return Frames.from_times(read_outline(find_imported(study.cache, shown.id, streams[0])).time_s), []
    if shown.video is None:
        lacking = [name for name in made if name != POSE]
        if lacking:
            require_video(shown)
        known = find_pose_frames(open_pose_of(shown), shown.fps)
        return known.frames, [Problem.warning(recording.id, note) for note in known.notes]
    with open_video(require_video(shown)) as video:
        summary = video.summarize()
        notes = describe_video(video, sampling=study.sampling_fps)
    return summary.frames, [Problem.warning(recording.id, note) for note in notes]
