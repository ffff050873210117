"""What is known of a network in a file before any library reads it: the arrays that it takes and gives, and the files that it lies in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["ArrayOutline", "NetworkOutline"]


@dataclass(frozen=True)
class ArrayOutline:
    """An array that a network takes or gives.

    Attributes
    ----------
    name
        What the file calls it; may be empty.
    shape
        Its lengths, None where a length is free; None as a whole where the file does not say how many it has.
    """

    name: str
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True)
class NetworkOutline:
    """A network in a file.

    Attributes
    ----------
    inputs, outputs
        What it takes and gives.
    files
        All files that it lies in, the one that was named first.
    """

    inputs: tuple[ArrayOutline, ...]
    outputs: tuple[ArrayOutline, ...]
    files: tuple[Path, ...]
