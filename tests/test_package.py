"""The wheel and the sdist hold all that the package needs: installed into a new environment, the program runs without the checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.slow


def call(*arguments: object, folder: Path, **variables: str) -> str:
    """Run a program in `folder`, without this process's Python path; return what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "BEHAVIOR_"))}
    ran = subprocess.run(
        list(map(str, arguments)), cwd=folder, env={**environment, **variables}, capture_output=True, text=True, timeout=3600, check=False
    )
    assert ran.returncode == 0, f"{arguments}:\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the sdist, built from the files that git knows."""
    folder = tmp_path_factory.mktemp("packages")
    (folder / "source").mkdir()
    names = call("git", "ls-files", "-z", folder=ROOT).split("\0")
    for name in filter(None, names):
        target = folder / "source" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():
            target.write_bytes((ROOT / name).read_bytes())
    call(sys.executable, "-m", "build", "--outdir", folder / "dist", folder / "source", folder=folder)
    (wheel,) = (folder / "dist").glob("*.whl")
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="module")
def installed(packages: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs' folder of a new environment into which the wheel was installed."""
    folder = tmp_path_factory.mktemp("installed")
    python = folder / "venv" / "bin" / "python"
    # Debian's Python lacks ensurepip; whoever runs this has a pip.
    call(sys.executable, "-m", "venv", "--without-pip", folder / "venv", folder=folder)
    call(find_pip(), "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check", packages[0], folder=folder)
    return python.parent


def find_pip() -> str:
    """Return a Python that has pip: this one, or the one that this environment was made with."""
    for python in (sys.executable, Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}", "python3"):
        ran = subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True, check=False)
        if ran.returncode == 0:
            return str(python)
    pytest.fail("no Python with pip was found; install pip beside the Python that made this environment")


def list_package_files() -> set[str]:
    names = call("git", "ls-files", "behavior", folder=ROOT).split()
    return {name for name in names if not name.endswith(".md") and (ROOT / name).is_file()}


def test_the_wheel_holds_every_file_of_the_package(packages):
    with zipfile.ZipFile(packages[0]) as archive:
        names = set(archive.namelist())
        (metadata,) = (archive.read(name).decode() for name in names if name.endswith(".dist-info/METADATA"))
    assert list_package_files() <= names
    assert "behavior/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "scripts/"))]
    fields = message_from_string(metadata)
    assert (fields["Author"], fields["License-Expression"]) == ("the behavior contributors", "BSD-3-Clause")
    assert fields["License-File"] == "LICENSE"


def test_the_sdist_holds_the_package_its_tests_and_its_pages(packages):
    with tarfile.open(packages[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert list_package_files() <= names
    pages = {"LICENSE", "README.md", "CHANGELOG.md", "CITATION.cff", "configs/README.md", "behavior/cli/README.md", "behavior/README.md"}
    assert pages | {"tests/conftest.py", "scripts/test", "configs/demo.yaml"} <= names


def test_the_installed_package_runs_the_demo(installed, tmp_path):
    where = call(installed / "python", "-c", "import behavior; print(behavior.__file__)", folder=tmp_path).strip()
    assert Path(where).is_relative_to(installed.parent)
    shown = call(installed / "behavior", "--help", folder=tmp_path, COLUMNS="200")
    assert {"init", "crossval", "annotate", "demo"} <= set(re.findall(r"^\W*([a-z][a-z-]+)", shown, flags=re.MULTILINE))
    call(installed / "behavior", "demo", "--out", "demo", folder=tmp_path)
    scores = pd.read_csv(next((tmp_path / "demo").rglob("metrics.csv")))
    pooled = scores[(scores["recording"] == "pooled") & (scores["metric"] == "average_precision")]
    assert len(pooled) == 3
    assert np.all(pooled["value"] > 0.8)
    assert list((tmp_path / "demo").rglob("*_ethogram.csv"))
    assert list((tmp_path / "demo").rglob("report.html"))
