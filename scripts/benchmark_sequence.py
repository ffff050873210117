"""Time a leave-one-recording-out cross-validation: a plain Keras loop as the thesis ran it, and ours, on the same data.

    python scripts/benchmark_sequence.py --head lstm
    python scripts/benchmark_sequence.py --head tcn --precision bfloat16

The data are written here: `--recordings` x `--frames` x `--features` with three behaviors, neither trivial nor hopeless. The plain loop
builds, compiles and fits a fresh Keras model per fold and behavior; by default only the first `--plain-folds` folds are timed and the
time is multiplied, which the output says. Both parts start from the same weights, score the same inner recording after every epoch, and
run in processes of their own, one after the other, so that neither one's memory counts for the other.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

BEHAVIORS = 3
HEADS: dict[str, dict[str, Any]] = {
    "lstm": {"kind": "lstm", "layers": 3, "units": 64, "dropout": 0.5},
    "tcn": {"kind": "tcn", "layers": 1, "filters": 256, "kernel_size": 3, "normalization": "batch", "dropout": 0.5},
}
LEARNING_RATE = 0.001
# A behavior's share of frames, how long it lasts, and how much of what it adds to the features is seen through noise.
SHARE, BOUT_FRAMES, SIGNAL, NOISE = 0.15, 30, 0.5, 0.9


def main() -> None:
    """Run both parts, each in a process of its own, and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--head", choices=sorted(HEADS), default="lstm")
    parser.add_argument("--recordings", type=int, default=12)
    parser.add_argument("--frames", type=int, default=6600)
    parser.add_argument("--features", type=int, default=2048)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--window", type=int, default=300)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--width", type=int, help="Units or filters of the first layer instead of the thesis's.")
    parser.add_argument("--precision", choices=("float32", "bfloat16", "auto"), default="float32", help="Of our products.")
    parser.add_argument("--memory-gib", type=float, default=3.0)
    parser.add_argument("--plain-folds", type=int, default=1, help="Folds that the plain loop is timed on.")
    parser.add_argument("--part", choices=("plain", "ours"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        run_part(arguments)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_data(arguments, folder)
        found = {}
        for part in ("plain", "ours"):
            subprocess.run([sys.executable, __file__, *sys.argv[1:], "--part", part, "--folder", temporary], check=True)
            found[part] = json.loads((folder / f"{part}.json").read_text())
    report(arguments, found["plain"], found["ours"])


def report(arguments: argparse.Namespace, plain: dict[str, Any], ours: dict[str, Any]) -> None:
    """Print times, their ratio, memory and the difference of average precision."""
    folds = arguments.plain_folds
    whole = plain["seconds"] * arguments.recordings / folds
    say(
        f"{arguments.head}, {arguments.recordings} x {arguments.frames} x {arguments.features}, {arguments.epochs} epochs, batches of "
        f"{arguments.batch_size} windows of {arguments.window}"
    )
    multiplied = "" if folds == arguments.recordings else f" ({plain['seconds']:.0f} s for {folds} of the folds, multiplied)"
    say(f"plain Keras loop   {whole:8.0f} s{multiplied}, peak memory {plain['peak_gib']:.2f} GiB")
    say(f"ours, {arguments.precision:8s}    {ours['seconds']:8.0f} s, all folds, peak memory {ours['peak_gib']:.2f} GiB")
    say(f"ratio of times     {whole / ours['seconds']:8.2f}")
    compared = np.array(ours["average_precision"])[:folds]
    difference = compared.mean() - np.mean(plain["average_precision"])
    say(
        f"average precision  plain {np.mean(plain['average_precision']):.4f}, ours {compared.mean():.4f}, difference {difference:+.4f} "
        f"(mean over behaviors of the same {folds} folds; ours over all: {np.mean(ours['average_precision']):.4f})"
    )


def say(line: str) -> None:
    """Print a line."""
    print(line, flush=True)


def write_data(arguments: argparse.Namespace, folder: Path) -> None:
    """Write features (R, T, D) float16 and labels (R, T, B) int8: each behavior moves a direction of its own, seen through noise."""
    rng = np.random.default_rng(0)
    shape = (arguments.recordings, arguments.frames)
    features = np.lib.format.open_memmap(folder / "features.npy", mode="w+", dtype=np.float16, shape=(*shape, arguments.features))
    labels = np.zeros((*shape, BEHAVIORS), dtype=np.int8)
    directions = rng.normal(size=(BEHAVIORS, arguments.features)).astype(np.float32)
    for recording in range(arguments.recordings):
        for behavior in range(BEHAVIORS):
            n_bouts = round(SHARE * arguments.frames / BOUT_FRAMES)
            for start in rng.integers(0, arguments.frames, size=n_bouts):
                labels[recording, start : start + int(rng.integers(BOUT_FRAMES // 2, 3 * BOUT_FRAMES // 2)), behavior] = 1
        # Noise along the same directions, slow as behavior is, so that no model can be perfect.
        slow = np.repeat(rng.normal(size=(-(-arguments.frames // 20), BEHAVIORS)), 20, axis=0)[: arguments.frames]
        seen = (labels[recording] + NOISE * slow * 0.5).astype(np.float32)
        noise = rng.standard_normal(size=(arguments.frames, arguments.features), dtype=np.float32)
        features[recording] = SIGNAL * seen @ directions + noise
    features.flush()
    np.save(folder / "labels.npy", labels)


def run_part(arguments: argparse.Namespace) -> None:
    """Run one of the two ways and write what it took."""
    assert arguments.folder is not None
    features = np.load(arguments.folder / "features.npy", mmap_mode="r")
    labels = np.load(arguments.folder / "labels.npy")
    head = dict(HEADS[arguments.head])
    if arguments.width:
        head["units" if head["kind"] == "lstm" else "filters"] = arguments.width
    run = run_plain if arguments.part == "plain" else run_ours
    began = time.perf_counter()
    scores = run(arguments, features, labels, head)
    seconds = time.perf_counter() - began
    result = {"seconds": seconds, "peak_gib": measure_peak(), "average_precision": scores}
    (arguments.folder / f"{arguments.part}.json").write_text(json.dumps(result))


def measure_peak() -> float:
    """Return the most memory that this process has held, in GiB; NaN where the system does not tell."""
    try:
        import resource
    except ImportError:
        return float("nan")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def choose_recordings(n_recordings: int, fold: int) -> tuple[int, list[int]]:
    """Return the inner recording of a fold, and those that it trains on."""
    inner = (fold + 1) % n_recordings
    return inner, [index for index in range(n_recordings) if index not in (fold, inner)]


def make_seed(fold: int, behavior: int) -> int:
    """Return the seed of the initial weights."""
    return 1000 + fold * BEHAVIORS + behavior


def run_plain(
    arguments: argparse.Namespace, features: npt.NDArray[np.float16], labels: npt.NDArray[np.int8], head: dict[str, Any]
) -> list[list[float]]:
    """Fit a fresh Keras model for each fold and behavior, one after the other."""
    import random

    import keras

    from behavior.metrics.frames import average_precision
    from behavior.sequence.heads import build_head
    from behavior.sequence.inference import predict_recording
    from behavior.sequence.weighting import balance_classes

    length = arguments.window
    scores: list[list[float]] = []
    for fold in range(arguments.plain_folds):
        inner, learned = choose_recordings(len(features), fold)
        scores.append([])
        windows = np.concatenate([cut(features[index], length) for index in learned]).astype(np.float32)
        for behavior in range(BEHAVIORS):
            truth = np.concatenate([cut(labels[index, :, behavior], length) for index in learned])
            negative, positive = balance_classes([labels[index, :, behavior] for index in learned])
            weights = np.where(truth == 1, positive, negative).astype(np.float32)
            keras.backend.clear_session()
            random.seed(make_seed(fold, behavior))
            keras.utils.set_random_seed(make_seed(fold, behavior))
            model = build_head(n_features=features.shape[2], **head)
            model.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE), loss="binary_crossentropy", jit_compile=False)
            best, best_weights = -1.0, model.get_weights()
            for _ in range(arguments.epochs):
                model.fit(windows, truth[:, :, None], sample_weight=weights, batch_size=arguments.batch_size, epochs=1, verbose=0)
                predicted = predict_recording(model.predict_on_batch, features[inner], length=length)[:, 0]
                score = average_precision(labels[inner, :, behavior], predicted)
                if score > best:
                    best, best_weights = score, model.get_weights()
            model.set_weights(best_weights)
            said = predict_recording(model.predict_on_batch, features[fold], length=length)[:, 0]
            scores[-1].append(average_precision(labels[fold, :, behavior], said))
    return scores


def cut(values: npt.NDArray, length: int) -> npt.NDArray:
    """Return the full windows of a recording, end to end."""
    count = len(values) // length
    return values[: count * length].reshape(count, length, *values.shape[1:])


def run_ours(
    arguments: argparse.Namespace, features: npt.NDArray[np.float16], labels: npt.NDArray[np.int8], head: dict[str, Any]
) -> list[list[float]]:
    """Fit all folds and behaviors side by side."""
    from behavior.metrics.frames import average_precision
    from behavior.sequence.head_stack import choose_product_dtype
    from behavior.sequence.plans import ModelPlan
    from behavior.sequence.training import HeadTrainer
    from behavior.sequence.windows import SequenceData

    n_recordings = len(features)
    trainer = HeadTrainer(
        head=head,
        n_features=features.shape[2],
        window_length=arguments.window,
        learning_rate=LEARNING_RATE,
        batch_size=arguments.batch_size,
        product_dtype=choose_product_dtype(arguments.precision),
        memory_gib=arguments.memory_gib,
    )
    plans = []
    for fold in range(n_recordings):
        inner, learned = choose_recordings(n_recordings, fold)
        plans += [
            ModelPlan((behavior,), tuple(learned), (inner,), (fold,), arguments.epochs, make_seed(fold, behavior))
            for behavior in range(BEHAVIORS)
        ]
    data = SequenceData([list(features)], list(labels))
    scores: list[float] = []
    at_once = trainer.count_at_once()
    for first in range(0, len(plans), at_once):
        group = plans[first : first + at_once]
        for plan, model in zip(group, trainer.fit(data, group, seed=0, patience=arguments.epochs), strict=True):
            fold, behavior = plan.predicted[0], plan.outputs[0]
            scores.append(average_precision(labels[fold, :, behavior], model.probabilities[fold][:, 0]))
    return np.reshape(scores, (n_recordings, BEHAVIORS)).tolist()


if __name__ == "__main__":
    main()
