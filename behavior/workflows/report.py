"""`behavior report`: what was done, with which data, how well, and what came of it, in one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from behavior import __version__
from behavior.config import Crop
from behavior.errors import UsageError, count_noun
from behavior.files.atomic import make_folder
from behavior.files.result_folders import refuse_result_file
from behavior.files.view_cells import name_view
from behavior.progress import announce, warn
from behavior.recording import Annotation, Recording
from behavior.reporting.bouts import make_bouts_section
from behavior.reporting.computing_times import make_computing_section
from behavior.reporting.description import Description
from behavior.reporting.familiarity_section import make_familiarity_section
from behavior.reporting.html_page import Page, Section, write_page
from behavior.reporting.methods import make_methods_section
from behavior.reporting.scores_section import Scores, make_score_sections, score_held_out
from behavior.reporting.sections import (
    make_check_section,
    make_done_section,
    make_ethogram_section,
    make_overview,
    make_statistics_section,
)
from behavior.reporting.sources import ReportSources, find_sources
from behavior.reporting.statistics_gathering import StatisticsRequest, gather_statistics, open_statistics_sources
from behavior.reporting.study_check import check_recordings
from behavior.versions import collect_versions

__all__ = ["ReportResult", "write_report"]

SUFFIXES = (".html", ".htm")


@dataclass
class ReportResult:
    """What was reported.

    Attributes
    ----------
    sections
        Titles.
    n_bytes
        Of the file.
    failures
        A sentence for each file that could not be used.
    notes
        Sentences on what is missing.
    """

    sections: list[str]
    n_bytes: int
    failures: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def write_report(
    paths: Sequence[Path],
    out: Path,
    *,
    study: Path | None = None,
    crossval: Path | None = None,
    model: Path | None = None,
    bin_s: float | None = None,
    with_check: bool = True,
    title: str | None = None,
    overwrite: bool = False,
) -> ReportResult:
    """Write a report on a study, or on ethograms, to the file `out`.

    Parameters
    ----------
    paths, study, crossval, model
        As `report_sources.find_sources` takes them.
    bin_s
        Length of time bins of the statistics in seconds.
    with_check
        Decode the study's videos and compare pose and labels with them.
    title
        First heading.
    overwrite
        Replace the file `out`.

    Raises
    ------
    UsageError
        If `out` is no HTML file, or there is nothing to report on.
    OutputError
        If `out` is there already and `overwrite` is not set, or cannot be written.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise UsageError(f"--out {out}: expected a file for the report, such as report.html.")
    refuse_result_file(out, overwrite=overwrite)
    sources = find_sources(paths, study=study, crossval=crossval, model=model)
    make_folder(out.parent)
    _announce_sources(sources)
    check = None
    if sources.study is not None and sources.study_path is not None and with_check:
        check = check_recordings(sources.study, sources.recordings, source=sources.study_path)
    description, failures = None, {}
    if sources.ethograms:
        statistics_sources = open_statistics_sources(StatisticsRequest(bin_s=bin_s, study=sources.study_path))
        gathered = gather_statistics(sources.ethograms, statistics_sources)
        description, failures = gathered.description, gathered.failures
    held_out = score_held_out(description.recordings) if description is not None else None
    versions = _find_versions(sources, description)
    sections = [
        make_overview(sources, description, held_out),
        make_done_section(sources, description, versions, report_versions=collect_versions()),
    ]
    if sources.study is not None:
        sections.append(make_check_section(check))
    sections += make_score_sections(sources.crossval, held_out, n_trained_on=_count_trained_on(description))
    if description is not None:
        announce("drawing")
        familiarity = make_familiarity_section(description)
        sections += [familiarity] if familiarity is not None else []
        sections += [make_ethogram_section(description), make_statistics_section(description)]
    sections += _make_bouts_sections(sources, description)
    computing = make_computing_section(sources, description)
    sections += [computing] if computing is not None else []
    sections.append(make_methods_section(sources, held_out, description, versions))
    page = Page(title or "Behavior report", _describe_subject(sources, description, held_out), sections, f"Made by behavior {__version__}.")
    write_page(out, page)
    return ReportResult([section.title for section in sections], out.stat().st_size, failures, sources.notes)


def _announce_sources(sources: ReportSources) -> None:
    if sources.crossval is not None:
        announce(f"cross-validation: {sources.crossval.folder}")
    if sources.model is not None:
        announce(f"model: {sources.model.folder}")
    if sources.ethograms:
        folders = dict.fromkeys(str(path.parent) for path in sources.ethograms)
        announce(f"ethograms: {len(sources.ethograms)} in {', '.join(folders)}")
    for note in sources.notes:
        warn(note)


def _find_versions(sources: ReportSources, description: Description | None) -> Mapping[str, str]:
    """Return the versions that results were made with: the ethograms', else the model's."""
    if description is not None:
        for recording in description.recordings:
            if recording.annotation.provenance.versions is not None:
                return recording.annotation.provenance.versions
    return sources.model.description.versions if sources.model is not None else {}


def _count_trained_on(description: Description | None) -> int:
    return sum(bool(recording.annotation.provenance.learned_from) for recording in description.recordings) if description else 0


def _make_bouts_sections(sources: ReportSources, description: Description | None) -> list[Section]:
    crop = _find_crop(sources, description)
    view_crops = _find_view_crops(sources, crop)
    by_id = {recording.id: recording for recording in sources.recordings}

    def find_recording(annotation: Annotation) -> Recording:
        known = by_id.get(annotation.recording) or Recording(annotation.recording)
        return Recording(
            known.id,
            video=known.video or _as_path(annotation.provenance.video),
            pose=known.pose or _as_path(annotation.provenance.pose),
            individual=known.individual or annotation.provenance.individual or "",
            views=known.views or _list_views(annotation),
        )

    if description is not None:
        annotations = [recording.annotation for recording in description.recordings]
        labels = {recording.name: recording.choose_labels() for recording in description.recordings if recording.labels}
        source = "these ethograms"
        return [make_bouts_section(annotations, find_recording, crop, source=source, labels=labels, view_crops=view_crops)]
    validated = sources.crossval
    if validated is not None and not validated.fits_thresholds:
        source = "cross-validation"
        return [
            make_bouts_section(validated.annotations, find_recording, crop, source=source, labels=validated.labels, view_crops=view_crops)
        ]
    return []


def _find_crop(sources: ReportSources, description: Description | None) -> Crop | None:
    """Return what models saw of a frame: as the model was trained, but for the body parts that all ethograms say they were made with."""
    crop = sources.study.crop if sources.study is not None else None
    if sources.model is not None and sources.model.description.crop is not None:
        crop = sources.model.description.crop
    made_with = {recording.annotation.provenance.body_parts for recording in description.recordings} if description is not None else set()
    body_parts = made_with.pop() if len(made_with) == 1 else None
    return crop.model_copy(update={"body_part": list(body_parts)}) if crop is not None and body_parts else crop


def _find_view_crops(sources: ReportSources, crop: Crop | None) -> dict[str, Crop | None]:
    """Return what models saw of a frame of each other view than the first."""
    views = sources.study.views if sources.study is not None else None
    if sources.model is not None:
        views = sources.model.description.views
    return {} if views is None else {name: crop if view.crop is None else view.crop for name, view in views.others.items()}


def _list_views(annotation: Annotation) -> dict[str, Recording]:
    """Return the views that an ethogram says it is of, where no study names them."""
    return {
        view.name: Recording(
            name_view(annotation.recording, view.name), video=_as_path(view.video), pose=_as_path(view.pose), start_s=view.start_s
        )
        for view in annotation.provenance.views or ()
    }


def _as_path(value: str | None) -> Path | None:
    return None if value is None else Path(value)


def _describe_subject(sources: ReportSources, description: Description | None, held_out: Scores | None) -> str:
    parts = []
    if description is not None:
        number = len(description.recordings)
        parts.append(f"{count_noun(number, 'ethogram')} of {', '.join(description.behaviors)}")
    elif sources.study is not None:
        parts.append(f"{count_noun(len(sources.recordings), 'recording')}, {', '.join(sources.study.behaviors)}")
    if sources.crossval is not None:
        parts.append(f"cross-validated on {count_noun(len(sources.crossval.annotations), 'recording')}")
    if held_out is not None:
        parts.append(f"scored on {len(held_out.annotations)} that the model was not trained on")
    return "; ".join(parts) + "."
