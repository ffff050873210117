"""Nothing in the package turns a file, or what another process says, into code: no pickles, no evaluated text, no unsafe loaders."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "behavior"

# Modules whose readers run what they read.
MODULES = ("pickle", "_pickle", "cPickle", "cloudpickle", "dill", "jsonpickle", "joblib", "marshal", "shelve", "imp", "code", "tables")
# Functions that do, by the last part of their name, of whatever module.
FUNCTIONS = ("read_hdf", "read_pickle", "HDFStore", "unsafe_load", "unsafe_load_all", "full_load", "enable_unsafe_deserialization")
BUILTINS = ("eval", "exec", "compile", "__import__")
# Of `yaml`, which have safe namesakes, or need a safe loader.
YAML_LOADERS = ("load", "load_all", "Loader", "UnsafeLoader", "FullLoader")
# Of `multiprocessing`: their other ends unpickle whatever arrives. A process of its own that is started with a pipe is all that is needed.
SHARED = ("Queue", "SimpleQueue", "JoinableQueue", "Manager", "Pool", "ThreadPool", "Client", "Listener", "ProcessPoolExecutor")
# Loaders that have to be told that they must not run anything.
KEYWORDS = {"allow_pickle": False, "safe_mode": True}
NEEDED = {("np", "load"): "allow_pickle", ("numpy", "load"): "allow_pickle", ("models", "load_model"): "safe_mode"}


def find_loaders(source: str) -> Iterator[str]:
    """Yield a sentence on each place in `source` that runs, or may run, what it reads."""
    for node in ast.walk(ast.parse(source)):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import):
            yield from (f"line {line}: imports {alias.name}" for alias in node.names if alias.name.partition(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module.partition(".")[0] in MODULES:
                yield f"line {line}: imports from {node.module}"
            named = {"multiprocessing": SHARED, "concurrent": SHARED, "yaml": YAML_LOADERS}.get(node.module.partition(".")[0], ())
            yield from (f"line {line}: imports {alias.name}" for alias in node.names if alias.name in (*named, *FUNCTIONS))
        elif isinstance(node, ast.Call):
            yield from (f"line {line}: {sentence}" for sentence in _judge_call(node))


def _judge_call(node: ast.Call) -> Iterator[str]:
    parts = ast.unparse(node.func).split(".")
    name = parts[-1]
    keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
    if len(parts) == 1 and name in BUILTINS:
        yield f"calls {name}()"
    if name in FUNCTIONS:
        yield f"calls {name}()"
    if parts[0] == "yaml" and name in YAML_LOADERS and "Safe" not in keywords.get("Loader", ""):
        yield f"calls yaml.{name}() without a safe loader"
    if name in SHARED and parts[0] in ("multiprocessing", "context", "concurrent"):
        yield f"calls {'.'.join(parts)}(), which unpickles what arrives"
    if name == "recv" and len(parts) > 1 and not node.args:
        # A socket's needs a number of bytes.
        yield f"calls {'.'.join(parts)}(), which unpickles what arrives; take recv_bytes"
    if name in ("import_module", "__import__") and node.args and ast.unparse(node.args[0]).strip("'\"") in MODULES:
        yield f"imports {ast.unparse(node.args[0])}"
    for keyword, expected in KEYWORDS.items():
        if keyword in keywords and keywords[keyword] != str(expected):
            yield f"sets {keyword}={keywords[keyword]}"
    needed = NEEDED.get((parts[-2] if len(parts) > 1 else "", name))
    if needed is not None and needed not in keywords:
        yield f"calls {'.'.join(parts)}() without {needed}={KEYWORDS[needed]}"


def test_nothing_is_unpickled_or_evaluated() -> None:
    paths = sorted(PACKAGE.rglob("*.py"))
    assert paths
    found = [f"{path}: {sentence}" for path in paths for sentence in find_loaders(path.read_text(encoding="utf-8"))]
    assert not found, "\n".join(found)


def test_no_text_speaks_of_unsafe_settings() -> None:
    """What is built from text, such as an argument that is passed on, escapes the syntax tree."""
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8").replace(" ", "")
        for word in (
            "importpickle",
            "allow_pickle=True",
            'allow_pickle":True',
            "safe_mode=False",
            'safe_mode":False',
            "read_hdf(",
            "HDFStore(",
        ):
            assert word not in text, (path, word)


def test_no_pickle_comes_with_the_package() -> None:
    assert [path for path in PACKAGE.rglob("*") if path.suffix in (".pkl", ".pickle", ".joblib")] == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import numpy, joblib",
        "from pickle import loads",
        "def read():\n    import marshal",
        "import importlib\nimportlib.import_module('pickle')",
        "pd.read_hdf(path)",
        "from pandas import read_hdf",
        "with pd.HDFStore(path) as store: pass",
        "import tables",
        "pandas.read_pickle(path)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=allowed)",
        "np.savez(path, allow_pickle=True)",
        "eval(text)",
        "exec(text)",
        "yaml.load(file)",
        "yaml.load(file, Loader=yaml.Loader)",
        "yaml.unsafe_load(file)",
        "from yaml import load",
        "keras.models.load_model(path)",
        "keras.models.load_model(path, safe_mode=False)",
        "keras.config.enable_unsafe_deserialization()",
        "multiprocessing.Queue()",
        "context.SimpleQueue()",
        "from multiprocessing import Pool",
        "from concurrent.futures import ProcessPoolExecutor",
        "connection.recv()",
    ],
)
def test_a_planted_loader_is_found(source: str) -> None:
    assert list(find_loaders(source)) != []


@pytest.mark.parametrize(
    "source",
    [
        "np.load(path, allow_pickle=False)",
        "np.savez(path, a=a)",
        "json.load(file)",
        "yaml.safe_load(text)",
        "yaml.load(text, Loader=_BoundedSafeLoader)",
        "keras.models.load_model(path, compile=False, safe_mode=True)",
        "model.compile(jit_compile=False)",
        "re.compile('a')",
        "queue.SimpleQueue()",
        "from concurrent.futures import ThreadPoolExecutor",
        "connection.recv_bytes()",
        "socket.recv(1)",
    ],
)
def test_what_reads_data_is_let_through(source: str) -> None:
    assert list(find_loaders(source)) == []
