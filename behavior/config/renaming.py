"""Another name for a behavior, in settings, and in texts that have its name in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from behavior.config.decisions import Postprocess
from behavior.config.study import Study

__all__ = ["Renaming"]


@dataclass(frozen=True)
class Renaming:
    """A behavior's name, and what it is called from now on.

    Attributes
    ----------
    old, new
        Both names.

    Examples
    --------
    >>> renaming = Renaming("grooming", "self_grooming")
    >>> renaming.rename_all(["grooming", "rearing"])
    ['self_grooming', 'rearing']
    >>> renaming.rename_words("no frame of grooming in fold grooming_2")
    'no frame of self_grooming in fold grooming_2'
    """

    old: str
    new: str

    def rename(self, name: str) -> str:
        """Return what a behavior is called from now on."""
        return self.new if name == self.old else name

    def rename_all(self, names: Iterable[str]) -> list[str]:
        """Return what behaviors are called from now on."""
        return [self.rename(name) for name in names]

    def rename_keys(self, values: Any) -> Any:
        """Return `values` by the new names if they are a mapping by behaviors; anything else as it is."""
        return {self.rename(str(name)): value for name, value in values.items()} if isinstance(values, Mapping) else values

    def rename_words(self, text: str) -> str:
        """Return a text for people with the name replaced where it stands as a word of its own."""
        return re.sub(rf"(?<![\w-]){re.escape(self.old)}(?![\w-])", lambda _: self.new, text)

    def rename_postprocess(self, settings: Postprocess) -> Postprocess:
        """Return settings with one value for each behavior by the new names."""
        return settings.model_copy(update={name: self.rename_keys(getattr(settings, name)) for name in Postprocess.model_fields})

    def rename_study(self, study: Study) -> Study:
        """Return a study with the new name, in whose label files the old name still means this behavior.

        Raises
        ------
        pydantic.ValidationError
            If a study may not have a behavior of this name.
        """
        if self.old not in study.behaviors:
            return study
        mapping = {name: self.rename(meant) for name, meant in study.labels.map.items()}
        labels = study.labels.model_copy(update={"map": {self.old: self.new, **mapping}})
        renamed = study.model_copy(
            update={
                "behaviors": self.rename_all(study.behaviors),
                "labels": labels,
                "postprocess": self.rename_postprocess(study.postprocess),
            }
        )
        Study.model_validate(renamed.model_dump(exclude_none=True))
        return renamed
