"""Which recordings several people's label files are about, told by the files' names and by what they say, where no study tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from behavior.errors import LabelError
from behavior.files.annotations import LABEL_SUFFIXES, describe_observations, is_label_file
from behavior.files.label_formats.choosing import name_file
from behavior.files.pairing import belongs_to, make_safe
from behavior.files.video import VIDEO_SUFFIXES

__all__ = ["list_recordings"]


@dataclass(frozen=True)
class _Mention:
    """A recording in a file: what it may be called, best first, and its name there, which may have marks that ids do not."""

    ids: tuple[str, ...]
    said: Path | None


def list_recordings(folders: Sequence[Path]) -> dict[str, Path | None]:
    """Return the recordings that the label files in `folders`, one of each rater, are about.

    A file with several observations is about each of them; it is called like the only video that it names, else like itself. Any other
    file is called like itself, or like its only observation where that is what others call one. Where a name of another rater's file
    goes on differently, as in ``m1_anna`` and ``m1``, the shorter counts.

    Returns
    -------
    By its id what files call its video, or itself; None where no file says it.
    """
    mentions = [_list_mentions(folder) for folder in folders]
    known_to = Counter(name.casefold() for found in mentions for name in {id.casefold() for mention in found for id in mention.ids})
    called: list[dict[str, Path | None]] = []
    for found in mentions:
        called.append({})
        for mention in found:
            chosen = next((name for name in mention.ids if known_to[name.casefold()] > 1), mention.ids[0])
            called[-1].setdefault(chosen, mention.said)
    names: dict[str, Path | None] = {}
    for by_name in called:
        for name, said in by_name.items():
            # Raters may differ in case.
            same = next((other for other in names if other.casefold() == name.casefold()), name)
            names[same] = names.get(same) or said

    def is_same(longer: str, shorter: str) -> bool:
        return longer != shorter and belongs_to(longer, shorter) and not any({longer, shorter} <= set(found) for found in called)

    return {name: names[name] for name in sorted(names) if not any(is_same(name, other) for other in names)}


def _list_mentions(folder: Path) -> list[_Mention]:
    said = {
        path: _read_names(path) for path in sorted(folder.rglob("*")) if path.suffix.casefold() in LABEL_SUFFIXES and is_label_file(path)
    }
    counts = Counter(id for found in said.values() for id in {mention.ids[0] for mention in found})
    mentions = []
    for path, found in said.items():
        stem = make_safe(path.stem)
        if len(found) == 1:
            mentions.append(_Mention(tuple(dict.fromkeys((stem, *found[0].ids))), found[0].said))
        # Where every file has them, as sheets may be, they are not what recordings are called.
        elif any(counts[mention.ids[0]] == 1 for mention in found):
            mentions += found
        else:
            mentions.append(_Mention((stem,), None))
    return mentions


def _read_names(path: Path) -> list[_Mention]:
    """Return what each observation in a label file is called; nothing where there are none, or the file cannot be read."""
    try:
        observations = describe_observations(path)
    except LabelError:
        # Whoever reads the labels says what is wrong.
        return []
    names = []
    for observation, media in observations.items():
        said = Path(name_file(media[0] if len(media) == 1 else observation))
        bare = said.stem if len(media) == 1 or said.suffix.casefold() in VIDEO_SUFFIXES else said.name
        ids = tuple(dict.fromkeys(filter(None, (make_safe(bare), make_safe(name_file(observation))))))
        if ids:
            names.append(_Mention(ids, said))
    return names
