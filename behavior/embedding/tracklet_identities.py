"""Which animal each tracklet of a video is: by what it looks like in crops of the video, and by how animals move."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from behavior.compute.child import call_in_child
from behavior.embedding.backbone_looks import run_backbone
from behavior.embedding.crop_batches import read_ahead
from behavior.embedding.tracklet_crops import TrackletCrops, list_crop_frames, take_tracklet_crops
from behavior.embedding.tracklet_cuts import TrackletCuts
from behavior.errors import TrainingError
from behavior.files.video import open_video
from behavior.identity.change_points import find_changes
from behavior.identity.continuity import Motion, continue_identities
from behavior.identity.contrast import CropTable, EmbeddingTrainer, shake_crops
from behavior.identity.correlogram import Correlogram
from behavior.identity.networks import build_cnn, build_dense
from behavior.identity.preparation import Preparation
from behavior.identity.quality import choose_usable, measure_quality
from behavior.identity.recognition import Whitening, score_crops, score_tracklets
from behavior.identity.resolution import UNKNOWN, Resolution, resolve_tracklets, train_and_resolve
from behavior.recording import Tracklet
from behavior.tracking.animals import TrackedAnimals, gather_animals
from behavior.tracking.association import Associated, AssociationSettings
from behavior.tracking.detections import Detections
from behavior.vision.backbone_weights import PACKAGED
from behavior.vision.backbones import find_backbone

__all__ = [
    "OPENFIELD",
    "SURE",
    "Fingerprint",
    "Looks",
    "TrackletIdentities",
    "identify_tracklets",
    "join_looks_and_motion",
    "read_pictures",
    "resolve_animals",
    "weigh_looks",
]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Fingerprint = Literal["correlogram", "dense", "cnn", "backbone"]

# The backbone that comes with the package, and its weights.
OPENFIELD = ("openfield", PACKAGED)

# So many crops of a video are enough, and fit into memory.
_MOST_CROPS = 6000
# A correlogram is fitted on about so many of them, and computed of so many at once.
_FITTED_CROPS, _CROPS_AT_ONCE = 500, 512
# Steps of training: more name no more tracklets of the rendered videos.
_N_STEPS = 400
# A tracklet is named from this probability on.
SURE = 0.9
# After a cut, all identities are decided again, which may reveal another place to cut.
_MOST_CUTTINGS = 5
# If fewer frames than this share are named by appearance, it says too little to go by.
_LEAST_NAMED = 0.5


@dataclass(frozen=True)
class Looks:
    """What appearance alone says of N tracklets.

    Attributes
    ----------
    identities
        Int64 of shape (N,), -1 where it is not sure.
    log_probabilities
        Of each of K animals, float64 of shape (N, K), each tracklet on its own and compared with the others.
    cuts
        Where tracklets were cut to become these N, because what they look like changes.
    """

    identities: Integers
    log_probabilities: Floats
    cuts: TrackletCuts


@dataclass(frozen=True)
class TrackletIdentities:
    """Which animal each of N tracklets is.

    Attributes
    ----------
    animals
        Int64 of shape (N,), from 0.
    probabilities
        That it is this animal, float64 of shape (N,).
    crops
        What they look like.
    usable
        Which crops show one animal whole and sharp, bool of shape (M,).
    """

    animals: Integers
    probabilities: Floats
    crops: TrackletCrops
    usable: npt.NDArray[np.bool_]

    def measure_sure(self, tracklets: Sequence[Tracklet]) -> float:
        """Return the share of the positions of these tracklets whose animal is sure."""
        lengths = np.array([len(one) for one in tracklets])
        return float(lengths[self.probabilities >= SURE].sum() / lengths.sum())

    def select(self, rows: Integers) -> TrackletIdentities:
        """Return the identities of some tracklets, numbered in the order of `rows`."""
        places = np.full(len(self.animals), -1, dtype=np.int64)
        places[rows] = np.arange(len(rows))
        owners, crops = places[self.crops.owners], self.crops
        kept = owners >= 0
        chosen = replace(
            crops,
            images=crops.images[kept],
            owners=owners[kept],
            frames=crops.frames[kept],
            touching=crops.touching[kept],
            starts=crops.starts[rows],
            stops=crops.stops[rows],
        )
        return TrackletIdentities(self.animals[rows], self.probabilities[rows], chosen, self.usable[kept])


def resolve_animals(
    video: Path,
    found: Sequence[Detections],
    associated: Associated,
    settings: AssociationSettings,
    *,
    fingerprint: Fingerprint,
    arena: float,
    seed: int = 0,
    backbone: tuple[str, str] = OPENFIELD,
) -> tuple[TrackedAnimals, TrackletIdentities]:
    """Return the animals of a video with one animal in one column, and the identities of their tracklets.

    A tracklet that turns into another animal by what it looks like is cut there. Columns keep the number of the one that motion alone
    put most of their positions in.

    Parameters
    ----------
    found
        Detections of each frame.
    associated
        Which of them are one animal by motion, at least while a tracklet lasts.
    settings
        With which they were joined.
    fingerprint, arena, seed, backbone
        As for `identify_tracklets`.

    Raises
    ------
    TrainingError, VideoError
        As `identify_tracklets`.
    """
    n_animals = associated.chosen.shape[1]
    tracklets = gather_animals(found, associated, settings).make_tracklets()
    cuts, identities = identify_tracklets(video, tracklets, n_animals, fingerprint=fingerprint, arena=arena, seed=seed, backbone=backbone)
    associated = associated.cut(cuts.numbers, cuts.frames)
    numbers = associated.tracklets
    frames, columns = np.nonzero(numbers >= 0)
    animals = identities.animals[numbers[frames, columns]]
    shared = np.zeros((n_animals, n_animals), dtype=np.int64)
    np.add.at(shared, (animals[animals >= 0], columns[animals >= 0]), 1)
    places = linear_sum_assignment(shared, maximize=True)[1]
    identities = replace(identities, animals=np.append(places, UNKNOWN)[identities.animals])
    regrouped, former = associated.regroup(identities.animals, n_animals)
    return gather_animals(found, regrouped, settings), identities.select(former)


def identify_tracklets(
    video: Path,
    tracklets: Sequence[Tracklet],
    n_animals: int,
    *,
    fingerprint: Fingerprint,
    arena: float,
    seed: int = 0,
    backbone: tuple[str, str] = OPENFIELD,
) -> tuple[TrackletCuts, TrackletIdentities]:
    """Find where tracklets of a video turn into another animal, and which animal each part is; two that share a frame are two animals.

    Networks are trained in a process of its own, so that neither TensorFlow nor its memory stays.

    Parameters
    ----------
    tracklets
        At most `n_animals` of them in any frame.
    fingerprint
        What tells animals apart.
    arena
        Where animals can be, square pixels.
    seed
        Of training.
    backbone
        Name and weights, as in a study file, where the fingerprint is a dense network on a backbone's vectors.

    Raises
    ------
    UsageError, WeightsError
        If the backbone is not known, or its weights are missing.
    TrainingError
        If the animals cannot be told apart: no size is known, hardly any crop shows one animal alone, or appearance names the animals
        of less than half of what was found.
    VideoError
        If the video cannot be read.
    """
    every = max(1, -(-sum(map(len, tracklets)) // _MOST_CROPS))
    try:
        crops = take_tracklet_crops(read_pictures(video, list_crop_frames(tracklets, every=every)), tracklets, every=every)
    except ValueError as error:
        raise TrainingError(f"animals cannot be told apart by appearance ({error}).") from error
    usable = choose_usable(measure_quality(crops.images, crops.window), crops.touching, owners=crops.owners)
    if not usable.any():
        raise TrainingError("animals cannot be told apart by appearance (they touch in every crop).")
    weigh = weigh_looks if fingerprint == "correlogram" else partial(call_in_child, weigh_looks)
    looks: Looks = weigh(crops=crops, usable=usable, n_animals=n_animals, fingerprint=fingerprint, seed=seed, backbone=backbone)
    cuts = looks.cuts.move_to_meetings(tracklets)
    tracklets, crops = cuts.cut_tracklets(tracklets), crops.cut(cuts)
    lengths = np.array([len(one) for one in tracklets])
    named = float(lengths[looks.identities != UNKNOWN].sum() / lengths.sum())
    if named < _LEAST_NAMED:
        raise TrainingError(
            f"animals cannot be told apart by appearance (it names {named:.0%} of the positions found, expected at least "
            f"{_LEAST_NAMED:.0%}: they look alike, or are not found well)."
        )
    return cuts, TrackletIdentities(*join_looks_and_motion(looks, tracklets, arena=arena), crops, usable)


def weigh_looks(
    crops: TrackletCrops,
    usable: npt.NDArray[np.bool_],
    n_animals: int,
    fingerprint: Fingerprint,
    seed: int,
    backbone: tuple[str, str] = OPENFIELD,
) -> Looks:
    """Tell animals apart by their usable crops, without labels, and cut tracklets in which one turns into another.

    Raises
    ------
    TrainingError
        If a network is to be trained, and no two tracklets with usable crops are seen together.
    """
    images, owners = crops.images[usable], crops.owners[usable]
    preparation = Preparation.fit(images, crops.window)
    if fingerprint == "backbone":
        name, weights = backbone
        features = run_backbone(find_backbone(name, weights=weights), weights, preparation, images, seed=seed)
    else:
        features = _compute_correlograms(images, preparation)
    # A network that was trained on a tracklet as one animal would have learned not to see that it is two.
    vectors: npt.NDArray[np.floating] = Whitening.fit(features, owners).transform(features)
    cuts, resolution = _cut_where_looks_change(vectors, crops, usable, n_animals)
    cut = crops.cut(cuts)
    parts = cut.owners[usable]
    if fingerprint != "correlogram":
        inputs = preparation.prepare(images) if fingerprint == "cnn" else features
        vectors, resolution = _train(inputs, cut, parts, n_animals, fingerprint, seed)
    _, scores = score_tracklets(vectors, parts, resolution.assignment.identities, n_animals, calibrate=True)
    return Looks(resolution.name_tracklets(least_probability=SURE), scores, cuts)


def join_looks_and_motion(looks: Looks, tracklets: Sequence[Tracklet], *, arena: float) -> tuple[Integers, Floats]:
    """Return the animal of each tracklet by appearance and motion together, int64 (N,), and its probability (N,).

    Parameters
    ----------
    arena
        Where animals can be, square pixels.
    """
    steps = np.concatenate([np.hypot(*np.diff(one.positions, axis=0).T) / np.diff(one.frames) for one in tracklets])
    # An animal that walks, not one that sits.
    step = max(float(np.percentile(steps, 90)) if len(steps) else 0.0, 1.0)
    sizes = np.concatenate([one.sizes for one in tracklets])
    spread = max(float(np.nanmedian(sizes[:, 1])) / 2, 1.0)
    identities, probabilities = continue_identities(looks.log_probabilities, tracklets, Motion(step, spread, arena))
    return identities, probabilities.max(axis=1, initial=0.0)


def read_pictures(video: Path, frames: Integers) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """Yield some frames of a video; one that cannot be decoded had no animals either."""
    wanted = set(frames.tolist())
    with open_video(video) as opened:
        for frame in read_ahead(opened.frames()):
            if frame.index in wanted and frame.image is not None:
                yield frame.index, frame.image


def _compute_correlograms(images: npt.NDArray[np.uint8], preparation: Preparation) -> npt.NDArray[np.float32]:
    correlogram = Correlogram.fit(preparation.level(images[:: max(1, len(images) // _FITTED_CROPS)]), preparation.window)
    # In parts: as float32, all crops would be four times as large as they are, and what is counted in them as large again.
    parts = (images[start : start + _CROPS_AT_ONCE] for start in range(0, len(images), _CROPS_AT_ONCE))
    return np.concatenate([correlogram.compute(preparation.level(part), preparation.window) for part in parts])


def _cut_where_looks_change(
    vectors: npt.NDArray[np.floating], crops: TrackletCrops, usable: npt.NDArray[np.bool_], n_animals: int
) -> tuple[TrackletCuts, Resolution]:
    """Return where tracklets are cut, by the fingerprints of their usable crops, and the identities of their parts."""
    owners, frames = crops.owners[usable], crops.frames[usable]
    begin = np.zeros(0, dtype=np.int64)
    for n_rounds in range(_MOST_CUTTINGS + 1):
        cuts = TrackletCuts.before_crops(begin, owners, frames)
        cut = crops.cut(cuts)
        parts = cut.owners[usable]
        resolution = resolve_tracklets(vectors, parts, cut.starts, cut.stops, n_animals)
        if n_rounds < _MOST_CUTTINGS:
            _, of_crops = score_crops(vectors, parts, resolution.assignment.identities, n_animals, calibrate=True)
            changes = find_changes(of_crops, parts)
            if not len(changes):
                break
            begin = np.union1d(begin, changes)
    return cuts, resolution


def _train(
    features: npt.NDArray[np.float32], crops: TrackletCrops, owners: Integers, n_animals: int, fingerprint: Fingerprint, seed: int
) -> tuple[npt.NDArray[np.float32], Resolution]:
    from behavior.compute.loading import load_keras

    load_keras()
    import keras

    keras.utils.set_random_seed(seed)
    if fingerprint == "cnn":
        trainer = EmbeddingTrainer(build_cnn(features.shape[1:]), change=shake_crops, seed=seed)
    else:
        features = ((features - features.mean(axis=0)) / (features.std(axis=0) + 1e-6)).astype(np.float32)
        trainer = EmbeddingTrainer(build_dense(features.shape[1]), seed=seed)
    table = CropTable(features, owners, crops.starts, crops.stops)
    try:
        resolution = train_and_resolve(trainer, table, n_animals, n_steps=_N_STEPS)
    except ValueError as error:
        raise TrainingError(f"animals cannot be told apart by appearance ({error}).") from error
    return trainer.embed(table.inputs), resolution
