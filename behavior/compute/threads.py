"""How many of a machine's cores a process may use, where others use the rest."""

from __future__ import annotations

import os
from collections.abc import Mapping

__all__ = ["count_threads", "limit_threads"]

_OWN = "BEHAVIOR_THREADS"
# What TensorFlow (within one operation), OpenMP (scikit-learn, PyTorch) and NumPy's linear algebra go by when they are loaded. OpenVINO
# reads no variable and is told by its setting INFERENCE_NUM_THREADS.
_OF_LIBRARIES = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def limit_threads(n_threads: int) -> Mapping[str, str]:
    """Return the environment of a process that is to use `n_threads` cores; it has to be set before libraries are loaded.

    >>> limit_threads(2)["OMP_NUM_THREADS"]
    '2'
    """
    return dict.fromkeys((_OWN, *_OF_LIBRARIES), str(n_threads))


def count_threads() -> int | None:
    """Return how many cores this process is to use, as `limit_threads` has told it; None for all of them."""
    told = os.environ.get(_OWN, "")
    return int(told) if told.isdigit() and int(told) > 0 else None
