"""Which individuals and recordings of a gallery are left out in turn, to measure how well the others are told from new ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from behavior.identity.gallery import Gallery, average_rows, draw_shots

__all__ = ["Fold", "Questions", "ask_few", "ask_left_out", "plan_folds"]

Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Fold:
    """What one fold leaves out of M images of N individuals.

    Attributes
    ----------
    asked
        Images that are asked about: those of the recordings left out, bool of shape (M,).
    unseen
        Individuals that nothing is trained on, and that are new when they are asked about, bool of shape (N,).
    """

    asked: Bools
    unseen: Bools

    def find_training(self, owners: Integers) -> Bools:
        """Return the images that may be trained on, bool of shape (M,)."""
        chosen: Bools = ~self.asked & ~self.unseen[owners]
        return chosen


@dataclass(frozen=True)
class Questions:
    """Q questions about recordings that were left out, and how near each individual is.

    Attributes
    ----------
    similarities
        Float64 of shape (Q, N); -inf to an individual that has no other recording, or is left out.
    truth
        Who it is, int64 of shape (Q,); -1 where that individual is left out, so that it is new.
    individuals
        Who it is, left out or not, int64 of shape (Q,).
    folds
        In which fold each was asked, int64 of shape (Q,).
    groups
        Which group of images each is about, int64 of shape (Q,).
    """

    similarities: npt.NDArray[np.float64]
    truth: Integers
    individuals: Integers
    folds: Integers
    groups: Integers


def plan_folds(owners: Integers, recordings: Integers, *, n_folds: int = 3, seed: int = 0) -> list[Fold]:
    """Return folds that leave out recordings, each with some individuals; no image of a recording is ever on both sides.

    The recordings of an individual are spread over as many parts as there are recordings of one individual, `n_folds` at most. Each
    individual is unseen in one fold.

    Parameters
    ----------
    owners
        Individual of each image, int64 of shape (M,), 0 to N - 1.
    recordings
        Day or video of each image, int64 of shape (M,); several individuals may share one.
    n_folds
        How many folds, 2 or more; with fewer individuals, as many as these.
    seed
        Which individuals are left out together.

    Raises
    ------
    ValueError
        If there are fewer than two individuals, or no individual has two recordings.
    """
    n_individuals = int(owners.max(initial=-1)) + 1
    if n_individuals < 2:
        raise ValueError(f"{n_individuals} individual, expected at least 2: with one, nobody is told from anybody")
    pairs = np.unique(np.column_stack((owners, recordings)), axis=0)
    most = int(np.bincount(pairs[:, 0]).max())
    if most < 2:
        raise ValueError("each individual has one recording, expected two or more: images of one recording are near copies")
    n_folds = min(max(n_folds, 2), n_individuals)
    n_parts = min(n_folds, most)
    parts = _spread_recordings(pairs, n_parts)
    order = np.random.default_rng(seed).permutation(n_individuals)
    groups = np.empty(n_individuals, dtype=np.int64)
    groups[order] = np.arange(n_individuals) % n_folds
    part_of = np.array([parts[recording] for recording in recordings.tolist()])
    folds = [Fold(part_of == number % n_parts, groups == number) for number in range(n_folds)]
    usable = [fold for fold in folds if fold.asked.any() and fold.find_training(owners).any()]
    if not usable:
        raise ValueError("nothing is left to train on when a recording and an individual are left out, expected more recordings")
    return usable


def ask_left_out(
    folds: Sequence[Fold], vectors: Sequence[npt.NDArray[np.floating]], owners: Integers, groups: Integers | None = None
) -> Questions:
    """Ask about what each fold leaves out, in a gallery of all other images.

    An individual that is unseen in a fold is asked about as if it was not enrolled, and so is one without another recording.

    Parameters
    ----------
    folds
        The folds.
    vectors
        Fingerprints of all images by each fold, float of shape (M, D).
    owners
        Individual of each image, int64 of shape (M,).
    groups
        Images with one number are one question, such as those of a track, int64 of shape (M,), each of one individual and recording;
        None for a question for each image.
    """
    groups = np.arange(len(owners)) if groups is None else groups
    asked = [
        _compare(number, looks, np.flatnonzero(~fold.asked), np.flatnonzero(fold.asked), owners, groups)
        for number, (fold, looks) in enumerate(zip(folds, vectors, strict=True))
    ]
    return _join([_forget(some, folds[number].unseen) for number, some in enumerate(asked)])


def ask_few(
    folds: Sequence[Fold], vectors: Sequence[npt.NDArray[np.floating]], owners: Integers, *, n_shots: int, rng: np.random.Generator
) -> Questions:
    """Ask about individuals that nothing was trained on, in a gallery with `n_shots` images of each individual, drawn at random.

    Each image of a recording left out is asked about twice: with its individual enrolled, and, as somebody new, without. The rest is as for
    `ask_left_out`; there may be no question.
    """
    found = []
    groups = np.arange(len(owners))
    for number, (fold, looks) in enumerate(zip(folds, vectors, strict=True)):
        enrolled = np.flatnonzero(~fold.asked)
        enrolled = enrolled[draw_shots(owners[enrolled], n_shots, rng)]
        asked = np.flatnonzero(fold.asked & fold.unseen[owners] & np.isin(owners, owners[enrolled]))
        questions = _compare(number, looks, enrolled, asked, owners, groups)
        found += [questions, _forget(questions, fold.unseen)]
    return _join(found)


def _compare(
    number: int, looks: npt.NDArray[np.floating], enrolled: Integers, asked: Integers, owners: Integers, groups: Integers
) -> Questions:
    n_individuals = int(owners.max()) + 1
    present, places = np.unique(owners[enrolled], return_inverse=True)
    _, firsts, members = np.unique(groups[asked], return_index=True, return_inverse=True)
    similarities = np.full((len(firsts), n_individuals), -np.inf)
    if len(present) and len(asked):
        gallery = Gallery.enrol(looks[enrolled], places, tuple(map(str, present.tolist())))
        similarities[:, present] = average_rows(gallery.compare(looks[asked]), members)
    individuals = owners[asked][firsts]
    is_known = np.isfinite(similarities[np.arange(len(firsts)), individuals])
    truth = np.where(is_known, individuals, -1)
    return Questions(similarities, truth, individuals, np.full(len(firsts), number), groups[asked][firsts])


def _forget(questions: Questions, unseen: Bools) -> Questions:
    """Return the questions as if the individuals that are unseen, when they are asked about, were not enrolled."""
    rows = np.flatnonzero(unseen[questions.individuals])
    similarities, truth = questions.similarities.copy(), questions.truth.copy()
    similarities[rows, questions.individuals[rows]] = -np.inf
    truth[rows] = -1
    return replace(questions, similarities=similarities, truth=truth)


def _join(parts: Sequence[Questions]) -> Questions:
    columns = [np.concatenate([getattr(one, field.name) for one in parts]) for field in fields(Questions)]
    # Where nobody else is enrolled, there is nothing to ask.
    answerable = np.isfinite(columns[0]).any(axis=1)
    return Questions(*(column[answerable] for column in columns))


def _spread_recordings(pairs: Integers, n_parts: int) -> dict[int, int]:
    """Return the part of each recording, so that those of one individual are in as many as possible; `pairs` (P, 2) has who is in which."""
    recordings, counts = np.unique(pairs[:, 1], return_counts=True)
    n_in_part = np.zeros((int(pairs[:, 0].max()) + 1, n_parts), dtype=np.int64)
    parts: dict[int, int] = {}
    for recording in recordings[np.argsort(-counts, kind="stable")].tolist():
        members = pairs[pairs[:, 1] == recording, 0]
        load = n_in_part[members].sum(axis=0), n_in_part.sum(axis=0)
        part = int(np.lexsort((load[1], load[0]))[0])
        parts[recording] = part
        n_in_part[members, part] += 1
    return parts
