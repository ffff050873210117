"""The labels of one rater in one recording while people edit them: every edit is on disk before it is answered."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.errors import BehaviorError, LabelError, OutputError
from behavior.files.bout_tables import format_bout_table
from behavior.files.claims import claim_file, explain_claim
from behavior.files.frame_tables import format_frame_table
from behavior.files.label_journal import LabelJournal, OutsideChangeError
from behavior.recording import Bout, Labels
from behavior.review.label_edits import Change, Paint, apply_changes, are_as_before, collide, invert_changes, plan_changes

__all__ = ["EditConflictError", "EditRequest", "LabelSession", "Revision", "stamp_file"]

# How long after an edit the label file itself is replaced, and how many edits may wait for that.
_SECONDS_TO_FOLD = 1.5
_MOST_PENDING = 200


class EditConflictError(BehaviorError):
    """Somebody else has changed the same frames since; nothing was done."""


@dataclass(frozen=True)
class EditRequest:
    """What somebody wants to be changed.

    Attributes
    ----------
    id
        Unique; an edit that is sent twice is made once.
    viewer
        Which tab it comes from.
    base
        The revision that its sender has seen.
    paints
        Spans; empty where `undo` is given.
    undo
        A revision to take back.
    """

    id: str
    viewer: str
    base: int
    paints: tuple[Paint, ...] = ()
    undo: int | None = None


@dataclass(frozen=True)
class Revision:
    """An edit that was made; its number counts from 1 in each session, and `undone` is that of the one that it takes back, if it does."""

    number: int
    id: str
    viewer: str
    paints: tuple[Paint, ...]
    changes: tuple[Change, ...]
    undone: int | None = None


class LabelSession:
    """Labels that are edited; threads may share it.

    Parameters
    ----------
    target
        Our label file, which need not exist yet.
    labels
        What it, or the file that it begins with, holds.
    read_again
        Reads the labels of `target` again, after another program has changed the file.
    sources
        The file that a bout was taken over from.
    exclusive
        By behavior, the others that cannot be at the same time.
    note_written
        Called when `target` was written for the first time in this session.

    Attributes
    ----------
    token
        Of this session; revisions of another one mean nothing in it.
    notices
        Sentences for the user on what happened to the file.
    problem
        Why the edits are in the journal only; "" where nothing is wrong.

    Raises
    ------
    LabelError
        If the journal that a killed session left is damaged.
    OutputError
        If a file cannot be read.
    """

    def __init__(
        self,
        target: Path,
        labels: Labels,
        *,
        read_again: Callable[[], Labels],
        sources: Mapping[Bout, str],
        exclusive: Mapping[str, frozenset[str]],
        note_written: Callable[[], None],
    ) -> None:
        self.target = target
        self.token = secrets.token_hex(8)
        self.behaviors = labels.behaviors
        self.exclusive = exclusive
        self.values: npt.NDArray[np.int8] = labels.values.copy()
        self.notices: list[str] = []
        self.problem = ""
        self._read_again, self._sources, self._note_written = read_again, sources, note_written
        self._revisions: list[Revision] = []
        self._by_id: dict[str, Revision] = {}
        self._lock = threading.RLock()
        self._claim = ExitStack()
        self._has_claim = self._has_copy = self._has_noted = False
        self._last_edit_s = 0.0
        self._seen_outside = stamp_file(target)
        self._journal = LabelJournal(target)
        self._recover()

    @property
    def revision(self) -> int:
        """Number of the last revision."""
        return len(self._revisions)

    @property
    def n_pending(self) -> int:
        """How many edits are in the journal and not yet in the label file."""
        return len(self._journal.pending)

    def copy_values(self) -> tuple[int, npt.NDArray[np.int8]]:
        """Return the revision and the labels, int8 of shape (T, B)."""
        with self._lock:
            return self.revision, self.values.copy()

    def list_since(self, revision: int) -> list[Revision]:
        """Return the revisions after one."""
        with self._lock:
            return self._revisions[max(revision, 0) :]

    def edit(self, request: EditRequest) -> Revision:
        """Make an edit, and return what it changed; it is on disk then.

        Raises
        ------
        EditConflictError
            If somebody else has changed the same frames since `request.base`, or what is to be taken back.
        LabelError
            If the request names frames, behaviors or a revision that are not there.
        OutputError
            If it cannot be written, or another process edits the file.
        """
        with self._lock:
            if request.id in self._by_id:
                return self._by_id[request.id]
            paints, changes = self._plan(request)
            self._prepare_writing()
            if changes:
                self._journal.append({"id": request.id, "changes": [_pack(change, self.behaviors) for change in changes]})
                apply_changes(self.values, changes)
                self._last_edit_s = time.monotonic()
            revision = Revision(self.revision + 1, request.id, request.viewer, paints, tuple(changes), request.undo)
            self._revisions.append(revision)
            self._by_id[request.id] = revision
            return revision

    def fold(self, *, now: bool = False) -> None:
        """Put the pending edits into the label file, if they have waited long enough, or `now`; notices say what came in between.

        Raises
        ------
        OutputError
            If the file cannot be written; the edits stay in the journal.
        """
        with self._lock:
            waited = time.monotonic() - self._last_edit_s > _SECONDS_TO_FOLD or self.n_pending > _MOST_PENDING
            if self.n_pending and (waited or now):
                self._prepare_writing()
                try:
                    self._journal.fold(self._format())
                except OutsideChangeError:
                    self._merge_outside_change()
                    self._journal.fold(self._format())
                self._seen_outside = stamp_file(self.target)
                if not self._has_noted:
                    self._note_written()
                    self._has_noted = True

    def look_outside(self) -> bool:
        """Take over what somebody else has written into the label file, and tell whether there was something.

        Raises
        ------
        LabelError
            If what is there now cannot be read as labels.
        OutputError
            If a file cannot be read or written.
        """
        with self._lock:
            stamp = stamp_file(self.target)
            if stamp == self._seen_outside or not self._journal.has_changed():
                self._seen_outside = stamp
                return False
            self._merge_outside_change()
            return True

    def close(self) -> None:
        """Put everything into the label file and let others edit it; OutputError if that fails, the journal then has it."""
        with self._lock:
            try:
                self.fold(now=True)
                self._journal.close()
            finally:
                self._claim.close()
                self._has_claim = False

    def _plan(self, request: EditRequest) -> tuple[tuple[Paint, ...], list[Change]]:
        if request.undo is not None:
            if not 1 <= request.undo <= self.revision:
                raise LabelError(f"there is no edit {request.undo} to take back in this session; load the page again.")
            undone = self._revisions[request.undo - 1]
            changes = invert_changes(undone.changes)
            # Who painted over equal labels changed nothing there, and still means them.
            others = [revision for revision in self._list_standing(request.undo) if revision.viewer not in (request.viewer, "")]
            is_touched = any(collide(undone.paints, revision.paints, self.exclusive) for revision in others)
            if is_touched or not are_as_before(self.values, changes):
                raise EditConflictError("these frames were changed since by somebody else, or by a later edit; nothing was taken back.")
            return undone.paints, changes
        for paint in request.paints:
            if not 0 <= paint.start < paint.stop <= len(self.values):
                raise LabelError(f"frames {paint.start} to {paint.stop} are not in this recording of {len(self.values)} frames.")
            if paint.behavior is not None and paint.behavior not in self.behaviors:
                raise LabelError(f"{paint.behavior!r} is not a behavior of this study; load the page again.")
            if paint.value not in ((0, -1) if paint.behavior is None else (0, 1)):
                raise LabelError(f"{paint.value} is not a label that can be given; expected 1 or 0.")
        others = [revision for revision in self._revisions[max(request.base, 0) :] if revision.viewer != request.viewer]
        if any(collide(request.paints, revision.paints, self.exclusive) for revision in others):
            raise EditConflictError("somebody else has changed the same frames meanwhile; look at them, then label again.")
        return request.paints, plan_changes(self.values, self.behaviors, request.paints, self.exclusive)

    def _list_standing(self, number: int) -> list[Revision]:
        """Return the revisions after one that nobody has taken back since."""
        standing: dict[int, Revision] = {}
        for revision in self._revisions[number:]:
            if revision.undone is None or standing.pop(revision.undone, None) is None:
                standing[revision.number] = revision
        return list(standing.values())

    def _prepare_writing(self) -> None:
        """Claim the file, and keep it as it was before the session."""
        if not self._has_claim:
            if not self._claim.enter_context(claim_file(self.target)):
                self._claim.close()
                raise OutputError(f"{self.target}: {explain_claim(self.target)} is editing these labels; they can be looked at meanwhile.")
            self._has_claim = True
        if not self._has_copy:
            self._journal.keep_copy()
            self._has_copy = True

    def _format(self) -> bytes:
        """Return the label file: a bout table where that can express the labels, else a frame table."""
        labels = Labels(self.values, self.behaviors)
        is_seen = self.values != -1
        can_be_bouts = is_seen.any() and not np.any(is_seen != is_seen[:, :1])
        text = format_bout_table(self.target, labels, sources=self._sources) if can_be_bouts else format_frame_table(self.target, labels)
        return text.encode()

    def _recover(self) -> None:
        """Make the edits that a killed session left in the journal."""
        if self._journal.is_changed_outside:
            self._merge_outside_change()
            return
        for edit in self._journal.pending:
            changes = _unpack(edit, self.behaviors)
            if not are_as_before(self.values, changes):
                self._set_aside(self._journal.pending)
                self._journal.accept()
                return
            apply_changes(self.values, changes)
        if self._journal.pending:
            self.notices.append(f"Edits of a session that ended early were recovered: {len(self._journal.pending)}.")

    def _merge_outside_change(self) -> None:
        """Read what somebody else has written, and make those pending edits on it that are about frames that nobody else changed."""
        self._prepare_writing()
        if not self.target.exists():
            self._write_again()
            return
        pending = [(edit, _unpack(edit, self.behaviors)) for edit in self._journal.pending]
        copy = self._journal.keep_beside(self._format(), "ours") if pending or self._revisions else None
        values = self._read_again().values.copy()
        kept = []
        for edit, changes in pending:
            if are_as_before(values, changes):
                apply_changes(values, changes)
                kept.append(edit)
        self._journal.accept()
        for edit in kept:
            self._journal.append(edit)
        self.values = values
        # Nobody's page shows this yet, and what was seen before can no longer be taken back frame by frame.
        number = self.revision + 1
        self._revisions.append(Revision(number, f"outside {number}", "", (Paint(0, max(len(values), 1), None, 0),), ()))
        lost = len(pending) - len(kept)
        said = f"; {lost} of your last edits are about frames that changed, and are left out" if lost else ""
        where = f"; the labels as they were on this page are in {copy}" if copy else ""
        self.notices.append(f"{self.target.name} was changed by somebody else and is read again{said}{where}.")

    def _write_again(self) -> None:
        """Write the labels again after somebody removed the file; this overwrites nobody's work."""
        copy = self._journal.keep_beside(self._format(), "ours")
        self._journal.accept()
        self._journal.fold(self._format())
        self._seen_outside = stamp_file(self.target)
        self.notices.append(f"{self.target.name} was removed by somebody else, and is written again with all labels; a copy is {copy}.")

    def _set_aside(self, edits: Sequence[Mapping[str, Any]]) -> None:
        """Keep edits that do not fit to the labels any more where people find them."""
        lines = "\n".join(
            ",".join(map(str, [change[2], change[0], change[1], change[3], change[4]]))
            for edit in edits
            for change in edit.get("changes", ())
        )
        copy = self._journal.keep_beside(f"behavior,start_frame,stop_frame,before,after\n{lines}\n".encode(), "edits")
        self.notices.append(f"{len(edits)} edits of a session that ended early do not fit to the labels any more; they are kept in {copy}.")


def stamp_file(path: Path) -> tuple[int, int] | None:
    """Return what changes whenever somebody writes a file; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _pack(change: Change, behaviors: Sequence[str]) -> list[int | str]:
    return [change.start, change.stop, behaviors[change.column], change.before, change.after]


def _unpack(edit: Mapping[str, Any], behaviors: Sequence[str]) -> list[Change]:
    """Return the changes of a line of a journal; those of behaviors that the study no longer has fit nowhere."""
    places = {name: column for column, name in enumerate(behaviors)}
    try:
        return [Change(int(start), int(stop), places.get(name, -1), int(old), int(new)) for start, stop, name, old, new in edit["changes"]]
    except (KeyError, TypeError, ValueError) as error:
        raise LabelError(f"a journal of labels holds an edit that cannot be read ({error}); move it away to go on without it.") from error
