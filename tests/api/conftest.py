"""A study with results for functions that read them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import behavior as bh

if TYPE_CHECKING:
    from behavior.workflows.demo import DemoResult


@pytest.fixture
def folder(demo: DemoResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the rendered study with all its results, which a test may spoil; the working directory."""
    shutil.copytree(demo.study.parent, tmp_path / "demo")
    monkeypatch.chdir(tmp_path / "demo")
    return tmp_path / "demo"


@pytest.fixture
def unillustrated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports have empty pictures; painting them takes longer than all else, and tests of reports look at them."""
    for module in ("scores_section", "statistics_figures"):
        monkeypatch.setattr(f"behavior.reporting.{module}.render_svg", lambda figure, **_: b"<svg></svg>")


@pytest.fixture(scope="session")
def study(demo: DemoResult) -> bh.Study:
    """The rendered study, to be read only."""
    return bh.open_study(demo.study)


@pytest.fixture(scope="session")
def ethogram(demo: DemoResult) -> bh.RecordingEthogram:
    """The ethogram of the test recording."""
    return bh.read_ethogram(demo.ethograms / "mouse_04_ethogram.csv")
