"""Compare a study's own settings with what others do, on its own features and folds: scores out of fold, and computing time.

    python scripts/compare_baselines.py study.yaml --out baselines
    python scripts/compare_baselines.py study.yaml --out baselines --only "boosting on windows" "LSTM over 31 frames"

Every way reads the features that the study's own head reads, is cross-validated in the study's folds, and has its own folder in `--out`;
what is there already is not computed again, and a run that was stopped goes on. The ways:

- `own`: the study as it is.
- `thesis, LSTM` and `thesis, TCN`: head, windows and training of configs/thesis_resnet50v2_lstm.yaml and _tcn.yaml.
- `boosting on windows`: gradient-boosted trees on means, deviations and differences of the features around a frame, which is the approach
  of SimBA and JABS (SimBA's trees are a random forest).
- `LSTM over 31 frames`: one bidirectional LSTM for all behaviors that reads 31 frames at once, which is the approach of CBAS.
- `MS-TCN`: the multi-stage network of Farha and Gall (2019).

Average precision comes with the 95 % interval of its difference to `own`: recordings, the same for both, are drawn again 1,000 times; those
that a fold leaves out together, of one video or one animal, count as one.
F1, and segment F1 at an overlap of 25 %, are at the threshold with the best F1 on the other recordings. `training` is the processor
seconds of training in all folds, as the cross-validation's `computing_time.csv` has them; `predicting` those that a model of all training
recordings takes for an hour of video, from cached features.
The table is printed and written to `baselines.md`, and drawn in `baselines.png`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import numpy.typing as npt
import yaml
from compare_heads import (
    OWN,
    THRESHOLDS,
    Compared,
    Labels,
    Predictions,
    add_mean,
    change_study,
    compute,
    count_at_thresholds,
    format_difference,
    join_recordings,
    measure_f1,
    name_folder,
    resample_f1,
)
from matplotlib.figure import Figure

from behavior.compute.effort import measure_effort
from behavior.config import Study
from behavior.figures.rendering import INK, MUTED, PlainFigure, get_color, render_png, style_axes
from behavior.files.atomic import make_folder, write_bytes, write_text
from behavior.files.markdown import format_markdown_table
from behavior.files.model_bundle import BUNDLE_FILE
from behavior.files.study import open_study, write_study
from behavior.learning.crossval_folder import CrossvalResults
from behavior.learning.learning_data import load_learning_data, load_variant
from behavior.learning.opened_model import open_model
from behavior.learning.prediction import predict_probabilities
from behavior.learning.variants import list_variants
from behavior.metrics.bootstrap import draw_multiplicities, find_interval, resample_average_precision
from behavior.metrics.segments import count_segments, rate_segments
from behavior.workflows.train import train_model

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
PLAIN_FEATURES: Mapping[str, Any] = {"standardize": False, "pca": None, "average": 1}
WINDOW_OF_CBAS = 31
SEGMENTS = "segment_f1_25"

Floats = npt.NDArray[np.float64]


def list_ways() -> dict[str, Mapping[str, Mapping[str, Any]]]:
    """Return the sections of the study file that each way changes; keys of a section that are not named stay."""
    one_member = {"ensemble": {"seeds": 1, "members": []}}
    return {
        OWN: {},
        "thesis, LSTM": {**read_thesis("thesis_resnet50v2_lstm.yaml"), "features": PLAIN_FEATURES, **one_member},
        "thesis, TCN": {**read_thesis("thesis_resnet50v2_tcn.yaml"), "features": PLAIN_FEATURES, **one_member},
        "boosting on windows": {"head": {"kind": "boosting"}, **one_member},
        "LSTM over 31 frames": {
            "head": {"kind": "lstm", "layers": 1, "units": 64, "bidirectional": True, "share": True},
            "windows": {"length": WINDOW_OF_CBAS, "length_s": None},
            "features": {**PLAIN_FEATURES, "standardize": True},
            **one_member,
        },
        "MS-TCN": {"head": {"kind": "mstcn", "share": True}, "features": {**PLAIN_FEATURES, "standardize": True}, **one_member},
    }


def read_thesis(name: str) -> dict[str, Any]:
    """Return head, windows and training of one of the thesis's study files."""
    content = yaml.safe_load((CONFIGS / name).read_text(encoding="utf-8"))
    return {section: content[section] for section in ("head", "windows", "training")} | {
        "windows": {**content["windows"], "length_s": None}
    }


@dataclass(frozen=True)
class Measured:
    """What one way reached: average precision and its draws, F1 and segment F1, each (B + 1,) or (B + 1, S), their mean last."""

    way: Compared
    precision: Floats
    draws: Floats
    f1: Floats
    segment_f1: Floats
    predicting: float


def main() -> None:
    """Cross-validate and time what is not there, print the table and draw it."""
    ways = list_ways()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=list(ways), default=list(ways), metavar="WAY")
    arguments = parser.parse_args()
    study, manifest = open_study(arguments.study)
    make_folder(arguments.out)
    measured = []
    for name in dict.fromkeys([OWN, *arguments.only]):
        folder = arguments.out / name_folder(name)
        changed = change_study(study, ways[name])
        results, _ = compute(arguments.study, changed, folder)
        labels, predictions = join_recordings(results, manifest, study.crossval.leave_out)
        way = Compared(name, predictions, read_training(results))
        measured.append(measure(way, labels, time_prediction(arguments.study, changed, folder)))
    text = format_table(measured, study.behaviors)
    write_text(arguments.out / "baselines.md", text)
    write_bytes(arguments.out / "baselines.png", render_png(draw(measured, study.behaviors)))
    print(text)


def read_training(results: CrossvalResults) -> float | None:
    """Return the processor seconds of training; None where a run that was stopped did a part of it."""
    table = results.computing_time
    if table is None:
        return None
    known = table[(table["step"] == "train") & (table["metric"] == "processor_seconds")]["value"]
    return float(known.iloc[0]) if len(known) else None


def time_prediction(path: Path, study: Study, folder: Path) -> float:
    """Return the processor seconds that a model of the study takes for an hour of video; the first recording warms it up."""
    kept = folder / "predicting_processor_seconds.txt"
    if kept.is_file():
        return float(kept.read_text(encoding="utf-8"))
    bundle, changed = folder / "model", path.resolve().parent / f".{folder.name}.yaml"
    write_study(changed, study)
    try:
        if not (bundle / BUNDLE_FILE).is_file():
            train_model(changed, bundle, crossval=folder)
        _, recordings = open_study(changed)
        data = load_learning_data(study, [recording for recording in recordings if recording.split == "train"])
    finally:
        changed.unlink()
    model = open_model(bundle)
    members = [load_variant(study, variant, data) for variant in list_variants(study) for _ in range(study.ensemble.seeds)]
    members *= len(model.members) // len(members)
    features = [[member.features[index] for member in members] for index in range(len(data.recordings))]
    predict_probabilities(model, features[0])
    with measure_effort() as measured:
        for of_recording in features:
            predict_probabilities(model, of_recording)
    hours = sum(of_recording[0].frames.n_frames / of_recording[0].fps for of_recording in features) / 3600
    # As precise as it is kept, so that a second run rounds it the same way.
    seconds = round(measured.effort.processor_seconds / hours, 3)
    write_text(kept, f"{seconds:.3f}\n")
    return seconds


def measure(way: Compared, labels: Labels, predicting: float) -> Measured:
    """Return the scores of out-of-fold predictions."""
    n_recordings, n_behaviors = len(labels), labels[0].shape[1]
    once = np.ones((1, n_recordings), dtype=np.int64)
    columns = [([truth[:, column] for truth in labels], [values[:, column] for values in way.predictions]) for column in range(n_behaviors)]
    return Measured(
        way,
        add_mean(np.stack([resample_average_precision(*column, once) for column in columns]))[:, 0],
        add_mean(np.stack([resample_average_precision(*column, draw_multiplicities(n_recordings)) for column in columns])),
        add_mean(np.stack([resample_f1(*column, once) for column in columns]))[:, 0],
        add_mean(np.array([[score_bouts(*column)] for column in columns]))[:, 0],
        predicting,
    )


def score_bouts(labels: Labels, probabilities: Predictions) -> float:
    """Return segment F1 of one behavior over all recordings, each decided at the threshold with the best F1 on the others."""
    tallies = np.stack([count_at_thresholds(truth, values) for truth, values in zip(labels, probabilities, strict=True)])
    total = tallies.sum(axis=0)
    counts: dict[str, int] = {}
    for truth, values, tally in zip(labels, probabilities, tallies, strict=True):
        threshold = THRESHOLDS[int(np.argmax(measure_f1(total - tally)))]
        for name, count in count_segments(truth, np.nan_to_num(values, nan=-1.0) >= threshold).items():
            counts[name] = counts.get(name, 0) + count
    return float(rate_segments(counts)[SEGMENTS])


def format_table(measured: Sequence[Measured], behaviors: Sequence[str]) -> str:
    """Return a row for each way; the first is the one that others are compared with."""
    own = measured[0]
    rows = []
    for one in measured:
        cells = [f"{value:.3f}" for value in one.precision]
        if one is not own:
            gains, spread = one.precision - own.precision, one.draws - own.draws
            cells = [
                f"{cell}<br>{format_difference(gain, find_interval(draw))}" for cell, gain, draw in zip(cells, gains, spread, strict=True)
            ]
        training = "" if one.way.seconds is None else f"{one.way.seconds:.0f}"
        rows.append([one.way.name, *cells, f"{one.f1[-1]:.3f}", f"{one.segment_f1[-1]:.3f}", training, f"{one.predicting:.2f}"])
    heads = [
        "Average precision",
        *behaviors,
        "mean",
        "mean F1",
        "mean segment F1",
        "training, processor s",
        "predicting an hour, processor s",
    ]
    return format_markdown_table(heads, rows) + "\n"


def draw(measured: Sequence[Measured], behaviors: Sequence[str]) -> Figure:
    """Draw average precision of each behavior and their mean, a row for each way, with 95 % intervals."""
    names = [*behaviors, "mean"]
    figure = PlainFigure(figsize=(2.2 * len(names) + 1.8, 0.42 * len(measured) + 1.1), layout="constrained")
    panels = figure.subplots(1, len(names), squeeze=False, sharey=True)[0]
    rows = np.arange(len(measured))
    for column, (axes, name) in enumerate(zip(panels, names, strict=True)):
        color = get_color(column) if column < len(behaviors) else INK
        for row, one in zip(rows, measured, strict=True):
            low, high = find_interval(one.draws[column])
            axes.plot([low, high], [row, row], color=color, linewidth=1.5, alpha=0.5)
            axes.plot(one.precision[column], row, "o", color=color, markersize=5)
        axes.axvline(float(measured[0].precision[column]), color=MUTED, linewidth=0.8, linestyle=":")
        axes.set_title(name, fontsize=10, color=INK)
        axes.set_xlim(0, 1)
        style_axes(axes)
    panels[0].set_yticks(rows, [one.way.name for one in measured])
    panels[0].set_ylim(len(measured) - 0.5, -0.5)
    figure.supxlabel("average precision out of fold, and 95 % interval over recordings", fontsize=9, color=INK)
    return figure


if __name__ == "__main__":
    main()
