"""The video and the pose that a recording, or one of its views, has to have: what is missing is named by its line in the manifest."""

from __future__ import annotations

from pathlib import Path

from behavior.errors import BehaviorError, InputError, PoseError, VideoError, advise_on_missing
from behavior.files.view_cells import split_view
from behavior.recording import Recording

__all__ = ["require_pose", "require_video"]


def require_video(recording: Recording) -> Path:
    """Return the video of a recording, or of one of its views.

    Raises
    ------
    VideoError
        If it has none, or the file is not there.
    InputError
        If its drive cannot be read.

    Examples
    --------
    >>> try:
    ...     require_video(Recording("m1@side", line=3))
    ... except VideoError as error:
    ...     print(error)
    recording 'm1' has no video for the view 'side'; name one on line 3 of the manifest, in the column video_side, or empty the view's \
other cells there.
    """
    if recording.video is None:
        name, view = split_view(recording.id)
        if view:
            raise VideoError(
                f"recording {name!r} has no video for the view {view!r}; name one {_find_cell(recording, 'video')}, or empty the view's "
                "other cells there."
            )
        raise VideoError(
            f"recording {name!r} has no video to embed; name one {_find_cell(recording, 'video')}, import its features, or take streams: "
            "[pose] alone."
        )
    _require_file(recording, recording.video, "video", VideoError)
    return recording.video


def require_pose(recording: Recording) -> Path:
    """Return the pose file of a recording, or of one of its views; as `require_video`, with PoseError.

    >>> try:
    ...     require_pose(Recording("m1", line=2))
    ... except PoseError as error:
    ...     print(error)
    recording 'm1' has no pose; name its file, which `behavior track` can make, on line 2 of the manifest, or set crop: {whole_frame: true}.
    """
    if recording.pose is None:
        name, view = split_view(recording.id)
        of_view = f" for the view {view!r}" if view else ""
        setting = f"views: {{others: {{{view}: {{crop: {{whole_frame: true}}}}}}}}" if view else "crop: {whole_frame: true}"
        raise PoseError(
            f"recording {name!r} has no pose{of_view}; name its file, which `behavior track` can make, {_find_cell(recording, 'pose')}, "
            f"or set {setting}."
        )
    _require_file(recording, recording.pose, "pose", PoseError)
    return recording.pose


def _require_file(recording: Recording, path: Path, column: str, error: type[BehaviorError]) -> None:
    try:
        is_there = path.is_file()
    except OSError as problem:
        raise InputError(f"{path}: cannot be looked for ({problem.strerror}); check its drive and your permissions.") from problem
    if not is_there:
        kind = "video" if column == "video" else "pose file"
        advice = f"correct the path {_find_cell(recording, column)}, or put the file there"
        raise error(f"{path}: no such {kind}; {advise_on_missing(path, advice)}.")


def _find_cell(recording: Recording, column: str) -> str:
    """Return where in the manifest the cell of a file is."""
    view = split_view(recording.id)[1]
    place = "in the manifest" if recording.line is None else f"on line {recording.line} of the manifest"
    return f"{place}, in the column {column}_{view}" if view else place
