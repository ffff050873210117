"""The commands that describe ethograms in numbers, and draw what people check of them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import typer

from behavior.cli.options import AsJson, Ethograms, Overwrite, parse_duration
from behavior.cli.printing import exit_on, hint, print_table
from behavior.errors import UsageError, count_noun

__all__ = ["app"]

app = typer.Typer()


@app.command(epilog="Example: behavior audit ethograms --study videos/study.yaml --minutes 40 --out audit")
def audit(
    ethograms: Ethograms,
    minutes: Annotated[float, typer.Option(help="How many minutes of video people are going to label.")] = 40.0,
    clip: Annotated[str, typer.Option(metavar="LENGTH", help="Length of a clip, such as 10s.")] = "10s",
    study: Annotated[Path | None, typer.Option(help="Study whose manifest names videos, animals and groups.")] = None,
    groups: Annotated[Path | None, typer.Option(help="Manifest with group and animal of each recording; the study's if not given.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same clips.")] = 0,
    out: Annotated[Path, typer.Option("--out", help="Folder for the audit; created if missing.")] = Path("audit"),
    as_json: AsJson = False,
) -> None:
    """Draw clips at random for people to label, so that `stats --audit` can correct what the model says."""
    from behavior.workflows.audit import AuditRequest, draw_audit

    clip_s = parse_duration(clip, option="--clip")
    drawn = draw_audit(ethograms, out, request=AuditRequest(minutes, clip_s, seed, study, groups))
    of_clips = Counter(drawn.recordings[one.recording].group for one in drawn.clips)
    rows = [
        [group or "all", len({row.animal for row in drawn.recordings.values() if row.group == group}), n] for group, n in of_clips.items()
    ]
    extra = {"study": str(drawn.study_path), "minutes": drawn.minutes}
    print_table(["group", "animals", "clips"], rows, as_json=as_json, extra=extra)
    hint(f"{count_noun(len(drawn.clips), 'clip')}, {drawn.minutes:.1f} minutes; {drawn.explain_labelling()}")
    hint(f"then: behavior stats {ethograms[0]} --audit {drawn.study_path}")


@app.command(epilog="Example: behavior stats ethograms --bin 60s --study videos/study.yaml --out statistics")
def stats(
    ethograms: Ethograms,
    bin_length: Annotated[str | None, typer.Option("--bin", metavar="LENGTH", help="Also describe time bins, such as 60s or 5m.")] = None,
    groups: Annotated[
        Path | None, typer.Option(help="Manifest with the group and animal of each recording; the study's if not given.")
    ] = None,
    study: Annotated[Path | None, typer.Option(help="Study that names pose and label files, and has zones in its arena.")] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results; created if missing.")] = Path("statistics"),
    body_part: Annotated[
        list[str] | None, typer.Option(help="Body part that gives the position, instead of the study's; repeat it for the mean of several.")
    ] = None,
    correction: Annotated[
        Literal["holm", "fdr"], typer.Option(help="Correction of p values over behaviors: holm, or fdr (Benjamini and Hochberg).")
    ] = "holm",
    labels: Annotated[bool, typer.Option("--labels", help="Describe the labels instead of the model's decisions.")] = False,
    audit: Annotated[
        Path | None,
        typer.Option(
            help="Audit that `behavior audit` drew and people labelled, or a study with labelled test recordings: corrects figures."
        ),
    ] = None,
    figures: Annotated[bool, typer.Option("--figures/--no-figures", help="Draw pictures, which takes most of the time.")] = True,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Count and time bouts, compare groups of animals, and draw figures."""
    from behavior.reporting.statistics_gathering import StatisticsRequest
    from behavior.reporting.statistics_summary import SHOWN_METRICS, summarize_behaviors
    from behavior.workflows.statistics import describe_ethograms

    bin_s = None if bin_length is None else parse_duration(bin_length, option="--bin")
    if bin_s == 0:
        raise UsageError(f"--bin {bin_length}: expected a length above 0, such as 60s.")
    request = StatisticsRequest(
        bin_s=bin_s,
        groups=groups,
        study=study,
        body_parts=tuple(body_part or ()),
        correction=correction,
        of_labels=labels,
        audit=audit,
    )
    result = describe_ethograms(ethograms, out, request=request, with_figures=figures, overwrite=overwrite)
    summary = summarize_behaviors(result.description)
    compared = result.description.tables.groups
    extra = {
        "groups": [] if compared is None else json.loads(compared.to_json(orient="records")),
        "audit": [] if result.description.tables.audit is None else json.loads(result.description.tables.audit.to_json(orient="records")),
        "periods": []
        if result.description.tables.periods is None
        else json.loads(result.description.tables.periods.to_json(orient="records")),
        "left_out": list(result.description.left_out),
        "notes": list(result.description.notes),
        "failures": result.failures,
    }
    formats = dict.fromkeys(SHOWN_METRICS, "{:.2f}") | {"share": "{:.2%}"}
    rows = [list(row) for row in summary.itertuples(index=False, name=None)]
    print_table(["behavior", "group", "n", *SHOWN_METRICS], rows, as_json=as_json, formats=formats, extra=extra)
    if result.assumptions:
        hint(result.assumptions)
    hint(f"means over animals; all results are in {out / 'statistics.md'} and the tables next to it")
    exit_on(result.failures)
