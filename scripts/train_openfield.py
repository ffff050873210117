"""Train the `openfield` backbone on rendered scenes, and write the weights that ship with the package.

The network learns to tell the renderer's posture parameters (heading, stretch, height, head angle, distance to the wall) from one
crop. The layers that answer are dropped afterwards; the embedding below them is kept.

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

import cv2
import keras
import numpy as np
import numpy.typing as npt

from behavior.files.atomic import make_folder, replacing
from behavior.synthetic.acting import RenderedRecording, act_recording
from behavior.vision.openfield import INPUT_SIZE, build_openfield

Floats = npt.NDArray[np.float32]
Images = npt.NDArray[np.uint8]

TARGETS = ("heading sin", "heading cos", "stretch", "height", "head angle sin", "head angle cos", "wall distance")
CROP = 160
# A wall farther from the midbody than half a crop is not in the picture.
FARTHEST_WALL = 0.5
N_ACTED = 400
TRAINING_KEY = 0x0F1E1D
SHIPPED = Path(__file__).resolve().parents[1] / "behavior" / "vision" / "weights" / "openfield.weights.h5"


def render_crops(job: tuple[int, int, int]) -> tuple[Images, Floats]:
    """Act out one recording of animal `index` and return `n_frames` of its crops (N, 64, 64, 3) and targets (N, 7)."""
    seed, index, n_frames = job
    cv2.setNumThreads(1)
    # Under a key of their own, these animals are not those of a study that is rendered from the same seed.
    sequence = np.random.SeedSequence(entropy=seed, spawn_key=(TRAINING_KEY, index))
    rng = np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(TRAINING_KEY, index, TRAINING_KEY)))
    recording = act_recording(n_frames=N_ACTED, seed=sequence)
    frames = np.sort(rng.choice(N_ACTED, n_frames, replace=False))
    # One lens and one encoder a recording, as in a laboratory.
    side = int(CROP * rng.uniform(0.88, 1.15))
    blur = rng.uniform(0.4, 1.2) if rng.random() < 0.4 else 0.0
    quality = int(rng.uniform(25, 95))
    crops = np.stack([render_crop(recording, int(frame), side, blur, quality, rng) for frame in frames])
    values = {name: column[frames] for name, column in recording.parameters.items()}
    targets = np.stack(
        [
            np.sin(values["heading"]),
            np.cos(values["heading"]),
            values["stretch"],
            values["height"],
            np.sin(values["head_angle"]),
            np.cos(values["head_angle"]),
            np.minimum(values["wall_distance"] / side, FARTHEST_WALL),
        ],
        axis=1,
    )
    return crops, targets.astype(np.float32)


def render_crop(recording: RenderedRecording, frame: int, side: int, blur: float, quality: int, rng: np.random.Generator) -> Images:
    """Return one crop (64, 64, 3): a square about the midbody, shifted inward at the borders, as a compressed video shows it."""
    image = recording.frame(frame)
    center = recording.track.positions[frame, recording.track.body_parts.index("midbody")] + rng.normal(0, 3.0, 2)
    corner = np.clip(np.rint(center - side / 2).astype(int), 0, np.array(image.shape[1::-1]) - side)
    crop = image[corner[1] : corner[1] + side, corner[0] : corner[0] + side]
    if blur:
        crop = cv2.GaussianBlur(crop, (0, 0), blur)
    # Blocks of 8 x 8 with few coefficients: JPEG's artefacts stand in for a video encoder's.
    _, encoded = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.resize(cv2.imdecode(encoded, cv2.IMREAD_COLOR), (INPUT_SIZE, INPUT_SIZE), interpolation=cv2.INTER_AREA)


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
    mirrored = rng.random(len(crops)) < 0.5
    crops[mirrored] = crops[mirrored, :, ::-1]
    # x changes sign, so the heading's cosine does; and left of the trunk becomes right of it.
    targets[mirrored, 1] *= -1
    targets[mirrored, 4] *= -1
    turns = rng.integers(0, 4, len(crops))
    for quarter in (1, 2, 3):
        where = turns == quarter
        # rot90 turns the picture from y towards x: a heading of 0 (right) comes to point up, at -90 degrees.
        crops[where] = np.rot90(crops[where], quarter, axes=(1, 2))
        sine, cosine = targets[where, 0].copy(), targets[where, 1].copy()
        angle = -quarter * np.pi / 2
        targets[where, 0] = sine * np.cos(angle) + cosine * np.sin(angle)
        targets[where, 1] = cosine * np.cos(angle) - sine * np.sin(angle)
    return crops, targets


def vary_light(crops: Floats, rng: np.random.Generator) -> Floats:
    """Vary brightness, contrast, gamma, colour and noise; show some crops in negative, and a third grey as many cameras do."""
    n = len(crops)
    negative = rng.random(n) < 0.15
    crops[negative] = 255 - crops[negative]
    grey = rng.random(n) < 0.33
    crops[grey] = crops[grey].mean(axis=3, keepdims=True)
    gamma = rng.uniform(0.75, 1.35, (n, 1, 1, 1)).astype(np.float32)
    crops = 255 * np.power(crops / 255, gamma)
    tint = rng.normal(1.0, 0.05, (n, 1, 1, 3)).astype(np.float32)
    contrast = rng.uniform(0.7, 1.25, (n, 1, 1, 1)).astype(np.float32)
    brightness = rng.normal(0, 15, (n, 1, 1, 1)).astype(np.float32)
    noise = rng.uniform(0, 5, (n, 1, 1, 1)).astype(np.float32) * rng.standard_normal(crops.shape, dtype=np.float32)
    return np.clip((crops - 128) * contrast * tint + 128 + brightness + noise, 0, 255)


def attach_answers(backbone: keras.Model) -> keras.Model:
    """Return `backbone` with the layers that answer for the posture parameters."""
    # An answer that rests on whichever half of the features is left makes every feature speak of posture, rather than of coat or floor.
    x = keras.layers.Dropout(0.5)(backbone.output)
    x = keras.layers.ReLU()(x)
    x = keras.layers.Dense(96, activation="relu")(x)
    return keras.Model(backbone.input, keras.layers.Dense(len(TARGETS))(x))


def report_errors(answers: Floats, truth: Floats, mean: Floats) -> str:
    """Return a table of root mean square errors, next to those of always answering `mean`."""
    lines = [f"{'parameter':<16}{'error':>10}{'mean answer':>14}{'explained':>12}"]
    for column, name in enumerate(TARGETS):
        error = float(np.sqrt(np.mean((answers[:, column] - truth[:, column]) ** 2)))
        trivial = float(np.sqrt(np.mean((mean[column] - truth[:, column]) ** 2)))
        lines.append(f"{name:<16}{error:>10.4f}{trivial:>14.4f}{1 - (error / trivial) ** 2:>12.3f}")
    for name, sine, cosine in (("heading", 0, 1), ("head angle", 4, 5)):
        difference = np.arctan2(answers[:, sine], answers[:, cosine]) - np.arctan2(truth[:, sine], truth[:, cosine])
        degrees = np.rad2deg(np.abs(np.angle(np.exp(1j * difference))))
        lines.append(f"{name}: median error {np.median(degrees):.1f} degrees, 95th percentile {np.percentile(degrees, 95):.1f}")
    return "\n".join(lines)


def main() -> None:
    """Render, train, validate, write."""
    parser = argparse.ArgumentParser(description="Train the openfield backbone on rendered scenes.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--recordings", type=int, default=480, help="animals to train on (default: 480)")
    parser.add_argument("--frames", type=int, default=80, help="frames of each (default: 80)")
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
    mean[[0, 1, 4]] = 0.0
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
