"""Whether there is room for a file before it is written: HDF5 can crash the whole process on a disk that fills up."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from behavior.errors import OutputError
from behavior.files.temporary import name_temporary

__all__ = ["require_space"]


def require_space(path: Path, n_bytes: int) -> None:
    """Raise OutputError if there is no room for this number of bytes at `path`, or its folder cannot be written to."""
    folder = path.parent
    try:
        with name_temporary(path) as temporary, temporary.open("xb") as file:
            _reserve(file.fileno(), folder, n_bytes)
    except OSError as error:
        message = f"{folder}: has no room for {n_bytes / 1e6:,.1f} MB of features ({error.strerror}); free some space, nothing is lost."
        raise OutputError(message) from error


def _reserve(handle: int, folder: Path, n_bytes: int) -> None:
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(handle, 0, n_bytes)
        except OSError as error:
            # Some drives cannot reserve anything, and answer in one of these ways.
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        else:
            return
    if shutil.disk_usage(folder).free < n_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
