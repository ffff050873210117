"""Commands that make, change, export and score ethograms, and compare raters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from behavior.cli.completion import complete_formats
from behavior.cli.options import (
    AsJson,
    Cluster,
    Ethograms,
    OutFolder,
    Overwrite,
    Workers,
    choose_where,
    parse_by_behavior,
    parse_lengths,
    parse_probability,
)
from behavior.cli.printing import exit_on, hint, hint_next_of_ethograms, print_notes, print_scores, print_table
from behavior.cli.run_log import keep_log
from behavior.compute.loading import load_keras
from behavior.errors import UsageError, count_noun

__all__ = ["app"]

app = typer.Typer()


@app.command(epilog="Example: behavior annotate model new/mouse_21.mp4 new/mouse_22.mp4 --out ethograms")
def annotate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Folder that `behavior train` wrote.")],
    out: OutFolder,
    videos: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[VIDEO...]",
            readable=False,
            help="Videos, or folders of them, with pose next to them; pose alone for a model of pose alone.",
        ),
    ] = None,
    pose: Annotated[Path | None, typer.Option(help="Pose file, if there is a single video.")] = None,
    study: Annotated[Path | None, typer.Option(help="Annotate every recording of this study instead of videos.")] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV", help="Annotate every recording of this manifest instead of videos: those of several views, for example."
        ),
    ] = None,
    body_part: Annotated[
        list[str] | None, typer.Option(help="Centre crops on this body part instead of the model's; repeat it for the mean of several.")
    ] = None,
    individual: Annotated[str | None, typer.Option(help="Which animal, if the pose file has several; all of them if not given.")] = None,
    other: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="What another animal is called whose pose the model takes by name; may be repeated."),
    ] = None,
    pose_coordinates: Annotated[
        Literal["auto", "upright", "stored"],
        typer.Option(help="Whether pose is of the upright or of the stored picture, where a video's metadata turn it."),
    ] = "auto",
    fps: Annotated[
        float | None, typer.Option(min=0.001, max=10_000, help="Frames per second of pose without a video, where its file does not say it.")
    ] = None,
    resample: Annotated[bool, typer.Option("--resample", help="Accept videos with another frame rate than the model's.")] = False,
    cache: Annotated[Path | None, typer.Option(help="Folder for the features; OUT/cache, or the study's cache, if not given.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace ethograms made by another model or with other settings.")] = False,
    workers: Workers = None,
    cluster: Cluster = None,
    as_json: AsJson = False,
) -> None:
    """Write an ethogram for each video or recording; one bad video never stops the rest."""
    from behavior.workflows.annotate import AnnotateOptions, annotate_manifest, annotate_study, annotate_videos

    if [bool(videos), study is not None, manifest is not None].count(True) != 1:
        raise UsageError(
            "annotate needs videos, --study or --manifest, one of them; name the videos after the model, or give --study STUDY or "
            "--manifest CSV."
        )
    if pose is not None and not videos:
        raise UsageError("--pose is for a single video; the manifest names the pose files of its recordings.")
    if study is not None and pose_coordinates != "auto":
        raise UsageError("--pose-coordinates is for videos; the study says it as pose: {coordinates: stored} or upright.")
    if study is not None and fps is not None:
        raise UsageError("--fps is for pose files; a study takes the rate from its manifest's column fps.")
    options = AnnotateOptions(
        body_parts=tuple(body_part or ()),
        individual=individual,
        others=tuple(other or ()),
        pose_coordinates=pose_coordinates,
        fps=fps,
        may_resample=resample,
        cache=cache,
        overwrite=overwrite,
    )
    where = choose_where(workers, cluster)
    if study is not None:
        result = annotate_study(model, study, out, options, where=where)
    elif manifest is not None:
        result = annotate_manifest(model, manifest, out, options, where=where)
    else:
        result = annotate_videos(model, videos or [], out, options, pose=pose, where=where)
    rows: list[list[Any]] = [
        *(
            [name, "annotated", result.familiarity[name].get("verdict") or "not known", speed]
            for name, speed in result.frames_per_second.items()
        ),
        *([name, "failed", None, None] for name in result.failures),
    ]
    extra = {"familiarity": result.familiarity, "computing_time": result.computing_time, "failures": result.failures}
    print_table(["recording", "ethogram", "familiarity", "frames/s"], rows, as_json=as_json, formats={"frames/s": "{:,.1f}"}, extra=extra)
    exit_on(result.failures, others=bool(result.frames_per_second))
    hint(f"wrote RECORDING_ethogram.csv, RECORDING_bouts.csv and RECORDING_ethogram.json to {out}")
    hint_next_of_ethograms(out)


@app.command(epilog="Example: behavior decide ethograms --threshold grooming=0.4 --closing 0.5s")
def decide(
    ethograms: Ethograms,
    threshold: Annotated[
        list[str] | None, typer.Option(help="For all behaviors (0.4) or for some (grooming=0.4,rearing=0.3); may be repeated.")
    ] = None,
    closing: Annotated[
        list[str] | None, typer.Option(help="Closing length in frames (9) or seconds (0.9s), for all behaviors or for some.")
    ] = None,
    min_bout: Annotated[
        list[str] | None, typer.Option(help="Shortest bout to keep, in frames or seconds, for all behaviors or for some.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the new files; the ethograms are replaced if not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Apply other thresholds and cleaning to stored probabilities, without running the model."""
    from behavior.learning.changed_decisions import DecisionChange
    from behavior.workflows.decide import decide_ethograms

    if out is None:
        keep_log(ethograms[0] if ethograms[0].is_dir() else ethograms[0].parent)
    closing_frames, closing_s = parse_lengths("--closing", closing)
    min_bout_frames, min_bout_s = parse_lengths("--min-bout", min_bout)
    change = DecisionChange(
        threshold=parse_by_behavior("--threshold", threshold, parse_probability),
        closing_frames=closing_frames,
        closing_s=closing_s,
        min_bout_frames=min_bout_frames,
        min_bout_s=min_bout_s,
    )
    result = decide_ethograms(ethograms, change, out=out)
    behaviors = list(dict.fromkeys(name for counts in result.bouts.values() for name in counts))
    rows = [[recording, *(counts.get(name) for name in behaviors)] for recording, counts in result.bouts.items()]
    header, extra = ["recording", *(f"{name} bouts" for name in behaviors)], {"failures": result.failures, "notes": result.notes}
    print_table(header, rows, as_json=as_json, extra=extra)
    print_notes(result.notes)
    exit_on(result.failures)


@app.command(epilog="Example: behavior explain ethograms --recording mouse_21 --frame 480 --out why.png")
def explain(
    ethograms: Ethograms,
    recording: Annotated[str, typer.Option(help="Which recording.")],
    frame: Annotated[int, typer.Option(help="Which frame, counted from 0.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The figure, a PNG file.")],
    behavior: Annotated[
        str | None, typer.Option(help="Which behavior; the one that was decided there, or the most probable one, if not given.")
    ] = None,
    bout: Annotated[bool, typer.Option("--bout", help="Explain the bout that the frame is in: the mean over three of its frames.")] = False,
    model: Annotated[Path | None, typer.Option(help="Folder of the model, if it is not where the ethogram says.")] = None,
    study: Annotated[Path | None, typer.Option(help="Study of the recording, which has its files and its cache.")] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Folder of the features; the study's, or cache in or next to that of the ethogram, if not given.")
    ] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Show why the model predicts a behavior: where in the picture, and which moments before and after, speak for it."""
    load_keras()
    from behavior.reporting.explained_frame import describe_explanation
    from behavior.workflows.explain import draw_explanation

    explanation = draw_explanation(
        ethograms,
        recording,
        frame,
        out,
        behavior=behavior,
        is_bout=bout,
        model=model,
        study=study,
        cache=cache,
        overwrite=overwrite,
    )
    shown = describe_explanation(explanation)
    rows = [["as it is", shown["log_odds"], None]]
    if shown["map"] is not None:
        rows.append(["without the animal", shown["map"]["scene_log_odds"], shown["log_odds"] - shown["map"]["scene_log_odds"]])
    for name, change in {**shown["streams"], **shown["parts"]}.items():
        rows.append([f"{name} of other moments", shown["log_odds"] - change, change])
    print_table(["features", "log-odds", "lost"], rows, as_json=as_json, formats={"log-odds": "{:+.2f}", "lost": "{:+.2f}"}, extra=shown)
    hint(f"wrote {out}")


@app.command(epilog="Example: behavior export ethograms --format boris,nwb --out exports")
def export(
    ethograms: Ethograms,
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAME[,NAME...]",
            help="Formats: bouts, boris, boris_tabular, boris_aggregated, deepethogram, simba, nwb, parquet.",
            autocompletion=complete_formats,
        ),
    ],
    out: OutFolder,
    videos: Annotated[Path | None, typer.Option(help="Folder that has the videos now, if they were moved.")] = None,
    study: Annotated[Path | None, typer.Option(help="The study, whose manifest names the animals: subjects of NWB files.")] = None,
    simba_features: Annotated[
        Path | None, typer.Option(help="SimBA's csv/features_extracted, to write whole targets_inserted tables.")
    ] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Write ethograms in the formats of other tools."""
    from behavior.workflows.export import export_ethograms

    names = [name.strip() for name in formats.split(",") if name.strip()]
    result = export_ethograms(ethograms, names, out, videos=videos, study=study, simba_features=simba_features, overwrite=overwrite)
    n_bouts = sum(sum(counts.values()) for counts in result.bouts.values())
    rows = [[name, len(files), str(files[0] if len(files) == 1 else files[0].parent)] for name, files in result.files.items() if files]
    extra = {"recordings": len(result.bouts), "bouts": n_bouts, "failures": result.failures, "notes": result.notes}
    print_table(["format", "files", "written to"], rows, as_json=as_json, extra=extra)
    hint(f"{count_noun(n_bouts, 'bout')} of {count_noun(len(result.bouts), 'recording')}")
    exit_on(result.failures)


@app.command(epilog="Example: behavior evaluate ethograms --labels labels --out scores")
def evaluate(
    ethograms: Ethograms,
    labels: Annotated[Path, typer.Option(help="Folder of label files named after the recordings.")],
    out: OutFolder,
    rater: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of one rater's label files; repeat it for each rater to show how well they agree."),
    ] = None,
    study: Annotated[Path | None, typer.Option(help="A study whose section `labels` maps the names in label files.")] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Score existing ethograms against labels."""
    from behavior.workflows.evaluate import evaluate_ethograms

    result = evaluate_ethograms(ethograms, labels, out, raters=rater or (), study=study, overwrite=overwrite)
    print_scores(result.metrics, out, as_json=as_json)
    exit_on(result.failures)


@app.command(epilog="Example: behavior agreement study.yaml --out agreement")
def agreement(
    labels: Annotated[list[Path], typer.Argument(metavar="STUDY | DIR DIR...", help="A study, or a folder of label files for each rater.")],
    out: OutFolder,
    study: Annotated[Path | None, typer.Option(help="For folders: the study that has the recordings, behaviors and frame times.")] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="Number of frames of every recording, for bout tables without --study.")] = None,
    fps: Annotated[float | None, typer.Option(min=0.001, help="Frames per second, without --study.")] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Measure how well several raters of the same recordings agree: each pair, and each rater with the majority of the others."""
    from behavior.workflows.agreement import compare_raters

    result = compare_raters(labels, out, study=study, n_frames=frames, fps=fps, overwrite=overwrite)
    metrics = ("f1", "kappa", "precision", "recall", "segment_f1_50", "edit", "bout_count_error")
    rows = result.list_pooled(metrics)
    formats = dict.fromkeys(metrics[:-1], "{:.3f}") | {metrics[-1]: "{:+.0f}"}
    ceiling = json.loads(result.ceiling.to_json(orient="records"))
    print_table(["behavior", "rater", "against", *metrics], rows, as_json=as_json, formats=formats, extra={"ceiling": ceiling})
    hint(f"all results are in {out / 'agreement.md'} and {out / 'agreement.csv'}")
