"""What the file of `--cluster` may say: the jobs that a queue starts, in which workers run."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from behavior.config.sections import Count, Positive, Section

__all__ = ["Cluster"]

_WALLTIME = re.compile(r"(\d+-)?\d{1,3}:\d\d(:\d\d)?")
_MEMORY = re.compile(r"\d+(\.\d+)? ?[kKMGT]?i?B")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Cluster(Section):
    """Jobs of a queue. Each job has one or more workers, and each worker does one unit at a time."""

    kind: Literal["slurm", "pbs", "sge", "lsf"] = Field(description="What manages the queue.", examples=["slurm"])
    jobs: Positive = Field(description="How many jobs are submitted; one that ends while there is work is replaced.", examples=[8])
    workers_per_job: Positive = Field(default=1, description="Workers in each job, which share its cores.", examples=[4])
    cores: Positive = Field(default=1, description="Cores of each job.", examples=[8])
    memory: str = Field(description="Memory of each job.", examples=["16 GB"])
    walltime: str = Field(
        default="04:00:00", description="How long a job may run, as hours:minutes:seconds or as the queue has it.", examples=["12:00:00"]
    )
    gpus: Count = Field(default=0, description="GPUs of each job.", examples=[1])
    queue: str | None = Field(default=None, description="Name of the queue or partition.", examples=["short"])
    account: str | None = Field(default=None, description="Account or project that is charged for the time.", examples=["lab42"])
    modules: list[str] = Field(default=[], description="Environment modules that a job loads.", examples=[["python/3.11"]])
    environment: dict[str, str] = Field(default={}, description="Variables that a job sets.", examples=[{"TMPDIR": "/scratch"}])
    python: str | None = Field(
        default=None, description="Python of the jobs, where it is not at the path of this one.", examples=["/shared/env/bin/python"]
    )
    interface: str | None = Field(default=None, description="Network between the machines, if it is not the usual one.", examples=["ib0"])
    directives: list[str] = Field(
        default=[], description="More lines for the queue, as its scripts have them behind #SBATCH and so on.", examples=[["--qos=long"]]
    )

    @field_validator("walltime")
    @classmethod
    def _is_time(cls, value: str) -> str:
        if not _WALLTIME.fullmatch(value):
            raise ValueError(f"found {value!r}, expected a time such as 12:00:00; in quotes, or YAML reads it as a number")
        return value

    @field_validator("memory")
    @classmethod
    def _is_memory(cls, value: str) -> str:
        if not _MEMORY.fullmatch(value):
            raise ValueError(f"found {value!r}, expected a number with its unit, such as 16 GB")
        return value

    @field_validator("environment")
    @classmethod
    def _has_names(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if not _NAME.fullmatch(name):
                raise ValueError(f"found {name!r}, expected names of variables: letters, digits and _")
        return value

    @field_validator("queue", "account", "python", "interface", "modules", "directives")
    @classmethod
    def _is_one_line(cls, value: str | list[str] | None) -> str | list[str] | None:
        for text in [value] if isinstance(value, str) else value or []:
            if not text.strip() or not text.isprintable():
                raise ValueError(f"found {text!r}, expected text of one line")
        return value
