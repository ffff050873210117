"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from behavior.workflows.demo import DemoResult

# How long an example takes says more of what else the machine does than of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

N_FRAMES = 400


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings; a test that asks for it is skipped where there is none."""
    folder = Path(os.environ.get("BEHAVIOR_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real recordings not found at {folder}; set BEHAVIOR_DATA to their folder")
    return folder


@pytest.fixture(scope="session", autouse=True)
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the converted networks of all tests, and of all processes that run them."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "models"
    os.environ["BEHAVIOR_MODELS"] = str(folder)
    return folder


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run a command line as the installed program does, in this process, where TensorFlow is loaded already."""
    from behavior.cli import main

    def call(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["behavior", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main()
        captured = capsys.readouterr()
        return Ran(int(caught.value.code or 0), captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoResult:
    """Three training recordings and a test recording of 40 seconds, with everything that the demo makes of them. Not to be changed."""
    # TensorFlow is loaded when the first test needs it, not by every run of a few tests.
    from behavior.config import LstmHead, Training, Windows
    from behavior.workflows.demo import DEMO_STUDY, run_demo

    study = DEMO_STUDY.model_copy(
        update={
            "head": LstmHead(layers=1, units=8, dropout=0.2),
            "windows": Windows(length=60),
            "training": Training(learning_rate=0.01, batch_size=4, epochs=3, patience=3),
        }
    )
    return run_demo(tmp_path_factory.mktemp("demo") / "demo", seed=3, n_training=3, n_test=1, n_frames=N_FRAMES, study=study)


@pytest.fixture
def study_copy(demo: DemoResult, tmp_path: Path) -> Path:
    """The study file of a copy of the rendered study that a test may spoil: videos, pose, labels and cache, no results."""
    folder = tmp_path / "copy"
    folder.mkdir()
    for name in ("study.yaml", "recordings.csv"):
        shutil.copy(demo.study.parent / name, folder)
    for name in ("videos", "cache"):
        shutil.copytree(demo.study.parent / name, folder / name)
    return folder / "study.yaml"
