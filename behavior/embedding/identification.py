"""Who photos and tracks show, by a gallery: up to five guesses each, or somebody new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.embedding.gallery_sources import Pictured
from behavior.embedding.individual_gallery import SideGallery, open_side
from behavior.embedding.individual_looks import embed_images
from behavior.errors import InputError, UsageError
from behavior.files.gallery_folder import StoredGallery
from behavior.identity.gallery import NO_GUESS, Calibration, average_rows, decide_together
from behavior.identity.recognition import normalize

__all__ = ["NEW", "Guess", "Identification", "identify_pictured"]

NEW = "new"
N_GUESSES = 5


@dataclass(frozen=True)
class Guess:
    """An individual that a query may be, how likely, and the row of the gallery's picture of it that is nearest."""

    individual: str
    probability: float
    row: int


@dataclass(frozen=True)
class Identification:
    """Who one query shows.

    Attributes
    ----------
    source, animal, side
        Of the query.
    n_images
        How many pictures it was decided by.
    decision
        An individual's name, or `NEW`.
    new_probability
        That it is somebody new; NaN where the gallery could not measure what new individuals look like.
    similarity
        Cosine to the nearest individual.
    guesses
        From the likeliest on. With `new_probability`, probabilities sum to 1 over all individuals.
    image
        A picture of the query, RGB.
    """

    source: Path
    animal: str
    side: str
    n_images: int
    decision: str
    new_probability: float
    similarity: float
    guesses: tuple[Guess, ...]
    image: npt.NDArray[np.uint8]


def identify_pictured(stored: StoredGallery, pictured: Sequence[Pictured]) -> list[Identification]:
    """Return who each of the queries shows, in their order; those of one track are decided together, as different individuals.

    Raises
    ------
    UsageError
        If a query is of a side that the gallery has no pictures of.
    WeightsError, ModelError, InputError
        If the gallery cannot be asked.
    """
    found: dict[int, Identification] = {}
    for side in dict.fromkeys(one.side for one in pictured):
        if side not in stored.sides:
            known = ", ".join(map(repr, stored.sides))
            raise UsageError(f"side {side!r} is not in the gallery, which has {known}; give --side, or enrol individuals from that side.")
        numbers = [number for number, one in enumerate(pictured) if one.side == side]
        opened = open_side(stored, side)
        images = np.concatenate([pictured[number].images for number in numbers])
        if images.shape[1:] != stored.crops.shape[1:]:
            raise InputError(f"queries have pictures of shape {images.shape[1:]}, expected {stored.crops.shape[1:]} as in the gallery.")
        owners = np.repeat(np.arange(len(numbers)), [len(pictured[number].images) for number in numbers])
        vectors = embed_images(opened.looks, images)
        similarities = average_rows(opened.gallery.compare(vectors), owners)
        for source in dict.fromkeys(pictured[number].track or number for number in numbers):
            places = [place for place, number in enumerate(numbers) if (pictured[number].track or number) == source]
            calibration = opened.calibrations["track" if isinstance(source, Path) else "image"]
            decisions = decide_together(similarities[places], calibration)
            for place, decision in zip(places, decisions.tolist(), strict=True):
                rows = np.flatnonzero(owners == place)
                found[numbers[place]] = _identify(
                    pictured[numbers[place]], opened, vectors[rows], similarities[place], decision, calibration
                )
    return [found[number] for number in range(len(pictured))]


def _identify(
    one: Pictured,
    opened: SideGallery,
    vectors: npt.NDArray[np.floating],
    similarities: npt.NDArray[np.float64],
    decision: int,
    calibration: Calibration,
) -> Identification:
    # What a track is like at most, as one vector: the mean of its pictures' ones.
    answer = opened.gallery.answer(similarities[None], calibration=calibration, n_guesses=N_GUESSES)
    new = float(answer.new_probability[0])
    known = 1.0 if np.isnan(new) else 1.0 - new
    mean = normalize(vectors.mean(axis=0)[None])[0]
    nearness = opened.gallery.vectors @ mean
    guesses = []
    for individual, share in zip(answer.guesses[0].tolist(), answer.probabilities[0].tolist(), strict=True):
        if individual != NO_GUESS:
            own = np.flatnonzero(opened.gallery.owners == individual)
            row = int(opened.rows[own[np.argmax(nearness[own])]])
            guesses.append(Guess(opened.gallery.names[individual], known * share, row))
    middle = int(np.argmax(vectors @ mean))
    name = NEW if decision == NO_GUESS else opened.gallery.names[decision]
    return Identification(
        one.source, one.animal, one.side, len(one.images), name, new, float(answer.similarity[0]), tuple(guesses), one.images[middle]
    )
