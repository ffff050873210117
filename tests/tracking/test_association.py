from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.tracking.association import Associated, associate, choose_association
from behavior.tracking.detections import Detections

T, N = 60, 3
METHODS = ("optimal", "greedy")


def make_frames(positions: npt.NDArray[np.float64], *, length: float = 20.0) -> list[Detections]:
    """Return detections at the positions (T, N, 2) that are not NaN, in an order of their own in each frame."""
    rng = np.random.default_rng(0)
    frames = []
    for row in positions:
        seen = row[np.isfinite(row[:, 0])]
        found = Detections.at(rng.permutation(seen))
        frames.append(replace(found, lengths=np.full(len(found), length)))
    return frames


def take_positions(frames: list[Detections], associated: Associated) -> npt.NDArray[np.float64]:
    taken = np.full((*associated.chosen.shape, 2), np.nan)
    for frame, (detections, chosen) in enumerate(zip(frames, associated.chosen, strict=True)):
        taken[frame, chosen >= 0] = detections.positions[chosen[chosen >= 0]]
    return taken


def sort_animals(positions: npt.NDArray[np.float64], frame: int = 0) -> npt.NDArray[np.float64]:
    """Return the columns in the order of x in a frame."""
    return positions[:, np.argsort(positions[frame, :, 0])]


@pytest.fixture
def apart() -> npt.NDArray[np.float64]:
    """Three animals that go side by side, 40 pixels apart, 3 pixels a frame."""
    time = np.arange(T)[:, None]
    return np.stack((np.arange(N) * 40.0 + 5 * np.sin(time / 9), 3.0 * time + 4.0 * np.arange(N)), axis=-1)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("motion", ["still", "velocity", "acceleration"])
@pytest.mark.parametrize("n_animals", [N, None])
def test_animals_that_stay_apart_are_one_track_and_one_tracklet_each(apart, method, motion, n_animals) -> None:
    frames = make_frames(apart)
    associated = associate(frames, choose_association(frames, method=method, motion=motion, n_animals=n_animals))
    np.testing.assert_array_equal(sort_animals(take_positions(frames, associated)), apart)
    assert len(np.unique(associated.tracklets)) == N and associated.tracklets.min() == 0


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_detections_in_a_frame_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ways = rng.normal(0, 2, (30, 4, 2)).cumsum(axis=0) + rng.uniform(0, 100, (4, 2))
    ways[rng.random((30, 4)) < 0.1] = np.nan
    plain = make_frames(ways)
    orders = [rng.permutation(len(frame)) for frame in plain]
    shuffled = [frame.select(order) for frame, order in zip(plain, orders, strict=True)]
    chosen = choose_association(plain, n_animals=4)
    first = take_positions(plain, associate(plain, chosen))
    second = take_positions(shuffled, associate(shuffled, chosen))
    # Which column an animal gets follows the order of the first frame in which it is seen.
    keys = [sorted(np.nan_to_num(tracks, nan=-1).transpose(1, 0, 2).reshape(4, -1).tolist()) for tracks in (first, second)]
    np.testing.assert_allclose(*keys)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), n_animals=st.sampled_from([None, 1, 3, 6]), method=st.sampled_from(METHODS))
def test_a_detection_belongs_to_one_animal_at_most(seed: int, n_animals: int | None, method) -> None:
    rng = np.random.default_rng(seed)
    frames = [Detections.at(rng.uniform(0, 60, (int(rng.integers(0, 6)), 2))) for _ in range(25)]
    associated = associate(frames, replace(choose_association(frames, n_animals=n_animals, method=method), shortest=1))
    assert n_animals is None or associated.chosen.shape == (25, n_animals)
    n_taken = 0
    for detections, chosen in zip(frames, associated.chosen, strict=True):
        taken = chosen[chosen >= 0]
        assert len(set(taken.tolist())) == len(taken) and (taken < len(detections)).all()
        n_taken += len(taken)
    assert ((associated.tracklets >= 0) == (associated.chosen >= 0)).all()
    assert n_animals is not None or n_taken == sum(map(len, frames))


def test_a_velocity_keeps_animals_apart_that_run_through_each_other_and_certainty_ends_there() -> None:
    time = np.arange(40.0)
    ways = np.stack((np.column_stack((6 * time, 3 * time)), np.column_stack((6 * time, 118.5 - 3 * time))), axis=1)
    frames = make_frames(ways)
    associated = associate(frames, choose_association(frames, motion="velocity", n_animals=2))
    tracks = take_positions(frames, associated)
    assert abs(tracks[-1, :, 1] - tracks[0, :, 1]).min() > 100
    for animal in range(2):
        own = associated.tracklets[:, animal]
        assert own[5] != own[-5]
        assert len(set(own[:15].tolist())) == len(set(own[25:].tolist())) == 1


def test_memory_keeps_an_animal_over_a_gap_and_forgets_it_after_that(apart) -> None:
    apart[20:30, 1] = np.nan
    frames = make_frames(apart)
    for memory, expected in ((15, N), (5, N + 1)):
        associated = associate(frames, choose_association(frames, memory=memory))
        assert associated.chosen.shape[1] == expected


@pytest.mark.parametrize("n_animals", [N, None])
@pytest.mark.parametrize("half_hidden", [(19,), (20,), (19, 20), ()])
def test_an_animal_that_was_half_hidden_before_or_after_a_gap_may_be_another_one(apart, half_hidden, n_animals) -> None:
    frames = []
    for frame, found in enumerate(make_frames(apart)):
        is_second = np.isclose(found.positions, apart[frame, 1]).all(axis=1)
        frames.append(replace(found, areas=np.where(is_second & (frame in half_hidden), 40.0, 100.0)))
    settings = choose_association(frames, n_animals=n_animals)
    assert associate(frames, settings).tracklets.max() == N - 1
    # In the middle of the video, and near its start, which is tracked backwards.
    for first in (0, 15):
        seen = frames[first:]
        without = seen[19 - first].select(~np.isclose(seen[19 - first].positions, apart[19, 1]).all(axis=1))
        lost = [*seen[: 20 - first], without, *seen[20 - first :]]
        assert associate(lost, settings).tracklets.max() == N - 1 + bool(half_hidden)


def test_an_animal_that_comes_back_elsewhere_is_the_one_that_is_missing_but_not_for_certain(apart) -> None:
    apart[10:40, 1] = np.nan
    apart[40:, 1] += 500
    frames = make_frames(apart)
    associated = associate(frames, choose_association(frames, n_animals=N, memory=10))
    tracks = sort_animals(take_positions(frames, associated))
    np.testing.assert_array_equal(tracks, apart)
    assert len(np.unique(associated.tracklets[associated.tracklets >= 0])) == N + 1


def test_what_is_no_animal_in_the_first_frames_takes_no_animals_place(apart) -> None:
    ways = np.concatenate((apart, np.full((T, 1, 2), np.nan)), axis=1)
    ways[:4, 3] = 300.0
    ways[:4, 0] = np.nan
    ways[4:6, 3] = 280.0
    frames = make_frames(ways)
    tracks = sort_animals(take_positions(frames, associate(frames, choose_association(frames, n_animals=N))), frame=30)
    np.testing.assert_array_equal(tracks[6:], apart[6:])


def test_the_way_back_to_the_first_frame_is_as_certain_as_the_way_on(apart) -> None:
    apart[:2, 0] = np.nan
    frames = make_frames(apart)
    associated = associate(frames, choose_association(frames, n_animals=N))
    np.testing.assert_array_equal(sort_animals(take_positions(frames, associated), frame=30), apart)
    assert len(np.unique(associated.tracklets[associated.tracklets >= 0])) == N


def test_more_animals_than_there_are_leave_empty_tracks_and_fewer_leave_some_out(apart) -> None:
    frames = make_frames(apart)
    assert (associate(frames, choose_association(frames, n_animals=5)).chosen >= 0).any(axis=0).sum() == N
    fewer = associate(frames, choose_association(frames, n_animals=2))
    assert fewer.chosen.shape == (T, 2) and (fewer.chosen >= 0).all()


@pytest.mark.parametrize("n_animals", [None, 2])
def test_videos_without_frames_and_without_animals(n_animals: int | None) -> None:
    for frames in ([], make_frames(np.empty((4, 0, 2)))):
        associated = associate(frames, choose_association(frames, n_animals=n_animals))
        assert associated.chosen.shape == (len(frames), n_animals or 0)
        assert (associated.tracklets == -1).all()


def test_noise_of_a_few_frames_is_no_track_where_nobody_knows_how_many_there_are(apart) -> None:
    ways = np.concatenate((apart, np.full((T, 1, 2), np.nan)), axis=1)
    ways[30:33, 3] = 400.0
    frames = make_frames(ways)
    assert associate(frames, choose_association(frames)).chosen.shape[1] == N


def test_tracklets_are_put_where_their_animals_are() -> None:
    chosen = np.array([[0, 1], [0, 1], [1, 0], [-1, 0]], dtype=np.int32)
    associated = Associated(chosen, np.array([[True, True], [True, True], [False, False], [False, True]]))
    assert associated.tracklets.tolist() == [[0, 2], [0, 2], [1, 3], [-1, 3]]
    regrouped, former = associated.regroup(np.array([1, 0, 0, 1]), 2)
    assert regrouped.chosen.tolist() == [[1, 0], [1, 0], [1, 0], [-1, 0]]
    # Tracklets that follow each other stay two, also where one began the video.
    assert regrouped.tracklets.tolist() == [[0, 2], [0, 2], [1, 3], [-1, 3]]
    assert former.tolist() == [2, 1, 0, 3]
    kept, former = associated.regroup(np.array([0, -1, 1, 1]), 3)
    assert former.tolist() == [0, 2, 3] and kept.chosen.tolist() == [[0, 1, -1], [0, 1, -1], [-1, 0, -1], [-1, 0, -1]]
    with pytest.raises(ValueError, match="share a frame"):
        associated.regroup(np.zeros(4, dtype=np.int64), 2)


def test_a_tracklet_is_cut_where_its_later_part_begins() -> None:
    chosen = np.array([[0, 1], [0, 1], [-1, 0], [1, 0]], dtype=np.int32)
    associated = Associated(chosen, np.ones((4, 2), dtype=bool))
    assert associated.tracklets.tolist() == [[0, 1], [0, 1], [-1, 1], [0, 1]]
    cut = associated.cut(np.array([0, 1, 1]), np.array([3, 1, 3]))
    assert cut.tracklets.tolist() == [[0, 2], [0, 3], [-1, 3], [1, 4]] and np.array_equal(cut.chosen, chosen)
    nothing = np.zeros(0, dtype=np.int64)
    assert np.array_equal(cut.cut(nothing, nothing).tracklets, cut.tracklets)
