"""Opening a study: its file and its manifest."""

from __future__ import annotations

from pathlib import Path

from behavior.config import Study
from behavior.files.manifest import read_manifest
from behavior.files.study import read_study
from behavior.recording import Recording
from behavior.workflows.progress import detail

__all__ = ["open_study"]


def open_study(path: Path) -> tuple[Study, list[Recording]]:
    """Return the study that the file at `path` describes, and the recordings of its manifest."""
    study = read_study(path)
    recordings = read_manifest(study.recordings)
    detail(f"{path}: {len(recordings)} recordings in {study.recordings}, cache {study.cache}")
    return study, recordings
