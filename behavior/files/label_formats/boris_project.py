"""BORIS projects (.boris): JSON with the ethogram, the subjects and all observations with their events; versions from 7."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from behavior.errors import LabelError
from behavior.files.label_formats.boris_json import EventList, parse_number, parse_project
from behavior.files.label_formats.boris_observation import BorisEvents, Observation, find_media_frames, find_stretch
from behavior.files.label_formats.choosing import choose_observation
from behavior.files.label_formats.label_format import BoutLabels, LabelFormat
from behavior.files.label_formats.naming import MODIFIER_MARK, join_modifiers
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.recording import Frames

__all__ = ["BORIS_PROJECT"]

_KEYS = ('"project_format_version"', '"behaviors_conf"', '"subjects_conf"', '"observations"', '"time_format"')


def _recognises(source: LabelSource) -> bool:
    return source.head.lstrip().startswith("{") and (any(key in source.head for key in _KEYS) or source.path.suffix.casefold() == ".boris")


def _list_names(source: LabelSource) -> tuple[str, ...]:
    """Return the behaviors that have events in any observation, in the ethogram's order."""
    project = _load(source)
    observations = _observations(source, project)
    coded = dict.fromkeys(code for name in observations for code in _list_events(source, observations, name).codes)
    order = dict.fromkeys([*_list_event_types(source, project), *coded])
    return tuple(code for code in order if code in coded)


def _list_points(source: LabelSource) -> tuple[str, ...]:
    event_types = _list_event_types(source, _load(source))
    return tuple(name for name in _list_names(source) if event_types.get(name, "").startswith("point"))


def _list_media(source: LabelSource) -> dict[str, tuple[str, ...]]:
    return {name: _describe(source, name, content).media for name, content in _observations(source, _load(source)).items()}


def _read(source: LabelSource, request: LabelRequest) -> BoutLabels:
    project = _load(source)
    observations = _observations(source, project)
    described = {name: _describe(source, name, content) for name, content in observations.items()}
    chosen, notes = choose_observation(source.path, {name: observation.media for name, observation in described.items()}, request)
    where = f"of observation {chosen!r}"
    if str(observations[chosen].get("type", "")).upper() == "LIVE":
        notes.append(f"{source.path}: {chosen!r} was observed live; its times are taken for those of the video.")
    stretch = find_stretch(source.path, described[chosen], request)
    event_types = _list_event_types(source, project)
    listed = _list_events(source, observations, chosen)
    in_seconds = not np.isnan(listed.time_s).any()
    times = listed.time_s if in_seconds else listed.image - 1
    if np.isnan(times).any():
        number = int(np.flatnonzero(np.isnan(times))[0]) + 1
        raise LabelError(f"{source.path}: event {number} {where} has neither a time nor an image; correct it in BORIS.")
    events = BorisEvents(source.path, request, stretch, "event")
    subjects, codes = [subject for subject, _, _ in listed.kinds], [code for _, code, _ in listed.kinds]
    names = [join_modifiers(code, modifiers.split(MODIFIER_MARK)) for _, code, modifiers in listed.kinds]
    kind_of = listed.kind
    # A project may hold millions of events: they are taken one by one.
    for index in np.argsort(times, kind="stable"):
        number, kind, time = int(index) + 1, kind_of[index], float(times[index])
        event_type = event_types.get(codes[kind], "")
        if event_type.startswith("state"):
            events.add_change(number, names[kind], subjects[kind], time)
        elif event_type.startswith("point") or request.naming.find_behavior(names[kind]) is None:
            events.add_point(number, names[kind], subjects[kind], time)
        else:
            raise LabelError(
                f"{source.path}: event {number} {where} is of {codes[kind]!r}, which the project's ethogram does not have, so it may "
                "be a point or a state; add it there in BORIS."
            )
    return events.finish(in_seconds=in_seconds, notes=tuple(notes), codable=tuple(event_types))


def _find_frames(source: LabelSource, request: LabelRequest) -> Frames | None:
    """Return the frames of the recording's video by its length and frame rate in the project; None if these are unknown."""
    observations = _observations(source, _load(source))
    described = {name: _describe(source, name, content) for name, content in observations.items()}
    chosen, _ = choose_observation(source.path, {name: observation.media for name, observation in described.items()}, request)
    return find_media_frames(source.path, described[chosen], request)


def _load(source: LabelSource) -> Mapping[str, Any]:
    try:
        project = parse_project(source.read_text().lstrip("\ufeff"))
    except json.JSONDecodeError as error:
        raise LabelError(
            f"{source.path}: line {error.lineno} is not JSON ({error.msg}), so the project is damaged or cut short; save it again in BORIS."
        ) from error
    # Numbers of thousands of digits, and brackets in thousands of brackets.
    except (ValueError, RecursionError) as error:
        raise LabelError(f"{source.path}: cannot be read as JSON ({error}); save the project again in BORIS.") from error
    return _as_mapping(source, project, "the project")


def _observations(source: LabelSource, project: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    observations = _as_mapping(source, project.get("observations") or {}, "'observations'")
    return {name: _as_mapping(source, content, f"observation {name!r}") for name, content in observations.items()}


def _list_event_types(source: LabelSource, project: Mapping[str, Any]) -> dict[str, str]:
    """Return "state event" or "point event" for each behavior of the ethogram."""
    ethogram = _as_mapping(source, project.get("behaviors_conf") or {}, "'behaviors_conf'")
    event_types = {}
    for key, content in ethogram.items():
        behavior = _as_mapping(source, content, f"behavior {key!r}")
        event_types[str(behavior.get("code", ""))] = str(behavior.get("type", "")).casefold()
    return event_types


def _describe(source: LabelSource, name: str, content: Mapping[str, Any]) -> Observation:
    where = f"observation {name!r}"
    files = content.get("file") or {}
    # Live observations may have a list, which is empty.
    players = _as_mapping(source, files, f"'file' of {where}") if not isinstance(files, list) else {}
    info = _as_mapping(source, content.get("media_info") or {}, f"'media_info' of {where}")
    lengths = _as_mapping(source, info.get("length") or {}, f"'length' of {where}")
    rates = _as_mapping(source, info.get("fps") or {}, f"'fps' of {where}")
    offsets = _as_mapping(source, info.get("offset") or {}, f"'offset' of {where}")
    interval = content.get("observation time interval") or (0, 0)
    if not isinstance(interval, Sequence) or isinstance(interval, str) or len(interval) != 2:
        raise LabelError(
            f"{source.path}: the observation time interval of {where} is {interval!r}, expected a start and a stop; correct it."
        )
    start, stop = (_as_number(source, value, f"the observation time interval of {where}") or 0.0 for value in interval)
    return Observation(
        players={
            str(player): tuple(str(file) for file in of_player)
            for player, of_player in players.items()
            if isinstance(of_player, list) and of_player
        },
        lengths={str(file): length for file, value in lengths.items() if (length := _as_number(source, value, f"a length in {where}"))},
        rates={str(file): rate for file, value in rates.items() if (rate := _as_number(source, value, f"a frame rate in {where}"))},
        time_offset=_as_number(source, content.get("time offset"), f"the time offset of {where}") or 0.0,
        player_offsets={str(player): _as_number(source, value, f"an offset in {where}") or 0.0 for player, value in offsets.items()},
        # A stop of 0 is the end.
        interval=(start, stop or None),
    )


def _list_events(source: LabelSource, observations: Mapping[str, Mapping[str, Any]], name: str) -> EventList:
    stored = observations[name].get("events") or EventList()
    if not isinstance(stored, list | EventList):
        raise LabelError(f"{source.path}: the events of observation {name!r} are not a list; save the project again in BORIS.")
    events = stored if isinstance(stored, EventList) else EventList()
    for fields in stored if isinstance(stored, list) else ():
        events.add(fields)
    if events.problem is not None:
        number, problem = events.problem
        raise LabelError(f"{source.path}: event {number} of observation {name!r} {problem}; correct it in BORIS.")
    return events


def _as_mapping(source: LabelSource, value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise LabelError(f"{source.path}: {name} is {str(value)[:60]!r}, expected names with contents; save the project again in BORIS.")
    return value


def _as_number(source: LabelSource, value: Any, name: str) -> float | None:
    """Return a number, None if it is marked as missing; LabelError for anything else."""
    try:
        return parse_number(value)
    except ValueError:
        raise LabelError(f"{source.path}: {name} is {str(value)[:60]!r}, expected a number of seconds; correct it in BORIS.") from None


BORIS_PROJECT = LabelFormat(
    name="BORIS project",
    container="json",
    suffixes=(".boris",),
    recognises=_recognises,
    list_names=_list_names,
    read=_read,
    list_observations=_list_media,
    list_points=_list_points,
    find_frames=_find_frames,
    has_players=True,
)
