"""Workers in jobs of SLURM, PBS, SGE or LSF, which dask-jobqueue submits."""

from __future__ import annotations

import importlib
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from behavior.errors import UsageError

__all__ = ["describe_jobs", "submit_jobs"]

CLASSES = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "sge": "SGECluster", "lsf": "LSFCluster"}
# How long a worker looks for the scheduler before its job ends.
SECONDS_TO_FIND_SCHEDULER = 120
SECONDS_TO_SUBMIT = 30.0
SECONDS_BETWEEN_LOOKS = 0.1


def describe_jobs(settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return what dask-jobqueue is asked for.

    Parameters
    ----------
    settings
        `config.cluster.Cluster` as plain values.
    folder
        Where jobs write their logs.
    """
    cores, n_workers, gpus = settings["cores"], settings["workers_per_job"], settings["gpus"]
    directives = list(settings["directives"])
    options: dict[str, Any] = {
        # For Dask, a worker's cores are the units that it does at a time.
        "cores": n_workers,
        "processes": n_workers,
        "memory": settings["memory"],
        "walltime": settings["walltime"],
        "queue": settings["queue"],
        "job_name": "behavior",
        "python": settings["python"] or sys.executable,
        "interface": settings["interface"],
        "log_directory": str(folder),
        "local_directory": None,
        "death_timeout": SECONDS_TO_FIND_SCHEDULER,
        # A job whose only worker died ends, and is replaced; and Dask's memory limit looks at the wrong process.
        "nanny": n_workers > 1,
        "worker_extra_args": ["--memory-limit", "0", "--dashboard-address", "127.0.0.1:0"],
        "job_script_prologue": [
            *(f"module load {shlex.quote(name)}" for name in settings["modules"]),
            *(f"export {name}={shlex.quote(value)}" for name, value in settings["environment"].items()),
        ],
        "scheduler_options": {"dashboard_address": "127.0.0.1:0"},
    }
    match settings["kind"]:
        case "slurm":
            options |= {"account": settings["account"], "job_cpu": cores}
            directives += [f"--gres=gpu:{gpus}"] if gpus else []
        case "pbs":
            number = settings["memory"].replace(" ", "").replace("i", "")
            gpu_part = f":ngpus={gpus}" if gpus else ""
            options |= {"account": settings["account"], "resource_spec": f"select=1:ncpus={cores}{gpu_part}:mem={number.lower()}"}
        case "sge":
            options |= {"project": settings["account"]}
            directives += [f"-pe smp {cores}"] if cores > 1 else []
            directives += [f"-l gpu={gpus}"] if gpus else []
        case "lsf":
            # LSF has no seconds.
            hours_and_minutes = settings["walltime"].rpartition(":")[0] if settings["walltime"].count(":") == 2 else settings["walltime"]
            options |= {"project": settings["account"], "ncpus": cores, "walltime": hours_and_minutes}
            directives += [f"-gpu num={gpus}"] if gpus else []
    return options | {"job_extra_directives": directives}


@contextmanager
def submit_jobs(settings: Mapping[str, Any], folder: Path) -> Iterator[Any]:
    """Yield a cluster whose jobs are submitted, and which are cancelled after the block.

    Raises
    ------
    UsageError
        If dask-jobqueue is not installed, or the queue takes no jobs.
    """
    try:
        module = importlib.import_module("dask_jobqueue")
    except ImportError:
        raise UsageError(
            f"--cluster: jobs of {settings['kind']} need dask-jobqueue, which is not installed; pip install 'behavior[cluster]'."
        ) from None
    made = getattr(module, CLASSES[settings["kind"]])
    job: Any = made.job_cls
    refused: list[Exception] = []

    class Job(job):
        """Keeps what the queue said, which Dask loses."""

        async def _submit_job(self, script_filename: str) -> Any:
            try:
                return await super()._submit_job(script_filename)
            except (OSError, RuntimeError) as error:
                refused.append(error)
                raise

    try:
        cluster = made(job_cls=Job, silence_logs=False, **describe_jobs(settings, folder))
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"--cluster: no scheduler could be started for jobs of {settings['kind']} ({_shorten(error)}).") from error
    try:
        cluster.scale(jobs=settings["jobs"])
        give_up = time.monotonic() + SECONDS_TO_SUBMIT
        while not refused and len(cluster.workers) < settings["jobs"] and time.monotonic() < give_up:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        if refused:
            raise UsageError(
                f"--cluster: {settings['kind']} takes no job ({_shorten(refused[0])}); check queue, account, memory and walltime in the "
                "file."
            )
        yield cluster
    finally:
        # Dask insists that what it closes was begun, which a job is not that the queue has refused.
        with suppress(AssertionError):
            cluster.close()


def _shorten(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # dask-jobqueue has what the queue says behind the command.
    said = next((number for number, line in enumerate(lines) if line.startswith("stderr:")), -2)
    return (lines[min(said + 1, len(lines) - 1)] if lines else type(error).__name__)[:300]
