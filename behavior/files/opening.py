"""Opening files that somebody else may have made: regular files, of bounded size, with one sentence for whatever is wrong."""

from __future__ import annotations

import csv
import stat
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from behavior.errors import BehaviorError
from behavior.files.text_tables import find_encoding

__all__ = ["explain_damage", "locate", "read_text", "require_regular_file"]

# What readers of binary and text formats raise on content that they did not expect.
DAMAGE = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RecursionError, RuntimeError, TypeError, ValueError),
    # Of h5py, where names in a file are no UTF-8.
    SystemError,
    *(csv.Error, struct.error, zipfile.BadZipFile, zlib.error),
    # Of numpy, which parses the header of an array.
    *(SyntaxError, tokenize.TokenError),
)
LONGEST_REASON = 200


def locate(path: Path) -> Path:
    """Return where a file is, without links among its folders, by the name that it has there.

    Where the file itself is a link, as in a folder of links to a lab's drive or of git-annex, people know its name, and not that of what it
    leads to.

    >>> locate(Path("videos/../m1.mp4")) == Path.cwd() / "m1.mp4"
    True
    """
    return path.parent.resolve() / path.name


def require_regular_file(path: Path, *, error: type[BehaviorError], expected: str, advice: str) -> int:
    """Return the size in bytes of the file at `path`; raise `error` where there is none, or something else than a file.

    Parameters
    ----------
    expected
        What the file should be, with its article: "a study file".
    advice
        What to do, the end of the sentence.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        raise error(f"{path}: no such file, expected {expected}; {advice}.") from None
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else problem
        # Such a name may be what is wrong.
        name = str(path) if len(str(path)) <= LONGEST_REASON else f"{str(path)[:LONGEST_REASON]}..."
        raise error(f"{name!r}: cannot be opened ({reason}), expected {expected}; {advice}.") from None
    if stat.S_ISDIR(found.st_mode):
        raise error(f"{path}: found a folder, expected {expected}; {advice}.")
    if not stat.S_ISREG(found.st_mode):
        raise error(f"{path}: found a device or a pipe, expected {expected}; {advice}.")
    return found.st_size


@contextmanager
def explain_damage(path: Path, *, error: type[BehaviorError], expected: str, advice: str) -> Iterator[None]:
    """Turn whatever a reader raises on unexpected content into `error`, in one sentence that names the file at `path`.

    Errors of the package itself pass as they are.
    """
    try:
        yield
    except BehaviorError:
        raise
    except DAMAGE as problem:
        reason = " ".join(str(problem).split()) or type(problem).__name__
        if isinstance(problem, KeyError):
            reason = f"{problem.args[0]!r} is missing" if problem.args else "a part is missing"
        reason = reason if len(reason) <= LONGEST_REASON else f"{reason[:LONGEST_REASON]}..."
        raise error(f"{path}: cannot be read as {expected} ({reason}); {advice}.") from problem


def read_text(path: Path, *, most_bytes: int, error: type[BehaviorError], expected: str, advice: str, by_spreadsheet: bool = False) -> str:
    """Return the text of the file at `path`, UTF-8 with or without a byte-order mark; raise `error` where there is none.

    Parameters
    ----------
    most_bytes
        A larger file is refused unread.
    expected, advice
        As for `require_regular_file`.
    by_spreadsheet
        Whether a spreadsheet program may have written it, in UTF-16 with its mark or in Latin-1.
    """
    size = require_regular_file(path, error=error, expected=expected, advice=advice)
    if size > most_bytes:
        raise error(f"{path}: has {size / 2**20:,.1f} MiB, expected {expected} of at most {most_bytes / 2**20:g} MiB; {advice}.")
    with explain_damage(path, error=error, expected=expected, advice=advice), path.open("rb") as file:
        # No more than was measured: the file may grow meanwhile.
        content = file.read(most_bytes + 1)
    encoding = find_encoding(content) if by_spreadsheet else None
    try:
        return content.decode(encoding or "utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as problem:
        if by_spreadsheet:
            raise error(f"{path}: is not a text file, expected {expected}; {advice}.") from None
        line = content[: problem.start].count(b"\n") + 1
        raise error(
            f"{path}, line {line}: the byte 0x{content[problem.start]:02x} is not UTF-8, expected {expected} in UTF-8; save it as UTF-8 in "
            f"your editor, or {advice}."
        ) from None
