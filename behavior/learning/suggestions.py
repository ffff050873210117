"""Which clips people should label next: those that teach most, and some drawn at random to keep the score honest."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.learning.clips import Clips

__all__ = ["Suggestion", "suggest_clips"]

_DRAWN = "drawn at random, to keep the score honest"
_DRAWN_LABELLED = "drawn at random, to keep the score honest; it was labelled before"
_SPREAD = "spread evenly, as nothing distinguishes the clips yet"
_NOVEL = "looks like nothing labelled yet"

# Clips that are compared with each other at once, and rows of a table of distances.
_MOST_COMPARED, _ROWS_AT_ONCE = 20_000, 1024
_N_COMPONENTS = 32
# A recording gives at most this many times its share of a batch.
_MOST_SHARES = 2
# Doubt is scaled by this percentile of the clips; the single most doubtful clip may be a pose error.
_MOST_DOUBTFUL = 99
# Bits a frame; a model that is never less sure of a behavior is not asked about it.
_LEAST_DOUBT = 0.2
# A probability closer than this to 0 or 1 is not called unsure.
_LEAST_UNSURE = 0.15


@dataclass(frozen=True)
class Suggestion:
    """A clip that people are asked to label.

    Attributes
    ----------
    recording
        Its id.
    start_frame, stop_frame
        Frames, half-open.
    reason
        Why it is suggested, for people.
    is_random
        Whether it was drawn at random.
    is_looked_at
        Whether its frames are labelled already: it was drawn at random and counts in the score, but needs no more work.
    """

    recording: str
    start_frame: int
    stop_frame: int
    reason: str
    is_random: bool
    is_looked_at: bool = False


def suggest_clips(
    recordings: Sequence[Clips],
    behaviors: Sequence[str],
    *,
    count: int,
    random_share: float,
    seed: int,
    drawn: Collection[tuple[str, int]] = (),
) -> list[Suggestion]:
    """Return a batch of about `count` clips to label next, those drawn at random in between the others.

    Parameters
    ----------
    recordings
        None of them held out for tests. Where some have features, one without gives clips drawn at random only; where some have a model's
        doubt, one without counts as doubted as usual.
    behaviors
        Names of the B behaviors.
    count
        How many clips people are asked to label.
    random_share
        How many of them are drawn at random, from 0 to 1.
    seed
        The order in which clips are drawn follows from it: with the same seed, the clips drawn in all batches together are a sample of
        all clips, labelled or not, in which each has the same chance. Those that are labelled already come with `is_looked_at`, and do
        not count in `count`.
    drawn
        Recording and first frame of the clips that were drawn before.

    Raises
    ------
    ValueError
        If `count` is below 1 or `random_share` outside [0, 1].
    """
    if count < 1 or not 0 <= random_share <= 1:
        raise ValueError(f"expected a count of 1 or more and a share from 0 to 1, found {count} and {random_share}")
    n_random = round(count * random_share)
    drawings = _draw(recordings, n_random, seed=seed, drawn=drawn)
    pool = _Pool(recordings, behaviors, excluded={(one.recording, one.start_frame) for one in drawings}, seed=seed)
    chosen = pool.choose(count - n_random)
    return [*_interleave(chosen, [one for one in drawings if not one.is_looked_at]), *(one for one in drawings if one.is_looked_at)]


def _draw(recordings: Sequence[Clips], count: int, *, seed: int, drawn: Collection[tuple[str, int]]) -> list[Suggestion]:
    """Return the next clips in a random order of all, until `count` of them are for people to label."""
    order = [
        (_hash(seed, clips.recording, start), number, place)
        for number, clips in enumerate(recordings)
        for place, start in enumerate(clips.spans[:, 0].tolist())
    ]
    before: dict[str, list[int]] = {}
    for recording, start in drawn:
        before.setdefault(recording, []).append(start)
    known = {recording: np.sort(starts) for recording, starts in before.items()}
    found: list[Suggestion] = []
    for _, number, place in sorted(order):
        if count <= 0:
            break
        clips = recordings[number]
        start, stop = clips.spans[place].tolist()
        # What was drawn may be a part of the clip, or a clip of another length.
        if clips.recording in known and np.diff(np.searchsorted(known[clips.recording], (start, stop))).any():
            continue
        if clips.is_looked_at[place]:
            found.append(Suggestion(clips.recording, start, stop, _DRAWN_LABELLED, True, True))
        elif clips.is_new[place]:
            found.append(Suggestion(clips.recording, int(clips.new[place, 0]), int(clips.new[place, 1]), _DRAWN, True))
            count -= 1
    return found


def _hash(seed: int, recording: str, start: int) -> bytes:
    return hashlib.blake2b(f"{seed} {recording} {start}".encode(), digest_size=8).digest()


def _interleave(first: Sequence[Suggestion], second: Sequence[Suggestion]) -> list[Suggestion]:
    """Return both in one list, evenly mixed, each in its order."""
    places = [((index + 0.5) / len(part), number, one) for number, part in enumerate((first, second)) for index, one in enumerate(part)]
    return [one for *_, one in sorted(places, key=lambda entry: entry[:2])]


class _Pool:
    """All clips of all recordings side by side, for choosing among those that are new."""

    def __init__(self, recordings: Sequence[Clips], behaviors: Sequence[str], *, excluded: Collection[tuple[str, int]], seed: int) -> None:
        self._names, self._behaviors, self._seed = [clips.recording for clips in recordings], behaviors, seed
        self._owner = np.repeat(np.arange(len(recordings)), [len(clips.spans) for clips in recordings])
        self._new = np.concatenate([np.empty((0, 2), np.int64), *(clips.new for clips in recordings)])
        starts = self._new[:, 0].tolist()
        is_excluded = [(self._names[owner], start) in excluded for owner, start in zip(self._owner.tolist(), starts, strict=True)]
        self._is_free = (self._new[:, 0] < self._new[:, 1]) & ~np.array(is_excluded, dtype=np.bool_)
        lengths = [len(clips.spans) for clips in recordings]
        self._vectors = _join([clips.vectors for clips in recordings], lengths)
        self._doubt = _join([clips.doubt for clips in recordings], lengths)
        self._doubtful = _join([clips.doubtful for clips in recordings], lengths)

    def choose(self, count: int) -> list[Suggestion]:
        """Return `count` new clips, fewer where there are not so many."""
        rows = np.flatnonzero(self._is_free)
        if self._vectors is not None:
            rows = rows[np.isfinite(self._vectors[rows, 0])]
        if count < 1 or not len(rows):
            return []
        rng = np.random.default_rng(self._seed)
        doubt = None if self._doubt is None else _compare_doubt(self._doubt)
        value = np.ones(len(self._owner)) if doubt is None else _value_doubt(doubt)
        rows = _thin(rows, value, rng)
        # What was looked at, or asked about, or drawn just now.
        known = np.flatnonzero(~self._is_free & self._has_vector())
        known = _thin(known, np.zeros(len(self._owner)), rng)
        most = max(-(-_MOST_SHARES * count // max(len(np.unique(self._owner[rows])), 1)), 1)
        points = None if self._vectors is None else _reduce(self._vectors[np.concatenate((rows, known))])
        if self._doubt is None and points is None:
            return [self._suggest(row, _SPREAD) for row in self._spread(rows, count)]
        chosen = rows[self._choose_unlike(rows, points, value[rows], count, most)].tolist()
        usual = np.median(value[rows])
        return [self._suggest(row, _NOVEL if doubt is None or value[row] < usual else self._explain(row, doubt[row])) for row in chosen]

    def _suggest(self, row: int, reason: str) -> Suggestion:
        return Suggestion(self._names[self._owner[row]], int(self._new[row, 0]), int(self._new[row, 1]), reason, False)

    def _has_vector(self) -> npt.NDArray[np.bool_]:
        return np.zeros(len(self._owner), np.bool_) if self._vectors is None else np.isfinite(self._vectors[:, 0])

    def _choose_unlike(
        self, rows: npt.NDArray[np.int64], points: npt.NDArray[np.float32] | None, value: npt.NDArray[np.float64], count: int, most: int
    ) -> list[int]:
        """Return places in `rows` of clips with high value that are unlike what is labelled or chosen already, one after the other.

        With equal values this is the farthest-first traversal of Gonzalez 1985 (Theoretical Computer Science 38, 293-306), as Sener and
        Savarese 2018 (arXiv:1708.00489) use it to cover features. `points` are of the clips `rows`, then of those that are labelled.
        """
        chosen: list[int] = []
        nearest = np.full(len(rows), np.inf)
        usual = 1.0
        if points is not None:
            own, known = points[: len(rows)], points[len(rows) :]
            from_middle = _measure(own, own.mean(axis=0))
            nearest = _measure_nearest(own, known) if len(known) else nearest
            usual = float(np.median(nearest if len(known) else from_middle))
            # Without anything to be unlike, what is usual comes first.
            value = value if len(known) else np.where(np.arange(len(rows)) == np.argmax(value / (1 + from_middle)), 2 * value.max(), value)
        is_taken = np.zeros(len(rows), np.bool_)
        used = np.zeros(len(self._names), np.int64)
        while len(chosen) < min(count, len(rows)):
            may = ~is_taken & (used[self._owner[rows]] < most)
            if not may.any():
                most += 1
                continue
            # From 0 for what is labelled, over a half for the usual distance, towards 1.
            novelty = 1 / (1 + usual / np.maximum(nearest, 1e-9))
            place = int(np.argmax(np.where(may, value * novelty, -1.0)))
            chosen.append(place)
            is_taken[place] = True
            used[self._owner[rows[place]]] += 1
            if points is not None:
                nearest = np.minimum(nearest, _measure(own, own[place]))
        return chosen

    def _explain(self, row: int, doubt: npt.NDArray[np.floating]) -> str:
        """Return why a clip is suggested; with a probability near 0 or 1, the model is not called unsure."""
        assert self._doubtful is not None
        column = int(np.argmax(np.nan_to_num(doubt)))
        if not _LEAST_UNSURE <= self._doubtful[row, column] <= 1 - _LEAST_UNSURE:
            return _NOVEL
        return f"the model is unsure about {self._behaviors[column]} ({self._doubtful[row, column]:.2f})"

    def _spread(self, rows: npt.NDArray[np.int64], count: int) -> list[int]:
        """Return clips far from each other in time, from the recordings with the smallest labelled or chosen part."""
        done = np.bincount(self._owner[~self._is_free], minlength=len(self._names)).astype(np.float64)
        sizes = np.maximum(np.bincount(self._owner, minlength=len(self._names)), 1)
        order = [_hash(self._seed, name, 0) for name in self._names]
        free = set(rows.tolist())
        taken = {number: set(np.flatnonzero(~self._is_free & (self._owner == number)).tolist()) for number in range(len(self._names))}
        chosen: list[int] = []
        while len(chosen) < count and free:
            owner = min({int(self._owner[row]) for row in free}, key=lambda number: (done[number] / sizes[number], order[number]))
            inside = sorted(row for row in free if self._owner[row] == owner)
            others = np.array(sorted(taken[owner])) if taken[owner] else None
            place = len(inside) // 2 if others is None else int(np.argmax([np.abs(others - row).min() for row in inside]))
            chosen.append(inside[place])
            free.discard(inside[place])
            taken[owner].add(inside[place])
            done[owner] += 1
        return chosen


def _compare_doubt(doubt: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return doubt (N, B) relative to each behavior's most doubtful clips; rare behaviors then count as much as frequent ones."""
    most = np.percentile(np.nan_to_num(doubt), _MOST_DOUBTFUL, axis=0)
    return doubt.astype(np.float64) / np.maximum(most, _LEAST_DOUBT)


def _value_doubt(doubt: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the doubt (N,) of the most doubtful behavior; the usual doubt for clips without predictions."""
    value = np.nan_to_num(doubt).max(axis=1)
    is_unknown = np.isnan(doubt).all(axis=1)
    return np.where(is_unknown, np.median(value[~is_unknown]) if not is_unknown.all() else 1.0, value)


def _join(parts: Sequence[npt.NDArray[np.float32] | None], lengths: Sequence[int]) -> npt.NDArray[np.float32] | None:
    """Return rows of all recordings, NaN for a recording that has none; None if no recording has any."""
    width = next((part.shape[1] for part in parts if part is not None), None)
    if width is None:
        return None
    unknown = [np.full((length, width), np.nan, np.float32) if part is None else part for part, length in zip(parts, lengths, strict=True)]
    return np.concatenate(unknown)


def _thin(rows: npt.NDArray[np.int64], value: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return so many of `rows` as can be compared: one half of those with the highest value, and some of the others by chance."""
    if len(rows) <= _MOST_COMPARED:
        return rows
    order = rows[np.argsort(-value[rows], kind="stable")]
    half = _MOST_COMPARED // 2
    return np.sort(np.append(order[:half], rng.choice(order[half:], _MOST_COMPARED - half, replace=False)))


def _reduce(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return means and deviations (N, 2 D) as their first principal components, each feature divided by its deviation over all frames.

    What only trembles from frame to frame then hardly tells clips apart.
    """
    means, deviations = np.split(vectors.astype(np.float64), 2, axis=1)
    scale = np.sqrt((np.square(deviations) + np.square(means - means.mean(axis=0))).mean(axis=0))
    scale[scale == 0] = 1.0
    scaled = np.concatenate(((means - means.mean(axis=0)) / scale, deviations / scale), axis=1)
    scaled -= scaled.mean(axis=0)
    _, directions = np.linalg.eigh(scaled.T @ scaled)
    return (scaled @ directions[:, ::-1][:, :_N_COMPONENTS]).astype(np.float32)


def _measure(points: npt.NDArray[np.float32], point: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the distances of points (N, P) from one, or from one each."""
    return np.sqrt(np.square(points - point, dtype=np.float64).sum(axis=1))


def _measure_nearest(points: npt.NDArray[np.float32], known: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return how far points (N, P) are from the nearest of those that are known, float64 of shape (N,); infinity without any."""
    nearest = np.full(len(points), np.inf)
    if len(known):
        norms = np.square(known, dtype=np.float64).sum(axis=1)
        for first in range(0, len(points), _ROWS_AT_ONCE):
            part = points[first : first + _ROWS_AT_ONCE].astype(np.float64)
            squares = np.square(part).sum(axis=1)[:, None] + norms - 2 * part @ known.T
            nearest[first : first + _ROWS_AT_ONCE] = np.sqrt(np.maximum(squares.min(axis=1), 0.0))
    return nearest
