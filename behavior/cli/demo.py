"""The command that runs all stages on a rendered study."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from behavior.cli.options import AsJson
from behavior.cli.printing import hint, print_table
from behavior.compute.loading import load_keras
from behavior.errors import quote_path

__all__ = ["app"]

app = typer.Typer()


@app.command(epilog="Example: behavior demo --out demo")
def demo(
    out: Annotated[Path, typer.Option("--out", help="A folder that is empty or does not exist yet.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same study.")] = 0,
    side: Annotated[
        Literal["features", "predictions"] | None,
        typer.Option("--side", help="Record the mice from the side too, and combine the two views' features or predictions."),
    ] = None,
    renderer: Annotated[
        Literal["painted", "solid"],
        typer.Option(help="`painted`: as the scenes that the backbone openfield was trained on; `solid`: bodies in space, new to it."),
    ] = "painted",
    as_json: AsJson = False,
) -> None:
    """Render a small study with known labels and run every stage on it."""
    load_keras()
    from behavior.workflows.demo import run_demo

    result = run_demo(
        out,
        seed=seed,
        side=side,
        renderer=renderer,
    )
    rows = [[name, value] for name, value in result.average_precision.items()]
    extra = {
        "seconds": result.seconds,
        "pictures": [str(path) for path in result.pictures],
        "model": str(result.model),
        "report": str(result.report),
    }
    column = "average precision on the test recordings"
    print_table(["behavior", column], rows, as_json=as_json, formats={column: "{:.3f}"}, extra=extra)
    hint(f"{sum(result.seconds.values()):.0f} s in total. The results:")
    for path, meaning in (
        (result.report, "everything in one file; open it in a browser"),
        (
            result.pictures[0] if result.pictures else result.ethograms,
            "predictions for a test recording, below the known behavior",
        ),
        (result.crossval / "summary.md", "scores on held-out recordings"),
        (result.model / "summary.md", "scores on the test recordings"),
        (result.ethograms, "an ethogram and a table of bouts for every recording"),
        (result.study, "the settings; copy them for your own study"),
    ):
        hint(f"  {path}  {meaning}")
    hint("What to do next:")
    activate = Path(sys.prefix) / "bin" / "activate"
    if shutil.which("behavior") is None and activate.is_file():
        hint(f"  . {quote_path(activate)}  first, once in each terminal: it finds the next commands")
    hint(f"  behavior review {result.study} {result.ethograms}  looks at it in the browser, and labels")
    hint("  behavior init FOLDER --backbone openfield  begins with your own videos, and says how to go on")
