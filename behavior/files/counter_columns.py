"""Columns of tables that count frames or time, by the many names that programs and people give them."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

__all__ = ["counts_from_1", "find_first_number", "find_time_unit", "is_counter", "is_frame_column"]

_UNITS_S = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "hh:mm:ss"), 1.0),
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "μs", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("hours",), 3600.0),
}
_UNIT = "|".join(sorted(_UNITS_S, key=len, reverse=True))

# Short units are names of behaviors, too, so that they need a word for time in front.
_TIME = re.compile(
    rf"(?:(?:trial|recording|elapsed|video|relative) )?time ?(?:stamps?)?(?: (?:in )?(?P<unit>{_UNIT}))?"
    rf"|(?:t|elapsed|zeit|temps|tiempo|tempo) (?:in |en )?(?P<short>{_UNIT})"
    r"|(?P<alone>sec|secs|seconds|ms|msec|milliseconds|minutes)"
)
_FRAME = re.compile(r"(?:video )?frames?(?: ?(?:number|num|nr|no|n|id|idx|index|ind|nummer))?|index|unnamed: 0")


def is_frame_column(name: str) -> bool:
    """Tell whether a column of this name counts frames; pandas writes an index without a name.

    >>> [is_frame_column(name) for name in ("Frame #", "frame_number", "FrameID", "", "frames_frozen")]
    [True, True, True, True, False]
    """
    return not name or _FRAME.fullmatch(_simplify(name)) is not None


def find_time_unit(name: str) -> float | None:
    """Return how many seconds one is in a column of this name, which holds the times of its rows; None if it does not.

    A name without a unit means seconds.

    >>> [find_time_unit(name) for name in ("Time", "timestamp_ms", "Time [min]", "trial time", "s", "time_sniffing")]
    [1.0, 0.001, 60.0, 1.0, None, None]
    """
    match = _TIME.fullmatch(_simplify(name))
    if match is None:
        return None
    return _UNITS_S[match["unit"] or match["short"] or match["alone"] or "s"]


def is_counter(name: str) -> bool:
    """Tell whether a column of this name counts frames or time, so that it is not a behavior."""
    return is_frame_column(name) or find_time_unit(name) is not None


def counts_from_1(frames: npt.NDArray[np.int64], n_frames: int) -> bool:
    """Tell whether numbers of frames begin at 1 and end with that behind the last of `n_frames`, which there is none of from 0.

    >>> counts_from_1(np.array([1, 2, 3]), 3), counts_from_1(np.array([1, 2]), 3)
    (True, False)
    """
    return len(frames) > 0 and bool(frames.min() == 1 and frames.max() == n_frames)


def find_first_number(frames: npt.NDArray[np.int64], n_frames: int) -> int:
    """Return the number that a file which has rows for `frames` gives the first of `n_frames`.

    It is 1 (`counts_from_1`), or as high as a camera has counted where there is a row for each frame, or else 0.

    >>> [find_first_number(np.array(frames), 3) for frames in ([0, 1, 2], [1, 2, 3], [70, 71, 72], [1, 2])]
    [0, 1, 70, 0]
    """
    if counts_from_1(frames, n_frames):
        return 1
    is_camera = len(frames) == n_frames > 0 and n_frames <= frames.min() == frames.max() - n_frames + 1
    return int(frames.min()) if is_camera else 0


def _simplify(name: str) -> str:
    # "µ" is folded to the Greek letter.
    return " ".join(re.sub(r"[\s_.#()\[\]-]+", " ", name).split()).casefold()
