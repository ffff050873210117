"""Commands that set up a study, check it, and compute its features."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from behavior.cli.completion import complete_backbone
from behavior.cli.options import AsJson, Cluster, StudyFile, Workers, choose_where
from behavior.cli.printing import SOME_FAILED, exit_on, hint, print_notes, print_problem, print_speeds, print_table
from behavior.cli.run_log import keep_log
from behavior.errors import name_recording, quote_path

if TYPE_CHECKING:
    from behavior.reporting.check_result import CheckedView

__all__ = ["app"]

app = typer.Typer()


@app.command(epilog="Example: behavior init videos --backbone openfield")
def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder with videos, pose and label files, in any subfolders; or pose without videos.")
    ],
    backbone: Annotated[str, typer.Option(help="A name that `behavior backbones` lists.", autocompletion=complete_backbone)] = "resnet50v2",
    individual: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Only this animal of videos whose pose has several, one recording per video; repeat it for a recording of each of these.",
        ),
    ] = None,
    views: Annotated[
        list[str] | None,
        typer.Option(
            "--views",
            metavar="NAME",
            help="Another view of the same animals, by the end of its videos' names: side for mouse_01_side.mp4 beside mouse_01.mp4; "
            "may be repeated.",
        ),
    ] = None,
    fps: Annotated[
        float | None, typer.Option(min=0.001, max=10_000, help="Frames per second of pose without videos, where the files do not say it.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the study there, for a folder that cannot be written to; made if it is missing."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Pair the videos, pose and label files of a folder; writes study.yaml and recordings.csv, with a row for each animal of a video."""
    from behavior.workflows.init import init_study

    keep_log(folder if out is None else out)
    result = init_study(folder, backbone=backbone, individuals=individual or (), views=views or (), fps=fps, out=out)
    rows = []
    for pairing in result.pairings:
        labels = [pairing.labels] if pairing.labels is not None else list(pairing.raters.values())
        video, pose = (_relative(path, folder) for path in (pairing.video, pairing.pose))
        others = [_relative(pairing.views[name].video if name in pairing.views else None, folder) for name in views or ()]
        label_files = ", ".join(str(_relative(path, folder)) for path in labels) or None
        rows.append([pairing.recording, video, pose, label_files, *others])
    extra = {"study": str(result.study), "notes": result.notes}
    header = ["recording", "video", "pose", "labels", *(f"video_{name}" for name in views or ())]
    print_table(header, rows, as_json=as_json, extra=extra)
    print_notes(result.notes)
    hint(f"wrote {result.study}; review it, then run: behavior check {quote_path(result.study)}")


@app.command(epilog="Example: behavior check videos/study.yaml")
def check(study: StudyFile, as_json: AsJson = False) -> None:
    """Decode every video, compare it with pose and labels, and check class balance; exit status 1 on any error."""
    from behavior.workflows.check import check_study

    report = check_study(study)
    behaviors = list(dict.fromkeys(name for checked in report.recordings for name in checked.positives))
    views = list(dict.fromkeys(column for checked in report.recordings for column in checked.views))
    header = ["recording", "split", "frames", "fps", "pose rows", "centre measured", "label file", "labelled", *views, *behaviors]
    rows = [
        [
            checked.recording,
            checked.split,
            checked.n_frames,
            checked.fps,
            checked.pose_rows,
            checked.measured,
            checked.label_format or None,
            checked.labelled,
            *(_show_view(checked.views.get(column), as_json=as_json) for column in views),
            *(checked.positives.get(name) for name in behaviors),
        ]
        for checked in report.recordings
    ]
    problems = [{"recording": problem.recording, "message": problem.message, "error": problem.is_error} for problem in report.problems]
    formats = {"fps": "{:.4g}", "centre measured": "{:.1%}", "labelled": "{:.0%}", **dict.fromkeys(behaviors, "{:.1%}")}
    print_table(header, rows, as_json=as_json, formats=formats, extra={"problems": problems})
    if not as_json:
        for problem in report.problems:
            message = name_recording(problem.recording, problem.message) if problem.recording else problem.message
            print_problem(message, is_error=problem.is_error)
    if report.has_errors:
        raise typer.Exit(SOME_FAILED)
    next_command = f"embed {quote_path(study)}" if report.needs_embedding else f"crossval {quote_path(study)} --out crossval"
    hint(f"no errors; next: behavior {next_command}")


@app.command(epilog="Example: behavior embed videos/study.yaml")
def embed(
    study: StudyFile,
    workers: Workers = None,
    cluster: Cluster = None,
    as_json: AsJson = False,
) -> None:
    """Compute the features that the cache lacks; resumes where it left off."""
    from behavior.files.manifest import read_manifest
    from behavior.files.study import read_study
    from behavior.workflows.embed import embed_study

    settings = read_study(study)
    keep_log(settings.cache)
    result = embed_study(study, where=choose_where(workers, cluster))
    kept = [[name, "was there", None] for name in result.kept]
    print_speeds("features", "embedded", result.embedded, result.failures, more=kept, as_json=as_json)
    if any(recording.labels for recording in read_manifest(settings.recordings)):
        hint(f"next: behavior crossval {quote_path(study)} --out crossval")
    else:
        hint(f"next: label some recordings with behavior review {quote_path(study)}; crossval and train need labels")


@app.command(epilog="Example: behavior import-features study.yaml features/*.npz --name motifs")
def import_features(
    study: StudyFile,
    files: Annotated[list[Path], typer.Argument(metavar="FILES...", help="One .npy, .npz, .csv or .parquet file for each recording.")],
    name: Annotated[str, typer.Option(help="Name of these features in the study file's `streams`.")],
    fps: Annotated[float | None, typer.Option(help="Frames per second, if a file does not say.")] = None,
    as_json: AsJson = False,
) -> None:
    """Import features computed by another program into the cache; each file is named after its recording."""
    from behavior.files.study import read_study
    from behavior.workflows.import_features import import_features

    keep_log(read_study(study).cache)
    result = import_features(study, files, name=name, fps=fps)
    rows = [[recording, n_frames, n_features] for recording, (n_frames, n_features) in result.shapes.items()]
    print_table(["recording", "frames", "features"], rows, as_json=as_json, extra={"failures": result.failures})
    exit_on(result.failures)


@app.command(epilog="Example: behavior rename study.yaml grooming self_grooming --dry-run")
def rename(
    study: StudyFile,
    old: Annotated[str, typer.Argument(help="The behavior's name in the study file.")],
    new: Annotated[str, typer.Argument(help="Its new name.")],
    folders: Annotated[
        list[Path] | None,
        typer.Option("--in", help="Folder with models, ethograms, cross-validations and searches; the study's own if not given."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be renamed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Rename a behavior in a study, and in all that was computed with it; nothing is computed again."""
    from behavior.workflows.rename import rename_behavior

    result = rename_behavior(study, old, new, folders=folders or (), dry_run=dry_run)
    done = "would be renamed" if dry_run else "renamed"
    rows = [[kind, str(path), "failed" if str(path) in result.failures else done] for kind, path in result.records]
    print_table(["record", "path", "state"], rows, as_json=as_json, extra={"failures": result.failures, "notes": result.notes})
    if not rows:
        hint(f"nothing has {old!r} any more")
    exit_on(result.failures)


def _show_view(view: CheckedView | None, *, as_json: bool) -> dict[str, object] | str | None:
    if view is None:
        return None
    return asdict(view) if as_json else view.describe()


def _relative(path: Path | None, folder: Path) -> str | None:
    if path is None:
        return None
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
