"""A gallery as it is asked: fitted and calibrated on what it holds, one side of the animals at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from behavior.embedding.individual_looks import FittedLooks, LookSettings, NamedImages, fit_looks
from behavior.embedding.tracklet_crops import place_window
from behavior.errors import InputError
from behavior.files.gallery_folder import StoredGallery, StoredLooks
from behavior.identity.gallery import Calibration, Gallery
from behavior.identity.leaving_out import Fold, Questions, ask_left_out, plan_folds

__all__ = ["SideGallery", "fit_gallery", "open_side"]

Integers = npt.NDArray[np.int64]
Question = Literal["image", "track"]

_DAMAGED = "its looks are not as they are written; enrol the individuals again into a new folder"


@dataclass(frozen=True)
class SideGallery:
    """The individuals of a gallery as seen from one side.

    Attributes
    ----------
    gallery
        Their vectors.
    looks
        What turns images into such vectors.
    rows
        Rows of the whole gallery's pictures, int64 of shape (M,).
    recordings
        Day or video of each picture, as numbers, int64 of shape (M,).
    folds
        What was left out in turn; none where that is not possible, and `obstacle` says why.
    fold_vectors
        Of all pictures by what was fitted in each fold.
    calibrations
        By what is asked about: a single image, or a whole track.
    """

    gallery: Gallery
    looks: FittedLooks
    rows: Integers
    recordings: Integers
    folds: tuple[Fold, ...]
    obstacle: str
    fold_vectors: tuple[npt.NDArray[np.floating], ...]
    calibrations: Mapping[str, Calibration]

    def ask(self, question: Question) -> Questions:
        """Return what was asked about the recordings left out; only with folds."""
        return _ask(self.folds, self.fold_vectors, self.gallery.owners, self.recordings, question)


@dataclass(frozen=True)
class _Values:
    settings: LookSettings
    fingerprint: str
    is_trained: bool
    weights_identity: str
    calibrations: dict[str, Calibration]
    n_arrays: int
    n_folds: int


_VALUES = TypeAdapter(_Values)
_PREPARED = ("window", "mean", "spread", "surroundings")


def fit_gallery(stored: StoredGallery) -> StoredGallery:
    """Return the gallery with looks of each side, fitted on all of its pictures, and calibrated by leaving out recordings and individuals.

    Raises
    ------
    WeightsError, TrainingError
        As `individual_looks.fit_looks`.
    """
    looks = {side: _fit_side(stored, side) for side in stored.sides}
    return replace(stored, looks=looks)


def open_side(stored: StoredGallery, side: str) -> SideGallery:
    """Return the individuals as seen from one side, as they were fitted last.

    Raises
    ------
    InputError
        If the looks are not such as `fit_gallery` makes.
    """
    rows, named, names = _take_side(stored, side)
    folds, obstacle = _plan(named, int(stored.settings.get("seed", 0)))
    try:
        one = stored.looks[side]
        values = _VALUES.validate_python(dict(one.values))
        arrays = one.arrays
        looks = FittedLooks(
            settings=values.settings,
            fingerprint=values.fingerprint,
            is_trained=values.is_trained,
            weights_identity=values.weights_identity,
            window=arrays["window"],
            mean=arrays["mean"],
            spread=arrays["spread"],
            surroundings=arrays["surroundings"],
            arrays=tuple(arrays[f"array_{number:03d}"] for number in range(values.n_arrays)),
        )
        vectors = tuple(arrays[f"fold_{number:03d}"] for number in range(values.n_folds))
        gallery = Gallery.enrol(arrays["vectors"], named.owners, names)
        if len(vectors) != len(folds) or any(len(some) != len(rows) or some.ndim != 2 for some in (*vectors, arrays["vectors"])):
            raise ValueError("vectors and pictures are not as many")
        if looks.window.shape != named.window.shape:
            raise ValueError("the window has another size than the pictures")
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise InputError(f"side {side or 'of all'}: {_DAMAGED} ({' '.join(str(error).split())[:120]}).") from error
    return SideGallery(gallery, looks, rows, named.recordings, tuple(folds), obstacle, vectors, values.calibrations)


def _fit_side(stored: StoredGallery, side: str) -> StoredLooks:
    _, named, _ = _take_side(stored, side)
    settings = LookSettings(**stored.settings)
    folds, _ = _plan(named, settings.seed)
    looks, (vectors, *fold_vectors) = fit_looks(named, folds, settings)
    questions: tuple[Question, ...] = ("image", "track") if stored.kind == "tracks" else ("image",)
    calibrations: dict[str, Calibration] = {question: Calibration() for question in questions}
    for question in questions if folds else ():
        asked = _ask(folds, fold_vectors, named.owners, named.recordings, question)
        calibrations[question] = Calibration.fit(asked.similarities, asked.truth)
    if "track" in calibrations and calibrations["track"].threshold is None:
        # Too few tracks to say more: a track is judged as one image, which is sure of less.
        calibrations["track"] = calibrations["image"]
    values: dict[str, Any] = asdict(
        _Values(settings, looks.fingerprint, looks.is_trained, looks.weights_identity, calibrations, len(looks.arrays), len(folds))
    )
    arrays: dict[str, npt.NDArray] = {name: getattr(looks, name) for name in _PREPARED}
    arrays |= {"vectors": np.asarray(vectors, dtype=np.float64)}
    arrays |= {f"array_{number:03d}": one for number, one in enumerate(looks.arrays)}
    arrays |= {f"fold_{number:03d}": np.asarray(one, dtype=np.float32) for number, one in enumerate(fold_vectors)}
    return StoredLooks(values, arrays)


def _take_side(stored: StoredGallery, side: str) -> tuple[Integers, NamedImages, tuple[str, ...]]:
    rows = np.array([row for row, one in enumerate(stored.images) if one.side == side], dtype=np.int64)
    images = [stored.images[row] for row in rows.tolist()]
    names = tuple(dict.fromkeys(one.individual for one in images))
    owners = np.array([names.index(one.individual) for one in images], dtype=np.int64)
    # Pictures of unknown days may all be of one.
    keys = [one.recording or f"\0{one.individual}" for one in images]
    recordings = np.unique(keys, return_inverse=True)[1].astype(np.int64) if keys else np.zeros(0, dtype=np.int64)
    size = stored.crops.shape[1]
    is_tracked = stored.kind == "tracks"
    window = place_window(size, stored.length, stored.width) if is_tracked else np.ones((size, size), dtype=np.bool_)
    return rows, NamedImages(stored.crops[rows], owners, recordings, window, is_tracked), names


def _plan(named: NamedImages, seed: int) -> tuple[list[Fold], str]:
    """Return the folds; none, and why, where nothing can be left out."""
    try:
        return plan_folds(named.owners, named.recordings, seed=seed), ""
    except ValueError as error:
        return [], str(error)


def _ask(folds: Any, vectors: Any, owners: Integers, recordings: Integers, question: Question) -> Questions:
    groups = None if question == "image" else np.unique(np.column_stack((owners, recordings)), axis=0, return_inverse=True)[1].ravel()
    return ask_left_out(folds, vectors, owners, groups)
