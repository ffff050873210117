"""Writing a file so that its name only ever stands for the whole of it."""

from __future__ import annotations

import errno
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from behavior.errors import OutputError

__all__ = ["make_folder", "replacing", "require_writable", "sync_file", "sync_folder", "write_bytes", "write_text"]

_logger = logging.getLogger(__name__)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`; when the block ends well, it is flushed to disk and renamed to `path`.

    When the block raises, the temporary file is removed and what stood at `path` stays as it was. The temporary name keeps the
    suffix of `path`, because some writers choose their format by it.

    Raises
    ------
    OutputError
        If the folder cannot be written to, or the disk is full.
    """
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:60]}.", suffix=f".tmp{path.suffix}", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        # mkstemp makes files that only the owner can read; results are to be shared like any other file.
        temporary.chmod(0o666 & ~_read_umask())
        sync_file(temporary)
        temporary.replace(path)
        sync_folder(path.parent)
        # Hidden files, and those in hidden folders, are steps on the way.
        if not any(part.startswith(".") and part.strip(".") for part in path.parts[-4:]):
            _logger.debug("wrote %s", path)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); choose a folder with space that you may write to."
        ) from error
    finally:
        if temporary is not None:
            with suppress(FileNotFoundError):
                temporary.unlink()


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def make_folder(folder: Path) -> Path:
    """Make `folder` and its parents where they are missing, on disk, and return it; OutputError where that is not possible."""
    try:
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        for one in missing:
            sync_folder(one.parent)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror or error}); choose a folder that you may write to.") from error
    return folder


def require_writable(folder: Path) -> None:
    """Raise OutputError unless files can be made in `folder`."""
    try:
        handle, name = tempfile.mkstemp(prefix=".writable.", dir=folder)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written to ({error.strerror or error}); choose a folder that you may write to.") from error
    os.close(handle)
    Path(name).unlink()


def sync_folder(folder: Path) -> None:
    """Flush the names in `folder` to disk, where system and drive can (Windows cannot, and needs no such call)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # What some network drives answer that keep no names in memory.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Flush the content of the file at `path` to disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _read_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
