"""Commands that train models on features and labels, and score them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from behavior.cli.options import AsJson, Cluster, OutFolder, Overwrite, StudyFile, Workers, choose_where, parse_duration
from behavior.cli.printing import exit_on, hint, print_json, print_notes, print_scores, print_table
from behavior.compute.loading import load_keras
from behavior.errors import UsageError, quote_path

__all__ = ["app"]

app = typer.Typer()


@app.command(epilog="Example: behavior finetune videos/study.yaml --recordings OFT_1,OFT_2,OFT_3 --out openfield_lab.keras")
def finetune(
    study: StudyFile,
    out: Annotated[Path, typer.Option("--out", metavar="WEIGHTS", help="File for the weights, NAME.keras, which does not exist yet.")],
    recordings: Annotated[
        str | None,
        typer.Option(help="Ids of the recordings to fine-tune on, separated by commas; all labelled ones with split=train if not given."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train the backbone on labelled crops: a head on it as it is, then its last stage too, or convnet from scratch."""
    names = None if recordings is None else [name.strip() for name in recordings.split(",") if name.strip()]
    if names == []:
        raise UsageError(f"--recordings {recordings!r}: names no recording; give ids of the manifest, separated by commas.")
    load_keras()
    from behavior.workflows.finetune import finetune_study

    result = finetune_study(study, out, recordings=names)
    rows = [[name, count, result.frozen.get(name), result.finetuned.get(name)] for name, count in result.n_frames.items()]
    scores = ("frozen backbone", "fine-tuned")
    extra = {
        "weights": str(out),
        "fitted": result.fitted,
        "watched": result.validation,
        "notes": result.notes,
        "written": [str(path) for path in result.written],
    }
    print_table(["behavior", "frames", *scores], rows, as_json=as_json, formats=dict.fromkeys(scores, "{:.3f}"), extra=extra)
    print_notes(result.notes)
    hint(f"how it went: {', '.join(map(str, result.written))}")
    if result.validation:
        hint(f"average precision on {', '.join(result.validation)}, which the weights were chosen on: a guide, not a score")
    hint(f"next: write weights: {quote_path(out)} into the section backbone of a study without these recordings, then behavior embed")


@app.command(epilog="Example: behavior crossval videos/study.yaml --out crossval")
def crossval(
    study: StudyFile,
    out: OutFolder,
    learning_curve: Annotated[
        bool,
        typer.Option(
            "--learning-curve",
            help="Also estimate how much more labelled recordings would help; takes several times as long.",
        ),
    ] = False,
    overwrite: Overwrite = False,
    workers: Workers = None,
    cluster: Cluster = None,
    as_json: AsJson = False,
) -> None:
    """Leave out one recording (or animal) at a time: scores and predictions on held-out recordings."""
    from behavior.workflows.crossval import cross_validate, describe_views

    scores = cross_validate(study, out, overwrite=overwrite, learning_curve=learning_curve, where=choose_where(workers, cluster))
    print_scores(scores, out, as_json=as_json)
    print_notes(describe_views(out))
    hint(f"next: behavior train {quote_path(study)} --crossval {quote_path(out)} --out model")


@app.command(epilog="Example: behavior search videos/study.yaml --trials 50 --out search")
def search(
    study: StudyFile,
    out: OutFolder,
    trials: Annotated[
        int | None,
        typer.Option(min=1, help="Number of trials, including those of earlier runs and other workers; by default 50, or the whole grid."),
    ] = None,
    storage: Annotated[
        str | None, typer.Option(help="journal:FILE (for network drives) or a database's address; an SQLite file in OUT if not given.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the search, if a storage holds several.")] = "search",
    timeout: Annotated[str | None, typer.Option(help="Start no trial after this time: 90m, 8h or 3600s.")] = None,
    objectives: Annotated[
        str | None,
        typer.Option(
            help="average_precision, f1 or f2, instead of the study's; with ,seconds after it, also shows trials that none beats in both."
        ),
    ] = None,
    workers: Workers = None,
    cluster: Cluster = None,
    as_json: AsJson = False,
) -> None:
    """Try the settings of the study's section `search`; resumes where it left off, and several processes share the work."""
    seconds = None if timeout is None else parse_duration(timeout)
    from behavior.search.space import format_value
    from behavior.workflows.search import search_study

    outcome = search_study(
        study,
        out,
        trials=trials,
        storage=storage,
        name=name,
        timeout_s=seconds,
        objectives=[part.strip() for part in (objectives or "").split(",") if part.strip()],
        where=choose_where(workers, cluster),
    )
    result = outcome.result
    keys = list(result.setting)
    shown = result.table if as_json else result.table[result.table["state"] == "complete"].nlargest(10, "value")
    columns = ["number", "state", "value", *keys, "epochs", "seconds"]
    rows = shown[columns].astype(object).to_numpy().tolist()
    if not as_json:
        rows = [[*row[:3], *map(format_value, row[3:-2]), *row[-2:]] for row in rows]
    best = {"number": result.best, "value": None if result.best is None else result.score, "setting": result.setting}
    extra = {"trials": result.limit, **result.counts, "best": best, "importances": result.importances, "note": outcome.note}
    print_table(columns, rows, as_json=as_json, formats={"value": "{:.4f}", "seconds": "{:.0f}"}, extra=extra)
    print_notes([outcome.note] if outcome.note else [])
    hint(f"all trials are in {out / 'trials.csv'}, the summary is in {out / 'summary.md'}")
    exit_on(outcome.failures)
    if result.best is not None:
        hint(f"next: behavior crossval {quote_path(out / 'best.yaml')} --out crossval, then train on all recordings")


@app.command(epilog="Example: behavior train videos/study.yaml --crossval crossval --out model")
def train(
    study: StudyFile,
    out: Annotated[Path, typer.Option("--out", help="Folder for the model; created if missing.")],
    crossval: Annotated[
        Path | None,
        typer.Option(help="Results of `behavior crossval`: train on every training recording, for the median of its best epochs."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train the model on the training recordings and score it once on those with split=test."""
    from behavior.workflows.train import train_model

    result = train_model(study, out, crossval=crossval)
    if result.metrics is not None:
        print_scores(result.metrics, out, as_json=as_json)
    elif as_json:
        print_json({"behaviors": result.behaviors, "skipped": result.skipped, "computing_time": result.computing_time.to_dict("records")})
    exit_on(result.skipped)
    recordings = f"--study {quote_path(study)}" if result.needs_manifest else "VIDEO..."
    hint(f"next: behavior annotate {quote_path(out)} {recordings} --out ethograms")
