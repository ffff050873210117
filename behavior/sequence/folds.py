"""Which recordings a fold leaves out, and which of the others are its validation recordings."""

from __future__ import annotations

from collections import Counter
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
        The recording, video or animal that is left out.
    left_out, training
        Indexes of the recordings that are scored and that are trained on.
    """

    name: str
    left_out: tuple[int, ...]
    training: tuple[int, ...]


def leave_out_folds(recordings: Sequence[str], animals: Sequence[str], videos: Sequence[str], *, leave_out: LeaveOut) -> list[Fold]:
    """Return a fold for each video, or for each animal, in the order of first appearance.

    What a fold leaves out and what it trains on never come from one video: recordings of several animals show the same moments in front
    of the same background. Where animals are left out, recordings of others in their videos are neither trained on nor scored there.

    Parameters
    ----------
    recordings, animals
        Id and animal of each recording.
    videos
        What is the same for the recordings of one video.
    """
    keys = videos if leave_out == "recording" else animals
    left_out: dict[str, list[int]] = {}
    for index, key in enumerate(keys):
        left_out.setdefault(key, []).append(index)
    names = _name_groups(recordings, list(left_out.values())) if leave_out == "recording" else list(left_out)
    return [
        Fold(name=name, left_out=tuple(indexes), training=_leave_out_seen(range(len(keys)), indexes, keys, videos))
        for name, indexes in zip(names, left_out.values(), strict=True)
    ]


def choose_inner(
    training: Sequence[int],
    *,
    after: int,
    animals: Sequence[str],
    videos: Sequence[str],
    leave_out: LeaveOut,
    learnable: Collection[int],
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the validation recordings of early stopping, () where there are none, and those that are then trained on.

    Parameters
    ----------
    training
        Indexes of the recordings to choose from.
    after
        The search starts after this index and wraps around.
    animals, videos
        Those of every recording. All recordings of the chosen one's video are validation recordings, or, where animals are left out, of
        its animal; others that share a video with them are left aside.
    learnable
        Indexes of the recordings with frames of both classes. A validation recording is one of them, and another one has to remain.
    """
    keys = videos if leave_out == "recording" else animals
    n_recordings = len(keys)
    for step in range(1, n_recordings + 1):
        candidate = (after + step) % n_recordings
        if candidate not in training or candidate not in learnable:
            continue
        validation = tuple(index for index in training if keys[index] == keys[candidate])
        remaining = _leave_out_seen(training, validation, keys, videos)
        if any(index in learnable for index in remaining):
            return validation, remaining
    return (), tuple(training)


def _leave_out_seen(indexes: Sequence[int], left_out: Sequence[int], keys: Sequence[str], videos: Sequence[str]) -> tuple[int, ...]:
    """Return those of `indexes` that share neither a key nor a video with a recording that is left out."""
    own, seen = {keys[index] for index in left_out}, {videos[index] for index in left_out}
    return tuple(index for index in indexes if keys[index] not in own and videos[index] not in seen)


def _name_groups(recordings: Sequence[str], groups: Sequence[Sequence[int]]) -> list[str]:
    """Return a name for each group of recordings: the only one's id, or how the ids of several begin, else the first id."""
    names = []
    for group in groups:
        ids = [recordings[index] for index in group]
        alike = zip(*ids, strict=False)
        n_shared = next((place for place, letters in enumerate(alike) if len(set(letters)) > 1), min(map(len, ids)))
        # Whole words: what follows the last separator is a part of each animal's name.
        end = max(ids[0].rfind(mark, 0, n_shared) for mark in "_-.") if len(ids) > 1 else 0
        names.append(ids[0][: max(end, 0)] or ids[0])
    counts = Counter(names)
    return [name if counts[name] == 1 else recordings[group[0]] for name, group in zip(names, groups, strict=True)]
