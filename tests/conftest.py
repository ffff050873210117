"""What every test may ask for."""

from __future__ import annotations

import functools
import gc
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import yaml
from hypothesis import settings

if TYPE_CHECKING:
    from behavior.workflows.demo import DemoResult

# How long an example takes says more of what else the machine does than of the code. Examples are others in every run.
settings.register_profile("brief", deadline=None, max_examples=40)
settings.register_profile("thorough", deadline=None, max_examples=500)
settings.load_profile("brief")

N_FRAMES = 400
SECONDS_FOR_DEMO = 600
N_TRAINERS = 24
FSYNC = os.fsync
TESTS = Path(__file__).parent
# The files that take longest, about in the order of processor time that `--durations=0` tells. A process that began one of them when the
# other has nothing left would be waited for.
LONGEST = (
    "test_readme.py",
    "sequence/test_training.py",
    "sequence/test_heads.py",
    "workflows/test_leaks.py",
    "workflows/test_search.py",
    "workflows/test_bad_input.py",
    "workflows/test_edge_cases.py",
    "workflows/test_crossval.py",
    "workflows/test_sampling.py",
    "learning/test_fitting.py",
    "learning/test_annotating.py",
    "test_api.py",
    "workflows/test_track.py",
    "workflows/test_track_resumed.py",
    "workflows/test_own_networks.py",
    "workflows/test_retrain.py",
    "workflows/test_pose_alone.py",
    "workflows/test_individuals.py",
    "workflows/test_embed.py",
    "vision/test_engines.py",
    "learning/test_crossval_comparison.py",
    "workflows/test_odd_videos.py",
    "embedding/test_streams.py",
    "embedding/test_stream.py",
    "learning/test_decisions.py",
    "cli/test_interruption.py",
    "vision/test_finetuning.py",
    "learning/test_learning_curve.py",
    "compute/test_units.py",
    "test_docstrings.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first; `scripts/test` has its processes take files in this order."""
    places = {TESTS / name: place for place, name in enumerate(LONGEST)}
    gone = [path for path in places if not path.is_file()]
    if gone:
        raise pytest.UsageError(f"tests/conftest.py lists {gone[0]} among the longest files, and there is no such file; take it out")
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """Have Python's collector of garbage pass over all that is loaded by now, which stays."""
    keep_trainers()
    gc.collect()
    gc.freeze()


def keep_trainers() -> None:
    """Have trainers of networks kept for more settings than one study has; tracing one takes longer than most tests of it."""
    fitting = sys.modules.get("behavior.learning.fitting")
    if fitting is not None:
        fitting._build_trainer = functools.lru_cache(maxsize=N_TRAINERS)(fitting._build_trainer.__wrapped__)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings; a test that asks for it is skipped where there is none."""
    folder = Path(os.environ.get("BEHAVIOR_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real recordings not found at {folder}; set BEHAVIOR_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def shared_faults(shared_data: Path) -> Path:
    """The folder of inputs that users' files once failed with; a test that asks for it is skipped where there is none."""
    folder = shared_data.parent / "faults"
    if not folder.is_dir():
        pytest.skip(f"inputs of faults not found at {folder}")
    return folder


@pytest.fixture(scope="session")
def common_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all processes that run tests."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session", autouse=True)
def models(common_folder: Path) -> Path:
    """One folder for the converted networks of all tests, and of all processes that run them."""
    folder = common_folder / "models"
    os.environ["BEHAVIOR_MODELS"] = str(folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def unflushed() -> Iterator[None]:
    """Nobody waits until what is written is on the disk, which matters in a power cut alone and takes longer than many tests.

    Tests of what is flushed, and when, put a function of their own in the place of `os.fsync`, or ask for `flushed`.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: os.fstat(handle) and None)
        yield


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written is flushed to the disk, as outside tests."""
    monkeypatch.setattr(os, "fsync", FSYNC)


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
def demo(common_folder: Path) -> DemoResult:
    """Three training recordings and a test recording of 40 seconds, with everything that the demo makes of them. Not to be changed.

    The process that asks for it first makes it; the others wait until it is there.
    """
    result = common_folder / "demo.json"
    try:
        (common_folder / "demo").mkdir()
    except FileExistsError:
        return wait_for_demo(result)
    try:
        made = make_demo(common_folder / "demo" / "demo")
    except BaseException:
        result.write_text("")
        raise
    written = result.with_suffix(".part")
    written.write_text(json.dumps(asdict(made), default=os.fspath))
    written.replace(result)
    return made


def make_demo(folder: Path) -> DemoResult:
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
    return run_demo(folder, seed=3, n_training=3, n_test=1, n_frames=N_FRAMES, study=study)


def wait_for_demo(result: Path) -> DemoResult:
    """Return what another process makes, which writes its result when it is complete, and an empty one if it fails."""
    from behavior.workflows.demo import DemoResult

    end = time.monotonic() + SECONDS_FOR_DEMO
    while not result.exists() and time.monotonic() < end:
        time.sleep(0.1)
    content = result.read_text() if result.exists() else ""
    if not content:
        pytest.fail("the process that makes the demo for all tests did not complete it")
    values = json.loads(content)
    paths = {name: Path(values.pop(name)) for name in ("study", "crossval", "model", "ethograms", "report")}
    return DemoResult(**paths, pictures=[Path(name) for name in values.pop("pictures")], **values)


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


class Program:
    """Writes a file when Python, PyTables or pandas reads it back as the object that was stored."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker,)


# Where a program may be in a table of pandas: layout, node below its group ("." for the group, "/" for the file), attributes. Names and
# numbers depend on the first ones, which have to be refused; nobody needs the others, and nobody reads them.
_NEEDED = (
    ("fixed", ".", ("pandas_type", "encoding", "nblocks", "axis0_nlevels", "axis0_variety")),
    ("fixed", "axis0_level0", ("name", "kind")),
    ("fixed", "axis1", ("kind",)),
    ("fixed", "block0_values", ("transposed",)),
    ("table", ".", ("non_index_axes", "info")),
    ("table", "table", ("values_block_0_kind", "index_kind")),
)
_IDLE = (
    ("fixed", "/", ("TITLE", "more")),
    ("fixed", ".", ("axis1_variety", "TITLE", "CLASS", "more")),
    ("fixed", "axis0_level0", ("TITLE",)),
    ("fixed", "axis1", ("name",)),
    ("fixed", "block0_values", ("value_type", "TITLE", "FLAVOR")),
    ("table", ".", ("values_cols", "index_cols", "data_columns", "nan_rep", "levels", "table_type")),
    ("table", "table", ("values_block_0_meta", "values_block_0_dtype", "TITLE")),
)
_ARRAYS = ("block0_values", "axis0_level1", "axis0_label1", "axis1", "block0_items_level1")


@dataclass(frozen=True)
class HostilePose:
    """A pose file with a program in it: where, and whether what is needed of the file cannot be told without running it."""

    path: Path
    place: str
    is_refused: bool


@pytest.fixture(scope="session")
def write_hostile_poses() -> Callable[..., list[HostilePose]]:
    """Write the pose of one animal as DeepLabCut does, once for each place in it that can hold a program, which makes a file `marker`."""
    import h5py
    import tables

    columns = pd.MultiIndex.from_product(
        [["net"], ["midbody", "tailbase"], ["x", "y", "likelihood"]], names=["scorer", "bodyparts", "coords"]
    )

    def write(folder: Path, marker: Path, *, n_frames: int = 5, name: str = "{}.h5") -> list[HostilePose]:
        import pickle

        content = np.bytes_(pickle.dumps(Program(marker), 0))
        written: list[HostilePose] = []

        def begin(layout: str, place: str, *, is_refused: bool) -> Path:
            path = folder / name.format(f"{layout}_{place}".replace("/", "file"))
            written.append(HostilePose(path, f"{layout} {place}", is_refused))
            values = np.random.default_rng(0).uniform(20, 40, (n_frames, len(columns)))
            values[:, 2::3] = 1
            pd.DataFrame(values, columns=columns).to_hdf(path, key="pose", mode="w", format=layout)
            return path

        for is_refused, places in ((True, _NEEDED), (False, _IDLE)):
            for layout, node, attributes in places:
                for attribute in attributes:
                    with h5py.File(begin(layout, f"{node}_{attribute}", is_refused=is_refused), "a") as file:
                        (file if node == "/" else file["pose"] if node == "." else file["pose"][node]).attrs[attribute] = content
        for array in _ARRAYS:
            with tables.open_file(begin("fixed", array, is_refused=True), "a") as file:
                file.remove_node("/pose", array)
                node = file.create_vlarray("/pose", array, tables.ObjectAtom())
                node.append(Program(marker))
                node.attrs.kind = "object"
        assert not marker.exists()
        return written

    return write


N_MOTIF_FRAMES = 240
FPS = 10
TRAINING = {"learning_rate": 0.02, "batch_size": 4, "epochs": 4, "patience": 2}
TINY_HEAD = {"kind": "lstm", "layers": 1, "units": 4, "dropout": 0.1}


@pytest.fixture(scope="session")
def write_study() -> Callable[..., Path]:
    """Write a study of imported features into a folder, bring them into its cache, and return the study file."""
    from behavior.workflows.import_features import import_features

    def write(
        folder: Path,
        labels: Mapping[str, npt.NDArray],
        streams: Mapping[str, Mapping[str, npt.NDArray]],
        /,
        *,
        behaviors: Sequence[str] = ("rear", "jump"),
        animals: str = "",
        tested: Sequence[str] = (),
        **sections: Any,
    ) -> Path:
        """Labels are (T, B) by recording, features (T, D) by stream and recording, animals a letter for each recording."""
        rows = []
        for number, (name, values) in enumerate(labels.items()):
            table = pd.DataFrame(values, columns=list(behaviors))
            table.insert(0, "frame", np.arange(len(values)))
            table.to_csv(folder / f"{name}_labels.csv", index=False)
            rows.append((name, f"{name}_labels.csv", animals[number] if animals else "", "test" if name in tested else "train"))
        pd.DataFrame(rows, columns=["recording", "labels", "animal", "split"]).to_csv(folder / "recordings.csv", index=False)
        content = {
            "behaviors": list(behaviors),
            "streams": [next(iter(streams))],
            "windows": {"length": 40},
            "head": TINY_HEAD,
            "training": TRAINING,
            **sections,
        }
        study = folder / "study.yaml"
        study.write_text(yaml.safe_dump(content))
        for stream, by_recording in streams.items():
            place = folder / ("features" if len(streams) == 1 else stream)
            place.mkdir(exist_ok=True)
            for name, values in by_recording.items():
                np.savez(place / f"{name}.npz", features=values, fps=FPS)
            result = import_features(study, sorted(place.iterdir()), name=stream)
            assert not result.failures
        return study

    return write


@pytest.fixture
def unpainted(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pictures are painted, which takes longer than all else in a small study."""
    from behavior.learning import crossval_folder
    from behavior.reporting import score_files

    for module in (crossval_folder, score_files):
        monkeypatch.setattr(module, "render_png", lambda figure: b"")


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch, unpainted: None) -> None:
    """Cross-validation trains nothing: probabilities are 0.9 where a frame is labelled positive, else 0.1; folds have a row each."""
    from behavior.learning.out_of_fold import FoldRecord, OutOfFold
    from behavior.workflows import crossval

    def predict(study: Any, data: Any, **options: Any) -> OutOfFold:
        probabilities = [np.where(labels.values == 1, 0.9, 0.1).astype(np.float32) for labels in data.labels]
        ids = [recording.id for recording in data.recordings]
        return OutOfFold(probabilities, [FoldRecord(name, behavior, "0", ids[0], 2, 4, "") for name in ids for behavior in data.behaviors])

    monkeypatch.setattr(crossval, "predict_out_of_fold", predict)


@pytest.fixture
def change() -> Callable[..., None]:
    """Put values into sections of a study file."""

    def put(study: Path, **sections: Any) -> None:
        content = yaml.safe_load(study.read_text())
        for name, values in sections.items():
            content[name] = {**content.get(name, {}), **values} if isinstance(values, Mapping) and name != "head" else values
        study.write_text(yaml.safe_dump(content))

    return put


@pytest.fixture
def motifs(write_study: Callable[..., Path], tmp_path: Path) -> Path:
    """A study of imported features whose first column tells the behavior: four recordings, two animals, one recording for testing."""
    rng = np.random.default_rng(0)
    labels, features = {}, {}
    for number in range(5):
        shown = np.zeros(N_MOTIF_FRAMES, dtype=int)
        for start in rng.integers(0, N_MOTIF_FRAMES - 20, 5):
            shown[start : start + 15] = 1
        values = rng.normal(size=(N_MOTIF_FRAMES, 4))
        values[:, 0] += 3 * shown
        labels[f"r{number}"], features[f"r{number}"] = np.stack([shown, shown], axis=1), values
    return write_study(tmp_path, labels, {"motifs": features}, animals="AABBC", tested=["r4"])
