"""Annotations on tiers, as ELAN and Praat have them: whether a tier or what is written in it is the behavior, by the study's own names.

A tier may be a behavior, with nothing, a remark or a modifier written in its spans; or its spans may hold the names of behaviors. The
study says which: the one whose name it knows. If it knows both, and they differ, it is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from behavior.errors import LabelError
from behavior.files.label_formats.bout_rows import BoutRows
from behavior.files.label_formats.naming import IN_STUDY_FILE, MODIFIER_MARK, join_modifiers
from behavior.files.label_formats.request import LabelRequest

__all__ = ["Span", "Tier", "add_tiers", "list_tier_names"]

# What tiers are called whose spans hold the names of behaviors.
_GENERAL = ("behavior", "behaviour", "behaviors", "behaviours", "ethogram", "event", "events", "label", "labels", "state", "states", "code")
_GENERAL_TIERS = (*_GENERAL, "codes", "coding", "activity", "action", "actions", "annotation", "annotations", "default", "scoring")
# Written in a span, these may say that the behavior of its tier is absent.
_DENIALS = ("0", "no", "n", "none", "false", "off", "absent", "-", "stop", "end", "other", "x")


@dataclass(frozen=True)
class Span:
    """What is written between two times, in seconds; a point has its time as start and stop."""

    number: int
    start: float
    stop: float
    text: str
    is_point: bool = False


@dataclass(frozen=True)
class Tier:
    """The spans of a tier, and the animal that it is about, "" if it names none."""

    name: str
    spans: tuple[Span, ...]
    subject: str = ""


def list_tier_names(tiers: Sequence[Tier], *, points_only: bool = False) -> tuple[str, ...]:
    """Return the behaviors on `tiers`: what is written in those with a general name or in several words of a list, else their names."""
    is_point: dict[str, bool] = {}
    for tier in tiers:
        for span in tier.spans:
            name = span.text if tier.name.strip().casefold() in _GENERAL_TIERS and span.text else tier.name
            is_point[name] = is_point.get(name, True) and span.is_point
    return tuple(name for name, only in is_point.items() if only or not points_only)


def add_tiers(path: Path, rows: BoutRows, tiers: Sequence[Tier], request: LabelRequest) -> None:
    """Add the spans of `tiers` to `rows`, named as the study knows them.

    Raises
    ------
    LabelError
        If a tier and what is written in it mean different behaviors of the study.
    """
    naming = request.naming
    for tier in tiers:
        by_tier = naming.find_behavior(tier.name)
        for span in tier.spans:
            whole = join_modifiers(tier.name, [span.text])
            by_text = naming.find_behavior(span.text) if span.text else None
            of_whole = naming.find_behavior(whole)
            if whole in naming.ignored:
                continue
            if whole not in naming.mapping and by_tier is not None and by_text is None and span.text.casefold() in _DENIALS:
                raise LabelError(
                    f"{path}: {rows.row_word} {span.number} says {span.text!r} on the tier {tier.name!r}, which may mean that the "
                    "behavior is "
                    f'absent; say {IN_STUDY_FILE} whether it counts: labels: {{map: {{"{whole}": '
                    f"{request.behaviors[by_tier]}}}}}, or labels: "
                    f'{{ignore: ["{whole}"]}}.'
                )
            if whole in naming.mapping or by_text is None:
                name = whole
            elif of_whole is None:
                name = span.text
            elif by_tier == by_text:
                name = tier.name
            else:
                raise LabelError(
                    f"{path}: {rows.row_word} {span.number} says {span.text!r} on the tier {tier.name!r}, and both are behaviors "
                    "of the study; "
                    f'say {IN_STUDY_FILE} what it means: labels: {{map: {{"{tier.name}{MODIFIER_MARK}{span.text}": {span.text}}}}}.'
                )
            if name == whole and of_whole is None and span.text and tier.name.strip().casefold() in _GENERAL_TIERS:
                name = span.text
            rows.add(span.number, name, span.start, span.stop, subject=tier.subject, is_point=span.is_point)
