"""What people corrected in the track of a video: a file beside the track, a line for each correction, which no run of `track` removes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from behavior.errors import PoseError, show_plainly
from behavior.files.atomic import write_text
from behavior.files.manifest import is_portable_name
from behavior.files.opening import explain_damage, read_text
from behavior.recording import CorrectionAction, Spot, TrackCorrection

__all__ = ["CORRECTIONS_SUFFIX", "CorrectedVideo", "read_corrections", "write_corrections"]

CORRECTIONS_SUFFIX = "_track_corrections.jsonl"

_VERSION = 1
_MOST_BYTES, _MOST_NUMBER = 16 * 2**20, 2**31
_ADVICE = "correct the line, or move the file away to go on without its corrections"
_NEEDS_OTHER = ("swap", "merge")


@dataclass(frozen=True)
class CorrectedVideo:
    """The video that corrections are of: its file name, bytes and frames."""

    video: str
    bytes: int
    frames: int

    def is_same(self, other: CorrectedVideo) -> bool:
        """Tell whether this is another's video: a renamed file is, and one that was written again with as many frames.

        >>> CorrectedVideo("a.mp4", 900, 80).is_same(CorrectedVideo("b.mp4", 900, 80))
        True
        """
        return self.frames == other.frames and (self.video == other.video or self.bytes == other.bytes)


def read_corrections(path: Path, video: CorrectedVideo) -> list[TrackCorrection]:
    """Return the corrections of a video's track in the file at `path`, in order; none if there is no file.

    Raises
    ------
    PoseError
        If the file cannot be used, or is of another video; the message names the line.
    """
    if not path.exists():
        return []
    expected = "corrections of a track"
    text = read_text(path, most_bytes=_MOST_BYTES, error=PoseError, expected=expected, advice=_ADVICE)
    corrections = []
    with explain_damage(path, error=PoseError, expected=expected, advice=_ADVICE):
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                content = json.loads(line, parse_constant=_refuse_constant)
                if not isinstance(content, dict):
                    raise ValueError("found no object in braces")
                if number == 1:
                    _require_same(path, content, video)
                else:
                    corrections.append(_parse(content))
            except (ValueError, RecursionError) as error:
                reason = " ".join(show_plainly(str(error)).split())[:200]
                raise PoseError(f"{path}, line {number}: is not a correction of a track ({reason}); {_ADVICE}.") from None
    if not text.strip():
        raise PoseError(f"{path}: is empty, expected a line that names the video; move it away.")
    return corrections


def write_corrections(path: Path, video: CorrectedVideo, corrections: Sequence[TrackCorrection]) -> None:
    """Write the corrections of a video's track to `path`, whole or not at all; OutputError if that fails."""
    head = {"corrections": _VERSION, "video": video.video, "bytes": video.bytes, "frames": video.frames}
    lines = [json.dumps(one, ensure_ascii=False) for one in (head, *map(_format, corrections))]
    write_text(path, "\n".join(lines) + "\n")


def _require_same(path: Path, head: Mapping[str, Any], video: CorrectedVideo) -> None:
    if head.get("corrections") != _VERSION or set(head) != {"corrections", "video", "bytes", "frames"}:
        raise ValueError(f'expected {{"corrections": {_VERSION}, "video": ..., "bytes": ..., "frames": ...}}')
    given = CorrectedVideo(_take_text(head, "video"), _take_number(head, "bytes", most=2**53), _take_number(head, "frames"))
    if not given.is_same(video):
        raise PoseError(
            f"{path}: corrects the track of {given.video} ({given.frames} frames, {given.bytes:,} bytes), found {video.video} "
            f"({video.frames} frames, {video.bytes:,} bytes); move it to its own video."
        )


def _format(correction: TrackCorrection) -> dict[str, Any]:
    at, other = correction.at, correction.other
    content: dict[str, Any] = {"action": correction.action, "frame": at.frame, "x": round(at.x, 2), "y": round(at.y, 2)}
    if other is not None:
        content |= {"other_frame": other.frame, "other_x": round(other.x, 2), "other_y": round(other.y, 2)}
    for name in ("start_frame", "stop_frame"):
        if getattr(correction, name) is not None:
            content[name] = getattr(correction, name)
    return content | ({"name": correction.name} if correction.name else {})


def _parse(content: Mapping[str, Any]) -> TrackCorrection:
    action: Any = content.get("action")
    if action not in get_args(CorrectionAction):
        raise ValueError(f"action is {str(action)[:40]!r}, expected {', '.join(get_args(CorrectionAction))}")
    known = {"action", "frame", "x", "y", "other_frame", "other_x", "other_y", "start_frame", "stop_frame", "name"}
    if unknown := sorted(set(content) - known):
        raise ValueError(f"found {unknown[0][:40]!r}, expected {', '.join(sorted(known))}")
    has_other = any(name.startswith("other_") for name in content)
    if action in _NEEDS_OTHER and not has_other:
        raise ValueError(f"{action} needs other_frame, other_x and other_y")
    start, stop = (_take_number(content, name) if name in content else None for name in ("start_frame", "stop_frame"))
    if stop is not None and stop <= (start or 0):
        raise ValueError(f"stop_frame is {stop}, expected more than start_frame")
    name = _take_text(content, "name") if "name" in content else ""
    if (action == "name") != bool(name):
        raise ValueError("a name is given where an animal is named, and nowhere else")
    if name and not is_portable_name(name):
        raise ValueError(f"name is {name[:40]!r}, expected letters, digits, dots, dashes and underscores")
    other = _take_spot(content, "other_") if has_other else None
    return TrackCorrection(action, _take_spot(content, ""), other, start, stop, name)


def _take_spot(content: Mapping[str, Any], prefix: str) -> Spot:
    x, y = (content.get(f"{prefix}{name}") for name in "xy")
    if not all(isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) for value in (x, y)):
        raise ValueError(f"{prefix}x and {prefix}y are {str(x)[:20]} and {str(y)[:20]}, expected pixels")
    assert x is not None and y is not None
    return Spot(_take_number(content, f"{prefix}frame"), float(x), float(y))


def _take_number(content: Mapping[str, Any], name: str, *, most: int = _MOST_NUMBER) -> int:
    value = content.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < most:
        raise ValueError(f"{name} is {str(value)[:20]!r}, expected a whole number from 0")
    return value


def _take_text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str) or len(value) > 400:
        raise ValueError(f"{name} is {str(value)[:20]!r}, expected a text")
    return value


def _refuse_constant(text: str) -> float:
    raise ValueError(f"found {text}, expected a number")
