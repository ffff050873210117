"""The command that lists the backbones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from behavior.cli.completion import complete_backbone
from behavior.cli.options import AsJson
from behavior.cli.printing import exit_on, hint, print_table
from behavior.cli.run_log import keep_log

__all__ = ["app"]

app = typer.Typer()


@app.command(epilog="Example: behavior backbones openfield resnet50v2")
def backbones(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAMES]...", help="Backbones to list; all if not given.", autocompletion=complete_backbone),
    ] = None,
    measure: Annotated[bool, typer.Option("--measure/--no-measure", help="Measure frames per second on this machine.")] = True,
    models: Annotated[Path, typer.Option(help="Folder for the converted networks; created if missing.")] = Path("cache/models"),
    frames: Annotated[int | None, typer.Option(min=1, help="Number of frames to embed: recommends a backbone for them.")] = None,
    hours: Annotated[float, typer.Option(min=0.01, help="How long embedding them may take.")] = 12.0,
    as_json: AsJson = False,
) -> None:
    """List the backbones with features, input size, parameters, whether weights are here, and frames per second on this machine."""
    from behavior.workflows.backbones import list_backbones

    keep_log(models)
    listed = list_backbones(names or [], models=models, measure=measure, n_frames=frames, hours=hours)
    header = ["backbone", "features", "input", "preprocessing", "parameters", "weights", "here", "frames/s"]
    rows = [
        [
            backbone.name,
            backbone.n_features,
            backbone.input_size,
            backbone.preprocessing,
            backbone.n_parameters if as_json or backbone.n_parameters is None else backbone.n_parameters / 1e6,
            list(backbone.weights) if as_json else ", ".join(backbone.weights),
            backbone.is_here if as_json else "yes" if backbone.is_here else "",
            backbone.frames_per_second,
        ]
        for backbone in listed.backbones
    ]
    formats = {"input": "{0} x {0}", "parameters": "{:.1f} M", "frames/s": "{:,.1f}"}
    extra = {
        "measured_with": listed.measured_with,
        "failures": listed.failures,
        "libraries": listed.libraries,
        "recommended": listed.recommended,
    }
    print_table(header, rows, as_json=as_json, formats=formats, extra=extra)
    for library, version in listed.libraries.items():
        what = "not installed (pip install 'behavior[torch]')" if version is None else f"{version} is installed"
        hint(f"{library}/NAME: any network of {library} that looks at {'images' if library == 'timm' else 'clips'}; {library} {what}")
    if listed.measured_with:
        hint(f"measured on this machine with {listed.measured_with}")
    if listed.recommended:
        hint(listed.recommended)
    exit_on(listed.failures)
