"""The versions that a result was made with."""

from __future__ import annotations

import platform
from importlib.metadata import version

__all__ = ["collect_versions"]

PACKAGES = ("behavior", "tensorflow", "keras", "keras-tcn", "numpy", "h5py", "opencv-python-headless", "av", "openvino")


def collect_versions() -> dict[str, str]:
    """Return the versions that the numbers in a result depend on, by package."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
