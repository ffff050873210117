"""Score candidates for what `init` writes, on real and rendered recordings: average precision of each behavior, and their mean.

    python scripts/evaluate_defaults.py results --data ../shared/data
    python scripts/evaluate_defaults.py results --only oft two_rats --settings thesis shared boosting

Data sets: `oft` (12 recordings of an open field, imported features), `two_rats` (pose of two animals), `freezing` (pose of one), all real;
`painted` and `solid` (mice that `behavior demo` draws in two ways; the packaged backbone has not seen the second), with video alone, with
pose alone, and with both. Of `oft` and `two_rats` the last four recordings by name are kept for testing, which was decided before any of
them was scored; the other rats, and all other data sets, are scored out of fold.

A candidate replaces sections of the study file and nothing else; `as init` has the members that `init` writes for the streams. The folder
keeps studies, models and scores; what is there is not computed again. The tables are printed, and written to `defaults.md`.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from evaluate_pose_alone import FINER, FREEZING_FPS, N_TESTED, RATS, RATS_FPS, behavior, cut_in_halves, keep_last

from behavior.files.atomic import write_text
from behavior.files.markdown import format_markdown_table
from behavior.files.model_bundle import read_bundle
from behavior.files.new_study import choose_members

LABELS = ["grooming", "mid_rearing", "wall_rearing"]
THESIS_HEAD = {"kind": "lstm", "layers": 3, "units": 64, "dropout": 0.5}
SHARED_HEAD = {"kind": "lstm", "layers": 1, "units": 64, "dropout": 0.5, "bidirectional": True, "share": True}
TRAINING = {"learning_rate": 0.002, "batch_size": 8, "epochs": 50, "patience": 5, "class_weights": "balanced", "seed": 0}
BOOSTING = {"kind": "boosting"}
STANDARDIZED, QUANTILES = {"standardize": True}, {"standardize": "quantiles"}
INIT = "as init"
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "thesis": {"head": THESIS_HEAD, "training": {**TRAINING, "learning_rate": 0.001}},
    "thesis, standardized": {"head": THESIS_HEAD, "training": {**TRAINING, "learning_rate": 0.001}, "features": STANDARDIZED},
    "shared": {"head": SHARED_HEAD, "training": TRAINING, "features": STANDARDIZED},
    "boosting": {"head": BOOSTING, "training": TRAINING, "features": STANDARDIZED},
    "shared and boosting": {
        "head": SHARED_HEAD,
        "training": TRAINING,
        "features": STANDARDIZED,
        "ensemble": {"members": [{"head": SHARED_HEAD}, {"head": BOOSTING}]},
    },
    "shared, quantiles": {"head": SHARED_HEAD, "training": TRAINING, "features": QUANTILES},
    "boosting, quantiles": {"head": BOOSTING, "training": TRAINING, "features": QUANTILES},
    # Its members follow from the streams.
    INIT: {"head": SHARED_HEAD, "training": TRAINING, "features": QUANTILES},
}
RENDERED_STREAMS = {"video": ["appearance"], "pose": ["pose"], "video and pose": ["appearance", "motion", "pose"]}
DATA_SETS = ("oft", "two_rats", "freezing", "painted", "solid")
# Ends of the body that pose describes posture by.
BODY_AXIS = ["tailbase", "nose"]


@dataclass(frozen=True)
class Case:
    """A study file, and whether its scores are on recordings that were kept (`train`) or out of fold (`crossval`)."""

    name: str
    study: Path
    command: str


def main() -> None:
    """Compute what is not there yet and print a table for each data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("BEHAVIOR_DATA", "../shared/data")))
    parser.add_argument("--only", nargs="+", choices=DATA_SETS, default=DATA_SETS)
    parser.add_argument("--settings", nargs="+", choices=list(SETTINGS), default=list(SETTINGS))
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    makers = {"oft": prepare_oft, "two_rats": prepare_rats, "freezing": prepare_freezing}
    tables = []
    for name in arguments.only:
        cases = makers[name](folder / name, arguments.data / name) if name in makers else prepare_rendered(folder / name, name)
        for case in cases:
            tables.append(f"## {case.name}\n\n{score_settings(case, folder, arguments.settings)}\n")
            print(f"\n{tables[-1]}", flush=True)
            write_text(folder / "defaults.md", "\n".join(tables))


def score_settings(case: Case, folder: Path, names: Sequence[str]) -> str:
    """Return a table of the average precision of some settings on one data set."""
    rows = []
    for name in names:
        scores, seconds = score(case, name, SETTINGS[name], folder / "scores" / case.name / name)
        mean = sum(scores.values()) / len(scores)
        rows.append([name, *(f"{value:.3f}" for value in scores.values()), f"{mean:.3f}", f"{seconds:.0f}"])
    return format_markdown_table(["setting", *scores, "mean", "seconds"], rows)


def score(case: Case, name: str, sections: Mapping[str, Any], out: Path) -> tuple[dict[str, float], float]:
    """Return average precision by behavior and how many seconds it took to train."""
    study = case.study.with_name(f"{case.study.stem}_{name.replace(' ', '_').replace(',', '')}.yaml")
    took = out / "seconds.txt"
    if not took.is_file():
        # `init` writes an ensemble, of which nothing stays. Average precision is of probabilities, whatever is decided from them.
        content = {**yaml.safe_load(case.study.read_text()), "ensemble": {}, "decisions": None, **sections}
        if name == INIT:
            content["ensemble"] = {"combine": "log_odds", "members": choose_members(content["streams"])}
        study.write_text(yaml.safe_dump(content))
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        began = time.perf_counter()
        behavior(case.command, study, "--out", out / "result")
        took.write_text(f"{time.perf_counter() - began:.1f}\n")
    seconds = float(took.read_text())
    if case.command == "train":
        return dict(read_bundle(out / "result").training.test_average_precision), seconds
    metrics = pd.read_csv(out / "result" / "metrics.csv")
    chosen = metrics[(metrics["recording"] == "pooled") & (metrics["metric"] == "average_precision")]
    return dict(zip(chosen["behavior"], chosen["value"], strict=True)), seconds


def prepare_oft(folder: Path, data: Path) -> list[Case]:
    """Return the study of the open field's imported features; the last recordings by name are kept."""
    study = folder / "study.yaml"
    if not study.is_file():
        shutil.copytree(data / "labels" / "majority", folder / "labels")
        names = sorted(path.stem for path in (data / "features").glob("*.npz"))
        kept = names[-N_TESTED:]
        print("kept for testing:", ", ".join(kept), flush=True)
        with (folder / "recordings.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["recording", "labels", "split"])
            writer.writerows([name, f"labels/{name}.csv", "test" if name in kept else ""] for name in names)
        write_study(study, {"recordings": "recordings.csv", "behaviors": LABELS, "streams": ["motifs"], "windows": {"length": 300}})
        behavior("import-features", study, *sorted((data / "features").glob("*.npz")), "--name", "motifs")
    return [Case("oft", study, "train")]


def prepare_rats(folder: Path, data: Path) -> list[Case]:
    """Return the study of two rats, each described with the other; the last recordings by name are kept."""
    study = folder / "rats.yaml"
    if not study.is_file():
        shutil.copytree(data, folder, dirs_exist_ok=True)
        behavior("init", folder, "--fps", RATS_FPS)
        keep_last(folder / "recordings.csv", N_TESTED)
        content = yaml.safe_load((folder / "study.yaml").read_text())
        content |= {"behaviors": RATS, "labels": {"subject": "S1", "ignore": FINER}, "pose": {"fps": RATS_FPS, "others": "nearest"}}
        content["crop"] |= {"body_part": ["top", "body"], "body_axis": ["tail", "top"]}
        write_study(study, content)
        behavior("embed", study)
    # Four are few: the others are scored too, each without itself.
    return [Case("two_rats", study, "train"), Case("two_rats, the others", study, "crossval")]


def prepare_freezing(folder: Path, data: Path) -> list[Case]:
    """Return the study of the two halves of one recording."""
    study = folder / "study.yaml"
    if not study.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        cut_in_halves(data / "demo1_tracking.csv", data / "demo1_labels.csv", folder)
        behavior("init", folder, "--fps", FREEZING_FPS)
        behavior("embed", study)
    return [Case("freezing", study, "crossval")]


def prepare_rendered(folder: Path, renderer: str) -> list[Case]:
    """Return the demo's study with video, with pose, and with both."""
    if not (folder / "study.yaml").is_file():
        behavior("demo", "--out", folder, "--renderer", renderer)
    content = yaml.safe_load((folder / "study.yaml").read_text())
    cases = []
    for what, streams in RENDERED_STREAMS.items():
        study = folder / f"{what.replace(' ', '_')}.yaml"
        if not study.is_file():
            crop = content["crop"] | ({"body_axis": BODY_AXIS} if "pose" in streams else {})
            write_study(study, {**content, "streams": streams, "crop": crop})
            behavior("embed", study)
        cases.append(Case(f"{renderer}, {what}", study, "crossval"))
    return cases


def write_study(path: Path, content: Mapping[str, Any]) -> None:
    """Write a study file."""
    path.write_text(yaml.safe_dump(dict(content)))


if __name__ == "__main__":
    main()
