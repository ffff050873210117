"""`behavior check`: what a careful colleague would look at before a night of computing."""

from __future__ import annotations

from pathlib import Path

from behavior.files.study import open_study
from behavior.reporting.check_result import StudyCheck
from behavior.reporting.study_check import check_recordings

__all__ = ["check_study"]


def check_study(path: Path) -> StudyCheck:
    """Decode every video of the study at `path` and compare pose, labels and class balance with it.

    Raises
    ------
    UsageError
        If the study file or the manifest cannot be used at all.
    """
    study, recordings = open_study(path)
    return check_recordings(study, recordings)
