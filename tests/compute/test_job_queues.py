"""Jobs of queues: the scripts that are submitted, and queues that are not there."""

import dask_jobqueue
import pytest

from behavior.compute.job_queues import CLASSES, describe_jobs, submit_jobs
from behavior.config import Cluster
from behavior.errors import UsageError


def settle(**content):
    return Cluster(**{"kind": "slurm", "jobs": 2, "memory": "16 GB", **content}).model_dump()


def write_script(tmp_path, **content):
    settings = settle(**content)
    with getattr(dask_jobqueue, CLASSES[settings["kind"]])(**describe_jobs(settings, tmp_path / "logs")) as cluster:
        return cluster.job_script()


EVERYTHING = {
    "cores": 8,
    "workers_per_job": 4,
    "gpus": 2,
    "queue": "short",
    "account": "lab42",
    "walltime": "12:00:00",
    "modules": ["python/3.11"],
    "environment": {"PLACE": "a b; c"},
    "python": "/shared/env/bin/python",
    "directives": ["--more=1"],
}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("slurm", ["-p short", "-A lab42", "--cpus-per-task=8", "--mem=15G", "-t 12:00:00", "--gres=gpu:2", "#SBATCH --more=1"]),
        ("pbs", ["-q short", "-A lab42", "-l select=1:ncpus=8:ngpus=2:mem=16gb", "-l walltime=12:00:00", "#PBS --more=1"]),
        ("sge", ["-q short", "-P lab42", "-pe smp 8", "-l h_rt=12:00:00", "-l gpu=2"]),
        ("lsf", ["-q short", '-P "lab42"', "-n 8", "-W 12:00\n", "-gpu num=2"]),
    ],
)
def test_a_script_asks_for_what_the_file_says(tmp_path, kind, expected):
    script = write_script(tmp_path, kind=kind, **EVERYTHING)
    missing = [words for words in expected if words not in script]
    assert not missing, script
    assert "module load python/3.11\nexport PLACE='a b; c'\n" in script
    assert "/shared/env/bin/python -m distributed.cli.dask_worker" in script
    assert "--nthreads 1 " in script
    # The last one counts.
    assert script.rindex("--memory-limit 0") > script.index("--memory-limit")
    assert "--nworkers 4" in script
    # Dask starts several workers in a job under a guardian alone.
    assert "--no-nanny" not in script and "--no-nanny" in write_script(tmp_path, kind=kind)


def test_a_queue_that_is_not_there_is_named_within_seconds(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="--cluster: slurm takes no job") as caught, submit_jobs(settle(), tmp_path):
        pass
    assert "sbatch" in str(caught.value)


def test_without_dask_jobqueue_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "dask_jobqueue", None)
    with pytest.raises(UsageError, match=r"pip install 'behavior\[cluster\]'"), submit_jobs(settle(), tmp_path):
        pass
