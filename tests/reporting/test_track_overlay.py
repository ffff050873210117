"""Overlay videos of tracks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gallery_samples import write_tracked_video

from behavior.errors import PoseError
from behavior.figures.lettering import parse_color
from behavior.figures.overlay_plan import Clip
from behavior.figures.rendering import get_color
from behavior.files.pose import write_deeplabcut
from behavior.files.video import open_video
from behavior.files.video_writer import write_video
from behavior.recording import Track
from behavior.reporting.track_overlay import find_tracked_video, plan_track_overlay

N_FRAMES, SIDE = 20, 500


@pytest.fixture
def track(tmp_path: Path) -> Path:
    """Two animals, 200 and 300 pixels from the top; the frames' brightness tells their number."""
    write_video(tmp_path / "cage.mp4", (np.full((SIDE, SIDE, 3), 60 + 4 * n, dtype=np.uint8) for n in range(N_FRAMES)), fps=10)
    tracks = {}
    for name, y in (("one", 200.0), ("two", 300.0)):
        centers = np.column_stack((100 + 10 * np.arange(N_FRAMES), np.full(N_FRAMES, y)))
        positions = np.stack((centers, centers + (30, 0), centers - (30, 0)), axis=1)
        tracks[name] = Track(positions, np.full((N_FRAMES, 3), 0.9), ("centroid", "nose_end", "tail_end"))
    write_deeplabcut(tmp_path / "cage_track.csv", tracks, scorer="test")
    return tmp_path / "cage_track.csv"


def test_the_clip_is_drawn_with_the_animals_where_they_are(track: Path, run: Callable[..., Any], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("overlay", track, "--out", out, "--start", "0.5s", "--stop", "1.5s").status == 0
    with open_video(out / "cage_track_overlay.mp4") as video:
        pictures = [frame.image for frame in video.frames() if frame.image is not None]
    assert len(pictures) == 10
    for number, picture in enumerate(pictures):
        frame = 5 + number
        assert abs(float(np.median(picture)) - (60 + 4 * frame)) < 4
        for animal, y in enumerate((200, 300)):
            assert np.abs(picture[y, 100 + 10 * frame].astype(int) - parse_color(get_color(animal))).max() < 40
    assert run("overlay", track, "--out", out).status == 1
    # A folder without ethograms stands for its tracks.
    assert run("overlay", track.parent, "--out", out, "--overwrite").status == 0


def test_other_pose_is_drawn_at_the_mean_of_its_parts(track: Path) -> None:
    positions = np.full((N_FRAMES, 2, 2), 100.0)
    positions[:, 1] = 140.0
    path = track.with_name("cageDLC_net.csv")
    write_deeplabcut(path, Track(positions, np.full((N_FRAMES, 2), 0.9), ("snout", "tail")), scorer="net")
    overlay = plan_track_overlay(path, track.with_name("cage.mp4"), clip=Clip())
    assert overlay.animals.centers[3, 0].tolist() == [120, 120] and overlay.animals.heads[3, 0].tolist() == [100, 100]
    assert overlay.n_trail == 10 and overlay.fps == pytest.approx(10)


def test_a_track_without_its_video_or_of_another_gets_a_sentence(track: Path, tmp_path: Path) -> None:
    assert find_tracked_video(track, None) == track.with_name("cage.mp4")
    lonely = tmp_path / "alone" / "cage_track.csv"
    lonely.parent.mkdir()
    lonely.write_bytes(track.read_bytes())
    with pytest.raises(PoseError, match=r"no video is named alike in .*; name the folder that has its video with --videos"):
        find_tracked_video(lonely, None)
    write_video(tmp_path / "long.mp4", [np.zeros((64, 64, 3), dtype=np.uint8)] * (N_FRAMES + 9), fps=10)
    with pytest.raises(PoseError, match="is it the pose of another video"):
        plan_track_overlay(track, tmp_path / "long.mp4", clip=Clip())


def test_a_track_that_was_made_of_another_video_is_drawn_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    own = write_tracked_video(tmp_path / "own", "cage", [1, 2])
    other = write_tracked_video(tmp_path / "other", "cage", [3, 4], seed=5)
    clip = Clip(start_s=0.0, stop_s=None, speed=1.0)
    plan_track_overlay(own, own.with_name("cage.mp4"), clip=clip)
    assert "was made of a video of" not in caplog.text
    plan_track_overlay(own, other.with_name("cage.mp4"), clip=clip)
    assert "was made of a video of" in caplog.text and "--videos" in caplog.text
    own.with_name("cage_tracklets.npz").write_bytes(b"damaged")
    plan_track_overlay(own, own.with_name("cage.mp4"), clip=clip)
    assert "cage_tracklets.npz: cannot be read as tracklets" in caplog.text
