"""Who is making a file: several processes, on one machine or on many, share a folder without doing the same work twice."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from behavior.errors import OutputError
from behavior.files.atomic import make_folder, sync_folder
from behavior.files.temporary import is_alive, name_temporary

__all__ = ["claim_file", "explain_claim", "hold_claim"]

# A claim that has shown no sign of life for so long belongs to a process that is gone.
CLAIM_SECONDS = 600.0
SECONDS_BETWEEN_BEATS = 30.0
_SECONDS_BETWEEN_TRIES = 0.05
# By which the times of two files on one drive may be wrong.
_CLOCK_ERROR_S = 60.0
# A claim is shorter.
_MOST_BYTES = 4096

# Tokens of the claims that this process holds.
_held: set[str] = set()


@dataclass(frozen=True)
class _Claim:
    host: str
    pid: int
    token: str


@contextmanager
def claim_file(path: Path) -> Iterator[bool]:
    """Yield whether this process may make the file at `path`; False while another one, alive, is at it.

    A claim is a small file beside that file, which only one process can make. It needs no file locks, which network drives may lack.
    One whose process has died on this host, or that has shown no sign of life for ten minutes, is taken over.
    """
    make_folder(path.parent)
    claim = _find_claim(path)
    mine = _Claim(socket.gethostname(), os.getpid(), os.urandom(8).hex())
    if not _make_claim(claim, mine) and not (_remove_dead_claim(claim) and _make_claim(claim, mine)):
        yield False
        return
    _held.add(mine.token)
    done = threading.Event()
    heart = threading.Thread(target=_keep_young, args=(claim, done), name="claim", daemon=True)
    heart.start()
    try:
        yield True
    finally:
        done.set()
        heart.join()
        _held.discard(mine.token)
        if _read_claim(claim) == mine:
            claim.unlink(missing_ok=True)


@contextmanager
def hold_claim(path: Path, *, what: str, patience_s: float) -> Iterator[None]:
    """Claim the file at `path`, and wait for another process that is at it.

    Parameters
    ----------
    what
        What is claimed, for the error: "the ethograms in FOLDER".
    patience_s
        How long to wait.

    Raises
    ------
    OutputError
        If the other process is still at it then; the message names it.
    """
    give_up = time.monotonic() + patience_s
    while True:
        with claim_file(path) as mine:
            if mine:
                yield
                return
        if time.monotonic() >= give_up:
            raise OutputError(f"{what}: {explain_claim(path)} is writing there; wait until it has ended, then try again.")
        time.sleep(_SECONDS_BETWEEN_TRIES)


def explain_claim(*paths: Path) -> str:
    """Return which other process is making the first of the files at `paths` that is claimed, in words, with the name of the claim."""
    claim = next((one for one in map(_find_claim, paths) if one.exists()), None)
    if claim is None:
        return "another process"
    holder = _read_claim(claim)
    name = f"process {holder.pid} on {holder.host}" if holder is not None else "another process"
    return f"{name} (its claim is {claim})"


def _find_claim(path: Path) -> Path:
    return path.with_name(f".{path.name}.claim")


def _keep_young(claim: Path, done: threading.Event) -> None:
    """Show that this process is alive, until it is done."""
    while not done.wait(SECONDS_BETWEEN_BEATS):
        # A drive that does not answer now may at the next beat.
        with suppress(OSError):
            os.utime(claim)


def _make_claim(claim: Path, content: _Claim) -> bool:
    try:
        with claim.open("x", encoding="utf-8") as file:
            json.dump(asdict(content), file)
    except FileExistsError:
        return False
    except OSError as error:
        # A claim that could not be written whole would keep everybody waiting until it is old; a drive that takes no claim has none.
        with suppress(OSError):
            claim.unlink()
        reason = error.strerror or error
        raise OutputError(f"{claim.parent}: cannot be written to ({reason}); choose a folder with space that you may write to.") from error
    sync_folder(claim.parent)
    return True


def _read_claim(claim: Path) -> _Claim | None:
    """Return who holds a claim; None for one that is gone, or that says nothing usable."""
    try:
        with claim.open("rb") as file:
            content = json.loads(file.read(_MOST_BYTES))
        holder = _Claim(str(content["host"]), content["pid"], str(content["token"]))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return holder if type(holder.pid) is int and 0 < holder.pid < 2**31 else None


def _remove_dead_claim(claim: Path) -> bool:
    """Remove a claim whose process is gone, and tell whether it could be."""
    holder = _read_claim(claim)
    # An empty claim is one that is being written this moment, or was cut off by a power failure.
    dead_here = holder is not None and holder.host == socket.gethostname() and not _is_held(holder)
    try:
        if not dead_here and _is_young(claim):
            return False
        with name_temporary(claim) as aside:
            # Renaming lets one of several processes win.
            claim.rename(aside)
            if _read_claim(aside) != holder:
                # Another process was quicker: what was renamed is its new claim, not the dead one.
                aside.rename(claim)
                return False
    except FileNotFoundError:
        return True
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{claim}: is left by a process that is gone, and cannot be removed ({reason}); remove it.") from error
    return True


def _is_young(claim: Path) -> bool:
    """Tell whether a claim has shown a sign of life lately; one of a time to come is of a clock that nobody can go by.

    Both times are of the drive that holds the claim, which may not be that of this host.
    """
    with name_temporary(claim) as clock:
        clock.touch()
        age = clock.stat().st_mtime - claim.stat().st_mtime
    return -_CLOCK_ERROR_S < age < CLAIM_SECONDS


def _is_held(holder: _Claim) -> bool:
    """Tell whether a process of this host may hold a claim; one of this process's number that it does not know of is a dead one's."""
    return holder.token in _held if holder.pid == os.getpid() else is_alive(holder.pid)
