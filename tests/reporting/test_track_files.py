"""Which files a tracked video gets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from behavior.errors import VideoError
from behavior.figures.tracked_animals import draw_ways
from behavior.files.pose import list_individuals, read_pose
from behavior.files.track_corrections import CORRECTIONS_SUFFIX, CorrectedVideo, write_corrections
from behavior.files.tracklets import read_tracklets
from behavior.files.video_writer import write_video
from behavior.recording import Spot, TrackCorrection
from behavior.reporting.corrected_tracks import name_track_file, store_animals
from behavior.reporting.track_files import rewrite_track, write_track
from behavior.tracking.animals import TrackedAnimals
from behavior.tracking.association import AssociationSettings
from behavior.tracking.motion_models import MotionModel

N_FRAMES = 6
ORIGIN = {"video": "mouse.mp4", "bytes": 900}
SETTINGS = AssociationSettings(8.0, 6.0, MotionModel("velocity", 1.0, 0.2), n_animals=2, memory=5)


@pytest.fixture
def animals() -> TrackedAnimals:
    """Two animals, the second of which is lost after frame 2 and found again."""
    shape = (N_FRAMES, 2)
    seen = np.ones(shape, dtype=bool)
    seen[3, 1] = False
    tracklets = np.array([[0, 1]] * 3 + [[0, -1]] + [[0, 2]] * 2, dtype=np.int32)
    positions = np.arange(N_FRAMES * 4, dtype=float).reshape(N_FRAMES, 2, 2)
    return TrackedAnimals(
        positions,
        seen,
        np.zeros(shape),
        np.full(shape, 8.0),
        np.full(shape, 4.0),
        seen * 0.9,
        np.zeros(shape, dtype=bool),
        tracklets,
        tracklets,
    )


def test_files_by_animal_are_written_on_request_and_never_left_from_an_earlier_run(animals: TrackedAnimals, tmp_path: Path) -> None:
    stem = tmp_path / "mouse"

    def write(**options: bool) -> set[str]:
        picture, time_s = np.zeros((40, 40), dtype=np.uint8), np.arange(N_FRAMES + 1) / 25
        write_track(stem, store_animals(animals, None, SETTINGS, ORIGIN), None, picture=picture, time_s=time_s, **options)
        return {path.name for path in tmp_path.iterdir()}

    usual = {"mouse_track.csv", "mouse_track.jpg", "mouse_tracklets.npz"}
    assert write() == usual
    assert write(per_animal=True) == usual | {"mouse_animal1_track.csv", "mouse_animal2_track.csv"}
    assert write() == usual
    stored = read_tracklets(tmp_path / "mouse_tracklets.npz")
    assert stored.animals.tolist() == [0, 1, 1] and stored.origin == ORIGIN


def test_a_track_is_written_again_with_the_corrections_and_so_are_the_files_by_animal(animals: TrackedAnimals, tmp_path: Path) -> None:
    stem = tmp_path / "mouse"
    given = {"picture": np.zeros((40, 40), dtype=np.uint8), "time_s": np.arange(N_FRAMES + 1) / 25}
    write_track(stem, store_animals(animals, None, SETTINGS, ORIGIN), None, per_animal=True, **given)
    assert rewrite_track(stem) is None
    (x, y), (other_x, other_y) = animals.positions[1, 0], animals.positions[2, 1]
    corrections = [
        TrackCorrection("swap", Spot(1, x, y), Spot(2, other_x, other_y), 2),
        TrackCorrection("name", Spot(1, x, y), name="anna"),
    ]
    write_corrections(name_track_file(stem, CORRECTIONS_SUFFIX), CorrectedVideo("mouse.mp4", 900, N_FRAMES), corrections)
    picture = (tmp_path / "mouse_track.jpg").read_bytes()
    assert rewrite_track(stem) is not None and (tmp_path / "mouse_track.jpg").read_bytes() == picture
    assert list(list_individuals(tmp_path / "mouse_track.csv")) == ["anna", "animal2"]
    anna = read_pose(tmp_path / "mouse_track.csv", individual="anna")
    np.testing.assert_array_equal(anna.positions[:3, 0], animals.positions[[0, 1, 2], [0, 0, 1]])
    np.testing.assert_array_equal(read_pose(tmp_path / "mouse_animal1_track.csv").positions, anna.positions)
    # One animal alone has no file by animal.
    gone = TrackCorrection("remove", Spot(1, x, y))
    write_corrections(name_track_file(stem, CORRECTIONS_SUFFIX), CorrectedVideo("mouse.mp4", 900, N_FRAMES), [gone])
    rewrite_track(stem)
    assert list(list_individuals(tmp_path / "mouse_track.csv")) == [""] and not list(tmp_path.glob("*_animal?_track.csv"))


def test_the_picture_is_drawn_again_on_the_video_with_the_corrections(animals: TrackedAnimals, tmp_path: Path) -> None:
    stem, video = tmp_path / "mouse", tmp_path / "mouse.mp4"
    write_video(video, [np.full((40, 40, 3), 200, dtype=np.uint8)] * N_FRAMES, fps=25)
    still = replace(animals, positions=np.tile([[8.0, 8.0], [30.0, 30.0]], (N_FRAMES, 1, 1)))
    given = {"picture": np.zeros((40, 40), dtype=np.uint8), "time_s": np.arange(N_FRAMES + 1) / 25}
    write_track(stem, store_animals(still, None, SETTINGS, ORIGIN), None, **given)
    (x, y), (other_x, other_y) = still.positions[1]
    swap = TrackCorrection("swap", Spot(1, x, y), Spot(1, other_x, other_y), 1)
    write_corrections(name_track_file(stem, CORRECTIONS_SUFFIX), CorrectedVideo("mouse.mp4", 900, N_FRAMES), [swap])
    corrected = rewrite_track(stem, video=video)
    assert corrected is not None and not np.allclose(corrected.animals.positions, still.positions)
    drawn = cv2.imdecode(np.frombuffer((tmp_path / "mouse_track.jpg").read_bytes(), dtype=np.uint8), cv2.IMREAD_COLOR_RGB)
    expected = draw_ways(np.full((40, 40), 200, dtype=np.uint8), corrected.animals.positions, names=corrected.names)
    assert np.abs(drawn.astype(float) - expected).mean() < 10
    with pytest.raises(VideoError):
        rewrite_track(stem, video=tmp_path / "gone.mp4")
