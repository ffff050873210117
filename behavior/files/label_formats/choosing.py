"""Which of several observations in a file is the recording's, by a setting, its name, or the video that it names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from behavior.errors import LabelError, join_first, suggest_nearest
from behavior.files.label_formats.naming import IN_STUDY_FILE
from behavior.files.label_formats.request import EVERYBODY, LabelRequest
from behavior.files.name_matching import fold_name

__all__ = [
    "UnownedError",
    "choose_observation",
    "choose_rater",
    "choose_subjects",
    "find_subject",
    "fits",
    "name_file",
    "refuse_nameless",
    "require_own_subject",
    "spell",
]


class UnownedError(LabelError):
    """A label file of several individuals' recordings that does not say which of its labels are whose."""


def choose_observation(path: Path, media: Mapping[str, Sequence[str]], request: LabelRequest) -> tuple[str, list[str]]:
    """Return the observation that is the recording's, and notes.

    That is the one that the request names; else the one that is named after the recording, or names its video; else the only one.

    Parameters
    ----------
    media
        Media files of each observation, by the observation's name.

    Raises
    ------
    LabelError
        If there is none, or several remain: all of them are listed.
    """
    if not media:
        raise LabelError(f"{path}: holds no observation; export the labels again.")
    if request.observation is not None:
        wanted = [name for name in media if name == request.observation] or [
            name for name in media if name.casefold() == request.observation.strip().casefold()
        ]
        if len(wanted) != 1:
            nearest = suggest_nearest(request.observation, media) or f"; correct labels: {{observation: ...}} {IN_STUDY_FILE}."
            raise LabelError(f"{path}: has no observation {request.observation!r}, only {_list(media)}{nearest}")
        return wanted[0], []
    by_name = [name for name in media if fits(name, request.recording_names)]
    by_media = [name for name, files in media.items() if any(fits(file, request.recording_names) for file in files)]
    for names in (by_name, by_media):
        if len(names) == 1:
            return names[0], []
    advice = (
        f"; say {IN_STUDY_FILE} which to read: labels: {{observation: NAME}}, or {{observation: {{RECORDING: NAME}}}} where they differ."
    )
    if by_name or by_media:
        fitting = {name: media[name] for name in by_name or by_media}
        raise LabelError(f"{path}: {len(fitting)} observations fit {request.recording_names[0]!r}: {_list(fitting)}{advice}")
    if len(media) > 1:
        whose = f" and none names {request.recording_names[0]!r}" if request.recording_names else ""
        raise LabelError(f"{path}: holds {len(media)} observations{whose}: {_list(media)}{advice}")
    only, files = next(iter(media.items()))
    if request.recording_names and files:
        recording = request.recording_names[0]
        return only, [f"{path}: is about {', '.join(map(name_file, files))}, and is read for {recording}; check that they are the same."]
    return only, []


def choose_rater(path: Path, raters: Sequence[str], request: LabelRequest, *, recording: str = "") -> str | None:
    """Return whose labels to read, None if there is only one rater.

    Parameters
    ----------
    raters
        Those who labelled the recording.
    recording
        What the file calls the recording; "" if it does not name it.

    Raises
    ------
    LabelError
        If there are several, and the request names none of them.
    """
    raters = tuple(dict.fromkeys(raters))
    if len(raters) < 2:
        return None
    chosen = [name for name in raters if request.rater is not None and name.casefold() == request.rater.strip().casefold()]
    if len(chosen) != 1:
        of_what = f" of {recording!r}" if recording else ""
        whose = "" if request.rater is None else f", and none is {request.rater!r}"
        raise LabelError(
            f"{path}: holds labels{of_what} by {', '.join(map(repr, raters))}{whose}; name the file in a "
            f"column labels_NAME for each in the manifest, or say {IN_STUDY_FILE} whose count: labels: {{rater: NAME}}."
        )
    return chosen[0]


def choose_subjects(path: Path, subjects: Sequence[str], request: LabelRequest) -> list[str]:
    """Return the animals whose labels count together: the one that the request names, all of them for ``*``, else the only one.

    The request names one by its subject, or else by the individual that the pose has.

    Raises
    ------
    LabelError
        If there are several and the request names none, or it names one that is not there.
    """
    wanted = request.subject
    if wanted is None and (own := find_subject(subjects, request)) is not None:
        return [own]
    if wanted is None and request.is_shared and subjects:
        raise UnownedError(_refuse_strangers(path, subjects, request))
    if wanted == EVERYBODY or (wanted is None and len(subjects) < 2):
        return list(subjects)
    if wanted is None:
        raise LabelError(
            f"{path}: holds labels of the animals {', '.join(map(repr, subjects))}; say {IN_STUDY_FILE} whose count: "
            f'labels: {{subject: "{subjects[0]}"}}, or labels: {{subject: "{EVERYBODY}"}} for all of them together.'
        )
    chosen = [name for name in subjects if name.casefold() == wanted.strip().casefold()]
    if not chosen and subjects:
        raise LabelError(
            f"{path}: has no labels of the subject {wanted!r}, only of {', '.join(map(repr, subjects))}; correct labels: {{subject: ...}} "
            f"{IN_STUDY_FILE}{suggest_nearest(wanted, subjects) or '.'}"
        )
    return chosen


def find_subject(subjects: Sequence[str], request: LabelRequest) -> str | None:
    """Return the subject that is called as the request's individual, apart from case and special characters; None if none is, or several.

    >>> from behavior.recording import Frames
    >>> find_subject(["Mouse 1", "Mouse 2"], LabelRequest((), Frames(0), individual="mouse_2"))
    'Mouse 2'
    """
    if not request.individual:
        return None
    individual = request.individual.casefold()
    for spelling in (str.casefold, _keep_letters):
        fitting = [name for name in subjects if name and spelling(name) == spelling(individual)]
        if len(fitting) == 1:
            return fitting[0]
    return None


def require_own_subject(path: Path, subjects: Sequence[str], request: LabelRequest) -> str | None:
    """Return the subject of a list of bouts that is called as the request's individual, None if it does not matter.

    Raises
    ------
    UnownedError
        If the file is that of several individuals' recordings, its bouts have subjects, none is called so, and the request names none.
    """
    named = [name for name in subjects if name]
    own = find_subject(named, request)
    if own is None and named and request.is_shared and request.subject is None:
        raise UnownedError(_refuse_strangers(path, named, request))
    return own


def _refuse_strangers(path: Path, subjects: Sequence[str], request: LabelRequest) -> str:
    """Return the sentence on a label file of several individuals' recordings none of whose subjects is called as the individual."""
    known = join_first(map(repr, subjects), 8)
    return (
        f"{path}: has no labels of the individual {request.individual!r}, only of {known}; say {IN_STUDY_FILE} whose are whose: labels: "
        f"{{subject: {{RECORDING: NAME}}}}; or, if those of {subjects[0]!r} are true of each individual: labels: {{subject: "
        f'"{subjects[0]}"}}; or empty the cell labels of a recording that nobody labelled.'
    )


def refuse_nameless(path: Path, request: LabelRequest) -> str:
    """Return the sentence on a label file that names no animal, but is that of several individuals' recordings."""
    return (
        f"{path}: is the label file of several individuals of one video, {request.individual!r} among them, and does not say whose its "
        "labels are; name a file of its own for each recording, or, if what it labels is true of each of them, say so "
        f'{IN_STUDY_FILE}: labels: {{subject: "{EVERYBODY}"}}.'
    )


def fits(name: str, recording_names: Sequence[str]) -> bool:
    """Tell whether a file or observation has one of a recording's names, apart from folder, suffix, case and special characters.

    >>> fits("C:/lab/Mouse 1.avi", ["mouse_1"])
    True
    """
    spellings = spell(name)
    return any(spell(known) & spellings for known in recording_names)


def spell(name: str) -> frozenset[str]:
    """Return the spellings of a file, an observation or a recording: two that share one have the same name."""
    file = name_file(name)
    return frozenset({_simplify(file), _simplify(_drop_suffix(file))} - {""})


def name_file(path: str) -> str:
    r"""Return the file name in a path of any operating system.

    >>> name_file("D:\\videos\\OFT_5.mp4")
    'OFT_5.mp4'
    """
    return re.split(r"[/\\]", path.strip())[-1]


def _keep_letters(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _drop_suffix(name: str) -> str:
    return re.sub(r"\.\w{1,5}$", "", name)


def _simplify(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", fold_name(name.strip()))


def _list(media: Mapping[str, Sequence[str]], most: int = 10) -> str:
    shown = [f"{name!r}" + (f" ({', '.join(map(name_file, files))})" if files else "") for name, files in media.items()]
    return join_first(shown, most)
