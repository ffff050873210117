"""Measure how well animals are told apart by appearance: correlogram, dense network, CNN and backbone, on rendered videos with truth.

    python scripts/benchmark_identity.py
    python scripts/benchmark_identity.py --animals 5 --coats alike --fingerprints correlogram cnn

For each number of animals and kind of coat two videos are rendered, of the same animals in the same box. On the first, fingerprints are
trained and animals are told apart without labels: its tracklets are cut wherever animals touch or hide, as a tracker that does not guess
would cut them. On the second, nothing is trained: its tracklets are recognized by what the animals of the first look like. Identities are
numbered as fits the first video's truth best; the second keeps that numbering.

Printed for each video: the share of frames, and of tracklets, with the right identity (a frame in which an animal touches another has
none; unknown counts as wrong), `after`: that of the frames after an animal's first meeting, `unk.` the share of tracklets left unknown,
`crop`: the share of single crops that are right, without tracklets or constraint. `s` is processor time of training and resolving, with
all crops in memory.

    python scripts/benchmark_identity.py --open-set

Individuals that look alike, recorded twice: fingerprints are trained on a third of them, with names; another third is enrolled with 1, 2, 5
and 10 images of its first recording each; single images of the second recording of the second and last third are asked about. The last
third is new. Printed: MAP@5, top-1 and top-5 of the known, AUROC of new against known by similarity.

    python scripts/benchmark_identity.py --video VIDEO --tracklets VIDEO_tracklets.npz --animals 8

A real video without truth, with the tracklets that `behavior track` wrote: how many tracklets and frames stay unknown, and whether a second
seed, and each half of the video alone, name the same.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from behavior.embedding.tracklet_crops import TrackletCrops, list_crop_frames, take_tracklet_crops
from behavior.files.tracklets import read_tracklets
from behavior.files.video import open_video
from behavior.identity.assignment import assign_identities
from behavior.identity.contrast import CropTable, EmbeddingTrainer, shake_crops
from behavior.identity.correlogram import Correlogram
from behavior.identity.gallery import Gallery, draw_shots
from behavior.identity.networks import build_cnn, build_dense
from behavior.identity.overlaps import TrackletRelations
from behavior.identity.preparation import Preparation
from behavior.identity.quality import choose_usable, measure_quality
from behavior.identity.recognition import Prototypes, Whitening
from behavior.identity.resolution import Resolution, resolve_tracklets, train_and_resolve
from behavior.metrics.identities import identity_accuracy, name_identities
from behavior.metrics.retrieval import score_guesses
from behavior.recording import Tracklet, find_bouts
from behavior.synthetic import Individual, RenderedGroup, act_group, draw_individuals

FINGERPRINTS = ("correlogram", "dense", "cnn", "backbone", "backbone+dense")
SHORTEST = 3


@dataclass(frozen=True)
class Seen:
    """Tracklets of one video, cut by its truth, and their crops."""

    tracklets: list[Tracklet]
    truth: npt.NDArray[np.int64]
    images: npt.NDArray[np.uint8]
    owners: npt.NDArray[np.int64]
    usable: npt.NDArray[np.bool_]
    window: npt.NDArray[np.bool_]

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        """First frame of each tracklet."""
        return np.array([one.start_frame for one in self.tracklets])

    @property
    def stops(self) -> npt.NDArray[np.int64]:
        """One past the last frame of each tracklet."""
        return np.array([one.stop_frame for one in self.tracklets])

    def spread(self, values: npt.NDArray[np.integer]) -> npt.NDArray[np.intp]:
        """Return a value for each frame of each tracklet, from one for each tracklet (N,)."""
        return np.repeat(values, [len(one) for one in self.tracklets]).astype(np.intp)

    def table(self, inputs: npt.NDArray[np.float32]) -> CropTable:
        """Return the usable crops with what a network sees of them."""
        return CropTable(inputs[self.usable], self.owners[self.usable], self.starts, self.stops)


def main() -> None:
    """Render, tell apart, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--animals", type=int, nargs="+", default=[2, 5, 10])
    parser.add_argument("--coats", nargs="+", choices=("alike", "unlike"), default=["alike", "unlike"])
    parser.add_argument("--fingerprints", nargs="+", choices=FINGERPRINTS, default=list(FINGERPRINTS))
    parser.add_argument("--frames", type=int, default=3000)
    parser.add_argument("--every", type=int, default=5, help="Take a crop of each animal every so many frames.")
    parser.add_argument("--backbone", default="openfield")
    parser.add_argument("--weights", default="packaged")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--open-set", action="store_true", help="Measure a gallery of individuals instead.")
    parser.add_argument("--individuals", type=int, default=36, help="Of the open set.")
    parser.add_argument("--video", type=Path, help="A real video to tell animals apart in.")
    parser.add_argument("--tracklets", type=Path, help="Its tracklets.")
    arguments = parser.parse_args()
    if arguments.video:
        measure_agreement(arguments)
        return
    if arguments.open_set:
        measure_open_set(arguments)
        return
    print("animals coats   fingerprint     |  crop frame after trackl unk.     s |  crop frame trackl unk. (second video)", flush=True)
    for n_animals in arguments.animals:
        for coats in arguments.coats:
            animals = draw_individuals(n_animals, seed=arguments.seed, alike=coats == "alike")
            first, second = (render(animals, arguments, seed=arguments.seed + 100 + index) for index in range(2))
            for fingerprint in arguments.fingerprints:
                row = measure(fingerprint, first, second, n_animals, arguments)
                print(f"{n_animals:7d} {coats:7s} {fingerprint:15s} | {row}", flush=True)


def render(animals: tuple[Individual, ...], arguments: argparse.Namespace, *, seed: int) -> Seen:
    """Render a video, and return its tracklets with their crops."""
    video = act_group(animals, n_frames=arguments.frames, seed=seed, box_seed=arguments.seed)
    return watch(video, every=arguments.every)


def watch(video: RenderedGroup, *, every: int) -> Seen:
    """Cut a video into tracklets, and take a crop of each animal every so many frames."""
    tracklets, truth = [], []
    directions = [point_heads(video, animal) for animal in range(len(video.individuals))]
    for animal in range(len(video.individuals)):
        for start, stop in find_bouts(video.present[:, animal] & ~video.merged[:, animal]).tolist():
            if stop - start >= SHORTEST:
                frames = np.arange(start, stop)
                unknown = np.full((len(frames), 2), np.nan)
                still = np.zeros(len(frames), dtype=np.bool_)
                tracklets.append(Tracklet(frames, video.centroids[frames, animal], directions[animal][frames], unknown, still))
                truth.append(animal)
    length = float(np.median([one.build.length for one in video.individuals])) * video.arena.size / 480
    pictures = ((frame, video.frame(frame)) for frame in list_crop_frames(tracklets, every=every).tolist())
    # Mice are a good quarter as wide as long.
    crops = take_tracklet_crops(pictures, tracklets, every=every, length=length, width=0.28 * length)
    return look(crops, tracklets, np.array(truth))


def look(crops: TrackletCrops, tracklets: list[Tracklet], truth: npt.NDArray[np.int64]) -> Seen:
    """Return what is seen of a video, with the crops that are good enough."""
    usable = choose_usable(measure_quality(crops.images, crops.window), crops.touching, owners=crops.owners)
    return Seen(tracklets, truth, crops.images, crops.owners, usable, crops.window)


def point_heads(video: RenderedGroup, animal: int) -> npt.NDArray[np.float64]:
    """Return the direction of the body in each frame, radians."""
    track = video.tracks[animal]
    tail, neck = (track.positions[:, track.body_parts.index(part)] for part in ("tailbase", "neck"))
    return np.arctan2(neck[:, 1] - tail[:, 1], neck[:, 0] - tail[:, 0])


def measure(fingerprint: str, first: Seen, second: Seen, n_animals: int, arguments: argparse.Namespace) -> str:
    """Train on one video, recognize on both; return the numbers of a row."""
    features = [describe(fingerprint, seen, first, arguments) for seen in (first, second)]
    began = time.process_time()
    resolution, vectors = resolve(fingerprint, first, features, n_animals, arguments)
    seconds = time.process_time() - began
    names = name(resolution.assignment.identities, first, n_animals)
    own = score(resolution.name_tracklets(), vectors[0], resolution.prototypes, names, first)
    usable = second.usable
    looks = resolution.prototypes.weigh_tracklets(vectors[1][usable], second.owners[usable], len(second.tracklets))
    again = Resolution(assign_identities(looks, second.starts, second.stops), resolution.prototypes)
    other = score(again.name_tracklets(), vectors[1], again.prototypes, names, second)
    return (
        f"{own['crop']:5.3f} {own['frame']:5.3f} {own['after']:5.3f} {own['tracklet']:6.3f} {own['unknown']:4.2f} {seconds:5.1f} | "
        f"{other['crop']:5.3f} {other['frame']:5.3f} {other['tracklet']:6.3f} {other['unknown']:4.2f}"
    )


def describe(fingerprint: str, seen: Seen, fitted_on: Seen, arguments: argparse.Namespace) -> npt.NDArray[np.float32]:
    """Return what the fingerprint begins with: prepared crops, correlograms or a backbone's vectors, of all crops of a video."""
    preparation = Preparation.fit(fitted_on.images[fitted_on.usable], fitted_on.window)
    if fingerprint == "cnn":
        return preparation.prepare(seen.images)
    if fingerprint.startswith("backbone"):
        return embed(seen, preparation, arguments)
    levelled, expected = (preparation.level(one.images) for one in (seen, fitted_on))
    return Correlogram.fit(expected[fitted_on.usable], seen.window).compute(levelled, seen.window)


def embed(seen: Seen, preparation: Preparation, arguments: argparse.Namespace) -> npt.NDArray[np.float32]:
    """Return a backbone's vectors of all crops."""
    import cv2

    from behavior.vision.backbones import build_backbone, find_backbone
    from behavior.vision.engines import KerasEngine

    specification = find_backbone(arguments.backbone)
    size = specification.input_size
    engine = KerasEngine(build_backbone(specification, arguments.weights, precision="float32"), batch_size=32)
    levelled = np.clip(preparation.level(seen.images), 0, 255).astype(np.uint8)
    batches = (levelled[start : start + 32] for start in range(0, len(levelled), 32))
    vectors = np.concatenate(list(engine.embed_batches(np.stack([cv2.resize(one, (size, size)) for one in batch]) for batch in batches)))
    engine.close()
    return vectors


def resolve(
    fingerprint: str, first: Seen, features: list[npt.NDArray[np.float32]], n_animals: int, arguments: argparse.Namespace
) -> tuple[Resolution, list[npt.NDArray[np.floating]]]:
    """Tell the animals of the first video apart; return how, and the fingerprints of the crops of both."""
    usable = first.usable
    whitening = Whitening.fit(features[0][usable], first.owners[usable]) if fingerprint in ("correlogram", "backbone") else None
    if whitening is not None:
        vectors: list[Any] = [whitening.transform(some) for some in features]
        return resolve_tracklets(vectors[0][usable], first.owners[usable], first.starts, first.stops, n_animals), vectors
    trainer, features = open_trainer(fingerprint, features, usable, arguments)
    resolution = train_and_resolve(trainer, first.table(features[0]), n_animals, n_steps=arguments.steps)
    return resolution, [trainer.embed(some) for some in features]


def open_trainer(
    fingerprint: str, features: list[npt.NDArray[np.float32]], usable: npt.NDArray[np.bool_], arguments: argparse.Namespace
) -> tuple[EmbeddingTrainer, list[npt.NDArray[np.float32]]]:
    """Return the trainer of a fingerprint's network, and its inputs: crops as they are, vectors standardized by the first video."""
    import keras

    keras.utils.set_random_seed(arguments.seed)
    if fingerprint == "cnn":
        return EmbeddingTrainer(build_cnn(features[0].shape[1:]), change=shake_crops, seed=arguments.seed), features
    mean, spread = features[0][usable].mean(axis=0), features[0][usable].std(axis=0) + 1e-6
    features = [((some - mean) / spread).astype(np.float32) for some in features]
    return EmbeddingTrainer(build_dense(features[0].shape[1]), seed=arguments.seed), features


def measure_open_set(arguments: argparse.Namespace) -> None:
    """Print how well individuals are found in a gallery, and new ones told from known ones."""
    n_each = arguments.individuals // 3
    animals = draw_individuals(3 * n_each, seed=arguments.seed, alike=True)
    # Recordings of six at a time: that they are together is not used.
    groups = [animals[start : start + 6] for start in range(0, len(animals), 6)]
    seen, individuals, recordings = [], [], []
    for recording in range(2):
        for index, group in enumerate(groups):
            video = act_group(group, n_frames=arguments.frames // 4, seed=1000 * recording + index, box_seed=arguments.seed, roof=False)
            seen.append(watch(video, every=5 * arguments.every))
            individuals.append(6 * index + seen[-1].truth[seen[-1].owners])
            recordings.append(np.full(len(seen[-1].owners), recording))
    individual, recording_of = np.concatenate(individuals), np.concatenate(recordings)
    usable = np.concatenate([one.usable for one in seen])
    window = seen[0].window
    whole = Seen([], np.zeros(0, dtype=np.int64), np.concatenate([one.images for one in seen]), individual, usable, window)
    is_training = individual < n_each
    fitted = replace(whole, usable=usable & is_training)
    print("fingerprint     images  MAP@5  top-1  top-5  AUROC of new", flush=True)
    for fingerprint in arguments.fingerprints:
        vectors = fingerprint_individuals(fingerprint, whole, fitted, n_each, arguments)
        enrolled = np.flatnonzero(usable & ~is_training & (individual < 2 * n_each) & (recording_of == 0))
        asked = np.flatnonzero(usable & ~is_training & (recording_of == 1))
        truth = np.where(individual[asked] < 2 * n_each, individual[asked] - n_each, -1)
        for n_shots in (1, 2, 5, 10):
            drawn = []
            for repeat in range(5):
                rows = enrolled[draw_shots(individual[enrolled], n_shots, np.random.default_rng(repeat))]
                owners = individual[rows] - n_each
                gallery = Gallery.enrol(vectors[rows], owners, tuple(map(str, range(n_each))))
                answer = gallery.query(vectors[asked])
                drawn.append(list(score_guesses(answer.guesses, truth, -answer.similarity).values()))
            means = np.mean(drawn, axis=0)
            print(f"{fingerprint:15s} {n_shots:6d}  " + "  ".join(f"{value:5.3f}" for value in means), flush=True)
    print(f"{n_each} individuals each; {len(asked)} images asked about, {np.sum(truth < 0)} of them of new individuals; means of 5 draws")


def fingerprint_individuals(
    fingerprint: str, whole: Seen, fitted: Seen, n_individuals: int, arguments: argparse.Namespace
) -> npt.NDArray[np.floating]:
    """Return the fingerprints of all crops, trained on those of the first `n_individuals`, whose names are known."""
    features = describe(fingerprint, whole, fitted, arguments)
    rows = fitted.usable
    if fingerprint in ("correlogram", "backbone"):
        return Whitening.fit(features[rows], whole.owners[rows]).transform(features)
    trainer, (features,) = open_trainer(fingerprint, [features], rows, arguments)
    # Known individuals are all different: as if they were together at one time.
    together = CropTable(features[rows], whole.owners[rows], np.zeros(n_individuals, np.int64), np.ones(n_individuals, np.int64))
    trainer.train(together, TrackletRelations(together.starts, together.stops), n_steps=2 * arguments.steps)
    return trainer.embed(features)


def measure_agreement(arguments: argparse.Namespace) -> None:
    """Print how much of a real video is named, and how far trainings on all of it and on its halves agree."""
    tracklets = list(read_tracklets(arguments.tracklets).tracklets)
    with open_video(arguments.video) as reader:
        crops = take_tracklet_crops(
            ((frame.index, frame.image) for frame in reader.frames() if frame.image is not None), tracklets, every=arguments.every
        )
    seen = look(crops, tracklets, np.zeros(len(tracklets), dtype=np.int64))
    n_animals, middle = arguments.animals[0], int(np.median(crops.frames))
    print(f"{len(tracklets)} tracklets, {len(crops.images)} crops, {seen.usable.mean():.0%} of them usable", flush=True)
    print("fingerprint     trained on   seed  named tracklets  frames  agree     s", flush=True)
    for fingerprint in arguments.fingerprints:
        whole: npt.NDArray[np.int64] | None = None
        for part, seed in (("all", 0), ("all", 1), ("first half", 0), ("second half", 0)):
            kept = (
                seen.usable & {"all": crops.frames >= 0, "first half": crops.frames < middle, "second half": crops.frames >= middle}[part]
            )
            began = time.process_time()
            features = [describe(fingerprint, seen, replace(seen, usable=kept), arguments)]
            settings = argparse.Namespace(**{**vars(arguments), "seed": seed})
            resolution, _ = resolve(fingerprint, replace(seen, usable=kept), features, n_animals, settings)
            seconds = time.process_time() - began
            named = np.where(np.isin(np.arange(len(tracklets)), seen.owners[kept]), resolution.name_tracklets(), -1)
            whole = named if whole is None else whole
            both = (whole >= 0) & (named >= 0)
            agree = identity_accuracy(seen.spread(np.where(both, whole, -1)), seen.spread(named))["frame_accuracy"]
            n_named, frames = np.sum(named >= 0), np.mean(seen.spread(named) >= 0)
            print(f"{fingerprint:15s} {part:12s} {seed:4d}  {n_named:15d}  {frames:6.3f}  {agree:5.3f} {seconds:5.1f}", flush=True)


def name(identities: npt.NDArray[np.int64], seen: Seen, n_animals: int) -> npt.NDArray[np.intp]:
    """Return which animal each identity is, as fits the truth best by frames; -1 at the end, for unknown."""
    names = name_identities(seen.spread(seen.truth), seen.spread(identities))
    return np.append(np.pad(names, (0, n_animals - len(names)), constant_values=-1), -1)


def score(
    named: npt.NDArray[np.int64], vectors: npt.NDArray[np.floating], prototypes: Prototypes, names: npt.NDArray[np.intp], seen: Seen
) -> dict[str, float]:
    """Return the shares of crops, frames and tracklets that are right, and of tracklets that are unknown."""
    truth, predicted, rows = (seen.spread(values) for values in (seen.truth, names[named], np.arange(len(named))))
    first = [np.flatnonzero(seen.truth == animal)[0] for animal in np.unique(seen.truth)]
    is_later = ~np.isin(rows, first)
    whole = identity_accuracy(truth, predicted, tracklets=rows, naming="given")
    after = identity_accuracy(truth[is_later], predicted[is_later], naming="given")
    crops = identity_accuracy(seen.truth[seen.owners], names[prototypes.weigh_crops(vectors).argmax(axis=1)], naming="given")
    return {
        "crop": crops["frame_accuracy"],
        "frame": whole["frame_accuracy"],
        "after": after["frame_accuracy"],
        "tracklet": whole["tracklet_accuracy"],
        "unknown": float((named < 0).mean()),
    }


if __name__ == "__main__":
    main()
