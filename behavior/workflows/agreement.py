"""`behavior agreement`: how well several raters of the same recordings agree, and the human ceiling that other commands show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pandas as pd

from behavior.errors import UsageError, count_noun
from behavior.files.atomic import make_folder, require_writable
from behavior.files.cells import write_table
from behavior.files.markdown import write_markdown
from behavior.files.result_folders import refuse_results, replace_results
from behavior.learning.rater_files import RaterFiles, find_folder_files, find_study_files, list_labelled_recordings, name_rater_folders
from behavior.learning.raters import read_rater_labels, score_rater_agreement
from behavior.metrics.agreement import OTHERS, summarize_raters
from behavior.metrics.tables import POOLED
from behavior.recording import Labels
from behavior.reporting.score_summary import format_agreement

__all__ = ["AGREEMENT_FILE", "AGREEMENT_SUMMARY", "AgreementResult", "compare_raters"]

AGREEMENT_FILE = "agreement.csv"
AGREEMENT_SUMMARY = "agreement.md"


@dataclass(frozen=True)
class AgreementResult:
    """What was compared: the tables of `agreement.csv` and of the human ceiling, and names in their order."""

    table: pd.DataFrame
    ceiling: pd.DataFrame
    raters: tuple[str, ...]
    behaviors: tuple[str, ...]

    def list_pooled(self, metrics: Sequence[str]) -> list[list[str | float]]:
        """Return behavior, rater, against and the pooled `metrics`: each pair once, and each of several raters against the others."""
        pooled = self.table[self.table["recording"] == POOLED]
        values = pooled.set_index(["behavior", "rater", "against", "metric"])["value"].to_dict()
        sides = list(combinations(self.raters, 2))
        if len(self.raters) > 2:
            sides += [(rater, OTHERS) for rater in self.raters]
        keys = [(behavior, *side) for behavior in self.behaviors for side in sides if (behavior, *side, metrics[0]) in values]
        return [[*key, *(float(values[*key, metric]) for metric in metrics)] for key in keys]


def compare_raters(
    paths: Sequence[Path],
    out: Path,
    *,
    study: Path | None = None,
    n_frames: int | None = None,
    fps: float | None = None,
    overwrite: bool = False,
) -> AgreementResult:
    """Compare the raters of the same recordings, and write the table and its summary to the folder `out`.

    Parameters
    ----------
    paths
        A study file, whose manifest has a column `labels_NAME` for each rater, or for each rater a folder of label files that are named
        after the recordings, or name them or their videos, as files of many recordings do.
    study
        Tells for folders what the recordings and behaviors are, and how many frames there are and when. Without it all recordings and
        behaviors in the files are compared.
    n_frames, fps
        Frames of every recording and frames per second, for folders without `study`: bout tables do not tell the first. Without `fps`
        there are no errors in seconds.

    Raises
    ------
    UsageError
        If there are fewer than two raters, or the number of frames is unknown.
    LabelError
        If label files cannot be used: one sentence for each, so that all can be fixed at once.
    OutputError
        If `out` holds results already and `overwrite` is not set.
    """
    if not paths:
        raise UsageError("agreement needs a study file, or a folder of label files for each rater; name them.")
    _prepare_folder(out, overwrite=overwrite)
    files = _find_files(paths, study=study, n_frames=n_frames, fps=fps)
    if not files.behaviors:
        raise UsageError("the label files name no behavior; give --study to say which there are.")
    labels = read_rater_labels(files)
    table = score_rater_agreement(labels, files.behaviors, files.time_s)
    ceiling = summarize_raters(table)
    notes = _describe(labels, files)
    summary = format_agreement(table, ceiling, behaviors=files.behaviors, title="Agreement of raters", notes=notes)
    with replace_results(out, mark=AGREEMENT_SUMMARY, find_earlier=lambda folder: [folder / AGREEMENT_FILE]) as folder:
        write_table(folder / AGREEMENT_FILE, table)
        write_markdown(folder / AGREEMENT_SUMMARY, summary)
    return AgreementResult(table, ceiling, tuple(labels), files.behaviors)


def _prepare_folder(out: Path, *, overwrite: bool) -> None:
    """Make the folder `out`; OutputError if it holds results already and `overwrite` is not set."""
    make_folder(out)
    if not overwrite:
        refuse_results(out, mark=AGREEMENT_SUMMARY, what="results", advice="give another folder, or --overwrite to replace them")
    require_writable(out)


def _find_files(paths: Sequence[Path], *, study: Path | None, n_frames: int | None, fps: float | None) -> RaterFiles:
    """Return the label files that `paths`, a study file or a folder of each rater, stand for."""
    if len(paths) == 1 and not paths[0].is_dir():
        if study is not None or n_frames is not None or fps is not None:
            raise UsageError(f"{paths[0]}: is taken for a study file, which --study, --frames and --fps do not go with; leave them out.")
        return find_study_files(paths[0])
    folders = name_rater_folders(paths)
    if study is not None and (n_frames is not None or fps is not None):
        raise UsageError("--study tells how many frames there are and when; leave --frames and --fps out.")
    return find_folder_files(folders, study=study, n_frames=n_frames, fps=fps)


def _describe(labels: Mapping[str, Mapping[str, Labels]], files: RaterFiles) -> list[str]:
    """Return the sentences above the tables of the summary."""
    names = list_labelled_recordings(labels)
    notes = [f"{count_noun(len(labels), 'rater')} of {count_noun(len(names), 'recording')}: {', '.join(labels)}."]
    if any(len(by_recording) < len(names) for by_recording in labels.values()):
        counts = ", ".join(f"{rater} has {len(by_recording)}" for rater, by_recording in labels.items())
        notes.append(f"Not every rater has all: {counts}.")
    notes.append("In brackets: the 95 % interval from resampling recordings, unless a heading says otherwise.")
    notes.append("Precision of one rater against another is recall the other way round; errors change their sign.")
    if len(labels) > 2:
        notes.append(
            "Frames on which the others are split are left out of a comparison with their majority; they are the hardest ones, so it "
            "comes out better than that with one other."
        )
    if any(one.time_s is None for one in files.frames.values()):
        notes.append("The times of frames are not known, so there are no errors in seconds; --study or --fps tell them.")
    return notes
