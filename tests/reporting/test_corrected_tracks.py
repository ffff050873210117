from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.errors import PoseError
from behavior.files.track_corrections import CORRECTIONS_SUFFIX, write_corrections
from behavior.recording import Spot, TrackCorrection
from behavior.reporting.corrected_tracks import (
    correct_track,
    identify_video,
    list_corrections,
    measure_reach,
    name_track_file,
    store_animals,
)
from behavior.tracking.animals import TrackedAnimals, gather_animals
from behavior.tracking.association import AssociationSettings, associate
from behavior.tracking.detections import Detections
from behavior.tracking.motion_models import MotionModel

N_FRAMES = 60
SETTINGS = AssociationSettings(12.0, 6.0, MotionModel("velocity", 1.0, 0.2), n_animals=2, memory=5)


@pytest.fixture
def tracked() -> TrackedAnimals:
    """Two animals that walk to the right, 40 px apart; the lower one is not found in frames 30 to 33."""
    frames = []
    for frame in range(N_FRAMES):
        positions = np.array([[10.0 + 2 * frame, 20.0], [10.0 + 2 * frame, 60.0]])[: 1 if 30 <= frame < 34 else 2]
        n = len(positions)
        given = (np.full(n, 0.1), np.full(n, 12.0), np.full(n, 4.0), np.full(n, 40.0), np.full(n, 0.2), np.full(n, 0.9))
        frames.append(Detections(positions, *given, np.zeros(n, dtype=np.bool_), np.full(n, np.nan)))
    return gather_animals(frames, associate(frames, SETTINGS), SETTINGS)


ORIGIN = {"video": "pair.mp4", "bytes": 900}


def test_without_corrections_the_track_is_the_one_that_was_found(tracked: TrackedAnimals) -> None:
    stored = store_animals(tracked, None, SETTINGS, ORIGIN)
    corrected = correct_track(stored, [])
    assert corrected.describe() == [] and measure_reach(stored) == 6
    for made, found in zip(corrected.animals.make_tracks(corrected.probabilities), tracked.make_tracks(), strict=True):
        np.testing.assert_array_equal(made.positions, found.positions)
        np.testing.assert_array_equal(made.likelihoods, found.likelihoods)


def test_a_corrected_track_has_names_filled_gaps_and_a_sentence_on_what_could_not_be_applied(tracked: TrackedAnimals) -> None:
    corrections = [
        TrackCorrection("swap", Spot(29, 68, 60), Spot(34, 78, 20), 34),
        TrackCorrection("name", Spot(3, 16, 20), name="anna"),
        TrackCorrection("split", Spot(31, 72, 60)),
    ]
    done = correct_track(store_animals(tracked, None, SETTINGS, ORIGIN), corrections)
    assert len(done.tracklets) == len(done.owners) == len(done.probabilities)
    first, second = done.describe()
    assert first == "2 of 3 corrections by people are applied."
    assert second == "correction 3 (split) is not applied: no animal was found within 6 px of 72, 60 in frame 31."
    tracks = done.make_tracks()
    np.testing.assert_allclose(tracks["anna"].positions[[33, 34], 0, 1], [20, 60], atol=0.01)
    (rest,) = set(done.names) - {"anna"}
    # In its gap it goes over to where it is said to go on.
    assert 20 < tracks[rest].positions[32, 0, 1] < 60 and tracks[rest].likelihoods[32, 0] < 0.5


def test_corrections_are_read_beside_the_track(tracked: TrackedAnimals, tmp_path: Path) -> None:
    stored = store_animals(tracked, None, SETTINGS, ORIGIN)
    assert list_corrections(tmp_path / "pair", stored) == []
    made = [TrackCorrection("split", Spot(31, 72, 60))]
    write_corrections(name_track_file(tmp_path / "pair", CORRECTIONS_SUFFIX), identify_video(tmp_path / "pair", stored), made)
    assert list_corrections(tmp_path / "pair", stored) == made


def test_animals_that_nothing_is_left_of_are_left_out(tracked: TrackedAnimals) -> None:
    stored = store_animals(tracked, None, SETTINGS, ORIGIN)
    gone = [TrackCorrection("remove", Spot(frame, 10 + 2 * frame, 60)) for frame in (3, 40)]
    done = correct_track(stored, gone)
    assert len(done.names) == 1 and done.animals.positions.shape == (N_FRAMES, 1, 2)
    everything = correct_track(stored, [*gone, TrackCorrection("remove", Spot(3, 16, 20))])
    assert len(everything.names) == 1 and not everything.animals.seen.any()


def test_tracklets_that_do_not_name_their_video_get_a_sentence(tracked: TrackedAnimals) -> None:
    with pytest.raises(PoseError, match="which video"):
        identify_video(Path("pair"), store_animals(tracked, None, SETTINGS, {"video": 3}))


@pytest.mark.parametrize(("start", "stop"), [(0, 60), (0, 5), (28, 31), (31, 33), (33, 34), (36, 40), (59, 90), (60, 61)])
def test_a_part_of_a_track_is_that_of_the_whole(tracked: TrackedAnimals, start: int, stop: int) -> None:
    track = correct_track(store_animals(tracked, None, SETTINGS, ORIGIN), [TrackCorrection("swap", Spot(29, 68, 60), Spot(34, 78, 20), 34)])
    part = track.cut(start, stop)
    for name in ("positions", "seen", "headings", "lengths", "qualities", "touching", "tracklets"):
        np.testing.assert_array_equal(getattr(part, name), getattr(track.animals, name)[start:stop])


def test_where_an_animal_was_last_and_is_next(tracked: TrackedAnimals) -> None:
    track = correct_track(store_animals(tracked, None, SETTINGS, ORIGIN), [])
    (lower,) = (animal for animal in range(2) if tracked.positions[0, animal, 1] > 40)
    last, following = track.find_last(lower, 32), track.find_next(lower, 32)
    assert last is not None and following is not None and (last.frame, following.frame, following.y) == (29, 34, 60)
    assert track.find_last(lower, 0) is None and track.find_next(lower, 60) is None
