"""Writing files so that a name always belongs to a whole file, and several names for the whole of a record."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from behavior.errors import OutputError
from behavior.files.temporary import name_temporary

__all__ = [
    "find_staged",
    "finish_together",
    "log_written",
    "make_folder",
    "remove_files",
    "replace_together",
    "replacing",
    "require_makeable",
    "require_writable",
    "sync_file",
    "sync_folder",
    "write_bytes",
    "write_parts",
    "write_text",
]

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
    with name_temporary(path) as temporary:
        try:
            temporary.touch(exist_ok=False)
            yield temporary
            sync_file(temporary)
            temporary.replace(path)
            sync_folder(path.parent)
            log_written(path)
        except OSError as error:
            raise _explain(path, error) from error


def replace_together(contents: Mapping[Path, bytes | Iterable[bytes]]) -> None:
    """Write the files of one record, all in one folder, so that after a kill at any moment the old record or the new one is whole.

    All are staged in the folder under hidden names and flushed to disk before the first is renamed. That renaming is what replaces the
    record: who finds the first file new and the last one old finds the new last one by `find_staged`, and may finish the rest with
    `finish_together`. Only one process at a time may write a record; it holds a claim.

    Parameters
    ----------
    contents
        By path, whole or part after part, in the order in which they are renamed. The last file has to tell whether it belongs to the
        first, by a checksum.

    Raises
    ------
    OutputError
        If a file cannot be written. The old record then stays, unless it was renaming that failed after the first file.
    """
    token = os.urandom(4).hex()
    paths = list(contents)
    obsolete = _list_staged(paths)
    staged = {path: _name_staged(path, token) for path in paths}
    path, is_renaming = paths[0], False
    try:
        for path, content in contents.items():
            _write_parts(staged[path], [content] if isinstance(content, bytes) else content)
            sync_file(staged[path])
        sync_folder(path.parent)
        is_renaming = True
        for path in paths:
            staged[path].replace(path)
            # On disk in this order, too.
            sync_folder(path.parent)
            log_written(path)
    except OSError as error:
        raise _explain(path, error) from error
    finally:
        # Once the first is renamed, the others are part of the new record.
        if not is_renaming or all(one.exists() for one in staged.values()):
            _remove(staged.values())
    _remove(obsolete)


def find_staged(path: Path) -> dict[str, Path]:
    """Return what unfinished writing of the record that `path` is part of has staged for it, by the token of each attempt."""
    start, end = _name_staged(path, "*").name.split("*")
    return {staged.name.removeprefix(start).removesuffix(end): staged for staged in _list_staged([path])}


def _list_staged(paths: Sequence[Path]) -> list[Path]:
    """Return what is staged for files of one folder, which is listed once: it may hold the records of very many recordings."""
    wanted = [_name_staged(path, "*").name.split("*") for path in paths]
    folder = paths[0].parent
    try:
        with os.scandir(folder) as entries:
            hidden = sorted(entry.name for entry in entries if entry.name.startswith("."))
    except OSError:
        return []
    return [folder / name for start, end in wanted for name in hidden if name.startswith(start) and name.endswith(end)]


def finish_together(paths: Sequence[Path], token: str) -> None:
    """Rename what is left of the record of the files `paths`, in order, whose writing was interrupted.

    The process has to hold the writer's claim on the record.

    Parameters
    ----------
    token
        Of the attempt that staged them (`find_staged`).

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """
    for path in paths:
        try:
            _name_staged(path, token).replace(path)
            sync_folder(path.parent)
        except FileNotFoundError:
            # Renamed before the writing was interrupted.
            continue
        except OSError as error:
            raise _explain(path, error) from error


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    write_parts(path, [content])


def write_parts(path: Path, parts: Iterable[bytes]) -> None:
    """Write `parts`, one after the other, to `path`, whole or not at all."""
    with replacing(path) as temporary:
        _write_parts(temporary, parts)


def _write_parts(path: Path, parts: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(parts)


def remove_files(paths: Iterable[Path]) -> None:
    """Remove files, those of them that are there.

    Raises
    ------
    OutputError
        If one cannot be removed.
    """
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{path}: cannot be removed ({error.strerror or error}); close programs that show it.") from error


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
        with name_temporary(folder / "writable") as temporary:
            temporary.touch(exist_ok=False)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written to ({error.strerror or error}); choose a folder that you may write to.") from error


def require_makeable(folder: Path) -> None:
    """Raise OutputError unless `folder` could be made and written to, or is there and can be; nothing is left behind."""
    existing = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    if not existing.is_dir():
        raise OutputError(f"{folder}: cannot be made ({existing} is a file); choose a folder that you may write to.")
    require_writable(existing)


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


def _name_staged(path: Path, token: str) -> Path:
    # A name may be as long as the system allows, and may hold a star; the hash tells those apart that begin alike.
    digest = hashlib.blake2b(path.name.encode(), digest_size=4).hexdigest()
    return path.with_name(f".{path.stem[:40].replace('*', '_')}.{digest}.{token}.tmp{path.suffix}")


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        # What cannot be removed is hidden, and removed with the next record.
        with suppress(OSError):
            path.unlink()


def log_written(path: Path) -> None:
    """Note in the log that there is a new file at `path`, unless it is a step on the way."""
    # Hidden files, and those in hidden folders, are such steps.
    if not any(part.startswith(".") and part.strip(".") for part in path.parts[-4:]):
        _logger.debug("wrote %s", path)


def _explain(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path}: cannot be written ({error.strerror or error}); choose a folder with space that you may write to.")
