"""Galleries on disk: what is written comes back, damage is named, and a kill between renames leaves the old gallery or the new one."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.errors import InputError
from behavior.files.array_archives import write_archive
from behavior.files.gallery_folder import (
    GALLERY_FILE,
    EnrolledImage,
    StoredGallery,
    StoredLooks,
    find_name_problem,
    hash_image,
    read_gallery,
    write_gallery,
)
from behavior.recording import is_safe_name

SIZE = 16


def make_gallery(n_images: int = 4, *, seed: int = 0) -> StoredGallery:
    rng = np.random.default_rng(seed)
    crops = rng.integers(0, 256, (n_images, SIZE, SIZE, 3), dtype=np.uint8)
    images = tuple(
        EnrolledImage(f"mouse {row % 2}", "", f"day {row // 2}", f"{row}.png", hash_image(crop)) for row, crop in enumerate(crops)
    )
    looks = {"": StoredLooks({"n": n_images}, {"vectors": rng.normal(size=(n_images, 3)), "window": np.ones((SIZE, SIZE), dtype=bool)})}
    return StoredGallery("photos", {"fingerprint": "cnn", "seed": 1}, 0.0, 0.0, images, crops, looks)


def compare(first: StoredGallery, second: StoredGallery) -> None:
    assert first.images == second.images and first.settings == second.settings and first.kind == second.kind
    np.testing.assert_array_equal(first.crops, second.crops)
    assert set(first.looks) == set(second.looks)
    for side, looks in first.looks.items():
        assert looks.values == second.looks[side].values
        for name, values in looks.arrays.items():
            np.testing.assert_array_equal(values, second.looks[side].arrays[name])


def extend(stored: StoredGallery) -> StoredGallery:
    """Return the gallery with two more pictures and other looks."""
    more = make_gallery(2, seed=1)
    changed = {"": StoredLooks({"n": 6}, {"vectors": np.zeros((6, 3))})}
    return replace(stored, images=stored.images + more.images, crops=np.concatenate([stored.crops, more.crops]), looks=changed)


def test_what_is_written_comes_back_and_what_is_added_too(tmp_path: Path) -> None:
    gallery = make_gallery()
    write_gallery(tmp_path, gallery)
    read = read_gallery(tmp_path)
    compare(gallery, read)
    assert read.individuals == ("mouse 0", "mouse 1") and read.sides == ("",)
    first = {path.name for path in tmp_path.glob("crops-*.npz")}
    write_gallery(tmp_path, extend(read))
    compare(extend(read), read_gallery(tmp_path))
    # Crops that are there already are not written again; looks that are not needed any more are gone.
    assert len(list(tmp_path.glob("crops-*.npz"))) == 2 and first < {path.name for path in tmp_path.glob("crops-*.npz")}
    assert len(list(tmp_path.glob("looks-*.npz"))) == 1


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("number", range(6))
def test_a_kill_between_renames_leaves_the_old_gallery_or_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    write_gallery(tmp_path, make_gallery())
    old = read_gallery(tmp_path)
    done = 0
    replace_path = Path.replace

    def rename(path: Path, target: Path) -> Path:
        nonlocal done
        if done == number // 2 and number % 2 == 0:
            raise KilledError
        renamed = replace_path(path, target)
        done += 1
        if done == number // 2 + 1 and number % 2 == 1:
            raise KilledError
        return renamed

    monkeypatch.setattr(Path, "replace", rename)
    with pytest.raises(KilledError):
        write_gallery(tmp_path, extend(old))
    monkeypatch.undo()
    # The third rename is that of gallery.json.
    compare(old if number < 5 else extend(old), read_gallery(tmp_path))
    write_gallery(tmp_path, extend(read_gallery(tmp_path)) if number < 5 else read_gallery(tmp_path))
    compare(extend(old), read_gallery(tmp_path))
    assert len(list(tmp_path.glob("looks-*.npz"))) == 1


def test_a_missing_or_foreign_gallery_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gallery\.json: no such file, expected a gallery"):
        read_gallery(tmp_path)
    (tmp_path / GALLERY_FILE).write_text("{}")
    with pytest.raises(InputError, match="JSON of another kind"):
        read_gallery(tmp_path)
    (tmp_path / GALLERY_FILE).write_text('{"format": "behavior gallery", "version": 2}')
    with pytest.raises(InputError, match="has version 2, this version of behavior reads 1"):
        read_gallery(tmp_path)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gallery")
    write_gallery(folder, make_gallery())
    return folder


@given(data=st.data())
def test_any_damaged_byte_gives_one_sentence(written: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.getbasetemp() / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(written, folder)
    path = data.draw(st.sampled_from(sorted(folder.iterdir())))
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(content))
    try:
        # Of JSON, spaces and the spelling of numbers may differ and mean the same.
        compare(read_gallery(folder), make_gallery())
    except InputError as error:
        assert str(folder) in str(error) and str(error).endswith(".")


def write_header(folder: Path, **changed: object) -> None:
    """Change the header of a gallery, as somebody would who knows how its digest is made."""
    from behavior.files import gallery_folder

    content = json.loads((folder / GALLERY_FILE).read_text())
    content.pop("digest")
    content |= changed
    (folder / GALLERY_FILE).write_text(json.dumps({**content, "digest": gallery_folder._hash_header(content)}))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"crops": [{"file": "../secret.npz", "digest": "0", "count": 4}]}, "it names the file '../secret.npz'"),
        ({"size": 100_000}, "4 pictures of 100000 pixels"),
        ({"images": []}, "not as many as their files hold"),
        ({"length": float("nan")}, "cannot be read as a gallery"),
        ({"kind": "videos"}, "cannot be read as a gallery"),
    ],
)
def test_a_hostile_header_is_refused(written: Path, tmp_path: Path, changed: dict[str, object], sentence: str) -> None:
    folder = tmp_path / "gallery"
    shutil.copytree(written, folder)
    write_header(folder, **changed)
    with pytest.raises(InputError, match=sentence.replace(".", r"\.")):
        read_gallery(folder)


def test_an_array_that_claims_to_be_huge_is_refused_unread(written: Path, tmp_path: Path) -> None:
    folder = tmp_path / "gallery"
    shutil.copytree(written, folder)
    (looks,) = folder.glob("looks-*.npz")
    write_archive(looks, {"values": {}, "arrays": {"vectors": ["float64", [1 << 40, 1 << 20]]}}, {"vectors": np.zeros(3)})
    content = json.loads((folder / GALLERY_FILE).read_text())["looks"]
    from behavior.files.feature_sources import hash_file

    content[""]["digest"] = hash_file(looks)
    write_header(folder, looks=content)
    with pytest.raises(InputError, match="the array vectors is not float64"):
        read_gallery(folder)


@given(st.text(max_size=120))
def test_a_name_that_is_allowed_is_safe_as_a_file_name(name: str) -> None:
    if find_name_problem(name) is None:
        assert is_safe_name(name) and name.isprintable() and os.sep not in name and not name.startswith(".")
