"""Sources of a gallery: what kind each is, and what is known of who it shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gallery_samples import paint_individual, write_photo, write_photos, write_tracked_video

from behavior.embedding.gallery_sources import ReadSources, SourceScale, is_unnamed, list_sources, name_pictured, read_sources
from behavior.reporting.track_opening import open_track


def test_sources_are_told_by_their_content(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", [0], n_each=1)
    track = write_tracked_video(tmp_path / "tracks", "one", [1])
    photo = write_photo(tmp_path / "loose.png", paint_individual(0, np.random.default_rng(0)))
    (tmp_path / "table.csv").write_text("image\nloose.png\n")
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    read = ReadSources()
    found = list_sources([photos, track.parent, track, photo, tmp_path / "table.csv", tmp_path / "notes.csv"], read)
    assert len(found["photos"]) == 4 and found["tracks"] == [track, track]
    assert list(read.failures) == [str(tmp_path / "notes.csv")]


def test_pictures_carry_what_is_known(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", [0], n_days=1, n_each=1)
    track = write_tracked_video(tmp_path / "tracks", "one", [1, 2])
    read = ReadSources()
    found = list_sources([photos, track], read)
    read_sources(found["photos"], SourceScale(32), read=read, open_track=open_track, videos=None, side="left", day="monday")
    read_sources(found["tracks"], SourceScale(32), read=read, open_track=open_track, videos=None, side="", day="")
    photo, first, second = read.pictured
    assert (photo.animal, photo.side, photo.recording, photo.marks, photo.track) == ("mouse_0", "left", "day1", ("",), None)
    assert (first.animal, first.recording, first.track) == ("animal1", "one", track)
    assert first.marks[0].startswith("frame ") and len(first.marks) == len(first.images)
    assert read.scale == SourceScale(32, 40, 18)
    assert name_pictured(photo, {}) == "mouse_0"
    # The number of an animal in one track says nothing of who it is in another.
    assert name_pictured(first, {}) == "" and name_pictured(second, {"animal2": "Bella"}) == "Bella"
    assert is_unnamed("Individual_2") and not is_unnamed("Animal Farm")
