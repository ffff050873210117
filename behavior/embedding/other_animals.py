"""The other animals of a recording whose poses are features of it: which ones they are, and their tracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from behavior.config import NEAREST, Crop, PoseFiles
from behavior.errors import PoseError
from behavior.files.pose import PoseFile
from behavior.recording import Recording, Track

__all__ = ["OtherAnimals", "describe_others", "name_others"]


@dataclass(frozen=True)
class OtherAnimals:
    """Other animals of a recording.

    Attributes
    ----------
    names
        What the pose file calls them, in the order of their columns.
    tracks
        Of each.
    takes_nearest
        Whether the nearest of them counts in each frame.
    """

    names: tuple[str, ...]
    tracks: tuple[Track, ...]
    takes_nearest: bool

    @property
    def body_parts(self) -> list[list[str]]:
        """Names of each animal's body parts, without case, in the order of its columns."""
        return [[name.casefold() for name in track.body_parts] for track in self.tracks]


def name_others(recording: Recording, crop: Crop, pose: PoseFiles, opened: PoseFile) -> tuple[str, ...]:
    """Return what the pose file of a recording calls the other animals that a study asks for, in the order of their columns.

    The recording's own animal is left out of a list of names, so that one list is for all animals of a video. For the nearest, these are
    all others that have a position in some frame.

    Raises
    ------
    PoseError
        If there is no other animal, or one that is named is not in the file.
    """
    own = (recording.individual or crop.individual or "").casefold()
    if pose.others == NEAREST:
        names = tuple(name for name in opened.list_present() if name.casefold() != own)
        if len(opened.individuals) < 2 or not names:
            raise PoseError(
                f"{opened.path}: has the pose of no other animal than that of {recording.id!r}, and the study asks for the others' "
                "(pose: {others: nearest}); leave the recording out, or others."
            )
        return names
    names = tuple(name for name in pose.other_names if name.casefold() != own)
    if not names:
        raise PoseError(
            f"{opened.path}: the animal of {recording.id!r} is the only one that pose: {{others: [{', '.join(pose.other_names)}]}} names; "
            "name another one too."
        )
    return names


def describe_others(pose: PoseFiles, body_parts: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return what the signature of features says of other animals: not their names, so that another video's may be called otherwise."""
    takes_nearest = pose.others == NEAREST
    # Of any number of others one is nearest, and its columns mean the same.
    described = [list(parts) for parts in (body_parts[:1] if takes_nearest else body_parts)]
    return {"nearest": takes_nearest, "body_parts": described}
