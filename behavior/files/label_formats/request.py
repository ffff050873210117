"""What to read from a label file, for which recording, and what to do about invalid bouts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from behavior.files.label_formats.naming import Naming
from behavior.recording import Frames

__all__ = ["EVERYBODY", "LabelPolicies", "LabelRequest"]

Policy = Literal["error", "warn"]

# Means all subjects of a file together.
EVERYBODY = "*"


@dataclass(frozen=True)
class LabelPolicies:
    """What to do about invalid bouts: ``error`` refuses the file, ``warn`` fixes them as described here and says so in a note.

    Attributes
    ----------
    overlapping
        Two bouts of one behavior and subject that overlap are read as one.
    inverted
        A bout that stops before it starts has its start and stop exchanged; one that stops where it starts is left out.
    unterminated
        A start without a stop lasts until the next start, or the end of the observation; a stop without a start is left out.
    out_of_range
        What lies more than 2 frames outside the video is cut.
    point_events
        An event without a duration marks one frame, or none, or is an error.
    missing
        A behavior that a file has no room for: an error, not labelled, or never shown.
    """

    overlapping: Policy = "warn"
    inverted: Policy = "error"
    unterminated: Policy = "error"
    out_of_range: Policy = "error"
    point_events: Literal["frame", "leave_out", "error"] = "frame"
    missing: Literal["error", "unlabelled", "absent"] = "error"


@dataclass(frozen=True)
class LabelRequest:
    """What to read from a label file (`files.labels.read_labels`), and the recording that the labels are for.

    Attributes
    ----------
    behaviors
        The columns to return, in this order.
    frames
        The recording's frames. Bouts in seconds need their times; if the video broke off, labels after its end are cut.
    mapping
        Behaviors by the names that the file has for them. A name with modifiers is written ``grooming|face``; if it is not mapped
        itself, it means what its name without modifiers means. A name that is not mapped means the behavior of that name.
    ignored
        Names in the file that are left out without a note.
    recording_names
        Names that a file of several observations, or a table with a column `recording`, may have for the recording: its video's file
        name, its id.
    observation
        Which of several observations to read; None for the one that is named after the recording or names its video.
    subject
        Whose bouts to read, ``*`` (`EVERYBODY`) for those of all subjects; None if the file has only one, or one called as the individual.
    individual
        What the pose calls the animal, whose subject it is unless another is named; None if it is the only one, or has no name.
    is_shared
        Whether other individuals of the video have the file, too, so that it has to tell whose its labels are.
    rater
        Whose labels to read from a file that holds those of several raters.
    offset_s
        When the video starts in the time that the file counts, in seconds; None for 0, or what the file itself says.
    background
        What a frame of only background means in a table that DeepEthogram or daart may have written: no behavior (``absent``) or no label
        (``unlabelled``); None if that is unknown.
    observed
        The part of the video that was observed, where a file does not say it: from the first bout to the last, the whole video, or the
        rows named ``observed`` of a bout table. None for the whole video, with a note where that may be wrong.
    policies
        What to do about invalid bouts.

    Examples
    --------
    >>> request = LabelRequest(("rearing", "grooming"), Frames(250), mapping={"Groom": "grooming"})
    >>> request.naming.find_behavior("Groom")
    1
    """

    behaviors: tuple[str, ...]
    frames: Frames
    mapping: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    recording_names: tuple[str, ...] = ()
    observation: str | None = None
    subject: str | None = None
    individual: str | None = None
    is_shared: bool = False
    rater: str | None = None
    offset_s: float | None = None
    background: Literal["absent", "unlabelled"] | None = None
    observed: Literal["from_first_to_last", "whole"] | Path | None = None
    policies: LabelPolicies = LabelPolicies()

    @cached_property
    def naming(self) -> Naming:
        """Which behavior each name in the file means."""
        return Naming(self.behaviors, self.mapping, self.ignored)
