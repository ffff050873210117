"""Which recordings the label files of several people are about, by the files' names and contents, if no study tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from behavior.errors import LabelError
from behavior.files.label_formats.choosing import name_file
from behavior.files.labels import LABEL_SUFFIXES, describe_observations, is_label_file
from behavior.files.name_matching import belongs_to, make_safe
from behavior.files.video_packets import VIDEO_SUFFIXES

__all__ = ["list_recordings"]


@dataclass(frozen=True)
class _Mention:
    """A recording in a file: the ids that it may have, best first, and its name there, which may have characters that ids do not."""

    ids: tuple[str, ...]
    name: Path | None


def list_recordings(folders: Sequence[Path]) -> dict[str, Path | None]:
    """Return the recordings that the label files in `folders`, one of each rater, are about.

    A file with several observations is about each of them; an observation is named after the only video that it names, else after
    itself. Any other file is named after itself, or after its only observation if other raters' files have that name. If a name of
    another rater's file goes on differently, as in ``m1_anna`` and ``m1``, the shorter one counts.

    Returns
    -------
    By its id the name of its video or observation in the files; None if no file has one.
    """
    mentions = [_list_mentions(folder) for folder in folders]
    known_to = Counter(name.casefold() for by_rater in mentions for name in {id.casefold() for mention in by_rater for id in mention.ids})
    by_rater: list[dict[str, Path | None]] = []
    for of_rater in mentions:
        by_rater.append({})
        for mention in of_rater:
            chosen = next((name for name in mention.ids if known_to[name.casefold()] > 1), mention.ids[0])
            by_rater[-1].setdefault(chosen, mention.name)
    names: dict[str, Path | None] = {}
    for names_of_rater in by_rater:
        for id, name in names_of_rater.items():
            # Raters may differ in case.
            same = next((other for other in names if other.casefold() == id.casefold()), id)
            names[same] = names.get(same) or name

    def is_same(longer: str, shorter: str) -> bool:
        return longer != shorter and belongs_to(longer, shorter) and not any({longer, shorter} <= set(ids) for ids in by_rater)

    return {id: names[id] for id in sorted(names) if not any(is_same(id, other) for other in names)}


def _list_mentions(folder: Path) -> list[_Mention]:
    """Return the recordings in the label files of one rater."""
    by_file = {
        path: _read_names(path) for path in sorted(folder.rglob("*")) if path.suffix.casefold() in LABEL_SUFFIXES and is_label_file(path)
    }
    counts = Counter(id for mentions in by_file.values() for id in {mention.ids[0] for mention in mentions})
    listed = []
    for path, mentions in by_file.items():
        stem = make_safe(path.stem)
        if len(mentions) == 1:
            listed.append(_Mention(tuple(dict.fromkeys((stem, *mentions[0].ids))), mentions[0].name))
        # Observations that every file has, as sheets may be, are not recordings.
        elif any(counts[mention.ids[0]] == 1 for mention in mentions):
            listed += mentions
        else:
            listed.append(_Mention((stem,), None))
    return listed


def _read_names(path: Path) -> list[_Mention]:
    """Return the observations in a label file; [] if there are none, or the file cannot be read."""
    try:
        observations = describe_observations(path)
    except LabelError:
        # Reading the labels raises it again.
        return []
    mentions = []
    for observation, media in observations.items():
        name = Path(name_file(media[0] if len(media) == 1 else observation))
        bare = name.stem if len(media) == 1 or name.suffix.casefold() in VIDEO_SUFFIXES else name.name
        ids = tuple(dict.fromkeys(filter(None, (make_safe(bare), make_safe(name_file(observation))))))
        if ids:
            mentions.append(_Mention(ids, name))
    return mentions
