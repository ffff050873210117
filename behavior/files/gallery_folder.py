"""A gallery of named individuals on disk: `gallery.json` says what there is, archives of arrays beside it hold pictures and looks.

`gallery.json` names the archives by their hashes and is replaced last, so that a run that is killed leaves the old gallery or the new one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from behavior.errors import InputError
from behavior.files.array_archives import open_archive, write_archive
from behavior.files.atomic import make_folder, write_text
from behavior.files.feature_sources import hash_file
from behavior.files.opening import explain_damage, read_text
from behavior.recording import is_safe_name
from behavior.versions import collect_versions

__all__ = [
    "GALLERY_FILE",
    "EnrolledImage",
    "StoredGallery",
    "StoredLooks",
    "find_name_problem",
    "hash_image",
    "read_gallery",
    "write_gallery",
]

GALLERY_FILE = "gallery.json"
GalleryKind = Literal["photos", "tracks"]

_FORMAT, _VERSION = "behavior gallery", 1
_MOST_BYTES = 256 * 2**20
_MOST_IMAGES, _LARGEST_SIZE = 1_000_000, 1024
_LONGEST_NAME = 100
_ARCHIVE = re.compile(r"(?:crops|looks)-[0-9a-f]{32}\.npz")
# What arrays may hold, as NumPy names it.
_DTYPES = {name: np.dtype(name) for name in ("float32", "float64", "int64", "uint8", "bool")}
_EXPECTED, _ADVICE = "a gallery of `behavior identify enrol`", "enrol the individuals again into a new folder"


@dataclass(frozen=True)
class EnrolledImage:
    """One picture of the gallery.

    Attributes
    ----------
    individual
        Who it shows.
    side
        Which side of the animal; "" where sides do not differ.
    recording
        Day or video that it is from: pictures of one are near copies.
    source
        Where it was: a file, with the frame of a video.
    digest
        Hash of its pixels (`hash_image`).
    """

    individual: str
    side: str
    recording: str
    source: str
    digest: str


@dataclass(frozen=True)
class StoredLooks:
    """What the pictures of one side are compared by: values as JSON has them, and arrays by name."""

    values: Mapping[str, Any]
    arrays: Mapping[str, npt.NDArray]


@dataclass(frozen=True)
class _Archive:
    file: str
    digest: str
    count: int


@dataclass(frozen=True)
class StoredGallery:
    """A gallery.

    Attributes
    ----------
    kind
        Photos of individuals, or crops along tracks; the two are never compared.
    settings
        What its looks are fitted with, as JSON has it.
    length, width
        Of an animal in the videos, pixels; 0 for photos.
    images
        M pictures, in the order in which they were enrolled.
    crops
        RGB, uint8 of shape (M, S, S, 3).
    looks
        By side.
    archives
        Which files the first crops are in already; kept by who changes a gallery that was read.
    """

    kind: GalleryKind
    settings: Mapping[str, Any]
    length: float
    width: float
    images: tuple[EnrolledImage, ...]
    crops: npt.NDArray[np.uint8]
    looks: Mapping[str, StoredLooks] = field(default_factory=dict)
    archives: tuple[_Archive, ...] = ()

    @property
    def individuals(self) -> tuple[str, ...]:
        """Their names, in the order of enrolment."""
        return tuple(dict.fromkeys(one.individual for one in self.images))

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides that there are pictures of."""
        return tuple(dict.fromkeys(one.side for one in self.images))


@dataclass(frozen=True)
class _Header:
    format: str
    version: int
    kind: GalleryKind
    size: int
    length: float
    width: float
    settings: dict[str, Any]
    versions: dict[str, str]
    images: tuple[EnrolledImage, ...]
    crops: tuple[_Archive, ...]
    looks: dict[str, _Archive]


_HEADER = TypeAdapter(_Header)


def hash_image(image: npt.NDArray[np.uint8]) -> str:
    """Return the BLAKE2b hash of a picture's pixels, 32 hexadecimal digits."""
    return hashlib.blake2b(np.ascontiguousarray(image).tobytes(), digest_size=16).hexdigest()


def find_name_problem(name: str) -> str | None:
    """Return why an individual cannot have this name, the end of a sentence; None where it can: files may be named after it.

    >>> find_name_problem("Bella 2"), find_name_problem("../Bella")
    (None, 'a name without slashes, dots in front and control characters, as files may be called after it')
    """
    if not name.strip() or len(name) > _LONGEST_NAME:
        return f"a name of 1 to {_LONGEST_NAME} letters"
    is_plain = name == name.strip() and name.isprintable() and not re.search(r'[\\/:*?"<>|]', name) and not name.startswith(".")
    if not is_plain or not is_safe_name(name):
        return "a name without slashes, dots in front and control characters, as files may be called after it"
    return "another name: new stands for individuals that are not in the gallery" if name.casefold() == "new" else None


def read_gallery(folder: Path) -> StoredGallery:
    """Read what `write_gallery` wrote.

    Raises
    ------
    InputError
        If there is no gallery in the folder, a file of it is missing or damaged, or another version wrote it.
    """
    path = folder / GALLERY_FILE
    text = read_text(path, most_bytes=_MOST_BYTES, error=InputError, expected=_EXPECTED, advice="name the folder that was enrolled into")
    with explain_damage(path, error=InputError, expected=_EXPECTED, advice=_ADVICE):
        content = json.loads(text)
        if not isinstance(content, dict) or content.get("format") != _FORMAT:
            raise ValueError("it is JSON of another kind")
        if content.get("version") != _VERSION:
            raise InputError(
                f"{path}: has version {content.get('version')!s:.20}, this version of behavior reads {_VERSION}; use the version that "
                "wrote it, or enrol again."
            )
        if content.pop("digest", None) != _hash_header(content):
            raise ValueError("its content is not what was written")
        header = _HEADER.validate_python(content)
        _check_header(header)
        crops = [_read_crops(folder, one, header.size) for one in header.crops]
        looks = {side: _read_looks(folder, one) for side, one in header.looks.items()}
    empty = np.zeros((0, header.size, header.size, 3), dtype=np.uint8)
    return StoredGallery(
        header.kind, header.settings, header.length, header.width, header.images, np.concatenate([empty, *crops]), looks, header.crops
    )


def write_gallery(folder: Path, gallery: StoredGallery) -> StoredGallery:
    """Write a gallery: crops that have no file yet, looks, and then `gallery.json`, which makes it the gallery of the folder.

    Only one process at a time may write; it holds a claim on `gallery.json`.

    Returns
    -------
    The gallery as it is on disk now.

    Raises
    ------
    OutputError
        If the folder cannot be written to, or the disk is full.
    """
    make_folder(folder)
    archives = list(gallery.archives)
    n_stored = sum(one.count for one in archives)
    if n_stored < len(gallery.crops):
        archives.append(_write_archive(folder, "crops", {}, {"crops": gallery.crops[n_stored:]}, len(gallery.crops) - n_stored))
    looks = {side: _write_archive(folder, "looks", one.values, one.arrays, len(one.arrays)) for side, one in gallery.looks.items()}
    header = _Header(
        format=_FORMAT,
        version=_VERSION,
        kind=gallery.kind,
        size=gallery.crops.shape[1],
        length=gallery.length,
        width=gallery.width,
        settings=dict(gallery.settings),
        versions=collect_versions(),
        images=gallery.images,
        crops=tuple(archives),
        looks=looks,
    )
    content = json.loads(json.dumps(asdict(header)))
    write_text(folder / GALLERY_FILE, json.dumps({**content, "digest": _hash_header(content)}, indent=1))
    named = {one.file for one in (*archives, *looks.values())}
    # What is not named any more is in nobody's way, and goes with the next writing where it cannot now.
    for path in folder.iterdir():
        if _ARCHIVE.fullmatch(path.name) and path.name not in named:
            with suppress(OSError):
                path.unlink()
    return replace(gallery, archives=tuple(archives))


def _hash_header(content: Mapping[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()


def _check_header(header: _Header) -> None:
    if not 8 <= header.size <= _LARGEST_SIZE or len(header.images) > _MOST_IMAGES:
        raise ValueError(f"it has {len(header.images)} pictures of {header.size} pixels")
    if sum(one.count for one in header.crops) != len(header.images) or any(one.count < 1 for one in header.crops):
        raise ValueError("its pictures are not as many as their files hold")
    if not (np.isfinite([header.length, header.width]).all() and min(header.length, header.width) >= 0):
        raise ValueError("the size of an animal is no number")
    for one in (*header.crops, *header.looks.values()):
        if not _ARCHIVE.fullmatch(one.file):
            raise ValueError(f"it names the file {one.file[:60]!r}")
    for name in {one.individual for one in header.images}:
        if problem := find_name_problem(name):
            raise ValueError(f"an individual is called {name[:60]!r}, expected {problem}")


def _write_archive(folder: Path, kind: str, values: Mapping[str, Any], arrays: Mapping[str, npt.NDArray], count: int) -> _Archive:
    described = {name: [one.dtype.name, list(one.shape)] for name, one in arrays.items()}
    header = {"values": dict(values), "arrays": described}
    digest = hashlib.blake2b(json.dumps(header, sort_keys=True).encode(), digest_size=16)
    for one in arrays.values():
        digest.update(np.ascontiguousarray(one).tobytes())
    path = folder / f"{kind}-{digest.hexdigest()}.npz"
    write_archive(path, header, arrays)
    return _Archive(path.name, hash_file(path), count)


def _read_archive(folder: Path, archive: _Archive) -> tuple[dict[str, Any], dict[str, npt.NDArray]]:
    path = folder / archive.file
    if hash_file(path) != archive.digest:
        raise InputError(f"{path}: is not the file that the gallery was written with, so it is damaged; {_ADVICE}.")
    with explain_damage(path, error=InputError, expected=_EXPECTED, advice=_ADVICE), open_archive(path) as opened:
        header = json.loads(opened.read_header())
        shapes: dict[str, Sequence[Any]] = header["arrays"]
        opened.require_names(list(shapes))
        arrays = {}
        for name, (dtype, shape) in shapes.items():
            if dtype not in _DTYPES or not all(isinstance(one, int) and one >= 0 for one in shape):
                raise ValueError(f"the array {name} is described as {dtype!s:.20} of shape {shape!s:.40}")
            arrays[name] = opened.read_array(name, dtype=_DTYPES[dtype], shape=tuple(shape))
        if not isinstance(header["values"], dict):
            raise ValueError("its header has no values")
        return header["values"], arrays


def _read_crops(folder: Path, archive: _Archive, size: int) -> npt.NDArray[np.uint8]:
    _, arrays = _read_archive(folder, archive)
    crops = arrays.get("crops", np.zeros(0))
    if crops.dtype != np.uint8 or crops.shape != (archive.count, size, size, 3):
        raise ValueError(f"{archive.file} has pictures of shape {crops.shape}")
    return crops


def _read_looks(folder: Path, archive: _Archive) -> StoredLooks:
    return StoredLooks(*_read_archive(folder, archive))
