"""What a person does to a track on the page, as what it says of positions in frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from behavior.errors import UsageError
from behavior.files.manifest import is_portable_name
from behavior.recording import CorrectionAction, Spot, TrackCorrection
from behavior.reporting.corrected_tracks import CorrectedTrack

__all__ = ["TrackEdit", "describe_correction", "plan_correction"]

_LONGEST_NAME = 60


@dataclass(frozen=True)
class TrackEdit:
    """What is done.

    Attributes
    ----------
    action
        As of `TrackCorrection`.
    animal, other
        Columns of the track. For `assign`, `other` is the animal that a tracklet becomes, None for a new one.
    tracklet
        Its number, for `assign`, `split` and `remove`.
    frame
        From which an exchange holds, or before which a tracklet is split.
    until
        Where an exchange ends: with the video, or where the next tracklet of the two ends.
    name
        For `name`.
    """

    action: CorrectionAction
    animal: int | None = None
    other: int | None = None
    tracklet: int | None = None
    frame: int | None = None
    until: Literal["end", "crossing"] = "end"
    name: str = ""


def plan_correction(track: CorrectedTrack, edit: TrackEdit) -> TrackCorrection:
    """Return what an edit says of the video.

    Raises
    ------
    UsageError
        If it names what the track does not have, or there is nothing to say.
    """
    if edit.action == "swap":
        return _plan_swap(track, edit)
    if edit.action == "merge":
        first, second = _require_two(track, edit)
        return TrackCorrection("merge", _find_anchor(track, first), _find_anchor(track, second))
    if edit.action == "name":
        name = edit.name.strip()
        if not is_portable_name(name) or len(name) > _LONGEST_NAME:
            raise UsageError(
                f"{name[:_LONGEST_NAME]!r} cannot be the name of an animal; use letters, digits, dots, dashes and underscores."
            )
        if name in track.names:
            raise UsageError(f"an animal is called {name} already.")
        return TrackCorrection("name", _find_anchor(track, _require_animal(track, edit.animal)), name=name)
    number = edit.tracklet
    if number is None or not 0 <= number < len(track.tracklets):
        raise UsageError("there is no such tracklet; load the page again.")
    tracklet = track.tracklets[number]
    if edit.action == "split":
        row = int(np.searchsorted(tracklet.frames, edit.frame or 0))
        if not 0 < row < len(tracklet):
            raise UsageError("a tracklet is split between its first frame and its last one; go there first.")
        return TrackCorrection("split", _find_spot(track, number, row))
    here = _find_spot(track, number, len(tracklet) // 2)
    span = (tracklet.start_frame, tracklet.stop_frame)
    if edit.action == "remove":
        return TrackCorrection("remove", here, None, *span)
    if edit.other is None:
        return TrackCorrection("assign", here, None, *span)
    other = _require_animal(track, edit.other)
    if track.owners[number] == other and np.sum(track.owners == other) == 1:
        raise UsageError(f"this is {track.names[other]}, all of it.")
    return TrackCorrection("assign", here, _find_anchor(track, other, besides=number), *span)


def describe_correction(correction: TrackCorrection) -> str:
    """Return a correction in words.

    >>> describe_correction(TrackCorrection("swap", Spot(4, 0, 0), Spot(5, 0, 0), 5))
    'exchanged from frame 5 to the end'
    """
    start, stop = correction.start_frame, correction.stop_frame
    span = f"frames {start} to {'the end' if stop is None else stop - 1}"
    return {
        "swap": f"exchanged from frame {start} to {'the end' if stop is None else stop - 1}",
        "assign": f"{span}: {'a new' if correction.other is None else 'another'} animal",
        "split": f"split before frame {correction.at.frame}",
        "merge": "two animals are one",
        "remove": f"{span}: no animal",
        "name": f"named {correction.name}",
    }[correction.action]


def _plan_swap(track: CorrectedTrack, edit: TrackEdit) -> TrackCorrection:
    animals = _require_two(track, edit)
    frame = edit.frame or 0
    for one, other in (animals, animals[::-1]):
        before, after = track.find_last(one, frame), track.find_next(other, frame)
        if before is not None and after is not None:
            break
    else:
        raise UsageError(f"there is nothing to exchange at frame {frame}: neither animal is seen before it and the other one after it.")
    stop = None
    if edit.until == "crossing":
        stops = [
            tracklet.stop_frame
            for tracklet, owner in zip(track.tracklets, track.owners.tolist(), strict=True)
            if owner in animals and tracklet.stop_frame > max(frame, after.frame)
        ]
        stop = min(stops, default=None)
        stop = None if stop is None or stop >= track.n_frames else stop
    return TrackCorrection("swap", before, after, frame, stop)


def _require_two(track: CorrectedTrack, edit: TrackEdit) -> tuple[int, int]:
    animals = (_require_animal(track, edit.animal), _require_animal(track, edit.other))
    if animals[0] == animals[1]:
        raise UsageError("choose two animals first: click one in the picture or in the list, and another.")
    return animals


def _require_animal(track: CorrectedTrack, animal: int | None) -> int:
    if animal is None or not 0 <= animal < len(track.names):
        raise UsageError("there is no such animal; load the page again.")
    return animal


def _find_anchor(track: CorrectedTrack, animal: int, *, besides: int | None = None) -> Spot:
    """Return a place in which an animal is for certain: the middle of its longest tracklet."""
    own = np.flatnonzero(track.owners == animal)
    own = own[own != besides] if besides is not None else own
    if not len(own):
        raise UsageError(f"{track.names[animal]} has no tracklet.")
    lengths = [len(track.tracklets[number]) for number in own.tolist()]
    number = int(own[int(np.argmax(lengths))])
    return _find_spot(track, number, len(track.tracklets[number]) // 2)


def _find_spot(track: CorrectedTrack, number: int, row: int) -> Spot:
    tracklet = track.tracklets[number]
    return Spot(int(tracklet.frames[row]), *map(float, tracklet.positions[row]))
