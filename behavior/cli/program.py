"""The program: all commands in the order of `--help`, the options they share, and how they end."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from functools import partial
from typing import Annotated

import typer
from typer.models import CommandInfo

from behavior.cli import backbones, demo, ethograms, identification, learning, live, presentation, review, statistics, studies, tracking
from behavior.cli.interruption import INTERRUPTED, Interruption
from behavior.cli.options import accept_anywhere
from behavior.cli.printing import print_json, say
from behavior.cli.run_log import RunLog
from behavior.cli.session import session
from behavior.compute.loading import silence_tensorflow
from behavior.errors import BehaviorError
from behavior.progress import hide_passwords, printing_messages

__all__ = ["app", "main"]

app = typer.Typer(
    name="behavior",
    help="Per-frame ethograms of mice from video and DeepLabCut pose.",
    epilog=(
        "The usual order: init, check, embed, crossval, train, annotate, report. Try it all with: behavior demo --out demo. "
        "--install-completion writes to your shell's start-up file, such as ~/.bashrc; --show-completion changes nothing."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

STOPPED = "stopped; finished work is kept: embed, track, annotate, crossval and search resume, review keeps its labels, others start over"

_logger = logging.getLogger("behavior.cli")


def main() -> None:
    """Run the command that the arguments name and exit with its status."""
    try:
        with (
            printing_messages(),
            RunLog(sys.argv[1:]) as log,
            session.run(),
            Interruption(partial(_say_stopped, log)) as interruption,
        ):
            status = _run(log, interruption)
            if not interruption.was_asked:
                if status == INTERRUPTED:
                    _say_stopped(log)
                log.end(status)
    except KeyboardInterrupt:
        # Before any work was started.
        status = INTERRUPTED
    sys.exit(status)


def _run(log: RunLog, interruption: Interruption) -> int:
    """Run the command and return its exit status; an error is printed as a sentence."""
    silence_tensorflow()
    try:
        app(prog_name="behavior")
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except BehaviorError as error:
        if interruption.was_asked:
            return INTERRUPTED
        log.drop()
        return _explain(str(error), error.exit_status)
    except Exception as error:  # noqa: BLE001
        # What is interrupted while a library is loaded may come out as another error.
        if interruption.was_asked:
            return INTERRUPTED
        log.start()
        log.note(traceback.format_exc(), level="error")
        where = f"; its traceback is in {log.path}" if log.path else "; run again with --debug to see where"
        return _explain(f"unexpected error ({type(error).__name__}: {error}){where}, and report it.", 1)
    return 0


def _explain(message: str, status: int) -> int:
    message = hide_passwords(message)
    if session.debug:
        print(hide_passwords(traceback.format_exc()), file=sys.stderr, end="")  # noqa: T201
    _logger.error(message)
    if session.as_json and not session.has_answered:
        print_json({"error": message})
    return status


def _say_stopped(log: RunLog) -> None:
    # Above an error, so that it has no "error: " in front and --quiet does not hide it.
    _logger.critical(STOPPED)
    log.end(INTERRUPTED)


def _print_version(wanted: bool) -> None:
    if wanted:
        from behavior.versions import collect_versions

        say("\n".join(f"{name} {version}" for name, version in collect_versions().items()))
        raise typer.Exit


@app.callback()
@accept_anywhere
def _accept_common_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the versions that results depend on.")
    ] = False,
) -> None:
    """Accept the options that are given before a command's name."""


def _list_commands(commands: typer.Typer) -> Iterator[CommandInfo]:
    """Yield the commands of an app, those of its groups too."""
    yield from commands.registered_commands
    for group in commands.registered_groups:
        assert group.typer_instance is not None
        yield from _list_commands(group.typer_instance)


# In the order in which they are used.
for commands in (studies, tracking, identification, review, learning, ethograms, live, statistics, presentation, backbones, demo):
    for command in _list_commands(commands.app):
        assert command.callback is not None
        command.callback = accept_anywhere(command.callback)
    app.add_typer(commands.app)
