"""The versions that a result names."""

from __future__ import annotations

import platform
from importlib.metadata import version

from behavior import __version__
from behavior.versions import collect_versions


def test_python_and_the_packages_that_numbers_depend_on_are_named() -> None:
    versions = collect_versions()
    assert versions["python"] == platform.python_version()
    assert versions["numpy"] == version("numpy")
    assert versions["behavior"] == __version__
    assert {"tensorflow", "keras", "h5py", "av", "openvino"} <= versions.keys()
    assert all(isinstance(text, str) and text for text in versions.values())
