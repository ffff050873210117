"""An explanation of one prediction, for people as a figure with words, for programs as numbers."""

from __future__ import annotations

from typing import Any

from behavior.figures.explanation import draw_explanation
from behavior.figures.rendering import PlainFigure
from behavior.learning.explanation import Explanation

__all__ = ["describe_explanation", "draw_explained_frame", "list_sentences"]


def list_sentences(explanation: Explanation) -> list[str]:
    """Return what is shown, in sentences."""
    frames = "the frame"
    if len(explanation.frames) > 1:
        frames = f"the mean over frames {', '.join(map(str, explanation.frames))}"
    sentences = [f"Numbers are log-odds of {explanation.behavior} before calibration, for {frames}: {explanation.log_odds:+.2f} as it is."]
    if explanation.picture is not None:
        sentences.append(
            "Map: how much they fall with a place covered by the scene without the animal, from 0.25 s before to 0.25 s after. With the "
            f"whole crop covered they are {explanation.picture.scene_log_odds:+.2f}."
        )
    sentences.append("Moments and kinds of features: how much they fall with the features of other moments of the recording instead.")
    return [*sentences, *explanation.notes]


def draw_explained_frame(explanation: Explanation) -> PlainFigure:
    """Return the figure: the picture with the map, the moments, and streams or body parts where there are several."""
    picture = explanation.picture
    bars = {**explanation.streams, **explanation.parts}
    return draw_explanation(
        explanation.moments.edges_s,
        explanation.moments.changes,
        picture=None if picture is None else picture.picture,
        values=None if picture is None else picture.values,
        corners=None if picture is None else picture.corners,
        contributions=bars if len(bars) > 1 else {},
        title=(
            f"{explanation.recording}, frame {explanation.frame} ({explanation.time_s:.2f} s): {explanation.behavior}, probability "
            f"{explanation.probability:.2f}"
        ),
        sentences=list_sentences(explanation),
    )


def describe_explanation(explanation: Explanation) -> dict[str, Any]:
    """Return the numbers as JSON holds them."""
    picture = explanation.picture
    return {
        "recording": explanation.recording,
        "behavior": explanation.behavior,
        "frame": explanation.frame,
        "time_s": explanation.time_s,
        "frames": list(explanation.frames),
        "probability": explanation.probability,
        "log_odds": explanation.log_odds,
        "map": None
        if picture is None
        else {
            "values": picture.values.round(6).tolist(),
            "corners": picture.corners.tolist(),
            "scene_log_odds": picture.scene_log_odds,
        },
        "moments": {"edges_s": explanation.moments.edges_s.tolist(), "changes": explanation.moments.changes.tolist()},
        "streams": explanation.streams,
        "parts": explanation.parts,
        "notes": list_sentences(explanation),
    }
