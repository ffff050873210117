"""The examples in docstrings are executed, each with the names of its module and `np`; those of the API in a folder with a study."""

from __future__ import annotations

import doctest
import importlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "behavior"
# Named here, and imported when its test runs: TensorFlow is not to be loaded for a list of tests.
MODULES = sorted(
    ".".join(["behavior", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if ">>>" in path.read_text(encoding="utf-8")
)


def run_examples(module: ModuleType, names: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Return how many docstrings of a module have examples, and what is wrong with them, executed with further `names`."""
    found = [tested for tested in doctest.DocTestFinder().find(module, module.__name__) if tested.examples]
    problems: list[str] = []
    for tested in found:
        tested.globs.update(names)
        doctest.DocTestRunner(verbose=False).run(tested, out=problems.append)
    return len(found), problems


@pytest.fixture
def names(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What examples may use without importing it; those of the API run in a copy of the rendered study with all results."""
    if not request.node.callspec.params["name"].startswith("behavior.api."):
        return {"np": np}
    import behavior as bh

    shutil.copytree(request.getfixturevalue("demo").study.parent, tmp_path / "demo")
    monkeypatch.chdir(tmp_path / "demo")
    return {"np": np, "bh": bh, "study": bh.open_study("study.yaml")}


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_give_what_they_say(name: str, names: dict[str, Any]) -> None:
    n_docstrings, problems = run_examples(importlib.import_module(name), names)
    assert not problems, "".join(problems)
    assert n_docstrings


def test_an_example_that_is_wrong_is_found() -> None:
    module = ModuleType("planted")
    module.__doc__ = ">>> int(np.add(1, 1))\n3\n"
    n_docstrings, problems = run_examples(module, {"np": np})
    assert n_docstrings == 1
    assert "Expected:\n    3\nGot:\n    2" in problems[0]
