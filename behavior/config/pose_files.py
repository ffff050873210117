"""The section `pose`: how pose files are read."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from behavior.config.sections import Section

__all__ = ["PoseFiles"]


class PoseFiles(Section):
    """How pose files are read."""

    coordinates: Literal["auto", "upright", "stored"] = Field(
        default="auto",
        description="Where a video's metadata turn its picture: whether the pose is in pixels of the `upright` picture, or of the `stored` "
        "one, as readers give it that ignore the metadata; it is turned upright then. `auto` finds out by the points within the picture "
        "and by what moves there, and is an error where these do not tell.",
        examples=["stored"],
    )
