from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from behavior.recording import Track
from behavior.tracking.animals import BODY_PARTS, TrackedAnimals, gather_animals
from behavior.tracking.association import associate, choose_association
from behavior.tracking.detections import Detections


@pytest.fixture(scope="module")
def tracked() -> TrackedAnimals:
    """Two animals that go right, one of them not seen in frames 20 to 23 and from 50 to the end, of 80."""
    frames = []
    for frame in range(80):
        positions = np.array([[3.0 * frame, 10.0], [3.0 * frame, 90.0]])
        if 20 <= frame < 24 or frame >= 50:
            positions = positions[:1]
        n = len(positions)
        found = Detections.at(positions, qualities=np.full(n, 0.9))
        frames.append(replace(found, angles=np.zeros(n), lengths=np.full(n, 20.0), widths=np.full(n, 8.0), skews=np.zeros(n)))
    settings = choose_association(frames, n_animals=2, motion="velocity", memory=10)
    return gather_animals(frames, associate(frames, settings), settings)


def test_a_gap_is_filled_with_less_likelihood_and_after_memory_nothing_is_known(tracked: TrackedAnimals) -> None:
    first, second = sorted(tracked.make_tracks(), key=lambda track: track.positions[0, 0, 1])
    assert first.body_parts == BODY_PARTS
    np.testing.assert_allclose(first.positions[:, 0, 0], 3.0 * np.arange(80))
    assert (first.likelihoods == 0.9).all()
    np.testing.assert_allclose(second.positions[:50, 0, 0], 3.0 * np.arange(50), atol=1.0)
    assert (second.likelihoods[20:24, 0] < 0.5).all() and (second.likelihoods[20:24, 0] > 0).all()
    assert (np.diff(second.likelihoods[20:24, 0]) < 0).all()
    assert np.isnan(second.positions[50:]).all() and (second.likelihoods[50:] == 0).all()


def test_the_ends_are_half_a_length_from_the_centre_and_the_nose_goes_ahead(tracked: TrackedAnimals) -> None:
    track = tracked.make_tracks()[0]
    np.testing.assert_allclose(track.positions[:50, 1] - track.positions[:50, 0], np.tile([10.0, 0.0], (50, 1)), atol=1e-9)
    np.testing.assert_allclose(track.positions[:50, 2] - track.positions[:50, 0], np.tile([-10.0, 0.0], (50, 1)), atol=1e-9)


def test_points_without_an_axis_give_a_centre_alone() -> None:
    frames = [Detections.at(np.array([[1.0 * frame, 2.0]])) for frame in range(10)]
    settings = choose_association(frames)
    (track,) = gather_animals(frames, associate(frames, settings), settings).make_tracks()
    assert isinstance(track, Track) and track.body_parts == ("centroid",)


def test_tracklets_hold_what_was_seen_and_no_more(tracked: TrackedAnimals) -> None:
    tracklets = tracked.make_tracklets()
    assert sum(map(len, tracklets)) == tracked.seen.sum() == 80 + 46
    assert all(np.isfinite(tracklet.positions).all() and not tracklet.touching.any() for tracklet in tracklets)
    assert tracklets[0].sizes[0].tolist() == [20.0, 8.0]
    owners = [{tuple(position) for position in tracklet.positions} for tracklet in tracklets]
    assert not set.intersection(*owners)


def test_an_animal_that_is_not_sure_has_a_low_likelihood(tracked: TrackedAnimals) -> None:
    numbers = tracked.tracklets.max() + 1
    probabilities = np.full(numbers, 0.95)
    probabilities[tracked.tracklets[0, 0]] = 0.6
    doubtful, sure = (track.likelihoods[0, 0] for track in tracked.make_tracks(probabilities))
    assert (doubtful, sure) == (0.3, 0.9)
    assert tracked.make_tracks()[0].likelihoods[0, 0] == 0.9
