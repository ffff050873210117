"""Drawing the clips of an audit: every frame of an animal has the same chance, and the model has no say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["draw_cells", "share_clips"]


def draw_cells(n_frames: Sequence[int], clip_frames: Sequence[int], n_clips: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw clips of an animal that do not overlap, such that every frame is as likely to be in one as any other.

    Each recording is cut at every `clip_frames`, beginning at a random frame, and of the pieces of all of them some are drawn without
    replacement; those at both ends of a recording may be shorter.

    Parameters
    ----------
    n_frames, clip_frames
        Of each recording of the animal.
    n_clips
        How many to draw.

    Returns
    -------
    Recording, start and stop, half-open, int64 of shape (N, 3), in order; all pieces where there are fewer than `n_clips`.

    Raises
    ------
    ValueError
        If a recording has no frames, or clips have none.

    Examples
    --------
    >>> draw_cells([100, 50], [10, 10], 3, np.random.default_rng(2)).tolist()
    [[0, 59, 69], [0, 69, 79], [0, 79, 89]]
    """
    pieces = []
    for recording, (length, clip) in enumerate(zip(n_frames, clip_frames, strict=True)):
        if length < 1 or clip < 1 or n_clips < 0:
            raise ValueError(f"cannot draw {n_clips} clips of {clip} frames from {length}")
        cuts = np.arange(int(generator.integers(1, clip + 1)), length, clip)
        bounds = np.concatenate([[0], cuts, [length]])
        pieces.append(np.column_stack([np.full(len(bounds) - 1, recording), bounds[:-1], bounds[1:]]))
    every = np.concatenate(pieces) if pieces else np.zeros((0, 3), dtype=np.int64)
    return every[np.sort(generator.permutation(len(every))[:n_clips])].astype(np.int64)


def share_clips(n_clips: int, groups: Sequence[str], generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Share clips among animals: the groups get the same number, and the animals of a group, but for what is left over.

    Parameters
    ----------
    groups
        Of each animal.

    Returns
    -------
    Number of clips of each animal, int64 of shape (N,).

    Examples
    --------
    >>> share_clips(12, ["saline", "saline", "drug"], np.random.default_rng(0)).tolist()
    [3, 3, 6]
    """
    counts = np.zeros(len(groups), dtype=np.int64)
    names = list(dict.fromkeys(groups))
    for name, of_group in zip(names, _share(n_clips, len(names), generator), strict=True):
        members = np.flatnonzero([group == name for group in groups])
        counts[members] = _share(int(of_group), len(members), generator)
    return counts


def _share(count: int, among: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return `count` in parts that differ by one at most; chance says who gets more."""
    parts = np.full(among, count // among, dtype=np.int64) if among else np.zeros(0, dtype=np.int64)
    if among:
        parts[generator.permutation(among)[: count % among]] += 1
    return parts
