"""Units of work for tests of clusters: modules that workers can import."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil


def note_and_wait(place: str) -> int:
    """Note beside `place` that it was begun, wait until a file `go` is there, and write the file at `place`; keep one that is there."""
    path = Path(place)
    if not path.exists():
        with path.with_suffix(".begun").open("a") as file:
            file.write(f"{os.getpid()}\n")
        while not path.with_name("go").exists():
            time.sleep(0.05)
        path.write_text(str(os.getpid()))
    return os.getppid()


def count_children():
    """Return how many processes this one has started that are still there."""
    return sum(child.status() != psutil.STATUS_ZOMBIE for child in psutil.Process().children())
