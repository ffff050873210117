"""A small rendered study, taken once through every stage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from behavior.config import LstmHead, Training, Windows
from behavior.workflows.demo import DEMO_STUDY, DemoResult, run_demo

SMALL_STUDY = DEMO_STUDY.model_copy(
    update={
        "head": LstmHead(layers=1, units=8, dropout=0.2),
        "windows": Windows(length=60),
        "training": Training(learning_rate=0.01, batch_size=4, epochs=3, patience=3),
    }
)
N_FRAMES = 400


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoResult:
    """Three training recordings and a test recording of 40 seconds, with everything that the demo makes of them. Not to be changed."""
    return run_demo(tmp_path_factory.mktemp("demo") / "demo", seed=3, n_training=3, n_test=1, n_frames=N_FRAMES, study=SMALL_STUDY)


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
