"""Which names in a label file stand for which behaviors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from behavior.errors import LabelError, join_first
from behavior.files.name_matching import compose_name

__all__ = ["IN_STUDY_FILE", "MODIFIER_MARK", "Naming", "is_likely_misspelt", "join_modifiers"]

# Separates a behavior and its modifiers.
MODIFIER_MARK = "|"

# Where to set what a file cannot be read without, and how commands that need no study get it.
IN_STUDY_FILE = "in the study file (which evaluate and agreement take with --study)"


@dataclass(frozen=True)
class Naming:
    """Maps the names in a file to behaviors.

    A name with modifiers, such as ``grooming|face``, is looked up with its modifiers first, then without. A name that is mapped means
    that behavior only; one that is not mapped means the behavior of that name.

    Attributes
    ----------
    behaviors
        The behaviors that are requested.
    mapping
        Behaviors by their names in files.
    ignored
        Names in files that are left out without a note.

    Examples
    --------
    >>> Naming(("grooming",), {"Groom": "grooming"}).find_behavior("Groom|face")
    0
    """

    behaviors: tuple[str, ...]
    mapping: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()

    def find_behavior(self, name: str) -> int | None:
        """Return the index in `behaviors` of the one that `name` means; None if it means none of them."""
        for spelling in dict.fromkeys((name, name.split(MODIFIER_MARK)[0])):
            behavior = self._look_up(spelling)
            if behavior is not None:
                return self.behaviors.index(behavior) if behavior in self.behaviors else None
        return None

    def list_missing(self, names: Sequence[str]) -> list[int]:
        """Return the indexes in `behaviors` of those that none of `names` can mean, whatever modifiers it had."""
        bases = {name.split(MODIFIER_MARK)[0].strip().casefold() for name in names}
        mapped = {behavior for name, behavior in self.mapping.items() if name.split(MODIFIER_MARK)[0].strip().casefold() in bases}
        meant = {self.find_behavior(name) for name in names}
        return [index for index, behavior in enumerate(self.behaviors) if index not in meant and behavior not in mapped]

    def note_left_out(self, path: Path, names: Sequence[str], kind: str) -> list[str]:
        """Return a note on those of `names` that stand for no behavior and are not ignored, [] if there are none.

        `kind` says what they are, in the plural.
        """
        unknown = self._list_unknown(names)
        return [f"{path}: {kind} that the study does not name are left out: {', '.join(unknown)}."] if unknown else []

    def require_not_renamed(self, path: Path, names: Sequence[str]) -> None:
        """Raise LabelError if one of `names`, all names in a file, is that of a requested behavior, but is mapped to another name.

        That is so where a behavior was renamed in the study, and what it is compared with still has its old name.
        """
        for index, behavior in enumerate(self.behaviors):
            if any(self.find_behavior(name) == index for name in names):
                continue
            for name in names:
                base = name.split(MODIFIER_MARK)[0]
                mapped = self._look_up(base)
                if base.strip().casefold() == behavior.casefold() and mapped is not None and mapped != behavior:
                    raise LabelError(
                        f"{path}: the study's map makes {base!r} of this file {mapped!r}, but these ethograms say {behavior!r}; rename the "
                        f"behavior in them (behavior rename), or use a study file whose labels: {{map: ...}} leaves {base!r} as it is."
                    )

    def require_known(self, path: Path, names: Sequence[str], *, is_foreign: bool) -> None:
        """Raise LabelError if `names`, all names in a file, are likely to mean behaviors that they are not mapped to.

        That is so if one of them is a behavior's own name, mapped to another (`require_not_renamed`), if one is spelt nearly like a
        behavior that the file lacks, or, in files of other tools, if none is known.
        """
        self.require_not_renamed(path, names)
        unknown = self._list_unknown(names)
        present = {index for name in names if (index := self.find_behavior(name)) is not None}
        for index, behavior in enumerate(self.behaviors):
            alike = [name for name in unknown if is_likely_misspelt(behavior, name)] if index not in present else []
            if alike:
                raise LabelError(
                    f"{path}: has no bout of {behavior!r}, but some of {alike[0]!r}, which the study does not name; spell it alike, or "
                    f'say {IN_STUDY_FILE} what it means: labels: {{map: {{"{alike[0]}": {behavior}}}}}.'
                )
        if is_foreign and unknown and not present and self.behaviors:
            listed = join_first(map(repr, unknown), 8)
            raise LabelError(
                f"{path}: names {listed}, and none of these is a behavior of the study ({', '.join(self.behaviors)}); say "
                f'{IN_STUDY_FILE} what they mean: labels: {{map: {{"{unknown[0]}": {self.behaviors[0]}}}}}, or which mean nothing: '
                "labels: {ignore: [...]}."
            )

    def _look_up(self, spelling: str) -> str | None:
        # Some systems write an umlaut as two characters.
        for written in dict.fromkeys((spelling, compose_name(spelling))):
            if written in self.mapping:
                return self.mapping[written]
            if written in self.behaviors:
                return written
        alike = {behavior for name, behavior in self.mapping.items() if name.strip().casefold() == spelling.casefold()}
        return alike.pop() if len(alike) == 1 else None

    def _list_unknown(self, names: Sequence[str]) -> list[str]:
        """Return those of `names` that stand for no behavior and are not ignored, without modifiers if these make no difference."""
        bases = {name.split(MODIFIER_MARK)[0] for name in names if self.find_behavior(name) is not None}
        unknown = []
        for name in names:
            base = name.split(MODIFIER_MARK)[0]
            if self.find_behavior(name) is None and not {name, base} & self.ignored:
                unknown.append(name if base in bases else base)
        return list(dict.fromkeys(unknown))


def join_modifiers(name: str, modifiers: Sequence[str]) -> str:
    """Return a name with its modifiers, without empty ones.

    >>> join_modifiers("grooming", ["face", "None", ""])
    'grooming|face'
    """
    stripped = [modifier.strip() for modifier in modifiers]
    return MODIFIER_MARK.join([name, *(modifier for modifier in stripped if modifier not in ("", "None", "NA"))])


def is_likely_misspelt(name: str, other: str) -> bool:
    """Tell whether two names are spellings of one: they differ in case and separators only, or in a letter or so.

    Names that differ in a digit or in a part of one letter are kept apart.

    >>> is_likely_misspelt("grooming", "Groming"), is_likely_misspelt("chamber_a", "chamber_b")
    (True, False)
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
