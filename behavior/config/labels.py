"""The section `labels`: how label files are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, FiniteFloat, model_validator

from behavior.config.sections import Section

__all__ = ["LabelFiles"]

Policy = Literal["error", "warn"]
_PARTS = ("from_first_to_last", "whole")


class LabelFiles(Section):
    """How label files are read: what their names mean, which part of them counts, and what is done about invalid bouts."""

    map: dict[str, str] = Field(
        default={},
        description="Behaviors by the names that label files use for them. A modifier belongs to the name if it is written with it.",
        examples=[{"Supported": "wall_rearing", "grooming|face": "grooming"}],
    )
    ignore: list[str] = Field(default=[], description="Names in label files to leave out without a note.", examples=[["Sniffing"]])
    subject: str | dict[str, str] | None = Field(
        default=None,
        description="Whose bouts count in a file with several subjects: a name, or one for each recording that needs one; `*` is all of "
        "them together.",
        examples=["mouse 1", {"OFT_5": "mouse 1", "OFT_6": "*"}],
    )
    observation: str | dict[str, str] | None = Field(
        default=None,
        description="Which of several observations in a file is read: a name, or one for each recording that needs one.",
        examples=[{"OFT_5": "observation #1"}],
    )
    rater: str | None = Field(
        default=None,
        description="Whose labels count in a file with several raters, or with several channels of Bento; `*` is all channels together.",
        examples=["anna"],
    )
    offset_s: FiniteFloat | dict[str, FiniteFloat] | None = Field(
        default=None,
        description="When a video starts in the time that its label file counts, in seconds, less than 0 if it starts earlier; one number, "
        "or one for each recording that needs one. For labels in seconds only. For a video of a second player in BORIS, that is when "
        "its player started after the first one, which only projects tell.",
        examples=[{"OFT_5": 12.5}],
    )
    overlapping: Policy = Field(
        default="warn", description="Two bouts of one behavior and subject at the same time. `warn` reads them as one.", examples=["error"]
    )
    inverted: Policy = Field(
        default="error",
        description="A bout that stops before it starts. `warn` exchanges the two, and leaves out a bout that stops where it starts.",
        examples=["warn"],
    )
    unterminated: Policy = Field(
        default="error",
        description="A start without a stop, or a stop without a start. `warn` ends the first at the next start or at the end of the "
        "observation, and leaves out the second.",
        examples=["warn"],
    )
    out_of_range: Policy = Field(
        default="error", description="Labels more than 2 frames outside the video. `warn` cuts them off.", examples=["warn"]
    )
    point_events: Literal["frame", "leave_out", "error"] = Field(
        default="frame", description="An event without a duration: one frame, no frame, or an error.", examples=["leave_out"]
    )
    observed: str | dict[str, str] | None = Field(
        default=None,
        description="The part of a video that somebody coded, where label files do not say it: `from_first_to_last` (bout), `whole`, or "
        "the path of a bout table whose rows named `observed` give it, for all recordings in a column `recording`; one, or one for each "
        "recording that needs one. Not set, it is the whole video, and a note says where the bouts leave out more than a tenth of it.",
        examples=["from_first_to_last", "observed.csv"],
    )
    missing: Literal["error", "unlabelled", "absent"] = Field(
        default="error",
        description="A behavior that a label file has no column for, or that its list of behaviors lacks. `unlabelled`: nobody looked for "
        "it, so that the frames are not used for it; `absent`: it was never shown.",
        examples=["unlabelled"],
    )
    background: Literal["absent", "unlabelled"] | None = Field(
        default=None,
        description="What `background` = 1 means in tables of frames: no behavior (`absent`, DeepEthogram) or no label (`unlabelled`, "
        "daart). Needed where the file does not tell.",
        examples=["absent"],
    )

    @model_validator(mode="after")
    def _names_mean_one_thing(self) -> LabelFiles:
        twice = sorted(set(self.map) & set(self.ignore))
        if twice:
            raise ValueError(f"{twice[0]!r} is both mapped and ignored; leave one out")
        return self

    def choose(self, recording: str) -> dict[str, Any]:
        """Return `subject`, `observation`, `offset_s` and `observed` for a recording, the last as a path if it is one."""
        settings = {name: getattr(self, name) for name in ("subject", "observation", "offset_s", "observed")}
        chosen = {name: choice.get(recording) if isinstance(choice, dict) else choice for name, choice in settings.items()}
        if chosen["observed"] not in (None, *_PARTS):
            chosen["observed"] = Path(chosen["observed"])
        return chosen

    def resolve(self, folder: Path) -> LabelFiles:
        """Return the same settings with the paths of tables of observed spans resolved against `folder`."""

        def resolve(part: str) -> str:
            return part if part in _PARTS else str(folder / part)

        if self.observed is None:
            return self
        if isinstance(self.observed, dict):
            return self.model_copy(update={"observed": {name: resolve(part) for name, part in self.observed.items()}})
        return self.model_copy(update={"observed": resolve(self.observed)})

    def dump_policies(self) -> dict[str, Any]:
        """Return what is done about invalid bouts and missing behaviors, by the names of the settings."""
        return {
            name: getattr(self, name) for name in ("overlapping", "inverted", "unterminated", "out_of_range", "point_events", "missing")
        }
