"""What is asked of a live run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["LiveRequest"]


@dataclass(frozen=True)
class LiveRequest:
    """What is asked of a live recording.

    Attributes
    ----------
    sources
        Of each the number of a camera, the address of a stream, or the path of a video, with ``NAME=`` before it where it has a name.
    name
        Of a source that has none of its own; the time where empty.
    pace
        Whether a video is played at its own pace, or as fast as the model is.
    delay_s
        How much later than its frame a probability may come.
    centers
        Where the animal is taken to be, x and y in pixels, for a model of crops: one for each source, or one for all.
    backgrounds
        Videos of the same set-up, before whose background the animal is looked for in every frame: one for each source, or one for all.
    warm_up_s
        Seconds of a camera or a stream without such a video from which the background is estimated, and which are recorded, but not
        predicted; for a video, too, where it is given, whose own frames tell the background where None.
    roll_s, duration_s
        Seconds after which another recording begins, and after which all ends; None for never.
    keep_free_gib
        Of the drive: recording stops before less is left.
    rules
        Pairs of a rule and an action, as `live.rules` parses them.
    rest_s
        Least seconds between two events of a rule.
    waits
        Whether each source waits until it is started, and the run goes on until it is ended.
    """

    sources: tuple[str, ...]
    name: str = ""
    pace: Literal["real", "fastest"] = "real"
    delay_s: float = 0.0
    centers: tuple[tuple[float, float], ...] = ()
    backgrounds: tuple[Path, ...] = ()
    warm_up_s: float | None = None
    roll_s: float | None = None
    duration_s: float | None = None
    keep_free_gib: float = 1.0
    rules: tuple[tuple[str, str], ...] = ()
    rest_s: float = 1.0
    waits: bool = False
