"""Train the `openfield` backbone on rendered scenes, and write the weights that ship with the package.

The network learns to tell the renderer's posture parameters (heading, stretch, height, head angle, tuck, distance to the wall, where body
parts are) and what the mouse is doing from one crop of the scenes that `openfield_scenes.py` draws. The layers that answer are dropped
afterwards; the embedding below them is kept.

    python scripts/train_openfield.py
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from openfield_scenes import PARTS, TARGETS, Floats, Images, render_crops

from behavior.files.atomic import make_folder, replacing
from behavior.vision.openfield import INPUT_SIZE, build_openfield

MIRRORED = tuple(TARGETS.index(name) for name in ("heading cos", "head angle sin", *(f"{part} x" for part in PARTS)))
ANGLES = ((TARGETS.index("heading sin"), TARGETS.index("heading cos")),)
PLACES = tuple((TARGETS.index(f"{part} x"), TARGETS.index(f"{part} y")) for part in PARTS)
# Drawing noise for each crop anew takes as long as training on it.
NOISE = np.random.default_rng(0).standard_normal((128, INPUT_SIZE, INPUT_SIZE, 3), dtype=np.float32)
SHIPPED = Path(__file__).resolve().parents[1] / "behavior" / "vision" / "weights" / "openfield.weights.h5"


def render_set(*, seed: int, first: int, n_recordings: int, n_frames: int, processes: int) -> tuple[Images, Floats]:
    """Render crops of recordings `first` to `first + n_recordings`, every one with an animal, a box and a light of its own."""
    jobs = [(seed, first + index, n_frames) for index in range(n_recordings)]
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        crops, targets = zip(*pool.map(render_crops, jobs, chunksize=4), strict=True)
    return np.concatenate(crops), np.concatenate(targets)


class Scenes(keras.utils.PyDataset):
    """Shuffled batches of crops and standardised targets, augmented again in every epoch, from one seed."""

    def __init__(self, crops: Images, targets: Floats, mean: Floats, spread: Floats, *, batch_size: int, seed: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self._crops, self._targets, self._mean, self._spread = crops, targets, mean, spread
        self._batch_size, self._seed = batch_size, seed
        self._epoch = 0
        self._shuffle()

    def __len__(self) -> int:
        return len(self._crops) // self._batch_size

    def __getitem__(self, index: int) -> tuple[Floats, Floats]:
        rng = np.random.default_rng((self._seed, self._epoch, index))
        rows = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        crops, targets = turn_scenes(self._crops[rows].astype(np.float32), self._targets[rows].copy(), rng)
        return vary_light(crops, rng), (targets - self._mean) / self._spread

    def on_epoch_end(self) -> None:
        """Shuffle for the next epoch."""
        self._epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        self._order = np.random.default_rng((self._seed, self._epoch)).permutation(len(self._crops))


def turn_scenes(crops: Floats, targets: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Mirror half of the scenes and turn a batch's quarters by 0, 90, 180 and 270 degrees; targets follow."""
    mirrored = np.flatnonzero(rng.random(len(crops)) < 0.5)
    crops[mirrored] = crops[mirrored, :, ::-1]
    # x changes sign, so the heading's cosine does; and left of the trunk becomes right of it.
    targets[mirrored[:, None], MIRRORED] *= -1
    turns = rng.integers(0, 4, len(crops))
    for quarter in (1, 2, 3):
        where = turns == quarter
        # rot90 turns the picture from y towards x: a heading of 0 (right) comes to point up, at -90 degrees.
        crops[where] = np.rot90(crops[where], quarter, axes=(1, 2))
        cosine, sine = np.cos(-quarter * np.pi / 2), np.sin(-quarter * np.pi / 2)
        for x, y in (*((x, y) for y, x in ANGLES), *PLACES):
            along, across = targets[where, x].copy(), targets[where, y].copy()
            targets[where, x] = along * cosine - across * sine
            targets[where, y] = along * sine + across * cosine
    return crops, targets


def vary_light(crops: Floats, rng: np.random.Generator) -> Floats:
    """Vary brightness, tones, colour and noise; show some crops in negative, and many grey as many cameras do."""
    n = len(crops)
    negative = rng.random(n) < 0.15
    crops[negative] = 255 - crops[negative]
    grey = rng.random(n) < 0.4
    crops[grey] = crops[grey].mean(axis=3, keepdims=True)
    gamma = np.exp(rng.normal(0, 0.3, (n, 1))).astype(np.float32)
    tones = 255 * np.power(np.arange(256, dtype=np.float32) / 255, gamma)
    crops = tones[np.arange(n)[:, None, None, None], crops.astype(np.uint8)]
    tint = rng.normal(1.0, 0.05, (n, 1, 1, 3)).astype(np.float32)
    contrast = rng.uniform(0.6, 1.3, (n, 1, 1, 1)).astype(np.float32)
    brightness = rng.normal(0, 15, (n, 1, 1, 1)).astype(np.float32)
    noise = rng.uniform(0, 6, (n, 1, 1, 1)).astype(np.float32) * np.roll(
        NOISE[rng.permutation(n) % len(NOISE)], rng.integers(0, 64, 2), (1, 2)
    )
    # Light falls off across the picture, or something throws a shadow over a part of it.
    axis = np.linspace(-1, 1, crops.shape[1], dtype=np.float32)
    slope = rng.normal(0, 0.12, (2, n, 1, 1)).astype(np.float32)
    light = 1 + slope[0] * axis[None, :, None] + slope[1] * axis[None, None, :]
    return np.clip((crops * light[..., None] - 128) * contrast * tint + 128 + brightness + noise, 0, 255)


def attach_answers(backbone: keras.Model) -> keras.Model:
    """Return `backbone` with the layers that answer for the posture parameters."""
    # An answer that rests on whichever half of the features is left makes every feature speak of posture, rather than of coat or floor.
    x = keras.layers.Dropout(0.5)(backbone.output)
    x = keras.layers.ReLU()(x)
    x = keras.layers.Dense(128, activation="relu")(x)
    return keras.Model(backbone.input, keras.layers.Dense(len(TARGETS))(x))


def report_errors(answers: Floats, truth: Floats, mean: Floats) -> str:
    """Return a table of root mean square errors, next to those of always answering `mean`."""
    lines = [f"{'parameter':<16}{'error':>10}{'mean answer':>14}{'explained':>12}"]
    for column, name in enumerate(TARGETS):
        error = float(np.sqrt(np.mean((answers[:, column] - truth[:, column]) ** 2)))
        trivial = float(np.sqrt(np.mean((mean[column] - truth[:, column]) ** 2)))
        lines.append(f"{name:<16}{error:>10.4f}{trivial:>14.4f}{1 - (error / trivial) ** 2:>12.3f}")
    for name in ("heading", "head angle"):
        sine, cosine = TARGETS.index(f"{name} sin"), TARGETS.index(f"{name} cos")
        difference = np.arctan2(answers[:, sine], answers[:, cosine]) - np.arctan2(truth[:, sine], truth[:, cosine])
        degrees = np.rad2deg(np.abs(np.angle(np.exp(1j * difference))))
        lines.append(f"{name}: median error {np.median(degrees):.1f} degrees, 95th percentile {np.percentile(degrees, 95):.1f}")
    return "\n".join(lines)


def main() -> None:
    """Render, train, validate, write."""
    parser = argparse.ArgumentParser(description="Train the openfield backbone on rendered scenes.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=32)
    parser.add_argument("--recordings", type=int, default=1200, help="animals to train on (default: 1200)")
    parser.add_argument("--frames", type=int, default=60, help="frames of each (default: 60)")
    parser.add_argument("--out", type=Path, default=SHIPPED, help=f"weights file, ends in .weights.h5 (default: {SHIPPED})")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="processes that render (default: one per processor)")
    arguments = parser.parse_args()
    if not arguments.out.name.endswith(".weights.h5"):
        parser.error(f"--out is {arguments.out}, expected a name that ends in .weights.h5")

    keras.utils.set_random_seed(arguments.seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        # Without it, sums over threads come in any order.
        tf.config.experimental.enable_op_determinism()

    started = time.monotonic()
    n_validation = max(8, arguments.recordings // 8)
    rendering = {"seed": arguments.seed, "n_frames": arguments.frames, "processes": arguments.processes}
    crops, targets = render_set(first=0, n_recordings=arguments.recordings, **rendering)
    unseen_crops, unseen_targets = render_set(first=1_000_000, n_recordings=n_validation, **rendering)
    print(f"rendered {len(crops)} + {len(unseen_crops)} crops in {time.monotonic() - started:.0f} s", flush=True)

    mean, spread = targets.mean(axis=0), targets.std(axis=0)
    # Mirrored and turned scenes have no preferred direction.
    mean[[*MIRRORED, *(column for pair in (*ANGLES, *PLACES) for column in pair)]] = 0.0
    backbone = build_openfield()
    model = attach_answers(backbone)
    scenes = Scenes(crops, targets, mean, spread, batch_size=128, seed=arguments.seed)
    decay = keras.optimizers.schedules.CosineDecay(2e-3, decay_steps=len(scenes) * arguments.epochs, alpha=0.01)
    model.compile(optimizer=keras.optimizers.AdamW(decay, weight_decay=1e-3), loss="mse")
    unseen = (unseen_crops.astype(np.float32), (unseen_targets - mean) / spread)
    model.fit(scenes, epochs=arguments.epochs, validation_data=unseen, validation_batch_size=256, verbose=2)

    answers = model.predict(unseen[0], batch_size=256, verbose=0) * spread + mean
    print(f"root mean square error on {n_validation} recordings of animals never seen in training:")
    print(report_errors(answers, unseen_targets, mean))
    make_folder(arguments.out.parent)
    write_weights(backbone, arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.2f} MB, {time.monotonic() - started:.0f} s in all")


def write_weights(backbone: keras.Model, path: Path) -> None:
    """Write the weights to `path`, whole or not at all."""
    with replacing(path) as temporary:
        # Keras insists on the double suffix, of which a temporary name keeps only the last part.
        named = temporary.with_name(f"{temporary.stem}.weights.h5")
        try:
            backbone.save_weights(named)
            named.replace(temporary)
        finally:
            named.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
