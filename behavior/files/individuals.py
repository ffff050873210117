"""The recordings of a video that shows several animals: one for each individual of its pose, and whose each label file is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from behavior.errors import PoseError, join_first, suggest_nearest
from behavior.files.name_matching import belongs_to, make_safe
from behavior.files.paired_files import Pairing
from behavior.files.pose import PoseFile, open_pose
from behavior.files.pose_names import name_after_video

__all__ = ["choose_individuals", "list_own_files", "name_individuals", "split_individuals"]

# A recording's id has to leave room for what is written behind it.
_LONGEST = 200


def choose_individuals(pose: PoseFile, wanted: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """Return the animals of a pose file that are recordings of their own, [] where it has only one; and what is left out, in sentences.

    Parameters
    ----------
    wanted
        Those that were asked for, compared without case; all that have a position in some frame where empty.

    Raises
    ------
    PoseError
        If one that was asked for is not in the file, or none has a position.
    """
    if len(pose.individuals) < 2:
        return [], []
    if wanted:
        return list(dict.fromkeys(_find_name(pose, name) for name in wanted)), []
    present = pose.list_present()
    if not present:
        raise PoseError(f"{pose.path}: none of its {len(pose.individuals)} individuals has a position in any frame; run the tracker again.")
    absent = [name for name in pose.individuals if name not in present]
    if not absent:
        return list(present), []
    verb = "have" if len(absent) > 1 else "has"
    return list(present), [f"{pose.path.name}: {', '.join(absent)} {verb} no position in any frame and {verb} no recording."]


def name_individuals(recording: str, names: Sequence[str], taken: Collection[str] = ()) -> dict[str, str]:
    """Return the id of each individual's recording: the video's, then the individual's name, made safe as a file name.

    Parameters
    ----------
    recording
        Id that the video's only recording would have.
    taken
        Ids of other recordings, which the new ones differ from in more than capital letters.

    Examples
    --------
    >>> name_individuals("m1", ["animal1", "Mouse 2"])
    {'animal1': 'm1_animal1', 'Mouse 2': 'm1_Mouse_2'}
    """
    ids: dict[str, str] = {}
    used = {name.casefold() for name in taken}
    for name in names:
        # A name may not end in a dot on every system, and what is safe here is one byte a letter.
        wanted = f"{recording}_{make_safe(name)}".encode()[:_LONGEST].decode(errors="ignore").rstrip(".")
        chosen, number = wanted, 2
        while chosen.casefold() in used:
            chosen = f"{wanted[: _LONGEST - 8]}_{number}"
            number += 1
        ids[name] = chosen
        used.add(chosen.casefold())
    return ids


def list_own_files(paths: Sequence[Path], stem: str, ids: Mapping[str, str]) -> dict[str, list[Path]]:
    """Return the files that are named after one individual of a video, as `video1_animal1_labels.csv` is, by the individual's name.

    Parameters
    ----------
    paths
        Files of the video.
    stem
        The video's name, without suffix.
    ids
        The recording of each individual, by its name.
    """
    starts = {name: {id, make_safe(f"{stem}_{name}")} for name, id in ids.items()}

    def find_owner(path: Path) -> str | None:
        fitting = [name for name, of_one in starts.items() if any(belongs_to(make_safe(path.stem), start) for start in of_one)]
        # The longest name: mouse_10 is not mouse_1, and mouse_1_b is not mouse_1.
        return max(fitting, key=len, default=None)

    owners = {path: find_owner(path) for path in paths}
    return {name: [path for path in paths if owners[path] == name] for name in ids}


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
        shown = join_first((pairing.recording for pairing in several), 4)
        notes.append(f"Pose of several animals makes a recording of each: {shown}.")
    return split, notes


def _find_name(pose: PoseFile, wanted: str) -> str:
    exact = [name for name in pose.individuals if name == wanted] or [
        name for name in pose.individuals if name.casefold() == wanted.casefold()
    ]
    if len(exact) != 1:
        names = tuple(pose.individuals)
        nearest = suggest_nearest(wanted, names) or "; choose from these."
        raise PoseError(f"{pose.path}: has no individual {wanted!r}, only {', '.join(names[:12])}{nearest}")
    return exact[0]
