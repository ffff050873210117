"""Compare heads, and ways to put them together, with a study's own: average precision and F1 out of fold, with intervals.

    python scripts/compare_heads.py study.yaml --out heads
    python scripts/compare_heads.py study.yaml --out heads --only own boosting
    python scripts/compare_heads.py study.yaml --out heads --exclusive grooming mid_rearing wall_rearing

Every setting is cross-validated as the study says, in a folder of its own in `--out`; what is there already is not computed again, and a
run that was stopped goes on. What needs no training follows from the stored predictions: the mean of the study's own head and the first
other setting, for each behavior the one of the two, or the mean with those weights, that is best on the other recordings, and predictions
in which behaviors exclude each other. F1 is at the threshold that is best on the other recordings. A difference is that to the study's own
head, with its 95 % interval: recordings, the same for both, are drawn again 1,000 times. Recordings that a fold leaves out together, those
of one video or one animal, count as one in all of this. The tables are printed, and written to `heads.md`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.config import Study, parse_section
from behavior.files.atomic import make_folder, write_text
from behavior.files.markdown import format_markdown_table
from behavior.files.shared_videos import identify_video
from behavior.files.study import open_study, write_study
from behavior.learning.crossval_folder import CrossvalResults, read_crossval
from behavior.metrics.bootstrap import draw_multiplicities, find_interval, resample_average_precision
from behavior.recording import Recording
from behavior.workflows.crossval import cross_validate

OWN = "own"
BOOSTING: Mapping[str, Any] = {"kind": "boosting"}
# Sections of the study file that a setting changes; keys of a section that are not named stay.
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    OWN: {},
    "boosting": {"head": BOOSTING},
    "boosting, one window of 1 s": {"head": {**BOOSTING, "windows_s": [1.0]}},
    "boosting, windows to 8 s": {"head": {**BOOSTING, "windows_s": [0.5, 2.0, 8.0]}},
    "boosting, classes not balanced": {"head": BOOSTING, "training": {"class_weights": "none"}},
    "more dropout": {"head": {"dropout": 0.6}},
    "trained for longer": {"training": {"epochs": 100, "patience": 15}},
}
# Of the study's own head, the rest being the other's; of those that are as good, the first is taken.
WEIGHTS = [0.5, 0.25, 0.75, 0.0, 1.0]
THRESHOLDS = np.linspace(0.02, 0.98, 49)

Floats = npt.NDArray[np.float64]
Labels = Sequence[npt.NDArray[np.int8]]
Predictions = Sequence[npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Compared:
    """Out-of-fold predictions (T, B) of each recording by one way, and how long they took."""

    name: str
    predictions: Predictions
    seconds: float | None = None


def main() -> None:
    """Cross-validate what is not there, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=list(SETTINGS), default=list(SETTINGS), metavar="SETTING")
    parser.add_argument("--exclusive", nargs="+", default=[], metavar="BEHAVIOR", help="Behaviors of which a frame shows one at most.")
    arguments = parser.parse_args()
    study, manifest = open_study(arguments.study)
    unknown = sorted(set(arguments.exclusive) - set(study.behaviors))
    if unknown:
        parser.error(f"--exclusive names {', '.join(unknown)}, expected some of {', '.join(study.behaviors)}")
    make_folder(arguments.out)
    ways: list[Compared] = []
    labels: Labels = []
    for name in dict.fromkeys([OWN, *arguments.only]):
        results, seconds = compute(arguments.study, change_study(study, SETTINGS[name]), arguments.out / name_folder(name))
        labels, predictions = join_recordings(results, manifest, study.crossval.leave_out)
        ways.append(Compared(name, predictions, seconds))
    if len(ways) > 1:
        ways += combine(labels, ways[:2])
    ways += [
        Compared(f"{way.name}, exclusive", exclude(way.predictions, [study.behaviors.index(name) for name in arguments.exclusive]))
        for way in list(ways)
        if len(arguments.exclusive) > 1
    ]
    text = format_tables(labels, ways, study.behaviors)
    write_text(arguments.out / "heads.md", text)
    print(text)


def group_recordings(recordings: Sequence[Recording], leave_out: str) -> list[list[str]]:
    """Return the ids of recordings that a fold leaves out together, in the order of the first of each: individuals of a video are no two.

    >>> group_recordings([Recording("a", animal="m1"), Recording("b", animal="m2"), Recording("c", animal="m1")], "animal")
    [['a', 'c'], ['b']]
    """
    groups: dict[str, list[str]] = {}
    for recording in recordings:
        groups.setdefault(identify_video(recording) if leave_out == "recording" else recording.animal, []).append(recording.id)
    return list(groups.values())


def join_recordings(
    results: CrossvalResults, manifest: Sequence[Recording], leave_out: str
) -> tuple[list[npt.NDArray[np.int8]], list[npt.NDArray[np.float32]]]:
    """Return labels and out-of-fold predictions, (T, B) each, of what every fold left out, as of one recording."""
    labels, predictions = [], []
    for unit in group_recordings([one for one in manifest if one.id in results.labels], leave_out):
        shown = [results.labels[recording].values for recording in unit]
        predicted = [results.out_of_fold[recording] for recording in unit]
        # A frame that nobody labelled lies between two, so that no bout goes from one into the next.
        labels.append(np.concatenate([np.pad(one, ((0, 1), (0, 0)), constant_values=-1) for one in shown])[:-1])
        predictions.append(np.concatenate([np.pad(one, ((0, 1), (0, 0)), constant_values=np.nan) for one in predicted])[:-1])
    return labels, predictions


def change_study(study: Study, changes: Mapping[str, Mapping[str, Any]]) -> Study:
    """Return the study with some keys of some sections changed; a head of another kind keeps none of its own."""
    content = study.model_dump(mode="json")
    for section, keys in changes.items():
        is_other = section == "head" and keys.get("kind", content[section]["kind"]) != content[section]["kind"]
        content[section] = dict(keys) if is_other else {**content[section], **keys}
    return parse_section(Study, content, source=Path("a setting of compare_heads.py"))


def name_folder(name: str) -> str:
    """Return the folder of a setting.

    >>> name_folder("boosting, one window of 1 s")
    'boosting_one_window_of_1_s'
    """
    return name.replace(",", "").replace(" ", "_")


def compute(path: Path, study: Study, folder: Path) -> tuple[CrossvalResults, float | None]:
    """Return the cross-validation of `study` in `folder`, and the seconds that it took; None where it was there already."""
    changed = path.resolve().parent / f".{folder.name}.yaml"
    if (folder / "crossval.json").is_file():
        return read_crossval(folder), None
    write_study(changed, study)
    began = time.monotonic()
    try:
        cross_validate(changed, folder)
    finally:
        changed.unlink()
    return read_crossval(folder), time.monotonic() - began


def combine(labels: Labels, members: Sequence[Compared]) -> list[Compared]:
    """Return the mean of two members, and for each behavior the better one and the best weights on the other recordings."""
    first, second = members
    names = f"{first.name} and {second.name}"
    ways = {f"mean of {names}": [0.5], f"the better of {names}": [1.0, 0.0], f"weights of {names}": WEIGHTS}
    mixed = {weight: mix(first, second, weight) for weight in dict.fromkeys(weight for weights in ways.values() for weight in weights)}
    return [Compared(name, choose(labels, [mixed[weight] for weight in weights])) for name, weights in ways.items()]


def mix(first: Compared, second: Compared, weight: float) -> list[npt.NDArray[np.float32]]:
    """Return the mean of two members' predictions, of which the first has the given weight."""
    if weight in (0.0, 1.0):
        return list(first.predictions if weight else second.predictions)
    return [
        (weight * one + (1 - weight) * other).astype(np.float32) for one, other in zip(first.predictions, second.predictions, strict=True)
    ]


def choose(labels: Labels, candidates: Sequence[Predictions]) -> list[npt.NDArray[np.float32]]:
    """Return for each recording and behavior what the candidate predicts that has the best average precision on the other recordings."""
    n_recordings, n_behaviors = len(labels), labels[0].shape[1]
    # Row r leaves out recording r.
    others = 1 - np.eye(n_recordings, dtype=np.int64)
    chosen = [np.empty_like(values) for values in candidates[0]]
    for column in range(n_behaviors):
        scores = np.stack([resample_average_precision(*_take_column(labels, one, column), others) for one in candidates])
        for left_out, best in enumerate(np.argmax(np.nan_to_num(scores, nan=-1.0), axis=0)):
            chosen[left_out][:, column] = candidates[best][left_out][:, column]
    return chosen


def exclude(predictions: Predictions, columns: Sequence[int]) -> list[npt.NDArray[np.float32]]:
    """Return predictions in which a frame has, of some behaviors, the most probable one alone; the others get 0.

    >>> exclude([np.array([[0.6, 0.7, 0.8]], dtype=np.float32)], [0, 1])[0].round(1).tolist()
    [[0.0, 0.699999988079071, 0.800000011920929]]
    """
    excluded = []
    for values in predictions:
        group = values[:, list(columns)]
        others = np.arange(group.shape[1]) != np.argmax(np.nan_to_num(group, nan=-1.0), axis=1)[:, None]
        changed = values.copy()
        changed[:, list(columns)] = np.where(others, 0.0, group)
        excluded.append(changed)
    return excluded


def format_tables(labels: Labels, ways: Sequence[Compared], behaviors: Sequence[str]) -> str:
    """Return a table of average precision and one of F1, a row for each way, the first being the one that others are compared with."""
    multiplicities = draw_multiplicities(len(labels))
    once = np.ones((1, len(labels)), dtype=np.int64)
    parts = []
    for title, resample in (("Average precision", resample_average_precision), ("F1", resample_f1)):
        rows: list[list[str]] = []
        own: tuple[Floats, Floats] | None = None
        for way in ways:
            measured = [
                [resample(*_take_column(labels, way.predictions, column), drawn) for column in range(len(behaviors))]
                for drawn in (once, multiplicities)
            ]
            values, drawn = (add_mean(np.stack(part)) for part in measured)
            cells = [f"{value:.3f}" for value in values[:, 0]]
            if own is None:
                own = values, drawn
            else:
                gains, spread = values[:, 0] - own[0][:, 0], drawn - own[1]
                told = [format_difference(gain, find_interval(one)) for gain, one in zip(gains, spread, strict=True)]
                cells = [f"{cell}<br>{words}" for cell, words in zip(cells, told, strict=True)]
            rows.append([way.name, *cells, "" if way.seconds is None else f"{way.seconds:.0f}"])
        parts.append(format_markdown_table([title, *behaviors, "mean", "seconds"], rows))
    return "\n\n".join(parts) + "\n"


def add_mean(values: Floats) -> Floats:
    """Return figures (B, S) with their mean over behaviors as one row more."""
    return np.concatenate([values, values.mean(axis=0, keepdims=True)])


def _take_column(labels: Labels, predictions: Predictions, column: int) -> tuple[list[npt.NDArray[np.int8]], list[npt.NDArray[np.float32]]]:
    return [truth[:, column] for truth in labels], [values[:, column] for values in predictions]


def format_difference(gain: float, interval: tuple[float, float]) -> str:
    """Return a difference with its interval.

    >>> format_difference(0.0314, (-0.01, 0.07))
    '+.031 (-.010 to +.070)'
    """
    gained, low, high = (f"{one:+.3f}".replace("0.", ".", 1) for one in (gain, *interval))
    return f"{gained} ({low} to {high})"


def resample_f1(labels: Labels, probabilities: Predictions, multiplicities: npt.NDArray[np.int64]) -> Floats:
    """Return F1 in each resample of the recordings, each decided at the threshold with the best F1 over the others, shape (S,)."""
    tallies = np.stack([count_at_thresholds(truth, values) for truth, values in zip(labels, probabilities, strict=True)])
    total = tallies.sum(axis=0)
    nested = []
    for tally in tallies:
        best = int(np.argmax(measure_f1(total - tally)))
        nested.append(tally[best])
    return measure_f1(np.asarray(multiplicities.astype(np.float64) @ np.stack(nested)))


def count_at_thresholds(labels: npt.NDArray[np.int8], probabilities: npt.NDArray[np.floating]) -> Floats:
    """Return true positives, positives that were decided and positives that are labelled at each threshold, shape (H, 3)."""
    known = np.nan_to_num(probabilities[labels >= 0], nan=-1.0)
    positive = labels[labels >= 0] == 1
    decided = len(known) - np.searchsorted(np.sort(known), THRESHOLDS)
    hits = int(positive.sum()) - np.searchsorted(np.sort(known[positive]), THRESHOLDS)
    return np.column_stack([hits, decided, np.full(len(THRESHOLDS), positive.sum())]).astype(np.float64)


def measure_f1(tallies: Floats) -> Floats:
    """Return F1 of true, decided and labelled positives, (..., 3)."""
    return np.asarray(2 * tallies[..., 0] / np.maximum(tallies[..., 1] + tallies[..., 2], 1))


if __name__ == "__main__":
    main()
