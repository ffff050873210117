"""The animals of a video: found in each frame, and joined from frame to frame by how they move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.embedding.animal_detection import detect_animals
from behavior.embedding.given_detections import GivenDetections
from behavior.embedding.head_examples import estimate_head_looks, find_heads
from behavior.embedding.opened_detector import open_detector
from behavior.embedding.track_request import TrackRequest
from behavior.tracking.animals import TrackedAnimals, gather_animals
from behavior.tracking.association import Associated, AssociationSettings, associate, choose_association
from behavior.tracking.detections import Detections
from behavior.tracking.equipment import Equipment, leave_out_equipment

__all__ = ["JoinedAnimals", "join_animals"]


@dataclass(frozen=True)
class JoinedAnimals:
    """What was found in the T frames of a video, and which animal each of it is by motion.

    Attributes
    ----------
    found
        Detections of each frame, without those of equipment.
    time_s
        Of each frame in seconds, float64 of shape (T,).
    settings, associated
        How detections were joined, and what came of it.
    animals
        The same, in a column for each animal.
    equipment
        What looks like an animal and never moves.
    n_flooded
        Number of frames in which so much differs from the background that nothing can be found.
    """

    found: Sequence[Detections]
    time_s: npt.NDArray[np.float64]
    settings: AssociationSettings
    associated: Associated
    animals: TrackedAnimals
    equipment: Sequence[Equipment]
    n_flooded: int


def join_animals(
    video: Path,
    samples: npt.NDArray[np.uint8],
    frames: npt.NDArray[np.intp],
    request: TrackRequest,
    *,
    given: GivenDetections | None,
    parts: Path,
    origin: dict[str, Any],
) -> JoinedAnimals:
    """Find the animals in all frames of a video, and join them from frame to frame.

    Parameters
    ----------
    samples, frames
        As for `open_detector`.
    given
        What another program found in the video; the animals are looked for where None.
    parts, origin
        As for `detect_animals`.

    Raises
    ------
    VideoError, PoseError
        If the video, or the pose that shows heads, cannot be read.
    """
    found: Sequence[Detections]
    if given is not None:
        found, time_s, length, n_flooded = given.frames, given.time_s, given.length, 0
    else:
        detector = open_detector(video, samples, frames, request)
        found, time_s = detect_animals(video, detector, in_color=request.colors is not None, parts=parts, origin=origin)
        length, n_flooded = detector.settings.size.length, detector.n_flooded
    if request.heads is not None:
        found = find_heads(video, found, estimate_head_looks(video, found, request.heads))
    settings = _choose_settings(found, length, request)
    equipment: list[Equipment] = []
    if given is None:
        found, equipment = leave_out_equipment(found, settings)
        settings = _choose_settings(found, length, request) if equipment else settings
    associated = given.keep_identities() if given is not None and request.keep_identities else associate(found, settings)
    return JoinedAnimals(found, time_s, settings, associated, gather_animals(found, associated, settings), equipment, n_flooded)


def _choose_settings(found: Sequence[Detections], length: float | None, request: TrackRequest) -> AssociationSettings:
    return choose_association(
        found,
        length=length,
        n_animals=request.animals,
        motion=request.motion,
        method=request.method,
        fastest=request.fastest,
        memory=request.memory,
        process_noise=request.process_noise,
    )
