"""Which clips people are asked to label, why, and what became of each: a table next to the study file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast, get_args

from behavior.errors import InputError, show_plainly
from behavior.files.atomic import write_text
from behavior.files.cells import format_table, unescape_cell
from behavior.files.claims import hold_claim
from behavior.files.manifest import is_portable_name
from behavior.files.opening import explain_damage, read_text

__all__ = ["QUEUE_FILE", "ClipState", "QueuedClip", "add_clips", "list_clips", "read_clips", "set_clip_state"]

QUEUE_FILE = "clips.csv"

ClipState = Literal["open", "done", "skipped", "unsure"]

_COLUMNS = ("recording", "start_frame", "stop_frame", "reason", "is_random", "state", "rater", "round")
_MOST_BYTES, _MOST_CLIPS, _MOST_NUMBER = 64 * 2**20, 200_000, 2**53
_LONGEST_REASON = 300
_PATIENCE_S = 5.0
_ADVICE = "move it away, and the page begins a new one"


@dataclass(frozen=True)
class QueuedClip:
    """A clip that a rater is asked to label.

    Attributes
    ----------
    recording
        Its id.
    start_frame, stop_frame
        Frames, half-open.
    reason
        Why it is there, one sentence for people.
    is_random
        Whether it was drawn at random, so that a score on such clips is honest.
    state
        "open" before anybody has decided; "done" once it is labelled; "skipped" and "unsure" have no labels.
    rater
        Who is asked; "" for the manifest's plain column of labels.
    round
        Number of the batch that it came with, from 1.

    Raises
    ------
    ValueError
        If the span is empty or starts before frame 0, or the round is below 1.
    """

    recording: str
    start_frame: int
    stop_frame: int
    reason: str
    is_random: bool
    state: ClipState = "open"
    rater: str = ""
    round: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.start_frame < self.stop_frame <= _MOST_NUMBER:
            raise ValueError(f"clip [{self.start_frame}, {self.stop_frame}) is empty or starts before frame 0")
        if not 1 <= self.round <= _MOST_NUMBER:
            raise ValueError(f"round is {self.round}, expected 1 or more")

    @property
    def key(self) -> tuple[str, str, int, int]:
        """Identifies the clip: rater, recording and frames."""
        return self.rater, self.recording, self.start_frame, self.stop_frame


def read_clips(path: Path) -> list[QueuedClip]:
    """Return the clips of all raters in the table at `path`, in the order they were added; none if there is no file.

    Whether the study has the recordings, and these the frames, is for the caller to check.

    Raises
    ------
    InputError
        If the file is not such a table; the message names the line.
    """
    if not path.exists():
        return []
    expected = "a table of clips to label"
    text = read_text(path, most_bytes=_MOST_BYTES, error=InputError, expected=expected, advice=_ADVICE)
    clips: dict[tuple[str, str, int, int], QueuedClip] = {}
    with explain_damage(path, error=InputError, expected=expected, advice=_ADVICE):
        rows = csv.reader(io.StringIO(text, newline=""))
        header = next(rows, [])
        if tuple(header) != _COLUMNS:
            raise InputError(f"{path}: found columns {show_plainly(', '.join(header))[:100]!r}, expected {', '.join(_COLUMNS)}; {_ADVICE}.")
        for cells in rows:
            if not cells:
                continue
            try:
                clip = _parse(cells)
            except ValueError as error:
                raise InputError(f"{path}, line {rows.line_num}: {error}; correct it, or {_ADVICE}.") from None
            if clip.key in clips:
                raise InputError(f"{path}, line {rows.line_num}: this clip is there twice; remove one of the two lines.")
            clips[clip.key] = clip
            if len(clips) > _MOST_CLIPS:
                raise InputError(f"{path}: has more than {_MOST_CLIPS:,} clips; {_ADVICE}.")
    return list(clips.values())


def list_clips(
    clips: Iterable[QueuedClip], *, rater: str, state: ClipState | None = None, is_random: bool | None = None
) -> list[QueuedClip]:
    """Return those of `clips` that are one rater's, in one state and drawn at random or not; None for any.

    An honest score uses the clips `list_clips(clips, rater=rater, state="done", is_random=True)`.

    >>> clip = QueuedClip("m1", 0, 75, "drawn at random, to keep the score honest", True, "done")
    >>> list_clips([clip], rater="", state="done", is_random=True) == [clip], list_clips([clip], rater="anna")
    (True, [])
    """
    return [
        clip
        for clip in clips
        if clip.rater == rater and (state is None or clip.state == state) and (is_random is None or clip.is_random == is_random)
    ]


def add_clips(path: Path, clips: Sequence[QueuedClip]) -> list[QueuedClip]:
    """Add a batch to the table at `path`, creating it if missing, and return all clips that it then holds.

    A decided clip keeps its state; if the new batch draws it at random, it counts as drawn at random. The new batch replaces the open clips
    of the same raters, except those drawn at random: if raters could discard these, the sample would no longer be random.

    Raises
    ------
    InputError
        If the file is not such a table.
    OutputError
        If it cannot be written.
    """
    raters = {clip.rater for clip in clips}

    def add(known: list[QueuedClip]) -> list[QueuedClip]:
        again = {clip.key for clip in clips}
        kept = [clip for clip in known if clip.state != "open" or clip.rater not in raters or (clip.is_random and clip.key not in again)]
        keys = {clip.key for clip in kept}
        drawn = {clip.key for clip in clips if clip.is_random}
        marked = [replace(clip, is_random=clip.is_random or clip.key in drawn) for clip in kept]
        return [*marked, *(clip for clip in clips if clip.key not in keys)]

    return _update(path, add)


def set_clip_state(path: Path, key: tuple[str, str, int, int], state: ClipState) -> list[QueuedClip]:
    """Set the state of the clip with this `QueuedClip.key` in the table at `path`, and return all that it holds then.

    Raises
    ------
    InputError
        If the file is not such a table, or does not have the clip.
    OutputError
        If it cannot be written.
    """

    def change(known: list[QueuedClip]) -> list[QueuedClip]:
        if all(clip.key != key for clip in known):
            raise InputError(f"{path}: does not have this clip of {key[1]!r} any more; look at the list again.")
        return [replace(clip, state=state) if clip.key == key else clip for clip in known]

    return _update(path, change)


def _update(path: Path, change: Callable[[list[QueuedClip]], list[QueuedClip]]) -> list[QueuedClip]:
    """Replace the table with the result of `change`, holding a claim against other processes."""
    with hold_claim(path, what=f"the clips to label in {path}", patience_s=_PATIENCE_S):
        clips = change(read_clips(path))
        rows = [
            [
                *(clip.recording, clip.start_frame, clip.stop_frame, show_plainly(clip.reason)[:_LONGEST_REASON]),
                *(int(clip.is_random), clip.state, clip.rater, clip.round),
            ]
            for clip in clips
        ]
        write_text(path, format_table(_COLUMNS, rows))
    return clips


def _parse(cells: Sequence[str]) -> QueuedClip:
    """Return the clip of a row; ValueError says what is wrong with it."""
    if len(cells) != len(_COLUMNS):
        raise ValueError(f"found {len(cells)} cells, expected {len(_COLUMNS)}")
    row = dict(zip(_COLUMNS, map(unescape_cell, cells), strict=True))
    for column in ("recording", "rater"):
        name = row[column]
        if not is_portable_name(name) and (name or column == "recording"):
            raise ValueError(f"{column} is {show_plainly(name)[:60]!r}, expected letters, digits, dots, dashes and underscores")
    for column in ("start_frame", "stop_frame", "round"):
        number = row[column]
        if not (number.isascii() and number.isdigit() and len(number) < 17):
            raise ValueError(f"{column} is {show_plainly(number)[:60]!r}, expected a whole number")
    if row["is_random"] not in ("0", "1"):
        raise ValueError(f"is_random is {show_plainly(row['is_random'])[:60]!r}, expected 1 or 0")
    if row["state"] not in get_args(ClipState):
        raise ValueError(f"state is {show_plainly(row['state'])[:60]!r}, expected {', '.join(get_args(ClipState))}")
    if len(row["reason"]) > _LONGEST_REASON or show_plainly(row["reason"]) != row["reason"]:
        raise ValueError(f"reason is {show_plainly(row['reason'])[:60]!r}, expected at most {_LONGEST_REASON} characters, all printable")
    return QueuedClip(
        row["recording"],
        int(row["start_frame"]),
        int(row["stop_frame"]),
        row["reason"],
        row["is_random"] == "1",
        cast(ClipState, row["state"]),
        row["rater"],
        int(row["round"]),
    )
