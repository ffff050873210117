"""The command that opens a study in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from behavior.cli.options import AsJson
from behavior.cli.printing import hint, print_json, print_notes, say
from behavior.errors import UsageError

__all__ = ["app"]

app = typer.Typer()


@app.command(epilog="Example: behavior review videos/study.yaml ethograms --rater anna")
def review(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="STUDY|VIDEOS|ETHOGRAMS...", help="A study file, with folders of ethograms if there are any; or videos alone."
        ),
    ],
    rater: Annotated[
        str, typer.Option(help="Edit this rater's labels, the manifest's column labels_NAME, instead of its column labels.")
    ] = "",
    model: Annotated[
        Path | None,
        typer.Option(metavar="MODEL", help="Folder of a model: recordings without an ethogram are predicted by it, as suggestions."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; the next free one is taken if it is in use.")] = 8765,
    host: Annotated[
        str, typer.Option(help="Address to listen on. Other than 127.0.0.1, the page asks for the token in its address.")
    ] = "127.0.0.1",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address, and open no browser.")] = False,
    as_json: AsJson = False,
) -> None:
    """Label and review videos in the browser; ends on Ctrl-C."""
    from behavior.files.manifest import is_portable_name
    from behavior.review.desk import Desk
    from behavior.review.reviewed_study import open_reviewed
    from behavior.review.serving import serve
    from behavior.review.training import start_predicting, take_model

    if rater and not is_portable_name(rater):
        raise UsageError(f"--rater {rater}: use letters, digits, dots, dashes and underscores.")
    reviewed = open_reviewed(paths)
    print_notes(reviewed.notes)
    if model is not None:
        take_model(reviewed, model)
    desk = Desk(reviewed, rater)

    def announce(address: str, used: int) -> None:
        if port and used != port:
            hint(f"port {port} is in use, so {used} is taken")
        if as_json:
            print_json({"address": address, "port": used})
        else:
            say(address)
        if model is not None:
            is_needed = start_predicting(desk, model)
            hint(f"recordings without ethogram are predicted by {model}" if is_needed else "every recording has an ethogram already")
        hint("press Ctrl-C to end")

    serve(desk, host=host, port=port, opens_browser=not no_browser, say=announce)
