"""Every command, every file and the Python that the README and the pages for users show do what they say, in their order."""

import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gallery_samples import write_photos

import behavior as bh
from behavior.files.ethograms import find_ethograms
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import read_labels
from behavior.files.study import read_study
from behavior.recording import Frames
from behavior.workflows import backbones

ROOT = Path(__file__).resolve().parents[1]
# In the order in which a reader comes to them.
PAGES = [ROOT / name for name in ("README.md", "behavior/cli/README.md", "configs/README.md")]
BLOCKS = [
    block
    for page in PAGES
    for block in re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
]
LONGEST_README = 160


def blocks_of(language):
    return [content for name, content in BLOCKS if name == language]


def test_every_block_is_of_a_kind_that_is_tested():
    assert {name for name, _ in BLOCKS} == {"console", "csv", "python", "yaml"}


def test_the_readme_is_short():
    assert len(PAGES[0].read_text(encoding="utf-8").splitlines()) <= LONGEST_README


def test_the_two_commands_are_there():
    readme = PAGES[0].read_text(encoding="utf-8")
    assert re.findall(r"^    (scripts/\w+)$", readme, flags=re.MULTILINE) == ["scripts/demo", "scripts/test"]
    assert all((ROOT / name).is_file() for name in ("scripts/demo", "scripts/test"))


@pytest.mark.parametrize("content", blocks_of("yaml"))
def test_study_files_can_be_read(tmp_path, content):
    (tmp_path / "study.yaml").write_text(content)
    assert read_study(tmp_path / "study.yaml").behaviors == ["grooming", "mid_rearing", "wall_rearing"]


def test_label_files_can_be_read(tmp_path):
    frames, bouts = blocks_of("csv")
    (tmp_path / "a.csv").write_text(frames)
    (tmp_path / "b.csv").write_text(bouts)
    labels, _ = read_labels(tmp_path / "a.csv", LabelRequest(("mid_rearing",), Frames(3)))
    assert labels.values[:, 0].tolist() == [0, 1, -1]
    labels, _ = read_labels(tmp_path / "b.csv", LabelRequest(("grooming",), Frames(5000)))
    assert [int((labels.values == value).sum()) for value in (1, 0, -1)] == [120, 3880, 1000]


@pytest.fixture
def lab(demo, tmp_path, monkeypatch):
    """A lab's folder: labelled videos, new ones with pose, labels that turn up later, features of another program."""
    videos = demo.study.parent / "videos"
    for name in ("videos", "new", "labels", "features"):
        (tmp_path / name).mkdir()
    for path in sorted(videos.iterdir()):
        if not path.name.startswith("mouse_04"):
            shutil.copy(path, tmp_path / "videos")
    for path in videos.glob("mouse_04*"):
        shutil.copy(path, tmp_path / ("labels" if path.name.endswith("labels.csv") else "new"))
    for number in (1, 2, 3):
        np.savez(tmp_path / "features" / f"mouse_0{number}.npz", features=np.zeros((400, 3)), fps=10)
    write_photos(tmp_path / "photos", range(4), n_each=2)
    write_photos(tmp_path / "new_photos", [1, 2], n_days=1, n_each=1, seed=5)
    for rater in ("anna", "ben", "carla"):
        shutil.copytree(tmp_path / "labels", tmp_path / "raters" / rater)
    monkeypatch.chdir(tmp_path)
    return tmp_path


SEARCH = """
search:
  space: {training.epochs: [1, 2], training.patience: [1, 2]}
"""


def shorten(study):
    """Cut short what a user would wait for; everything else stays as init wrote it."""
    short = (
        study.read_text()
        .replace("units: 64", "units: 4")
        .replace("epochs: 50", "epochs: 2")
        .replace("kind: boosting", "kind: boosting, trees: 5")
    )
    assert "units: 4" in short
    assert "epochs: 2" in short
    assert "trees: 5" in short
    study.write_text(short + "finetune: {frames_per_recording: 64, watched_frames: 64, head_epochs: 1, epochs: 1}\n")


@pytest.fixture
def briefly(monkeypatch):
    """Backbones are measured on a few images, and for a moment."""
    monkeypatch.setattr(backbones, "BATCH_SIZE", 2)
    monkeypatch.setitem(backbones.list_backbones.__kwdefaults__, "seconds", 0.05)


def test_commands_run_as_they_are_written(run, lab, briefly):
    commands = [line for block in blocks_of("console") for line in block.splitlines()]
    assert len(commands) > 20
    for command in commands:
        if "odd_video" in command:
            for path in (lab / "new").glob("mouse_04*"):
                shutil.copy(path, path.with_name(path.name.replace("mouse_04", "odd_video")))
        words = []
        for word in shlex.split(command)[1:]:
            words += sorted(map(str, Path().glob(word))) if "*" in word else [word]
        if words[0] == "search":
            study = (lab / "videos" / "study.yaml").read_text()
            (lab / "videos" / "search.yaml").write_text(study + SEARCH)
        ran = run(*words)
        assert ran.status == 0, f"{command}: {ran.err}"
        if words[0] == "audit":
            # Somebody labels the clips.
            manifest = lab / "audit" / "recordings.csv"
            table = pd.read_csv(manifest, dtype=str)
            labels = [lab / "labels" / f"{name}_labels.csv" for name in table["recording"]]
            table.assign(labels=labels).to_csv(manifest, index=False)
        if words[0] == "init":
            shorten(lab / "videos" / "study.yaml")
    assert [path.name for path in find_ethograms([lab / "ethograms"])] == ["mouse_04_ethogram.csv"]
    assert (lab / "cleaned" / "mouse_04_ethogram.csv").is_file()
    assert (lab / "scores" / "summary.md").is_file()
    assert (lab / "search" / "best.yaml").is_file()
    assert (lab / "best_model" / "bundle.yaml").is_file()
    assert (lab / "agreement" / "agreement.csv").is_file()
    assert (lab / "lab.keras").is_file()
    assert (lab / "statistics" / "statistics.md").is_file()
    assert set(pd.read_csv(lab / "corrected" / "audit.csv")["figure"]) == {"predicted", "audited", "corrected", "bias"}
    assert "Cross-validation</h2>" in (lab / "report.html").read_text()
    assert (lab / "overlays" / "mouse_04_overlay.mp4").is_file()
    assert (lab / "exports" / "ethograms.boris").is_file()
    assert "Human ceiling" in (lab / "scores_beside_people" / "summary.md").read_text()
    assert (lab / "odd" / "odd_video_ethogram.csv").is_file()
    assert len(pd.read_csv(lab / "individuals" / "individuals.csv")) == 2
    assert len(find_ethograms([lab / "all"])) == 3


@pytest.fixture
def new_video(demo, tmp_path):
    """A folder with a study without features, a new video with pose, and labels of it in a BORIS project."""
    source = demo.study.parent
    for name in ("videos", "new"):
        (tmp_path / name).mkdir()
    (tmp_path / "videos" / "study.yaml").write_text((source / "study.yaml").read_text())
    rows = [line.replace("videos/", "") for line in (source / "recordings.csv").read_text().splitlines() if "mouse_04" not in line]
    (tmp_path / "videos" / "recordings.csv").write_text("\n".join(rows) + "\n")
    for path in (source / "videos").iterdir():
        is_new = path.name.startswith("mouse_04")
        shutil.copy(path, tmp_path / ("new" if is_new else "videos") / path.name.replace("mouse_04", "mouse_22"))
    annotation = bh.read_ethogram(demo.ethograms / "mouse_04_ethogram.csv").annotation
    bh.RecordingEthogram(replace(annotation, recording="mouse_22")).save(tmp_path / "exported")
    bh.export_ethograms(tmp_path / "exported", "boris", tmp_path)
    next(tmp_path.glob("*.boris")).rename(tmp_path / "a.boris")
    return tmp_path


# What the values of the block are.
KINDS = """
import numpy as np, pandas as pd
from matplotlib.figure import Figure
assert isinstance(cv.metrics, pd.DataFrame) and {"recording", "behavior", "metric", "value"} <= set(cv.metrics)
assert len(x) == len(y) == 400 and x.shape[1] == 128 and y.shape[1] == 3 and set(np.unique(y)) <= {-1, 0, 1}
assert isinstance(ethogram.to_frame(), pd.DataFrame) and isinstance(ethogram.bouts(), pd.DataFrame) and len(ethogram.to_frame()) == 400
assert isinstance(ethogram.plot(), Figure)
decided = bh.read_ethogram("ethograms/mouse_22_ethogram.csv")
assert (decided.probabilities == ethogram.probabilities).all()
assert bh.read_labels("a.boris", recording="mouse_22").values.shape == (400, 3)
"""


def test_the_python_runs_as_it_is_written_and_prints_nothing(new_video):
    (block,) = blocks_of("python")
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{block}{KINDS}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=new_video)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in find_ethograms([new_video / "ethograms"])] == ["mouse_22_ethogram.csv"]
    assert (new_video / "ethograms" / "mouse_22_bouts.csv").is_file()
    assert sorted(path.name for path in new_video.iterdir()) == ["a.boris", "crossval", "ethograms", "exported", "model", "new", "videos"]
