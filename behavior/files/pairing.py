"""Which pose and label files belong to which video, told by name and content."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from behavior.errors import LabelError, PoseError, UsageError
from behavior.files.annotations import LABEL_SUFFIXES, describe_observations, is_label_file
from behavior.files.label_formats.choosing import fits, name_file, spell
from behavior.files.own_results import is_named_as_result, is_result
from behavior.files.pose import POSE_SUFFIXES, is_pose
from behavior.files.video import VIDEO_SUFFIXES

__all__ = ["Pairing", "belongs_to", "find_labels_for", "find_pose_for", "make_safe", "pair_files"]

# DeepLabCut appends the network's name, which starts so, to the video's without a separator.
_TRACKER_MARK = "DLC"

# Labels in formats that are not read: whoever has them should hear of it.
_UNREAD_SUFFIXES = (".xls", ".ods")

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
    raters
        Label files that fit equally well, by what their names say of who made them.
    undecided
        Label files that fit equally well, where their names do not say that.
    """

    recording: str
    video: Path | None
    pose: Path | None
    labels: Path | None
    raters: Mapping[str, Path] = field(default_factory=dict, hash=False)
    undecided: tuple[Path, ...] = ()


def pair_files(folder: Path) -> tuple[list[Pairing], list[str]]:
    """Pair the videos under `folder` with their pose and label files.

    A file belongs to the video with the longest name that its own starts with (`belongs_to`); among videos of one name to the
    one whose folders are most alike, then nearest. A label file that names videos or recordings itself, as BORIS projects and tables
    of several recordings do, belongs to all of those. Content tells pose from labels. Filtered pose is preferred, HDF5 to CSV of the
    same name, and labels named exactly as the video, then those named so that they belong to it. Label files of one video that remain
    are of several raters where what differs in their names is the same for all such videos. Videos in which a tracker drew its
    points (``_labeled``), hidden files and what this package writes are left out.

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
    found = _Found(folder, dict(zip(videos, _name_recordings(videos, folder), strict=True)))
    for path in files:
        if path.suffix.casefold() in (*POSE_SUFFIXES, *LABEL_SUFFIXES, *_UNREAD_SUFFIXES):
            found.add(path)
    return found.choose(), found.sentences


class _Found:
    """What a folder holds for its videos; files are added one by one.

    Parameters
    ----------
    folder
        What paths in sentences are relative to.
    recordings
        The id of each video.
    """

    def __init__(self, folder: Path, recordings: Mapping[Path, str]) -> None:
        self._folder, self._recordings = folder, recordings
        self._videos = list(recordings)
        self._by_spelling: dict[str, list[Path]] = defaultdict(list)
        for video, recording in recordings.items():
            for spelling in spell(video.name) | spell(recording):
                self._by_spelling[spelling].append(video)
        self._poses: dict[Path, list[Path]] = defaultdict(list)
        self._labels: dict[Path, list[Path]] = defaultdict(list)
        self._unread: set[Path] = set()
        self._results: list[Path] = []
        self._sentences: list[str] = []

    @property
    def sentences(self) -> list[str]:
        """What is odd about the files."""
        if not self._results:
            return self._sentences
        names = [path.relative_to(self._folder).as_posix() for path in self._results]
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        return [*self._sentences, f"{shown}: hold what a model found, not what people saw; enter them by hand if somebody corrected them."]

    def add(self, path: Path) -> None:
        """Take a file that may be pose or labels."""
        name = path.relative_to(self._folder).as_posix()
        owners = _find_owners(path, self._videos)
        kind = "a pose file" if is_pose(path) else "a label file" if is_label_file(path) else ""
        if (owners or kind == "a label file") and is_result(path):
            self._results.append(path)
            return
        named = self._find_named(path, owners) if kind == "a label file" else []
        if named:
            for video in named:
                self._labels[video].append(path)
        elif not owners and kind:
            self._sentences.append(f"{name}: is {kind}, but no video has a name that it starts with; it is left out.")
        elif len(owners) == 1 and kind:
            (self._poses if kind == "a pose file" else self._labels)[owners[0]].append(path)
        elif len(owners) == 1:
            self._unread.add(owners[0])
            self._sentences.append(
                f"{name}: is named as {owners[0].name} is, but holds neither pose nor labels that can be read; it is left out."
            )
        elif kind:
            self._sentences.append(f"{name}: is {kind} that fits {_list_names(owners, self._folder)} equally well; enter it by hand.")

    def _find_named(self, path: Path, owners: Sequence[Path]) -> list[Path]:
        """Return the videos that a label file names, by their files' names or by their recordings', each once."""
        try:
            observations = describe_observations(path)
        except LabelError:
            return []
        name = path.relative_to(self._folder).as_posix()
        about: dict[Path, list[str]] = defaultdict(list)
        strangers, unclear = [], []
        for observation, media in observations.items():
            meant = [self._find_called(said, path) for said in (observation, *media)]
            for video in dict.fromkeys(videos[0] for videos in meant if len(videos) == 1):
                about[video].append(observation)
            unclear += [videos for videos in meant if len(videos) > 1]
            if not any(meant):
                strangers.append(observation)
        for videos in unclear:
            self._sentences.append(f"{name}: may be about any of {_list_names(videos, self._folder)}; enter it by hand.")
        if not about:
            return []
        if strangers:
            shown = ", ".join(map(repr, strangers[:5])) + (f" and {len(strangers) - 5} more" if len(strangers) > 5 else "")
            self._sentences.append(f"{name}: no video is called like {shown} in it; that is left out.")
        for video in owners:
            if video not in about:
                names = _list_names(about, self._folder)
                self._sentences.append(f"{name}: is named as {video.name} is, but names {names} in it, and is taken for theirs.")
        for video, names_in_file in about.items():
            # One that is called like the recording goes before those that name its video.
            called = [said for said in names_in_file if video in self._find_called(said, path)]
            if len(called or names_in_file) > 1:
                self._sentences.append(
                    f"{name}: {len(names_in_file)} observations are about {video.name} ({', '.join(names_in_file)}); say in the study "
                    f"file which to read: labels: {{observation: {{{self._recordings[video]}: {names_in_file[0]}}}}}."
                )
        return list(about)

    def _find_called(self, said: str, path: Path) -> list[Path]:
        """Return the videos that are called as a file says, the nearest to it of several."""
        called = dict.fromkeys(video for spelling in spell(said) for video in self._by_spelling.get(spelling, ()))
        return _keep_best(list(called), lambda video: _rate_nearness(path, video))

    def choose(self) -> list[Pairing]:
        """Return the pairings, and add sentences about videos without a partner, or with several."""
        pairings = []
        for video, recording in self._recordings.items():
            name = video.relative_to(self._folder).as_posix()
            chosen: dict[str, Path | None] = {}
            best_labels = _prefer_labels(video, self._labels[video])
            for kind, best in (("pose", _prefer_pose(video, self._poses[video])), ("label", best_labels)):
                chosen[kind] = best[0] if len(best) == 1 else None
                if not best:
                    other = "other " if video in self._unread else ""
                    self._sentences.append(f"{name}: no {other}{kind} file found, expected one whose name starts with {video.stem!r}.")
                elif kind == "pose" and len(best) > 1:
                    shown = _list_names(best, self._folder)
                    self._sentences.append(
                        f"{name}: {len(best)} pose files fit equally well ({shown}); none is chosen, enter one in the column pose."
                    )
            undecided = tuple(best_labels) if len(best_labels) > 1 else ()
            pairings.append(Pairing(recording, video, chosen["pose"], chosen["label"], undecided=undecided))
        return self._give_to_raters(pairings)

    def _give_to_raters(self, pairings: Sequence[Pairing]) -> list[Pairing]:
        """Return the pairings, their undecided label files those of raters where names tell these; a sentence says which either way."""
        unclear = [pairing for pairing in pairings if pairing.undecided]
        named = [_tell_raters([path.relative_to(self._folder) for path in pairing.undecided]) for pairing in unclear]
        if named and named[0] and all(sorted(names) == sorted(named[0]) for names in named):
            raters = dict(zip((pairing.recording for pairing in unclear), named, strict=True))
            files = list(dict.fromkeys(path for pairing in unclear for path in pairing.undecided))
            shown = _list_names(files[:4], self._folder) + (f" and {len(files) - 4} more" if len(files) > 4 else "")
            columns = " and ".join(f"labels_{name}" for name in sorted(named[0]))
            self._sentences.append(
                f"{shown}: fit equally well and are taken for those of several raters, in the columns {columns}; say in a column labels "
                "whose count, which is what a model learns from."
            )
            return [
                replace(pairing, undecided=(), raters=dict(zip(raters[pairing.recording], pairing.undecided, strict=True)))
                if pairing.undecided
                else pairing
                for pairing in pairings
            ]
        for pairing in unclear:
            name = pairing.video.relative_to(self._folder).as_posix() if pairing.video else pairing.recording
            self._sentences.append(
                f"{name}: {len(pairing.undecided)} label files fit equally well ({_list_names(pairing.undecided, self._folder)}); none is "
                "chosen, enter one in the column labels, or each in a column labels_NAME of its own where they are by several raters."
            )
        return list(pairings)


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

    A file named exactly so is preferred, then one that no model made, then one that lies less deep. Where no name does, it is a file
    with the labels of several recordings that names this one.

    Raises
    ------
    UsageError
        If `folder` is no folder.
    LabelError
        If several fit equally well.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: is no folder, expected the one that holds the labels; check the path.")
    files = [path for path in _list_files(folder, recursive=True) if path.suffix.casefold() in LABEL_SUFFIXES and is_label_file(path)]
    fitting = [path for path in files if belongs_to(make_safe(path.stem), recording)] or [
        path for path in files if _is_about(path, recording)
    ]
    best = _keep_best(
        fitting, lambda path: (make_safe(path.stem).casefold() == recording.casefold(), not is_result(path), -len(path.parts))
    )
    if len(best) > 1:
        raise LabelError(
            f"{recording}: {len(best)} label files fit equally well ({_list_names(best, folder)}); leave only one in {folder}."
        )
    return best[0] if best else None


def _is_about(path: Path, recording: str) -> bool:
    """Tell whether a label file names a recording, or a video that is called like it."""
    try:
        observations = describe_observations(path)
    except LabelError:
        return False
    return any(fits(make_safe(name_file(said)), [recording]) for name, media in observations.items() for said in (name, *media))


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
    return sorted(
        (path for path in found if path.is_file() and not is_named_as_result(path, path.relative_to(folder).parts)), key=_sort_key
    )


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
    best = _keep_best(labels, lambda path: (path.stem.casefold() == video.stem.casefold(), belongs_to(path.stem, video.stem)))
    return _keep_best(best, lambda path: _rate_nearness(path, video))


def _keep_best(paths: Sequence[Path], rate: Callable[[Path], bool | tuple[int, ...]]) -> list[Path]:
    """Return those of `paths` with the highest rating, in their order."""
    ratings = [rate(path) for path in paths]
    highest = max(ratings, default=None)
    return [path for path, rating in zip(paths, ratings, strict=True) if rating == highest]


def _tell_raters(paths: Sequence[Path]) -> list[str]:
    """Return what differs in the names of label files, as the names of raters; [] where nothing does, or only numbers and dates do."""
    words = [re.findall(r"[^\W_]+", path.with_suffix("").as_posix()) for path in paths]
    shared = set.intersection(*({word.casefold() for word in found} for found in words))
    names = [make_safe("_".join(word for word in found if word.casefold() not in shared)) for found in words]
    are_names = all(re.search("[A-Za-z]", name) for name in names)
    return names if are_names and len({name.casefold() for name in names}) == len(names) else []


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
