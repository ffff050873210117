"""What is reviewed: a study, or videos or ethograms of which one is made when the first behavior is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from behavior.config import LabelFiles, Study
from behavior.errors import EthogramError, OutputError, UsageError
from behavior.files.atomic import make_folder, write_bytes, write_text
from behavior.files.behavior_names import ChosenNames, choose_names
from behavior.files.crop_choice import choose_crop
from behavior.files.ethograms import ETHOGRAM_FOLDER, ETHOGRAM_SUFFIX, find_ethograms, read_provenance, recall_recording
from behavior.files.individuals import split_individuals
from behavior.files.label_journal import FOLDER
from behavior.files.listed_folders import ListedFolders
from behavior.files.manifest import is_portable_name, write_manifest
from behavior.files.new_study import MANIFEST_FILE, STUDY_FILE, format_new_study
from behavior.files.new_videos import list_videos, name_recordings
from behavior.files.paired_files import Pairing
from behavior.files.pairing import pair_files
from behavior.files.pose_choice import find_pose_for
from behavior.files.shared_videos import introduce_companions
from behavior.files.study import open_study, read_study
from behavior.files.study_behaviors import add_behavior
from behavior.recording import Recording
from behavior.review.settings import SETTINGS_FILE, ReviewSettings, read_settings, write_settings
from behavior.vision.backbone_weights import PACKAGED
from behavior.workflows.init import choose_sampling, make_recording

__all__ = ["ReviewedStudy", "open_reviewed"]

_STUDY_SUFFIXES = (".yaml", ".yml")
_LABEL_FOLDER = "labels"


@dataclass
class ReviewedStudy:
    """A study while it is reviewed; its files may be made and change meanwhile.

    Attributes
    ----------
    folder
        Where study file and manifest are, or are going to be.
    study_path
        The study file; None where there is none yet.
    study
        What it says; None likewise.
    recordings
        By id, in the manifest's order.
    ethograms
        Tables of ethograms by recording.
    names
        Behaviors and meanings of names in label files, for a study that is to be made.
    pairings
        The files that go together, likewise.
    settings
        What the lab has set in review.yaml.
    notes
        Sentences on what was left out.
    """

    folder: Path
    study_path: Path | None
    study: Study | None
    recordings: dict[str, Recording]
    ethograms: dict[str, Path]
    names: ChosenNames = field(default_factory=ChosenNames)
    pairings: Sequence[Pairing] = ()
    settings: ReviewSettings = field(default_factory=ReviewSettings)
    notes: list[str] = field(default_factory=list)

    @property
    def behaviors(self) -> tuple[str, ...]:
        """Names of the behaviors; none before one is named."""
        return self.names.behaviors if self.study is None else tuple(self.study.behaviors)

    @property
    def label_settings(self) -> LabelFiles:
        """How label files are read."""
        if self.study is not None:
            return self.study.labels
        return LabelFiles(map=dict(self.names.mapping), ignore=list(self.names.ignored))

    @property
    def manifest_path(self) -> Path:
        """The manifest, which may not exist yet."""
        return self.folder / MANIFEST_FILE if self.study is None else self.study.recordings

    def add_behavior(self, name: str) -> None:
        """Name one more behavior; writes study file and manifest where there are none.

        Raises
        ------
        UsageError
            If the name cannot be one of a behavior, or the study file has to be changed by hand.
        OutputError
            If a file cannot be written.
        """
        if name != name.strip() or not name or len(name) > 60 or not name.isprintable():
            raise UsageError(f"{name[:60]!r} cannot be the name of a behavior; use a word such as grooming.")
        if name in self.behaviors:
            raise UsageError(f"{name!r} is a behavior of this study already.")
        behaviors = (*self.behaviors, name)
        if self.study is None:
            self._write_study(behaviors)
        else:
            assert self.study_path is not None
            add_behavior(self.study_path, name)
            self.study = read_study(self.study_path)

    def set_exclusive(self, groups: Sequence[Sequence[str]]) -> None:
        """Set which behaviors exclude each other; raises UsageError for names that are none, OutputError if it cannot be written."""
        for name in (name for group in groups for name in group):
            if name not in self.behaviors:
                raise UsageError(f"{name!r} is not a behavior of this study; load the page again.")
        settings = self.settings.model_copy(update={"exclusive": [list(dict.fromkeys(group)) for group in groups if len(set(group)) > 1]})
        write_settings(self.folder / SETTINGS_FILE, settings)
        self.settings = settings

    def require_study(self) -> None:
        """Write study file and manifest where there are none; raises as `add_behavior`."""
        if self.study is None:
            self._write_study(self.behaviors)

    def choose_label_file(self, recording: str, rater: str) -> Path:
        """Return a file of our own for the labels of a recording that has none, or another program's: one that nobody else made."""
        stem = f"{recording}_{rater}" if rater else recording
        folder = self.manifest_path.parent / _LABEL_FOLDER
        number, path = 1, folder / f"{stem}.csv"
        # A journal next to a file shows that it is ours, and that its session was ended before the manifest named it.
        while path.exists() and not (folder / FOLDER / f"{path.name}.journal").exists():
            number += 1
            path = folder / f"{stem}_review{number if number > 2 else ''}.csv"
        return path

    def point_to_labels(self, recording: str, rater: str, path: Path) -> None:
        """Name a label file in the manifest, which is kept as it was before; OutputError if it cannot be written."""
        self.require_study()
        known = self.recordings[recording]
        if known.labels.get(rater) == path:
            return
        changed = replace(known, labels={**known.labels, rater: path})
        recordings = {**self.recordings, recording: changed}
        kept = self.manifest_path.parent / FOLDER / f"{self.manifest_path.stem}_before.csv"
        if self.manifest_path.exists() and not kept.exists():
            make_folder(kept.parent)
            write_bytes(kept, self.manifest_path.read_bytes())
        write_manifest(self.manifest_path, recordings.values())
        self.recordings = recordings

    def _write_study(self, behaviors: Sequence[str]) -> None:
        path = self.folder / STUDY_FILE
        for one in (path, self.folder / MANIFEST_FILE):
            if one.exists():
                raise OutputError(f"{one}: is there already and is never written over; review it by its name, or move it away.")
        crop, notes = choose_crop(list(self.recordings.values()), self.pairings, self.folder)
        sampling, sampling_notes = choose_sampling(list(self.recordings.values()))
        names = replace(self.names, behaviors=tuple(behaviors))
        text = format_new_study(names, crop, backbone="openfield", weights=PACKAGED, sampling=sampling)
        make_folder(self.folder)
        write_manifest(self.folder / MANIFEST_FILE, self.recordings.values())
        self.notes += [*notes, *sampling_notes]
        write_text(path, text)
        self.study, self.study_path = read_study(path), path


def open_reviewed(paths: Sequence[Path]) -> ReviewedStudy:
    """Return what `paths` stand for: at most one study file or folder of one, and ethograms, or else videos or folders of them.

    Raises
    ------
    UsageError
        If there is nothing to review in `paths`, or two studies.
    EthogramError
        If an ethogram cannot be used.
    """
    if not paths:
        raise UsageError("nothing to review was named; give a study file, a folder of videos, or a folder of ethograms.")
    studies, ethograms, videos = _sort_paths(paths)
    if len(studies) > 1:
        raise UsageError(f"{studies[1]} and {studies[0]} are both studies; review one at a time.")
    if studies and videos:
        raise UsageError(f"{videos[0]}: is given with a study; add it to the study's manifest, or review it alone.")
    if studies:
        reviewed = _open_study(studies[0])
        folder = reviewed.folder / ETHOGRAM_FOLDER
        ethograms = find_ethograms([folder]) if not ethograms and _has_ethograms(folder) else ethograms
    elif videos:
        reviewed = _open_videos(videos)
    else:
        reviewed = _open_ethograms(ethograms)
    for path in ethograms:
        recording = path.name.removesuffix(ETHOGRAM_SUFFIX)
        if recording in reviewed.recordings:
            reviewed.ethograms[recording] = path
        else:
            reviewed.notes.append(f"{path}: is of a recording that is not reviewed, and is left out.")
    reviewed.settings = read_settings(reviewed.folder / SETTINGS_FILE, reviewed.behaviors)
    return reviewed


def _sort_paths(paths: Sequence[Path]) -> tuple[list[Path], list[Path], list[Path]]:
    """Return the study files, the ethograms, and the videos or folders of them, that `paths` stand for."""
    studies: list[Path] = []
    ethograms: list[Path] = []
    videos: list[Path] = []
    for path in paths:
        if path.suffix.casefold() in _STUDY_SUFFIXES:
            studies.append(path)
        elif path.name.endswith(ETHOGRAM_SUFFIX) or _has_ethograms(path):
            ethograms += find_ethograms([path])
        elif path.is_dir() and (path / STUDY_FILE).is_file():
            studies.append(path / STUDY_FILE)
        else:
            videos.append(path)
    return studies, ethograms, videos


def _has_ethograms(path: Path) -> bool:
    return path.is_dir() and any(path.glob(f"*{ETHOGRAM_SUFFIX}"))


def _open_study(path: Path) -> ReviewedStudy:
    study, recordings = open_study(path)
    return ReviewedStudy(path.resolve().parent, path, study, {recording.id: recording for recording in recordings}, {})


def _open_videos(paths: Sequence[Path]) -> ReviewedStudy:
    """Return the videos with the pose and label files that go with them by name."""
    if len(paths) == 1 and paths[0].is_dir():
        folder = paths[0].resolve()
        pairings, notes = pair_files(folder)
        # That there are no labels yet is why it is reviewed; what could not be chosen has to be known.
        notes = notes if any(pairing.undecided or pairing.undecided_poses for pairing in pairings) else []
    else:
        videos, problems = list_videos(paths)
        if problems:
            raise UsageError(next(iter(problems.values())))
        folder = videos[0].resolve().parent
        ids, folders = name_recordings(videos), ListedFolders()
        found = [Pairing(name, video, find_pose_for(video, folders=folders), None) for name, video in zip(ids, videos, strict=True)]
        pairings, notes = split_individuals(found, ())
    if not pairings:
        raise UsageError(f"{folder}: found no video (such as .mp4, .avi or .mts) in it or below; give the folder that holds the videos.")
    files = [path for pairing in pairings for path in (pairing.labels, *pairing.raters.values()) if path is not None]
    names = choose_names(list(dict.fromkeys(files))) if files else ChosenNames()
    recordings = {one.id: one for one in introduce_companions([make_recording(pairing) for pairing in pairings])}
    return ReviewedStudy(folder, None, None, recordings, {}, names=names, pairings=pairings, notes=[*notes, *names.notes])


def _open_ethograms(paths: Sequence[Path]) -> ReviewedStudy:
    """Return the recordings that ethograms are of, with the videos and poses that they name."""
    recordings: dict[str, Recording] = {}
    behaviors: dict[str, None] = {}
    for path in paths:
        name = path.name.removesuffix(ETHOGRAM_SUFFIX)
        if not is_portable_name(name) or name in recordings:
            raise EthogramError(f"{path}: its recording {name!r} is there twice, or cannot be a file name; review one folder at a time.")
        recording = recall_recording(name, read_provenance(path))
        has_pose = recording.pose is not None and recording.pose.exists()
        recordings[name] = recording if has_pose else replace(recording, pose=None)
        behaviors.update(dict.fromkeys(_list_behaviors(path)))
    folder = paths[0].resolve().parent
    recordings = {one.id: one for one in introduce_companions(list(recordings.values()))}
    return ReviewedStudy(folder, None, None, recordings, {}, names=ChosenNames(behaviors=tuple(behaviors)))


def _list_behaviors(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as file:
        header = file.readline(2**16).rstrip("\n").split(",")
    return [name for name in header if f"{name}_prob" in header and f"{name}_raw" in header]
