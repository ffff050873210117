"""Who photos and tracks show, on disk: tables, pictures in which a wrong guess is seen, and tracks with names."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from behavior.embedding.identification import NEW, Identification
from behavior.errors import OutputError, count_noun
from behavior.figures.frame_strips import render_jpeg
from behavior.figures.individuals import ShownGuess, ShownQuery, draw_answers, draw_members
from behavior.files.atomic import remove_files, write_bytes, write_text
from behavior.files.cells import format_table
from behavior.files.gallery_folder import StoredGallery
from behavior.files.pose import list_individuals, read_pose, write_deeplabcut
from behavior.versions import collect_versions

__all__ = [
    "ANSWERS_PICTURE",
    "ANSWERS_RECORD",
    "ANSWERS_TABLE",
    "GALLERY_PICTURE",
    "draw_gallery",
    "find_answers",
    "write_answers",
    "write_named_track",
]

ANSWERS_TABLE, ANSWERS_RECORD, ANSWERS_PICTURE = "individuals.csv", "individuals.json", "individuals.jpg"
GALLERY_PICTURE = "gallery.jpg"
SCORER = "behavior_identify"

_N_GUESSES = 5
# A picture with more rows is looked at by nobody.
_MOST_ROWS = 60
_MOST_MEMBERS, _SHOWN = 200, 8


def find_answers(folder: Path) -> list[Path]:
    """Return the files of answers that may be in `folder`."""
    return [folder / name for name in (ANSWERS_TABLE, ANSWERS_RECORD, ANSWERS_PICTURE)] + sorted(folder.glob("*_track.csv"))


def write_answers(folder: Path, found: Sequence[Identification], stored: StoredGallery, about: Mapping[str, Any]) -> None:
    """Write `individuals.csv`, `individuals.jpg` and, last, `individuals.json` to `folder`.

    Parameters
    ----------
    about
        What else the JSON file says, such as the gallery's folder.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """
    header = ["source", "animal", "side", "images", "individual", "new_probability", "similarity"]
    header += [f"{what}_{number}" for number in range(1, _N_GUESSES + 1) for what in ("guess", "probability")]
    write_text(folder / ANSWERS_TABLE, format_table(header, [_list_cells(one) for one in found]))
    shown = [_show(one, stored) for one in found[:_MOST_ROWS]]
    write_bytes(folder / ANSWERS_PICTURE, render_jpeg(draw_answers(shown)))
    record = {
        **about,
        "individuals": list(stored.individuals),
        "versions": collect_versions(),
        "queries": [_describe(one) for one in found],
    }
    write_text(folder / ANSWERS_RECORD, json.dumps(record, indent=1))


def write_named_track(folder: Path, track: Path, names: Mapping[str, str]) -> Path:
    """Write a copy of a track in which animals have the names of the individuals that they are; return its path.

    An animal that is new keeps its name, and gets an underscore where an individual is called so.

    Raises
    ------
    OutputError, PoseError
        If the copy would replace the track, or cannot be made.
    """
    target = folder / track.name
    if target.resolve() == track.resolve():
        raise OutputError(f"{track}: would be replaced by its copy with names; give another --out.")
    animals = list(list_individuals(track))
    given = [names.get(animal, NEW) for animal in animals]
    named: dict[str, Any] = {}
    for animal, name in zip(animals, given, strict=True):
        own = animal or "animal1"
        # A name that is taken belongs to the one that was found to be it.
        while name == NEW and own in given:
            own += "_"
        named[own if name == NEW else name] = read_pose(track, individual=animal or None)
    write_deeplabcut(target, named, scorer=SCORER)
    return target


def draw_gallery(folder: Path, stored: StoredGallery) -> None:
    """Write `gallery.jpg`: some pictures of each individual, from all of its days, so that a wrong one is seen.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """
    members, counts = {}, {}
    for name in stored.individuals[:_MOST_MEMBERS]:
        rows = [row for row, one in enumerate(stored.images) if one.individual == name]
        days = {stored.images[row].recording for row in rows}
        shown = [rows[round(place * (len(rows) - 1) / max(_SHOWN - 1, 1))] for place in range(min(_SHOWN, len(rows)))]
        shown = rows if len(rows) <= _SHOWN else shown
        members[name] = [stored.crops[row] for row in shown]
        counts[name] = f"{count_noun(len(rows), 'image')}, {count_noun(len(days), 'day')}"
    if members:
        write_bytes(folder / GALLERY_PICTURE, render_jpeg(draw_members(members, counts)))
    else:
        remove_files([folder / GALLERY_PICTURE])


def _list_cells(one: Identification) -> list[object]:
    new = "" if math.isnan(one.new_probability) else f"{one.new_probability:.4f}"
    cells: list[object] = [str(one.source), one.animal, one.side, one.n_images, one.decision, new, f"{one.similarity:.4f}"]
    for guess in one.guesses:
        cells += [guess.individual, f"{guess.probability:.4f}"]
    return cells + [""] * (2 * (_N_GUESSES - len(one.guesses)))


def _describe(one: Identification) -> dict[str, Any]:
    return {
        "source": str(one.source),
        "animal": one.animal,
        "side": one.side,
        "images": one.n_images,
        "individual": one.decision,
        "new_probability": None if math.isnan(one.new_probability) else one.new_probability,
        "similarity": one.similarity,
        "guesses": [{"individual": guess.individual, "probability": guess.probability} for guess in one.guesses],
    }


def _show(one: Identification, stored: StoredGallery) -> ShownQuery:
    guesses = [ShownGuess(stored.crops[guess.row], guess.individual, guess.probability) for guess in one.guesses]
    # The end is cut off where there is no room: animals of one track have to differ before.
    name = f"{one.animal} {one.source.stem}".strip()
    return ShownQuery(one.image, name, one.decision, one.decision == NEW, guesses)
