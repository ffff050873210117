"""Which pose and label files belong to which video, by name and content."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from behavior.errors import LabelError, PoseError, UsageError
from behavior.files.damaged_pose import explain_unreadable, is_named_as_pose
from behavior.files.ethovision import find_ethovision_videos
from behavior.files.folder_contents import (
    FOREIGN_SUFFIXES,
    UNREAD_VIDEO_SUFFIXES,
    describe_unread,
    list_files,
    list_names,
    note_drawn,
    separate_drawn,
)
from behavior.files.individuals import choose_individuals, list_own_files, name_individuals
from behavior.files.label_formats.choosing import spell
from behavior.files.labels import LABEL_SUFFIXES, describe_observations, is_label_file
from behavior.files.listed_folders import ListedFolders
from behavior.files.name_matching import VideoNames, belongs_to, keep_best, make_safe, name_recordings, rate_nearness
from behavior.files.own_results import is_own_track, is_result
from behavior.files.paired_files import Pairing
from behavior.files.pose import POSE_SUFFIXES, is_pose, list_individuals, open_pose
from behavior.files.pose_names import find_poses, name_after_video, stand_in
from behavior.files.view_pairing import find_view_videos, join_views

__all__ = ["find_pose_for", "pair_files", "pair_poses", "split_individuals"]

# Of videos that lack something, more than this many are counted.
_NAMED_ONE_BY_ONE = 2

_FILTERED = "_filtered"
_JABS_VERSION = re.compile(r"_pose_est_v[2-9]$", re.ASCII)


def pair_files(folder: Path, individuals: Sequence[str] | None = (), *, views: Sequence[str] = ()) -> tuple[list[Pairing], list[str]]:
    """Pair the videos under `folder` with their pose and label files; a pose of several animals makes a pairing for each.

    A file belongs to the video with the longest name that its own starts with (`name_matching.belongs_to`); among videos of one name to
    the one whose folders are most alike, then nearest. A label file that names videos or recordings itself, as BORIS projects and tables
    of several recordings do, belongs to all of those. Content tells pose from labels. Filtered pose is preferred, HDF5 to CSV of the
    same name, and labels named exactly as the video, then those named so that they belong to it. Label files of one video that remain
    are of several raters if what differs in their names is the same for all such videos. Videos in which a tracker drew its points
    (``_labeled``), hidden files and what this package writes are left out.

    Parameters
    ----------
    individuals
        Which animals of a pose with several have a pairing of their own: all of them where empty. None for one pairing of each video.
    views
        Views besides the first, whose videos end in these names (`view_pairing.find_view_videos`); they have no labels of their own.

    Returns
    -------
    Pairings in the order of the videos' paths, and a sentence for each file that has no partner, or several.

    Raises
    ------
    UsageError
        If `folder` is not a folder, or no video is of one of the `views`.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: is not a folder, expected the one that holds the videos; check the path.")
    files = list_files(folder, recursive=True)
    videos, drawn = separate_drawn(files)
    of_views = find_view_videos(videos, views)
    matches = _Matches(folder, dict(zip(videos, name_recordings(videos, folder), strict=True)), unlabelled=frozenset(of_views.first))
    matches.notes += [*note_drawn(drawn, folder), *of_views.notes]
    for path in files:
        if path.suffix.casefold() in (*POSE_SUFFIXES, *LABEL_SUFFIXES):
            matches.add(path)
        elif path.suffix.casefold() in (*FOREIGN_SUFFIXES, *UNREAD_VIDEO_SUFFIXES):
            matches.add_unread(path)
    pairings, notes = matches.conclude(individuals)
    return join_views(pairings, of_views), notes


def pair_poses(folder: Path, individuals: Sequence[str] | None = ()) -> tuple[list[Pairing], list[str]]:
    """Pair the pose files under `folder`, which has no videos, with their label files: those named as the video of the pose would be.

    Arguments and result are those of `pair_files`.
    """
    files = list_files(folder, recursive=True)
    stand_ins: dict[tuple[Path, str], Path] = {}
    for path in find_poses(files):
        if not is_result(path):
            stand_ins.setdefault((path.parent, name_after_video(path).casefold()), stand_in(path))
    videos = list(stand_ins.values())
    matches = _Matches(folder, dict(zip(videos, name_recordings(videos, folder), strict=True)), have_videos=False)
    for path in files:
        if path.suffix.casefold() in (*POSE_SUFFIXES, *LABEL_SUFFIXES):
            matches.add(path)
    return matches.conclude(individuals)


class _Matches:
    """The files of a folder by the videos that they fit; files are added one by one.

    Parameters
    ----------
    folder
        Paths in notes are relative to it.
    recordings
        The id of each video.
    have_videos
        Whether there are videos; else their paths are what `pose_names.stand_in` gives.
    unlabelled
        Videos that have no labels of their own.

    Attributes
    ----------
    notes
        Sentences on what is odd about the files.
    """

    def __init__(
        self, folder: Path, recordings: Mapping[Path, str], *, have_videos: bool = True, unlabelled: frozenset[Path] = frozenset()
    ) -> None:
        self._folder, self._recordings, self._have_videos, self._unlabelled = folder, recordings, have_videos, unlabelled
        self._names = VideoNames(list(recordings))
        self._by_spelling: dict[str, list[Path]] = defaultdict(list)
        for video, recording in recordings.items():
            for spelling in spell(video.name) | spell(recording):
                self._by_spelling[spelling].append(video)
        self._poses: dict[Path, list[Path]] = defaultdict(list)
        self._labels: dict[Path, list[Path]] = defaultdict(list)
        self._unread: set[Path] = set()
        self._results: list[Path] = []
        self.notes: list[str] = []

    def add(self, path: Path) -> None:
        """Take a file that may be pose or labels."""
        name = path.relative_to(self._folder).as_posix()
        owners = self._names.find_owners(path)
        kind = "a pose file" if is_pose(path) else "a label file" if is_label_file(path) else ""
        if (owners or kind == "a label file") and is_result(path):
            self._results.append(path)
            return
        named = self._find_named(path, owners) if kind == "a label file" else []
        if kind == "a pose file" and not owners:
            # EthoVision calls its files after trials, and names the video in them.
            candidates = [self._find_videos(video, path) for video in find_ethovision_videos(path)]
            owners = [videos[0] for videos in candidates if len(videos) == 1] if len(candidates) == 1 else []
        if named:
            for video in named:
                self._labels[video].append(path)
        elif not owners and kind:
            self.notes.append(f"{name}: is {kind}, but no video has a name that it starts with; it is left out.")
        elif len(owners) == 1 and kind:
            (self._poses if kind == "a pose file" else self._labels)[owners[0]].append(path)
        elif len(owners) == 1 and is_named_as_pose(path, owners):
            self._unread.add(owners[0])
            self.notes.append(f"{name}: is named as the pose of {owners[0].name}, but {explain_unreadable(path)}")
        elif len(owners) == 1:
            self.add_unread(path)
        elif kind:
            self.notes.append(f"{name}: is {kind} that fits {_list_names(owners, self._folder)} equally well; enter it by hand.")

    def add_unread(self, path: Path) -> None:
        """Note a file that is not read, where it is a video or named after one."""
        name = path.relative_to(self._folder).as_posix()
        video = describe_unread(path, None)
        owners = [] if video else self._names.find_owners(path)
        if video:
            self.notes.append(f"{name}: {video}.")
        elif len(owners) == 1 and (found := describe_unread(path, owners[0])):
            self._unread.add(owners[0])
            self.notes.append(f"{name}: {found}")

    def _find_named(self, path: Path, owners: Sequence[Path]) -> list[Path]:
        """Return the videos that a label file names, by their files' names or by their recordings', each once; note what is odd."""
        try:
            observations = describe_observations(path)
        except LabelError:
            return []
        name = path.relative_to(self._folder).as_posix()
        observations_of: dict[Path, list[str]] = defaultdict(list)
        strangers, unclear = [], []
        for observation, media in observations.items():
            candidates = [self._find_videos(spelling, path) for spelling in (observation, *media)]
            for video in dict.fromkeys(videos[0] for videos in candidates if len(videos) == 1):
                observations_of[video].append(observation)
            unclear += [videos for videos in candidates if len(videos) > 1]
            if not any(candidates):
                strangers.append(observation)
        for videos in unclear:
            self.notes.append(f"{name}: may be about any of {_list_names(videos, self._folder)}; enter it by hand.")
        if not observations_of:
            return []
        if strangers:
            shown = ", ".join(map(repr, strangers[:5])) + (f" and {len(strangers) - 5} more" if len(strangers) > 5 else "")
            self.notes.append(f"{name}: no video is named after {shown} in it; that is left out.")
        for video in owners:
            if video not in observations_of:
                names = _list_names(observations_of, self._folder)
                self.notes.append(f"{name}: is named after {video.name}, but names {names} in it, and is taken for theirs.")
        for video, names_in_file in observations_of.items():
            self.notes += self._note_several(path, video, names_in_file)
        return list(observations_of)

    def _note_several(self, path: Path, video: Path, observations: Sequence[str]) -> list[str]:
        """Return a note if several observations in a file are about one video, else []."""
        # One that is named after the recording comes before those that name its video.
        named = [observation for observation in observations if video in self._find_videos(observation, path)]
        if len(named or observations) < 2:
            return []
        name = path.relative_to(self._folder).as_posix()
        return [
            f"{name}: {len(observations)} observations are about {video.name} ({', '.join(observations)}); say in the study file which to "
            f"read: labels: {{observation: {{{self._recordings[video]}: {observations[0]}}}}}."
        ]

    def _find_videos(self, name: str, path: Path) -> list[Path]:
        """Return the videos with a name that the file at `path` uses, the nearest to it of several."""
        videos = dict.fromkeys(video for spelling in spell(name) for video in self._by_spelling.get(spelling, ()))
        return keep_best(list(videos), lambda video: rate_nearness(path, video))

    def choose(self) -> tuple[list[Pairing], list[str]]:
        """Return the pairings, and notes on videos without a partner, or with several poses."""
        pairings, notes = [], []
        lacking: dict[str, list[Path]] = {"pose": [], "label": []}
        for video, recording in self._recordings.items():
            name = video.relative_to(self._folder).as_posix()
            poses, labels = _prefer_pose(video, self._poses[video]), _prefer_labels(video, self._labels[video])
            if labels and video in self._unlabelled:
                notes.append(f"{name}: labels go by the frames of the first view; {_list_names(labels, self._folder)} is left out.")
                labels = []
            notes += [f"{name}: {note}" for note in _note_own_tracks(self._poses[video], poses)]
            for kind, best in (("pose", poses), ("label", labels)):
                if not best and kind == "label" and video in self._unlabelled:
                    continue
                if not best:
                    lacking[kind].append(video)
                elif kind == "pose" and len(best) > 1:
                    shown = _list_names(best, self._folder)
                    notes.append(
                        f"{name}: {len(best)} pose files fit equally well ({shown}); none is chosen, enter one in the column pose."
                    )
            pose, label_file = (best[0] if len(best) == 1 else None for best in (poses, labels))
            undecided, undecided_poses = (tuple(best) if len(best) > 1 else () for best in (labels, poses))
            own = video if self._have_videos else None
            pairings.append(Pairing(recording, own, pose, label_file, undecided=undecided, undecided_poses=undecided_poses))
        return pairings, [*notes, *self._describe_lacking(lacking)]

    def conclude(self, individuals: Sequence[str] | None) -> tuple[list[Pairing], list[str]]:
        """Return the pairings, those of several `individuals` apart as `pair_files` takes them, and all notes."""
        pairings, notes = self.choose()
        if individuals is not None:
            pairings, individual_notes = split_individuals(pairings, individuals)
            notes += individual_notes
        pairings, rater_notes = _name_raters(pairings, self._folder)
        return pairings, [*self.notes, *notes, *rater_notes, *self.describe_results()]

    def _describe_lacking(self, lacking: Mapping[str, Sequence[Path]]) -> list[str]:
        """Return notes on videos without a file of a kind: one for each of a few, one for many."""
        notes = []
        for kind, videos in lacking.items():
            if len(videos) > _NAMED_ONE_BY_ONE:
                shown = list_names(videos if self._have_videos else [path.with_suffix("") for path in videos], self._folder)
                what = "videos" if self._have_videos else "recordings"
                notes.append(
                    f"{len(videos)} of {len(self._recordings)} {what} have no {kind} file ({shown}), expected one whose name starts with "
                    f"the {what[:-1]}'s."
                )
                continue
            for video in videos:
                other = "other " if video in self._unread else ""
                name = video.relative_to(self._folder).as_posix() if self._have_videos else self._recordings[video]
                notes.append(f"{name}: no {other}{kind} file found, expected one whose name starts with {video.stem!r}.")
        return notes

    def describe_results(self) -> list[str]:
        """Return a note on the files that a model's results are in, [] if there are none."""
        if not self._results:
            return []
        shown = list_names(self._results, self._folder)
        return [f"{shown}: hold a model's predictions, not labels by people; enter them by hand if somebody corrected them."]


def split_individuals(pairings: Sequence[Pairing], wanted: Sequence[str]) -> tuple[list[Pairing], list[str]]:
    """Return a pairing for each of the `wanted` individuals, or of all, where a pose has several; and notes.

    Label files that are named after one individual are its own, the others all individuals'.
    """
    split: list[Pairing] = []
    notes: list[str] = []
    taken = {pairing.recording for pairing in pairings}
    for pairing in pairings:
        names: list[str] = []
        if pairing.pose is not None:
            try:
                names, absent = choose_individuals(open_pose(pairing.pose), wanted)
                notes += absent
            except PoseError as error:
                notes.append(str(error))
        if not names or pairing.pose is None:
            split.append(pairing)
            continue
        ids = name_individuals(pairing.recording, names, taken)
        taken |= set(ids.values())
        files = [*([] if pairing.labels is None else [pairing.labels]), *pairing.undecided]
        stem = name_after_video(pairing.pose) if pairing.video is None else pairing.video.stem
        own = list_own_files(files, stem, ids)
        shared = [path for path in files if not any(path in of_one for of_one in own.values())]
        for name in names:
            labels = own[name] or shared
            decided, undecided = (labels[0], ()) if len(labels) == 1 else (None, tuple(labels))
            split.append(replace(pairing, recording=ids[name], individual=name, labels=decided, undecided=undecided))
    if several := [pairing for pairing in split if pairing.individual]:
        shown = ", ".join(pairing.recording for pairing in several[:4]) + (f" and {len(several) - 4} more" if len(several) > 4 else "")
        notes.append(f"Pose of several animals makes a recording of each: {shown}.")
    return split, notes


def _name_raters(pairings: Sequence[Pairing], folder: Path) -> tuple[list[Pairing], list[str]]:
    """Return the pairings, with their undecided label files as those of raters if names tell these; notes say which either way."""
    unclear = [pairing for pairing in pairings if pairing.undecided]
    named = [_find_rater_names([path.relative_to(folder) for path in pairing.undecided]) for pairing in unclear]
    if named and named[0] and all(sorted(names) == sorted(named[0]) for names in named):
        raters = dict(zip((pairing.recording for pairing in unclear), named, strict=True))
        files = list(dict.fromkeys(path for pairing in unclear for path in pairing.undecided))
        shown = _list_names(files[:4], folder) + (f" and {len(files) - 4} more" if len(files) > 4 else "")
        columns = " and ".join(f"labels_{name}" for name in sorted(named[0]))
        note = (
            f"{shown}: fit equally well and are taken for those of several raters, in the columns {columns}; name in a column labels the "
            "file to train on for each recording."
        )
        decided = [
            replace(pairing, undecided=(), raters=dict(zip(raters[pairing.recording], pairing.undecided, strict=True)))
            if pairing.undecided
            else pairing
            for pairing in pairings
        ]
        return decided, [note]
    notes = []
    for pairing in unclear:
        name = pairing.video.relative_to(folder).as_posix() if pairing.video else pairing.recording
        notes.append(
            f"{name}: {len(pairing.undecided)} label files fit equally well ({_list_names(pairing.undecided, folder)}); none is chosen, "
            "enter one in the column labels, or each in a column labels_NAME of its own if they are by several raters."
        )
    return list(pairings), list(dict.fromkeys(notes))


def find_pose_for(video: Path, body_parts: Sequence[str] = (), folders: ListedFolders | None = None) -> Path | None:
    """Return the pose file in the folder of `video`, by the rules of `pair_files`, None if there is none.

    Parameters
    ----------
    body_parts
        A file that has all of these is preferred to one that has not.
    folders
        Where many videos are asked about, what was read of their folders.

    Raises
    ------
    PoseError
        If several fit equally well, or the only one cannot be read.
    """
    named = (folders or ListedFolders()).list_named_after(video)
    poses = [path for path in named if is_pose(path)]
    if len(poses) > 1:
        poses = [path for path in poses if _has_parts(path, body_parts)] or poses
    best = _prefer_pose(video, poses)
    damaged = [path for path in named if is_named_as_pose(path, [video])] if not best else []
    if damaged:
        raise PoseError(f"{damaged[0]}: is named as the pose of {video.name}, but {explain_unreadable(damaged[0])}")
    if len(best) > 1:
        raise PoseError(f"{video}: {len(best)} pose files fit equally well ({_list_names(best, video.parent)}); name the one to use.")
    return best[0] if best else None


def _has_parts(path: Path, body_parts: Sequence[str]) -> bool:
    """Tell whether an animal in a pose file has all of these body parts."""
    wanted = {part.casefold() for part in body_parts}
    try:
        return any(wanted <= {part.casefold() for part in parts} for parts in list_individuals(path).values())
    except PoseError:
        return False


def _note_own_tracks(found: Sequence[Path], chosen: Sequence[Path]) -> list[str]:
    """Return that a track of `behavior track` is left out for another program's pose, [] where that is not so."""
    own = [path for path in found if is_own_track(path) and path not in chosen]
    if not own or not chosen or any(is_own_track(path) for path in chosen):
        return []
    return [f"{chosen[0].name} is taken, and the track {own[0].name} of `behavior track` is not; enter it in the column pose if it should."]


def _prefer_pose(video: Path, poses: Sequence[Path]) -> list[Path]:
    # A network that people trained for their animals knows more of them than what stands out from the background.
    best = keep_best(poses, lambda path: not is_own_track(path))
    best = keep_best(best, lambda path: path.stem.casefold().endswith(_FILTERED))
    best = keep_best(best, lambda path: rate_nearness(path, video))
    # One tracker writes one pose in two formats: HDF5 keeps its numbers as they were.
    twins = {path.with_suffix("") for path in best if path.suffix.casefold() != ".csv"}
    best = [path for path in best if path.suffix.casefold() != ".csv" or path.with_suffix("") not in twins]
    # A project is what others are exported from, and JABS writes a version for each step.
    best = keep_best(best, lambda path: path.suffix.casefold() != ".slp")
    versions = [_JABS_VERSION.search(path.stem) for path in best]
    if all(versions):
        return keep_best(best, lambda path: (int(path.stem[-1]),))
    return best


def _prefer_labels(video: Path, labels: Sequence[Path]) -> list[Path]:
    best = keep_best(labels, lambda path: (path.stem.casefold() == video.stem.casefold(), belongs_to(path.stem, video.stem)))
    return keep_best(best, lambda path: rate_nearness(path, video))


def _find_rater_names(paths: Sequence[Path]) -> list[str]:
    """Return what differs in the names of label files, as names of raters; [] if nothing does, or only numbers and dates do."""
    words = [re.findall(r"[^\W_]+", path.with_suffix("").as_posix()) for path in paths]
    shared = set.intersection(*({word.casefold() for word in of_file} for of_file in words))
    names = [make_safe("_".join(word for word in of_file if word.casefold() not in shared)) for of_file in words]
    are_names = all(re.search("[A-Za-z]", name) for name in names)
    return names if are_names and len({name.casefold() for name in names}) == len(names) else []


def _list_names(paths: Iterable[Path], folder: Path) -> str:
    return ", ".join(path.relative_to(folder).as_posix() for path in paths)
