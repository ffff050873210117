"""The program: every command in the order of `--help`, what all of them accept, and how they end."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated

import typer

from behavior.cli import backbones, demo, ethograms, learning, statistics, studies
from behavior.cli.printing import hint, say
from behavior.errors import BehaviorError

__all__ = ["app", "main"]

app = typer.Typer(
    name="behavior",
    help="Per-frame ethograms of mice from video and DeepLabCut pose.",
    epilog="The usual way: init, check, embed, crossval, train, annotate. Try it all with: behavior demo --out demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

INTERRUPTED = 130


def main() -> None:
    """Run the command that the arguments name and exit with its status; `--debug` may stand anywhere among them."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    # TensorFlow's notes on the processor are for its developers.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    try:
        app(args=arguments, prog_name="behavior")
    except SystemExit as ending:
        if ending.code == INTERRUPTED:
            hint("stopped; what is finished is kept: embed, annotate, crossval and search go on from there, other commands start anew")
        raise
    except BehaviorError as error:
        if debug:
            raise
        _fail(str(error), error.exit_status)
    except Exception as error:
        if debug:
            raise
        _fail(f"something unexpected went wrong ({type(error).__name__}: {error}); run again with --debug to see where, and report it.", 1)


def _fail(message: str, status: int) -> None:
    for line in message.splitlines():
        print(f"error: {line}", file=sys.stderr)  # noqa: T201
    sys.exit(status)


def _print_version(wanted: bool) -> None:
    if wanted:
        from behavior.workflows.provenance import collect_versions

        say("\n".join(f"{name} {version}" for name, version in collect_versions().items()))
        raise typer.Exit


@app.callback()
def _accept_common_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the versions that matter and stop.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")] = False,
) -> None:
    """`main` takes --debug away before this is called; it stands here for --help."""


# In the order of the work that they are for.
for commands in (studies, learning, ethograms, statistics, backbones, demo):
    app.add_typer(commands.app)
