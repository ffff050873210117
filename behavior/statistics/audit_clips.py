"""Drawing the clips of an audit: every frame of an animal has the same chance, and the model has no say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["draw_cells", "share_clips"]


def draw_cells(n_frames: int, clip_frames: int, n_clips: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw clips that do not overlap, such that every frame is as likely to be in one as any other.

    The recording is cut at every `clip_frames`, beginning at a random frame, and of the pieces some are drawn without replacement; those at
    both ends may be shorter.

    Returns
    -------
    Start and stop, half-open, int64 of shape (N, 2), in order; all pieces where there are fewer than `n_clips`.

    Raises
    ------
    ValueError
        If there are no frames, or clips have none.

    Examples
    --------
    >>> draw_cells(100, 10, 2, np.random.default_rng(2)).tolist()
    [[0, 9], [19, 29]]
    """
    if n_frames < 1 or clip_frames < 1 or n_clips < 0:
        raise ValueError(f"cannot draw {n_clips} clips of {clip_frames} frames from {n_frames}")
    cuts = np.arange(int(generator.integers(1, clip_frames + 1)), n_frames, clip_frames)
    bounds = np.concatenate([[0], cuts, [n_frames]])
    chosen = np.sort(generator.permutation(len(bounds) - 1)[:n_clips])
    return np.column_stack([bounds[chosen], bounds[chosen + 1]]).astype(np.int64)


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
