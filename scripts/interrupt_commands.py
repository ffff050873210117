"""Press Ctrl-C on every command after several delays, and look how it ends and what it leaves.

    python scripts/interrupt_commands.py --demo demo

`--demo` is a folder that `behavior demo` made; without it, one is made first. Every command works on a copy of it, from the beginning
at each delay. The signal goes to the command alone, as from `kill -INT`, and to its whole group, as from a terminal. Printed are, for each
command: the longest time until it and all its processes had ended, its exit statuses, how often it printed a traceback, what temporary
files lay about, and with which status it ended when it was then started again. For POSIX systems.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

BEHAVIOR = (sys.executable, "-m", "behavior")
MOST_SECONDS = 30.0
ALLOWED_SECONDS = 2.0
TEMPORARY = (".tmp", ".claim", ".making", ".writable")

SEARCH = "search:\n  space: {head.units: [16, 32], training.learning_rate: [0.002, 0.005]}\n"


@dataclass(frozen=True)
class Command:
    """A command line, run in a copy of the demo's folder.

    Attributes
    ----------
    without
        What is removed first, so that there is work to do.
    removed_between
        What has to be removed before it is started again after an interruption.
    """

    name: str
    words: tuple[str, ...]
    without: tuple[str, ...] = ()
    removed_between: tuple[str, ...] = ()


COMMANDS = (
    Command("init", ("init", "videos", "--backbone", "openfield")),
    Command("check", ("check", "study.yaml")),
    Command("embed", ("embed", "study.yaml"), without=("cache",)),
    Command("embed --workers 2", ("embed", "study.yaml", "--workers", "2"), without=("cache",)),
    Command("finetune", ("finetune", "tuned.yaml", "--recordings", "mouse_01,mouse_02", "--out", "lab.keras")),
    Command("crossval", ("crossval", "study.yaml", "--out", "crossval"), without=("crossval",)),
    Command("search", ("search", "search.yaml", "--trials", "2", "--out", "search")),
    Command("train", ("train", "study.yaml", "--out", "model"), without=("model",)),
    Command("annotate", ("annotate", "model", "videos/mouse_07.mp4", "videos/mouse_08.mp4", "--out", "ethograms"), without=("ethograms",)),
    Command("export", ("export", "ethograms", "--format", "bouts,boris,boris_tabular,simba,nwb,parquet", "--out", "exports")),
    Command("evaluate", ("evaluate", "ethograms", "--labels", "videos", "--out", "scores")),
    Command("agreement", ("agreement", "videos", "raters", "--frames", "1500", "--fps", "10", "--out", "agreement")),
    Command("stats", ("stats", "ethograms", "--study", "study.yaml", "--out", "statistics")),
    Command("report", ("report", "study.yaml", "--out", "report.html")),
    Command("overlay", ("overlay", "ethograms", "--out", "overlays")),
    Command("backbones", ("backbones", "openfield", "--models", "models")),
    Command("demo", ("demo", "--out", "demo"), removed_between=("demo",)),
)


@dataclass
class Found:
    """What interrupting one command showed."""

    seconds: list[float] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    too_late: int = 0
    tracebacks: list[str] = field(default_factory=list)
    left: set[str] = field(default_factory=set)
    sentences: set[int] = field(default_factory=set)
    again: set[int] = field(default_factory=set)


def main() -> None:
    """Interrupt the commands and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", type=Path)
    parser.add_argument("--delays", default="0.1,0.5,1,1.5,2.5,4,6", help="seconds, separated by commas")
    parser.add_argument("--commands", default=",".join(command.name for command in COMMANDS), help="names, separated by commas")
    arguments = parser.parse_args()
    delays = [float(delay) for delay in arguments.delays.split(",")]
    # A program that runs in the background may be given a Ctrl-C that is switched off, and would hand that down.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    is_good = True
    with tempfile.TemporaryDirectory() as temporary:
        demo = arguments.demo
        if demo is None:
            demo = Path(temporary) / "demo"
            subprocess.run([*BEHAVIOR, "demo", "--out", demo, "--quiet"], check=True)
        say("command", "interrupted", "longest s", "status", "sentence", "tracebacks", "left behind", "again")
        for command in COMMANDS:
            if command.name in arguments.commands.split(","):
                found = interrupt(command, demo, Path(temporary) / "work", delays)
                report(command, found, len(delays))
                is_good &= max(found.seconds, default=0.0) <= ALLOWED_SECONDS and found.statuses <= {130} and not found.tracebacks
    if not is_good:
        raise SystemExit(1)


def interrupt(command: Command, demo: Path, work: Path, delays: list[float]) -> Found:
    """Interrupt `command` after each of `delays`, alone and with its group, and then let it run to its end."""
    found = Found()
    for whole_group in (False, True):
        for delay in delays:
            prepare(command, demo, work)
            is_interrupted = press(command, work, delay, found, whole_group=whole_group)
        if not is_interrupted:
            prepare(command, demo, work)
        for name in command.removed_between:
            shutil.rmtree(work / name, ignore_errors=True)
        again = subprocess.run([*BEHAVIOR, *command.words], cwd=work, capture_output=True, text=True)
        found.again.add(again.returncode)
        if again.returncode:
            print(again.stderr, file=sys.stderr)
    return found


def prepare(command: Command, demo: Path, work: Path) -> None:
    """Copy the demo's folder, without what the command is to make."""
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(demo, work, ignore=lambda folder, names: {"logs", *(command.without if Path(folder) == demo else ())} & set(names))
    shutil.copytree(demo / "videos", work / "raters", ignore=shutil.ignore_patterns("*.mp4", "*DLC*"))
    study = (work / "study.yaml").read_text(encoding="utf-8")
    (work / "search.yaml").write_text(study + SEARCH, encoding="utf-8")
    (work / "tuned.yaml").write_text(study + "finetune: {frames_per_recording: 200, head_epochs: 1, epochs: 1}\n", encoding="utf-8")


def press(command: Command, work: Path, delay: float, found: Found, *, whole_group: bool) -> bool:
    """Start `command`, interrupt it after `delay` seconds unless it has ended by then, note how it ends, and tell whether it could be."""
    with (work / "said.txt").open("w+", encoding="utf-8") as said:
        process = subprocess.Popen([*BEHAVIOR, *command.words], cwd=work, stdout=said, stderr=said, start_new_session=True)
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            pass
        else:
            found.too_late += 1
            return False
        began = time.perf_counter()
        (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
        try:
            found.statuses.add(process.wait(MOST_SECONDS))
            while is_there(process.pid) and time.perf_counter() - began < MOST_SECONDS:
                time.sleep(0.01)
        finally:
            found.seconds.append(time.perf_counter() - began)
            if found.seconds[-1] > ALLOWED_SECONDS:
                print(f"{command.name} after {delay} s took {found.seconds[-1]:.2f} s", file=sys.stderr)
            if is_there(process.pid):
                os.killpg(process.pid, signal.SIGKILL)
        said.seek(0)
        text = said.read()
    found.sentences.add(text.count("stopped; "))
    if "Traceback" in text:
        found.tracebacks.append(f"{command.name} after {delay} s:\n{text}")
    found.left |= {path.relative_to(work).as_posix() for path in work.rglob(".*") if any(part in path.name for part in TEMPORARY)}
    return True


def is_there(group: int) -> bool:
    """Tell whether any process of a group is at work; those that have ended may wait for the system to take note."""
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    return any(line.split()[0] == str(group) and not line.split()[1].startswith("Z") for line in listed.splitlines())


def report(command: Command, found: Found, n_delays: int) -> None:
    """Print a line of the table, and what was printed where there was a traceback."""
    n_interrupted = 2 * n_delays - found.too_late
    say(
        command.name,
        f"{n_interrupted} of {2 * n_delays}",
        f"{max(found.seconds, default=0.0):.2f}",
        join(found.statuses),
        join(found.sentences),
        len(found.tracebacks),
        join(found.left) or "nothing",
        join(found.again),
    )
    for text in found.tracebacks:
        print(text, file=sys.stderr)


def join(values: set[int] | set[str]) -> str:
    """Return values with spaces between."""
    return " ".join(map(str, sorted(values, key=str)))


def say(*cells: object) -> None:
    """Print a line of the table."""
    print(*(f"{cell!s:<{width}}" for cell, width in zip(cells, (18, 12, 10, 7, 9, 11, 20, 5), strict=True)), flush=True)


if __name__ == "__main__":
    main()
