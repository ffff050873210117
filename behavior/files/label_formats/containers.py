"""What kind of file holds labels, told by its first bytes: a table, JSON, XML, MATLAB's, HDF5; or one that is not read, and what to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from behavior.files.label_formats.spreadsheets import name_archive

__all__ = ["Container", "describe_unread", "find_container"]

Container = Literal["table", "json", "xml", "matlab", "hdf5"]

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_ZIP_MAGIC = b"PK\x03\x04"
_NUMPY_MAGIC = b"\x93NUMPY"

# What JSON and XML begin with, and no table of labels does.
_JSON = re.compile(r"\{|\[\s*($|[\"\[\]{}]|-?\d|true|false|null)")
_XML = re.compile(r"<[?!A-Za-z]")

# Offset and bytes by which other files are known that people take for label files; OpenDocument's name follows 30 bytes of the archive.
_UNREAD = (
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is a spreadsheet in the format before .xlsx, or one with a password"),
    (30, b"mimetypeapplication/vnd.oasis.opendocument", "is an OpenDocument file (.ods)"),
    (0, b"\x1f\x8b", "is compressed (.gz)"),
    (0, b"%PDF", "is a PDF"),
)
_AS_TABLE = "give labels as a spreadsheet (.xlsx) or as text (.csv, .tsv, .txt)"
# Archives other than spreadsheets, by their suffix.
_ARCHIVES = {
    ".otb": ("is the backup of a project of The Observer XT", "export its events there as a table (Excel or text)"),
    ".otx": ("is a project of The Observer XT", "export its events there as a table (Excel or text)"),
}


def find_container(start: bytes, text: str) -> Container:
    """Return what kind of file begins with `start`, which is `text` if it is a text.

    >>> find_container(b'[{"id": 1}]', '[{"id": 1}]'), find_container(b"frame,a", "frame,a")
    ('json', 'table')
    """
    if start.startswith(b"MATLAB ") and b"MAT-file" in start[:128]:
        return "matlab"
    if start.startswith(_HDF5_MAGIC):
        return "hdf5"
    head = text.lstrip("\ufeff \t\r\n")
    if _JSON.match(head):
        return "json"
    return "xml" if _XML.match(head) else "table"


def describe_unread(path: Path, start: bytes) -> str | None:
    """Return why the file that begins with `start` is not read and what to do, the end of a sentence; None if it may be read."""
    for offset, magic, kind in _UNREAD:
        if start.startswith(magic, offset):
            return f"{kind}, which is not read; {_AS_TABLE}"
    if start.startswith(_NUMPY_MAGIC):
        return _describe_array(start)
    archive = name_archive(path) if start.startswith(_ZIP_MAGIC) else ""
    if archive and path.suffix.casefold() in _ARCHIVES:
        kind, advice = _ARCHIVES[path.suffix.casefold()]
        return f"{kind}, which is not read; {advice}"
    return f"{archive}, not a spreadsheet (.xlsx), expected a label file; unpack it, or export the labels as .csv" if archive else None


def _describe_array(start: bytes) -> str:
    """Return what to do about a NumPy file by its header; one of objects is never opened."""
    if re.search(rb"'descr':\s*'\|O'", start[:1024]):
        return (
            "holds stored Python objects, as the converted files of CalMS21 and MABe22 do, which are not read because they can "
            "run programs; "
            "give CalMS21's .json instead, or save the labels of each recording as a table with a column for each behavior (.csv)"
        )
    return "is a NumPy array, which has no names of behaviors; save it as a table with a column for each behavior (.csv)"
