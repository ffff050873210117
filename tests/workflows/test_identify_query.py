"""Asking: photos and tracks from the command line to tables, pictures and tracks with names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from gallery_samples import paint_individual, write_photo, write_photos, write_tracked_video

from behavior.files.pose import list_individuals, read_pose
from behavior.workflows.identify_enrol import EnrolRequest, enrol_individuals

CORRELOGRAM = EnrolRequest(backbone="correlogram")


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gallery")
    enrol_individuals(folder / "gallery", [write_photos(folder / "photos", range(5), n_each=4)], CORRELOGRAM)
    return folder / "gallery"


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery of four animals that were in two videos each, two at a time."""
    folder = tmp_path_factory.mktemp("tracked")
    for day in (1, 2):
        for pair in ((0, 1), (2, 3)):
            names = [f"mouse {number}" for number in pair]
            write_tracked_video(folder / "tracks", f"day{day}_{pair[0]}", pair, seed=10 * day + pair[0], names=names, n_frames=20)
    assert not enrol_individuals(folder / "gallery", [folder / "tracks"], CORRELOGRAM).failures
    return folder


def test_photos_are_answered_in_a_table_a_record_and_a_picture(gallery: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    for number in (0, 3, 8):
        write_photo(tmp_path / "asked" / f"{number}.png", paint_individual(number, np.random.default_rng((7, number))))
    write_photo(tmp_path / "asked" / "blank.png", np.full((40, 40, 3), 99, dtype=np.uint8))
    ran = run("identify", "query", gallery, tmp_path / "asked", "--out", tmp_path / "out", "--json")
    assert ran.status == 1
    rows = json.loads(ran.out)["rows"]
    decided = [row["individual"] for row in rows]
    assert decided[:2] == ["mouse_0", "mouse_3"] and len(decided) == 3
    table = pd.read_csv(tmp_path / "out" / "individuals.csv")
    assert table["individual"].tolist() == decided and table["guess_1"].tolist()[:2] == decided[:2]
    record = json.loads((tmp_path / "out" / "individuals.json").read_text())
    assert [one["individual"] for one in record["queries"]] == decided
    assert record["gallery"] == str(gallery) and "behavior" in record["versions"]
    total = table[[f"probability_{number}" for number in range(1, 6)]].sum(axis=1) + table["new_probability"]
    np.testing.assert_allclose(total, 1, atol=1e-3)
    picture = cv2.imread(str(tmp_path / "out" / "individuals.jpg"))
    assert picture.shape[0] > 300 and picture.shape[1] > 600
    assert run("identify", "query", gallery, tmp_path / "asked", "--out", tmp_path / "out").status == 1
    assert "holds answers already" in run("identify", "query", gallery, tmp_path / "asked", "--out", tmp_path / "out").err


def test_a_track_is_decided_as_a_whole_and_its_copy_has_the_names(tracked: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    track = write_tracked_video(tmp_path / "new", "later", [3, 0, 9], seed=99, n_frames=20)
    ran = run("identify", "query", tracked / "gallery", track, "--out", tmp_path / "out", "--name-tracks", "--json")
    assert ran.status == 0
    rows = json.loads(ran.out)["rows"]
    assert [row["individual"] for row in rows][:2] == ["mouse 3", "mouse 0"]
    assert all(row["images"] > 5 for row in rows)
    named = tmp_path / "out" / "later_track.csv"
    third = rows[2]["individual"]
    assert list(list_individuals(named)) == ["mouse 3", "mouse 0", "animal3" if third == "new" else third]
    first, second = (read_pose(path, individual=name) for path, name in ((track, "animal1"), (named, "mouse 3")))
    np.testing.assert_allclose(first.positions, second.positions)
    # The track itself stays as it was.
    assert list(list_individuals(track)) == ["animal1", "animal2", "animal3"]


def test_tracks_without_names_and_photos_are_left_out_of_a_gallery_of_tracks(tracked: Path, tmp_path: Path) -> None:
    track = write_tracked_video(tmp_path / "new", "later", [3, 0], seed=99, n_frames=20, names=["Bella", "animal2"])
    photos = write_photos(tmp_path / "photos", [0], n_each=1)
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in (tracked / "gallery").glob("*.*"):
        (copy / path.name).write_bytes(path.read_bytes())
    result = enrol_individuals(copy, [track, photos], EnrolRequest())
    assert dict(result.added).keys() == {"Bella"}
    sentences = list(result.failures.values())
    assert "photos are left out (2 found)" in sentences[0] and "is a gallery of tracks" in sentences[0]
    assert "found 'animal2', expected the name of an individual; give --name animal2=NAME" in sentences[1]


def test_a_gallery_that_is_not_there_is_told(tmp_path: Path, run: Callable[..., Any]) -> None:
    ran = run("identify", "query", tmp_path / "none", tmp_path, "--out", tmp_path / "out")
    assert ran.status == 1
    assert "gallery.json: no such file, expected a gallery of `behavior identify enrol`" in ran.err
    assert not (tmp_path / "out").exists()
