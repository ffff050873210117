"""Frames of a recording that were not measured: not decoded, or cropped around a centre that was filled in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from behavior.embedding.crop_windows import MANY_UNMEASURED
from behavior.frame_times import frame_durations, frame_edges
from behavior.provenance import UnmeasuredFrames
from behavior.recording import Annotation, find_bouts

__all__ = ["find_observed", "find_unmeasured", "is_much_unmeasured", "warn_of_unmeasured"]

# A stretch that is longer hides whole bouts.
_LONGEST_STRETCH_S = 2.0


def find_unmeasured(measured: npt.NDArray[np.bool_]) -> UnmeasuredFrames:
    """Return the frames that are not `measured`, bool of shape (T,): their number, and the runs that they make.

    >>> find_unmeasured(np.array([True, False, False, True]))
    UnmeasuredFrames(frames=2, spans=((1, 3),))
    """
    spans = tuple((start, stop) for start, stop in find_bouts(~measured).tolist())
    return UnmeasuredFrames(frames=int((~measured).sum()), spans=spans)


def find_observed(annotation: Annotation, *, max_gap_s: float) -> npt.NDArray[np.bool_] | None:
    """Tell which frames of an ethogram count as observed, bool of shape (T,); None if all do.

    Stretches that were not measured are, if they last longer than `max_gap_s`: shorter ones are filled in from both sides. Ethograms of
    earlier versions do not say what was measured.
    """
    not_measured = annotation.provenance.not_measured
    if not_measured is None or not not_measured.frames:
        return None
    lasting = np.concatenate(([0.0], np.cumsum(frame_durations(frame_edges(annotation.time_s, annotation.fps)))))
    observed = np.ones(len(annotation.time_s), dtype=bool)
    for start, stop in not_measured.spans:
        if lasting[stop] - lasting[start] > max_gap_s + 1e-9 or stop - start == len(observed):
            observed[start:stop] = False
    return None if observed.all() else observed


def warn_of_unmeasured(annotation: Annotation) -> str | None:
    """Return a warning where many frames of an ethogram are not measured, or many in a row; None where there is nothing to warn of."""
    not_measured = annotation.provenance.not_measured
    if not_measured is None or not not_measured.frames:
        return None
    start, stop = max(not_measured.spans, key=lambda span: span[1] - span[0], default=(0, 0))
    longest_s = float(frame_durations(frame_edges(annotation.time_s, annotation.fps))[start:stop].sum())
    if not is_much_unmeasured(annotation) and longest_s <= _LONGEST_STRETCH_S:
        return None
    return (
        f"{annotation.recording}: {not_measured.frames} of {len(annotation.time_s)} frames are not measured, the longest stretch of them "
        f"{longest_s:.1f} s from frame {start}; behaviors there are guesses."
    )


def is_much_unmeasured(annotation: Annotation) -> bool:
    """Tell whether an ethogram says that many of its frames are not measured; those of earlier versions do not say it."""
    not_measured = annotation.provenance.not_measured
    return not_measured is not None and not_measured.frames > MANY_UNMEASURED * len(annotation.time_s)
