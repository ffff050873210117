"""What BORIS's files have in common: an observation, the media files in its players, and where in its time the recording lies.

BORIS counts time from the start of the first player's first file, plus a time offset; files in one player follow one another, and
further players show other views at the same time, shifted by an offset of their own. See BORIS's user guide, "Create a new
observation"; event times include the time offset, the observation interval does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from behavior.errors import LabelError
from behavior.files.label_formats.bout_rows import BoutRows, StatePairer
from behavior.files.label_formats.choosing import fits, name_file
from behavior.files.label_formats.label_format import BoutLabels
from behavior.files.label_formats.naming import IN_STUDY_FILE
from behavior.files.label_formats.request import LabelRequest
from behavior.frame_times import estimate_fps, frame_edges, have_same_rate
from behavior.recording import Frames

__all__ = ["TIME_TOLERANCE_S", "BorisEvents", "Observation", "Stretch", "find_media_frames", "find_stretch"]

# Four days at 30 frames per second; a file that says more is damaged.
_MOST_FRAMES = 10_000_000
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
        Durations of media files in seconds, where known.
    rates
        Frames per second of media files, where known.
    total_length
        Seconds that the first player's files last together; None if unknown.
    time_offset
        Seconds that were added to all times.
    player_offsets
        Seconds by which a player started later than the first; None if the file does not tell.
    interval
        The observed span in seconds, without the offset; a stop of None is the end.
    event_times
        Times of the first and last event on each media file, where the file tells on which an event was.
    is_order_stated
        Whether the file says in which order the media were played; else it is that of their events, and others may have none.
    """

    players: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lengths: Mapping[str, float] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    total_length: float | None = None
    time_offset: float = 0.0
    player_offsets: Mapping[str, float] | None = field(default_factory=dict)
    interval: tuple[float, float | None] = (0.0, None)
    event_times: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    is_order_stated: bool = True

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
        Seconds to subtract from an event's time to get that in the video.
    start, stop
        The observed span, in seconds of the video; a stop of None is unknown.
    is_part
        Whether other events are about other videos.
    is_stated
        Whether the observation has an interval of its own.
    notes
        Sentences on what is odd.
    """

    shift: float
    start: float
    stop: float | None
    is_part: bool
    is_stated: bool = False
    notes: tuple[str, ...] = ()


def find_stretch(path: Path, observation: Observation, request: LabelRequest) -> Stretch:
    """Return where the recording lies in `observation`.

    Raises
    ------
    LabelError
        If the recording is one of several videos in a row, and it is unknown which, how long those before it are, or in which order they
        were played; or if it is the video of a further player, and the file does not tell when that started.
    """
    player, position = _find_video(path, observation, request)
    files = observation.players.get(player, ())
    if len(files) > 1 and not observation.is_order_stated:
        _require_order(path, observation, files)
    before = _sum_lengths_before(path, observation, files, position, request)
    own_length = observation.lengths.get(files[position]) if files else None
    if len(files) == 1 and own_length is None:
        own_length = _take_total_length(path, observation, files[0], request)
    notes: list[str] = []
    if len(files) > 1:
        own_length = _measure(request) if own_length is None else own_length
        order = "" if observation.is_order_stated else ", which were played in the order of their events by what the file tells"
        notes.append(f"{path}: the observation covers {len(files)} videos{order}; events on {name_file(files[position])} are read.")
        _require_events_within(path, observation, files[position], before, own_length)
    player_offset = _find_offset(path, observation, player, request)
    shift = observation.time_offset + before + player_offset
    in_video = before + player_offset
    start = max(0.0, observation.interval[0] - in_video)
    stop = observation.interval[1] - in_video if observation.interval[1] is not None else None
    if own_length is not None:
        notes += _compare_lengths(path, files[position], own_length, request)
        # Sound may be longer than the picture.
        own_length = min(own_length, _measure(request) or own_length)
        stop = own_length if stop is None else min(stop, own_length)
    if files:
        notes += _compare_rates(path, files[position], observation.rates, request)
    return Stretch(shift, start, stop, is_part=len(files) > 1, is_stated=observation.interval != (0.0, None), notes=tuple(notes))


def _find_video(path: Path, observation: Observation, request: LabelRequest) -> tuple[str, int]:
    """Return the player that shows the recording's video, and the video's position in it; the first video if none is named after it."""
    for player, files in observation.players.items():
        for position, file in enumerate(files):
            if fits(file, request.recording_names):
                return player, position
    first_files = next(iter(observation.players.values()), ())
    wanted = request.recording_names[0] if request.recording_names else "the recording"
    if len(first_files) > 1:
        raise LabelError(
            f"{path}: the observation covers {len(first_files)} videos one after the other ({', '.join(map(name_file, first_files))}), and "
            f"none is named after {wanted}; name the recording's video as one of them."
        )
    offsets = [None if observation.player_offsets is None else observation.player_offsets.get(name, 0.0) for name in observation.players]
    if len(offsets) > 1 and request.offset_s is None and (None in offsets or len(set(offsets)) > 1):
        shown = ", ".join(f"#{name} {name_file(files[0])}" for name, files in observation.players.items())
        raise LabelError(
            f"{path}: the videos of players {shown} may have started at different times, and none is named after {wanted}; name the "
            f"recording's video as one of them, or say {IN_STUDY_FILE} when it starts: {_suggest_offset(request)}."
        )
    return next(iter(observation.players), "1"), 0


def _find_offset(path: Path, observation: Observation, player: str, request: LabelRequest) -> float:
    """Return by how many seconds the recording's video started later than the first player; LabelError if unknown."""
    is_first = player == next(iter(observation.players), player)
    if observation.player_offsets is None and not is_first and request.offset_s is None:
        file = name_file(observation.players[player][0])
        raise LabelError(
            f"{path}: {file} was shown by player #{player}, and this export does not tell how much later than player #1 it started; give "
            f"the BORIS project (.boris), which does, or say it {IN_STUDY_FILE}: {_suggest_offset(request)}, less than 0 if it started "
            "earlier."
        )
    known = 0.0 if observation.player_offsets is None else observation.player_offsets.get(player, 0.0)
    return known + (request.offset_s or 0.0)


def _suggest_offset(request: LabelRequest) -> str:
    recording = request.recording_names[-1] if request.recording_names else "RECORDING"
    return f"labels: {{offset_s: {{{recording}: SECONDS}}}}"


def _require_order(path: Path, observation: Observation, files: Sequence[str]) -> None:
    """Raise LabelError unless all events on one video come before those on the next."""
    for file, following in pairwise(files):
        span, next_span = (observation.event_times.get(name) for name in (file, following))
        if span is None or next_span is None or span[1] > next_span[0]:
            times = "" if span is None or next_span is None else f" ({_show(span)} and {_show(next_span)})"
            raise LabelError(
                f"{path}: does not tell in which order its videos were played, and the events on {name_file(file)} and "
                f"{name_file(following)}{times} do not either; give the BORIS project (.boris) instead."
            )


def _require_events_within(path: Path, observation: Observation, file: str, before: float, length: float | None) -> None:
    """Raise LabelError if events on `file` lie outside the time in which it was shown, by the lengths of the videos before it."""
    span = observation.event_times.get(file)
    if span is None or length is None:
        return
    first, last = (at - observation.time_offset for at in span)
    tolerance = _tolerate(before + length)
    if first < before - tolerance or last > before + length + tolerance:
        raise LabelError(
            f"{path}: has events on {name_file(file)} at {_show((first, last))}, but by what it tells of its videos that one was shown at "
            f"{_show((before, before + length))}; others without events may come before it: give the BORIS project (.boris) instead."
        )


def _show(span: tuple[float, float]) -> str:
    return f"{span[0]:g} to {span[1]:g} s"


def _sum_lengths_before(path: Path, observation: Observation, files: Sequence[str], position: int, request: LabelRequest) -> float:
    """Return how many seconds of a player's `files` come before the video at `position`; LabelError if unknown."""
    lengths = [observation.lengths.get(file) for file in files[:position]]
    known = [length for length in lengths if length is not None]
    if len(known) == len(lengths):
        return sum(known)
    duration, total = _measure(request), observation.total_length
    if position != len(files) - 1 or total is None or duration is None:
        raise LabelError(
            f"{path}: {name_file(files[position])} comes after {', '.join(map(name_file, files[:position]))}, and the file does not tell "
            "how long these are; give the BORIS project (.boris) instead."
        )
    return total - duration


def _take_total_length(path: Path, observation: Observation, file: str, request: LabelRequest) -> float | None:
    """Return the observation's length as that of its only video, None if unknown; LabelError if it is much longer than the video."""
    duration, total = _measure(request), observation.total_length
    if total is None or duration is None:
        return None
    if total - duration > _tolerate(total) and not request.frames.broke_off and request.policies.out_of_range == "error":
        raise LabelError(
            f"{path}: the observation lasts {total:g} s, the video {duration:.1f} s: it is of another video, or of more than one, and "
            f"others may come before {name_file(file)}; give the BORIS project (.boris), which tells, or take it for the only one: "
            f"labels: {{out_of_range: warn}} {IN_STUDY_FILE}."
        )
    return total


def find_media_frames(path: Path, observation: Observation, request: LabelRequest) -> Frames | None:
    """Return the frames of the recording's video by the length and frame rate in the file; None if it has not both.

    Raises
    ------
    LabelError
        If the recording is one of several videos in a row, and it is unknown which.
    """
    player, position = _find_video(path, observation, request)
    files = observation.players.get(player, ())
    length, rate = (known.get(files[position]) if files else None for known in (observation.lengths, observation.rates))
    if not length or not rate or not 0 < length * rate <= _MOST_FRAMES:
        return None
    return Frames.from_times(np.arange(round(length * rate)) / rate)


def _compare_lengths(path: Path, file: str, length: float, request: LabelRequest) -> list[str]:
    """Return a note if `file` lasts longer than the video, by what the observation says; LabelError if the policy is ``error``."""
    duration = _measure(request)
    if duration is None or length - duration <= _tolerate(length) or request.frames.broke_off:
        return []
    said = f"{path}: says that {name_file(file)} lasts {length:g} s, {length - duration:.1f} s more than the video"
    if request.policies.out_of_range == "error":
        raise LabelError(
            f"{said}; are they the labels of another video? (labels: {{out_of_range: warn}} {IN_STUDY_FILE} reads what is within it)."
        )
    return [f"{said}; what is after its end is left out."]


def _compare_rates(path: Path, file: str, rates: Mapping[str, float], request: LabelRequest) -> list[str]:
    """Return a note if `file` has another frame rate than the video, by what the observation says."""
    rate, time_s = rates.get(file), request.frames.time_s
    if not rate or time_s is None or len(time_s) < 2 or not (np.diff(time_s) > 0).any():
        return []
    fps = estimate_fps(time_s)
    if have_same_rate(rate, fps):
        return []
    return [
        f"{path}: says that {name_file(file)} has {rate:g} frames per second, the video has {fps:.4g}; the times of events count, and are "
        "wrong if it is another video."
    ]


def _measure(request: LabelRequest) -> float | None:
    """Return how long the video lasts, in seconds; None if unknown."""
    if request.frames.time_s is None or len(request.frames.time_s) < 2:
        return None
    # From 0 on, although what is known of the frames may begin later.
    return float(frame_edges(request.frames.time_s)[-1])


def _tolerate(length: float) -> float:
    """Return by how many seconds lengths may differ: sound may be longer than the picture."""
    return max(1.0, 0.01 * length)


class BorisEvents:
    """Collects the events of one observation, and makes bouts of them in the video's time.

    Parameters
    ----------
    path, request
        The file, and what to read from it.
    stretch
        Where the video lies in the observation.
    row_word
        What messages call an event: ``line``, ``row`` or ``event``.
    """

    def __init__(self, path: Path, request: LabelRequest, stretch: Stretch, row_word: str) -> None:
        self._path, self._request, self._stretch = path, request, stretch
        self.rows = BoutRows(row_word)
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
        """Add a start (`kind` ``START``) or a stop (``STOP``); with another `kind`, whichever is due."""
        change = {"START": self._pairer.start, "STOP": self._pairer.stop}.get(kind, self._pairer.toggle)
        change(line, name, subject, at)

    def finish(self, *, in_seconds: bool = True, notes: tuple[str, ...] = (), codable: tuple[str, ...] | None = None) -> BoutLabels:
        """Return the bouts of the recording; those of other videos of the observation are left out.

        `codable` are the behaviors of the ethogram, where the file has it.
        """
        stretch = self._stretch
        if not in_seconds and self._request.offset_s:
            raise LabelError(f"{self._path}: is in images, not in seconds, so labels: {{offset_s: ...}} cannot shift it; leave that out.")
        end = None if stretch.stop is None or not in_seconds else stretch.stop + stretch.shift
        fixed = self._pairer.finish(end)
        last = np.inf if stretch.stop is None else stretch.stop
        is_whole = not in_seconds or (stretch.start <= 0 and np.isinf(last))
        return BoutLabels(
            self.rows,
            in_seconds=in_seconds,
            observed=None if is_whole else ((stretch.start, last),),
            notes=(*notes, *stretch.notes, *fixed),
            tolerance_s=TIME_TOLERANCE_S,
            has_animals=True,
            shift=stretch.shift if in_seconds else 0.0,
            window=(0.0, last) if stretch.is_part and in_seconds else None,
            codable=codable,
            is_extent_stated=stretch.is_stated,
        )
