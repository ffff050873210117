"""Giving a behavior another name in a search whose trials stay as they are."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import get_args

import optuna

from behavior.config import Search, Study
from behavior.config.renaming import Renaming
from behavior.errors import UsageError
from behavior.files.atomic import write_text
from behavior.files.cells import unescape_cell
from behavior.files.study_renaming import rename_study_file
from behavior.files.table_renaming import rename_header
from behavior.search.results import BEST_FILE, RENAMED, SUMMARY, TRIALS_FILE
from behavior.search.storage import DEFAULT_FILE, open_search
from behavior.search.trials import SETTINGS, hash_settings

__all__ = ["knows_search", "rename_search"]

_OBJECTIVES = get_args(Search.model_fields["objective"].annotation)
_LONGEST_LINE = 1_000_000


def knows_search(folder: Path, renaming: Renaming) -> bool:
    """Tell whether the table of trials in `folder` has scores of the behavior."""
    table = folder / TRIALS_FILE
    return table.is_file() and any(f"{objective}_{renaming.old}" in _read_header(table) for objective in _OBJECTIVES)


def rename_search(folder: Path, renaming: Renaming, before: Study, after: Study) -> None:
    """Rename the behavior in the search in `folder`: what it is tied to, its tables and the best study; `trials.csv` goes last.

    Parameters
    ----------
    before, after
        The study with the old and with the new name. The search goes on with the second.

    Raises
    ------
    UsageError
        If the search is one of other settings than the study's.
    OutputError
        If a file cannot be written.
    """
    if (folder / DEFAULT_FILE).is_file():
        _tie(folder, renaming, before, after)
    if (folder / BEST_FILE).is_file():
        rename_study_file(folder / BEST_FILE, renaming)
    summary, table = folder / SUMMARY, folder / TRIALS_FILE
    if summary.is_file():
        write_text(summary, renaming.rename_words(summary.read_text(encoding="utf-8")))
    columns = {f"{objective}_{renaming.old}": f"{objective}_{renaming.new}" for objective in _OBJECTIVES}
    write_text(table, rename_header(table.read_text(encoding="utf-8"), rename=lambda name: columns.get(name, name)))


def _tie(folder: Path, renaming: Renaming, before: Study, after: Study) -> None:
    """Tie the searches in the storage of `folder` that are of the study `before` to the study `after`."""
    assert before.search is None or after.search is not None
    names = optuna.get_all_study_names(f"sqlite:///{(folder / DEFAULT_FILE).resolve()}")
    n_tied = 0
    for name in names:
        study = open_search(None, name, folder=folder).study
        tied_to = study.user_attrs.get(SETTINGS)
        if (
            before.search is None
            or after.search is None
            or tied_to
            not in (
                hash_settings(before, before.search),
                hash_settings(after, after.search),
            )
        ):
            continue
        renamed = study.user_attrs.get(RENAMED, [])
        if [renaming.old, renaming.new] not in renamed:
            # The trials that are there have the old name.
            study.set_user_attr(RENAMED, [*renamed, [renaming.old, renaming.new]])
        study.set_user_attr(SETTINGS, hash_settings(after, after.search))
        n_tied += 1
    if names and not n_tied:
        raise UsageError(
            f"{folder / DEFAULT_FILE}: holds a search with other settings than the study's, which its behavior cannot be renamed in; undo "
            "the change to the study's settings first, or leave the search as it is."
        )


def _read_header(table: Path) -> list[str]:
    with table.open(encoding="utf-8", newline="") as file:
        return [unescape_cell(name) for name in next(csv.reader([file.readline(_LONGEST_LINE)]), [])]
