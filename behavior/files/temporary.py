"""Files and folders on the way to their names: hidden, named after the process that makes them, and removed when it is gone."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["is_alive", "name_temporary", "remove_leftovers"]

# Of another host, or of a system that does not tell who is alive: a file that has not been written to for this long has no owner.
_ABANDONED_AFTER_S = 24 * 3600.0
# Host and number of the process, and what tells its files apart.
_TOKEN = re.compile(r"\.([0-9a-f]{8})-([0-9]{1,10})-([0-9a-f]{8})\.tmp(?:\.[^.]*)?$")

# Those that this process works on.
_at_work: set[str] = set()
# Folders that it has looked through.
_tidied: set[Path] = set()


@contextmanager
def name_temporary(path: Path) -> Iterator[Path]:
    """Yield a hidden name next to `path`, with its suffix, for a file or a folder that is going to be renamed to it.

    Nothing is made. What is there at the end of the block is removed, and what processes that were killed have left in the same folder
    is removed before, once in each process.
    """
    if path.parent.absolute() not in _tidied:
        _tidied.add(path.parent.absolute())
        remove_leftovers(path.parent)
    mark = os.urandom(4).hex()
    temporary = path.with_name(f".{path.stem[:60]}.{_hash_host()}-{os.getpid()}-{mark}.tmp{path.suffix}")
    _at_work.add(mark)
    try:
        yield temporary
    finally:
        # Whoever interrupts the removal finds it among the leftovers.
        _at_work.discard(mark)
        _remove(temporary)


def remove_leftovers(folder: Path) -> None:
    """Remove from `folder` what processes that are gone were writing; what cannot be removed stays, hidden."""
    with suppress(OSError):
        for path in [one for one in folder.iterdir() if one.name.startswith(".") and _is_abandoned(one)]:
            _remove(path)


def is_alive(pid: int) -> bool:
    """Tell whether there is a process of that number on this host; always true on Windows, where asking is not safe."""
    if os.name == "nt":
        # Asking by signal would end the process there.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_abandoned(path: Path) -> bool:
    named = _TOKEN.search(path.name)
    if named is None:
        return False
    host, pid, mark = named.groups()
    if host == _hash_host() and os.name != "nt":
        # One of this process's number that it does not know of is an earlier process's.
        return mark not in _at_work if int(pid) == os.getpid() else not (0 < int(pid) < 2**31 and is_alive(int(pid)))
    return mark not in _at_work and time.time() - path.stat().st_mtime > _ABANDONED_AFTER_S


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _hash_host() -> str:
    return hashlib.blake2b(socket.gethostname().encode(), digest_size=4).hexdigest()
