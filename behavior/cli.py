"""The command line: typed arguments in, one workflow call each, exit status out.

Workflows are imported when their command runs, so that `--help` answers at once.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from behavior.errors import BehaviorError, UsageError

__all__ = ["app", "main"]

app = typer.Typer(
    name="behavior",
    help="Per-frame ethograms of mice from video and DeepLabCut pose.",
    epilog="The usual way: init, check, embed, crossval, train, annotate. Try it all with: behavior demo --out demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

SOME_FAILED = 1
INTERRUPTED = 130
Value = TypeVar("Value")

StudyFile = Annotated[Path, typer.Argument(metavar="STUDY", help="The study file, such as study.yaml.")]
OutFolder = Annotated[Path, typer.Option("--out", help="Folder for the results; made where it is missing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the results that the folder holds already.")]
Ethograms = Annotated[list[Path], typer.Argument(metavar="ETHOGRAMS...", help="Files RECORDING_ethogram.csv, or folders of them.")]


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
            _hint("stopped; what is finished is kept: embed, annotate, crossval and search go on from there, other commands start anew")
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


def _load_keras() -> None:
    """Import Keras, and TensorFlow with it, without the notes that they print below Python's standard error while they load."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        try:
            importlib.import_module("keras")
        except BaseException:
            notes.seek(0)
            os.write(kept, notes.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _print_version(wanted: bool) -> None:
    if wanted:
        from behavior.workflows.provenance import collect_versions

        _say("\n".join(f"{name} {version}" for name, version in collect_versions().items()))
        raise typer.Exit


@app.callback()
def _accept_common_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the versions that matter and stop.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")] = False,
) -> None:
    """`main` takes --debug away before this is called; it stands here for --help."""


@app.command(epilog="Example: behavior init videos --backbone openfield")
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that holds videos, pose and label files, in any subfolders.")],
    backbone: Annotated[str, typer.Option(help="resnet50v2, inceptionresnetv2, squeezenet or openfield.")] = "resnet50v2",
    as_json: AsJson = False,
) -> None:
    """Pair the videos, pose and label files of a folder; writes study.yaml and recordings.csv."""
    from behavior.workflows.init import init_study

    result = init_study(folder, backbone=backbone)
    rows = [[found.recording, *(_relative(path, folder) for path in (found.video, found.pose, found.labels))] for found in result.pairings]
    extra = {"study": str(result.study), "notes": result.notes}
    _print_table(["recording", "video", "pose", "labels"], rows, as_json=as_json, extra=extra)
    _print_notes(result.notes)
    _hint(f"wrote {result.study}; look at it, then run: behavior check {_quote(result.study)}")


@app.command(epilog="Example: behavior check videos/study.yaml")
def check(study: StudyFile, as_json: AsJson = False) -> None:
    """Decode every video and hold pose, labels and class balance against it; exit status 1 on any error."""
    from behavior.workflows.check import check_study

    report = check_study(study)
    behaviors = list(dict.fromkeys(name for found in report.recordings for name in found.positives))
    header = ["recording", "split", "frames", "fps", "pose rows", "centre measured", "labelled", *behaviors]
    rows = [
        [
            found.recording,
            found.split,
            found.n_frames,
            found.fps,
            found.pose_rows,
            found.measured,
            found.labelled,
            *(found.positives.get(name) for name in behaviors),
        ]
        for found in report.recordings
    ]
    problems = [{"recording": problem.recording, "message": problem.message, "error": problem.is_error} for problem in report.problems]
    formats = {"fps": "{:.4g}", "centre measured": "{:.1%}", "labelled": "{:.0%}", **dict.fromkeys(behaviors, "{:.1%}")}
    _print_table(header, rows, as_json=as_json, formats=formats, extra={"problems": problems})
    if not as_json:
        for problem in report.problems:
            place = f"{problem.recording}: " if problem.recording else ""
            _say(f"{'error' if problem.is_error else 'warning'}: {place}{problem.message}")
    if report.has_errors:
        raise typer.Exit(SOME_FAILED)
    next_command = f"embed {_quote(study)}" if report.needs_embedding else f"crossval {_quote(study)} --out crossval"
    _hint(f"nothing stands in the way; next: behavior {next_command}")


@app.command(epilog="Example: behavior embed videos/study.yaml")
def embed(study: StudyFile, as_json: AsJson = False) -> None:
    """Crop and embed every frame that the cache lacks; goes on where it was stopped."""
    _load_keras()
    from behavior.workflows.embed import embed_study

    result = embed_study(study)
    kept = [[name, "was there", None] for name in result.kept]
    _print_speeds("features", "embedded", result.embedded, result.failures, more=kept, as_json=as_json)
    _hint(f"next: behavior crossval {_quote(study)} --out crossval")


@app.command(epilog="Example: behavior import-features study.yaml features/*.npz --name motifs")
def import_features(
    study: StudyFile,
    files: Annotated[list[Path], typer.Argument(metavar="FILES...", help="One .npy, .npz, .csv or .parquet file for each recording.")],
    name: Annotated[str, typer.Option(help="What the study file's streams call these features.")],
    fps: Annotated[float | None, typer.Option(help="Frames per second, where a file does not say.")] = None,
    as_json: AsJson = False,
) -> None:
    """Bring features that another program made into the cache, each file named after its recording."""
    from behavior.workflows.import_features import import_features

    result = import_features(study, files, name=name, fps=fps)
    rows = [[recording, n_frames, n_features] for recording, (n_frames, n_features) in result.shapes.items()]
    _print_table(["recording", "frames", "features"], rows, as_json=as_json, extra={"failures": result.failures})
    _exit_on(result.failures)


@app.command(epilog="Example: behavior crossval videos/study.yaml --out crossval")
def crossval(study: StudyFile, out: OutFolder, overwrite: Overwrite = False, as_json: AsJson = False) -> None:
    """Leave one recording (or animal) out after the other: scores and predictions on recordings that a model never saw."""
    _load_keras()
    from behavior.workflows.crossval import cross_validate

    _print_scores(cross_validate(study, out, overwrite=overwrite), out, as_json=as_json)
    _hint(f"next: behavior train {_quote(study)} --crossval {_quote(out)} --out model")


@app.command(epilog="Example: behavior search videos/study.yaml --trials 50 --out search")
def search(
    study: StudyFile,
    out: OutFolder,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Trials in all, those of earlier runs and other workers among them; 50, or the whole grid.")
    ] = None,
    storage: Annotated[
        str | None, typer.Option(help="journal:FILE (for network drives) or a database's address; an SQLite file in OUT if not given.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the search, where a storage holds several.")] = "search",
    timeout: Annotated[str | None, typer.Option(help="Begin no trial after so long: 90m, 8h or 3600s.")] = None,
    as_json: AsJson = False,
) -> None:
    """Try the settings of the study's section search; goes on where it was stopped, several at once share the work."""
    seconds = None if timeout is None else _parse_duration(timeout)
    _load_keras()
    from behavior.workflows.search import search_study
    from behavior.workflows.search_space import format_value

    outcome = search_study(study, out, trials=trials, storage=storage, name=name, timeout_s=seconds)
    found = outcome.result
    keys = list(found.setting)
    shown = found.table if as_json else found.table[found.table["state"] == "complete"].nlargest(10, "value")
    columns = ["number", "state", "value", *keys, "epochs", "seconds"]
    rows = shown[columns].astype(object).to_numpy().tolist()
    if not as_json:
        rows = [[*row[:3], *map(format_value, row[3:-2]), *row[-2:]] for row in rows]
    best = {"number": found.best, "value": None if found.best is None else found.score, "setting": found.setting}
    extra = {"trials": found.limit, **found.counts, "best": best, "importances": found.importances, "note": outcome.note}
    _print_table(columns, rows, as_json=as_json, formats={"value": "{:.4f}", "seconds": "{:.0f}"}, extra=extra)
    _print_notes([outcome.note] if outcome.note else [])
    _hint(f"all trials are in {out / 'trials.csv'}, what they mean in {out / 'summary.md'}")
    _exit_on(outcome.failures)
    if found.best is not None:
        _hint(f"next: behavior crossval {_quote(out / 'best.yaml')} --out crossval, then train it on all recordings")


@app.command(epilog="Example: behavior train videos/study.yaml --crossval crossval --out model")
def train(
    study: StudyFile,
    out: Annotated[Path, typer.Option("--out", help="Folder for the model; made where it is missing.")],
    crossval: Annotated[
        Path | None,
        typer.Option(help="Results of `behavior crossval`: train for the median of its best epochs, on every training recording."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit the model on the training recordings and score it once on those with split=test."""
    _load_keras()
    from behavior.workflows.train import train_model

    result = train_model(study, out, crossval=crossval)
    if result.metrics is not None:
        _print_scores(result.metrics, out, as_json=as_json)
    elif as_json:
        _say(json.dumps({"behaviors": result.behaviors, "skipped": result.skipped}))
    _exit_on(result.skipped)
    _hint(f"next: behavior annotate {_quote(out)} VIDEO... --out ethograms")


@app.command(epilog="Example: behavior annotate model new/mouse_21.mp4 new/mouse_22.mp4 --out ethograms")
def annotate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Folder that `behavior train` wrote.")],
    out: OutFolder,
    videos: Annotated[
        list[Path] | None, typer.Argument(metavar="[VIDEO...]", readable=False, help="Videos; the pose of each is found by its name.")
    ] = None,
    pose: Annotated[Path | None, typer.Option(help="Pose of the only video.")] = None,
    study: Annotated[Path | None, typer.Option(help="Annotate every recording of this study instead of videos.")] = None,
    body_part: Annotated[
        list[str] | None, typer.Option(help="Centre crops on this body part instead of the model's; several times for their mean.")
    ] = None,
    individual: Annotated[str | None, typer.Option(help="Which animal, where the pose has several.")] = None,
    resample: Annotated[bool, typer.Option("--resample", help="Accept videos of another frame rate than the model's.")] = False,
    cache: Annotated[Path | None, typer.Option(help="Folder for the features; OUT/cache, or the study's own.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace ethograms by another model or with other settings.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write an ethogram for each video; one bad video never stops the rest."""
    _load_keras()
    from behavior.workflows.annotate import annotate_study, annotate_videos

    if (study is None) == (not videos):
        raise UsageError("annotate needs either videos or --study; name the videos behind the model, or give --study STUDY.")
    if study is not None:
        if pose is not None:
            raise UsageError("--pose goes with a single video; the study's manifest names the pose of its recordings.")
        result = annotate_study(
            model, study, out, body_parts=body_part or (), individual=individual, resample=resample, cache=cache, overwrite=overwrite
        )
    else:
        result = annotate_videos(
            model,
            videos or [],
            out,
            pose=pose,
            body_parts=body_part or (),
            individual=individual,
            resample=resample,
            cache=cache,
            overwrite=overwrite,
        )
    _print_speeds("ethogram", "annotated", result.frames_per_second, result.failures, as_json=as_json)
    _hint(f"wrote RECORDING_ethogram.csv, RECORDING_bouts.csv and RECORDING_ethogram.json to {out}")


@app.command(epilog="Example: behavior decide ethograms --threshold grooming=0.4 --closing 0.5s")
def decide(
    ethograms: Ethograms,
    threshold: Annotated[list[str] | None, typer.Option(help="For all behaviors (0.4) or one (grooming=0.4); may be repeated.")] = None,
    closing: Annotated[list[str] | None, typer.Option(help="Closing length in frames (9) or seconds (0.9s), likewise.")] = None,
    min_bout: Annotated[list[str] | None, typer.Option(help="Shortest bout in frames or seconds, likewise.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the new files; in place if not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Threshold and clean stored probabilities again, without computing them again."""
    from behavior.workflows.decide import decide_again

    result = decide_again(
        ethograms,
        threshold=_parse_by_behavior("--threshold", threshold, _parse_probability),
        closing=_parse_by_behavior("--closing", closing, str),
        min_bout=_parse_by_behavior("--min-bout", min_bout, str),
        out=out,
    )
    behaviors = list(dict.fromkeys(name for counts in result.bouts.values() for name in counts))
    rows = [[recording, *(counts.get(name) for name in behaviors)] for recording, counts in result.bouts.items()]
    _print_table(["recording", *(f"{name} bouts" for name in behaviors)], rows, as_json=as_json, extra={"failures": result.failures})
    _exit_on(result.failures)


@app.command(epilog="Example: behavior evaluate ethograms --labels labels --out scores")
def evaluate(
    ethograms: Ethograms,
    labels: Annotated[Path, typer.Option(help="Folder of label files called like the recordings.")],
    out: OutFolder,
    rater: Annotated[
        list[Path] | None, typer.Option(help="Folder of one rater's label files; given for each of several, it shows how well they agree.")
    ] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Score ethograms that exist against labels."""
    from behavior.workflows.evaluate import evaluate_ethograms

    result = evaluate_ethograms(ethograms, labels, out, raters=rater or (), overwrite=overwrite)
    _print_scores(result.metrics, out, as_json=as_json)
    _exit_on(result.failures)


@app.command(epilog="Example: behavior agreement study.yaml --out agreement")
def agreement(
    labels: Annotated[list[Path], typer.Argument(metavar="STUDY | DIR DIR...", help="A study, or a folder of label files for each rater.")],
    out: OutFolder,
    study: Annotated[Path | None, typer.Option(help="Tells for folders the recordings, behaviors and times of frames.")] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="Frames of every recording, for bout tables without --study.")] = None,
    fps: Annotated[float | None, typer.Option(min=0.001, help="Frames per second, without --study.")] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Say how well several raters of the same recordings agree, in pairs and each with the majority of the others."""
    from behavior.workflows.agreement import compare_raters

    result = compare_raters(labels, out, study=study, n_frames=frames, fps=fps, overwrite=overwrite)
    metrics = ("f1", "kappa", "precision", "recall", "segment_f1_50", "edit", "bout_count_error")
    rows = result.list_pooled(metrics)
    formats = dict.fromkeys(metrics[:-1], "{:.3f}") | {metrics[-1]: "{:+.0f}"}
    ceiling = json.loads(result.ceiling.to_json(orient="records"))
    _print_table(["behavior", "rater", "against", *metrics], rows, as_json=as_json, formats=formats, extra={"ceiling": ceiling})
    _hint(f"all of it is in {out / 'agreement.md'} and {out / 'agreement.csv'}")


@app.command(epilog="Example: behavior demo --out demo")
def demo(
    out: Annotated[Path, typer.Option("--out", help="A folder that is empty or not there yet.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same study.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Render a small study with known labels and take it through every stage."""
    _load_keras()
    from behavior.workflows.demo import run_demo

    result = run_demo(out, seed=seed)
    rows = [[name, value] for name, value in result.average_precision.items()]
    extra = {"seconds": result.seconds, "pictures": [str(path) for path in result.pictures], "model": str(result.model)}
    column = "average precision on the test recordings"
    _print_table(["behavior", column], rows, as_json=as_json, formats={column: "{:.3f}"}, extra=extra)
    _hint(f"{sum(result.seconds.values()):.0f} s in all. Where to look:")
    for place, meaning in (
        (result.pictures[0] if result.pictures else result.ethograms, "what the model says about a test recording, beneath what is known"),
        (result.crossval / "summary.md", "scores on recordings that a model never saw"),
        (result.model / "summary.md", "scores on the test recordings"),
        (result.ethograms, "an ethogram and a table of bouts for every recording"),
        (result.study, "what was done; copy it for your own study"),
    ):
        _hint(f"  {place}  {meaning}")


def _parse_by_behavior(option: str, values: Sequence[str] | None, parse: Callable[[str], Value]) -> Value | dict[str, Value] | None:
    """Return one value for all behaviors, or one for each that is named, from words such as `0.4` and `grooming=0.4`."""
    if not values:
        return None
    if len(values) == 1 and "=" not in values[0]:
        return parse(values[0])
    parsed: dict[str, Value] = {}
    for value in values:
        name, equals, word = value.rpartition("=")
        if not equals:
            raise UsageError(f"{option} {value}: with several values each needs a name, such as {option} grooming={value}.")
        if name in parsed:
            raise UsageError(f"{option} {value}: {name!r} is given twice; keep one of the two.")
        parsed[name] = parse(word)
    return parsed


def _parse_duration(word: str) -> float:
    """Return seconds from words such as 90m, 8h and 3600s."""
    units = {"s": 1, "m": 60, "h": 3600}
    try:
        seconds = float(word[:-1]) * units[word[-1:]]
    except (KeyError, ValueError):
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise UsageError(f"--timeout {word}: expected a number with its unit, such as 90m, 8h or 3600s.")
    return seconds


def _parse_probability(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageError(f"--threshold {word}: expected a number from 0 to 1.")
    return value


def _print_speeds(
    column: str, done: str, speeds: Mapping[str, float], failures: Mapping[str, str], *, as_json: bool, more: Sequence[Sequence[Any]] = ()
) -> None:
    """Print a row for each recording that was done, with its speed, or failed; exit if any failed."""
    rows = [
        *([name, done, speed] for name, speed in speeds.items()),
        *more,
        *([name, "failed", None] for name in failures),
    ]
    _print_table(
        ["recording", column, "frames/s"], rows, as_json=as_json, formats={"frames/s": "{:,.1f}"}, extra={"failures": dict(failures)}
    )
    _exit_on(failures)


def _print_scores(metrics: Any, out: Path, *, as_json: bool) -> None:
    """Print the pooled scores of a table of metrics."""
    names = ("average_precision", "precision", "recall", "f1", "f2", "segment_f1_50", "kappa", "prevalence")
    pooled = metrics[metrics["recording"] == "pooled"]
    wide = pooled.pivot(index="behavior", columns="metric", values="value").reindex(list(dict.fromkeys(pooled["behavior"])))
    rows = [[behavior, *(float(row[name]) for name in names)] for behavior, row in wide.iterrows()]
    _print_table(["behavior", *names], rows, as_json=as_json, formats=dict.fromkeys(names, "{:.3f}"))
    if "early_stopping_watched_what_is_scored" in set(metrics["metric"]):
        _hint("these scores are optimistic: early stopping watched the recordings that are scored (early_stopping_on: fold)")
    _hint(f"all scores are in {out / 'summary.md'} and {out / 'metrics.csv'}")


def _print_table(
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    as_json: bool,
    formats: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Print rows as a table, numbers as `formats` has it for their columns, or as JSON, numbers as they are and NaN as null."""
    known = [[None if cell is None or cell != cell else cell for cell in row] for row in rows]
    if as_json:
        _say(json.dumps({"rows": [dict(zip(header, row, strict=True)) for row in known], **(extra or {})}, indent=2))
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    patterns = [(formats or {}).get(name, "{}") for name in header]
    for name in header:
        table.add_column(name)
    for row in known:
        table.add_row(*("" if cell is None else pattern.format(cell) for pattern, cell in zip(patterns, row, strict=True)))
    console.print(table)


def _relative(path: Path | None, folder: Path) -> str | None:
    if path is None:
        return None
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _print_notes(notes: Sequence[str]) -> None:
    for note in notes:
        _hint(note)


def _exit_on(failures: Mapping[str, str]) -> None:
    """Exit with the status for unfinished work if there are failures, each of which was printed when it came up."""
    if failures:
        _hint(f"error: {len(failures)} failed ({', '.join(failures)}); the rest is done.")
        raise typer.Exit(SOME_FAILED)


def _quote(path: Path) -> str:
    """Return `path` as it can be pasted into a command line."""
    return shlex.quote(str(path))


def _hint(message: str) -> None:
    print(message, file=sys.stderr)  # noqa: T201


def _say(message: str) -> None:
    print(message)  # noqa: T201
