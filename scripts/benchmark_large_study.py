"""Print what commands take on studies of 10, 100 and 1,000 tiny recordings, and how that grows: processor seconds, memory, bytes.

    python scripts/benchmark_large_study.py
    python scripts/benchmark_large_study.py --recordings 10 100 --only check report
    python scripts/benchmark_large_study.py --minutes 360 1440 --only annotate-study stats overlay report

Every recording has a video of its own (encoded here, no two of the same content), pose, labels and, after `annotate`, an ethogram. The
model is trained on six of them. The exponent is that of the growth from the second largest study to the largest, start-up (the same
command's seconds on the smallest) taken off: 1 is linear, 2 is quadratic.

With `--minutes`, studies are of one recording of so many minutes at 30 frames per second: one rendered minute, again and again, so that it
is written without encoding a day; all of it is decoded.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from behavior.files.video_writer import write_video

FPS, N_FRAMES, HEIGHT, WIDTH = 30, 60, 48, 64
MINUTE = 60 * FPS
BODY_PARTS = ("nose", "midbody", "tailbase")
BEHAVIORS = ("grooming", "rearing")
GROUPS = ("control", "treated")
N_TRAINED_ON = 6
STUDY = """\
behaviors: [grooming, rearing]
crop: {body_part: midbody, size: 32}
streams: [pose]
windows: {length: 30}
head: {kind: lstm, layers: 1, units: 8}
training: {epochs: 2}
"""
PARTS = (
    "init",
    "check",
    "embed",
    "plan",
    "annotate",
    "annotate-study",
    "decide",
    "stats",
    "overlay",
    "evaluate",
    "export",
    "report",
    "review",
)


NEED_ETHOGRAMS = ("plan", "decide", "stats", "overlay", "evaluate", "export", "report", "review")


@dataclass(frozen=True)
class Taken:
    """What a command took: processor seconds, peak memory in MiB, and what else there is to say."""

    seconds: float
    peak_mib: float
    note: str = ""


def main() -> None:
    """Make the studies, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--minutes", type=int, nargs="+", help="Measure on one recording of so many minutes instead.")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS))
    parser.add_argument("--folder", type=Path, help="Keep the studies there, and use those that are there already.")
    parser.add_argument("--part", choices=("plan",), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        plan(arguments.folder)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.folder or Path(name)
        model = make_model(folder / "small")
        taken: dict[str, dict[int, Taken]] = {part: {} for part in arguments.only}
        sizes = sorted(arguments.minutes or arguments.recordings)
        for size in sizes:
            study = make_day(folder / f"minutes{size}", size) if arguments.minutes else write_study(folder / f"study{size}", size)
            for part in arguments.only:
                if part in NEED_ETHOGRAMS:
                    make_ethograms(study, model)
                show = taken[part][size] = measure(part, study, model)
                print(f"{size:6d} {part:14s} {show.seconds:8.2f} s {show.peak_mib:7.0f} MiB {show.note}", flush=True)
        if len(sizes) > 2 and not arguments.minutes:
            report(taken)


def report(taken: dict[str, dict[int, Taken]]) -> None:
    """Print how each command grows."""
    for part, by_size in taken.items():
        smallest, *_, second, largest = sorted(by_size)
        start = by_size[smallest].seconds
        before, after = (max(by_size[size].seconds - start, 1e-9) for size in (second, largest))
        sizes = np.log((largest - smallest) / (second - smallest))
        memory = (by_size[largest].peak_mib - by_size[second].peak_mib) / (largest - second)
        print(f"{part:14s} exponent {np.log(after / before) / sizes:5.2f}, {memory:6.3f} MiB more for each recording", flush=True)


def make_recording(folder: Path, number: int, n_frames: int = N_FRAMES) -> None:
    """Write the video, pose and labels of one recording: an animal that goes around and rears in between."""
    rng = np.random.default_rng(number)
    phase, speed = rng.uniform(0, 6), rng.uniform(0.05, 0.15)
    angles = phase + speed * np.arange(n_frames)
    centers = np.stack([WIDTH / 2 + 14 * np.cos(angles), HEIGHT / 2 + 9 * np.sin(angles)], axis=1)
    floor = rng.integers(90, 140, (HEIGHT, WIDTH, 3), dtype=np.uint8)

    def draw() -> Iterator[np.ndarray]:
        rows, columns = np.mgrid[:HEIGHT, :WIDTH]
        for x, y in centers:
            yield np.where((((columns - x) / 6) ** 2 + ((rows - y) / 4) ** 2 < 1)[..., None], np.uint8(30), floor)

    write_video(folder / f"m{number:04d}.mp4", draw(), fps=FPS, preset="ultrafast")
    rearing = (np.arange(n_frames) + rng.integers(0, 20)) % 30 < 8
    grooming = (np.arange(n_frames) + rng.integers(0, 20)) % 40 > 30
    along = np.stack([-np.sin(angles), np.cos(angles)], axis=1)
    lines = [
        ",".join(["scorer", *["tiny"] * 9]),
        ",".join(["bodyparts", *[part for part in BODY_PARTS for _ in range(3)]]),
        ",".join(["coords", *["x", "y", "likelihood"] * 3]),
    ]
    for frame in range(n_frames):
        reach = np.array([2 + 3 * rearing[frame], 0, -6]) + rng.normal(0, 0.3, 3)
        points = centers[frame] + reach[:, None] * along[frame]
        lines.append(",".join([str(frame), *[f"{x:.2f},{y:.2f},0.99" for x, y in points]]))
    (folder / f"m{number:04d}DLC_resnet50.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = [f"{frame},{int(grooming[frame])},{int(rearing[frame])}" for frame in range(n_frames)]
    (folder / f"m{number:04d}_labels.csv").write_text("\n".join(["frame,grooming,rearing", *rows]) + "\n", encoding="utf-8")


def make_model(folder: Path) -> Path:
    """Return a model that is trained on a few recordings."""
    if not (folder / "model" / "bundle.yaml").exists():
        study = write_study(folder, N_TRAINED_ON)
        for command in (["embed", study], ["train", study, "--out", folder / "model"]):
            run(command)
    return folder / "model"


def write_study(folder: Path, n_recordings: int) -> Path:
    """Write a study of so many recordings, the first ones with labels, and return its file."""
    (folder / "videos").mkdir(parents=True, exist_ok=True)
    for number in range(n_recordings):
        if not (folder / "videos" / f"m{number:04d}_labels.csv").exists():
            make_recording(folder / "videos", number)
    names = [f"m{number:04d}" for number in range(n_recordings)]
    rows = [
        f"{name},videos/{name}.mp4,videos/{name}DLC_resnet50.csv,videos/{name}_labels.csv,{GROUPS[index % 2]}"
        for index, name in enumerate(names)
    ]
    (folder / "recordings.csv").write_text("\n".join(["recording,video,pose,labels,group", *rows]) + "\n", encoding="utf-8")
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    return folder / "study.yaml"


def make_ethograms(study: Path, model: Path) -> None:
    """Annotate a study's recordings where they are not annotated yet."""
    if not (study.parent / "made").exists():
        run(["embed", study])
        run(["annotate", model, "--study", study, "--out", study.parent / "ethograms"])
        (study.parent / "made").touch()


def make_day(folder: Path, minutes: int) -> Path:
    """Write a study of one recording of so many minutes, and return its file."""
    videos = folder / "videos"
    if not (folder / "study.yaml").exists():
        videos.mkdir(parents=True, exist_ok=True)
        make_recording(videos, 0, MINUTE)
        repeat_video(videos / "m0000.mp4", videos / "day.mp4", minutes)
        for name in ("DLC_resnet50.csv", "_labels.csv"):
            repeat_rows(videos / f"m0000{name}", videos / f"day{name}", minutes)
        for path in videos.glob("m0000*"):
            path.unlink()
        row = "day,videos/day.mp4,videos/dayDLC_resnet50.csv,videos/day_labels.csv"
        (folder / "recordings.csv").write_text(f"recording,video,pose,labels\n{row}\n", encoding="utf-8")
        (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    return folder / "study.yaml"


def repeat_video(path: Path, out: Path, times: int) -> None:
    """Write a video that shows the one at `path` again and again, without encoding it again."""
    with av.open(str(path)) as source, av.open(str(out), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        packets = [(bytes(one), one.pts, one.dts, one.is_keyframe, one.duration) for one in source.demux(stream) if one.size]
        length = packets[-1][1] + packets[-1][4]
        for number in range(times):
            for content, pts, dts, is_keyframe, duration in packets:
                packet = av.Packet(content)
                packet.pts, packet.dts, packet.duration = pts + number * length, dts + number * length, duration
                packet.time_base, packet.is_keyframe, packet.stream = stream.time_base, is_keyframe, copy
                target.mux(packet)


def repeat_rows(path: Path, out: Path, times: int) -> None:
    """Write a table of frames with the rows of the one at `path` again and again, their frames counted on."""
    lines = path.read_text(encoding="utf-8").splitlines()
    first = next(number for number, line in enumerate(lines) if line[0].isdigit())
    rows = [line.split(",", 1)[1] for line in lines[first:]]
    with out.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines[:first])
        for number in range(times):
            file.writelines(f"{number * len(rows) + row},{cells}\n" for row, cells in enumerate(rows))


def measure(part: str, study: Path, model: Path) -> Taken:
    """Run a command on a study, and return what it took."""
    if part == "review":
        return measure_review(study)
    videos, ethograms = study.parent / "videos", study.parent / "ethograms"
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        arguments: dict[str, Sequence[object]] = {
            "init": ["init", videos, "--out", out],
            "check": ["check", study],
            "embed": ["embed", study],
            "annotate": ["annotate", model, videos, "--out", out / "ethograms", "--cache", study.parent / "cache"],
            "annotate-study": ["annotate", model, "--study", study, "--out", out / "ethograms"],
            "decide": ["decide", ethograms, "--out", out / "decided", "--closing", "0.2s"],
            "stats": ["stats", ethograms, "--study", study, "--out", out / "stats"],
            "overlay": ["overlay", ethograms, "--out", out / "overlays", "--start", "1s", "--stop", "2s"],
            "evaluate": ["evaluate", ethograms, "--labels", videos, "--out", out / "scores"],
            "export": ["export", ethograms, "--out", out / "exported", "--format", "boris"],
            "report": ["report", study, ethograms, "--out", out / "report.html"],
        }
        if part == "plan":
            return run_measured([sys.executable, __file__, "--part", "plan", "--folder", study.parent])
        taken = run_measured([sys.executable, "-m", "behavior", "--quiet", *arguments[part]])
        if part == "report":
            return Taken(taken.seconds, taken.peak_mib, f"{(out / 'report.html').stat().st_size / 1e6:.1f} MB")
        return taken


def run(arguments: Sequence[object]) -> None:
    """Run a command, and stop where it fails."""
    subprocess.run([sys.executable, "-m", "behavior", "--quiet", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def run_measured(command: Sequence[object]) -> Taken:
    """Run a command and return what it took; NaN where the system does not tell."""
    began = time.perf_counter()
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        if not hasattr(os, "wait4"):
            status, seconds, peak = process.wait(), float("nan"), float("nan")
        else:
            _, waited, usage = os.wait4(process.pid, 0)
            status = process.returncode = os.waitstatus_to_exitcode(waited)
            seconds, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    if status:
        raise SystemExit(f"{' '.join(map(str, command))}: exit status {status}\n{said[-2000:]}")
    return Taken(seconds, peak, f"({time.perf_counter() - began:.1f} s on the clock)")


def measure_review(study: Path) -> Taken:
    """Return the processor seconds of `behavior review` until its page has the list of recordings, and how long the list takes again."""
    command = [sys.executable, "-m", "behavior", "review", str(study), "--no-browser", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            with urllib.request.urlopen(f"{address}api/study", timeout=600) as answer:
                n_bytes = len(answer.read())
            seconds.append(time.perf_counter() - began)
    finally:
        process.terminate()
        if hasattr(os, "wait4"):
            _, _, usage = os.wait4(process.pid, 0)
            process.returncode = 0
            taken = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
        else:
            process.wait()
            taken = float("nan"), float("nan")
    first, again = seconds[0], min(seconds)
    return Taken(*taken, f"list of recordings in {first:.2f} s, again in {again:.2f} s, {n_bytes / 1e3:.0f} kB")


def plan(folder: Path) -> None:
    """Do what `crossval` does before it trains: read features and labels, make folds, plan every fit, and describe what it works on."""
    from behavior.files.study import open_study
    from behavior.learning.crossval_digest import describe_recordings
    from behavior.learning.fitting import hash_learning
    from behavior.learning.learning_data import load_learning_data
    from behavior.learning.planning import list_folds, plan_fits
    from behavior.learning.requirements import require_folds

    study, recordings = open_study(folder / "study.yaml")
    data = load_learning_data(study, recordings)
    folds = list_folds(study, data)
    require_folds(study, folds)
    hash_learning(study, data)
    describe_recordings(study, data)
    plan_fits(study, 0, data, dict(enumerate(folds)))


if __name__ == "__main__":
    main()
