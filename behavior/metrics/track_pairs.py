"""Pairs the detections of two sets of tracks in each frame, and measures how alike they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

__all__ = ["TrackPairs", "box_similarity", "match_animals", "pair_tracks", "point_similarity"]

Numbers = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

# A similarity that misses a threshold by rounding alone reaches it.
ROUNDING = np.finfo(np.float64).eps


def box_similarity(boxes: Numbers, other_boxes: Numbers) -> Numbers:
    """Return intersection over union of boxes: 1 where they are the same, 0 where they share no area.

    Parameters
    ----------
    boxes, other_boxes
        Left, top, right and bottom in pixels, shapes (..., 4) that broadcast.

    Returns
    -------
    Float64 in [0, 1] of the broadcast shape (...); 0 for two boxes without area.

    Examples
    --------
    >>> box_similarity(np.array([0.0, 0.0, 2.0, 2.0]), np.array([[0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0], [5.0, 5.0, 6.0, 6.0]]))
    array([1.        , 0.33333333, 0.        ])
    """
    corners = np.maximum(boxes[..., :2], other_boxes[..., :2]), np.minimum(boxes[..., 2:], other_boxes[..., 2:])
    shared = np.prod(np.maximum(corners[1] - corners[0], 0.0), axis=-1)
    areas = [np.prod(each[..., 2:] - each[..., :2], axis=-1) for each in (boxes, other_boxes)]
    either = areas[0] + areas[1] - shared
    return np.divide(shared, either, out=np.zeros(np.shape(either)), where=either > 0)


def point_similarity(points: Numbers, other_points: Numbers, zero_at_px: npt.ArrayLike) -> Numbers:
    """Return 1 where two points are the same, falling with their distance to 0 at `zero_at_px` and beyond.

    Similarity = max(0, 1 - distance / zero_at_px), as TrackEval has it for points.

    Parameters
    ----------
    points, other_points
        x and y in pixels, shapes (..., 2) that broadcast.
    zero_at_px
        Distance in pixels, above 0; a number, or an array that broadcasts with the result.

    Returns
    -------
    Float64 in [0, 1] of the broadcast shape (...).

    Examples
    --------
    >>> point_similarity(np.array([0.0, 0.0]), np.array([[0.0, 0.0], [3.0, 4.0], [30.0, 40.0]]), 20)
    array([1.  , 0.75, 0.  ])
    """
    distances = np.linalg.norm(points - other_points, axis=-1)
    return np.maximum(0.0, 1.0 - distances / zero_at_px)


@dataclass(frozen=True)
class TrackPairs:
    """Detections of two sets of tracks, and every pair of one frame's detections. `pair_tracks` makes it.

    A detection is an animal in a frame; detections are in the order of frames, and pairs in that of frames, then of the truth's
    detections, then of the predicted ones, so that the pairs of a frame are a matrix in one piece.

    Attributes
    ----------
    n_frames, n_true, n_predicted
        How many frames and, in all frames together, animals.
    true_frames, true_animals
        Frame and animal of each detection of the truth, shape (D,).
    predicted_frames, predicted_animals
        Likewise of the predicted tracks, shape (E,).
    true_of_pair, predicted_of_pair
        Index of the detection on either side, shape (P,).
    similarities
        Of each pair, in [0, 1], shape (P,).
    """

    n_frames: int
    n_true: int
    n_predicted: int
    true_frames: Indices
    true_animals: Indices
    predicted_frames: Indices
    predicted_animals: Indices
    true_of_pair: Indices
    predicted_of_pair: Indices
    similarities: Numbers

    @property
    def animals_of_pairs(self) -> tuple[Indices, Indices]:
        """The truth's animal and the predicted one of each pair, two arrays of shape (P,)."""
        return self.true_animals[self.true_of_pair], self.predicted_animals[self.predicted_of_pair]

    def count_by_animals(self, pairs: Indices | npt.NDArray[np.bool_], weights: Numbers | None = None) -> Numbers:
        """Return how many of the chosen pairs (or the sum of their weights) each two animals have, shape (n_true, n_predicted)."""
        true, predicted = (animals[pairs] for animals in self.animals_of_pairs)
        n_cells = self.n_true * self.n_predicted
        counts = np.bincount(true * self.n_predicted + predicted, weights=weights, minlength=n_cells)
        return counts.astype(np.float64).reshape(self.n_true, self.n_predicted)

    def split_by_frame(self) -> Iterator[tuple[slice, int]]:
        """Give, for each frame with both sides, which of the pairs are its own and how many columns (predicted detections) they have."""
        counts = [np.bincount(frames, minlength=self.n_frames) for frames in (self.true_frames, self.predicted_frames)]
        stops = np.cumsum(counts[0] * counts[1])
        for frame in np.flatnonzero(counts[0] * counts[1]):
            yield slice(int(stops[frame] - counts[0][frame] * counts[1][frame]), int(stops[frame])), int(counts[1][frame])


def pair_tracks(
    truth: npt.ArrayLike,
    predicted: npt.ArrayLike,
    *,
    body_length_px: npt.ArrayLike | None = None,
    tolerance_px: float | None = None,
) -> TrackPairs:
    """Pair the detections of each frame and measure how alike they are.

    Parameters
    ----------
    truth, predicted
        Tracks of shapes (T, A, 2) as x, y, or (T, A, 4) as left, top, right, bottom, in pixels; NaN where an animal is absent. The
        number of animals A may differ.
    body_length_px
        For points: how long an animal is, in pixels; a number, or an array that broadcasts to (T, A) of the truth. Two points a body
        length apart have the similarity 0, half a body length .5.
    tolerance_px
        For points, instead of `body_length_px`: the distance at which the similarity is .5; it is 0 at twice of that.

    Returns
    -------
    The pairs. Boxes are compared by `box_similarity`, points by `point_similarity`.

    Raises
    ------
    ValueError
        If shapes do not fit each other, a coordinate is infinite or NaN alone, a box has its right side left of its left one or its
        bottom above its top, or a length is given for boxes, or not exactly one for points, or is not above 0.

    Examples
    --------
    >>> truth = np.array([[[10.0, 10.0]], [[12.0, 10.0]]])
    >>> pair_tracks(truth, truth + 5, body_length_px=20).similarities.round(2)
    array([0.65, 0.65])
    """
    true_tracks, predicted_tracks = np.asarray(truth, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    true_present, predicted_present = _find_present("truth", true_tracks), _find_present("predicted", predicted_tracks)
    if len(true_tracks) != len(predicted_tracks) or true_tracks.shape[2] != predicted_tracks.shape[2]:
        raise ValueError(
            f"truth has the shape {true_tracks.shape} and predicted {predicted_tracks.shape}; expected as many frames, and points "
            "(2) or boxes (4) in both: bring both to the same frames"
        )
    zero_at_px = _find_zero(true_present, true_tracks.shape[2], body_length_px, tolerance_px)
    true_frames, true_animals = np.nonzero(true_present)
    predicted_frames, predicted_animals = np.nonzero(predicted_present)
    true_of_pair, predicted_of_pair = _pair_within_frames(true_present.sum(axis=1), predicted_present.sum(axis=1))
    here, there = true_tracks[true_present][true_of_pair], predicted_tracks[predicted_present][predicted_of_pair]
    if zero_at_px is None:
        similarities = box_similarity(here, there)
    else:
        similarities = point_similarity(here, there, zero_at_px[true_of_pair])
    return TrackPairs(
        n_frames=len(true_tracks),
        n_true=true_tracks.shape[1],
        n_predicted=predicted_tracks.shape[1],
        true_frames=true_frames,
        true_animals=true_animals,
        predicted_frames=predicted_frames,
        predicted_animals=predicted_animals,
        true_of_pair=true_of_pair,
        predicted_of_pair=predicted_of_pair,
        similarities=similarities,
    )


def match_animals(pairs: TrackPairs, *, threshold: float = 0.5) -> npt.NDArray[np.intp]:
    """Return which predicted animal lies on each of the truth's in each frame, by place alone, whatever their identities.

    In each frame the pairs with the largest sum of similarities are chosen, of those that reach the threshold.

    Parameters
    ----------
    pairs
        From `pair_tracks`.
    threshold
        Similarity from which on a predicted animal may lie on a true one.

    Returns
    -------
    The predicted animal, shape (T, A) as the truth's; -1 where none lies on it, or where it is absent.

    Examples
    --------
    >>> truth = np.array([[[0.0, 0.0], [50.0, 0.0]]])
    >>> match_animals(pair_tracks(truth, truth[:, ::-1] + 1, body_length_px=10))
    array([[1, 0]])
    """
    scores = np.where(pairs.similarities >= threshold - ROUNDING, pairs.similarities, 0.0)
    matched = assign_pairs(pairs, scores)
    matched = matched[scores[matched] > 0]
    found = np.full((pairs.n_frames, pairs.n_true), -1, dtype=np.intp)
    detections = pairs.true_of_pair[matched]
    found[pairs.true_frames[detections], pairs.true_animals[detections]] = pairs.animals_of_pairs[1][matched]
    return found


def assign_pairs(pairs: TrackPairs, scores: Numbers) -> Indices:
    """Return the indices of the pairs that together have the largest score in each frame, each detection in one pair at most."""
    chosen: list[Indices] = [np.empty(0, dtype=np.intp)]
    for own, n_columns in pairs.split_by_frame():
        rows, columns = linear_sum_assignment(scores[own].reshape(-1, n_columns), maximize=True)
        chosen.append(own.start + rows * n_columns + columns)
    return np.concatenate(chosen)


def _pair_within_frames(n_true: Indices, n_predicted: Indices) -> tuple[Indices, Indices]:
    """Number all pairs of one frame's detections, given how many each frame has on either side, shape (T,)."""
    n_pairs = n_true * n_predicted
    frames = np.repeat(np.arange(len(n_pairs)), n_pairs)
    within = np.arange(len(frames)) - (np.cumsum(n_pairs) - n_pairs)[frames]
    rows, columns = np.divmod(within, np.maximum(n_predicted, 1)[frames])
    return rows + (np.cumsum(n_true) - n_true)[frames], columns + (np.cumsum(n_predicted) - n_predicted)[frames]


def _find_present(name: str, tracks: Numbers) -> npt.NDArray[np.bool_]:
    """Return where animals are, shape (T, A), after a check of the coordinates."""
    if tracks.ndim != 3 or tracks.shape[2] not in (2, 4):
        raise ValueError(f"{name} has the shape {tracks.shape}, expected (frames, animals, 2) for points or (frames, animals, 4) for boxes")
    present: npt.NDArray[np.bool_] = np.asarray(np.isfinite(tracks).all(axis=2))
    broken = ~present & ~np.isnan(tracks).all(axis=2)
    if broken.any():
        frame, animal = np.argwhere(broken)[0]
        raise ValueError(
            f"{name} has the coordinates {tracks[frame, animal].tolist()} at frame {frame}, animal {animal}: expected numbers, or all "
            "NaN where it is absent"
        )
    if tracks.shape[2] == 4:
        turned = present & (tracks[..., 2:] < tracks[..., :2]).any(axis=2)
        if turned.any():
            frame, animal = np.argwhere(turned)[0]
            raise ValueError(
                f"{name} has the box {tracks[frame, animal].tolist()} at frame {frame}, animal {animal}: expected left, top, right, bottom"
            )
    return present


def _find_zero(
    present: npt.NDArray[np.bool_], n_coordinates: int, body_length_px: npt.ArrayLike | None, tolerance_px: float | None
) -> Numbers | None:
    """Return the distance of similarity 0 for each of the truth's detections, shape (D,); None for boxes."""
    if n_coordinates == 4:
        if body_length_px is not None or tolerance_px is not None:
            raise ValueError("Boxes are compared by their overlap: leave out body_length_px and tolerance_px")
        return None
    if (body_length_px is None) == (tolerance_px is None):
        raise ValueError("Points need a scale: give either body_length_px or tolerance_px")
    zero_at_px = np.asarray(body_length_px if tolerance_px is None else 2.0 * tolerance_px, dtype=np.float64)
    lengths = np.broadcast_to(zero_at_px, present.shape)[present]
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        name = "body_length_px" if tolerance_px is None else "tolerance_px"
        raise ValueError(f"{name} is not above 0 everywhere: give a length in pixels")
    return lengths
