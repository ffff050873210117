"""Deciding again: other thresholds and lengths for probabilities that are there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from behavior.config import Postprocess, parse_section
from behavior.errors import UsageError, suggest_nearest
from behavior.learning.decisions import decide, read_postprocess, record_postprocess
from behavior.recording import Annotation

__all__ = ["DecisionChange", "decide_again"]

# Longer than any recording, and short enough for frames to be counted in 64 bits.
_LONGEST = 10_000_000

_UNITS = {"frames": "frames", "s": "seconds"}

PerBehavior = float | Mapping[str, float] | None


@dataclass(frozen=True)
class DecisionChange:
    """What is to be decided otherwise: one value for all behaviors, or one for each by name; what is None or not named stays as it was.

    Attributes
    ----------
    threshold
        Probability from 0 to 1 from which on a frame is positive.
    closing_frames, closing_s
        Closing length, in frames or in seconds.
    min_bout_frames, min_bout_s
        Length of the shortest bout that is kept, in frames or in seconds.

    Raises
    ------
    UsageError
        If a length is given both in frames and in seconds.
    """

    threshold: PerBehavior = None
    closing_frames: PerBehavior = None
    closing_s: PerBehavior = None
    min_bout_frames: PerBehavior = None
    min_bout_s: PerBehavior = None

    def __post_init__(self) -> None:
        for name in ("closing", "min_bout"):
            if getattr(self, f"{name}_frames") is not None and getattr(self, f"{name}_s") is not None:
                raise UsageError(f"{name} is given both in frames and in seconds; use one of the two.")


def decide_again(before: Annotation, change: DecisionChange, *, source: Path) -> Annotation:
    """Return `before` with the same probabilities, decided otherwise.

    Parameters
    ----------
    source
        The ethogram's file, for messages.

    Raises
    ------
    UsageError
        If a behavior is unknown, a value cannot be used, or some lengths would be in frames and others in seconds.
    EthogramError
        If `before` was decided with settings that this version does not know.
    """
    settings = _merge(before, change, source)
    provenance = before.provenance.model_copy(update={"postprocess": record_postprocess(settings)})
    decided = decide(before.recording, before.probabilities, fps=before.fps or 1.0, postprocess=settings, provenance=provenance)
    return replace(decided, distances=before.distances)


def _merge(before: Annotation, change: DecisionChange, source: Path) -> Postprocess:
    """Return the settings that `before` was decided with, changed as asked."""
    behaviors = before.behaviors
    old = read_postprocess(before.provenance, source=source) or Postprocess()
    content: dict[str, Any] = {"threshold": dict(zip(behaviors, old.thresholds(behaviors).round(6).tolist(), strict=True))}
    if change.threshold is not None:
        content["threshold"] |= _spread(change.threshold, behaviors)
    for name in ("closing", "min_bout"):
        new = {unit: getattr(change, f"{name}_{unit}") for unit in _UNITS}
        # No cleaning is none in either unit.
        known = {unit: _none_if_zero(getattr(old, f"{name}_{unit}")) for unit in _UNITS}
        if all(value is None for value in new.values()):
            content |= {f"{name}_{unit}": value for unit, value in known.items()}
            continue
        unit, other = ("frames", "s") if new["frames"] is not None else ("s", "frames")
        lengths = _spread(new[unit], behaviors)
        if len(lengths) < len(behaviors) and known[other] is not None:
            raise UsageError(f"{source}: was decided with {name} in {_UNITS[other]}; give the new lengths in the same unit.")
        kept = known[unit]
        for length in lengths.values():
            if not 0 <= length <= _LONGEST:
                raise UsageError(f"{source}: {name} is {length:g} {_UNITS[unit]}, expected between 0 and {_LONGEST:,}.")
        by_behavior = {behavior: kept.get(behavior, 0) if isinstance(kept, Mapping) else kept or 0 for behavior in behaviors}
        content[f"{name}_{unit}"] = by_behavior | lengths
    return parse_section(Postprocess, content, source=source)


def _none_if_zero(value: Any) -> Any:
    return value if value and (not isinstance(value, Mapping) or any(value.values())) else None


def _spread(value: float | Mapping[str, float], behaviors: Sequence[str]) -> dict[str, float]:
    if not isinstance(value, Mapping):
        return dict.fromkeys(behaviors, value)
    for name in value:
        if name not in behaviors:
            raise UsageError(f"behavior {name!r} is not in the ethogram{suggest_nearest(name, behaviors)} (there: {', '.join(behaviors)}).")
    return dict(value)
