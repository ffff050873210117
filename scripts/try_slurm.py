"""Runs `embed` and `crossval` through a real SLURM on this machine, and compares what they leave with one process.

    python scripts/try_slurm.py /tmp/slurm
    python scripts/try_slurm.py /tmp/slurm --overheads

It starts Debian's munged, slurmctld and slurmd (`apt-get install slurmctld slurmd slurm-client munge`) with a configuration of its own in
the folder: one node, this machine, with two CPUs. It has to be root. One of the jobs is cancelled while it works. With `--overheads`, it
measures instead what a unit of work costs besides itself, on workers of this machine and on SLURM. What it started is stopped at the
end, and nothing outside the folder is changed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

PROGRAMS = ("munged", "slurmctld", "slurmd", "squeue", "scancel", "sbatch", "sinfo")
SECONDS_TO_START, SECONDS_TO_SEE_WORK, SECONDS_TO_END = 60, 300, 60
ROOT = Path(__file__).resolve().parents[1]
N_CPUS = 2
CONFIGURATION = """
ClusterName=try
SlurmctldHost={host}
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=2
ReturnToService=2
NodeName={host} CPUs={cpus} RealMemory=4000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
"""


@dataclass(frozen=True)
class Outcome:
    """What a command did: its status, what it said, the most jobs that were seen at once, and the job that was cancelled."""

    status: int
    said: str
    most_jobs: int
    cancelled: str


def main() -> int:
    """Try it, print a line for each thing that was found, and return 0 where all is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="new folder for everything")
    parser.add_argument("--frames", type=int, default=300, help="frames of each of the three recordings")
    parser.add_argument("--overheads", action="store_true", help="measure what handing out units of work costs, and nothing else")
    arguments = parser.parse_args()
    # So that what was started is stopped, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = arguments.folder.resolve()
    missing = [name for name in PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    if missing or os.geteuid() != 0:
        lacking = ", ".join(missing) or "root"
        print(f"needs root and Debian's slurmctld, slurmd, slurm-client and munge; missing: {lacking}", file=sys.stderr)
        return 2
    folder.mkdir(parents=True)
    if arguments.overheads:
        return show_overheads(folder)
    study = make_study(folder / "study", n_frames=arguments.frames)
    with slurm(folder) as environment:
        jobs = write_cluster(folder / "cluster.yaml")
        copy = shutil.copytree(study.parent, folder / "on_slurm") / "study.yaml"
        checks: list[tuple[str, bool]] = []
        for name, options in (("embed", ()), ("crossval", ("--out", "crossval"))):
            run(study.parent, [name, "study.yaml", *options])
            began = time.monotonic()
            outcome = run_on_slurm(copy.parent, [name, "study.yaml", *options, "--cluster", str(jobs)], environment)
            print(f"{name}: {time.monotonic() - began:.0f} s on SLURM, {outcome.most_jobs} jobs at once, cancelled job {outcome.cancelled}")
            if outcome.status:
                print(outcome.said, file=sys.stderr)
            checks += [
                (f"{name} ends with exit status 0", outcome.status == 0),
                (f"{name}: two jobs were seen in squeue", outcome.most_jobs == N_CPUS),
                (f"{name}: a job was cancelled in the middle", bool(outcome.cancelled)),
            ]
        different = compare(study.parent, copy.parent)
        checks.append((", ".join(["features and cross-validation are those of one process", *different]), not different))
        # SLURM lists a job that is cancelled until its processes have ended.
        checks.append(("no job is left", not wait_until_none(lambda: list_jobs(environment))))
        checks.append(("no process of a job is left", not wait_until_none(lambda: list_workers(environment["SLURM_CONF"]))))
    for sentence, is_so in checks:
        print(f"{'ok    ' if is_so else 'FAILED'} {sentence}")
    return 0 if all(is_so for _, is_so in checks) else 1


def show_overheads(folder: Path) -> int:
    """Print what a unit of work costs besides itself, here and on SLURM, and return 0."""
    from cluster_overheads import measure_overheads

    from behavior.compute.where import Where
    from behavior.files.cluster_file import read_cluster

    with slurm(folder) as environment:
        jobs = read_cluster(str(write_cluster(folder / "cluster.yaml")))
        os.environ.update(environment)
        for name, where in (("workers on this machine", Where(workers=N_CPUS)), ("jobs of SLURM", Where(cluster=jobs))):
            print(f"{N_CPUS} {name}")
            for what, value in measure_overheads(where, folder, n_workers=N_CPUS).items():
                print(f"  {what:70}{value:>16}", flush=True)
    return 0


def make_study(folder: Path, *, n_frames: int) -> Path:
    """Render a study of three recordings with the packaged backbone, and return its file."""
    from behavior.config import LstmHead, Study, Training, Windows
    from behavior.files.manifest import write_manifest
    from behavior.files.study import write_study
    from behavior.recording import Recording
    from behavior.synthetic.study import write_study_files
    from behavior.workflows.demo import DEMO_STUDY

    files = write_study_files(folder / "videos", n_recordings=3, n_frames=n_frames, seed=0)
    recordings = [Recording(one.name, video=one.video, pose=one.pose, labels={"": one.labels}, animal=one.name) for one in files]
    write_manifest(folder / "recordings.csv", recordings)
    study: Study = DEMO_STUDY.model_copy(
        update={
            "head": LstmHead(kind="lstm", layers=1, units=8),
            "windows": Windows(length=25),
            # Two of the nine models at a time, so that there are groups to share.
            "training": Training(epochs=3, patience=3, memory_gib=3e-4),
        }
    )
    write_study(folder / "study.yaml", study)
    return folder / "study.yaml"


def write_cluster(path: Path) -> Path:
    """Write the file for `--cluster`, and return its path."""
    content = {
        "kind": "slurm",
        "jobs": N_CPUS,
        "cores": 1,
        "memory": "1500 MB",
        "walltime": "00:30:00",
        "queue": "main",
        "environment": {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'scripts'}"},
    }
    path.write_text(yaml.safe_dump(content))
    return path


@contextmanager
def slurm(folder: Path) -> Iterator[Mapping[str, str]]:
    """Yield the environment in which commands talk to a SLURM of this machine, which is stopped after the block."""
    ports = [find_port(), find_port()]
    for name in ("munge", "state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge" / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    host = socket.gethostname().partition(".")[0]
    configuration = folder / "slurm.conf"
    configuration.write_text(
        CONFIGURATION.format(host=host, folder=folder, cpus=N_CPUS, controller_port=ports[0], node_port=ports[1]).lstrip()
    )
    environment = {**os.environ, "SLURM_CONF": str(configuration), "PATH": f"{os.environ['PATH']}:/usr/sbin"}
    places = {"socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    options = [f"--{option}={folder}/munge/{name}" for option, name in places.items()]
    daemons: list[subprocess.Popen[bytes]] = []
    try:
        for command in (
            ["munged", "--foreground", "--force", f"--key-file={key}", *options],
            ["slurmctld", "-D", "-f", str(configuration)],
            ["slurmd", "-D", "-f", str(configuration)],
        ):
            log = (folder / f"{command[0]}.out").open("wb")
            daemons.append(subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT))
            log.close()
            time.sleep(1)
        wait_for_node(environment)
        yield environment
    finally:
        subprocess.run(["scancel", "--user", "root"], env=environment, capture_output=True)
        for daemon in reversed(daemons):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


def wait_for_node(environment: Mapping[str, str]) -> None:
    """Wait until the node takes jobs."""
    give_up = time.monotonic() + SECONDS_TO_START
    while True:
        asked = subprocess.run(["sinfo", "--noheader", "--format", "%T"], env=environment, capture_output=True, text=True)
        if asked.stdout.strip() == "idle":
            return
        if time.monotonic() > give_up:
            raise SystemExit(f"SLURM does not start: {asked.stdout.strip()} {asked.stderr.strip()}")
        time.sleep(0.5)


def find_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def run(folder: Path, words: list[str]) -> None:
    """Run a command of the package in one process."""
    subprocess.run([sys.executable, "-m", "behavior", "--quiet", *words], cwd=folder, check=True, env=with_package(os.environ))


def run_on_slurm(folder: Path, words: list[str], environment: Mapping[str, str]) -> Outcome:
    """Run a command of the package, cancel the first job that has begun to work, and return what was seen."""
    most_jobs, cancelled = 0, ""
    said_path = folder / "said.txt"
    with said_path.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "behavior", *words], cwd=folder, env=with_package(environment), stdout=said, stderr=subprocess.STDOUT
        )
        give_up = time.monotonic() + SECONDS_TO_SEE_WORK
        while process.poll() is None:
            running = [job for job, state in list_jobs(environment).items() if state == "RUNNING"]
            most_jobs = max(most_jobs, len(running))
            if not cancelled and len(running) == N_CPUS and is_at_work(folder):
                cancelled = running[0]
                subprocess.run(["scancel", cancelled], env=environment, check=True)
            if time.monotonic() > give_up and not most_jobs:
                process.terminate()
            time.sleep(0.3)
    return Outcome(process.returncode, said_path.read_text(errors="replace"), most_jobs, cancelled)


def is_at_work(folder: Path) -> bool:
    """Tell whether a recording is being embedded, or a group of models is trained."""
    return any(folder.glob("cache/.*.claim")) or any(folder.glob("crossval/.fits/folds/variant0/*.npz"))


def list_jobs(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the state of each job in the queue."""
    asked = subprocess.run(["squeue", "--noheader", "--format", "%i %T"], env=environment, capture_output=True, text=True)
    return dict(line.split() for line in asked.stdout.splitlines())


def wait_until_none(list_left: Callable[[], Collection[object]]) -> Collection[object]:
    """Return what is left after some patience, or nothing as soon as that is so."""
    give_up = time.monotonic() + SECONDS_TO_END
    while (left := list_left()) and time.monotonic() < give_up:
        time.sleep(0.5)
    return left


def list_workers(configuration: str) -> list[int]:
    """Return the processes that jobs of the SLURM of a configuration have started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        # Some end meanwhile; those that have ended, and are only not yet taken note of, have no variables.
        with suppress(OSError):
            variables = path.read_bytes().split(b"\0")
            if f"SLURM_CONF={configuration}".encode() in variables and any(one.startswith(b"SLURM_JOB_ID=") for one in variables):
                found.append(int(path.parent.name))
    return found


def compare(alone: Path, shared: Path) -> list[str]:
    """Return the names of results that differ: features to their last bit, tables byte for byte, but for what says how long it took."""
    import numpy as np

    from behavior.files.feature_cache import read_features
    from behavior.learning.crossval_files import COMPUTING_TIME_FILE

    different = []
    for path in sorted((alone / "cache").glob("*.h5")):
        one, other = read_features(path), read_features(shared / "cache" / path.name)
        if not np.array_equal(one.features, other.features) or not np.array_equal(one.centers, other.centers):
            different.append(path.name)
    tables = [path.relative_to(alone) for path in (alone / "crossval").rglob("*.csv") if path.name != COMPUTING_TIME_FILE]
    tables.append(Path("crossval/out_of_fold.npz"))
    different += [str(name) for name in tables if (alone / name).read_bytes() != (shared / name).read_bytes()]
    return different


def with_package(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which Python finds this package."""
    return {**environment, "PYTHONPATH": str(ROOT)}


if __name__ == "__main__":
    sys.exit(main())
