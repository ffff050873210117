"""Scores `behavior track` on real videos whose true tracks are known, beside plain baselines, with automatic settings.

python scripts/benchmark_tracking.py [DATA] [--only NAME] [--identity correlogram dense cnn]

DATA is the folder of real recordings (../shared/data). The detections of a video are made once; then they are freed of equipment and joined
as `track` does by default, with other motion models, by a filter without process noise, and by the nearest first without memory, the plain
baseline. Frames per second are of processor time, which a busy machine changes less; both readings of the video (samples, then all frames)
count. With --identity, the default is also measured with animals told apart by appearance, which reads the video once more.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.embedding.tracklet_identities import Fingerprint, resolve_animals
from behavior.errors import TrainingError
from behavior.files.pose import read_pose
from behavior.files.video import open_video
from behavior.files.video_samples import sample_grey
from behavior.metrics.tracking import score_tracks
from behavior.tracking.animals import TrackedAnimals, gather_animals
from behavior.tracking.association import associate, choose_association
from behavior.tracking.background_detector import BackgroundDetector
from behavior.tracking.calibration import calibrate
from behavior.tracking.detections import Detections
from behavior.tracking.equipment import leave_out_equipment


@dataclass(frozen=True)
class Sample:
    """A video, how many animals it has, and their tracks; a body's length in pixels, as people measured it."""

    name: str
    video: str
    n_animals: int
    truth: str | None = None
    length: float = 0.0


SAMPLES = (
    Sample("two_flies_courting", "tracking/two_flies_courting/clip.mp4", 2, "tracking/two_flies_courting/truth.csv", 77),
    Sample("three_flies", "tracking/three_flies/three_flies.mp4", 3, "tracking/three_flies/three_flies_truth.csv", 77),
    Sample("larvae14", "tracking/larvae14/zfish14.mp4", 14, "tracking/larvae14/truth.csv", 17),
    Sample("zebrafish8", "tracking/zebrafish8/test_A.avi", 8),
    Sample("openfield_video", "openfield_video/m3v1mp4.mp4", 1),
)
POSE = "openfield_video/m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000.h5"

JOININGS: dict[str, dict[str, object]] = {
    "default": {},
    "velocity": {"motion": "velocity"},
    "position alone": {"motion": "still"},
    "number unknown": {"n_animals": None},
    "velocity, no process noise": {"motion": "velocity", "process_noise": 0.0},
    "nearest first, no memory": {"motion": "still", "method": "greedy", "memory": 0, "n_animals": None},
}


def read_truth(path: Path, n_frames: int) -> npt.NDArray[np.float64]:
    """Return true positions, (T, N, 2)."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["animal"] for row in rows})
    truth = np.full((n_frames, len(names), 2), np.nan)
    for row in rows:
        truth[int(row["frame"]), names.index(row["animal"])] = float(row["x"]), float(row["y"])
    return truth


def detect(sample: Sample, path: Path) -> tuple[list[Detections], BackgroundDetector, float, float]:
    """Return the detections of each frame, the detector, the picture's area, and frames per second of processor time."""
    began = time.process_time()
    samples, _ = sample_grey(path)
    detector = BackgroundDetector(samples, calibrate(samples, n_animals=sample.n_animals))
    found = []
    with open_video(path) as video:
        for frame in video.frames(grey=True):
            assert frame.image is not None
            found.append(detector.detect(frame.image))
    return found, detector, float(samples[0].size), len(found) / (time.process_time() - began)


def join(
    sample: Sample, path: Path, found: list[Detections], length: float, *, arena: float, fingerprints: Sequence[Fingerprint]
) -> Iterator[tuple[str, TrackedAnimals, float]]:
    """Yield each way to join detections, the animals that it gives, and frames per second of processor time."""
    for name, options in JOININGS.items():
        began = time.process_time()
        given = {"motion": "acceleration", "n_animals": sample.n_animals, **options}
        settings = choose_association(found, length=length, **given)  # type: ignore[arg-type]
        left, _ = leave_out_equipment(found, settings)
        animals = gather_animals(left, associate(left, settings), settings)
        yield name, animals, len(found) / (time.process_time() - began)
    settings = choose_association(found, length=length, motion="acceleration", n_animals=sample.n_animals)
    associated = associate(found, settings)
    for fingerprint in fingerprints if sample.n_animals > 1 else ():
        began = time.process_time()
        try:
            animals, _ = resolve_animals(path, found, associated, settings, fingerprint=fingerprint, arena=arena)
        except TrainingError as error:
            print(f"  {fingerprint}: {error}")
        else:
            yield f"default, {fingerprint}", animals, len(found) / (time.process_time() - began)


def find_errors(truth: npt.NDArray[np.float64], positions: npt.NDArray[np.float64], within: float) -> npt.NDArray[np.float64]:
    """Return how far each true position is from the nearest one that was found, where that is near enough."""
    distances = np.hypot(*(truth[:, :, None] - positions[:, None]).transpose(3, 0, 1, 2))
    nearest = np.nanmin(np.where(np.isnan(distances), np.inf, distances), axis=2)
    return nearest[np.isfinite(truth[..., 0]) & (nearest <= within)]


def main() -> None:
    """Print the scores of each video."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", nargs="?", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--only", help="name of one video")
    parser.add_argument("--identity", nargs="+", choices=("correlogram", "dense", "cnn"), default=[], help="also tell animals apart")
    arguments = parser.parse_args()
    for sample in SAMPLES:
        if arguments.only not in (None, sample.name):
            continue
        path = arguments.data / sample.video
        found, detector, arena, rate = detect(sample, path)
        settings = detector.settings
        print(
            f"\n{sample.name}: {len(found)} frames, {rate:.0f} found/s of processor time; {settings.polarity}, {settings.background}, "
            f"threshold {settings.threshold:.0f}, {settings.size.length:.0f} x {settings.size.width:.0f} px, score {settings.score:.2f}"
        )
        for name, animals, joined in join(sample, path, found, settings.size.length, arena=arena, fingerprints=arguments.identity):
            line = (
                f"  {name:28s} joined/s {joined:6.0f}  tracks {animals.seen.shape[1]:3d}  tracklets {int(animals.tracklets.max()) + 1:4d}"
            )
            positions = np.where(animals.seen[..., None], animals.positions, np.nan)
            if sample.truth is not None:
                truth = read_truth(arguments.data / sample.truth, len(found))
                scores = score_tracks(truth, positions, body_length_px=sample.length)
                errors = find_errors(truth, positions, sample.length / 2)
                line += "".join(f"  {score} {scores[score]:.3f}" for score in ("recall", "precision", "hota", "idf1", "mota"))
                line += (
                    f"  switches {scores['identity_switches']:.0f} fragments {scores['fragments']:.0f} "
                    f"error {np.median(errors):.1f} (95 %: {np.percentile(errors, 95):.1f}) px"
                )
            print(line, flush=True)
            if sample.name == "openfield_video" and name == "default":
                compare_with_pose(arguments.data / POSE, animals, settings.size.length)


def compare_with_pose(path: Path, animals: TrackedAnimals, length: float) -> None:
    """Print how far the centre and the ends are from what DeepLabCut found."""
    pose = read_pose(path)
    points = np.where(pose.likelihoods[..., None] > 0.9, pose.positions, np.nan)
    snout, ears, tail = points[:, 0], np.nanmean(points[:, 1:3], axis=1), points[:, 3]
    track = animals.make_tracks()[0].positions[: len(points)]
    for name, here, there in (
        ("centre, between ears and tail base", track[:, 0], (ears + tail) / 2),
        ("nose end, snout", track[:, 1], snout),
    ):
        distances = np.hypot(*(here - there).T)
        distances = distances[np.isfinite(distances)]
        median, high = np.percentile(distances, [50, 95])
        lengths = f"{median / length:.2f} ({high / length:.2f}) body lengths"
        print(f"  {name}: {median:.1f} px (95 %: {high:.1f}), {lengths}, {len(distances)} frames")


if __name__ == "__main__":
    main()
