"""Where the units of a command's work run: in this process, in several on this machine, or on a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from behavior.errors import UsageError

__all__ = ["HERE", "Where"]


@dataclass(frozen=True)
class Where:
    """Where work runs.

    Attributes
    ----------
    workers
        Number of processes on this machine, which share its cores; one, this process, where None.
    cluster
        Instead of them: the address of a running Dask scheduler, or the settings of jobs (`config.cluster.Cluster` as plain values).

    Raises
    ------
    UsageError
        If the number is below 1, or both are given.
    """

    workers: int | None = None
    cluster: str | Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise UsageError(f"--workers is {self.workers}, expected 1 or more.")
        if self.workers is not None and self.cluster is not None:
            raise UsageError("--workers is for this machine and --cluster for others; give one of them.")

    @property
    def is_here(self) -> bool:
        """Whether work runs in this process."""
        return self.cluster is None and (self.workers or 1) == 1


HERE = Where()
