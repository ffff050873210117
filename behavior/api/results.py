"""What the functions of the API return has in common: how it is shown, and what came of a command."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from behavior.errors import count_noun

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Outcome", "Shown"]

MOST_ROWS = 60


class Shown(ABC):
    """Is shown as a line of text and, if it has one, a table: in a console as text, in a notebook as HTML."""

    @abstractmethod
    def _describe(self) -> str:
        """Return the line."""

    def _tabulate(self) -> pd.DataFrame | None:
        """Return the table; None for none."""
        return None

    def __repr__(self) -> str:
        table = self._tabulate()
        if table is None or not len(table):
            return self._describe()
        return f"{self._describe()}\n{table.to_string(index=False, na_rep='', max_rows=MOST_ROWS)}"

    def _repr_html_(self) -> str:
        table = self._tabulate()
        shown = "" if table is None or not len(table) else table.to_html(index=False, na_rep="", max_rows=MOST_ROWS, border=0)
        return f"<p>{html.escape(self._describe())}</p>{shown}"


@dataclass(frozen=True, eq=False, repr=False)
class Outcome(Shown):
    """What came of a command that works on several recordings or files; one that fails never stops the rest.

    Attributes
    ----------
    title
        What was done.
    table
        A row for each recording, file, behavior or whatever the command is about.
    failures
        Why some of them could not be used: a sentence by recording or file.
    notes
        Warnings: what you should know about the result.
    """

    title: str
    table: pd.DataFrame
    failures: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def _describe(self) -> str:
        parts = [self.title]
        if self.failures:
            parts.append(f"{len(self.failures)} failed ({', '.join(self.failures)})")
        if self.notes:
            parts.append(f"{count_noun(len(self.notes), 'note')}")
        return "; ".join(parts)

    def _tabulate(self) -> pd.DataFrame:
        return self.table
