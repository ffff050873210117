"""Photos of individuals: which ones folders and tables stand for, and their pixels."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from behavior.errors import InputError
from behavior.files.cells import read_table
from behavior.files.opening import explain_damage, require_regular_file

__all__ = ["PHOTO_SUFFIXES", "Photo", "is_photo_table", "list_folder_photos", "list_table_photos", "read_photo"]

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")

# Photos of several pictures (MPO) are opened as JPEG.
_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
_EXPECTED, _ADVICE = "a photo (JPEG, PNG, TIFF, BMP or WebP)", "export it again, or leave it out"
_MOST_BYTES = 512 * 2**20
# Fewer than at which the library that decodes them begins to warn.
_MOST_PIXELS = 80_000_000
_COLUMNS = ("image", "individual", "side", "day")


@dataclass(frozen=True)
class Photo:
    """A photo, and what is known of it; "" for what is not.

    Attributes
    ----------
    path
        The file.
    individual
        Who it shows.
    side
        Which side of the animal.
    day
        When it was taken: photos of one day are near copies.
    """

    path: Path
    individual: str = ""
    side: str = ""
    day: str = ""


def list_folder_photos(folder: Path) -> tuple[list[Photo], dict[str, str]]:
    """Return the photos in `folder`, and a sentence by path for links that lead out of it or nowhere.

    Those in a folder below it, `NAME/photo.jpg`, are of the individual NAME; in `NAME/DAY/photo.jpg`, of that day. Hidden files and folders
    are left out, and so are folders that are links.
    """
    photos: list[Photo] = []
    problems: dict[str, str] = {}
    root = os.path.realpath(folder)
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if any(part.startswith(".") for part in parts) or path.suffix.casefold() not in PHOTO_SUFFIXES:
            continue
        if not _is_inside(path, root):
            problems[str(path)] = f"{path}: is a link to a place outside {folder}, expected a photo in it; copy the photo there."
        elif path.is_symlink() and not path.exists():
            problems[str(path)] = f"{path}: is a link to nothing, expected a photo; copy the photo there."
        elif path.is_file():
            individual, day = (*parts[:-1], "", "")[:2]
            photos.append(Photo(path, individual, day="/".join((day, *parts[2:-1])) if day else ""))
    return photos, problems


def is_photo_table(path: Path) -> bool:
    """Tell by its first line whether a file is a table with a column `image`; never raises."""
    return _COLUMNS[0] in _read_header(path)


def list_table_photos(table: Path) -> tuple[list[Photo], dict[str, str]]:
    """Return the photos of a table `image,individual,side,day`, all but `image` optional, and a sentence by cell for each that is unusable.

    Paths are relative to the table, and stay in its folder.

    Raises
    ------
    InputError
        If it is no such table.
    """
    header = _read_header(table)
    named = [name for name in _COLUMNS if name in header or name == _COLUMNS[0]]
    text = read_table(table, text=named, error=InputError, expected="a table image,individual,side,day", advice="check its header")
    photos: list[Photo] = []
    problems: dict[str, str] = {}
    root = os.path.realpath(table.parent)
    for line, row in enumerate(text.to_dict("records"), start=2):
        cells = {name: str(row[name]).strip() if name in row and isinstance(row[name], str) else "" for name in _COLUMNS}
        path = table.parent / cells["image"]
        if not cells["image"]:
            problems[f"{table} line {line}"] = f"{table}: line {line} names no image, expected a path; fill it in or remove the line."
        elif "\0" in cells["image"] or not _is_inside(path, root):
            problems[f"{table} line {line}"] = (
                f"{table}: line {line} names {cells['image']!r}, which is outside the folder of the table; copy the photo into it."
            )
        else:
            photos.append(Photo(path, cells["individual"], cells["side"], cells["day"]))
    if not len(text):
        problems[str(table)] = f"{table}: names no photos, expected a line for each below its header; fill it in."
    return photos, problems


def read_photo(path: Path, *, most_side: int = 1024) -> npt.NDArray[np.uint8]:
    """Return a photo, RGB, uint8 of shape (H, W, 3), upright, and scaled down to at most `most_side` pixels.

    Raises
    ------
    InputError
        If there is no such file, it is no photo, is damaged, or has more pixels than are decoded.
    """
    n_bytes = require_regular_file(path, error=InputError, expected=_EXPECTED, advice=_ADVICE)
    if n_bytes > _MOST_BYTES:
        raise InputError(f"{path}: has {n_bytes / 2**20:,.0f} MiB, expected {_EXPECTED} of at most {_MOST_BYTES >> 20} MiB; {_ADVICE}.")
    with explain_damage(path, error=InputError, expected=_EXPECTED, advice=_ADVICE):
        try:
            with warnings.catch_warnings():
                # Below, large photos are refused in a sentence.
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                opened = Image.open(path, formats=_FORMATS)
        except Image.DecompressionBombError:
            raise _refuse_size(path, "too many") from None
        with opened:
            # Its header says so, before anything is decoded.
            if opened.width * opened.height > _MOST_PIXELS:
                raise _refuse_size(path, f"{opened.width} x {opened.height}")
            opened.draft("RGB", (most_side, most_side))
            opened.load()
            pixels = _take_pixels(ImageOps.exif_transpose(opened))
    scale = most_side / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    shape = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return np.asarray(cv2.resize(pixels, shape, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _read_header(path: Path) -> list[str]:
    """Return the cells of the first line; none where it is no text."""
    try:
        with path.open("rb") as file:
            first = file.readline(4096).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return []
    return [cell.strip().strip('"') for cell in first.split(",")]


def _is_inside(path: Path, root: str) -> bool:
    """Tell whether a path is below a folder when links are followed, which may lead in circles."""
    return Path(os.path.realpath(path)).is_relative_to(root)


def _refuse_size(path: Path, found: str) -> InputError:
    return InputError(f"{path}: has {found} pixels, expected at most {_MOST_PIXELS / 1e6:.0f} million; scale the photo down.")


def _take_pixels(image: Image.Image) -> npt.NDArray[np.uint8]:
    if image.mode[0] in "IF":
        # More than 8 bits a pixel: of whatever range, stretched to 8.
        values = np.asarray(image, dtype=np.float64)
        low, high = float(values.min()), float(values.max())
        grey = ((values - low) * (255 / (high - low) if high > low else 0.0)).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    return np.asarray(image.convert("RGB"))
