"""Which pose and label files of a folder belong to which video."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from behavior.errors import UsageError
from behavior.files.file_matches import FileMatches
from behavior.files.folder_contents import FOREIGN_SUFFIXES, UNREAD_VIDEO_SUFFIXES, list_files, note_drawn, note_links, separate_drawn
from behavior.files.individuals import split_individuals
from behavior.files.labels import LABEL_SUFFIXES
from behavior.files.name_matching import fold_name, name_recordings
from behavior.files.own_results import is_result
from behavior.files.paired_files import Pairing
from behavior.files.pose import POSE_SUFFIXES
from behavior.files.pose_names import find_poses, name_after_video, stand_in
from behavior.files.rater_names import name_raters
from behavior.files.view_pairing import find_view_videos, join_views

__all__ = ["pair_files", "pair_poses"]


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
    matches = FileMatches(folder, dict(zip(videos, name_recordings(videos, folder), strict=True)), unlabelled=frozenset(of_views.first))
    matches.notes += [*note_links(folder), *note_drawn(drawn, folder), *of_views.notes]
    for path in files:
        if path.suffix.casefold() in (*POSE_SUFFIXES, *LABEL_SUFFIXES):
            matches.add(path)
        elif path.suffix.casefold() in (*FOREIGN_SUFFIXES, *UNREAD_VIDEO_SUFFIXES):
            matches.add_unread(path)
    pairings, notes = _choose_pairings(matches, folder, individuals)
    return join_views(pairings, of_views), notes


def pair_poses(folder: Path, individuals: Sequence[str] | None = ()) -> tuple[list[Pairing], list[str]]:
    """Pair the pose files under `folder`, which has no videos, with their label files: those named as the video of the pose would be.

    Arguments and result are those of `pair_files`.
    """
    files = list_files(folder, recursive=True)
    stand_ins: dict[tuple[Path, str], Path] = {}
    for path in find_poses(files):
        if not is_result(path):
            stand_ins.setdefault((path.parent, fold_name(name_after_video(path))), stand_in(path))
    videos = list(stand_ins.values())
    matches = FileMatches(folder, dict(zip(videos, name_recordings(videos, folder), strict=True)), have_videos=False)
    matches.notes += note_links(folder)
    for path in files:
        if path.suffix.casefold() in (*POSE_SUFFIXES, *LABEL_SUFFIXES):
            matches.add(path)
    return _choose_pairings(matches, folder, individuals)


def _choose_pairings(matches: FileMatches, folder: Path, individuals: Sequence[str] | None) -> tuple[list[Pairing], list[str]]:
    """Return the pairings, with those of individuals and raters told apart, and all notes."""
    pairings, notes = matches.choose()
    if individuals is not None:
        pairings, individual_notes = split_individuals(pairings, individuals)
        notes += individual_notes
    pairings, rater_notes = name_raters(pairings, folder)
    return pairings, [*matches.notes, *notes, *rater_notes, *matches.describe_results()]
