"""Which behaviors a new study has, by the names that people gave them in label files, each in their own way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from behavior.errors import BehaviorError, suggest_nearest
from behavior.files.annotations import LabelNames, list_names
from behavior.files.frame_tables import FRAME_NAMES, TIME_NAMES
from behavior.files.label_formats.naming import is_likely_misspelt
from behavior.files.label_formats.request import OBSERVED

__all__ = ["ChosenNames", "choose_names"]

# What means something else in tables of ours.
_RESERVED = frozenset({*FRAME_NAMES, *TIME_NAMES, OBSERVED})
_COLUMN_SUFFIXES = ("_prob", "_raw", "_label")


@dataclass
class ChosenNames:
    """The behaviors of a study, and what names in label files mean.

    Attributes
    ----------
    behaviors
        In order of appearance; none where no file names one.
    meaning
        Behaviors by the names that label files have for them, where these differ.
    ignored
        Names in label files that are left out.
    notes
        Sentences about what was made of the names.
    n_files
        Label files that could be read.
    """

    behaviors: list[str] = field(default_factory=list)
    meaning: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    n_files: int = 0


@dataclass
class _Group:
    """Names that mean one behavior, by the files that have them."""

    files: dict[str, list[Path]]

    @property
    def usual(self) -> str:
        """The most common of the names that can stay as they are, else of all."""
        return max(self.files, key=lambda name: (_is_usable(name), len(self.files[name])))

    @property
    def paths(self) -> set[Path]:
        return {path for paths in self.files.values() for path in paths}


def choose_names(paths: Sequence[Path]) -> ChosenNames:
    """Return the behaviors in the label files at `paths`.

    Names that differ only in case and in what separates words mean one behavior; so does a rare name that is nearly spelt as one that
    more files have, if no file has both. Names with characters other than letters, digits, `_` and `-` are changed. What has only
    events without a duration is left out, and a behavior that most tables with a row per frame have no column for. All of it is noted,
    and a file that cannot be read, too.
    """
    chosen = ChosenNames()
    read: dict[Path, LabelNames] = {}
    for path in dict.fromkeys(paths):
        try:
            read[path] = list_names(path)
        except BehaviorError as error:
            chosen.notes.append(str(error))
    chosen.n_files = len(read)
    found: dict[str, list[Path]] = {}
    for path, names in read.items():
        for name in names.behaviors:
            found.setdefault(name, []).append(path)
    for name in _list_points(found, read):
        chosen.ignored.append(name)
        chosen.notes.append(
            f"{name!r} in {_show(found.pop(name))} has events without a duration only; it is left out (labels: ignore): take it out there "
            "and name it under behaviors to learn it, each event then marks one frame."
        )
    groups = _join_misspelt(_group(found), chosen.notes)
    # The first appearance of any name decides the order.
    for group in sorted(groups, key=lambda group: min(list(found).index(name) for name in group.files)):
        if _is_common(group, read, [other.usual for other in groups if other is not group], chosen.notes):
            _add(chosen, group)
    return chosen


def _list_points(found: dict[str, list[Path]], read: dict[Path, LabelNames]) -> list[str]:
    """Return the names that have no bout in any file; none where all are such."""
    points = [name for name, paths in found.items() if all(name in read[path].points for path in paths)]
    return points if len(points) < len(found) else []


def _group(found: dict[str, list[Path]]) -> list[_Group]:
    groups: dict[str, _Group] = {}
    for name, paths in found.items():
        groups.setdefault(re.sub(r"[\W_]", "", name).casefold() or name, _Group({})).files[name] = paths
    return list(groups.values())


def _join_misspelt(groups: Sequence[_Group], notes: list[str]) -> list[_Group]:
    kept: list[_Group] = []
    for group in sorted(groups, key=lambda group: -len(group.paths)):
        name = group.usual
        meant = next((other for other in kept if _means(group, other)), None)
        if meant is not None:
            notes.append(
                f"{name!r} in {_show(group.paths)} is taken for {meant.usual!r}, misspelt (labels: map); name it under behaviors if it is "
                "one of its own."
            )
            meant.files |= group.files
            continue
        kept.append(group)
    return kept


def _means(rare: _Group, common: _Group) -> bool:
    """Tell whether names are a misspelling: a longer word with a shorter one in it, such as unsupported, is another one."""
    first, second = rare.usual.casefold(), common.usual.casefold()
    return (
        len(rare.paths) < len(common.paths)
        and not rare.paths & common.paths
        and first not in second
        and second not in first
        and is_likely_misspelt(rare.usual, common.usual)
    )


def _is_common(group: _Group, read: dict[Path, LabelNames], others: Sequence[str], notes: list[str]) -> bool:
    """Tell whether no more tables with a row per frame lack a column for a behavior than files have it; what is not in all is noted."""
    having = group.paths | {path for path, names in read.items() if set(names.columns or ()) & set(group.files)}
    lacking = [path for path, names in read.items() if names.columns is not None and path not in having]
    if not lacking:
        if len(having) < len(read):
            notes.append(f"{group.usual!r} is only in {_show(group.paths)}{suggest_nearest(group.usual, others)}")
        return True
    if len(lacking) > len(having):
        notes.append(f"{group.usual!r} has no column in {_show(lacking)}, so it is left out; name it under behaviors once it has.")
        return False
    notes.append(f"{group.usual!r} has no column in {_show(lacking)}; give it one there, of -1 where nobody looked, or take it out.")
    return True


def _add(chosen: ChosenNames, group: _Group) -> None:
    name = _make_usable(group.usual, chosen.behaviors)
    chosen.behaviors.append(name)
    for said, paths in group.files.items():
        if said != name:
            chosen.meaning[said] = name
            chosen.notes.append(f"{said!r} in {_show(paths)} is read as {name!r} (labels: map).")


def _is_usable(name: str) -> bool:
    return re.fullmatch(r"\w[\w-]*", name) is not None and name.casefold() not in _RESERVED


def _make_usable(name: str, taken: Sequence[str]) -> str:
    """Return a name that a study file may have beside those that are taken."""
    base = name if _is_usable(name) else re.sub(r"[^\w-]+", "_", name).strip("_-") or "behavior"
    candidates = (base, f"{base}_behavior", *(f"{base}_{number}" for number in range(2, len(taken) + 3)))
    return next(candidate for candidate in candidates if _is_usable(candidate) and _is_free(candidate, taken))


def _is_free(name: str, taken: Sequence[str]) -> bool:
    """Tell whether no table would have two columns of one name."""
    columns = {other.casefold() + suffix for other in taken for suffix in ("", *_COLUMN_SUFFIXES)}
    return name.casefold() not in columns and not {name + suffix for suffix in _COLUMN_SUFFIXES} & set(taken)


def _show(paths: Iterable[Path], most: int = 3) -> str:
    names = sorted(str(path) for path in paths)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
