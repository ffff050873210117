"""Frames of a recording that were not measured: not decoded, or cropped around a centre that was filled in."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.embedding.crop_reader import MANY_UNMEASURED
from behavior.recording import Annotation, find_bouts

__all__ = ["describe_unmeasured", "is_much_unmeasured", "warn_of_unmeasured"]

# A stretch that is longer hides whole bouts.
_LONGEST_STRETCH_S = 2.0


def describe_unmeasured(measured: npt.NDArray[np.bool_] | None) -> dict[str, Any] | None:
    """Return the number of frames that are not `measured`, and the spans that they make, [start, stop); None where nobody knows."""
    if measured is None:
        return None
    return {"frames": int((~measured).sum()), "spans": find_bouts(~measured).tolist()}


def warn_of_unmeasured(name: str, found: dict[str, Any] | None, *, n_frames: int, fps: float) -> str | None:
    """Return a sentence on the recording `name` where many frames, or many after another, are not measured."""
    if not found or not found["frames"]:
        return None
    start, stop = max(found["spans"], key=lambda span: span[1] - span[0])
    longest_s = (stop - start) / fps
    if found["frames"] <= MANY_UNMEASURED * n_frames and longest_s <= _LONGEST_STRETCH_S:
        return None
    return (
        f"{name}: {found['frames']} of {n_frames} frames are not measured, the longest stretch of them {longest_s:.1f} s from frame "
        f"{start}; behaviors there are guesses."
    )


def is_much_unmeasured(annotation: Annotation) -> bool:
    """Tell whether an ethogram says that many of its frames are not measured; those of earlier versions say nothing."""
    found = annotation.provenance.get("not_measured")
    frames = found.get("frames") if isinstance(found, dict) else None
    return isinstance(frames, int) and frames > MANY_UNMEASURED * len(annotation.time_s)
