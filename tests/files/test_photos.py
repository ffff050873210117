"""Photos: which ones folders and tables stand for, and their pixels, whatever the file is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from gallery_samples import write_photo
from PIL import Image

from behavior.errors import InputError
from behavior.files.photos import Photo, is_photo_table, list_folder_photos, list_table_photos, read_photo


def test_folders_name_individuals_and_days(tmp_path: Path) -> None:
    photo = np.zeros((8, 8, 3), dtype=np.uint8)
    for name in ("Bella/a.png", "Bella/monday/b.JPG", "Bella/monday/early/c.png", ".hidden/d.png", "e.png"):
        write_photo(tmp_path / name, photo)
    (tmp_path / "notes.txt").write_text("nothing")
    photos, problems = list_folder_photos(tmp_path)
    found = {one.path.name: (one.individual, one.day) for one in photos}
    assert not problems
    assert found == {"a.png": ("Bella", ""), "b.JPG": ("Bella", "monday"), "c.png": ("Bella", "monday/early"), "e.png": ("", "")}


def test_tables_keep_names_and_days_as_they_are_spelled(tmp_path: Path) -> None:
    table = tmp_path / "photos.csv"
    table.write_text("individual,image,day\n007,a.png,01\nNA,b/c.png,\n")
    assert is_photo_table(table) and not is_photo_table(tmp_path / "none.csv")
    photos, problems = list_table_photos(table)
    assert [(one.individual, one.path, one.day) for one in photos] == [("007", tmp_path / "a.png", "01"), ("NA", tmp_path / "b/c.png", "")]
    assert not problems
    table.write_text("individual,picture\nBella,a.png\n")
    assert not is_photo_table(table)
    with pytest.raises(InputError, match="no column 'image'"):
        list_table_photos(table)


def test_paths_stay_in_the_folder_of_the_table(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_photo(tmp_path / "out.png", np.zeros((8, 8, 3), dtype=np.uint8))
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "out.png")
    table = tmp_path / "in" / "photos.csv"
    table.write_text(f"image\n../out.png\n{tmp_path / 'out.png'}\nlink.png\n")
    photos, problems = list_table_photos(table)
    assert not photos and len(problems) == 3
    assert all("is outside the folder of the table" in sentence for sentence in problems.values())


def test_a_large_photo_is_scaled_down(tmp_path: Path) -> None:
    path = write_photo(tmp_path / "wide.png", np.full((20, 400, 3), (200, 150, 100), dtype=np.uint8))
    assert read_photo(path).shape == (20, 400, 3)
    small = read_photo(path, most_side=100)
    assert small.shape == (5, 100, 3) and small[2, 50].tolist() == [200, 150, 100]


def test_a_photo_is_turned_as_its_camera_was(tmp_path: Path) -> None:
    pixels = np.zeros((16, 16, 3), dtype=np.uint8)
    pixels[:8] = 255
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(pixels).save(tmp_path / "turned.jpg", exif=exif)
    square = read_photo(tmp_path / "turned.jpg")
    assert square[:6].mean() < 30 and square[10:].mean() > 220


def test_more_than_eight_bits_and_transparent_photos_are_read(tmp_path: Path) -> None:
    deep = np.linspace(0, 60_000, 256).reshape(16, 16).astype(np.uint16)
    assert cv2.imwrite(str(tmp_path / "deep.png"), deep)
    square = read_photo(tmp_path / "deep.png")
    assert square[0, 0, 0] == 0 and square[-1, -1, 0] == 255
    assert cv2.imwrite(str(tmp_path / "clear.png"), np.full((8, 8, 4), 90, dtype=np.uint8))
    assert read_photo(tmp_path / "clear.png").max() == 90


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, b"P6\n1000000 1000000\n255\n"])
def test_what_is_no_photo_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "photo.png").write_bytes(content)
    with pytest.raises(InputError, match=r"photo\.png: cannot be read as a photo"):
        read_photo(tmp_path / "photo.png")
    with pytest.raises(InputError, match="no such file"):
        read_photo(tmp_path / "none.png")


def test_any_cut_of_a_photo_is_noticed(tmp_path: Path) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    for suffix in ("png", "jpg"):
        whole = write_photo(tmp_path / f"whole.{suffix}", photo).read_bytes()
        for share in (0.3, 0.6, 0.9):
            path = tmp_path / f"cut.{suffix}"
            path.write_bytes(whole[: int(share * len(whole))])
            with pytest.raises(InputError, match="cannot be read as a photo"):
                read_photo(path)


def test_links_that_lead_nowhere_get_a_sentence_and_the_rest_is_listed(tmp_path: Path) -> None:
    folder = tmp_path / "photos" / "Bella"
    good = write_photo(folder / "good.png", np.zeros((8, 8, 3), dtype=np.uint8))
    (folder / "circle.png").symlink_to(folder / "circle.png")
    (folder / "gone.png").symlink_to(folder / "moved.png")
    photos, problems = list_folder_photos(tmp_path / "photos")
    assert [photo.path for photo in photos] == [good]
    assert sorted(Path(path).name for path in problems) == ["circle.png", "gone.png"]
    assert all("is a link to nothing" in sentence for sentence in problems.values())
    table = folder / "photos.csv"
    table.write_text("image\ncircle.png\n")
    assert list_table_photos(table)[0] == [Photo(folder / "circle.png")]


def test_a_table_without_photos_gets_a_sentence(tmp_path: Path) -> None:
    table = tmp_path / "photos.csv"
    table.write_text("image,individual\n")
    photos, problems = list_table_photos(table)
    assert not photos and "names no photos" in problems[str(table)]


def test_what_no_format_knows_is_said_to_be_no_photo(tmp_path: Path) -> None:
    path = tmp_path / "notes.jpg"
    path.write_text("no photo")
    with pytest.raises(InputError, match=r"notes\.jpg: cannot be read as a photo .* \(cannot identify image file"):
        read_photo(path)


def test_a_photo_of_two_pictures_is_the_first(tmp_path: Path) -> None:
    path = tmp_path / "stereo.jpg"
    first, second = (Image.new("RGB", (16, 16), color) for color in ("red", "blue"))
    first.save(path, format="MPO", save_all=True, append_images=[second])
    assert read_photo(path)[8, 8, 0] > 200
