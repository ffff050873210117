"""Which files belong to a video by their names, and what recordings are named after videos."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

__all__ = [
    "TRACKER_MARK",
    "VideoNames",
    "belongs_to",
    "compose_name",
    "find_owners",
    "fold_name",
    "is_marked",
    "keep_best",
    "make_safe",
    "name_recordings",
    "rate_nearness",
]

# DeepLabCut appends the network's name, which starts with this, to the video's without a separator; the second was version 1's.
TRACKER_MARK = "(?:DLC|DeepCut)"
_MARKED = re.compile(TRACKER_MARK)


def fold_name(name: str) -> str:
    """Return a name as names are compared: in any case, and whether a system writes an umlaut as one character or as two (macOS).

    >>> fold_name("M\u00c4USE") == fold_name("Ma\u0308use")
    True
    """
    return compose_name(name).casefold()


def compose_name(name: str) -> str:
    """Return a name with each umlaut as one character: macOS writes two in names of files, and so do tables that were written from these.

    >>> len("a\u0308"), len(compose_name("a\u0308"))
    (2, 1)
    """
    return unicodedata.normalize("NFC", name)


def belongs_to(name: str, stem: str) -> bool:
    """Tell whether a file named `name` (without its suffix) may belong to the video named `stem`.

    It has to start with the video's name, in any case, and no letter or digit may follow, except for DeepLabCut's mark.

    >>> belongs_to("OFT_5DLC_resnet50", "OFT_5"), belongs_to("OFT_50", "OFT_5")
    (True, False)
    """
    name, stem = compose_name(name), compose_name(stem)
    # Folding may change the length of a name, so the beginning of `name` is cut before it is folded.
    rest = name[len(stem) :]
    return name[: len(stem)].casefold() == stem.casefold() and (not rest[:1].isalnum() or _MARKED.match(rest) is not None)


def is_marked(name: str, stem: str) -> bool:
    """Tell whether a file named `name` belongs to the video named `stem` and has DeepLabCut's mark behind its name.

    >>> is_marked("m1DLC_resnet50", "m1"), is_marked("m1_notes", "m1")
    (True, False)
    """
    return belongs_to(name, stem) and _MARKED.match(compose_name(name)[len(compose_name(stem)) :]) is not None


def find_owners(path: Path, videos: Sequence[Path]) -> list[Path]:
    """Return the video that `path` belongs to, several if nothing tells them apart, or none."""
    return VideoNames(videos).find_owners(path)


class VideoNames:
    """The names of videos, among which the owners of many files are found; how long one takes does not depend on their number.

    Examples
    --------
    >>> [path.name for path in VideoNames([Path("m1.mp4"), Path("m1_top.mp4")]).find_owners(Path("m1_topDLC_x.csv"))]
    ['m1_top.mp4']
    """

    def __init__(self, videos: Sequence[Path]) -> None:
        self._by_stem: dict[tuple[int, str], list[Path]] = defaultdict(list)
        for video in videos:
            self._by_stem[len(compose_name(video.stem)), fold_name(video.stem)].append(video)

    def find_owners(self, path: Path) -> list[Path]:
        """Return the video that `path` belongs to, several if nothing tells them apart, or none."""
        name = compose_name(path.stem)
        for length in range(len(name), 0, -1):
            fitting = self._by_stem.get((length, name[:length].casefold()))
            if fitting and belongs_to(name, fitting[0].stem):
                return keep_best(fitting, lambda video: rate_nearness(path, video))
        return []


def rate_nearness(path: Path, video: Path) -> tuple[int, int]:
    """Return how many folder names two files share, and minus the number of steps from one folder to the other.

    >>> rate_nearness(Path("a/labels/m1.csv"), Path("a/videos/m1.mp4"))
    (1, -2)
    """
    first, second = path.parent.parts, video.parent.parts
    shared = sum((Counter(first) & Counter(second)).values())
    common = next(
        (depth for depth, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]), min(len(first), len(second))
    )
    return shared, 2 * common - len(first) - len(second)


def keep_best(paths: Sequence[Path], rate: Callable[[Path], bool | tuple[int, ...]]) -> list[Path]:
    """Return those of `paths` with the highest rating, in their order."""
    ratings = [rate(path) for path in paths]
    highest = max(ratings, default=None)
    return [path for path, rating in zip(paths, ratings, strict=True) if rating == highest]


def make_safe(name: str) -> str:
    """Return the id of a recording that is named after `name`: characters that a file name should not have become `_`.

    So does what Windows takes for a device: a file cannot be called that there.

    >>> make_safe("Mäuse 1"), make_safe("con.1"), make_safe("control")
    ('M_use_1', 'con_.1', 'control')
    """
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", compose_name(name))
    return re.sub(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", r"\1_", safe)


def name_recordings(videos: Sequence[Path], folder: Path) -> list[str]:
    """Return a unique id per video: its name, with its folders in front and its suffix at the end as far as needed.

    >>> name_recordings([Path("a/m1.mp4"), Path("b/m1.mp4"), Path("b/m2.mp4")], Path())
    ['a_m1', 'b_m1', 'm2']
    """
    choices = []
    for video in videos:
        folders = [folder.resolve().name, *video.relative_to(folder).parts[:-1]]
        names = ["_".join([*folders[len(folders) - depth :], video.stem]) for depth in range(len(folders) + 1)]
        names += [f"{video.stem}_{video.suffix[1:]}", "_".join([*folders, video.stem, video.suffix[1:]])]
        choices.append([make_safe(name) for name in names])
    depths = [0] * len(videos)
    while True:
        ids = [names[min(depth, len(names) - 1)] for names, depth in zip(choices, depths, strict=True)]
        counts = Counter(name.casefold() for name in ids)
        repeated = [index for index, name in enumerate(ids) if counts[name.casefold()] > 1]
        if not any(depths[index] < len(choices[index]) - 1 for index in repeated):
            break
        for index in repeated:
            depths[index] += 1
    # Names that differ only in characters that are replaced are numbered.
    for index in repeated[1:]:
        number = 2
        while f"{ids[index]}_{number}".casefold() in counts:
            number += 1
        ids[index] = f"{ids[index]}_{number}"
        counts[ids[index].casefold()] += 1
    return ids
