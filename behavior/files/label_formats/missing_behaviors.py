"""Behaviors that a label file cannot show, because it has no column for them or its coder could not choose them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from behavior.errors import LabelError, find_nearest_name, join_first
from behavior.files.label_formats.naming import IN_STUDY_FILE, is_likely_misspelt
from behavior.files.label_formats.request import LabelRequest

__all__ = ["check_missing", "choose_behaviors"]

# So many names are shown, and so much of each.
_MOST, _LONGEST = 12, 60


def check_missing(path: Path, names: Sequence[str], request: LabelRequest, *, kind: str, shown: Sequence[str] | None = None) -> list[str]:
    """Return notes on the requested behaviors that none of `names`, all names that a file has room for, can mean.

    Parameters
    ----------
    kind
        What the file has for a behavior: ``column``, or ``behavior`` in a list of those that could be coded.
    shown
        Those of `names` to list in messages; None for all.

    Raises
    ------
    LabelError
        If there are such, and the policy is to ask: they may not have been looked for, or never shown.
    """
    missing = request.naming.list_missing(names)
    if not missing:
        return []
    listed = list(names if shown is None else shown)
    some = join_first((name[:_LONGEST] for name in listed), _MOST)
    policy, first = request.policies.missing, request.behaviors[missing[0]]
    if policy == "error":
        marks = " with marks" if shown is not None else ""
        # EthoVision writes what excludes each other, or a unit, in brackets behind the name.
        bracketed = [name for name in names if "(" in name and is_likely_misspelt(first, name.split("(")[0].strip())]
        near = bracketed[0] if bracketed else find_nearest_name(first, listed)
        if near is not None:
            raise LabelError(
                f"{path}: has no {kind} {first!r}, only {some}{marks}; did you mean {near!r}? Rename it there, or map it {IN_STUDY_FILE}: "
                f"labels: {{map: {{{near!r}: {first!r}}}}}; if that is another behavior, labels: missing says what a lack means."
            )
        raise LabelError(
            f"{path}: has no {kind} {first!r}, only {some or 'none'}{marks}. Rename or map one (labels: map), or say "
            f"{IN_STUDY_FILE} what that means: labels: {{missing: unlabelled}} if nobody looked for {first!r} in this file, labels: "
            "{missing: absent} if it was never shown."
        )
    which = ", ".join(request.behaviors[index] for index in missing)
    consequence = "not labelled" if policy == "unlabelled" else "labelled as without it"
    return [f"{path}: has no {kind} {which}; all frames count as {consequence} (labels: missing)."]


def choose_behaviors(path: Path, names: Sequence[str], request: LabelRequest) -> tuple[list[str], list[str]]:
    """Return those of `names`, all that a file labels in each frame, that stand for a requested behavior, and notes.

    Raises
    ------
    LabelError
        As `check_missing`.
    """
    request.naming.require_not_renamed(path, names)
    notes = check_missing(path, names, request, kind="behavior")
    return [name for name in names if request.naming.find_behavior(name) is not None], notes
