"""The parts of a report that say what was done, with what, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from behavior.errors import BehaviorError, count_noun
from behavior.files.feature_sources import Signature, hash_file
from behavior.files.study import study_as_yaml
from behavior.learning.crossval_folder import CrossvalResults
from behavior.learning.variants import describe_model
from behavior.reporting.check_result import Problem, StudyCheck
from behavior.reporting.day_pictures import draw_animals
from behavior.reporting.day_summary import summarize_days
from behavior.reporting.description import Description
from behavior.reporting.html_page import Block, Details, Listing, Paragraph, Section, Table
from behavior.reporting.scores_section import Scores, embed_picture
from behavior.reporting.sources import Model, ReportSources
from behavior.reporting.statistics_figures import count_raster_pages, draw_overview, draw_rasters, draw_summaries, draw_trajectories
from behavior.reporting.statistics_summary import (
    list_rules,
    tabulate_behaviors,
    tabulate_groups,
    tabulate_zones,
)

__all__ = ["make_check_section", "make_done_section", "make_ethogram_section", "make_overview", "make_statistics_section"]

# A page has room for so many.
_N_TRAJECTORIES = 6
# Of more recordings than fit on so many pages, the ethograms are shown in one picture: a report is read, and sent by mail.
_MOST_PAGES = 6
# Of more problems and longer tables than these, the rest is shown on request.
_MOST_PROBLEMS, _MOST_ROWS = 20, 60


def make_overview(sources: ReportSources, description: Description | None, held_out: Scores | None) -> Section:
    """Return what the report is about, in a few lines."""
    points: list[str] = []
    if sources.study is not None:
        counts = {split: sum(recording.split == split for recording in sources.recordings) for split in ("train", "test")}
        where = sources.study_path.resolve() if sources.study_path is not None else ""
        points.append(
            f"Study {where}: {count_noun(len(sources.recordings), 'recording')} "
            f"({counts['train']} for training, {counts['test']} for testing), "
            f"behaviors {', '.join(sources.study.behaviors)}."
        )
    if description is not None:
        seconds = sum(recording.recorded_s for recording in description.recordings)
        number = len(description.recordings)
        points.append(f"Ethograms of {count_noun(number, 'recording')}, {seconds / 60:,.1f} minutes of video.")
    if sources.crossval is not None:
        known = Scores(sources.crossval.metrics, sources.crossval.annotations, sources.crossval.labels, sources.crossval.ceiling)
        points.append(f"Average precision in cross-validation: {_list_average_precision(known)}.")
    if held_out is not None:
        points.append(f"Average precision on held-out recordings: {_list_average_precision(held_out)}.")
    return Section("Overview", [Listing(points), *(Paragraph(note, "warning") for note in sources.notes)])


def make_done_section(
    sources: ReportSources, description: Description | None, versions: Mapping[str, str], *, report_versions: Mapping[str, str]
) -> Section:
    """Return settings, seeds, versions and hashes.

    Parameters
    ----------
    versions
        Of the packages that the results were made with.
    report_versions
        Of those that the report was made with.
    """
    blocks: list[Block] = []
    rows = []
    study = sources.study or (sources.crossval.study if sources.crossval else None)
    if study is not None:
        rows.append(["Model", describe_model(study)])
        rows.append(["Seed", str(study.training.seed)])
    if sources.crossval is not None:
        rows.append(["Cross-validation", str(sources.crossval.folder)])
        blocks += _describe_folds(sources.crossval)
    if sources.model is not None:
        rows += _describe_bundle(sources.model)
    if description is not None:
        rows += _describe_ethograms(description)
    table = Table(["What", "How"], rows, n_names=2)
    names = list(dict.fromkeys([*versions, *report_versions]))
    packages = Table(
        ["Package", "Results", "This report"], [[name, versions.get(name, ""), report_versions.get(name, "")] for name in names], n_names=3
    )
    blocks = [table, Details("Versions", [packages]), *blocks]
    if study is not None:
        text = sources.study_path.read_text(encoding="utf-8") if sources.study_path is not None else study_as_yaml(study)
        blocks.append(Details("The study file", text=text))
        blocks.append(Details("All settings, including defaults", text=study_as_yaml(study)))
    blocks.append(Details("Hashes of files (BLAKE2b, 128 bits)", [_hash_files(sources, description)]))
    return Section("What was done", blocks)


def make_check_section(check: StudyCheck | None) -> Section:
    """Return what is the matter with the data; None where it was not checked."""
    if check is None:
        return Section("Data check", [Paragraph("The videos were not decoded for this report.", "note")])
    behaviors = list(dict.fromkeys(name for checked in check.recordings for name in checked.positives))
    heading = ["Recording", "Split", "Frames", "fps", "Centre measured", "Labelled", *behaviors]
    rows = [
        [
            checked.recording,
            checked.split,
            _format(checked.n_frames, "{:,}"),
            _format(checked.fps, "{:.4g}"),
            _format(checked.measured, "{:.1%}"),
            _format(checked.labelled, "{:.0%}"),
            *(_format(checked.positives.get(name), "{:.1%}") for name in behaviors),
        ]
        for checked in check.recordings
    ]
    kept = [column for column in range(len(heading)) if any(row[column] for row in rows)]
    table = Table(
        [heading[column] for column in kept],
        [[row[column] for column in kept] for row in rows],
        n_names=2,
        caption="Behaviors: share of the labelled frames",
    )
    tables: list[Block] = [table, *_tabulate_views(check)]
    blocks: list[Block] = tables if len(rows) <= _MOST_ROWS else [Details(f"The {len(rows)} recordings", tables)]
    # Errors first, where some are folded away; sorting keeps the order of each kind.
    many = len(check.problems) > _MOST_PROBLEMS
    problems = sorted(check.problems, key=lambda problem: not problem.is_error) if many else list(check.problems)
    shown = [_show_problem(problem) for problem in problems]
    blocks += shown[:_MOST_PROBLEMS]
    if many:
        blocks.append(Details(f"{len(shown) - _MOST_PROBLEMS} more problems", shown[_MOST_PROBLEMS:]))
    if not check.problems:
        words = (
            "Every frame was decoded" if any(checked.measured is not None for checked in check.recordings) else "Every recording was read"
        )
        blocks.append(Paragraph(f"{words} and checked against pose and labels; no problems were found."))
    return Section("Data check", blocks)


def _tabulate_views(check: StudyCheck) -> list[Table]:
    """Return what there is of other views than the first; nothing where there are none."""
    rows = [
        [
            checked.recording,
            column,
            f"{view.n_frames:,}",
            _format(view.fps, "{:.4g}"),
            _format(view.from_s, "{:.4g} s"),
            _format(view.to_s, "{:.4g} s"),
        ]
        for checked in check.recordings
        for column, view in checked.views.items()
    ]
    heading = ["Recording", "Column", "Frames", "fps", "From", "To"]
    return [Table(heading, rows, n_names=2, caption="Other views, and what they show of the first")] if rows else []


def _show_problem(problem: Problem) -> Paragraph:
    subject = f"{problem.recording}: " if problem.recording else ""
    return Paragraph(f"{'Error' if problem.is_error else 'Warning'}: {subject}{problem.message}", "warning")


def make_ethogram_section(description: Description) -> Section:
    """Return the ethograms of all recordings, in one picture where there are very many."""
    if count_raster_pages(description) > _MOST_PAGES:
        caption = (
            "A line for each recording, groups together: the share of time in which a behavior was decided, the darker, the higher. Grey: "
            "not recorded."
        )
        overview = embed_picture(draw_overview(description), "Ethograms of all recordings", caption)
        words = f"{len(description.recordings)} recordings are too many to show each; `behavior stats` draws the ethogram of every one."
        return Section("Ethograms", [overview, Paragraph(words, "note")])
    caption = "People above where there are labels, then what was decided, then its probability: the darker, the higher."
    return Section("Ethograms", [embed_picture(figure, "Ethograms of the recordings", caption) for _, figure in draw_rasters(description)])


def make_statistics_section(description: Description) -> Section:
    """Return what the animals did: tables and pictures."""
    heads, rows = tabulate_behaviors(description)
    blocks: list[Block] = [Table(heads, rows, n_names=2, caption="Behaviors, means over animals")]
    if description.tables.groups is not None:
        heads, rows = tabulate_groups(description.tables.groups)
        blocks.append(Table(heads, rows, n_names=4, caption="Comparison of groups"))
    if description.tables.zones is not None:
        heads, rows = tabulate_zones(description, description.tables.zones)
        blocks.append(Table(heads, rows, n_names=2, caption="Zones, means over animals"))
    blocks += [Table(*table, n_names=3, caption=heading) for heading, table in summarize_days(description.tables)]
    blocks.append(Details("What the numbers are", [Listing(list_rules(description))]))
    if description.left_out:
        blocks += [Paragraph("Left out:"), Listing(list(description.left_out))]
    if description.notes:
        blocks.append(Listing(list(description.notes)))
    for name, figure in draw_summaries(description):
        blocks.append(embed_picture(figure, name.replace("_", " ").capitalize(), is_wide=name != "transition_graph"))
    trajectories: list[Block] = [
        embed_picture(figure, f"Trajectory of {name.removeprefix('trajectory_')}")
        for name, figure in draw_trajectories(description, most=_N_TRAJECTORIES)
    ]
    of_days: list[Block] = [
        embed_picture(figure, name.replace("_", " of ", 1).capitalize()) for name, figure in draw_animals(description, most=_N_TRAJECTORIES)
    ]
    if of_days:
        n_more = len(description.days) - _N_TRAJECTORIES
        if n_more > 0:
            of_days.append(Paragraph(f"Not shown: {n_more} more; `behavior stats` draws them all.", "note"))
        blocks.append(Details("Actograms and periodograms", of_days))
    if trajectories:
        n_more = sum(recording.positions is not None for recording in description.recordings) - len(trajectories)
        if n_more > 0:
            trajectories.append(Paragraph(f"Not shown: {n_more} more; `behavior stats` draws them all.", "note"))
        blocks.append(Details("Where the animals went, and what they did there", trajectories))
    return Section("Statistics", blocks)


def _describe_folds(crossval: CrossvalResults) -> list[Block]:
    columns = [name for name in ("fold", "behavior", "member", "watched", "best_epoch", "epochs", "reason") if name in crossval.folds]
    rows = [["" if cell != cell else _show_cell(cell) for cell in row] for row in crossval.folds[columns].itertuples(index=False)]
    return [Details("Folds", [Table([name.replace("_", " ") for name in columns], rows, n_names=4)])]


def _show_cell(cell: object) -> str:
    return f"{cell:g}" if isinstance(cell, float) else str(cell)


def _describe_bundle(model: Model) -> list[list[str]]:
    bundle = model.description
    training = bundle.training
    streams = list(dict.fromkeys((stream.name, stream.signature) for member in bundle.members for stream in member.streams))
    epochs = ", ".join(f"{name} {' and '.join(map(str, counts))}" for name, counts in training.epochs.items())
    rows = [
        ["Final model", f"{model.folder}, hash {model.hash}; {len(bundle.members)} network{'s' if len(bundle.members) > 1 else ''}"],
        ["Training and validation recordings", ", ".join(training.recordings)],
        ["Epochs", f"{epochs}. {training.stopping}"],
        ["Decisions", _show_setting(bundle.postprocess.model_dump(exclude_none=True))],
        ["Seed of the model", str(training.seed)],
    ]
    rows += [["Features", _describe_features(name, signature)] for name, signature in streams]
    rows += [[f"Not trained: {name}", reason] for name, reason in training.skipped.items()]
    return rows


def _describe_features(name: str, signature: str) -> str:
    settings = Signature.from_text(signature).settings
    return f"{name}: {', '.join(f'{key} {value}' for key, value in settings.items())}"


def _describe_ethograms(description: Description) -> list[list[str]]:
    recordings = description.recordings
    applied = [recording.annotation.provenance.postprocess for recording in recordings]
    settings = dict.fromkeys(_show_setting(None if one is None else one.as_mapping()) for one in applied)
    resampled = [recording.name for recording in recordings if recording.annotation.provenance.resampled]
    broke_off = [recording.name for recording in recordings if recording.annotation.provenance.broke_off]
    rows = [["Ethograms", f"{len(recordings)}; post-processing: {' or '.join(settings)}"]]
    rows += [[what, ", ".join(names)] for what, names in (("Resampled in time", resampled), ("Video breaks off", broke_off)) if names]
    return rows


def _show_setting(setting: object) -> str:
    if isinstance(setting, Mapping):
        parts = [f"{name} ({_show_setting(value)})" if isinstance(value, Mapping) else f"{name} {value}" for name, value in setting.items()]
        return ", ".join(parts)
    return "not known" if setting is None else str(setting)


def _hash_files(sources: ReportSources, description: Description | None) -> Table:
    """Return the hashes of what is small; videos are known by the hashes in the feature cache."""
    paths: list[Path] = [path for path in (sources.study_path, sources.study.recordings if sources.study else None) if path is not None]
    if sources.model is not None:
        paths += sorted(path for path in sources.model.folder.iterdir() if path.suffix in (".keras", ".npz", ".yaml"))
    for recording in sources.recordings:
        paths += [*recording.labels.values(), *([recording.pose] if recording.pose else [])]
    paths += list(sources.ethograms)
    rows = []
    for path in dict.fromkeys(paths):
        try:
            rows.append([str(path), hash_file(path)])
        except BehaviorError as error:
            rows.append([str(path), str(error)])
    return Table(["File", "Hash"], rows, n_names=2)


def _list_average_precision(scores: Scores) -> str:
    values = {name: scores.metrics.find(name, "average_precision").value for name in scores.behaviors}
    return ", ".join(f"{name} {'undefined' if value != value else f'{value:.3f}'}" for name, value in values.items())


def _format(value: float | None, pattern: str) -> str:
    return "" if value is None or value != value else pattern.format(value)
