"""Which files this package wrote: they may be next to people's files, and are never taken for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from behavior.errors import LabelError
from behavior.files.ethogram_formats.formats import FORMATS
from behavior.files.label_formats.jaaba import JAABA
from behavior.files.label_formats.ndx_ethogram import NDX_ETHOGRAM, is_automated
from behavior.files.label_formats.source import LabelSource
from behavior.files.text_tables import find_delimiter, split_lines
from behavior.files.tracklets import TRACK_SCORER

__all__ = ["is_named_as_result", "is_own_track", "is_result"]

_FOLDERS = frozenset({"cache", "logs"})
_ETHOGRAM, _BOUTS, _OVERLAY = "_ethogram", "_bouts", "_overlay"

# What is next to the track of all animals of a video: the track of one of them, and what the track was made of.
_BESIDE_TRACK = re.compile(r"(?P<video>.+)_(?:animal[0-9]+_track|tracklets|identity)", re.ASCII | re.IGNORECASE)

# How such tracks, and those of all animals, begin.
_TRACK_START = f"scorer,{TRACK_SCORER},".encode()

# Files of an export, and folders in which it puts more of them; people may have some of the same names.
_EXPORTS = tuple(known.file_name for known in FORMATS.values() if known.is_for_all)
_EXPORT_FOLDERS = frozenset(known.file_name.split("/")[0] for known in FORMATS.values() if not known.is_for_all)
_EXPORT_LOGS = "logs/export_*.log"

# Every export that has room for it says this.
_ORIGIN = "made by a model, not by a person"
# Columns of tables of bouts, and, after a behavior's name, of ethograms and predictions.
_MEAN_PROBABILITY = "mean_prob"
_PROBABILITY, _RAW = "_prob", "_raw"
_SUFFIXES = (".csv", ".boris")
_PROGRAM_SUFFIXES = (*JAABA.suffixes, *NDX_ETHOGRAM.suffixes)


def is_named_as_result(path: Path, parts: Sequence[str]) -> bool:
    """Tell by its name, and the files next to it, whether a file is hidden or a result.

    Parameters
    ----------
    parts
        Its path from the folder that is searched.
    """
    if any(part.startswith(".") for part in parts) or _FOLDERS & set(parts[:-1]):
        return True
    stem = path.stem.casefold()
    # A table of bouts by a person may have the same name, but no ethogram next to it.
    is_beside_ethogram = stem.endswith(_BOUTS) and path.with_name(f"{path.stem[: -len(_BOUTS)]}{_ETHOGRAM}.csv").is_file()
    beside = _BESIDE_TRACK.fullmatch(path.stem)
    is_beside_track = beside is not None and is_own_track(path.with_name(f"{beside['video']}_track.csv"))
    return stem.endswith((_ETHOGRAM, _OVERLAY)) or is_beside_ethogram or is_beside_track


def is_own_track(path: Path) -> bool:
    """Tell by its beginning whether a pose file was written by `behavior track`; False where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(_TRACK_START)) == _TRACK_START
    except OSError:
        return False


def is_result(path: Path) -> bool:
    """Tell by its content, or by the files next to it, whether a file holds a model's results; never raises."""
    return _has_origin(path) or _is_by_program(path) or (path.parent.name in _EXPORT_FOLDERS and _is_export(path.parent.parent))


def _is_export(folder: Path) -> bool:
    """Tell whether something was exported to `folder`: not all files in folders below it have room to say so."""
    return any(folder.glob(_EXPORT_LOGS)) or any(_has_origin(folder / name) for name in _EXPORTS)


def _is_by_program(path: Path) -> bool:
    """Tell whether a file says of itself that a program made its labels: a classifier's scores, bouts that nobody looked at."""
    if path.suffix.casefold() not in _PROGRAM_SUFFIXES:
        return False
    try:
        source = LabelSource(path)
        return JAABA.fits(source) or (NDX_ETHOGRAM.fits(source) and is_automated(source))
    except (LabelError, OSError):
        return False


def _has_origin(path: Path) -> bool:
    """Tell whether a text says that a model made it, or has the columns of this package's results."""
    if path.suffix.casefold() not in _SUFFIXES:
        return False
    try:
        head = LabelSource(path).head
    except (LabelError, OSError):
        return False
    header = next((line for line in split_lines(head) if line.strip()), "")
    names = {name.strip().strip('"') for name in header.split(find_delimiter(header))}
    stems = {name.removesuffix(_PROBABILITY) for name in names if name.endswith(_PROBABILITY)}
    return _ORIGIN in head or {_MEAN_PROBABILITY, "behavior"} <= names or any(f"{stem}{_RAW}" in names for stem in stems)
