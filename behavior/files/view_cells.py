"""The cells of a manifest that are about views of a recording besides the first: `video_NAME`, `pose_NAME` and `start_NAME`."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from behavior.errors import UsageError, find_nearest_name
from behavior.recording import Recording

__all__ = [
    "VIEW_PREFIXES",
    "find_view",
    "list_view_columns",
    "name_view",
    "parse_views",
    "refuse_misspelled_views",
    "show_views",
    "split_view",
]

_VIDEO, _POSE, _START = VIEW_PREFIXES = ("video_", "pose_", "start_")
_LONGEST_S = 1e7


def name_view(recording: str, view: str) -> str:
    """Return the id of a view of a recording: no recording of a manifest has such an id, and it is safe as a file name.

    >>> name_view("mouse_01", "side"), name_view("mouse_01", "")
    ('mouse_01@side', 'mouse_01')
    """
    return f"{recording}@{view}" if view else recording


def split_view(name: str) -> tuple[str, str]:
    """Return the recording and the view that an id is of, "" for the first.

    >>> split_view("mouse_01@side"), split_view("mouse_01")
    (('mouse_01', 'side'), ('mouse_01', ''))
    """
    recording, _, view = name.partition("@")
    return recording, view


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
        If a start is not a number of seconds, or a view has a video or a pose where the first has none.
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


def refuse_misspelled_views(manifest: Path, recordings: Sequence[Recording], named: Collection[str]) -> None:
    """Raise UsageError if a column of a manifest is of a view by a misspelled name: what it says would be lost.

    Such a view is not named by the study or the model, its name is near that of another one, and each has columns that the other lacks.

    Parameters
    ----------
    named
        Views that the study, or the model, names.

    Examples
    --------
    >>> side, slip = Recording("m1@side", video=Path("s.mp4")), Recording("m1@sied", start_s=2.0)
    >>> try:
    ...     refuse_misspelled_views(Path("new.csv"), [Recording("m1", views={"side": side, "sied": slip})], ["side"])
    ... except UsageError as error:
    ...     print(error)
    new.csv: the column 'start_sied' is of a view that has nothing else; did you mean 'start_side'?
    """
    if slip := _find_misspelled_view(recordings, named):
        raise UsageError(f"{manifest}: the column {slip[0]!r} is of a view that has nothing else; did you mean {slip[1]!r}?")


def _find_misspelled_view(recordings: Sequence[Recording], named: Collection[str]) -> tuple[str, str] | None:
    """Return a column of a manifest that is of a view by a misspelled name, and the column that is probably meant; None for none."""
    columns: dict[str, set[str]] = {}
    for recording in recordings:
        for name, view in recording.views.items():
            columns.setdefault(name, set()).update(_list_filled(view))
    for name, own in columns.items():
        meant = find_nearest_name(name, [other for other, prefixes in columns.items() if other != name and not prefixes & own])
        if name not in named and meant is not None and (meant in named or _VIDEO not in own):
            prefix = next(prefix for prefix in VIEW_PREFIXES if prefix in own)
            return f"{prefix}{name}", f"{prefix}{meant}"
    return None


def _list_filled(view: Recording) -> set[str]:
    """Return the prefixes of the columns that tell something of a view."""
    files = {prefix for prefix, path in ((_VIDEO, view.video), (_POSE, view.pose)) if path is not None}
    return files | ({_START} if view.start_s or not files else set())


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
