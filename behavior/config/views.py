"""The section `views`: cameras that record the same animal as the first one, and how what they show goes together."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from behavior.config.sections import Backbone, Crop, Section

__all__ = ["FIRST_VIEW", "OtherView", "Views", "is_view_name", "list_views", "split_stream"]

# What tables call the view of the manifest's columns `video` and `pose`.
FIRST_VIEW = "first"
_MARK = "@"


class OtherView(Section):
    """How the videos of one more view are read; what is left out is as for the first view."""

    crop: Crop | None = Field(default=None, description="Its crop; the study's if it is left out.", examples=[{"whole_frame": True}])
    backbone: Backbone | None = Field(
        default=None,
        description="Its backbone; the study's, or that of the ensemble's member, if it is left out.",
        examples=[{"name": "squeezenet"}],
    )


class Views(Section):
    """Views of other cameras than the first, whose videos are in the manifest's columns `video` and `pose`."""

    combine: Literal["features", "predictions"] = Field(
        default="features",
        description="`features`: one model reads the features of all views side by side. `predictions`: each view has a model of its own, "
        "and `ensemble.combine` says how their predictions go together; frames that a view does not show are decided by the others.",
        examples=["predictions"],
    )
    others: dict[str, OtherView] = Field(
        min_length=1,
        description="The other views by name. `side` has its videos in the manifest's column `video_side`, its pose in `pose_side`, and in "
        "`start_side` how many seconds after the first view it starts. Its streams are called `appearance@side` and so on.",
        examples=[{"side": {"crop": {"whole_frame": True}}}],
    )

    @field_validator("others")
    @classmethod
    def _names_are_usable(cls, others: dict[str, OtherView]) -> dict[str, OtherView]:
        for name in others:
            if not is_view_name(name):
                raise ValueError(
                    f"{name!r} cannot be the name of a view; use letters, digits, dashes and underscores, and not {FIRST_VIEW!r}, which is "
                    "the view of the columns video and pose"
                )
        if len({name.casefold() for name in others}) < len(others):
            raise ValueError("two views differ only in capital letters; rename one")
        return others


def is_view_name(name: str) -> bool:
    """Tell whether a view may have this name.

    >>> is_view_name("side"), is_view_name("first"), is_view_name("a.b")
    (True, False, False)
    """
    return re.fullmatch(r"[A-Za-z0-9_-]+", name) is not None and name.casefold() != FIRST_VIEW


def split_stream(name: str) -> tuple[str, str]:
    """Return what a stream is and which view it is of, "" for the first.

    >>> split_stream("appearance@side"), split_stream("pose")
    (('appearance', 'side'), ('pose', ''))
    """
    stream, _, view = name.partition(_MARK)
    return stream, view


def list_views(streams: list[str]) -> dict[str, list[str]]:
    """Return the streams of each view, "" for the first, in order of first appearance.

    >>> list_views(["appearance", "pose@side", "pose"])
    {'': ['appearance', 'pose'], 'side': ['pose@side']}
    """
    views: dict[str, list[str]] = {}
    for name in streams:
        views.setdefault(split_stream(name)[1], []).append(name)
    return views
