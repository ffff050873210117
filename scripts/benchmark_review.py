"""Print how fast `behavior review` is: from the command to the first picture, jumps, playback, drawing, tracks, memory."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from behavior.files.ethograms import write_annotation
from behavior.files.tracklets import GapFilling, StoredTracklets
from behavior.files.video_writer import write_video
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities, Tracklet
from behavior.reporting.track_files import write_track

FPS, HEIGHT, WIDTH = 30, 480, 640
N_LONG, N_BEHAVIORS, N_RECORDINGS, N_TRACKED = 400_000, 12, 500, 14
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Make what is needed, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--video", type=Path, help="Measure on this video instead of a rendered one.")
    parser.add_argument("--frames", type=int, default=20_000, help="Frames of the rendered video.")
    parser.add_argument("--jumps", type=int, default=200, help="How many random jumps are timed.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        video = arguments.video or render(folder / "long.mp4", arguments.frames)
        measure_start(folder, video)
        measure_jumps(folder, video, arguments.jumps)
        measure_track(folder / "tracked", video)
        measure_page(folder, video)


def render(path: Path, n_frames: int) -> Path:
    """Write an h264 video of an ellipse that moves over a noisy floor."""
    rng = np.random.default_rng(0)
    floor = rng.integers(90, 140, (HEIGHT // 8, WIDTH // 8, 3)).repeat(8, 0).repeat(8, 1).astype(np.int16)
    floors = [np.clip(floor + rng.integers(-4, 5, floor.shape), 0, 255).astype(np.uint8) for _ in range(7)]

    def draw() -> Iterator[np.ndarray]:
        for frame in range(n_frames):
            image = floors[frame % 7].copy()
            center = int(320 + 200 * np.cos(frame / 40)), int(240 + 150 * np.sin(frame / 55))
            cv2.ellipse(image, center, (40, 18), frame * 3 % 360, 0, 360, (40, 35, 30), -1)
            yield image

    print(f"rendering {n_frames} frames of {WIDTH}x{HEIGHT}", flush=True)
    write_video(path, draw(), fps=FPS, preset="veryfast")
    return path


def make_study(folder: Path, video: Path, n_recordings: int) -> Path:
    """Write a study whose recordings all have one video."""
    folder.mkdir(exist_ok=True)
    behaviors = ", ".join(f"behavior_{number:02d}" for number in range(N_BEHAVIORS))
    (folder / "study.yaml").write_text(f"behaviors: [{behaviors}]\ncrop: {{whole_frame: true}}\n", encoding="utf-8")
    rows = "".join(f"r{number:03d},{video}\n" for number in range(n_recordings))
    (folder / "recordings.csv").write_text(f"recording,video\n{rows}", encoding="utf-8")
    return folder / "study.yaml"


@contextmanager
def running(study: Path) -> Iterator[tuple[str, subprocess.Popen[str], float]]:
    """Run `behavior review` in a process of its own; yield its address, the process and when it was started."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "behavior", "review", str(study), "--no-browser", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process, began
    finally:
        process.terminate()
        process.wait()


def get(address: str) -> bytes:
    """Return what is at an address."""
    with urllib.request.urlopen(address, timeout=60) as answer:
        content: bytes = answer.read()
        return content


def measure_start(folder: Path, video: Path) -> None:
    """Time from the command to the first picture, as a page asks for it."""
    seconds = []
    study = make_study(folder / "one", video, 1)
    for _ in range(5):
        with running(study) as (address, _, began):
            get(f"{address}api/study")
            get(f"{address}api/recordings/r000")
            get(f"{address}api/recordings/r000/frames?start=0&viewer=a")
            seconds.append(time.perf_counter() - began)
    print(f"first picture after the command: {np.median(seconds):.2f} s (median of {len(seconds)}), worst {max(seconds):.2f} s", flush=True)


def measure_jumps(folder: Path, video: Path, n_jumps: int) -> None:
    """Time jumps to random frames, and how many frames a second come one after the other."""
    with running(make_study(folder / "many", video, N_RECORDINGS)) as (address, process, _):
        base = f"{address}api/recordings/r000"
        described = get(base).decode()
        n_frames = int(re.search(r'"n_frames":(\d+)', described)[1])  # type: ignore[index]
        rows = np.random.default_rng(0).integers(0, n_frames, n_jumps)
        milliseconds = []
        for row in rows.tolist():
            began = time.perf_counter()
            get(f"{base}/frames?start={row}&viewer=a")
            milliseconds.append(1000 * (time.perf_counter() - began))
        median, late = np.percentile(milliseconds, [50, 95])
        print(f"jump to any of {n_frames} frames: median {median:.0f} ms, 95th percentile {late:.0f} ms", flush=True)
        began = time.perf_counter()
        for start in range(0, 600, 12):
            get(f"{base}/frames?start={start}&count=12&viewer=b")
        print(f"frames one after the other: {600 / (time.perf_counter() - began):.0f} a second", flush=True)
        for number in range(1, 20):
            get(f"{address}api/recordings/r{number:03d}/frames?start=1000&viewer=a")
        print(f"memory with {N_RECORDINGS} recordings, 20 of them opened: {read_memory(process.pid)}", flush=True)


def read_memory(process: int) -> str:
    """Return the most memory that a process has had."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return "not known on this system"
    peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8"))
    assert peak is not None
    return f"{int(peak[1]) / 1024:.0f} MiB"


def measure_track(folder: Path, video: Path) -> None:
    """Time corrections of a track of 14 animals, and jumps to its crossings as a page asks for them."""
    folder.mkdir()
    copy = folder / "r000.mp4"
    shutil.copy(video, copy)
    with running(copy) as (address, _, _):
        base = f"{address}api/recordings/r000"
        n_frames = int(re.search(r'"n_frames":(\d+)', get(base).decode())[1])  # type: ignore[index]
        stem = write_track_of_many(copy, n_frames)
        began = time.perf_counter()
        track = json.loads(get(f"{base}/track"))
        size = f"{N_TRACKED} animals, {n_frames} frames, {len(track['tracklets'])} tracklets"
        print(f"opening a track of {size}: {time.perf_counter() - began:.2f} s", flush=True)
        jumps, corrections = [], []
        rng = np.random.default_rng(0)
        for number in range(20):
            frame = track["crossings"][int(rng.integers(len(track["crossings"])))][0]
            began = time.perf_counter()
            get(f"{base}/frames?start={frame}&viewer=a")
            get(f"{base}/track/positions?start={frame // 1024 * 1024}&stop={frame // 1024 * 1024 + 1024}")
            jumps.append(time.perf_counter() - began)
            first, second = rng.choice(N_TRACKED, 2, replace=False).tolist()
            edit = {"action": "swap", "animal": first, "other": second, "frame": max(frame, 1)}
            body = {"session": track["session"], "id": str(number), "viewer": "a", "base": number, "edit": edit}
            request = urllib.request.Request(f"{base}/track/corrections", json.dumps(body).encode(), {"Content-Type": "application/json"})
            began = time.perf_counter()
            with urllib.request.urlopen(request, timeout=60) as answer:
                answer.read()
            corrections.append(time.perf_counter() - began)
        for name, seconds in (("jump to a crossing", jumps), ("correction, answered and on disk", corrections)):
            print(f"{name}: median {1000 * np.median(seconds):.0f} ms, worst {1000 * max(seconds):.0f} ms", flush=True)
        began = time.perf_counter()
        while json.loads(get(f"{base}/state"))["track"]["is_pending"]:
            time.sleep(0.05)
        print(
            f"the track itself is written {time.perf_counter() - began:.1f} s after the last correction ({stem.name}_track.csv)", flush=True
        )


def write_track_of_many(video: Path, n_frames: int) -> Path:
    """Write a track of 14 animals that wander; each is lost for three frames, in every two hundred or so."""
    rng = np.random.default_rng(1)
    tracklets, owners = [], []
    for animal in range(N_TRACKED):
        way = np.cumsum(rng.normal(0, 2, (n_frames, 2)), axis=0) % (WIDTH, HEIGHT)
        cuts = np.unique(np.append(rng.integers(5, n_frames, n_frames // 200), [0, n_frames + 3]))
        for start, stop in pairwise(cuts.tolist()):
            frames = np.arange(start, max(stop - 3, start + 1))
            n = len(frames)
            sizes = np.tile([30.0, 8.0], (n, 1))
            tracklets.append(Tracklet(frames, way[frames], rng.uniform(-3, 3, n), sizes, np.zeros(n, dtype=np.bool_)))
            owners.append(animal)
    qualities = tuple(np.full(len(one), 0.9) for one in tracklets)
    origin = {"video": video.name, "bytes": video.stat().st_size}
    gaps = GapFilling("acceleration", 1.0, 0.5, 50)
    stored = StoredTracklets(tuple(tracklets), np.array(owners), origin, qualities, None, n_frames, N_TRACKED, gaps)
    stem = video.with_suffix("")
    picture = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    write_track(stem, stored, None, picture=picture, time_s=np.arange(n_frames + 1) / FPS)
    return stem


def measure_page(folder: Path, video: Path) -> None:
    """Time playback and zooming in a browser, where one is installed."""
    path = os.environ.get("BEHAVIOR_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        print("no Chromium is installed: playback and zooming are not measured")
        return
    from playwright.sync_api import sync_playwright

    study = make_study(folder / "one", video, 1)
    long_study = make_long_study(folder / "long")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-background-networking"])
        with running(study) as (address, _, _):
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(address)
            page.wait_for_selector("#picture[data-frame='0']")
            page.evaluate(COUNT_FRAMES)
            page.keyboard.press(" ")
            page.wait_for_timeout(1000)
            page.evaluate("window.shown.clear()")
            page.wait_for_timeout(10_000)
            n_shown = page.evaluate("window.shown.size")
            print(f"playback at {FPS} frames/s: {n_shown / 10:.1f} different frames a second shown", flush=True)
            page.close()
        with running(long_study) as (address, _, _):
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(address)
            page.wait_for_selector("#picture[data-frame='0']")
            page.wait_for_timeout(8000)
            redraws = page.evaluate(ZOOM)
            print(f"zooming {N_LONG} frames x {N_BEHAVIORS} behaviors: {redraws:.0f} redraws a second", flush=True)
        browser.close()


def make_long_study(folder: Path) -> Path:
    """Write a study of one recording of 400,000 frames and twelve behaviors, with an ethogram."""
    folder.mkdir()
    small = (np.full((32, 32, 3), 60 + 60 * (frame % 2), np.uint8) for frame in range(N_LONG))
    write_video(folder / "long.avi", small, fps=FPS, codec="mjpeg")
    study = make_study(folder, folder / "long.avi", 1)
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(0, 0.15, (N_LONG, N_BEHAVIORS)).astype(np.float32), axis=0)
    values = (1 / (1 + np.exp(-4 * np.sin(walk / 3)))).astype(np.float32)
    times = np.arange(N_LONG) / FPS
    behaviors = tuple(f"behavior_{number:02d}" for number in range(N_BEHAVIORS))
    decided = Ethogram(values > 0.5, behaviors, times)
    provenance = Provenance(fps=FPS, postprocess={"threshold": 0.5})  # type: ignore[arg-type]
    write_annotation(folder / "ethograms", Annotation("r000", Probabilities(values, behaviors, times), decided, decided, provenance))
    return study


COUNT_FRAMES = """() => {
  window.shown = new Set();
  const look = () => {
    window.shown.add(document.getElementById("picture").dataset.frame);
    requestAnimationFrame(look);
  };
  look();
}"""
# Zooms in and out over the middle, and counts how often the screen was drawn meanwhile.
ZOOM = """async () => {
  const canvas = document.getElementById("timeline");
  const box = canvas.getBoundingClientRect();
  let count = 0;
  const began = performance.now();
  while (performance.now() - began < 5000) {
    const direction = Math.floor((performance.now() - began) / 1250) % 2 ? 1 : -1;
    const where = { clientX: box.left + 600, clientY: box.top + 60, cancelable: true };
    canvas.dispatchEvent(new WheelEvent("wheel", { ...where, deltaY: direction * 80 }));
    await new Promise(requestAnimationFrame);
    count += 1;
  }
  return count / ((performance.now() - began) / 1000);
}"""

if __name__ == "__main__":
    main()
