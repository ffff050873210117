"""Which names in a label file stand for which behaviors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from behavior.errors import LabelError

__all__ = ["IN_STUDY_FILE", "MODIFIER_MARK", "Naming", "is_likely_misspelt", "join_modifiers"]

# What stands between a behavior and its modifiers.
MODIFIER_MARK = "|"

# Where settings are for files that cannot be read without them, and how commands get them that need no study.
IN_STUDY_FILE = "in the study file (which evaluate and agreement take with --study)"


@dataclass(frozen=True)
class Naming:
    """Says what names in a file mean.

    A name with modifiers, such as ``grooming|face``, stands for what is said of it with its modifiers, else for what is said of it
    without. What is mapped stands for that alone; a name that is not mapped stands for the behavior of that name.

    Attributes
    ----------
    behaviors
        The behaviors that are asked for.
    mapping
        Behaviors by the names that they have in files.
    ignored
        Names in files that mean nothing, and are left out without a note.
    """

    behaviors: tuple[str, ...]
    mapping: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()

    def find(self, name: str) -> int | None:
        """Return the place in `behaviors` of what `name` stands for; None where that is none of them."""
        for spelling in dict.fromkeys((name, name.split(MODIFIER_MARK)[0])):
            meant = self._look_up(spelling)
            if meant is not None:
                return self.behaviors.index(meant) if meant in self.behaviors else None
        return None

    def note_left_out(self, path: Path, names: Sequence[str], what: str) -> list[str]:
        """Return the note on which of `names` stand for no behavior, and are not ignored; none where there is none."""
        unknown = self._list_unknown(names)
        return [f"{path}: {what} that the study does not name are left out: {', '.join(unknown)}."] if unknown else []

    def require_known(self, path: Path, names: Sequence[str], *, is_foreign: bool) -> None:
        """Raise LabelError if `names`, all that are in a file, are likely to mean behaviors that they are not said to.

        That is where one of them is nearly spelt as a behavior that the file lacks, or, in files of other tools, where none is known.
        """
        unknown = self._list_unknown(names)
        found = {place for name in names if (place := self.find(name)) is not None}
        for place, behavior in enumerate(self.behaviors):
            alike = [name for name in unknown if is_likely_misspelt(behavior, name)] if place not in found else []
            if alike:
                raise LabelError(
                    f"{path}: has no bout of {behavior!r}, but some of {alike[0]!r}, which the study does not name; spell it alike, or "
                    f'say {IN_STUDY_FILE} what it means: labels: {{map: {{"{alike[0]}": {behavior}}}}}.'
                )
        if is_foreign and unknown and not found and self.behaviors:
            listed = ", ".join(map(repr, unknown[:8])) + (f" and {len(unknown) - 8} more" if len(unknown) > 8 else "")
            raise LabelError(
                f"{path}: names {listed}, and none of these is a behavior of the study ({', '.join(self.behaviors)}); say "
                f'{IN_STUDY_FILE} what they mean: labels: {{map: {{"{unknown[0]}": {self.behaviors[0]}}}}}, or which mean nothing: '
                "labels: {ignore: [...]}."
            )

    def _look_up(self, spelling: str) -> str | None:
        if spelling in self.mapping:
            return self.mapping[spelling]
        if spelling in self.behaviors:
            return spelling
        alike = {meant for name, meant in self.mapping.items() if name.strip().casefold() == spelling.casefold()}
        return alike.pop() if len(alike) == 1 else None

    def _list_unknown(self, names: Sequence[str]) -> list[str]:
        """Return those of `names` that stand for no behavior and are not ignored; without modifiers where these make no difference."""
        bases = {name.split(MODIFIER_MARK)[0] for name in names if self.find(name) is not None}
        unknown = []
        for name in names:
            base = name.split(MODIFIER_MARK)[0]
            if self.find(name) is None and not {name, base} & self.ignored:
                unknown.append(name if base in bases else base)
        return list(dict.fromkeys(unknown))


def join_modifiers(name: str, modifiers: Sequence[str]) -> str:
    """Return a name with its modifiers, those left out that say nothing.

    >>> join_modifiers("grooming", ["face", "None", ""])
    'grooming|face'
    """
    said = [modifier.strip() for modifier in modifiers]
    return MODIFIER_MARK.join([name, *(modifier for modifier in said if modifier not in ("", "None", "NA"))])


def is_likely_misspelt(name: str, other: str) -> bool:
    """Tell whether two names mean the same: alike to the letter but for case and separators, or but for a letter or so.

    Names that differ in a digit or in a part of one letter (``chamber_a``, ``chamber_b``) are kept apart.
    """
    first, second = name.casefold(), other.casefold()
    if re.sub(r"[\W_]", "", first) == re.sub(r"[\W_]", "", second):
        return True
    if re.findall(r"\d", first) != re.findall(r"\d", second):
        return False
    if [part for part in re.split(r"[\W_\d]+", first) if len(part) == 1] != [
        part for part in re.split(r"[\W_\d]+", second) if len(part) == 1
    ]:
        return False
    return SequenceMatcher(None, first, second).ratio() >= 0.8
