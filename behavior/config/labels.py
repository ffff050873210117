"""The section `labels`: what the names in label files mean, which part of them counts, and what is done about bouts that make no sense."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from behavior.config.sections import Section

__all__ = ["LabelFiles"]

Policy = Literal["error", "warn"]


class LabelFiles(Section):
    """How label files are read.

    Attributes
    ----------
    map
        Behaviors by the names that label files have for them; modifiers belong to the name where it is written with them,
        ``grooming|face``.
    ignore
        Names that are left out without a note.
    subject, observation
        Whose bouts count, and which of several observations in a file is read: a name, or one for each recording that needs one; ``*`` as
        subject stands for all of them together.
    rater
        Whose labels count where a file holds those of several people.
    overlapping, inverted, unterminated, out_of_range, point_events
        What is done about bouts that make no sense: `files.annotations.LabelPolicies` says how `warn` mends them.
    """

    map: dict[str, str] = Field(default={})
    ignore: list[str] = Field(default=[])
    subject: str | dict[str, str] | None = None
    observation: str | dict[str, str] | None = None
    rater: str | None = None
    overlapping: Policy = "warn"
    inverted: Policy = "error"
    unterminated: Policy = "error"
    out_of_range: Policy = "error"
    point_events: Literal["frame", "leave_out", "error"] = "frame"

    @model_validator(mode="after")
    def _names_mean_one_thing(self) -> LabelFiles:
        twice = sorted(set(self.map) & set(self.ignore))
        if twice:
            raise ValueError(f"{twice[0]!r} is both mapped and ignored; leave one out")
        return self

    def choose(self, recording: str) -> dict[str, str | None]:
        """Return `subject` and `observation` for a recording."""

        def pick(said: str | dict[str, str] | None) -> str | None:
            return said.get(recording) if isinstance(said, dict) else said

        return {"subject": pick(self.subject), "observation": pick(self.observation)}

    def dump_policies(self) -> dict[str, Any]:
        """Return what is done about bouts that make no sense, by the names of the settings."""
        return {name: getattr(self, name) for name in ("overlapping", "inverted", "unterminated", "out_of_range", "point_events")}
