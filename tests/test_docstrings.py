"""The examples in docstrings are executed, each with the names of its module and `np`."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "behavior"
# Named here, and imported when its test runs: TensorFlow is not to be loaded for a list of tests.
MODULES = sorted(
    ".".join(["behavior", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if ">>>" in path.read_text(encoding="utf-8")
)


def run_examples(module: ModuleType) -> tuple[int, list[str]]:
    """Return how many docstrings of a module have examples, and what is wrong with them."""
    found = [tested for tested in doctest.DocTestFinder().find(module, module.__name__) if tested.examples]
    problems: list[str] = []
    for tested in found:
        tested.globs["np"] = np
        doctest.DocTestRunner(verbose=False).run(tested, out=problems.append)
    return len(found), problems


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_give_what_they_say(name: str) -> None:
    n_docstrings, problems = run_examples(importlib.import_module(name))
    assert not problems, "".join(problems)
    assert n_docstrings


def test_an_example_that_is_wrong_is_found() -> None:
    module = ModuleType("planted")
    module.__doc__ = ">>> int(np.add(1, 1))\n3\n"
    n_docstrings, problems = run_examples(module)
    assert n_docstrings == 1
    assert "Expected:\n    3\nGot:\n    2" in problems[0]
