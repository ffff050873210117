"""What individuals look like, as vectors: a colour correlogram, a small CNN or a backbone, fitted to a gallery's named images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.compute.child import call_in_child
from behavior.embedding.backbone_looks import resize_crops, run_backbone
from behavior.errors import ModelError, WeightsError
from behavior.files.feature_sources import hash_file
from behavior.identity.arcface import Change, train_on_names
from behavior.identity.correlogram import Correlogram
from behavior.identity.leaving_out import Fold
from behavior.identity.networks import build_cnn, build_dense, embed_inputs
from behavior.identity.preparation import Preparation
from behavior.identity.recognition import Whitening, normalize
from behavior.identity.variation import vary_crops
from behavior.vision.backbone_weights import identify_weights
from behavior.vision.backbones import BackboneSpecification, build_backbone, find_backbone, require_keras

__all__ = ["CNN", "CORRELOGRAM", "TRAINING_RULE", "FittedLooks", "LookSettings", "NamedImages", "embed_images", "fit_looks", "is_enough"]

Integers = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.floating]

CORRELOGRAM, CNN = "correlogram", "cnn"
# Below, a network knows its images by heart, and the correlogram, which is not trained, finds as many individuals.
_LEAST_INDIVIDUALS, _LEAST_IMAGES, _LEAST_EACH = 4, 60, 5
TRAINING_RULE = f"at least {_LEAST_INDIVIDUALS} individuals with {_LEAST_IMAGES} images, {_LEAST_EACH} of each on average"
_N_STEPS = 300
# A larger backbone is not changed; what is trained is a projection of its vectors.
_MOST_TRAINED_WEIGHTS = 500_000
_BACKBONE_RATE = 5e-4


@dataclass(frozen=True)
class LookSettings:
    """What individuals are compared by.

    Attributes
    ----------
    fingerprint
        "correlogram", "cnn", or the name of a backbone.
    weights
        Of a backbone, as in a study file.
    seed
        Of training.
    """

    fingerprint: str = CNN
    weights: str = ""
    seed: int = 0


@dataclass(frozen=True)
class NamedImages:
    """Images whose individuals are known.

    Attributes
    ----------
    images
        RGB, uint8 of shape (M, S, S, 3).
    owners
        Individual of each, int64 of shape (M,), 0 to N - 1.
    recordings
        Day or video of each, int64 of shape (M,).
    window
        Where an animal is in them, bool of shape (S, S).
    has_surroundings
        Whether what is outside the window tells the light.
    """

    images: npt.NDArray[np.uint8]
    owners: Integers
    recordings: Integers
    window: npt.NDArray[np.bool_]
    has_surroundings: bool


@dataclass(frozen=True)
class FittedLooks:
    """All that turns images into vectors.

    Attributes
    ----------
    settings
        What was asked for.
    fingerprint
        What is used: `correlogram` where there is too little to train on.
    is_trained
        Whether a network was trained on the gallery.
    weights_identity
        What tells the weights of a backbone from all others; "" for none.
    window, mean, spread, surroundings
        As in `Preparation`; `surroundings` is empty where light is left.
    arrays
        Weights of the network in Keras's order; or level edges, distances, and mean and matrix of the whitening.
    """

    settings: LookSettings
    fingerprint: str
    is_trained: bool
    weights_identity: str
    window: npt.NDArray[np.bool_]
    mean: npt.NDArray[np.float32]
    spread: npt.NDArray[np.float32]
    surroundings: npt.NDArray[np.float64]
    arrays: tuple[npt.NDArray, ...]

    @property
    def preparation(self) -> Preparation:
        """How images become numbers."""
        return Preparation(self.window, self.mean, self.spread, self.surroundings if len(self.surroundings) else None)


def is_enough(owners: Integers) -> bool:
    """Tell whether images of these individuals (M,) are enough to train a network on; `TRAINING_RULE` has the rule in words."""
    n_individuals = len(np.unique(owners))
    return n_individuals >= _LEAST_INDIVIDUALS and len(owners) >= max(_LEAST_IMAGES, _LEAST_EACH * n_individuals)


def fit_looks(named: NamedImages, folds: Sequence[Fold], settings: LookSettings) -> tuple[FittedLooks, list[Vectors]]:
    """Fit vectors on all images, and once for each fold on what may be trained on there.

    TensorFlow, where it is needed, runs in a process of its own and does not stay.

    Returns
    -------
    looks
        Fitted on all images.
    vectors
        Of all images, float of shape (M, D): first those of `looks`, then those of each fold.

    Raises
    ------
    WeightsError
        If the weights of a backbone are missing.
    TrainingError
        If training fails.
    """
    fingerprint = settings.fingerprint if settings.fingerprint != CNN or is_enough(named.owners) else CORRELOGRAM
    fit = _fit_all if fingerprint == CORRELOGRAM else partial(call_in_child, _fit_all)
    fitted: tuple[FittedLooks, list[Vectors]] = fit(named=named, folds=list(folds), settings=settings, fingerprint=fingerprint)
    return fitted


def embed_images(looks: FittedLooks, images: npt.NDArray[np.uint8]) -> Vectors:
    """Return the vectors of images, uint8 of shape (M, S, S, 3) of the gallery's size: float of shape (M, D).

    Raises
    ------
    WeightsError
        If the weights of a backbone are missing, or others than the gallery was made with.
    ModelError
        If the stored network does not fit.
    """
    vectors: Vectors = _embed(looks, images) if looks.fingerprint == CORRELOGRAM else call_in_child(_embed, looks=looks, images=images)
    return vectors


def _fit_all(named: NamedImages, folds: list[Fold], settings: LookSettings, fingerprint: str) -> tuple[FittedLooks, list[Vectors]]:
    everything = np.ones(len(named.images), dtype=np.bool_)
    features: Vectors | None = None
    if fingerprint not in (CORRELOGRAM, CNN) and not _is_small(_open_backbone(settings)):
        # Of a backbone that stays as it is, all folds share the vectors.
        features = _run(settings, Preparation.fit(named.images, named.window, level_light=named.has_surroundings), named.images)
    looks, vectors = _fit(named, everything, settings, fingerprint, features)
    return looks, [vectors, *(_fit(named, fold.find_training(named.owners), settings, fingerprint, features)[1] for fold in folds)]


def _fit(
    named: NamedImages, rows: npt.NDArray[np.bool_], settings: LookSettings, fingerprint: str, features: Vectors | None
) -> tuple[FittedLooks, Vectors]:
    """Return looks fitted on some rows, and the vectors of all images."""
    preparation = Preparation.fit(named.images[rows], named.window, level_light=named.has_surroundings)
    surroundings = np.zeros(0) if preparation.surroundings is None else preparation.surroundings
    looks = FittedLooks(settings, fingerprint, False, "", named.window, preparation.mean, preparation.spread, surroundings, ())
    owners, recordings = named.owners[rows], named.recordings[rows]
    if fingerprint == CORRELOGRAM:
        levelled = preparation.level(named.images)
        correlogram = Correlogram.fit(levelled[rows], named.window)
        described = correlogram.compute(levelled, named.window)
        whitening = Whitening.fit(described[rows], owners)
        arrays = (correlogram.edges, np.array(correlogram.distances, dtype=np.int64), whitening.mean, whitening.matrix)
        return replace(looks, arrays=arrays), whitening.transform(described)
    looks = replace(looks, weights_identity=_identify(settings) if fingerprint != CNN else "")
    is_trained = is_enough(owners)
    if features is not None and not is_trained:
        whitening = Whitening.fit(features[rows], owners)
        return replace(looks, arrays=(whitening.mean, whitening.matrix)), whitening.transform(features)
    _load_keras(settings.seed)
    before: tuple[npt.NDArray, ...] = ()
    change: Change | None = None
    rate = 2e-3
    if features is not None:
        # A dense layer trains well only on inputs of one scale.
        before = features[rows].mean(axis=0), features[rows].std(axis=0) + 1e-6
        inputs = ((features - before[0]) / before[1]).astype(np.float32)
        network = build_dense(inputs.shape[1])
    elif fingerprint == CNN:
        inputs = preparation.prepare(named.images)
        network, change = build_cnn(inputs.shape[1:]), vary_crops
    else:
        inputs = resize_crops(preparation, named.images, _open_backbone(settings).input_size)
        network, change, rate = _extend_backbone(settings), _vary_pixels, _BACKBONE_RATE
        if not is_trained:
            vectors = normalize(embed_inputs(network.get_layer("backbone"), inputs))
            whitening = Whitening.fit(vectors[rows], owners)
            return replace(looks, arrays=(whitening.mean, whitening.matrix)), whitening.transform(vectors)
    train_on_names(network, inputs[rows], owners, recordings, n_steps=_N_STEPS, learning_rate=rate, change=change, seed=settings.seed)
    weights = tuple(np.asarray(one) for one in network.get_weights())
    return replace(looks, is_trained=True, arrays=(*before, *weights)), embed_inputs(network, inputs)


def _embed(looks: FittedLooks, images: npt.NDArray[np.uint8]) -> Vectors:
    preparation, settings = looks.preparation, looks.settings
    if looks.fingerprint == CORRELOGRAM:
        edges, distances, mean, matrix = looks.arrays
        levelled = preparation.level(images)
        return Whitening(mean, matrix).transform(Correlogram(edges, tuple(distances.tolist())).compute(levelled, looks.window))
    if looks.fingerprint != CNN and _identify(settings) != looks.weights_identity:
        raise WeightsError(
            f"backbone {looks.fingerprint}: its weights ({settings.weights}) are not those that the gallery was made with; put these back, "
            "or enrol again."
        )
    _load_keras(settings.seed)
    if looks.fingerprint == CNN:
        inputs = preparation.prepare(images)
        return embed_inputs(_set_weights(build_cnn(inputs.shape[1:]), looks.arrays), inputs)
    specification = _open_backbone(settings)
    if not _is_small(specification):
        features = _run(settings, preparation, images)
        if not looks.is_trained:
            return Whitening(*looks.arrays).transform(features)
        inputs = ((features - looks.arrays[0]) / looks.arrays[1]).astype(np.float32)
        return embed_inputs(_set_weights(build_dense(inputs.shape[1]), looks.arrays[2:]), inputs)
    inputs = resize_crops(preparation, images, specification.input_size)
    network = _extend_backbone(settings)
    if looks.is_trained:
        return embed_inputs(_set_weights(network, looks.arrays), inputs)
    return Whitening(*looks.arrays).transform(normalize(embed_inputs(network.get_layer("backbone"), inputs)))


def _open_backbone(settings: LookSettings) -> BackboneSpecification:
    return require_keras(find_backbone(settings.fingerprint, weights=settings.weights), user="comparing individuals")


def _identify(settings: LookSettings) -> str:
    return identify_weights(_open_backbone(settings), settings.weights, hash_file=hash_file)


def _is_small(specification: BackboneSpecification) -> bool:
    return specification.n_parameters is not None and specification.n_parameters <= _MOST_TRAINED_WEIGHTS


def _run(settings: LookSettings, preparation: Preparation, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    return run_backbone(_open_backbone(settings), settings.weights, preparation, images, seed=settings.seed)


def _extend_backbone(settings: LookSettings) -> Any:
    """Return a small backbone that can be trained, its layer `backbone`, with a projection to unit vectors on it."""
    import keras

    specification = _open_backbone(settings)
    backbone = build_backbone(specification, settings.weights)
    backbone.trainable = True
    for layer in backbone._flatten_layers(include_self=False):
        # One gallery is not what running statistics were measured on.
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    backbone.name = "backbone"
    image = keras.Input((specification.input_size, specification.input_size, 3), dtype="float32")
    vectors = keras.layers.LayerNormalization(center=False, scale=False)(backbone(image))
    vectors = keras.layers.Dense(64, kernel_initializer=keras.initializers.GlorotUniform(seed=settings.seed))(vectors)
    return keras.Model(image, keras.layers.UnitNormalization()(vectors))


def _vary_pixels(images: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Vary pixels from 0 to 255 as `vary_crops` varies standardized ones."""
    return vary_crops((images - 127.5) / 64.0, rng) * 64.0 + 127.5


def _set_weights(network: Any, arrays: Sequence[npt.NDArray]) -> Any:
    expected = [tuple(one.shape) for one in network.get_weights()]
    found = [one.shape for one in arrays]
    if expected != found:
        raise ModelError(f"the gallery's network has {len(found)} arrays of other shapes than expected ({len(expected)}); enrol again.")
    network.set_weights(list(arrays))
    return network


def _load_keras(seed: int) -> None:
    from behavior.compute.loading import load_keras

    load_keras()
    import keras

    keras.utils.set_random_seed(seed)
