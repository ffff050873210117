"""Which recordings a fold leaves out, and which of the others are its validation recordings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Fold", "choose_inner", "leave_out_folds"]

LeaveOut = Literal["recording", "animal"]


@dataclass(frozen=True)
class Fold:
    """One fold: indexes into the manifest's recordings.

    Attributes
    ----------
    name
        The recording or animal that is left out.
    left_out, training
        Indexes of the recordings that are scored and that are trained on.
    """

    name: str
    left_out: tuple[int, ...]
    training: tuple[int, ...]


def leave_out_folds(recordings: Sequence[str], animals: Sequence[str], *, leave_out: LeaveOut) -> list[Fold]:
    """Return a fold for each recording, or for each animal, in the order of first appearance."""
    keys = recordings if leave_out == "recording" else animals
    return [
        Fold(
            name=name,
            left_out=tuple(index for index, key in enumerate(keys) if key == name),
            training=tuple(index for index, key in enumerate(keys) if key != name),
        )
        for name in dict.fromkeys(keys)
    ]


def choose_inner(
    training: Sequence[int],
    *,
    after: int,
    animals: Sequence[str],
    leave_out: LeaveOut,
    learnable: Collection[int],
) -> tuple[int, ...]:
    """Return the validation recordings of early stopping, which are then not trained on; () where there are none.

    Parameters
    ----------
    training
        Indexes of the recordings to choose from.
    after
        The search starts after this index and wraps around.
    animals
        The animal of every recording. Where animals are left out, all recordings of the chosen one's animal go with it.
    learnable
        Indexes of the recordings with frames of both classes. A validation recording is one of them, and another one has to remain.
    """
    n_recordings = len(animals)
    for step in range(1, n_recordings + 1):
        candidate = (after + step) % n_recordings
        if candidate not in training or candidate not in learnable:
            continue
        validation = tuple(index for index in training if leave_out == "animal" and animals[index] == animals[candidate]) or (candidate,)
        if any(index in learnable for index in training if index not in validation):
            return validation
    return ()
