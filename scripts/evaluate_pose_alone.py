"""How well behavior is predicted from pose without a video, with and without the pose of the other animal, on real recordings.

    python scripts/evaluate_pose_alone.py results --data ../shared/data
    python scripts/evaluate_pose_alone.py results --only freezing

Two rats: the commands `init`, `check`, `embed` and `train` on 12 recordings of pairs, a row for each animal; the last four recordings by
name are kept for testing, both animals of each. Once the nearest other animal is described too (`pose: {others: nearest}`), once it is
not. Labels belong to the pair (stream S1 of the files). The rate is not stated anywhere; the authors assume 30.

Freezing: one recording of a mouse, cut into halves; `crossval` trains on one and scores the other. The rate is not stated; 50 is assumed.

Beside each, gradient boosting of scikit-learn on the same columns, a frame at a time. Average precision is over all frames of the
recordings that were kept. The folder keeps studies, models and scores; what is there is not computed again.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score

from behavior.files.bout_tables import write_bout_table
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import read_labels
from behavior.files.model_bundle import BUNDLE_FILE, read_bundle
from behavior.files.pose import read_pose, write_deeplabcut
from behavior.files.study import open_study
from behavior.learning.crossval_files import DIGEST_FILE
from behavior.learning.learning_data import LearningData, load_learning_data
from behavior.recording import Frames, Labels, Track

RATS = ["aggression", "social", "nonsocial"]
# What raters said more finely in a second stream.
FINER = ["lateralthreat", "clinch", "keepdown", "uprightposture", "chase", "bite", "freezing"]
N_TESTED = 4
RATS_FPS, FREEZING_FPS = 30, 50
# Smaller than what `init` writes, so that two processors train it in a quarter of an hour.
HEAD = {"kind": "lstm", "layers": 1, "units": 64, "dropout": 0.3, "bidirectional": True}
TRAINING = {"learning_rate": 0.002, "epochs": 12, "patience": 3}
Scores = dict[str, float]


def main() -> None:
    """Compute what is not there yet and print a table for each data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("BEHAVIOR_DATA", "../shared/data")))
    parser.add_argument("--only", choices=["two_rats", "freezing"])
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    if arguments.only != "two_rats":
        show("freezing, across halves", evaluate_freezing(arguments.folder / "freezing", arguments.data / "freezing"))
    if arguments.only != "freezing":
        show("two rats, 4 recordings of 12 kept", evaluate_rats(arguments.folder / "two_rats", arguments.data / "two_rats"))


def evaluate_rats(folder: Path, data: Path) -> dict[str, Scores]:
    """Return average precision on the recordings that were kept, by behavior, for each way."""
    files = folder / "files"
    if not files.is_dir():
        with whole_folder(files) as unfinished:
            shutil.copytree(data, unfinished, dirs_exist_ok=True)
            behavior("init", unfinished, "--fps", RATS_FPS)
            # Which are kept is by name alone.
            keep_last(unfinished / "recordings.csv", N_TESTED)
    scores: dict[str, Scores] = {}
    for way, others in (("with the other animal", "nearest"), ("without it", None)):
        study = files / f"study_{'others' if others else 'alone'}.yaml"
        content: dict[str, Any] = yaml.safe_load((files / "study.yaml").read_text())
        content |= {"behaviors": RATS, "labels": {"subject": "S1", "ignore": FINER}, "pose": {"fps": RATS_FPS, "others": others}}
        # Average precision is of probabilities, whatever is decided from them.
        content |= {"head": HEAD, "training": content["training"] | TRAINING, "decisions": None}
        content["crop"] |= {"body_part": ["top", "body"], "body_axis": ["tail", "top"]}
        study.write_text(yaml.safe_dump(content))
        behavior("check", study)
        behavior("embed", study)
        model = folder / study.stem
        if not (model / BUNDLE_FILE).is_file():
            behavior("train", study, "--out", model)
        scores[f"behavior, {way}"] = dict(read_bundle(model).training.test_average_precision)
        settings, recordings = open_study(study)
        data_of = {split: load_learning_data(settings, [one for one in recordings if one.split == split]) for split in ("train", "test")}
        predicted, truth = boost(data_of["train"], data_of["test"])
        scores[f"gradient boosting, {way}"] = score(RATS, predicted, truth)
    return scores


def evaluate_freezing(folder: Path, data: Path) -> dict[str, Scores]:
    """Return average precision on the half that was not trained on, both halves pooled."""
    files = folder / "files"
    study = files / "study.yaml"
    if not files.is_dir():
        with whole_folder(files) as unfinished:
            cut_in_halves(data / "demo1_tracking.csv", data / "demo1_labels.csv", unfinished)
            behavior("init", unfinished, "--fps", FREEZING_FPS)
    behavior("check", study)
    behavior("embed", study)
    crossval = folder / "crossval"
    if not (crossval / DIGEST_FILE).is_file():
        behavior("crossval", study, "--out", crossval)
    metrics = pd.read_csv(crossval / "metrics.csv")
    chosen = metrics[(metrics["recording"] == "pooled") & (metrics["metric"] == "average_precision")]
    settings, recordings = open_study(study)
    halves = [load_learning_data(settings, [one]) for one in recordings]
    folds = [boost(halves[1 - tested], halves[tested]) for tested in (0, 1)]
    predicted, truth = (np.concatenate([fold[part] for fold in folds]) for part in (0, 1))
    return {
        "behavior": dict(zip(chosen["behavior"], chosen["value"], strict=True)),
        "gradient boosting": score(settings.behaviors, predicted, truth),
    }


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder that gets the name of `folder` when the block ends well; what a run that was stopped left there is removed."""
    unfinished = folder.with_name(f"{folder.name}_unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    yield unfinished
    unfinished.rename(folder)


def cut_in_halves(pose: Path, labels: Path, folder: Path) -> None:
    """Write two recordings, the first and the second half of one, each with its labels."""
    track = read_pose(pose)
    shown = read_labels(labels, LabelRequest(("freezing",), Frames(len(track))))[0]
    middle = len(track) // 2
    for name, rows in (("first", slice(0, middle)), ("second", slice(middle, None))):
        half = Track(track.positions[rows], track.likelihoods[rows], track.body_parts)
        write_deeplabcut(folder / f"{name}_tracking.csv", half, scorer="DLC_demo1")
        write_bout_table(folder / f"{name}_labels.csv", Labels(shown.values[rows], shown.behaviors))


def keep_last(manifest: Path, count: int) -> None:
    """Write `test` into the column `split` of all rows of the last `count` pose files by name."""
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = sorted({row["pose"] for row in rows})[-count:]
    print("kept for testing:", ", ".join(name.partition("DLC")[0] for name in kept), flush=True)
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "split": "test" if row["pose"] in kept else ""} for row in rows)


def boost(training: LearningData, testing: LearningData) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int8]]:
    """Return the probabilities (T, B) of gradient boosting for every frame of the recordings to test on, and their labels."""
    vectors = training.to_vectors(1)
    values = np.concatenate([one.values for one in vectors.features]).astype(np.float32)
    labels = np.concatenate([one.values for one in vectors.labels])
    predicted = [np.zeros((len(one.time_s), len(training.behaviors)), dtype=np.float32) for one in testing.features]
    for column in range(len(training.behaviors)):
        known = labels[:, column] >= 0
        model = HistGradientBoostingClassifier(random_state=0).fit(values[known], labels[known, column])
        for one, probabilities in zip(testing.features, predicted, strict=True):
            of_rows = model.predict_proba(one.values.astype(np.float32))[:, 1:].astype(np.float32)
            probabilities[:, column] = one.spread(of_rows)[:, 0]
    return np.concatenate(predicted), np.concatenate([one.values for one in testing.labels])


def score(behaviors: list[str], predicted: npt.NDArray[np.float32], truth: npt.NDArray[np.int8]) -> Scores:
    """Return average precision by behavior."""
    return {
        name: float(average_precision_score(truth[known, column] == 1, predicted[known, column]))
        for column, name in enumerate(behaviors)
        if (known := truth[:, column] >= 0).any()
    }


def behavior(*arguments: object) -> None:
    """Run a command, as a user does."""
    print("behavior", *arguments, flush=True)
    ran = subprocess.run([sys.executable, "-m", "behavior", *map(str, arguments)], capture_output=True, text=True, check=False)
    # A check that ends with 1 has found something that a command would refuse, which says it again.
    if ran.returncode and arguments[0] != "check":
        raise SystemExit(ran.stdout + ran.stderr)


def show(title: str, scores: dict[str, Scores]) -> None:
    """Print a table of average precision."""
    print(f"\n{title}")
    print(pd.DataFrame(scores).T.round(3).to_string(), flush=True)


if __name__ == "__main__":
    main()
