"""Enrolling: photos, tables and tracks into a gallery, what is added and what is known already, and what bad sources get."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from gallery_samples import paint_individual, write_photo, write_photos

from behavior.errors import UsageError
from behavior.files.gallery_folder import read_gallery
from behavior.workflows.identify_enrol import EnrolRequest, enrol_individuals

CORRELOGRAM = EnrolRequest(backbone="correlogram")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photos(tmp_path_factory.mktemp("photos"), range(4))


def test_photos_in_folders_are_enrolled_and_a_second_run_adds_what_is_new(photos: Path, tmp_path: Path) -> None:
    result = enrol_individuals(tmp_path / "gallery", [photos], CORRELOGRAM)
    assert dict(result.added) == {f"mouse_{number}": 6 for number in range(4)} and not result.failures
    stored = read_gallery(tmp_path / "gallery")
    assert {(one.individual, one.recording) for one in stored.images} == {(f"mouse_{n}", f"day{d}") for n in range(4) for d in (1, 2)}
    assert cv2.imread(str(tmp_path / "gallery" / "gallery.jpg")).shape[0] > 300
    before = (tmp_path / "gallery" / "gallery.json").read_bytes()
    again = enrol_individuals(tmp_path / "gallery", [photos], EnrolRequest())
    assert not again.added and again.known.total() == 24
    assert (tmp_path / "gallery" / "gallery.json").read_bytes() == before
    more = write_photos(tmp_path / "more", [1, 9], n_days=1, first_day=3)
    third = enrol_individuals(tmp_path / "gallery", [more], EnrolRequest())
    assert dict(third.added) == {"mouse_1": 3, "mouse_9": 3}
    grown = read_gallery(tmp_path / "gallery")
    assert len(grown.images) == 30 and grown.settings["fingerprint"] == "correlogram"
    np.testing.assert_array_equal(grown.crops[:24], stored.crops)


def test_a_table_names_individuals_sides_and_days(tmp_path: Path) -> None:
    lines = ["image,individual,side,day"]
    for number in range(3):
        for side in ("left", "right"):
            for day in (1, 2):
                path = write_photo(tmp_path / f"{number}{side}{day}.png", paint_individual(number, np.random.default_rng((number, day))))
                lines.append(f"{path.name},00{number},{side},{day}")
    (tmp_path / "photos.csv").write_text("\n".join(lines) + "\n")
    result = enrol_individuals(tmp_path / "gallery", [tmp_path / "photos.csv"], CORRELOGRAM)
    assert not result.failures and result.gallery is not None
    # The same picture of two sides is two pictures: sides are galleries of their own.
    assert dict(result.added) == {"000": 4, "001": 4, "002": 4}
    assert result.gallery.sides == ("left", "right") and set(result.gallery.looks) == {"left", "right"}
    assert {one.recording for one in result.gallery.images} == {"1", "2"}


def test_bad_sources_get_a_sentence_each_and_the_rest_is_enrolled(photos: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    folder = write_photos(tmp_path / "in" / "photos", [0, 1], n_each=1)
    good = paint_individual(0, np.random.default_rng(5))
    write_photo(folder / "mouse_0" / "day1" / "blank.png", np.full((48, 48, 3), 120, dtype=np.uint8))
    (folder / "mouse_0" / "day1" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    whole = write_photo(folder / "mouse_1" / "day1" / "cut.png", good).read_bytes()
    (folder / "mouse_1" / "day1" / "cut.png").write_bytes(whole[: len(whole) // 2])
    # A header of 60,000 x 60,000 pixels, and nothing behind it.
    huge = bytearray(whole)
    huge[16:24] = (60_000).to_bytes(4, "big") * 2
    huge[29:33] = zlib.crc32(huge[12:29]).to_bytes(4, "big")
    (folder / "mouse_1" / "day1" / "huge.png").write_bytes(bytes(huge))
    write_photo(tmp_path / "secret.png", good)
    (folder / "mouse_1" / "day1" / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "photos.csv").write_text(
        "image,individual\n../../secret.png,mouse_0\nmouse_0/day1/0.png,../../etc\nnone.png,mouse_0\n,mouse_0\n"
    )
    write_photo(folder / "loose.png", good)
    ran = run(
        "identify",
        "enrol",
        tmp_path / "gallery",
        folder,
        folder / "photos.csv",
        tmp_path / "nothing",
        "--backbone",
        "correlogram",
        "--json",
    )
    assert ran.status == 1
    answer = json.loads(ran.out)
    assert [(row["individual"], row["images"]) for row in answer["rows"]] == [("mouse_0", 2), ("mouse_1", 2)]
    sentences = "\n".join(answer["failures"].values())
    for expected in (
        "blank.png: shows no animal: its darkest and brightest parts differ by 0 grey levels",
        "broken.jpg: cannot be read as a photo",
        "cut.png: cannot be read as a photo",
        "huge.png: has too many pixels, expected at most 80 million",
        "link.png: is a link to a place outside",
        "line 2 names '../../secret.png', which is outside the folder of the table",
        "found '../../etc', expected a name without slashes",
        "none.png: no such file",
        "line 5 names no image",
        "loose.png: found 'no name', expected the name of an individual; put the photo into a folder NAME",
        "nothing: no such photo, table, track or folder",
    ):
        assert expected in sentences
    assert len(answer["failures"]) == 11


def test_one_picture_cannot_show_two_individuals(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "photos", [0, 1], n_each=1)
    copy = (folder / "mouse_0" / "day1" / "0.png").read_bytes()
    (folder / "mouse_1" / "day2" / "copy.png").write_bytes(copy)
    result = enrol_individuals(tmp_path / "gallery", [folder], CORRELOGRAM)
    assert dict(result.added) == {"mouse_0": 2, "mouse_1": 2}
    (sentence,) = result.failures.values()
    assert "shows mouse_1, and the same picture is enrolled as mouse_0" in sentence


def test_a_gallery_of_one_individual_is_told_what_it_cannot_do(tmp_path: Path, run: Callable[..., Any]) -> None:
    ran = run("identify", "enrol", tmp_path / "gallery", write_photos(tmp_path / "photos", [0]))
    assert ran.status == 0
    assert "new individuals cannot be told from known ones yet (1 individual, expected at least 2" in ran.err
    assert "compared by the colour correlogram, which is not trained; a network is trained on at least 4 individuals" in ran.err


def test_names_and_settings_that_cannot_be_used_are_refused(photos: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    with pytest.raises(UsageError, match="expected a name without slashes"):
        enrol_individuals(tmp_path / "gallery", [photos], EnrolRequest(names={"": "a/b"}))
    with pytest.raises(UsageError, match="new stands for individuals that are not in the gallery"):
        enrol_individuals(tmp_path / "gallery", [photos], EnrolRequest(names={"": "New"}))
    assert "did you mean 'squeezenet'" in run("identify", "enrol", tmp_path / "gallery", photos, "--backbone", "squeezent").err
    assert "needs --weights" in run("identify", "enrol", tmp_path / "gallery", photos, "--backbone", "openfield").err
    assert "is given two names" in run("identify", "enrol", tmp_path / "gallery", photos, "--name", "a=b", "--name", "a=c").err
    assert not (tmp_path / "gallery").exists()


def test_a_gallery_begun_with_nothing_usable_is_not_begun(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = enrol_individuals(tmp_path / "gallery", [tmp_path / "empty"], CORRELOGRAM)
    assert result.gallery is None and "holds no photos" in result.failures[str(tmp_path / "empty")]
    assert not (tmp_path / "gallery" / "gallery.json").exists()
