"""The pose and label files of a folder by the videos that they belong to, by name and content."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from behavior.errors import LabelError, join_first
from behavior.files.damaged_pose import explain_unreadable, is_named_as_pose
from behavior.files.folder_contents import describe_unread, list_names
from behavior.files.label_formats.choosing import spell
from behavior.files.labels import describe_observations, is_label_file
from behavior.files.name_matching import VideoNames, belongs_to, fold_name, keep_best, rate_nearness
from behavior.files.own_results import is_result
from behavior.files.paired_files import Pairing
from behavior.files.pose import is_pose
from behavior.files.pose_choice import note_own_tracks, prefer_poses
from behavior.files.pose_formats.ethovision import find_ethovision_videos

__all__ = ["FileMatches"]

# Of videos that lack something, more than this many are counted.
_NAMED_ONE_BY_ONE = 2


class FileMatches:
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
        owners = self._names.find_owners(path)
        has_pose = is_pose(path)
        has_labels = not has_pose and is_label_file(path)
        if (owners or has_labels) and is_result(path):
            self._results.append(path)
        elif has_pose:
            self._add_pose(path, owners)
        elif has_labels:
            self._add_labels(path, owners)
        elif len(owners) == 1 and is_named_as_pose(path, owners):
            self._unread.add(owners[0])
            self.notes.append(f"{self._name(path)}: is named as the pose of {owners[0].name}, but {explain_unreadable(path)}")
        elif len(owners) == 1:
            self.add_unread(path)

    def add_unread(self, path: Path) -> None:
        """Note a file that is not read, where it is a video or named after one."""
        video = describe_unread(path, None)
        owners = [] if video else self._names.find_owners(path)
        if video:
            self.notes.append(f"{self._name(path)}: {video}.")
        elif len(owners) == 1 and (found := describe_unread(path, owners[0])):
            self._unread.add(owners[0])
            self.notes.append(f"{self._name(path)}: {found}")

    def choose(self) -> tuple[list[Pairing], list[str]]:
        """Return a pairing for each video, and notes on videos without a partner, or with several poses."""
        pairings, notes = [], []
        without_pose, without_labels = [], []
        for video, recording in self._recordings.items():
            name = self._name(video)
            poses, labels = prefer_poses(video, self._poses[video]), _prefer_labels(video, self._labels[video])
            if video in self._unlabelled:
                if labels:
                    shown = list_names(labels, self._folder, most=None)
                    notes.append(f"{name}: labels go by the frames of the first view; {shown} is left out.")
                labels = []
            elif not labels:
                without_labels.append(video)
            notes += [f"{name}: {note}" for note in note_own_tracks(self._poses[video], poses)]
            if not poses:
                without_pose.append(video)
            elif len(poses) > 1:
                shown = list_names(poses, self._folder, most=None)
                notes.append(f"{name}: {len(poses)} pose files fit equally well ({shown}); none is chosen, enter one in the column pose.")
            pose, label_file = (files[0] if len(files) == 1 else None for files in (poses, labels))
            undecided, undecided_poses = (tuple(files) if len(files) > 1 else () for files in (labels, poses))
            own = video if self._have_videos else None
            pairings.append(Pairing(recording, own, pose, label_file, undecided=undecided, undecided_poses=undecided_poses))
        return pairings, [*notes, *self._describe_lacking("pose", without_pose), *self._describe_lacking("label", without_labels)]

    def describe_results(self) -> list[str]:
        """Return a note on the files that a model's results are in, [] if there are none."""
        if not self._results:
            return []
        shown = list_names(self._results, self._folder)
        return [f"{shown}: hold a model's predictions, not labels by people; enter them by hand if somebody corrected them."]

    def _add_pose(self, path: Path, owners: Sequence[Path]) -> None:
        if not owners:
            # EthoVision calls its files after trials, and names the video in them.
            candidates = [self._find_videos(video, path) for video in find_ethovision_videos(path)]
            owners = candidates[0] if len(candidates) == 1 and len(candidates[0]) == 1 else []
        self._assign(path, owners, self._poses, "a pose file")

    def _add_labels(self, path: Path, owners: Sequence[Path]) -> None:
        named = self._find_named(path, owners)
        for video in named:
            self._labels[video].append(path)
        if not named:
            self._assign(path, owners, self._labels, "a label file")

    def _assign(self, path: Path, owners: Sequence[Path], files: Mapping[Path, list[Path]], kind: str) -> None:
        """Add a file to those of the video that its name fits; note where it fits none, or several."""
        if len(owners) == 1:
            files[owners[0]].append(path)
        elif owners:
            shown = list_names(owners, self._folder, most=None)
            self.notes.append(f"{self._name(path)}: is {kind} that fits {shown} equally well; enter it by hand.")
        else:
            self.notes.append(f"{self._name(path)}: is {kind}, but no video has a name that it starts with; it is left out.")

    def _find_named(self, path: Path, owners: Sequence[Path]) -> list[Path]:
        """Return the videos that a label file names, by their files' names or by their recordings', each once; note what is odd."""
        try:
            observations = describe_observations(path)
        except LabelError:
            return []
        name = self._name(path)
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
            self.notes.append(f"{name}: may be about any of {list_names(videos, self._folder, most=None)}; enter it by hand.")
        if not observations_of:
            return []
        if strangers:
            shown = join_first(map(repr, strangers), 5)
            self.notes.append(f"{name}: no video is named after {shown} in it; that is left out.")
        for video in owners:
            if video not in observations_of:
                names = list_names(observations_of, self._folder, most=None)
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
        name = self._name(path)
        return [
            f"{name}: {len(observations)} observations are about {video.name} ({', '.join(observations)}); say in the study file which to "
            f"read: labels: {{observation: {{{self._recordings[video]}: {observations[0]}}}}}."
        ]

    def _find_videos(self, name: str, path: Path) -> list[Path]:
        """Return the videos with a name that the file at `path` uses, the nearest to it of several."""
        videos = dict.fromkeys(video for spelling in spell(name) for video in self._by_spelling.get(spelling, ()))
        return keep_best(list(videos), lambda video: rate_nearness(path, video))

    def _describe_lacking(self, kind: str, videos: Sequence[Path]) -> list[str]:
        """Return notes on videos without a file of a kind: one for each of a few, one for many."""
        if len(videos) > _NAMED_ONE_BY_ONE:
            shown = list_names(videos if self._have_videos else [path.with_suffix("") for path in videos], self._folder)
            what = "video" if self._have_videos else "recording"
            return [
                f"{len(videos)} of {len(self._recordings)} {what}s have no {kind} file ({shown}), expected one whose name starts with "
                f"the {what}'s."
            ]
        notes = []
        for video in videos:
            other = "other " if video in self._unread else ""
            name = self._name(video) if self._have_videos else self._recordings[video]
            notes.append(f"{name}: no {other}{kind} file found, expected one whose name starts with {video.stem!r}.")
        return notes

    def _name(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()


def _prefer_labels(video: Path, labels: Sequence[Path]) -> list[Path]:
    best = keep_best(labels, lambda path: (fold_name(path.stem) == fold_name(video.stem), belongs_to(path.stem, video.stem)))
    return keep_best(best, lambda path: rate_nearness(path, video))
