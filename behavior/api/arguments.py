"""What arguments of the API may be, and what they stand for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, overload, runtime_checkable

from behavior.compute.where import Where
from behavior.files.cluster_file import read_cluster

__all__ = ["HasFolder", "HasPath", "PathLike", "Paths", "as_path", "choose_where", "find_folder", "find_study", "list_paths"]

PathLike = str | os.PathLike[str]
Paths = PathLike | Sequence[PathLike]


@runtime_checkable
class HasPath(Protocol):
    """A study that was opened."""

    @property
    def path(self) -> Path:
        """Its file."""


class HasFolder(Protocol):
    """A cross-validation or a model that was opened."""

    @property
    def folder(self) -> Path:
        """Where it is."""


def as_path(path: PathLike | None) -> Path | None:
    """Return a path, None for None."""
    return None if path is None else Path(path)


def choose_where(workers: int | None, cluster: PathLike | None) -> Where:
    """Return where work runs: in `workers` processes on this machine, or on a `cluster`, given by its address or a file on jobs."""
    return Where(workers, None if cluster is None else read_cluster(os.fspath(cluster)))


def list_paths(paths: Paths) -> list[Path]:
    """Return one path, or several, as a list.

    >>> [path.name for path in list_paths("ethograms")]
    ['ethograms']
    """
    return [Path(path) for path in paths] if isinstance(paths, Sequence) and not isinstance(paths, str) else [Path(paths)]


@overload
def find_study(study: HasPath | PathLike) -> Path: ...
@overload
def find_study(study: None) -> None: ...
@overload
def find_study(study: HasPath | PathLike | None) -> Path | None: ...
def find_study(study: HasPath | PathLike | None) -> Path | None:
    """Return the file of a study that was opened, or its path."""
    return as_path(study) if study is None or isinstance(study, str | os.PathLike) else study.path


def find_folder(results: HasFolder | PathLike | None) -> Path | None:
    """Return the folder of a cross-validation or a model that was opened, or its path."""
    return as_path(results) if results is None or isinstance(results, str | os.PathLike) else results.folder
