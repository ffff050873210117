"""Two sets of tracks each, made up or disturbed from real ones, on which TrackEval's own scores are known (`trackeval_scores.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

Tracks = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TrackSample:
    """True and predicted tracks, (T, A, 2) as x, y or (T, A, 4) as left, top, right, bottom; `zero_at_px` is for points."""

    truth: Tracks
    predicted: Tracks
    zero_at_px: float | None = None


def draw_walks(n_frames: int, n_animals: int, *, seed: int, arena_px: float = 200.0, step_px: float = 4.0) -> Tracks:
    """Random walks that the walls of a square throw back, shape (T, A, 2). `RandomState` gives the same numbers in every NumPy."""
    state = np.random.RandomState(seed)
    steps = np.cumsum(state.normal(0, step_px, (n_frames, n_animals, 2)), axis=0) + state.uniform(0, arena_px, (n_animals, 2))
    return np.abs((steps + arena_px) % (2 * arena_px) - arena_px)


def box_around(points: Tracks, width: float = 20.0, height: float = 12.0) -> Tracks:
    half = np.array([width, height]) / 2
    return np.concatenate([points - half, points + half], axis=2)


def disturb(truth: Tracks, *, seed: int, jitter_px: float = 2.0, drop: float = 0.1, swap: float = 0.02, renew: float = 0.02) -> Tracks:
    """What a tracker may make of true tracks: jitter, drops, exchanged identities, new identities, and detections of nothing."""
    state = np.random.RandomState(seed)
    n_frames, n_animals, n_coordinates = truth.shape
    shift = np.tile(state.normal(0, jitter_px, (n_frames, n_animals, 2)), n_coordinates // 2)
    seen = truth + shift
    seen[state.uniform(size=(n_frames, n_animals)) < drop] = np.nan
    identities = np.arange(n_animals)
    n_identities = n_animals
    columns = np.zeros((n_frames, n_animals), dtype=int)
    for frame in range(n_frames):
        if state.uniform() < swap * n_animals:
            first, second = state.choice(n_animals, 2, replace=False)
            identities[[first, second]] = identities[[second, first]]
        if state.uniform() < renew * n_animals:
            identities[state.randint(n_animals)] = n_identities
            n_identities += 1
        columns[frame] = identities
    predicted = np.full((n_frames, n_identities + 1, n_coordinates), np.nan)
    np.put_along_axis(predicted, columns[:, :, None], seen, axis=1)
    ghosts = np.flatnonzero(state.uniform(size=n_frames) < drop)
    middle = np.nanmean(truth, axis=(0, 1))
    predicted[ghosts, -1] = middle + np.tile(state.normal(0, 20 * jitter_px, (len(ghosts), 2)), n_coordinates // 2)
    return predicted


def make_samples() -> dict[str, TrackSample]:
    """The made-up ones by name."""
    walks = draw_walks(60, 4, seed=1)
    boxes = box_around(walks)
    switched = boxes.copy()
    switched[25:, [0, 1]] = boxes[25:, [1, 0]]
    fragmented = boxes.copy()
    fragmented[10:14, 0] = fragmented[30:31, 0] = fragmented[20:40, 2] = np.nan
    missing = boxes.copy()
    missing[::3, 1] = missing[:, 3] = np.nan
    with_ghosts = np.concatenate([boxes, box_around(draw_walks(60, 3, seed=2))], axis=1)
    with_ghosts[::2, 5] = np.nan
    in_pieces = np.full((60, 24, 4), np.nan)
    for piece in range(6):
        in_pieces[10 * piece : 10 * piece + 9, 4 * piece : 4 * piece + 4] = boxes[10 * piece : 10 * piece + 9]
    time = np.arange(40.0)[:, None]
    crossing = np.stack([np.hstack([2 * time, 40 + 0 * time]), np.hstack([78 - 2 * time, 40 + 0 * time])], axis=1)
    bounced = np.where(time[:, :, None] < 20, crossing, crossing[:, ::-1]) + 1.0
    returning = boxes.copy()
    returning[15:30, 0] = returning[40:45, :] = np.nan
    unseen = returning + 1.5
    unseen[35:38] = unseen[50:52, 2] = np.nan
    lone = walks[:, :1].copy()
    lost = lone + 1.0
    lost[20:25] = np.nan
    half_away = np.tile([[0.0, 0.0, 2.0, 1.0], [8.0, 0.0, 10.0, 1.0]], (6, 1, 1))
    half_seen = half_away - np.array([0.0, 0.0, 1.0, 0.0])
    crowd = draw_walks(80, 6, seed=3, arena_px=60)
    empty = np.full((60, 2, 4), np.nan)
    return {
        "perfect": TrackSample(boxes, boxes[:, ::-1].copy()),
        "switched": TrackSample(boxes, switched),
        "fragmented": TrackSample(boxes, fragmented),
        "missing": TrackSample(boxes, missing),
        "false_positives": TrackSample(boxes, with_ghosts),
        "in_pieces": TrackSample(boxes, in_pieces),
        "crossing": TrackSample(crossing, bounced, 12.0),
        "returning": TrackSample(returning, unseen),
        "lone": TrackSample(lone, lost, 20.0),
        "exactly_half": TrackSample(half_away, half_seen),
        "elsewhere": TrackSample(boxes, boxes + 1000.0),
        "nothing_predicted": TrackSample(boxes, empty),
        "nothing_true": TrackSample(empty, boxes),
        "random_boxes": TrackSample(box_around(crowd), disturb(box_around(crowd), seed=4)),
        "random_points": TrackSample(crowd, disturb(crowd, seed=5, jitter_px=3), 15.0),
        "random_crowd": TrackSample(box_around(crowd, 40, 40), disturb(box_around(crowd, 40, 40), seed=6, jitter_px=6, swap=0.05)),
        "unrelated": TrackSample(box_around(crowd, 30, 30), box_around(draw_walks(80, 9, seed=7, arena_px=60), 30, 30)),
    }


def read_truth(table: Path, names: tuple[str, ...]) -> Tracks:
    """Columns of a truth table, shape (T, A, len(names)); NaN where an animal has no row."""
    rows = pd.read_csv(table)
    animals = sorted(rows["animal"].unique())
    tracks = np.full((int(rows["frame"].max()) + 1, len(animals), len(names)), np.nan)
    tracks[rows["frame"], np.searchsorted(animals, rows["animal"])] = rows[list(names)].to_numpy(dtype=float)
    return tracks


def box_parts(table: Path) -> Tracks:
    """Boxes around all body parts of a truth table, shape (T, A, 4)."""
    header = pd.read_csv(table, nrows=0).columns
    across, down = (read_truth(table, tuple(name for name in header if name.endswith(axis))) for axis in ("_x", "_y"))
    present = np.isfinite(across).any(axis=2)
    boxes = np.full((*present.shape, 4), np.nan)
    for index, (values, pick) in enumerate(((across, np.nanmin), (down, np.nanmin), (across, np.nanmax), (down, np.nanmax))):
        boxes[present, index] = pick(values[present], axis=1)
    return boxes


def read_samples(shared_data: Path) -> dict[str, TrackSample]:
    """Those of real videos' truth by name: disturbed copies, and what SLEAP's tracker made of two mice."""
    folder = shared_data / "tracking"
    larvae = read_truth(folder / "larvae14" / "truth.csv", ("x", "y"))
    flies = box_parts(folder / "three_flies" / "three_flies_truth.csv")
    mice = read_truth(folder / "two_mice" / "truth.csv", ("x", "y"))
    tracked = read_truth(folder / "two_mice" / "sleap_tracker.csv", ("x", "y"))
    n_frames = min(len(mice), len(tracked))
    return {
        "larvae14": TrackSample(larvae, disturb(larvae, seed=8, swap=0.01, renew=0.005), 17.0),
        "three_flies": TrackSample(flies, disturb(flies, seed=9, jitter_px=6)),
        "two_mice": TrackSample(mice[:n_frames], tracked[:n_frames], 100.0),
    }
