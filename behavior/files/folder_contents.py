"""What is in a folder of videos: recordings, videos that a tracker drew, and files of other programs that are not read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from behavior.errors import join_first
from behavior.files.name_matching import TRACKER_MARK, fold_name
from behavior.files.own_results import is_named_as_result
from behavior.files.video_packets import VIDEO_SUFFIXES

__all__ = [
    "BROKEN_LINK",
    "FOREIGN_SUFFIXES",
    "UNREAD_VIDEO_SUFFIXES",
    "describe_unread",
    "list_broken_links",
    "list_files",
    "list_names",
    "note_drawn",
    "note_links",
    "separate_drawn",
]

# What programs of the field write next to videos, and what to do where it is not read.
_FOREIGN = {
    ".json": ("is JSON of a layout that is not read", "export its labels as a table (CSV), or its pose as DeepLabCut or SLEAP write it"),
    ".mat": ("is a MATLAB file of a layout that is not read", "export its labels as a table (CSV) with a column for each behavior"),
    ".eaf": ("is an ELAN file that cannot be read", "export its tiers in ELAN as tab-delimited text and make it a table of bouts"),
    ".textgrid": ("is a Praat file that cannot be read", "make it a table of bouts with the columns behavior, start_s, stop_s"),
    ".xml": ("is XML of a layout that is not read", "export its labels as a table (CSV)"),
    ".anvil": ("is an ANVIL file, which is not read", "export its annotations as a table (CSV)"),
    ".npy": ("is a NumPy array, which has no names of behaviors", "save it as a table (CSV) with a column for each behavior"),
    ".npz": ("is an archive of NumPy arrays, which have no names of behaviors", "save them as a table (CSV) with a column for each"),
    ".otb": ("is the backup of a project of The Observer, which is not read", "export its events in The Observer as an Excel file"),
    ".odx": ("is a project of The Observer, which is not read", "export its events in The Observer as an Excel file"),
    ".xls": ("is a spreadsheet in the format of before 2007, which is not read", "save it as .xlsx or CSV"),
    ".xlsb": ("is a binary spreadsheet, which is not read", "save it as .xlsx or CSV"),
    ".ods": ("is an OpenDocument spreadsheet, which is not read", "save it as .xlsx or CSV"),
    ".numbers": ("is a Numbers spreadsheet, which is not read", "save it as .xlsx or CSV"),
    ".trk": ("is a track of APT or Ctrax, which is not read", "export it as a DeepLabCut or SLEAP table"),
    ".pkl": ("is a pickle, which is never opened because it can run programs", "export its content as a table (CSV)"),
    ".pickle": ("is a pickle, which is never opened because it can run programs", "export its content as a table (CSV)"),
    ".rds": ("is an R object, which is not read", "export its content as a table (CSV)"),
    ".rdata": ("is a file of R objects, which is not read", "export its content as a table (CSV)"),
}
FOREIGN_SUFFIXES = tuple(_FOREIGN)

_NO_TIMES = "holds pictures without times; put it into .mp4 with the camera's frame rate (ffmpeg -framerate FPS -i IN -c copy OUT.mp4)"
_UNREAD_VIDEOS = {
    **dict.fromkeys((".h264", ".264", ".h265", ".265", ".hevc", ".mjpeg", ".mjpg"), _NO_TIMES),
    ".seq": "is a video of Norpix, which is not read; convert it to .mp4",
    ".cine": "is a video of Phantom, which is not found by its name; convert it to .mp4",
    ".gif": "is an animation and not taken for a recording; convert it to .mp4 if it is one",
    ".tif": "is a stack of pictures, which is not read; convert it to .mp4",
    ".tiff": "is a stack of pictures, which is not read; convert it to .mp4",
}
UNREAD_VIDEO_SUFFIXES = tuple(_UNREAD_VIDEOS)

BROKEN_LINK = "is a link to a file that is not there; connect its drive, or fetch the file"

# What trackers put behind a video's name when they draw their points into a copy of it.
_LABELED = r"[_.\- ]labell?ed(?:_before_adapt|_after_adapt)?"
_DRAWN = re.compile(rf"{TRACKER_MARK}_|_superanimal(?:_|$)|[._]predictions\b|(?i:{_LABELED})$")
_ENDS_LABELED = re.compile(f"(?i:{_LABELED})$")


def list_files(folder: Path, *, recursive: bool) -> list[Path]:
    """Return the files in `folder` in alphabetical order, without hidden ones and those that this package writes."""
    paths = folder.rglob("*") if recursive else folder.iterdir()
    return sorted(
        (path for path in paths if path.is_file() and not is_named_as_result(path, path.relative_to(folder).parts)), key=_sort_key
    )


def list_broken_links(folder: Path) -> list[Path]:
    """Return the links below `folder` that lead to what is not there, in alphabetical order, without hidden ones."""
    return sorted((path for path in _list_links(folder) if not path.exists()), key=_sort_key)


def note_links(folder: Path) -> list[str]:
    """Return sentences on links below `folder` that `list_files` leaves out: to what is not there, and to folders."""
    broken, folders = list_broken_links(folder), sorted((path for path in _list_links(folder) if path.is_dir()), key=_sort_key)
    notes = []
    if broken:
        notes.append(f"{list_names(broken, folder)}: {BROKEN_LINK}.")
    if folders:
        notes.append(
            f"{list_names(folders, folder)}: is a link to a folder, which is not looked into; put links to its files in its place."
        )
    return notes


def _list_links(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_symlink() and not path.name.startswith("."))


def separate_drawn(paths: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """Return the videos among `paths` by their names, and those of them in which a tracker drew its points.

    The latter are named after another of the videos and then as a tracker does, or end in ``_labeled``. A video that is only
    named alike (``m1_labeled_food``, ``m1DLC2``) is a recording.

    >>> videos, _ = separate_drawn([Path("m1.mts"), Path("m1DLC_dlcrnetms5_el.mp4"), Path("m1_2.mp4"), Path("notes.txt")])
    >>> [path.name for path in videos]
    ['m1.mts', 'm1_2.mp4']
    """
    videos = [path for path in paths if path.suffix.casefold() in VIDEO_SUFFIXES]
    # SLEAP leaves the suffix of the video in the name.
    stems = {fold_name(name) for video in videos for name in (video.stem, video.name)}
    drawn = [video for video in videos if _is_drawn(video.stem, stems)]
    return [video for video in videos if video not in set(drawn)], drawn


def note_drawn(drawn: Sequence[Path], folder: Path) -> list[str]:
    """Return a sentence on the videos that a tracker drew, [] if there are none."""
    if not drawn:
        return []
    return [f"{list_names(drawn, folder)}: drawn by a tracker from another video, as the name says, and left out; enter it by hand if not."]


def describe_unread(path: Path, owner: Path | None) -> str | None:
    """Return what a file of another program is and what to do, the end of a sentence; None where there is nothing to say.

    Parameters
    ----------
    owner
        The video that it is named after; None where it is a video itself.
    """
    suffix = path.suffix.casefold()
    if owner is None:
        return _UNREAD_VIDEOS.get(suffix)
    if suffix in (".json", ".pickle", ".pkl") and _DRAWN.match(path.stem, len(owner.stem)):
        # A tracker keeps notes next to its results.
        return None
    what, advice = _FOREIGN.get(suffix, ("holds no pose or labels that can be read", "it is left out"))
    connection = "but" if suffix not in _FOREIGN else "and"
    return f"is named after {owner.name}, {connection} {what}; {advice}."


def list_names(paths: Collection[Path], folder: Path, *, most: int | None = 3) -> str:
    """Return the names of files below `folder` for a sentence: the first `most` and how many more there are, all where None."""
    return join_first([path.relative_to(folder).as_posix() for path in paths], len(paths) if most is None else most)


def _is_drawn(stem: str, stems: set[str]) -> bool:
    if _ENDS_LABELED.search(stem):
        return True
    return any(fold_name(stem[: mark.start()]) in stems for mark in _DRAWN.finditer(stem) if mark.start())


def _sort_key(path: Path) -> tuple[str, str]:
    return path.as_posix().casefold(), path.as_posix()
