"""What the Tab key offers, asked for as the shells do."""

import os
import subprocess
import sys

import pytest
from typer.main import get_command

from behavior.cli import app
from behavior.cli.completion import complete_backbone, complete_formats


def ask(shell, line):
    """Return what is offered for the last word of `line`."""
    asked = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    environment = {**os.environ, "_BEHAVIOR_COMPLETE": f"complete_{shell}", **asked}
    done = subprocess.run([sys.executable, "-m", "behavior"], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_are_offered_what_begins_so(shell):
    if shell == "bash":
        assert ask(shell, "behavior an").split() == ["annotate"]
    elif shell == "zsh":
        assert ask(shell, "behavior init videos --backbone sq").strip() == """_arguments '*: :(("squeezenet"))'"""
    else:
        assert ask(shell, "behavior stats ethograms --correction ").split() == ["holm", "fdr"]


def test_values_are_offered_where_they_are_known():
    assert complete_backbone("res") == ["resnet50v2", "resnet50"]
    assert complete_formats("bori") == ["boris", "boris_tabular", "boris_aggregated"]
    assert complete_formats("boris,bou") == ["boris,bouts"]
    assert "bouts,bouts" not in complete_formats("bouts,")


def test_completion_can_be_installed():
    options = {option for parameter in get_command(app).params for option in parameter.opts}
    assert {"--install-completion", "--show-completion"} <= options
