"""Whether the drive that recordings are written to has room left."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

from behavior.errors import OutputError

__all__ = ["FreeSpace"]

_SECONDS_BETWEEN_LOOKS = 1.0


class FreeSpace:
    """Looks at a drive once a second, for all sources that record there together; may be asked from any thread.

    Parameters
    ----------
    folder
        On the drive.
    keep_free_bytes
        That have to stay free.
    """

    def __init__(self, folder: Path, keep_free_bytes: int = 2**30) -> None:
        self._folder, self._keep_free = folder, keep_free_bytes
        self._lock = threading.Lock()
        self._next_look_s, self._free = 0.0, 0

    def measure(self) -> int:
        """Return how many bytes are free, at most a second ago."""
        with self._lock:
            now = time.monotonic()
            if now >= self._next_look_s:
                # The folder may still have to be made.
                there = next(one for one in (self._folder, *self._folder.absolute().parents) if one.exists())
                self._free = shutil.disk_usage(there).free
                self._next_look_s = now + _SECONDS_BETWEEN_LOOKS
            return self._free

    def require_room(self) -> None:
        """Raise OutputError where there is less room than has to stay free: nothing could be recorded."""
        free = self.measure()
        if free < self._keep_free:
            raise OutputError(
                f"{self._folder}: its drive has {free / 2**30:.2f} GiB left, and --keep-free {self._keep_free / 2**30:.10g} keeps more "
                "than that free; free some space, or give another --out or a lower --keep-free."
            )

    def find_shortage(self) -> str:
        """Return why recording has to end, a sentence without its full stop; "" where there is room."""
        free = self.measure()
        if free >= self._keep_free:
            return ""
        return f"{self._folder} has {free / 2**30:.2f} GiB left, and {self._keep_free / 2**30:g} GiB stay free"
