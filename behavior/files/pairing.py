"""Which pose and label files belong to which video, told by name and content."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from behavior.errors import LabelError, PoseError, UsageError
from behavior.files.annotations import LABEL_SUFFIXES, is_label_file
from behavior.files.pose import POSE_SUFFIXES, is_pose
from behavior.files.video import VIDEO_SUFFIXES

__all__ = ["Pairing", "belongs_to", "find_labels_for", "find_pose_for", "make_safe", "pair_files"]

_OWN_FOLDERS = frozenset({"cache"})

# DeepLabCut appends the network's name, which starts so, to the video's without a separator.
_TRACKER_MARK = "DLC"

_FILTERED = "_filtered"
_LABELED = "_labeled"


@dataclass(frozen=True)
class Pairing:
    """A video and what belongs to it.

    Attributes
    ----------
    recording
        Its id: unique in the folder, and safe as a file name.
    video, pose, labels
        Paths; None where none was found, or none could be chosen.
    """

    recording: str
    video: Path | None
    pose: Path | None
    labels: Path | None


def pair_files(folder: Path) -> tuple[list[Pairing], list[str]]:
    """Pair the videos under `folder` with their pose and label files.

    A file belongs to the video with the longest name that its own starts with (`belongs_to`); among videos of one name to the
    one whose folders are most alike, then nearest. Content tells pose from labels. Filtered pose is preferred, HDF5 to CSV of the
    same name, and labels named exactly as the video. Videos in which a tracker drew its points (``_labeled``), hidden files and
    what this package writes are left out.

    Returns
    -------
    Pairings in the order of the videos' paths, and a sentence for each file that found no partner, or several.

    Raises
    ------
    UsageError
        If `folder` is no folder.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: is no folder, expected the one that holds the videos; check the path.")
    files = _list_files(folder, recursive=True)
    videos = [path for path in files if _is_video(path)]
    sentences: list[str] = []
    poses: dict[Path, list[Path]] = defaultdict(list)
    labels: dict[Path, list[Path]] = defaultdict(list)
    for path in files:
        if path.suffix.casefold() not in (*POSE_SUFFIXES, *LABEL_SUFFIXES):
            continue
        owners = _find_owners(path, videos)
        kind = "a pose file" if is_pose(path) else "a label file" if is_label_file(path) else ""
        name = path.relative_to(folder).as_posix()
        if not owners and kind:
            sentences.append(f"{name}: is {kind}, but no video has a name that it starts with; it is left out.")
        elif len(owners) == 1 and kind:
            (poses if kind == "a pose file" else labels)[owners[0]].append(path)
        elif len(owners) == 1:
            sentences.append(
                f"{name}: is named as {owners[0].name} is, but holds neither pose nor labels that can be read; it is left out."
            )
        elif kind:
            sentences.append(f"{name}: is {kind} that fits {_list_names(owners, folder)} equally well; enter it by hand.")

    pairings = []
    for video, recording in zip(videos, _name_recordings(videos, folder), strict=True):
        chosen: dict[str, Path | None] = {}
        for kind, best in (("pose", _prefer_pose(video, poses[video])), ("label", _prefer_labels(video, labels[video]))):
            chosen[kind] = best[0] if len(best) == 1 else None
            name = video.relative_to(folder).as_posix()
            if not best:
                sentences.append(f"{name}: no {kind} file found, expected one whose name starts with {video.stem!r}.")
            elif len(best) > 1:
                sentences.append(
                    f"{name}: {len(best)} {kind} files fit equally well ({_list_names(best, folder)}); none is chosen, enter one by hand."
                )
        pairings.append(Pairing(recording, video, chosen["pose"], chosen["label"]))
    return pairings, sentences


def find_pose_for(video: Path) -> Path | None:
    """Return the pose file beside `video`, by the rules of `pair_files`, or None where there is none.

    Raises
    ------
    PoseError
        If several fit equally well.
    """
    if not video.parent.is_dir():
        return None
    files = _list_files(video.parent, recursive=False)
    videos = list(dict.fromkeys([*(path for path in files if _is_video(path)), video]))
    named = [path for path in files if path.suffix.casefold() in POSE_SUFFIXES and video in _find_owners(path, videos)]
    best = _prefer_pose(video, [path for path in named if is_pose(path)])
    if len(best) > 1:
        raise PoseError(f"{video}: {len(best)} pose files fit equally well ({_list_names(best, video.parent)}); name the one to use.")
    return best[0] if best else None


def find_labels_for(recording: str, folder: Path) -> Path | None:
    """Return the label file under `folder` whose name starts with a recording's id, or None where there is none.

    A file named exactly so is preferred, then one that lies less deep.

    Raises
    ------
    UsageError
        If `folder` is no folder.
    LabelError
        If several fit equally well.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: is no folder, expected the one that holds the labels; check the path.")
    fitting = [
        path
        for path in _list_files(folder, recursive=True)
        if path.suffix.casefold() in LABEL_SUFFIXES and belongs_to(make_safe(path.stem), recording) and is_label_file(path)
    ]
    best = _keep_best(fitting, lambda path: (make_safe(path.stem).casefold() == recording.casefold(), -len(path.parts)))
    if len(best) > 1:
        raise LabelError(
            f"{recording}: {len(best)} label files fit equally well ({_list_names(best, folder)}); leave only one in {folder}."
        )
    return best[0] if best else None


def belongs_to(name: str, stem: str) -> bool:
    """Tell whether a file named `name` (without its suffix) may belong to the video named `stem`.

    It starts with the video's name, in whatever case, and no letter or digit follows, unless it is DeepLabCut's mark.

    >>> belongs_to("OFT_5DLC_resnet50", "OFT_5"), belongs_to("OFT_50", "OFT_5")
    (True, False)
    """
    # Folding may change the length of a name, so the beginning of `name` is compared as it stands.
    rest = name[len(stem) :]
    return name[: len(stem)].casefold() == stem.casefold() and (not rest[:1].isalnum() or rest.startswith(_TRACKER_MARK))


def _list_files(folder: Path, *, recursive: bool) -> list[Path]:
    """Return the files in `folder` without hidden ones and those that this package writes, in an order of their own."""
    found = folder.rglob("*") if recursive else folder.iterdir()
    return sorted((path for path in found if path.is_file() and not _is_left_out(path, path.relative_to(folder).parts)), key=_sort_key)


def _is_left_out(path: Path, parts: Sequence[str]) -> bool:
    """Tell whether a file, whose path is `parts` from the folder that is looked through, is hidden or written by this package."""
    if any(part.startswith(".") or part in _OWN_FOLDERS for part in parts):
        return True
    # A table of bouts that somebody made is called like ours, but lies alone.
    stem = path.stem.removesuffix("_bouts")
    return path.stem.casefold().endswith("_ethogram") or (stem != path.stem and path.with_name(f"{stem}_ethogram.csv").is_file())


def _is_video(path: Path) -> bool:
    return path.suffix.casefold() in VIDEO_SUFFIXES and not path.stem.casefold().endswith(_LABELED)


def _sort_key(path: Path) -> tuple[str, str]:
    return path.as_posix().casefold(), path.as_posix()


def _find_owners(path: Path, videos: Sequence[Path]) -> list[Path]:
    """Return the video that `path` belongs to, or several where nothing tells them apart, or none."""
    fitting = [video for video in videos if belongs_to(path.stem, video.stem)]
    longest = max((len(video.stem) for video in fitting), default=0)
    return _keep_best([video for video in fitting if len(video.stem) == longest], lambda video: _rate_nearness(path, video))


def _rate_nearness(path: Path, video: Path) -> tuple[int, int]:
    """Return how many folder names two files share, and how few steps lead from one folder to the other (negative)."""
    first, second = path.parent.parts, video.parent.parts
    shared = sum((Counter(first) & Counter(second)).values())
    common = next(
        (depth for depth, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]), min(len(first), len(second))
    )
    return shared, 2 * common - len(first) - len(second)


def _prefer_pose(video: Path, poses: Sequence[Path]) -> list[Path]:
    best = _keep_best(poses, lambda path: path.stem.casefold().endswith(_FILTERED))
    best = _keep_best(best, lambda path: _rate_nearness(path, video))
    # One tracker writes one pose in two formats: HDF5 keeps its numbers as they were.
    twins = {path.with_suffix("") for path in best if path.suffix.casefold() != ".csv"}
    return [path for path in best if path.suffix.casefold() != ".csv" or path.with_suffix("") not in twins]


def _prefer_labels(video: Path, labels: Sequence[Path]) -> list[Path]:
    best = _keep_best(labels, lambda path: path.stem.casefold() == video.stem.casefold())
    return _keep_best(best, lambda path: _rate_nearness(path, video))


def _keep_best(paths: Sequence[Path], rate: Callable[[Path], bool | tuple[int, int]]) -> list[Path]:
    """Return those of `paths` with the highest rating, in their order."""
    ratings = [rate(path) for path in paths]
    highest = max(ratings, default=None)
    return [path for path, rating in zip(paths, ratings, strict=True) if rating == highest]


def _list_names(paths: Iterable[Path], folder: Path) -> str:
    return ", ".join(path.relative_to(folder).as_posix() for path in paths)


def make_safe(name: str) -> str:
    """Return `name` as recordings are called after it: every character that a file name should not have becomes `_`."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def _name_recordings(videos: Sequence[Path], folder: Path) -> list[str]:
    """Return an id per video: its name, with those of its folders in front, and its suffix behind, as far as needed to be unique."""
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
        repeated = [place for place, name in enumerate(ids) if counts[name.casefold()] > 1]
        if not any(depths[place] < len(choices[place]) - 1 for place in repeated):
            break
        for place in repeated:
            depths[place] += 1
    # Names that differ only in characters that are replaced are numbered.
    for place in repeated[1:]:
        number = 2
        while f"{ids[place]}_{number}".casefold() in counts:
            number += 1
        ids[place] = f"{ids[place]}_{number}"
        counts[ids[place].casefold()] += 1
    return ids
