"""Kill `behavior review` at random moments while edits arrive, start it again, and compare its labels with what it had answered."""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import read_labels
from behavior.files.manifest import read_manifest
from behavior.files.video_writer import write_video
from behavior.recording import Frames

N_FRAMES, BEHAVIORS = 300, ("grooming", "rearing", "resting")


def main() -> None:
    """Make a study, and kill what edits it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="How many studies are edited.")
    parser.add_argument("--edits", type=int, default=200, help="How many edits each study gets.")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    n_kills = n_lost = 0
    for number in range(arguments.runs):
        with tempfile.TemporaryDirectory() as folder:
            kills, lost = edit_and_kill(Path(folder), arguments.edits, random.Random(arguments.seed + number))
            n_kills, n_lost = n_kills + kills, n_lost + lost
        print(f"run {number + 1}: {kills} kills, {lost} differences", flush=True)
    print(f"{arguments.runs} runs of {arguments.edits} edits, {n_kills} kills: {n_lost} labels on disk differ from what was answered")
    sys.exit(1 if n_lost else 0)


class Server:
    """`behavior review` in a process of its own."""

    def __init__(self, study: Path) -> None:
        command = [sys.executable, "-m", "behavior", "review", str(study), "--no-browser", "--port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()

    def ask(self, path: str, body: Any = None) -> Any:
        """Return what the server answers; OSError where it does not."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}{path}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """End it as Ctrl-C does."""
        self.process.send_signal(2)
        self.process.wait()


def edit_and_kill(folder: Path, n_edits: int, rng: random.Random) -> tuple[int, int]:
    """Return how often the server was killed, and how many labels differ at the end or after a kill."""
    write_video(folder / "mouse.mp4", (np.full((32, 32, 3), frame % 250, np.uint8) for frame in range(N_FRAMES)), fps=10)
    (folder / "study.yaml").write_text(f"behaviors: [{', '.join(BEHAVIORS)}]\ncrop: {{whole_frame: true}}\n", encoding="utf-8")
    (folder / "recordings.csv").write_text("recording,video\nmouse,mouse.mp4\n", encoding="utf-8")
    expected = np.full((N_FRAMES, len(BEHAVIORS)), -1, dtype=np.int8)
    n_done = kills = lost = 0
    server = Server(folder / "study.yaml")
    while n_done < n_edits:
        labels = server.ask("api/recordings/mouse/labels")
        shown = paint_runs(labels["runs"])
        in_flight: list[dict[str, Any]] = []
        if not np.array_equal(shown, expected):
            lost += 1
            expected = shown
        timer = threading.Timer(rng.uniform(0.2, 3.0), server.kill)
        timer.start()
        revision = labels["revision"]
        try:
            while n_done < n_edits:
                edit = draw_edit(rng, labels["session"], revision, n_done)
                in_flight = edit["paints"]
                answer = server.ask("api/recordings/mouse/edits", edit)
                revision = answer["made"]["number"]
                for start, stop, name, value in answer["made"]["changes"]:
                    expected[start:stop, BEHAVIORS.index(name)] = value
                in_flight = []
                n_done += 1
                time.sleep(rng.uniform(0, 0.05))
            timer.cancel()
        except (OSError, urllib.error.URLError, json.JSONDecodeError):
            kills += 1
            timer.join()
            server = Server(folder / "study.yaml")
            # The edit that was not answered may be there or not.
            shown = paint_runs(server.ask("api/recordings/mouse/labels")["runs"])
            if in_flight and np.array_equal(shown, paint(expected, in_flight[0])):
                expected = shown
    if server.process.poll() is not None:
        server = Server(folder / "study.yaml")
        server.ask("api/recordings/mouse/labels")
    server.end()
    path = read_manifest(folder / "recordings.csv")[0].labels[""]
    stored, _ = read_labels(path, LabelRequest(BEHAVIORS, Frames(N_FRAMES)))
    return kills, lost + int(not np.array_equal(stored.values, expected))


def draw_edit(rng: random.Random, session: str, revision: int, number: int) -> dict[str, Any]:
    """Return a random edit."""
    start = rng.randrange(N_FRAMES - 1)
    behavior = rng.choice([None, *BEHAVIORS])
    value = rng.choice([0, -1] if behavior is None else [0, 1, 1])
    span = {"start": start, "stop": rng.randint(start + 1, min(start + 60, N_FRAMES)), "behavior": behavior, "value": value}
    return {"session": session, "id": f"{number}-{rng.random()}", "viewer": "killer", "base": revision, "paints": [span]}


def paint(labels: npt.NDArray[np.int8], span: dict[str, Any]) -> npt.NDArray[np.int8]:
    """Return labels with a span painted, as a person who labels it means it."""
    labels = labels.copy()
    part = labels[span["start"] : span["stop"]]
    if span["behavior"] is None and span["value"] == -1:
        part[:] = -1
        return labels
    part[part == -1] = 0
    if span["behavior"] is not None:
        part[:, BEHAVIORS.index(span["behavior"])] = span["value"]
    return labels


def paint_runs(runs: dict[str, list[list[int]]]) -> npt.NDArray[np.int8]:
    """Return the labels that the server shows."""
    labels = np.zeros((N_FRAMES, len(BEHAVIORS)), dtype=np.int8)
    for column, name in enumerate(BEHAVIORS):
        for start, stop, value in runs[name]:
            labels[start:stop, column] = value
    return labels


if __name__ == "__main__":
    main()
