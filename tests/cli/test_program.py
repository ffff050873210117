"""The commands as `--help` lists them, and what reaches the workflow behind them."""

import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.main import get_command

from behavior.cli import app

COMMANDS = [
    "init",
    "check",
    "embed",
    "import-features",
    "rename",
    "track",
    "identify",
    "review",
    "finetune",
    "crossval",
    "search",
    "train",
    "annotate",
    "decide",
    "explain",
    "export",
    "evaluate",
    "agreement",
    "live",
    "audit",
    "stats",
    "overlay",
    "report",
    "backbones",
    "demo",
]
METRICS = ("average_precision", "precision", "recall", "f1", "f2", "segment_f1_50", "kappa", "prevalence")


def test_help_lists_the_commands_in_the_order_of_the_work():
    assert list(get_command(app).commands) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_ends_with_an_example_that_it_understands(run, command):
    known = get_command(app).commands[command]
    example = known.epilog.removeprefix("Example: ")
    assert example.startswith(f"behavior {command} ")
    # It would fail on an option that there is not, on a value that is none, and on what is missing.
    known.make_context(command, shlex.split(example)[2:])
    assert run(command, "-h").status == 0


@pytest.mark.parametrize("name", ["enrol", "query", "evaluate"])
def test_the_help_of_every_command_of_identify_ends_with_an_example_that_it_understands(run, name):
    known = get_command(app).commands["identify"].commands[name]
    example = known.epilog.removeprefix("Example: ")
    assert example.startswith(f"behavior identify {name} ")
    known.make_context(name, shlex.split(example)[3:])
    assert run("identify", name, "-h").status == 0


def test_the_package_can_be_run_as_a_module():
    done = subprocess.run([sys.executable, "-m", "behavior", "check", "none.yaml"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: none.yaml: no such file")


@pytest.mark.parametrize(("flags", "expected"), [((), False), (("--learning-curve",), True)])
def test_crossval_measures_a_learning_curve_only_when_asked(run, monkeypatch, flags, expected):
    import behavior.workflows.crossval

    asked = []

    def cross_validate(path, out, *, overwrite, learning_curve, where):
        assert where.is_here
        asked.append((path, out, overwrite, learning_curve))
        rows = [("pooled", "grooming", name, 0.5, 0.4, 0.6) for name in METRICS]
        return pd.DataFrame(rows, columns=["recording", "behavior", "metric", "value", "low", "high"])

    monkeypatch.setattr(behavior.workflows.crossval, "cross_validate", cross_validate)
    monkeypatch.setattr(behavior.workflows.crossval, "describe_views", lambda out: [f"views of {out}"])
    ran = run("crossval", "study.yaml", "--out", "scores", *flags)
    assert ran.status == 0
    assert "views of scores" in ran.out + ran.err
    assert asked == [(Path("study.yaml"), Path("scores"), False, expected)]
