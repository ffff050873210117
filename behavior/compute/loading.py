"""Loading TensorFlow, which is slow, without the notes for its developers that it prints."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["load_keras", "silence_tensorflow"]


def load_keras() -> None:
    """Import Keras, and TensorFlow with it, without what they write to the process's standard error, below Python's.

    It is shown if the import fails.
    """
    if "keras" not in sys.modules:
        # It reads the environment when it is loaded, and sets its logger's level then.
        silence_tensorflow()
        with _standard_error_held_back():
            importlib.import_module("keras")
    silence_tensorflow()


def silence_tensorflow() -> None:
    """Have TensorFlow print errors only, now or when it is loaded, unless the user has set a level for it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logger = logging.getLogger("tensorflow")
    # In an interactive session TensorFlow itself sets INFO.
    if logger.level in (logging.NOTSET, logging.INFO):
        logger.setLevel(logging.ERROR)


@contextmanager
def _standard_error_held_back() -> Iterator[None]:
    """Drop what is written to the process's standard error while the block runs, unless it raises an error."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:
        # A program without a console has none.
        yield
        return
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        try:
            yield
        except Exception:
            notes.seek(0)
            with suppress(OSError):
                os.write(kept, notes.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
