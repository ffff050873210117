"""Commands on files of ethograms: each function does what the command of the same meaning does, and returns what it prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from behavior.api.arguments import PathLike, Paths, as_path, choose_where, find_study, list_paths
from behavior.api.outcomes import Evaluation, Statistics
from behavior.api.results import Outcome
from behavior.progress import collect_warnings

if TYPE_CHECKING:
    from behavior.api.ethogram import PerBehavior
    from behavior.api.study import Study

__all__ = ["decide_ethograms", "describe_ethograms", "draw_audit", "draw_overlays", "evaluate_ethograms", "export_ethograms"]


def decide_ethograms(
    ethograms: Paths,
    *,
    threshold: PerBehavior = None,
    closing_frames: PerBehavior = None,
    closing_s: PerBehavior = None,
    min_bout_frames: PerBehavior = None,
    min_bout_s: PerBehavior = None,
    out: PathLike | None = None,
) -> Outcome:
    """Threshold and clean stored probabilities again, as `behavior decide` does.

    Parameters
    ----------
    ethograms
        Files `RECORDING_ethogram.csv`, or folders of them.
    threshold, closing_frames, closing_s, min_bout_frames, min_bout_s
        As for `RecordingEthogram.decide`.
    out
        Folder for the new files; in place if not given.

    Returns
    -------
    The number of bouts of each behavior, a row for each recording.

    Raises
    ------
    UsageError
        If a value cannot be used.
    EthogramError
        If there is no ethogram.
    """
    import pandas as pd

    from behavior.learning.changed_decisions import DecisionChange
    from behavior.workflows.decide import decide_ethograms

    change = DecisionChange(threshold, closing_frames, closing_s, min_bout_frames, min_bout_s)
    with collect_warnings() as notes:
        result = decide_ethograms(list_paths(ethograms), change, out=as_path(out))
    rows = [{"recording": name, **counts} for name, counts in result.bouts.items()]
    return Outcome("Bouts as decided now", pd.DataFrame(rows), dict(result.failures), tuple(notes))


def evaluate_ethograms(
    ethograms: Paths,
    labels: PathLike,
    out: PathLike,
    *,
    raters: Sequence[PathLike] = (),
    study: Study | PathLike | None = None,
    overwrite: bool = False,
) -> Evaluation:
    """Score ethograms against labels, as `behavior evaluate` does.

    Parameters
    ----------
    ethograms
        Files `RECORDING_ethogram.csv`, or folders of them.
    labels
        Folder of label files named after the recordings.
    out
        Folder for the results.
    raters
        A folder of label files for each of several raters; how well they agree is shown next to the scores.
    study
        A study whose section `labels` maps the names in label files.
    overwrite
        Replace results that `out` holds already.

    Raises
    ------
    UsageError
        If there is no such folder, ethograms have different behaviors, or none can be scored.
    LabelError
        If label files of raters cannot be used.
    OutputError
        If `out` holds results already and `overwrite` is not set.
    """
    from behavior.metrics.tables import pivot_pooled
    from behavior.workflows.evaluate import evaluate_ethograms

    with collect_warnings() as notes:
        result = evaluate_ethograms(
            list_paths(ethograms),
            Path(labels),
            Path(out),
            raters=[Path(folder) for folder in raters],
            study=find_study(study),
            overwrite=overwrite,
        )
    return Evaluation(
        title=f"Scores in {Path(out)}",
        table=pivot_pooled(result.metrics),
        failures=dict(result.failures),
        notes=tuple(notes),
        metrics=result.metrics,
    )


def export_ethograms(
    ethograms: Paths,
    formats: str | Sequence[str],
    out: PathLike,
    *,
    videos: PathLike | None = None,
    study: PathLike | None = None,
    simba_features: PathLike | None = None,
    overwrite: bool = False,
) -> Outcome:
    """Write ethograms in the formats of other tools, as `behavior export` does.

    Parameters
    ----------
    ethograms
        Files `RECORDING_ethogram.csv`, or folders of them.
    formats
        Some of bouts, boris, boris_tabular, boris_aggregated, deepethogram, simba, nwb and parquet.
    out
        Folder for the files.
    videos
        Folder that has the videos now, if they were moved.
    study
        The study file, whose manifest names the animals: subjects of NWB files.
    simba_features
        A SimBA project's folder `csv/features_extracted`, to write whole `targets_inserted` tables.
    overwrite
        Replace files that are there already.

    Returns
    -------
    A row for each file.

    Raises
    ------
    UsageError
        If a format is unknown or its package is not installed, a folder is missing, or the study cannot be used.
    EthogramError
        If there is no ethogram.
    OutputError
        If files exist and `overwrite` is not set, or `out` cannot be written to.
    """
    import pandas as pd

    from behavior.workflows.export import export_ethograms

    names = [formats] if isinstance(formats, str) else list(formats)
    with collect_warnings() as notes:
        result = export_ethograms(
            list_paths(ethograms),
            names,
            Path(out),
            videos=as_path(videos),
            study=as_path(study),
            simba_features=as_path(simba_features),
            overwrite=overwrite,
        )
    rows = [(name, str(file)) for name, files in result.files.items() for file in files]
    return Outcome(f"Exports in {Path(out)}", pd.DataFrame(rows, columns=["format", "file"]), dict(result.failures), tuple(notes))


def describe_ethograms(
    ethograms: Paths,
    out: PathLike = "statistics",
    *,
    bin_s: float | None = None,
    groups: PathLike | None = None,
    study: Study | PathLike | None = None,
    body_parts: Sequence[str] = (),
    correction: Literal["holm", "fdr"] = "holm",
    of_labels: bool = False,
    audit: PathLike | None = None,
    figures: bool = True,
    overwrite: bool = False,
) -> Statistics:
    """Count and time bouts, compare groups of animals, and draw what they did, as `behavior stats` does.

    Parameters
    ----------
    ethograms
        Files `RECORDING_ethogram.csv`, or folders of them.
    out
        Folder for the results.
    bin_s
        Length of time bins in seconds; no bins if not given.
    groups
        A manifest with the group and the animal of each recording; the study's if not given.
    study
        Names pose and labels in its manifest, and zones in its arena.
    body_parts
        Where the animal is, instead of the study's body part; their mean if there are several.
    correction
        Of p values over behaviors: "holm", or "fdr" for Benjamini and Hochberg.
    of_labels
        Describe what people labelled instead of what was decided.
    audit
        Study file that `draw_audit` wrote and people labelled, or a study with labelled test recordings: corrects the figures by group.
    figures
        Draw pictures, which takes longest.
    overwrite
        Replace statistics that `out` holds already.

    Raises
    ------
    UsageError
        If the ethograms cannot be described together, or none can be described.
    EthogramError
        If there is no ethogram.
    OutputError
        If `out` holds statistics already and `overwrite` is not set.
    """
    from behavior.reporting.statistics_gathering import StatisticsRequest
    from behavior.reporting.statistics_summary import summarize_behaviors
    from behavior.workflows.statistics import describe_ethograms

    request = StatisticsRequest(
        bin_s=bin_s,
        groups=as_path(groups),
        study=find_study(study),
        body_parts=tuple(body_parts),
        correction=correction,
        of_labels=of_labels,
        audit=as_path(audit),
    )
    with collect_warnings() as notes:
        result = describe_ethograms(list_paths(ethograms), Path(out), request=request, with_figures=figures, overwrite=overwrite)
    tables = result.description.tables
    return Statistics(
        title=f"Statistics in {Path(out)}, means over animals",
        table=summarize_behaviors(result.description),
        failures=dict(result.failures),
        notes=tuple(notes),
        bouts=tables.bouts,
        transitions=tables.transitions,
        zones=tables.zones,
        groups=tables.groups,
        audit=tables.audit,
        assumptions=result.assumptions,
        hours=tables.hours,
        light_dark=tables.light_dark,
        periods=tables.periods,
        cosinor=tables.cosinor,
    )


def draw_audit(
    ethograms: Paths,
    out: PathLike = "audit",
    *,
    minutes: float = 40.0,
    clip_s: float = 10.0,
    study: Study | PathLike | None = None,
    groups: PathLike | None = None,
    seed: int = 0,
) -> Outcome:
    """Draw clips at random for people to label, as `behavior audit` does; `describe_ethograms` then corrects figures by them.

    Parameters
    ----------
    ethograms
        Files `RECORDING_ethogram.csv`, or folders of them.
    out
        Folder for the audit, which is a study to label.
    minutes
        How much people are going to label.
    clip_s
        Length of a clip in seconds.
    study
        Names videos, animals and groups in its manifest.
    groups
        A manifest with the group and the animal of each recording; the study's if not given.
    seed
        The same seed draws the same clips.

    Returns
    -------
    Outcome whose `table` has the clips: recording, start_frame, stop_frame.

    Raises
    ------
    UsageError
        If lengths are not above 0, or the ethograms cannot be audited together.
    EthogramError
        If there is no ethogram, or one cannot be used.
    OutputError
        If `out` holds an audit already.
    """
    import pandas as pd

    from behavior.workflows.audit import AuditRequest, draw_audit

    request = AuditRequest(minutes, clip_s, seed, find_study(study), as_path(groups))
    with collect_warnings() as notes:
        drawn = draw_audit(list_paths(ethograms), Path(out), request=request)
    rows = [(clip.recording, clip.start_frame, clip.stop_frame) for clip in drawn.clips]
    table = pd.DataFrame(rows, columns=["recording", "start_frame", "stop_frame"])
    return Outcome(f"Audit of {drawn.minutes:.1f} minutes in {Path(out)}", table, {}, tuple(notes))


def draw_overlays(
    ethograms: Paths,
    out: PathLike,
    *,
    study: Study | PathLike | None = None,
    videos: PathLike | None = None,
    start_s: float = 0.0,
    stop_s: float | None = None,
    speed: float = 1.0,
    video: bool = True,
    overwrite: bool = False,
    workers: int | None = None,
    cluster: PathLike | None = None,
) -> Outcome:
    """Draw videos with decisions, labels and probabilities, or the animals of tracks, on them, as `behavior overlay` does.

    Parameters
    ----------
    ethograms
        Files `RECORDING_ethogram.csv`, or folders of them; tracks `NAME_track.csv` or other pose files.
    out
        Folder for the files `RECORDING_overlay.mp4`, and `NAME_track_overlay.mp4`.
    study
        A study whose manifest names labels, which are drawn next to the model's decisions.
    videos
        Folder that has the videos now, if they were moved.
    start_s, stop_s
        What part of each recording is drawn, in its own seconds; to its end if there is no stop.
    speed
        2 plays twice as fast.
    video
        Draw the video; else probabilities and ethogram alone.
    overwrite
        Replace overlays that are there already.
    workers, cluster
        As for `Study.embed`.

    Raises
    ------
    UsageError
        If the part or the speed cannot be used, or `videos` is not a folder.
    EthogramError
        If there is no ethogram.
    OutputError
        If an overlay exists and `overwrite` is not set, or `out` cannot be written to.
    """
    import pandas as pd

    from behavior.figures.overlay_plan import Clip
    from behavior.workflows.overlay import draw_overlays

    with collect_warnings() as notes:
        result = draw_overlays(
            list_paths(ethograms),
            Path(out),
            study=find_study(study),
            videos=as_path(videos),
            clip=Clip(start_s, stop_s, speed),
            with_video=video,
            overwrite=overwrite,
            where=choose_where(workers, cluster),
        )
    rows = [(name, str(path), result.frames[name], result.fps[name]) for name, path in result.files.items()]
    table = pd.DataFrame(rows, columns=["recording", "overlay", "frames", "fps"])
    return Outcome(f"Overlays in {Path(out)}", table, dict(result.failures), tuple(notes))
