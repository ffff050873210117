"""What an edit does to labels: spans are painted, and what was there is known, so that every edit can be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

__all__ = ["Change", "Paint", "apply_changes", "are_as_before", "collide", "invert_changes", "plan_changes"]


@dataclass(frozen=True)
class Paint:
    """A span of frames [start, stop) that somebody gives a label.

    Attributes
    ----------
    start, stop
        Frames, half-open.
    behavior
        Its name; None for all of them.
    value
        1 or 0 of a behavior; of all behaviors, 0 is that people looked at the span, and -1 that nobody did.
    """

    start: int
    stop: int
    behavior: str | None
    value: int


@dataclass(frozen=True)
class Change:
    """A run of frames [start, stop) of one column whose label becomes `after` and was `before`."""

    start: int
    stop: int
    column: int
    before: int
    after: int


def plan_changes(
    values: npt.NDArray[np.int8], behaviors: Sequence[str], paints: Sequence[Paint], exclusive: Mapping[str, frozenset[str]]
) -> list[Change]:
    """Return what `paints`, one after the other, change in labels; these stay as they are.

    Who labels a behavior has looked at the span: the other behaviors become 0 where they were -1.

    Parameters
    ----------
    values
        Labels, int8 of shape (T, B).
    behaviors
        B names.
    paints
        Within the T frames.
    exclusive
        By behavior, the others that cannot be at the same time; they become 0.

    Examples
    --------
    >>> plan_changes(np.full((4, 2), -1, np.int8), ["rest", "rear"], [Paint(1, 3, "rear", 1)], {})
    [Change(start=1, stop=3, column=0, before=-1, after=0), Change(start=1, stop=3, column=1, before=-1, after=1)]
    """
    if not paints:
        return []
    first, last = min(paint.start for paint in paints), max(paint.stop for paint in paints)
    before = values[first:last]
    after = before.copy()
    for paint in paints:
        span = after[paint.start - first : paint.stop - first]
        if paint.behavior is None and paint.value == -1:
            span[:] = -1
            continue
        span[span == -1] = 0
        if paint.behavior is not None:
            span[:, behaviors.index(paint.behavior)] = paint.value
            if paint.value == 1:
                for other in exclusive.get(paint.behavior, ()):
                    if other in behaviors:
                        span[:, behaviors.index(other)] = 0
    return [
        Change(first + start, first + stop, column, old, new)
        for column in range(len(behaviors))
        for start, stop, old, new in _list_runs(before[:, column], after[:, column])
    ]


def _list_runs(before: npt.NDArray[np.int8], after: npt.NDArray[np.int8]) -> list[tuple[int, int, int, int]]:
    """Return the runs in which both are constant and differ: start, stop, and the two values."""
    is_edge = np.flatnonzero((np.diff(before) != 0) | (np.diff(after) != 0)) + 1
    edges = [0, *is_edge.tolist(), len(before)]
    return [
        (start, stop, int(before[start]), int(after[start]))
        for start, stop in pairwise(edges)
        if start < stop and before[start] != after[start]
    ]


def are_as_before(values: npt.NDArray[np.int8], changes: Sequence[Change]) -> bool:
    """Tell whether labels (T, B) are everywhere what `changes` begin with."""
    return all(
        0 <= change.start < change.stop <= len(values)
        and 0 <= change.column < values.shape[1]
        and bool(np.all(values[change.start : change.stop, change.column] == change.before))
        for change in changes
    )


def apply_changes(values: npt.NDArray[np.int8], changes: Sequence[Change]) -> None:
    """Make `changes` in labels (T, B); ValueError, with nothing changed, if they are not what the changes begin with."""
    if not are_as_before(values, changes):
        raise ValueError("the labels are not what the changes begin with")
    for change in changes:
        values[change.start : change.stop, change.column] = change.after


def invert_changes(changes: Sequence[Change]) -> list[Change]:
    """Return the changes that take `changes` back.

    >>> invert_changes([Change(2, 5, 0, -1, 1)])
    [Change(start=2, stop=5, column=0, before=1, after=-1)]
    """
    return [Change(change.start, change.stop, change.column, change.after, change.before) for change in changes]


def collide(first: Sequence[Paint], second: Sequence[Paint], exclusive: Mapping[str, frozenset[str]]) -> bool:
    """Tell whether two people's paints are about the same frames of the same behavior, of behaviors that exclude each other, or of all.

    >>> collide([Paint(0, 5, "rear", 1)], [Paint(4, 9, "rear", 0)], {}), collide([Paint(0, 5, "rear", 1)], [Paint(5, 9, "rear", 0)], {})
    (True, False)
    """
    return any(
        one.start < other.stop
        and other.start < one.stop
        and (
            one.behavior is None
            or other.behavior is None
            or one.behavior == other.behavior
            or other.behavior in exclusive.get(one.behavior, ())
        )
        for one in first
        for other in second
    )
