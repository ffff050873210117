"""The cells of a manifest that are about views of a recording besides the first: `video_NAME`, `pose_NAME` and `start_NAME`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from behavior.errors import UsageError
from behavior.recording import Recording

__all__ = ["VIEW_PREFIXES", "find_view", "list_view_columns", "name_view", "parse_views", "show_views"]

_VIDEO, _POSE, _START = VIEW_PREFIXES = ("video_", "pose_", "start_")
_LONGEST_S = 1e7


def name_view(recording: str, view: str) -> str:
    """Return the id of a view of a recording: no recording of a manifest has such an id, and it is safe as a file name.

    >>> name_view("mouse_01", "side"), name_view("mouse_01", "")
    ('mouse_01@side', 'mouse_01')
    """
    return f"{recording}@{view}" if view else recording


def find_view(recording: Recording, view: str) -> Recording | None:
    """Return one view of a recording, as a recording of its own, "" for the first; None where the manifest has none.

    >>> find_view(Recording("mouse_01"), "").id, find_view(Recording("mouse_01"), "side")
    ('mouse_01', None)
    """
    return recording.views.get(view) if view else recording


def parse_views(path: Path, line: int, recording: Recording, cells: Mapping[str, str]) -> dict[str, Recording]:
    """Return the other views of a recording, by the cells of its row; a view without any cell is not there.

    Parameters
    ----------
    path, line
        Where the row stands.
    recording
        What the other cells say.
    cells
        By column.

    Raises
    ------
    UsageError
        If a start is no number of seconds, or a view has a video or a pose where the first has none.
    """
    filled: dict[str, dict[str, str]] = {}
    for column, value in cells.items():
        prefix = next((prefix for prefix in VIEW_PREFIXES if column.startswith(prefix)), None)
        if prefix is not None and value:
            filled.setdefault(column.removeprefix(prefix), {})[prefix] = value
    folder = path.resolve().parent
    views: dict[str, Recording] = {}
    for view, values in filled.items():
        video, pose = (folder / values[prefix] if prefix in values else None for prefix in (_VIDEO, _POSE))
        if (video or pose) and recording.video is None and recording.pose is None:
            raise UsageError(
                f"{path}, line {line}: recording {recording.id!r} has the view {view!r} and no first one, by whose frames labels and "
                "ethograms go; name that in the columns video and pose."
            )
        start_s = _parse_start(path, line, recording.id, f"{_START}{view}", values.get(_START, "0"))
        views[view] = replace(recording, id=name_view(recording.id, view), video=video, pose=pose, start_s=start_s)
    return views


def _parse_start(path: Path, line: int, recording: str, column: str, cell: str) -> float:
    try:
        start_s = float(cell)
    except ValueError:
        start_s = math.nan
    if not abs(start_s) <= _LONGEST_S:
        raise UsageError(
            f"{path}, line {line}: {column} of {recording!r} is {cell[:40]!r}, expected how many seconds after the first view it starts, "
            "such as 2.5, or -2.5 for one that starts before it."
        )
    return start_s


def list_view_columns(recordings: Sequence[Recording]) -> list[str]:
    """Return the columns that the views of some recordings need."""
    names = sorted({name for recording in recordings for name in recording.views})
    columns = []
    for name in names:
        views = [recording.views[name] for recording in recordings if name in recording.views]
        columns.append(f"{_VIDEO}{name}")
        columns += [f"{_POSE}{name}"] if any(view.pose for view in views) else []
        columns += [f"{_START}{name}"] if any(view.start_s or view.video is None for view in views) else []
    return columns


def show_views(recording: Recording, columns: Sequence[str], *, show_path: Callable[[Path | None], str]) -> list[str]:
    """Return the cells of a recording in the columns of `list_view_columns`.

    `show_path` writes a path.
    """
    cells = []
    for column in columns:
        prefix, _, name = column.partition("_")
        view = recording.views.get(name)
        if view is None:
            cells.append("")
        elif f"{prefix}_" == _START:
            cells.append(f"{view.start_s:.10g}")
        else:
            cells.append(show_path(view.video if f"{prefix}_" == _VIDEO else view.pose))
    return cells
