"""A real SLURM, where Debian's packages for it are, or can be installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "try_slurm.py"
PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
SECONDS = 1800


def has_slurm():
    return shutil.which("slurmctld", path=f"{os.environ['PATH']}:/usr/sbin") is not None


@pytest.mark.slow
def test_embed_and_crossval_on_slurm_are_those_of_one_process_though_a_job_is_cancelled(tmp_path):
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("SLURM's daemons are started on Linux, by root")
    if not has_slurm() and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "--yes", "--no-install-recommends", *PACKAGES], capture_output=True)
    if not has_slurm():
        pytest.skip(f"Debian's packages {', '.join(PACKAGES)} are not there and cannot be installed")
    done = subprocess.run([sys.executable, SCRIPT, tmp_path / "slurm"], capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith(("ok", "FAILED"))]
    assert len(lines) == 9 and all(line.startswith("ok") for line in lines)
