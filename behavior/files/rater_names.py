"""Which label files that fit a video equally well are those of several raters, by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from behavior.files.folder_contents import list_names
from behavior.files.name_matching import make_safe
from behavior.files.paired_files import Pairing

__all__ = ["name_raters"]


def name_raters(pairings: Sequence[Pairing], folder: Path) -> tuple[list[Pairing], list[str]]:
    """Return the pairings, with their undecided label files as those of raters if names tell these; notes say which either way."""
    unclear = [pairing for pairing in pairings if pairing.undecided]
    named = [_find_rater_names([path.relative_to(folder) for path in pairing.undecided]) for pairing in unclear]
    if named and named[0] and all(sorted(names) == sorted(named[0]) for names in named):
        raters = dict(zip((pairing.recording for pairing in unclear), named, strict=True))
        files = list(dict.fromkeys(path for pairing in unclear for path in pairing.undecided))
        shown = list_names(files, folder, most=4)
        columns = " and ".join(f"labels_{name}" for name in sorted(named[0]))
        note = (
            f"{shown}: fit equally well and are taken for those of several raters, in the columns {columns}; name in a column labels the "
            "file to train on for each recording."
        )
        decided = [
            replace(pairing, undecided=(), raters=dict(zip(raters[pairing.recording], pairing.undecided, strict=True)))
            if pairing.undecided
            else pairing
            for pairing in pairings
        ]
        return decided, [note]
    notes = []
    for pairing in unclear:
        name = pairing.video.relative_to(folder).as_posix() if pairing.video else pairing.recording
        shown = list_names(pairing.undecided, folder, most=None)
        notes.append(
            f"{name}: {len(pairing.undecided)} label files fit equally well ({shown}); none is chosen, "
            "enter one in the column labels, or each in a column labels_NAME of its own if they are by several raters."
        )
    return list(pairings), list(dict.fromkeys(notes))


def _find_rater_names(paths: Sequence[Path]) -> list[str]:
    """Return what differs in the names of label files, as names of raters; [] if nothing does, or only numbers and dates do."""
    words = [re.findall(r"[^\W_]+", path.with_suffix("").as_posix()) for path in paths]
    shared = set.intersection(*({word.casefold() for word in of_file} for of_file in words))
    names = [make_safe("_".join(word for word in of_file if word.casefold() not in shared)) for of_file in words]
    are_names = all(re.search("[A-Za-z]", name) for name in names)
    return names if are_names and len({name.casefold() for name in names}) == len(names) else []
