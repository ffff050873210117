"""Commands that show results to others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from behavior.cli.options import AsJson, Cluster, OutFolder, Overwrite, Workers, choose_where, parse_duration
from behavior.cli.printing import exit_on, hint, print_table
from behavior.errors import UsageError

__all__ = ["app"]

app = typer.Typer()


@app.command(epilog="Example: behavior overlay ethograms/mouse_21_ethogram.csv --start 90s --stop 2m --out overlays")
def overlay(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="ETHOGRAMS | TRACKS...", help="Files RECORDING_ethogram.csv, NAME_track.csv or other pose, or folders."),
    ],
    out: OutFolder,
    study: Annotated[Path | None, typer.Option(help="Study whose manifest names labels, drawn next to the model's decisions.")] = None,
    videos: Annotated[Path | None, typer.Option(help="Folder that has the videos now, if they were moved.")] = None,
    start: Annotated[str, typer.Option(metavar="TIME", help="Where in the recording the overlay starts, such as 90s or 1.5m.")] = "0s",
    stop: Annotated[str | None, typer.Option(metavar="TIME", help="Where it ends; at the end of the recording if not given.")] = None,
    speed: Annotated[float, typer.Option(help="2 plays twice as fast; frames are left out above 60 frames per second.")] = 1.0,
    video: Annotated[bool, typer.Option("--video/--no-video", help="Draw the video, or only probabilities and ethogram.")] = True,
    overwrite: Overwrite = False,
    workers: Workers = None,
    cluster: Cluster = None,
    as_json: AsJson = False,
) -> None:
    """Draw labels and probabilities, or the animals of a track, onto videos, for talks.

    Of a track (NAME_track.csv, or any pose file) each animal has its position, heading, name and colour, and its way of the last second.
    """
    from behavior.figures.overlay_plan import Clip
    from behavior.workflows.overlay import draw_overlays

    result = draw_overlays(
        paths,
        out,
        study=study,
        videos=videos,
        clip=Clip(
            start_s=parse_duration(start, option="--start"),
            stop_s=None if stop is None else parse_duration(stop, option="--stop"),
            speed=speed,
        ),
        with_video=video,
        overwrite=overwrite,
        where=choose_where(workers, cluster),
    )
    rows = [
        [name, str(path), result.frames[name], result.frames[name] / result.fps[name], result.frames_per_second[name]]
        for name, path in result.files.items()
    ]
    formats = {"seconds": "{:.1f}", "drawn frames/s": "{:,.0f}"}
    header = ["recording", "overlay", "frames", "seconds", "drawn frames/s"]
    print_table(header, rows, as_json=as_json, formats=formats, extra={"failures": result.failures})
    if result.files:
        hint(f"wrote H.264 videos (.mp4), which slides and browsers play, to {out}")
    exit_on(result.failures)


@app.command(epilog="Example: behavior report videos/study.yaml --out report.html")
def report(
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="STUDY | ETHOGRAMS...", help="A study file, files RECORDING_ethogram.csv or folders of them, or both."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The report, a single file such as report.html.")],
    study: Annotated[Path | None, typer.Option(help="Study of the ethograms, if only they are named.")] = None,
    crossval: Annotated[
        Path | None, typer.Option(help="Results of `behavior crossval`; crossval next to the study, or here, if not given.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="Folder of the model; the one that made the ethograms, or model next to the study, if not given.")
    ] = None,
    bin_length: Annotated[str, typer.Option("--bin", metavar="LENGTH", help="Time bins of the statistics, such as 60s or 5m.")] = "60s",
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Decode the study's videos and compare them with pose and labels.")
    ] = True,
    title: Annotated[str | None, typer.Option(help="Title of the report.")] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Write settings, data, scores, ethograms and statistics into one HTML file that opens offline."""
    from behavior.workflows.report import write_report

    bin_s = parse_duration(bin_length, option="--bin")
    if bin_s == 0:
        raise UsageError(f"--bin {bin_length}: expected a length above 0, such as 60s.")
    result = write_report(
        sources,
        out,
        study=study,
        crossval=crossval,
        model=model,
        bin_s=bin_s,
        with_check=check,
        title=title,
        overwrite=overwrite,
    )
    extra = {"report": str(out), "bytes": result.n_bytes, "notes": result.notes, "failures": result.failures}
    print_table(["section"], [[section] for section in result.sections], as_json=as_json, extra=extra)
    hint(f"wrote {out} ({result.n_bytes / 1e6:.1f} MB); open it in a browser")
    exit_on(result.failures)
