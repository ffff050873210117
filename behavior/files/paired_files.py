"""A video, or an individual in it, with the files that were found to belong to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Pairing"]


@dataclass(frozen=True)
class Pairing:
    """A video, or one individual in it, and the files that belong to it.

    Attributes
    ----------
    recording
        Its id: unique in the folder, and safe as a file name.
    individual
        What the pose file calls the animal, where it has several; else "".
    video, pose, labels
        Paths; None if there is none, or none could be chosen.
    raters
        Label files that fit equally well, by their raters' names, if their own names tell these.
    undecided
        Label files that fit equally well, if their names do not tell that.
    undecided_poses
        Pose files that fit equally well.
    views
        What there is of its other views, by name.
    """

    recording: str
    video: Path | None
    pose: Path | None
    labels: Path | None
    raters: Mapping[str, Path] = field(default_factory=dict, hash=False)
    undecided: tuple[Path, ...] = ()
    undecided_poses: tuple[Path, ...] = ()
    individual: str = ""
    views: Mapping[str, Pairing] = field(default_factory=dict, hash=False)
