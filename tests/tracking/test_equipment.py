"""What never moves is equipment, where that can be known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from behavior.tracking.association import choose_association
from behavior.tracking.detections import Detections, FrameDetections
from behavior.tracking.equipment import Equipment, leave_out_equipment

N_FRAMES, LENGTH = 200, 20.0


def follow(tracks: list[npt.NDArray[np.float64]], *, n_animals: int | None = None) -> tuple[npt.NDArray[np.int64], list[Equipment]]:
    """Return how many detections of each frame are left, and what was left out; NaN is where something is not found."""
    frames = [Detections.at(np.array([track[frame] for track in tracks if np.isfinite(track[frame, 0])])) for frame in range(N_FRAMES)]
    left, found = leave_out_equipment(FrameDetections.gather(frames), choose_association(frames, length=LENGTH, n_animals=n_animals))
    return np.array([len(one) for one in left]), found


def walk(y: float) -> npt.NDArray[np.float64]:
    return np.column_stack((150 + 120 * np.sin(np.arange(N_FRAMES) / 25), np.full(N_FRAMES, y)))


def stay(x: float, y: float, *, start: int = 0, stop: int = N_FRAMES, jitter: float = 0.3) -> npt.NDArray[np.float64]:
    track = np.array([x, y]) + np.random.default_rng(round(x)).normal(0, jitter, (N_FRAMES, 2))
    track[:start] = track[stop:] = np.nan
    return track


@pytest.mark.parametrize(("start", "stop"), [(0, N_FRAMES), (90, N_FRAMES), (0, 60), (70, 140)])
def test_what_never_moves_is_left_out_while_it_is_there(start: int, stop: int) -> None:
    counts, (thing,) = follow([walk(30), walk(100), stay(260, 170, start=start, stop=stop)])
    assert (counts == 2).all() and (thing.start_frame, thing.stop_frame, thing.n_frames) == (start, stop, stop - start)
    assert np.hypot(thing.x - 260, thing.y - 170) < 0.2


def test_an_animal_that_starts_beside_the_place_makes_no_animal_of_it() -> None:
    _, (thing,) = follow([walk(30), walk(150), stay(150, 165, start=90)])
    assert thing.start_frame == 90


def test_nothing_is_left_out_where_all_sit() -> None:
    counts, found = follow([stay(30, 30), stay(200, 100)])
    assert (counts == 2).all() and not found


def test_an_animal_that_sits_and_then_walks_is_an_animal() -> None:
    walks_off = stay(100, 170)
    walks_off[120:, 0] += 2.0 * np.arange(80)
    # Lost as it sets out, for longer than it is remembered: one track ends, and another one begins there.
    lost = stay(100, 170, stop=90)
    lost[145:] = np.column_stack((110 + 2.0 * np.arange(55), np.full(55, 170.0)))
    arrives = lost[::-1]
    for track in (walks_off, lost, arrives):
        counts, found = follow([walk(30), track])
        assert not found and (counts == 1 + np.isfinite(track[:, 0])).all()


def test_what_is_small_beside_an_animals_length_is_what_counts() -> None:
    for jitter, n_left_out in ((1.0, 1), (12.0, 0)):
        _, found = follow([walk(30), stay(200, 120, jitter=jitter)])
        assert len(found) == n_left_out


def test_a_short_stay_is_no_equipment() -> None:
    counts, found = follow([walk(30), stay(200, 120, start=50, stop=90)])
    assert not found and counts.max() == 2


@pytest.mark.parametrize(("n_animals", "n_left"), [(1, 1), (2, 2), (3, 3)])
def test_of_more_than_the_animals_those_that_move_are_kept(n_animals: int, n_left: int) -> None:
    counts, found = follow([walk(30), stay(60, 120, jitter=1.0), stay(200, 170, jitter=0.2)], n_animals=n_animals)
    assert (counts == n_left).all()
    # What moves least goes first.
    assert [round(thing.x) for thing in found] == [200, 60][: 3 - n_animals]
