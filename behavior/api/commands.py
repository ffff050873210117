"""Commands on studies, label files and results: each function does what the command of the same meaning does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from behavior.api.arguments import HasPath, PathLike, Paths, as_path, find_folder, find_study, list_paths
from behavior.api.outcomes import Agreement, Demo, Report
from behavior.api.results import Outcome
from behavior.compute.loading import load_keras
from behavior.progress import announce, collect_warnings

if TYPE_CHECKING:
    from behavior.api.crossval import Crossval
    from behavior.api.model import Model
    from behavior.api.study import Study

__all__ = ["compare_raters", "init_study", "list_backbones", "open_review", "rename_behavior", "run_demo", "write_report"]


def init_study(
    folder: PathLike,
    *,
    backbone: str = "resnet50v2",
    individuals: Sequence[str] = (),
    views: Sequence[str] = (),
    fps: float | None = None,
    out: PathLike | None = None,
) -> Study:
    """Pair the videos, pose and label files in a folder and write `study.yaml` and `recordings.csv`, as `behavior init` does.

    Parameters
    ----------
    folder
        Holds the files, in any subfolders.
    backbone
        One of those that `list_backbones` returns.
    individuals
        Which animals of videos whose pose has several are in the study: a recording for each; all of them where empty. The only one of
        these makes each video one recording.
    views
        Other views than the first, which are at the end of the names of their videos.
    fps
        Frames per second of pose without videos whose files do not say it.
    out
        Folder to write them into; `folder` itself where None.

    Raises
    ------
    UsageError
        If the folder is missing or holds neither video nor pose.
    OutputError
        If there is a study already, or nothing can be written there.
    """
    from behavior.api.study import Study
    from behavior.workflows.init import init_study

    result = init_study(Path(folder), backbone=backbone, individuals=individuals, views=views, fps=fps, out=as_path(out))
    return Study(result.study)


def open_review(
    paths: Paths,
    *,
    rater: str = "",
    model: PathLike | None = None,
    host: str = "127.0.0.1",
    port: int = 8765,
    opens_browser: bool = True,
) -> None:
    """Label and review videos in the browser until it is interrupted, as `behavior review` does.

    Parameters
    ----------
    paths
        A study file, with ethograms if there are any; or videos, or ethograms alone.
    rater
        Whose labels are edited, the manifest's column `labels_NAME`; the column `labels` if not given.
    model
        Folder of a model, by which recordings without an ethogram are predicted, as suggestions.
    host, port
        Where to listen; the next free port is taken if it is in use. Other than on this machine, the page asks for a token.
    opens_browser
        Whether to open the page in the default browser; its address is printed in any case.

    Raises
    ------
    UsageError
        If there is nothing to review in `paths`, or nothing can be listened on.
    ModelError
        If the model is one of another study, or cannot be used.
    """
    from contextlib import suppress

    from behavior.review.desk import Desk
    from behavior.review.reviewed_study import open_reviewed
    from behavior.review.serving import serve
    from behavior.review.training import start_predicting, take_model

    reviewed = open_reviewed(list_paths(paths))
    if model is not None:
        take_model(reviewed, Path(model))
    desk = Desk(reviewed, rater)

    def say(address: str, _: int) -> None:
        announce(address)
        if model is not None:
            start_predicting(desk, Path(model))

    with suppress(KeyboardInterrupt):
        serve(desk, host=host, port=port, opens_browser=opens_browser, say=say)


def rename_behavior(study: PathLike, old: str, new: str, *, folders: Paths = (), dry_run: bool = False) -> Outcome:
    """Rename a behavior in a study and in what was computed with it, as `behavior rename` does; nothing is computed again.

    Label files stay as they are: the study's section `labels` maps the name in them. After a call that was stopped, the same call does
    the rest.

    Parameters
    ----------
    study
        The study file.
    old, new
        The behavior's name, and the one that it gets.
    folders
        Where models, ethograms, cross-validations and searches are looked for; the study's folder if not given.
    dry_run
        Only list what would be renamed.

    Returns
    -------
    A row for each record that has the behavior.

    Raises
    ------
    UsageError
        If the study has no behavior of the old name, may not have one of the new name, or a name in a label file would get another
        meaning.
    """
    import pandas as pd

    load_keras()
    from behavior.workflows.rename import rename_behavior

    with collect_warnings() as notes:
        result = rename_behavior(Path(study), old, new, folders=list_paths(folders), dry_run=dry_run)
    table = pd.DataFrame([(kind, str(path)) for kind, path in result.records], columns=["record", "path"])
    return Outcome(f"{old} is now {new}", table, dict(result.failures), tuple(notes))


def list_backbones(
    names: Sequence[str] = (),
    *,
    measure: bool = False,
    models: PathLike = "cache/models",
    n_frames: int | None = None,
    hours: float = 12.0,
) -> Outcome:
    """Return the backbones with features, input size and parameters, as `behavior backbones` does.

    Parameters
    ----------
    names
        Some of them; all if not given.
    measure
        Measure frames per second on this machine too, with random weights.
    models
        Folder for the networks that are converted for that.
    n_frames, hours
        Recommend one, in the outcome's title, that embeds so many frames in so many hours; `measure` is needed for that.

    Raises
    ------
    UsageError
        If a name is not the name of a backbone, or one is to be recommended and nothing is measured.

    Examples
    --------
    >>> bh.list_backbones(["openfield"]).table["features"].tolist()
    [128]
    """
    import pandas as pd

    load_keras()
    from behavior.workflows.backbones import list_backbones

    with collect_warnings() as notes:
        listed = list_backbones(names, models=Path(models), measure=measure, n_frames=n_frames, hours=hours)
    rows = [
        (
            backbone.name,
            backbone.n_features,
            backbone.input_size,
            backbone.preprocessing,
            backbone.n_parameters,
            ", ".join(backbone.weights),
            backbone.is_here,
            backbone.frames_per_second,
        )
        for backbone in listed.backbones
    ]
    columns = ["backbone", "features", "input_size", "preprocessing", "parameters", "weights", "here", "frames_per_second"]
    title = f"Backbones; measured with {listed.measured_with}" if listed.measured_with else "Backbones"
    title = f"{title}. {listed.recommended}" if listed.recommended else title
    return Outcome(title, pd.DataFrame(rows, columns=columns), dict(listed.failures), tuple(notes))


def compare_raters(
    labels: Study | Paths,
    out: PathLike,
    *,
    study: Study | PathLike | None = None,
    n_frames: int | None = None,
    fps: float | None = None,
    overwrite: bool = False,
) -> Agreement:
    """Say how well several raters of the same recordings agree, as `behavior agreement` does.

    Parameters
    ----------
    labels
        A study whose manifest has a column `labels_NAME` for each rater, or a folder of label files for each rater.
    out
        Folder for the results.
    study
        Tells for folders what the recordings, behaviors and times of frames are.
    n_frames, fps
        Frames of every recording and frames per second, for folders without `study`.
    overwrite
        Replace results that `out` holds already.

    Raises
    ------
    UsageError
        If there are fewer than two raters, or the number of frames is unknown.
    LabelError
        If label files cannot be used.
    OutputError
        If `out` holds results already and `overwrite` is not set.
    """
    import pandas as pd

    from behavior.workflows.agreement import compare_raters

    with collect_warnings() as notes:
        paths = [labels.path] if isinstance(labels, HasPath) else list_paths(labels)
        result = compare_raters(paths, Path(out), study=find_study(study), n_frames=n_frames, fps=fps, overwrite=overwrite)
    metrics = ("f1", "kappa", "precision", "recall", "segment_f1_50", "edit", "bout_count_error")
    return Agreement(
        title=f"Agreement of {', '.join(result.raters)}",
        table=pd.DataFrame(result.list_pooled(metrics), columns=["behavior", "rater", "against", *metrics]),
        notes=tuple(notes),
        metrics=result.table,
        ceiling=result.ceiling,
    )


def write_report(
    sources: Paths,
    out: PathLike,
    *,
    study: Study | PathLike | None = None,
    crossval: Crossval | PathLike | None = None,
    model: Model | PathLike | None = None,
    bin_s: float = 60.0,
    check: bool = True,
    title: str | None = None,
    overwrite: bool = False,
) -> Report:
    """Write what was done, how well, and what came of it into one HTML file that opens offline, as `behavior report` does.

    Parameters
    ----------
    sources
        A study file, files `RECORDING_ethogram.csv` or folders of them, or both.
    out
        The report, such as "report.html".
    study
        Study of the ethograms, if only they are named.
    crossval, model
        Results of cross-validation, and the model; looked for next to the study if not given.
    bin_s
        Length of the time bins of the statistics in seconds.
    check
        Decode the study's videos and compare them with pose and labels.
    title
        First heading.
    overwrite
        Replace the file `out`.

    Raises
    ------
    UsageError
        If `out` is not an HTML file, or there is nothing to report on.
    OutputError
        If `out` exists and `overwrite` is not set, or cannot be written.
    """
    import pandas as pd

    from behavior.workflows.report import write_report

    with collect_warnings() as notes:
        result = write_report(
            list_paths(sources),
            Path(out),
            study=find_study(study),
            crossval=find_folder(crossval),
            model=find_folder(model),
            bin_s=bin_s,
            with_check=check,
            title=title,
            overwrite=overwrite,
        )
    table = pd.DataFrame({"section": result.sections})
    return Report(title=f"Report {Path(out)}", table=table, failures=dict(result.failures), notes=tuple(notes), path=Path(out))


def run_demo(out: PathLike, *, seed: int = 0, side: Literal["features", "predictions"] | None = None) -> Demo:
    """Render a small study with known labels and take it through every stage, as `behavior demo` does.

    Parameters
    ----------
    out
        A folder that is empty or does not exist yet.
    seed
        The same seed gives the same study.
    side
        How a second camera, which records from the side, goes together with the first; None for one camera.

    Raises
    ------
    OutputError
        If `out` is not empty or cannot be written to.
    """
    import pandas as pd

    load_keras()
    from behavior.workflows.demo import run_demo

    with collect_warnings() as notes:
        result = run_demo(Path(out), seed=seed, side=side)
    rows = list(result.average_precision.items())
    return Demo(
        title=f"Demo in {Path(out)}",
        table=pd.DataFrame(rows, columns=["behavior", "average_precision"]),
        notes=tuple(notes),
        study=result.study,
        crossval=result.crossval,
        model=result.model,
        ethograms=result.ethograms,
        report=result.report,
    )
