"""`behavior check`: what a careful colleague would look at before a night of computing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from behavior.config import Study
from behavior.errors import BehaviorError
from behavior.files.study import open_study
from behavior.reporting.check_result import Problem, StudyCheck
from behavior.reporting.study_check import check_recordings
from behavior.search.space import list_searched

__all__ = ["check_study"]


def check_study(path: Path) -> StudyCheck:
    """Decode every video of the study at `path` and compare pose, labels and class balance with it.

    Raises
    ------
    UsageError
        If the study file or the manifest cannot be used at all.
    """
    study, recordings = open_study(path)
    searched: list[Study] = []
    refusals: list[Problem] = []
    if study.search is not None:
        try:
            searched = list_searched(study, study.search, source=path)
        except BehaviorError as error:
            refusals.append(Problem.error("", error))
    check = check_recordings(study, recordings, source=path, searched=searched)
    return replace(check, problems=[*check.problems, *refusals])
