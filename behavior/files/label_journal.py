"""What was changed in a label file, on disk before anybody is told that it is: a journal next to the file, folded into it now and then.

A journal is lines of JSON, each with a checksum. Its first line names the content of the label file that its edits follow on; a line
that says what the file is going to be comes before the file is replaced. So after a kill at any moment, the file and the journal
together tell which edits the file has, and a line that was cut off is one that nobody was told of.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from behavior.errors import LabelError, OutputError
from behavior.files.atomic import make_folder, write_bytes, write_text

__all__ = ["FOLDER", "LabelJournal", "OutsideChangeError", "hash_file"]

# Next to label files: journals, and label files as they were before.
FOLDER = ".review"
_VERSION = 1
_LONGEST = 256 * 2**20


class OutsideChangeError(OutputError):
    """The label file is not what this journal follows on: somebody else has changed it."""


class LabelJournal:
    """The edits of one label file that are not yet in it.

    Only one process at a time may have the journal of a file; it holds the claim of the file.

    Parameters
    ----------
    target
        The label file, which need not exist yet.

    Attributes
    ----------
    pending
        Edits that the file does not have yet, in order: what `append` was given.
    is_changed_outside
        Whether the file was neither what the journal follows on nor what it was going to be.

    Raises
    ------
    LabelError
        If a line of the journal other than the last ones is damaged.
    OutputError
        If it cannot be read.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.parent / FOLDER / f"{target.name}.journal"
        self.pending: list[Mapping[str, Any]] = []
        self.is_changed_outside = False
        self._base = hash_file(target)
        self._length = 0
        self._is_begun = False
        lines, good_bytes = _read_lines(self.path)
        if lines:
            self._recover(lines)
            self._length, self._is_begun = good_bytes, True

    def append(self, edit: Mapping[str, Any]) -> None:
        """Put an edit on disk; when this returns, it is there.

        Raises
        ------
        OutputError
            If it cannot be written; then it is not in the journal.
        """
        if not self._is_begun:
            self._begin(self._base)
        self._write({"edit": edit})
        self.pending.append(edit)

    def fold(self, content: bytes) -> None:
        """Replace the label file by `content`, which has all edits so far, and start a new journal.

        Raises
        ------
        OutsideChangeError
            If the file is not what the journal follows on; nothing is written then.
        OutputError
            If a file cannot be written; the edits stay in the journal.
        """
        if self.is_changed_outside or self.has_changed():
            raise OutsideChangeError(f"{self.target}: was changed by somebody else meanwhile; it is not written over.")
        digest = _hash(content)
        if not self._is_begun:
            self._begin(self._base)
        self._write({"becomes": digest, "edits": len(self.pending)})
        write_bytes(self.target, content)
        self._base = digest
        self.pending = []
        self._begin(digest)

    def has_changed(self) -> bool:
        """Tell whether the label file has another content than the one that the journal follows on."""
        return hash_file(self.target) != self._base

    def accept(self) -> None:
        """Take the label file as it is now for what the journal follows on, without the pending edits.

        Raises
        ------
        OutputError
            If the journal cannot be written.
        """
        self._base, self.pending, self.is_changed_outside = hash_file(self.target), [], False
        self._begin(self._base)

    def keep_copy(self) -> Path | None:
        """Copy the label file as it is to the folder of the journal, and return where; None if there is no file.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        if not self.target.exists():
            return None
        return self.keep_beside(self.target.read_bytes(), "before")

    def keep_beside(self, content: bytes, what: str) -> Path:
        """Write `content` to the folder of the journal under a name with date and time, and return it; OutputError if that fails."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%d_%H-%M-%S")
        stem = f"{self.target.stem}_{what}_{stamp}"
        number, copy = 1, self.path.with_name(f"{stem}{self.target.suffix}")
        while copy.exists():
            number += 1
            copy = self.path.with_name(f"{stem}_{number}{self.target.suffix}")
        make_folder(copy.parent)
        write_bytes(copy, content)
        return copy

    def close(self) -> None:
        """Remove the journal if the file has all edits."""
        if self._is_begun and not self.pending and not self.is_changed_outside:
            # What stays is empty, and read as such the next time.
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    def _recover(self, lines: list[Any]) -> None:
        """Find which edits the file has."""
        base, edits, becomes = None, [], {}
        for number, line in enumerate(lines, start=1):
            if number == 1:
                if line.get("journal") != _VERSION:
                    raise LabelError(f"{self.path}: is not a journal of this version; move it away to continue without its edits.")
                base = line.get("base")
            elif "edit" in line:
                edits.append(line["edit"])
            else:
                becomes[line.get("becomes")] = line.get("edits", 0)
        if self._base == base:
            self.pending = edits
        elif self._base is not None and self._base in becomes:
            self.pending = edits[becomes[self._base] :]
        else:
            self.pending, self.is_changed_outside = edits, True

    def _begin(self, base: str | None) -> None:
        make_folder(self.path.parent)
        line = _format_line({"journal": _VERSION, "file": self.target.name, "base": base})
        write_text(self.path, line)
        self._length, self._is_begun = len(line.encode()), True

    def _write(self, content: Mapping[str, Any]) -> None:
        line = _format_line(content).encode()
        try:
            with self.path.open("r+b") as file:
                try:
                    file.truncate(self._length)
                    file.seek(self._length)
                    file.write(line)
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    # What is there of the line must not be taken for an edit later.
                    with suppress(OSError):
                        file.truncate(self._length)
                    raise
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written ({error.strerror or error}); make room, or give it back.") from error
        self._length += len(line)


def hash_file(path: Path) -> str | None:
    """Return a hash of a file's content, None if there is no file."""
    try:
        return _hash(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputError(f"{path}: cannot be read ({error.strerror or error}); check its permissions and its drive.") from error


def _hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _format_line(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, separators=(",", ":"), sort_keys=True)
    return f"{zlib.crc32(text.encode()):08x} {text}\n"


def _read_lines(path: Path) -> tuple[list[Any], int]:
    """Return the content of the sound lines of a journal, and how many bytes they have; what was cut off at the end is left out."""
    try:
        if path.stat().st_size > _LONGEST:
            raise LabelError(f"{path}: is larger than any journal; move it away to continue without its edits.")
        content = path.read_bytes()
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise OutputError(f"{path}: cannot be read ({error.strerror or error}); check its permissions and its drive.") from error
    lines: list[Any] = []
    good = 0
    for number, line in enumerate(content.splitlines(keepends=True), start=1):
        parsed = _parse_line(line)
        if parsed is None:
            rest = content[good + len(line) :]
            if any(_parse_line(later) is not None for later in rest.splitlines(keepends=True)):
                raise LabelError(
                    f"{path}: line {number} is damaged; the label file is as it was, move the journal away to go on without it."
                )
            break
        lines.append(parsed)
        good += len(line)
    return lines, good


def _parse_line(line: bytes) -> dict[str, Any] | None:
    checksum, _, text = line.partition(b" ")
    if not text.endswith(b"\n") or checksum != f"{zlib.crc32(text[:-1]):08x}".encode():
        return None
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None
