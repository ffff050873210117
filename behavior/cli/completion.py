"""What the Tab key offers for values; only libraries that load at once are imported."""

from __future__ import annotations

__all__ = ["complete_backbone", "complete_formats"]


def complete_backbone(incomplete: str) -> list[str]:
    """Return the names of backbones that begin with `incomplete`."""
    from behavior.vision.backbones import BACKBONES

    return [name for name in BACKBONES if name.startswith(incomplete)]


def complete_formats(incomplete: str) -> list[str]:
    """Return how a list of formats, separated by commas, may continue."""
    from behavior.files.ethogram_formats.formats import FORMATS

    before, comma, begun = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in FORMATS if name.startswith(begun) and name not in before.split(",")]
