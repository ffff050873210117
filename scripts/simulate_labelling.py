"""Simulate labs that label more and more, and score what a model has from it: the queue's clips, random clips, whole recordings in order.

    python scripts/simulate_labelling.py [../shared/data/oft] [--minutes 1 2 4 8 16 32] [--seeds 3] [--out labelling]

Labels come from the first recordings of the folder and are those of its raters' majority; a label is looked up only when a clip is chosen.
The scores are on the last recordings, of which nothing else is used: neither features, which are reduced by those of the first recordings,
nor labels. After each batch the same small networks are trained again. Each seed draws other clips and weights; whole recordings begin with
another one and go on in the manifest's order.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.compute.loading import load_keras
from behavior.config import Study
from behavior.errors import BehaviorError, InputError
from behavior.figures.learning_curve import draw_labelling_curves
from behavior.figures.rendering import render_png
from behavior.files.atomic import make_folder, write_bytes
from behavior.files.cells import write_table
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import read_labels
from behavior.files.markdown import format_markdown_table
from behavior.learning.clips import describe_clips
from behavior.learning.planning import seed_fit
from behavior.learning.suggestions import suggest_clips
from behavior.metrics.frames import average_precision
from behavior.postprocess.calibration import Calibration, fit_calibration
from behavior.recording import Frames
from behavior.sequence.averaging import average_features, average_labels, spread_rows
from behavior.sequence.plans import ModelPlan
from behavior.sequence.preparation import fit_preparation
from behavior.sequence.weighting import count_classes
from behavior.sequence.windows import SequenceData

BEHAVIORS = ("grooming", "mid_rearing", "wall_rearing")
WAYS = ("queue", "random clips", "whole recordings")
# Small and fast; what is compared is what they are trained on.
STUDY = {
    "behaviors": list(BEHAVIORS),
    "streams": ["motifs"],
    "features": {"average": 5},
    "windows": {"length": 150},
    "head": {"kind": "lstm", "layers": 1, "units": 16, "bidirectional": True, "dropout": 0.2, "share": True},
    "training": {"learning_rate": 0.01, "batch_size": 16},
}
N_COMPONENTS, N_MEMBERS, N_FOLDS = 32, 3, 2
# Steps of training however little is labelled, within bounds of epochs.
N_STEPS, MOST_EPOCHS = 150, 50
CLIP_S, RANDOM_SHARE = 3.0, 0.5
SHARE = 0.9

Clip = tuple[int, int, int]


@dataclass(frozen=True)
class Mouse:
    """A recording: features (T, D), labels (T, B), and the features as the networks read them."""

    name: str
    fps: float
    features: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int8]
    rows: npt.NDArray[np.float32]


class Lab:
    """Recordings to label, others to score on, and networks.

    Parameters
    ----------
    mice
        All recordings.
    n_scored
        How many of the last ones are scored on.
    """

    def __init__(self, mice: Sequence[Mouse], n_scored: int) -> None:
        from behavior.learning.fitting import make_trainer

        self.mice, self.n_pool = list(mice), len(mice) - n_scored
        self.study = Study.model_validate(STUDY)
        self.average = self.study.features.average
        self.trainer = make_trainer(self.study, n_features=mice[0].rows.shape[1], n_outputs=len(BEHAVIORS), rate=mice[0].fps / self.average)
        self.calibrations: list[Calibration] = []
        self.length = round(CLIP_S * mice[0].fps)

    @property
    def pool(self) -> list[Mouse]:
        """The recordings to label."""
        return self.mice[: self.n_pool]

    def train(
        self, looked_at: Sequence[npt.NDArray[np.bool_]], seed: int, *, is_calibrated: bool = False
    ) -> list[list[npt.NDArray[np.float32]]]:
        """Train on the labels of some frames; return for each member what it predicts of every recording, NaN for what it cannot."""
        labels = [np.where(seen[:, None], mouse.labels, -1).astype(np.int8) for mouse, seen in zip(self.pool, looked_at, strict=True)]
        averaged = [average_labels(values, self.average) for values in labels]
        windows = self.study.windows.length // self.average
        n_windows = sum(
            int((values[start : start + windows] >= 0).any()) for values in averaged for start in range(0, len(values), windows)
        )
        n_steps = -(-n_windows // self.study.training.batch_size)
        epochs = int(np.clip(round(N_STEPS / n_steps), 1, MOST_EPOCHS))
        unlabelled = [np.full((len(mouse.rows), len(BEHAVIORS)), -1, np.int8) for mouse in self.mice[self.n_pool :]]
        data = SequenceData([[mouse.rows for mouse in self.mice]], [*averaged, *unlabelled])
        everything, pool = tuple(range(len(self.mice))), tuple(range(self.n_pool))
        outputs = tuple(range(len(BEHAVIORS)))
        plans = [ModelPlan(outputs, pool, (), everything, epochs, seed_fit(seed, member)) for member in range(N_MEMBERS)]
        if is_calibrated:
            # Each recording is predicted by a network that was not trained on it.
            left_out = [pool[number::N_FOLDS] for number in range(N_FOLDS)]
            training = [tuple(index for index in pool if index not in fold) for fold in left_out]
            plans += [
                ModelPlan(outputs, kept, (), fold, epochs, seed_fit(seed, N_MEMBERS + number))
                for number, (kept, fold) in enumerate(zip(training, left_out, strict=True))
            ]
        if not any(all(count_classes([values[:, column] for values in averaged])) for column in outputs):
            return [[np.full(mouse.labels.shape, np.nan, np.float32) for mouse in self.mice] for _ in range(N_MEMBERS)]
        models = self.trainer.fit(data, plans, seed=seed)
        predicted = []
        for model, plan in zip(models, plans, strict=True):
            of_member = {}
            for column in outputs:
                if not all(count_classes([averaged[index][:, column] for index in plan.training])):
                    # Nothing was trained for it.
                    for values in model.probabilities.values():
                        values[:, column] = np.nan
            for number, values in model.probabilities.items():
                of_member[number] = spread_rows(values, self.average, len(self.mice[number].labels))
            predicted.append(of_member)
        self.calibrations = self._fit_calibrations(predicted[N_MEMBERS:], labels) if is_calibrated else []
        return [[of_member[number] for number in everything] for of_member in predicted[:N_MEMBERS]]

    def _fit_calibrations(
        self, out_of_fold: Sequence[Mapping[int, npt.NDArray[np.float32]]], labels: Sequence[npt.NDArray[np.int8]]
    ) -> list[Calibration]:
        """Return what calibrates each behavior, fitted on what networks predict of labelled frames that they were not trained on."""
        by_recording = {number: values for of_fold in out_of_fold for number, values in of_fold.items()}
        values = np.concatenate([by_recording[number] for number in range(self.n_pool)])
        truth = np.concatenate(labels)
        return [fit_calibration(truth[:, column], values[:, column], method="logistic") for column in range(len(BEHAVIORS))]

    def calibrate(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return calibrated probabilities (T, B); as they are where the last training fitted no calibration."""
        columns = [one.apply(values[:, column]) for column, one in enumerate(self.calibrations)]
        return np.column_stack(columns) if columns else values

    def score(self, predicted: Sequence[Sequence[npt.NDArray[np.float32]]]) -> list[float]:
        """Return the average precision of each behavior on the recordings to score on; a behavior that is not known is guessed."""
        truth = np.concatenate([mouse.labels for mouse in self.mice[self.n_pool :]])
        values = np.nan_to_num(np.mean([np.concatenate(of_member[self.n_pool :]) for of_member in predicted], axis=0))
        return [average_precision(truth[:, column], values[:, column]) for column in range(len(BEHAVIORS))]


def run(lab: Lab, way: str, minutes: Sequence[float], seed: int, note: Callable[[float, list[float]], None]) -> None:
    """Label as one lab does, up to each number of minutes; `note` gets the minutes that were labelled and the scores."""
    looked_at = [np.zeros(len(mouse.labels), np.bool_) for mouse in lab.pool]
    names = [mouse.name for mouse in lab.pool]
    drawn: set[tuple[str, int]] = set()
    predicted: list[list[npt.NDArray[np.float32]]] | None = None
    seconds = lab.length / lab.pool[0].fps
    first = seed * lab.n_pool // 3 % lab.n_pool
    order = [*range(first, lab.n_pool), *range(first)]
    for target in minutes:
        count = round((60 * target - sum(seen.sum() / mouse.fps for seen, mouse in zip(looked_at, lab.pool, strict=True))) / seconds)
        if way == "whole recordings":
            left = count * lab.length
            for number in order:
                free = np.flatnonzero(~looked_at[number])[:left]
                looked_at[number][free] = True
                left -= len(free)
        else:
            clips = [
                describe_clips(
                    mouse.name,
                    seen,
                    length=lab.length,
                    features=mouse.features,
                    members=() if predicted is None or way != "queue" else [lab.calibrate(of_member[number]) for of_member in predicted],
                )
                for number, (mouse, seen) in enumerate(zip(lab.pool, looked_at, strict=True))
            ]
            share = RANDOM_SHARE if way == "queue" else 1.0
            for clip in suggest_clips(clips, BEHAVIORS, count=count, random_share=share, seed=seed, drawn=drawn):
                looked_at[names.index(clip.recording)][clip.start_frame : clip.stop_frame] = True
                if clip.is_random:
                    drawn.add((clip.recording, clip.start_frame))
        predicted = lab.train(looked_at, seed_fit(seed, round(100 * target)), is_calibrated=way == "queue")
        note(sum(seen.sum() / mouse.fps for seen, mouse in zip(looked_at, lab.pool, strict=True)) / 60, lab.score(predicted))


def find_minutes(minutes: npt.NDArray[np.floating], scores: npt.NDArray[np.floating], wanted: float) -> float:
    """Return the minutes from which on the scores, joined by straight lines, stay at `wanted` or above; NaN if they do not.

    >>> find_minutes(np.array([1.0, 2.0, 4.0, 8.0]), np.array([0.1, 0.5, 0.3, 0.5]), 0.4)
    6.0
    """
    below = np.flatnonzero(scores < wanted)
    if not len(below):
        return float(minutes[0])
    last = below[-1]
    if last == len(scores) - 1:
        return float("nan")
    return float(np.interp(wanted, scores[last : last + 2], minutes[last : last + 2]))


def read_mice(folder: Path, n_scored: int, n_used: int = 0) -> list[Mouse]:
    """Read the first recordings of the shared data's folder `oft`, all for 0; features are reduced by those of the recordings to label."""
    path = folder / "recordings.csv"
    if not path.is_file():
        raise InputError(f"{path}: no such file; name the folder of the shared data's open-field recordings.")
    table = pd.read_csv(path).head(n_used or None)
    read = []
    for name, n_frames, fps in table[["recording", "n_frames", "fps"]].itertuples(index=False):
        with np.load(folder / "features" / f"{name}.npz", allow_pickle=False) as content:
            features = content["features"].astype(np.float32)
        request = LabelRequest(BEHAVIORS, Frames(int(n_frames)))
        labels, _ = read_labels(folder / "labels" / "majority" / f"{name}.csv", request)
        read.append((name, float(fps), features, labels.values))
    average = STUDY["features"]["average"]  # type: ignore[index]
    rows = [average_features(features, average) for _, _, features, _ in read]
    preparation = fit_preparation(rows[: len(rows) - n_scored], standardize=False, pca=N_COMPONENTS)
    reduced = [preparation.apply(values) for values in rows]
    scale = np.concatenate(reduced[: len(rows) - n_scored]).std()
    return [Mouse(*one, values / scale) for one, values in zip(read, reduced, strict=True)]


def main() -> int:
    """Print the tables and write the files; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(os.environ.get("BEHAVIOR_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")) / "oft"
    parser.add_argument("folder", nargs="?", type=Path, default=default, help="Folder of the shared data's open-field recordings.")
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.5, 3, 6, 12, 24, 45], help="After which to train and score.")
    parser.add_argument("--seeds", type=int, default=3, help="How many runs of each way.")
    parser.add_argument("--scored", type=int, default=4, help="How many of the last recordings to score on.")
    parser.add_argument("--use", type=int, default=0, help="Use the first recordings only, so many; 0 for all.")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--out", type=Path, default=Path("labelling"), help="Folder for labelling.csv and labelling.png.")
    arguments = parser.parse_args()
    try:
        simulate(read_mice(arguments.folder, arguments.scored, arguments.use), arguments)
    except BehaviorError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    return 0


def simulate(mice: Sequence[Mouse], arguments: argparse.Namespace) -> None:
    """Run all ways and seeds, and write what came of them."""
    load_keras()
    lab = Lab(mice, arguments.scored)
    print(
        f"{lab.n_pool} recordings to label, {arguments.scored} to score on; {CLIP_S:g} s clips, {RANDOM_SHARE:.0%} of the queue at random"
    )
    complete = []
    for seed in range(arguments.seeds):
        everything = [np.ones(len(mouse.labels), np.bool_) for mouse in lab.pool]
        complete.append(lab.score(lab.train(everything, seed_fit(seed, 0))))
        print(f"all labels, seed {seed}: {_show(complete[-1])}", flush=True)
    rows: list[dict[str, object]] = []
    began = time.monotonic()
    for seed in range(arguments.seeds):
        for way in arguments.ways:

            def note(minutes: float, scores: list[float], way: str = way, seed: int = seed) -> None:
                rows.append(
                    {"way": way, "seed": seed, "minutes": minutes, **dict(zip(BEHAVIORS, scores, strict=True)), "mean": np.mean(scores)}
                )
                print(f"{way}, seed {seed}, {minutes:.1f} min: {_show(scores)} ({time.monotonic() - began:.0f} s)", flush=True)

            run(lab, way, sorted(arguments.minutes), seed, note)
    report(pd.DataFrame(rows), float(np.mean(complete)), arguments.out)


def report(table: pd.DataFrame, complete: float, out: Path) -> None:
    """Print mean scores and the minutes that each way needs, and write table and picture."""
    curves, summary = {}, []
    for way, part in table.groupby("way", sort=False):
        # Runs differ by less than a clip in how much is labelled.
        placed = part.assign(place=part.groupby("seed").cumcount())
        minutes = placed.groupby("place")["minutes"].mean().to_numpy()
        scores = placed.pivot_table(index="seed", columns="place", values="mean")
        values = scores.to_numpy()
        curves[str(way)] = (minutes, values)
        of_mean = find_minutes(minutes, values.mean(axis=0), SHARE * complete)
        of_runs = [find_minutes(minutes, run_scores, SHARE * complete) for run_scores in values]
        summary.append([str(way), f"{of_mean:.1f}", ", ".join(f"{one:.1f}" for one in of_runs)])
        print(f"\n{way}:", "  ".join(f"{minute:.0f} min {score:.3f}" for minute, score in zip(minutes, values.mean(axis=0), strict=True)))
    print(f"\nall labels: mean average precision {complete:.3f}, {SHARE:.0%} of it {SHARE * complete:.3f}\n")
    print(format_markdown_table(["way", f"minutes to {SHARE:.0%}", "of each run"], summary))
    make_folder(out)
    write_table(out / "labelling.csv", table)
    write_bytes(out / "labelling.png", render_png(draw_labelling_curves(curves, complete=complete, share=SHARE)))
    print(f"\nwrote {out / 'labelling.csv'} and {out / 'labelling.png'}")


def _show(scores: Sequence[float]) -> str:
    return " / ".join(f"{score:.3f}" for score in scores) + f", mean {np.mean(scores):.3f}"


if __name__ == "__main__":
    sys.exit(main())
