"""BORIS projects: JSON of format version 7.0, which BORIS 7 to 9 open, an observation for each recording with its video attached."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from behavior.files.atomic import write_text
from behavior.files.ethogram_formats.entry import Entry, describe_origin, find_duration, list_events

__all__ = ["BorisObservation", "collect_observation", "write_boris_project"]

_FORMAT_VERSION = "7.0"
_DATE = "%Y-%m-%dT%H:%M:%S"
_PLAYERS = [str(number) for number in range(1, 9)]

# What BORIS takes for a key of the keyboard, in the order in which they are given away.
_KEYS = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class BorisObservation:
    """A recording as a project has it.

    Attributes
    ----------
    name
        The recording's id.
    behaviors
        All that could have been seen, whether or not it was.
    date
        When the annotation was written.
    content
        The observation of that name in the project.
    """

    name: str
    behaviors: tuple[str, ...]
    date: str
    content: dict[str, Any]


def collect_observation(entry: Entry, path: Path) -> BorisObservation:
    """Return the observation of a recording for the project at `path`.

    The video is named relative to the project where it lies below its folder, so that the two can move together. A recording without
    a video becomes what BORIS calls a live observation.
    """
    annotation, date = entry.annotation, entry.written.strftime(_DATE)
    content: dict[str, Any] = {
        "file": {},
        "type": "LIVE",
        "date": date,
        "description": describe_origin(entry),
        "time offset": 0.0,
        "events": [],
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "close_behaviors_between_videos": False,
    }
    if entry.video is None:
        content |= {"scan_sampling_time": 0, "start_from_current_time": False}
    else:
        media = _name_media(entry.video, path)
        content |= {
            "file": {player: [media] if player == "1" else [] for player in _PLAYERS},
            "type": "MEDIA",
            "media_creation_date_as_offset": False,
            "media_scan_sampling_duration": 0,
            "image_display_duration": 1,
            "media_info": {
                "length": {media: find_duration(entry)},
                "fps": {media: float(annotation.fps or 0.0)},
                "hasVideo": {media: True},
                "hasAudio": {media: False},
                "offset": {"1": 0.0},
            },
        }
    for event in list_events(entry):
        # BORIS tells starts from stops by their order: the first of a behavior starts it, the second stops it.
        row: list[object] = [round(event.time_s, 6), "", event.behavior, "", ""]
        content["events"].append(row if entry.video is None else [*row, event.frame])
    return BorisObservation(annotation.recording, annotation.behaviors, date, content)


def write_boris_project(path: Path, observations: Sequence[BorisObservation]) -> None:
    """Write a project with `observations` to `path`; its behaviors are state events."""
    behaviors = tuple(dict.fromkeys(name for observation in observations for name in observation.behaviors))
    project = {
        "time_format": "hh:mm:ss",
        "project_name": path.stem,
        "project_date": max((observation.date for observation in observations), default=""),
        "project_description": f"{len(observations)} ethograms, made by a model, not by a person",
        "project_format_version": _FORMAT_VERSION,
        "subjects_conf": {},
        "behaviors_conf": {
            str(number): {
                "type": "State event",
                "key": key,
                "code": name,
                "description": "",
                "category": "",
                "modifiers": {},
                "excluded": "",
                "coding map": "",
            }
            for number, (name, key) in enumerate(zip(behaviors, _choose_keys(behaviors), strict=True))
        },
        "observations": {observation.name: observation.content for observation in observations},
        "behavioral_categories": [],
        "behavioral_categories_config": {},
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    # BORIS opens projects in the computer's own encoding, which need not be UTF-8.
    write_text(path, json.dumps(project, indent=1, ensure_ascii=True, allow_nan=False) + "\n")


def _name_media(video: Path, project: Path) -> str:
    folder = project.parent.resolve()
    absolute = video if video.is_absolute() else video.resolve()
    return (absolute.relative_to(folder) if absolute.is_relative_to(folder) else absolute).as_posix()


def _choose_keys(behaviors: Iterable[str]) -> list[str]:
    """Return a key for each behavior: a letter of its name that is still free, else any; "" when all are taken."""
    taken: set[str] = set()
    keys = []
    for name in behaviors:
        free = [letter for letter in (*name.casefold(), *_KEYS) if letter in _KEYS and letter not in taken]
        keys.append(free[0] if free else "")
        taken.update(free[:1])
    return keys
