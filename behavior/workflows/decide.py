"""`behavior decide`: thresholds and cleans stored probabilities again, without a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from behavior.config import Postprocess, parse_section
from behavior.errors import BehaviorError, UsageError, suggest_nearest
from behavior.files.ethograms import find_ethograms, read_annotation, write_annotation
from behavior.learning.decisions import count_bouts, decide
from behavior.progress import complain
from behavior.recording import Annotation

__all__ = ["DecideResult", "decide_again"]


@dataclass
class DecideResult:
    """What was decided again.

    Attributes
    ----------
    bouts
        Number of bouts of each behavior, by recording.
    failures
        A sentence for each file that could not be used.
    """

    bouts: dict[str, dict[str, int]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


def decide_again(
    paths: Sequence[Path],
    *,
    threshold: Mapping[str, float] | float | None = None,
    closing: Mapping[str, str] | str | None = None,
    min_bout: Mapping[str, str] | str | None = None,
    out: Path | None = None,
) -> DecideResult:
    """Decide the ethograms at `paths` again and write their three files to `out`, in place where None.

    Parameters
    ----------
    paths
        `*_ethogram.csv` files or folders of them.
    threshold, closing, min_bout
        One for all behaviors, or one for each by name. Lengths are frames ("9") or seconds ("0.9s"). What is None, and behaviors that
        are not named, stay as they were decided before.

    Raises
    ------
    UsageError
        If a value cannot be used.
    EthogramError
        If there is no ethogram at `paths`.
    """
    result = DecideResult()
    decided: list[tuple[Path, Annotation]] = []
    # Nothing is written before every setting has been found to fit every ethogram.
    for path in find_ethograms(paths):
        try:
            before = read_annotation(path)
            settings = _merge(path, before, threshold=threshold, closing=closing, min_bout=min_bout)
            provenance = {**before.provenance, "postprocess": settings.model_dump(mode="json", exclude_none=True)}
            after = decide(before.recording, before.probabilities, fps=before.fps or 1.0, postprocess=settings, provenance=provenance)
        except UsageError:
            raise
        except BehaviorError as error:
            result.failures[str(path)] = str(error)
            complain(str(error))
            continue
        decided.append((path, after))
    for path, after in decided:
        write_annotation(out or path.parent, after)
        result.bouts[after.recording] = count_bouts(after)
    return result


def _merge(
    path: Path,
    before: Annotation,
    *,
    threshold: Mapping[str, float] | float | None,
    closing: Mapping[str, str] | str | None,
    min_bout: Mapping[str, str] | str | None,
) -> Postprocess:
    """Return the settings that `before` was decided with, changed as asked."""
    found = parse_section(Postprocess, before.provenance.get("postprocess", {}), source=path)
    content: dict[str, Any] = {"threshold": dict(zip(before.behaviors, found.thresholds(before.behaviors).round(6).tolist(), strict=True))}
    if threshold is not None:
        content["threshold"] |= _spread(threshold, before.behaviors)
    for name, change in (("closing", closing), ("min_bout", min_bout)):
        # No cleaning is none in either unit.
        old_frames, old_seconds = (_none_if_nothing(getattr(found, f"{name}_{unit}")) for unit in ("frames", "s"))
        if change is None:
            content |= {f"{name}_frames": old_frames, f"{name}_s": old_seconds}
            continue
        lengths = _spread(change, before.behaviors)
        in_seconds = {behavior: value.endswith("s") for behavior, value in lengths.items()}
        if len(set(in_seconds.values())) > 1:
            raise UsageError(f"{name} is given in frames for some behaviors and in seconds for others; use one of the two.")
        seconds = any(in_seconds.values())
        old = old_seconds if seconds else old_frames
        if len(lengths) < len(before.behaviors) and (old_frames if seconds else old_seconds) is not None:
            raise UsageError(
                f"{path}: was decided with {name} in {'frames' if seconds else 'seconds'}; give the new lengths in the same unit."
            )
        merged = {behavior: old.get(behavior, 0) if isinstance(old, Mapping) else old or 0 for behavior in before.behaviors}
        merged |= {behavior: _parse_length(name, value) for behavior, value in lengths.items()}
        content[f"{name}_s" if seconds else f"{name}_frames"] = merged
    return parse_section(Postprocess, content, source=path)


def _none_if_nothing(value: Any) -> Any:
    return value if value and (not isinstance(value, Mapping) or any(value.values())) else None


def _spread(value: Any, behaviors: Sequence[str]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return dict.fromkeys(behaviors, value)
    for name in value:
        if name not in behaviors:
            raise UsageError(f"behavior {name!r} is not in the ethogram{suggest_nearest(name, behaviors)} (there: {', '.join(behaviors)}).")
    return dict(value)


def _parse_length(name: str, value: str) -> float:
    try:
        return float(value.removesuffix("s")) if value.endswith("s") else int(value)
    except ValueError:
        raise UsageError(f"{name} is {value!r}, expected a number of frames such as 9, or of seconds such as 0.9s.") from None
