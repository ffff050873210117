"""Opening a track: names of its table, tracklets as people corrected them, and files that are not of one run."""

from __future__ import annotations

from pathlib import Path

import pytest
from gallery_samples import write_tracked_video

from behavior.errors import PoseError
from behavior.files.track_corrections import write_corrections
from behavior.files.tracklets import read_tracklets
from behavior.recording import Spot, TrackCorrection
from behavior.reporting.corrected_tracks import identify_video
from behavior.reporting.track_opening import open_track


def test_a_track_has_its_names_tracklets_and_video(tmp_path: Path) -> None:
    opened = open_track(write_tracked_video(tmp_path, "pair", [0, 1], n_frames=6, names=["Bella", "Max"]))
    assert opened.names == ("Bella", "Max") and opened.owners.tolist() == [0, 1]
    assert (opened.video, opened.n_bytes) == ("pair.mp4", (tmp_path / "pair.mp4").stat().st_size)


def test_corrections_of_people_are_applied(tmp_path: Path) -> None:
    track = write_tracked_video(tmp_path, "pair", [0, 1], n_frames=6)
    stored = read_tracklets(tmp_path / "pair_tracklets.npz")
    spots = [Spot(3, float(one.positions[3, 0]), float(one.positions[3, 1])) for one in stored.tracklets]
    write_corrections(
        tmp_path / "pair_track_corrections.jsonl",
        identify_video(tmp_path / "pair", stored),
        [TrackCorrection("swap", spots[0], spots[1], start_frame=3)],
    )
    opened = open_track(track)
    first = [one for one, owner in zip(opened.tracklets, opened.owners.tolist(), strict=True) if owner == 0]
    # From the fourth frame on, the first animal is the one of the second lane.
    assert sorted((one.start_frame, float(one.positions[0, 1])) for one in first) == [(0, 40.0), (3, 100.0)]


def test_files_that_are_not_of_one_run_are_refused(tmp_path: Path) -> None:
    track = write_tracked_video(tmp_path, "pair", [0, 1], n_frames=6)
    write_tracked_video(tmp_path / "other", "pair", [0], n_frames=6)
    (tmp_path / "pair_tracklets.npz").write_bytes((tmp_path / "other" / "pair_tracklets.npz").read_bytes())
    with pytest.raises(PoseError, match="has 2 animals, and its tracklets are of 1"):
        open_track(track)
    (tmp_path / "pair_tracklets.npz").unlink()
    with pytest.raises(PoseError, match="run `behavior track`"):
        open_track(track)
