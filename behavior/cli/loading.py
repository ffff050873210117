"""Loading the libraries that are slow to load, by the commands that need them."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile

__all__ = ["load_keras"]


def load_keras() -> None:
    """Import Keras, and TensorFlow with it, without the notes that they print below Python's standard error while they load."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        try:
            importlib.import_module("keras")
        except Exception:
            notes.seek(0)
            os.write(kept, notes.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
