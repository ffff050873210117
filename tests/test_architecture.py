"""The import rules of the design, checked on every module, function-level imports included."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "behavior"

# A room, which is a module or a folder of them, imports itself and the levels before its own.
LEVELS = (
    ("errors",),
    ("provenance", "frame_times", "row_blocks"),
    ("recording", "frame_sampling", "progress", "versions", "config"),
    ("files", "compute"),
    ("metrics", "statistics", "postprocess"),
    ("vision", "sequence", "tracking", "identity", "synthetic", "figures"),
    ("embedding",),
    ("learning",),
    ("search", "reporting", "live"),
    ("workflows",),
    ("review",),
    ("api", "cli", "__main__"),
)
LEVEL_OF = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
# Starting the package with `python -m` is calling its command line.
EXTRA_ROOMS = {("__main__", "cli")}

MAY_SEE_CONFIG = {
    *(
        "config",
        "files/study.py",
        "files/study_behaviors.py",
        "files/study_renaming.py",
        "files/manifest.py",
        "files/model_bundle.py",
        "files/cluster_file.py",
    ),
    *("embedding", "learning", "search", "reporting", "live", "workflows", "api", "review", "cli", "__main__"),
}
NO_PATHS = {"metrics", "statistics", "postprocess", "sequence", "tracking", "identity", "figures"}
MAY_HAVE_PATHS = {"sequence/heads.py"}

# Where a library may be imported: rooms, or modules.
HOMES = {
    # The API names the type of the figures that it returns.
    "matplotlib": {"figures", "api/ethogram.py", "api/explanation.py"},
    # Trackers' HDF5 that is no table of pandas is read where its layout is known.
    "h5py": {
        *(
            "files/feature_cache.py",
            "files/hdf5_arrays.py",
            "files/pose_formats/deeplabcut.py",
            "files/pose_formats/pandas_hdf5.py",
            "files/pose_formats/sleap_analysis.py",
        ),
        *("files/pose_formats/nwb.py", "files/pose_formats/jabs.py", "files/pose_formats/sleap_project.py"),
        *("files/nwb_groups.py", "files/label_formats/ndx_ethogram.py", "files/label_formats/matlab_hdf5.py"),
    },
    "jinja2": {"reporting/html_page.py"},
    "openpyxl": {"files/label_formats/spreadsheets.py"},
    "pynwb": {"files/ethogram_formats/nwb.py"},
    "hdmf": {"files/ethogram_formats/nwb.py"},
    "pyarrow": {"files/ethogram_formats/parquet.py", "files/imported_features.py"},
    "av": {
        *("files/video_access.py", "files/video_decoding.py", "files/video_index.py", "files/video_packets.py", "files/video_pictures.py"),
        *("files/video_writer.py", "files/live_sources.py", "files/live_video.py"),
    },
    "optuna": {"search"},
    "dask": {"compute"},
    "distributed": {"compute"},
    "dask_jobqueue": {"compute"},
    "sqlalchemy": {"search/storage.py"},
    "starlette": {"review"},
    "uvicorn": {"review"},
    "openvino": {"vision/devices.py"},
    "torch": {"vision/torch_networks.py", "vision/engines.py", "vision/devices.py", "vision/conversion.py"},
    "timm": {"vision/torch_networks.py"},
    "transformers": {"vision/torch_networks.py"},
    "nncf": {"vision/conversion.py"},
    "onnxruntime": {"vision/engines.py"},
    "yaml": {"files"},
    "typer": {"cli", "progress.py"},
    "rich": {"cli", "progress.py"},
}
HEAVY = {
    "tensorflow",
    "keras",
    "tcn",
    "pandas",
    "numpy",
    "scipy",
    "av",
    "cv2",
    "sklearn",
    "matplotlib",
    "h5py",
    "optuna",
    "dask",
    "distributed",
}
DEFERRED_ROOMS = {
    *("vision", "sequence", "figures", "synthetic", "tracking", "identity"),
    *("embedding", "learning", "search", "reporting", "live", "workflows", "review"),
}
MAX_LINES = 450
# A command is a list of steps; what they do is in the rooms.
MAX_WORKFLOW_LINES = 250
# Workflows that run other workflows.
RUNS_OTHERS = {"workflows/demo.py", "workflows/retrain.py"}

TESTS = PACKAGE.parent / "tests"
# Tests that are about no single module of the package, and what they are about.
ABOUT_NO_MODULE = {
    "test_api.py": "what `import behavior` offers as a whole",
    "test_architecture.py": "the rules in this file",
    "test_config_reference.py": "configs/README.md, which a script writes",
    "test_docstrings.py": "the examples in all docstrings",
    "test_documents.py": "the documents of the repository",
    "test_no_unpickling.py": "what no module may call",
    "test_package.py": "the wheel and what is in it",
    "test_readme.py": "README.md",
    "cli/test_out.py": "the option --out of every command",
    "review/test_page.py": "the page in a real browser",
    "review/test_tracks_page.py": "the tab Tracks in a real browser",
    "review/test_whole_session.py": "the page from two videos to ethograms",
    "review/test_training_page.py": "training from the page, in a real browser",
    "workflows/test_track_resumed.py": "track, killed and started again",
    "workflows/test_boosting.py": "boosted trees through all commands",
    "workflows/test_bad_input.py": "bad input to every command",
    "workflows/test_edge_cases.py": "studies with hardly anything to train on, through all commands",
    "workflows/test_ensembles.py": "models of several members, from cross-validation to annotation",
    "workflows/test_hostile_pose.py": "pose files that hold programs, to every command",
    "workflows/test_individuals.py": "several animals of one video, from init to report",
    "workflows/test_leaks.py": "that no score has seen what it is computed on",
    "workflows/test_live_rtsp.py": "a real network stream that breaks off",
    "workflows/test_nested.py": "decisions nested by pairs, from features to scores",
    "workflows/test_odd_videos.py": "odd videos and drives, from file to features",
    "workflows/test_own_networks.py": "networks in files of the user's own, from embed to annotate",
    "workflows/test_pipeline.py": "a rendered study through all commands",
    "workflows/test_pose_alone.py": "pose without videos, from init to report",
    "workflows/test_protocol.py": "what a cross-validation leaves out and stops on",
    "workflows/test_torch_backbones.py": "networks of timm and transformers, from embed to features",
    "workflows/test_views.py": "several views of a recording, through all commands",
    "workflows/test_sampling.py": "videos of several frame rates, from init to ethograms of every frame",
}
# Scripts are not part of the package.
OUTSIDE = "scripts"


@dataclass(frozen=True)
class Import:
    """One imported name, absolute: `behavior.files.video`, `numpy`."""

    name: str
    line: int
    at_top: bool


def find_imports(module: str, source: str) -> Iterator[Import]:
    """Yield what `module` (its path below the package) imports, wherever in it, `importlib.import_module("...")` included."""
    package = ["behavior", *Path(module).parts[:-1]]
    deferred: set[ast.AST] = set()
    tree = ast.parse(source)
    for node in ast.walk(tree):
        is_type_checking = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        if is_type_checking or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            deferred.update(ast.walk(node))
    for node in ast.walk(tree):
        at_top = node not in deferred
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, at_top)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])
            for alias in node.names:
                # In `from behavior import files`, and `from . import scores`, the name may be the module.
                yield Import(f"{base}.{alias.name}", node.lineno, at_top)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield Import(node.args[0].value, node.lineno, at_top)


def find_violations(module: str, source: str) -> list[str]:
    """Return a sentence for each rule that `module`, whose path below the package is given with slashes, breaks."""
    room = module.split("/")[0].removesuffix(".py")
    here = {room, module}
    if room == "__init__":
        return [
            f"{module}:{imported.line} imports {imported.name}; the package itself loads the API alone, when it is first used"
            for imported in find_imports(module, source)
            if not _may_package_import(imported)
        ]
    found = [] if room in LEVEL_OF else [f"{module}: {room} is no room of the design"]
    if "utils" in module.removesuffix(".py").split("/"):
        found.append(f"{module}: there is no utils, name the concept")
    if (n_lines := len(source.splitlines())) > MAX_LINES:
        found.append(f"{module}: has {n_lines} lines, split modules past about 400")
    if room == "workflows" and n_lines >= MAX_WORKFLOW_LINES:
        found.append(f"{module}: has {n_lines} lines, a command is a list of steps of fewer than {MAX_WORKFLOW_LINES}; move what they do")
    for imported in find_imports(module, source):
        parts = imported.name.split(".")
        place = f"{module}:{imported.line} imports {imported.name}"
        if parts[0] == "behavior" and len(parts) > 1 and not parts[1].startswith("__version"):
            found += _judge_room(room, here, parts[1], place)
            if room == parts[1] == "workflows" and module not in RUNS_OTHERS:
                found.append(f"{place}; a command runs no other, call the room that both need")
            if room == "cli" and imported.at_top and parts[1] in DEFERRED_ROOMS:
                found.append(f"{place} at its top, import it in the command")
        if parts[0] == "pathlib" and room in NO_PATHS and not here & MAY_HAVE_PATHS:
            found.append(f"{place}; {room} is arrays in, arrays out")
        if parts[0] in HOMES and not here & HOMES[parts[0]]:
            found.append(f"{place}, which belongs in {', '.join(sorted(HOMES[parts[0]]))}")
        if parts[:2] == ["matplotlib", "pyplot"]:
            found.append(f"{place}, which keeps global state; use matplotlib.figure.Figure")
        if room == "cli" and imported.at_top and parts[0] in HEAVY:
            found.append(f"{place} at its top, import it in the command")
    return found


def _may_package_import(imported: Import) -> bool:
    """Tell whether the package's own `__init__` may import this, which `import behavior` waits for unless it is deferred."""
    if imported.name.split(".")[0] in {"__future__", "importlib", "typing"}:
        return True
    return not imported.at_top and (imported.name + ".").startswith("behavior.api.")


def _judge_room(room: str, here: set[str], target: str, place: str) -> list[str]:
    if target not in LEVEL_OF:
        return [f"{place}, which is no room of the design"]
    found = []
    if target == "config" and not here & MAY_SEE_CONFIG:
        found.append(f"{place}; {room} takes plain arguments")
    is_below = LEVEL_OF[target] < LEVEL_OF.get(room, -1)
    if target != room and not is_below and (room, target) not in EXTRA_ROOMS:
        found.append(f"{place}, which does not come before it")
    return found


def find_modules() -> list[str]:
    return sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def test_every_module_keeps_the_import_rules() -> None:
    found = [sentence for module in find_modules() for sentence in find_violations(module, (PACKAGE / module).read_text(encoding="utf-8"))]
    assert not found, "\n".join(found)


def test_modules_are_found() -> None:
    assert {"recording.py", "files/ethograms.py", "metrics/frames.py"} <= set(find_modules())


def list_importable(source: str) -> list[str]:
    """Return the classes and functions of a module that others may import: those that its `__all__` names."""
    tree = ast.parse(source)
    offered: set[object] = set()
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets):
            offered = {item.value for item in ast.walk(node.value) if isinstance(item, ast.Constant)}
    definitions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef))
    return [node.name for node in definitions if node.name in offered]


def find_mirror_gaps(package: Path, tests: Path) -> tuple[list[str], list[str]]:
    """Return the modules with something importable and no test file at the same place, and the test files without a module."""
    modules = {path.relative_to(package).as_posix(): path for path in package.rglob("*.py") if path.name != "__init__.py"}
    there = {path.relative_to(tests).as_posix() for path in tests.rglob("test_*.py")}
    expected = {(Path(module).parent / f"test_{Path(module).name}").as_posix(): module for module in modules}
    untested = [
        module for test, module in expected.items() if test not in there and list_importable(modules[module].read_text(encoding="utf-8"))
    ]
    strays = there - set(expected) - set(ABOUT_NO_MODULE)
    return sorted(untested), sorted(test for test in strays if not test.startswith(f"{OUTSIDE}/"))


def test_every_module_has_a_test_file_of_its_own_and_every_test_file_a_module() -> None:
    untested, strays = find_mirror_gaps(PACKAGE, TESTS)
    assert not untested, f"modules without a test file at the same place below tests/: {', '.join(untested)}"
    assert not strays, f"test files without a module, which are to be listed in ABOUT_NO_MODULE with a reason: {', '.join(strays)}"


def test_tests_that_are_about_no_module_are_there() -> None:
    assert [test for test in ABOUT_NO_MODULE if not (TESTS / test).is_file()] == []


def test_a_gap_in_the_mirror_is_found(tmp_path: Path) -> None:
    sources = {
        "rooms/tested.py": "__all__ = ['f']\ndef f(): ...",
        "rooms/untested.py": "__all__ = ['C']\nclass C: ...",
        "rooms/constants.py": "__all__ = ['X']\nX = 1",
        "rooms/private.py": "__all__ = ['app']\napp = 1\ndef command(): ...",
        "rooms/__init__.py": "__all__ = ['f']\ndef f(): ...",
    }
    for name, source in sources.items():
        (tmp_path / "package" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "package" / name).write_text(source)
    for name in ("rooms/test_tested.py", "rooms/test_gone.py", "test_tested.py", "scripts/test_script.py", "test_readme.py"):
        (tmp_path / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tests" / name).touch()
    assert find_mirror_gaps(tmp_path / "package", tmp_path / "tests") == (["rooms/untested.py"], ["rooms/test_gone.py", "test_tested.py"])


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        ("files/pose.py", "from behavior.vision.crops import crop", "does not come before it"),
        ("files/pose.py", "from behavior import workflows", "does not come before it"),
        ("files/pose.py", "from ..metrics import score_frames", "does not come before it"),
        ("files/pose.py", "def read():\n    import behavior.sequence", "does not come before it"),
        ("files/pose.py", "import importlib\nimportlib.import_module('behavior.cli')", "does not come before it"),
        ("files/pose.py", "if TYPE_CHECKING:\n    from behavior.workflows import embed", "does not come before it"),
        ("errors.py", "from behavior.recording import Bout", "does not come before it"),
        ("recording.py", "from behavior.config import Study", "does not come before it"),
        ("metrics/frames.py", "from behavior.postprocess import close_gaps", "does not come before it"),
        ("vision/crops.py", "from behavior.sequence import windows", "does not come before it"),
        ("workflows/embed.py", "from behavior.cli import main", "does not come before it"),
        ("workflows/embed.py", "from behavior.cli.printing import hint", "does not come before it"),
        ("config/study.py", "from behavior.files.study import read_study", "does not come before it"),
        ("api/study.py", "from behavior.cli.printing import hint", "does not come before it"),
        ("cli/learning.py", "def run():\n    from behavior.api import open_study", "does not come before it"),
        ("workflows/embed.py", "from behavior.api import open_study", "does not come before it"),
        ("vision/crops.py", "from behavior.config import Crop", "takes plain arguments"),
        ("files/video.py", "from behavior.config import Crop", "takes plain arguments"),
        ("files/video.py", "from behavior.config.sections import Crop", "takes plain arguments"),
        ("sequence/training.py", "from pathlib import Path", "arrays out"),
        ("figures/scores.py", "import pathlib", "arrays out"),
        ("workflows/report.py", "from matplotlib.figure import Figure", "belongs in api/ethogram.py, api/explanation.py, figures"),
        ("figures/scores.py", "from matplotlib import pyplot as plt", "global state"),
        ("vision/backbones.py", "def load():\n    import h5py", "belongs in files/feature_cache.py"),
        ("workflows/embed.py", "import av", "belongs in files/live_sources.py"),
        ("config.py", "import yaml", "belongs in files"),
        ("config/study.py", "import yaml", "belongs in files"),
        ("workflows/embed.py", "from rich.table import Table", "belongs in cli, progress.py"),
        ("workflows/train.py", "import optuna.trial", "belongs in search"),
        ("workflows/embed.py", "from distributed import Client", "belongs in compute"),
        ("cli.py", "import pandas as pd", "import it in the command"),
        ("cli.py", "from behavior.workflows.embed import embed", "import it in the command"),
        ("cli.py", "try:\n    import keras\nexcept ImportError:\n    pass", "import it in the command"),
        ("cli/learning.py", "import keras", "import it in the command"),
        ("cli/learning.py", "from behavior.workflows.train import train_model", "import it in the command"),
        ("cli/__init__.py", "from behavior import workflows", "import it in the command"),
        ("files/utils.py", "", "no utils"),
        ("utils/text.py", "", "no utils"),
        ("helpers/text.py", "", "no room of the design"),
        ("files/pose.py", "import behavior.helpers", "no room of the design"),
        ("files/pose.py", "\n" * (MAX_LINES + 1), "split"),
        ("workflows/embed.py", "\n" * MAX_WORKFLOW_LINES, "a list of steps"),
        ("workflows/report.py", "from behavior.workflows.check import check_study", "runs no other"),
        ("workflows/report.py", "def run():\n    from behavior.workflows import check", "runs no other"),
        ("__init__.py", "from behavior.recording import Bout", "loads the API alone"),
        ("__init__.py", "from behavior.api import Study", "loads the API alone"),
        ("__init__.py", "import numpy", "loads the API alone"),
        ("__init__.py", "def load():\n    from behavior.workflows import embed", "loads the API alone"),
    ],
)
def test_a_planted_violation_is_found(module: str, source: str, expected: str) -> None:
    found = find_violations(module, source)
    assert any(expected in sentence for sentence in found), found


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("recording.py", "import numpy as np\nfrom pathlib import Path"),
        ("config.py", "from behavior.errors import UsageError"),
        (
            "config/study.py",
            "from behavior.config.heads import Head\nfrom behavior.errors import UsageError\nfrom .sections import Section",
        ),
        ("files/study.py", "import yaml\nfrom behavior.config import Study\nfrom . import atomic"),
        ("sequence/heads.py", "from pathlib import Path"),
        ("figures/scores.py", "from matplotlib.figure import Figure\nfrom behavior.metrics import average_precision"),
        ("synthetic/study.py", "from behavior.files.video import write_video"),
        ("workflows/embed.py", "from behavior import __version__\nfrom behavior.config import Study\nfrom behavior.vision import crops"),
        (
            "cli.py",
            "import typer\ndef run():\n    from behavior.workflows import embed\n    import pandas",
        ),
        ("cli.py", "if TYPE_CHECKING:\n    import pandas"),
        ("cli/learning.py", "import typer\nfrom behavior.cli.printing import hint\ndef run():\n    from behavior.workflows import train"),
        ("workflows/embed.py", "\n" * (MAX_WORKFLOW_LINES - 1)),
        ("workflows/demo.py", "from behavior.workflows.check import check_study"),
        ("__main__.py", "from behavior.cli import main"),
        ("__init__.py", "from __future__ import annotations\nimport importlib\nfrom typing import TYPE_CHECKING"),
        ("__init__.py", "if TYPE_CHECKING:\n    from behavior.api import Study"),
        ("__init__.py", "def __getattr__(name):\n    return importlib.import_module('behavior.api')"),
        ("api/study.py", "from behavior.files.study import open_study\ndef run():\n    from behavior.workflows.embed import embed_study"),
    ],
)
def test_what_the_rules_allow_is_let_through(module: str, source: str) -> None:
    assert find_violations(module, source) == []


def test_the_command_line_starts_without_heavy_libraries() -> None:
    libraries = sorted(HEAVY - {"numpy"})
    script = f"import sys, behavior.cli; print(*[name for name in {libraries!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=PACKAGE.parent, check=True)
    assert done.stdout.split() == []


def test_commands_load_tensorflow_only_where_a_network_is_there() -> None:
    # In one process, since each takes seconds: those that read results, and those that boosted trees are enough for.
    names = ("report", "statistics", "check", "evaluate", "decide", "export", "annotate", "crossval", "search", "train")
    script = f"""
import importlib, sys
for name in {names!r}:
    importlib.import_module("behavior.workflows." + name)
    loaded = sorted({{"tensorflow", "keras"}} & set(sys.modules))
    assert not loaded, (name, loaded)
"""
    subprocess.run([sys.executable, "-c", script], cwd=PACKAGE.parent, check=True)
