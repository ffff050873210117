"""What BORIS's files have in common: an observation, the media files in its players, and where in its time a video lies.

BORIS counts time from the start of the first player's first file, plus a time offset; files in one player follow one another, and
further players show other views at the same time, shifted by an offset of their own. See BORIS's user guide, "Create a new
observation"; event times include the time offset, the observation interval does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from behavior.errors import LabelError
from behavior.files.label_formats.choosing import fits, name_file
from behavior.files.label_formats.naming import IN_STUDY_FILE
from behavior.files.label_formats.request import BoutLabels, BoutRows, LabelRequest, StatePairer
from behavior.recording import Frames, frame_edges

__all__ = ["TIME_TOLERANCE_S", "BorisEvents", "Observation", "Stretch", "find_media_frames", "find_stretch"]

# Four days at 30 frames per second; a file that says more is damaged.
MOST_FRAMES = 10_000_000
# BORIS writes milliseconds.
TIME_TOLERANCE_S = 6e-4


@dataclass(frozen=True)
class Observation:
    """An observation without its events.

    Attributes
    ----------
    players
        Media files of each player, in their order; those of the first follow one another in time.
    lengths
        Seconds that media files last, where that is known.
    total_length
        Seconds that the first player's files last together; None where that is not known.
    time_offset
        Seconds that were added to all times.
    player_offsets
        Seconds by which a player started later than the first.
    interval
        Seconds, without the offset, between which was observed; a stop of None is the end.
    """

    players: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lengths: Mapping[str, float] = field(default_factory=dict)
    total_length: float | None = None
    time_offset: float = 0.0
    player_offsets: Mapping[str, float] = field(default_factory=dict)
    interval: tuple[float, float | None] = (0.0, None)

    @property
    def media(self) -> tuple[str, ...]:
        """All media files."""
        return tuple(dict.fromkeys(file for files in self.players.values() for file in files))


@dataclass(frozen=True)
class Stretch:
    """Where the recording lies in an observation's time.

    Attributes
    ----------
    shift
        Seconds to take from an event's time to get that in the video.
    start, stop
        Seconds of the video between which was observed; a stop of None is not known.
    is_part
        Whether other events are about other videos.
    notes
        Sentences about what is odd.
    """

    shift: float
    start: float
    stop: float | None
    is_part: bool
    notes: tuple[str, ...] = ()


def find_stretch(path: Path, observation: Observation, request: LabelRequest) -> Stretch:
    """Return where the recording lies in `observation`.

    Raises
    ------
    LabelError
        If the recording is one of several videos in a row, and it is not known which, or how long those before it are.
    """
    player, place = _find_media(path, observation, request)
    files = observation.players.get(player, ())
    own_length = observation.lengths.get(files[place]) if files else None
    lengths = [observation.lengths.get(file) for file in files[:place]]
    known = [length for length in lengths if length is not None]
    before = sum(known)
    duration = _measure(request)
    total = observation.total_length
    if len(known) < len(lengths):
        if place != len(files) - 1 or total is None or duration is None:
            raise LabelError(
                f"{path}: {name_file(files[place])} comes after {', '.join(map(name_file, files[:place]))}, and the file does not say how "
                "long these are; give the BORIS project (.boris) instead."
            )
        before = total - duration
    elif len(files) == 1 and own_length is None and total is not None and duration is not None:
        if total - duration > _tolerate(total) and not request.frames.broke_off and request.policies.out_of_range == "error":
            raise LabelError(
                f"{path}: the observation lasts {total:g} s, the video {duration:.1f} s: it is of another video, or of more than one, and "
                f"others may come before {name_file(files[0])}; give the BORIS project (.boris), which tells, or take it for the only one: "
                f"labels: {{out_of_range: warn}} {IN_STUDY_FILE}."
            )
        own_length = total
    notes: list[str] = []
    if len(files) > 1:
        own_length = duration if own_length is None else own_length
        notes.append(f"{path}: the observation covers {len(files)} videos; events on {name_file(files[place])} are read.")
    shift = observation.time_offset + before + observation.player_offsets.get(player, 0.0)
    in_video = before + observation.player_offsets.get(player, 0.0)
    start = max(0.0, observation.interval[0] - in_video)
    stop = observation.interval[1] - in_video if observation.interval[1] is not None else None
    if own_length is not None:
        stop = own_length if stop is None else min(stop, own_length)
        notes += _compare_lengths(path, files[place], own_length, request)
    return Stretch(shift, start, stop, is_part=len(files) > 1, notes=tuple(notes))


def find_media_frames(path: Path, observation: Observation, rates: Mapping[str, float], request: LabelRequest) -> Frames | None:
    """Return the frames of the recording's video by the length and frame rate that the file knows; None if it does not know both.

    Parameters
    ----------
    rates
        Frames per second of media files, where that is known.

    Raises
    ------
    LabelError
        If the recording is one of several videos in a row, and it is not known which.
    """
    player, place = _find_media(path, observation, request)
    files = observation.players.get(player, ())
    length, rate = (known.get(files[place]) if files else None for known in (observation.lengths, rates))
    if not length or not rate or not 0 < length * rate <= MOST_FRAMES:
        return None
    return Frames.from_times(np.arange(round(length * rate)) / rate)


def _find_media(path: Path, observation: Observation, request: LabelRequest) -> tuple[str, int]:
    """Return the player of the recording's video, and its place among the player's files; LabelError if it could be any of several."""
    fitting = [
        (player, place)
        for player, files in observation.players.items()
        for place, file in enumerate(files)
        if fits(file, request.recording_names)
    ]
    first_files = next(iter(observation.players.values()), ())
    if not fitting and len(first_files) > 1:
        wanted = request.recording_names[0] if request.recording_names else "the recording"
        raise LabelError(
            f"{path}: the observation covers {len(first_files)} videos one after the other ({', '.join(map(name_file, first_files))}), and "
            f"none is named after {wanted}; name the recording's video as one of them."
        )
    return fitting[0] if fitting else (next(iter(observation.players), "1"), 0)


def _compare_lengths(path: Path, file: str, length: float, request: LabelRequest) -> list[str]:
    duration = _measure(request)
    if duration is None or length - duration <= _tolerate(length) or request.frames.broke_off:
        return []
    return [f"{path}: says that {name_file(file)} lasts {length:g} s, {length - duration:.1f} s more than the video; is it the same?"]


def _measure(request: LabelRequest) -> float | None:
    """Return how long the video lasts, in seconds; None where nobody knows."""
    if request.frames.time_s is None or len(request.frames.time_s) < 2:
        return None
    edges = frame_edges(request.frames.time_s)
    return float(edges[-1] - edges[0])


def _tolerate(length: float) -> float:
    """Return by how much lengths may differ: sound may be longer than the picture."""
    return max(1.0, 0.01 * length)


class BorisEvents:
    """Collects the events of one observation, and makes bouts of them in the video's time.

    Parameters
    ----------
    path, request
        The file, and what is wanted of it.
    stretch
        Where the video lies in the observation.
    place
        What an event's number is called in messages.
    """

    def __init__(self, path: Path, request: LabelRequest, stretch: Stretch, place: str) -> None:
        self._path, self._request, self._stretch = path, request, stretch
        self.rows = BoutRows(place)
        self._pairer = StatePairer(path, self.rows, request.policies.unterminated)

    def add_point(self, line: int, name: str, subject: str, at: float) -> None:
        """Add an event without a duration."""
        self.rows.add(line, name, at, at, subject=subject, is_point=True)

    def add_bout(self, line: int, name: str, subject: str, start: float, stop: float | None) -> None:
        """Add a state with both its ends; a stop of None is missing."""
        if stop is None:
            self._pairer.start(line, name, subject, start)
        else:
            self.rows.add(line, name, start, stop, subject=subject)

    def add_change(self, line: int, name: str, subject: str, at: float, *, kind: str = "") -> None:
        """Add a start or a stop, or, where `kind` is neither, whichever is due."""
        change = {"START": self._pairer.start, "STOP": self._pairer.stop}.get(kind, self._pairer.toggle)
        change(line, name, subject, at)

    def finish(self, *, in_seconds: bool = True, notes: tuple[str, ...] = ()) -> BoutLabels:
        """Return all bouts; those of other videos of the observation are left out."""
        stretch = self._stretch
        end = None if stretch.stop is None or not in_seconds else stretch.stop + stretch.shift
        mended = self._pairer.finish(end)
        last = np.inf if stretch.stop is None else stretch.stop
        is_whole = not in_seconds or (stretch.start <= 0 and np.isinf(last))
        return BoutLabels(
            self.rows,
            in_seconds=in_seconds,
            observed=None if is_whole else ((stretch.start, last),),
            notes=(*notes, *stretch.notes, *mended),
            tolerance_s=TIME_TOLERANCE_S,
            has_animals=True,
            shift=stretch.shift if in_seconds else 0.0,
            window=(0.0, last) if stretch.is_part and in_seconds else None,
        )
