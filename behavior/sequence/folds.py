"""Which recordings a fold leaves out, and which one its early stopping watches."""

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
        Indexes of the recordings scored and learned from.
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
    """Return the recordings among `training` that early stopping watches, which are then not learned from; () where there is none.

    Parameters
    ----------
    training
        Indexes of the recordings that may be learned from.
    after
        The search starts behind this index and goes round.
    animals
        The animal of every recording. Where animals are left out, all recordings of the chosen one's animal go with it.
    learnable
        Indexes of the recordings with frames of both classes. The inner recording is one of them, and another one has to remain.
    """
    n_recordings = len(animals)
    for step in range(1, n_recordings + 1):
        candidate = (after + step) % n_recordings
        if candidate not in training or candidate not in learnable:
            continue
        inner = tuple(index for index in training if leave_out == "animal" and animals[index] == animals[candidate]) or (candidate,)
        if any(index in learnable for index in training if index not in inner):
            return inner
    return ()
