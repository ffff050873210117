"""The behaviors of a new study, by the names in its label files, which may differ from person to person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from behavior.errors import BehaviorError, join_first, suggest_nearest
from behavior.files.counter_columns import is_counter
from behavior.files.label_formats.bout_rows import OBSERVED
from behavior.files.label_formats.naming import is_likely_misspelt
from behavior.files.labels import LabelNames, list_names
from behavior.files.name_matching import compose_name

__all__ = ["ChosenNames", "choose_names"]

_COLUMN_SUFFIXES = ("_prob", "_raw", "_label")


@dataclass(frozen=True)
class ChosenNames:
    """The behaviors of a study, and the meaning of names in label files.

    Attributes
    ----------
    behaviors
        In order of appearance; none if no file names one.
    mapping
        Behaviors by the names that label files have for them, where these differ.
    ignored
        Names in label files that are left out.
    notes
        Sentences on how the names were read.
    n_files
        Label files that could be read.
    """

    behaviors: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    n_files: int = 0


@dataclass(frozen=True)
class _Group:
    """Names that mean one behavior, by the files that have them."""

    files: Mapping[str, Sequence[Path]]

    @property
    def usual(self) -> str:
        """The most common of the names that can stay as they are, else of all."""
        return max(self.files, key=lambda name: (_is_usable(name), len(self.files[name])))

    @property
    def paths(self) -> set[Path]:
        """The files that have any of the names."""
        return {path for paths in self.files.values() for path in paths}


def choose_names(paths: Sequence[Path]) -> ChosenNames:
    """Return the behaviors in the label files at `paths`.

    Names that differ only in case and in what separates words mean one behavior; so does a rare name that is nearly spelt as one that
    more files have, if no file has both. Names with characters other than letters, digits, `_` and `-` are changed. Left out are names
    that have only events without a duration, and a behavior that most tables with a row per frame have no column for. Notes say all of
    this, and which files cannot be read.
    """
    read, unread_notes = _read_names(paths)
    files: dict[str, list[Path]] = {}
    for path, names in read.items():
        for name in names.behaviors:
            files.setdefault(name, []).append(path)
    points = _list_points(files, read)
    point_notes = [
        f"{name!r} in {_show(files[name])} has events without a duration only; it is left out (labels: ignore): take it out there and name "
        "it under behaviors to train on it, each event then marks one frame."
        for name in points
    ]
    kept = {name: with_name for name, with_name in files.items() if name not in points}
    groups, spelling_notes = _join_misspelt(_group(kept))
    # The first appearance of any name decides the order.
    order = list(kept)
    behaviors: list[str] = []
    mapping: dict[str, str] = {}
    notes = [*unread_notes, *point_notes, *spelling_notes.values()]
    for group in sorted(groups, key=lambda group: min(order.index(name) for name in group.files)):
        is_common, common_notes = _check_common(group, read, [other.usual for other in groups if other is not group])
        notes += common_notes
        if is_common:
            behavior = _make_usable(group.usual, behaviors)
            behaviors.append(behavior)
            renamed = [name for name in group.files if name != behavior]
            mapping |= dict.fromkeys(renamed, behavior)
            notes += [
                f"{name!r} in {_show(group.files[name])} is read as {behavior!r} (labels: map)."
                for name in renamed
                if name not in spelling_notes
            ]
    return ChosenNames(tuple(behaviors), mapping, tuple(points), tuple(notes), len(read))


def _read_names(paths: Sequence[Path]) -> tuple[dict[Path, LabelNames], list[str]]:
    """Return the names in each file that can be read, and what is wrong with the others."""
    read: dict[Path, LabelNames] = {}
    notes = []
    for path in dict.fromkeys(paths):
        try:
            read[path] = _compose(list_names(path))
        except BehaviorError as error:
            notes.append(str(error))
    return read, notes


def _compose(names: LabelNames) -> LabelNames:
    """Return names as label files are read by: however a system writes an umlaut."""
    parts = {
        part: tuple(map(compose_name, value)) for part in ("behaviors", "points", "columns") if (value := getattr(names, part)) is not None
    }
    return replace(names, **parts)


def _list_points(files: Mapping[str, Sequence[Path]], read: Mapping[Path, LabelNames]) -> list[str]:
    """Return the names that have no bout in any file; [] if all are such."""
    points = [name for name, paths in files.items() if all(name in read[path].points for path in paths)]
    return points if len(points) < len(files) else []


def _group(files: Mapping[str, Sequence[Path]]) -> list[_Group]:
    """Return the names in groups that differ only in case and separators."""
    groups: dict[str, dict[str, Sequence[Path]]] = {}
    for name, paths in files.items():
        groups.setdefault(re.sub(r"[\W_]", "", name).casefold() or name, {})[name] = paths
    return [_Group(of_group) for of_group in groups.values()]


def _join_misspelt(groups: Sequence[_Group]) -> tuple[list[_Group], dict[str, str]]:
    """Return the groups with those that are misspelt joined to those that are meant, and a note for each misspelt name."""
    joined: list[_Group] = []
    notes = {}
    for group in sorted(groups, key=lambda group: -len(group.paths)):
        name = group.usual
        meant = next((index for index, other in enumerate(joined) if _is_misspelling(group, other)), None)
        if meant is None:
            joined.append(group)
            continue
        notes[name] = (
            f"{name!r} in {_show(group.paths)} is taken for {joined[meant].usual!r}, misspelt (labels: map); name it under behaviors if it "
            "is one of its own."
        )
        joined[meant] = _Group({**joined[meant].files, **group.files})
    return joined, notes


def _is_misspelling(rare: _Group, common: _Group) -> bool:
    """Tell whether names are a misspelling: a longer word with a shorter one in it, such as unsupported, is another one."""
    first, second = rare.usual.casefold(), common.usual.casefold()
    return (
        len(rare.paths) < len(common.paths)
        and not rare.paths & common.paths
        and first not in second
        and second not in first
        and is_likely_misspelt(rare.usual, common.usual)
    )


def _check_common(group: _Group, read: Mapping[Path, LabelNames], others: Sequence[str]) -> tuple[bool, list[str]]:
    """Return whether a behavior is kept, and notes if it is not in all files.

    It is left out if more tables with a row per frame have no column for it than files have it.
    """
    having = group.paths | {path for path, names in read.items() if set(names.columns or ()) & set(group.files)}
    lacking = [path for path, names in read.items() if names.columns is not None and path not in having]
    if not lacking:
        without = [path for path in read if path not in having]
        if not without:
            return True, []
        where = f"only in {_show(group.paths)}" if len(having) <= len(without) else f"in every label file but {_show(without)}"
        return True, [f"{group.usual!r} is {where}{suggest_nearest(group.usual, others) or '.'}"]
    if len(lacking) > len(having):
        return False, [f"{group.usual!r} has no column in {_show(lacking)}, so it is left out; name it under behaviors once it has."]
    return True, [
        f"{group.usual!r} has no column in {_show(lacking)}; add one there, of -1 for frames nobody labelled, set labels: {{missing: "
        "unlabelled}, or take it out."
    ]


def _is_usable(name: str) -> bool:
    return re.fullmatch(r"\w[\w-]*", name) is not None and name.casefold() != OBSERVED and not is_counter(name)


def _make_usable(name: str, taken: Sequence[str]) -> str:
    """Return a name that a study file may have next to those that are taken."""
    base = name if _is_usable(name) else re.sub(r"[^\w-]+", "_", name).strip("_-") or "behavior"
    candidates = (base, f"{base}_behavior", *(f"{base}_{number}" for number in range(2, len(taken) + 3)))
    return next(candidate for candidate in candidates if _is_usable(candidate) and _is_free(candidate, taken))


def _is_free(name: str, taken: Sequence[str]) -> bool:
    """Tell whether no table would have two columns of one name."""
    columns = {other.casefold() + suffix for other in taken for suffix in ("", *_COLUMN_SUFFIXES)}
    return name.casefold() not in columns and not {name + suffix for suffix in _COLUMN_SUFFIXES} & set(taken)


def _show(paths: Iterable[Path], most: int = 3) -> str:
    return join_first(sorted(map(str, paths)), most)
