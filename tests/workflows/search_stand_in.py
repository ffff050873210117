"""A small study on imported features, and what stands in for its trainings: milliseconds, and scores known by construction."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

N_FRAMES = 300
SPACE = {"head.units": [8, 16, 32], "windows.length": [60, 120], "head.layers": {"low": 1, "high": 2}}
# What a worker process of its own runs: nothing heavy is loaded, and the trainings are the stand-in's.
WORKER = """
import sys, types, json
from pathlib import Path
stand_in = types.ModuleType("behavior.learning.out_of_fold")
stand_in.predict_out_of_fold = None
sys.modules["behavior.learning.out_of_fold"] = stand_in
sys.path.insert(0, {folder!r})
from search_stand_in import StandIn
from behavior.search import trials
from behavior.workflows import search
trials.predict_out_of_fold = StandIn(**{settings!r})
outcome = search.search_study(Path({study!r}), Path({out!r}), **{options!r})
print(json.dumps([outcome.result.counts, outcome.note]))
"""


def make_study(folder: Path, *, seed: int = 0, **search: Any) -> Path:
    """Write a study of three recordings, two behaviors and three features, imported as the stream `motifs`, with a section `search`."""
    from behavior.workflows.import_features import import_features

    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    names = ["a", "b", "c"]
    for name in names:
        np.save(folder / f"{name}.npy", rng.normal(size=(N_FRAMES, 3)).astype(np.float32))
        labels = np.repeat(rng.integers(0, 2, size=(N_FRAMES // 20, 2)), 20, axis=0)
        rows = [f"{frame},{one},{other}" for frame, (one, other) in enumerate(labels)]
        (folder / f"{name}.csv").write_text("frame,groom,rear\n" + "\n".join(rows) + "\n")
    manifest = "".join(f"{name},,,{name}.csv,,,train\n" for name in names)
    (folder / "recordings.csv").write_text("recording,video,pose,labels,animal,group,split\n" + manifest)
    write_study(folder / "study.yaml", **search)
    import_features(folder / "study.yaml", [folder / f"{name}.npy" for name in names], name="motifs", fps=25.0)
    return folder / "study.yaml"


def write_study(path: Path, *, epochs: int = 6, **search: Any) -> None:
    content = {
        "behaviors": ["groom", "rear"],
        "streams": ["motifs"],
        "training": {"epochs": epochs},
        "search": {"space": SPACE, "pruning": "none", **search},
    }
    path.write_text(json.dumps(content))  # JSON is YAML.


@dataclass
class _Record:
    reason: str = ""


@dataclass
class _Found:
    probabilities: list[Any]
    records: list[_Record]


@dataclass
class StandIn:
    """Takes the place of `predict_out_of_fold`: what it says is nearer to the labels the more units, the shorter the windows.

    Attributes
    ----------
    seconds
        That an epoch takes.
    hopeless
        Units whose predictions are the opposite of the labels.
    failing
        Units whose trainings fail.
    unlearned
        Units with which nothing is learned.
    log
        A file to which every call adds its setting when it begins.
    """

    seconds: float = 0.0
    hopeless: tuple[int, ...] = ()
    failing: tuple[int, ...] = ()
    unlearned: tuple[int, ...] = ()
    log: str = ""
    stop_in_call: int = -1
    calls: int = 0

    def __call__(self, study: Any, data: Any, *, follow: Any = None) -> _Found:
        from behavior.errors import TrainingError

        self.calls += 1
        if self.calls == self.stop_in_call:
            raise KeyboardInterrupt
        units = study.head.units
        if self.log:
            with Path(self.log).open("a") as file:
                file.write(f"{units} {study.head.layers} {study.windows.length}\n")
        if units in self.failing:
            raise TrainingError(f"the loss of {units} units is not finite.")
        if units in self.unlearned:
            nothing = [np.full(labels.values.shape, np.nan, dtype=np.float32) for labels in data.labels]
            return _Found(nothing, [_Record("no positive frame of groom")])
        rng = np.random.default_rng([units, study.head.layers, study.windows.length])
        noise = [rng.random(labels.values.shape) for labels in data.labels]
        share = (np.log2(units) + study.head.layers - study.windows.length / 120) / 16
        probabilities: list[Any] = []
        for epoch in range(1, study.training.epochs + 1):
            time.sleep(self.seconds)
            so_far = share * epoch / study.training.epochs
            wanted = [1 - found.values if units in self.hopeless else found.values for found in data.labels]
            probabilities = [
                (so_far * labels + (1 - so_far) * drawn).astype(np.float32) for labels, drawn in zip(wanted, noise, strict=True)
            ]
            if follow is not None:
                follow(epoch, probabilities)
        return _Found(probabilities, [])


def start_worker(study: Path, out: Path, options: dict[str, Any], **settings: Any) -> subprocess.Popen[str]:
    """Start a search in a process of its own."""
    script = WORKER.format(folder=str(Path(__file__).parent), settings=settings, study=str(study), out=str(out), options=options)
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
