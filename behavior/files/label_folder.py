"""A folder of label files, which are found by the recordings that they are named after."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from behavior.errors import LabelError, UsageError
from behavior.files.folder_contents import list_files
from behavior.files.label_formats.choosing import fits, name_file
from behavior.files.labels import LABEL_SUFFIXES, describe_observations, is_label_file
from behavior.files.name_matching import belongs_to, keep_best, make_safe
from behavior.files.own_results import is_result

__all__ = ["LabelFolder"]


class LabelFolder:
    """The label files in a folder and below, each of which is looked at once, however many recordings are asked for.

    Raises
    ------
    UsageError
        If `folder` is not a folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UsageError(f"{folder}: is not a folder, expected the one that holds the labels; check the path.")
        self._folder = folder
        self._files = [
            path for path in list_files(folder, recursive=True) if path.suffix.casefold() in LABEL_SUFFIXES and is_label_file(path)
        ]
        self._by_start: dict[str, list[Path]] = defaultdict(list)
        for path in self._files:
            name = make_safe(path.stem)
            for end in range(1, len(name) + 1):
                if belongs_to(name, name[:end]):
                    self._by_start[name[:end].casefold()].append(path)

    def find(self, recording: str) -> Path | None:
        """Return the label file whose name starts with a recording's id, None if there is none.

        A file named exactly so is preferred, then one that no model made, then one in fewer folders. If no name does, it is a file with
        the labels of several recordings that names this one.

        Raises
        ------
        LabelError
            If several fit equally well.
        """
        fitting = self._by_start.get(recording.casefold()) or [
            path for path, names in self._named.items() if any(fits(name, [recording]) for name in names)
        ]
        best = keep_best(
            fitting, lambda path: (make_safe(path.stem).casefold() == recording.casefold(), not is_result(path), -len(path.parts))
        )
        if len(best) > 1:
            shown = ", ".join(path.relative_to(self._folder).as_posix() for path in best)
            raise LabelError(f"{recording}: {len(best)} label files fit equally well ({shown}); leave only one in {self._folder}.")
        return best[0] if best else None

    @cached_property
    def _named(self) -> dict[Path, list[str]]:
        """The recordings and videos that label files name in them, as ids."""
        named: dict[Path, list[str]] = {}
        for path in self._files:
            with suppress(LabelError):
                observations = describe_observations(path)
                named[path] = [make_safe(name_file(name)) for observation, media in observations.items() for name in (observation, *media)]
        return named
