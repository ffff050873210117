"""What the Tab key offers for values; imported libraries are those that answer within a moment."""

from __future__ import annotations

__all__ = ["complete_backbone", "complete_formats"]


def complete_backbone(incomplete: str) -> list[str]:
    """Return the names of backbones that begin so."""
    from behavior.vision.backbones import BACKBONES

    return [name for name in BACKBONES if name.startswith(incomplete)]


def complete_formats(incomplete: str) -> list[str]:
    """Return what a list of formats with commas between may go on with."""
    from behavior.files.ethogram_formats.formats import FORMATS

    before, comma, begun = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in FORMATS if name.startswith(begun) and name not in before.split(",")]
