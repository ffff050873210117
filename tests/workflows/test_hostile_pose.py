"""Pose files that hold programs, as pandas and PyTables would run them: no command does, and each says what is wrong with which file."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import yaml

from behavior.files.ethograms import write_annotation
from behavior.files.model_bundle import read_bundle
from behavior.files.video_writer import write_video
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities

if TYPE_CHECKING:
    from behavior.workflows.demo import DemoResult

N_FRAMES = 12


@dataclass(frozen=True)
class Lab:
    """A folder with a video beside each pose that holds a program, and their study; `marker` is what the programs make."""

    folder: Path
    marker: Path
    refused: list[Path]
    n_read: int

    @property
    def study(self) -> Path:
        return self.folder / "study.yaml"

    def require_explained(self, printed: str) -> None:
        """Each file that cannot be read is named in a sentence of its own, nothing failed without one, and no program was run."""
        assert not self.marker.exists()
        for path in self.refused:
            assert any(path.name in line and "export the pose again" in line for line in printed.splitlines()), (path.name, printed)
        assert "Traceback" not in printed
        assert "unexpected" not in printed


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, write_hostile_poses: Callable[..., list[Any]], demo: DemoResult) -> Lab:
    folder = tmp_path_factory.mktemp("hostile")
    fps = read_bundle(demo.model).fps
    write_video(folder / "any.mp4", np.random.default_rng(0).integers(0, 256, (N_FRAMES, 64, 64, 3), dtype=np.uint8), fps=fps)
    content = (folder / "any.mp4").read_bytes()
    (folder / "any.mp4").unlink()
    poses = write_hostile_poses(folder, folder / "run", n_frames=N_FRAMES, name="{}DLC_net.h5")
    rows = ["recording,video,pose"]
    for number, pose in enumerate(poses):
        video = pose.path.with_name(pose.path.name.replace("DLC_net.h5", ".mp4"))
        # Each another video, so that they are told apart.
        video.write_bytes(content + bytes(number))
        rows.append(f"r{number},{video.name},{pose.path.name}")
        write_ethogram(folder / "ethograms", f"r{number}", fps)
    (folder / "recordings.csv").write_text("\n".join(rows))
    study = {
        "recordings": "recordings.csv",
        "behaviors": ["grooming"],
        "crop": {"body_part": "midbody", "size": 32},
        "streams": ["motion", "pose"],
        "arena": {"rectangle": [0, 0, 64, 64], "pixels_per_cm": 1, "body_part": "midbody"},
        "cache": "cache",
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    refused = [pose.path for pose in poses if pose.is_refused]
    return Lab(folder, folder / "run", refused, len(poses) - len(refused))


def write_ethogram(folder: Path, name: str, fps: float) -> None:
    folder.mkdir(exist_ok=True)
    time_s = np.arange(N_FRAMES) / fps
    shown = np.zeros((N_FRAMES, 1), dtype=bool)
    ethogram = Ethogram(shown, ("grooming",), time_s)
    probabilities = Probabilities(np.zeros((N_FRAMES, 1), dtype=np.float32), ("grooming",), time_s)
    write_annotation(folder, Annotation(name, probabilities, ethogram, ethogram, Provenance(fps=fps)))


def test_the_files_are_hostile(tmp_path: Path, write_hostile_poses: Callable[..., list[Any]]) -> None:
    """What the other tests say is worth something: pandas runs every one of these programs."""
    marker = tmp_path / "run"
    for pose in write_hostile_poses(tmp_path, marker):
        # What pandas makes of what the program returns is another matter.
        with suppress(Exception):
            pd.read_hdf(pose.path)
        assert marker.exists(), pose.place
        marker.unlink()


def test_init(lab: Lab, run: Callable[..., Any], tmp_path: Path) -> None:
    for path in lab.refused:
        for source in (path, path.with_name(path.name.replace("DLC_net.h5", ".mp4"))):
            (tmp_path / source.name).write_bytes(source.read_bytes())
    ran = run("init", tmp_path)
    assert ran.status == 0
    assert not lab.marker.exists()
    # Two of them are not told from tables of something else.
    names = [path.name for path in lab.refused if not path.name.endswith(("pandas_typeDLC_net.h5", "axis0_varietyDLC_net.h5"))]
    assert [name for name in names if name not in ran.out + ran.err] == []


def test_check(lab: Lab, run: Callable[..., Any]) -> None:
    ran = run("check", lab.study)
    assert ran.status == 1
    lab.require_explained(ran.out + ran.err)


def test_embed(lab: Lab, run: Callable[..., Any]) -> None:
    ran = run("embed", lab.study)
    assert ran.status == 1
    lab.require_explained(ran.err)
    assert len(list((lab.folder / "cache").glob("*.pose-*.h5"))) == lab.n_read


def test_annotate(lab: Lab, demo: DemoResult, run: Callable[..., Any], tmp_path: Path) -> None:
    ran = run("annotate", demo.model, "--study", lab.study, "--body-part", "midbody", "--out", tmp_path / "out")
    assert ran.status == 1
    lab.require_explained(ran.err)
    assert len(list((tmp_path / "out").glob("*_ethogram.csv"))) == lab.n_read


def test_stats(lab: Lab, run: Callable[..., Any], tmp_path: Path) -> None:
    ran = run("stats", lab.folder / "ethograms", "--study", lab.study, "--out", tmp_path / "out", "--no-figures")
    lab.require_explained(ran.err)


@pytest.mark.usefixtures("unpainted")
def test_report(lab: Lab, run: Callable[..., Any], tmp_path: Path) -> None:
    run("report", lab.study, lab.folder / "ethograms", "--out", tmp_path / "report.html")
    lab.require_explained((tmp_path / "report.html").read_text(encoding="utf-8"))
