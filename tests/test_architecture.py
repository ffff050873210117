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
    ("provenance",),
    ("recording", "progress", "versions", "config"),
    ("files", "compute"),
    ("metrics", "statistics", "postprocess"),
    ("vision", "sequence", "tracking", "identity", "synthetic", "figures"),
    ("embedding",),
    ("learning",),
    ("search", "reporting"),
    ("workflows",),
    ("api", "review", "cli", "__main__"),
)
LEVEL_OF = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
# Starting the package with `python -m` is calling its command line.
EXTRA_ROOMS = {("__main__", "cli")}

MAY_SEE_CONFIG = {
    *("config", "files/study.py", "files/manifest.py", "files/model_bundle.py"),
    *("embedding", "learning", "search", "reporting", "workflows", "api", "review", "cli", "__main__"),
}
NO_PATHS = {"metrics", "statistics", "postprocess", "sequence", "figures"}
MAY_HAVE_PATHS = {"sequence/heads.py"}

# Where a library may be imported: rooms, or modules.
HOMES = {
    # The API names the type of the figure that it returns.
    "matplotlib": {"figures", "api/ethogram.py"},
    # Trackers' HDF5 that is no table of pandas is read where its layout is known.
    "h5py": {"files/feature_cache.py", "files/deeplabcut.py", "files/pandas_hdf5.py", "files/sleap.py", "files/nwb_pose.py"},
    "jinja2": {"reporting/html_page.py"},
    "openpyxl": {"files/label_formats/spreadsheets.py"},
    "pynwb": {"files/ethogram_formats/nwb.py"},
    "hdmf": {"files/ethogram_formats/nwb.py"},
    "pyarrow": {"files/ethogram_formats/parquet.py"},
    "av": {"files/video.py", "files/video_decoding.py", "files/video_packets.py", "files/video_writer.py"},
    "optuna": {"search"},
    "sqlalchemy": {"search/storage.py"},
    "openvino": {"vision/devices.py"},
    "nncf": {"vision/conversion.py"},
    "onnxruntime": {"vision/engines.py"},
    "yaml": {"files"},
    "typer": {"cli", "progress.py"},
    "rich": {"cli", "progress.py"},
}
HEAVY = {"tensorflow", "keras", "tcn", "pandas", "numpy", "scipy", "av", "cv2", "sklearn", "matplotlib", "h5py", "optuna"}
DEFERRED_ROOMS = {
    *("vision", "sequence", "figures", "synthetic", "tracking", "identity"),
    *("embedding", "learning", "search", "reporting", "workflows"),
}
MAX_LINES = 450
# A command is a list of steps; what they do is in the rooms.
MAX_WORKFLOW_LINES = 250
# Workflows that run other workflows.
RUNS_OTHERS = {"workflows/demo.py"}


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


@pytest.mark.parametrize("module", find_modules())
def test_a_module_keeps_the_import_rules(module: str) -> None:
    assert find_violations(module, (PACKAGE / module).read_text(encoding="utf-8")) == []


def test_modules_are_found() -> None:
    assert {"recording.py", "files/ethograms.py", "metrics/frames.py"} <= set(find_modules())


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
        ("workflows/report.py", "from matplotlib.figure import Figure", "belongs in api/ethogram.py, figures"),
        ("figures/scores.py", "from matplotlib import pyplot as plt", "global state"),
        ("vision/backbones.py", "def load():\n    import h5py", "belongs in files/deeplabcut.py"),
        ("workflows/embed.py", "import av", "belongs in files/video.py"),
        ("config.py", "import yaml", "belongs in files"),
        ("config/study.py", "import yaml", "belongs in files"),
        ("workflows/embed.py", "from rich.table import Table", "belongs in cli, progress.py"),
        ("workflows/train.py", "import optuna.trial", "belongs in search"),
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
