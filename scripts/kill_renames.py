"""Kill commands before and after each rename that they make, and look at what is left and whether they run again.

    python scripts/kill_renames.py --demo demo

Every command runs in a copy of the demo's folder, cut down to four recordings, in which earlier results with other content lie. It is run
once to count its renames, then once for each moment, in which it kills itself (SIGKILL), and once more after that. Printed for each
command: the moments tried; after how many of them results were all old, all new, or not marked as complete; how many could not be read
or mixed old and new; how many second runs failed, and what temporary files were there after these.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from behavior.cli import main as main_of_behavior
from behavior.errors import BehaviorError, CrossvalError, ModelError
from behavior.files.ethograms import find_ethograms, read_annotation
from behavior.files.model_bundle import read_bundle
from behavior.files.study import read_study
from behavior.learning.crossval_folder import read_crossval

RECORDINGS = ("mouse_01", "mouse_02", "mouse_03", "mouse_07")
TEMPORARY = (".tmp", ".claim", ".making", ".unfinished", ".parts")


@dataclass(frozen=True)
class Command:
    """A command line, what has to lie there before it, and what it leaves.

    Attributes
    ----------
    words
        The command line.
    look
        Returns what state its results are in: "old", "new" or "incomplete"; raises for what cannot be read, AssertionError for a mixture.
    earlier
        Command lines that make earlier results.
    without
        What is removed first.
    """

    words: tuple[str, ...]
    look: Callable[[Path, Path, Path], str]
    earlier: tuple[tuple[str, ...], ...] = ()
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ran:
    """How a command ended, how many renames it began, and what it printed."""

    status: int
    n_renames: int
    said: str


@dataclass
class Outcome:
    """What killing one command showed."""

    n_moments: int = 0
    states: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("old", "new", "incomplete"), 0))
    unreadable: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    left: set[str] = field(default_factory=set)


def main() -> None:
    """Kill the commands and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", type=Path)
    parser.add_argument("--commands", default=",".join(COMMANDS), help="names, separated by commas")
    parser.add_argument("--keras", action="store_true", help="load Keras once, before the processes that need it are made")
    parser.add_argument("--most", type=int, help="of the renames of a command, try this number, spread evenly")
    arguments = parser.parse_args()
    if arguments.keras:
        import keras  # noqa: F401
    is_good = True
    say("command", "renames", "killed", "old", "new", "incomplete", "unreadable", "mixed", "failed again", "left behind")
    with tempfile.TemporaryDirectory() as temporary:
        demo = arguments.demo
        if demo is None:
            demo = Path(temporary) / "demo"
            subprocess.run([sys.executable, "-m", "behavior", "demo", "--out", demo, "--quiet"], check=True)
        for name in arguments.commands.split(","):
            outcome, n_renames = kill(COMMANDS[name], demo, Path(temporary), arguments.most)
            counts = (outcome.states["old"], outcome.states["new"], outcome.states["incomplete"])
            problems = (outcome.unreadable, outcome.mixed, outcome.failed)
            say(name, n_renames, outcome.n_moments, *counts, *map(len, problems), " ".join(sorted(outcome.left)) or "nothing")
            for problem in problems:
                print(*problem, sep="\n", end="\n" if problem else "", file=sys.stderr)
            is_good &= not any(problems) and not outcome.left
    if not is_good:
        raise SystemExit(1)


def kill(command: Command, demo: Path, temporary: Path, most: int | None) -> tuple[Outcome, int]:
    """Kill `command` at its renames, and return what came of it and how many renames it makes."""
    before, after = (temporary / name for name in ("before", "after"))
    for folder in (before, after):
        shutil.rmtree(folder, ignore_errors=True)
    prepare(demo, before, command)
    shutil.copytree(before, after)
    unbroken = run(command.words, after)
    if unbroken.status:
        raise SystemExit(f"{' '.join(command.words)}: {unbroken.said}")
    chosen: Sequence[int] = range(unbroken.n_renames)
    if most is not None and unbroken.n_renames > most:
        chosen = sorted({round(index * (unbroken.n_renames - 1) / (most - 1)) for index in range(most)})
    outcome = Outcome()
    for number in chosen:
        for is_after in (False, True):
            # Of another name each time: what this process has looked at, those that it makes believe they have.
            work = temporary / f"work_{command.words[0]}_{number}_{is_after}"
            shutil.copytree(before, work)
            killed = run(command.words, work, number=number, is_after=is_after)
            title = f"{' '.join(command.words)}, killed {'after' if is_after else 'before'} rename {number}"
            if killed.status == 0 and killed.n_renames <= number:
                # It made fewer this time: states of training are written by the clock.
                shutil.rmtree(work)
                continue
            if killed.status != -signal.SIGKILL:
                raise SystemExit(f"{title}: it was not; {killed.said}")
            outcome.n_moments += 1
            look(command, title, before, after, work, outcome)
            again = run(command.words, work)
            if again.status and not is_refused_as_whole(command, before, after, work):
                outcome.failed.append(f"{title}: {again.said}")
            outcome.left |= {path.relative_to(work).as_posix() for path in work.rglob(".*") if any(part in path.name for part in TEMPORARY)}
            shutil.rmtree(work)
    return outcome, unbroken.n_renames


def is_refused_as_whole(command: Command, before: Path, after: Path, work: Path) -> bool:
    """Tell whether a second run has nothing to do: without --overwrite, new results that are complete are not replaced."""
    return "--overwrite" not in command.words and command.look(before, after, work) == "new"


def look(command: Command, title: str, before: Path, after: Path, work: Path, outcome: Outcome) -> None:
    """Note in which state the results are."""
    try:
        outcome.states[command.look(before, after, work)] += 1
    except AssertionError as error:
        outcome.mixed.append(f"{title}: {error}")
    except (BehaviorError, OSError, ValueError, LookupError) as error:
        outcome.unreadable.append(f"{title}: {type(error).__name__}: {error}")


def prepare(demo: Path, folder: Path, command: Command) -> None:
    """Copy the demo's folder with four of its recordings, quickly trained, and make earlier results."""
    shutil.copytree(demo, folder, ignore=shutil.ignore_patterns("logs", "report.html", *command.without))
    lines = (folder / "recordings.csv").read_text(encoding="utf-8").splitlines()
    kept = [lines[0], *(line for line in lines[1:] if line.split(",")[0] in RECORDINGS)]
    (folder / "recordings.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    for path in (folder / "ethograms").glob("*"):
        if not path.name.startswith(RECORDINGS[:2]):
            path.unlink()
    study = (folder / "study.yaml").read_text(encoding="utf-8").replace("epochs: 15", "epochs: 2")
    (folder / "study.yaml").write_text(study, encoding="utf-8")
    (folder / "search.yaml").write_text(study + "search:\n  space: {head.units: [8, 16, 32]}\n  sampler: grid\n", encoding="utf-8")
    for words in command.earlier:
        ran = run(words, folder)
        if ran.status:
            raise SystemExit(f"{' '.join(words)}: {ran.said}")
    if command.words[0] == "crossval":
        # Labels that were corrected since.
        for path in (folder / "videos").glob("*_labels.csv"):
            header, _, rows = path.read_text(encoding="utf-8").partition("\n")
            names = header.replace("grooming", "?").replace("mid_rearing", "grooming").replace("?", "mid_rearing")
            path.write_text(f"{names}\n{rows}", encoding="utf-8")


def run(words: Sequence[str], folder: Path, *, number: int = -1, is_after: bool = False) -> Ran:
    """Run a command in `folder`, in a process of its own that kills itself at its rename `number`."""
    with (folder.parent / "said.txt").open("w+", encoding="utf-8") as said, (folder.parent / "renames.bin").open("w+b") as renames:
        process = os.fork()
        if not process:
            os.chdir(folder)
            for stream in (sys.stdout, sys.stderr):
                os.dup2(said.fileno(), stream.fileno())
            guard_renames(renames.fileno(), number, is_after=is_after)
            sys.argv = ["behavior", *words]
            status = 1
            try:
                main_of_behavior()
            except SystemExit as ending:
                status = ending.code if isinstance(ending.code, int) else 0
            finally:
                sys.stdout.flush()
                # Without what this process would tidy up at its end.
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        said.seek(0)
        return Ran(status, os.fstat(renames.fileno()).st_size, said.read())


def guard_renames(log: int, number: int, *, is_after: bool) -> None:
    """Write a byte to `log` for each rename of this process, and kill it at the one of that number."""

    def guard(original: Callable[..., None]) -> Callable[..., None]:
        def guarded(*arguments: Any, **options: Any) -> None:
            is_due = os.fstat(log).st_size == number
            os.write(log, b".")
            if is_due and not is_after:
                os.kill(os.getpid(), signal.SIGKILL)
            original(*arguments, **options)
            if is_due:
                os.kill(os.getpid(), signal.SIGKILL)

        return guarded

    os.replace, os.rename = guard(os.replace), guard(os.rename)


def look_at_ethograms(before: Path, after: Path, work: Path) -> str:
    """Read every ethogram as all commands do, and compare its three files with those of before and after."""
    states = []
    for path in find_ethograms([work / "ethograms"]):
        # What was interrupted is finished by who reads it.
        annotation = read_annotation(path)
        names = [f"{annotation.recording}{end}" for end in ("_ethogram.csv", "_bouts.csv", "_ethogram.json")]
        states.append(compare(names, before / "ethograms", after / "ethograms", work / "ethograms"))
    assert len(states) == 2, f"{len(states)} ethograms are left"
    # One recording is replaced after the other.
    return "new" if set(states) == {"new"} else "old"


def compare(names: Sequence[str], before: Path, after: Path, work: Path) -> str:
    """Return which of the two folders has the same files `names`, whatever the folders are called in them."""
    contents: list[dict[str, bytes]] = []
    for folder in (before, after, work):
        contents.append({name: read_result(folder / name) for name in names if (folder / name).exists()})
        # What was copied names the folder that it was made in.
        for name, other in itertools.product(contents[-1], (before, after, work)):
            contents[-1][name] = contents[-1][name].replace(str(other.parent).encode(), b"")
    assert contents[2] in contents[:2], f"{work}: {', '.join(names)} are neither those of before nor those of after"
    return "old" if contents[2] == contents[0] else "new"


def read_result(path: Path) -> bytes:
    """Return the content of a file without how long it took to compute it, which differs from run to run."""
    content = path.read_bytes()
    if not path.name.endswith("_ethogram.json"):
        return content
    description = json.loads(content)
    return json.dumps({key: value for key, value in description.items() if key not in ("computing_time", "provenance_hash")}).encode()


def look_at_marked(folder: str, mark: str) -> Callable[[Path, Path, Path], str]:
    """Return what compares all files of a folder of results, when the mark of completeness is there."""

    def look(before: Path, after: Path, work: Path) -> str:
        if not (work / folder / mark).exists():
            return "incomplete"
        # A file staged under a hidden name is not a result.
        found = [path.relative_to(one / folder) for one in (before, after, work) for path in (one / folder).rglob("*") if path.is_file()]
        names = {name.as_posix() for name in found if not any(part.startswith(".") or part == "logs" for part in name.parts)}
        return compare(sorted(names), before / folder, after / folder, work / folder)

    return look


def look_at_crossval(before: Path, after: Path, work: Path) -> str:
    """Read a cross-validation as `train` and `report` do."""
    try:
        digest = read_crossval(work / "crossval").digest
    except CrossvalError as error:
        if "is incomplete: the run was stopped" not in str(error):
            raise
        return "incomplete"
    return compare(list(digest.files), before / "crossval", after / "crossval", work / "crossval")


def look_at_model(before: Path, after: Path, work: Path) -> str:
    """Open a model as `annotate` does, and look for its scores."""
    try:
        files = read_bundle(work / "model").files
    except ModelError as error:
        if "found no bundle.yaml" not in str(error):
            raise
        return "incomplete"
    assert files is not None
    for name in ("metrics.csv", "summary.md", "confusion.png", "precision_recall.png"):
        assert (work / "model" / name).read_bytes() == (after / "model" / name).read_bytes(), f"{name} is another model's"
    return "new"


def look_at_search(before: Path, after: Path, work: Path) -> str:
    """Compare the numbers of trials in the table, the summary and the best study."""
    folder = work / "search"
    if not (folder / "summary.md").exists():
        return "incomplete"
    states = pd.read_csv(folder / "trials.csv")["state"].tolist()
    n_done = states.count("complete") + states.count("pruned")
    summary = (folder / "summary.md").read_text(encoding="utf-8")
    assert f"- {n_done} of " in summary, f"trials.csv has {n_done} trials, summary.md says {summary.splitlines()[2]}"
    if n_done:
        read_study(folder / "best.yaml")
        head = (folder / "best.yaml").read_text(encoding="utf-8").splitlines()[0]
        assert f"the best of {n_done}:" in head, f"trials.csv has {n_done} trials, best.yaml says {head}"
        assert f"- Best: {head.split(' of ')[0].removeprefix('# ').lower()} " in summary, f"summary.md has another best than {head}"
    return "new" if n_done == 3 else "old"


def look_at_report(before: Path, after: Path, work: Path) -> str:
    """See whether a report is whole."""
    content = (work / "report.html").read_bytes()
    if content == (before / "report.html").read_bytes():
        return "old"
    assert content.rstrip().endswith(b"</html>"), "report.html was cut off"
    return "new"


def say(*cells: object) -> None:
    """Print a line of the table."""
    print(*(f"{cell!s:<{width}}" for cell, width in zip(cells, (10, 8, 7, 5, 5, 11, 11, 6, 13, 12), strict=True)), flush=True)


DECIDE = ("decide", "ethograms", "--threshold", "0.2")
STATS = ("stats", "ethograms", "--study", "study.yaml", "--out", "statistics", "--overwrite")
REPORT = ("report", "study.yaml", "--out", "report.html", "--no-check", "--overwrite")
COMMANDS = {
    "decide": Command((*DECIDE[:-1], "0.3"), look_at_ethograms, earlier=(DECIDE,)),
    "annotate": Command(
        ("annotate", "model", "videos/mouse_01.mp4", "videos/mouse_02.mp4", "--out", "ethograms", "--cache", "cache", "--overwrite"),
        look_at_ethograms,
        earlier=(DECIDE,),
    ),
    "stats": Command(STATS, look_at_marked("statistics", "statistics.md"), earlier=((*STATS, "--bin", "30s"), DECIDE)),
    "evaluate": Command(
        ("evaluate", "ethograms", "--labels", "videos", "--out", "scores", "--overwrite"),
        look_at_marked("scores", "summary.md"),
        earlier=(("evaluate", "ethograms", "--labels", "videos", "--out", "scores"), DECIDE),
    ),
    "report": Command(REPORT, look_at_report, earlier=(REPORT, DECIDE)),
    "crossval": Command(
        ("crossval", "study.yaml", "--out", "crossval", "--overwrite"),
        look_at_crossval,
        earlier=(("crossval", "study.yaml", "--out", "crossval", "--overwrite"),),
    ),
    "train": Command(("train", "study.yaml", "--out", "model"), look_at_model, without=("model",)),
    "search": Command(
        ("search", "search.yaml", "--out", "search", "--trials", "3"),
        look_at_search,
        earlier=(("search", "search.yaml", "--out", "search", "--trials", "1"),),
    ),
}

if __name__ == "__main__":
    main()
