"""Pose of a video that its metadata turn: read in the upright picture, asked about where its points do not tell which they are of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from behavior.embedding.upright_pose import read_upright_track
from behavior.errors import PoseError
from behavior.files.pose import read_pose, write_deeplabcut
from behavior.recording import Recording, Track
from behavior.vision.pose_readings import turn_points

WIDTH, HEIGHT, N_FRAMES = 96, 64, 48


def find_middle(*, moves: bool = True, corner: bool = True) -> np.ndarray:
    """Where the square is in the stored picture, (T, 2): it goes along the upper edge, or stays in the middle."""
    x = np.linspace(12, 84, N_FRAMES) if moves else np.full(N_FRAMES, WIDTH / 2)
    return np.stack([x, np.full(N_FRAMES, 12.0 if corner else HEIGHT / 2)], axis=1)


def write(folder: Path, positions: np.ndarray, *, rotation: int, shown: np.ndarray | None = None) -> Recording:
    """Write a video whose stored picture shows a square at `shown`, and the pose."""
    rng = np.random.default_rng(0)
    with av.open(str(folder / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        if rotation:
            stream.set_display_rotation(rotation)
        for x, y in (find_middle() if shown is None else shown).astype(int):
            image = rng.integers(40, 50, (HEIGHT, WIDTH, 3)).astype(np.uint8)
            image[y - 6 : y + 6, x - 6 : x + 6] = 230
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    track = Track(positions[:, None], np.ones((N_FRAMES, 1)), ("body",))
    write_deeplabcut(folder / "a.csv", track, scorer="net")
    return Recording("a", video=folder / "a.mp4", pose=folder / "a.csv")


@pytest.mark.parametrize(("rotation", "turns"), [(90, 1), (180, 2), (-90, 3)])
def test_either_reading_is_found_by_what_moves_and_what_is_outside(tmp_path: Path, rotation: int, turns: int) -> None:
    upright = turn_points(find_middle(), turns, (WIDTH, HEIGHT))
    track, said = read_upright_track(write(tmp_path, find_middle(), rotation=rotation))
    np.testing.assert_allclose(track.positions[:, 0], upright)
    assert said is not None
    assert f"turn the picture by {(-rotation) % 360} degrees to the right; the pose is of the stored picture, as its points show" in said
    track, said = read_upright_track(write(tmp_path, upright, rotation=rotation))
    np.testing.assert_allclose(track.positions[:, 0], upright)
    assert said is not None
    assert said.endswith("the pose is of the upright picture.")


def test_a_video_that_is_not_turned_has_nothing_to_say(tmp_path: Path) -> None:
    for coordinates in ("auto", "stored", "upright"):
        recording = replace(write(tmp_path, find_middle(), rotation=0), pose_coordinates=coordinates)
        track, said = read_upright_track(recording, doubts_scale=True)
        np.testing.assert_allclose(track.positions[:, 0], find_middle())
        assert said is None


def test_who_cannot_be_known_is_asked_for(tmp_path: Path) -> None:
    # A square that stays in the middle lies within both pictures, and nothing moves.
    still = find_middle(moves=False, corner=False)
    recording = write(tmp_path, still + 2, rotation=180, shown=still)
    with pytest.raises(PoseError, match=r"the points do not tell .* pose: \{coordinates: upright\} or pose: \{coordinates: stored\}"):
        read_upright_track(recording)
    upright, said = read_upright_track(replace(recording, pose_coordinates="upright"))
    np.testing.assert_allclose(upright.positions[:, 0], still + 2)
    assert said is not None
    assert "as asked for, the pose is of the upright picture" in said
    stored, _ = read_upright_track(replace(recording, pose_coordinates="stored"))
    np.testing.assert_allclose(stored.positions[:, 0], turn_points(still + 2, 2, (WIDTH, HEIGHT)))


def test_points_that_contradict_themselves_are_asked_about(tmp_path: Path) -> None:
    # The pose lies within the stored picture alone, and on what moves in the upright one.
    shown = np.stack([np.linspace(40, 84, N_FRAMES), np.full(N_FRAMES, 12.0)], axis=1)
    positions = np.where(np.arange(N_FRAMES)[:, None] % 2 == 0, turn_points(shown, 1, (WIDTH, HEIGHT)), (80.0, 40.0))
    with pytest.raises(PoseError, match=r"by what moves .* of the upright picture, and by the points outside .* of the stored picture"):
        read_upright_track(write(tmp_path, positions, rotation=90, shown=shown))


def test_a_setting_that_the_points_contradict_is_doubted(tmp_path: Path) -> None:
    recording = replace(write(tmp_path, find_middle(), rotation=180), pose_coordinates="upright")
    _, said = read_upright_track(recording)
    assert said is not None
    assert said.endswith("But by what moves in the picture it is of the other.")


def test_without_the_video_nothing_can_be_turned(tmp_path: Path) -> None:
    recording = replace(write(tmp_path, find_middle(), rotation=180), video=None)
    assert read_upright_track(recording)[1] is None
    with pytest.raises(PoseError, match="needs the video"):
        read_upright_track(replace(recording, pose_coordinates="stored"))


@pytest.mark.parametrize("name", ["raw90", "raw180"])
def test_real_metadata(shared_data: Path, name: str) -> None:
    folder = shared_data.parent / "faults" / "rotated-video-stored-pose"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here")
    recording = Recording(name, video=folder / f"{name}.mp4", pose=folder / f"{name}DLC_resnet50.csv")
    _, said = read_upright_track(recording)
    assert said is not None
    assert "the pose is of the stored picture, as its points show, and is turned with it" in said


def test_a_turned_pose_keeps_what_its_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = write(tmp_path, find_middle(), rotation=180)
    track = replace(read_pose(tmp_path / "a.csv"), may_end_early=True, stated_frames=N_FRAMES)
    monkeypatch.setattr("behavior.files.pose.PoseFile.read", lambda *_, **__: track)
    turned, _ = read_upright_track(recording)
    assert (turned.may_end_early, turned.stated_frames) == (True, N_FRAMES)


def write_crossing(folder: Path, *, factor: float, moves: bool = True) -> Recording:
    """Write a video of a square that crosses the whole picture, and its pose in a copy of `factor` times the size."""
    t = np.linspace(0.0, 1.0, N_FRAMES)
    shown = np.stack([10 + 76 * t, 10 + 44 * (1 - t)], axis=1) if moves else np.full((N_FRAMES, 2), (40.0, 30.0))
    return write(folder, shown * factor, rotation=0, shown=shown)


@pytest.mark.parametrize(("factor", "copy"), [(0.5, "48 x 32"), (0.25, "24 x 16"), (0.4, "38 x 26")])
def test_a_pose_of_a_smaller_copy_of_the_video_is_said(tmp_path: Path, factor: float, copy: str) -> None:
    recording = write_crossing(tmp_path, factor=factor)
    track, said = read_upright_track(recording, doubts_scale=True)
    assert track.positions[:, 0].max() < 96 * factor
    assert said is not None
    assert said.startswith(f"{recording.pose}: its points are not on what moves in a.mp4, but would be if their coordinates were ")
    assert f"is it the pose of a copy of about {copy} pixels instead of 96 x 64?" in said


@pytest.mark.parametrize(("factor", "moves"), [(1.0, True), (1.0, False), (0.5, False)])
def test_a_pose_of_the_video_itself_is_not_doubted(tmp_path: Path, factor: float, moves: bool) -> None:
    # Where nothing moves, nothing tells.
    assert read_upright_track(write_crossing(tmp_path, factor=factor, moves=moves), doubts_scale=True)[1] is None


def test_an_animal_in_a_corner_of_the_picture_is_not_doubted(tmp_path: Path) -> None:
    t = np.linspace(0.0, 1.0, N_FRAMES)
    shown = np.stack([8 + 24 * t, 8 + 16 * t], axis=1)
    assert read_upright_track(write(tmp_path, shown, rotation=0, shown=shown), doubts_scale=True)[1] is None
